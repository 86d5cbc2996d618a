/*
 * SHA-256's rounds with the SHA2 instructions of ARMv8's cryptography extension,
 * of STREAMS independent messages side by side. Included after STREAMS is
 * defined; compiled with -march=armv8-a+crypto.
 *
 * Reasoned from Arm's software optimization guides of Neoverse N1, V1 and V2
 * (Graviton 2 to 4), not measured: sha256h and sha256h2 take 4 cycles, sha256su0
 * and sha256su1 take 2, and one of them starts a cycle, because a single vector
 * pipe (V0) has them; loads, copies and additions go elsewhere. A lone message
 * waits for each pair of rounds' instructions, so uses half of that pipe or less;
 * two would fill it but for the copy between them, and four leave room for
 * what out-of-order execution does not see.
 */
#ifndef KERNELS_SHA256_ARMV8_H
#define KERNELS_SHA256_ARMV8_H

#include "base/bytes.h"
#include "kernels/sha256_constants.h"

#include <arm_neon.h>

#define INLINE static inline __attribute__((always_inline))

/* Small loops over the streams must disappear for their arrays to become registers. */
#define EACH_STREAM _Pragma("GCC unroll 8") for (int j = 0; j < STREAMS; j++)

/* Words a to d and e to h, the first in the lowest lane. */
struct armv8_state {
    uint32x4_t abcd, efgh;
};

INLINE struct armv8_state armv8_load(const uint32_t state[8])
{
    return (struct armv8_state){vld1q_u32(state), vld1q_u32(state + 4)};
}

INLINE void armv8_store(uint32_t state[8], struct armv8_state s)
{
    vst1q_u32(state, s.abcd);
    vst1q_u32(state + 4, s.efgh);
}

INLINE struct armv8_state armv8_add(struct armv8_state a, struct armv8_state b)
{
    return (struct armv8_state){vaddq_u32(a.abcd, b.abcd), vaddq_u32(a.efgh, b.efgh)};
}

INLINE uint32x4_t armv8_quad(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3)
{
    const uint32_t w[4] = {w0, w1, w2, w3};

    return vld1q_u32(w);
}

/* Each word's four bytes reversed. */
INLINE uint32x4_t armv8_bswap(uint32x4_t x)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vreinterpretq_u8_u32(x)));
}

/* Four rounds of one stream; kw holds their words with the constants added. */
INLINE void armv8_4_rounds(struct armv8_state *s, uint32x4_t kw)
{
    uint32x4_t abcd = s->abcd;

    s->abcd = vsha256hq_u32(abcd, s->efgh, kw);
    s->efgh = vsha256h2q_u32(s->efgh, abcd, kw);
}

/* Four rounds of words that are the same in every stream. */
INLINE void armv8_4_rounds_same(struct armv8_state s[STREAMS], uint32x4_t kw)
{
    EACH_STREAM armv8_4_rounds(&s[j], kw);
}

/* The words of w[i mod 4] with the constants of rounds 4 * i to 4 * i + 3. */
INLINE uint32x4_t armv8_kw(uint32x4_t w[4][STREAMS], int i, int stream)
{
    return vaddq_u32(w[i & 3][stream], vld1q_u32(sha256_k + 4 * i));
}

/* Four rounds of the words w[i mod 4]. */
INLINE void armv8_4_rounds_of(struct armv8_state s[STREAMS], uint32x4_t w[4][STREAMS], int i)
{
    EACH_STREAM armv8_4_rounds(&s[j], armv8_kw(w, i, j));
}

/* w[i mod 4] becomes words 4 * i to 4 * i + 3 of the stream's schedule. */
INLINE void armv8_extend(uint32x4_t w[4][STREAMS], int i, int stream)
{
    uint32x4_t x = vsha256su0q_u32(w[i & 3][stream], w[(i + 1) & 3][stream]);

    w[i & 3][stream] = vsha256su1q_u32(x, w[(i + 2) & 3][stream], w[(i + 3) & 3][stream]);
}

/* Rounds 4 * from to 4 * to - 1, whose words are worked out from the last sixteen, w. */
INLINE void armv8_rounds(struct armv8_state s[STREAMS], uint32x4_t w[4][STREAMS], int from, int to)
{
#pragma GCC unroll 16
    for (int i = from; i < to; i++) {
        EACH_STREAM
        {
            armv8_extend(w, i, j);
            armv8_4_rounds(&s[j], armv8_kw(w, i, j));
        }
    }
}

/* Takes the block at p[j] into state j. */
INLINE void armv8_compress(struct armv8_state state[STREAMS], const uint8_t *const p[STREAMS])
{
    struct armv8_state s[STREAMS];
    uint32x4_t w[4][STREAMS];

    EACH_STREAM s[j] = state[j];
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        EACH_STREAM w[i][j] = armv8_bswap(vreinterpretq_u32_u8(vld1q_u8(p[j] + 16 * i)));
        armv8_4_rounds_of(s, w, i);
    }
    armv8_rounds(s, w, 4, 16);
    EACH_STREAM state[j] = armv8_add(state[j], s[j]);
}

#endif
