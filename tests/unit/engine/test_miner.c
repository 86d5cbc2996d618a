/*
 * The mining search: what was searched is told by the observer and compared
 * with what should have been; what was found is hashed again with OpenSSL.
 */
#include "engine/miner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#include <cmocka.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const uint64_t ms = 1000000;
static const uint64_t round_ns = 3000000000;
static const uint32_t bip320 = 0x1fffe000;

static struct topology topology;
static struct pool *pool;
static struct kernels fastest;

static void sleep_ms(long n) { nanosleep(&(struct timespec){n / 1000, n % 1000 * 1000000}, NULL); }

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* How many rounds of round_ns a soak takes: a minute of them where EXS_LONG asks for it. */
static int soak_rounds(void)
{
    const char *asked = getenv("EXS_LONG");

    return asked && strcmp(asked, "1") == 0 ? 20 : 1;
}

static int start(void **state)
{
    char error[256];

    (void)state;
    if (!topology_load(&topology, &(struct topology_source){0}, error) ||
        !kernels_choose(&fastest, cpu_features(), NULL, NULL, error)) {
        print_error("%s\n", error);
        return -1;
    }
    /* At least three lanes, so that small machines have contention too. */
    pool = pool_create(&topology, &(struct pool_options){.workers = topology.workers < 3 ? 3 : 0},
                       error);
    return pool ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    pool_destroy(pool, POOL_DRAIN);
    return 0;
}

/* ---- a kernel whose hits are known beforehand ---- */

enum { FAKE_STEP = 997 }; /* every nonce that it divides hits, with every version */

/* About 20 ns a nonce, so that slices have a size that makes sense. */
static uint64_t fake_search(struct search_hits *hits, const struct search_job *job, uint32_t first,
                            uint64_t count)
{
    uint64_t start_ns = clock_monotonic_ns(), done = 0;

    hits->count = 0;
    for (; done < count; done++) {
        uint32_t nonce = first + (uint32_t)done;

        if (nonce % FAKE_STEP)
            continue;
        if (hits->count + job->versions > SEARCH_MAX_HITS)
            break;
        for (size_t v = 0; v < job->versions; v++)
            hits->hit[hits->count++] = (struct search_hit){nonce, job->version[v]};
    }
    while (clock_monotonic_ns() < start_ns + 20 * done)
        ;
    return done;
}

static const struct search_impl fake_impl = {"fake", 0, fake_search, 16};

static struct kernels fake_kernels(void)
{
    struct kernels k = kernels_generic;

    k.search = k.search_rolled = &fake_impl;
    return k;
}

/* ---- what was observed ---- */

static struct {
    pthread_mutex_t lock;
    struct miner_range *ranges;
    size_t count, room;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void observe(void *arg, const struct miner_range *range)
{
    (void)arg;
    pthread_mutex_lock(&seen.lock);
    if (seen.count == seen.room) {
        seen.room = seen.room ? 2 * seen.room : 1024;
        seen.ranges = realloc(seen.ranges, seen.room * sizeof(*seen.ranges));
        if (!seen.ranges)
            abort();
    }
    seen.ranges[seen.count++] = *range;
    pthread_mutex_unlock(&seen.lock);
}

static void forget_seen(void)
{
    free(seen.ranges);
    seen.ranges = NULL;
    seen.count = seen.room = 0;
}

/* By work, place and nonce, so that what follows each other in a unit does so here. */
static int compare_ranges(const void *left, const void *right)
{
    const struct miner_range *a = left, *b = right;
    const uint64_t keys[][2] = {
        {a->tag, b->tag},
        {a->extranonce, b->extranonce},
        {a->time, b->time},
        {a->version[0], b->version[0]},
        {a->nonce_first, b->nonce_first},
    };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i][0] != keys[i][1])
            return keys[i][0] < keys[i][1] ? -1 : 1;
    return 0;
}

static bool same_place(const struct miner_range *a, const struct miner_range *b)
{
    return a->tag == b->tag && a->extranonce == b->extranonce && a->time == b->time &&
           a->version[0] == b->version[0];
}

/* ---- works ---- */

static atomic_size_t releases, header_calls;

static void count_release(void *arg)
{
    (void)arg;
    atomic_fetch_add(&releases, 1);
}

static void extranonce_header(void *arg, uint64_t extranonce, uint8_t header[static 80])
{
    (void)arg;
    atomic_fetch_add(&header_calls, 1);
    for (size_t i = 0; i < 32; i++)
        header[36 + i] = (uint8_t)(extranonce * (2 * i + 1) >> 3 * i % 56);
}

/* A header whose every byte depends on the tag, and a target that one hash in 2^bits meets. */
static struct miner_work make_work(uint64_t tag, unsigned bits)
{
    struct miner_work work = {
        .tag = tag,
        .target = uint256_shift_right(uint256_not(uint256_from_u64(0)), bits),
        .header_fn = extranonce_header,
        .release_fn = count_release,
    };

    for (size_t i = 0; i < 80; i++)
        work.header[i] = (uint8_t)((tag * 0x9e3779b97f4a7c15u + i * 0x2545f4914f6cdd1du) >> 32);
    write_le32(work.header, 0x20000000);
    write_le32(work.header + 68, 1700000000);
    return work;
}

/* Whether a header's hash, by OpenSSL, meets the target. */
static bool meets(const uint8_t header[static 80], struct uint256 target)
{
    uint8_t hash[32];

    SHA256(header, 80, hash);
    SHA256(hash, 32, hash);
    return uint256_compare(uint256_from_le(hash), target) <= 0;
}

/* Fails unless the event's header is one of the work's space and its hash meets the target. */
static void check_header(const struct miner_event *event, const struct miner_work *work)
{
    uint8_t want[80];

    memcpy(want, work->header, 80);
    if (work->header_fn)
        work->header_fn(work->arg, event->extranonce, want);
    assert_int_equal((read_le32(event->header) ^ read_le32(want)) & ~work->version_mask, 0);
    assert_memory_equal(event->header + 4, want + 4, 64);
    assert_true(read_le32(event->header + 68) - read_le32(want + 68) <= work->extra_seconds);
    assert_memory_equal(event->header + 72, want + 72, 4);
    assert_true(meets(event->header, work->target));
}

static struct miner *make_miner(const struct kernels *kernels, uint64_t unit_nonces)
{
    char error[MINER_ERROR_SIZE];
    struct miner *miner =
        miner_create(pool,
                     &(struct miner_options){
                         .kernels = kernels, .unit_nonces = unit_nonces, .observe_fn = observe},
                     error);

    if (!miner)
        fail_msg("%s", error);
    return miner;
}

/* The next event, waited for on the file descriptor as a main loop would. */
static struct miner_event next_event(struct miner *miner)
{
    struct miner_event event;

    while (!miner_poll(miner, &event)) {
        struct pollfd fd = {.fd = miner_fd(miner), .events = POLLIN};

        if (poll(&fd, 1, 30000) <= 0)
            fail_msg("nothing happened in 30 seconds");
    }
    return event;
}

/* ---- exactly once ---- */

struct space_case {
    const char *name;
    uint32_t version_mask, extra_seconds, nonce_first;
    uint64_t nonce_count, extranonce_first, extranonce_last, unit_nonces;
    uint32_t time;
};

static const struct space_case space_cases[] = {
    {"one nonce", 0, 0, 7, 1, 0, 0, 0, 0},
    {"the last nonces", 0, 0, 0xffffff00, 0, 0, 0, 64, 0},
    {"units that do not divide the range", 0, 0, 100, 1001, 0, 0, 37, 0},
    {"units of one nonce", 0, 1, 100, 50, 5, 6, 1, 0},
    {"extranonces", 0, 0, 5, 300, UINT64_MAX - 6, UINT64_MAX, 128, 0},
    {"times", 0, 5, 5, 300, 0, 1, 128, 0},
    {"times at the end of time", 0, 5, 5, 300, 0, 0, 128, UINT32_MAX - 2},
    {"two versions", 0x00800000, 1, 5, 200, 0, 1, 128, 0},
    {"sixteen versions", 0x1e000000, 1, 5, 200, 0, 1, 128, 0},
    {"sets of versions, bits apart", 0x11111101, 1, 0xfffffff0, 16, 9, 10, 5, 0},
    {"BIP320", 0x1fffe000, 0, 5, 3, 0, 0, 0, 0},
};

/* The times of a case: the clock's end cuts them. */
static uint64_t case_times(const struct space_case *c)
{
    uint64_t left = c->time ? UINT32_MAX - c->time : UINT32_MAX;

    return 1 + (c->extra_seconds < left ? c->extra_seconds : left);
}

/* Every place once, each of them from the first nonce to the last without gap or overlap. */
static void check_coverage(const struct space_case *c)
{
    uint64_t count = c->nonce_count ? c->nonce_count : ((uint64_t)1 << 32) - c->nonce_first;
    uint64_t versions = 0, want;

    qsort(seen.ranges, seen.count, sizeof(*seen.ranges), compare_ranges);
    for (size_t i = 0; i < seen.count;) {
        const struct miner_range *first = &seen.ranges[i];
        uint64_t at = c->nonce_first;

        for (; i < seen.count && same_place(first, &seen.ranges[i]); i++) {
            assert_int_equal(seen.ranges[i].nonce_first, at);
            at += seen.ranges[i].nonce_count;
        }
        if (at != c->nonce_first + count)
            fail_msg("%s: a gap at nonce %ju", c->name, (uintmax_t)at);
        /* Versions of a set differ, in allowed bits alone; sets were sorted apart. */
        for (size_t v = 0; v < first->versions; v++) {
            assert_int_equal((first->version[v] ^ 0x20000000) & ~c->version_mask, 0);
            for (size_t w = 0; w < v; w++)
                assert_int_not_equal(first->version[v], first->version[w]);
        }
        versions += first->versions;
    }
    want = case_times(c) * (c->extranonce_last - c->extranonce_first + 1)
           << __builtin_popcount(c->version_mask);
    assert_int_equal(versions, want);
}

static size_t count_hits_by_openssl(const struct miner_work *work)
{
    size_t hits = 0;

    for (size_t i = 0; i < seen.count; i++) {
        const struct miner_range *r = &seen.ranges[i];
        uint8_t header[80];

        memcpy(header, work->header, 80);
        extranonce_header(NULL, r->extranonce, header);
        write_le32(header + 68, r->time);
        for (size_t v = 0; v < r->versions; v++)
            for (uint64_t k = 0; k < r->nonce_count; k++) {
                write_le32(header, r->version[v]);
                write_le32(header + 76, r->nonce_first + (uint32_t)k);
                hits += meets(header, work->target);
            }
    }
    return hits;
}

static void search_case(const struct space_case *c, const struct kernels *kernels)
{
    struct miner *miner = make_miner(kernels, c->unit_nonces);
    struct miner_work work = make_work(42, 5);
    struct miner_event event;
    uint64_t hashes = 0;
    size_t hits = 0;

    work.version_mask = c->version_mask;
    work.extra_seconds = c->extra_seconds;
    work.nonce_first = c->nonce_first;
    work.nonce_count = c->nonce_count;
    work.extranonce_first = c->extranonce_first;
    work.extranonce_last = c->extranonce_last;
    if (c->time)
        write_le32(work.header + 68, c->time);
    atomic_store(&releases, 0);
    assert_true(miner_set_work(miner, &work));
    for (;; hits++) {
        event = next_event(miner);
        assert_int_equal(event.tag, 42);
        assert_false(event.stale);
        if (event.type == MINER_EXHAUSTED)
            break;
        check_header(&event, &work);
    }
    assert_false(miner_poll(miner, &event));
    check_coverage(c);
    assert_int_equal(hits, count_hits_by_openssl(&work));
    for (size_t i = 0; i < seen.count; i++)
        hashes += seen.ranges[i].nonce_count * seen.ranges[i].versions;
    assert_int_equal(miner_hashes(miner), hashes);
    assert_int_equal(atomic_load(&releases), 0);
    miner_destroy(miner);
    assert_int_equal(atomic_load(&releases), 1);
    forget_seen();
}

static void searches_everything_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(space_cases) / sizeof(space_cases[0]); i++) {
        search_case(&space_cases[i], &kernels_generic);
        search_case(&space_cases[i], &fastest);
    }
}

/* Without a header function another extranonce would be the same header again. */
static void needs_a_header_function_for_extranonces(void **state)
{
    struct miner *miner = make_miner(&kernels_generic, 0);
    struct miner_work work = make_work(1, 256);

    (void)state;
    work.header_fn = NULL;
    work.nonce_count = 10;
    work.extranonce_last = 5;
    assert_true(miner_set_work(miner, &work));
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);
    assert_int_equal(miner_hashes(miner), 10);
    miner_destroy(miner);
    forget_seen();
}

/* The largest space there is starts with the template itself and is not found empty. */
static void starts_the_largest_space(void **state)
{
    struct miner *miner = make_miner(&fastest, 1);
    struct miner_work work = make_work(1, 256);
    bool template = false;

    (void)state;
    work.version_mask = UINT32_MAX;
    work.extra_seconds = UINT32_MAX;
    work.extranonce_last = UINT64_MAX;
    assert_true(miner_set_work(miner, &work));
    while (miner_hashes(miner) < 1000)
        sleep_ms(1);
    miner_destroy(miner);
    for (size_t i = 0; i < seen.count; i++)
        template |= seen.ranges[i].version[0] == 0x20000000 && seen.ranges[i].nonce_first == 0 &&
                    seen.ranges[i].time == 1700000000 && seen.ranges[i].extranonce == 0;
    assert_true(template);
    forget_seen();
}

static void refuses_impossible_work(void **state)
{
    struct miner *miner = make_miner(&kernels_generic, 0);
    struct miner_work work = make_work(1, 256);

    (void)state;
    atomic_store(&releases, 0);
    work.nonce_first = 1;
    work.nonce_count = (uint64_t)1 << 32;
    assert_false(miner_set_work(miner, &work));
    work.nonce_count = 0;
    work.extranonce_first = 1;
    assert_false(miner_set_work(miner, &work));
    assert_int_equal(atomic_load(&releases), 0);
    miner_destroy(miner);
    forget_seen();
}

/* ---- results ---- */

/* One work, one result, though half of all headers would be one; then the engine sleeps. */
static void stops_at_the_first(void **state)
{
    struct miner *miner = make_miner(&fastest, 0);
    struct miner_event event;
    double used;

    (void)state;
    for (uint64_t tag = 1; tag <= 200; tag++) {
        struct miner_work work = make_work(tag, 1);

        work.stop_at_first = true;
        work.version_mask = tag % 2 ? bip320 : 0;
        assert_true(miner_set_work(miner, &work));
        event = next_event(miner);
        assert_int_equal(event.type, MINER_FOUND);
        assert_int_equal(event.tag, tag);
        assert_false(event.stale);
        check_header(&event, &work);
        assert_false(miner_poll(miner, &event));
    }
    sleep_ms(20);
    used = cpu_seconds();
    sleep_ms(200);
    used = cpu_seconds() - used;
    assert_false(miner_poll(miner, &event));
    assert_true(used < 0.003);
    miner_destroy(miner);
    forget_seen();
}

/* More results than the queue holds: the lanes wait, nothing is lost, nothing comes twice. */
static void waits_for_room(void **state)
{
    enum { NONCES = 6 * MINER_QUEUE_SIZE };
    struct miner *miner = make_miner(&fastest, 100);
    struct miner_work work = make_work(3, 0);
    bool found[NONCES] = {false};
    struct miner_event event;

    (void)state;
    work.nonce_count = NONCES;
    assert_true(miner_set_work(miner, &work));
    sleep_ms(50);
    for (size_t i = 0; i < NONCES; i++) {
        event = next_event(miner);
        assert_int_equal(event.type, MINER_FOUND);
        assert_in_range(read_le32(event.header + 76), 0, NONCES - 1);
        assert_false(found[read_le32(event.header + 76)]);
        found[read_le32(event.header + 76)] = true;
        if (i % 1000 == 0)
            sleep_ms(2);
    }
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);

    /* The same with new work while the lanes wait: the old results are all stale. */
    work.nonce_count = 0;
    work.tag = 4;
    assert_true(miner_set_work(miner, &work));
    sleep_ms(20);
    work.tag = 5;
    work.nonce_count = NONCES;
    assert_true(miner_set_work(miner, &work));
    for (size_t fresh = 0; fresh < NONCES;) {
        event = next_event(miner);
        assert_int_equal(event.type, MINER_FOUND);
        assert_int_equal(event.stale, event.tag == 4);
        fresh += !event.stale;
    }
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);
    miner_destroy(miner);
    forget_seen();
}

static bool readable(const struct miner *miner)
{
    struct pollfd fd = {.fd = miner_fd(miner), .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

static void tells_by_its_descriptor(void **state)
{
    struct miner *miner = make_miner(&fastest, 0);
    struct miner_work work = make_work(3, 0);
    struct miner_event event;

    (void)state;
    assert_false(readable(miner));
    assert_false(miner_poll(miner, &event));
    work.nonce_count = 1;
    assert_true(miner_set_work(miner, &work));
    while (!readable(miner))
        sleep_ms(1);
    assert_int_equal(next_event(miner).type, MINER_FOUND);
    assert_int_equal(next_event(miner).type, MINER_EXHAUSTED);
    assert_false(miner_poll(miner, &event));
    assert_false(readable(miner));
    miner_destroy(miner);
    forget_seen();
}

/* ---- interruptions ---- */

enum { KEPT = 4 }; /* works, by tag % KEPT: what comes late is of the last few */

struct interrupted {
    struct miner *miner;
    struct miner_work works[KEPT];
    bool real; /* hits are to be hashed again */
    size_t fresh, stale;
};

/* Takes all that is queued: results are of the works of their tags, and stale but for the current one. */
static void take_events(struct interrupted *in, uint64_t current)
{
    struct miner_event event;

    while (miner_poll(in->miner, &event)) {
        const struct miner_work *work = &in->works[event.tag % KEPT];

        assert_int_equal(event.type, MINER_FOUND);
        assert_int_equal(event.tag, work->tag);
        assert_int_equal(event.stale, event.tag != current);
        if (in->real)
            check_header(&event, work);
        in->fresh += !event.stale;
        in->stale += event.stale;
    }
}

static enum pool_result spin(struct pool_worker *worker, void *arg)
{
    uint64_t end_ns = clock_monotonic_ns() + 50000;

    (void)worker;
    (void)arg;
    while (clock_monotonic_ns() < end_ns)
        ;
    return POOL_DONE;
}

/* A task of a higher class on each worker, so that lanes yield and come back. */
static void disturb(void)
{
    struct pool_task tasks[8];
    struct pool_group group = {0};

    for (size_t i = 0; i < 8; i++) {
        pool_task_init(&tasks[i], i % 2 ? POOL_BLOCK : POOL_TRANSACTION, spin, NULL, &group);
        assert_true(pool_submit_to(pool, i % pool_workers(pool), &tasks[i]));
    }
    assert_true(pool_group_wait(&group));
}

/*
 * What is left of every work that was interrupted: its units in order without
 * one left out, each from its start without a gap, and not more of them
 * unfinished than there are lanes. Returns how many hits the fake kernel had in
 * them.
 */
static uint64_t check_prefixes(const struct miner *miner, uint64_t unit_nonces)
{
    uint64_t hits = 0;

    qsort(seen.ranges, seen.count, sizeof(*seen.ranges), compare_ranges);
    for (size_t i = 0; i < seen.count;) {
        uint64_t tag = seen.ranges[i].tag, unit_end = 0, at = 0;
        size_t unfinished = 0;

        for (; i < seen.count && seen.ranges[i].tag == tag; i++) {
            const struct miner_range *r = &seen.ranges[i];

            assert_int_equal(r->extranonce, 0);
            assert_int_equal(r->time, 1700000000);
            assert_int_equal(r->version[0], 0x20000000);
            if (r->nonce_first != at || at == unit_end) {
                unfinished += at != unit_end;
                assert_int_equal(r->nonce_first, unit_end);
                at = unit_end;
                unit_end += unit_nonces;
            }
            at += r->nonce_count;
            assert_true(at <= unit_end);
            for (uint32_t k = 0; k < r->nonce_count; k++)
                hits += (r->nonce_first + k) % FAKE_STEP == 0 ? r->versions : 0;
        }
        unfinished += at != unit_end;
        assert_true(unfinished <= miner_lanes(miner));
    }
    return hits;
}

/* New work 100 times a second. */
static void interrupt(const struct kernels *kernels, bool real, uint64_t unit_nonces, uint32_t mask)
{
    struct interrupted in = {.miner = make_miner(kernels, unit_nonces), .real = real};
    uint64_t start_ns = clock_monotonic_ns(), tag = 0, hits;

    atomic_store(&releases, 0);
    while (clock_monotonic_ns() - start_ns < round_ns) {
        struct miner_work *work = &in.works[++tag % KEPT];

        *work = make_work(tag, 17);
        work->version_mask = mask;
        assert_true(miner_set_work(in.miner, work));
        if (!real && tag % 2)
            disturb();
        while (clock_monotonic_ns() - start_ns < tag * 10 * ms) {
            take_events(&in, tag);
            sleep_ms(1);
        }
    }
    /* The rest is stale, with nothing current; wait until the lanes have dropped it. */
    miner_clear_work(in.miner);
    while (atomic_load(&releases) < tag) {
        take_events(&in, 0);
        sleep_ms(1);
    }
    take_events(&in, 0);
    print_message("%ju works: %zu results, %zu stale ones\n", (uintmax_t)tag, in.fresh, in.stale);
    assert_true(in.fresh > 0);
    hits = check_prefixes(in.miner, unit_nonces);
    if (!real)
        assert_int_equal(in.fresh + in.stale, hits);
    miner_destroy(in.miner);
    assert_int_equal(atomic_load(&releases), tag);
    forget_seen();
}

/* Real headers: every result is a hit of the very work that its tag names, and no stale one is fresh. */
static void survives_interruptions(void **state)
{
    (void)state;
    for (int i = 0; i < soak_rounds(); i++)
        interrupt(&fastest, true, 1 << 16, bip320);
}

/* With a kernel whose hits are known, and higher classes in between: no nonce and no hit is lost. */
static void loses_no_nonce(void **state)
{
    struct kernels fake = fake_kernels();

    (void)state;
    for (int i = 0; i < soak_rounds(); i++)
        interrupt(&fake, false, 5000, 0);
}

/* One work to its end through disturbances and pauses: every hit of the fake kernel comes, once. */
static void finishes_what_was_interrupted(void **state)
{
    enum { NONCES = 2000 * FAKE_STEP };
    struct kernels fake = fake_kernels();
    struct miner *miner = make_miner(&fake, 50000);
    struct miner_work work = make_work(9, 0);
    static unsigned char times[2000];
    struct miner_event event = {0};
    double used;

    (void)state;
    memset(times, 0, sizeof(times));
    work.nonce_count = NONCES;
    assert_true(miner_set_work(miner, &work));
    for (int i = 0; event.type != MINER_EXHAUSTED; i++) {
        uint64_t hashes;

        disturb();
        miner_pause(miner);
        sleep_ms(i ? 2 : 50); /* enough for the slices under way */
        hashes = miner_hashes(miner);
        used = cpu_seconds();
        sleep_ms(i ? 2 : 200);
        used = cpu_seconds() - used;
        if (i == 0) {
            assert_int_equal(miner_hashes(miner), hashes);
            assert_true(used < 0.003);
        }
        miner_resume(miner);
        while (miner_poll(miner, &event) && event.type != MINER_EXHAUSTED) {
            uint32_t nonce = read_le32(event.header + 76);

            assert_int_equal(nonce % FAKE_STEP, 0);
            times[nonce / FAKE_STEP]++;
        }
    }
    for (size_t i = 0; i < sizeof(times); i++)
        assert_int_equal(times[i], 1);
    assert_int_equal(miner_hashes(miner), NONCES);
    miner_destroy(miner);
    forget_seen();
}

/* Work that comes while all is paused waits, and is then what is searched. */
static void takes_work_while_paused(void **state)
{
    struct miner *miner = make_miner(&fastest, 0);
    struct miner_work work = make_work(1, 256);
    struct miner_event event;

    (void)state;
    atomic_store(&releases, 0);
    assert_true(miner_set_work(miner, &work));
    miner_pause(miner);
    work = make_work(2, 0);
    work.stop_at_first = true;
    assert_true(miner_set_work(miner, &work));
    sleep_ms(20);
    assert_false(miner_poll(miner, &event));
    assert_int_equal(atomic_load(&releases), 1);
    miner_resume(miner);
    event = next_event(miner);
    assert_int_equal(event.tag, 2);
    miner_clear_work(miner);
    miner_destroy(miner);
    assert_int_equal(atomic_load(&releases), 2);
    forget_seen();
}

/* ---- time ---- */

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The promise is below a millisecond, and exs-bench measures it; here a loaded machine gets room. */
static void takes_new_work_soon(void **state)
{
    enum { WORKS = 100 };
    uint64_t took[WORKS];
    char error[MINER_ERROR_SIZE];
    struct miner *miner =
        miner_create(pool, &(struct miner_options){.kernels = &fastest, .lanes = 1}, error);

    (void)state;
    assert_non_null(miner);
    for (uint64_t i = 0; i < WORKS; i++) {
        struct miner_work work = make_work(i, 256);

        assert_true(miner_set_work(miner, &work));
        while (miner_lane_stats(miner, 0).works != i + 1)
            sleep_ms(1);
        sleep_ms(3);
        took[i] = miner_lane_stats(miner, 0).last_switch_ns;
        assert_true(miner_lane_stats(miner, 0).max_switch_ns >= took[i]);
    }
    qsort(took, WORKS, sizeof(took[0]), compare_u64);
    print_message("new work is hashed after: median %.3f ms, longest %.3f ms\n",
                  (double)took[WORKS / 2] / 1e6, (double)took[WORKS - 1] / 1e6);
    assert_true(took[WORKS / 2] < 20 * ms);
    assert_true(miner_lane_stats(miner, 0).hashes > 0);
    miner_destroy(miner);
}

/* Nothing hangs and nothing leaks however early a miner ends. */
static void ends_at_any_time(void **state)
{
    (void)state;
    atomic_store(&releases, 0);
    for (uint64_t i = 0; i < 300; i++) {
        struct miner *miner = make_miner(&fastest, 1000);
        struct miner_work work = make_work(i, (unsigned)(i % 20));

        if (i % 3)
            assert_true(miner_set_work(miner, &work));
        if (i % 5 == 0)
            miner_pause(miner);
        if (i % 7 == 0)
            sleep_ms(1);
        if (i % 3)
            assert_true(miner_set_work(miner, &work));
        miner_destroy(miner);
    }
    assert_int_equal(atomic_load(&releases), 400);
    forget_seen();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(searches_everything_once),
        cmocka_unit_test(needs_a_header_function_for_extranonces),
        cmocka_unit_test(starts_the_largest_space),
        cmocka_unit_test(refuses_impossible_work),
        cmocka_unit_test(stops_at_the_first),
        cmocka_unit_test(waits_for_room),
        cmocka_unit_test(tells_by_its_descriptor),
        cmocka_unit_test(survives_interruptions),
        cmocka_unit_test(loses_no_nonce),
        cmocka_unit_test(finishes_what_was_interrupted),
        cmocka_unit_test(takes_work_while_paused),
        cmocka_unit_test(takes_new_work_soon),
        cmocka_unit_test(ends_at_any_time),
    };

    return cmocka_run_group_tests(tests, start, end);
}
