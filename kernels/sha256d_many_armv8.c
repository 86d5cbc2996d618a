/* Messages of any length side by side with ARMv8's SHA2 instructions. */
#include "kernels/sha256d_many_impl.h"

#define STREAMS 4
#include "kernels/sha256_armv8.h"

static void step(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    const uint8_t *at[STREAMS];
    struct armv8_state s[STREAMS];

    EACH_STREAM s[j] = armv8_load(state[j]);
    for (size_t block = 0; block < n; block++) {
        EACH_STREAM at[j] = p[j] + 64 * block;
        armv8_compress(s, at);
    }
    EACH_STREAM armv8_store(state[j], s[j]);
}

static void step_one(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    sha256_compress_armv8(state[0], p[0], n);
}

static const struct sha256d_many_kernel one = {1, step_one, NULL};
static const struct sha256d_many_kernel side_by_side = {STREAMS, step, &one};

void sha256d_many_armv8(uint8_t *out, const struct bytes *messages, size_t n)
{
    sha256d_many_run(&side_by_side, out, messages, n);
}
