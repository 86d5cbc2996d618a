/*
 * Devices beside the workers: fake ones that search as they should, and others
 * that fail, lie, lose, hang and are slow. What is to be shown of all of them:
 * every header is searched once and every hit found once, whatever they do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "tests/unit/engine/miner_support.h"

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCES = 40000, HIT_BITS = 7 };

struct fake;
typedef enum miner_scan trouble_fn(struct fake *fake, unsigned call, struct search_hits *hits,
                                   const struct search_job *job, uint32_t first, uint64_t count,
                                   enum miner_scan good);

/* A device that searches as the generic kernel does; then trouble makes something else of its answer. */
struct fake {
    trouble_fn *trouble; /* NULL: none */
    atomic_uint calls, restarts, inside;
    atomic_bool held, restart_held; /* scans and restarts do not return until these are false */
    bool mends;                     /* restarting succeeds */
    unsigned told[3]; /* how often each state was told; by the device's threads under the lock */
    pthread_mutex_t lock;
};

static struct fake make_fake(trouble_fn *trouble)
{
    return (struct fake){.trouble = trouble, .mends = true, .lock = PTHREAD_MUTEX_INITIALIZER};
}

static enum miner_scan fake_scan(void *arg, size_t stream, struct search_hits *hits,
                                 const struct search_job *job, unsigned zero_bits, uint32_t first,
                                 uint64_t count, char text[static MINER_DEVICE_TEXT_SIZE])
{
    struct fake *fake = arg;
    unsigned call = atomic_fetch_add(&fake->calls, 1);
    struct search_job loose = *job;
    enum miner_scan result;

    assert_true(stream < MINER_MAX_STREAMS && zero_bits <= 32 && count >= 1);
    assert_true(first + count <= (uint64_t)1 << 32);
    atomic_fetch_add(&fake->inside, 1);
    while (atomic_load(&fake->held))
        sleep_ms(1);
    loose.target = uint256_shift_right(uint256_not(uint256_from_u64(0)), zero_bits);
    loose.target_top = (uint32_t)(loose.target.limb[3] >> 32);
    result = support_fastest.search_rolled->run(hits, &loose, first, count) == count
                 ? MINER_SCAN_DONE
                 : MINER_SCAN_OVERFLOW;
    if (fake->trouble)
        result = fake->trouble(fake, call, hits, job, first, count, result);
    if (result == MINER_SCAN_FAILED)
        snprintf(text, MINER_DEVICE_TEXT_SIZE, "call %u failed", call);
    atomic_fetch_sub(&fake->inside, 1);
    return result;
}

static bool fake_restart(void *arg, char text[static MINER_DEVICE_TEXT_SIZE])
{
    struct fake *fake = arg;

    assert_int_equal(atomic_fetch_add(&fake->inside, 1), 0);
    atomic_fetch_add(&fake->restarts, 1);
    while (atomic_load(&fake->restart_held))
        sleep_ms(1);
    if (!fake->mends)
        snprintf(text, MINER_DEVICE_TEXT_SIZE, "is gone");
    atomic_fetch_sub(&fake->inside, 1);
    return fake->mends;
}

static void told(void *arg, size_t device, enum miner_device_state state, const char *text)
{
    struct fake *fake = arg;

    (void)device;
    assert_true(state == MINER_DEVICE_RUNNING || text[0]);
    pthread_mutex_lock(&fake->lock);
    fake->told[state]++;
    pthread_mutex_unlock(&fake->lock);
}

/*
 * Batches of some hundred nonces, so that there are many. Failures are forgotten
 * after 6 s without one, which a loaded machine must not take between two.
 */
static struct miner_device device_of(struct fake *fake)
{
    return (struct miner_device){
        .name = "fake",
        .arg = fake,
        .scan = fake_scan,
        .restart = fake_restart,
        .step = 64,
        .batch_ms = 1,
        .retry_ms = 10,
    };
}

/* Everything that observers see and owners are told goes to one fake, the first. */
static struct miner *make(struct pool *pool, struct miner_device *devices, size_t count)
{
    char error[MINER_ERROR_SIZE];
    struct miner *miner = miner_create(pool,
                                       &(struct miner_options){.kernels = &support_fastest,
                                                               .unit_nonces = 1000,
                                                               .observe_fn = support_observe,
                                                               .devices = devices,
                                                               .device_count = count,
                                                               .told_fn = told,
                                                               .told_arg = devices[0].arg},
                                       error);

    if (!miner)
        fail_msg("%s", error);
    return miner;
}

/* ---- all of a work, once ---- */

static struct miner_work whole_work(uint64_t tag)
{
    struct miner_work work = make_work(tag, HIT_BITS);

    work.nonce_first = UINT32_MAX - NONCES + 1;
    work.version_mask = 0x1e000000;
    return work;
}

/* Which nonces hit, under any of a work's versions, how often, by the generic kernel. */
static void expect_hits(unsigned char *hits, const struct miner_work *work)
{
    uint32_t versions[SEARCH_MAX_VERSIONS];
    struct search_hits found;
    struct search_job job;
    uint8_t header[80];

    memcpy(header, work->header, 80);
    extranonce_header(NULL, 0, header);
    for (uint32_t i = 0; i < SEARCH_MAX_VERSIONS; i++)
        versions[i] = 0x20000000 ^ i << 25;
    search_job_init(&job, header, versions, SEARCH_MAX_VERSIONS, work->target,
                    support_fastest.sha256_compress->run);
    memset(hits, 0, NONCES);
    for (uint64_t done = 0; done < NONCES;) {
        done += support_fastest.search_rolled->run(&found, &job, work->nonce_first + (uint32_t)done,
                                                   NONCES - done);
        for (size_t i = 0; i < found.count; i++)
            hits[found.hit[i].nonce - work->nonce_first]++;
    }
}

/* What was searched is the work without gap or overlap. */
static void expect_all_searched(void)
{
    uint64_t nonces = 0;

    sort_seen();
    for (size_t i = 0; i < seen.count; i++) {
        const struct miner_range *r = &seen.ranges[i];
        bool follows = i && same_place(r, r - 1);

        assert_int_equal(r->versions, SEARCH_MAX_VERSIONS);
        assert_int_equal(r->nonce_first,
                         follows ? r[-1].nonce_first + r[-1].nonce_count : UINT32_MAX - NONCES + 1);
        nonces += r->nonce_count;
    }
    assert_int_equal(nonces, NONCES);
}

/* Searches a whole work, to its end. */
static void search_whole(struct miner *miner)
{
    static unsigned char want[NONCES];
    struct miner_work work = whole_work(77);
    struct miner_event event;

    expect_hits(want, &work);
    assert_true(miner_set_work(miner, &work));
    while ((event = next_event(miner)).type == MINER_FOUND) {
        uint32_t at = read_le32(event.header + 76) - work.nonce_first;

        check_header(&event, &work);
        assert_true(event.lane < miner_lanes(miner));
        assert_true(at < NONCES && want[at] > 0);
        want[at]--;
    }
    for (size_t i = 0; i < NONCES; i++)
        assert_int_equal(want[i], 0);
    expect_all_searched();
    assert_int_equal(miner_hashes(miner), (uint64_t)NONCES * SEARCH_MAX_VERSIONS);
}

/* How much of what was seen a lane did. */
static uint64_t seen_of_lane(size_t lane)
{
    uint64_t hashes = 0;

    for (size_t i = 0; i < seen.count; i++)
        if (seen.ranges[i].lane == lane)
            hashes += seen.ranges[i].nonce_count * seen.ranges[i].versions;
    return hashes;
}

/* A whole work by one fake device with and without workers beside it; returns what came of the device. */
static struct miner_device_stats search_with(struct fake *fake, bool workers)
{
    struct miner_device device = device_of(fake);
    struct miner *miner = make(workers ? support_pool : NULL, &device, 1);
    size_t lane = miner_lanes(miner) - 1;
    struct miner_device_stats stats;

    assert_int_equal(miner_devices(miner), 1);
    assert_int_equal(lane, workers ? pool_workers(support_pool) : 0);
    search_whole(miner);
    assert_int_equal(miner_lane_stats(miner, lane).hashes, seen_of_lane(lane));
    stats = miner_device_stats(miner, 0);
    miner_destroy(miner);
    forget_seen();
    return stats;
}

static void searches_everything_once(void **state)
{
    (void)state;
    for (int workers = 0; workers < 2; workers++) {
        struct fake fake = make_fake(NULL);
        struct miner_device_stats stats = search_with(&fake, workers);

        assert_int_equal(stats.state, MINER_DEVICE_RUNNING);
        assert_int_equal(stats.failures + stats.errors, 0);
        assert_string_equal(stats.text, "");
        assert_int_equal(atomic_load(&fake.restarts), 0);
        if (!workers) {
            assert_true(stats.expected > 100);
            assert_true((double)stats.found > stats.expected / 2);
            assert_true((double)stats.found < stats.expected * 2);
        }
    }
}

static void shares_a_work_among_devices(void **state)
{
    struct fake fakes[3] = {make_fake(NULL), make_fake(NULL), make_fake(NULL)};
    struct miner_device devices[3];
    struct miner *miner;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        devices[i] = device_of(&fakes[i]);
        devices[i].streams = 1 + i;
    }
    miner = make(support_pool, devices, 3);
    assert_int_equal(miner_lanes(miner), pool_workers(support_pool) + 3);
    search_whole(miner);
    miner_destroy(miner);
    forget_seen();
}

/* ---- failures ---- */

static enum miner_scan every_ninth_fails(struct fake *fake, unsigned call, struct search_hits *hits,
                                         const struct search_job *job, uint32_t first,
                                         uint64_t count, enum miner_scan good)
{
    (void)fake, (void)hits, (void)job, (void)first, (void)count;
    return call % 9 == 8 ? MINER_SCAN_FAILED : good;
}

/* It fails in the middle of ranges, again and again, and comes back each time; nobody else is there to help. */
static void loses_nothing_when_a_device_fails(void **state)
{
    struct fake fake = make_fake(every_ninth_fails);
    struct miner_device device = device_of(&fake);
    struct miner *miner;
    struct miner_device_stats stats;

    (void)state;
    device.tries = 1000000;
    device.retry_ms = 1;
    miner = make(NULL, &device, 1);
    search_whole(miner);
    stats = miner_device_stats(miner, 0);
    miner_destroy(miner);
    forget_seen();
    assert_true(stats.failures >= 3);
    assert_int_equal(fake.told[MINER_DEVICE_GIVEN_UP], 0);
    assert_true(fake.told[MINER_DEVICE_FAILED] >= 3);
    assert_true(atomic_load(&fake.restarts) + 1 >= stats.failures);
}

/* The first call fails once there is a second, which goes on for some time after that. */
static enum miner_scan first_fails_beside_second(struct fake *fake, unsigned call,
                                                 struct search_hits *hits,
                                                 const struct search_job *job, uint32_t first,
                                                 uint64_t count, enum miner_scan good)
{
    unsigned told = 0;

    (void)hits, (void)job, (void)first, (void)count;
    while (call == 0 && atomic_load(&fake->calls) < 2)
        sleep_ms(1);
    while (call == 1 && !told) {
        sleep_ms(1);
        pthread_mutex_lock(&fake->lock);
        told = fake->told[MINER_DEVICE_FAILED];
        pthread_mutex_unlock(&fake->lock);
    }
    if (call == 1)
        sleep_ms(50); /* the device would be restarted by now */
    return call == 0 ? MINER_SCAN_FAILED : good;
}

/* A device is not restarted while one of its streams is in a call (fake_restart). */
static void restarts_when_no_stream_scans(void **state)
{
    struct fake fake = make_fake(first_fails_beside_second);

    (void)state;
    assert_int_equal(search_with(&fake, false).failures, 1);
    assert_int_equal(atomic_load(&fake.restarts), 1);
}

static enum miner_scan always_fails(struct fake *fake, unsigned call, struct search_hits *hits,
                                    const struct search_job *job, uint32_t first, uint64_t count,
                                    enum miner_scan good)
{
    (void)fake, (void)call, (void)hits, (void)job, (void)first, (void)count, (void)good;
    return MINER_SCAN_FAILED;
}

static enum miner_scan fails_after_some(struct fake *fake, unsigned call, struct search_hits *hits,
                                        const struct search_job *job, uint32_t first,
                                        uint64_t count, enum miner_scan good)
{
    (void)fake, (void)hits, (void)job, (void)first, (void)count;
    return call >= 2 ? MINER_SCAN_FAILED : good;
}

/* Until a device is given up, as it must be sooner or later. */
static void await_given_up(struct miner *miner)
{
    for (int i = 0; miner_device_stats(miner, 0).state != MINER_DEVICE_GIVEN_UP; i++) {
        if (i == 60000)
            fail_msg("the device is not given up");
        sleep_ms(1);
    }
}

static void gives_up_what_fails_too_often(void **state)
{
    trouble_fn *const troubles[] = {always_fails, fails_after_some};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct fake fake = make_fake(troubles[i % 2]);
        struct miner_device device = device_of(&fake);
        struct miner *miner = make(support_pool, &device, 1);
        struct miner_work work = make_work(1, 256);
        uint64_t start = clock_monotonic_ns();

        fake.mends = i < 2;
        /* Something to do as long as it takes, then a whole work without the device. */
        assert_true(miner_set_work(miner, &work));
        await_given_up(miner);
        assert_int_equal(miner_device_stats(miner, 0).failures, 6);
        assert_int_equal(atomic_load(&fake.restarts), 5);
        /* It waited twice as long each time, from retry_ms on. */
        assert_true(clock_monotonic_ns() - start >= 310000000);
        assert_non_null(
            strstr(miner_device_stats(miner, 0).text, fake.mends ? " failed" : "is gone"));
        miner_clear_work(miner);
        miner_destroy(miner);
        forget_seen();
    }
}

static enum miner_scan every_second_fails(struct fake *fake, unsigned call,
                                          struct search_hits *hits, const struct search_job *job,
                                          uint32_t first, uint64_t count, enum miner_scan good)
{
    (void)fake, (void)hits, (void)job, (void)first, (void)count;
    if (call % 2)
        return MINER_SCAN_FAILED;
    sleep_ms(650); /* longer than 600 times retry_ms */
    return good;
}

static void forgets_old_failures(void **state)
{
    struct fake fake = make_fake(every_second_fails);
    struct miner_device device = device_of(&fake);
    struct miner_work work = make_work(1, 256);
    struct miner *miner;

    (void)state;
    device.streams = 1;
    device.retry_ms = 1;
    device.tries = 2;
    miner = make(NULL, &device, 1);
    assert_true(miner_set_work(miner, &work));
    while (atomic_load(&fake.restarts) < 3) {
        assert_true(miner_device_stats(miner, 0).state != MINER_DEVICE_GIVEN_UP);
        sleep_ms(1);
    }
    miner_destroy(miner);
    forget_seen();
}

/* The same device at the start of a whole work: workers do all that it had taken. */
static void workers_do_what_a_lost_device_had(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct fake fake = make_fake(i % 2 ? always_fails : fails_after_some);

        fake.mends = false;
        search_with(&fake, true);
    }
}

/* ---- lies ---- */

static enum miner_scan wrong_nonces(struct fake *fake, unsigned call, struct search_hits *hits,
                                    const struct search_job *job, uint32_t first, uint64_t count,
                                    enum miner_scan good)
{
    (void)fake, (void)job, (void)call, (void)count;
    if (hits->count)
        hits->hit[0].nonce = first + (hits->hit[0].nonce + 1 - first) % (uint32_t)count;
    return good;
}

static enum miner_scan nonces_of_others(struct fake *fake, unsigned call, struct search_hits *hits,
                                        const struct search_job *job, uint32_t first,
                                        uint64_t count, enum miner_scan good)
{
    (void)fake, (void)job, (void)call, (void)first;
    for (size_t i = 0; i < hits->count; i++)
        hits->hit[i].nonce -= (uint32_t)count;
    return good;
}

static enum miner_scan wrong_versions(struct fake *fake, unsigned call, struct search_hits *hits,
                                      const struct search_job *job, uint32_t first, uint64_t count,
                                      enum miner_scan good)
{
    (void)fake, (void)call, (void)job, (void)first, (void)count;
    for (size_t i = 0; i < hits->count; i++)
        hits->hit[i].version ^= 1;
    return good;
}

static enum miner_scan everything_twice(struct fake *fake, unsigned call, struct search_hits *hits,
                                        const struct search_job *job, uint32_t first,
                                        uint64_t count, enum miner_scan good)
{
    (void)fake, (void)call, (void)job, (void)first, (void)count;
    if (hits->count > SEARCH_MAX_HITS / 2)
        hits->count = SEARCH_MAX_HITS / 2;
    memcpy(hits->hit + hits->count, hits->hit, hits->count * sizeof(hits->hit[0]));
    hits->count *= 2;
    return good;
}

static enum miner_scan too_many(struct fake *fake, unsigned call, struct search_hits *hits,
                                const struct search_job *job, uint32_t first, uint64_t count,
                                enum miner_scan good)
{
    (void)fake, (void)call, (void)job, (void)first, (void)count, (void)good;
    hits->count = SIZE_MAX;
    return MINER_SCAN_DONE;
}

static enum miner_scan lies_now_and_then(struct fake *fake, unsigned call, struct search_hits *hits,
                                         const struct search_job *job, uint32_t first,
                                         uint64_t count, enum miner_scan good)
{
    return call % 2 ? good : wrong_nonces(fake, call, hits, job, first, count, good);
}

static void believes_no_lies(void **state)
{
    trouble_fn *const lies[] = {wrong_nonces,     nonces_of_others, wrong_versions,
                                everything_twice, too_many,         lies_now_and_then};

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct fake fake = make_fake(lies[i]);

        search_with(&fake, true);
    }
}

/* With time enough each of them is caught, counted and given up. */
static void gives_up_liars(void **state)
{
    trouble_fn *const lies[] = {wrong_nonces, nonces_of_others, wrong_versions, everything_twice};

    (void)state;
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct fake fake = make_fake(lies[i]);
        struct miner_device device = device_of(&fake);
        struct miner *miner = make(NULL, &device, 1);
        struct miner_work work = make_work(1, 256);

        assert_true(miner_set_work(miner, &work));
        await_given_up(miner);
        assert_true(miner_device_stats(miner, 0).errors > 0);
        miner_destroy(miner);
        forget_seen();
    }
}

static enum miner_scan loses_two_of_three(struct fake *fake, unsigned call,
                                          struct search_hits *hits, const struct search_job *job,
                                          uint32_t first, uint64_t count, enum miner_scan good)
{
    size_t kept = 0;

    (void)fake, (void)job, (void)call, (void)first, (void)count;
    for (size_t i = 0; i < hits->count; i++)
        if (hits->hit[i].nonce % 3 == 0)
            hits->hit[kept++] = hits->hit[i];
    hits->count = kept;
    return good;
}

/* A device that finds too little is found out, though all that it says is true. */
static void notices_lost_hits(void **state)
{
    struct fake fake = make_fake(loses_two_of_three);
    struct miner_device device = device_of(&fake);
    struct miner *miner = make(NULL, &device, 1);
    struct miner_work work = make_work(1, 256);
    struct miner_device_stats stats;

    (void)state;
    assert_true(miner_set_work(miner, &work));
    await_given_up(miner);
    stats = miner_device_stats(miner, 0);
    assert_non_null(strstr(stats.text, "are to be expected"));
    assert_int_equal(stats.errors, 0);
    miner_destroy(miner);
    forget_seen();
}

static enum miner_scan small_ones_only(struct fake *fake, unsigned call, struct search_hits *hits,
                                       const struct search_job *job, uint32_t first, uint64_t count,
                                       enum miner_scan good)
{
    (void)fake, (void)hits, (void)job, (void)first, (void)call;
    return count > 3 ? MINER_SCAN_OVERFLOW : good;
}

/* Batches that had too much in them are done in parts; a target that all hashes meet makes many. */
static void does_in_parts_what_overflows(void **state)
{
    struct fake fake = make_fake(small_ones_only);
    struct miner_device device = device_of(&fake);
    struct miner *miner;
    struct miner_work work = make_work(5, 0);
    struct miner_event event;
    size_t hits = 0;

    (void)state;
    search_with(&fake, false);
    fake = make_fake(NULL);
    miner = make(NULL, &device, 1);
    work.nonce_count = 3000;
    work.version_mask = 0x1e000000;
    assert_true(miner_set_work(miner, &work));
    while ((event = next_event(miner)).type == MINER_FOUND)
        hits++;
    assert_int_equal(hits, 3000 * SEARCH_MAX_VERSIONS);
    assert_int_equal(miner_device_stats(miner, 0).failures, 0);
    miner_destroy(miner);
    forget_seen();
}

/* ---- time ---- */

/* A call that does not return: others do its part, and nothing waits for it. */
static void leaves_a_device_that_hangs(void **state)
{
    static struct fake fake; /* outlives the miner, as a device must whose call was left behind */
    struct miner_device device = device_of(&fake);
    bool hung = false;

    (void)state;
    device.limit_ms = 20;
    /* Where the workers are done before the device has begun, it is not asked at all. */
    for (int tries = 0; !hung; tries++) {
        struct miner *miner;

        assert_true(tries < 100);
        fake = make_fake(NULL);
        atomic_store(&fake.held, true);
        miner = make(support_pool, &device, 1);
        search_whole(miner);
        hung = atomic_load(&fake.calls) > 0;
        if (hung) {
            await_given_up(miner);
            assert_non_null(strstr(miner_device_stats(miner, 0).text, "did not answer"));
        }
        miner_destroy(miner);
        forget_seen();
    }
    atomic_store(&fake.held, false);
    while (atomic_load(&fake.inside))
        sleep_ms(1);
}

/*
 * At the end a call under way, a scan or a restart, has ten seconds; that it is
 * then left behind is no failure of the device.
 */
static void ends_though_a_call_hangs(void **state)
{
    static struct fake fakes[2];

    (void)state;
    if (!getenv("EXS_LONG")) {
        print_message("skipped: takes 20 seconds, which EXS_LONG=1 grants\n");
        skip();
    }
    for (int i = 0; i < 2; i++) {
        struct fake *fake = &fakes[i];
        struct miner_device device = device_of(fake);
        struct miner_work work = make_work(1, 256);
        struct miner *miner;

        *fake = make_fake(i ? always_fails : NULL);
        atomic_store(i ? &fake->restart_held : &fake->held, true);
        device.streams = 1;
        miner = make(NULL, &device, 1);
        assert_true(miner_set_work(miner, &work));
        while (!atomic_load(i ? &fake->restarts : &fake->inside))
            sleep_ms(1);
        miner_destroy(miner);
        assert_int_equal(fake->told[MINER_DEVICE_GIVEN_UP], 0);
        atomic_store(i ? &fake->restart_held : &fake->held, false);
        while (atomic_load(&fake->inside))
            sleep_ms(1);
        forget_seen();
    }
}

/* Sets work until the device, which is held, has a part of it; returns how many that took. */
static uint64_t give_held_device_work(struct miner *miner, struct fake *fake,
                                      struct miner_work *work)
{
    for (uint64_t works = 1;; works++) {
        struct miner_event event = {.type = MINER_FOUND};

        forget_seen();
        assert_true(miner_set_work(miner, work));
        while (event.type != MINER_EXHAUSTED && !atomic_load(&fake->inside)) {
            sleep_ms(1);
            (void)!miner_poll(miner, &event);
        }
        if (event.type != MINER_EXHAUSTED)
            return works;
    }
}

/* A work is not at its end before the slowest is done with its part. */
static void waits_for_a_slow_device(void **state)
{
    struct fake fake = make_fake(NULL);
    struct miner_device device = device_of(&fake);
    struct miner *miner = make(support_pool, &device, 1);
    struct miner_work work = whole_work(1);
    struct miner_event event;

    (void)state;
    atomic_store(&fake.held, true);
    work.target = uint256_from_u64(0);
    give_held_device_work(miner, &fake, &work);
    sleep_ms(50);
    assert_false(miner_poll(miner, &event));
    atomic_store(&fake.held, false);
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);
    expect_all_searched();
    miner_destroy(miner);
    forget_seen();
}

/* What a batch finds that new work has overtaken is of the old work, and stale; the new is then searched. */
static void takes_new_work(void **state)
{
    struct fake fake = make_fake(NULL);
    struct miner_device device = device_of(&fake);
    struct miner *miner = make(NULL, &device, 1);
    struct miner_work work = make_work(2, 3);
    struct miner_event event;

    (void)state;
    atomic_store(&fake.held, true);
    assert_int_equal(give_held_device_work(miner, &fake, &work), 1);
    work = make_work(3, 256);
    assert_true(miner_set_work(miner, &work));
    atomic_store(&fake.held, false);
    event = next_event(miner);
    assert_int_equal(event.type, MINER_FOUND);
    while (miner_lane_stats(miner, 0).works < 2) {
        assert_true(event.tag == 2 && event.stale);
        if (!miner_poll(miner, &event))
            sleep_ms(1);
    }
    assert_true(miner_lane_stats(miner, 0).last_switch_ns > 0);
    miner_destroy(miner);
    forget_seen();
}

static void pauses_and_goes_on(void **state)
{
    struct fake fake = make_fake(NULL);
    struct miner_device device = device_of(&fake);
    struct miner *miner = make(NULL, &device, 1);
    struct miner_work work = make_work(1, 256);

    (void)state;
    assert_true(miner_set_work(miner, &work));
    for (int i = 0; i < 3; i++) {
        uint64_t hashes = miner_hashes(miner);

        while (miner_hashes(miner) == hashes)
            sleep_ms(1);
        miner_pause(miner);
        assert_true(becomes_idle());
        hashes = miner_hashes(miner);
        sleep_ms(20);
        assert_int_equal(miner_hashes(miner), hashes);
        miner_resume(miner);
    }
    assert_true(miner_set_duty(miner, 0, 0)); /* of no effect on a device */
    miner_destroy(miner);
    forget_seen();
}

static void ends_at_any_time(void **state)
{
    trouble_fn *const troubles[] = {NULL, every_ninth_fails, wrong_versions};

    (void)state;
    atomic_store(&releases, 0);
    for (uint64_t i = 0; i < 120; i++) {
        struct fake fake = make_fake(troubles[i % 3]);
        struct miner_device device = device_of(&fake);
        struct miner *miner = make(i % 2 ? support_pool : NULL, &device, 1);
        struct miner_work work = make_work(i, (unsigned)(i % 20));

        if (i % 4)
            assert_true(miner_set_work(miner, &work));
        if (i % 5 == 0)
            miner_pause(miner);
        if (i % 7 == 0)
            sleep_ms(1);
        miner_destroy(miner);
        forget_seen();
    }
    assert_int_equal(atomic_load(&releases), 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_everything_once),
        cmocka_unit_test(shares_a_work_among_devices),
        cmocka_unit_test(loses_nothing_when_a_device_fails),
        cmocka_unit_test(restarts_when_no_stream_scans),
        cmocka_unit_test(gives_up_what_fails_too_often),
        cmocka_unit_test(forgets_old_failures),
        cmocka_unit_test(workers_do_what_a_lost_device_had),
        cmocka_unit_test(believes_no_lies),
        cmocka_unit_test(gives_up_liars),
        cmocka_unit_test(notices_lost_hits),
        cmocka_unit_test(does_in_parts_what_overflows),
        cmocka_unit_test(leaves_a_device_that_hangs),
        cmocka_unit_test(ends_though_a_call_hangs),
        cmocka_unit_test(waits_for_a_slow_device),
        cmocka_unit_test(takes_new_work),
        cmocka_unit_test(pauses_and_goes_on),
        cmocka_unit_test(ends_at_any_time),
    };

    return cmocka_run_group_tests(tests, support_start, support_end);
}
