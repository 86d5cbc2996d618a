/* The search's promises at their edges: every lane, every place of a version, both ends, every target's edge. */
#include "tests/unit/kernels/search_cases.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t RANGE = UINT64_C(1) << 32;

struct template
{
    uint8_t header[80];
    uint32_t versions[SEARCH_MAX_VERSIONS];
};

static struct template template_random(struct random *r)
{
    struct template t;
    uint32_t version = (uint32_t)random_u64(r);

    for (int i = 0; i < 80; i++)
        t.header[i] = (uint8_t)random_u64(r);
    for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
        t.versions[i] = version ^ i << 13;
    return t;
}

static struct uint256 hash_of(const struct template *t, size_t place, uint32_t nonce)
{
    return openssl_hash(t->header, t->versions[place], nonce);
}

static void expect_as_generic(const struct search_impl *impl, const struct search_job *job,
                              uint32_t first, uint64_t count)
{
    struct found want = {0}, got = {0};

    assert_true(search_all(&want, search_generic, job, first, count));
    assert_true(search_all(&got, impl->run, job, first, count));
    if (!found_equal(&want, &got))
        fail_msg("%s: %zu versions, first %u, count %llu: %zu hits instead of %zu", impl->name,
                 job->versions, first, (unsigned long long)count, got.count, want.count);
    found_free(&want);
    found_free(&got);
}

static bool finds(const struct search_impl *impl, const struct search_job *job, uint32_t first,
                  uint64_t count, uint32_t nonce, uint32_t version)
{
    struct found f = {0};
    bool there = false;

    assert_true(search_all(&f, impl->run, job, first, count));
    for (size_t i = 0; i < f.count; i++)
        there |= f.hit[i].nonce == nonce && f.hit[i].version == version;
    found_free(&f);
    return there;
}

/* The target that is the hash itself is met; the next smaller is not. */
static void expect_exactly(const struct search_impl *impl, const struct template *t, size_t n,
                           size_t place, uint32_t first, uint64_t count, uint32_t nonce)
{
    struct search_job job;
    struct uint256 hash = hash_of(t, place, nonce);

    search_job_init(&job, t->header, t->versions, n, hash, sha256_compress_generic);
    if (!finds(impl, &job, first, count, nonce, t->versions[place]))
        fail_msg("%s: %zu versions, place %zu, first %u, nonce %u: missed", impl->name, n, place,
                 first, nonce);
    hash = uint256_sub(hash, uint256_from_u64(1));
    search_job_init(&job, t->header, t->versions, n, hash, sha256_compress_generic);
    if (finds(impl, &job, first, count, nonce, t->versions[place]))
        fail_msg("%s: %zu versions, place %zu, first %u, nonce %u: too easy", impl->name, n, place,
                 first, nonce);
}

static void a_hit_in_each_lane(void **unused)
{
    struct random r = random_create("a hit in each lane");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        struct template t = template_random(&r);
        uint32_t first = (uint32_t)random_u64(&r) >> 1;

        for (uint32_t lane = 0; lane < 70; lane++)
            expect_exactly(impl, &t, 1, 0, first, 70, first + lane);
    }
}

static void a_hit_at_each_place_of_each_number_of_versions(void **unused)
{
    struct random r = random_create("a hit at each place");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n++) {
            struct template t = template_random(&r);
            uint32_t first = (uint32_t)random_u64(&r) >> 1;

            for (size_t place = 0; place < n; place++)
                expect_exactly(impl, &t, n, place, first, 19,
                               first + (uint32_t)random_below(&r, 19));
        }
        /* With as many versions as lanes, too, a nonce has a column. */
        struct template t = template_random(&r);

        for (uint32_t column = 0; column < 35; column++)
            expect_exactly(impl, &t, SEARCH_MAX_VERSIONS, column % SEARCH_MAX_VERSIONS, 1000, 35,
                           1000 + column);
    }
}

static void hits_at_both_ends(void **unused)
{
    static const uint64_t counts[] = {1, 2, 15, 16, 17, 33, 100};
    struct random r = random_create("hits at both ends");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        struct template t = template_random(&r);

        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            uint32_t last = (uint32_t)counts[i] - 1;

            for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n += 15) {
                expect_exactly(impl, &t, n, n - 1, 0, counts[i], 0);
                expect_exactly(impl, &t, n, n - 1, 0, counts[i], last);
                expect_exactly(impl, &t, n, 0, UINT32_MAX - last, counts[i], UINT32_MAX - last);
                expect_exactly(impl, &t, n, 0, UINT32_MAX - last, counts[i], UINT32_MAX);
            }
        }
    }
}

/* What lies beside the range belongs to somebody else. */
static void nothing_beyond_the_range(void **unused)
{
    struct random r = random_create("nothing beyond the range");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        struct template t = template_random(&r);
        struct search_job job;

        for (uint32_t count = 1; count < 40; count++) {
            search_job_init(&job, t.header, t.versions, count % 2 ? 1 : 16, hash_of(&t, 0, 500),
                            sha256_compress_generic);
            assert_false(finds(impl, &job, 500 - count, count, 500, t.versions[0]));
            assert_false(finds(impl, &job, 501, count, 500, t.versions[0]));
            assert_true(finds(impl, &job, 500 - count, count + 1, 500, t.versions[0]));
        }
    }
}

static void a_count_of_zero_does_nothing(void **unused)
{
    struct random r = random_create("a count of zero");
    struct template t = template_random(&r);
    struct search_job job;
    struct search_hits hits;

    (void)unused;
    search_job_init(&job, t.header, t.versions, 1, uint256_not(uint256_from_u64(0)),
                    sha256_compress_generic);
    FOR_EACH_SEARCH(impl)
    {
        memset(&hits, 0xff, sizeof(hits));
        assert_int_equal(impl->run(&hits, &job, 7, 0), 0);
        assert_int_equal(hits.count, 0);
    }
}

/* Every target that decides by its top word alone, by the words below, or by nothing. */
static void targets_edges(void **unused)
{
    static const uint64_t tops[] = {
        0,
        1,
        UINT64_C(0x00000000ffffffff),
        UINT64_C(0x0000000100000000),
        UINT64_C(0x00000001ffffffff),
        UINT64_C(0x7fffff0000000000),
        UINT64_C(0x7fffffffffffffff),
        UINT64_C(0x8000000000000000),
        UINT64_C(0xfffffffe00000000),
        UINT64_C(0xfffffffeffffffff),
        UINT64_C(0xffffffff00000000),
        UINT64_C(0xffffffffffffffff),
    };
    struct random r = random_create("targets' edges");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        for (size_t i = 0; i < sizeof(tops) / sizeof(tops[0]); i++) {
            for (uint64_t low = 0; low < 2; low++) {
                struct uint256 target = {{0 - low, 0 - low, 0 - low, tops[i]}};
                struct template t = template_random(&r);
                struct search_job job;

                for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n += n < 4 ? 1 : 4) {
                    search_job_init(&job, t.header, t.versions, n, target, sha256_compress_generic);
                    expect_as_generic(impl, &job, (uint32_t)random_u64(&r) >> 1, SLOW ? 70 : 333);
                }
            }
        }
    }
}

/*
 * Hashes whose top word is 0 and 1 are as rare as blocks of difficulty 1: these
 * were searched for. The header's bytes are 0, 1, 2, ... but for version and nonce.
 */
static void rare_top_words(void **unused)
{
    static const struct {
        uint32_t top, version, nonce;
    } known[] = {
        {0, 0x2000e000, 0x068db7cd},
        {1, 0x2001a000, 0x070280c7},
    };
    struct template t;

    (void)unused;
    for (int i = 0; i < 80; i++)
        t.header[i] = (uint8_t)i;
    for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
        for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
            t.versions[i] = known[k].version ^ i << 13;
        assert_int_equal(hash_of(&t, 0, known[k].nonce).limb[3] >> 32, known[k].top);
        FOR_EACH_SEARCH(impl)
        {
            for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n += 15)
                for (uint32_t before = 0; before < 33; before++)
                    expect_exactly(impl, &t, n, 0, known[k].nonce - before, 40, known[k].nonce);
            for (uint64_t top = 0; top < 3; top++) {
                struct uint256 target = {
                    {UINT64_MAX, UINT64_MAX, UINT64_MAX, top << 32 | UINT32_MAX}};
                struct search_job job;

                search_job_init(&job, t.header, t.versions, 1, target, sha256_compress_generic);
                assert_int_equal(
                    finds(impl, &job, known[k].nonce - 8, 16, known[k].nonce, known[k].version),
                    top >= known[k].top);
            }
        }
    }
}

/* More hits than there is room for: the caller goes on, and has each of them once and in order. */
static void every_nonce_hits(void **unused)
{
    struct random r = random_create("every nonce hits");

    (void)unused;
    FOR_EACH_SEARCH(impl)
    {
        struct template t = template_random(&r);
        struct search_job job;

        for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n++) {
            struct found f = {0};
            uint32_t first = UINT32_MAX - 200;

            search_job_init(&job, t.header, t.versions, n, uint256_not(uint256_from_u64(0)),
                            sha256_compress_generic);
            assert_true(search_all(&f, impl->run, &job, first, RANGE - first));
            assert_int_equal(f.count, 201 * n);
            for (size_t i = 0; i < f.count; i++) {
                assert_int_equal(f.hit[i].nonce, first + i / n);
                assert_int_equal(f.hit[i].version, t.versions[i % n]);
            }
            found_free(&f);
        }
    }
}

static void a_target_of_zero_finds_nothing(void **unused)
{
    struct random r = random_create("a target of zero");
    struct template t = template_random(&r);
    struct search_job job;

    (void)unused;
    search_job_init(&job, t.header, t.versions, 16, uint256_from_u64(0), sha256_compress_generic);
    FOR_EACH_SEARCH(impl)
    {
        struct search_hits hits;

        assert_int_equal(impl->run(&hits, &job, 12345, 3001), 3001);
        assert_int_equal(hits.count, 0);
    }
}

static void the_generic_one_is_last_and_runs_anywhere(void **unused)
{
    const struct search_impl *impl = search_impls;

    (void)unused;
    while (impl[1].name)
        impl++;
    assert_string_equal(impl->name, "generic");
    assert_int_equal(impl->needs, 0);
    assert_ptr_equal(impl->run, search_generic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_in_each_lane),
        cmocka_unit_test(a_hit_at_each_place_of_each_number_of_versions),
        cmocka_unit_test(hits_at_both_ends),
        cmocka_unit_test(nothing_beyond_the_range),
        cmocka_unit_test(a_count_of_zero_does_nothing),
        cmocka_unit_test(targets_edges),
        cmocka_unit_test(rare_top_words),
        cmocka_unit_test(every_nonce_hits),
        cmocka_unit_test(a_target_of_zero_finds_nothing),
        cmocka_unit_test(the_generic_one_is_last_and_runs_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
