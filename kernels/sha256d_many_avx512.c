/* Messages of any length in the lanes of AVX-512. */
#include "kernels/lanes_avx512.h"
#include "kernels/sha256d_many_lanes.h"

void sha256d_many_step_avx512(uint32_t (*state)[8], const uint8_t *const *p, size_t n)
{
    step(state, p, n);
}

void sha256d_many_avx512(uint8_t *out, const struct bytes *messages, size_t n)
{
    static const struct sha256d_many_kernel kernel = {
        LANES,
        sha256d_many_step_avx512,
        &sha256d_many_kernel_generic,
    };

    sha256d_many_run(&kernel, out, messages, n);
}
