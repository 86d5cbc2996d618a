/* The nonce search with SSE4.1. */
#include "kernels/lanes_sse41.h"
#include "kernels/search_lanes.h"

uint64_t search_sse41(struct search_hits *hits, const struct search_job *job, uint32_t first,
                      uint64_t count)
{
    return scan(hits, job, first, count);
}
