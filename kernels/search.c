#include "kernels/search.h"

#include "kernels/cpu.h"
#include "kernels/search_impls.h"
#include "kernels/sha256_constants.h"
#include "kernels/sha256_impls.h"

#include <assert.h>

const struct search_impl search_impls[] = {
#if HAVE_AVX512_SHANI
    {"avx512-shani", CPU_AVX512 | CPU_SHANI, search_avx512_shani, 16},
#endif
#if HAVE_AVX512
    {"avx512", CPU_AVX512, search_avx512, 16},
#endif
#if HAVE_SHANI
    {"shani", CPU_SSE41 | CPU_SHANI, search_shani, 16},
#endif
#if HAVE_AVX2
    {"avx2", CPU_AVX2, search_avx2, 16},
#endif
#if HAVE_SSE41
    {"sse4.1", CPU_SSE41, search_sse41, 16},
#endif
#if HAVE_ARMV8
    {"armv8", CPU_ARMV8_SHA2, search_armv8, 16},
#endif
    {"generic", 0, search_generic, 16}, /* no faster for it, but all of them roll */
    {0},
};

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t small_sigma0(uint32_t x) { return ror(x, 7) ^ ror(x, 18) ^ x >> 3; }

static uint32_t small_sigma1(uint32_t x) { return ror(x, 17) ^ ror(x, 19) ^ x >> 10; }

/* One round of FIPS 180-4, section 6.2.2; kw is the sum of the round's constant and word. */
static void round_step(uint32_t s[static 8], uint32_t kw)
{
    uint32_t a = s[0], e = s[4];
    uint32_t t1 = s[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + kw;
    uint32_t t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

    memmove(s + 1, s, 7 * sizeof(s[0]));
    s[0] = t1 + t2;
    s[4] += t1;
}

void search_job_init(struct search_job *job, const uint8_t header[static 80],
                     const uint32_t *versions, size_t n, struct uint256 target,
                     sha256_compress_fn *compress)
{
    uint8_t first_block[64];

    assert(n >= 1 && n <= SEARCH_MAX_VERSIONS);
    memset(job, 0, sizeof(*job));
    job->versions = n;
    job->target = target;
    job->target_top = (uint32_t)(target.limb[3] >> 32);
    for (int i = 0; i < 3; i++)
        job->tail[i] = read_be32(header + 64 + 4 * i);
    /* w14 and w9 are zero; w15, the length, enters w17 through sigma1. */
    job->w16 = small_sigma0(job->tail[1]) + job->tail[0];
    job->w17 = small_sigma1(SEARCH_HEADER_BITS) + small_sigma0(job->tail[2]) + job->tail[1];

    memcpy(first_block, header, sizeof(first_block));
    for (size_t v = 0; v < n; v++) {
        uint32_t state[8];

        job->version[v] = versions[v];
        write_le32(first_block, versions[v]);
        memcpy(state, sha256_iv, sizeof(state));
        compress(state, first_block, 1);
        for (int i = 0; i < 8; i++)
            job->midstate[i][v] = state[i];
        for (int i = 0; i < 3; i++)
            round_step(state, sha256_k[i] + job->tail[i]);
        round_step(state, sha256_k[3]);
        for (int i = 0; i < 8; i++)
            job->round4[i][v] = state[i];
    }
}

void search_confirm(struct search_hits *hits, const struct search_job *job, uint32_t nonce,
                    size_t place)
{
    uint8_t block[64] = {0}, digest[32];
    uint32_t state[8];

    for (int i = 0; i < 3; i++)
        write_be32(block + 4 * i, job->tail[i]);
    write_le32(block + 12, nonce);
    block[16] = 0x80;
    write_be32(block + 60, SEARCH_HEADER_BITS);
    for (int i = 0; i < 8; i++)
        state[i] = job->midstate[i][place];
    sha256_compress_generic(state, block, 1);

    memset(block, 0, sizeof(block));
    for (int i = 0; i < 8; i++)
        write_be32(block + 4 * i, state[i]);
    block[32] = 0x80;
    write_be32(block + 60, SEARCH_DIGEST_BITS);
    memcpy(state, sha256_iv, sizeof(state));
    sha256_compress_generic(state, block, 1);
    for (int i = 0; i < 8; i++)
        write_be32(digest + 4 * i, state[i]);

    if (uint256_compare(uint256_from_le(digest), job->target) <= 0)
        hits->hit[hits->count++] = (struct search_hit){nonce, job->version[place]};
}

size_t search_confirm_step(struct search_hits *hits, const struct search_job *job, uint32_t first,
                           const uint32_t *passed, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!search_room(hits, job))
            return i;
        for (uint32_t left = passed[i]; left; left &= left - 1)
            search_confirm(hits, job, first + (uint32_t)i, (size_t)__builtin_ctz(left));
    }
    return n;
}
