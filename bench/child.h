/*
 * Runs another program to its end, or to ours: in a process group of its own,
 * on given CPUs, for a limited time, with a limited output.
 */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "bench/bench.h"

enum child_how {
    CHILD_EXITED,      /* by itself; status is its exit status */
    CHILD_KILLED,      /* by a signal that was not ours; status is its number */
    CHILD_TIMEOUT,     /* by us, after the time it had */
    CHILD_TOO_MUCH,    /* by us, as it printed too much */
    CHILD_INTERRUPTED, /* by us, as the user interrupted */
};

struct child_end {
    enum child_how how;
    int status;
    double seconds;     /* from its start to its end */
    double cpu_seconds; /* what it and the children that it waited for used */
    bool unpinned;      /* a thread of its own was seen where it may use other CPUs as well */
};

typedef void child_output_fn(void *context, const char *data, size_t size);

/*
 * words is the command and its arguments, ended by NULL; the command is looked
 * for in PATH. What it writes to its standard output and error goes to output
 * as it comes, mixed. Nothing of its group is left running at the return.
 * False, with the reason in error, where it can't be started. Main thread only:
 * its affinity changes in passing.
 */
bool child_run(struct child_end *end, char *const *words, const unsigned *cpus, size_t cpu_count,
               double seconds, size_t output_limit, child_output_fn *output, void *context,
               char error[static BENCH_ERROR_SIZE]);

#endif
