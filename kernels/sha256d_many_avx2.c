/* Messages of any length in the lanes of AVX2. */
#include "kernels/lanes_avx2.h"
#include "kernels/sha256d_many_lanes.h"

void sha256d_many_avx2(uint8_t *out, const struct bytes *messages, size_t n)
{
    static const struct sha256d_many_kernel kernel = {
        LANES,
        step,
        &sha256d_many_kernel_generic,
    };

    sha256d_many_run(&kernel, out, messages, n);
}
