/*
 * SHA-256's rounds with the SHA extensions, of STREAMS independent messages
 * side by side: sha256rnds2's result comes four cycles after its input, but
 * the next one, of another message, may start after two (Zen) to four (Intel's
 * first parts), so a lone message leaves the unit idle. Included after STREAMS
 * is defined; compiled with -msha -msse4.1.
 */
#ifndef KERNELS_SHA256_SHANI_H
#define KERNELS_SHA256_SHANI_H

#include "base/bytes.h"
#include "kernels/sha256_constants.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* Small loops over the streams must disappear for their arrays to become registers. */
#define EACH_STREAM _Pragma("GCC unroll 8") for (int j = 0; j < STREAMS; j++)

/* The state as sha256rnds2 wants it: words a, b, e, f and c, d, g, h, the first in the top lane. */
struct shani_state {
    __m128i abef, cdgh;
};

INLINE struct shani_state shani_load(const uint32_t state[8])
{
    __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
    __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);

    return (struct shani_state){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

/* Words 0 to 3 and 4 to 7 of the state in their usual order. */
INLINE __m128i shani_abcd(struct shani_state s)
{
    return _mm_blend_epi16(_mm_shuffle_epi32(s.abef, 0x1b), _mm_shuffle_epi32(s.cdgh, 0xb1), 0xf0);
}

INLINE __m128i shani_efgh(struct shani_state s)
{
    return _mm_alignr_epi8(_mm_shuffle_epi32(s.cdgh, 0xb1), _mm_shuffle_epi32(s.abef, 0x1b), 8);
}

INLINE void shani_store(uint32_t state[8], struct shani_state s)
{
    _mm_storeu_si128((__m128i *)state, shani_abcd(s));
    _mm_storeu_si128((__m128i *)(state + 4), shani_efgh(s));
}

INLINE struct shani_state shani_add(struct shani_state a, struct shani_state b)
{
    return (struct shani_state){_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

/* Each word's four bytes reversed. */
INLINE __m128i shani_bswap(__m128i x)
{
    return _mm_shuffle_epi8(x, _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

/* Four words of constants. */
INLINE __m128i shani_constants(const uint32_t *k) { return _mm_loadu_si128((const __m128i *)k); }

/* Four rounds; kw holds their words with the constants added. */
INLINE void shani_4_rounds(struct shani_state s[STREAMS], const __m128i kw[STREAMS])
{
    EACH_STREAM s[j].cdgh = _mm_sha256rnds2_epu32(s[j].cdgh, s[j].abef, kw[j]);
    EACH_STREAM s[j].abef =
        _mm_sha256rnds2_epu32(s[j].abef, s[j].cdgh, _mm_shuffle_epi32(kw[j], 0x0e));
}

/* The same where every stream has the same words. */
INLINE void shani_4_rounds_same(struct shani_state s[STREAMS], const uint32_t kw[4])
{
    __m128i all[STREAMS];

    EACH_STREAM all[j] = shani_constants(kw);
    shani_4_rounds(s, all);
}

/* Four rounds of the words w[i mod 4]. */
INLINE void shani_4_rounds_of(struct shani_state s[STREAMS], __m128i w[4][STREAMS], int i)
{
    __m128i kw[STREAMS];

    EACH_STREAM kw[j] = _mm_add_epi32(w[i & 3][j], shani_constants(sha256_k + 4 * i));
    shani_4_rounds(s, kw);
}

/* w[i mod 4] becomes words 4 * i to 4 * i + 3 of the schedule. */
INLINE void shani_extend(__m128i w[4][STREAMS], int i)
{
    EACH_STREAM
    {
        __m128i before = w[(i + 3) & 3][j];
        __m128i w9 = _mm_alignr_epi8(before, w[(i + 2) & 3][j], 4);
        __m128i x = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3][j], w[(i + 1) & 3][j]), w9);

        w[i & 3][j] = _mm_sha256msg2_epu32(x, before);
    }
}

/* Rounds 16 to 63; w holds words 0 to 15. */
INLINE void shani_48_rounds(struct shani_state s[STREAMS], __m128i w[4][STREAMS])
{
#define STEP(i)                                                                                    \
    shani_extend(w, i);                                                                            \
    shani_4_rounds_of(s, w, i)
    STEP(4);
    STEP(5);
    STEP(6);
    STEP(7);
    STEP(8);
    STEP(9);
    STEP(10);
    STEP(11);
    STEP(12);
    STEP(13);
    STEP(14);
    STEP(15);
#undef STEP
}

/* Takes the block at p[j] into state j. */
INLINE void shani_compress(struct shani_state state[STREAMS], const uint8_t *const p[STREAMS])
{
    struct shani_state s[STREAMS];
    __m128i w[4][STREAMS];

    EACH_STREAM s[j] = state[j];
#define STEP(i)                                                                                    \
    EACH_STREAM w[i][j] = shani_bswap(_mm_loadu_si128((const __m128i *)(p[j] + 16 * (i))));        \
    shani_4_rounds_of(s, w, i)
    STEP(0);
    STEP(1);
    STEP(2);
    STEP(3);
#undef STEP
    shani_48_rounds(s, w);
    EACH_STREAM state[j] = shani_add(state[j], s[j]);
}

#endif
