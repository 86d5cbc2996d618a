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
 * will come to look at the epoch again, so no change is missed.
 *
 * Locks: the miner's lock, then a pool queue's lock (submitting a lane's task).
 * header_fn, release_fn and the observer are called without locks.
 */
#include "engine/miner.h"

#include "base/clock.h"
#include "base/verify.h"
#include "engine/memory.h"
#include "engine/meter.h"
#include "engine/miner_impl.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    LINE = 64,
    SLICE_NS = 150000,
    SLICE_STEP = 256, /* nonces: whole steps of every kernel, so that none has a tail to do */
    SLICE_MIN = 16,
    UNIT_NONCES = 1 << 24,
};

/* Pessimistic, so that a slow machine's first slices are short too. */
#define FIRST_NS_PER_HASH 1000.0

/* A work that is current or that some lane still has. */
struct assignment {
    struct miner_work work;
    struct miner_space space;
    uint64_t serial; /* 1, 2, ... in the order of miner_set_work */
    uint64_t set_ns;
    /* Under the miner's lock: */
    size_t holders; /* lanes, and the miner while it is current */
    bool finished;  /* nothing more is to be searched */
    bool exhausted; /* because all was */
    bool told;      /* MINER_EXHAUSTED was polled */
    _Alignas(LINE) atomic_uint_least64_t next_unit;
    atomic_uint_least64_t done_units;
};

/* What one worker does. Its task alone touches all but the last part. */
struct lane {
    struct pool_task task;
    struct miner *miner;
    size_t index;
    uint64_t epoch; /* the one that it has acted upon */
    struct assignment *assignment;
    bool switched; /* to that assignment since its last slice */
    bool drained;  /* the assignment has no unit for it any more */
    bool has_unit, has_header;
    uint64_t header_extranonce; /* header's, where it has one */
    uint64_t unit_done;         /* nonces */
    double ns_per_hash;
    size_t hits_flushed; /* of hits */
    uint8_t header[80];
    struct miner_unit unit;
    struct search_job job;
    struct search_hits hits;
    bool parked; /* under the miner's lock */
    struct meter_cell hashes;
    atomic_uint_least64_t works, last_switch_ns, max_switch_ns; /* written by the lane */
};

struct result {
    uint64_t serial; /* its assignment's */
    struct miner_event event;
};

struct miner {
    struct pool *pool;
    struct miner_options options;
    size_t lanes;
    struct lane **lane;
    int fd;
    pthread_mutex_t lock;
    pthread_cond_t parking; /* a lane has parked, for miner_destroy */
    /* Under the lock: */
    struct assignment *current;
    uint64_t serial; /* the latest assignment's */
    bool paused, ending;
    bool signalled;        /* fd is readable */
    bool lanes_want_room;  /* some lane is parked with hits that the ring had no room for */
    size_t first, results; /* of the ring */
    struct result ring[MINER_QUEUE_SIZE];
    _Alignas(LINE) atomic_uint_least64_t epoch; /* written under the lock, read at every slice */
};

/* ---- under the miner's lock ---- */

/* Makes every lane come and look. */
static void new_epoch(struct miner *m)
{
    /* Release: pairs with run_lane's acquire. The lock, which a lane then takes, would do as well. */
    atomic_fetch_add_explicit(&m->epoch, 1, memory_order_release);
}

static bool is_current(const struct miner *m, uint64_t serial)
{
    return m->current && m->current->serial == serial;
}

static void signal_owner(struct miner *m)
{
    uint64_t one = 1;

    /* It can't block or fail: the counter is 0 before and never above 1. */
    if (!m->signalled && write(m->fd, &one, sizeof(one)) == sizeof(one))
        m->signalled = true;
}

static void unsignal_owner(struct miner *m)
{
    uint64_t count;

    if (m->signalled && read(m->fd, &count, sizeof(count)) == sizeof(count))
        m->signalled = false;
}

/*
 * Gives up one hold. Returns the assignment if that was the last one: to be
 * released by release_assignment, without the lock.
 */
static struct assignment *let_go(struct assignment *a) { return a && --a->holders == 0 ? a : NULL; }

/* Puts the parked lanes' tasks back into the pool. */
static void unpark_lanes(struct miner *m)
{
    for (size_t i = 0; i < m->lanes; i++) {
        struct lane *lane = m->lane[i];

        if (!lane->parked)
            continue;
        lane->parked = false;
        /* However full the worker's queue is: nobody would come back to try again. */
        pool_submit_resident(m->pool, i, &lane->task);
    }
}

/* Queues a lane's hits as far as there is room and they are wanted; false where some are left. */
static bool flush_hits(struct miner *m, struct lane *lane)
{
    struct assignment *a = lane->assignment;

    for (; lane->hits_flushed < lane->hits.count; lane->hits_flushed++) {
        const struct search_hit *hit = &lane->hits.hit[lane->hits_flushed];
        struct result *r = &m->ring[(m->first + m->results) % MINER_QUEUE_SIZE];

        if (a->work.stop_at_first && a->finished)
            continue;
        if (m->results == MINER_QUEUE_SIZE)
            return false;
        *r = (struct result){
            a->serial,
            {.type = MINER_FOUND,
             .tag = a->work.tag,
             .extranonce = lane->unit.extranonce,
             .lane = lane->index},
        };
        memcpy(r->event.header, lane->header, 80);
        write_le32(r->event.header, hit->version);
        write_le32(r->event.header + 76, hit->nonce);
        m->results++;
        signal_owner(m);
        if (a->work.stop_at_first) {
            a->finished = true;
            new_epoch(m);
        }
    }
    lane->hits.count = lane->hits_flushed = 0;
    return true;
}

/* Gives the lane the current work, without a unit yet. Returns what has to be released. */
static struct assignment *change_assignment(struct miner *m, struct lane *lane)
{
    struct assignment *old = let_go(lane->assignment);

    lane->assignment = m->current;
    lane->has_unit = lane->has_header = lane->drained = false;
    if (m->current) {
        m->current->holders++;
        lane->switched = true;
    }
    return old;
}

/* ---- without the lock ---- */

static void release_assignment(struct assignment *a)
{
    if (!a)
        return;
    if (a->work.release_fn)
        a->work.release_fn(a->work.arg);
    free(a);
}

/* Stores one of a lane's own numbers. */
static void store(atomic_uint_least64_t *number, uint64_t value)
{
    /* Relaxed: one writer; readers want a number, no order. */
    atomic_store_explicit(number, value, memory_order_relaxed);
}

static uint64_t load(const atomic_uint_least64_t *number)
{
    /* Relaxed: as above. */
    return atomic_load_explicit(number, memory_order_relaxed);
}

/*
 * Brings a lane up to date: its hits queued, its work the current one. False
 * where it has nothing to do and was parked; whoever unparks it submits its
 * task again, so the caller must touch nothing any more.
 */
static bool synchronise(struct lane *lane)
{
    struct miner *m = lane->miner;
    bool flushed, going;

    pthread_mutex_lock(&m->lock);
    VERIFY_CHECK(!lane->parked);
    while ((flushed = m->ending || flush_hits(m, lane)) && lane->assignment != m->current) {
        struct assignment *old = change_assignment(m, lane);

        /* Before it parks: after miner_destroy nothing may be released any more. */
        pthread_mutex_unlock(&m->lock);
        release_assignment(old);
        pthread_mutex_lock(&m->lock);
    }
    m->lanes_want_room |= !flushed;
    going = flushed && !m->ending && !m->paused && lane->assignment &&
            !lane->assignment->finished && !lane->drained;
    /* Relaxed: it changes under the lock alone. */
    lane->epoch = atomic_load_explicit(&m->epoch, memory_order_relaxed);
    if (!going) {
        lane->parked = true;
        if (m->ending)
            pthread_cond_signal(&m->parking);
    }
    pthread_mutex_unlock(&m->lock);
    return going;
}

/* The lane's unit was done: if it was the last of its work, says so. */
static void finish_unit(struct lane *lane)
{
    struct assignment *a = lane->assignment;
    struct miner *m = lane->miner;

    lane->has_unit = false;
    /* Relaxed: a number; what it leads to happens under the lock. */
    if (atomic_fetch_add_explicit(&a->done_units, 1, memory_order_relaxed) + 1 != a->space.units)
        return;
    pthread_mutex_lock(&m->lock);
    if (!a->finished) {
        a->finished = a->exhausted = true;
        new_epoch(m);
        if (a == m->current)
            signal_owner(m);
    }
    pthread_mutex_unlock(&m->lock);
}

/* Takes the next unit and prepares its search; false where there is none. */
static bool next_unit(struct lane *lane)
{
    struct assignment *a = lane->assignment;
    /* Relaxed: every number is given out once; what they number doesn't change. */
    uint64_t number = atomic_fetch_add_explicit(&a->next_unit, 1, memory_order_relaxed);

    VERIFY_CHECK(!lane->has_unit);
    if (number >= a->space.units)
        return false;
    miner_space_unit(&a->space, &lane->unit, number);
    if (!lane->has_header || lane->header_extranonce != lane->unit.extranonce) {
        memcpy(lane->header, a->work.header, 80);
        if (a->work.header_fn)
            a->work.header_fn(a->work.arg, lane->unit.extranonce, lane->header);
        lane->header_extranonce = lane->unit.extranonce;
        lane->has_header = true;
    }
    write_le32(lane->header + 68, lane->unit.time);
    search_job_init(&lane->job, lane->header, lane->unit.version, lane->unit.versions,
                    a->work.target, lane->miner->options.kernels->sha256_compress->run);
    lane->unit_done = 0;
    lane->has_unit = true;
    return true;
}

/* How many nonces the next slice has. */
static uint64_t slice_size(const struct lane *lane)
{
    double nonces = SLICE_NS / (lane->ns_per_hash * (double)lane->unit.versions);
    uint64_t size = nonces < (double)UNIT_NONCES ? (uint64_t)nonces : UNIT_NONCES;
    uint64_t left = lane->unit.nonce_count - lane->unit_done;

    if (size > SLICE_STEP)
        size -= size % SLICE_STEP;
    if (size < SLICE_MIN)
        size = SLICE_MIN;
    return size < left ? size : left;
}

/* Learns from a slice how long hashes take. One that was interrupted by others must not shrink the next by much. */
static void learn_speed(struct lane *lane, uint64_t hashes, uint64_t ns)
{
    double measured = (double)ns / (double)hashes;

    if (measured > 2 * lane->ns_per_hash)
        measured = 2 * lane->ns_per_hash;
    lane->ns_per_hash += (measured - lane->ns_per_hash) / 4;
    if (lane->ns_per_hash < 0.01)
        lane->ns_per_hash = 0.01;
}

static void note_switch(struct lane *lane, uint64_t now_ns)
{
    uint64_t took = now_ns - lane->assignment->set_ns;

    lane->switched = false;
    store(&lane->last_switch_ns, took);
    if (took > load(&lane->max_switch_ns))
        store(&lane->max_switch_ns, took);
    store(&lane->works, load(&lane->works) + 1);
}

static void observe(struct lane *lane, uint32_t first, uint64_t count)
{
    const struct miner_options *o = &lane->miner->options;
    struct miner_range range = {
        .tag = lane->assignment->work.tag,
        .extranonce = lane->unit.extranonce,
        .time = lane->unit.time,
        .nonce_first = first,
        .nonce_count = count,
        .versions = lane->unit.versions,
        .lane = lane->index,
    };

    if (!o->observe_fn)
        return;
    memcpy(range.version, lane->unit.version, sizeof(range.version));
    o->observe_fn(o->observe_arg, &range);
}

/* Scans a slice of the lane's unit, and leaves its hits to be flushed. */
static void scan_slice(struct lane *lane)
{
    const struct search_impl *search = lane->assignment->space.search;
    uint32_t first = lane->unit.nonce_first + (uint32_t)lane->unit_done;
    uint64_t start = clock_monotonic_ns(), done, hashes;

    if (lane->switched)
        note_switch(lane, start);
    done = search->run(&lane->hits, &lane->job, first, slice_size(lane));
    VERIFY_CHECK(done > 0 && done <= lane->unit.nonce_count - lane->unit_done);
    hashes = done * lane->unit.versions;
    learn_speed(lane, hashes, clock_monotonic_ns() - start);
    meter_add(&lane->hashes, hashes);
    lane->unit_done += done;
    observe(lane, first, done);
}

/* The lane's task. */
static enum pool_result run_lane(struct pool_worker *worker, void *arg)
{
    struct lane *lane = arg;

    for (;;) {
        /* Acquire: pairs with new_epoch. */
        bool changed =
            atomic_load_explicit(&lane->miner->epoch, memory_order_acquire) != lane->epoch;

        if ((changed || !lane->assignment || lane->drained || lane->hits.count) &&
            !synchronise(lane))
            return POOL_DONE;
        if (pool_should_yield(worker))
            return POOL_AGAIN;
        if (lane->has_unit && lane->unit_done == lane->unit.nonce_count)
            finish_unit(lane);
        else if (lane->has_unit || next_unit(lane))
            scan_slice(lane);
        else
            lane->drained = true;
    }
}

/* ---- the owner's side ---- */

static void free_miner(struct miner *m)
{
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
    pool_task_init(&lane->task, POOL_MINING, run_lane, lane, NULL);
    lane->miner = m;
    lane->index = index;
    lane->ns_per_hash = FIRST_NS_PER_HASH;
    lane->parked = true;
    m->lane[index] = lane;
    return true;
}

/* All but the locks; NULL where something can't be had. */
static struct miner *make_miner(struct pool *pool, const struct miner_options *options)
{
    struct miner *m = aligned_alloc(LINE, sizeof(*m));

    if (!m)
        return NULL;
    memset(m, 0, sizeof(*m));
    m->pool = pool;
    m->options = *options;
    if (!m->options.unit_nonces)
        m->options.unit_nonces = UNIT_NONCES;
    m->lanes = options->lanes ? options->lanes : pool_workers(pool);
    m->lane = calloc(m->lanes, sizeof(struct lane *));
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
    return m;
}

struct miner *miner_create(struct pool *pool, const struct miner_options *options,
                           char error[static MINER_ERROR_SIZE])
{
    struct miner *m;

    assert(options->kernels && options->lanes <= pool_workers(pool));
    assert(options->unit_nonces <= (uint64_t)1 << 32);
    error[0] = 0;
    m = make_miner(pool, options);
    if (!m) {
        snprintf(error, MINER_ERROR_SIZE, "can't make a miner: %s", strerror(errno));
        return NULL;
    }
    /* With default attributes neither can fail in glibc. */
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->parking, NULL);
    return m;
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
    old = let_go(m->current);
    m->current = NULL;
    new_epoch(m);
    while (!all_parked(m))
        pthread_cond_wait(&m->parking, &m->lock);
    pthread_mutex_unlock(&m->lock);
    release_assignment(old);
    /* Lanes that were parked before have theirs still. */
    for (size_t i = 0; i < m->lanes; i++)
        release_assignment(let_go(m->lane[i]->assignment));
    pthread_cond_destroy(&m->parking);
    pthread_mutex_destroy(&m->lock);
    free_miner(m);
}

/* Replaces the current work by a, which may be NULL. */
static void replace_current(struct miner *m, struct assignment *a)
{
    struct assignment *old;

    pthread_mutex_lock(&m->lock);
    old = let_go(m->current);
    m->current = a;
    if (a) {
        a->holders = 1;
        a->serial = ++m->serial;
    }
    new_epoch(m);
    unpark_lanes(m);
    pthread_mutex_unlock(&m->lock);
    release_assignment(old);
}

bool miner_set_work(struct miner *m, const struct miner_work *work)
{
    struct assignment *a = aligned_alloc(LINE, sizeof(*a));

    if (!a)
        return false;
    memset(a, 0, sizeof(*a));
    a->set_ns = clock_monotonic_ns();
    a->work = *work;
    if (!miner_space_init(&a->space, work, m->options.kernels, m->options.unit_nonces)) {
        free(a);
        return false;
    }
    replace_current(m, a);
    return true;
}

void miner_clear_work(struct miner *m) { replace_current(m, NULL); }

void miner_pause(struct miner *m)
{
    pthread_mutex_lock(&m->lock);
    m->paused = true;
    new_epoch(m);
    pthread_mutex_unlock(&m->lock);
}

void miner_resume(struct miner *m)
{
    pthread_mutex_lock(&m->lock);
    m->paused = false;
    new_epoch(m);
    unpark_lanes(m);
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
        unpark_lanes(m);
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
        unsignal_owner(m);
        found = false;
    }
    pthread_mutex_unlock(&m->lock);
    return found;
}

int miner_fd(const struct miner *m) { return m->fd; }

size_t miner_lanes(const struct miner *m) { return m->lanes; }

struct miner_lane_stats miner_lane_stats(const struct miner *m, size_t lane)
{
    const struct lane *l;

    assert(lane < m->lanes);
    l = m->lane[lane];
    return (struct miner_lane_stats){
        .hashes = meter_count(&l->hashes),
        .works = load(&l->works),
        .last_switch_ns = load(&l->last_switch_ns),
        .max_switch_ns = load(&l->max_switch_ns),
    };
}

uint64_t miner_hashes(const struct miner *m)
{
    uint64_t hashes = 0;

    for (size_t i = 0; i < m->lanes; i++)
        hashes += meter_count(&m->lane[i]->hashes);
    return hashes;
}
