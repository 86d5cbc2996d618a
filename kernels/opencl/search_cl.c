#include "kernels/opencl/search_cl.h"

#include "kernels/search_impls.h"

#include <assert.h>

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static uint32_t small_sigma0(uint32_t x) { return ror(x, 7) ^ ror(x, 18) ^ x >> 3; }

static uint32_t small_sigma1(uint32_t x) { return ror(x, 17) ^ ror(x, 19) ^ x >> 10; }

void search_cl_job(uint32_t out[static SEARCH_CL_JOB_WORDS], const struct search_job *job)
{
    memset(out, 0, SEARCH_CL_JOB_WORDS * sizeof(out[0]));
    /*
     * Words 16 and 17 of the message schedule, and what is the same for every
     * nonce in 18, 19, 31 and 32: w4 is 0x80000000, w5 to w14 are 0.
     */
    out[0] = job->w16;
    out[1] = job->w17;
    out[2] = small_sigma1(job->w16) + job->tail[2];
    out[3] = small_sigma1(job->w17) + small_sigma0(0x80000000);
    out[4] = small_sigma0(job->w16) + SEARCH_HEADER_BITS;
    out[5] = small_sigma0(job->w17) + job->w16;
    for (size_t v = 0; v < job->versions; v++) {
        uint32_t *column = out + SEARCH_CL_HEAD + SEARCH_CL_COLUMN * v;

        for (int i = 0; i < 8; i++) {
            column[i] = job->midstate[i][v];
            column[8 + i] = job->round4[i][v];
        }
    }
}

uint32_t search_cl_mask(unsigned zero_bits)
{
    assert(zero_bits <= 32);
    /* The number's top bytes are the last of the hash, which the kernel has as the low ones of a word. */
    return zero_bits ? __builtin_bswap32(UINT32_MAX << (32 - zero_bits)) : 0;
}
