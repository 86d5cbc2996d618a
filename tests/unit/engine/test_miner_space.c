/*
 * The search space: all of it, each header once, and every hit in it found.
 * What was searched is told by the observer and compared with what should have
 * been; what hits is worked out again with OpenSSL.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/engine/miner_support.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

struct space_case {
    const char *name;
    uint32_t version_mask, extra_seconds, nonce_first;
    uint64_t nonce_count, extranonce_first, extranonce_last, unit_nonces;
    uint32_t time;
};

static const struct space_case space_cases[] = {
    {"one nonce", 0, 0, 7, 1, 0, 0, 0, 0},
    {"the last nonces", 0, 0, 0xffffff00, 0, 0, 0, 64, 0},
    {"units that do not divide the range", 0, 0, 100, 1001, 0, 0, 37, 0},
    {"units of one nonce", 0, 1, 100, 50, 5, 6, 1, 0},
    {"extranonces", 0, 0, 5, 300, UINT64_MAX - 6, UINT64_MAX, 128, 0},
    {"times", 0, 5, 5, 300, 0, 1, 128, 0},
    {"times at the end of time", 0, 5, 5, 300, 0, 0, 128, UINT32_MAX - 2},
    {"two versions", 0x00800000, 1, 5, 200, 0, 1, 128, 0},
    {"sixteen versions", 0x1e000000, 1, 5, 200, 0, 1, 128, 0},
    {"two versions, one the template's without its bit", 0x20000000, 1, 5, 200, 0, 0, 128, 0},
    {"sixteen versions, the template's bits among them", 0xb1000000, 0, 5, 200, 0, 0, 128, 0},
    {"eight versions", 0x0000e000, 0, 5, 200, 0, 0, 128, 0},
    {"sets of versions, bits apart", 0x11111101, 1, 0xfffffff0, 16, 9, 10, 5, 0},
    {"BIP320", 0x1fffe000, 0, 5, 3, 0, 0, 0, 0},
};

/* The times of a case: the clock's end cuts them. */
static uint64_t case_times(const struct space_case *c)
{
    uint64_t left = c->time ? UINT32_MAX - c->time : UINT32_MAX;

    return 1 + (c->extra_seconds < left ? c->extra_seconds : left);
}

/* Every place once, each of them from the first nonce to the last without gap or overlap. */
static void check_coverage(const struct space_case *c, const struct kernels *kernels)
{
    uint64_t all_versions = (uint64_t)1 << __builtin_popcount(c->version_mask);
    size_t set = kernels->search_rolled->versions;
    uint64_t count = c->nonce_count ? c->nonce_count : ((uint64_t)1 << 32) - c->nonce_first;
    uint64_t versions = 0, want;

    sort_seen();
    for (size_t i = 0; i < seen.count;) {
        const struct miner_range *first = &seen.ranges[i];
        uint64_t at = c->nonce_first;

        for (; i < seen.count && same_place(first, &seen.ranges[i]); i++) {
            assert_int_equal(seen.ranges[i].nonce_first, at);
            at += seen.ranges[i].nonce_count;
        }
        if (at != c->nonce_first + count)
            fail_msg("%s: a gap at nonce %ju", c->name, (uintmax_t)at);
        /* Versions of a set differ, in allowed bits alone; sets were sorted apart. */
        for (size_t v = 0; v < first->versions; v++) {
            assert_int_equal((first->version[v] ^ 0x20000000) & ~c->version_mask, 0);
            for (size_t w = 0; w < v; w++)
                assert_int_not_equal(first->version[v], first->version[w]);
        }
        /* Versions roll wherever there are enough of them for the kernel that does it best. */
        assert_int_equal(first->versions, all_versions >= set ? set : 1);
        versions += first->versions;
    }
    want = case_times(c) * (c->extranonce_last - c->extranonce_first + 1) * all_versions;
    assert_int_equal(versions, want);
}

static size_t count_hits_by_openssl(const struct miner_work *work)
{
    size_t hits = 0;

    for (size_t i = 0; i < seen.count; i++) {
        const struct miner_range *r = &seen.ranges[i];
        uint8_t header[80];

        memcpy(header, work->header, 80);
        extranonce_header(NULL, r->extranonce, header);
        write_le32(header + 68, r->time);
        for (size_t v = 0; v < r->versions; v++)
            for (uint64_t k = 0; k < r->nonce_count; k++) {
                write_le32(header, r->version[v]);
                write_le32(header + 76, r->nonce_first + (uint32_t)k);
                hits += meets(header, work->target);
            }
    }
    return hits;
}

static void search_case(const struct space_case *c, const struct kernels *kernels)
{
    struct miner *miner = make_miner(kernels, c->unit_nonces);
    struct miner_work work = make_work(42, 5);
    struct miner_event event;
    uint64_t hashes = 0;
    size_t hits = 0;

    work.version_mask = c->version_mask;
    work.extra_seconds = c->extra_seconds;
    work.nonce_first = c->nonce_first;
    work.nonce_count = c->nonce_count;
    work.extranonce_first = c->extranonce_first;
    work.extranonce_last = c->extranonce_last;
    if (c->time)
        write_le32(work.header + 68, c->time);
    atomic_store(&releases, 0);
    assert_true(miner_set_work(miner, &work));
    for (;; hits++) {
        event = next_event(miner);
        assert_int_equal(event.tag, 42);
        assert_false(event.stale);
        if (event.type == MINER_EXHAUSTED)
            break;
        check_header(&event, &work);
    }
    assert_false(miner_poll(miner, &event));
    check_coverage(c, kernels);
    assert_int_equal(hits, count_hits_by_openssl(&work));
    for (size_t i = 0; i < seen.count; i++)
        hashes += seen.ranges[i].nonce_count * seen.ranges[i].versions;
    assert_int_equal(miner_hashes(miner), hashes);
    assert_int_equal(atomic_load(&releases), 0);
    miner_destroy(miner);
    assert_int_equal(atomic_load(&releases), 1);
    forget_seen();
}

static void searches_everything_once(void **state)
{
    (void)state;
    for (const struct search_impl *impl = search_impls; impl->name; impl++) {
        struct kernels kernels = support_fastest;

        if ((impl->needs & cpu_features()) != impl->needs)
            continue;
        kernels.search = kernels.search_rolled = impl;
        for (size_t i = 0; i < sizeof(space_cases) / sizeof(space_cases[0]); i++)
            search_case(&space_cases[i], &kernels);
    }
}

/* Without a header function another extranonce would be the same header again. */
static void needs_a_header_function_for_extranonces(void **state)
{
    struct miner *miner = make_miner(&kernels_generic, 0);
    struct miner_work work = make_work(1, 256);

    (void)state;
    work.header_fn = NULL;
    work.nonce_count = 10;
    work.extranonce_last = 5;
    assert_true(miner_set_work(miner, &work));
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);
    assert_int_equal(miner_hashes(miner), 10);
    miner_destroy(miner);
    forget_seen();
}

/* The largest space there is starts with the template itself and is not found empty. */
static void starts_the_largest_space(void **state)
{
    struct miner *miner = make_miner(&support_fastest, 1);
    struct miner_work work = make_work(1, 256);
    bool template = false;

    (void)state;
    work.version_mask = UINT32_MAX;
    work.extra_seconds = UINT32_MAX;
    work.extranonce_last = UINT64_MAX;
    assert_true(miner_set_work(miner, &work));
    while (miner_hashes(miner) < 1000)
        sleep_ms(1);
    miner_destroy(miner);
    for (size_t i = 0; i < seen.count; i++)
        template |= seen.ranges[i].version[0] == 0x20000000 && seen.ranges[i].nonce_first == 0 &&
                    seen.ranges[i].time == 1700000000 && seen.ranges[i].extranonce == 0;
    assert_true(template);
    forget_seen();
}

static void refuses_impossible_work(void **state)
{
    struct miner *miner = make_miner(&kernels_generic, 0);
    struct miner_work work = make_work(1, 256);

    (void)state;
    atomic_store(&releases, 0);
    work.nonce_first = 1;
    work.nonce_count = (uint64_t)1 << 32;
    assert_false(miner_set_work(miner, &work));
    work.nonce_count = 0;
    work.extranonce_first = 1;
    assert_false(miner_set_work(miner, &work));
    assert_int_equal(atomic_load(&releases), 0);
    miner_destroy(miner);
    forget_seen();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_everything_once),
        cmocka_unit_test(needs_a_header_function_for_extranonces),
        cmocka_unit_test(starts_the_largest_space),
        cmocka_unit_test(refuses_impossible_work),
    };

    return cmocka_run_group_tests(tests, support_start, support_end);
}
