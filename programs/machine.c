#include "programs/machine.h"

#include "engine/profile.h"

#include <errno.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Between two looks at the sensors. */
#define SENSE_NS UINT64_C(2000000000)

/* What starting is about, for the thread that does it. */
struct start {
    struct machine *machine;
    const struct settings *s;
    uint64_t unit_nonces;
    struct log *log;
    enum machine_result result;
    char error[MACHINE_ERROR_SIZE];
};

/* Of --cpu-priority; as cpuminer's, but that 2 is what the process has anyway. */
static const int nice_of[] = {19, 10, 0, -5, -10, -15};
enum { PRIORITY_NORMAL = 2 };

static void set_priority(const struct start *start)
{
    int64_t priority = settings_int(start->s, "cpu-priority");

    if (priority != PRIORITY_NORMAL && setpriority(PRIO_PROCESS, 0, nice_of[priority]) != 0)
        log_warning(start->log, LOG_GENERAL, "--cpu-priority %d can't be had: %s", (int)priority,
                    strerror(errno));
}

static enum machine_result fail(struct start *start, enum machine_result result, const char *error)
{
    snprintf(start->error, sizeof(start->error), "%s", error);
    return result;
}

static bool find_profile(struct start *start, struct profile *profile)
{
    char said[PROFILE_SAID_SIZE];

    switch (profile_load(profile, settings_string(start->s, "profile"), cpu_features(), said)) {
    case PROFILE_FAILED:
        snprintf(start->error, sizeof(start->error), "--profile: %.480s", said);
        return false;
    case PROFILE_UNFIT:
        if (start->log)
            log_warning(start->log, LOG_GENERAL, "%s", said);
        else
            fprintf(stderr, "exs-miner: warning: %s\n", said);
        break;
    case PROFILE_NONE:
        break;
    case PROFILE_LOADED:
        log_info(start->log, LOG_GENERAL, "profile %s (%s)", profile->path,
                 profile->measured ? "measured" : "reasoned");
        break;
    }
    return true;
}

static enum machine_result choose_kernels(struct start *start, struct profile *profile)
{
    const char *kernel = settings_string(start->s, "kernel");
    char error[KERNELS_ERROR_SIZE];

    if (settings_given(start->s, "kernel"))
        profile->names.search = profile->names.search_rolled = kernel;
    if (kernels_choose(&start->machine->kernels, cpu_features(), &profile->names,
                       clock_monotonic_ns, error))
        return MACHINE_STARTED;
    snprintf(start->error, sizeof(start->error), "%s (--kernel help lists the kernels)", error);
    return strcmp(kernel, "auto") ? MACHINE_WRONG_OPTION : MACHINE_FAILED;
}

/* A driver announces a GPU by one of these; without any, loading OpenCL's drivers is spared. */
static bool may_have_gpu(void)
{
    static const char *const patterns[] = {"/dev/dri/renderD*", "/dev/nvidia[0-9]*", "/dev/kfd",
                                           "/dev/mali*", "/dev/dxg"};
    bool found = false;

    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns) && !found; i++) {
        glob_t list = {0};

        found = glob(patterns[i], GLOB_NOSORT, NULL, &list) == 0;
        globfree(&list);
    }
    return found;
}

/* The profile's form of the search, where it is for that device. */
static void take_form(struct opencl_options *options, const struct profile *profile, size_t index)
{
    struct opencl_info *list = calloc(OPENCL_MAX_DEVICES, sizeof(*list));
    char error[OPENCL_ERROR_SIZE];

    if (list && index < opencl_list(list, OPENCL_MAX_DEVICES, error) &&
        profile_is_for_device(profile, list[index].name)) {
        options->versions = profile->opencl.versions;
        options->vector = profile->opencl.vector;
    }
    free(list);
}

static bool open_device(struct start *start, const struct profile *profile, size_t index,
                        char error[static OPENCL_ERROR_SIZE])
{
    struct machine *m = start->machine;
    struct opencl_options options = {.log = start->log};
    struct opencl *device;

    take_form(&options, profile, index);
    device = opencl_create(index, &options, error);
    if (!device)
        return false;
    m->device[m->device_count++] = device;
    return true;
}

/* Every GPU; one that does not work is said and left out. */
static void open_gpus(struct start *start, const struct profile *profile)
{
    struct opencl_info *list = calloc(OPENCL_MAX_DEVICES, sizeof(*list));
    char error[OPENCL_ERROR_SIZE];
    size_t count = list && may_have_gpu() ? opencl_list(list, OPENCL_MAX_DEVICES, error) : 0;

    for (size_t i = 0; i < count; i++)
        if (list[i].kind == OPENCL_GPU && !open_device(start, profile, list[i].index, error))
            log_warning(start->log, LOG_ENGINE, "%s is not used: %s", list[i].name, error);
    free(list);
}

/* "0,2": each must work. */
static bool open_named(struct start *start, const struct profile *profile, const char *names)
{
    char error[OPENCL_ERROR_SIZE];
    bool taken[OPENCL_MAX_DEVICES] = {false};

    while (*names) {
        char *end;
        unsigned long index = strtoul(names, &end, 10);

        if (*names < '0' || *names > '9' || (*end && *end != ',') || (*end && !end[1]) ||
            index >= OPENCL_MAX_DEVICES || taken[index]) {
            snprintf(start->error, sizeof(start->error),
                     "--device \"%.80s\" is none of auto, none, help and a list of numbers, as 0,1",
                     settings_string(start->s, "device"));
            return false;
        }
        taken[index] = true;
        if (!open_device(start, profile, index, error)) {
            snprintf(start->error, sizeof(start->error), "--device %lu: %.400s", index, error);
            return false;
        }
        names = *end ? end + 1 : end;
    }
    return true;
}

static bool open_devices(struct start *start, const struct profile *profile)
{
    const char *names = settings_string(start->s, "device");

    if (!strcmp(names, "auto"))
        open_gpus(start, profile);
    else if (strcmp(names, "none") != 0)
        return open_named(start, profile, names);
    return true;
}

/* On a device's thread. */
static void on_device(void *arg, size_t device, enum miner_device_state state, const char *text)
{
    const struct machine *m = arg;
    const char *name = opencl_info(m->device[device])->name;

    switch (state) {
    case MINER_DEVICE_RUNNING:
        log_info(m->log, LOG_ENGINE, "GPU %zu (%s) works again", device, name);
        break;
    case MINER_DEVICE_FAILED:
        log_warning(m->log, LOG_ENGINE, "GPU %zu (%s) has failed and is tried again: %s", device,
                    name, text);
        break;
    case MINER_DEVICE_GIVEN_UP:
        log_error(m->log, LOG_ENGINE, "GPU %zu (%s) is given up: %s", device, name, text);
        break;
    }
}

static enum machine_result start_miner(struct start *start, const struct profile *profile)
{
    struct machine *m = start->machine;
    const struct settings *s = start->s;
    struct pool_options pool = {.workers = settings_given(s, "threads")
                                               ? (size_t)settings_int(s, "threads")
                                               : profile_threads(profile, &m->topology),
                                .unpinned = profile->unpinned};
    struct miner_device devices[OPENCL_MAX_DEVICES];
    struct miner_options miner = {.kernels = &m->kernels,
                                  .unit_nonces = start->unit_nonces ? start->unit_nonces
                                                                    : profile->unit_nonces,
                                  .devices = devices,
                                  .device_count = m->device_count,
                                  .told_fn = on_device,
                                  .told_arg = m};
    bool cpu = settings_bool(s, "cpu");
    char error[256];

    _Static_assert(sizeof(error) >= POOL_ERROR_SIZE && sizeof(error) >= MINER_ERROR_SIZE,
                   "one buffer for both");
    if (!cpu && m->device_count == 0)
        return fail(start, MACHINE_WRONG_OPTION,
                    "--no-cpu leaves nothing to search with: there is no device (--device help)");
    for (size_t i = 0; i < m->device_count; i++) {
        devices[i] = opencl_miner_device(m->device[i]);
        if (profile_is_for_device(profile, devices[i].name))
            devices[i].batch_ms = profile->opencl.batch_ms;
    }
    if (cpu)
        m->pool = pool_create(&m->topology, &pool, error);
    if (m->pool || !cpu)
        m->miner = miner_create(m->pool, &miner, error);
    return m->miner ? MACHINE_STARTED : fail(start, MACHINE_FAILED, error);
}

static enum machine_result start_machine(struct start *start)
{
    const char *cpus = settings_string(start->s, "cpu-affinity");
    struct topology_source source = {.cpus = *cpus ? cpus : NULL};
    struct profile profile = {0};
    char error[TOPOLOGY_ERROR_SIZE];
    enum machine_result result;

    if (!topology_load(&start->machine->topology, &source, error))
        return fail(start, *cpus ? MACHINE_WRONG_OPTION : MACHINE_FAILED, error);
    if (!find_profile(start, &profile) || !open_devices(start, &profile)) {
        profile_free(&profile);
        return MACHINE_WRONG_OPTION;
    }
    result = choose_kernels(start, &profile);
    if (result == MACHINE_STARTED)
        result = start_miner(start, &profile);
    profile_free(&profile);
    return result;
}

static void *start_main(void *arg)
{
    struct start *start = arg;

    set_priority(start);
    start->result = start_machine(start);
    return NULL;
}

enum machine_result machine_start(struct machine *machine, const struct settings *s,
                                  uint64_t unit_nonces, struct log *log,
                                  char error[static MACHINE_ERROR_SIZE])
{
    struct start start = {.machine = machine, .s = s, .unit_nonces = unit_nonces, .log = log};
    pthread_t thread;

    machine->log = log;
    hwmon_find(&machine->hwmon, NULL);
    /*
     * Threads inherit their maker's priority, which can't be raised again: on a
     * thread of its own the search gets it alone, and not what brings found blocks home.
     */
    if (pthread_create(&thread, NULL, start_main, &start) != 0) {
        snprintf(error, MACHINE_ERROR_SIZE, "cannot start a thread");
        return MACHINE_FAILED;
    }
    pthread_join(thread, NULL);
    memcpy(error, start.error, sizeof(start.error));
    return start.result;
}

void machine_stop(struct machine *machine)
{
    if (machine->miner)
        miner_destroy(machine->miner);
    if (machine->pool)
        pool_destroy(machine->pool, POOL_CANCEL);
    for (size_t i = 0; i < machine->device_count; i++)
        opencl_destroy(machine->device[i]);
    machine->miner = NULL;
    machine->pool = NULL;
    machine->device_count = 0;
}

static void describe_gpu(struct monitor_device *d, const struct opencl *device, bool rolled)
{
    const struct opencl_info *info = opencl_info(device);
    struct opencl_choice choice = opencl_choice(device);

    d->kind = MONITOR_GPU;
    snprintf(d->name, sizeof(d->name), "%.*s", MONITOR_TEXT_SIZE - 1, info->name);
    snprintf(d->kernel, sizeof(d->kernel), "opencl x%u, %u versions", choice.vector,
             rolled ? choice.versions : 1);
    snprintf(d->driver, sizeof(d->driver), "%.*s", MONITOR_TEXT_SIZE - 1, info->platform);
}

struct monitor_device *machine_devices(const struct machine *machine, bool rolled)
{
    const struct search_impl *search =
        rolled ? machine->kernels.search_rolled : machine->kernels.search;
    size_t lanes = miner_lanes(machine->miner), cpus = lanes - machine->device_count;
    struct monitor_device *devices = calloc(lanes, sizeof(*devices));
    char brand[49];

    if (!devices)
        return NULL;
    cpu_brand(brand);
    for (size_t i = 0; i < lanes; i++) {
        struct monitor_device *d = &devices[i];

        d->id = (unsigned)(i < cpus ? i : i - cpus);
        if (i >= cpus) {
            describe_gpu(d, machine->device[i - cpus], rolled);
            continue;
        }
        d->kind = MONITOR_CPU;
        d->place = pool_worker_cpu(machine->pool, i)->os;
        snprintf(d->name, sizeof(d->name), "%s", brand);
        snprintf(d->kernel, sizeof(d->kernel), "%s", search->name);
        snprintf(d->driver, sizeof(d->driver), "cpu");
    }
    return devices;
}

static void read_sensors(struct machine *machine)
{
    uint64_t now = clock_monotonic_ns();

    if (machine->sensed_ns && now - machine->sensed_ns < SENSE_NS)
        return;
    machine->sensed_ns = now;
    machine->has_temperature = hwmon_temperature(&machine->hwmon, &machine->temperature);
    for (size_t i = 0; i < machine->device_count; i++)
        opencl_read_sensors(opencl_info(machine->device[i]), &machine->sensors[i]);
}

void machine_condition(struct machine *machine, size_t lane, struct monitor_condition *out)
{
    size_t cpus = miner_lanes(machine->miner) - machine->device_count;
    const struct opencl_sensors *sensors;
    struct miner_device_stats stats;

    read_sensors(machine);
    if (lane < cpus) {
        out->has_temperature = machine->has_temperature;
        out->temperature = machine->temperature;
        return;
    }
    sensors = &machine->sensors[lane - cpus];
    stats = miner_device_stats(machine->miner, lane - cpus);
    out->alive = stats.state == MINER_DEVICE_RUNNING;
    out->errors = stats.errors;
    out->has_temperature = sensors->has_temperature;
    out->temperature = sensors->temperature;
    out->has_power = sensors->has_power;
    out->power = sensors->power;
}

bool machine_list_devices(FILE *out)
{
    static const char *const kinds[] = {
        [OPENCL_GPU] = "GPU", [OPENCL_ACCELERATOR] = "accelerator", [OPENCL_CPU] = "processor"};
    struct opencl_info *list = calloc(OPENCL_MAX_DEVICES, sizeof(*list));
    char error[OPENCL_ERROR_SIZE] = "out of memory";
    size_t count = list ? opencl_list(list, OPENCL_MAX_DEVICES, error) : 0;

    if (count)
        fputs("OpenCL devices:\n", out);
    else
        fprintf(out, "No OpenCL device: %s\n", error);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "  %2zu  %s: %s (%s, %u units, %u MHz)\n", list[i].index, kinds[list[i].kind],
                list[i].name, list[i].platform, list[i].compute_units, list[i].clock_mhz);
    free(list);
    return count > 0;
}
