/* Sixteen messages a step with AVX-512. */
#include "kernels/lanes_avx512.h"
#include "kernels/sha256d_64_lanes.h"

void sha256d_64_avx512(uint8_t *out, const uint8_t *in, size_t n) { run(out, in, n); }
