/*
 * Gathers delays over windows of a tenth of a second, and tells apart those
 * windows during which the hypervisor took CPU time, or other programs kept
 * threads of ours that always have work from running: what they do to a delay
 * says nothing of the program. One thread an object.
 */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stddef.h>
#include <stdint.h>

struct latency_list {
    double *us; /* microseconds */
    size_t count, capacity;
};

struct latency {
    const unsigned *cpus; /* whose steal time counts; the caller's */
    size_t cpu_count;
    size_t busy; /* threads of this process that run all the time */
    struct latency_list kept, all;
    size_t window_first; /* index in all of the open window's first delay */
    uint64_t window_began_ns, window_cpu_ns;
    double window_steal_ms;
};

void latency_start(struct latency *l, const unsigned *cpus, size_t cpu_count, size_t busy);

/* Takes a delay, which must have begun after the last latency_tick. */
void latency_add(struct latency *l, uint64_t ns);

/* Closes the window if its time is over. Call it while no delay is running. */
void latency_tick(struct latency *l);

/* Closes the last window and sorts both lists. */
void latency_finish(struct latency *l);

void latency_free(struct latency *l);

#endif
