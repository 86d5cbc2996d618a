#include "bench/latency.h"

#include "base/clock.h"
#include "bench/bench_alloc.h"
#include "bench/counters.h"
#include "bench/stats.h"

#include <stdbool.h>
#include <stdlib.h>

static const uint64_t window_ns = 100000000;

/* Of their time, what busy threads must have run for; the rest is the kernel's own work. */
static const double full_share = 0.98;

static void add(struct latency_list *list, double us)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 1024;
        list->us = bench_grow(list->us, list->capacity, sizeof(*list->us));
    }
    list->us[list->count++] = us;
}

static void open_window(struct latency *l)
{
    l->window_first = l->all.count;
    l->window_steal_ms = counters_stat(l->cpus, l->cpu_count).steal_ms;
    l->window_cpu_ns = counters_process_cpu_ns();
    l->window_began_ns = clock_monotonic_ns();
}

static bool was_disturbed(const struct latency *l)
{
    double wall = (double)(clock_monotonic_ns() - l->window_began_ns);
    double cpu = (double)(counters_process_cpu_ns() - l->window_cpu_ns);

    return cpu < full_share * wall * (double)l->busy ||
           counters_stat(l->cpus, l->cpu_count).steal_ms > l->window_steal_ms;
}

static void close_window(struct latency *l)
{
    if (!was_disturbed(l))
        for (size_t i = l->window_first; i < l->all.count; i++)
            add(&l->kept, l->all.us[i]);
}

void latency_start(struct latency *l, const unsigned *cpus, size_t cpu_count, size_t busy)
{
    *l = (struct latency){.cpus = cpus, .cpu_count = cpu_count, .busy = busy};
    open_window(l);
}

void latency_add(struct latency *l, uint64_t ns) { add(&l->all, (double)ns / 1000); }

void latency_tick(struct latency *l)
{
    if (clock_monotonic_ns() - l->window_began_ns >= window_ns) {
        close_window(l);
        open_window(l);
    }
}

void latency_finish(struct latency *l)
{
    close_window(l);
    stats_sort(l->kept.us, l->kept.count);
    stats_sort(l->all.us, l->all.count);
}

void latency_free(struct latency *l)
{
    free(l->kept.us);
    free(l->all.us);
    *l = (struct latency){0};
}
