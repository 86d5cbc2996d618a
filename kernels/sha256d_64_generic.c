/* One message at a time, in portable C. */
#include "kernels/sha256_impls.h"

void sha256d_64_generic(uint8_t *out, const uint8_t *in, size_t n)
{
    for (; n; n--, in += 64, out += 32)
        sha256d(sha256_compress_generic, out, in, 64);
}
