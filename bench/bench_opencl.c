/*
 * search on OpenCL devices: rows "plain" and "rolled-16" of the kernels opencl:0,
 * opencl:1 and so on, as --device of exs-miner counts them. What is timed is the
 * miner with the device as its only lane, its results checked: what mining gives.
 *
 * GPUs are measured wherever they are. A CPU's OpenCL is slower than the kernels
 * above and takes seconds to build: it is measured where it is named.
 */
#include "bench/bench_opencl.h"
#include "bench/bench_alloc.h"
#include "bench/interrupt.h"
#include "engine/miner.h"
#include "engine/opencl/opencl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NAMED = 16, ROLLED_MASK = 0xf << 13, POLL_NS = 50000, GIVE_UP_S = 60 };

static const char *const names[NAMED] = {
    "opencl:0",  "opencl:1",  "opencl:2",  "opencl:3",  "opencl:4",  "opencl:5",
    "opencl:6",  "opencl:7",  "opencl:8",  "opencl:9",  "opencl:10", "opencl:11",
    "opencl:12", "opencl:13", "opencl:14", "opencl:15",
};

static const struct measure_metric metrics[] = {
    {.unit = "MH/s"},
    {.name = "bound_share"}, /* of opencl_bound */
    {.name = "watts"},
    {.name = "celsius"},
};

/* A device, opened for the first run that wants it. */
struct target {
    const struct bench *bench;
    size_t index;
    unsigned vector, versions; /* 0: as the device chooses */
    bool failed;
    char error[OPENCL_ERROR_SIZE];
    struct opencl *device;
};

struct run {
    struct target *target;
    bool rolled;
    unsigned batch_ms; /* 0: the miner's */
};

const char *bench_opencl_kernel(size_t index, unsigned *needs)
{
    struct opencl_info info[NAMED];
    char error[OPENCL_ERROR_SIZE];

    *needs = 0;
    return index < opencl_list(info, NAMED, error) ? names[index] : NULL;
}

static bool open_target(struct target *t, char error[static MEASURE_ERROR_SIZE])
{
    if (!t->device && !t->failed) {
        struct opencl_options options = {.vector = t->vector, .versions = t->versions};

        t->device = opencl_create(t->index, &options, t->error);
        t->failed = !t->device;
    }
    snprintf(error, MEASURE_ERROR_SIZE, "%.*s", MEASURE_ERROR_SIZE - 1, t->failed ? t->error : "");
    return !t->failed;
}

/* The count when it next changes, and that moment: batches are counted when they end. 0: it stands still. */
static uint64_t next_count(const struct miner *miner, uint64_t *now)
{
    uint64_t before = miner_hashes(miner), start = clock_monotonic_ns(), count;

    while ((count = miner_hashes(miner)) == before) {
        if (clock_monotonic_ns() - start > GIVE_UP_S * UINT64_C(1000000000))
            return 0;
        nanosleep(&(struct timespec){0, POLL_NS}, NULL);
    }
    *now = clock_monotonic_ns();
    return count;
}

static void sleep_seconds(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)}, NULL);
}

/* Hashes a second; NaN where the device does not go on. */
static double measure_rate(const struct miner *miner, const struct measure_options *options)
{
    uint64_t start, end, first, last;

    sleep_seconds(options->warmup);
    first = next_count(miner, &start);
    sleep_seconds(options->seconds);
    last = first ? next_count(miner, &end) : 0;
    return last ? (double)(last - first) * 1e9 / (double)(end - start) : NAN;
}

static void read_state(const struct run *r, double rate, struct measure_sample *sample)
{
    const struct opencl_info *info = opencl_info(r->target->device);
    unsigned versions = r->rolled ? opencl_choice(r->target->device).versions : 1;
    double bound = opencl_bound(info, versions);
    struct opencl_sensors sensors;

    opencl_read_sensors(info, &sensors);
    sample->value[0] = rate / 1e6;
    sample->value[1] = bound > 0 ? rate / bound : NAN;
    sample->value[2] = sensors.has_power ? sensors.power : NAN;
    sample->value[3] = sensors.has_temperature ? sensors.temperature : NAN;
    sample->cpu_share = NAN;
}

static bool run_device(void *arg, const struct measure_options *options,
                       struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct run *r = arg;
    struct miner_work work = {.version_mask = r->rolled ? ROLLED_MASK : 0,
                              .extra_seconds = UINT32_MAX};
    struct miner_device device;
    struct miner *miner;
    double rate;

    if (!open_target(r->target, error))
        return false;
    device = opencl_miner_device(r->target->device);
    device.batch_ms = r->batch_ms;
    miner = miner_create(NULL,
                         &(struct miner_options){.kernels = &r->target->bench->kernels,
                                                 .devices = &device,
                                                 .device_count = 1},
                         error);
    if (!miner)
        return false;
    bench_fill(work.header, sizeof(work.header), 1);
    write_le32(work.header + 68, 0);
    if (!miner_set_work(miner, &work)) {
        snprintf(error, MEASURE_ERROR_SIZE, "out of memory");
        miner_destroy(miner);
        return false;
    }
    rate = measure_rate(miner, options);
    read_state(r, rate, sample);
    if (isnan(rate) || miner_device_stats(miner, 0).failures) {
        snprintf(error, MEASURE_ERROR_SIZE, "the device fails: %.*s", MEASURE_ERROR_SIZE - 32,
                 miner_device_stats(miner, 0).text);
        rate = NAN;
    }
    miner_destroy(miner);
    return !isnan(rate);
}

/* Whether a name or none was asked for; loading the drivers for nothing is spared. */
static bool wants_any(const struct bench *b)
{
    for (size_t i = 0; i < b->kernel_count; i++)
        if (strncmp(b->kernel_names[i], "opencl:", 7) == 0)
            return true;
    return b->kernel_count == 0;
}

static void plan_device(struct bench_plan *plan, struct bench *b, struct target *target,
                        const struct opencl_info *info)
{
    static const char *const row[2] = {"plain", "rolled-16"};

    if (info->kind == OPENCL_CPU && !b->kernel_count)
        return;
    *target = (struct target){.bench = b, .index = info->index};
    for (size_t rolled = 0; rolled < 2; rolled++) {
        struct run *r;

        if (!bench_wants(b, "search", row[rolled], names[info->index], 1))
            continue;
        r = bench_alloc(1, sizeof(*r));
        *r = (struct run){target, rolled == 1, 0};
        struct measure_case c = {.kernel = names[info->index],
                                 .threads = 1,
                                 .metric = metrics,
                                 .metrics = sizeof(metrics) / sizeof(metrics[0]),
                                 .run = run_device,
                                 .arg = r};
        snprintf(c.name, sizeof(c.name), "%s", row[rolled]);
        bench_plan_add(plan, &c);
    }
}

bool bench_opencl_run(struct bench *b)
{
    struct opencl_info info[NAMED];
    struct target targets[NAMED] = {0};
    struct bench_plan plan = {0};
    char error[OPENCL_ERROR_SIZE];
    size_t count = wants_any(b) ? opencl_list(info, NAMED, error) : 0;
    bool good;

    for (size_t i = 0; i < count; i++)
        plan_device(&plan, b, &targets[i], &info[i]);
    good = bench_plan_run(&plan, b, "search");
    for (size_t i = 0; i < count; i++)
        opencl_destroy(targets[i].device);
    return good;
}

/* ---- tune ---- */

enum { SETTINGS = 4 }; /* of a choice, at most */

/* Settings as a profile has them: a list that ends early with a NULL. */
static const char *const versions_settings[SETTINGS] = {"1", "2", "4"};
static const char *const cpu_vectors[SETTINGS] = {"4", "8", "16"};
static const char *const gpu_vectors[SETTINGS] = {"1", "4"};
static const char *const batch_settings[SETTINGS] = {"10", "40", "160"};

static const double noise = 0.02; /* what a default may be slower and still be chosen */

static unsigned to_number(const char *setting) { return (unsigned)strtoul(setting, NULL, 10); }

static void plan_setting(struct bench_plan *plan, const char *name, const char *setting,
                         struct target *target, unsigned batch_ms)
{
    struct measure_case c = {.kernel = setting,
                             .threads = 1,
                             .metric = metrics,
                             .metrics = sizeof(metrics) / sizeof(metrics[0]),
                             .run = run_device};
    struct run *r = bench_alloc(1, sizeof(*r));

    *r = (struct run){target, true, batch_ms};
    c.arg = r; /* the plan's from now on */
    snprintf(c.name, sizeof(c.name), "%s", name);
    bench_plan_add(plan, &c);
}

/* Measures the settings of one key with the form that is given, which they change. */
static struct tune_choice choose(struct bench *b, const char *key, const char *const *settings,
                                 const char *preferred, const struct target *form)
{
    struct target targets[SETTINGS];
    struct bench_plan plan = {0};
    size_t first = b->report->count, count = 0;
    char name[32];

    snprintf(name, sizeof(name), "opencl_%s", key);
    for (; count < SETTINGS && settings[count]; count++) {
        unsigned number = to_number(settings[count]), batch_ms = 0;

        targets[count] = *form;
        if (settings == batch_settings)
            batch_ms = number;
        else if (settings == versions_settings)
            targets[count].versions = number;
        else
            targets[count].vector = number;
        plan_setting(&plan, name, settings[count], &targets[count], batch_ms);
    }
    (void)bench_plan_run(&plan, b, "tune"); /* what failed has no figure, and was said */
    for (size_t i = 0; i < count; i++)
        opencl_destroy(targets[i].device);
    return tune_choose(b->report, first, name, key, preferred, noise);
}

static void choose_form(struct bench *b, const struct opencl_info *info, struct tune_result *result)
{
    bool cpu = info->kind == OPENCL_CPU;
    struct target form = {.bench = b, .index = info->index};

    snprintf(result->device, sizeof(result->device), "%s", info->name);
    result->vector = choose(b, "vector", cpu ? cpu_vectors : gpu_vectors, cpu ? NULL : "1", &form);
    if (!result->vector.count || interrupt_came())
        return;
    form.vector = to_number(result->vector.candidate[0].name);
    result->versions = choose(b, "versions", versions_settings, NULL, &form);
    if (!result->versions.count || interrupt_came())
        return;
    form.versions = to_number(result->versions.candidate[0].name);
    result->batch_ms = choose(b, "batch_ms", batch_settings, "40", &form);
}

bool bench_opencl_tune(struct bench *b, struct tune_result *result)
{
    struct opencl_info info[NAMED];
    char error[OPENCL_ERROR_SIZE];
    size_t count = opencl_list(info, NAMED, error), i = 0;

    _Static_assert((int)TUNE_DEVICE_SIZE >= (int)OPENCL_NAME_SIZE, "takes every name");
    while (i < count && (b->kernel_count ? strcmp(names[i], b->kernel_names[0]) != 0
                                         : info[i].kind != OPENCL_GPU))
        i++;
    if (i == count)
        return !b->kernel_count;
    choose_form(b, &info[i], result);
    return !b->kernel_count || result->vector.count;
}
