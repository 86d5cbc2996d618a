#include "validation/service/answer.h"

#include "consensus/signature_encoding.h"

#include <stdlib.h>

/* Numbers on the wire are those of include/exs/exs.h, which are the project's own. */
_Static_assert((int)EXS_REJECT_TXNS_NONFINAL == (int)REJECT_TXNS_NONFINAL &&
                   (int)EXS_REJECT_VERSION == (int)REJECT_VERSION &&
                   (int)EXS_REJECT_BLK_SIGOPS == (int)REJECT_BLK_SIGOPS &&
                   (int)EXS_REJECT_CB_AMOUNT == (int)REJECT_CB_AMOUNT &&
                   (int)EXS_REJECT_CB_AMOUNT + 1 == (int)REJECTS,
               "reject reasons have their public numbers");
_Static_assert(EXS_UNKNOWN_HEIGHT == SPENT_UNKNOWN_HEIGHT &&
                   EXS_UNKNOWN_TIME == SPENT_UNKNOWN_TIME &&
                   (int)EXS_UNKNOWN_COINBASE == (int)SPENT_UNKNOWN_COINBASE &&
                   (int)EXS_COINBASE == (int)SPENT_COINBASE,
               "what is unknown is so by the same values");
_Static_assert((int)EXS_UNCHECKED_MATURITY == (int)UNCHECKED_MATURITY &&
                   (int)EXS_UNCHECKED_SEQUENCE_LOCKS == (int)UNCHECKED_SEQUENCE_LOCKS &&
                   (int)EXS_UNCHECKED_DIFFICULTY == (int)UNCHECKED_DIFFICULTY &&
                   (int)EXS_UNCHECKED_BIP30 == (int)UNCHECKED_BIP30,
               "what was not checked has its public bits");

/* A question while it is answered. */
struct question {
    const struct answer_source *source;
    struct service_answer *answer;
    struct bytes payload;
    struct arena arena;
};

/* ---------------------------------------------------------------- answers */

/* Room for an answer of that size; NULL leaves the answer "no memory". */
static uint8_t *begin_answer(struct question *q, uint8_t type, size_t size)
{
    q->answer->type = type;
    q->answer->size = size;
    q->answer->payload = malloc(size ? size : 1);
    return q->answer->payload;
}

static void answer_error(struct question *q, enum exs_verify_error code)
{
    const char *text = exs_verify_error_text(code);
    uint8_t *out = begin_answer(q, WIRE_ERROR, wire_error_write(NULL, code, text));

    q->answer->outcome = SERVICE_UNANSWERED;
    if (out)
        wire_error_write(out, code, text);
}

static void answer_unreadable(struct question *q, enum wire_result result)
{
    answer_error(q, result == WIRE_NO_MEMORY ? EXS_VERIFY_ERROR_MEMORY : EXS_VERIFY_ERROR_PAYLOAD);
}

static void answer_verdict(struct question *q, enum exs_verify_kind kind,
                           const struct exs_verdict *verdict, const char *reason, const char *name)
{
    uint8_t *out = begin_answer(q, (uint8_t)(kind | WIRE_ANSWER),
                                wire_verdict_write(NULL, verdict, reason, name));

    q->answer->outcome = verdict->result == EXS_VALID     ? SERVICE_VALID
                         : verdict->result == EXS_INVALID ? SERVICE_INVALID
                                                          : SERVICE_UNANSWERED;
    if (out)
        wire_verdict_write(out, verdict, reason, name);
}

/* No verdict, for a mistake of the caller's. */
static void answer_mistake(struct question *q, enum exs_verify_kind kind, enum exs_result result,
                           const char *reason)
{
    const struct exs_verdict verdict = {
        .result = result, .transaction = EXS_NO_INDEX, .input = EXS_NO_INDEX};

    answer_verdict(q, kind, &verdict, reason, "");
}

static uint64_t index_of(size_t index) { return index == REJECT_NO_INDEX ? EXS_NO_INDEX : index; }

static void answer_invalid(struct question *q, enum exs_verify_kind kind,
                           const struct rejection *rejection)
{
    const struct exs_verdict verdict = {
        .result = EXS_INVALID,
        .reject = (enum exs_reject)rejection->reason,
        .script_error = (int32_t)rejection->script,
        .transaction = index_of(rejection->transaction),
        .input = index_of(rejection->input),
    };
    char reason[REJECTION_TEXT_SIZE];

    answer_verdict(q, kind, &verdict, rejection_text(reason, rejection),
                   rejection->reason == REJECT_SCRIPT ? script_error_name(rejection->script) : "");
}

static void answer_validation(struct question *q, enum exs_verify_kind kind,
                              const struct verdict *verdict)
{
    const struct exs_verdict valid = {.result = EXS_VALID,
                                      .unchecked = verdict->unchecked,
                                      .transaction = EXS_NO_INDEX,
                                      .input = EXS_NO_INDEX,
                                      .fees = verdict->fees.sat,
                                      .sigop_cost = verdict->sigop_cost};

    switch (verdict->result) {
    case VALIDATION_VALID:
        answer_verdict(q, kind, &valid, "", "");
        break;
    case VALIDATION_INVALID:
        answer_invalid(q, kind, &verdict->rejection);
        break;
    case VALIDATION_MALFORMED:
        if (verdict->parse == PARSE_NO_MEMORY)
            answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        else
            answer_mistake(q, kind, EXS_ERROR_MALFORMED, parse_result_text(verdict->parse));
        break;
    case VALIDATION_MISMATCH:
        answer_mistake(q, kind, EXS_ERROR_SPENT, "the spent outputs are not those of the inputs");
        break;
    case VALIDATION_NO_MEMORY:
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        break;
    case VALIDATION_CANCELLED:
        answer_error(q, EXS_VERIFY_ERROR_END);
        break;
    }
}

/* ---------------------------------------------------------------- arguments */

/* What is spent, as the rules take it. False where the arena is exhausted. */
static bool take_spent(struct question *q, const struct tx_output **outputs,
                       const struct spent_origin **origins, const struct exs_spent *spent, size_t n)
{
    struct tx_output *output = arena_array(&q->arena, n, sizeof(*output));
    struct spent_origin *origin = arena_array(&q->arena, n, sizeof(*origin));

    *outputs = output;
    *origins = origin;
    if (!output || !origin)
        return false;
    for (size_t i = 0; i < n; i++) {
        output[i].value.sat = spent[i].amount;
        output[i].script = bytes_of(spent[i].script, spent[i].script_size);
        origin[i].height = spent[i].height;
        origin[i].coinbase = (uint8_t)spent[i].coinbase;
        origin[i].median_time_past = spent[i].median_time_past;
    }
    return true;
}

/* The network of a place, custom where it is a signet of the client's own. NULL where there is none such. */
static const struct params *find_network(const struct question *q, struct params *custom,
                                         const struct exs_block_place *place)
{
    const struct params *params = params_find(place->network);

    if (!place->signet_challenge_size)
        return params;
    if (!params || !params->signet_challenge.size)
        return NULL;
    params_custom_signet(q->source->kernels->sha256_compress->run, custom,
                         bytes_of(place->signet_challenge, place->signet_challenge_size));
    return custom;
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

static const char wrong_flags[] = "unknown flags, WITNESS without P2SH, or CLEANSTACK without both";
static const char wrong_place[] =
    "no network of that name, a height below 1, or a challenge for what is no signet";

/* A transaction's bytes; false where there is an answer already. */
static bool take_transaction(struct question *q, enum exs_verify_kind kind, struct transaction *tx,
                             const uint8_t *data, size_t size)
{
    enum parse_result result =
        transaction_parse(tx, &q->arena, bytes_of(data, size), TRANSACTION_WITH_WITNESS);

    if (result == PARSE_NO_MEMORY)
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
    else if (result != PARSE_OK)
        answer_mistake(q, kind, EXS_ERROR_MALFORMED, parse_result_text(result));
    return result == PARSE_OK;
}

/* ---------------------------------------------------------------- questions */

/* A check that says what the signature says; a bad one where that can't be read. */
static struct signature_check check_of(const struct exs_verify_signature *s)
{
    static const struct signature_check bad = {.kind = SIGNATURE_ECDSA, .key_size = 33};
    struct signature_check check = {.key_size = (uint8_t)s->key_size};

    switch (s->kind) {
    case EXS_SIGNATURE_ECDSA:
    case EXS_SIGNATURE_ECDSA_DER:
        check.kind = SIGNATURE_ECDSA;
        if (!public_key_has_valid_size(bytes_of(s->key, s->key_size)))
            return bad;
        if (s->kind == EXS_SIGNATURE_ECDSA)
            memcpy(check.signature, s->signature, sizeof(check.signature));
        else if (!signature_parse_der_lax(check.signature,
                                          bytes_of(s->signature, s->signature_size)))
            return bad;
        break;
    case EXS_SIGNATURE_SCHNORR:
        check.kind = SIGNATURE_SCHNORR;
        memcpy(check.signature, s->signature, sizeof(check.signature));
        break;
    case EXS_SIGNATURE_TWEAK:
        check.kind = SIGNATURE_TAPROOT_TWEAK;
        check.parity = (uint8_t)s->parity;
        memcpy(check.signature, s->signature, 32);
        break;
    }
    memcpy(check.key, s->key, s->key_size);
    memcpy(check.message, s->hash32, sizeof(check.message));
    return check;
}

static void answer_signatures(struct question *q)
{
    struct exs_verify_signature *signatures;
    struct signature_check *checks;
    uint8_t *accepted, *out;
    size_t n;
    enum wire_result read = wire_signatures_read(&signatures, &n, &q->arena, q->payload);
    enum validation result;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    checks = arena_array(&q->arena, n, sizeof(*checks));
    accepted = arena_alloc(&q->arena, n);
    if (!checks || !accepted) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    for (size_t i = 0; i < n; i++)
        checks[i] = check_of(&signatures[i]);
    result = validate_signatures(q->source->validator, accepted, checks, n);
    if (result != VALIDATION_VALID && result != VALIDATION_INVALID) {
        answer_error(q, result == VALIDATION_CANCELLED ? EXS_VERIFY_ERROR_END
                                                       : EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    q->answer->outcome = result == VALIDATION_VALID ? SERVICE_VALID : SERVICE_INVALID;
    out = begin_answer(q, EXS_VERIFY_SIGNATURES | WIRE_ANSWER, wire_good_write(NULL, accepted, n));
    if (out)
        wire_good_write(out, accepted, n);
}

static void answer_script(struct question *q)
{
    const enum exs_verify_kind kind = EXS_VERIFY_SCRIPT;
    struct exs_verify_script_question asked;
    enum wire_result read = wire_script_read(&asked, &q->arena, q->payload);
    const struct spent_origin *origins;
    const struct tx_output *spent;
    struct transaction tx;
    struct verdict verdict;
    bool all;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    if (!flags_are_allowed(asked.flags)) {
        answer_mistake(q, kind, EXS_ERROR_ARGUMENT, wrong_flags);
        return;
    }
    if (!take_transaction(q, kind, &tx, asked.tx, asked.tx_size))
        return;
    all = asked.spent_count == tx.input_count;
    if (asked.input >= tx.input_count) {
        answer_mistake(q, kind, EXS_ERROR_INPUT, "the transaction has no input of that index");
    } else if (!all && (asked.spent_count != 1 || asked.flags & SCRIPT_VERIFY_TAPROOT)) {
        answer_mistake(
            q, kind, EXS_ERROR_SPENT,
            "one spent output an input is needed, or without TAPROOT this input's alone");
    } else if (!take_spent(q, &spent, &origins, asked.spent, asked.spent_count)) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
    } else {
        verdict = validate_script(q->source->validator, &tx, asked.input,
                                  spent[all ? asked.input : 0], all ? spent : NULL, asked.flags);
        answer_validation(q, kind, &verdict);
    }
}

/* What the transaction is verified against; false where the place or the flags can't be. */
static bool take_context(const struct question *q, struct transaction_context *out,
                         const struct exs_verify_transaction_question *asked)
{
    const struct exs_block_place *place = asked->place;
    struct params custom;
    const struct params *params;

    out->height = place->height;
    out->median_time_past = place->median_time_past;
    out->flags = asked->flags;
    if (asked->flags != EXS_VERIFY_FLAGS_OF_PLACE)
        return flags_are_allowed(asked->flags) && place->height >= EXS_UNKNOWN_HEIGHT;
    params = find_network(q, &custom, place);
    if (!params || place->height < 1)
        return false;
    out->flags = block_script_flags(params, (struct block_hash){{0}}, place->height);
    return true;
}

static void answer_transaction(struct question *q)
{
    const enum exs_verify_kind kind = EXS_VERIFY_TRANSACTION;
    struct exs_verify_transaction_question asked;
    struct wire_place place;
    enum wire_result read = wire_transaction_read(&asked, &place, &q->arena, q->payload);
    struct transaction_context context = {0};
    struct transaction tx;
    struct verdict verdict;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    if (!take_context(q, &context, &asked)) {
        answer_mistake(q, kind, EXS_ERROR_ARGUMENT,
                       asked.flags == EXS_VERIFY_FLAGS_OF_PLACE ? wrong_place : wrong_flags);
        return;
    }
    if (!take_transaction(q, kind, &tx, asked.tx, asked.tx_size))
        return;
    context.spent_count = asked.spent_count;
    if (!take_spent(q, &context.spent, &context.origins, asked.spent, asked.spent_count)) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    verdict = validate_transaction(q->source->validator, &tx, &context);
    answer_validation(q, kind, &verdict);
}

static void answer_block(struct question *q)
{
    enum { OPTIONS = (EXS_VERIFY_KEEP_SIGNATURES << 1) - 1 };
    const enum exs_verify_kind kind = EXS_VERIFY_BLOCK;
    struct exs_verify_block_question asked;
    struct wire_place place;
    enum wire_result read = wire_block_read(&asked, &place, &q->arena, q->payload);
    struct params custom;
    struct header_context header;
    struct block_context context = {0};
    struct verdict verdict;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    context.place = (struct block_place){find_network(q, &custom, asked.place), asked.place->height,
                                         asked.place->median_time_past};
    if (!context.place.params || context.place.height < 1) {
        answer_mistake(q, kind, EXS_ERROR_ARGUMENT, wrong_place);
        return;
    }
    if (asked.options & ~(uint32_t)OPTIONS) {
        answer_mistake(q, kind, EXS_ERROR_ARGUMENT, "unknown options");
        return;
    }
    header =
        (struct header_context){asked.place->bits, asked.place->previous_time, asked.place->now};
    context.header = header.bits ? &header : NULL;
    context.skip_scripts = asked.options & EXS_VERIFY_SKIP_SCRIPTS;
    context.skip_proof_of_work = asked.options & EXS_VERIFY_SKIP_PROOF_OF_WORK;
    context.bip34_known = asked.options & EXS_VERIFY_BIP34_KNOWN;
    context.keep_signatures = asked.options & EXS_VERIFY_KEEP_SIGNATURES;
    context.spent_count = asked.spent_count;
    if (!take_spent(q, &context.spent, &context.origins, asked.spent, asked.spent_count)) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    verdict = validate_block_bytes(q->source->validator, bytes_of(asked.block, asked.block_size),
                                   &context);
    answer_validation(q, kind, &verdict);
}

void answer_question(void *arg, struct service_answer *answer, enum exs_verify_kind kind,
                     struct bytes payload)
{
    struct question q = {.source = arg, .answer = answer, .payload = payload};

    *answer = (struct service_answer){.outcome = SERVICE_UNANSWERED};
    arena_init(&q.arena, 0);
    switch (kind) {
    case EXS_VERIFY_SIGNATURES:
        answer_signatures(&q);
        break;
    case EXS_VERIFY_SCRIPT:
        answer_script(&q);
        break;
    case EXS_VERIFY_TRANSACTION:
        answer_transaction(&q);
        break;
    case EXS_VERIFY_BLOCK:
        answer_block(&q);
        break;
    case EXS_VERIFY_PING:
    case EXS_VERIFY_STATISTICS:
        answer_error(&q, EXS_VERIFY_ERROR_TYPE);
        break;
    }
    arena_free(&q.arena);
}
