#include "bench/counters.h"

#include "bench/bench_alloc.h"

#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>

bool counters_have_reference(void) { return true; }

uint64_t counters_reference(void) { return __rdtsc(); }

#else

bool counters_have_reference(void) { return false; }

uint64_t counters_reference(void) { return 0; }

#endif

int counters_open_core(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof(attr),
        .config = PERF_COUNT_HW_CPU_CYCLES,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void counters_close_core(int fd)
{
    if (fd >= 0)
        close(fd);
}

bool counters_read_core(int fd, uint64_t *cycles)
{
    return fd >= 0 && read(fd, cycles, sizeof(*cycles)) == (ssize_t)sizeof(*cycles);
}

static uint64_t cpu_clock_ns(clockid_t id)
{
    struct timespec t = {0};

    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t counters_thread_cpu_ns(void) { return cpu_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

uint64_t counters_process_cpu_ns(void) { return cpu_clock_ns(CLOCK_PROCESS_CPUTIME_ID); }

/* The number at *at, which moves behind it; UINT64_MAX where there is none on this line. */
static uint64_t next_number(const char **at)
{
    char *end;
    uint64_t number;

    *at += strspn(*at, " ");
    if (**at < '0' || **at > '9')
        return UINT64_MAX;
    number = strtoull(*at, &end, 10);
    *at = end;
    return number;
}

static bool among(const unsigned *cpus, size_t n, uint64_t cpu)
{
    for (size_t i = 0; i < n; i++)
        if (cpus[i] == cpu)
            return true;
    return false;
}

/* Adds a CPU's line, from behind its name: times in the order that proc(5) gives. */
static void add_line(struct counters_stat *sum, const char *at, double tick_ms)
{
    enum {
        IDLE = 3,
        IOWAIT = 4,
        STEAL = 7,
        FIELDS = 8
    }; /* user, nice, system before, irqs between */

    for (int i = 0; i < FIELDS; i++) {
        uint64_t value = next_number(&at);

        if (value == UINT64_MAX)
            return;
        if (i == STEAL)
            sum->steal_ms += (double)value * tick_ms;
        else if (i != IDLE && i != IOWAIT)
            sum->busy_ms += (double)value * tick_ms;
    }
}

struct counters_stat counters_stat_parse(const char *text, const unsigned *cpus, size_t n,
                                         double ticks)
{
    struct counters_stat sum = {0};

    while (text && *text) {
        const char *at = text + 3;

        if (strncmp(text, "cpu", 3) == 0 && *at != ' ' && among(cpus, n, next_number(&at)))
            add_line(&sum, at, 1000 / ticks);
        text = strchr(text, '\n');
        text = text ? text + 1 : NULL;
    }
    return sum;
}

struct counters_stat counters_stat(const unsigned *cpus, size_t n)
{
    enum { SIZE = 1 << 19 }; /* 1024 CPUs at some 100 bytes, and the interrupts after them */
    FILE *file = fopen("/proc/stat", "re");
    struct counters_stat sum;
    char *text;

    if (!file)
        return (struct counters_stat){0};
    text = bench_alloc(SIZE, 1);
    text[fread(text, 1, SIZE - 1, file)] = 0;
    fclose(file);
    sum = counters_stat_parse(text, cpus, n, (double)sysconf(_SC_CLK_TCK));
    free(text);
    return sum;
}
