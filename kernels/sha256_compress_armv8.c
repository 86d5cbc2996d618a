/* One block after another with ARMv8's SHA2 instructions. */
#include "kernels/sha256_impls.h"

#define STREAMS 1
#include "kernels/sha256_armv8.h"

void sha256_compress_armv8(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    struct armv8_state s = armv8_load(state);

    for (; n; n--, blocks += 64)
        armv8_compress(&s, &blocks);
    armv8_store(state, s);
}
