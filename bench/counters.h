/*
 * What the machine counts while something is measured.
 *
 * Reference cycles are those of the time stamp counter, which runs at one rate
 * whatever the core does; core cycles are the core's own, from the kernel's
 * performance counters, which many virtual machines and settings of
 * kernel.perf_event_paranoid do not give. The two are never mixed.
 */
#ifndef BENCH_COUNTERS_H
#define BENCH_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this processor has a time stamp counter that programs may read. */
bool counters_have_reference(void);

/* Reference cycles since some moment in the past; 0 where there are none. */
uint64_t counters_reference(void);

/*
 * Starts counting the core cycles that the calling thread spends outside the
 * kernel. A file descriptor to pass to the other two, or -1 where that is not
 * to be had; both take -1 as well.
 */
int counters_open_core(void);
void counters_close_core(int fd);

/* Core cycles so far; false where there are none. Only on the thread that opened fd. */
bool counters_read_core(int fd, uint64_t *cycles);

/* Nanoseconds that the calling thread, and all threads of this process, had a CPU. */
uint64_t counters_thread_cpu_ns(void);
uint64_t counters_process_cpu_ns(void);

/* What /proc/stat counts, in steps of a tick (10 ms, mostly); zeros where it can't be read. */
struct counters_stat {
    double steal_ms; /* that the hypervisor took */
    double busy_ms;  /* that any program or the system ran */
};

/* The sums over the n given CPUs (the system's numbers) since the machine started. */
struct counters_stat counters_stat(const unsigned *cpus, size_t n);

/* The same from a text in the form of /proc/stat and its ticks a second. */
struct counters_stat counters_stat_parse(const char *text, const unsigned *cpus, size_t n,
                                         double ticks);

#endif
