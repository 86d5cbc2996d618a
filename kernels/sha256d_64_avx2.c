/* Eight messages a step with AVX2; what is left over goes to the next narrower implementation. */
#include "kernels/lanes_avx2.h"
#include "kernels/sha256d_64_lanes.h"

void sha256d_64_avx2(uint8_t *out, const uint8_t *in, size_t n)
{
    for (; n >= LANES; n -= LANES, in += 64 * LANES, out += 32 * LANES)
        step(out, in);
    sha256d_64_sse41(out, in, n);
}
