/*
 * Questions become calls of the validator and its verdicts answers. The validator's calls are
 * played here: they note what they are given and say what they are told to.
 */
#include "validation/service/answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

/* A transaction with two inputs and an output, in the old format. */
enum { TX_SIZE = 4 + 1 + 2 * 41 + 1 + 9 + 4 };
static uint8_t tx[TX_SIZE];

static struct {
    int calls;
    struct verdict verdict;
    size_t input;
    struct tx_output output;
    bool knew_all;
    uint32_t flags;
    struct transaction_context transaction;
    struct block_context block;
    struct params params; /* of block */
    struct header_context header;
    struct tx_output spent[4];
    struct spent_origin origins[4];
    struct bytes raw;
    struct signature_check checks[8];
    size_t check_count;
    enum validation signatures;
} seen;

static void note_spent(const struct tx_output *spent, const struct spent_origin *origins, size_t n)
{
    for (size_t i = 0; i < n && i < 4; i++) {
        seen.spent[i] = spent[i];
        seen.origins[i] = origins[i];
    }
}

struct verdict validate_script(struct validator *validator, const struct transaction *t,
                               size_t input, struct tx_output output, const struct tx_output *spent,
                               uint32_t flags)
{
    (void)validator;
    assert_int_equal(t->input_count, 2);
    seen.calls++;
    seen.input = input;
    seen.output = output;
    seen.knew_all = spent != NULL;
    seen.flags = flags;
    return seen.verdict;
}

struct verdict validate_transaction(struct validator *validator, const struct transaction *t,
                                    const struct transaction_context *context)
{
    (void)validator;
    assert_int_equal(t->input_count, 2);
    seen.calls++;
    seen.transaction = *context;
    note_spent(context->spent, context->origins, context->spent_count);
    return seen.verdict;
}

struct verdict validate_block_bytes(struct validator *validator, struct bytes raw,
                                    const struct block_context *context)
{
    (void)validator;
    seen.calls++;
    seen.raw = raw;
    seen.block = *context;
    seen.params = *context->place.params;
    if (context->header)
        seen.header = *context->header;
    note_spent(context->spent, context->origins, context->spent_count);
    return seen.verdict;
}

enum validation validate_signatures(struct validator *validator, uint8_t *accepted,
                                    const struct signature_check *checks, size_t n)
{
    (void)validator;
    seen.calls++;
    seen.check_count = n;
    for (size_t i = 0; i < n; i++) {
        accepted[i] = i % 2 == 0;
        seen.checks[i] = checks[i];
    }
    return seen.signatures;
}

static const uint8_t script[] = {0x51};
static const struct exs_spent spent[2] = {
    {.amount = 5,
     .script = script,
     .script_size = 1,
     .height = 9,
     .coinbase = 1,
     .median_time_past = 7},
    {.amount = 6,
     .height = EXS_UNKNOWN_HEIGHT,
     .coinbase = 2,
     .median_time_past = EXS_UNKNOWN_TIME},
};

/* Where the payload of the last question and its answer lie. */
static uint8_t *payload;
static struct service_answer answer;

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    memset(tx, 0, sizeof(tx));
    tx[0] = 2;
    tx[4] = 2;
    tx[5] = 1;      /* the first input spends another transaction than ... */
    tx[5 + 41] = 2; /* ... the second */
    tx[5 + 82] = 1;
    return 0;
}

static int end(void **state)
{
    (void)state;
    free(payload);
    free(answer.payload);
    payload = answer.payload = NULL;
    return 0;
}

static void ask(enum exs_verify_kind kind, size_t size)
{
    static const struct answer_source source = {NULL, &kernels_generic};

    free(answer.payload);
    answer_question((void *)(uintptr_t)&source, &answer, kind, bytes_of(payload, size));
    assert_non_null(answer.payload);
}

static void ask_script(const struct exs_verify_script_question *q)
{
    size_t size = wire_script_write(NULL, q);

    free(payload);
    payload = malloc(size);
    wire_script_write(payload, q);
    ask(EXS_VERIFY_SCRIPT, size);
}

static void ask_transaction(const struct exs_verify_transaction_question *q)
{
    size_t size = wire_transaction_write(NULL, q);

    free(payload);
    payload = malloc(size);
    wire_transaction_write(payload, q);
    ask(EXS_VERIFY_TRANSACTION, size);
}

static void ask_block(const struct exs_verify_block_question *q)
{
    size_t size = wire_block_write(NULL, q);

    free(payload);
    payload = malloc(size);
    wire_block_write(payload, q);
    ask(EXS_VERIFY_BLOCK, size);
}

static struct exs_verdict verdict(const char *expected_reason, const char *expected_name)
{
    struct exs_verdict v;
    struct bytes reason, name;

    assert_int_equal(wire_verdict_read(&v, &reason, &name, bytes_of(answer.payload, answer.size)),
                     WIRE_OK);
    if (!bytes_equal(reason, bytes_of(expected_reason, strlen(expected_reason))))
        fail_msg("the reason is \"%.*s\"", (int)reason.size, (const char *)reason.data);
    assert_true(bytes_equal(name, bytes_of(expected_name, strlen(expected_name))));
    return v;
}

static void expect_error(enum exs_verify_error expected)
{
    enum exs_verify_error code;
    struct bytes text;

    assert_int_equal(answer.type, WIRE_ERROR);
    assert_int_equal(answer.outcome, SERVICE_UNANSWERED);
    assert_int_equal(wire_error_read(&code, &text, bytes_of(answer.payload, answer.size)), WIRE_OK);
    assert_int_equal(code, expected);
    assert_true(bytes_equal(
        text, bytes_of(exs_verify_error_text(code), strlen(exs_verify_error_text(code)))));
}

/* A mistake of the caller's: said without asking the validator. */
static void expect_mistake(enum exs_result expected, const char *reason)
{
    struct exs_verdict v = verdict(reason, "");

    assert_int_equal(v.result, expected);
    assert_int_equal(v.reject, EXS_REJECT_NONE);
    assert_true(v.transaction == EXS_NO_INDEX && v.input == EXS_NO_INDEX);
    assert_int_equal(answer.outcome, SERVICE_UNANSWERED);
    assert_int_equal(seen.calls, 0);
}

static struct exs_verify_script_question script_question(void)
{
    return (struct exs_verify_script_question){tx, TX_SIZE, 1, SCRIPT_VERIFY_P2SH, spent, 2};
}

static void scripts(void **state)
{
    struct exs_verify_script_question q = script_question();

    (void)state;
    ask_script(&q);
    assert_int_equal(answer.type, EXS_VERIFY_SCRIPT | WIRE_ANSWER);
    assert_int_equal(verdict("", "").result, EXS_VALID);
    assert_int_equal(answer.outcome, SERVICE_VALID);
    assert_int_equal(seen.input, 1);
    assert_true(seen.knew_all && seen.output.value.sat == 6 && seen.output.script.size == 0);
    assert_int_equal(seen.flags, SCRIPT_VERIFY_P2SH);
    /* One alone is this input's. */
    q.spent_count = 1;
    ask_script(&q);
    assert_true(!seen.knew_all && seen.output.value.sat == 5 && seen.output.script.size == 1);
}

static void mistakes_with_scripts(void **state)
{
    static const char flags[] = "unknown flags, WITNESS without P2SH, or CLEANSTACK without both";
    static const char few[] =
        "one spent output an input is needed, or without TAPROOT this input's alone";
    struct exs_verify_script_question q = script_question();
    static const uint32_t wrong[] = {1u << 21, SCRIPT_VERIFY_WITNESS, SCRIPT_VERIFY_CLEANSTACK,
                                     SCRIPT_VERIFY_CLEANSTACK | SCRIPT_VERIFY_P2SH,
                                     SCRIPT_VERIFY_CLEANSTACK | SCRIPT_VERIFY_WITNESS};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        q.flags = wrong[i];
        ask_script(&q);
        expect_mistake(EXS_ERROR_ARGUMENT, flags);
    }
    q = script_question();
    q.input = 2;
    ask_script(&q);
    expect_mistake(EXS_ERROR_INPUT, "the transaction has no input of that index");
    q = script_question();
    q.spent_count = 0;
    ask_script(&q);
    expect_mistake(EXS_ERROR_SPENT, few);
    q.spent_count = 1;
    q.flags |= SCRIPT_VERIFY_TAPROOT;
    ask_script(&q);
    expect_mistake(EXS_ERROR_SPENT, few);
    q = script_question();
    q.tx_size--;
    ask_script(&q);
    expect_mistake(EXS_ERROR_MALFORMED, parse_result_text(PARSE_MALFORMED));
}

static void reasons(void **state)
{
    struct exs_verify_script_question q = script_question();
    struct exs_verdict v;

    (void)state;
    seen.verdict.result = VALIDATION_INVALID;
    seen.verdict.rejection = rejection_of(REJECT_SCRIPT);
    seen.verdict.rejection.script = SCRIPT_ERR_EVAL_FALSE;
    seen.verdict.rejection.input = 1;
    seen.verdict.fees.sat = 7; /* says nothing here */
    ask_script(&q);
    v = verdict("block-script-verify-flag-failed (Script evaluated without error but finished with "
                "a false/empty top stack element)",
                "EVAL_FALSE");
    assert_int_equal(v.result, EXS_INVALID);
    assert_int_equal(v.reject, EXS_REJECT_SCRIPT);
    assert_int_equal(v.script_error, SCRIPT_ERR_EVAL_FALSE);
    assert_true(v.transaction == EXS_NO_INDEX && v.input == 1 && v.fees == 0);
    assert_int_equal(answer.outcome, SERVICE_INVALID);
    for (int i = 1; i < REJECTS; i++) {
        seen.verdict.rejection = rejection_of((enum reject)i);
        ask_script(&q);
        assert_int_equal(answer.payload[4], i);
    }
}

static void verdicts_that_are_none(void **state)
{
    static const struct {
        enum validation result;
        enum parse_result parse;
        int expected; /* an enum exs_verify_error, or the negative of an enum exs_result */
    } cases[] = {
        {VALIDATION_MALFORMED, PARSE_UNKNOWN_FLAG, -(int)EXS_ERROR_MALFORMED},
        {VALIDATION_MALFORMED, PARSE_NO_MEMORY, EXS_VERIFY_ERROR_MEMORY},
        {VALIDATION_MISMATCH, PARSE_OK, -(int)EXS_ERROR_SPENT},
        {VALIDATION_NO_MEMORY, PARSE_OK, EXS_VERIFY_ERROR_MEMORY},
        {VALIDATION_CANCELLED, PARSE_OK, EXS_VERIFY_ERROR_END},
    };
    struct exs_verify_script_question q = script_question();

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        seen.verdict.result = cases[i].result;
        seen.verdict.parse = cases[i].parse;
        ask_script(&q);
        if (cases[i].expected > 0) {
            expect_error((enum exs_verify_error)cases[i].expected);
        } else {
            assert_int_equal(answer.type, EXS_VERIFY_SCRIPT | WIRE_ANSWER);
            assert_int_equal(answer.payload[0], -cases[i].expected);
        }
    }
}

static void transactions(void **state)
{
    struct exs_block_place place = {
        .size = sizeof(place), .network = "main", .height = 800000, .median_time_past = 1690000000};
    struct exs_verify_transaction_question q = {tx,    TX_SIZE, &place, EXS_VERIFY_FLAGS_OF_PLACE,
                                                spent, 2};
    struct exs_verdict v;

    (void)state;
    seen.verdict = (struct verdict){
        .unchecked = UNCHECKED_MATURITY | UNCHECKED_LOCK_TIME, .fees = {99}, .sigop_cost = 4};
    ask_transaction(&q);
    v = verdict("", "");
    assert_int_equal(v.unchecked, EXS_UNCHECKED_MATURITY | EXS_UNCHECKED_LOCK_TIME);
    assert_true(v.fees == 99 && v.sigop_cost == 4);
    assert_int_equal(seen.transaction.flags,
                     block_script_flags(params_find("main"), (struct block_hash){{0}}, 800000));
    assert_int_equal(seen.transaction.height, 800000);
    assert_int_equal(seen.transaction.median_time_past, 1690000000);
    assert_int_equal(seen.transaction.spent_count, 2);
    assert_true(seen.spent[0].value.sat == 5 && seen.spent[1].value.sat == 6);
    assert_true(seen.origins[0].height == 9 && seen.origins[0].coinbase == SPENT_COINBASE &&
                seen.origins[0].median_time_past == 7);
    assert_true(seen.origins[1].height == SPENT_UNKNOWN_HEIGHT &&
                seen.origins[1].coinbase == SPENT_UNKNOWN_COINBASE &&
                seen.origins[1].median_time_past == SPENT_UNKNOWN_TIME);
    /* There is one transaction, so none is named. */
    seen.verdict = (struct verdict){
        .result = VALIDATION_INVALID,
        .rejection = rejection_at(REJECT_TXNS_INPUTS_MISSINGORSPENT, 0, 1),
    };
    ask_transaction(&q);
    v = verdict("bad-txns-inputs-missingorspent", "");
    assert_true(v.transaction == EXS_NO_INDEX && v.input == 1);
    seen.verdict = (struct verdict){.result = VALIDATION_VALID};
    /* With flags of its own it needs no place. */
    q.place = NULL;
    q.flags = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_LOW_S;
    ask_transaction(&q);
    assert_int_equal(seen.transaction.flags, q.flags);
    assert_int_equal(seen.transaction.height, -1);
}

static void mistakes_with_transactions(void **state)
{
    static const char where[] =
        "no network of that name, a height below 1, or a challenge for what is no signet";
    struct exs_block_place place = {.size = sizeof(place), .network = "main", .height = 1};
    struct exs_verify_transaction_question q = {tx,    TX_SIZE, NULL, EXS_VERIFY_FLAGS_OF_PLACE,
                                                spent, 2};

    (void)state;
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_ARGUMENT, where);
    q.place = &place;
    place.network = "moon";
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_ARGUMENT, where);
    place.network = "main";
    place.height = 0;
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_ARGUMENT, where);
    place.height = 1;
    place.signet_challenge = script;
    place.signet_challenge_size = 1;
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_ARGUMENT, where);
    place.network = "signet";
    ask_transaction(&q);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(verdict("", "").result, EXS_VALID);
    seen.calls = 0;
    q.flags = SCRIPT_VERIFY_WITNESS;
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_ARGUMENT,
                   "unknown flags, WITNESS without P2SH, or CLEANSTACK without both");
    /* With flags of its own: a height that can be, or -1. */
    q.flags = 0;
    for (place.height = -2; place.height <= 0; place.height += 2) {
        ask_transaction(&q);
        expect_mistake(EXS_ERROR_ARGUMENT, where);
    }
    q.tx_size = 0;
    place.height = 1;
    ask_transaction(&q);
    expect_mistake(EXS_ERROR_MALFORMED, parse_result_text(PARSE_MALFORMED));
}

static void blocks(void **state)
{
    static const uint8_t block[] = "a block";
    struct exs_block_place place = {.size = sizeof(place),
                                    .network = "regtest",
                                    .height = 5,
                                    .median_time_past = 6,
                                    .previous_time = 7,
                                    .now = 8};
    struct exs_verify_block_question q = {block, sizeof(block), &place, 0, spent, 2};

    (void)state;
    ask_block(&q);
    assert_int_equal(answer.type, EXS_VERIFY_BLOCK | WIRE_ANSWER);
    assert_true(bytes_equal(seen.raw, bytes_of(block, sizeof(block))));
    assert_string_equal(seen.params.name, "regtest");
    assert_true(seen.block.place.height == 5 && seen.block.place.median_time_past == 6);
    assert_null(seen.block.header);
    assert_false(seen.block.skip_scripts || seen.block.skip_proof_of_work ||
                 seen.block.bip34_known || seen.block.keep_signatures);
    assert_int_equal(seen.block.spent_count, 2);
    assert_true(seen.spent[1].value.sat == 6 && seen.origins[0].height == 9);
    place.bits = 0x207fffff;
    place.network = "signet";
    place.signet_challenge = script;
    place.signet_challenge_size = 1;
    q.options = EXS_VERIFY_SKIP_SCRIPTS | EXS_VERIFY_KEEP_SIGNATURES;
    ask_block(&q);
    assert_true(seen.header.bits == 0x207fffff && seen.header.previous_time == 7 &&
                seen.header.now == 8);
    assert_true(seen.block.skip_scripts && seen.block.keep_signatures);
    assert_false(seen.block.skip_proof_of_work || seen.block.bip34_known);
    assert_int_equal(seen.params.signet_challenge.size, 1);
    q.options = EXS_VERIFY_SKIP_PROOF_OF_WORK | EXS_VERIFY_BIP34_KNOWN;
    ask_block(&q);
    assert_false(seen.block.skip_scripts || seen.block.keep_signatures);
    assert_true(seen.block.skip_proof_of_work && seen.block.bip34_known);
    seen.calls = 0;
    q.options = 1 << 4;
    ask_block(&q);
    expect_mistake(EXS_ERROR_ARGUMENT, "unknown options");
    q.options = 0;
    place.height = 0;
    ask_block(&q);
    expect_mistake(
        EXS_ERROR_ARGUMENT,
        "no network of that name, a height below 1, or a challenge for what is no signet");
}

static void signatures(void **state)
{
    /* A key that can be one, r and s of 1 in DER and as they are. */
    static const uint8_t key[65] = {3, 1}, hybrid[65] = {6, 1}, hash[32] = {4},
                         rs[64] = {[31] = 1, [63] = 1};
    static const uint8_t der[] = {0x30, 6, 2, 1, 1, 2, 1, 1};
    static const uint8_t bad_key[65] = {0};
    const struct exs_verify_signature in[] = {
        {EXS_SIGNATURE_ECDSA, 0, 33, 64, key, hash, rs},
        {EXS_SIGNATURE_ECDSA_DER, 0, 65, sizeof(der), hybrid, hash, der},
        {EXS_SIGNATURE_ECDSA_DER, 0, 33, 3, key, hash, der}, /* cut: no signature */
        {EXS_SIGNATURE_ECDSA, 0, 65, 64, key, hash, rs},     /* 65 bytes from 03: no key */
        {EXS_SIGNATURE_ECDSA, 0, 0, 64, NULL, hash, rs},     /* no key at all */
        {EXS_SIGNATURE_SCHNORR, 0, 32, 64, key, hash, rs},
        {EXS_SIGNATURE_TWEAK, 1, 32, 32, key, hash, rs},
    };
    enum { N = sizeof(in) / sizeof(*in) };
    size_t size = wire_signatures_write(NULL, in, N);
    struct bytes good;

    (void)state;
    payload = malloc(size);
    wire_signatures_write(payload, in, N);
    seen.signatures = VALIDATION_INVALID;
    ask(EXS_VERIFY_SIGNATURES, size);
    assert_int_equal(answer.type, EXS_VERIFY_SIGNATURES | WIRE_ANSWER);
    assert_int_equal(answer.outcome, SERVICE_INVALID);
    assert_int_equal(wire_good_read(&good, bytes_of(answer.payload, answer.size)), WIRE_OK);
    assert_true(bytes_equal(good, bytes_of("\1\0\1\0\1\0\1", 7)));
    assert_int_equal(seen.check_count, N);
    assert_int_equal(seen.checks[0].kind, SIGNATURE_ECDSA);
    assert_int_equal(seen.checks[0].key_size, 33);
    assert_memory_equal(seen.checks[0].key, key, 33);
    assert_memory_equal(seen.checks[0].signature, rs, 64);
    assert_memory_equal(seen.checks[0].message, hash, 32);
    assert_int_equal(seen.checks[1].key_size, 65);
    assert_memory_equal(seen.checks[1].key, hybrid, 65);
    assert_memory_equal(seen.checks[1].signature, rs, 64);
    for (int i = 2; i < 5; i++) {
        assert_int_equal(seen.checks[i].kind, SIGNATURE_ECDSA);
        assert_int_equal(seen.checks[i].key_size, 33);
        assert_memory_equal(seen.checks[i].key, bad_key, 65);
    }
    assert_int_equal(seen.checks[5].kind, SIGNATURE_SCHNORR);
    assert_memory_equal(seen.checks[5].key, key, 32);
    assert_int_equal(seen.checks[6].kind, SIGNATURE_TAPROOT_TWEAK);
    assert_int_equal(seen.checks[6].parity, 1);
    assert_memory_equal(seen.checks[6].signature, rs, 32);
    seen.signatures = VALIDATION_CANCELLED;
    ask(EXS_VERIFY_SIGNATURES, size);
    expect_error(EXS_VERIFY_ERROR_END);
    seen.signatures = VALIDATION_VALID;
    write_le32(payload, 0);
    ask(EXS_VERIFY_SIGNATURES, 4);
    assert_int_equal(answer.outcome, SERVICE_VALID);
}

static void unreadable(void **state)
{
    static const enum exs_verify_kind kinds[] = {EXS_VERIFY_SIGNATURES, EXS_VERIFY_SCRIPT,
                                                 EXS_VERIFY_TRANSACTION, EXS_VERIFY_BLOCK};

    (void)state;
    payload = calloc(1, 3);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        ask(kinds[i], 3);
        expect_error(EXS_VERIFY_ERROR_PAYLOAD);
    }
    ask(EXS_VERIFY_PING, 0);
    expect_error(EXS_VERIFY_ERROR_TYPE);
    assert_int_equal(seen.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(scripts, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_with_scripts, begin, end),
        cmocka_unit_test_setup_teardown(reasons, begin, end),
        cmocka_unit_test_setup_teardown(verdicts_that_are_none, begin, end),
        cmocka_unit_test_setup_teardown(transactions, begin, end),
        cmocka_unit_test_setup_teardown(mistakes_with_transactions, begin, end),
        cmocka_unit_test_setup_teardown(blocks, begin, end),
        cmocka_unit_test_setup_teardown(signatures, begin, end),
        cmocka_unit_test_setup_teardown(unreadable, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
