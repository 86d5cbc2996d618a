/*
 * The miner: works, lanes and the queue of results.
 *
 * The lock guards everything that the owner and several lanes share, and is
 * taken when a lane has something to say or to ask: a hit, other work, nothing
 * left. Scanning takes no lock: a lane looks at one word, the epoch, which is
 * changed whenever lanes should ask, and takes numbers of units from its work's
 * counter.
 *
 *     lane: [ epoch the same? ]--no--> [ lock: flush hits, change work, park ]--parked--> POOL_DONE
 *                  | yes                                 |
 *           [ yield? ]--yes--> POOL_AGAIN                | go on
 *                  | no                                  |
 *           [ unit done? next unit ] <-------------------+
 *           [ scan a slice ]
 *
 * A parked lane has no task in the pool. Under the lock it is either parked or
 * will come to look at the epoch again, so no change is missed. A lane that has
 * used up what its duty cycle gives it parks too, until the pacer (miner_duty.c)
 * has filled it; one that may not run at all leaves the rest of its unit to others.
 *
 * Locks: the miner's lock, then a pool queue's lock (submitting a lane's task)
 * or the pacer's.
 * header_fn, release_fn and the observer are called without locks.
 */
#include "engine/miner.h"

#include "base/clock.h"
#include "base/verify.h"
#include "engine/memory.h"
#include "engine/miner_impl.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { UNIT_NONCES = 1 << 24 };

/* Units that nobody gets to the end of, with room for the parts of those that were left. */
static const uint64_t ENDLESS = (uint64_t)1 << 63;

/* Pessimistic, so that a slow machine's first slices are short too. */
#define FIRST_NS_PER_HASH 1000.0

/* ---- under the miner's lock ---- */

void miner_new_epoch(struct miner *m)
{
    /* Release: pairs with miner_lane_run's acquire. The lock, which a lane then takes, would do as well. */
    atomic_fetch_add_explicit(&m->epoch, 1, memory_order_release);
}

static bool is_current(const struct miner *m, uint64_t serial)
{
    return m->current && m->current->serial == serial;
}

void miner_signal_owner(struct miner *m)
{
    uint64_t one = 1;

    /* It can't block or fail: the counter is 0 before and never above 1. */
    if (!m->signalled && write(m->fd, &one, sizeof(one)) == sizeof(one))
        m->signalled = true;
}

void miner_unsignal_owner(struct miner *m)
{
    uint64_t count;

    if (m->signalled && read(m->fd, &count, sizeof(count)) == sizeof(count))
        m->signalled = false;
}

struct assignment *miner_let_go(struct assignment *a) { return a && --a->holders == 0 ? a : NULL; }

void miner_unpark_lane(struct lane *lane)
{
    struct miner *m = lane->miner;

    if (!lane->parked)
        return;
    lane->parked = lane->throttled = false;
    if (miner_duty_limited(&lane->duty))
        miner_pacer_want(&m->pacer);
    /* However full the worker's queue is: nobody would come back to try again. */
    pool_submit_resident(m->pool, lane->index, &lane->task);
}

void miner_unpark_lanes(struct miner *m)
{
    for (size_t i = 0; i < m->lanes; i++)
        miner_unpark_lane(m->lane[i]);
    if (m->streams)
        pthread_cond_broadcast(&m->wake);
}

/* ---- the owner's side ---- */

void miner_release(struct assignment *a)
{
    if (!a)
        return;
    if (a->work.release_fn)
        a->work.release_fn(a->work.arg);
    free(a);
}

static void free_miner(struct miner *m)
{
    miner_devices_free(m);
    for (size_t i = 0; m->lane && i < m->lanes; i++)
        memory_free(m->lane[i], sizeof(struct lane));
    free(m->lane);
    if (m->fd >= 0)
        close(m->fd);
    free(m);
}

static bool make_lane(struct miner *m, size_t index)
{
    struct lane *lane = memory_alloc(sizeof(*lane), pool_worker_node(m->pool, index), false);

    if (!lane)
        return false;
    pool_task_init(&lane->task, POOL_MINING, miner_lane_run, lane, NULL);
    lane->miner = m;
    lane->index = index;
    lane->ns_per_hash = FIRST_NS_PER_HASH;
    lane->parked = true;
    miner_duty_init(&lane->duty);
    m->lane[index] = lane;
    return true;
}

/* The pacer's call: fills the limited lanes; false where none of them runs or would. */
static bool fill_lanes(void *arg, uint64_t elapsed_ns)
{
    struct miner *m = arg;
    bool wanted = false;

    pthread_mutex_lock(&m->lock);
    for (size_t i = 0; i < m->lanes; i++) {
        struct lane *lane = m->lane[i];

        if (!miner_duty_limited(&lane->duty))
            continue;
        miner_duty_fill(&lane->duty, elapsed_ns);
        wanted |= !lane->parked || lane->throttled;
        if (lane->throttled && !miner_duty_spent(&lane->duty))
            miner_unpark_lane(lane);
    }
    pthread_mutex_unlock(&m->lock);
    return wanted;
}

/* All but the locks; NULL where something can't be had. */
static struct miner *make_miner(struct pool *pool, const struct miner_options *options)
{
    struct miner *m = aligned_alloc(METER_LINE, sizeof(*m));

    if (!m)
        return NULL;
    memset(m, 0, sizeof(*m));
    m->pool = pool;
    m->options = *options;
    if (!m->options.unit_nonces)
        m->options.unit_nonces = UNIT_NONCES;
    if (pool)
        m->lanes = options->lanes ? options->lanes : pool_workers(pool);
    /* At least one: what calloc gives for none may be NULL. */
    m->lane = calloc(m->lanes + 1, sizeof(struct lane *));
    m->fd = m->lane ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (m->fd < 0) {
        free_miner(m);
        return NULL;
    }
    for (size_t i = 0; i < m->lanes; i++)
        if (!make_lane(m, i)) {
            free_miner(m);
            return NULL;
        }
    if (!miner_devices_create(m, options->devices, options->device_count)) {
        free_miner(m);
        return NULL;
    }
    return m;
}

struct miner *miner_create(struct pool *pool, const struct miner_options *options,
                           char error[static MINER_ERROR_SIZE])
{
    pthread_condattr_t attributes;
    struct miner *m;

    assert(options->kernels && (!pool || options->lanes <= pool_workers(pool)));
    assert(pool || options->device_count);
    assert(options->unit_nonces <= (uint64_t)1 << 32);
    error[0] = 0;
    m = make_miner(pool, options);
    if (!m) {
        snprintf(error, MINER_ERROR_SIZE, "can't make a miner: %s", strerror(errno));
        return NULL;
    }
    /* With these attributes none of them can fail in glibc. */
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->parking, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&m->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    miner_pacer_init(&m->pacer, fill_lanes, m);
    if (!miner_devices_start(m)) {
        snprintf(error, MINER_ERROR_SIZE, "can't start a device's thread: %s", strerror(errno));
        miner_destroy(m);
        return NULL;
    }
    return m;
}

bool miner_set_duty(struct miner *m, size_t index, unsigned permille)
{
    struct lane *lane;

    assert(index < miner_lanes(m) && permille <= MINER_DUTY_FULL);
    if (index >= m->lanes)
        return true;
    lane = m->lane[index];
    if (permille > 0 && permille < MINER_DUTY_FULL && !miner_pacer_start(&m->pacer))
        return false;
    pthread_mutex_lock(&m->lock);
    miner_duty_set(&lane->duty, permille);
    if (miner_duty_limited(&lane->duty))
        miner_pacer_want(&m->pacer);
    /* One that must stop finds out by itself, between slices; one that sleeps must leave its unit. */
    if (lane->throttled && (permille == 0 || !miner_duty_spent(&lane->duty)))
        miner_unpark_lane(lane);
    pthread_mutex_unlock(&m->lock);
    return true;
}

static bool all_parked(const struct miner *m)
{
    for (size_t i = 0; i < m->lanes; i++)
        if (!m->lane[i]->parked)
            return false;
    return true;
}

void miner_destroy(struct miner *m)
{
    struct assignment *old;

    pthread_mutex_lock(&m->lock);
    m->ending = true;
    old = miner_let_go(m->current);
    m->current = NULL;
    miner_new_epoch(m);
    pthread_mutex_unlock(&m->lock);
    /* From now on lanes wake nobody, which may need the pacer; and after it nobody wakes them. */
    miner_pacer_end(&m->pacer);
    pthread_mutex_lock(&m->lock);
    while (!all_parked(m))
        pthread_cond_wait(&m->parking, &m->lock);
    pthread_mutex_unlock(&m->lock);
    miner_devices_end(m);
    miner_release(old);
    /* Lanes that were parked before have theirs still. */
    for (size_t i = 0; i < m->lanes; i++)
        miner_release(miner_let_go(m->lane[i]->assignment));
    pthread_cond_destroy(&m->wake);
    pthread_cond_destroy(&m->parking);
    pthread_mutex_destroy(&m->lock);
    free_miner(m);
}

/* Replaces the current work by a, which may be NULL. */
static void replace_current(struct miner *m, struct assignment *a)
{
    struct assignment *old;

    pthread_mutex_lock(&m->lock);
    old = miner_let_go(m->current);
    m->current = a;
    if (a) {
        a->holders = 1;
        a->serial = ++m->serial;
    }
    miner_new_epoch(m);
    miner_unpark_lanes(m);
    pthread_mutex_unlock(&m->lock);
    miner_release(old);
}

bool miner_set_work(struct miner *m, const struct miner_work *work)
{
    size_t size = sizeof(struct assignment) + miner_left_room(m) * sizeof(struct miner_unit);
    struct assignment *a =
        aligned_alloc(METER_LINE, (size + METER_LINE - 1) / METER_LINE * METER_LINE);

    if (!a)
        return false;
    memset(a, 0, size);
    a->set_ns = clock_monotonic_ns();
    a->work = *work;
    if (!miner_space_init(&a->space, work, m->options.kernels, m->options.unit_nonces,
                          m->devices > 0)) {
        free(a);
        return false;
    }
    a->open_units = a->space.units < ENDLESS ? a->space.units : ENDLESS;
    replace_current(m, a);
    return true;
}

void miner_clear_work(struct miner *m) { replace_current(m, NULL); }

void miner_pause(struct miner *m)
{
    pthread_mutex_lock(&m->lock);
    m->paused = true;
    miner_new_epoch(m);
    pthread_mutex_unlock(&m->lock);
}

void miner_resume(struct miner *m)
{
    pthread_mutex_lock(&m->lock);
    m->paused = false;
    miner_new_epoch(m);
    miner_unpark_lanes(m);
    pthread_mutex_unlock(&m->lock);
}

/* Under the lock: takes the oldest result. */
static void pop_result(struct miner *m, struct miner_event *event)
{
    const struct result *r = &m->ring[m->first];

    *event = r->event;
    event->stale = !is_current(m, r->serial);
    m->first = (m->first + 1) % MINER_QUEUE_SIZE;
    m->results--;
    /* Not for every place that becomes free: waking costs more than a result. */
    if (m->lanes_want_room && m->results <= MINER_QUEUE_SIZE / 2) {
        m->lanes_want_room = false;
        miner_unpark_lanes(m);
    }
}

bool miner_poll(struct miner *m, struct miner_event *event)
{
    struct assignment *a;
    bool found = true;

    pthread_mutex_lock(&m->lock);
    a = m->current;
    if (m->results) {
        pop_result(m, event);
    } else if (a && a->exhausted && !a->told) {
        a->told = true;
        *event = (struct miner_event){.type = MINER_EXHAUSTED, .tag = a->work.tag};
    } else {
        miner_unsignal_owner(m);
        found = false;
    }
    pthread_mutex_unlock(&m->lock);
    return found;
}

int miner_fd(const struct miner *m) { return m->fd; }

size_t miner_lanes(const struct miner *m) { return m->lanes + m->devices; }

struct miner_lane_stats miner_lane_stats(const struct miner *m, size_t lane)
{
    const struct lane *l;

    assert(lane < miner_lanes(m));
    if (lane >= m->lanes)
        return miner_device_lane_stats(m, lane - m->lanes);
    l = m->lane[lane];
    return (struct miner_lane_stats){
        .hashes = meter_count(&l->hashes),
        .cpu_ns = meter_count(&l->cpu_ns),
        .works = miner_load(&l->works),
        .last_switch_ns = miner_load(&l->last_switch_ns),
        .max_switch_ns = miner_load(&l->max_switch_ns),
    };
}

uint64_t miner_cpu_ns(const struct miner *m)
{
    uint64_t ns = meter_count(&m->pacer.cpu_ns);

    for (size_t i = 0; i < m->lanes; i++)
        ns += meter_count(&m->lane[i]->cpu_ns);
    return ns;
}

uint64_t miner_hashes(const struct miner *m)
{
    uint64_t hashes = 0;

    for (size_t i = 0; i < m->lanes; i++)
        hashes += meter_count(&m->lane[i]->hashes);
    for (size_t i = 0; i < m->devices; i++)
        hashes += miner_device_lane_stats(m, i).hashes;
    return hashes;
}
