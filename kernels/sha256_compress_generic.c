/*
 * SHA-256's compression function in portable C (FIPS 180-4, 6.2.2): the truth
 * that the others are held to.
 */
#include "kernels/repeat.h"
#include "kernels/sha256_constants.h"
#include "kernels/sha256_impls.h"

#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* w[i mod 16] becomes word i of the schedule. */
INLINE uint32_t extend(uint32_t w[16], int i)
{
    uint32_t w15 = w[(i + 1) & 15], w2 = w[(i + 14) & 15];

    return w[i & 15] += (ror(w15, 7) ^ ror(w15, 18) ^ w15 >> 3) + w[(i + 9) & 15] +
                        (ror(w2, 17) ^ ror(w2, 19) ^ w2 >> 10);
}

/* The state turns by one place a round instead of moving. */
INLINE void round_step(uint32_t s[8], int r, uint32_t kw)
{
    uint32_t a = s[(0 - r) & 7], b = s[(1 - r) & 7], c = s[(2 - r) & 7];
    uint32_t e = s[(4 - r) & 7], f = s[(5 - r) & 7], g = s[(6 - r) & 7];
    uint32_t t1 = s[(7 - r) & 7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (g ^ (e & (f ^ g))) + kw;

    s[(3 - r) & 7] += t1;
    s[(7 - r) & 7] = t1 + (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b)));
}

INLINE void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[16], s[8];

    memcpy(s, state, sizeof(s));
#define STEP(i) round_step(s, i, sha256_k[i] + (w[i] = read_be32(block + 4 * (i))))
    REPEAT_16(STEP);
#undef STEP
    for (int at = 16; at < 64; at += 16) {
#define STEP(i) round_step(s, i, sha256_k[at + (i)] + extend(w, i))
        REPEAT_16(STEP);
#undef STEP
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}

void sha256_compress_generic(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    for (; n; n--, blocks += 64)
        compress(state, blocks);
}
