/* One message at a time, in portable C. */
#include "kernels/sha256d_many_impl.h"

void sha256d_many_generic(uint8_t *out, const struct bytes *messages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sha256d(sha256_compress_generic, out + 32 * i, messages[i].data, messages[i].size);
}

/* For the last lane of the vector implementations. */
static void step_one(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    sha256_compress_generic(state[0], p[0], n);
}

const struct sha256d_many_kernel sha256d_many_kernel_generic = {1, step_one, NULL};
