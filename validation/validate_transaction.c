#include "consensus/sigops.h"
#include "validation/script_checks.h"
#include "validation/validator_impl.h"

enum { STACK_ARENA = 4096 };

static struct verdict rejected_at(enum reject reason, size_t input)
{
    struct rejection rejection = rejection_of(reason);

    rejection.transaction = 0;
    rejection.input = input;
    return verdict_rejected(rejection);
}

struct verdict validate_script(struct validator *validator, const struct transaction *tx,
                               size_t input, struct tx_output output, const struct tx_output *spent,
                               uint32_t flags)
{
    struct workspace *w;
    struct script_input script = {NULL, input, output.script, output.value, flags};
    struct verdict verdict = verdict_of(VALIDATION_VALID);
    enum script_error error;

    if (input >= tx->input_count)
        return verdict_of(VALIDATION_MISMATCH);
    w = workspace_take(validator);
    if (!w)
        return verdict_of(VALIDATION_NO_MEMORY);
    workspace_begin(w, true, true, POOL_TRANSACTION);
    sighash_tx_init(&w->sighash, validator_compress(validator), tx, spent, false);
    script.tx = &w->sighash;
    error = workspace_run(w, &script, input);
    verdict.inputs = 1;
    verdict.signatures = w->made;
    verdict.cached = w->cached;
    workspace_return(w);
    if (error != SCRIPT_ERR_OK) {
        verdict = rejected_at(REJECT_SCRIPT, input);
        verdict.rejection.script = error;
    }
    return verdict;
}

static struct verdict run_scripts(struct validator *validator, const struct transaction *tx,
                                  const struct transaction_context *context, struct arena *arena)
{
    size_t begins[2] = {0, tx->input_count};
    struct script_checks run = {
        .validator = validator,
        .transactions = tx,
        .begins = begins,
        .transaction_count = 1,
        .spent = context->spent,
        .flags = context->flags,
        .class = POOL_TRANSACTION,
        .keep_signatures = true,
    };
    struct verdict verdict;

    if (!script_checks_begin(&run, arena))
        return verdict_of(VALIDATION_NO_MEMORY);
    verdict = verdict_of(script_checks_end(&run));
    if (verdict.result == VALIDATION_INVALID) {
        verdict = rejected_at(REJECT_SCRIPT, run.failed_input);
        verdict.rejection.script = run.error;
    } else if (verdict.result == VALIDATION_VALID) {
        verdict.inputs = tx->input_count;
        verdict.signatures = run.signatures;
        verdict.cached = run.cached;
    }
    return verdict;
}

/* Core's order in a block: CheckTransaction, lock time, inputs, BIP68. Fills in what it learns. */
static struct rejection check_rules(struct verdict *learnt, const struct transaction *tx,
                                    const struct transaction_context *context, struct arena *arena)
{
    struct rejection rejection = rejection_of(transaction_check(tx, arena));
    bool placed = context->height >= 0;

    rejection.transaction = 0;
    if (rejection.reason != REJECT_NONE)
        return rejection;
    if (placed && !transaction_is_final(tx, context->height, context->median_time_past))
        rejection.reason = REJECT_TXNS_NONFINAL;
    if (!placed && tx->lock_time)
        learnt->unchecked |= UNCHECKED_LOCK_TIME;
    if (rejection.reason != REJECT_NONE || transaction_is_coinbase(tx))
        return rejection;
    for (size_t i = 0; i < tx->input_count; i++)
        if (context->spent[i].value.sat == SPENT_MISSING.value.sat) {
            rejection.input = i;
            rejection.reason = REJECT_TXNS_INPUTS_MISSINGORSPENT;
            return rejection;
        }
    rejection.reason =
        transaction_check_inputs(&learnt->fees, &rejection.input, tx, context->spent,
                                 context->origins, context->height, &learnt->unchecked);
    if (rejection.reason == REJECT_NONE && context->flags & SCRIPT_VERIFY_CHECKSEQUENCEVERIFY) {
        struct sequence_locks locks =
            transaction_sequence_locks(tx, placed ? context->origins : NULL, &learnt->unchecked);

        if (placed && !sequence_locks_evaluate(locks, context->height, context->median_time_past))
            rejection.reason = REJECT_TXNS_NONFINAL;
    }
    return rejection;
}

static struct verdict validate(struct validator *validator, const struct transaction *tx,
                               const struct transaction_context *context, struct arena *arena)
{
    struct verdict learnt = verdict_of(VALIDATION_VALID), verdict = learnt;
    bool coinbase = transaction_is_coinbase(tx);
    struct rejection rejection;

    if (!coinbase && context->spent_count != tx->input_count)
        return verdict_of(VALIDATION_MISMATCH);
    rejection = check_rules(&learnt, tx, context, arena);
    if (rejection.reason != REJECT_NONE)
        return verdict_rejected(rejection);
    if (!coinbase)
        verdict = run_scripts(validator, tx, context, arena);
    if (verdict.result != VALIDATION_VALID)
        return verdict;
    verdict.unchecked = learnt.unchecked;
    verdict.fees = learnt.fees;
    verdict.sigop_cost =
        sigops_transaction_cost(tx, coinbase ? NULL : context->spent, context->flags);
    return verdict;
}

struct verdict validate_transaction(struct validator *validator, const struct transaction *tx,
                                    const struct transaction_context *context)
{
    _Alignas(max_align_t) uint8_t buffer[STACK_ARENA];
    struct verdict verdict;
    struct arena arena;

    arena_init_buffer(&arena, buffer, sizeof(buffer), 0);
    verdict = validate(validator, tx, context, &arena);
    arena_free(&arena);
    return verdict;
}
