/* The scan that search and topology time. */
#ifndef BENCH_BENCH_SEARCH_H
#define BENCH_BENCH_SEARCH_H

#include "bench/rate.h"
#include "kernels/search.h"

struct bench_search_arg {
    const struct search_impl *impl;
    size_t versions;
    sha256_compress_fn *compress; /* for the midstates, which are not timed */
};

/* Counts hashes: nonces times versions. arg must outlive what it is used for. */
struct rate_work bench_search_work(const struct bench_search_arg *arg);

/* The row and the fields that go with it, for a scale of 1e6. */
extern const struct measure_metric bench_search_metrics[RATE_METRICS];

#endif
