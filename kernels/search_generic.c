/* The search as its definition says it, every hash in full: the truth that the others must meet. */
#include "kernels/search_impls.h"

uint64_t search_generic(struct search_hits *hits, const struct search_job *job, uint32_t first,
                        uint64_t count)
{
    uint64_t done = 0;

    hits->count = 0;
    for (; done < count && search_room(hits, job); done++)
        for (size_t v = 0; v < job->versions; v++)
            search_confirm(hits, job, first + (uint32_t)done, v);
    return done;
}
