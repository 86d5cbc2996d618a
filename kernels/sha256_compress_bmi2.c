/* The portable text, compiled for rotates that leave flags and source alone (rorx, andn). */
#include "kernels/sha256_impls.h"

#include "kernels/sha256_compress_scalar.h"

void sha256_compress_bmi2(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    for (; n; n--, blocks += 64)
        compress(state, blocks);
}
