/*
 * Random spends by validators of every kind: deferring or not, with workers or without, remembering
 * many signatures, few, or none, at first sight and at the second: all say what the interpreter says.
 */
#include "engine/pool.h"
#include "tests/spends/mutate.h"
#include "tests/spends/runs.h"
#include "tests/unit/validation/support.h"

#include <stdlib.h>

enum { SPENDS = 150, SPENDS_LONG = 6000, MUTATIONS = 5, VALIDATORS = 5, WORKERS = 2 };

struct group {
    struct pool *pool;
    struct validator *validators[VALIDATORS];
    struct runs runs;
    size_t good, bad, cached;
};

static void setup(struct group *g)
{
    static const struct {
        bool pool, direct;
        size_t cache;
    } kinds[VALIDATORS] = {
        {true, true, 0},        {true, false, 0},        {true, false, 1},
        {true, false, 1 << 20}, {false, false, 1 << 20},
    };

    *g = (struct group){.pool = make_pool(WORKERS)};
    for (size_t i = 0; i < VALIDATORS; i++)
        g->validators[i] =
            make_validator(kinds[i].pool ? g->pool : NULL, kinds[i].direct, kinds[i].cache);
    runs_init(&g->runs);
}

static void teardown(struct group *g)
{
    for (size_t i = 0; i < VALIDATORS; i++)
        validator_destroy(g->validators[i]);
    pool_destroy(g->pool, POOL_DRAIN);
    runs_free(&g->runs);
}

static void expect(const struct verdict *v, enum script_error error, size_t validator)
{
    if (error == SCRIPT_ERR_OK
            ? v->result == VALIDATION_VALID
            : v->result == VALIDATION_INVALID && v->rejection.reason == REJECT_SCRIPT &&
                  v->rejection.script == error)
        return;
    fail_msg("validator %zu: %s (%s), and %s of the interpreter", validator,
             validation_text(v->result), script_error_name(v->rejection.script),
             script_error_name(error));
}

/* As an input of a transaction, whose other inputs are good. */
static void check_transaction(struct group *g, const struct spend *s, enum script_error error,
                              size_t validator)
{
    struct transaction_context context = {
        .spent = s->spent, .spent_count = s->tx.input_count, .flags = s->flags, .height = -1};
    struct verdict v;

    if (transaction_is_coinbase(&s->tx)) /* which spends nothing */
        return;
    v = validate_transaction(g->validators[validator], &s->tx, &context);
    if (v.result == VALIDATION_INVALID && v.rejection.reason != REJECT_SCRIPT)
        return; /* its amounts, or something of that kind */
    expect(&v, error, validator);
    assert_true(v.result == VALIDATION_VALID || v.rejection.input == s->input);
}

static enum script_error interpret(struct group *g, const struct spend *s)
{
    struct sighash_tx tx;
    struct script_input input = spend_prepare(s, &tx);

    return runs_direct(&g->runs, &input);
}

static void check(struct group *g, const struct spend *s)
{
    static const uint8_t anyone[] = {OP_1};
    enum script_error error = interpret(g, s);
    struct spend other = *s;

    g->good += error == SCRIPT_ERR_OK;
    g->bad += error != SCRIPT_ERR_OK;
    for (size_t i = 0; i < 2 * VALIDATORS; i++) {
        struct verdict v = validate_script(g->validators[i / 2], &s->tx, s->input, *spend_output(s),
                                           s->spent, s->flags);

        expect(&v, error, i / 2);
        g->cached += v.cached;
    }
    /* Other outputs are spent, which taproot signs: another answer, perhaps. */
    other.spent = spend_alloc(s, s->tx.input_count * sizeof(*other.spent));
    memcpy(other.spent, s->spent, s->tx.input_count * sizeof(*other.spent));
    for (size_t i = 0; i < s->tx.input_count; i++)
        if (i != s->input)
            other.spent[i].script = bytes_of(anyone, sizeof(anyone));
    error = interpret(g, &other);
    for (size_t i = 0; i < VALIDATORS; i++)
        check_transaction(g, &other, error, i);
}

static void test_random_spends(void **state)
{
    struct random random = random_create("test_random_spends");
    size_t spends = getenv("EXS_LONG") ? SPENDS_LONG : SPENDS;
    struct keys keys;
    struct group g;
    struct mutator m = {.maker = {&random, &keys}};

    (void)state;
    setup(&g);
    keys_init(&keys);
    m.workspace = g.runs.workspace;
    for (size_t i = 0; i < spends; i++) {
        struct arena arena;
        struct spend s;

        arena_init(&arena, 0);
        make_spend(&m.maker, &s, &arena);
        spend_repair(&s, g.runs.workspace, &keys);
        check(&g, &s);
        for (size_t j = 0; j < MUTATIONS; j++) {
            spend_mutate(&m, &s);
            check(&g, &s);
        }
        arena_free(&arena);
    }
    print_message("%zu good spends, %zu bad ones; %zu signatures were remembered\n", g.good, g.bad,
                  g.cached);
    assert_true(g.good > 0 && g.bad > 0 && g.cached > 0);
    keys_free(&keys);
    teardown(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_spends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
