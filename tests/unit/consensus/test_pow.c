/* Targets and retargeting: real retargets of the main chain, and made-up chains for the test networks' rules. */
#include "consensus/pow.h"

#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

static void test_target(void **state)
{
    static const struct {
        uint32_t bits;
        bool good;
    } cases[] = {
        {0x1d00ffff, true},                       /* the main network's limit */
        {0x1d010000, false},                      /* just above */
        {0x1c7fffff, true},  {0x00000000, false}, /* zero */
        {0x1d000000, false}, {0x01003456, false}, /* shifted out: zero */
        {0x01120000, true},                       /* 0x12 */
        {0x1d80ffff, false},                      /* negative */
        {0x04923456, false}, {0xff123456, false}, /* overflows */
        {0x23000001, false}, {0x207fffff, false}, /* regtest's */
    };
    const struct params *net = params_find("main");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct uint256 target = uint256_from_u64(77);

        assert_int_equal(pow_target(&target, cases[i].bits, net->pow_limit), cases[i].good);
        if (cases[i].good)
            assert_int_equal(uint256_to_compact(target), cases[i].bits);
        else
            assert_int_equal(target.limb[0], 77);
    }
}

/* What is left of a number beyond 256 bits may be below the limit; it is none all the same. */
static void test_target_overflow(void **state)
{
    const struct params *net = params_find("regtest");
    struct uint256 target;

    (void)state;
    assert_true(pow_target(&target, 0x20234500, net->pow_limit));
    assert_false(pow_target(&target, 0x21012345, net->pow_limit)); /* 0x2345 at the top */
    assert_false(pow_target(&target, 0x22000123, net->pow_limit)); /* 0x23 */
}

/* A hash that is the target is good enough, the next number is not. */
static void test_check_edge(void **state)
{
    const struct params *net = params_find("main");
    struct uint256 target;
    struct block_hash hash;

    (void)state;
    assert_true(pow_target(&target, 0x1b0404cb, net->pow_limit));
    uint256_to_le(hash.bytes, target);
    assert_true(pow_check(hash, 0x1b0404cb, net->pow_limit));
    uint256_to_le(hash.bytes, uint256_add(target, uint256_from_u64(1)));
    assert_false(pow_check(hash, 0x1b0404cb, net->pow_limit));
    memset(hash.bytes, 0, 32);
    assert_true(pow_check(hash, 0x1b0404cb, net->pow_limit));
    assert_false(pow_check(hash, 0, net->pow_limit));
    assert_false(pow_check(hash, 0x207fffff, net->pow_limit));
    assert_true(pow_check(hash, 0x207fffff, params_find("regtest")->pow_limit));
}

/* A chain in an array, which knows how often it was asked. */
struct chain {
    struct pow_ancestor *blocks;
    int32_t first; /* the height of blocks[0] */
    int32_t tip;
    size_t asked;
};

static struct pow_ancestor ancestor_of(void *context, int32_t height)
{
    struct chain *c = context;

    assert_true(height >= c->first && height <= c->tip);
    c->asked++;
    return c->blocks[height - c->first];
}

/*
 * One period whose first and last blocks are given; what is between is never asked for. The next
 * block is late, which excuses no block that begins a period.
 */
static uint32_t retarget(const struct params *net, int32_t tip, uint32_t first_time,
                         uint32_t tip_time, uint32_t first_bits, uint32_t tip_bits)
{
    struct pow_ancestor blocks[2016] = {{0}};
    int32_t interval = (int32_t)params_retarget_interval(net);
    struct chain c = {blocks, tip - interval + 1, tip, 0};
    uint32_t bits;

    blocks[0] = (struct pow_ancestor){first_time, first_bits};
    blocks[interval - 1] = (struct pow_ancestor){tip_time, tip_bits};
    bits = pow_next_bits(net, ancestor_of, &c, tip, tip_time + 6000);
    assert_true(c.asked <= 2);
    return bits;
}

static void test_real_retargets(void **state)
{
    static const struct {
        int32_t tip;
        uint32_t first_time, tip_time, bits, next;
    } cases[] = {
        {32255, 1261130161, 1262152739, 0x1d00ffff, 0x1d00d86a}, /* the first there was */
        {2015, 1231006505, 1233061996, 0x1d00ffff, 0x1d00ffff},  /* held by the limit */
        {68543, 1279008237, 1279297671, 0x1c05a3f4, 0x1c0168fd}, /* held by a quarter */
        {46367, 1263163443, 1269211443, 0x1c387f6f, 0x1d00e1fd}, /* held by four times */
    };
    const struct params *net = params_find("main");

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(retarget(net, cases[i].tip, cases[i].first_time, cases[i].tip_time,
                                  cases[i].bits, cases[i].bits),
                         cases[i].next);
        assert_true(pow_permitted_transition(net, cases[i].tip + 1, cases[i].bits, cases[i].next));
    }
}

static void test_permitted_transition(void **state)
{
    const struct params *net = params_find("main");

    (void)state;
    assert_true(pow_permitted_transition(net, 2017, 0x1c05a3f4, 0x1c05a3f4));
    assert_false(pow_permitted_transition(net, 2017, 0x1c05a3f4, 0x1c05a3f3));
    assert_false(
        pow_permitted_transition(net, 68544, 0x1c05a3f4, 0x1c0168fc)); /* below a quarter */
    assert_false(
        pow_permitted_transition(net, 46368, 0x1c387f6f, 0x1d00e1fe)); /* above four times */
    /* A quarter of 0x5a3f5 is between two numbers that have bits: the lower one is Core's. */
    assert_true(pow_permitted_transition(net, 68544, 0x1c05a3f5, 0x1c0168fd));
    assert_true(pow_permitted_transition(params_find("test"), 2017, 0x1c05a3f4, 0x1d00ffff));
}

/* Between retargets the main chain keeps its bits, and looks at the tip alone. */
static void test_no_change(void **state)
{
    struct pow_ancestor tip = {1000, 0x1b0404cb};
    struct chain c = {&tip, 100, 100, 0};

    (void)state;
    assert_int_equal(pow_next_bits(params_find("main"), ancestor_of, &c, 100, 999999), 0x1b0404cb);
    assert_int_equal(c.asked, 1);
}

/* testnet3: a block that is late by 20 minutes may be easy, the next one may not. */
static void test_min_difficulty(void **state)
{
    const struct params *net = params_find("test");
    struct pow_ancestor blocks[] = {
        {1000, 0x1c05a3f4}, {1600, 0x1c05a3f4}, {4000, 0x1d00ffff}, {7000, 0x1d00ffff}};
    struct chain c = {blocks, 4032 + 10, 4032 + 13, 0};

    (void)state;
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 4032 + 13, 7000 + 1200), 0x1c05a3f4);
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 4032 + 13, 7000 + 1201), 0x1d00ffff);
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 4032 + 13, 1), 0x1c05a3f4);
    /* Near the end of time nothing wraps. */
    blocks[3].time = UINT32_MAX - 100;
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 4032 + 13, UINT32_MAX), 0x1c05a3f4);
    /* Going back stops at the first block of a period, whatever its bits, and at the genesis block. */
    blocks[1].bits = 0x1d00ffff;
    c.first = 4032 - 1;
    c.tip = 4032 + 2;
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 4032 + 2, 7001), 0x1d00ffff);
    c.first = 0;
    c.tip = 3;
    blocks[0].bits = 0x1d00ffff;
    assert_int_equal(pow_next_bits(net, ancestor_of, &c, 3, 7001), 0x1d00ffff);
}

/* testnet4 retargets from the first block of a period, so that an easy last one does not spread; testnet3 does not. */
static void test_bip94(void **state)
{
    uint32_t time = 1700000000, two_weeks = 14 * 24 * 60 * 60;

    (void)state;
    assert_int_equal(
        retarget(params_find("testnet4"), 4031, time, time + two_weeks, 0x1c05a3f4, 0x1d00ffff),
        0x1c05a3f4);
    assert_int_equal(
        retarget(params_find("test"), 4031, time, time + two_weeks, 0x1c05a3f4, 0x1d00ffff),
        0x1d00ffff);
    /* Exactly on time changes nothing, on any network that retargets. */
    assert_int_equal(
        retarget(params_find("main"), 4031, time, time + two_weeks, 0x1c05a3f4, 0x1c05a3f4),
        0x1c05a3f4);
}

/* A last block before the first one: the timespan is negative, and clamped. */
static void test_negative_timespan(void **state)
{
    const struct params *net = params_find("main");

    (void)state;
    assert_int_equal(retarget(net, 4031, 2000000000, 1000000000, 0x1c05a3f4, 0x1c05a3f4),
                     0x1c0168fd);
    assert_int_equal(retarget(net, 4031, 0, UINT32_MAX, 0x1c387f6f, 0x1c387f6f), 0x1d00e1fd);
}

/*
 * excalibur from its genesis block, whose date is long past when the second block comes, at one
 * block a second: the first window's timespan is that of years, the limit holds, and from block 288
 * on each day's worth of blocks is four times as hard.
 */
static void test_excalibur(void **state)
{
    static const struct {
        int32_t height;
        uint32_t bits;
    } changes[] = {{288, 0x1d1fffff}, {432, 0x1d07ffff}, {576, 0x1d01ffff}, {720, 0x1c7fffc0}};
    const struct params *net = params_find("excalibur");
    struct pow_ancestor blocks[800] = {{net->genesis.time, net->genesis.bits}};
    struct chain c = {blocks, 0, 0, 0};
    uint32_t start = net->genesis.time + 30 * 24 * 60 * 60, bits = net->genesis.bits;
    size_t next = 0, count = sizeof(changes) / sizeof(changes[0]);

    (void)state;
    for (int32_t height = 1; height < 800; height++) {
        uint32_t time = start + (uint32_t)height, want = bits;

        if (next < count && height == changes[next].height)
            want = changes[next++].bits;
        c.tip = height - 1;
        assert_int_equal(pow_next_bits(net, ancestor_of, &c, height - 1, time), want);
        assert_true(pow_permitted_transition(net, height, bits, want));
        /* No block may be easy for being late. */
        assert_int_equal(pow_next_bits(net, ancestor_of, &c, height - 1, time + 1000000), want);
        blocks[height] = (struct pow_ancestor){time, want};
        bits = want;
    }
    assert_int_equal(next, count);
    assert_false(pow_permitted_transition(net, 289, 0x1d7fffff, 0x1d1fffff));
    assert_false(pow_permitted_transition(net, 288, 0x1d7fffff, 0x1d1ffffe));
    assert_false(pow_permitted_transition(net, 288, 0x1d1fffff, 0x1e00ffff));
    assert_false(pow_permitted_transition(net, 2017, 0x1c05a3f4, 0x1d7fffff));
}

/* 143 intervals of 600 seconds are a little less than a day, as 2015 are less than two weeks. */
static void test_excalibur_steady(void **state)
{
    const struct params *net = params_find("excalibur");
    uint32_t time = 1800000000, day = 24 * 60 * 60;

    (void)state;
    assert_int_equal(retarget(net, 287, time, time + day, 0x1c05a3f4, 0x1c05a3f4), 0x1c05a3f4);
    assert_int_equal(retarget(net, 287, time, time + 143 * 600, 0x1c05a3f4, 0x1c05a3f4),
                     0x1c0599ec);
    /* Four days and more; a quarter of a day and less; BIP94: from the period's first block. */
    assert_int_equal(retarget(net, 287, time, time + 4 * day, 0x1c05a3f4, 0x1c05a3f4), 0x1c168fd0);
    assert_int_equal(retarget(net, 287, time, time + 9 * day, 0x1c05a3f4, 0x1c05a3f4), 0x1c168fd0);
    assert_int_equal(retarget(net, 287, time, time + day / 4, 0x1c05a3f4, 0x1c05a3f4), 0x1c0168fd);
    assert_int_equal(retarget(net, 287, time, time - day, 0x1c05a3f4, 0x1c05a3f4), 0x1c0168fd);
    assert_int_equal(retarget(net, 287, time, time + day, 0x1c05a3f4, 0x1d7fffff), 0x1c05a3f4);
    assert_int_equal(retarget(net, 143, net->genesis.time, time + day, 0x1d7fffff, 0x1d7fffff),
                     0x1d7fffff);
}

static void test_regtest(void **state)
{
    const struct params *net = params_find("regtest");
    uint32_t time = 1700000000;

    (void)state;
    assert_int_equal(retarget(net, 143, time, time + 1, 0x207fffff, 0x207fffff), 0x207fffff);
    assert_int_equal(retarget(net, 287, time, time + 1, 0x207fffff, 0x1d00ffff), 0x1d00ffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target),         cmocka_unit_test(test_check_edge),
        cmocka_unit_test(test_real_retargets), cmocka_unit_test(test_permitted_transition),
        cmocka_unit_test(test_no_change),      cmocka_unit_test(test_min_difficulty),
        cmocka_unit_test(test_bip94),          cmocka_unit_test(test_negative_timespan),
        cmocka_unit_test(test_regtest),        cmocka_unit_test(test_target_overflow),
        cmocka_unit_test(test_excalibur),      cmocka_unit_test(test_excalibur_steady),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
