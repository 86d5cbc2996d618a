/* Version bits: chains made to cross each edge of each state, and random ones against a second, plain model. */
#include "consensus/versionbits.h"

#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BLOCKS = 400, BIT = 4 };

#define SIGNAL ((int32_t)(VERSIONBITS_TOP_BITS | 1u << BIT))
#define SILENT ((int32_t)VERSIONBITS_TOP_BITS)

/* A chain, what was asked of it, and a memory of its periods. */
struct chain {
    struct versionbits_block block[MAX_BLOCKS];
    int32_t count;
    size_t asked;
    int8_t remembered[MAX_BLOCKS]; /* 1 + state; 0: nothing */
    struct random *forget;         /* NULL: remembers all */
};

static struct versionbits_block ancestor(void *context, int32_t height)
{
    struct chain *c = context;

    assert_true(height >= 0 && height < c->count);
    c->asked++;
    return c->block[height];
}

static bool find(void *context, int32_t height, enum versionbits_state *state)
{
    struct chain *c = context;

    assert_true(height >= 0 && height < MAX_BLOCKS);
    if (!c->remembered[height] || (c->forget && random_below(c->forget, 3) == 0))
        return false;
    *state = (enum versionbits_state)(c->remembered[height] - 1);
    return true;
}

static void keep(void *context, int32_t height, enum versionbits_state state)
{
    struct chain *c = context;

    assert_true(height >= 0 && height < MAX_BLOCKS);
    c->remembered[height] = (int8_t)(1 + state);
}

/*
 * The definition, word for word and from the genesis block on, a block at a time: the state of the
 * block at height.
 */
static enum versionbits_state model(const struct params_deployment *d, const struct chain *c,
                                    int32_t height)
{
    enum versionbits_state state = VERSIONBITS_DEFINED;
    uint32_t signals = 0;

    if (d->start == PARAMS_ALWAYS_ACTIVE)
        return VERSIONBITS_ACTIVE;
    if (d->start == PARAMS_NEVER_ACTIVE)
        return VERSIONBITS_FAILED;
    for (int32_t h = 0; h < height; h++) {
        const struct versionbits_block *b = &c->block[h];

        signals += (uint32_t)b->version >> 29 == 1 && ((uint32_t)b->version & 1u << d->bit);
        if ((uint32_t)(h + 1) % d->period)
            continue;
        if (state == VERSIONBITS_LOCKED_IN && h + 1 >= d->min_activation_height)
            state = VERSIONBITS_ACTIVE;
        if (state == VERSIONBITS_STARTED)
            state = signals >= d->threshold             ? VERSIONBITS_LOCKED_IN
                    : b->median_time_past >= d->timeout ? VERSIONBITS_FAILED
                                                        : VERSIONBITS_STARTED;
        if (state == VERSIONBITS_DEFINED && b->median_time_past >= d->start)
            state = VERSIONBITS_STARTED;
        signals = 0;
    }
    return state;
}

static int32_t model_since(const struct params_deployment *d, const struct chain *c, int32_t height)
{
    enum versionbits_state state = model(d, c, height);

    if (d->start == PARAMS_ALWAYS_ACTIVE || d->start == PARAMS_NEVER_ACTIVE)
        return 0;
    while (height > 0 && model(d, c, height - 1) == state)
        height--;
    return height;
}

/* One chain: the states that its periods have, as a letter each: D, S, L, A, F. */
struct story {
    const char *what, *states;
    int64_t start, timeout;
    int32_t min_activation_height;
    uint32_t threshold;
    /* Signals of each period, from its end backward; and its last block's median time past. */
    uint8_t signals[8];
    int64_t times[8];
};

enum { PERIOD = 10 };

static void make_story(struct chain *c, const struct story *s)
{
    memset(c, 0, sizeof(*c));
    c->count = (int32_t)(strlen(s->states) - 1) * PERIOD;
    for (int32_t h = 0; h < c->count; h++) {
        int32_t period = h / PERIOD, left = PERIOD - 1 - h % PERIOD;
        int64_t before = period ? s->times[period - 1] : 0;

        c->block[h].version = left < s->signals[period] ? SIGNAL : SILENT;
        /* All of the step is in the last block, so that no other can be looked at instead. */
        c->block[h].median_time_past = left ? before : s->times[period];
    }
}

static void test_stories(void **state)
{
    static const struct story stories[] = {
        {"before its time", "DDDD", 100, 200, 0, 8, {10, 10, 10}, {1, 50, 99}},
        {"begins on the second", "DDS", 100, 200, 0, 8, {10, 10}, {99, 100}},
        {"begins with the first period", "DS", 0, 200, 0, 8, {0}, {0}},
        {"the genesis period is not counted", "DSS", 0, 200, 0, 8, {10, 0}, {1, 2}},
        {"enough signals", "DSLA", 0, 200, 0, 8, {0, 8, 0}, {1, 2, 3}},
        {"one too few", "DSSS", 0, 200, 0, 8, {0, 7, 7}, {1, 2, 3}},
        {"all of them", "DSSL", 0, 200, 0, 10, {0, 9, 10}, {1, 2, 3}},
        {"a threshold of none", "DSLA", 0, 200, 0, 0, {0, 0, 0}, {1, 2, 3}},
        {"locked in stays whatever is signalled", "DSLAA", 0, 3, 0, 8, {0, 8}, {1, 2, 9, 9}},
        {"a second before the timeout", "DSS", 0, 200, 0, 8, {0, 7}, {1, 199}},
        {"the timeout", "DSFF", 0, 200, 0, 8, {0, 7, 10}, {1, 200, 201}},
        {"the timeout, with enough signals", "DSLA", 0, 200, 0, 8, {0, 8}, {1, 200, 201}},
        {"past the timeout when it starts", "DSF", 100, 100, 0, 8, {0, 0}, {1000, 1001}},
        {"past it, and yet locked in", "DSLA", 100, 100, 0, 8, {0, 9}, {1000, 1001, 1002}},
        {"failed for good", "DSFFF", 0, 5, 0, 8, {0, 0, 10, 10}, {1, 5, 6, 7}},
        {"no delay at its first height", "DSLA", 0, 200, 30, 8, {0, 8}, {1, 2, 3}},
        {"delayed by a block", "DSLLA", 0, 200, 31, 8, {0, 8}, {1, 2, 3, 4}},
        {"delayed beyond the timeout", "DSLLLA", 0, 3, 50, 8, {0, 8}, {1, 2, 3, 4, 5}},
        {"always", "AAA", PARAMS_ALWAYS_ACTIVE, 0, 1000, 8, {0}, {1, 2}},
        {"never", "FFF", PARAMS_NEVER_ACTIVE, 1000, 0, 0, {10, 10}, {1, 2}},
        {"no end", "DSS", 0, PARAMS_NO_TIMEOUT, 0, 8, {0, 0}, {1, INT64_C(1) << 32}},
        {"times before 1970", "DS", -5, 200, 0, 8, {0}, {0}},
    };
    static struct chain c;

    (void)state;
    for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
        const struct story *s = &stories[i];
        const struct params_deployment d = {
            "story", BIT, s->start, s->timeout, s->min_activation_height, s->threshold, PERIOD};
        const struct versionbits_memory memory = {find, keep, &c};

        make_story(&c, s);
        for (int32_t tip = -1; tip < c.count; tip++) {
            size_t at = strcspn("DSLAF", (char[]){s->states[(tip + 1) / PERIOD], 0});

            if (versionbits_state(&d, ancestor, &c, tip, NULL) != at ||
                versionbits_state(&d, ancestor, &c, tip, &memory) != at)
                fail_msg("%s: at %d", s->what, (int)tip + 1);
            assert_int_equal(versionbits_since(&d, ancestor, &c, tip, NULL),
                             model_since(&d, &c, tip + 1));
            assert_int_equal(versionbits_since(&d, ancestor, &c, tip, &memory),
                             model_since(&d, &c, tip + 1));
        }
    }
}

/* Random deployments on random chains, asked in random order, with a memory, a bad memory and none. */
static void test_random(void **state)
{
    struct random r = random_create("versionbits");
    static struct chain c;
    const struct versionbits_memory memory = {find, keep, &c};
    size_t seen[5] = {0};

    (void)state;
    for (int i = 0; i < 300; i++) {
        uint32_t period = (uint32_t)(1 + random_below(&r, 20));
        const struct params_deployment d = {"random",
                                            BIT,
                                            (int64_t)random_below(&r, 100) - 2,
                                            (int64_t)random_below(&r, 200),
                                            (int32_t)random_below(&r, 150),
                                            (uint32_t)random_below(&r, period + 2),
                                            period};
        int64_t time = 0;
        size_t eager = random_below(&r, 5);

        memset(&c, 0, sizeof(c));
        c.count = (int32_t)random_below(&r, 200);
        for (int32_t h = 0; h < c.count; h++) {
            time += (int64_t)random_below(&r, 3);
            c.block[h] =
                (struct versionbits_block){random_below(&r, 4) < eager ? SIGNAL : SILENT, time};
        }
        c.forget = random_below(&r, 2) ? &r : NULL;
        for (int k = 0; k < 20; k++) {
            int32_t tip = (int32_t)random_below(&r, (size_t)c.count + 1) - 1;
            enum versionbits_state want = model(&d, &c, tip + 1);
            int32_t since = model_since(&d, &c, tip + 1);

            seen[want]++;
            assert_int_equal(versionbits_state(&d, ancestor, &c, tip, NULL), want);
            assert_int_equal(versionbits_since(&d, ancestor, &c, tip, NULL), since);
            assert_int_equal(versionbits_state(&d, ancestor, &c, tip, &memory), want);
            assert_int_equal(versionbits_since(&d, ancestor, &c, tip, &memory), since);
        }
    }
    for (size_t i = 0; i < 5; i++)
        assert_true(seen[i] > 100);
}

/* What is remembered is not asked for again, and the special cases ask for nothing. */
static void test_cost(void **state)
{
    static struct chain c = {.count = MAX_BLOCKS};
    const struct versionbits_memory memory = {find, keep, &c};
    struct params_deployment d = {"cost", BIT, 50, PARAMS_NO_TIMEOUT, 0, 10, 10};

    (void)state;
    for (int32_t h = 0; h < MAX_BLOCKS; h++)
        c.block[h] = (struct versionbits_block){SILENT, h};
    assert_int_equal(versionbits_state(&d, ancestor, &c, MAX_BLOCKS - 1, &memory),
                     VERSIONBITS_STARTED);
    assert_int_equal(versionbits_since(&d, ancestor, &c, MAX_BLOCKS - 1, &memory), 60);
    c.asked = 0;
    for (int32_t tip = 49; tip < MAX_BLOCKS; tip++) {
        (void)versionbits_state(&d, ancestor, &c, tip, &memory);
        (void)versionbits_since(&d, ancestor, &c, tip, &memory);
    }
    assert_int_equal(c.asked, 0);
    /* Before the start one block says that there is nothing to walk through. */
    d.start = 10000;
    (void)versionbits_state(&d, ancestor, &c, MAX_BLOCKS - 1, NULL);
    assert_int_equal(c.asked, 1);
    d.start = PARAMS_ALWAYS_ACTIVE;
    (void)versionbits_state(&d, ancestor, &c, MAX_BLOCKS - 1, NULL);
    (void)versionbits_since(&d, ancestor, &c, MAX_BLOCKS - 1, NULL);
    assert_int_equal(c.asked, 1);
}

static void test_statistics(void **state)
{
    static struct chain c = {.count = 30};
    const struct params_deployment d = {"statistics", BIT, 0, 1000, 0, 8, 10};
    struct versionbits_statistics s;

    (void)state;
    for (int32_t h = 0; h < 30; h++) /* 10 to 12 are silent */
        c.block[h].version = h >= 10 && h < 13 ? SILENT : SIGNAL;
    s = versionbits_statistics(&d, ancestor, &c, -1);
    assert_int_equal(s.period, 10);
    assert_int_equal(s.threshold, 8);
    assert_true(s.elapsed == 0 && s.count == 0 && !s.possible);
    s = versionbits_statistics(&d, ancestor, &c, 0);
    assert_true(s.elapsed == 1 && s.count == 1 && s.possible);
    s = versionbits_statistics(&d, ancestor, &c, 9);
    assert_true(s.elapsed == 10 && s.count == 10 && s.possible);
    s = versionbits_statistics(&d, ancestor, &c, 11);
    assert_true(s.elapsed == 2 && s.count == 0 && s.possible);
    s = versionbits_statistics(&d, ancestor, &c, 12);
    assert_true(s.elapsed == 3 && s.count == 0 && !s.possible);
    s = versionbits_statistics(&d, ancestor, &c, 19);
    assert_true(s.elapsed == 10 && s.count == 7 && !s.possible);
}

static void test_versions(void **state)
{
    static const struct {
        uint32_t version;
        int bit;
        bool signals;
    } cases[] = {
        {0x20000001, 0, true},  {0x20000000, 0, false}, {0x20000002, 0, false},
        {0x20000002, 1, true},  {0x30000000, 28, true}, {0x3fffffff, 28, true},
        {0x00000001, 0, false}, {0x40000001, 0, false}, {0x60000001, 0, false},
        {0xa0000001, 0, false}, {0xffffffff, 0, false}, {0x2fffffff, 28, false},
    };
    const enum versionbits_state states[] = {VERSIONBITS_DEFINED, VERSIONBITS_STARTED,
                                             VERSIONBITS_LOCKED_IN, VERSIONBITS_ACTIVE,
                                             VERSIONBITS_FAILED};
    static const char *const names[] = {"defined", "started", "locked_in", "active", "failed"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(versionbits_signals((int32_t)cases[i].version, cases[i].bit),
                         cases[i].signals);
    for (size_t i = 0; i < 5; i++) {
        bool votes = i == 1 || i == 2;

        assert_string_equal(versionbits_state_name(states[i]), names[i]);
        assert_int_equal(versionbits_block_version(params_find("regtest"), &states[i]),
                         votes ? 0x30000000 : 0x20000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories),  cmocka_unit_test(test_random),
        cmocka_unit_test(test_cost),     cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
