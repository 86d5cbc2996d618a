/* Four 32-bit lanes: the vector operations of SHA-256 with SSE4.1. */
#ifndef KERNELS_LANES_SSE41_H
#define KERNELS_LANES_SSE41_H

#include <smmintrin.h>
#include <stdint.h>

enum {
    LANES = 4,
    LANES_REGISTERS = 16, /* that hold a vec */
};

typedef __m128i vec;

#define lanes_shr(x, n) _mm_srli_epi32(x, n)
#define lanes_ror(x, n) _mm_or_si128(_mm_srli_epi32(x, n), _mm_slli_epi32(x, 32 - (n)))

static inline vec lanes_load(const void *p) { return _mm_loadu_si128(p); }
static inline void lanes_store(void *p, vec x) { _mm_storeu_si128(p, x); }
static inline vec lanes_set1(uint32_t x) { return _mm_set1_epi32((int)x); }
static inline vec lanes_add(vec a, vec b) { return _mm_add_epi32(a, b); }
static inline vec lanes_xor3(vec a, vec b, vec c) { return _mm_xor_si128(_mm_xor_si128(a, b), c); }

static inline vec lanes_ch(vec e, vec f, vec g)
{
    return _mm_xor_si128(g, _mm_and_si128(e, _mm_xor_si128(f, g)));
}

static inline vec lanes_maj(vec a, vec b, vec c)
{
    return _mm_or_si128(_mm_and_si128(a, b), _mm_and_si128(c, _mm_or_si128(a, b)));
}

/* 0, 1, 2, ... */
static inline vec lanes_index(void) { return _mm_setr_epi32(0, 1, 2, 3); }

/* Each lane's four bytes reversed. */
static inline vec lanes_bswap(vec x)
{
    return _mm_shuffle_epi8(x, _mm_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
}

/* One bit a lane: a <= b, unsigned. */
static inline uint32_t lanes_le(vec a, vec b)
{
    __m128i le = _mm_cmpeq_epi32(_mm_min_epu32(a, b), a);

    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(le));
}

/* Row l becomes column l. */
static inline void lanes_transpose(vec r[4])
{
    vec low01 = _mm_unpacklo_epi32(r[0], r[1]), high01 = _mm_unpackhi_epi32(r[0], r[1]);
    vec low23 = _mm_unpacklo_epi32(r[2], r[3]), high23 = _mm_unpackhi_epi32(r[2], r[3]);

    r[0] = _mm_unpacklo_epi64(low01, low23);
    r[1] = _mm_unpackhi_epi64(low01, low23);
    r[2] = _mm_unpacklo_epi64(high01, high23);
    r[3] = _mm_unpackhi_epi64(high01, high23);
}

/* Writes the eight words of each lane, one lane after another. */
static inline void lanes_store8(void *out, const vec s[8])
{
    __m128i *half = out;
    vec r[8];

    for (int i = 0; i < 8; i++)
        r[i] = s[i];
    lanes_transpose(r);
    lanes_transpose(r + 4);
    for (int i = 0; i < 4; i++) {
        _mm_storeu_si128(half + 2 * i, r[i]);
        _mm_storeu_si128(half + 2 * i + 1, r[4 + i]);
    }
}

/* Reads what lanes_store8 writes. */
static inline void lanes_load8(vec s[8], const void *in)
{
    const __m128i *half = in;

    for (int i = 0; i < 4; i++) {
        s[i] = _mm_loadu_si128(half + 2 * i);
        s[4 + i] = _mm_loadu_si128(half + 2 * i + 1);
    }
    lanes_transpose(s);
    lanes_transpose(s + 4);
}

#endif
