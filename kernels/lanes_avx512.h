/* Sixteen 32-bit lanes: the vector operations of SHA-256 with AVX-512F and BW. */
#ifndef KERNELS_LANES_AVX512_H
#define KERNELS_LANES_AVX512_H

#include <immintrin.h>
#include <stdint.h>

enum {
    LANES = 16,
    LANES_REGISTERS = 32, /* that hold a vec */
};

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

/* Row l becomes column l. */
static inline void lanes_transpose(vec r[16])
{
    vec t[16];

    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    /* The 128 bits at g of r[4 * i + j] are the words 4 * g + j of the rows 4 * i to 4 * i + 3. */
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        t[0] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44);
        t[1] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xee);
        t[2] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44);
        t[3] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xee);
        r[j] = _mm512_shuffle_i32x4(t[0], t[2], 0x88);
        r[4 + j] = _mm512_shuffle_i32x4(t[0], t[2], 0xdd);
        r[8 + j] = _mm512_shuffle_i32x4(t[1], t[3], 0x88);
        r[12 + j] = _mm512_shuffle_i32x4(t[1], t[3], 0xdd);
    }
}

/* Writes the eight words of each lane, one lane after another. */
static inline void lanes_store8(void *out, const vec s[8])
{
    const __m512i pairs01 = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i pairs23 = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    __m256i *lane = out;
    vec t[8], r[8];

    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm512_unpacklo_epi32(s[i], s[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(s[i], s[i + 1]);
    }
    /* The 128 bits at g of r[4 * i + j] are the words 4 * i to 4 * i + 3 of lane 4 * g + j. */
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        t[0] = _mm512_permutex2var_epi64(r[j], pairs01, r[4 + j]);
        t[1] = _mm512_permutex2var_epi64(r[j], pairs23, r[4 + j]);
        _mm256_storeu_si256(lane + j, _mm512_castsi512_si256(t[0]));
        _mm256_storeu_si256(lane + 4 + j, _mm512_extracti64x4_epi64(t[0], 1));
        _mm256_storeu_si256(lane + 8 + j, _mm512_castsi512_si256(t[1]));
        _mm256_storeu_si256(lane + 12 + j, _mm512_extracti64x4_epi64(t[1], 1));
    }
}

/* Reads what lanes_store8 writes. */
static inline void lanes_load8(vec s[8], const void *in)
{
    const __m512i halves0 = _mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13);
    const __m512i halves1 = _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i *lane = in;
    vec t[8], r[8];

    for (int j = 0; j < 4; j++) {
        vec t01 = _mm512_castsi256_si512(_mm256_loadu_si256(lane + j));
        vec t23 = _mm512_castsi256_si512(_mm256_loadu_si256(lane + 8 + j));

        t01 = _mm512_inserti64x4(t01, _mm256_loadu_si256(lane + 4 + j), 1);
        t23 = _mm512_inserti64x4(t23, _mm256_loadu_si256(lane + 12 + j), 1);
        r[j] = _mm512_permutex2var_epi64(t01, halves0, t23);
        r[4 + j] = _mm512_permutex2var_epi64(t01, halves1, t23);
    }
    /* The 128 bits at g of r[4 * i + j] are the words 4 * i to 4 * i + 3 of lane 4 * g + j. */
    for (int i = 0; i < 8; i += 4) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpacklo_epi32(r[i + 2], r[i + 3]);
        t[i + 2] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
        t[i + 3] = _mm512_unpackhi_epi32(r[i + 2], r[i + 3]);
        s[i] = _mm512_unpacklo_epi64(t[i], t[i + 1]);
        s[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 1]);
        s[i + 2] = _mm512_unpacklo_epi64(t[i + 2], t[i + 3]);
        s[i + 3] = _mm512_unpackhi_epi64(t[i + 2], t[i + 3]);
    }
}

#endif
