/*
 * topology: the best search on one CPU, on two, on all, in the order in which the
 * engine gives them to its workers (a core each first, then SMT siblings), and
 * on the CPUs of each NUMA node. Efficiency is the rate of a thread beside that
 * of a thread alone, run by run.
 */
#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/bench_search.h"
#include "bench/stats.h"

#include <stdlib.h>
#include <string.h>

enum { DENSE = 8 }; /* up to so many threads each number is measured */

/* The lists of CPUs that rows run on; they live as long as the plan. */
struct placement {
    struct bench_plan plan;
    struct rate_work work;
    const struct search_impl *impl;
    unsigned **lists;
    size_t count;
};

static void place(struct placement *p, const struct bench *b, const char *name,
                  const unsigned *cpus, size_t n)
{
    unsigned *list = bench_alloc(n, sizeof(*list));

    memcpy(list, cpus, n * sizeof(*list));
    p->lists = bench_grow(p->lists, p->count + 1, sizeof(*p->lists));
    p->lists[p->count++] = list;
    bench_plan_rate_on(&p->plan, b, "topology", name, p->impl->name, &p->work, 1e6,
                       bench_search_metrics, list, n);
}

/* The next number of threads: all up to 8, then half as many again; where cores end, and all CPUs. */
static size_t next_threads(const struct topology *t, size_t threads)
{
    size_t next = threads < DENSE ? threads + 1 : threads + threads / 2;

    if (threads < t->core_count && next > t->core_count)
        return t->core_count;
    return next < t->cpu_count || threads == t->cpu_count ? next : t->cpu_count;
}

/* In the order of the engine's workers. */
static void place_all(struct placement *p, const struct bench *b)
{
    const struct topology *t = b->topology;

    for (size_t n = 1; n <= t->cpu_count; n = next_threads(t, n))
        place(p, b, n <= t->core_count ? "a core each" : "with SMT siblings", b->cpus, n);
}

/* All threads of one core, the first that has more than one. */
static void place_core(struct placement *p, const struct bench *b)
{
    const struct topology *t = b->topology;
    unsigned *cpus = bench_alloc(t->cpu_count, sizeof(*cpus));
    size_t n = 0;

    for (size_t first = 0; first < t->cpu_count && n < 2; first++) {
        n = 0;
        for (size_t i = 0; i < t->cpu_count; i++)
            if (t->cpu[i].core == t->cpu[first].core)
                cpus[n++] = t->cpu[i].os;
    }
    if (n > 1)
        place(p, b, "siblings of one core", cpus, n);
    free(cpus);
}

/* A core each of every node, where there are several. */
static void place_nodes(struct placement *p, const struct bench *b)
{
    const struct topology *t = b->topology;
    unsigned *cpus = bench_alloc(t->cpu_count, sizeof(*cpus));

    for (size_t node = 0; node < t->node_count && t->node_count > 1; node++) {
        char name[REPORT_NAME_SIZE];
        size_t n = 0;

        for (size_t i = 0; i < t->cpu_count; i++)
            if (t->cpu[i].node == node && t->cpu[i].sibling == 0)
                cpus[n++] = t->cpu[i].os;
        snprintf(name, sizeof(name), "cores of node %d", t->node_os[node]);
        if (n)
            place(p, b, name, cpus, n);
    }
    free(cpus);
}

/* The row's rate over so many times the one of the first, which is one thread's. */
static void add_efficiency(struct report *r, size_t alone, size_t row)
{
    const struct report_row *one = &r->row[alone], *many = &r->row[row];
    size_t runs = one->runs < many->runs ? one->runs : many->runs;
    double *part = bench_alloc(runs, sizeof(*part));

    for (size_t i = 0; i < runs; i++)
        part[i] = many->samples[i] / one->samples[i] / (double)many->threads;
    report_number(&r->row[row], "efficiency", stats_median_of(part, runs));
    report_number(&r->row[row], "times_one",
                  stats_median_of(part, runs) * (double)r->row[row].threads);
    free(part);
}

/* The implementation that was asked for, where one was; else the one that the engine would take. */
static const struct search_impl *pick(const struct bench *b)
{
    for (const struct search_impl *impl = search_impls; b->kernel_count && impl->name; impl++)
        if (strcmp(impl->name, b->kernel_names[0]) == 0)
            return impl;
    return b->kernels.search_rolled;
}

bool bench_topology_run(struct bench *b)
{
    struct placement p = {.impl = pick(b)};
    struct bench_search_arg arg = {p.impl, p.impl->versions, b->kernels.sha256_compress->run};
    size_t alone = SIZE_MAX;
    bool good;

    p.work = bench_search_work(&arg);
    place_all(&p, b);
    place_core(&p, b);
    place_nodes(&p, b);
    good = measure_alternate(p.plan.item, p.plan.count, &b->measure);
    for (size_t i = 0; i < p.plan.count; i++) {
        size_t row = measure_report(b->report, "topology", &p.plan.item[i]);

        if (row != SIZE_MAX && alone == SIZE_MAX && p.plan.item[i].threads == 1)
            alone = row;
        if (row != SIZE_MAX && alone != SIZE_MAX)
            add_efficiency(b->report, alone, row);
    }
    bench_plan_free(&p.plan);
    for (size_t i = 0; i < p.count; i++)
        free(p.lists[i]);
    free(p.lists);
    return good;
}
