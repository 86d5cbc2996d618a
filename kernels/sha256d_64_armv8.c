/* Messages side by side with ARMv8's SHA2 instructions. */
#include "kernels/sha256_impls.h"

#define STREAMS 4
#include "kernels/sha256_armv8.h"

/* The constant second block of a 64-byte message. */
INLINE void take_padding(struct armv8_state state[STREAMS])
{
    struct armv8_state s[STREAMS];

    EACH_STREAM s[j] = state[j];
#pragma GCC unroll 16
    for (int i = 0; i < 64; i += 4)
        armv8_4_rounds_same(s, vld1q_u32(sha256_pad64_wk + i));
    EACH_STREAM state[j] = armv8_add(state[j], s[j]);
}

/* The digest of a digest: half of its block is constant. */
INLINE void hash_digest(struct armv8_state state[STREAMS])
{
    struct armv8_state s[STREAMS], start = armv8_load(sha256_iv);
    uint32x4_t w[4][STREAMS];

    EACH_STREAM
    {
        w[0][j] = state[j].abcd;
        w[1][j] = state[j].efgh;
        w[2][j] = armv8_quad(0x80000000, 0, 0, 0);
        w[3][j] = armv8_quad(0, 0, 0, 256);
        s[j] = start;
    }
    armv8_4_rounds_of(s, w, 0);
    armv8_4_rounds_of(s, w, 1);
    armv8_4_rounds_same(s, vld1q_u32(sha256_pad32_wk));
    armv8_4_rounds_same(s, vld1q_u32(sha256_pad32_wk + 4));
    armv8_rounds(s, w, 4, 16);
    EACH_STREAM state[j] = armv8_add(start, s[j]);
}

INLINE void store_words(uint8_t *out, uint32x4_t words)
{
    vst1q_u8(out, vreinterpretq_u8_u32(armv8_bswap(words)));
}

/* All input is read before output is written, which may be in the same place. */
static void step(uint8_t *const out[STREAMS], const uint8_t *const in[STREAMS])
{
    struct armv8_state s[STREAMS];

    EACH_STREAM s[j] = armv8_load(sha256_iv);
    armv8_compress(s, in);
    take_padding(s);
    hash_digest(s);
    EACH_STREAM
    {
        store_words(out[j], s[j].abcd);
        store_words(out[j] + 16, s[j].efgh);
    }
}

/* Idle streams of the last step repeat its last message. */
void sha256d_64_armv8(uint8_t *out, const uint8_t *in, size_t n)
{
    const uint8_t *from[STREAMS];
    uint8_t *to[STREAMS];

    for (size_t done = 0; done < n; done += STREAMS) {
        for (size_t j = 0; j < STREAMS; j++) {
            size_t i = done + j < n ? done + j : n - 1;

            from[j] = in + 64 * i;
            to[j] = out + 32 * i;
        }
        step(to, from);
    }
}
