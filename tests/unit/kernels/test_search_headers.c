/* The search on proof of work that was done: real headers, and real difficulty. */
#include "base/clock.h"
#include "tests/unit/kernels/search_cases.h"
#include "tests/unit/vectors.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* True where the header's own nonce is the search's find in window nonces around it, under the n-th of versions. */
static void expect_nonce(const struct search_impl *impl, const uint8_t header[static 80],
                         size_t versions, size_t place, uint32_t before, uint64_t window)
{
    uint32_t version = read_le32(header), nonce = read_le32(header + 76);
    uint32_t first = nonce < before ? 0 : nonce - before, rolled[SEARCH_MAX_VERSIONS];
    struct compact_flags flags;
    struct uint256 target = uint256_from_compact(read_le32(header + 72), &flags);
    struct search_job job;
    struct found f = {0};
    size_t own = 0;

    if (window > (UINT64_C(1) << 32) - first)
        window = (UINT64_C(1) << 32) - first;
    for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
        rolled[i] = version ^ (i ^ (uint32_t)place) << 13;
    search_job_init(&job, header, rolled, versions, target, sha256_compress_generic);
    assert_true(search_all(&f, impl->run, &job, first, window));
    for (size_t i = 0; i < f.count; i++) {
        struct uint256 hash = openssl_hash(header, f.hit[i].version, f.hit[i].nonce);

        assert_true(uint256_compare(hash, target) <= 0);
        own += f.hit[i].nonce == nonce && f.hit[i].version == version;
    }
    if (own != 1)
        fail_msg("%s: nonce %u under %zu versions found %zu times", impl->name, nonce, versions,
                 own);
    found_free(&f);
}

static void nonces_of_the_first_headers(void **unused)
{
    size_t size;
    uint8_t *headers = vectors_load("blocks/mainnet-0-to-10236.headers", &size);
    size_t step = SLOW ? 80 * 13 : 80;

    (void)unused;
    assert_int_equal(size, 10237 * 80);
    FOR_EACH_SEARCH(impl)
    {
        for (size_t at = 0; at < size; at += step) {
            uint32_t before = (uint32_t)(at / 80 * 7 % 61);

            expect_nonce(impl, headers + at, 1, 0, before, 64);
            expect_nonce(impl, headers + at, 16, at / 80 % 16, before % 17, 18);
        }
    }
    free(headers);
}

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);

    return n >= m && strcmp(name + n - m, ending) == 0;
}

static void nonces_of_whole_blocks(void **unused)
{
    char *folder = vectors_path("blocks");
    DIR *dir = opendir(folder);
    size_t blocks = 0;

    (void)unused;
    free(folder);
    if (!dir)
        free(vectors_load("blocks", NULL)); /* skips, or fails where vectors are required */
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[512];
        uint8_t *block;
        size_t size;

        if (!has_ending(entry->d_name, ".raw") || has_ending(entry->d_name, "-undo.raw"))
            continue;
        snprintf(path, sizeof(path), "blocks/%s", entry->d_name);
        block = vectors_load(path, &size);
        assert_true(size > 80);
        FOR_EACH_SEARCH(impl)
        {
            uint64_t window = SLOW ? 2000 : 100000;

            expect_nonce(impl, block, 1, 0, (uint32_t)window / 2, window);
            expect_nonce(impl, block, 16, blocks % 16, (uint32_t)window / 20, window / 10);
        }
        blocks++;
        free(block);
    }
    closedir(dir);
    assert_true(blocks > 10);
}

/*
 * Difficulty 0.001 is some 4.3 million hashes a hit. The fastest implementation
 * finds more than twenty in one go; each of the others must find the same,
 * alone, in a window around each, and nothing else there.
 */
static void hits_of_difficulty_a_thousandth(void **unused)
{
    enum { HITS = 24, VERSIONS = 16 };
    const struct uint256 target = uint256_from_difficulty(0.001);
    uint32_t versions[VERSIONS], window = SLOW ? 1000 : 20000;
    struct found found = {0};
    struct search_job job;
    uint8_t header[80];

    (void)unused;
    if (EXS_EMULATED) {
        print_message("skipped: a hundred million hashes take an emulator too long\n");
        skip();
    }
    for (int i = 0; i < 80; i++)
        header[i] = (uint8_t)(i * 37 + 11);
    for (uint32_t i = 0; i < VERSIONS; i++)
        versions[i] = 0x20000000 + (i << 13);
    search_job_init(&job, header, versions, VERSIONS, target, sha256_compress_generic);
    for (const struct search_impl *impl = search_impls; impl->name; impl++) {
        if (impl->needs & ~cpu_features())
            continue;
        for (uint64_t n = 1 << 21; found.count < HITS; n *= 2)
            assert_true(search_all(&found, impl->run, &job, 0, n));
        break;
    }
    for (size_t i = 0; i < found.count; i++) {
        struct uint256 hash = openssl_hash(header, found.hit[i].version, found.hit[i].nonce);

        assert_true(uint256_compare(hash, target) <= 0);
        assert_true(uint256_difficulty(hash) >= 0.001);
    }
    FOR_EACH_SEARCH(impl)
    {
        size_t hits = 0;

        for (size_t i = 0; i < found.count; i++) {
            uint32_t middle = found.hit[i].nonce;
            uint32_t first = middle < window ? 0 : middle - window;
            struct search_job one;
            struct found f = {0};

            search_job_init(&one, header, &found.hit[i].version, 1, target,
                            sha256_compress_generic);
            assert_true(search_all(&f, impl->run, &one, first, 2 * window));
            assert_true(f.count >= 1);
            for (size_t k = 0; k < f.count; k++)
                hits += f.hit[k].nonce == middle;
            assert_true(search_all(&f, impl->run, &job, middle - middle % 100, 100));
            assert_true(f.count >= 1);
            found_free(&f);
        }
        assert_int_equal(hits, found.count);
        print_message("    %s: %zu hits\n", impl->name, hits);
    }
    found_free(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nonces_of_the_first_headers),
        cmocka_unit_test(nonces_of_whole_blocks),
        cmocka_unit_test(hits_of_difficulty_a_thousandth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
