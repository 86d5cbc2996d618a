/*
 * What the subcommands share: what the user asked for, the machine, and where
 * rows go. One file a subcommand, bench_NAME.c, one row of bench_commands each.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bench/measure.h"
#include "bench/rate.h"
#include "bench/report.h"
#include "engine/topology.h"
#include "kernels/kernels.h"

enum {
    BENCH_COUNTS = 32, /* different numbers of threads */
    BENCH_PEERS = 8,   /* other programs */
    BENCH_BLOCKS = 16, /* real blocks to validate */
    BENCH_ERROR_SIZE = 256,
};

/* Another program to measure beside ours: see against.h. */
struct bench_peer {
    const char *command, *name; /* name is "" where the user gave none */
};

struct bench {
    struct measure_options measure;
    const struct topology *topology; /* of the CPUs that may be used */
    unsigned *cpus;                  /* their numbers in the system, in the topology's order */
    unsigned cpu;                    /* CPU_* bits */
    struct kernels kernels;          /* the chosen ones; every other that runs here agreed too */
    size_t threads[BENCH_COUNTS];    /* what was asked for, ascending; at least one */
    size_t thread_counts;
    bool threads_given;
    const char **kernel_names; /* only these implementations; none: all */
    size_t kernel_count;
    const char *filter; /* only rows whose path holds or matches this; "": all */
    struct bench_peer peer[BENCH_PEERS];
    size_t peers;
    double peer_seconds; /* how long one run of another program may take */
    const char *vectors; /* the folder whose blocks/ has real blocks; "": there is none */
    bool vectors_wanted; /* without it there is nothing to do */
    const char *block_name[BENCH_BLOCKS]; /* those to validate; none: the usual ones */
    size_t blocks;
    const char
        *profile; /* where tune writes its profile: a path, "-" for standard output, or NULL */
    struct report *report;
};

struct bench_command {
    const char *name, *summary;
    bool (*run)(struct bench *b); /* adds rows; false where something failed and was said */
    /*
     * The names of its implementations and what they need, one by one; NULL
     * from their number on. NULL: it does not choose between any.
     */
    const char *(*kernel)(size_t index, unsigned *needs);
    bool many_threads; /* whether --threads is for it */
    bool alone;        /* not one of all */
};

/* Ended by one without a name. */
extern const struct bench_command bench_commands[];

/*
 * Whether the user wants a row: its path "bench/name/kernel/threads" is matched
 * by the filter (with * and ?, as in a shell; without them: holds it), and its
 * kernel was asked for.
 */
bool bench_wants(const struct bench *b, const char *bench, const char *name, const char *kernel,
                 size_t threads);

/* Whether the processor, as far as it may be used, has all that an implementation needs. */
static inline bool bench_runs(const struct bench *b, unsigned needs)
{
    return (needs & ~b->cpu) == 0;
}

/* The cases of a subcommand as they are gathered: a list that grows. Zeros are an empty one. */
struct bench_plan {
    struct measure_case *item;
    size_t count;
};

/*
 * Adds a rate for each wanted number of threads. metric: RATE_METRICS of them.
 * arg of work must outlive the plan.
 */
void bench_plan_rate(struct bench_plan *plan, const struct bench *b, const char *bench,
                     const char *name, const char *kernel, const struct rate_work *work,
                     double scale, const struct measure_metric *metric);

/* The same for one number of threads on given CPUs, which must outlive the plan. */
void bench_plan_rate_on(struct bench_plan *plan, const struct bench *b, const char *bench,
                        const char *name, const char *kernel, const struct rate_work *work,
                        double scale, const struct measure_metric *metric, const unsigned *cpus,
                        size_t threads);

/* Adds any case. Its arg, if not NULL, was allocated and becomes the plan's. */
void bench_plan_add(struct bench_plan *plan, const struct measure_case *c);

/* Measures in turns and reports every case; the plan is empty after that. False where one failed. */
bool bench_plan_run(struct bench_plan *plan, struct bench *b, const char *bench);

/* What bench_plan_run does last, for subcommands that work something out of the cases before. */
void bench_plan_free(struct bench_plan *plan);

/*
 * Bytes that look random and are the same on every machine: SplitMix64
 * (Steele, Lea, Flood, OOPSLA 2014) from the state, which it moves on.
 */
uint64_t bench_mix(uint64_t *state);
void bench_fill(void *out, size_t size, uint64_t seed);

/* The subcommands. */
bool bench_sha256_run(struct bench *b);
const char *bench_sha256_kernel(size_t index, unsigned *needs);
bool bench_sha256d_run(struct bench *b);
const char *bench_sha256d_kernel(size_t index, unsigned *needs);
bool bench_search_run(struct bench *b);
const char *bench_search_kernel(size_t index, unsigned *needs);     /* of the processor */
const char *bench_search_any_kernel(size_t index, unsigned *needs); /* and OpenCL devices */
bool bench_topology_run(struct bench *b);
bool bench_engine_run(struct bench *b);
bool bench_validate_run(struct bench *b);
const char *bench_validate_kernel(size_t index, unsigned *needs);
bool bench_tune_run(struct bench *b);

#endif
