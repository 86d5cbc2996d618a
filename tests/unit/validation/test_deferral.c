/*
 * Wrong guesses: those that change nothing, in scripts for which a bad signature is an ordinary answer,
 * and those that do, among many good ones that are verified together. What is deferred must come to
 * what is decided directly, count for count.
 */
#include "tests/unit/validation/support.h"
#include "validation/validator_impl.h"

enum {
    INPUTS_MAX = 200,
    FEW = 40, /* inputs */
    SCRIPT_ROOM = 8000,
    MANY = 70, /* checks in one script, more than are kept at a time */
    FLAGS = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_DERSIG,
    VALIDATORS = 4,
};

enum shape {
    NO_SIGNATURE,
    GOOD,
    MANY_GOOD,
    INVERTED,     /* as guessed it fails, and holds */
    IGNORED,      /* as guessed it holds, and holds */
    MANY_IGNORED, /* more than are kept at a time */
    GOOD_AND_BAD, /* which is ignored */
    ONE_OF_TWO,   /* candidates, which are decided at once */
    SHAPES,
    FAILING, /* as guessed it holds, and fails */
    FAILING_AFTER_GOOD,
    FAILING_AFTER_BAD,
    FAILING_AT_ONCE, /* without a signature */
};

/* What a script of each shape checks: this many, the good ones first. ONE_OF_TWO: see there. */
static const struct {
    size_t good, ignored;
    bool failing;
} shapes[] = {
    [GOOD] = {1, 0, false},
    [MANY_GOOD] = {MANY, 0, false},
    [INVERTED] = {0, 0, true},
    [IGNORED] = {0, 1, false},
    [MANY_IGNORED] = {0, MANY, false},
    [GOOD_AND_BAD] = {1, 1, false},
    [FAILING] = {0, 0, true},
    [FAILING_AFTER_GOOD] = {MANY - 1, 0, true},
    [FAILING_AFTER_BAD] = {0, MANY - 1, true},
    [FAILING_AT_ONCE] = {0, 0, false},
};

static size_t count_checks_of(enum shape shape)
{
    if (shape == ONE_OF_TWO)
        return 2;
    return shapes[shape].good + shapes[shape].ignored + shapes[shape].failing;
}

static void write_one_of_two(struct script_builder *b)
{
    static const uint8_t nothing[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x01};
    static const uint8_t half[33] = {[0] = 0x02, [32] = 1};

    script_op(b, OP_0);
    script_push(b, bytes_of(nothing, sizeof(nothing)));
    script_op(b, OP_1);
    script_push(b, bytes_of(half, sizeof(half)));
    script_push(b, bytes_of(half, sizeof(half)));
    script_op(b, OP_2);
    script_op(b, OP_CHECKMULTISIG);
    script_op(b, OP_NOT);
}

static void write_script(struct script_builder *b, enum shape shape)
{
    for (size_t i = 0; i < shapes[shape].good + shapes[shape].ignored; i++) {
        script_check(b, i < shapes[shape].good);
        script_op(b, i < shapes[shape].good ? OP_VERIFY : OP_DROP);
    }
    if (shapes[shape].failing)
        script_check(b, false);
    if (shape == INVERTED)
        script_op(b, OP_NOT);
    if (shape == ONE_OF_TWO)
        write_one_of_two(b);
    else if (shape == FAILING_AT_ONCE)
        script_op(b, OP_0);
    else if (!shapes[shape].failing)
        script_op(b, OP_1);
    assert_false(b->failed);
}

struct spending {
    struct transaction tx;
    struct tx_input inputs[INPUTS_MAX];
    struct tx_output spent[INPUTS_MAX];
    struct tx_output output;
    struct transaction_context context;
    enum shape shapes[INPUTS_MAX];
    uint8_t scripts[INPUTS_MAX][SCRIPT_ROOM];
};

static struct spending s;
static struct pool *pools[2];

static void set_shape(size_t input, enum shape shape)
{
    struct script_builder b = script_builder_on(s.scripts[input], SCRIPT_ROOM);

    write_script(&b, shape);
    s.shapes[input] = shape;
    s.spent[input] = (struct tx_output){{1000}, bytes_of(b.data, b.size)};
}

/* All inputs of one shape but for the first, for which no signature is good. */
static void build(size_t inputs, enum shape shape)
{
    for (size_t i = 0; i < inputs; i++) {
        s.inputs[i] = (struct tx_input){.previous.index = (uint32_t)i, .sequence = SEQUENCE_FINAL};
        set_shape(i, i ? shape : NO_SIGNATURE);
    }
    s.output = (struct tx_output){{1}, {NULL, 0}};
    s.tx = (struct transaction){.version = 1,
                                .inputs = s.inputs,
                                .input_count = inputs,
                                .outputs = &s.output,
                                .output_count = 1};
    s.context = (struct transaction_context){s.spent, inputs, NULL, FLAGS, -1, 0};
}

static size_t count_checks(void)
{
    size_t n = 0;

    for (size_t i = 0; i < s.tx.input_count; i++)
        n += count_checks_of(s.shapes[i]);
    return n;
}

static struct verdict expect_good(struct validator *v)
{
    struct verdict verdict = validate_transaction(v, &s.tx, &s.context);

    assert_int_equal(verdict.result, VALIDATION_VALID);
    assert_int_equal(verdict.inputs, s.tx.input_count);
    assert_int_equal(verdict.signatures, count_checks());
    assert_true(v->cache ? verdict.cached <= verdict.signatures : !verdict.cached);
    return verdict;
}

static void expect_failure_at(struct validator *const *v, size_t input)
{
    for (size_t i = 0; i < VALIDATORS; i++) {
        struct verdict verdict = validate_transaction(v[i], &s.tx, &s.context);

        assert_int_equal(verdict.result, VALIDATION_INVALID);
        assert_int_equal(verdict.rejection.script, SCRIPT_ERR_EVAL_FALSE);
        assert_int_equal(verdict.rejection.input, input);
    }
}

/* Directly, on this thread, on one worker, on three. */
static void make_validators(struct validator **v, size_t cache)
{
    v[0] = make_validator(NULL, true, cache);
    v[1] = make_validator(NULL, false, cache);
    v[2] = make_validator(pools[0], false, cache);
    v[3] = make_validator(pools[1], false, cache);
}

static void destroy_validators(struct validator **v)
{
    for (size_t i = 0; i < VALIDATORS; i++)
        validator_destroy(v[i]);
}

static void test_shapes_mixed(void **state)
{
    struct random random = random_create("wrong guesses");
    struct validator *v[VALIDATORS];

    (void)state;
    for (size_t round = 0; round < 4; round++) {
        size_t first = random_below(&random, FEW), second = random_below(&random, FEW);

        make_validators(v, round % 2 ? 1 << 16 : 0);
        build(FEW, GOOD);
        for (size_t i = 1; i < FEW; i++)
            set_shape(i, (enum shape)random_below(&random, SHAPES));
        for (size_t i = 0; i < VALIDATORS; i++)
            expect_good(v[i]);
        set_shape(first, round < 2 ? FAILING_AFTER_GOOD : FAILING_AFTER_BAD);
        expect_failure_at(v, first);
        set_shape(second, FAILING);
        expect_failure_at(v, first < second ? first : second);
        destroy_validators(v);
    }
}

/* The bad one comes to light with its batch: after inputs behind it, and those must not be named. */
static void test_a_bad_one_among_good_ones(void **state)
{
    static const size_t at[] = {1, 40, 64, 65, 129, INPUTS_MAX - 3};
    struct validator *v[VALIDATORS];

    (void)state;
    make_validators(v, 0);
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        build(INPUTS_MAX, GOOD);
        set_shape(at[i], i % 2 ? FAILING_AFTER_GOOD : FAILING);
        expect_failure_at(v, at[i]);
        set_shape(at[i] + 1, FAILING_AT_ONCE);
        set_shape(at[i] + 2, FAILING);
        expect_failure_at(v, at[i]);
        set_shape(at[i], GOOD_AND_BAD);
        expect_failure_at(v, at[i] + 1);
    }
    destroy_validators(v);
}

static void test_what_is_deferred(void **state)
{
    struct validator *v = make_validator(NULL, false, 0);
    struct verifier_stats before, after;

    (void)state;
    build(INPUTS_MAX, GOOD);
    before = verifier_stats(v->verifier);
    expect_good(v);
    after = verifier_stats(v->verifier);
    /* All of them, and several inputs' together. */
    assert_int_equal(after.checks - before.checks, INPUTS_MAX - 1);
    assert_true(after.calls - before.calls < INPUTS_MAX / 2);
    validator_destroy(v);
}

/* As many wrong guesses as can be in one batch; then no more is guessed, so that little is done twice. */
static void test_nothing_but_wrong_guesses(void **state)
{
    struct validator *v[VALIDATORS];
    struct verifier_stats stats;

    (void)state;
    make_validators(v, 0);
    build(INPUTS_MAX, IGNORED);
    for (size_t i = 0; i < VALIDATORS; i++)
        expect_good(v[i]);
    stats = verifier_stats(v[1]->verifier);
    assert_true(stats.checks > 1 && stats.checks < INPUTS_MAX / 2);
    assert_int_equal(stats.rejected, stats.checks);
    destroy_validators(v);
}

/* An input that is run twice is counted once, what is found in the cache included. */
static void test_what_is_found_in_the_cache(void **state)
{
    struct validator *v[VALIDATORS];

    (void)state;
    make_validators(v, 1 << 16);
    build(FEW, GOOD_AND_BAD);
    for (size_t i = 0; i < VALIDATORS; i++) {
        expect_good(v[i]);
        assert_int_equal(expect_good(v[i]).cached, FEW - 1);
    }
    destroy_validators(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes_mixed),
        cmocka_unit_test(test_a_bad_one_among_good_ones),
        cmocka_unit_test(test_what_is_deferred),
        cmocka_unit_test(test_nothing_but_wrong_guesses),
        cmocka_unit_test(test_what_is_found_in_the_cache),
    };
    int failed;

    pools[0] = make_pool(1);
    pools[1] = make_pool(3);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < 2; i++)
        pool_destroy(pools[i], POOL_DRAIN);
    return failed;
}
