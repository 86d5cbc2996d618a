/*
 * sha256d: double SHA-256 of many inputs at a time. Merkle levels are n inputs
 * of 64 bytes; transaction ids are n messages of the lengths that transactions
 * have.
 *
 * The mix of lengths is drawn, the same on every machine, from what a block
 * holds without its witnesses: half short spends of one or two segwit coins,
 * a third of one or two older ones, the rest payouts and consolidations, some
 * of kilobytes. It is a stand-in of that shape, not a sample of a real block.
 */
#include "bench/bench.h"
#include "bench/bench_alloc.h"

#include <stdlib.h>

static const struct measure_metric metrics[RATE_METRICS] = {
    {.unit = "M/s"}, /* digests */
    {.name = "ns_per_digest"},
    {.name = "ref_cycles_per_digest"},
    {.name = "core_cycles_per_digest"},
};

enum { LEVELS = 5, MIXES = 4 };

static const size_t levels[LEVELS] = {1, 8, 64, 1024, 65536};

struct mix {
    const char *name;
    size_t count;
    size_t large; /* bytes of one message more, or 0 */
};

static const struct mix mixes[MIXES] = {
    {"16 transactions", 16, 0},
    {"2500 transactions", 2500, 0},
    {"2500 transactions, 1 of 100 kB", 2500, 100000},
    {"1 transaction", 1, 0},
};

struct sha256d_arg {
    sha256d_64_fn *run_64;
    sha256d_many_fn *run_many;
    size_t count;
    size_t large;
};

/* What one thread hashes. */
struct sha256d_data {
    const struct sha256d_arg *arg;
    size_t count;
    uint8_t *in, *out;
    struct bytes *message;
};

static void data_close(void *data)
{
    struct sha256d_data *d = data;

    free(d->in);
    free(d->out);
    free(d->message);
    free(d);
}

static void *level_open(const void *arg, size_t thread)
{
    struct sha256d_data *d = bench_alloc(1, sizeof(*d));

    d->arg = arg;
    d->count = d->arg->count;
    d->in = bench_alloc(d->count, 64);
    d->out = bench_alloc(d->count, 32);
    bench_fill(d->in, d->count * 64, thread);
    return d;
}

static uint64_t level_run(void *data, uint64_t size)
{
    struct sha256d_data *d = data;

    for (uint64_t i = 0; i < size; i++)
        d->arg->run_64(d->out, d->in, d->count);
    return size * d->count;
}

/* The length of a transaction: see above. */
static size_t draw_length(uint64_t *state)
{
    uint64_t kind = bench_mix(state) % 100, value = bench_mix(state);

    if (kind < 50)
        return 82 + value % 72; /* 82: one input without a script, one output to P2WPKH */
    if (kind < 83)
        return 190 + value % 185;
    if (kind < 97)
        return 300 + value % 700;
    return 1000 + value % 5000;
}

static void *mix_open(const void *arg, size_t thread)
{
    struct sha256d_data *d = bench_alloc(1, sizeof(*d));
    uint64_t state = 7;
    size_t total = 0, at = 0;

    (void)thread;
    d->arg = arg;
    d->count = d->arg->count + (d->arg->large != 0);
    d->message = bench_alloc(d->count, sizeof(*d->message));
    for (size_t i = 0; i < d->count; i++) {
        d->message[i].size = i < d->arg->count ? draw_length(&state) : d->arg->large;
        total += d->message[i].size;
    }
    d->in = bench_alloc(total, 1);
    d->out = bench_alloc(d->count, 32);
    bench_fill(d->in, total, state);
    for (size_t i = 0; i < d->count; i++) {
        d->message[i].data = d->in + at;
        at += d->message[i].size;
    }
    return d;
}

static uint64_t mix_run(void *data, uint64_t size)
{
    struct sha256d_data *d = data;

    for (uint64_t i = 0; i < size; i++)
        d->arg->run_many(d->out, d->message, d->count);
    return size * d->count;
}

static size_t count_64(void)
{
    size_t count = 0;

    while (sha256d_64_impls[count].name)
        count++;
    return count;
}

static size_t count_many(void)
{
    size_t count = 0;

    while (sha256d_many_impls[count].name)
        count++;
    return count;
}

const char *bench_sha256d_kernel(size_t index, unsigned *needs)
{
    size_t first = count_64();

    if (index < first) {
        *needs = sha256d_64_impls[index].needs;
        return sha256d_64_impls[index].name;
    }
    *needs = sha256d_many_impls[index - first].needs;
    return sha256d_many_impls[index - first].name;
}

static void plan_levels(struct bench_plan *plan, const struct bench *b, struct sha256d_arg *arg)
{
    for (size_t level = 0; level < LEVELS; level++) {
        for (const struct sha256d_64_impl *impl = sha256d_64_impls; impl->name; impl++, arg++) {
            struct rate_work work = {level_open, level_run, data_close, arg, (uint64_t)1 << 32};
            char name[REPORT_NAME_SIZE];

            *arg = (struct sha256d_arg){.run_64 = impl->run, .count = levels[level]};
            snprintf(name, sizeof(name), "%zu x 64 bytes", levels[level]);
            if (bench_runs(b, impl->needs))
                bench_plan_rate(plan, b, "sha256d", name, impl->name, &work, 1e6, metrics);
        }
    }
}

static void plan_mixes(struct bench_plan *plan, const struct bench *b, struct sha256d_arg *arg)
{
    for (const struct mix *mix = mixes; mix < mixes + MIXES; mix++) {
        for (const struct sha256d_many_impl *impl = sha256d_many_impls; impl->name; impl++, arg++) {
            struct rate_work work = {mix_open, mix_run, data_close, arg, (uint64_t)1 << 32};

            *arg = (struct sha256d_arg){NULL, impl->run, mix->count, mix->large};
            if (bench_runs(b, impl->needs))
                bench_plan_rate(plan, b, "sha256d", mix->name, impl->name, &work, 1e6, metrics);
        }
    }
}

bool bench_sha256d_run(struct bench *b)
{
    size_t for_levels = LEVELS * count_64(), for_mixes = MIXES * count_many();
    struct sha256d_arg *args = bench_alloc(for_levels + for_mixes, sizeof(*args));
    struct bench_plan plan = {0};
    bool good;

    plan_levels(&plan, b, args);
    plan_mixes(&plan, b, args + for_levels);
    good = bench_plan_run(&plan, b, "sha256d");
    free(args);
    return good;
}
