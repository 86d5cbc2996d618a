/* The public API as a program sees it: nothing but <exs/exs.h> and the shared library. */
#include "tests/unit/vectors.h"

#include <exs/exs.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs what stands before it. */
#include <cmocka.h>

static struct exs_context *context_with(const struct exs_options *options)
{
    char error[EXS_ERROR_SIZE] = "";
    struct exs_context *exs = exs_context_create(options, error);

    if (!exs)
        fail_msg("%s", error);
    return exs;
}

static int set_up(void **state)
{
    *state = context_with(NULL);
    return 0;
}

static int tear_down(void **state)
{
    exs_context_destroy(*state);
    return 0;
}

static const uint8_t op_return[] = {0x6a};

/* A block of the vectors and all that it spends, of unknown origin. */
struct block {
    uint8_t *bytes, *undo;
    size_t size;
    struct exs_spent *spent;
    size_t spent_count;
    struct exs_block_place place;
};

static uint64_t little_endian(const uint8_t *at, size_t size)
{
    uint64_t x = 0;

    while (size--)
        x = x << 8 | at[size];
    return x;
}

static void read_spent(struct block *b, size_t undo_size)
{
    const uint8_t *at = b->undo;

    b->spent = calloc(undo_size / 9 + 1, sizeof(*b->spent));
    assert_non_null(b->spent);
    while (at < b->undo + undo_size) {
        size_t prefix = at[8] < 0xfd ? 0 : (size_t)1 << (at[8] - 0xfc);

        b->spent[b->spent_count++] = (struct exs_spent){
            .amount = (int64_t)little_endian(at, 8),
            .script = at + 9 + prefix,
            .script_size = prefix ? little_endian(at + 9, prefix) : at[8],
            .height = EXS_UNKNOWN_HEIGHT,
            .coinbase = EXS_UNKNOWN_COINBASE,
            .median_time_past = EXS_UNKNOWN_TIME,
        };
        at = b->spent[b->spent_count - 1].script + b->spent[b->spent_count - 1].script_size;
    }
}

static struct block load_block(const char *network, const char *file, int32_t height)
{
    struct block b = {0};
    char path[64];
    size_t undo_size;

    snprintf(path, sizeof(path), "blocks/%s-%d.raw", file, height);
    b.bytes = vectors_load(path, &b.size);
    snprintf(path, sizeof(path), "blocks/%s-%d-undo.raw", file, height);
    b.undo = vectors_load(path, &undo_size);
    read_spent(&b, undo_size);
    b.place = (struct exs_block_place){
        .size = sizeof(b.place),
        .network = network,
        .height = height,
        /* The median time past is not among the vectors; a block's own time is above it. */
        .median_time_past = (int64_t)little_endian(b.bytes + 68, 4) - 1,
    };
    return b;
}

static void free_block(struct block *b)
{
    free(b->bytes);
    free(b->undo);
    free(b->spent);
}

static enum exs_result verify(struct exs_context *exs, struct exs_verdict *verdict,
                              const struct block *b)
{
    return exs_verify_block(exs, verdict, b->bytes, b->size, &b->place, b->spent, b->spent_count);
}

static void assert_text(const struct exs_verdict *verdict, const char *expected)
{
    char text[EXS_VERDICT_TEXT_SIZE];

    assert_string_equal(exs_verdict_text(text, verdict), expected);
}

static void test_blocks(void **state)
{
    static const struct exs_options ways[] = {
        {.size = sizeof(struct exs_options), .threads = 1},
        {.size = sizeof(struct exs_options), .threads = 3, .unpinned = 1},
        {.size = sizeof(struct exs_options), .direct = 1, .verifier = "libsecp256k1"},
        {.size = sizeof(struct exs_options), .signature_cache_bytes = 1 << 20},
    };
    struct block b = load_block("main", "mainnet", 300025);

    (void)state;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct exs_context *exs = context_with(&ways[i]);
        struct exs_verdict verdict;

        if (ways[i].threads)
            assert_int_equal(exs_context_threads(exs), ways[i].threads);
        assert_string_equal(exs_context_verifier(exs), "libsecp256k1");
        assert_int_equal(verify(exs, &verdict, &b), EXS_VALID);
        assert_text(&verdict, "valid");
        assert_true(verdict.unchecked & EXS_UNCHECKED_MATURITY);
        assert_true(verdict.unchecked & EXS_UNCHECKED_DIFFICULTY);
        assert_true(verdict.fees > 0 && verdict.sigop_cost > 0);
        assert_int_equal(verdict.transaction, EXS_NO_INDEX);
        exs_context_destroy(exs);
    }
    free_block(&b);
}

/* The script of the third thing spent made one that nothing satisfies. */
static void test_a_bad_script_is_named(void **state)
{
    static const uint8_t nothing[1] = {0};
    struct block b = load_block("main", "mainnet", 300025);
    struct exs_verdict verdict;
    char text[EXS_VERDICT_TEXT_SIZE];

    b.spent[2].script = nothing;
    b.spent[2].script_size = sizeof(nothing);
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    assert_int_equal(verdict.reject, EXS_REJECT_SCRIPT);
    assert_string_equal(exs_script_error_name(verdict.script_error), "EVAL_FALSE");
    assert_true(verdict.transaction != EXS_NO_INDEX && verdict.input != EXS_NO_INDEX);
    exs_verdict_text(text, &verdict);
    assert_non_null(strstr(text, "block-script-verify-flag-failed (Script evaluated without error "
                                 "but finished with a false/empty top stack element) in input "));
    free_block(&b);
}

static void test_an_output_that_the_caller_has_not(void **state)
{
    struct block b = load_block("main", "mainnet", 300025);
    struct exs_verdict verdict;

    b.spent[2].amount = EXS_MISSING_AMOUNT;
    b.spent[2].script_size = 0;
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    assert_int_equal(verdict.reject, EXS_REJECT_TXNS_INPUTS_MISSINGORSPENT);
    free_block(&b);
}

static void test_what_need_not_hold(void **state)
{
    struct block b = load_block("main", "mainnet", 300025);
    struct exs_verdict verdict;

    b.bytes[76] ^= 1; /* the nonce */
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    assert_text(&verdict, "high-hash");
    b.place.skip = EXS_SKIP_PROOF_OF_WORK;
    assert_int_equal(verify(*state, &verdict, &b), EXS_VALID);
    b.spent[2].script = op_return;
    b.spent[2].script_size = sizeof(op_return);
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    b.place.skip |= EXS_SKIP_SCRIPTS;
    assert_int_equal(verify(*state, &verdict, &b), EXS_VALID);
    b.place.skip = 1 << 7;
    assert_int_equal(verify(*state, &verdict, &b), EXS_ERROR_ARGUMENT);
    free_block(&b);
}

static void test_the_header_where_its_chain_is_known(void **state)
{
    struct block b = load_block("main", "mainnet", 300025);
    int64_t time = b.place.median_time_past + 1;
    struct exs_verdict verdict;

    b.place.bits = (uint32_t)little_endian(b.bytes + 72, 4);
    b.place.previous_time = time - 600;
    b.place.now = time;
    assert_int_equal(verify(*state, &verdict, &b), EXS_VALID);
    assert_false(verdict.unchecked & EXS_UNCHECKED_DIFFICULTY);
    b.place.now = time - 2 * 60 * 60 - 1;
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    assert_text(&verdict, "time-too-new");
    b.place.now = time;
    b.place.bits--;
    assert_int_equal(verify(*state, &verdict, &b), EXS_INVALID);
    assert_text(&verdict, "bad-diffbits");
    free_block(&b);
}

static void test_arguments_of_blocks(void **state)
{
    struct block b = load_block("main", "mainnet", 300025);
    struct exs_verdict verdict;
    struct block bad;

#define EXPECT(change, expected)                                                                   \
    do {                                                                                           \
        bad = b;                                                                                   \
        change;                                                                                    \
        assert_int_equal(verify(*state, &verdict, &bad), expected);                                \
        assert_int_equal(verdict.result, expected);                                                \
        assert_int_equal(verdict.transaction, EXS_NO_INDEX);                                       \
    } while (0)

    EXPECT(bad.place.network = "mainnet", EXS_ERROR_ARGUMENT);
    EXPECT(bad.place.network = NULL, EXS_ERROR_ARGUMENT);
    EXPECT(bad.place.height = 0, EXS_ERROR_ARGUMENT);
    EXPECT(bad.place.size = 0, EXS_ERROR_ARGUMENT);
    EXPECT((bad.place.signet_challenge = b.bytes, bad.place.signet_challenge_size = 1),
           EXS_ERROR_ARGUMENT); /* main is no signet */
    EXPECT(bad.bytes = NULL, EXS_ERROR_ARGUMENT);
    EXPECT(bad.spent = NULL, EXS_ERROR_ARGUMENT);
    EXPECT(bad.size--, EXS_ERROR_MALFORMED);
    EXPECT(bad.size = 0, EXS_ERROR_MALFORMED);
    EXPECT(bad.spent_count--, EXS_ERROR_SPENT);
    EXPECT(bad.spent_count = 0, EXS_ERROR_SPENT);
#undef EXPECT
    bad = b;
    bad.place.height++;
    assert_int_equal(verify(*state, &verdict, &bad), EXS_INVALID);
    assert_int_equal(verdict.reject, EXS_REJECT_CB_HEIGHT);
    b.spent[1].coinbase = 3;
    assert_int_equal(verify(*state, &verdict, &b), EXS_ERROR_ARGUMENT);
    b.spent[1].coinbase = EXS_NOT_COINBASE;
    b.spent[1].height = -2;
    assert_int_equal(verify(*state, &verdict, &b), EXS_ERROR_ARGUMENT);
    b.spent[1].height = 300024;
    b.spent[1].script = NULL;
    assert_int_equal(verify(*state, &verdict, &b), EXS_ERROR_ARGUMENT);
    free_block(&b);
}

/* One input that spends OP_TRUE, and one output; no signature anywhere. */
static const uint8_t small_tx[] = {1, 0, 0, 0, 1, 7, 7, 7, 7,    7, 7,    7,    7,    7,    7, 7,
                                   7, 7, 7, 7, 7, 7, 7, 7, 7,    7, 7,    7,    7,    7,    7, 7,
                                   7, 7, 7, 7, 7, 0, 0, 0, 0,    0, 0xff, 0xff, 0xff, 0xff, 1, 1,
                                   0, 0, 0, 0, 0, 0, 0, 1, 0x51, 0, 0,    0,    0};
static const uint8_t op_true[] = {0x51};

static const struct exs_spent small_spent = {
    .amount = 1000,
    .script = op_true,
    .script_size = sizeof(op_true),
    .height = 100,
    .median_time_past = 1700000000,
};

static const struct exs_block_place regtest_place = {
    .size = sizeof(struct exs_block_place),
    .network = "regtest",
    .height = 150,
    .median_time_past = 1700000600,
};

static void test_transactions(void **state)
{
    struct exs_spent spent = small_spent;
    struct exs_verdict verdict;

    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx),
                                            &regtest_place, &spent, 1),
                     EXS_VALID);
    assert_int_equal(verdict.fees, 999);
    assert_int_equal(verdict.unchecked, 0);
    spent.coinbase = EXS_COINBASE;
    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx),
                                            &regtest_place, &spent, 1),
                     EXS_INVALID);
    assert_int_equal(verdict.reject, EXS_REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE);
    spent.coinbase = EXS_UNKNOWN_COINBASE;
    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx),
                                            &regtest_place, &spent, 1),
                     EXS_VALID);
    assert_int_equal(verdict.unchecked, EXS_UNCHECKED_MATURITY);
    spent.amount = 0;
    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx),
                                            &regtest_place, &spent, 1),
                     EXS_INVALID);
    assert_int_equal(verdict.reject, EXS_REJECT_TXNS_IN_BELOWOUT);
    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx) - 1,
                                            &regtest_place, &spent, 1),
                     EXS_ERROR_MALFORMED);
    assert_int_equal(exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx),
                                            &regtest_place, NULL, 0),
                     EXS_ERROR_SPENT);
    assert_int_equal(
        exs_verify_transaction(*state, &verdict, small_tx, sizeof(small_tx), NULL, &spent, 1),
        EXS_ERROR_ARGUMENT);
}

static void test_scripts(void **state)
{
    struct exs_spent spent = small_spent;
    struct exs_verdict verdict;

#define VERIFY(input, count, flags)                                                                \
    exs_verify_script(*state, &verdict, small_tx, sizeof(small_tx), input, &spent, count, flags)

    assert_int_equal(VERIFY(0, 1, EXS_SCRIPT_VERIFY_CONSENSUS), EXS_VALID);
    assert_int_equal(VERIFY(0, 1, 0), EXS_VALID);
    assert_int_equal(VERIFY(1, 1, 0), EXS_ERROR_INPUT);
    assert_int_equal(VERIFY(SIZE_MAX, 1, 0), EXS_ERROR_INPUT);
    assert_int_equal(VERIFY(0, 0, 0), EXS_ERROR_SPENT);
    assert_int_equal(VERIFY(0, 1, 1u << 21), EXS_ERROR_ARGUMENT);
    assert_int_equal(VERIFY(0, 1, EXS_SCRIPT_VERIFY_WITNESS), EXS_ERROR_ARGUMENT);
    assert_int_equal(VERIFY(0, 1, EXS_SCRIPT_VERIFY_CLEANSTACK | EXS_SCRIPT_VERIFY_P2SH),
                     EXS_ERROR_ARGUMENT);
    spent.script = op_return;
    assert_int_equal(VERIFY(0, 1, 0), EXS_INVALID);
    assert_string_equal(exs_script_error_name(verdict.script_error), "OP_RETURN");
    assert_text(&verdict, "block-script-verify-flag-failed (OP_RETURN was encountered) in input 0");
#undef VERIFY
}

static void test_signatures(void **state)
{
    uint8_t key[65] = {2}, hash[32] = {0}, signature[64] = {0}, good[2] = {7, 7};
    struct exs_signature s[2] = {
        {EXS_SIGNATURE_ECDSA, 33, key, hash, signature},
        {EXS_SIGNATURE_SCHNORR, 32, key, hash, signature},
    };

    assert_int_equal(exs_verify_signatures(*state, good, s, 0), EXS_VALID);
    assert_int_equal(exs_verify_signatures(*state, NULL, NULL, 0), EXS_VALID);
    assert_int_equal(good[0], 7);
    assert_int_equal(exs_verify_signatures(*state, good, s, 2), EXS_INVALID);
    assert_int_equal(good[0] | good[1], 0);
    s[1].key_size = 33;
    assert_int_equal(exs_verify_signatures(*state, good, s, 2), EXS_ERROR_ARGUMENT);
    s[1].key_size = 32;
    s[1].kind = 2;
    assert_int_equal(exs_verify_signatures(*state, good, s, 2), EXS_ERROR_ARGUMENT);
    s[1].kind = EXS_SIGNATURE_SCHNORR;
    s[1].hash32 = NULL;
    assert_int_equal(exs_verify_signatures(*state, good, s, 2), EXS_ERROR_ARGUMENT);
    assert_int_equal(exs_verify_signatures(*state, NULL, s, 2), EXS_ERROR_ARGUMENT);
}

static void test_contexts_that_cannot_be(void **state)
{
    static const struct exs_options bad[] = {
        {.size = 0},
        {.size = sizeof(struct exs_options) + 8},
        {.size = sizeof(struct exs_options), .verifier = "no such thing"},
        {.size = sizeof(struct exs_options), .threads = UINT32_MAX},
    };
    char error[EXS_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(error, 0, sizeof(error));
        assert_null(exs_context_create(&bad[i], error));
        assert_true(error[0]);
    }
    exs_context_destroy(NULL);
}

static void test_texts_of_any_number(void **state)
{
    struct exs_verdict verdict = {.result = EXS_INVALID, .transaction = 7, .input = 2};

    (void)state;
    assert_string_equal(exs_version(), EXS_VERSION);
    for (int i = -3; i < 300; i++) {
        assert_non_null(exs_result_text((enum exs_result)i));
        assert_non_null(exs_reject_text((enum exs_reject)i));
        assert_non_null(exs_script_error_name(i));
        assert_non_null(exs_script_error_text(i));
    }
    assert_string_equal(exs_reject_text(EXS_REJECT_TXNS_BIP30), "bad-txns-BIP30");
    assert_string_equal(exs_reject_text(EXS_REJECT_NONE), "");
    verdict.reject = EXS_REJECT_TXNS_VIN_EMPTY;
    assert_text(&verdict, "bad-txns-vin-empty in input 2 of transaction 7");
    verdict.input = EXS_NO_INDEX;
    assert_text(&verdict, "bad-txns-vin-empty in transaction 7");
    verdict.reject = EXS_REJECT_VERSION;
    verdict.transaction = EXS_NO_INDEX;
    verdict.version = -1;
    assert_text(&verdict, "bad-version(0xffffffff)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_a_bad_script_is_named),
        cmocka_unit_test(test_an_output_that_the_caller_has_not),
        cmocka_unit_test(test_what_need_not_hold),
        cmocka_unit_test(test_the_header_where_its_chain_is_known),
        cmocka_unit_test(test_arguments_of_blocks),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_contexts_that_cannot_be),
        cmocka_unit_test(test_texts_of_any_number),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
