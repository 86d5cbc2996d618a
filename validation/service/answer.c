#include "validation/service/answer.h"

#include "consensus/signature_encoding.h"
#include "validation/translate.h"

#include <stdlib.h>

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
    struct exs_verdict verdict;

    translate_no_verdict(&verdict, result);
    answer_verdict(q, kind, &verdict, reason, "");
}

static void answer_validation(struct question *q, enum exs_verify_kind kind,
                              const struct verdict *verdict)
{
    const struct rejection *rejection = &verdict->rejection;
    char reason[REJECTION_TEXT_SIZE];
    struct exs_verdict said;

    switch (translate_verdict(&said, verdict, kind == EXS_VERIFY_BLOCK)) {
    case EXS_VALID:
        answer_verdict(q, kind, &said, "", "");
        break;
    case EXS_INVALID:
        answer_verdict(q, kind, &said, rejection_text(reason, rejection),
                       said.reject == EXS_REJECT_SCRIPT ? script_error_name(rejection->script)
                                                        : "");
        break;
    case EXS_ERROR_MALFORMED:
        answer_mistake(q, kind, EXS_ERROR_MALFORMED, parse_result_text(verdict->parse));
        break;
    case EXS_ERROR_SPENT:
        answer_mistake(q, kind, EXS_ERROR_SPENT, "the spent outputs are not those of the inputs");
        break;
    case EXS_ERROR_ARGUMENT: /* not of verdicts */
    case EXS_ERROR_INPUT:
    case EXS_ERROR_MEMORY:
        answer_error(q, verdict->result == VALIDATION_CANCELLED ? EXS_VERIFY_ERROR_END
                                                                : EXS_VERIFY_ERROR_MEMORY);
        break;
    }
}

/* ---------------------------------------------------------------- arguments */

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
    struct spent_outputs spent;
    struct transaction tx;
    struct verdict verdict;
    bool all;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    if (!translate_flags_allowed(asked.flags)) {
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
    } else if (translate_spent(&spent, &q->arena, asked.spent, asked.spent_count) != EXS_VALID) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
    } else {
        verdict = validate_script(q->source->validator, &tx, asked.input,
                                  spent.outputs[all ? asked.input : 0], all ? spent.outputs : NULL,
                                  asked.flags);
        answer_validation(q, kind, &verdict);
    }
}

/* What the transaction is verified against; returns what can't be, or NULL. */
static const char *take_context(const struct question *q, struct transaction_context *out,
                                const struct exs_verify_transaction_question *asked)
{
    const struct exs_block_place *place = asked->place;
    struct params custom;
    const struct params *params;

    out->height = place->height;
    out->median_time_past = place->median_time_past;
    out->flags = asked->flags;
    if (asked->flags != EXS_VERIFY_FLAGS_OF_PLACE) {
        if (!translate_flags_allowed(asked->flags))
            return wrong_flags;
        return place->height == EXS_UNKNOWN_HEIGHT || place->height >= 1 ? NULL : wrong_place;
    }
    params = translate_network(q->source->kernels, &custom, place);
    if (!params || place->height < 1)
        return wrong_place;
    out->flags = block_script_flags(params, (struct block_hash){{0}}, place->height);
    return NULL;
}

static void answer_transaction(struct question *q)
{
    const enum exs_verify_kind kind = EXS_VERIFY_TRANSACTION;
    struct exs_verify_transaction_question asked;
    struct wire_place place;
    enum wire_result read = wire_transaction_read(&asked, &place, &q->arena, q->payload);
    struct transaction_context context = {0};
    struct spent_outputs spent;
    struct transaction tx;
    struct verdict verdict;
    const char *mistake;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    mistake = take_context(q, &context, &asked);
    if (mistake) {
        answer_mistake(q, kind, EXS_ERROR_ARGUMENT, mistake);
        return;
    }
    if (!take_transaction(q, kind, &tx, asked.tx, asked.tx_size))
        return;
    context.spent_count = asked.spent_count;
    /* What can't be was malformed, so it is memory that lacks. */
    if (translate_spent(&spent, &q->arena, asked.spent, asked.spent_count) != EXS_VALID) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    context.spent = spent.outputs;
    context.origins = spent.origins;
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
    struct spent_outputs spent;
    struct verdict verdict;

    if (read != WIRE_OK) {
        answer_unreadable(q, read);
        return;
    }
    context.place =
        (struct block_place){translate_network(q->source->kernels, &custom, asked.place),
                             asked.place->height, asked.place->median_time_past};
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
    /* What can't be was malformed, so it is memory that lacks. */
    if (translate_spent(&spent, &q->arena, asked.spent, asked.spent_count) != EXS_VALID) {
        answer_error(q, EXS_VERIFY_ERROR_MEMORY);
        return;
    }
    context.spent = spent.outputs;
    context.origins = spent.origins;
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
