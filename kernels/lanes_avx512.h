/* Sixteen 32-bit lanes: the vector operations of SHA-256 with AVX-512F and BW. */
#ifndef KERNELS_LANES_AVX512_H
#define KERNELS_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>

enum { LANES = 16 };

typedef __m512i vec;

#define lanes_ror(x, n) _mm512_ror_epi32(x, n)
#define lanes_shr(x, n) _mm512_srli_epi32(x, n)

static inline vec lanes_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void lanes_store(void *p, vec x) { _mm512_storeu_si512(p, x); }
static inline vec lanes_set1(uint32_t x) { return _mm512_set1_epi32((int)x); }
static inline vec lanes_add(vec a, vec b) { return _mm512_add_epi32(a, b); }
static inline vec lanes_xor3(vec a, vec b, vec c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}
static inline vec lanes_ch(vec e, vec f, vec g) { return _mm512_ternarylogic_epi32(e, f, g, 0xca); }
static inline vec lanes_maj(vec a, vec b, vec c)
{
    return _mm512_ternarylogic_epi32(a, b, c, 0xe8);
}

/* 0, 1, 2, ... */
static inline vec lanes_index(void)
{
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

/* Each lane's four bytes reversed. */
static inline vec lanes_bswap(vec x)
{
    return _mm512_shuffle_epi8(x,
                               _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203));
}

/* One bit a lane: a <= b, unsigned. */
static inline uint32_t lanes_le(vec a, vec b) { return _mm512_cmple_epu32_mask(a, b); }

#endif
