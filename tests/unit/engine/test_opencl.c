/*
 * The OpenCL search on whatever device is there, PoCL's CPU where no GPU is: what
 * it finds is what the generic kernel finds, alone and beside the workers.
 * Skipped where there is no device.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/opencl/opencl.h"
#include "tests/unit/engine/miner_support.h"
#include "tests/unit/random.h"
#include "tests/unit/vectors.h"

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What drivers and their compilers never free is theirs. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libpocl\nleak:libLLVM\nleak:libclang\nleak:libOpenCL\n";
}

static struct opencl *opencl; /* NULL: no device */
static struct miner_device device;
static char why_not[OPENCL_ERROR_SIZE];
static char folder[64];

static struct opencl *create(char error[static OPENCL_ERROR_SIZE])
{
    return opencl_create(0, &(struct opencl_options){.cache = folder}, error);
}

static int start(void **state)
{
    struct opencl_info info;

    snprintf(folder, sizeof(folder), "/tmp/exs-opencl-XXXXXX");
    if (!mkdtemp(folder) || support_start(state) != 0)
        return -1;
    if (opencl_list(&info, 1, why_not) == 0)
        return 0;
    opencl = create(why_not);
    if (!opencl) {
        print_error("%s\n", why_not);
        return -1;
    }
    device = opencl_miner_device(opencl);
    return 0;
}

/* The n-th file that is kept; false where there are fewer. */
static bool kept_file(char out[static 512], size_t n)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && n-- == 0) {
            snprintf(out, 512, "%s/%s", folder, entry->d_name);
            found = true;
        }
    if (dir)
        closedir(dir);
    return found;
}

static int end(void **state)
{
    char path[512];

    opencl_destroy(opencl);
    while (kept_file(path, 0))
        unlink(path);
    rmdir(folder);
    return support_end(state);
}

static void need_device(void)
{
    if (opencl)
        return;
    print_message("skipped: %s\n", why_not);
    skip();
}

static void describes_devices(void **state)
{
    struct opencl_info info[OPENCL_MAX_DEVICES];
    char error[OPENCL_ERROR_SIZE];
    struct opencl_sensors sensors;
    size_t count;

    (void)state;
    need_device();
    count = opencl_list(info, OPENCL_MAX_DEVICES, error);
    assert_true(opencl_built() && count >= 1 && !error[0]);
    for (size_t i = 0; i < count; i++) {
        const char *texts[] = {info[i].name, info[i].vendor, info[i].platform, info[i].driver};

        assert_int_equal(info[i].index, i);
        assert_true(!i || info[i].kind >= info[i - 1].kind);
        assert_true(info[i].name[0] && info[i].compute_units > 0);
        for (size_t k = 0; k < 4; k++)
            for (const char *c = texts[k]; *c; c++)
                assert_in_range(*c, ' ', '~');
        assert_true(opencl_bound(&info[i], 16) >= opencl_bound(&info[i], 1));
        opencl_read_sensors(&info[i], &sensors);
        if (!sensors.has_temperature && !sensors.has_power && !sensors.has_fan)
            assert_true(sensors.text[0]);
        print_message("    %s, %u units, %u MHz\n", info[i].name, info[i].compute_units,
                      info[i].clock_mhz);
    }
    assert_int_equal(opencl_list(info, 0, error), 0);
    assert_null(opencl_create(count, &(struct opencl_options){.cache = ""}, error));
    assert_non_null(strstr(error, "there is no OpenCL device"));
    assert_string_equal(opencl_info(opencl)->name, info[0].name);
    assert_true(opencl_choice(opencl).plain > 0 && opencl_choice(opencl).rolled > 0);
}

/* NVIDIA's H100: 132 units of 64 at 1980 MHz; a hash takes some 2500 operations. */
static void bounds_what_units_can_do(void **state)
{
    struct opencl_info info = {.compute_units = 132, .clock_mhz = 1980, .unit_operations = 64};
    double plain, rolled;

    (void)state;
    if (!opencl_built()) {
        print_message("skipped: built without OpenCL\n");
        skip();
    }
    plain = opencl_bound(&info, 1);
    rolled = opencl_bound(&info, 4);
    assert_true(plain > 16.7e12 / 2700 && plain < 16.7e12 / 2400);
    assert_true(rolled > 1.05 * plain && rolled < 1.25 * plain);
    info.unit_operations = 0;
    assert_true(opencl_bound(&info, 1) == 0);
}

/* What the program has no form for is refused before any device is asked. */
static void has_only_some_forms(void **state)
{
    static const unsigned bad_vectors[] = {2, 3, 5, 15, 17, 32, UINT32_MAX};
    static const unsigned bad_versions[] = {3, 5, 8, 16, UINT32_MAX};
    char error[OPENCL_ERROR_SIZE];

    (void)state;
    if (!opencl_built()) {
        print_message("skipped: built without OpenCL\n");
        skip();
    }
    for (size_t i = 0; i < sizeof(bad_vectors) / sizeof(*bad_vectors); i++) {
        struct opencl_options options = {.cache = "", .vector = bad_vectors[i]};

        assert_null(opencl_create(0, &options, error));
        assert_non_null(strstr(error, "1, 4, 8 or 16 nonces side by side, not "));
    }
    for (size_t i = 0; i < sizeof(bad_versions) / sizeof(*bad_versions); i++) {
        struct opencl_options options = {.cache = "", .versions = bad_versions[i]};

        assert_null(opencl_create(0, &options, error));
        assert_non_null(strstr(error, "1, 2 or 4 versions an item, not "));
    }
}

/* ---- beside the generic kernel ---- */

static int compare_hits(const void *left, const void *right)
{
    const struct search_hit *a = left, *b = right;

    if (a->nonce != b->nonce)
        return a->nonce < b->nonce ? -1 : 1;
    return (a->version > b->version) - (a->version < b->version);
}

static enum miner_scan scan(struct search_hits *hits, const struct search_job *job,
                            unsigned zero_bits, uint32_t first, uint64_t count)
{
    static unsigned calls;
    char text[MINER_DEVICE_TEXT_SIZE] = "";
    enum miner_scan result =
        device.scan(device.arg, calls++ % device.streams, hits, job, zero_bits, first, count, text);

    if (result == MINER_SCAN_FAILED)
        fail_msg("the device failed: %s", text);
    return result;
}

/* The device finds what the generic kernel finds. At most 48 hits are to be there. */
static size_t expect_as_generic(const uint8_t header[static 80], const uint32_t *versions, size_t n,
                                unsigned zero_bits, uint32_t first, uint64_t count)
{
    struct search_hits want, got;
    struct search_job job;

    search_job_init(&job, header, versions, n,
                    uint256_shift_right(uint256_not(uint256_from_u64(0)), zero_bits),
                    support_fastest.sha256_compress->run);
    assert_int_equal(kernels_generic.search->run(&want, &job, first, count), count);
    assert_int_equal(scan(&got, &job, zero_bits, first, count), MINER_SCAN_DONE);
    qsort(want.hit, want.count, sizeof(want.hit[0]), compare_hits);
    qsort(got.hit, got.count, sizeof(got.hit[0]), compare_hits);
    if (want.count != got.count || memcmp(want.hit, got.hit, want.count * sizeof(want.hit[0])) != 0)
        fail_msg("%zu versions, %u zero bits, first %u, count %ju: %zu hits instead of %zu", n,
                 zero_bits, first, (uintmax_t)count, got.count, want.count);
    return want.count;
}

static void random_header(struct random *r, uint8_t header[static 80],
                          uint32_t versions[static SEARCH_MAX_VERSIONS])
{
    random_fill(r, header, 80);
    for (size_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
        versions[i] = (uint32_t)random_u64(r);
}

/* Random headers, every number of versions, counts that fill groups and that do not, both ends. */
static void agrees_on_random_jobs(void **state)
{
    struct random r = random_create("random jobs");
    size_t hits = 0;

    (void)state;
    need_device();
    for (size_t i = 0; i < 64; i++) {
        uint8_t header[80];
        uint32_t versions[SEARCH_MAX_VERSIONS], first = (uint32_t)random_u64(&r);
        size_t n = 1 + i % SEARCH_MAX_VERSIONS;
        uint64_t count = 1 + random_below(&r, i % 3 ? 300 : 3000);
        unsigned zero_bits = 0;

        random_header(&r, header, versions);
        if (i % 4 == 0)
            first = UINT32_MAX - (uint32_t)count + 1;
        while (count * n >> zero_bits > 16)
            zero_bits++;
        hits += expect_as_generic(header, versions, n, zero_bits, first, count);
    }
    assert_true(hits > 100);
}

/* A hit is found where it is the first and the last of a range, and not where it is beside it. */
static void finds_hits_at_both_ends(void **state)
{
    struct random r = random_create("both ends");

    (void)state;
    need_device();
    for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n += 5) {
        uint8_t header[80];
        uint32_t versions[SEARCH_MAX_VERSIONS], nonce;
        struct search_hits hits;
        struct search_job job;

        random_header(&r, header, versions);
        search_job_init(&job, header, versions, n,
                        uint256_shift_right(uint256_not(uint256_from_u64(0)), 10),
                        support_fastest.sha256_compress->run);
        for (uint32_t first = 5000; kernels_generic.search->run(&hits, &job, first, 500), true;
             first += 500)
            if (hits.count)
                break;
        nonce = hits.hit[0].nonce;
        for (uint32_t before = 0; before < 70; before += 23) {
            assert_true(expect_as_generic(header, versions, n, 10, nonce - before, before + 1) > 0);
            assert_true(expect_as_generic(header, versions, n, 10, nonce, before + 1) > 0);
            if (before)
                expect_as_generic(header, versions, n, 10, nonce - before, before);
            expect_as_generic(header, versions, n, 10, nonce + 1, before + 1);
        }
    }
}

/*
 * Hashes that begin with 31 and more zero bits are as rare as blocks of
 * difficulty 1: these were searched for (test_search.c).
 */
static void tells_zero_bits_apart(void **state)
{
    static const struct {
        unsigned zero_bits;
        uint32_t version, nonce;
    } known[] = {
        {32, 0x2000e000, 0x068db7cd},
        {31, 0x2001a000, 0x070280c7},
    };
    uint8_t header[80];

    (void)state;
    need_device();
    for (int i = 0; i < 80; i++)
        header[i] = (uint8_t)i;
    for (size_t k = 0; k < 2; k++) {
        uint32_t versions[SEARCH_MAX_VERSIONS];

        for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
            versions[i] = known[k].version ^ i << 13;
        for (unsigned zero_bits = 28; zero_bits <= 32; zero_bits++)
            for (size_t n = 1; n <= SEARCH_MAX_VERSIONS; n += 15)
                assert_int_equal(
                    expect_as_generic(header, versions, n, zero_bits, known[k].nonce - 3, 40),
                    zero_bits <= known[k].zero_bits);
    }
}

static void says_when_it_finds_too_much(void **state)
{
    struct random r = random_create("too much");
    uint8_t header[80];
    uint32_t versions[SEARCH_MAX_VERSIONS];
    struct search_hits hits;
    struct search_job job;

    (void)state;
    need_device();
    random_header(&r, header, versions);
    search_job_init(&job, header, versions, 16, uint256_from_u64(0),
                    support_fastest.sha256_compress->run);
    assert_int_equal(scan(&hits, &job, 0, 1, 5), MINER_SCAN_OVERFLOW);
    assert_int_equal(scan(&hits, &job, 0, 1, 4), MINER_SCAN_DONE);
    assert_int_equal(hits.count, 64);
    assert_int_equal(scan(&hits, &job, 0, 1, 100000), MINER_SCAN_OVERFLOW);
}

static void comes_back_after_a_restart(void **state)
{
    struct random r = random_create("restart");
    uint8_t header[80];
    uint32_t versions[SEARCH_MAX_VERSIONS];
    char text[MINER_DEVICE_TEXT_SIZE] = "";

    (void)state;
    need_device();
    random_header(&r, header, versions);
    expect_as_generic(header, versions, 16, 10, 77, 1000);
    if (!device.restart(device.arg, text))
        fail_msg("%s", text);
    expect_as_generic(header, versions, 16, 10, 77, 1000);
}

/* ---- beside the workers ---- */

/* A device that fails every so often in the middle of a range, after it searched. */
static unsigned fail_every;
static atomic_uint scans, failures;

static enum miner_scan sometimes_scan(void *arg, size_t stream, struct search_hits *hits,
                                      const struct search_job *job, unsigned zero_bits,
                                      uint32_t first, uint64_t count,
                                      char text[static MINER_DEVICE_TEXT_SIZE])
{
    enum miner_scan result = device.scan(arg, stream, hits, job, zero_bits, first, count, text);

    if (!fail_every || atomic_fetch_add(&scans, 1) % fail_every != fail_every - 1)
        return result;
    atomic_fetch_add(&failures, 1);
    snprintf(text, MINER_DEVICE_TEXT_SIZE, "made to fail");
    return MINER_SCAN_FAILED;
}

/* Searches a window around a header's nonce: it is found once, and all that is found is right. */
static void expect_nonce(struct miner *miner, const uint8_t header[static 80], uint32_t before,
                         uint64_t window)
{
    struct compact_flags flags;
    struct miner_work work = {.tag = read_le32(header + 76)};
    uint32_t nonce = read_le32(header + 76), found = 0;
    struct miner_event event;

    memcpy(work.header, header, 80);
    work.target = uint256_from_compact(read_le32(header + 72), &flags);
    work.nonce_first = nonce < before ? 0 : nonce - before;
    work.nonce_count = (uint64_t)UINT32_MAX + 1 - work.nonce_first;
    if (work.nonce_count > window)
        work.nonce_count = window;
    assert_true(miner_set_work(miner, &work));
    while ((event = next_event(miner)).type == MINER_FOUND) {
        assert_int_equal(event.tag, work.tag);
        assert_false(event.stale);
        check_header(&event, &work);
        found += memcmp(event.header, header, 80) == 0;
    }
    if (found != 1)
        fail_msg("nonce %u was found %u times", nonce, found);
}

/* Every so many headers, with units of so many nonces. */
static void expect_nonces(struct pool *pool, size_t step, uint64_t unit, uint64_t window,
                          const struct miner_device *with)
{
    char error[MINER_ERROR_SIZE];
    size_t size, headers = 0;
    uint8_t *data = vectors_load("blocks/mainnet-0-to-10236.headers", &size);
    struct miner *miner = miner_create(
        pool,
        &(struct miner_options){
            .kernels = &support_fastest, .unit_nonces = unit, .devices = with, .device_count = 1},
        error);
    size_t lane;

    if (!miner)
        fail_msg("%s", error);
    lane = miner_lanes(miner) - 1;
    assert_int_equal(size, 10237 * 80);
    for (size_t at = 0; at < size; at += 80 * step, headers++)
        expect_nonce(miner, data + at, (uint32_t)(at / 80 * 131 % window), window);
    print_message("    %zu headers, %.0f %% of the nonces by the device, %ju failures\n", headers,
                  100.0 * (double)miner_lane_stats(miner, lane).hashes /
                      (double)miner_hashes(miner),
                  (uintmax_t)miner_device_stats(miner, 0).failures);
    assert_int_equal(miner_device_stats(miner, 0).errors, 0);
    miner_destroy(miner);
    free(data);
}

static void finds_all_nonces_beside_workers(void **state)
{
    const char *asked = getenv("EXS_LONG");
    bool all = asked && strcmp(asked, "1") == 0;
    struct miner_device with = device;

    (void)state;
    need_device();
    with.batch_ms = 1;
    expect_nonces(support_pool, SANITIZED ? 101 : 1, 64, SANITIZED ? 500 : 1024, &with);
    if (all)
        expect_nonces(support_pool, 1, 1 << 16, 1 << 20, &with);
}

static void finds_all_nonces_though_it_fails(void **state)
{
    struct miner_device with = device;

    (void)state;
    need_device();
    with.scan = sometimes_scan;
    with.batch_ms = 1;
    with.retry_ms = 1;
    with.tries = 1000000;
    fail_every = 40;
    atomic_store(&scans, 0);
    atomic_store(&failures, 0);
    expect_nonces(NULL, SANITIZED ? 201 : 51, 64, 100, &with);
    expect_nonces(support_pool, SANITIZED ? 201 : 51, 64, 1000, &with);
    assert_true(atomic_load(&failures) >= 1);
}

/* ---- the cache ---- */

/* Damaged and foreign files are ignored and written anew. */
static void survives_a_damaged_cache(void **state)
{
    char path[512], error[OPENCL_ERROR_SIZE];
    struct opencl *again;
    struct stat before, after;

    (void)state;
    need_device();
    if (!kept_file(path, 0)) {
        print_message("skipped: this driver gives no binaries\n");
        skip();
    }
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(truncate(path, before.st_size / 2), 0);
    again = create(error);
    if (!again)
        fail_msg("%s", error);
    opencl_destroy(again);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(after.st_mode & 07777, 0600);
    assert_true(after.st_size > before.st_size / 2 && after.st_ino != before.st_ino);
    /* What is whole is taken as it is. */
    again = create(error);
    if (!again)
        fail_msg("%s", error);
    opencl_destroy(again);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(before.st_ino, after.st_ino);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_devices),
        cmocka_unit_test(bounds_what_units_can_do),
        cmocka_unit_test(has_only_some_forms),
        cmocka_unit_test(agrees_on_random_jobs),
        cmocka_unit_test(finds_hits_at_both_ends),
        cmocka_unit_test(tells_zero_bits_apart),
        cmocka_unit_test(says_when_it_finds_too_much),
        cmocka_unit_test(comes_back_after_a_restart),
        cmocka_unit_test(finds_all_nonces_beside_workers),
        cmocka_unit_test(finds_all_nonces_though_it_fails),
        cmocka_unit_test(survives_a_damaged_cache),
    };

    return cmocka_run_group_tests(tests, start, end);
}
