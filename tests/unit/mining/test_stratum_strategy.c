/* Which pool is searched, which are connected to, and how long a pause lasts: plain data and a made-up clock. */
#include "tests/unit/mining/support.h"

#include "mining/stratum_strategy.h"

#include <math.h>

#define SECOND_NS UINT64_C(1000000000)

static void assert_near(double value, double wanted, double tolerance)
{
    if (!(fabs(value - wanted) <= tolerance))
        fail_msg("%g is not within %g of %g", value, tolerance, wanted);
}

static struct strategy three(enum stratum_strategy kind)
{
    struct strategy s = {.kind = kind, .rotate_ns = 60 * SECOND_NS, .count = 3, .current = 3};

    for (unsigned i = 0; i < 3; i++)
        s.pool[i] = (struct strategy_pool){.enabled = true, .priority = i, .quota = 1};
    return s;
}

static void revive(struct strategy *s, size_t index, uint64_t now)
{
    s->pool[index].alive = true;
    s->pool[index].hopeful = false;
    s->pool[index].alive_ns = now;
}

/* Chooses as the run does. */
static size_t choose(struct strategy *s, uint64_t now)
{
    size_t best = strategy_choose(s, now);

    if (best != s->current)
        s->current_ns = now;
    s->current = best;
    return best;
}

static void failover_goes_down_at_once_and_back_when_steady(void **state)
{
    struct strategy s = three(STRATUM_FAILOVER);

    (void)state;
    assert_int_equal(choose(&s, 0), 3);
    revive(&s, 2, SECOND_NS);
    assert_int_equal(choose(&s, SECOND_NS), 2);
    revive(&s, 0, 2 * SECOND_NS);
    assert_int_equal(choose(&s, 3 * SECOND_NS), 2);
    assert_int_equal(choose(&s, 2 * SECOND_NS + STRATUM_STEADY_NS - 1), 2);
    assert_int_equal(choose(&s, 2 * SECOND_NS + STRATUM_STEADY_NS), 0);
    s.pool[0].alive = false;
    assert_int_equal(choose(&s, 30 * SECOND_NS), 2);
    s.pool[2].enabled = false;
    assert_int_equal(choose(&s, 31 * SECOND_NS), 3);
    revive(&s, 1, 32 * SECOND_NS);
    assert_int_equal(choose(&s, 32 * SECOND_NS), 1);
}

static void failover_follows_priorities(void **state)
{
    struct strategy s = three(STRATUM_FAILOVER);

    (void)state;
    for (size_t i = 0; i < 3; i++)
        revive(&s, i, 0);
    s.pool[0].priority = 2;
    s.pool[2].priority = 0;
    assert_int_equal(choose(&s, 20 * SECOND_NS), 2);
    assert_false(strategy_wants(&s, 0, 20 * SECOND_NS));
    assert_true(strategy_wants(&s, 2, 20 * SECOND_NS));
}

static void failover_connects_to_what_it_needs(void **state)
{
    struct strategy s = three(STRATUM_FAILOVER);

    (void)state;
    /* The first one has just been called. */
    s.pool[0].hopeful = true;
    assert_true(strategy_wants(&s, 0, 0));
    assert_false(strategy_wants(&s, 1, 0));
    /* It does not answer: the second is called, and the third waits for that. */
    s.pool[0].hopeful = false;
    s.pool[1].hopeful = true;
    assert_true(strategy_wants(&s, 0, 0));
    assert_true(strategy_wants(&s, 1, 0));
    assert_false(strategy_wants(&s, 2, 0));
    /* The second one works, and is kept while the first one returns. */
    revive(&s, 1, SECOND_NS);
    assert_int_equal(choose(&s, SECOND_NS), 1);
    assert_false(strategy_wants(&s, 2, 2 * SECOND_NS));
    revive(&s, 0, 5 * SECOND_NS);
    assert_true(strategy_wants(&s, 1, 6 * SECOND_NS));
    assert_int_equal(choose(&s, 5 * SECOND_NS + STRATUM_STEADY_NS), 0);
    assert_false(strategy_wants(&s, 1, 5 * SECOND_NS + STRATUM_STEADY_NS));
    /* Of a disabled one nothing is wanted. */
    s.pool[0].enabled = false;
    assert_false(strategy_wants(&s, 0, 30 * SECOND_NS));
    assert_true(strategy_wants(&s, 1, 30 * SECOND_NS));
}

static void round_robin_rotates(void **state)
{
    struct strategy s = three(STRATUM_ROUND_ROBIN);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_true(strategy_wants(&s, i, 0));
        revive(&s, i, 0);
    }
    assert_int_equal(choose(&s, 0), 0);
    assert_int_equal(choose(&s, 59 * SECOND_NS), 0);
    assert_int_equal(choose(&s, 60 * SECOND_NS), 1);
    assert_int_equal(choose(&s, 119 * SECOND_NS), 1);
    s.pool[2].alive = false;
    assert_int_equal(choose(&s, 120 * SECOND_NS), 0);
    /* One that dies in its turn is followed by the next. */
    s.pool[0].alive = false;
    assert_int_equal(choose(&s, 121 * SECOND_NS), 1);
    assert_int_equal(choose(&s, 500 * SECOND_NS), 1);
    s.pool[1].alive = false;
    assert_int_equal(choose(&s, 501 * SECOND_NS), 3);
}

/* A simulated day: hashes are spent on who is chosen, a second at a time, and one pool is away for hours. */
static void load_balance_keeps_the_quotas(void **state)
{
    struct strategy s = three(STRATUM_LOAD_BALANCE);
    double at_return[3] = {0}, spent[3];
    const uint64_t day = 86400, away = 20000, back = 60000;

    (void)state;
    s.pool[0].quota = 1;
    s.pool[1].quota = 3;
    s.pool[2].quota = 4;
    for (size_t i = 0; i < 3; i++)
        revive(&s, i, 0);
    for (uint64_t t = 0; t < day; t++) {
        size_t current;

        if (t == away)
            s.pool[1].alive = false;
        if (t == back) {
            s.pool[1].hashes = strategy_entry_hashes(&s, 1);
            revive(&s, 1, t * SECOND_NS);
            for (size_t i = 0; i < 3; i++)
                at_return[i] = s.pool[i].hashes;
        }
        current = choose(&s, t * SECOND_NS);
        assert_int_not_equal(current, 3);
        s.pool[current].hashes += 1;
        if (t == away - 1)
            for (size_t i = 0; i < 3; i++)
                assert_near(s.pool[i].hashes / (double)away, s.pool[i].quota / 8.0, 0.002);
    }
    for (size_t i = 0; i < 3; i++) {
        spent[i] = s.pool[i].hashes - at_return[i];
        assert_near(spent[i] / (double)(day - back), s.pool[i].quota / 8.0, 0.002);
    }
}

static void pauses_double_up_to_the_longest(void **state)
{
    uint64_t last = 0;

    (void)state;
    for (unsigned failures = 1; failures < 80; failures++) {
        uint64_t least = strategy_pause_ns(failures, 30 * SECOND_NS, 0);
        uint64_t most = strategy_pause_ns(failures, 30 * SECOND_NS, UINT32_MAX);

        assert_true(least >= last);
        assert_true(most <= 38 * SECOND_NS);
        assert_near((double)most / (double)least, 5.0 / 3, 0.001);
        last = least;
    }
    assert_int_equal(strategy_pause_ns(1, 30 * SECOND_NS, 0), 375000000);
    assert_int_equal(strategy_pause_ns(2, 30 * SECOND_NS, 0), 750000000);
    assert_int_equal(last, 22500000000);
    assert_int_equal(strategy_pause_ns(UINT32_MAX, SECOND_NS, 0), 750000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failover_goes_down_at_once_and_back_when_steady),
        cmocka_unit_test(failover_follows_priorities),
        cmocka_unit_test(failover_connects_to_what_it_needs),
        cmocka_unit_test(round_robin_rotates),
        cmocka_unit_test(load_balance_keeps_the_quotas),
        cmocka_unit_test(pauses_double_up_to_the_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
