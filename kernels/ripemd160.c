/*
 * Two lines of 80 steps over the same block, in lockstep so that a processor
 * overlaps them, and joined at the end. All indices are constants once the
 * steps are unrolled, so neither the tables nor the turning costs anything.
 */
#include "kernels/ripemd160.h"

#include "kernels/padding.h"
#include "kernels/repeat.h"

#define INLINE static inline __attribute__((always_inline))

/* Which word of the block a step takes, and how far it rotates: left line, right line. */
static const uint8_t words[2][80] = {
    {
        0, 1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, /* round 1 */
        7, 4,  13, 1,  10, 6,  15, 3,  12, 0, 9,  5,  2,  14, 11, 8,  /* 2 */
        3, 10, 14, 4,  9,  15, 8,  1,  2,  7, 0,  6,  13, 11, 5,  12, /* 3 */
        1, 9,  11, 10, 0,  8,  12, 4,  13, 3, 7,  15, 14, 5,  6,  2,  /* 4 */
        4, 0,  5,  9,  7,  12, 2,  10, 14, 1, 3,  8,  11, 6,  15, 13, /* 5 */
    },
    {
        5,  14, 7,  0, 9, 2,  11, 4,  13, 6,  15, 8,  1,  10, 3,  12, /* round 1 */
        6,  11, 3,  7, 0, 13, 5,  10, 14, 15, 8,  12, 4,  9,  1,  2,  /* 2 */
        15, 5,  1,  3, 7, 14, 6,  9,  11, 8,  12, 2,  10, 0,  4,  13, /* 3 */
        8,  6,  4,  1, 3, 11, 15, 0,  5,  12, 2,  13, 9,  7,  10, 14, /* 4 */
        12, 15, 10, 4, 1, 5,  8,  7,  6,  2,  13, 14, 0,  3,  9,  11, /* 5 */
    },
};
static const uint8_t rotations[2][80] = {
    {
        11, 14, 15, 12, 5,  8,  7,  9,  11, 13, 14, 15, 6,  7,  9,  8,  /* round 1 */
        7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15, 9,  11, 7,  13, 12, /* 2 */
        11, 13, 6,  7,  14, 9,  13, 15, 14, 8,  13, 6,  5,  12, 7,  5,  /* 3 */
        11, 12, 14, 15, 14, 15, 9,  8,  9,  14, 5,  6,  8,  6,  5,  12, /* 4 */
        9,  15, 5,  11, 6,  8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6,  /* 5 */
    },
    {
        8,  9,  9,  11, 13, 15, 15, 5,  7,  7,  8,  11, 14, 14, 12, 6,  /* round 1 */
        9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12, 7,  6,  15, 13, 11, /* 2 */
        9,  7,  15, 11, 8,  6,  6,  14, 12, 13, 5,  14, 13, 13, 7,  5,  /* 3 */
        15, 5,  8,  11, 14, 14, 6,  14, 6,  9,  12, 9,  12, 5,  15, 8,  /* 4 */
        8,  5,  12, 9,  12, 5,  14, 6,  8,  13, 6,  5,  15, 13, 11, 11, /* 5 */
    },
};
/* By round: the integer parts of 2^30 times square roots and cube roots of 2, 3, 5, 7. */
static const uint32_t constants[2][5] = {
    {0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e},
    {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0},
};

INLINE uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* The five functions; the right line takes them in the opposite order. */
INLINE uint32_t mix(int function, uint32_t x, uint32_t y, uint32_t z)
{
    switch (function) {
    case 0:
        return x ^ y ^ z;
    case 1:
        return z ^ (x & (y ^ z));
    case 2:
        return (x | ~y) ^ z;
    case 3:
        return y ^ (z & (x ^ y));
    default:
        return x ^ (y | ~z);
    }
}

/* The five words turn by one place a step instead of moving. */
INLINE void step(uint32_t s[5], const uint32_t x[16], int line, int i)
{
    uint32_t *a = &s[(80 - i) % 5], *c = &s[(82 - i) % 5];
    uint32_t b = s[(81 - i) % 5], d = s[(83 - i) % 5], e = s[(84 - i) % 5];
    int round = i / 16;
    uint32_t sum =
        *a + mix(line ? 4 - round : round, b, *c, d) + x[words[line][i]] + constants[line][round];

    *a = rol(sum, rotations[line][i]) + e;
    *c = rol(*c, 10);
}

INLINE void round_16(uint32_t l[5], uint32_t r[5], const uint32_t x[16], int round)
{
#define STEP(i) step(l, x, 0, 16 * round + (i)), step(r, x, 1, 16 * round + (i))
    REPEAT_16(STEP);
#undef STEP
}

static void compress(uint32_t state[static 5], const uint8_t *block)
{
    uint32_t x[16], l[5], r[5], first;

    for (int i = 0; i < 16; i++)
        x[i] = read_le32(block + 4 * i);
    memcpy(l, state, sizeof(l));
    memcpy(r, state, sizeof(r));
    round_16(l, r, x, 0);
    round_16(l, r, x, 1);
    round_16(l, r, x, 2);
    round_16(l, r, x, 3);
    round_16(l, r, x, 4);
    first = state[1] + l[2] + r[3];
    state[1] = state[2] + l[3] + r[4];
    state[2] = state[3] + l[4] + r[0];
    state[3] = state[4] + l[0] + r[1];
    state[4] = state[0] + l[1] + r[2];
    state[0] = first;
}

void ripemd160(uint8_t out[static 20], const void *data, size_t size)
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t end[PADDING_SIZE];
    size_t blocks = padding_end(end, data, size);
    const uint8_t *p = data;

    write_le64(end + 64 * (blocks - 1) + PADDING_LENGTH, (uint64_t)size * 8);
    for (size_t n = size / 64; n; n--, p += 64)
        compress(state, p);
    for (size_t i = 0; i < blocks; i++)
        compress(state, end + 64 * i);
    for (int i = 0; i < 5; i++)
        write_le32(out + 4 * i, state[i]);
}

void hash160(sha256_compress_fn *compress_sha256, uint8_t out[static 20], const void *data,
             size_t size)
{
    struct sha256 s;
    uint8_t digest[32];

    sha256_init(&s, compress_sha256);
    sha256_update(&s, data, size);
    sha256_final(&s, digest);
    ripemd160(out, digest, sizeof(digest));
}
