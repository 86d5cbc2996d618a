/* Frames: what is written is read again, what is cut or too long is not, and no field may be what it must not. */
#include "validation/service/wire.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static const uint8_t script[] = {0x51, 0x52, 0x53};
static const uint8_t challenge[] = {0x51};
static const uint8_t raw[] = "a transaction or a block";

static const struct exs_spent spent[] = {
    {.amount = 5000000000,
     .script = script,
     .script_size = 3,
     .height = 170,
     .coinbase = EXS_COINBASE,
     .median_time_past = 1231006505},
    {.amount = -1,
     .script_size = 0,
     .height = EXS_UNKNOWN_HEIGHT,
     .coinbase = EXS_UNKNOWN_COINBASE,
     .median_time_past = EXS_UNKNOWN_TIME},
    {.amount = INT64_MIN,
     .script = script + 1,
     .script_size = 1,
     .height = INT32_MAX,
     .coinbase = EXS_NOT_COINBASE,
     .median_time_past = INT64_MAX},
};

static const struct exs_block_place place = {.size = sizeof(place),
                                             .network = "sixteen-letters-",
                                             .height = 866342,
                                             .bits = 0x17030ecd,
                                             .median_time_past = -5,
                                             .previous_time = INT64_MAX,
                                             .now = INT64_MIN,
                                             .signet_challenge = challenge,
                                             .signet_challenge_size = sizeof(challenge)};

/* A payload in memory of exactly its size, so that reading beyond it is seen. */
struct payload {
    uint8_t *data;
    size_t size;
};

static struct payload payload_of(size_t size) { return (struct payload){malloc(size), size}; }

static struct bytes bytes_of_payload(const struct payload *p) { return bytes_of(p->data, p->size); }

/* Reads a payload of some kind; the rest of the arguments is the reader's business. */
typedef enum wire_result read_fn(struct bytes payload);

/* That what is cut at any byte, or followed by one, is malformed. growing: more may follow in later versions. */
static void check_sizes(const struct payload *p, read_fn *reader, bool growing)
{
    uint8_t *longer = malloc(p->size + 1);

    assert_int_equal(reader(bytes_of_payload(p)), WIRE_OK);
    for (size_t size = 0; size < p->size; size++) {
        uint8_t *cut = malloc(size ? size : 1);

        memcpy(cut, p->data, size);
        if (reader(bytes_of(cut, size)) != WIRE_MALFORMED)
            fail_msg("%zu of %zu bytes were read", size, p->size);
        free(cut);
    }
    memcpy(longer, p->data, p->size);
    longer[p->size] = 0;
    assert_int_equal(reader(bytes_of(longer, p->size + 1)), growing ? WIRE_OK : WIRE_MALFORMED);
    free(longer);
}

static void headers(void **state)
{
    const struct wire_header header = {0x01020304, 0x91, 0x1122334455667788};
    static const uint8_t bytes[WIRE_HEADER_SIZE] = {0x04, 0x03, 0x02, 0x01, 0x91, 0,    0,    0,
                                                    0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11};
    uint8_t out[WIRE_HEADER_SIZE];
    struct wire_header read;

    (void)state;
    wire_header_write(out, &header);
    assert_memory_equal(out, bytes, sizeof(out));
    assert_true(wire_header_read(&read, out));
    assert_int_equal(read.size, header.size);
    assert_int_equal(read.type, header.type);
    assert_true(read.id == header.id);
    for (int i = 5; i < 8; i++) {
        memcpy(out, bytes, sizeof(out));
        out[i] = 1;
        assert_false(wire_header_read(&read, out));
    }
}

static enum wire_result read_hello(struct bytes payload)
{
    uint16_t version;

    return wire_hello_read(&version, payload);
}

static enum wire_result read_service(struct bytes payload)
{
    struct exs_verify_service service;

    return wire_service_read(&service, payload);
}

static void hellos(void **state)
{
    struct exs_verify_service service = {
        .version = 7, .workers = 8, .max_payload = 9, .max_requests = 10, .max_bytes = 11};
    struct exs_verify_service read;
    struct payload p = payload_of(wire_hello_write(NULL, 0x0102));
    uint16_t version = 0;

    (void)state;
    assert_int_equal(p.size, 8);
    wire_hello_write(p.data, 0x0102);
    assert_memory_equal(p.data, "EXSV\x02\x01\0\0", 8);
    assert_int_equal(wire_hello_read(&version, bytes_of_payload(&p)), WIRE_OK);
    assert_int_equal(version, 0x0102);
    check_sizes(&p, read_hello, true);
    p.data[0] = 'x';
    assert_int_equal(wire_hello_read(&version, bytes_of_payload(&p)), WIRE_MALFORMED);
    free(p.data);

    memset(service.program, 'p', sizeof(service.program) - 1);
    p = payload_of(wire_service_write(NULL, &service));
    wire_service_write(p.data, &service);
    assert_int_equal(wire_service_read(&read, bytes_of_payload(&p)), WIRE_OK);
    assert_memory_equal(&read, &service, sizeof(read));
    check_sizes(&p, read_service, true);
    p.data[32] = 64; /* a name beyond its place */
    assert_int_equal(read_service(bytes_of_payload(&p)), WIRE_MALFORMED);
    free(p.data);
}

static enum wire_result read_error(struct bytes payload)
{
    enum exs_verify_error code;
    struct bytes text;

    return wire_error_read(&code, &text, payload);
}

static void errors(void **state)
{
    char longest[400];
    enum exs_verify_error code;
    struct bytes text;
    struct payload p = payload_of(wire_error_write(NULL, EXS_VERIFY_ERROR_SLOW, "why"));

    (void)state;
    wire_error_write(p.data, EXS_VERIFY_ERROR_SLOW, "why");
    assert_int_equal(wire_error_read(&code, &text, bytes_of_payload(&p)), WIRE_OK);
    assert_int_equal(code, EXS_VERIFY_ERROR_SLOW);
    assert_true(bytes_equal(text, bytes_of("why", 3)));
    check_sizes(&p, read_error, false);
    p.data[0] = 0; /* an error that is none */
    assert_int_equal(read_error(bytes_of_payload(&p)), WIRE_MALFORMED);
    free(p.data);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(wire_error_write(NULL, EXS_VERIFY_ERROR_SLOW, longest), 4 + WIRE_TEXT_MAX);
}

/* ---------------------------------------------------------------- signatures */

static enum wire_result read_signatures(struct bytes payload)
{
    struct exs_verify_signature *signatures;
    struct arena arena;
    enum wire_result result;
    size_t n;

    arena_init(&arena, 0);
    result = wire_signatures_read(&signatures, &n, &arena, payload);
    arena_free(&arena);
    return result;
}

/* One of each kind, their bytes from a pattern. */
static void fill_signatures(struct exs_verify_signature out[static 5], uint8_t bytes[static 255])
{
    for (int i = 0; i < 255; i++)
        bytes[i] = (uint8_t)i;
    out[0] =
        (struct exs_verify_signature){EXS_SIGNATURE_ECDSA, 0, 33, 64, bytes, bytes + 1, bytes + 2};
    out[1] = (struct exs_verify_signature){
        EXS_SIGNATURE_SCHNORR, 0, 32, 64, bytes + 3, bytes + 4, bytes + 5};
    out[2] = (struct exs_verify_signature){
        EXS_SIGNATURE_ECDSA_DER, 0, 255, 255, bytes, bytes + 7, bytes};
    out[3] = (struct exs_verify_signature){EXS_SIGNATURE_ECDSA_DER, 0, 0, 0, NULL, bytes + 7, NULL};
    out[4] = (struct exs_verify_signature){EXS_SIGNATURE_TWEAK, 1,         32,        32,
                                           bytes + 8,           bytes + 9, bytes + 10};
}

static void signatures(void **state)
{
    struct exs_verify_signature in[5], *out;
    uint8_t bytes[255];
    struct payload p;
    struct arena arena;
    size_t n;

    (void)state;
    fill_signatures(in, bytes);
    for (int i = 0; i < 5; i++)
        assert_true(wire_signature_fits(&in[i]));
    p = payload_of(wire_signatures_write(NULL, in, 5));
    assert_int_equal(p.size, 4 + 5 * WIRE_SIGNATURE_SIZE + 97 + 96 + 510 + 64);
    assert_int_equal(wire_signatures_write(p.data, in, 5), p.size);
    arena_init(&arena, 0);
    assert_int_equal(wire_signatures_read(&out, &n, &arena, bytes_of_payload(&p)), WIRE_OK);
    assert_int_equal(n, 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(out[i].kind, in[i].kind);
        assert_int_equal(out[i].parity, in[i].parity);
        assert_memory_equal(out[i].hash32, in[i].hash32, 32);
        assert_true(bytes_equal(bytes_of(out[i].key, out[i].key_size),
                                bytes_of(in[i].key, in[i].key_size)));
        assert_true(bytes_equal(bytes_of(out[i].signature, out[i].signature_size),
                                bytes_of(in[i].signature, in[i].signature_size)));
    }
    arena_free(&arena);
    check_sizes(&p, read_signatures, false);
    free(p.data);
}

/* What can't be a signature whatever its bytes are. */
static void wrong_signatures(void **state)
{
    static const struct {
        uint8_t kind, parity, key_size, signature_size;
    } cases[] = {
        {EXS_SIGNATURE_ECDSA, 1, 33, 64},
        {EXS_SIGNATURE_ECDSA, 0, 33, 63},
        {EXS_SIGNATURE_ECDSA_DER, 1, 33, 70},
        {EXS_SIGNATURE_SCHNORR, 0, 33, 64},
        {EXS_SIGNATURE_SCHNORR, 0, 32, 65},
        {EXS_SIGNATURE_SCHNORR, 1, 32, 64},
        {EXS_SIGNATURE_TWEAK, 2, 32, 32},
        {EXS_SIGNATURE_TWEAK, 0, 33, 32},
        {EXS_SIGNATURE_TWEAK, 0, 32, 64},
        {4, 0, 32, 32},
        {255, 0, 32, 32},
    };
    uint8_t bytes[255] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct exs_verify_signature s = {cases[i].kind,
                                         cases[i].parity,
                                         cases[i].key_size,
                                         cases[i].signature_size,
                                         bytes,
                                         bytes,
                                         bytes};
        struct payload p = payload_of(wire_signatures_write(NULL, &s, 1));

        wire_signatures_write(p.data, &s, 1);
        if (read_signatures(bytes_of_payload(&p)) != WIRE_MALFORMED)
            fail_msg("case %zu was read", i);
        free(p.data);
    }
}

static void what_does_not_fit(void **state)
{
    struct exs_verify_signature s;
    struct exs_verify_signature all[5];
    struct exs_block_place p = place;
    struct exs_spent one = spent[0];
    uint8_t bytes[255];

    (void)state;
    fill_signatures(all, bytes);
    s = all[0];
    s.key_size = 256;
    assert_false(wire_signature_fits(&s));
    s = all[0];
    s.hash32 = NULL;
    assert_false(wire_signature_fits(&s));
    s = all[0];
    s.key = NULL;
    assert_false(wire_signature_fits(&s));
    s = all[0];
    s.kind = 256;
    assert_false(wire_signature_fits(&s));
    assert_true(wire_place_fits(NULL));
    assert_true(wire_place_fits(&p));
    p.network = "seventeen-letters";
    assert_false(wire_place_fits(&p));
    p = place;
    p.size--;
    assert_false(wire_place_fits(&p));
    p = place;
    p.signet_challenge_size = WIRE_CHALLENGE_MAX + 1;
    assert_false(wire_place_fits(&p));
    assert_true(wire_spent_fits(spent, 3));
    assert_true(wire_spent_fits(NULL, 0));
    assert_false(wire_spent_fits(NULL, 1));
    one.script = NULL;
    assert_false(wire_spent_fits(&one, 1));
    one = spent[0];
    one.coinbase = 3;
    assert_false(wire_spent_fits(&one, 1));
    one = spent[0];
    one.height = -2;
    assert_false(wire_spent_fits(&one, 1));
}

/* Numbers of things that can't be there must not be believed: no memory is taken for them. */
static void giant_counts(void **state)
{
    static const uint8_t giant[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    struct bytes good;
    struct exs_verify_statistics statistics;

    (void)state;
    assert_int_equal(read_signatures(bytes_of(giant, sizeof(giant))), WIRE_MALFORMED);
    assert_int_equal(wire_good_read(&good, bytes_of(giant, sizeof(giant))), WIRE_MALFORMED);
    assert_int_equal(wire_statistics_read(&statistics, bytes_of(giant, sizeof(giant))),
                     WIRE_MALFORMED);
}

static enum wire_result read_good(struct bytes payload)
{
    struct bytes good;

    return wire_good_read(&good, payload);
}

static void answers_to_signatures(void **state)
{
    static const uint8_t good[] = {1, 0, 1};
    struct payload p = payload_of(wire_good_write(NULL, good, sizeof(good)));
    struct bytes read;

    (void)state;
    wire_good_write(p.data, good, sizeof(good));
    assert_int_equal(wire_good_read(&read, bytes_of_payload(&p)), WIRE_OK);
    assert_true(bytes_equal(read, bytes_of(good, sizeof(good))));
    check_sizes(&p, read_good, false);
    p.data[5] = 2;
    assert_int_equal(read_good(bytes_of_payload(&p)), WIRE_MALFORMED);
    free(p.data);
}

/* ---------------------------------------------------------------- questions */

static void check_spent(const struct exs_spent *out, size_t n)
{
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_true(out[i].amount == spent[i].amount);
        assert_true(out[i].median_time_past == spent[i].median_time_past);
        assert_int_equal(out[i].height, spent[i].height);
        assert_int_equal(out[i].coinbase, spent[i].coinbase);
        assert_true(bytes_equal(bytes_of(out[i].script, out[i].script_size),
                                bytes_of(spent[i].script, spent[i].script_size)));
    }
}

static void check_place(const struct exs_block_place *out)
{
    assert_int_equal(out->size, sizeof(*out));
    assert_string_equal(out->network, place.network);
    assert_int_equal(out->height, place.height);
    assert_int_equal(out->bits, place.bits);
    assert_true(out->median_time_past == place.median_time_past);
    assert_true(out->previous_time == place.previous_time && out->now == place.now);
    assert_true(bytes_equal(bytes_of(out->signet_challenge, out->signet_challenge_size),
                            bytes_of(challenge, sizeof(challenge))));
}

static enum wire_result read_script(struct bytes payload)
{
    struct exs_verify_script_question q;
    struct arena arena;
    enum wire_result result;

    arena_init(&arena, 0);
    result = wire_script_read(&q, &arena, payload);
    if (result == WIRE_OK) {
        assert_int_equal(q.flags, 0x12345678);
        assert_int_equal(q.input, 0xfffffffe);
        assert_true(bytes_equal(bytes_of(q.tx, q.tx_size), bytes_of(raw, sizeof(raw))));
        check_spent(q.spent, q.spent_count);
    }
    arena_free(&arena);
    return result;
}

static enum wire_result read_transaction(struct bytes payload)
{
    struct exs_verify_transaction_question q;
    struct wire_place where;
    struct arena arena;
    enum wire_result result;

    arena_init(&arena, 0);
    result = wire_transaction_read(&q, &where, &arena, payload);
    if (result == WIRE_OK) {
        assert_int_equal(q.flags, EXS_VERIFY_FLAGS_OF_PLACE);
        assert_true(bytes_equal(bytes_of(q.tx, q.tx_size), bytes_of(raw, sizeof(raw))));
        check_place(q.place);
        check_spent(q.spent, q.spent_count);
    }
    arena_free(&arena);
    return result;
}

static enum wire_result read_block(struct bytes payload)
{
    struct exs_verify_block_question q;
    struct wire_place where;
    struct arena arena;
    enum wire_result result;

    arena_init(&arena, 0);
    result = wire_block_read(&q, &where, &arena, payload);
    if (result == WIRE_OK) {
        assert_int_equal(q.options, 0xa5);
        assert_true(bytes_equal(bytes_of(q.block, q.block_size), bytes_of(raw, sizeof(raw))));
        check_place(q.place);
        check_spent(q.spent, q.spent_count);
    }
    arena_free(&arena);
    return result;
}

static void questions(void **state)
{
    const struct exs_verify_script_question s = {raw,        sizeof(raw), 0xfffffffe,
                                                 0x12345678, spent,       3};
    const struct exs_verify_transaction_question t = {
        raw, sizeof(raw), &place, EXS_VERIFY_FLAGS_OF_PLACE, spent, 3};
    const struct exs_verify_block_question b = {raw, sizeof(raw), &place, 0xa5, spent, 3};
    struct payload p = payload_of(wire_script_write(NULL, &s));

    (void)state;
    assert_int_equal(wire_script_write(p.data, &s), p.size);
    assert_int_equal(p.size, 8 + 4 + sizeof(raw) + 4 + 3 * WIRE_COIN_SIZE + 4);
    check_sizes(&p, read_script, false);
    free(p.data);
    p = payload_of(wire_transaction_write(NULL, &t));
    assert_int_equal(wire_transaction_write(p.data, &t), p.size);
    assert_int_equal(p.size, 4 + 52 + 1 + 4 + sizeof(raw) + 4 + 3 * WIRE_COIN_SIZE + 4);
    check_sizes(&p, read_transaction, false);
    free(p.data);
    p = payload_of(wire_block_write(NULL, &b));
    assert_int_equal(wire_block_write(p.data, &b), p.size);
    check_sizes(&p, read_block, false);
    free(p.data);
}

/* No place is no network and no height. */
static void no_place(void **state)
{
    const struct exs_verify_transaction_question t = {.tx = raw, .tx_size = sizeof(raw)};
    struct payload p = payload_of(wire_transaction_write(NULL, &t));
    struct exs_verify_transaction_question q;
    struct wire_place where;
    struct arena arena;

    (void)state;
    wire_transaction_write(p.data, &t);
    arena_init(&arena, 0);
    assert_int_equal(wire_transaction_read(&q, &where, &arena, bytes_of_payload(&p)), WIRE_OK);
    assert_string_equal(q.place->network, "");
    assert_int_equal(q.place->height, EXS_UNKNOWN_HEIGHT);
    assert_int_equal(q.spent_count, 0);
    p.data[5] = 'x'; /* a name behind its end */
    assert_int_equal(wire_transaction_read(&q, &where, &arena, bytes_of_payload(&p)),
                     WIRE_MALFORMED);
    arena_free(&arena);
    free(p.data);
}

static void arenas_end(void **state)
{
    const struct exs_verify_block_question b = {raw, sizeof(raw), &place, 0xa5, spent, 3};
    struct payload p = payload_of(wire_block_write(NULL, &b));
    struct exs_verify_block_question q;
    struct wire_place where;
    struct arena arena;

    (void)state;
    wire_block_write(p.data, &b);
    arena_init(&arena, 16);
    assert_int_equal(wire_block_read(&q, &where, &arena, bytes_of_payload(&p)), WIRE_NO_MEMORY);
    arena_free(&arena);
    free(p.data);
}

static enum wire_result read_verdict(struct bytes payload)
{
    struct exs_verdict verdict;
    struct bytes reason, name;

    return wire_verdict_read(&verdict, &reason, &name, payload);
}

static void verdicts(void **state)
{
    struct exs_verdict verdict = {.result = EXS_INVALID,
                                  .reject = EXS_REJECT_SCRIPT,
                                  .script_error = 2,
                                  .unchecked = 15,
                                  .transaction = 7,
                                  .input = EXS_NO_INDEX,
                                  .fees = -1,
                                  .sigop_cost = UINT64_MAX - 1};
    struct payload p = payload_of(wire_verdict_write(NULL, &verdict, "because", "EVAL_FALSE"));
    struct exs_verdict read;
    struct bytes reason, name;

    (void)state;
    assert_int_equal(wire_verdict_write(p.data, &verdict, "because", "EVAL_FALSE"), 52 + 7 + 10);
    assert_int_equal(wire_verdict_read(&read, &reason, &name, bytes_of_payload(&p)), WIRE_OK);
    assert_memory_equal(&read, &verdict, sizeof(read));
    assert_true(bytes_equal(reason, bytes_of("because", 7)));
    assert_true(bytes_equal(name, bytes_of("EVAL_FALSE", 10)));
    check_sizes(&p, read_verdict, false);
    /* A header's version has the place of the script error. */
    p.data[4] = EXS_REJECT_VERSION;
    assert_int_equal(wire_verdict_read(&read, &reason, &name, bytes_of_payload(&p)), WIRE_OK);
    assert_true(read.version == 2 && read.script_error == 0);
    verdict.reject = EXS_REJECT_VERSION;
    verdict.version = -3;
    wire_verdict_write(p.data, &verdict, "because", "EVAL_FALSE");
    assert_int_equal(read_le32(p.data + 8), 0xfffffffd);
    p.data[0] = EXS_ERROR_MEMORY + 1;
    assert_int_equal(read_verdict(bytes_of_payload(&p)), WIRE_MALFORMED);
    free(p.data);
}

/* A reader of another version has other numbers, of which the first are the same. */
static void statistics(void **state)
{
    const struct exs_verify_statistics in = {.uptime_ms = 1, .clients = 2, .microseconds = 99};
    struct payload p = payload_of(wire_statistics_write(NULL, &in));
    struct exs_verify_statistics out;
    uint8_t more[400] = {0};

    (void)state;
    wire_statistics_write(p.data, &in);
    assert_int_equal(wire_statistics_read(&out, bytes_of_payload(&p)), WIRE_OK);
    assert_memory_equal(&out, &in, sizeof(out));
    memcpy(more, p.data, p.size);
    write_le32(more, read_le32(more) + 1);
    assert_int_equal(wire_statistics_read(&out, bytes_of(more, p.size + 8)), WIRE_OK);
    assert_memory_equal(&out, &in, sizeof(out));
    write_le32(more, 2);
    assert_int_equal(wire_statistics_read(&out, bytes_of(more, 20)), WIRE_OK);
    assert_int_equal(out.clients, 2);
    assert_int_equal(out.microseconds, 0);
    free(p.data);
}

/* Readers take any bytes. */
static void random_bytes(void **state)
{
    static read_fn *const readers[] = {read_hello,      read_service, read_error,
                                       read_signatures, read_good,    read_verdict};
    struct random r = random_create("test_wire");

    (void)state;
    for (int i = 0; i < 20000; i++) {
        size_t size = random_below(&r, 120);
        uint8_t *bytes = malloc(size ? size : 1);

        for (size_t n = 0; n < size; n++)
            bytes[n] = (uint8_t)(random_below(&r, 3) ? 0 : random_u64(&r));
        for (size_t n = 0; n < sizeof(readers) / sizeof(*readers); n++)
            readers[n](bytes_of(bytes, size));
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),          cmocka_unit_test(hellos),
        cmocka_unit_test(errors),           cmocka_unit_test(signatures),
        cmocka_unit_test(wrong_signatures), cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(giant_counts),     cmocka_unit_test(answers_to_signatures),
        cmocka_unit_test(questions),        cmocka_unit_test(no_place),
        cmocka_unit_test(arenas_end),       cmocka_unit_test(verdicts),
        cmocka_unit_test(statistics),       cmocka_unit_test(random_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
