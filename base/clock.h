/*
 * The three clocks, and a thread's own.
 *
 * Wall time is the date, as blocks and logs carry it; steady time only goes
 * forward, and everything that the protocol times out goes by it. Both can be
 * mocked (Core's setmocktime and mockscheduler), so both belong to a struct
 * clock that the program makes and passes down. Monotonic time cannot be mocked
 * and is for what must be true of the machine: deadlines of I/O, benchmarks.
 *
 * All functions are safe on any thread; a mocked time becomes visible to other
 * threads at their next reading.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdatomic.h>
#include <stdint.h>

/* Zeros are real time: `static struct clock c;` and clock_init say the same. */
struct clock {
    _Atomic int64_t wall_ms;      /* the mocked date, 0 for the real one */
    _Atomic uint64_t steady_ns;   /* the mocked time, 0 for the real one */
    _Atomic uint64_t steady_skip; /* what clock_advance_steady has added, ns */
};

void clock_init(struct clock *c);

/* Milliseconds and seconds since 1970-01-01T00:00Z. */
int64_t clock_wall_ms(const struct clock *c);
int64_t clock_wall_s(const struct clock *c);

/* Nanoseconds since some moment in the past. */
uint64_t clock_steady_ns(const struct clock *c);

/* Stops the date at ms (> 0), or lets it go on (0). */
void clock_mock_wall_ms(struct clock *c, int64_t ms);

/* Stops steady time at ns (> 0), or lets it go on (0). */
void clock_mock_steady_ns(struct clock *c, uint64_t ns);

/* Moves steady time forward by ns, whether it is stopped or goes on. */
void clock_advance_steady(struct clock *c, uint64_t ns);

/* Nanoseconds since some moment in the past, never mocked (CLOCK_MONOTONIC). */
uint64_t clock_monotonic_ns(void);

/* Nanoseconds that the calling thread has had a CPU (CLOCK_THREAD_CPUTIME_ID); never mocked. */
uint64_t clock_thread_cpu_ns(void);

/*
 * "2009-01-03T18:15:05Z" and, with milliseconds, "2009-01-03T18:15:05.000Z";
 * years beyond 0 to 9999 are cut to those.
 */
#define CLOCK_TEXT_SIZE 25
void clock_format_s(char out[static CLOCK_TEXT_SIZE], int64_t seconds);
void clock_format_ms(char out[static CLOCK_TEXT_SIZE], int64_t ms);

#endif
