/*
 * Frames of the verification service: a payload that is read is written back byte for byte, every
 * question gets an answer that its reader reads, and a verdict's text goes with its number.
 */
#include "tests/fuzz/fuzz.h"
#include "validation/service/answer.h"

/* A payload that the writer made of what the reader read. */
static void check_same(struct bytes payload, uint8_t *written, size_t size)
{
    FUZZ_CHECK(size == payload.size && (size == 0 || !memcmp(written, payload.data, size)));
    free(written);
}

static void again_signatures(struct bytes payload)
{
    struct exs_verify_signature *signatures;
    struct arena arena;
    uint8_t *out;
    size_t n;

    arena_init(&arena, FUZZ_MEMORY);
    if (wire_signatures_read(&signatures, &n, &arena, payload) == WIRE_OK) {
        for (size_t i = 0; i < n; i++)
            FUZZ_CHECK(wire_signature_fits(&signatures[i]));
        out = malloc(payload.size);
        check_same(payload, out, wire_signatures_write(out, signatures, n));
    }
    arena_free(&arena);
}

static void again_script(struct bytes payload)
{
    struct exs_verify_script_question q;
    struct arena arena;
    uint8_t *out;

    arena_init(&arena, FUZZ_MEMORY);
    if (wire_script_read(&q, &arena, payload) == WIRE_OK) {
        FUZZ_CHECK(wire_spent_fits(q.spent, q.spent_count));
        out = malloc(payload.size);
        check_same(payload, out, wire_script_write(out, &q));
    }
    arena_free(&arena);
}

static void again_transaction(struct bytes payload)
{
    struct exs_verify_transaction_question q;
    struct wire_place place;
    struct arena arena;
    uint8_t *out;

    arena_init(&arena, FUZZ_MEMORY);
    if (wire_transaction_read(&q, &place, &arena, payload) == WIRE_OK) {
        FUZZ_CHECK(wire_place_fits(q.place) && wire_spent_fits(q.spent, q.spent_count));
        out = malloc(payload.size);
        check_same(payload, out, wire_transaction_write(out, &q));
    }
    arena_free(&arena);
}

static void again_block(struct bytes payload)
{
    struct exs_verify_block_question q;
    struct wire_place place;
    struct arena arena;
    uint8_t *out;

    arena_init(&arena, FUZZ_MEMORY);
    if (wire_block_read(&q, &place, &arena, payload) == WIRE_OK) {
        FUZZ_CHECK(wire_place_fits(q.place) && wire_spent_fits(q.spent, q.spent_count));
        out = malloc(payload.size);
        check_same(payload, out, wire_block_write(out, &q));
    }
    arena_free(&arena);
}

/* The frames that a client reads. */
static void again_answers(struct bytes payload)
{
    struct exs_verify_statistics statistics;
    struct exs_verify_service service;
    enum exs_verify_error code;
    struct exs_verdict verdict;
    struct bytes text, name;
    uint16_t version;

    (void)!wire_hello_read(&version, payload);
    (void)!wire_statistics_read(&statistics, payload);
    if (wire_service_read(&service, payload) == WIRE_OK)
        FUZZ_CHECK(memchr(service.program, '\0', sizeof(service.program)));
    if (wire_error_read(&code, &text, payload) == WIRE_OK)
        FUZZ_CHECK(code != EXS_VERIFY_ERROR_NONE && text.size <= WIRE_TEXT_MAX);
    if (wire_verdict_read(&verdict, &text, &name, payload) == WIRE_OK)
        FUZZ_CHECK(payload.size == 52 + text.size + name.size);
    if (wire_good_read(&text, payload) == WIRE_OK)
        FUZZ_CHECK(payload.size == 4 + text.size);
}

static void check_verdict(const struct service_answer *answer)
{
    struct exs_verdict verdict;
    struct bytes reason, name;

    FUZZ_CHECK(wire_verdict_read(&verdict, &reason, &name,
                                 bytes_of(answer->payload, answer->size)) == WIRE_OK);
    FUZZ_CHECK((verdict.result == EXS_VALID) == (reason.size == 0));
    FUZZ_CHECK((verdict.result == EXS_INVALID) == (verdict.reject != EXS_REJECT_NONE));
    FUZZ_CHECK((verdict.reject == EXS_REJECT_SCRIPT) == (name.size != 0));
    FUZZ_CHECK((answer->outcome == SERVICE_VALID) == (verdict.result == EXS_VALID));
}

static void ask(enum exs_verify_kind kind, struct bytes payload)
{
    static struct answer_source source;
    struct service_answer answer;

    if (!source.validator) {
        const struct validator_options options = {.kernels = &kernels_generic,
                                                  .signature_cache_bytes = 1 << 16};
        char error[VALIDATOR_ERROR_SIZE];

        source = (struct answer_source){validator_create(&options, error), &kernels_generic};
        FUZZ_CHECK(source.validator);
    }
    answer_question(&source, &answer, kind, payload);
    FUZZ_CHECK(answer.payload);
    if (answer.type == WIRE_ERROR) {
        enum exs_verify_error code;
        struct bytes text;

        FUZZ_CHECK(wire_error_read(&code, &text, bytes_of(answer.payload, answer.size)) == WIRE_OK);
        FUZZ_CHECK(code == EXS_VERIFY_ERROR_PAYLOAD && answer.outcome == SERVICE_UNANSWERED);
    } else {
        FUZZ_CHECK(answer.type == (kind | WIRE_ANSWER));
        if (kind != EXS_VERIFY_SIGNATURES)
            check_verdict(&answer);
    }
    free(answer.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_header header;
    uint8_t again[WIRE_HEADER_SIZE];
    struct bytes payload;

    if (size < WIRE_HEADER_SIZE)
        return 0;
    if (wire_header_read(&header, data)) {
        wire_header_write(again, &header);
        FUZZ_CHECK(!memcmp(again, data, WIRE_HEADER_SIZE));
    }
    payload = bytes_of(data + WIRE_HEADER_SIZE, size - WIRE_HEADER_SIZE);
    again_answers(payload);
    switch (data[4] & 3) {
    case 0:
        again_signatures(payload);
        ask(EXS_VERIFY_SIGNATURES, payload);
        break;
    case 1:
        again_script(payload);
        ask(EXS_VERIFY_SCRIPT, payload);
        break;
    case 2:
        again_transaction(payload);
        ask(EXS_VERIFY_TRANSACTION, payload);
        break;
    case 3:
        again_block(payload);
        ask(EXS_VERIFY_BLOCK, payload);
        break;
    }
    return 0;
}
