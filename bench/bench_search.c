/*
 * search: every implementation of the nonce search, for one version and for 16
 * versions that share a message schedule; a hash is a nonce under a version. The
 * target is zero, which nothing meets, so that what is timed is the scan alone.
 */
#include "bench/bench_search.h"
#include "bench/against.h"
#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/bench_opencl.h"

#include <stdlib.h>

const struct measure_metric bench_search_metrics[RATE_METRICS] = {
    {.unit = "MH/s"},
    {.name = "ns_per_hash"},
    {.name = "ref_cycles_per_hash"},
    {.name = "core_cycles_per_hash"},
};

/* What one thread scans. */
struct scan {
    struct search_job job;
    struct search_hits hits;
    search_fn *run;
    uint64_t next;
};

static void *scan_open(const void *arg, size_t thread)
{
    const struct bench_search_arg *search = arg;
    struct scan *scan = bench_alloc(1, sizeof(*scan));
    uint32_t versions[SEARCH_MAX_VERSIONS];
    uint8_t header[80];

    bench_fill(header, sizeof(header), 1);
    for (uint32_t v = 0; v < SEARCH_MAX_VERSIONS; v++)
        versions[v] = 0x20000000 | v << 13; /* the lowest of BIP320's bits */
    search_job_init(&scan->job, header, versions, search->versions, (struct uint256){0},
                    search->compress);
    scan->run = search->impl->run;
    scan->next = (uint64_t)thread << 24 & UINT32_MAX;
    return scan;
}

static uint64_t scan_run(void *data, uint64_t size)
{
    struct scan *scan = data;
    uint64_t done;

    if (scan->next + size > (uint64_t)1 << 32)
        scan->next = 0;
    done = scan->run(&scan->hits, &scan->job, (uint32_t)scan->next, size);
    scan->next += done;
    return done * scan->job.versions;
}

struct rate_work bench_search_work(const struct bench_search_arg *arg)
{
    return (struct rate_work){scan_open, scan_run, free, arg, (uint64_t)1 << 32};
}

const char *bench_search_kernel(size_t index, unsigned *needs)
{
    *needs = search_impls[index].needs;
    return search_impls[index].name;
}

static size_t count_impls(void)
{
    size_t count = 0;

    while (search_impls[count].name)
        count++;
    return count;
}

const char *bench_search_any_kernel(size_t index, unsigned *needs)
{
    size_t ours = count_impls();

    return index < ours ? bench_search_kernel(index, needs)
                        : bench_opencl_kernel(index - ours, needs);
}

/* Adds every run of ours; args has room for two an implementation. */
static void plan_ours(struct bench_plan *plan, const struct bench *b, struct bench_search_arg *args)
{
    static const char *const names[2] = {"plain", "rolled-16"};
    static const size_t versions[2] = {1, SEARCH_MAX_VERSIONS};

    for (const struct search_impl *impl = search_impls; impl->name; impl++) {
        for (size_t rolled = 0; rolled < 2 && bench_runs(b, impl->needs); rolled++) {
            struct bench_search_arg *arg = args++;
            struct rate_work work = bench_search_work(arg);

            *arg =
                (struct bench_search_arg){impl, versions[rolled], b->kernels.sha256_compress->run};
            bench_plan_rate(plan, b, "search", names[rolled], impl->name, &work, 1e6,
                            bench_search_metrics);
        }
    }
}

/* The rows ours / theirs, of what ran on as many threads. rows[i] is the row of the plan's case i. */
static void add_ratios(struct bench *b, const struct bench_plan *plan, size_t ours,
                       const size_t *rows)
{
    for (size_t i = 0; i < ours; i++)
        for (size_t peer = ours; peer < plan->count; peer++)
            if (plan->item[i].threads == plan->item[peer].threads && rows[i] != SIZE_MAX &&
                rows[peer] != SIZE_MAX)
                report_add_ratio(b->report, rows[i], rows[peer]);
}

bool bench_search_run(struct bench *b)
{
    struct bench_search_arg *args = bench_alloc(2 * count_impls(), sizeof(*args));
    struct bench_plan plan = {0};
    size_t ours, *rows;
    bool good;

    plan_ours(&plan, b, args);
    ours = plan.count;
    good = against_plan(&plan, b, "search");
    good = good && measure_alternate(plan.item, plan.count, &b->measure);
    rows = bench_alloc(plan.count, sizeof(*rows));
    for (size_t i = 0; i < plan.count; i++) {
        rows[i] = measure_report(b->report, "search", &plan.item[i]);
        if (i >= ours && rows[i] != SIZE_MAX)
            against_describe(&b->report->row[rows[i]], &plan.item[i]);
    }
    add_ratios(b, &plan, ours, rows);
    free(rows);
    bench_plan_free(&plan);
    free(args);
    return bench_opencl_run(b) && good;
}
