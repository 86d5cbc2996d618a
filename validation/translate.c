#include "validation/translate.h"

/* The public numbers are the project's own, in the same order, and must stay so. */
_Static_assert((int)EXS_REJECT_TXNS_NONFINAL == (int)REJECT_TXNS_NONFINAL &&
                   (int)EXS_REJECT_VERSION == (int)REJECT_VERSION &&
                   (int)EXS_REJECT_BLK_SIGOPS == (int)REJECT_BLK_SIGOPS &&
                   (int)EXS_REJECT_CB_AMOUNT == (int)REJECT_CB_AMOUNT &&
                   (int)EXS_REJECT_CB_AMOUNT + 1 == (int)REJECTS,
               "reject reasons have their public numbers");
_Static_assert((int)EXS_UNCHECKED_MATURITY == (int)UNCHECKED_MATURITY &&
                   (int)EXS_UNCHECKED_SEQUENCE_LOCKS == (int)UNCHECKED_SEQUENCE_LOCKS &&
                   (int)EXS_UNCHECKED_DIFFICULTY == (int)UNCHECKED_DIFFICULTY &&
                   (int)EXS_UNCHECKED_BIP30 == (int)UNCHECKED_BIP30 &&
                   (int)EXS_UNCHECKED_LOCK_TIME == (int)UNCHECKED_LOCK_TIME,
               "what was not checked has its public bits");
_Static_assert(EXS_MISSING_AMOUNT == -1 && EXS_UNKNOWN_HEIGHT == SPENT_UNKNOWN_HEIGHT &&
                   EXS_UNKNOWN_TIME == SPENT_UNKNOWN_TIME &&
                   (int)EXS_UNKNOWN_COINBASE == (int)SPENT_UNKNOWN_COINBASE &&
                   (int)EXS_COINBASE == (int)SPENT_COINBASE,
               "what is unknown is so by the same values");
_Static_assert((int)EXS_SIGNATURE_ECDSA == (int)SIGNATURE_ECDSA &&
                   (int)EXS_SIGNATURE_SCHNORR == (int)SIGNATURE_SCHNORR,
               "kinds of signatures have their public numbers");

enum exs_result translate_spent(struct spent_outputs *out, struct arena *arena,
                                const struct exs_spent *spent, size_t n)
{
    if (n && !spent)
        return EXS_ERROR_ARGUMENT;
    out->outputs = arena_array(arena, n, sizeof(*out->outputs));
    out->origins = arena_array(arena, n, sizeof(*out->origins));
    if (!out->outputs || !out->origins)
        return EXS_ERROR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        const struct exs_spent *s = &spent[i];

        if ((s->script_size && !s->script) || s->coinbase > EXS_UNKNOWN_COINBASE ||
            s->height < EXS_UNKNOWN_HEIGHT)
            return EXS_ERROR_ARGUMENT;
        out->outputs[i].value.sat = s->amount;
        out->outputs[i].script = bytes_of(s->script, s->script_size);
        out->origins[i].height = s->height;
        out->origins[i].coinbase = (uint8_t)s->coinbase;
        out->origins[i].median_time_past = s->median_time_past;
    }
    return EXS_VALID;
}

const struct params *translate_network(const struct kernels *kernels, struct params *custom,
                                       const struct exs_block_place *place)
{
    const struct params *params = params_find(place->network);

    if (!place->signet_challenge_size)
        return params;
    if (!params || !params->signet_challenge.size)
        return NULL;
    params_custom_signet(kernels->sha256_compress->run, custom,
                         bytes_of(place->signet_challenge, place->signet_challenge_size));
    return custom;
}

bool translate_flags_allowed(uint32_t flags)
{
    const uint32_t witness = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS;

    if (flags & ~(uint32_t)SCRIPT_VERIFY_ALL)
        return false;
    if (flags & SCRIPT_VERIFY_CLEANSTACK)
        return (flags & witness) == witness;
    return !(flags & SCRIPT_VERIFY_WITNESS) || flags & SCRIPT_VERIFY_P2SH;
}

enum exs_result translate_result(enum validation result)
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
    case VALIDATION_CANCELLED: /* its pool is being destroyed: not the caller's to survive */
        return EXS_ERROR_MEMORY;
    }
    return EXS_ERROR_MEMORY;
}

enum exs_result translate_no_verdict(struct exs_verdict *out, enum exs_result result)
{
    *out =
        (struct exs_verdict){.result = result, .transaction = EXS_NO_INDEX, .input = EXS_NO_INDEX};
    return result;
}

static uint64_t index_of(size_t index) { return index == REJECT_NO_INDEX ? EXS_NO_INDEX : index; }

enum exs_result translate_verdict(struct exs_verdict *out, const struct verdict *verdict,
                                  bool of_block)
{
    const struct rejection *rejection = &verdict->rejection;

    translate_no_verdict(out, translate_result(verdict->result));
    if (verdict->result == VALIDATION_MALFORMED && verdict->parse == PARSE_NO_MEMORY)
        out->result = EXS_ERROR_MEMORY;
    if (out->result == EXS_INVALID) {
        out->reject = (enum exs_reject)rejection->reason;
        out->script_error = (int32_t)rejection->script;
        out->version = rejection->version;
        out->transaction = of_block ? index_of(rejection->transaction) : EXS_NO_INDEX;
        out->input = index_of(rejection->input);
    }
    if (out->result == EXS_VALID) {
        out->unchecked = verdict->unchecked;
        out->fees = verdict->fees.sat;
        out->sigop_cost = verdict->sigop_cost;
    }
    return out->result;
}
