/* The nonce search with AVX2. */
#include "kernels/lanes_avx2.h"
#include "kernels/search_lanes.h"

uint64_t search_avx2(struct search_hits *hits, const struct search_job *job, uint32_t first,
                     uint64_t count)
{
    return scan(hits, job, first, count);
}
