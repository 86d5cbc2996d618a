/*
 * engine: what the pool and the mining search cost, and how fast they answer.
 *
 *     task, own queue      submit and run an empty task on the same worker
 *     task, from outside   the same from a thread that is no worker
 *     task, stolen         the same when another worker takes it from the queue
 *     wake                 from a submission to the start of the task, all workers asleep
 *     yield                the same for a task of the highest class while all workers scan
 *     new work             from miner_set_work to the first hash on it, each lane
 *     new work, slice      the same to the end of the first slice, as an observer sees it
 *     idle                 CPU time of an engine whose work was taken away
 *     mining               the hash rate of all lanes together
 */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/counters.h"
#include "bench/interrupt.h"
#include "bench/latency.h"
#include "bench/stats.h"
#include "engine/miner.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BATCH = 1024 };

static const uint64_t patience_ns = 5000000000; /* nothing here takes so long unless it hangs */

/* What a run has while it lasts. */
struct stage {
    struct pool *pool;
    struct miner *miner;
    struct pool_group group;
};

struct engine_case {
    const struct bench *b;
    size_t workers;
};

static bool stage_open(struct stage *s, const struct engine_case *c,
                       char error[static MEASURE_ERROR_SIZE])
{
    struct pool_options options = {.workers = c->workers};
    char reason[POOL_ERROR_SIZE];

    *s = (struct stage){.pool = pool_create(c->b->topology, &options, reason)};
    if (!s->pool)
        snprintf(error, MEASURE_ERROR_SIZE, "can't start the workers: %.200s", reason);
    return s->pool != NULL;
}

static bool stage_open_miner(struct stage *s, const struct engine_case *c,
                             miner_observe_fn *observe, void *arg,
                             char error[static MEASURE_ERROR_SIZE])
{
    struct miner_options options = {
        .kernels = &c->b->kernels, .observe_fn = observe, .observe_arg = arg};
    char reason[MINER_ERROR_SIZE];

    if (!stage_open(s, c, error))
        return false;
    s->miner = miner_create(s->pool, &options, reason);
    if (s->miner)
        return true;
    pool_destroy(s->pool, POOL_CANCEL);
    snprintf(error, MEASURE_ERROR_SIZE, "can't start the search: %.200s", reason);
    return false;
}

static void stage_close(struct stage *s)
{
    if (s->miner)
        miner_destroy(s->miner);
    pool_destroy(s->pool, POOL_CANCEL);
}

/* Ends a run in which nothing but the pool and the miner could fail; says so where they did. */
static bool end_run(struct stage *s, bool good, char error[static MEASURE_ERROR_SIZE])
{
    stage_close(s);
    if (!good)
        snprintf(error, MEASURE_ERROR_SIZE, "the engine took no task, or no work");
    return good;
}

/* Work that lasts longer than any benchmark and that nothing meets. */
static bool set_endless_work(struct stage *s, uint64_t tag)
{
    struct miner_work work = {.tag = tag, .version_mask = 0x1fffe000, .extra_seconds = 600};

    bench_fill(work.header, sizeof(work.header), tag);
    write_le32(work.header, 0x20000000);
    return miner_set_work(s->miner, &work);
}

/* --- the cost of a task --- */

/* A batch of empty tasks, and who counts them. */
struct batch {
    struct pool *pool;
    struct pool_group group;
    struct pool_task driver, task[BATCH];
    atomic_size_t run;
    uint64_t began_ns;
    _Atomic uint64_t ended_ns;
    atomic_bool refused, late;
    bool holds; /* the driver keeps its worker until others have run all */
};

static enum pool_result run_empty(struct pool_worker *worker, void *arg)
{
    struct batch *batch = arg;

    (void)worker;
    if (atomic_fetch_add(&batch->run, 1) + 1 == BATCH)
        atomic_store(&batch->ended_ns, clock_monotonic_ns());
    return POOL_DONE;
}

static void submit_batch(struct batch *batch)
{
    batch->began_ns = clock_monotonic_ns();
    for (size_t i = 0; i < BATCH; i++)
        if (!pool_submit(batch->pool, &batch->task[i]))
            atomic_store(&batch->refused, true);
}

static enum pool_result drive(struct pool_worker *worker, void *arg)
{
    struct batch *batch = arg;

    (void)worker;
    submit_batch(batch);
    while (batch->holds && atomic_load(&batch->run) < BATCH && !atomic_load(&batch->refused)) {
        if (clock_monotonic_ns() - batch->began_ns > patience_ns) {
            atomic_store(&batch->late, true);
            break;
        }
    }
    return POOL_DONE;
}

/* One batch. False where the pool refused a task, or nobody stole any. */
static bool run_batch(struct batch *batch, bool inside)
{
    atomic_store(&batch->run, 0);
    for (size_t i = 0; i < BATCH; i++)
        pool_task_init(&batch->task[i], POOL_TRANSACTION, run_empty, batch, &batch->group);
    pool_task_init(&batch->driver, POOL_TRANSACTION, drive, batch, &batch->group);
    if (!inside)
        submit_batch(batch);
    else if (!pool_submit_to(batch->pool, 0, &batch->driver))
        return false;
    pool_group_wait(&batch->group);
    return !atomic_load(&batch->refused) && !atomic_load(&batch->late);
}

/* Runs batches for the time of a run; the median of their costs, in nanoseconds a task. */
static bool run_batches(const struct engine_case *c, const struct measure_options *options,
                        bool inside, struct measure_sample *sample,
                        char error[static MEASURE_ERROR_SIZE])
{
    struct stage s;
    struct batch *batch;
    struct latency costs = {0};
    uint64_t end = clock_monotonic_ns() + (uint64_t)(options->seconds * 1e9);
    bool good = true;

    if (!stage_open(&s, c, error))
        return false;
    batch = bench_alloc(1, sizeof(*batch));
    batch->pool = s.pool;
    batch->holds = inside && c->workers > 1;
    latency_start(&costs, c->b->cpus, c->workers, 0);
    do {
        good = run_batch(batch, inside);
        latency_add(&costs, atomic_load(&batch->ended_ns) - batch->began_ns);
        latency_tick(&costs);
    } while (good && clock_monotonic_ns() < end && !interrupt_came());
    if (!good)
        snprintf(error, MEASURE_ERROR_SIZE, "the pool did not run all tasks");
    latency_finish(&costs);
    sample->value[0] = stats_median(costs.kept.us, costs.kept.count) * 1000 / BATCH;
    latency_free(&costs);
    stage_close(&s);
    free(batch);
    return good;
}

static bool own_queue_run(void *arg, const struct measure_options *options,
                          struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    return run_batches(arg, options, true, sample, error);
}

static bool outside_run(void *arg, const struct measure_options *options,
                        struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    return run_batches(arg, options, false, sample, error);
}

/* --- the time until a task starts --- */

static const struct measure_metric delay_metrics[] = {
    {.name = "p50", .unit = "us", .lower_is_better = true},
    {.name = "count", .counts = true},
    {.name = "dropped", .counts = true},
    {.name = "p99", .unit = "us", .lower_is_better = true},
    {.name = "p99_all"},
    {.name = "max", .unit = "us", .lower_is_better = true},
    {.name = "max_all"},
};

enum { DELAY_METRICS = sizeof(delay_metrics) / sizeof(*delay_metrics) };

/* The values of the metrics above. */
static void take_delays(struct measure_sample *sample, struct latency *l)
{
    const struct latency_list *kept = &l->kept, *all = &l->all;

    latency_finish(l);
    sample->value[0] = stats_percentile(kept->us, kept->count, 50);
    sample->value[1] = (double)kept->count;
    sample->value[2] = (double)(all->count - kept->count);
    sample->value[3] = stats_percentile(kept->us, kept->count, 99);
    sample->value[4] = stats_percentile(all->us, all->count, 99);
    sample->value[5] = stats_percentile(kept->us, kept->count, 100);
    sample->value[6] = stats_percentile(all->us, all->count, 100);
    latency_free(l);
}

struct probe {
    struct pool_task task;
    uint64_t started_ns;
};

static enum pool_result run_probe(struct pool_worker *worker, void *arg)
{
    struct probe *probe = arg;

    (void)worker;
    probe->started_ns = clock_monotonic_ns();
    return POOL_DONE;
}

/* Submits a task of the highest class now and then, and takes how long each waits for its start. */
static bool probe_starts(struct stage *s, const struct engine_case *c,
                         const struct measure_options *options, struct measure_sample *sample)
{
    uint64_t end = clock_monotonic_ns() + (uint64_t)(options->seconds * 1e9), dice = 1;
    struct latency delays;
    bool good = true;

    latency_start(&delays, c->b->cpus, c->workers, s->miner ? c->workers : 0);
    while (good && clock_monotonic_ns() < end && !interrupt_came()) {
        struct probe probe;
        uint64_t began;

        /* At no fixed distance, so as not to fall into step with slices and ticks. */
        interrupt_sleep(300000 + bench_mix(&dice) % 400000);
        pool_task_init(&probe.task, POOL_BLOCK, run_probe, &probe, &s->group);
        began = clock_monotonic_ns();
        good = pool_submit(s->pool, &probe.task);
        if (!good)
            break;
        pool_group_wait(&s->group);
        latency_add(&delays, probe.started_ns - began);
        latency_tick(&delays);
    }
    take_delays(sample, &delays);
    return good;
}

static bool wake_run(void *arg, const struct measure_options *options,
                     struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct stage s;
    bool good;

    if (!stage_open(&s, arg, error))
        return false;
    good = probe_starts(&s, arg, options, sample);
    return end_run(&s, good, error);
}

static bool yield_run(void *arg, const struct measure_options *options,
                      struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct stage s;
    bool good;

    if (!stage_open_miner(&s, arg, NULL, NULL, error))
        return false;
    good = set_endless_work(&s, 1);
    interrupt_sleep((unsigned long long)(options->warmup * 1e9));
    good = good && probe_starts(&s, arg, options, sample);
    return end_run(&s, good, error);
}

/* --- the time until new work is searched --- */

struct lane_sight {
    _Alignas(64) _Atomic uint64_t tag; /* the latest that this lane was seen with */
    _Atomic uint64_t seen_ns;          /* when, written before the tag */
};

static void on_slice(void *arg, const struct miner_range *range)
{
    struct lane_sight *lane = (struct lane_sight *)arg + range->lane;

    if (atomic_load(&lane->tag) != range->tag) {
        atomic_store(&lane->seen_ns, clock_monotonic_ns());
        atomic_store(&lane->tag, range->tag);
    }
}

/* Waits until every lane was seen with the tag. False where one never is. */
static bool wait_for_lanes(struct lane_sight *lanes, size_t n, uint64_t tag, uint64_t began_ns)
{
    for (size_t i = 0; i < n; i++) {
        while (atomic_load(&lanes[i].tag) != tag) {
            if (clock_monotonic_ns() - began_ns > patience_ns)
                return false;
            interrupt_sleep(200000);
        }
    }
    return true;
}

/* Gives new work now and then. With slice, delays end when the first slice does. */
static bool change_work(struct stage *s, const struct engine_case *c, struct lane_sight *lanes,
                        const struct measure_options *options, bool slice, struct latency *delays)
{
    uint64_t end = clock_monotonic_ns() + (uint64_t)(options->seconds * 1e9), dice = 2;

    for (uint64_t tag = 2; clock_monotonic_ns() < end && !interrupt_came(); tag++) {
        uint64_t began;

        interrupt_sleep(1000000 + bench_mix(&dice) % 1000000);
        began = clock_monotonic_ns();
        if (!set_endless_work(s, tag))
            return false;
        interrupt_sleep(1000000);
        if (!wait_for_lanes(lanes, c->workers, tag, began))
            return interrupt_came();
        for (size_t i = 0; i < c->workers; i++)
            latency_add(delays, slice ? atomic_load(&lanes[i].seen_ns) - began
                                      : miner_lane_stats(s->miner, i).last_switch_ns);
        latency_tick(delays);
    }
    return true;
}

static bool new_work(const struct engine_case *c, const struct measure_options *options, bool slice,
                     struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct lane_sight *lanes = bench_alloc(c->workers, sizeof(*lanes));
    struct latency delays;
    struct stage s;
    bool good = stage_open_miner(&s, c, on_slice, lanes, error);

    if (good) {
        good = set_endless_work(&s, 1);
        interrupt_sleep((unsigned long long)(options->warmup * 1e9));
        latency_start(&delays, c->b->cpus, c->workers, c->workers);
        good = good && change_work(&s, c, lanes, options, slice, &delays);
        take_delays(sample, &delays);
        stage_close(&s);
        if (!good)
            snprintf(error, MEASURE_ERROR_SIZE, "a lane did not take up new work");
    }
    free(lanes);
    return good;
}

static bool new_work_run(void *arg, const struct measure_options *options,
                         struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    return new_work(arg, options, false, sample, error);
}

static bool new_work_slice_run(void *arg, const struct measure_options *options,
                               struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    return new_work(arg, options, true, sample, error);
}

/* --- doing nothing, and doing all --- */

static bool idle_run(void *arg, const struct measure_options *options,
                     struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct stage s;
    uint64_t wall, cpu;
    bool good;

    if (!stage_open_miner(&s, arg, NULL, NULL, error))
        return false;
    good = set_endless_work(&s, 1);
    interrupt_sleep(10000000);
    miner_clear_work(s.miner);
    interrupt_sleep(20000000);
    wall = clock_monotonic_ns();
    cpu = counters_process_cpu_ns();
    interrupt_sleep((unsigned long long)(options->seconds * 1e9));
    cpu = counters_process_cpu_ns() - cpu;
    wall = clock_monotonic_ns() - wall;
    sample->value[0] = 100 * (double)cpu / (double)wall;
    return end_run(&s, good, error);
}

static bool mining_run(void *arg, const struct measure_options *options,
                       struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    const struct engine_case *c = arg;
    struct stage s;
    uint64_t wall, cpu, hashes;
    bool good;

    if (!stage_open_miner(&s, c, NULL, NULL, error))
        return false;
    good = set_endless_work(&s, 1);
    interrupt_sleep((unsigned long long)(options->warmup * 1e9));
    wall = clock_monotonic_ns();
    cpu = counters_process_cpu_ns();
    hashes = miner_hashes(s.miner);
    interrupt_sleep((unsigned long long)(options->seconds * 1e9));
    hashes = miner_hashes(s.miner) - hashes;
    cpu = counters_process_cpu_ns() - cpu;
    wall = clock_monotonic_ns() - wall;
    sample->value[0] = (double)hashes * 1000 / (double)wall;
    sample->cpu_share = (double)cpu / (double)wall / (double)c->workers;
    return end_run(&s, good, error);
}

static const struct measure_metric cost_metric = {.unit = "ns", .lower_is_better = true};
static const struct measure_metric idle_metric = {.unit = "%", .lower_is_better = true};
static const struct measure_metric mining_metric = {.unit = "MH/s"};

static const struct engine_bench {
    const char *name;
    measure_run_fn *run;
    const struct measure_metric *metric;
    size_t metrics;
    size_t workers; /* 0: as many as the topology has */
    bool kernel;    /* its figure depends on the search */
    bool sifts;     /* it drops disturbed windows itself */
} benches[] = {
    {"task, own queue", own_queue_run, &cost_metric, 1, 1, false, true},
    {"task, from outside", outside_run, &cost_metric, 1, 1, false, true},
    {"task, stolen", own_queue_run, &cost_metric, 1, 2, false, true},
    {"wake", wake_run, delay_metrics, DELAY_METRICS, 0, false, true},
    {"yield", yield_run, delay_metrics, DELAY_METRICS, 0, true, true},
    {"new work", new_work_run, delay_metrics, DELAY_METRICS, 0, true, true},
    {"new work, slice", new_work_slice_run, delay_metrics, DELAY_METRICS, 0, true, true},
    {"idle", idle_run, &idle_metric, 1, 0, true, true},
    {"mining", mining_run, &mining_metric, 1, 0, true, false},
};

bool bench_engine_run(struct bench *b)
{
    struct bench_plan plan = {0};

    for (size_t i = 0; i < sizeof(benches) / sizeof(*benches); i++) {
        const struct engine_bench *e = &benches[i];
        size_t workers = e->workers ? e->workers : b->topology->workers;
        struct measure_case c = {
            .kernel = e->kernel ? b->kernels.search_rolled->name : "",
            .threads = workers,
            .cpus = b->cpus,
            .cpu_count = workers,
            .metric = e->metric,
            .metrics = e->metrics,
            .sifts = e->sifts,
            .run = e->run,
        };
        struct engine_case *arg;

        /* Nobody steals where there is one CPU. */
        if (workers > b->topology->cpu_count ||
            !bench_wants(b, "engine", e->name, e->kernel ? c.kernel : "", workers))
            continue;
        arg = bench_alloc(1, sizeof(*arg));
        *arg = (struct engine_case){b, workers};
        c.arg = arg;
        snprintf(c.name, sizeof(c.name), "%s", e->name);
        bench_plan_add(&plan, &c);
    }
    return bench_plan_run(&plan, b, "engine");
}
