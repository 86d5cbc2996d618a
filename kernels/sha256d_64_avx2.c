/* Eight messages a step with AVX2. */
#include "kernels/lanes_avx2.h"
#include "kernels/sha256d_64_lanes.h"

void sha256d_64_avx2(uint8_t *out, const uint8_t *in, size_t n) { run(out, in, n); }
