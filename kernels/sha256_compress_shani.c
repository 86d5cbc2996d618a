/* One block after another with the SHA extensions. */
#include "kernels/sha256_impls.h"

#define STREAMS 1
#include "kernels/sha256_shani.h"

void sha256_compress_shani(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    struct shani_state s = shani_load(state);

    for (; n; n--, blocks += 64)
        shani_compress(&s, &blocks);
    shani_store(state, s);
}
