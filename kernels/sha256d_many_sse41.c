/* Messages of any length in the lanes of SSE4.1. */
#include "kernels/lanes_sse41.h"
#include "kernels/sha256d_many_lanes.h"

void sha256d_many_sse41(uint8_t *out, const struct bytes *messages, size_t n)
{
    static const struct sha256d_many_kernel kernel = {
        LANES,
        step,
        &sha256d_many_kernel_generic,
    };

    sha256d_many_run(&kernel, out, messages, n);
}
