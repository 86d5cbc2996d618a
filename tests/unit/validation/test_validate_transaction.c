/* Transactions, scripts and signatures by themselves. */
#include "tests/unit/validation/support.h"

#include <stdlib.h>

enum {
    FLAGS = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_NULLDUMMY |
            SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY | SCRIPT_VERIFY_CHECKSEQUENCEVERIFY |
            SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_TAPROOT,
};

/* A transaction with what it spends. */
struct spending {
    struct arena arena;
    uint8_t *raw, *undo;
    struct transaction tx;
    struct tx_output *spent;
    struct transaction_context context;
};

static void load_spending(struct spending *s, const char *name)
{
    size_t size, undo_size;
    char path[64];

    *s = (struct spending){0};
    arena_init(&s->arena, 0);
    snprintf(path, sizeof(path), "transactions/%s.raw", name);
    s->raw = vectors_load(path, &size);
    snprintf(path, sizeof(path), "transactions/%s-undo.raw", name);
    s->undo = vectors_load(path, &undo_size);
    assert_int_equal(
        transaction_parse(&s->tx, &s->arena, bytes_of(s->raw, size), TRANSACTION_WITH_WITNESS),
        PARSE_OK);
    s->spent = load_undo(&s->arena, s->undo, undo_size, &s->context.spent_count);
    s->context.spent = s->spent;
    s->context.flags = FLAGS;
    s->context.height = -1;
}

static void unload_spending(struct spending *s)
{
    arena_free(&s->arena);
    free(s->raw);
    free(s->undo);
}

static void expect_rejection(struct validator *v, const struct spending *s, const char *text)
{
    struct verdict verdict = validate_transaction(v, &s->tx, &s->context);
    char out[REJECTION_TEXT_SIZE];

    assert_int_equal(verdict.result, VALIDATION_INVALID);
    assert_string_equal(rejection_text(out, &verdict.rejection), text);
    assert_int_equal(verdict.rejection.transaction, 0);
}

static void test_real_ones(void **state)
{
    static const char *const names[] = {"tx1", "tx3", "tx10"};
    struct pool *pool = make_pool(2);
    struct validator *v[3] = {make_validator(NULL, false, 1 << 16), make_validator(NULL, true, 0),
                              make_validator(pool, false, 0)};

    (void)state;
    for (size_t i = 0; i < 9; i++) {
        struct spending s;
        struct verdict verdict;
        int64_t fees = 0;

        load_spending(&s, names[i % 3]);
        verdict = validate_transaction(v[i / 3], &s.tx, &s.context);
        assert_int_equal(verdict.result, VALIDATION_VALID);
        assert_int_equal(verdict.inputs, s.tx.input_count);
        assert_true(verdict.signatures >= verdict.inputs);
        assert_int_equal(verdict.unchecked & (unsigned)~UNCHECKED_LOCK_TIME, UNCHECKED_MATURITY);
        for (size_t j = 0; j < s.tx.input_count; j++)
            fees += s.spent[j].value.sat;
        for (size_t j = 0; j < s.tx.output_count; j++)
            fees -= s.tx.outputs[j].value.sat;
        assert_int_equal(verdict.fees.sat, fees);
        assert_int_equal(validate_transaction(v[i / 3], &s.tx, &s.context).cached,
                         i / 3 ? 0 : verdict.signatures);
        unload_spending(&s);
    }
    for (size_t i = 0; i < 3; i++)
        validator_destroy(v[i]);
    pool_destroy(pool, POOL_DRAIN);
}

static void test_what_its_context_says(void **state)
{
    struct validator *v = make_validator(NULL, false, 0);
    struct spent_origin origins[3] = {{100, SPENT_COINBASE, 1000},
                                      {50, SPENT_NOT_COINBASE, 1000},
                                      {50, SPENT_NOT_COINBASE, 1000}};
    struct spending s;

    (void)state;
    load_spending(&s, "tx10");
    s.context.origins = origins;
    s.context.height = 199;
    expect_rejection(v, &s, "bad-txns-premature-spend-of-coinbase");
    s.context.height = 200;
    s.context.median_time_past = INT32_MAX;
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_VALID);
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).unchecked, 0);
    s.spent[1] = SPENT_MISSING;
    expect_rejection(v, &s, "bad-txns-inputs-missingorspent");
    s.context.spent_count--;
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_MISMATCH);
    unload_spending(&s);
    validator_destroy(v);
}

/* One that is made here: lock times come before scripts, so that it needs no good one. */
static void test_locks(void **state)
{
    struct validator *v = make_validator(NULL, false, 0);
    uint8_t yes[] = {OP_1};
    struct tx_output spent = {{10}, bytes_of(yes, 1)}, output = {{9}, bytes_of(yes, 1)};
    struct tx_input input = {.previous.index = 1, .sequence = 10};
    struct spent_origin origin = {100, SPENT_NOT_COINBASE, 1000};
    struct spending s = {
        .tx = {2, 109, &input, 1, &output, 1, {0}, {0}},
        .context = {&spent, 1, &origin, FLAGS, 109, 5000},
    };

    (void)state;
    expect_rejection(v, &s, "bad-txns-nonfinal"); /* nLockTime */
    s.tx.lock_time = 108;
    expect_rejection(v, &s, "bad-txns-nonfinal"); /* BIP68 */
    s.context.flags &= ~(uint32_t)SCRIPT_VERIFY_CHECKSEQUENCEVERIFY;
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_VALID);
    s.context.flags = FLAGS;
    s.context.height = 110;
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_VALID);
    s.context.height = -1;
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_VALID);
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).unchecked,
                     UNCHECKED_LOCK_TIME | UNCHECKED_SEQUENCE_LOCKS);
    s.tx.output_count = 0;
    expect_rejection(v, &s, "bad-txns-vout-empty");
    s.tx.output_count = 1;
    output.value.sat = 11;
    expect_rejection(v, &s, "bad-txns-in-belowout");
    validator_destroy(v);
}

static void test_a_coinbase(void **state)
{
    struct validator *v = make_validator(NULL, false, 0);
    struct spending s = {0};
    struct loaded b;

    (void)state;
    load(&b, (struct block_name){"mainnet", 170});
    s.tx = b.block.transactions[0];
    assert_int_equal(validate_transaction(v, &s.tx, &s.context).result, VALIDATION_VALID);
    s.tx.inputs[0].script.size = 1;
    expect_rejection(v, &s, "bad-cb-length");
    unload(&b);
    validator_destroy(v);
}

/* ---- the transaction with the most inputs, on the pool ---- */

static size_t largest(const struct block *block, size_t *begin)
{
    size_t best = 1, at = 0;

    *begin = 0;
    for (size_t i = 1; i < block->transaction_count; i++) {
        if (block->transactions[i].input_count > block->transactions[best].input_count) {
            best = i;
            *begin = at;
        }
        at += block->transactions[i].input_count;
    }
    return best;
}

static void test_many_inputs(void **state)
{
    struct pool *pool = make_pool(3);
    struct validator *v[3] = {make_validator(NULL, false, 0), make_validator(NULL, true, 0),
                              make_validator(pool, false, 1 << 20)};
    struct spending s = {0};
    struct loaded b;
    size_t begin, last;

    (void)state;
    load(&b, (struct block_name){"mainnet", 866342});
    s.tx = b.block.transactions[largest(&b.block, &begin)];
    s.spent = b.spent + begin;
    s.context = (struct transaction_context){s.spent, s.tx.input_count, NULL, FLAGS, -1, 0};
    printf("%zu inputs\n", s.tx.input_count);
    assert_true(s.tx.input_count > 50);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(validate_transaction(v[i], &s.tx, &s.context).result, VALIDATION_VALID);
    last = s.tx.input_count - 1;
    for (size_t bad = last; bad <= last; bad = bad ? bad / 2 : SIZE_MAX) {
        s.spent[bad].value.sat += 100000; /* which its signature has */
        for (size_t i = 0; i < 3; i++) {
            struct verdict verdict = validate_transaction(v[i], &s.tx, &s.context);

            assert_int_equal(verdict.rejection.reason, REJECT_SCRIPT);
            assert_int_equal(verdict.rejection.input, bad);
        }
    }
    for (size_t i = 0; i < 3; i++)
        validator_destroy(v[i]);
    unload(&b);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- one script; signatures ---- */

static void test_one_script(void **state)
{
    struct validator *v = make_validator(NULL, false, 1 << 16);
    struct spending s;
    struct verdict verdict;

    (void)state;
    load_spending(&s, "tx3");
    for (size_t i = 0; i < s.tx.input_count; i++) {
        verdict = validate_script(v, &s.tx, i, s.spent[i], NULL, FLAGS);
        assert_int_equal(verdict.result, VALIDATION_VALID);
        assert_int_equal(verdict.cached, 0);
        verdict = validate_script(v, &s.tx, i, s.spent[i], s.spent, FLAGS);
        assert_int_equal(verdict.result, VALIDATION_VALID);
        assert_int_equal(verdict.cached, verdict.signatures);
        verdict = validate_script(v, &s.tx, i, s.spent[i], s.spent, SCRIPT_VERIFY_NONE);
        assert_int_equal(verdict.result, VALIDATION_VALID);
    }
    verdict = validate_script(v, &s.tx, s.tx.input_count, s.spent[0], s.spent, FLAGS);
    assert_int_equal(verdict.result, VALIDATION_MISMATCH);
    verdict = validate_script(v, &s.tx, 1, s.spent[0], NULL, FLAGS);
    assert_int_equal(verdict.result, VALIDATION_INVALID);
    assert_int_equal(verdict.rejection.reason, REJECT_SCRIPT);
    assert_int_equal(verdict.rejection.input, 1);
    unload_spending(&s);
    validator_destroy(v);
}

static void test_signatures(void **state)
{
    struct pool *pool = make_pool(2);
    struct validator *v = make_validator(pool, false, 0);
    struct signature_check bad[40] = {{.kind = SIGNATURE_ECDSA, .key_size = 33}};
    uint8_t accepted[40];

    (void)state;
    memset(accepted, 7, sizeof(accepted));
    assert_int_equal(validate_signatures(v, accepted, bad, 40), VALIDATION_INVALID);
    for (size_t i = 0; i < 40; i++)
        assert_int_equal(accepted[i], 0);
    assert_int_equal(validate_signatures(v, accepted, bad, 0), VALIDATION_VALID);
    validator_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

static void test_what_cannot_be_made(void **state)
{
    struct validator_options options = {.kernels = chosen_kernels(), .verifier = "abacus"};
    char error[VALIDATOR_ERROR_SIZE] = "";
    struct validator *v;

    (void)state;
    assert_null(validator_create(&options, error));
    assert_non_null(strstr(error, "abacus"));
    options.verifier = "libsecp256k1";
    v = validator_create(&options, error);
    assert_non_null(v);
    assert_string_equal(validator_verifier_name(v), "libsecp256k1");
    assert_int_equal(validate_block_bytes(v, bytes_of("", 0), &(struct block_context){0}).result,
                     VALIDATION_MALFORMED);
    validator_destroy(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_ones),   cmocka_unit_test(test_what_its_context_says),
        cmocka_unit_test(test_locks),       cmocka_unit_test(test_a_coinbase),
        cmocka_unit_test(test_many_inputs), cmocka_unit_test(test_one_script),
        cmocka_unit_test(test_signatures),  cmocka_unit_test(test_what_cannot_be_made),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
