/*
 * Alternated runs.
 *
 * What is to be compared is measured in turns, one short run of each and then
 * again from the first, so that a clock that drifts or a neighbour that wakes up
 * falls on all alike:
 *
 *     round 1:  A  B  C
 *     round 2:  A  B  C      a case's figure: the median of its column
 *     round 3:  A  B  C      the ratio of two: the median of their ratios in each round
 *
 * A run during which the hypervisor took CPU time, or whose threads did not
 * have their CPUs to themselves, is disturbed: it is done again at once, a
 * limited number of times, and of all tries the least disturbed one counts. How
 * often that happened, and what was left, stands in the case's rows.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/report.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MEASURE_METRICS = 8,
    MEASURE_ERROR_SIZE = 256,
};

struct measure_options {
    size_t runs;    /* rounds, at least 1 */
    double seconds; /* that one run measures, as a rule */
    double warmup;  /* seconds before it */
    size_t repeats; /* how often a disturbed run is done again, at most */
    bool progress;  /* say on stderr what is being measured */
};

/* One of the numbers that a run of a case gives. */
struct measure_metric {
    const char *name; /* a row's: appended to the case's name, or NULL; a field's: its JSON key */
    const char *unit; /* NULL: not a row but a field of the row before it */
    bool lower_is_better;
    bool counts; /* a field that is summed over the runs instead of taking their median */
};

struct measure_sample {
    double value[MEASURE_METRICS]; /* NaN where this machine does not give it */
    double cpu_share; /* of their time, what the measuring threads had CPUs for; NaN: no matter */
    double steal_ms;  /* this and the next: filled in by measure_alternate */
    bool disturbed;
};

/*
 * One run. Fills in sample->value and cpu_share. False, with the reason in
 * error, where it can't be done, now or ever: the case is given up.
 */
typedef bool measure_run_fn(void *arg, const struct measure_options *options,
                            struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE]);

struct measure_case {
    char name[REPORT_NAME_SIZE];
    const char *kernel;
    size_t threads;
    const unsigned *cpus; /* whose steal time counts: the system's numbers */
    size_t cpu_count;
    const struct measure_metric *metric; /* the first is a row */
    size_t metrics;
    bool sifts; /* run itself leaves out what was disturbed: nothing is done again */
    measure_run_fn *run;
    void *arg;
    /* What measure_alternate fills in: */
    struct measure_sample *sample; /* freed by measure_free */
    size_t runs;
    size_t repeated;
    char error[MEASURE_ERROR_SIZE]; /* not empty: the case was given up */
};

/*
 * Runs n cases in turns. Ends early when the user interrupts; a case that fails
 * is given up and said so on stderr. True where none failed.
 */
bool measure_alternate(struct measure_case *cases, size_t n, const struct measure_options *options);

/*
 * Adds the rows of a case that was not given up and has at least one run.
 * Returns the index of the first, or SIZE_MAX where there is none. Valid for
 * the following too: index + k is the row of the case's k-th metric with a unit.
 */
size_t measure_report(struct report *r, const char *bench, const struct measure_case *c);

/* Frees what the cases' runs hold, not the cases. */
void measure_free(struct measure_case *cases, size_t n);

#endif
