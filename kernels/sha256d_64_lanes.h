/*
 * Double SHA-256 of LANES messages of 64 bytes side by side. Included by each
 * sha256d_64_*.c after the vector operations of its instruction set.
 */
#include "kernels/sha256_impls.h"
#include "kernels/sha256_lanes.h"

/* The state is s after the constant second block of a 64-byte message. */
INLINE void take_padding(vec state[8])
{
    vec s[8];

    for (int i = 0; i < 8; i++)
        s[i] = state[i];
    for (int i = 0; i < 64; i += 8)
        lanes_8_rounds_same(s, sha256_pad64_wk + i);
    for (int i = 0; i < 8; i++)
        state[i] = lanes_add(state[i], s[i]);
}

/* The digest of the digest that state is. */
INLINE void hash_digest(vec state[8])
{
    vec w[64];

    for (int i = 0; i < 8; i++)
        w[i] = state[i];
    w[8] = lanes_set1(0x80000000);
    for (int i = 9; i < 15; i++)
        w[i] = lanes_set1(0);
    w[15] = lanes_set1(256);
    lanes_start(state);
    lanes_compress(state, w);
}

/* The n messages at in, LANES at most. All input is read before output is written. */
static void step(uint8_t *out, const uint8_t *in, size_t n)
{
    uint8_t digests[32 * LANES];
    const uint8_t *p[LANES];
    vec s[8], w[64];

    for (size_t l = 0; l < LANES; l++)
        p[l] = in + 64 * (l < n ? l : 0);
    lanes_load_block(w, p);
    lanes_start(s);
    lanes_compress(s, w);
    take_padding(s);
    hash_digest(s);
    for (int i = 0; i < 8; i++)
        s[i] = lanes_bswap(s[i]);
    if (n == LANES) {
        lanes_store8(out, s);
        return;
    }
    lanes_store8(digests, s);
    memcpy(out, digests, 32 * n);
}

/* A step with most of its lanes idle is still quicker than two messages one by one. */
INLINE void run(uint8_t *out, const uint8_t *in, size_t n)
{
    for (; n >= LANES; n -= LANES, in += 64 * LANES, out += 32 * LANES)
        step(out, in, LANES);
    if (n > 1)
        step(out, in, n);
    else
        sha256d_64_generic(out, in, n);
}
