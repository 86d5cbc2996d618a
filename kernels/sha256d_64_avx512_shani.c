/* Sixteen messages a step with AVX-512; what is left over is quicker with the SHA extensions. */
#include "kernels/sha256_impls.h"

void sha256d_64_avx512_shani(uint8_t *out, const uint8_t *in, size_t n)
{
    size_t whole = n / 16 * 16;

    sha256d_64_avx512(out, in, whole);
    sha256d_64_shani(out + 32 * whole, in + 64 * whole, n - whole);
}
