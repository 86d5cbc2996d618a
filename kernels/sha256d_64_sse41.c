/* Four messages a step with SSE4.1; what is left over goes to the next narrower implementation. */
#include "kernels/lanes_sse41.h"
#include "kernels/sha256d_64_lanes.h"

void sha256d_64_sse41(uint8_t *out, const uint8_t *in, size_t n)
{
    for (; n >= LANES; n -= LANES, in += 64 * LANES, out += 32 * LANES)
        step(out, in);
    sha256d_64_generic(out, in, n);
}
