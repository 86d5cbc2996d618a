#include "tests/unit/engine/miner_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static struct topology topology;
struct pool *support_pool;
struct kernels support_fastest;

void sleep_ms(long n) { nanosleep(&(struct timespec){n / 1000, n % 1000 * 1000000}, NULL); }

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

bool becomes_idle(void)
{
    for (int i = 0; i < 30; i++) {
        double used = cpu_seconds();

        sleep_ms(100);
        if (cpu_seconds() - used < 0.001)
            return true;
    }
    return false;
}

int support_start(void **state)
{
    char error[256];

    (void)state;
    if (!topology_load(&topology, &(struct topology_source){0}, error) ||
        !kernels_choose(&support_fastest, cpu_features(), NULL, NULL, error)) {
        print_error("%s\n", error);
        return -1;
    }
    /* At least three lanes, so that small machines have contention too. */
    support_pool = pool_create(
        &topology, &(struct pool_options){.workers = topology.workers < 3 ? 3 : 0}, error);
    return support_pool ? 0 : -1;
}

int support_end(void **state)
{
    (void)state;
    /* Not to be drained: a test that failed may have left a miner that goes on for ever. */
    pool_destroy(support_pool, POOL_CANCEL);
    return 0;
}

struct seen seen;
static size_t seen_room;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

void support_observe(void *arg, const struct miner_range *range)
{
    (void)arg;
    pthread_mutex_lock(&seen_lock);
    if (seen.count == seen_room) {
        seen_room = seen_room ? 2 * seen_room : 1024;
        seen.ranges = realloc(seen.ranges, seen_room * sizeof(*seen.ranges));
        if (!seen.ranges)
            abort();
    }
    seen.ranges[seen.count++] = *range;
    pthread_mutex_unlock(&seen_lock);
}

void forget_seen(void)
{
    free(seen.ranges);
    seen.ranges = NULL;
    seen.count = seen_room = 0;
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

void sort_seen(void) { qsort(seen.ranges, seen.count, sizeof(*seen.ranges), compare_ranges); }

bool same_place(const struct miner_range *a, const struct miner_range *b)
{
    return a->tag == b->tag && a->extranonce == b->extranonce && a->time == b->time &&
           a->version[0] == b->version[0];
}

atomic_size_t releases;

static void count_release(void *arg)
{
    (void)arg;
    atomic_fetch_add(&releases, 1);
}

void extranonce_header(void *arg, uint64_t extranonce, uint8_t header[static 80])
{
    (void)arg;
    for (size_t i = 0; i < 32; i++)
        header[36 + i] = (uint8_t)(extranonce * (2 * i + 1) >> 3 * i % 56);
}

struct miner_work make_work(uint64_t tag, unsigned bits)
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

bool meets(const uint8_t header[static 80], struct uint256 target)
{
    uint8_t hash[32];

    SHA256(header, 80, hash);
    SHA256(hash, 32, hash);
    return uint256_compare(uint256_from_le(hash), target) <= 0;
}

void check_header(const struct miner_event *event, const struct miner_work *work)
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

struct miner *make_miner(const struct kernels *kernels, uint64_t unit_nonces)
{
    char error[MINER_ERROR_SIZE];
    struct miner *miner = miner_create(support_pool,
                                       &(struct miner_options){.kernels = kernels,
                                                               .unit_nonces = unit_nonces,
                                                               .observe_fn = support_observe},
                                       error);

    if (!miner)
        fail_msg("%s", error);
    return miner;
}

struct miner_event next_event(struct miner *miner)
{
    struct miner_event event;

    while (!miner_poll(miner, &event)) {
        struct pollfd fd = {.fd = miner_fd(miner), .events = POLLIN};

        if (poll(&fd, 1, 30000) <= 0)
            fail_msg("nothing happened in 30 seconds");
    }
    return event;
}
