/*
 * The calls of include/exs/exs.h that verify, over validation/validator.h:
 * arguments are judged, bytes are parsed, what is spent becomes the project's
 * own structs, and the verdict is written in the public numbers.
 */
#include "validation/libexs/exs_impl.h"

#include "base/arena.h"
#include "validation/translate.h"

#include <stdlib.h>

/* Bytes of the caller's; false where they can't be. */
static bool take_bytes(struct bytes *out, const uint8_t *data, size_t size)
{
    *out = bytes_of(data, size);
    return data || !size;
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
    *out = (struct block_place){translate_network(&exs->kernels, custom, place), place->height,
                                place->median_time_past};
    return out->params;
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
    return result == EXS_VALID ? translate_spent(&a->spent, &a->arena, spent, n) : result;
}

/* The output that one input spends, of all or of that alone. */
static enum exs_result verify_one(struct exs_context *exs, struct exs_verdict *out,
                                  const struct transaction_arguments *a, size_t input, size_t n,
                                  uint32_t flags)
{
    bool all = n == a->tx.input_count;
    struct verdict verdict;

    if (input >= a->tx.input_count)
        return translate_no_verdict(out, EXS_ERROR_INPUT);
    if (!all && (n != 1 || flags & SCRIPT_VERIFY_TAPROOT))
        return translate_no_verdict(out, EXS_ERROR_SPENT);
    verdict = validate_script(exs->validator, &a->tx, input, a->spent.outputs[all ? input : 0],
                              all ? a->spent.outputs : NULL, flags);
    return translate_verdict(out, &verdict, false);
}

enum exs_result exs_verify_script(struct exs_context *exs, struct exs_verdict *verdict,
                                  const uint8_t *tx, size_t tx_size, size_t input,
                                  const struct exs_spent *spent, size_t spent_count, uint32_t flags)
{
    struct transaction_arguments a = {0};
    enum exs_result result;

    if (!translate_flags_allowed(flags))
        return translate_no_verdict(verdict, EXS_ERROR_ARGUMENT);
    result = take_transaction(&a, tx, tx_size, spent, spent_count);
    result = result == EXS_VALID ? verify_one(exs, verdict, &a, input, spent_count, flags)
                                 : translate_no_verdict(verdict, result);
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
        return translate_no_verdict(verdict, EXS_ERROR_ARGUMENT);
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

        result = translate_verdict(verdict, &answer, false);
    } else {
        translate_no_verdict(verdict, result);
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
        return translate_no_verdict(verdict, EXS_ERROR_ARGUMENT);
    arena_init(&arena, 0);
    result = translate_spent(&outputs, &arena, spent, spent_count);
    if (result == EXS_VALID) {
        struct verdict answer;

        header = (struct header_context){place->bits, place->previous_time, place->now};
        context.spent = outputs.outputs;
        context.origins = outputs.origins;
        context.header = place->bits ? &header : NULL;
        context.skip_proof_of_work = place->skip & EXS_SKIP_PROOF_OF_WORK;
        context.skip_scripts = place->skip & EXS_SKIP_SCRIPTS;
        answer = validate_block_bytes(exs->validator, raw, &context);
        result = translate_verdict(verdict, &answer, true);
    } else {
        translate_no_verdict(verdict, result);
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
        result = translate_result(validate_signatures(exs->validator, good, checks, n));
    free(checks);
    for (size_t i = 0; i < n && result == EXS_VALID; i++)
        if (!good[i])
            result = EXS_INVALID;
    return result;
}
