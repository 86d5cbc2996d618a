/* What a lane does: it takes units of the current work, scans them, and brings its hits to the queue. */
#include "base/clock.h"
#include "base/verify.h"
#include "engine/miner_impl.h"

#include <string.h>

enum {
    SLICE_NS = 150000,
    SLICE_STEP = 256, /* nonces: whole steps of every kernel, so that none has a tail to do */
    SLICE_MIN = 16,
    SLICE_MAX = 1 << 24,
    CPU_SLICES = 64, /* slices, some 10 ms, between two looks at the CPU time of a full lane */
};

/* ---- under the miner's lock ---- */

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
        miner_signal_owner(m);
        if (a->work.stop_at_first) {
            a->finished = true;
            miner_new_epoch(m);
        }
    }
    lane->hits.count = lane->hits_flushed = 0;
    return true;
}

/* The lane's unit was done: if nothing else of its work is to be done, says so. */
static void finish_unit(struct miner *m, struct lane *lane)
{
    struct assignment *a = lane->assignment;
    uint64_t weight = lane->unit.weight;

    lane->has_unit = false;
    /* Relaxed: a number; what it leads to happens under the lock. */
    if (atomic_fetch_sub_explicit(&a->open_units, weight, memory_order_relaxed) != weight ||
        a->finished)
        return;
    a->finished = a->exhausted = true;
    miner_new_epoch(m);
    if (a == m->current)
        miner_signal_owner(m);
}

void miner_lane_leave(struct miner *m, struct lane *lane)
{
    struct assignment *a = lane->assignment;
    struct miner_unit rest = lane->unit;
    size_t count;

    if (!lane->has_unit)
        return;
    if (lane->unit_done == rest.nonce_count) {
        finish_unit(m, lane);
        return;
    }
    count = miner_load_size(&a->left_count);
    VERIFY_CHECK(count < miner_left_room(m));
    rest.nonce_first += (uint32_t)lane->unit_done;
    rest.nonce_count -= lane->unit_done;
    a->left[count] = rest;
    miner_store_size(&a->left_count, count + 1);
    lane->has_unit = false;
    /* Some may have parked because nothing was left. */
    miner_new_epoch(m);
    miner_unpark_lanes(m);
}

/* Gives the lane the current work, without a unit yet. Returns what has to be released. */
static struct assignment *change_assignment(struct miner *m, struct lane *lane)
{
    struct assignment *old = miner_let_go(lane->assignment);

    lane->assignment = m->current;
    lane->has_unit = lane->has_header = lane->drained = false;
    if (m->current) {
        m->current->holders++;
        lane->switched = true;
    }
    return old;
}

bool miner_lane_update(struct miner *m, struct lane *lane)
{
    bool flushed, going;

    while ((flushed = m->ending || flush_hits(m, lane)) && lane->assignment != m->current) {
        struct assignment *old = change_assignment(m, lane);

        /* Before it parks: after miner_destroy nothing may be released any more. */
        pthread_mutex_unlock(&m->lock);
        miner_release(old);
        pthread_mutex_lock(&m->lock);
    }
    m->lanes_want_room |= !flushed;
    if (lane->assignment && flushed) {
        if (miner_duty_none(&lane->duty))
            miner_lane_leave(m, lane);
        if (miner_load_size(&lane->assignment->left_count))
            lane->drained = false;
    }
    going = flushed && !m->ending && !m->paused && lane->assignment &&
            !lane->assignment->finished && !lane->drained;
    lane->throttled = going && miner_duty_spent(&lane->duty);
    /* Relaxed: it changes under the lock alone. */
    lane->epoch = atomic_load_explicit(&m->epoch, memory_order_relaxed);
    return going && !lane->throttled;
}

/* ---- without the lock ---- */

/*
 * Brings a lane up to date. False where it has nothing to do and was parked;
 * whoever unparks it submits its task again, so the caller must touch nothing
 * any more.
 */
static bool synchronise(struct lane *lane)
{
    struct miner *m = lane->miner;
    bool going;

    pthread_mutex_lock(&m->lock);
    VERIFY_CHECK(!lane->parked);
    going = miner_lane_update(m, lane);
    if (!going) {
        lane->parked = true;
        if (m->ending)
            pthread_cond_signal(&m->parking);
    }
    pthread_mutex_unlock(&m->lock);
    return going;
}

void miner_lane_finish(struct lane *lane)
{
    struct miner *m = lane->miner;

    pthread_mutex_lock(&m->lock);
    finish_unit(m, lane);
    pthread_mutex_unlock(&m->lock);
}

/*
 * Takes a unit that another lane has left; false where there is none. A worker
 * takes only so many nonces of one that a device has left, which would keep it
 * busy for minutes. Under the miner's lock.
 */
static bool take_left_unit(struct lane *lane, uint64_t nonces)
{
    struct assignment *a = lane->assignment;
    size_t count = miner_load_size(&a->left_count);
    struct miner_unit *left;

    if (!count)
        return false;
    left = &a->left[count - 1];
    lane->unit = *left;
    if (lane->stream || left->nonce_count <= nonces || count > miner_left_room(lane->miner) / 2) {
        miner_store_size(&a->left_count, count - 1);
        return true;
    }
    /* Two are to be finished where one was. Relaxed: see finish_unit. */
    atomic_fetch_add_explicit(&a->open_units, 1, memory_order_relaxed);
    lane->unit.weight = 1;
    lane->unit.nonce_count = nonces;
    left->nonce_first += (uint32_t)nonces;
    left->nonce_count -= nonces;
    return true;
}

/* Takes the next units that nobody has begun, of so many nonces if these follow each other; false where there is none. */
static bool take_new_units(struct lane *lane, uint64_t nonces)
{
    struct assignment *a = lane->assignment;
    const struct miner_space *space = &a->space;
    /* Relaxed: every number is given out once; what they number doesn't change. */
    uint64_t number = atomic_load_explicit(&a->next_unit, memory_order_relaxed), count;

    do {
        uint64_t of_set = space->chunks - number % space->chunks;

        if (number >= space->units)
            return false;
        count = nonces / space->chunk_size;
        count = count < 1 ? 1 : count < of_set ? count : of_set;
        if (count > space->units - number)
            count = space->units - number;
    } while (!atomic_compare_exchange_weak_explicit(&a->next_unit, &number, number + count,
                                                    memory_order_relaxed, memory_order_relaxed));
    miner_space_units(space, &lane->unit, number, count);
    return true;
}

/*
 * Takes a unit. Units that were left come first, so that there are never more of
 * them than there is room for (miner_left_room): a device, which may leave them
 * again and again, looks and takes under the lock.
 */
static bool take_unit(struct lane *lane, uint64_t nonces)
{
    struct assignment *a = lane->assignment;
    bool taken = false;

    if (lane->stream || miner_load_size(&a->left_count)) {
        pthread_mutex_lock(&lane->miner->lock);
        taken = take_left_unit(lane, nonces) || (lane->stream && take_new_units(lane, nonces));
        pthread_mutex_unlock(&lane->miner->lock);
    }
    return taken || (!lane->stream && take_new_units(lane, nonces));
}

bool miner_lane_next(struct lane *lane, uint64_t nonces)
{
    struct assignment *a = lane->assignment;

    VERIFY_CHECK(!lane->has_unit);
    if (!take_unit(lane, nonces))
        return false;
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
    uint64_t size = nonces < (double)SLICE_MAX ? (uint64_t)nonces : SLICE_MAX;
    uint64_t left = lane->unit.nonce_count - lane->unit_done;

    if (size > SLICE_STEP)
        size -= size % SLICE_STEP;
    if (size < SLICE_MIN)
        size = SLICE_MIN;
    return size < left ? size : left;
}

void miner_lane_learn(struct lane *lane, uint64_t hashes, uint64_t ns)
{
    double measured = (double)ns / (double)hashes;

    if (measured > 2 * lane->ns_per_hash)
        measured = 2 * lane->ns_per_hash;
    lane->ns_per_hash += (measured - lane->ns_per_hash) / 4;
    if (lane->ns_per_hash < 0.01)
        lane->ns_per_hash = 0.01;
}

void miner_lane_start(struct lane *lane, uint64_t now_ns)
{
    uint64_t took = now_ns - lane->assignment->set_ns;

    if (!lane->switched)
        return;
    lane->switched = false;
    miner_store(&lane->last_switch_ns, took);
    if (took > miner_load(&lane->max_switch_ns))
        miner_store(&lane->max_switch_ns, took);
    miner_store(&lane->works, miner_load(&lane->works) + 1);
}

void miner_lane_done(struct lane *lane, uint64_t count)
{
    const struct miner_options *o = &lane->miner->options;
    struct miner_range range = {
        .tag = lane->assignment->work.tag,
        .extranonce = lane->unit.extranonce,
        .time = lane->unit.time,
        .nonce_first = lane->unit.nonce_first + (uint32_t)lane->unit_done,
        .nonce_count = count,
        .versions = lane->unit.versions,
        .lane = lane->index,
    };

    lane->unit_done += count;
    meter_add(&lane->hashes, count * lane->unit.versions);
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
    uint64_t start = clock_monotonic_ns(), done;

    miner_lane_start(lane, start);
    done = search->run(&lane->hits, &lane->job, first, slice_size(lane));
    VERIFY_CHECK(done > 0 && done <= lane->unit.nonce_count - lane->unit_done);
    miner_lane_learn(lane, done * lane->unit.versions, clock_monotonic_ns() - start);
    lane->slices++;
    miner_lane_done(lane, done);
}

/* Counts the CPU time since the last look. */
static void count_cpu(struct lane *lane)
{
    uint64_t now = clock_thread_cpu_ns(), used = now - lane->cpu_read_ns;

    lane->cpu_read_ns = now;
    lane->slices = 0;
    meter_add(&lane->cpu_ns, used);
    miner_duty_take(&lane->duty, used);
}

/*
 * What the thread has done since the lane's last run doesn't count, unless it
 * ran nothing else: then that was this lane's falling asleep and waking up.
 */
static void begin_run(struct lane *lane)
{
    uint64_t runs = pool_worker_stats(lane->miner->pool, lane->index).run;

    if (runs != lane->runs + 1)
        lane->cpu_read_ns = clock_thread_cpu_ns();
    lane->runs = runs;
    count_cpu(lane);
}

/* The lane's task. */
enum pool_result miner_lane_run(struct pool_worker *worker, void *arg)
{
    struct lane *lane = arg;

    begin_run(lane);
    for (;;) {
        /* Acquire: pairs with miner_new_epoch. */
        bool changed =
            atomic_load_explicit(&lane->miner->epoch, memory_order_acquire) != lane->epoch;

        if (lane->slices == CPU_SLICES || miner_duty_limited(&lane->duty))
            count_cpu(lane);
        if (changed || !lane->assignment || lane->drained || lane->hits.count ||
            miner_duty_spent(&lane->duty)) {
            count_cpu(lane); /* once it is parked, another run may begin */
            if (!synchronise(lane))
                return POOL_DONE;
        }
        if (pool_should_yield(worker)) {
            count_cpu(lane);
            return POOL_AGAIN;
        }
        if (lane->has_unit && lane->unit_done == lane->unit.nonce_count)
            miner_lane_finish(lane);
        else if (lane->has_unit || miner_lane_next(lane, lane->assignment->space.chunk_size))
            scan_slice(lane);
        else
            lane->drained = true;
    }
}
