/* Eight 32-bit lanes: the vector operations of SHA-256 with AVX2. */
#ifndef KERNELS_LANES_AVX2_H
#define KERNELS_LANES_AVX2_H

#include <immintrin.h>
#include <stdint.h>

enum {
    LANES = 8,
    LANES_REGISTERS = 16, /* that hold a vec */
};

typedef __m256i vec;

#define lanes_shr(x, n) _mm256_srli_epi32(x, n)
#define lanes_ror(x, n) _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))

static inline vec lanes_load(const void *p) { return _mm256_loadu_si256(p); }
static inline void lanes_store(void *p, vec x) { _mm256_storeu_si256(p, x); }
static inline vec lanes_set1(uint32_t x) { return _mm256_set1_epi32((int)x); }
static inline vec lanes_add(vec a, vec b) { return _mm256_add_epi32(a, b); }
static inline vec lanes_xor3(vec a, vec b, vec c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}

static inline vec lanes_ch(vec e, vec f, vec g)
{
    return _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)));
}

static inline vec lanes_maj(vec a, vec b, vec c)
{
    return _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
}

/* 0, 1, 2, ... */
static inline vec lanes_index(void) { return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7); }

/* Each lane's four bytes reversed. */
static inline vec lanes_bswap(vec x)
{
    return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13,
                                                   12, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14,
                                                   13, 12));
}

/* One bit a lane: a <= b, unsigned. */
static inline uint32_t lanes_le(vec a, vec b)
{
    __m256i le = _mm256_cmpeq_epi32(_mm256_min_epu32(a, b), a);

    return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(le));
}

/* Row l becomes column l. */
static inline void lanes_transpose(vec r[8])
{
    vec t[8];

    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    /* The 128 bits at g of r[4 * i + j] are the words 4 * g + j of the rows 4 * i to 4 * i + 3. */
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int j = 0; j < 4; j++) {
        t[0] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x20);
        t[1] = _mm256_permute2x128_si256(r[j], r[4 + j], 0x31);
        r[j] = t[0];
        r[4 + j] = t[1];
    }
}

/* Writes the eight words of each lane, one lane after another. */
static inline void lanes_store8(void *out, const vec s[8])
{
    __m256i *lane = out;
    vec r[8];

    for (int i = 0; i < 8; i++)
        r[i] = s[i];
    lanes_transpose(r);
    for (int i = 0; i < 8; i++)
        _mm256_storeu_si256(lane + i, r[i]);
}

/* Reads what lanes_store8 writes. */
static inline void lanes_load8(vec s[8], const void *in)
{
    const __m256i *lane = in;

    for (int i = 0; i < 8; i++)
        s[i] = _mm256_loadu_si256(lane + i);
    lanes_transpose(s);
}

#endif
