#include "programs/machine.h"

#include "engine/profile.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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
        log_warning(start->log, LOG_GENERAL, "%s", said);
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

static enum machine_result start_miner(struct start *start, const struct profile *profile)
{
    struct machine *m = start->machine;
    const struct settings *s = start->s;
    struct pool_options pool = {.workers = settings_given(s, "threads")
                                               ? (size_t)settings_int(s, "threads")
                                               : profile_threads(profile, &m->topology),
                                .unpinned = profile->unpinned};
    struct miner_options miner = {.kernels = &m->kernels,
                                  .unit_nonces = start->unit_nonces ? start->unit_nonces
                                                                    : profile->unit_nonces};
    char error[256];

    _Static_assert(sizeof(error) >= POOL_ERROR_SIZE && sizeof(error) >= MINER_ERROR_SIZE,
                   "one buffer for both");
    m->pool = pool_create(&m->topology, &pool, error);
    if (m->pool)
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
    if (!find_profile(start, &profile))
        return MACHINE_WRONG_OPTION;
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
    machine->miner = NULL;
    machine->pool = NULL;
}

struct monitor_device *machine_devices(const struct machine *machine, bool rolled)
{
    const struct search_impl *search =
        rolled ? machine->kernels.search_rolled : machine->kernels.search;
    size_t lanes = miner_lanes(machine->miner);
    struct monitor_device *devices = calloc(lanes, sizeof(*devices));
    char brand[49];

    if (!devices)
        return NULL;
    cpu_brand(brand);
    for (size_t i = 0; i < lanes; i++) {
        struct monitor_device *d = &devices[i];

        d->kind = MONITOR_CPU;
        d->id = (unsigned)i;
        d->place = pool_worker_cpu(machine->pool, i)->os;
        snprintf(d->name, sizeof(d->name), "%s", brand);
        snprintf(d->kernel, sizeof(d->kernel), "%s", search->name);
        snprintf(d->driver, sizeof(d->driver), "cpu");
    }
    return devices;
}

void machine_condition(const struct machine *machine, const struct hwmon *hwmon, size_t lane,
                       struct monitor_condition *out)
{
    size_t lanes = miner_lanes(machine->miner), cpus = lanes - miner_devices(machine->miner);

    if (lane < cpus)
        out->has_temperature = hwmon_temperature(hwmon, &out->temperature);
    else
        out->alive = miner_device_stats(machine->miner, lane - cpus).state == MINER_DEVICE_RUNNING;
}
