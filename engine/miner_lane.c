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

/* A lane that may not run leaves what it has begun to those that may. */
static void leave_unit(struct miner *m, struct lane *lane)
{
    struct assignment *a = lane->assignment;
    struct miner_unit rest = lane->unit;
    size_t count = miner_load_size(&a->left_count);

    if (!lane->has_unit || lane->unit_done == rest.nonce_count)
        return;
    VERIFY_CHECK(count < m->lanes);
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

/* ---- without the lock ---- */

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
        miner_release(old);
        pthread_mutex_lock(&m->lock);
    }
    m->lanes_want_room |= !flushed;
    if (lane->assignment && flushed) {
        if (miner_duty_none(&lane->duty))
            leave_unit(m, lane);
        if (miner_load_size(&lane->assignment->left_count))
            lane->drained = false;
    }
    going = flushed && !m->ending && !m->paused && lane->assignment &&
            !lane->assignment->finished && !lane->drained;
    lane->throttled = going && miner_duty_spent(&lane->duty);
    going &= !lane->throttled;
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
        miner_new_epoch(m);
        if (a == m->current)
            miner_signal_owner(m);
    }
    pthread_mutex_unlock(&m->lock);
}

/* Takes a unit that another lane has left; false where there is none. */
static bool take_left_unit(struct lane *lane)
{
    struct assignment *a = lane->assignment;
    struct miner *m = lane->miner;
    size_t count;

    if (!miner_load_size(&a->left_count))
        return false;
    pthread_mutex_lock(&m->lock);
    count = miner_load_size(&a->left_count);
    if (count) {
        lane->unit = a->left[count - 1];
        miner_store_size(&a->left_count, count - 1);
    }
    pthread_mutex_unlock(&m->lock);
    return count > 0;
}

/* Takes the next unit that nobody has begun; false where there is none. */
static bool take_new_unit(struct lane *lane)
{
    struct assignment *a = lane->assignment;
    /* Relaxed: every number is given out once; what they number doesn't change. */
    uint64_t number = atomic_fetch_add_explicit(&a->next_unit, 1, memory_order_relaxed);

    if (number >= a->space.units)
        return false;
    miner_space_unit(&a->space, &lane->unit, number);
    return true;
}

/* Takes a unit and prepares its search; false where there is none. */
static bool next_unit(struct lane *lane)
{
    struct assignment *a = lane->assignment;

    VERIFY_CHECK(!lane->has_unit);
    if (!take_left_unit(lane) && !take_new_unit(lane))
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
    miner_store(&lane->last_switch_ns, took);
    if (took > miner_load(&lane->max_switch_ns))
        miner_store(&lane->max_switch_ns, took);
    miner_store(&lane->works, miner_load(&lane->works) + 1);
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
    lane->slices++;
    lane->unit_done += done;
    observe(lane, first, done);
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

/* The lane's task. */
enum pool_result miner_lane_run(struct pool_worker *worker, void *arg)
{
    struct lane *lane = arg;

    lane->cpu_read_ns = clock_thread_cpu_ns(); /* the thread runs other tasks too */
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
            finish_unit(lane);
        else if (lane->has_unit || next_unit(lane))
            scan_slice(lane);
        else
            lane->drained = true;
    }
}
