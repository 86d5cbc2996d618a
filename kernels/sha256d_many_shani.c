/* Messages of any length side by side with the SHA extensions. */
#include "kernels/sha256d_many_impl.h"

/* A fourth stream needs more registers than there are, which clang 14 pays for with 10 %. */
#define STREAMS 3
#include "kernels/sha256_shani.h"

static void step(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    const uint8_t *at[STREAMS];
    struct shani_state s[STREAMS];

    EACH_STREAM s[j] = shani_load(state[j]);
    for (size_t block = 0; block < n; block++) {
        EACH_STREAM at[j] = p[j] + 64 * block;
        shani_compress(s, at);
    }
    EACH_STREAM shani_store(state[j], s[j]);
}

static void step_one(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    sha256_compress_shani(state[0], p[0], n);
}

static const struct sha256d_many_kernel one = {1, step_one, NULL};

const struct sha256d_many_kernel sha256d_many_kernel_shani = {STREAMS, step, &one};

void sha256d_many_shani(uint8_t *out, const struct bytes *messages, size_t n)
{
    sha256d_many_run(&sha256d_many_kernel_shani, out, messages, n);
}
