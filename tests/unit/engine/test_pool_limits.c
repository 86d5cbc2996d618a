/* The pool's ends: how it ends, what it refuses, where its workers are. */
#include "tests/unit/engine/pool_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/memory.h"

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- ending ---- */

static void drains(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct pool *pool = make_pool("numa:2 core:2 pu:1", (struct pool_options){0});
        struct counted tasks[64] = {0}, children[64] = {0};
        struct pool_group group = {0};

        for (size_t i = 0; i < 64; i++) {
            tasks[i].pool = pool;
            tasks[i].children = &children[i];
            tasks[i].child_count = 1;
            pool_task_init(&tasks[i].task, POOL_MINING, count, &tasks[i], &group);
            pool_task_init(&children[i].task, POOL_MINING, count, &children[i], &group);
            if (i % 2)
                assert_true(pool_submit(pool, &tasks[i].task));
            else
                assert_true(pool_submit_to(pool, i % 4, &tasks[i].task));
        }
        pool_destroy(pool, POOL_DRAIN);
        assert_true(pool_group_done(&group));
        assert_true(pool_group_wait(&group));
        for (size_t i = 0; i < 64; i++) {
            assert_int_equal(atomic_load(&tasks[i].runs), 1);
            assert_int_equal(atomic_load(&children[i].runs), 1);
        }
    }
}

static void *open_later(void *arg)
{
    sleep_ms(20);
    atomic_store(&((struct gate *)arg)->open, true);
    return NULL;
}

static void cancels(void **state)
{
    struct pool *pool = make_pool("core:2 pu:1", (struct pool_options){0});
    struct pool_group dropped = {0}, untouched = {0};
    struct logged tasks[64];
    struct gate gates[2];
    struct scan s = {0};
    pthread_t opener;

    (void)state;
    /* A scan that would go on, and a worker that is held. */
    pool_task_init(&s.task, POOL_TRANSACTION, scan, &s, &untouched);
    assert_true(pool_submit_to(pool, 0, &s.task));
    while (!atomic_load(&s.slices))
        sleep_ms(1);
    gate_close(pool, &gates[1], 1);
    atomic_store(&ran.count, 0);
    for (size_t i = 0; i < 64; i++) {
        pool_task_init(&tasks[i].task, POOL_MINING, log_run, &tasks[i], &dropped);
        assert_true(pool_submit(pool, &tasks[i].task));
    }
    assert_int_equal(pthread_create(&opener, NULL, open_later, &gates[1]), 0);
    pool_destroy(pool, POOL_CANCEL);
    pthread_join(opener, NULL);
    assert_true(pool_group_done(&dropped));
    assert_false(pool_group_wait(&dropped)); /* says that some were cancelled */
    assert_true(pool_group_wait(&dropped));  /* and forgets it, for the next use */
    assert_int_equal(atomic_load(&ran.count), 0);
    assert_true(pool_group_done(&untouched));
}

/* A task that goes on until it is told that the pool ends, in one way or the other. */
struct asker {
    struct pool_task task;
    bool asks_to_yield;
    atomic_bool asking, told;
};

static enum pool_result ask(struct pool_worker *worker, void *arg)
{
    struct asker *a = arg;
    uint64_t end = clock_monotonic_ns() + 30000000000;

    atomic_store(&a->asking, true);
    while (clock_monotonic_ns() < end)
        if (a->asks_to_yield ? pool_should_yield(worker) : pool_stopping(worker)) {
            atomic_store(&a->told, true);
            break;
        }
    return a->asks_to_yield ? POOL_AGAIN : POOL_DONE;
}

/* What asks whether to yield is told of a cancellation and then dropped; what asks whether to stop, of any end. */
static void tells_that_it_ends(void **state)
{
    static const struct {
        enum pool_end how;
        bool asks_to_yield, complete;
    } cases[] = {{POOL_CANCEL, true, false}, {POOL_CANCEL, false, true}, {POOL_DRAIN, false, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pool *pool = make_pool("pu:1", (struct pool_options){0});
        struct asker asker = {.asks_to_yield = cases[i].asks_to_yield};
        struct pool_group group = {0};

        pool_task_init(&asker.task, POOL_BLOCK, ask, &asker, &group);
        assert_true(pool_submit(pool, &asker.task));
        while (!atomic_load(&asker.asking))
            sleep_ms(1);
        pool_destroy(pool, cases[i].how);
        assert_true(atomic_load(&asker.told));
        assert_true(pool_group_done(&group));
        assert_int_equal(pool_group_wait(&group), cases[i].complete);
    }
}

static void ends_while_idle(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++)
        pool_destroy(make_pool("core:4 pu:1", (struct pool_options){0}),
                     i % 2 ? POOL_DRAIN : POOL_CANCEL);
}

/* ---- limits and placement ---- */

static void limits_queues(void **state)
{
    struct pool *pool = make_pool("core:2 pu:1", (struct pool_options){.queue_limit = 4});
    struct pool_group group = {0};
    struct logged tasks[16];
    struct gate gates[2];
    size_t taken = 0;

    (void)state;
    atomic_store(&ran.count, 0);
    gate_close(pool, &gates[0], 0);
    gate_close(pool, &gates[1], 1);
    for (size_t i = 0; i < 16; i++) {
        pool_task_init(&tasks[i].task, POOL_BLOCK, log_run, &tasks[i], &group);
        taken += pool_submit(pool, &tasks[i].task);
    }
    assert_int_equal(taken, 8);
    assert_false(pool_submit_to(pool, 0, &tasks[15].task));
    atomic_store(&gates[0].open, true);
    atomic_store(&gates[1].open, true);
    assert_true(pool_group_wait(&group));
    assert_int_equal(atomic_load(&ran.count), 8);
    pool_destroy(pool, POOL_DRAIN);
}

/* A resident task gets in where others are refused, and counts in its group. */
static void takes_residents_beyond_the_limit(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){.queue_limit = 1});
    struct pool_group group = {0};
    struct logged tasks[3];
    struct gate gate;

    (void)state;
    atomic_store(&ran.count, 0);
    gate_close(pool, &gate, 0);
    for (size_t i = 0; i < 3; i++)
        pool_task_init(&tasks[i].task, POOL_BLOCK, log_run, &tasks[i], &group);
    assert_true(pool_submit(pool, &tasks[0].task));
    assert_false(pool_submit_to(pool, 0, &tasks[1].task));
    pool_submit_resident(pool, 0, &tasks[1].task);
    assert_false(pool_submit(pool, &tasks[2].task));
    atomic_store(&gate.open, true);
    assert_true(pool_group_wait(&group));
    assert_int_equal(atomic_load(&ran.count), 2);
    pool_destroy(pool, POOL_DRAIN);
}

/* Nor is a task refused that ran, yields and comes back to a queue that has filled up meanwhile. */
static void takes_back_who_yields(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){.queue_limit = 1});
    struct pool_group scanning = {0}, group = {0};
    struct scan s = {0};
    struct logged task = {.number = 0};

    (void)state;
    pool_task_init(&s.task, POOL_MINING, scan, &s, &scanning);
    assert_true(pool_submit(pool, &s.task));
    while (!atomic_load(&s.slices))
        sleep_ms(1);
    atomic_store(&ran.count, 0);
    pool_task_init(&task.task, POOL_BLOCK, log_run, &task, &group);
    assert_true(pool_submit(pool, &task.task));
    expect_done(&group);
    assert_false(pool_group_done(&scanning));
    atomic_store(&s.end, true);
    expect_done(&scanning);
    assert_true(pool_group_wait(&scanning));
    pool_destroy(pool, POOL_DRAIN);
}

static void refuses_too_many_workers(void **state)
{
    struct topology t;
    char error[POOL_ERROR_SIZE];

    (void)state;
    assert_true(topology_load(&t, &(struct topology_source){.synthetic = "pu:1"}, error));
    assert_null(pool_create(&t, &(struct pool_options){.workers = POOL_MAX_WORKERS + 1}, error));
    assert_non_null(strstr(error, "1025"));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static size_t address_space(void)
{
    char line[128];
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    fclose(file);
    return strtoul(line, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Where threads run out in the middle, those that were started are ended, and it says why. */
static void survives_the_want_of_threads(void **state)
{
    struct rlimit before, little;
    struct topology t;
    struct pool *pool;
    char error[POOL_ERROR_SIZE];

    (void)state;
#ifdef SANITIZED
    print_message("skipped: a sanitizer needs more address space than this leaves\n");
    skip();
#endif
    assert_true(topology_load(&t, &(struct topology_source){.synthetic = "core:4 pu:1"}, error));
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    little = before;
    little.rlim_cur = address_space() + (64 << 20); /* a stack is 1 MB */
    assert_int_equal(setrlimit(RLIMIT_AS, &little), 0);
    pool = pool_create(&t, &(struct pool_options){.workers = 500}, error);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_null(pool);
    assert_non_null(strstr(error, "of 500"));
    pool_destroy(make_pool("core:4 pu:1", (struct pool_options){0}), POOL_DRAIN);
}

struct where {
    struct pool_task task;
    cpu_set_t mask;
    sigset_t blocked;
    int node, policy;
};

static enum pool_result look(struct pool_worker *worker, void *arg)
{
    struct where *w = arg;

    sched_getaffinity(0, sizeof(w->mask), &w->mask);
    pthread_sigmask(SIG_BLOCK, NULL, &w->blocked);
    w->node = memory_page_node(worker);
    w->policy = memory_policy_node(worker);
    return POOL_DONE;
}

static struct where look_at(struct pool *pool, size_t worker)
{
    struct pool_group group = {0};
    struct where w;

    pool_task_init(&w.task, POOL_BLOCK, look, &w, &group);
    assert_true(pool_submit_to(pool, worker, &w.task));
    assert_true(pool_group_wait(&group));
    return w;
}

/* A CPU that went away after the topology was read costs its worker the pin, nothing else. */
static void starts_where_pinning_fails(void **state)
{
    struct topology t;
    struct pool *pool;
    struct where w;
    cpu_set_t mine;
    char error[POOL_ERROR_SIZE];

    (void)state;
    assert_true(topology_load(&t, &(struct topology_source){0}, error));
    assert_int_equal(sched_getaffinity(0, sizeof(mine), &mine), 0);
    t.cpu[1] = t.cpu[0];
    t.cpu[1].os = CPU_SETSIZE - 1;
    t.cpu_count = 2;
    if (CPU_ISSET(t.cpu[1].os, &mine)) {
        print_message("skipped: this machine has CPU %u\n", t.cpu[1].os);
        skip();
    }
    pool = pool_create(&t, &(struct pool_options){.workers = 2}, error);
    if (!pool)
        fail_msg("%s", error);
    assert_true(pool_pinned(pool) <= 1);
    w = look_at(pool, 1);
    assert_true(CPU_EQUAL(&w.mask, &mine)); /* not the pin of worker 0 */
    pool_destroy(pool, POOL_DRAIN);
}

/* Signals are the program's: a worker takes none, or a handler could run amid a kernel. */
static void blocks_signals(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){0});
    struct where w = look_at(pool, 0);

    (void)state;
    assert_true(sigismember(&w.blocked, SIGTERM) && sigismember(&w.blocked, SIGINT) &&
                sigismember(&w.blocked, SIGUSR1));
    pool_destroy(pool, POOL_DRAIN);
}

/* Each worker runs where the topology says, and its data lies on that node. */
static void places_workers(void **state)
{
    struct pool *pool = make_pool(NULL, (struct pool_options){0});
    struct topology t;
    char error[TOPOLOGY_ERROR_SIZE];

    (void)state;
    assert_true(topology_load(&t, &(struct topology_source){0}, error));
    for (size_t i = 0; i < pool_workers(pool); i++)
        assert_int_equal(pool_worker_node(pool, i), t.node_os[t.cpu[i].node]);
    if (pool_pinned(pool) != pool_workers(pool)) {
        pool_destroy(pool, POOL_DRAIN);
        print_message("skipped: threads may not be pinned here\n");
        skip();
    }
    for (size_t i = 0; i < pool_workers(pool); i++) {
        int node = pool_worker_node(pool, i);
        struct where w = look_at(pool, i);

        assert_int_equal(CPU_COUNT(&w.mask), 1);
        assert_true(CPU_ISSET(pool_worker_cpu(pool, i)->os, &w.mask));
        if (node >= 0 && memory_has_numa())
            assert_int_equal(w.policy, node);
        if (node >= 0 && w.node != MEMORY_UNKNOWN_NODE)
            assert_int_equal(w.node, node);
    }
    pool_destroy(pool, POOL_DRAIN);
    pool = make_pool(NULL, (struct pool_options){.unpinned = true});
    assert_int_equal(pool_pinned(pool), 0);
    pool_destroy(pool, POOL_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drains),
        cmocka_unit_test(cancels),
        cmocka_unit_test(tells_that_it_ends),
        cmocka_unit_test(ends_while_idle),
        cmocka_unit_test(limits_queues),
        cmocka_unit_test(takes_residents_beyond_the_limit),
        cmocka_unit_test(takes_back_who_yields),
        cmocka_unit_test(refuses_too_many_workers),
        cmocka_unit_test(survives_the_want_of_threads),
        cmocka_unit_test(starts_where_pinning_fails),
        cmocka_unit_test(blocks_signals),
        cmocka_unit_test(places_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
