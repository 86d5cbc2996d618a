/* The nonce search with AVX-512. */
#include "kernels/lanes_avx512.h"

enum { STREAMS = 2 };

#include "kernels/search_streams.h"

/* Written by search_rounds.py. */
void search_avx512_own(struct states *s, const struct rows *kw);
void search_avx512_shared(struct states *s, const uint32_t *kw);
void search_avx512_second(struct states *s, const struct rows *kw);

uint64_t search_avx512(struct search_hits *hits, const struct search_job *job, uint32_t first,
                       uint64_t count)
{
    static const struct rounds rounds = {search_avx512_own, search_avx512_shared,
                                         search_avx512_second};

    return scan_run(hits, job, first, count, &rounds);
}
