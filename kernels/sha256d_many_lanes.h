/*
 * A block of each of LANES messages at a time. Included by each sha256d_many_*.c
 * after the vector operations of its instruction set.
 */
#include "kernels/sha256_lanes.h"
#include "kernels/sha256d_many_impl.h"

static void step(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    const uint8_t *at[LANES];
    vec s[8], w[64];

    lanes_load8(s, state);
    for (size_t block = 0; block < n; block++) {
        for (int l = 0; l < LANES; l++)
            at[l] = p[l] + 64 * block;
        lanes_load_block(w, at);
        lanes_compress(s, w);
    }
    lanes_store8(state, s);
}
