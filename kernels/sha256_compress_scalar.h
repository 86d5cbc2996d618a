/*
 * SHA-256's compression function on general registers (FIPS 180-4, 6.2.2).
 * Included by each sha256_compress_*.c that the compiler makes different code
 * of it for.
 */
#include "base/bytes.h"
#include "kernels/sha256_constants.h"

static inline uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

/* Renaming the variables from round to round costs nothing; moving them would. */
#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    do {                                                                                           \
        h += (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + (g ^ (e & (f ^ g))) + k[i] + w[i];            \
        d += h;                                                                                    \
        h += (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) | (c & (a | b)));                    \
    } while (0)

static inline __attribute__((always_inline)) void rounds16(uint32_t s[8], const uint32_t w[16],
                                                           const uint32_t k[16])
{
    uint32_t a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];

    for (int i = 0; i < 16; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i);
        ROUND(h, a, b, c, d, e, f, g, i + 1);
        ROUND(g, h, a, b, c, d, e, f, i + 2);
        ROUND(f, g, h, a, b, c, d, e, i + 3);
        ROUND(e, f, g, h, a, b, c, d, i + 4);
        ROUND(d, e, f, g, h, a, b, c, i + 5);
        ROUND(c, d, e, f, g, h, a, b, i + 6);
        ROUND(b, c, d, e, f, g, h, a, i + 7);
    }
    s[0] = a, s[1] = b, s[2] = c, s[3] = d, s[4] = e, s[5] = f, s[6] = g, s[7] = h;
}

static inline void expand16(uint32_t w[16])
{
    for (int i = 0; i < 16; i++) {
        uint32_t w15 = w[(i + 1) % 16], w2 = w[(i + 14) % 16];

        w[i] += (ror(w15, 7) ^ ror(w15, 18) ^ w15 >> 3) + w[(i + 9) % 16] +
                (ror(w2, 17) ^ ror(w2, 19) ^ w2 >> 10);
    }
}

static inline __attribute__((always_inline)) void compress(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[16], s[8];

    for (int i = 0; i < 16; i++)
        w[i] = read_be32(block + 4 * i);
    memcpy(s, state, sizeof(s));
    rounds16(s, w, sha256_k);
    for (int i = 16; i < 64; i += 16) {
        expand16(w);
        rounds16(s, w, sha256_k + i);
    }
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
}
