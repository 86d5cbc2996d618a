/*
 * A block, stage by stage. The scripts run while the calling thread goes on
 * with the rules for what the transactions spend; whatever those find comes
 * first, and the scripts are then abandoned.
 */
#include "consensus/signet.h"
#include "validation/block_ids.h"
#include "validation/block_memory.h"
#include "validation/script_checks.h"
#include "validation/validator_impl.h"

/* One block under way. */
struct connecting {
    struct validator *validator;
    const struct block *block;
    const struct block_context *context;
    struct arena *arena;
    struct block_hash hash;
    uint32_t flags;
    size_t *begins; /* of each transaction but the coinbase, and the count of all */
    size_t input_count;
    struct block_connection connection;
    struct tx_output *spent; /* one an input; as given, or as the block made it */
    struct spent_origin *origins;
    struct rejection absent; /* the first input whose output the caller has not */
};

static bool is_missing(const struct tx_output *output)
{
    return output->value.sat == SPENT_MISSING.value.sat;
}

/* ---- CheckBlock and the contextual stages ---- */

static struct rejection check_signet(struct connecting *c)
{
    struct workspace *w;
    struct rejection rejection;

    if (!c->context->place.params->signet_challenge.size)
        return rejection_of(REJECT_NONE);
    w = workspace_take(c->validator);
    if (!w)
        return rejection_of(REJECT_NO_MEMORY);
    rejection = rejection_of(signet_check(c->validator->kernels, c->context->place.params, c->block,
                                          w->script, c->arena, script_decide_directly, NULL));
    workspace_return(w);
    return rejection;
}

static bool is_genesis(const struct connecting *c)
{
    return block_hash_equal(c->hash, c->context->place.params->genesis_hash);
}

static struct rejection check(struct connecting *c)
{
    const struct params *params = c->context->place.params;
    struct rejection rejection = rejection_of(REJECT_NONE);

    if (!c->context->skip_proof_of_work) {
        rejection = rejection_of(header_check(params, &c->block->header, c->hash));
        if (rejection.reason == REJECT_NONE && !is_genesis(c))
            rejection = check_signet(c);
    }
    if (rejection.reason == REJECT_NONE)
        rejection = block_check(c->validator->kernels, c->block, c->arena);
    return rejection;
}

static struct rejection check_contextual(struct connecting *c)
{
    const struct block_context *context = c->context;
    struct rejection rejection =
        header_check_contextual(&context->place, &c->block->header, context->header);

    if (rejection.reason == REJECT_NONE)
        rejection =
            block_check_contextual(c->validator->kernels, &context->place, c->block, c->arena);
    return rejection;
}

/* ---- what the block spends ---- */

static bool count_inputs(struct connecting *c)
{
    const struct block *block = c->block;

    c->begins = arena_array(c->arena, block->transaction_count, sizeof(*c->begins));
    if (!c->begins)
        return false;
    for (size_t i = 1; i < block->transaction_count; i++)
        c->begins[i] = c->begins[i - 1] + block->transactions[i].input_count;
    c->input_count = c->begins[block->transaction_count - 1];
    return true;
}

/* An output that the block itself makes for number. False where the caller gave another one. */
static bool take_own_output(struct connecting *c, size_t number, const struct tx_input *input)
{
    uint32_t source = c->connection.sources[number];
    const struct tx_output *made = &c->block->transactions[source].outputs[input->previous.index];
    struct tx_output *spent = &c->spent[number];

    c->origins[number] = (struct spent_origin){
        c->context->place.height,
        source == 0 ? SPENT_COINBASE : SPENT_NOT_COINBASE,
        c->context->place.median_time_past,
    };
    if (is_missing(spent))
        *spent = *made;
    return spent->value.sat == made->value.sat && bytes_equal(spent->script, made->script);
}

/* Settles one input; its transaction and its place there are for the rejection. */
static bool resolve_input(struct connecting *c, size_t transaction, size_t input)
{
    size_t number = c->begins[transaction - 1] + input;

    c->spent[number] = c->context->spent[number];
    c->origins[number] = c->context->origins ? c->context->origins[number] : spent_origin_unknown();
    if (c->connection.sources[number] != BLOCK_SOURCE_BEFORE)
        return take_own_output(c, number, &c->block->transactions[transaction].inputs[input]);
    if (is_missing(&c->spent[number]) && c->absent.reason == REJECT_NONE)
        c->absent = rejection_at(REJECT_TXNS_INPUTS_MISSINGORSPENT, transaction, input);
    return true;
}

/*
 * Every input's output, up to the first that the block itself shows to be missing. VALIDATION_VALID
 * does not say that there is none.
 */
static enum validation resolve(struct connecting *c)
{
    const struct block *block = c->block;
    size_t number = 0;

    if (!block_connect_begin(&c->connection, block, c->arena))
        return VALIDATION_NO_MEMORY;
    c->spent = arena_array(c->arena, c->input_count, sizeof(*c->spent));
    c->origins = arena_array(c->arena, c->input_count, sizeof(*c->origins));
    c->absent = rejection_of(REJECT_NONE);
    if (!c->spent || !c->origins)
        return VALIDATION_NO_MEMORY;
    for (size_t i = 1; i < block->transaction_count; i++)
        for (size_t j = 0; j < block->transactions[i].input_count; j++)
            if (number++ < c->connection.source_count && !resolve_input(c, i, j))
                return VALIDATION_MISMATCH;
    return VALIDATION_VALID;
}

/* The first rule that a transaction breaks. */
static struct rejection connect(struct connecting *c)
{
    const struct block_place *place = &c->context->place;
    struct rejection rejection;

    for (size_t i = 0; i < c->block->transaction_count; i++) {
        size_t begin = i ? c->begins[i - 1] : 0;

        if (c->absent.reason != REJECT_NONE && c->absent.transaction == i)
            return c->absent;
        rejection = block_connect_transaction(&c->connection, place, c->flags, c->block, i,
                                              c->spent + begin, c->origins + begin);
        if (rejection.reason != REJECT_NONE)
            return rejection;
    }
    return block_connect_end(&c->connection, place, c->block);
}

/* ---- all together ---- */

static struct verdict verdict_of_scripts(struct script_checks *run)
{
    enum validation result = script_checks_end(run);
    struct rejection rejection;

    if (result != VALIDATION_INVALID)
        return verdict_of(result);
    /* The coinbase is not among the run's transactions. */
    rejection = rejection_at(REJECT_SCRIPT, run->failed_transaction + 1, run->failed_input);
    rejection.script = run->error;
    return verdict_rejected(rejection);
}

static struct verdict connect_with_scripts(struct connecting *c)
{
    struct script_checks run = {
        .validator = c->validator,
        .transactions = c->block->transactions + 1,
        .begins = c->begins,
        .transaction_count = c->block->transaction_count - 1,
        .spent = c->spent,
        .flags = c->flags,
        .class = POOL_BLOCK,
        .keep_signatures = c->context->keep_signatures,
    };
    struct rejection rejection;
    struct verdict verdict;

    if (!script_checks_begin(&run, c->arena))
        return verdict_of(VALIDATION_NO_MEMORY);
    rejection = connect(c);
    if (rejection.reason != REJECT_NONE)
        script_checks_abandon(&run);
    verdict = verdict_of_scripts(&run);
    if (rejection.reason != REJECT_NONE)
        return verdict_rejected(rejection);
    if (verdict.result != VALIDATION_VALID)
        return verdict;
    verdict.inputs = c->input_count;
    verdict.signatures = run.signatures;
    verdict.cached = run.cached;
    return verdict;
}

static struct verdict connect_block(struct connecting *c)
{
    const struct block_context *context = c->context;
    struct verdict verdict = verdict_of(VALIDATION_VALID);
    struct rejection rejection;

    if (!count_inputs(c))
        return verdict_of(VALIDATION_NO_MEMORY);
    if (c->input_count != context->spent_count)
        return verdict_of(VALIDATION_MISMATCH);
    verdict.result = resolve(c);
    if (verdict.result != VALIDATION_VALID)
        return verdict;
    c->flags = block_script_flags(context->place.params, c->hash, context->place.height);
    if (context->skip_scripts || c->absent.reason != REJECT_NONE ||
        c->connection.missing.reason != REJECT_NONE) {
        rejection = connect(c);
        verdict = rejection.reason == REJECT_NONE ? verdict : verdict_rejected(rejection);
    } else {
        verdict = connect_with_scripts(c);
    }
    if (verdict.result != VALIDATION_VALID)
        return verdict;
    verdict.fees = c->connection.fees;
    verdict.sigop_cost = c->connection.sigop_cost;
    verdict.unchecked = c->connection.unchecked | (context->header ? 0 : UNCHECKED_DIFFICULTY);
    if (block_enforces_bip30(context->place.params, c->hash, context->place.height,
                             context->bip34_known))
        verdict.unchecked |= UNCHECKED_BIP30;
    return verdict;
}

static struct verdict validate(struct connecting *c)
{
    struct rejection rejection = check(c);

    if (rejection.reason == REJECT_NONE && is_genesis(c))
        return verdict_of(c->context->spent_count ? VALIDATION_MISMATCH : VALIDATION_VALID);
    if (rejection.reason == REJECT_NONE)
        rejection = check_contextual(c);
    return rejection.reason == REJECT_NONE ? connect_block(c) : verdict_rejected(rejection);
}

static struct verdict validate_in(struct validator *validator, struct block block,
                                  const struct block_context *context, struct arena *arena)
{
    struct connecting c = {
        .validator = validator, .block = &block, .context = context, .arena = arena};

    if ((!block.txids || !block.wtxids) && !block_ids_compute(validator, &block, arena))
        return verdict_of(VALIDATION_NO_MEMORY);
    c.hash = block_header_hash(validator_compress(validator), &block.header);
    return validate(&c);
}

struct verdict validate_block(struct validator *validator, const struct block *block,
                              const struct block_context *context)
{
    struct verdict verdict;
    struct arena arena;
    struct block_memory *memory = block_memory_take(validator, &arena);

    verdict = validate_in(validator, *block, context, &arena);
    block_memory_return(validator, memory, &arena);
    return verdict;
}

struct verdict validate_block_bytes(struct validator *validator, struct bytes raw,
                                    const struct block_context *context)
{
    struct verdict verdict = verdict_of(VALIDATION_MALFORMED);
    struct arena arena;
    struct block_memory *memory = block_memory_take(validator, &arena);
    struct block block;

    verdict.parse = block_parse(&block, &arena, raw, TRANSACTION_WITH_WITNESS);
    if (verdict.parse == PARSE_NO_MEMORY)
        verdict = verdict_of(VALIDATION_NO_MEMORY);
    else if (verdict.parse == PARSE_OK)
        verdict = validate_in(validator, block, context, &arena);
    block_memory_return(validator, memory, &arena);
    return verdict;
}
