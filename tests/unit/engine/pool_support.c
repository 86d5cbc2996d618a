#include "tests/unit/engine/pool_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void sleep_ms(long n) { nanosleep(&(struct timespec){n / 1000, n % 1000 * 1000000}, NULL); }

struct pool *make_pool(const char *synthetic, struct pool_options options)
{
    static struct topology t;
    char error[POOL_ERROR_SIZE];
    struct pool *pool;

    if (!topology_load(&t, &(struct topology_source){.synthetic = synthetic}, error))
        fail_msg("topology: %s", error);
    pool = pool_create(&t, &options, error);
    if (!pool)
        fail_msg("pool: %s", error);
    return pool;
}

void expect_done(struct pool_group *group)
{
    uint64_t end = clock_monotonic_ns() + 30000000000;

    while (!pool_group_done(group)) {
        if (clock_monotonic_ns() > end)
            fail_msg("a task waits for 30 seconds");
        sched_yield();
    }
}

enum pool_result count(struct pool_worker *worker, void *arg)
{
    struct counted *c = arg;

    (void)worker;
    atomic_fetch_add(&c->runs, 1);
    for (size_t i = 0; i < c->child_count; i++)
        if (!pool_submit(c->pool, &c->children[i].task))
            abort();
    return POOL_DONE;
}

static enum pool_result hold(struct pool_worker *worker, void *arg)
{
    struct gate *gate = arg;

    gate->worker = pool_worker_index(worker);
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open))
        sched_yield();
    return POOL_DONE;
}

void gate_close(struct pool *pool, struct gate *gate, size_t worker)
{
    memset(gate, 0, sizeof(*gate));
    pool_task_init(&gate->task, POOL_BLOCK, hold, gate, NULL);
    assert_true(pool_submit_to(pool, worker, &gate->task));
    while (!atomic_load(&gate->entered))
        sched_yield();
}

struct ran ran;

enum pool_result log_run(struct pool_worker *worker, void *arg)
{
    struct logged *l = arg;

    l->worker = pool_worker_index(worker);
    ran.number[atomic_fetch_add(&ran.count, 1)] = l->number;
    return POOL_DONE;
}

enum pool_result scan(struct pool_worker *worker, void *arg)
{
    struct scan *s = arg;

    atomic_fetch_add(&s->runs, 1);
    while (!atomic_load(&s->end) && !pool_stopping(worker)) {
        uint64_t end = clock_monotonic_ns() + 100000;

        if (pool_should_yield(worker))
            return POOL_AGAIN;
        while (clock_monotonic_ns() < end)
            ;
        atomic_fetch_add(&s->slices, 1);
    }
    return POOL_DONE;
}
