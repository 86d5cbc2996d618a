/*
 * tune: measures every implementation of each operation that runs here, then
 * with the fastest ones the engine as a program starts it: one thread a core or
 * one a logical CPU, pinned or not, smaller and larger units of the search; and
 * last how an OpenCL device searches, the first GPU or the one that is named.
 *
 * The searches are measured on all cores at once, for that is how they are
 * used: wide registers lower the clock of a busy processor. The other operations
 * get the sizes that kernels_choose measures, of headers, Merkle levels and
 * transactions.
 */
#include "base/clock.h"
#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/bench_opencl.h"
#include "bench/bench_search.h"
#include "bench/counters.h"
#include "bench/interrupt.h"
#include "bench/tune.h"
#include "engine/miner.h"

#include <stdlib.h>
#include <string.h>

static const char *const operations[TUNE_OPERATIONS] = {"sha256_compress", "sha256d_64",
                                                        "sha256d_many", "search", "search_rolled"};

static const double noise = 0.02; /* what a default may be slower and still be chosen */

/* --- the hashes, one implementation after another --- */

enum {
    BLOCKS = 4,
    LEVEL = 1024, /* messages of a Merkle level */
    TRANSACTIONS = 512,
    TEXT_SIZE = 64 * LEVEL,
};

/* What is hashed with; of the three one is set. */
struct hash_arg {
    sha256_compress_fn *compress;
    sha256d_64_fn *level;
    sha256d_many_fn *many;
};

struct hash_data {
    struct hash_arg arg;
    uint32_t state[8];
    struct bytes message[TRANSACTIONS];
    uint8_t in[TEXT_SIZE], out[TEXT_SIZE];
};

static void *hash_open(const void *arg, size_t thread)
{
    struct hash_data *d = bench_alloc(1, sizeof(*d));

    d->arg = *(const struct hash_arg *)arg;
    bench_fill(d->in, sizeof(d->in), thread);
    for (size_t i = 0; i < TRANSACTIONS; i++) /* most short, a few of kilobytes */
        d->message[i] = bytes_of(d->in + i, i % 32 == 15 ? 2000 - i : 110 + i * 37 % 290);
    return d;
}

static uint64_t hash_run(void *data, uint64_t size)
{
    struct hash_data *d = data;

    for (uint64_t i = 0; i < size; i++) {
        if (d->arg.compress)
            d->arg.compress(d->state, d->in, BLOCKS);
        else if (d->arg.level)
            d->arg.level(d->out, d->in, LEVEL);
        else
            d->arg.many(d->out, d->message, TRANSACTIONS);
    }
    return size * (d->arg.compress ? BLOCKS : d->arg.level ? LEVEL : TRANSACTIONS);
}

/* The cases and what they need as long as they are measured. */
struct tuning {
    struct bench *b;
    struct bench_plan plan;
    void **args;
    size_t arg_count;
    struct tune_result result;
};

static void *keep(struct tuning *t, const void *arg, size_t size)
{
    t->args = bench_grow(t->args, t->arg_count + 1, sizeof(*t->args));
    t->args[t->arg_count] = bench_alloc(1, size);
    return memcpy(t->args[t->arg_count++], arg, size);
}

static const struct measure_metric hash_metrics[RATE_METRICS] = {
    {.unit = "M/s"}, /* blocks or digests */
    {.name = "ns_per_hash"},
    {.name = "ref_cycles_per_hash"},
    {.name = "core_cycles_per_hash"},
};

static void plan_hash(struct tuning *t, const char *name, const char *kernel, unsigned needs,
                      const struct hash_arg *arg)
{
    struct rate_work work = {hash_open, hash_run, free, NULL, UINT64_C(1) << 32};

    if (!bench_runs(t->b, needs))
        return;
    work.arg = keep(t, arg, sizeof(*arg));
    bench_plan_rate_on(&t->plan, t->b, "tune", name, kernel, &work, 1e6, hash_metrics, t->b->cpus,
                       1);
}

static void plan_hashes(struct tuning *t)
{
    for (const struct sha256_compress_impl *i = sha256_compress_impls; i->name; i++)
        plan_hash(t, operations[0], i->name, i->needs, &(struct hash_arg){.compress = i->run});
    for (const struct sha256d_64_impl *i = sha256d_64_impls; i->name; i++)
        plan_hash(t, operations[1], i->name, i->needs, &(struct hash_arg){.level = i->run});
    for (const struct sha256d_many_impl *i = sha256d_many_impls; i->name; i++)
        plan_hash(t, operations[2], i->name, i->needs, &(struct hash_arg){.many = i->run});
}

/* How many threads can be busy at once, one a core. */
static size_t busy_cores(const struct topology *t)
{
    return t->core_count < t->workers ? t->core_count : t->workers;
}

static void plan_searches(struct tuning *t, size_t rolled)
{
    for (const struct search_impl *i = search_impls; i->name; i++) {
        struct bench_search_arg arg = {i, rolled ? SEARCH_MAX_VERSIONS : 1,
                                       t->b->kernels.sha256_compress->run};
        struct rate_work work;

        if (!bench_runs(t->b, i->needs))
            continue;
        work = bench_search_work(keep(t, &arg, sizeof(arg)));
        bench_plan_rate_on(&t->plan, t->b, "tune", operations[3 + rolled], i->name, &work, 1e6,
                           bench_search_metrics, t->b->cpus, busy_cores(t->b->topology));
    }
}

/* --- the engine --- */

struct engine_arg {
    const struct bench *b;
    const struct kernels *kernels;
    size_t workers; /* 0: the topology's */
    bool unpinned;
    uint64_t unit_nonces; /* 0: the default */
};

/* Lets the search run on so many CPUs; what it did is the sample's rate and share of them. */
static void engine_measure(struct measure_sample *sample, struct miner *miner, size_t cpus,
                           const struct measure_options *options)
{
    uint64_t began, hashes, cpu;
    double wall;

    interrupt_sleep((unsigned long long)(options->warmup * 1e9));
    began = clock_monotonic_ns();
    hashes = miner_hashes(miner);
    cpu = counters_process_cpu_ns();
    interrupt_sleep((unsigned long long)(options->seconds * 1e9));
    hashes = miner_hashes(miner) - hashes;
    cpu = counters_process_cpu_ns() - cpu;
    wall = (double)(clock_monotonic_ns() - began);
    sample->value[0] = (double)hashes * 1e3 / wall;
    sample->cpu_share = (double)cpu / wall / (double)cpus;
}

static bool engine_run(void *arg, const struct measure_options *options,
                       struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    const struct engine_arg *e = arg;
    struct pool_options pool_options = {.workers = e->workers, .unpinned = e->unpinned};
    struct miner_options miner_options = {.kernels = e->kernels, .unit_nonces = e->unit_nonces};
    /* Lasts longer than any run, and nothing meets its target. */
    struct miner_work work = {.version_mask = 0x1fffe000, .extra_seconds = 600};
    char reason[MINER_ERROR_SIZE];
    struct miner *miner = NULL;
    struct pool *pool;
    bool good;

    _Static_assert((int)MINER_ERROR_SIZE >= (int)POOL_ERROR_SIZE, "both take their error here");
    pool = pool_create(e->b->topology, &pool_options, reason);
    if (pool)
        miner = miner_create(pool, &miner_options, reason);
    good = miner && miner_set_work(miner, &work);
    if (good)
        engine_measure(sample, miner, e->workers ? e->workers : e->b->topology->workers, options);
    else
        snprintf(error, MEASURE_ERROR_SIZE, "can't start the search: %.200s",
                 miner ? "out of memory" : reason);
    if (miner)
        miner_destroy(miner);
    if (pool)
        pool_destroy(pool, POOL_CANCEL);
    return good;
}

/* Adds a case of the engine, whose row is for that setting of that name. */
static void plan_engine(struct tuning *t, const char *name, const char *setting,
                        const struct engine_arg *arg)
{
    static const struct measure_metric metric = {.unit = "MH/s"};
    const struct topology *topology = t->b->topology;
    size_t workers = arg->workers ? arg->workers : topology->workers;
    struct measure_case c = {
        .kernel = setting,
        .threads = workers,
        .cpus = t->b->cpus,
        .cpu_count = workers < topology->cpu_count ? workers : topology->cpu_count,
        .metric = &metric,
        .metrics = 1,
        .run = engine_run,
    };
    struct engine_arg *own = bench_alloc(1, sizeof(*own));

    *own = *arg;
    c.arg = own; /* the plan's from now on */
    snprintf(c.name, sizeof(c.name), "%s", name);
    bench_plan_add(&t->plan, &c);
}

/* Measures what is planned. Returns the index of the first row of it; *good is false where one failed. */
static size_t measure_plan(struct tuning *t, bool *good)
{
    size_t first = t->b->report->count;

    *good = bench_plan_run(&t->plan, t->b, "tune") && *good;
    return first;
}

/* --- one choice after another --- */

static void choose_kernels(struct tuning *t, bool *good)
{
    size_t first;

    plan_hashes(t);
    plan_searches(t, 0);
    plan_searches(t, 1);
    first = measure_plan(t, good);
    for (size_t i = 0; i < TUNE_OPERATIONS; i++)
        t->result.kernels[i] =
            tune_choose(t->b->report, first, operations[i], operations[i], NULL, 0);
}

/* The chosen implementations. False, and said, where there is not one of each. */
static bool take_kernels(struct kernels *kernels, const struct tuning *t)
{
    const struct tune_choice *c = t->result.kernels;
    char error[KERNELS_ERROR_SIZE];

    for (size_t i = 0; i < TUNE_OPERATIONS; i++) {
        if (c[i].count)
            continue;
        if (!interrupt_came())
            fprintf(stderr, "error: no %s could be measured\n", c[i].key);
        return false;
    }
    struct kernel_names names = {c[0].candidate[0].name, c[1].candidate[0].name,
                                 c[2].candidate[0].name, c[3].candidate[0].name,
                                 c[4].candidate[0].name};

    if (kernels_choose(kernels, t->b->cpu, &names, NULL, error))
        return true;
    fprintf(stderr, "error: %s\n", error);
    return false;
}

/*
 * One thread a core unless all logical CPUs are faster by more than noise: a core's second thread
 * is paid for in power or in CPU credits. Where a cgroup gives fewer CPUs than there are, auto
 * follows what it gives.
 */
static void choose_threads(struct tuning *t, struct engine_arg *arg, bool *good)
{
    const struct topology *topology = t->b->topology;
    const char *preferred = "cores";
    size_t first;

    if (topology->workers < topology->cpu_count) {
        plan_engine(t, "threads", "auto", arg);
        preferred = "auto";
    } else {
        arg->workers = topology->cpu_count;
        plan_engine(t, "threads", "all", arg);
        preferred = "all";
        if (topology->core_count < topology->cpu_count) {
            arg->workers = topology->core_count;
            plan_engine(t, "threads", "cores", arg);
            preferred = "cores";
        }
    }
    first = measure_plan(t, good);
    t->result.threads = tune_choose(t->b->report, first, "threads", "threads", preferred, noise);
    if (t->result.threads.count) {
        const char *chosen = t->result.threads.candidate[0].name;

        arg->workers = strcmp(chosen, "all") == 0     ? topology->cpu_count
                       : strcmp(chosen, "cores") == 0 ? topology->core_count
                                                      : 0;
    }
}

/* Placement and units go together, in turns. */
static void choose_rest(struct tuning *t, const struct engine_arg *arg, bool *good)
{
    static const unsigned sizes[] = {16, 20, 24}; /* powers of two; the last is the miner's own */
    struct engine_arg changed = *arg;
    size_t first;

    plan_engine(t, "pinned", "true", arg);
    changed.unpinned = true;
    plan_engine(t, "pinned", "false", &changed);
    changed = *arg;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        char text[24];

        changed.unit_nonces = UINT64_C(1) << sizes[i];
        snprintf(text, sizeof(text), "%llu", (unsigned long long)changed.unit_nonces);
        plan_engine(t, "unit_nonces", keep(t, text, sizeof(text)), &changed);
    }
    first = measure_plan(t, good);
    t->result.pinned = tune_choose(t->b->report, first, "pinned", "pinned", "true", noise);
    t->result.unit_nonces =
        tune_choose(t->b->report, first, "unit_nonces", "unit_nonces", "16777216", noise);
}

static void tuning_free(struct tuning *t)
{
    bench_plan_free(&t->plan);
    for (size_t i = 0; i < t->arg_count; i++)
        free(t->args[i]);
    free(t->args);
}

bool bench_tune_run(struct bench *b)
{
    struct bench all = *b; /* --kernel names devices here */
    struct tuning t = {.b = &all, .result = {.runs = b->measure.runs}};
    size_t first = b->report->count;
    struct kernels kernels;
    struct engine_arg arg = {.b = b, .kernels = &kernels};
    struct machine machine;
    bool good;

    if (b->filter[0]) {
        fprintf(stderr, "error: tune measures all that it chooses between: no --filter\n");
        return false;
    }
    if (b->kernel_count > 1) {
        fprintf(stderr, "error: tune chooses for one device: no second --kernel\n");
        return false;
    }
    all.kernel_count = 0;
    good = tune_can_save(b->profile); /* before minutes of measuring */
    if (good)
        choose_kernels(&t, &good);
    good = good && take_kernels(&kernels, &t);
    if (good)
        choose_threads(&t, &arg, &good);
    if (good)
        choose_rest(&t, &arg, &good);
    if (good && !interrupt_came())
        good = bench_opencl_tune(b, &t.result);
    for (size_t i = first; i < b->report->count; i++)
        t.result.disturbed += b->report->row[i].disturbed;
    if (good && !interrupt_came()) {
        machine_read(&machine, b->topology);
        good = tune_save(b->profile, &t.result, &machine);
    }
    tuning_free(&t);
    return good;
}
