/* The nonce search with AVX2. */
#include "kernels/lanes_avx2.h"

enum { STREAMS = 2 };

#include "kernels/search_streams.h"

/* Written by search_rounds.py. */
void search_avx2_own(struct states *s, const struct rows *kw);
void search_avx2_shared(struct states *s, const uint32_t *kw);
void search_avx2_second(struct states *s, const struct rows *kw);

uint64_t search_avx2(struct search_hits *hits, const struct search_job *job, uint32_t first,
                     uint64_t count)
{
    static const struct rounds rounds = {search_avx2_own, search_avx2_shared, search_avx2_second};

    return scan_run(hits, job, first, count, &rounds);
}
