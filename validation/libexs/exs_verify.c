/*
 * The calls of include/exs/exs.h that verify, over validation/validator.h:
 * arguments are judged, bytes are parsed, what is spent becomes the project's
 * own structs, and the verdict is written in the public numbers.
 */
#include "validation/libexs/exs_impl.h"

#include "base/arena.h"

#include <stdlib.h>

_Static_assert((int)EXS_UNCHECKED_MATURITY == (int)UNCHECKED_MATURITY &&
                   (int)EXS_UNCHECKED_SEQUENCE_LOCKS == (int)UNCHECKED_SEQUENCE_LOCKS &&
                   (int)EXS_UNCHECKED_DIFFICULTY == (int)UNCHECKED_DIFFICULTY &&
                   (int)EXS_UNCHECKED_BIP30 == (int)UNCHECKED_BIP30,
               "what was not checked has its public bits");
_Static_assert(EXS_UNKNOWN_HEIGHT == SPENT_UNKNOWN_HEIGHT &&
                   EXS_UNKNOWN_TIME == SPENT_UNKNOWN_TIME &&
                   (int)EXS_UNKNOWN_COINBASE == (int)SPENT_UNKNOWN_COINBASE &&
                   (int)EXS_COINBASE == (int)SPENT_COINBASE,
               "what is unknown is so by the same values");
_Static_assert((int)EXS_SIGNATURE_ECDSA == (int)SIGNATURE_ECDSA &&
                   (int)EXS_SIGNATURE_SCHNORR == (int)SIGNATURE_SCHNORR,
               "kinds of signatures have their public numbers");

static const struct exs_verdict no_verdict = {.transaction = EXS_NO_INDEX, .input = EXS_NO_INDEX};

static enum exs_result error(struct exs_verdict *out, enum exs_result result)
{
    *out = no_verdict;
    out->result = result;
    return result;
}

static enum exs_result result_of(enum validation result)
{
    switch (result) {
    case VALIDATION_VALID:
        return EXS_VALID;
    case VALIDATION_INVALID:
        return EXS_INVALID;
    case VALIDATION_MALFORMED:
        return EXS_ERROR_MALFORMED;
    case VALIDATION_MISMATCH:
        return EXS_ERROR_SPENT;
    case VALIDATION_NO_MEMORY:
    case VALIDATION_CANCELLED: /* the context is being destroyed: not ours to survive */
        return EXS_ERROR_MEMORY;
    }
    return EXS_ERROR_MEMORY;
}

static uint64_t index_of(size_t index) { return index == REJECT_NO_INDEX ? EXS_NO_INDEX : index; }

static enum exs_result finish(struct exs_verdict *out, const struct verdict *verdict)
{
    *out = no_verdict;
    out->result = result_of(verdict->result);
    if (verdict->result == VALIDATION_MALFORMED && verdict->parse == PARSE_NO_MEMORY)
        out->result = EXS_ERROR_MEMORY;
    if (out->result == EXS_INVALID) {
        out->reject = (enum exs_reject)verdict->rejection.reason;
        out->script_error = (int32_t)verdict->rejection.script;
        out->version = verdict->rejection.version;
        out->transaction = index_of(verdict->rejection.transaction);
        out->input = index_of(verdict->rejection.input);
    }
    if (out->result == EXS_VALID) {
        out->unchecked = verdict->unchecked;
        out->fees = verdict->fees.sat;
        out->sigop_cost = verdict->sigop_cost;
    }
    return out->result;
}

/* The same where there is one transaction, of which only the input is worth naming. */
static enum exs_result finish_transaction(struct exs_verdict *out, const struct verdict *verdict)
{
    enum exs_result result = finish(out, verdict);

    out->transaction = EXS_NO_INDEX;
    return result;
}

/* Bytes of the caller's; false where they can't be. */
static bool take_bytes(struct bytes *out, const uint8_t *data, size_t size)
{
    *out = bytes_of(data, size);
    return data || !size;
}

/* What is spent, as the rules take it. False where an entry is not allowed or memory is exhausted. */
struct spent_outputs {
    struct tx_output *outputs;
    struct spent_origin *origins;
};

static enum exs_result take_spent(struct spent_outputs *out, struct arena *arena,
                                  const struct exs_spent *spent, size_t n)
{
    if (n && !spent)
        return EXS_ERROR_ARGUMENT;
    out->outputs = arena_array(arena, n, sizeof(*out->outputs));
    out->origins = arena_array(arena, n, sizeof(*out->origins));
    if (!out->outputs || !out->origins)
        return EXS_ERROR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        if (!take_bytes(&out->outputs[i].script, spent[i].script, spent[i].script_size) ||
            spent[i].coinbase > EXS_UNKNOWN_COINBASE || spent[i].height < EXS_UNKNOWN_HEIGHT)
            return EXS_ERROR_ARGUMENT;
        out->outputs[i].value.sat = spent[i].amount;
        out->origins[i].height = spent[i].height;
        out->origins[i].coinbase = (uint8_t)spent[i].coinbase;
        out->origins[i].median_time_past = spent[i].median_time_past;
    }
    return EXS_VALID;
}

/* The network of a place: one of ours, or custom filled in with a signet of the caller's. */
static bool take_place(const struct exs_context *exs, struct block_place *out,
                       struct params *custom, const struct exs_block_place *place)
{
    struct bytes challenge;
    const uint32_t skips = EXS_SKIP_PROOF_OF_WORK | EXS_SKIP_SCRIPTS;

    if (!place || place->size != sizeof(*place) || !place->network || place->height < 1 ||
        place->skip & ~skips ||
        !take_bytes(&challenge, place->signet_challenge, place->signet_challenge_size))
        return false;
    out->params = params_find(place->network);
    out->height = place->height;
    out->median_time_past = place->median_time_past;
    if (!out->params)
        return false;
    if (challenge.size) {
        if (!out->params->signet_challenge.size)
            return false;
        params_custom_signet(exs->kernels.sha256_compress->run, custom, challenge);
        out->params = custom;
    }
    return true;
}

static enum exs_result parse(struct transaction *out, struct arena *arena, const uint8_t *tx,
                             size_t size)
{
    struct bytes raw;

    if (!take_bytes(&raw, tx, size))
        return EXS_ERROR_ARGUMENT;
    switch (transaction_parse(out, arena, raw, TRANSACTION_WITH_WITNESS)) {
    case PARSE_OK:
        return EXS_VALID;
    case PARSE_NO_MEMORY:
        return EXS_ERROR_MEMORY;
    case PARSE_MALFORMED:
    case PARSE_SUPERFLUOUS_WITNESS:
    case PARSE_UNKNOWN_FLAG:
    case PARSE_TRAILING_DATA:
        break;
    }
    return EXS_ERROR_MALFORMED;
}

/* A transaction and what it spends. arena is freed by the caller, whatever the answer. */
struct transaction_arguments {
    struct arena arena;
    struct transaction tx;
    struct spent_outputs spent;
};

static enum exs_result take_transaction(struct transaction_arguments *a, const uint8_t *tx,
                                        size_t size, const struct exs_spent *spent, size_t n)
{
    enum exs_result result;

    arena_init(&a->arena, 0);
    result = parse(&a->tx, &a->arena, tx, size);
    return result == EXS_VALID ? take_spent(&a->spent, &a->arena, spent, n) : result;
}

/* Core's own preconditions of its flags. */
static bool flags_are_allowed(uint32_t flags)
{
    const uint32_t witness = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS;

    if (flags & ~(uint32_t)SCRIPT_VERIFY_ALL)
        return false;
    if (flags & SCRIPT_VERIFY_CLEANSTACK)
        return (flags & witness) == witness;
    return !(flags & SCRIPT_VERIFY_WITNESS) || flags & SCRIPT_VERIFY_P2SH;
}

/* The output that one input spends, of all or of that alone. */
static enum exs_result verify_one(struct exs_context *exs, struct exs_verdict *out,
                                  const struct transaction_arguments *a, size_t input, size_t n,
                                  uint32_t flags)
{
    bool all = n == a->tx.input_count;
    struct verdict verdict;

    if (input >= a->tx.input_count)
        return error(out, EXS_ERROR_INPUT);
    if (!all && (n != 1 || flags & SCRIPT_VERIFY_TAPROOT))
        return error(out, EXS_ERROR_SPENT);
    verdict = validate_script(exs->validator, &a->tx, input, a->spent.outputs[all ? input : 0],
                              all ? a->spent.outputs : NULL, flags);
    return finish_transaction(out, &verdict);
}

enum exs_result exs_verify_script(struct exs_context *exs, struct exs_verdict *verdict,
                                  const uint8_t *tx, size_t tx_size, size_t input,
                                  const struct exs_spent *spent, size_t spent_count, uint32_t flags)
{
    struct transaction_arguments a = {0};
    enum exs_result result;

    if (!flags_are_allowed(flags))
        return error(verdict, EXS_ERROR_ARGUMENT);
    result = take_transaction(&a, tx, tx_size, spent, spent_count);
    result = result == EXS_VALID ? verify_one(exs, verdict, &a, input, spent_count, flags)
                                 : error(verdict, result);
    arena_free(&a.arena);
    return result;
}

enum exs_result exs_verify_transaction(struct exs_context *exs, struct exs_verdict *verdict,
                                       const uint8_t *tx, size_t tx_size,
                                       const struct exs_block_place *place,
                                       const struct exs_spent *spent, size_t spent_count)
{
    struct transaction_arguments a = {0};
    struct params custom;
    struct block_place where;
    enum exs_result result;

    if (!take_place(exs, &where, &custom, place))
        return error(verdict, EXS_ERROR_ARGUMENT);
    result = take_transaction(&a, tx, tx_size, spent, spent_count);
    if (result == EXS_VALID) {
        struct transaction_context context = {
            .spent = a.spent.outputs,
            .spent_count = spent_count,
            .origins = a.spent.origins,
            .flags = block_script_flags(where.params, (struct block_hash){{0}}, where.height),
            .height = where.height,
            .median_time_past = where.median_time_past,
        };
        struct verdict answer = validate_transaction(exs->validator, &a.tx, &context);

        result = finish_transaction(verdict, &answer);
    } else {
        error(verdict, result);
    }
    arena_free(&a.arena);
    return result;
}

enum exs_result exs_verify_block(struct exs_context *exs, struct exs_verdict *verdict,
                                 const uint8_t *block, size_t block_size,
                                 const struct exs_block_place *place, const struct exs_spent *spent,
                                 size_t spent_count)
{
    struct header_context header;
    struct block_context context = {.spent_count = spent_count};
    struct spent_outputs outputs;
    struct params custom;
    struct arena arena;
    struct bytes raw;
    enum exs_result result;

    if (!take_place(exs, &context.place, &custom, place) || !take_bytes(&raw, block, block_size))
        return error(verdict, EXS_ERROR_ARGUMENT);
    arena_init(&arena, 0);
    result = take_spent(&outputs, &arena, spent, spent_count);
    if (result == EXS_VALID) {
        struct verdict answer;

        header = (struct header_context){place->bits, place->previous_time, place->now};
        context.spent = outputs.outputs;
        context.origins = outputs.origins;
        context.header = place->bits ? &header : NULL;
        context.skip_proof_of_work = place->skip & EXS_SKIP_PROOF_OF_WORK;
        context.skip_scripts = place->skip & EXS_SKIP_SCRIPTS;
        answer = validate_block_bytes(exs->validator, raw, &context);
        result = finish(verdict, &answer);
    } else {
        error(verdict, result);
    }
    arena_free(&arena);
    return result;
}

/* False where kind and sizes do not go together or something is missing. */
static bool take_signature(struct signature_check *out, const struct exs_signature *in)
{
    bool ecdsa = in->kind == EXS_SIGNATURE_ECDSA;

    if (in->kind > EXS_SIGNATURE_SCHNORR || !in->key || !in->hash32 || !in->signature64)
        return false;
    if (ecdsa ? in->key_size != 33 && in->key_size != 65 : in->key_size != 32)
        return false;
    *out = (struct signature_check){.kind = (uint8_t)in->kind, .key_size = (uint8_t)in->key_size};
    memcpy(out->key, in->key, in->key_size);
    memcpy(out->message, in->hash32, sizeof(out->message));
    memcpy(out->signature, in->signature64, sizeof(out->signature));
    return true;
}

enum exs_result exs_verify_signatures(struct exs_context *exs, uint8_t *good,
                                      const struct exs_signature *signatures, size_t n)
{
    enum exs_result result = EXS_VALID;
    struct signature_check *checks;

    if (n && (!good || !signatures))
        return EXS_ERROR_ARGUMENT;
    if (!n)
        return EXS_VALID;
    memset(good, 0, n);
    checks = calloc(n, sizeof(*checks));
    if (!checks)
        return EXS_ERROR_MEMORY;
    for (size_t i = 0; i < n && result == EXS_VALID; i++)
        if (!take_signature(&checks[i], &signatures[i]))
            result = EXS_ERROR_ARGUMENT;
    if (result == EXS_VALID)
        result = result_of(validate_signatures(exs->validator, good, checks, n));
    free(checks);
    for (size_t i = 0; i < n && result == EXS_VALID; i++)
        if (!good[i])
            result = EXS_INVALID;
    return result;
}
