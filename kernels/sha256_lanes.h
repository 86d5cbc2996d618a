/*
 * SHA-256 (FIPS 180-4) of LANES messages side by side: word i of the message in
 * lane l is lane l of v[i]. Included after the vector operations of one
 * instruction set (lanes_*.h) and compiled with its flags.
 *
 * Rolled loops of eight or sixteen rounds, because unrolled further the code
 * outgrows the caches of decoded instructions.
 */
#ifndef KERNELS_SHA256_LANES_H
#define KERNELS_SHA256_LANES_H

#include "kernels/repeat.h"
#include "kernels/sha256_constants.h"

#define INLINE static inline __attribute__((always_inline))

INLINE vec big_sigma0(vec x)
{
    return lanes_xor3(lanes_ror(x, 2), lanes_ror(x, 13), lanes_ror(x, 22));
}

INLINE vec big_sigma1(vec x)
{
    return lanes_xor3(lanes_ror(x, 6), lanes_ror(x, 11), lanes_ror(x, 25));
}

INLINE vec small_sigma0(vec x)
{
    return lanes_xor3(lanes_ror(x, 7), lanes_ror(x, 18), lanes_shr(x, 3));
}

INLINE vec small_sigma1(vec x)
{
    return lanes_xor3(lanes_ror(x, 17), lanes_ror(x, 19), lanes_shr(x, 10));
}

/* One round; kw is its constant and its word. The state turns by one place instead of moving. */
INLINE void lanes_round(vec s[8], int r, vec kw)
{
    vec a = s[(0 - r) & 7], b = s[(1 - r) & 7], c = s[(2 - r) & 7], d = s[(3 - r) & 7];
    vec e = s[(4 - r) & 7], f = s[(5 - r) & 7], g = s[(6 - r) & 7], h = s[(7 - r) & 7];
    vec t1 = lanes_add(lanes_add(h, kw), lanes_add(big_sigma1(e), lanes_ch(e, f, g)));

    s[(3 - r) & 7] = lanes_add(d, t1);
    s[(7 - r) & 7] = lanes_add(t1, lanes_add(big_sigma0(a), lanes_maj(a, b, c)));
}

/* w[i mod 16] becomes word i of the schedule. */
INLINE vec lanes_extend(vec w[16], int i)
{
    vec x = lanes_add(lanes_add(w[i & 15], small_sigma0(w[(i + 1) & 15])),
                      lanes_add(w[(i + 9) & 15], small_sigma1(w[(i + 14) & 15])));

    w[i & 15] = x;
    return x;
}

/* Eight rounds of words that are the same in all lanes, the rounds' constants added. */
INLINE void lanes_8_rounds_same(vec s[8], const uint32_t kw[8])
{
#define STEP(i) lanes_round(s, i, lanes_set1(kw[i]))
    REPEAT_8(STEP);
#undef STEP
}

/* Eight rounds of the words w, with the constants k. */
INLINE void lanes_8_rounds(vec s[8], const vec w[8], const uint32_t k[8])
{
#define STEP(i) lanes_round(s, i, lanes_add(w[i], lanes_set1(k[i])))
    REPEAT_8(STEP);
#undef STEP
}

/* The next sixteen rounds, whose words are worked out from the last sixteen, w. */
INLINE void lanes_16_rounds_extend(vec s[8], vec w[16], const uint32_t k[16])
{
#define STEP(i) lanes_round(s, i, lanes_add(lanes_extend(w, i), lanes_set1(k[i])))
    REPEAT_16(STEP);
#undef STEP
}

/* Words 16 to 63 from words 0 to 15. The last two are what the next two wait for. */
INLINE void lanes_schedule(vec w[64])
{
    vec x = w[14], y = w[15];

    for (int i = 16; i < 64; i += 2) {
        x = lanes_add(lanes_add(w[i - 16], small_sigma0(w[i - 15])),
                      lanes_add(w[i - 7], small_sigma1(x)));
        y = lanes_add(lanes_add(w[i - 15], small_sigma0(w[i - 14])),
                      lanes_add(w[i - 6], small_sigma1(y)));
        w[i] = x;
        w[i + 1] = y;
    }
}

/*
 * All rounds. w holds words 0 to 15; the rest is scratch. 32 registers hold the
 * state and a ring of sixteen words; with fewer it is quicker to write the
 * whole schedule to memory first than to move words to and fro.
 */
INLINE void lanes_64_rounds(vec s[8], vec w[64])
{
    if (LANES_REGISTERS < 32) {
        lanes_schedule(w);
        for (int i = 0; i < 64; i += 8)
            lanes_8_rounds(s, w + i, sha256_k + i);
        return;
    }
    lanes_8_rounds(s, w, sha256_k);
    lanes_8_rounds(s, w + 8, sha256_k + 8);
    for (int i = 16; i < 64; i += 16)
        lanes_16_rounds_extend(s, w, sha256_k + i);
}

/* The next 16 words of the block at p of each lane, as numbers. */
INLINE void lanes_load_block(vec w[16], const uint8_t *const p[LANES])
{
    for (int i = 0; i < 16; i += LANES) {
        vec r[LANES];

        for (int l = 0; l < LANES; l++)
            r[l] = lanes_load(p[l] + 4 * i);
        lanes_transpose(r);
        for (int j = 0; j < LANES; j++)
            w[i + j] = lanes_bswap(r[j]);
    }
}

/* Takes the block in w[0] to w[15] into the state. */
INLINE void lanes_compress(vec state[8], vec w[64])
{
    vec s[8];

    for (int i = 0; i < 8; i++)
        s[i] = state[i];
    lanes_64_rounds(s, w);
    for (int i = 0; i < 8; i++)
        state[i] = lanes_add(state[i], s[i]);
}

INLINE void lanes_start(vec state[8])
{
    for (int i = 0; i < 8; i++)
        state[i] = lanes_set1(sha256_iv[i]);
}

#endif
