/*
 * The run of a case that counts how often something is done a second, on one
 * thread or on several at once, each pinned to a CPU of its own.
 *
 * Each thread works for options->warmup seconds, during which it also finds how
 * much to do at a time, then for options->seconds; the rates of all are summed.
 */
#ifndef BENCH_RATE_H
#define BENCH_RATE_H

#include "bench/measure.h"

#include <stdint.h>

/* What is done. All three are called on the pinned threads. */
struct rate_work {
    /* What one thread works on, so that its memory is its own; thread counts from 0. Never NULL. */
    void *(*open)(const void *arg, size_t thread);
    /*
     * Does size (1, 2, 4, ... up to size_max) steps of the work and returns how
     * many things were done; they are what the rate counts.
     */
    uint64_t (*run)(void *data, uint64_t size);
    void (*close)(void *data);
    const void *arg;
    uint64_t size_max;
};

/* The arg of rate_run. */
struct rate_case {
    struct rate_work work;
    double scale;         /* things a second that one unit of the row is: 1e6 for MH/s */
    size_t threads;       /* at least 1 */
    const unsigned *cpus; /* one a thread, the system's numbers */
};

/*
 * A measure_run_fn. Its values: the rate; then, a thing and a thread,
 * nanoseconds, reference cycles, core cycles: four metrics.
 */
bool rate_run(void *arg, const struct measure_options *options, struct measure_sample *sample,
              char error[static MEASURE_ERROR_SIZE]);

enum { RATE_METRICS = 4 };

#endif
