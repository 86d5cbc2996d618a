/*
 * Random work given to every search implementation and to the generic one: no
 * difference, for a minute, for ten with EXS_LONG=1, for seconds in slow builds.
 */
#include "base/clock.h"
#include "tests/unit/kernels/search_cases.h"
#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Targets that nearly every hash meets, that one in some hits, and that none does. */
static struct uint256 random_target(struct random *r)
{
    struct uint256 target = {{random_u64(r), random_u64(r), random_u64(r), random_u64(r)}};

    switch (random_below(r, 4)) {
    case 0:
        target.limb[3] |= UINT64_C(0xffff) << 48;
        break;
    case 1:
        target.limb[3] >>= random_below(r, 24);
        break;
    case 2:
        target.limb[3] &= UINT64_MAX << 32;
        break;
    default:
        target.limb[3] >>= 12;
        break;
    }
    return target;
}

static void no_difference(void **unused)
{
    uint64_t seconds = SLOW ? 5 : getenv("EXS_LONG") ? 600 : 60;
    uint64_t end = clock_monotonic_ns() + seconds * 1000000000, hashes = 0, jobs = 0, hits = 0;
    struct random r = random_create("random work");
    struct found want = {0}, got = {0};

    (void)unused;
    while (clock_monotonic_ns() < end) {
        uint8_t header[80];
        uint32_t versions[SEARCH_MAX_VERSIONS], first = (uint32_t)random_u64(&r);
        size_t n = random_below(&r, 3) ? 1 + random_below(&r, 15) : SEARCH_MAX_VERSIONS;
        uint64_t count = 1 + random_below(&r, random_below(&r, 8) ? 300 : 6000);
        struct search_job job;

        for (int i = 0; i < 80; i++)
            header[i] = (uint8_t)random_u64(&r);
        for (size_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
            versions[i] = (uint32_t)random_u64(&r);
        if (count > (UINT64_C(1) << 32) - first)
            count = (UINT64_C(1) << 32) - first;
        search_job_init(&job, header, versions, n, random_target(&r), sha256_compress_generic);
        assert_true(search_all(&want, search_generic, &job, first, count));
        FOR_EACH_SEARCH(impl)
        {
            assert_true(search_all(&got, impl->run, &job, first, count));
            if (!found_equal(&want, &got))
                fail_msg("%s differs: job %llu, %zu versions, first %u, count %llu", impl->name,
                         (unsigned long long)jobs, n, first, (unsigned long long)count);
        }
        hashes += count * n;
        hits += want.count;
        jobs++;
    }
    print_message("    %llu jobs, %llu hashes, %llu hits\n", (unsigned long long)jobs,
                  (unsigned long long)hashes, (unsigned long long)hits);
    assert_true(hits > 0);
    found_free(&want);
    found_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_difference)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
