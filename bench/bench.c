#include "bench/bench.h"

#include "bench/bench_alloc.h"
#include "bench/bench_opencl.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const struct bench_command bench_commands[] = {
    {"sha256", "SHA-256: compressing blocks, and messages beside OpenSSL's EVP", bench_sha256_run,
     bench_sha256_kernel, true, false},
    {"sha256d", "double SHA-256 of Merkle levels and of transactions", bench_sha256d_run,
     bench_sha256d_kernel, true, false},
    {"search", "the nonce search, without and with version rolling", bench_search_run,
     bench_search_any_kernel, true, false},
    {"topology", "how the search scales over cores, SMT siblings and NUMA nodes",
     bench_topology_run, bench_search_kernel, false, false},
    {"engine", "cost of a task, time to yield, time to new work", bench_engine_run, NULL, false,
     false},
    {"validate", "real blocks, in pieces and whole, beside libsecp256k1 alone", bench_validate_run,
     bench_validate_kernel, true, false},
    {"tune", "what suits this machine, as a profile that the programs load", bench_tune_run,
     bench_opencl_kernel, false, true},
    {0},
};

static bool wants_kernel(const struct bench *b, const char *kernel)
{
    for (size_t i = 0; i < b->kernel_count; i++)
        if (strcmp(b->kernel_names[i], kernel) == 0)
            return true;
    return b->kernel_count == 0;
}

bool bench_wants(const struct bench *b, const char *bench, const char *name, const char *kernel,
                 size_t threads)
{
    char path[3 * REPORT_NAME_SIZE];

    if (kernel[0] && !wants_kernel(b, kernel))
        return false;
    snprintf(path, sizeof(path), "%s/%s/%s/%zu", bench, name, kernel, threads);
    if (strpbrk(b->filter, "*?["))
        return fnmatch(b->filter, path, 0) == 0;
    return strstr(path, b->filter) != NULL;
}

void bench_plan_add(struct bench_plan *plan, const struct measure_case *c)
{
    plan->item = bench_grow(plan->item, plan->count + 1, sizeof(*plan->item));
    plan->item[plan->count++] = *c;
}

void bench_plan_rate_on(struct bench_plan *plan, const struct bench *b, const char *bench,
                        const char *name, const char *kernel, const struct rate_work *work,
                        double scale, const struct measure_metric *metric, const unsigned *cpus,
                        size_t threads)
{
    struct measure_case c = {
        .kernel = kernel,
        .threads = threads,
        .cpus = cpus,
        .cpu_count = threads,
        .metric = metric,
        .metrics = RATE_METRICS,
        .run = rate_run,
    };
    struct rate_case *rate;

    if (!bench_wants(b, bench, name, kernel, threads))
        return;
    rate = bench_alloc(1, sizeof(*rate));
    *rate = (struct rate_case){*work, scale, threads, cpus};
    c.arg = rate;
    snprintf(c.name, sizeof(c.name), "%s", name);
    bench_plan_add(plan, &c);
}

void bench_plan_rate(struct bench_plan *plan, const struct bench *b, const char *bench,
                     const char *name, const char *kernel, const struct rate_work *work,
                     double scale, const struct measure_metric *metric)
{
    for (size_t i = 0; i < b->thread_counts; i++)
        bench_plan_rate_on(plan, b, bench, name, kernel, work, scale, metric, b->cpus,
                           b->threads[i]);
}

void bench_plan_free(struct bench_plan *plan)
{
    measure_free(plan->item, plan->count);
    for (size_t i = 0; i < plan->count; i++)
        free(plan->item[i].arg);
    free(plan->item);
    *plan = (struct bench_plan){0};
}

bool bench_plan_run(struct bench_plan *plan, struct bench *b, const char *bench)
{
    bool good = measure_alternate(plan->item, plan->count, &b->measure);

    for (size_t i = 0; i < plan->count; i++)
        measure_report(b->report, bench, &plan->item[i]);
    bench_plan_free(plan);
    return good;
}

uint64_t bench_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

void bench_fill(void *out, size_t size, uint64_t seed)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(bench_mix(&seed) >> 56);
}
