/* One message at a time, in portable C. */
#include "kernels/sha256_impls.h"

void sha256d_many_generic(uint8_t *out, const struct bytes *messages, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sha256d(sha256_compress_generic, out + 32 * i, messages[i].data, messages[i].size);
}
