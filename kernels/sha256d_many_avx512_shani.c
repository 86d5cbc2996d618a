/* Sixteen messages with AVX-512, the last few of them with the SHA extensions. */
#include "kernels/sha256d_many_impl.h"

void sha256d_many_avx512_shani(uint8_t *out, const struct bytes *messages, size_t n)
{
    static const struct sha256d_many_kernel kernel = {
        16,
        sha256d_many_step_avx512,
        &sha256d_many_kernel_shani,
    };

    sha256d_many_run(&kernel, out, messages, n);
}
