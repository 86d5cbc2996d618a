/* One block at a time, in portable C: the truth that the others are held to. */
#include "kernels/sha256_impls.h"

#include "kernels/sha256_compress_scalar.h"

void sha256_compress_generic(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    for (; n; n--, blocks += 64)
        compress(state, blocks);
}
