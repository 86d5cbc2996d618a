/* The search's implementations, and what they share. For kernels/search*.c alone. */
#ifndef KERNELS_SEARCH_IMPLS_H
#define KERNELS_SEARCH_IMPLS_H

#include "kernels/search.h"

search_fn search_generic, search_sse41, search_avx2, search_avx512, search_shani,
    search_avx512_shani, search_armv8;

enum {
    SEARCH_HEADER_BITS = 640, /* the length that pads a header */
    SEARCH_DIGEST_BITS = 256, /* and its digest */
};

/*
 * Adds nonce, under the version at place, to hits if its hash meets the target:
 * what a vector implementation does with the few lanes whose top word passed.
 * hits must have room.
 */
void search_confirm(struct search_hits *hits, const struct search_job *job, uint32_t nonce,
                    size_t place);

/*
 * The same for a whole step: bit p of passed[i] says that the top word of nonce
 * first + i under the version at place p may meet the target. Returns how many
 * of the n nonces were done before hits had no room left.
 */
size_t search_confirm_step(struct search_hits *hits, const struct search_job *job, uint32_t first,
                           const uint32_t *passed, size_t n);

/* True where hits has room for all that one nonce may find. */
static inline bool search_room(const struct search_hits *hits, const struct search_job *job)
{
    return hits->count + job->versions <= SEARCH_MAX_HITS;
}

#endif
