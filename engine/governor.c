/*
 * The governor: measures twice a second, lets the controller decide, and sets
 * the lanes' duties. Its lock guards the controller, which the thread steps and
 * others read.
 */
#include "engine/governor.h"

#include "engine/governor_impl.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TICK_MS = 500,
    STAT_SIZE = 1 << 17, /* of /proc/stat: enough for the lines of 1024 CPUs */
    DMI_SIZE = 64,
    DUTY_UNKNOWN = MINER_DUTY_FULL + 1,
};

struct governor {
    struct miner *miner;
    size_t lanes; /* on workers */
    const struct clock *clock;
    struct log *log;
    const char *proc_stat;
    uint8_t *text;  /* of proc_stat: STAT_SIZE bytes */
    unsigned *duty; /* of each lane, as set last */
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool ending;                     /* under the lock */
    struct governor_control control; /* under the lock; only a tick writes it */
};

/* ---- texts ---- */

bool governor_budget_parse(struct governor_budget *budget, const char *text,
                           char error[static GOVERNOR_ERROR_SIZE])
{
    char *end;

    *budget = (struct governor_budget){.mode = GOVERNOR_OFF};
    error[0] = 0;
    if (strcmp(text, "off") == 0)
        return true;
    if (strcmp(text, "credits") == 0) {
        budget->mode = GOVERNOR_CREDITS;
        return true;
    }
    /* Digits and a point alone: no blanks, signs, exponents, or what else strtod takes. */
    if (isdigit((unsigned char)text[0]) && strspn(text, "0123456789.") >= strcspn(text, "%")) {
        budget->percent = strtod(text, &end);
        budget->mode = GOVERNOR_PERCENT;
        end += *end == '%';
        if (*end == 0 && budget->percent > 0 && budget->percent <= 100)
            return true;
    }
    *budget = (struct governor_budget){.mode = GOVERNOR_OFF};
    snprintf(
        error, GOVERNOR_ERROR_SIZE,
        "a CPU budget is a percentage above 0 and up to 100 (40%%), credits or off, not \"%.40s\"",
        text);
    return false;
}

const char *governor_mode_text(char text[static GOVERNOR_NAME_SIZE],
                               const struct governor_budget *budget)
{
    switch (budget->mode) {
    case GOVERNOR_OFF:
        return "off";
    case GOVERNOR_CREDITS:
        return "credits";
    case GOVERNOR_PERCENT:
        break;
    }
    snprintf(text, GOVERNOR_NAME_SIZE, "%g%%", budget->percent);
    return text;
}

/* ---- what the machine says ---- */

/* Reads a file of at most size bytes; what is beyond is left. -1 where it can't be read. */
static ssize_t read_file(uint8_t *out, size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t have = 0;
    ssize_t got = -1;

    if (fd < 0)
        return -1;
    while (have < size && (got = read(fd, out + have, size - have)) > 0)
        have += (size_t)got;
    close(fd);
    return got < 0 ? -1 : (ssize_t)have;
}

static struct bytes read_dmi(uint8_t text[static DMI_SIZE], const char *directory, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    ssize_t size = -1;

    if (length > 0 && (size_t)length < sizeof(path))
        size = read_file(text, DMI_SIZE, path);
    return bytes_of(text, size < 0 ? 0 : (size_t)size);
}

bool governor_instance_name(char name[static GOVERNOR_NAME_SIZE], const char *dmi)
{
    uint8_t product[DMI_SIZE], vendor[DMI_SIZE];

    if (!dmi)
        dmi = "/sys/devices/virtual/dmi/id";
    return governor_stat_type(name, read_dmi(product, dmi, "product_name"),
                              read_dmi(vendor, dmi, "board_vendor")) ||
           governor_stat_type(name, read_dmi(product, dmi, "product_name"),
                              read_dmi(vendor, dmi, "sys_vendor"));
}

const struct governor_instance *governor_instance_find(const char *name)
{
    const struct governor_instance *instance;

    for (size_t i = 0; (instance = governor_instance_at(i)); i++)
        if (strcmp(instance->name, name) == 0)
            return instance;
    return NULL;
}

/* own_ns: the CPU time of the governor's thread, which mining has to pay for. */
static struct governor_sample take_sample(const struct governor *g, uint64_t own_ns)
{
    struct governor_sample sample = {0};
    ssize_t size = read_file(g->text, STAT_SIZE, g->proc_stat);

    /* One after the other, as close together as can be. */
    sample.now_ns = clock_steady_ns(g->clock);
    sample.mining_ns = miner_cpu_ns(g->miner) + own_ns;
    sample.has_stat =
        size > 0 && governor_stat_parse(&sample.stat, bytes_of(g->text, (size_t)size));
    return sample;
}

/* ---- governing ---- */

static void set_duties(struct governor *g, const unsigned *duty)
{
    for (size_t i = 0; i < g->lanes; i++) {
        if (duty[i] == g->duty[i])
            continue;
        if (miner_set_duty(g->miner, i, duty[i]))
            g->duty[i] = duty[i];
        else
            log_error(g->log, LOG_ENGINE,
                      "no thread can be had that keeps the CPU budget: a lane isn't limited");
    }
}

static void tell(const struct governor *g, const struct governor_news *news,
                 const struct governor_status *status)
{
    if (news->gap)
        log_debug(g->log, LOG_ENGINE,
                  "the clock jumped or the machine stood still: the time doesn't count for mining");
    if (news->throttled_began)
        log_warning(
            g->log, LOG_ENGINE,
            "the hypervisor takes %.0f %% of the CPU time that is wanted: the CPU budget is "
            "lowered%s",
            100 * status->steal,
            status->has_credits ? " (spent credits do that in standard mode)" : "");
    if (news->throttled_ended)
        log_info(g->log, LOG_ENGINE,
                 "the hypervisor no longer takes CPU time: the CPU budget is "
                 "what it was");
}

static void tick(struct governor *g, uint64_t own_ns)
{
    struct governor_sample sample = take_sample(g, own_ns);
    unsigned duty[POOL_MAX_WORKERS];
    struct governor_status status;
    struct governor_news news;

    pthread_mutex_lock(&g->lock);
    news = governor_control_step(&g->control, &sample);
    for (size_t i = 0; i < g->lanes; i++)
        duty[i] = governor_control_duty(&g->control, i);
    governor_control_status(&g->control, &status);
    pthread_mutex_unlock(&g->lock);
    set_duties(g, duty);
    tell(g, &news, &status);
}

void governor_tick(struct governor *g) { tick(g, 0); }

void governor_status(struct governor *g, struct governor_status *status)
{
    pthread_mutex_lock(&g->lock);
    governor_control_status(&g->control, status);
    pthread_mutex_unlock(&g->lock);
}

/* Sleeps until the next tick; false where the governor ends. */
static bool sleep_a_tick(struct governor *g)
{
    uint64_t end = clock_monotonic_ns() + (uint64_t)TICK_MS * 1000000;
    struct timespec until = {(time_t)(end / 1000000000), (long)(end % 1000000000)};
    bool ending;

    pthread_mutex_lock(&g->lock);
    while (!g->ending && pthread_cond_timedwait(&g->wake, &g->lock, &until) == 0)
        ;
    ending = g->ending;
    pthread_mutex_unlock(&g->lock);
    return !ending;
}

static void *govern(void *arg)
{
    struct governor *g = arg;

    do
        tick(g, clock_thread_cpu_ns());
    while (sleep_a_tick(g));
    return NULL;
}

/* ---- making and ending ---- */

/* The type whose credits are counted: NULL where there is none, which credits mode doesn't take. */
static bool find_instance(const struct governor_instance **instance,
                          const struct governor_options *options,
                          char error[static GOVERNOR_ERROR_SIZE])
{
    char name[GOVERNOR_NAME_SIZE] = "";
    bool given = options->instance && *options->instance;

    if (!given)
        governor_instance_name(name, options->dmi);
    *instance = governor_instance_find(given ? options->instance : name);
    if (*instance)
        return true;
    if (given)
        snprintf(error, GOVERNOR_ERROR_SIZE,
                 "%.40s is no burstable EC2 instance type (t2, t3, t3a, t4g)", options->instance);
    else if (options->budget.mode == GOVERNOR_CREDITS && *name)
        snprintf(error, GOVERNOR_ERROR_SIZE,
                 "this machine is a %s, which has no CPU credits: use a percentage", name);
    else if (options->budget.mode == GOVERNOR_CREDITS)
        snprintf(error, GOVERNOR_ERROR_SIZE,
                 "this machine doesn't say that it is a burstable EC2 instance: name its type "
                 "(t3.xlarge), or use a percentage");
    return !given && options->budget.mode != GOVERNOR_CREDITS;
}

/* Whether the instance can have so many credits. */
static bool can_have(const struct governor_instance *i, double credits,
                     char error[static GOVERNOR_ERROR_SIZE])
{
    double most = i ? i->max_credits + i->launch_credits : 0;

    if (!i || (credits >= 0 && credits <= most))
        return true;
    snprintf(error, GOVERNOR_ERROR_SIZE, "a %s can have 0 to %g CPU credits, not %g", i->name, most,
             credits);
    return false;
}

/* How many CPUs the process may use. */
static double usable_cpus(const struct topology *t)
{
    double cpus = (double)t->cpu_count;

    return t->quota > 0 && t->quota < cpus ? t->quota : cpus;
}

static void tell_start(const struct governor *g, const struct governor_options *options)
{
    const struct governor_instance *i = g->control.instance;
    char text[GOVERNOR_NAME_SIZE];

    switch (options->budget.mode) {
    case GOVERNOR_OFF:
        break;
    case GOVERNOR_PERCENT:
        log_info(g->log, LOG_ENGINE, "CPU budget %s: mining may use %.2f of %.2f CPUs",
                 governor_mode_text(text, &options->budget), g->control.budget_cpus,
                 g->control.cpus);
        break;
    case GOVERNOR_CREDITS:
        log_info(g->log, LOG_ENGINE,
                 "CPU budget credits: %s earns %g an hour, which is %.2f of its %u vCPUs; it is "
                 "taken to have %g now",
                 i->name, i->credits_per_hour, i->credits_per_hour / 60, i->vcpus,
                 options->initial_credits);
        break;
    }
}

static void free_governor(struct governor *g)
{
    free(g->text);
    free(g->duty);
    free(g);
}

static struct governor *make_governor(const struct governor_options *options, struct miner *miner)
{
    struct governor *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    g->miner = miner;
    g->lanes = miner_lanes(miner) - miner_devices(miner);
    g->clock = options->clock;
    g->log = options->log;
    g->proc_stat = options->proc_stat ? options->proc_stat : "/proc/stat";
    g->text = malloc(STAT_SIZE);
    g->duty =
        calloc(g->lanes + 1, sizeof(*g->duty)); /* at least one: a miner may have devices alone */
    if (!g->text || !g->duty) {
        free_governor(g);
        return NULL;
    }
    for (size_t i = 0; i < g->lanes; i++)
        g->duty[i] = DUTY_UNKNOWN;
    return g;
}

static void init_locks(struct governor *g)
{
    pthread_condattr_t attributes;

    /* With these attributes none of them can fail in glibc. */
    pthread_mutex_init(&g->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&g->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

static bool start_thread(struct governor *g)
{
    sigset_t all, old;

    /* Signals are the program's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    g->threaded = pthread_create(&g->thread, NULL, govern, g) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return g->threaded;
}

struct governor *governor_create(const struct governor_options *options, struct miner *miner,
                                 char error[static GOVERNOR_ERROR_SIZE])
{
    const struct governor_instance *instance;
    struct governor_sample sample;
    struct governor *g;

    assert(options->topology && options->clock);
    error[0] = 0;
    if (!find_instance(&instance, options, error) ||
        !can_have(instance, options->initial_credits, error))
        return NULL;
    g = make_governor(options, miner);
    if (!g) {
        snprintf(error, GOVERNOR_ERROR_SIZE, "can't make a governor: %s", strerror(errno));
        return NULL;
    }
    init_locks(g);
    governor_control_init(&g->control, &options->budget, instance, options->initial_credits,
                          usable_cpus(options->topology), g->lanes, (double)sysconf(_SC_CLK_TCK));
    sample = take_sample(g, 0);
    if (options->budget.mode == GOVERNOR_CREDITS && !sample.has_stat)
        snprintf(error, GOVERNOR_ERROR_SIZE,
                 "%s can't be read, without which CPU credits can't be counted: use a percentage",
                 g->proc_stat);
    else
        tell_start(g, options);
    if (!error[0] && options->budget.mode != GOVERNOR_OFF && !options->manual && !start_thread(g))
        snprintf(error, GOVERNOR_ERROR_SIZE, "can't start the governor's thread");
    if (error[0]) {
        governor_destroy(g);
        return NULL;
    }
    return g;
}

void governor_destroy(struct governor *g)
{
    pthread_mutex_lock(&g->lock);
    g->ending = true;
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
    if (g->threaded)
        pthread_join(g->thread, NULL);
    for (size_t i = 0; i < g->lanes; i++)
        if (g->duty[i] != DUTY_UNKNOWN)
            /* That takes no thread and can't fail. */
            (void)!miner_set_duty(g->miner, i, MINER_DUTY_FULL);
    pthread_cond_destroy(&g->wake);
    pthread_mutex_destroy(&g->lock);
    free_governor(g);
}
