#include "kernels/sha1.h"

#include "kernels/padding.h"
#include "kernels/repeat.h"

#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t rol(uint32_t x, int n) { return x << n | x >> (32 - n); }

/* f of section 4.1.1 and K of 4.2.1, for rounds of 20 steps. */
INLINE uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round) {
    case 0:
        return (d ^ (b & (c ^ d))) + 0x5a827999;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
        return ((b & c) | (d & (b | c))) + 0x8f1bbcdc;
    default:
        return (b ^ c ^ d) + 0xca62c1d6;
    }
}

/* The five words turn by one place a step instead of moving. */
INLINE void step(uint32_t s[5], uint32_t w[16], int i)
{
    uint32_t *a = &s[(80 - i) % 5], *b = &s[(81 - i) % 5], *e = &s[(84 - i) % 5];
    uint32_t c = s[(82 - i) % 5], d = s[(83 - i) % 5];

    if (i >= 16)
        w[i & 15] = rol(w[(i + 13) & 15] ^ w[(i + 8) & 15] ^ w[(i + 2) & 15] ^ w[i & 15], 1);
    *e += rol(*a, 5) + mix(i / 20, *b, c, d) + w[i & 15];
    *b = rol(*b, 30);
}

INLINE void steps_16(uint32_t s[5], uint32_t w[16], int from)
{
#define STEP(i) step(s, w, from + (i))
    REPEAT_16(STEP);
#undef STEP
}

static void compress(uint32_t state[static 5], const uint8_t *block)
{
    uint32_t w[16], s[5];

    memcpy(s, state, sizeof(s));
    for (int i = 0; i < 16; i++)
        w[i] = read_be32(block + 4 * i);
    steps_16(s, w, 0);
    steps_16(s, w, 16);
    steps_16(s, w, 32);
    steps_16(s, w, 48);
    steps_16(s, w, 64);
    for (int i = 0; i < 5; i++)
        state[i] += s[i];
}

void sha1(uint8_t out[static 20], const void *data, size_t size)
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    uint8_t end[PADDING_SIZE];
    size_t blocks = padding_end(end, data, size);
    const uint8_t *p = data;

    write_be64(end + 64 * (blocks - 1) + PADDING_LENGTH, (uint64_t)size * 8);
    for (size_t n = size / 64; n; n--, p += 64)
        compress(state, p);
    for (size_t i = 0; i < blocks; i++)
        compress(state, end + 64 * i);
    for (int i = 0; i < 5; i++)
        write_be32(out + 4 * i, state[i]);
}
