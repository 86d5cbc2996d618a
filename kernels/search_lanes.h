/*
 * The message schedules of the nonce search in vector lanes. Included after the
 * header of an instruction set's vector operations (lanes_*.h), and compiled
 * with its flags.
 */
#ifndef KERNELS_SEARCH_LANES_H
#define KERNELS_SEARCH_LANES_H

#include "kernels/search_impls.h"
#include "kernels/sha256_lanes.h"

/*
 * Words 16 to 31 of the first hash's schedule, of which the nonce's word w3,
 * constants and each other are all there is.
 */
INLINE void first_schedule(vec w[32], const struct search_job *job, vec w3)
{
    vec w16 = lanes_set1(job->w16), w17 = lanes_set1(job->w17);
    vec length = lanes_set1(SEARCH_HEADER_BITS);

    w[16] = w16;
    w[17] = w17;
    w[18] = lanes_add(lanes_add(small_sigma1(w16), lanes_set1(job->tail[2])), small_sigma0(w3));
    w[19] = lanes_add(lanes_add(small_sigma1(w17), small_sigma0(lanes_set1(0x80000000))), w3);
    w[20] = lanes_add(small_sigma1(w[18]), lanes_set1(0x80000000));
    w[21] = small_sigma1(w[19]);
    w[22] = lanes_add(small_sigma1(w[20]), length);
    for (int i = 23; i < 30; i++)
        w[i] = lanes_add(small_sigma1(w[i - 2]), w[i - 7]);
    w[30] = lanes_add(small_sigma1(w[28]), lanes_add(w[23], small_sigma0(length)));
    w[31] = lanes_add(lanes_add(small_sigma1(w[29]), w[24]), lanes_add(small_sigma0(w16), length));
}

/* Words 16 to 31 of the second hash's, of which words 0 to 7 are the digest and 8 to 15 padding. */
INLINE void second_schedule(vec w[32])
{
    vec length = lanes_set1(SEARCH_DIGEST_BITS), bit = lanes_set1(0x80000000);

    w[16] = lanes_add(w[0], small_sigma0(w[1]));
    w[17] = lanes_add(lanes_add(w[1], small_sigma0(w[2])), small_sigma1(length));
    for (int i = 18; i < 23; i++)
        w[i] = lanes_add(lanes_add(w[i - 16], small_sigma0(w[i - 15])), small_sigma1(w[i - 2]));
    w[22] = lanes_add(w[22], length);
    w[23] = lanes_add(lanes_add(w[7], small_sigma0(bit)), lanes_add(small_sigma1(w[21]), w[16]));
    w[24] = lanes_add(lanes_add(small_sigma1(w[22]), w[17]), bit);
    for (int i = 25; i < 30; i++)
        w[i] = lanes_add(small_sigma1(w[i - 2]), w[i - 7]);
    w[30] = lanes_add(lanes_add(small_sigma1(w[28]), w[23]), small_sigma0(length));
    w[31] =
        lanes_add(lanes_add(small_sigma1(w[29]), w[24]), lanes_add(small_sigma0(w[16]), length));
}

/*
 * Words 16 to n - 1 of a schedule, n being even, K added, into the rows of kw
 * for their rounds, which are stride words apart. Words 16 to 31 are in w; the
 * rest is scratch. In memory and not in registers, so that the code is small.
 */
INLINE void schedule_rows(uint32_t *kw, size_t stride, vec w[64], int n)
{
    vec x = w[30], y = w[31];

    kw += 16 * stride;
    for (int i = 16; i < 32; i++, kw += stride)
        lanes_store(kw, lanes_add(w[i], lanes_set1(sha256_k[i])));
#pragma GCC unroll 1
    for (int i = 32; i < n; i += 2, kw += 2 * stride) {
        x = lanes_add(lanes_add(w[i - 16], small_sigma0(w[i - 15])),
                      lanes_add(w[i - 7], small_sigma1(x)));
        y = lanes_add(lanes_add(w[i - 15], small_sigma0(w[i - 14])),
                      lanes_add(w[i - 6], small_sigma1(y)));
        w[i] = x;
        w[i + 1] = y;
        lanes_store(kw, lanes_add(x, lanes_set1(sha256_k[i])));
        lanes_store(kw + stride, lanes_add(y, lanes_set1(sha256_k[i + 1])));
    }
}

/* The sum of K and the word of round i of the first hash, of those before the nonce's word counts. */
INLINE uint32_t first_constant(int i)
{
    return sha256_k[i] + (i == 4 ? 0x80000000 : i == 15 ? SEARCH_HEADER_BITS : 0);
}

/* K + w of rounds 4 to 63 of the first hash, for LANES nonces whose words are w3. */
struct first_kw {
    _Alignas(64) uint32_t of[60][LANES];
};

INLINE void first_kw_fill(struct first_kw *kw, const struct search_job *job, vec w3)
{
    vec w[64];

    for (int i = 4; i < 16; i++)
        lanes_store(kw->of[i - 4], lanes_set1(first_constant(i)));
    first_schedule(w, job, w3);
    schedule_rows((uint32_t *)kw - 4 * LANES, LANES, w, 64);
}

/* The words of the nonces first, first + 1, ... */
INLINE vec nonce_words(uint32_t first)
{
    return lanes_bswap(lanes_add(lanes_set1(first), lanes_index()));
}

#endif
