/*
 * Wrong guesses that change nothing: scripts for which a bad signature is an ordinary answer. What is
 * deferred must come to what is decided directly, count for count.
 */
#include "tests/unit/validation/support.h"

enum {
    INPUTS = 40,
    SCRIPT_ROOM = 3000,
    MANY = 40,
    FLAGS = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_DERSIG
};

/* The generator, which is a good key; r and s of one, which sign nothing that anybody could find. */
static const uint8_t key[] = {0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0,
                              0x62, 0x95, 0xce, 0x87, 0x0b, 0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d,
                              0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17, 0x98};
static const uint8_t bad[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x01};

static void check_bad(struct script_builder *b)
{
    script_push(b, bytes_of(bad, sizeof(bad)));
    script_push(b, bytes_of(key, sizeof(key)));
    script_op(b, OP_CHECKSIG);
}

enum shape {
    NO_SIGNATURE,
    INVERTED,     /* as guessed it fails, and holds */
    IGNORED,      /* as guessed it holds, and holds */
    MANY_IGNORED, /* more than are kept at a time */
    ONE_OF_TWO,   /* candidates, which are decided at once */
    SHAPES,
    FAILING, /* as guessed it holds, and fails */
    FAILING_AFTER_MANY,
};

static void write_script(struct script_builder *b, enum shape shape)
{
    size_t many = shape == MANY_IGNORED || shape == FAILING_AFTER_MANY ? MANY : shape == IGNORED;

    for (size_t i = 0; i < many; i++) {
        check_bad(b);
        script_op(b, OP_DROP);
    }
    if (shape == INVERTED || shape == FAILING || shape == FAILING_AFTER_MANY)
        check_bad(b);
    if (shape == INVERTED)
        script_op(b, OP_NOT);
    if (shape == ONE_OF_TWO) {
        script_op(b, OP_0);
        script_push(b, bytes_of(bad, sizeof(bad)));
        script_op(b, OP_1);
        script_push(b, bytes_of(key, sizeof(key)));
        script_push(b, bytes_of(key, sizeof(key)));
        script_op(b, OP_2);
        script_op(b, OP_CHECKMULTISIG);
        script_op(b, OP_NOT);
    }
    if (shape < SHAPES && shape != INVERTED && shape != ONE_OF_TWO)
        script_op(b, OP_1);
    assert_false(b->failed);
}

static const size_t checks[SHAPES] = {0, 1, 1, MANY, 2};

struct spending {
    struct transaction tx;
    struct tx_input inputs[INPUTS];
    struct tx_output spent[INPUTS];
    struct tx_output output;
    struct transaction_context context;
    enum shape shapes[INPUTS];
    uint8_t scripts[INPUTS][SCRIPT_ROOM];
};

static struct spending s;

static void set_shape(size_t input, enum shape shape)
{
    struct script_builder b = script_builder_on(s.scripts[input], SCRIPT_ROOM);

    write_script(&b, shape);
    s.shapes[input] = shape;
    s.spent[input] = (struct tx_output){{1000}, bytes_of(b.data, b.size)};
}

static void build(struct random *random)
{
    for (size_t i = 0; i < INPUTS; i++) {
        s.inputs[i] = (struct tx_input){.previous.index = (uint32_t)i, .sequence = SEQUENCE_FINAL};
        set_shape(i, (enum shape)random_below(random, SHAPES));
    }
    s.output = (struct tx_output){{1}, {NULL, 0}};
    s.tx = (struct transaction){.version = 1,
                                .inputs = s.inputs,
                                .input_count = INPUTS,
                                .outputs = &s.output,
                                .output_count = 1};
    s.context = (struct transaction_context){s.spent, INPUTS, NULL, FLAGS, -1, 0};
}

static size_t count_checks(void)
{
    size_t n = 0;

    for (size_t i = 0; i < INPUTS; i++)
        n += checks[s.shapes[i]];
    return n;
}

static void expect_all_valid(struct validator *const *v)
{
    for (size_t i = 0; i < 4; i++) {
        struct verdict verdict = validate_transaction(v[i], &s.tx, &s.context);

        assert_int_equal(verdict.result, VALIDATION_VALID);
        assert_int_equal(verdict.inputs, INPUTS);
        assert_int_equal(verdict.signatures, count_checks());
        assert_int_equal(verdict.cached, 0);
    }
}

static void expect_failure_at(struct validator *const *v, size_t input)
{
    for (size_t i = 0; i < 4; i++) {
        struct verdict verdict = validate_transaction(v[i], &s.tx, &s.context);

        assert_int_equal(verdict.result, VALIDATION_INVALID);
        assert_int_equal(verdict.rejection.script, SCRIPT_ERR_EVAL_FALSE);
        assert_int_equal(verdict.rejection.input, input);
    }
}

static void test_wrong_guesses(void **state)
{
    struct random random = random_create("wrong guesses");
    struct pool *pools[2] = {make_pool(1), make_pool(3)};
    struct validator *v[4] = {make_validator(NULL, true, 0), make_validator(NULL, false, 1 << 16),
                              make_validator(pools[0], false, 0),
                              make_validator(pools[1], false, 1 << 16)};

    (void)state;
    for (size_t round = 0; round < 8; round++) {
        size_t first = random_below(&random, INPUTS), second = random_below(&random, INPUTS);

        build(&random);
        expect_all_valid(v);
        set_shape(first, round % 2 ? FAILING : FAILING_AFTER_MANY);
        expect_failure_at(v, first);
        set_shape(second, FAILING);
        expect_failure_at(v, first < second ? first : second);
    }
    for (size_t i = 0; i < 4; i++)
        validator_destroy(v[i]);
    for (size_t i = 0; i < 2; i++)
        pool_destroy(pools[i], POOL_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wrong_guesses)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
