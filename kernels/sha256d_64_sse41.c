/* Four messages a step with SSE4.1. */
#include "kernels/lanes_sse41.h"
#include "kernels/sha256d_64_lanes.h"

void sha256d_64_sse41(uint8_t *out, const uint8_t *in, size_t n) { run(out, in, n); }
