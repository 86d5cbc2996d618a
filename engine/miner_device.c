/*
 * The lanes of devices: a thread for each stream, which does what a lane on a
 * worker does, but with batches that may fail.
 *
 *     RUNNING --a call failed, or results that can't be--> FAILED --too often--> GIVEN_UP
 *        ^                                                   |
 *        +------- restarted, some time later ----------------+
 *
 * A stream that sees its device fail leaves its unit to others. The first to
 * find the time come, and no stream inside a call, restarts the device. What is
 * shared by the streams of a device is under the miner's lock, which each takes
 * a few times a batch.
 */
#include "base/clock.h"
#include "base/verify.h"
#include "engine/guard.h"
#include "engine/memory.h"
#include "engine/miner_impl.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MS = 1000000,
    STREAMS = 2,
    BATCH_MS = 40,
    LIMIT_MS = 60000,
    RETRY_MS = 1000,
    RETRY_DOUBLINGS = 6,
    GOOD_RETRIES = 600, /* times retry_ms: works well again */
    TRIES = 6,
    END_MS = 10000,    /* what a call under way gets at the end */
    UNIT_BATCHES = 32, /* that a unit should have */
    MOST_HITS =
        16, /* to be expected of a batch, so that SEARCH_MAX_HITS are never there by chance */
    LEAST_HITS_LOG2 = 2, /* at least 4 are to be expected of one */
    BAD_BATCHES = 3,     /* one after another: a failure */
    WINDOW_HITS = 256,   /* expected: then found and expected are compared */
};

/* Pessimistic, so that a slow device's first batches are short too. */
#define FIRST_NS_PER_HASH 100.0

/* The guard's memory: what a call needs, copied, as it may be left behind with it. */
struct call {
    struct miner_device device;
    size_t stream;
    struct search_job job;
    unsigned zero_bits;
    uint32_t first;
    uint64_t count;
    enum miner_scan result;
    bool restarted;
    struct search_hits hits;
    char text[MINER_DEVICE_TEXT_SIZE];
};

struct miner_stream {
    struct miner_server *server;
    struct lane *lane;
    struct guard *guard;
    pthread_t thread;
    bool started;
    uint64_t limit;       /* nonces a batch, after an overflow */
    unsigned bad_batches; /* in a row */
};

struct miner_server {
    struct miner *miner;
    struct miner_device device;
    size_t index;
    struct miner_stream stream[MINER_MAX_STREAMS];
    /* Under the miner's lock: */
    bool restarting;
    size_t inside;       /* streams in a call */
    unsigned failures;   /* since it worked well */
    uint64_t running_ns; /* since when it runs */
    uint64_t retry_ns;   /* when it is to be restarted */
    double window_expected;
    uint64_t window_found;
    struct miner_device_stats stats;
};

/* ---- calls ---- */

static void call_scan(void *memory)
{
    struct call *call = memory;

    call->hits.count = 0;
    call->text[0] = 0;
    call->result = call->device.scan(call->device.arg, call->stream, &call->hits, &call->job,
                                     call->zero_bits, call->first, call->count, call->text);
}

static void call_restart(void *memory)
{
    struct call *call = memory;

    call->text[0] = 0;
    call->restarted = !call->device.restart || call->device.restart(call->device.arg, call->text);
}

/* ---- failures: under the miner's lock ---- */

/* A failure of the device: what comes next, and since when. */
static void note_failure(struct miner_server *v, const char *text, bool hung)
{
    uint64_t now = clock_monotonic_ns(), retry = (uint64_t)v->device.retry_ms * MS;
    bool again = v->stats.state == MINER_DEVICE_RUNNING || v->restarting;

    if (v->stats.state == MINER_DEVICE_GIVEN_UP || (!again && !hung))
        return; /* another stream has said so */
    if (v->stats.state == MINER_DEVICE_RUNNING && now - v->running_ns > GOOD_RETRIES * retry)
        v->failures = 0;
    v->stats.failures++;
    v->failures++;
    snprintf(v->stats.text, sizeof(v->stats.text), "%s", *text ? text : "failed without a reason");
    if (hung || v->failures >= v->device.tries) {
        v->stats.state = MINER_DEVICE_GIVEN_UP;
    } else {
        unsigned doublings = v->failures - 1 < RETRY_DOUBLINGS ? v->failures - 1 : RETRY_DOUBLINGS;

        v->stats.state = MINER_DEVICE_FAILED;
        v->retry_ns = now + (retry << doublings);
    }
    pthread_cond_broadcast(&v->miner->wake);
}

/* Tells the owner of a change of state; lets the lock go meanwhile. */
static void tell(struct miner_server *v, enum miner_device_state before)
{
    struct miner *m = v->miner;
    enum miner_device_state state = v->stats.state;
    char text[MINER_DEVICE_TEXT_SIZE];

    if (state == before || !m->options.told_fn)
        return;
    memcpy(text, v->stats.text, sizeof(text));
    pthread_mutex_unlock(&m->lock);
    m->options.told_fn(m->options.told_arg, v->index, state, text);
    pthread_mutex_lock(&m->lock);
}

static void fail(struct miner_server *v, const char *text, bool hung)
{
    enum miner_device_state before = v->stats.state;

    note_failure(v, text, hung);
    tell(v, before);
}

static void fail_hung(struct miner_server *v)
{
    char text[64];

    snprintf(text, sizeof(text), "did not answer within %u ms", v->device.limit_ms);
    fail(v, text, true);
}

/* Sleeps until something has changed, or until a moment of the steady clock, if it isn't 0. */
static void wait(struct miner *m, uint64_t until_ns)
{
    struct timespec t = {(time_t)(until_ns / 1000000000), (long)(until_ns % 1000000000)};

    if (until_ns)
        pthread_cond_timedwait(&m->wake, &m->lock, &t);
    else
        pthread_cond_wait(&m->wake, &m->lock);
}

static void restart(struct miner_stream *s)
{
    struct miner_server *v = s->server;
    struct miner *m = v->miner;
    struct call *call = guard_memory(s->guard);
    enum miner_device_state before = v->stats.state;
    bool answered;

    v->restarting = true;
    pthread_mutex_unlock(&m->lock);
    answered = guard_call(s->guard, call_restart, (uint64_t)v->device.limit_ms * MS);
    pthread_mutex_lock(&m->lock);
    if (!answered) {
        /* At the end it had less time. */
        if (!m->ending)
            fail_hung(v);
    } else if (!call->restarted) {
        fail(v, call->text, false);
    } else {
        v->stats.state = MINER_DEVICE_RUNNING;
        v->running_ns = clock_monotonic_ns();
        v->window_expected = 0;
        v->window_found = 0;
        tell(v, before);
    }
    v->restarting = false;
    pthread_cond_broadcast(&m->wake);
}

/* The device doesn't run: waits, or restarts it. */
static void mend(struct miner_stream *s)
{
    struct miner_server *v = s->server;
    bool waiting = v->stats.state == MINER_DEVICE_FAILED && v->inside == 0 && !v->restarting;

    if (waiting && clock_monotonic_ns() >= v->retry_ns)
        restart(s);
    else
        wait(v->miner, waiting ? v->retry_ns : 0);
}

/* ---- batches: without the lock, but where it is said ---- */

/* The zero bits that every hash of the work's target begins with. */
static unsigned work_zero_bits(const struct lane *lane)
{
    return lane->job.target_top ? (unsigned)__builtin_clz(lane->job.target_top) : 32;
}

/* How many nonces a batch should have. */
static uint64_t batch_size(const struct miner_stream *s, size_t versions)
{
    const struct miner_device *d = &s->server->device;
    double nonces = (double)d->batch_ms * MS / (s->lane->ns_per_hash * (double)versions);
    uint64_t size =
        nonces < (double)MINER_DEVICE_MAX_NONCES ? (uint64_t)nonces : MINER_DEVICE_MAX_NONCES;

    if (size < d->step)
        size = d->step;
    size -= size % d->step;
    return size < MINER_DEVICE_MAX_NONCES ? size : MINER_DEVICE_MAX_NONCES;
}

/* Likewise of the lane's unit, where its target and what is left count. */
static uint64_t next_batch(const struct miner_stream *s)
{
    const struct lane *lane = s->lane;
    uint64_t size = batch_size(s, lane->unit.versions);
    uint64_t most = ((uint64_t)MOST_HITS << work_zero_bits(lane)) / lane->unit.versions;
    uint64_t left = lane->unit.nonce_count - lane->unit_done;

    if (size > most)
        size = most ? most : 1;
    if (size > s->limit)
        size = s->limit;
    return size < left ? size : left;
}

/* So many zero bits that some hits are to be expected of so many hashes, and no fewer than the work needs. */
static unsigned batch_zero_bits(const struct lane *lane, uint64_t hashes)
{
    unsigned log2 = 63 - (unsigned)__builtin_clzll(hashes), needed = work_zero_bits(lane);
    unsigned wanted = log2 > LEAST_HITS_LOG2 ? log2 - LEAST_HITS_LOG2 : 0;

    return wanted < needed ? wanted : needed;
}

/* Whether a result of a call is one; if so, and if it meets the work's target, it is kept for the queue. */
static bool take_hit(struct lane *lane, const struct call *call, const struct search_hit *hit)
{
    uint8_t header[80], digest[32];
    struct uint256 hash;
    bool known = false;

    for (size_t i = 0; i < lane->unit.versions; i++)
        known |= lane->unit.version[i] == hit->version;
    if (!known || hit->nonce - call->first >= call->count)
        return false;
    memcpy(header, lane->header, sizeof(header));
    write_le32(header, hit->version);
    write_le32(header + 76, hit->nonce);
    sha256d(lane->miner->options.kernels->sha256_compress->run, digest, header, sizeof(header));
    hash = uint256_from_le(digest);
    if (uint256_bits(hash) > 256 - call->zero_bits)
        return false;
    if (uint256_compare(hash, lane->job.target) <= 0)
        lane->hits.hit[lane->hits.count++] = *hit;
    return true;
}

/* How many of a call's results are none; all the others are taken if that is zero. */
static size_t take_hits(struct lane *lane, const struct call *call)
{
    const struct search_hits *hits = &call->hits;
    size_t wrong = 0;

    VERIFY_CHECK(lane->hits.count == 0);
    for (size_t i = 0; i < hits->count; i++) {
        bool twice = false;

        for (size_t k = 0; k < i; k++)
            twice |= memcmp(&hits->hit[k], &hits->hit[i], sizeof(hits->hit[i])) == 0;
        wrong += twice || !take_hit(lane, call, &hits->hit[i]);
    }
    if (wrong)
        lane->hits.count = 0;
    return wrong;
}

/* Under the lock: whether the device finds what chance lets expect of what it says to have searched. */
static void compare_with_chance(struct miner_server *v, double expected, size_t found)
{
    char text[MINER_DEVICE_TEXT_SIZE];

    v->stats.found += found;
    v->stats.expected += expected;
    v->window_expected += expected;
    v->window_found += found;
    if (v->window_expected < WINDOW_HITS)
        return;
    snprintf(text, sizeof(text), "finds %ju results where %.0f are to be expected",
             (uintmax_t)v->window_found, v->window_expected);
    if ((double)v->window_found < v->window_expected / 2)
        fail(v, text, false);
    v->window_expected = 0;
    v->window_found = 0;
}

/* A batch was answered: keeps what it found. Under the lock, which it lets go. */
static void take_batch(struct miner_stream *s, const struct call *call)
{
    struct miner_server *v = s->server;
    struct lane *lane = s->lane;
    struct miner *m = v->miner;
    double hashes = (double)call->count * (double)lane->unit.versions;
    size_t wrong;

    pthread_mutex_unlock(&m->lock);
    wrong = take_hits(lane, call);
    if (!wrong) {
        miner_lane_done(lane, call->count);
        s->bad_batches = 0;
        s->limit = s->limit < MINER_DEVICE_MAX_NONCES ? 2 * s->limit : s->limit;
    }
    pthread_mutex_lock(&m->lock);
    v->stats.errors += wrong;
    if (!wrong)
        compare_with_chance(v, ldexp(hashes, -(int)call->zero_bits), call->hits.count);
    else if (++s->bad_batches == BAD_BATCHES) {
        s->bad_batches = 0;
        fail(v, "gives wrong results", false);
    }
}

/* What a call came to. Under the lock, which it may let go. */
static void take_answer(struct miner_stream *s, const struct call *call)
{
    struct miner_server *v = s->server;

    if (call->result == MINER_SCAN_DONE && call->hits.count <= SEARCH_MAX_HITS)
        take_batch(s, call);
    else if (call->result == MINER_SCAN_OVERFLOW && call->count > 1)
        s->limit = call->count / 2;
    else if (call->result == MINER_SCAN_FAILED)
        fail(v, call->text, false);
    else
        fail(v, "gives more results than there can be", false);
}

/* Scans a batch of the lane's unit. Under the lock, which it lets go. */
static void scan_batch(struct miner_stream *s)
{
    struct miner_server *v = s->server;
    struct lane *lane = s->lane;
    struct miner *m = v->miner;
    struct call *call = guard_memory(s->guard);
    uint64_t start, took, count = next_batch(s), wanted = batch_size(s, lane->unit.versions);
    bool answered;

    v->inside++;
    pthread_mutex_unlock(&m->lock);
    call->job = lane->job;
    call->count = count;
    call->first = lane->unit.nonce_first + (uint32_t)lane->unit_done;
    call->zero_bits = batch_zero_bits(lane, count * lane->unit.versions);
    start = clock_monotonic_ns();
    miner_lane_start(lane, start);
    answered = guard_call(s->guard, call_scan, (uint64_t)v->device.limit_ms * MS);
    took = clock_monotonic_ns() - start;
    /* Short ones say more about how long it takes to begin. */
    if (answered && call->result == MINER_SCAN_DONE && count >= wanted / 2)
        miner_lane_learn(lane, count * lane->unit.versions, took);
    pthread_mutex_lock(&m->lock);
    v->inside--;
    if (answered)
        take_answer(s, call);
    else if (!m->ending)
        fail_hung(v);
}

/* ---- the thread ---- */

/* The next step of a lane that may go on. Under the lock, which it lets go. */
static void step(struct miner_stream *s)
{
    struct lane *lane = s->lane;
    struct miner *m = lane->miner;

    if (lane->has_unit && lane->unit_done < lane->unit.nonce_count) {
        scan_batch(s);
        return;
    }
    pthread_mutex_unlock(&m->lock);
    if (lane->has_unit) {
        miner_lane_finish(lane);
    } else {
        uint64_t nonces = UNIT_BATCHES * batch_size(s, lane->assignment->space.set_size);

        lane->drained = !miner_lane_next(lane, nonces);
    }
    pthread_mutex_lock(&m->lock);
}

static void *serve(void *arg)
{
    struct miner_stream *s = arg;
    struct lane *lane = s->lane;
    struct miner *m = lane->miner;

    pthread_mutex_lock(&m->lock);
    while (!m->ending) {
        bool going = miner_lane_update(m, lane);

        if (s->server->stats.state != MINER_DEVICE_RUNNING) {
            if (!m->ending && !lane->hits.count)
                miner_lane_leave(m, lane);
            if (!m->ending)
                mend(s);
        } else if (going) {
            step(s);
        } else if (!m->ending) {
            wait(m, 0);
        }
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

/* ---- the owner's side ---- */

static void take_defaults(struct miner_device *d)
{
    assert(d->scan && d->streams <= MINER_MAX_STREAMS);
    if (!d->streams)
        d->streams = STREAMS;
    if (!d->step)
        d->step = 1;
    if (d->ns_per_hash <= 0)
        d->ns_per_hash = FIRST_NS_PER_HASH;
    if (!d->batch_ms)
        d->batch_ms = BATCH_MS;
    if (!d->limit_ms)
        d->limit_ms = LIMIT_MS;
    if (!d->retry_ms)
        d->retry_ms = RETRY_MS;
    if (!d->tries)
        d->tries = TRIES;
}

static bool make_stream(struct miner_server *v, size_t number)
{
    struct miner_stream *s = &v->stream[number];
    struct miner *m = v->miner;
    struct call *call;

    s->server = v;
    s->limit = MINER_DEVICE_MAX_NONCES;
    s->lane = memory_alloc(sizeof(*s->lane), MEMORY_ANY_NODE, false);
    s->guard = s->lane ? guard_create(sizeof(struct call)) : NULL;
    if (!s->guard)
        return false;
    s->lane->stream = s;
    s->lane->miner = m;
    s->lane->index = m->lanes + v->index;
    s->lane->ns_per_hash = v->device.ns_per_hash * (double)v->device.streams;
    miner_duty_init(&s->lane->duty);
    call = guard_memory(s->guard);
    call->device = v->device;
    call->stream = number;
    return true;
}

bool miner_devices_create(struct miner *m, const struct miner_device *devices, size_t count)
{
    assert(count <= MINER_MAX_DEVICES);
    if (!count)
        return true;
    m->server = calloc(count, sizeof(*m->server));
    if (!m->server)
        return false;
    m->devices = count;
    for (size_t i = 0; i < count; i++) {
        struct miner_server *v = &m->server[i];

        v->miner = m;
        v->device = devices[i];
        v->index = i;
        take_defaults(&v->device);
        for (size_t k = 0; k < v->device.streams; k++, m->streams++)
            if (!make_stream(v, k))
                return false;
    }
    return true;
}

bool miner_devices_start(struct miner *m)
{
    sigset_t all, old;
    int error = 0;

    /* Signals are the program's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (size_t i = 0; i < m->devices && !error; i++) {
        struct miner_server *v = &m->server[i];

        v->running_ns = clock_monotonic_ns();
        for (size_t k = 0; k < v->device.streams && !error; k++) {
            error = pthread_create(&v->stream[k].thread, NULL, serve, &v->stream[k]);
            v->stream[k].started = !error;
        }
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = error;
    return !error;
}

void miner_devices_end(struct miner *m)
{
    pthread_mutex_lock(&m->lock);
    pthread_cond_broadcast(&m->wake);
    pthread_mutex_unlock(&m->lock);
    for (size_t i = 0; i < m->devices; i++)
        for (size_t k = 0; k < m->server[i].device.streams; k++)
            guard_hurry(m->server[i].stream[k].guard, (uint64_t)END_MS * MS);
    for (size_t i = 0; i < m->devices; i++)
        for (size_t k = 0; k < m->server[i].device.streams; k++) {
            struct miner_stream *s = &m->server[i].stream[k];

            if (s->started)
                pthread_join(s->thread, NULL);
            miner_release(miner_let_go(s->lane->assignment));
        }
}

void miner_devices_free(struct miner *m)
{
    for (size_t i = 0; i < m->devices; i++)
        for (size_t k = 0; k < m->server[i].device.streams; k++) {
            struct miner_stream *s = &m->server[i].stream[k];

            if (s->guard)
                guard_destroy(s->guard);
            if (s->lane)
                memory_free(s->lane, sizeof(*s->lane));
        }
    free(m->server);
}

size_t miner_devices(const struct miner *m) { return m->devices; }

struct miner_device_stats miner_device_stats(const struct miner *m, size_t device)
{
    struct miner *locked = (struct miner *)m; /* the lock alone changes */
    struct miner_device_stats stats;

    assert(device < m->devices);
    pthread_mutex_lock(&locked->lock);
    stats = m->server[device].stats;
    pthread_mutex_unlock(&locked->lock);
    return stats;
}

struct miner_lane_stats miner_device_lane_stats(const struct miner *m, size_t device)
{
    const struct miner_server *v = &m->server[device];
    struct miner_lane_stats sum = {0};

    for (size_t k = 0; k < v->device.streams; k++) {
        const struct lane *l = v->stream[k].lane;
        uint64_t works = miner_load(&l->works), last = miner_load(&l->last_switch_ns);
        uint64_t longest = miner_load(&l->max_switch_ns);

        sum.hashes += meter_count(&l->hashes);
        sum.works = works > sum.works ? works : sum.works;
        sum.last_switch_ns = last > sum.last_switch_ns ? last : sum.last_switch_ns;
        sum.max_switch_ns = longest > sum.max_switch_ns ? longest : sum.max_switch_ns;
    }
    return sum;
}
