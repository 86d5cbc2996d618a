#include "mining/monitor.h"

#include "engine/meter.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WINDOWS = 4, TICK_NS = 1000000000 };

/* The ages at which a rate counts 1/e: as long as the names say. */
static const double windows_s[WINDOWS] = {5, 60, 300, 900};

struct meters {
    struct meter meter[WINDOWS];
};

struct monitor {
    struct monitor_options options;
    size_t lanes;
    struct monitor_device *device;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool ended;
    uint64_t start_ns;
    int64_t started_s;
    struct mining_status base; /* what had been counted at start_ns */
    struct meters total, *lane;
    /* What was seen at the last look. */
    int32_t height;
    char previous[sizeof(((struct mining_status *)0)->previous)];
    uint64_t works;
    uint64_t blocks;
    int64_t block_s, work_s;
};

static void init_meters(struct meters *meters, uint64_t now, uint64_t count)
{
    for (size_t i = 0; i < WINDOWS; i++)
        meter_init(&meters->meter[i], now, count, windows_s[i]);
}

static struct monitor_rates read_meters(struct meters *meters, uint64_t now, uint64_t count)
{
    struct meter_rate rate[WINDOWS];

    for (size_t i = 0; i < WINDOWS; i++)
        rate[i] = meter_read(&meters->meter[i], now, count);
    return (struct monitor_rates){.s5 = rate[0].recent,
                                  .m1 = rate[1].recent,
                                  .m5 = rate[2].recent,
                                  .m15 = rate[3].recent,
                                  .average = rate[0].average};
}

static void start_counting(struct monitor *m)
{
    uint64_t now = clock_monotonic_ns();

    m->start_ns = now;
    m->started_s = clock_wall_s(m->options.clock);
    init_meters(&m->total, now, miner_hashes(m->options.miner));
    for (size_t i = 0; i < m->lanes; i++)
        init_meters(&m->lane[i], now, miner_lane_stats(m->options.miner, i).hashes);
}

static void subtract(struct mining_counts *counts, const struct mining_counts *base)
{
    counts->accepted -= base->accepted;
    counts->rejected -= base->rejected;
    counts->stale -= base->stale;
    counts->lost -= base->lost;
    counts->blocks -= base->blocks;
    counts->accepted_difficulty -= base->accepted_difficulty;
    counts->rejected_difficulty -= base->rejected_difficulty;
    counts->stale_difficulty -= base->stale_difficulty;
}

/* Of a source that was there at the last zero; sources may have come, gone and moved since. */
static void subtract_source(struct mining_source_status *source, const struct mining_status *base)
{
    for (size_t i = 0; i < base->source_count; i++) {
        const struct mining_source_status *old = &base->source[i];

        if (strcmp(source->url, old->url) != 0 || strcmp(source->user, old->user) != 0 ||
            source->works < old->works || source->counts.accepted < old->counts.accepted)
            continue;
        subtract(&source->counts, &old->counts);
        source->works -= old->works;
        source->failures -= old->failures;
        return;
    }
}

static void read_status(struct monitor *m, struct mining_status *status)
{
    m->options.control->status(m->options.control->arg, status);
    subtract(&status->counts, &m->base.counts);
    for (size_t i = 0; i < status->source_count; i++)
        subtract_source(&status->source[i], &m->base);
}

/* Notes what has changed since the last look. */
static void follow(struct monitor *m, struct monitor_report *r)
{
    const struct mining_status *status = &r->status;
    uint64_t works = 0;

    for (size_t i = 0; i < status->source_count; i++)
        works += status->source[i].works;
    if (works != m->works)
        m->work_s = r->now_s;
    m->works = works;
    if (status->height > 0 && (status->height != m->height ||
                               memcmp(status->previous, m->previous, sizeof(m->previous)) != 0)) {
        m->blocks++;
        m->block_s = r->now_s;
        m->height = status->height;
        memcpy(m->previous, status->previous, sizeof(m->previous));
    }
    r->blocks = m->blocks;
    r->block_s = m->block_s;
    r->work_s = m->work_s;
}

static void read_lane(struct monitor *m, struct monitor_lane *lane, size_t i, uint64_t now)
{
    struct miner_lane_stats stats = miner_lane_stats(m->options.miner, i);

    lane->device = m->device[i];
    lane->rates = read_meters(&m->lane[i], now, stats.hashes);
    lane->hashes = stats.hashes - m->lane[i].meter[0].start_count;
    lane->works = stats.works;
    lane->last_switch_ns = stats.last_switch_ns;
    lane->max_switch_ns = stats.max_switch_ns;
    lane->tally = mining_tally_read(m->options.tally, i);
    lane->condition = (struct monitor_condition){.alive = true};
    if (m->options.condition_fn)
        m->options.condition_fn(m->options.arg, i, &lane->condition);
    lane->tally.errors += lane->condition.errors;
}

struct monitor_report *monitor_read(struct monitor *m)
{
    struct monitor_report *r = calloc(1, sizeof(*r) + m->lanes * sizeof(r->lane[0]));
    uint64_t now, hashes;

    if (!r)
        return NULL;
    pthread_mutex_lock(&m->lock);
    /* Behind the lock: a meter's readings must not go back in time. */
    now = clock_monotonic_ns();
    hashes = miner_hashes(m->options.miner);
    r->now_s = clock_wall_s(m->options.clock);
    r->started_s = m->started_s;
    r->elapsed_s = (double)(now - m->start_ns) / 1e9;
    r->rates = read_meters(&m->total, now, hashes);
    r->hashes = hashes - m->total.meter[0].start_count;
    read_status(m, &r->status);
    follow(m, r);
    if (!m->options.tally)
        r->best_difficulty = r->status.best_difficulty;
    r->lane_count = m->lanes;
    for (size_t i = 0; i < m->lanes; i++) {
        read_lane(m, &r->lane[i], i, now);
        r->cpu_count += r->lane[i].device.kind == MONITOR_CPU;
        r->best_difficulty = fmax(r->best_difficulty, r->lane[i].tally.best_difficulty);
    }
    r->gpu_count = m->lanes - r->cpu_count;
    pthread_mutex_unlock(&m->lock);
    if (m->options.budget_fn)
        m->options.budget_fn(m->options.arg, &r->budget);
    return r;
}

void monitor_zero(struct monitor *m, bool best_alone)
{
    pthread_mutex_lock(&m->lock);
    mining_tally_zero(m->options.tally, best_alone);
    if (!best_alone) {
        m->options.control->status(m->options.control->arg, &m->base);
        start_counting(m);
        m->blocks = m->works = 0;
    }
    pthread_mutex_unlock(&m->lock);
}

static void tick(struct monitor *m)
{
    struct monitor_report *report = monitor_read(m);

    if (report && m->options.tick_fn)
        m->options.tick_fn(m->options.arg, report);
    free(report);
}

static void *monitor_main(void *arg)
{
    struct monitor *m = arg;
    uint64_t next = clock_monotonic_ns();

    pthread_mutex_lock(&m->lock);
    while (!m->ended) {
        struct timespec until;

        next += TICK_NS;
        until = (struct timespec){.tv_sec = (time_t)(next / 1000000000),
                                  .tv_nsec = (long)(next % 1000000000)};
        while (!m->ended && pthread_cond_timedwait(&m->wake, &m->lock, &until) != ETIMEDOUT)
            ;
        if (m->ended)
            break;
        pthread_mutex_unlock(&m->lock);
        tick(m);
        pthread_mutex_lock(&m->lock);
        /* A machine that was asleep has missed some: they are not made up for. */
        if (clock_monotonic_ns() > next + TICK_NS)
            next = clock_monotonic_ns();
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

static void free_monitor(struct monitor *m)
{
    pthread_cond_destroy(&m->wake);
    pthread_mutex_destroy(&m->lock);
    free(m->device);
    free(m->lane);
    free(m);
}

struct monitor *monitor_create(const struct monitor_options *options)
{
    struct monitor *m = calloc(1, sizeof(*m));
    pthread_condattr_t attributes;

    if (!m)
        return NULL;
    m->options = *options;
    m->lanes = miner_lanes(options->miner);
    m->lane = calloc(m->lanes, sizeof(*m->lane));
    m->device = calloc(m->lanes, sizeof(*m->device));
    pthread_mutex_init(&m->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (m->lane && m->device) {
        memcpy(m->device, options->devices, m->lanes * sizeof(*m->device));
        start_counting(m);
        if (pthread_create(&m->thread, NULL, monitor_main, m) == 0)
            return m;
    }
    free_monitor(m);
    return NULL;
}

void monitor_destroy(struct monitor *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->ended = true;
    pthread_cond_signal(&m->wake);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    free_monitor(m);
}

double monitor_expected_s(double difficulty, double rate)
{
    /* A target of difficulty 1 is 0xffff * 2^208, which one in 2^32 / 0.99998 hashes meets. */
    return rate > 0 ? difficulty * (4294967296.0 * 65536 / 65535) / rate : INFINITY;
}
