/* What the tests of the nonce search share. */
#ifndef TESTS_UNIT_KERNELS_SEARCH_CASES_H
#define TESTS_UNIT_KERNELS_SEARCH_CASES_H

#include "kernels/cpu.h"
#include "kernels/search_impls.h"
#include "kernels/sha256_impls.h"

#include <openssl/sha.h>

#include <stdlib.h>

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

/* Set by the build where an emulator runs the tests: hashes take a hundred times as long. */
#ifndef EXS_EMULATED
#define EXS_EMULATED 0
#endif
#define SLOW (SANITIZED || EXS_EMULATED)

/* The implementations that this processor can run. */
#define FOR_EACH_SEARCH(impl)                                                                      \
    for (const struct search_impl *impl = search_impls; impl->name; impl++)                        \
        if ((impl->needs & ~cpu_features()) == 0)

struct found {
    size_t count, size;
    struct search_hit *hit;
};

static inline void found_free(struct found *f) { free(f->hit); }

/* All hits of count nonces from first on, as a caller goes through them. False where the search does not advance. */
static inline bool search_all(struct found *f, search_fn *run, const struct search_job *job,
                              uint32_t first, uint64_t count)
{
    uint64_t done = 0;

    f->count = 0;
    while (done < count) {
        struct search_hits hits;
        uint64_t n = run(&hits, job, first + (uint32_t)done, count - done);

        if (n == 0 || n > count - done || hits.count > SEARCH_MAX_HITS)
            return false;
        if (f->count + hits.count > f->size) {
            f->size = 2 * f->size + SEARCH_MAX_HITS;
            f->hit = realloc(f->hit, f->size * sizeof(f->hit[0]));
        }
        if (hits.count)
            memcpy(f->hit + f->count, hits.hit, hits.count * sizeof(hits.hit[0]));
        f->count += hits.count;
        done += n;
    }
    return true;
}

static inline bool found_equal(const struct found *a, const struct found *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->hit[i].nonce != b->hit[i].nonce || a->hit[i].version != b->hit[i].version)
            return false;
    return true;
}

/* The header's hash as a number, by OpenSSL. */
static inline struct uint256 openssl_hash(const uint8_t header[static 80], uint32_t version,
                                          uint32_t nonce)
{
    uint8_t copy[80], digest[32];

    memcpy(copy, header, sizeof(copy));
    write_le32(copy, version);
    write_le32(copy + 76, nonce);
    SHA256(copy, sizeof(copy), digest);
    SHA256(digest, sizeof(digest), digest);
    return uint256_from_le(digest);
}

#endif
