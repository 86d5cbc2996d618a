/*
 * What an implementation must get right before it is used. Short, for it runs
 * at every start; tests/unit/kernels/checkkernels.c goes on from here.
 */
#include "kernels/kernels_impl.h"

#include "kernels/search_impls.h"
#include "kernels/sha256_impls.h"

enum {
    MOST = 33,  /* messages: two of the widest steps and one more */
    GUARD = 64, /* bytes on either side of an output */
    GUARD_IS = 0xa5,
};

/* Input of three kinds: all zeros, all ones, and neither. */
enum { FILLS = 3 };

static void fill(uint8_t *out, size_t size, int kind)
{
    uint32_t x = 2463534242; /* Marsaglia's xorshift generator */

    for (size_t i = 0; i < size; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        out[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t)(x >> 24);
    }
}

/* True where p holds size bytes equal to want and GUARD untouched ones on either side. */
static bool holds(const uint8_t *p, const uint8_t *want, size_t size)
{
    for (size_t i = 0; i < GUARD; i++) {
        if ((p - GUARD)[i] != GUARD_IS || p[size + i] != GUARD_IS)
            return false;
    }
    return memcmp(p, want, size) == 0;
}

bool kernels_check_sha256_compress(const struct kernels_tables *tables, size_t i)
{
    enum { BLOCKS = 9 };
    uint8_t in[64 * BLOCKS + 1];

    for (int kind = 0; kind < FILLS; kind++) {
        fill(in, sizeof(in), kind);
        for (size_t n = 0; n <= BLOCKS; n++) {
            uint32_t want[8], got[8];

            fill((uint8_t *)want, sizeof(want), FILLS - 1 - kind);
            memcpy(got, want, sizeof(got));
            sha256_compress_generic(want, in + 1, n);
            tables->sha256_compress[i].run(got, in + 1, n);
            if (memcmp(got, want, sizeof(got)) != 0)
                return false;
        }
    }
    return true;
}

bool kernels_check_sha256d_64(const struct kernels_tables *tables, size_t i)
{
    uint8_t in[64 * MOST + 1], want[32 * MOST], room[GUARD + 64 * MOST + GUARD + 1];
    uint8_t *out = room + GUARD + 1;

    for (int kind = 0; kind < FILLS; kind++) {
        fill(in, sizeof(in), kind);
        sha256d_64_generic(want, in + 1, MOST);
        for (size_t n = 0; n <= MOST; n++) {
            memset(room, GUARD_IS, sizeof(room));
            tables->sha256d_64[i].run(out, in + 1, n);
            if (!holds(out, want, 32 * n))
                return false;
        }
        memcpy(out, in + 1, 64 * MOST); /* a level folded in place */
        tables->sha256d_64[i].run(out, out, MOST);
        if (memcmp(out, want, sizeof(want)) != 0)
            return false;
    }
    return true;
}

/* Every length of the last block's padding, and a few messages that outlast all others. */
bool kernels_check_sha256d_many(const struct kernels_tables *tables, size_t i)
{
    enum { LONGEST = 1100 };
    uint8_t in[LONGEST], want[32 * MOST], room[GUARD + 32 * MOST + GUARD + 1];
    uint8_t *out = room + GUARD + 1;
    struct bytes messages[MOST];

    for (int kind = 0; kind < FILLS; kind++) {
        fill(in, sizeof(in), kind);
        for (size_t m = 0; m < MOST; m++) {
            size_t size = m % 11 == 5 ? LONGEST - 64 - m : m * 13 % 141;

            messages[m] = bytes_of(in + m, size);
        }
        sha256d_many_generic(want, messages, MOST);
        for (size_t n = 0; n <= MOST; n++) {
            memset(room, GUARD_IS, sizeof(room));
            tables->sha256d_many[i].run(out, messages, n);
            if (!holds(out, want, 32 * n))
                return false;
        }
    }
    return true;
}

/* All hits of a range, however many calls they take. */
struct found {
    size_t count;
    struct search_hit hit[256];
};

static bool search_all(struct found *found, search_fn *run, const struct search_job *job,
                       uint32_t first, uint64_t count)
{
    struct search_hits hits;

    found->count = 0;
    while (count) {
        uint64_t done = run(&hits, job, first, count);

        if (done == 0 || done > count || hits.count > SEARCH_MAX_HITS ||
            found->count + hits.count > sizeof(found->hit) / sizeof(found->hit[0]))
            return false;
        memcpy(found->hit + found->count, hits.hit, hits.count * sizeof(hits.hit[0]));
        found->count += hits.count;
        first += (uint32_t)done;
        count -= done;
    }
    return true;
}

/* Ends at the last nonce; one hash in top_range / 2^32 meets the target. */
static bool check_search_of(search_fn *run, size_t versions, uint32_t top_range, uint64_t nonces)
{
    struct uint256 target = {{0, UINT64_MAX, 0, (uint64_t)top_range << 32 | 0x12345678}};
    uint32_t version[SEARCH_MAX_VERSIONS], first = (uint32_t)((UINT64_C(1) << 32) - nonces);
    uint8_t header[80];
    struct search_job job;
    struct found want, got;

    fill(header, sizeof(header), FILLS - 1);
    for (uint32_t v = 0; v < SEARCH_MAX_VERSIONS; v++)
        version[v] = 0x20000000 + (v * 0x9e5 << 13);
    search_job_init(&job, header, version, versions, target, sha256_compress_generic);

    return search_all(&want, search_generic, &job, first, nonces) &&
           search_all(&got, run, &job, first, nonces) && want.count == got.count &&
           memcmp(want.hit, got.hit, want.count * sizeof(want.hit[0])) == 0;
}

bool kernels_check_search(const struct kernels_tables *tables, size_t i)
{
    search_fn *run = tables->search[i].run;

    return check_search_of(run, 1, 0x1fffffff, 197) && check_search_of(run, 2, 0x1fffffff, 67) &&
           check_search_of(run, 15, 0x1fffffff, 35) && check_search_of(run, 16, 0x0fffffff, 35) &&
           check_search_of(run, 1, 0xffffffff, 35) && check_search_of(run, 1, 0, 35);
}
