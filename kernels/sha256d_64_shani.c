/* Messages side by side with the SHA extensions. */
#include "kernels/sha256_impls.h"

#define STREAMS 4
#include "kernels/sha256_shani.h"

/* The constant second block of a 64-byte message. */
INLINE void take_padding(struct shani_state state[STREAMS])
{
    struct shani_state s[STREAMS];

    EACH_STREAM s[j] = state[j];
    for (int i = 0; i < 64; i += 16) {
        shani_4_rounds_same(s, sha256_pad64_wk + i);
        shani_4_rounds_same(s, sha256_pad64_wk + i + 4);
        shani_4_rounds_same(s, sha256_pad64_wk + i + 8);
        shani_4_rounds_same(s, sha256_pad64_wk + i + 12);
    }
    EACH_STREAM state[j] = shani_add(state[j], s[j]);
}

/* The digest of a digest: half of its block is constant. */
INLINE void hash_digest(struct shani_state state[STREAMS])
{
    struct shani_state s[STREAMS], start = shani_load(sha256_iv);
    __m128i w[4][STREAMS];

    EACH_STREAM
    {
        w[0][j] = shani_abcd(state[j]);
        w[1][j] = shani_efgh(state[j]);
        w[2][j] = _mm_setr_epi32((int)0x80000000, 0, 0, 0);
        w[3][j] = _mm_setr_epi32(0, 0, 0, 256);
        s[j] = start;
    }
    shani_4_rounds_of(s, w, 0);
    shani_4_rounds_of(s, w, 1);
    shani_4_rounds_same(s, sha256_pad32_wk);
    shani_4_rounds_same(s, sha256_pad32_wk + 4);
    shani_48_rounds(s, w);
    EACH_STREAM state[j] = shani_add(start, s[j]);
}

/* All input is read before output is written, which may be in the same place. */
static void step(uint8_t *const out[STREAMS], const uint8_t *const in[STREAMS])
{
    struct shani_state s[STREAMS];

    EACH_STREAM s[j] = shani_load(sha256_iv);
    shani_compress(s, in);
    take_padding(s);
    hash_digest(s);
    EACH_STREAM
    {
        _mm_storeu_si128((__m128i *)out[j], shani_bswap(shani_abcd(s[j])));
        _mm_storeu_si128((__m128i *)(out[j] + 16), shani_bswap(shani_efgh(s[j])));
    }
}

/* Idle streams of the last step repeat its last message. */
void sha256d_64_shani(uint8_t *out, const uint8_t *in, size_t n)
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
