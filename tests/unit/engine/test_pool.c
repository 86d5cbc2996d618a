/* What the pool runs, and in which order: here and in the shape of machines with several nodes. */
#include "tests/unit/engine/pool_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

static const uint64_t ms = 1000000;

/* ---- exactly once ---- */

enum { SUBMITTERS = 4, TASKS = 20000, CHILDREN = 3 };

struct submitter {
    pthread_t thread;
    struct pool *pool;
    struct pool_group group;
    struct counted *tasks, *children;
    bool complete;
};

static void *submit_all(void *arg)
{
    struct submitter *s = arg;

    for (size_t i = 0; i < TASKS; i++) {
        struct counted *c = &s->tasks[i];
        enum pool_class class = (enum pool_class)(i % POOL_CLASSES);

        c->pool = s->pool;
        pool_task_init(&c->task, class, count, c, &s->group);
        if (i % 16 == 0) {
            c->children = &s->children[i / 16 * CHILDREN];
            c->child_count = CHILDREN;
            for (size_t k = 0; k < CHILDREN; k++)
                pool_task_init(&c->children[k].task, class, count, &c->children[k], &s->group);
        }
        if (i % 5 == 0) {
            if (!pool_submit_to(s->pool, i % pool_workers(s->pool), &c->task))
                abort();
        } else if (!pool_submit(s->pool, &c->task)) {
            abort();
        }
        if (i % 1000 == 999) /* lets the workers fall asleep now and then */
            sleep_ms(1);
    }
    s->complete = pool_group_wait(&s->group);
    return NULL;
}

static void runs_all_once_on(const char *synthetic, size_t workers)
{
    struct pool *pool = make_pool(synthetic, (struct pool_options){.workers = workers});
    struct submitter submitters[SUBMITTERS] = {0};
    uint64_t run = 0;

    for (size_t i = 0; i < SUBMITTERS; i++) {
        struct submitter *s = &submitters[i];

        s->pool = pool;
        s->tasks = calloc(TASKS, sizeof(*s->tasks));
        s->children = calloc(TASKS / 16 * CHILDREN, sizeof(*s->children));
        assert_non_null(s->tasks);
        assert_non_null(s->children);
        assert_int_equal(pthread_create(&s->thread, NULL, submit_all, s), 0);
    }
    for (size_t i = 0; i < SUBMITTERS; i++) {
        struct submitter *s = &submitters[i];

        pthread_join(s->thread, NULL);
        assert_true(s->complete);
        for (size_t k = 0; k < TASKS; k++)
            assert_int_equal(atomic_load(&s->tasks[k].runs), 1);
        for (size_t k = 0; k < TASKS / 16 * CHILDREN; k++)
            assert_int_equal(atomic_load(&s->children[k].runs), 1);
        free(s->tasks);
        free(s->children);
    }
    for (size_t i = 0; i < pool_workers(pool); i++)
        run += pool_worker_stats(pool, i).run;
    assert_int_equal(run, SUBMITTERS * (TASKS + TASKS / 16 * CHILDREN));
    pool_destroy(pool, POOL_DRAIN);
}

static void runs_all_once(void **state)
{
    (void)state;
    runs_all_once_on(NULL, 0);
    runs_all_once_on("pu:1", 0);
    runs_all_once_on("numa:2 l3:1 core:2 pu:2", 0);
    runs_all_once_on("numa:2 core:1 pu:1", 7); /* more workers than CPUs */
}

/* ---- order ---- */

/* Higher classes first, and within a class first in, first out. */
static void keeps_the_order(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){0});
    struct pool_group group = {0};
    struct logged tasks[12];
    struct gate gate;

    (void)state;
    atomic_store(&ran.count, 0);
    gate_close(pool, &gate, 0);
    for (int i = 0; i < 12; i++) {
        enum pool_class class = (enum pool_class)(2 - i % 3);

        tasks[i].number = (int)class * 10 + i / 3;
        pool_task_init(&tasks[i].task, class, log_run, &tasks[i], &group);
        assert_true(pool_submit(pool, &tasks[i].task));
    }
    assert_false(pool_group_done(&group));
    atomic_store(&gate.open, true);
    assert_true(pool_group_wait(&group));
    assert_true(pool_group_done(&group));
    for (int i = 0; i < 12; i++)
        assert_int_equal(ran.number[i], i / 4 * 10 + i % 4);
    pool_destroy(pool, POOL_DRAIN);
}

/* A higher class in another node's queue goes before a lower one in one's own. */
static void steals_by_class_first(void **state)
{
    struct pool *pool = make_pool("numa:2 core:1 pu:1", (struct pool_options){0});
    struct pool_group group = {0};
    struct logged own, other;
    struct gate gates[2];

    (void)state;
    atomic_store(&ran.count, 0);
    gate_close(pool, &gates[0], 0);
    gate_close(pool, &gates[1], 1);
    own.number = 1;
    other.number = 2;
    pool_task_init(&own.task, POOL_TRANSACTION, log_run, &own, &group);
    pool_task_init(&other.task, POOL_BLOCK, log_run, &other, &group);
    assert_true(pool_submit_to(pool, 0, &own.task));
    /* Submitting takes turns from worker 0 on: this one goes to worker 1. */
    struct logged first = {.number = 0};
    pool_task_init(&first.task, POOL_BLOCK, log_run, &first, &group);
    assert_true(pool_submit(pool, &first.task));
    assert_true(pool_submit(pool, &other.task));
    atomic_store(&gates[0].open, true); /* worker 1 stays held */
    assert_true(pool_group_wait(&group));
    assert_int_equal(ran.number[0], 0);
    assert_int_equal(ran.number[1], 2);
    assert_int_equal(ran.number[2], 1);
    assert_int_equal(other.worker, 0);
    assert_int_equal(pool_worker_stats(pool, 0).stolen, 1);
    atomic_store(&gates[1].open, true);
    pool_destroy(pool, POOL_DRAIN);
}

/*
 * Two groups of two CPUs: workers 0 and 2 are in one, 1 and 3 in the other. With
 * all held and a task in each queue, the one that is let go takes its own, then
 * its neighbour's, then the others'.
 */
static void steals_near_first_on(const char *synthetic)
{
    struct pool *pool = make_pool(synthetic, (struct pool_options){0});
    struct pool_group group = {0};
    struct logged tasks[4];
    struct gate gates[4];

    assert_int_equal(pool_worker_cpu(pool, 0)->l3, pool_worker_cpu(pool, 2)->l3);
    assert_int_equal(pool_worker_cpu(pool, 1)->l3, pool_worker_cpu(pool, 3)->l3);
    assert_int_not_equal(pool_worker_cpu(pool, 0)->l3, pool_worker_cpu(pool, 3)->l3);
    atomic_store(&ran.count, 0);
    for (size_t i = 0; i < 4; i++)
        gate_close(pool, &gates[i], i);
    for (int i = 0; i < 4; i++) {
        tasks[i].number = i;
        pool_task_init(&tasks[i].task, POOL_TRANSACTION, log_run, &tasks[i], &group);
        assert_true(pool_submit(pool, &tasks[i].task)); /* in turn: to worker i */
    }
    atomic_store(&gates[1].open, true);
    assert_true(pool_group_wait(&group));
    assert_int_equal(ran.number[0], 1);
    assert_int_equal(ran.number[1], 3);
    assert_int_equal(ran.number[2], 2);
    assert_int_equal(ran.number[3], 0);
    for (size_t i = 0; i < 4; i++)
        atomic_store(&gates[i].open, true);
    pool_destroy(pool, POOL_DRAIN);
}

static void steals_near_first(void **state)
{
    (void)state;
    steals_near_first_on("numa:2 l3:1 core:2 pu:1");
    steals_near_first_on("[numa] l3:2 core:2 pu:1");
}

/* Two tasks that go on for ever, one to share and one to stay: neither keeps the other out. */
static enum pool_result again(struct pool_worker *worker, void *arg)
{
    struct scan *s = arg;

    (void)worker;
    atomic_fetch_add(&s->runs, 1);
    return atomic_load(&s->end) ? POOL_DONE : POOL_AGAIN;
}

static void takes_both_lists_in_turn(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){0});
    struct scan scans[2] = {0};
    struct pool_group group = {0};
    struct gate gate;

    (void)state;
    gate_close(pool, &gate, 0);
    for (size_t i = 0; i < 2; i++)
        pool_task_init(&scans[i].task, POOL_TRANSACTION, again, &scans[i], &group);
    assert_true(pool_submit(pool, &scans[0].task));
    assert_true(pool_submit_to(pool, 0, &scans[1].task));
    atomic_store(&gate.open, true);
    while (atomic_load(&scans[0].runs) + atomic_load(&scans[1].runs) < 1000)
        sleep_ms(1);
    atomic_store(&scans[0].end, true);
    atomic_store(&scans[1].end, true);
    expect_done(&group);
    assert_in_range(atomic_load(&scans[0].runs), 400, UINT32_MAX);
    assert_in_range(atomic_load(&scans[1].runs), 400, UINT32_MAX);
    pool_destroy(pool, POOL_DRAIN);
}

/* What is submitted to a worker runs there, however idle the others are. */
static void stays_where_told(void **state)
{
    struct pool *pool = make_pool("numa:2 core:2 pu:1", (struct pool_options){0});
    struct pool_group group = {0};
    struct logged tasks[64];

    (void)state;
    atomic_store(&ran.count, 0);
    for (size_t i = 0; i < 64; i++) {
        pool_task_init(&tasks[i].task, POOL_MINING, log_run, &tasks[i], &group);
        assert_true(pool_submit_to(pool, i % 4, &tasks[i].task));
    }
    assert_true(pool_group_wait(&group));
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(tasks[i].worker, i % 4);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- yielding ---- */

struct stamped {
    struct pool_task task;
    uint64_t at_ns;
};

static enum pool_result stamp(struct pool_worker *worker, void *arg)
{
    (void)worker;
    ((struct stamped *)arg)->at_ns = clock_monotonic_ns();
    return POOL_DONE;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Every worker scans; a higher class gets in all the same, and the scans go on. */
static void scans_yield(void **state)
{
    enum { TIMES = 50 };
    struct pool *pool = make_pool(NULL, (struct pool_options){0});
    size_t n = pool_workers(pool);
    struct scan *scans = calloc(n, sizeof(*scans));
    struct pool_group scanning = {0};
    uint64_t waited[TIMES];
    unsigned before;

    (void)state;
    assert_non_null(scans);
    for (size_t i = 0; i < n; i++) {
        pool_task_init(&scans[i].task, POOL_MINING, scan, &scans[i], &scanning);
        assert_true(pool_submit_to(pool, i, &scans[i].task));
        while (!atomic_load(&scans[i].slices))
            sleep_ms(1);
    }
    for (size_t i = 0; i < TIMES; i++) {
        struct stamped task = {.at_ns = 0};
        struct pool_group group = {0};
        uint64_t start;

        pool_task_init(&task.task, i % 2 ? POOL_BLOCK : POOL_TRANSACTION, stamp, &task, &group);
        start = clock_monotonic_ns();
        if (i % 3)
            assert_true(pool_submit(pool, &task.task));
        else
            assert_true(pool_submit_to(pool, i % n, &task.task));
        assert_true(pool_group_wait(&group));
        waited[i] = task.at_ns - start;
        sleep_ms(1);
    }
    qsort(waited, TIMES, sizeof(waited[0]), compare_u64);
    print_message("a higher class starts after: median %.3f ms, longest %.3f ms\n",
                  (double)waited[TIMES / 2] / 1e6, (double)waited[TIMES - 1] / 1e6);
    /* The promise is 1 ms, and exs-bench measures it; a loaded test machine gets some room. */
    assert_true(waited[TIMES / 2] < 200 * ms);
    before = atomic_load(&scans[0].slices);
    while (atomic_load(&scans[0].slices) == before)
        sleep_ms(1);
    assert_true(atomic_load(&scans[0].runs) > 1);
    assert_false(pool_group_done(&scanning));
    for (size_t i = 0; i < n; i++)
        atomic_store(&scans[i].end, true);
    assert_true(pool_group_wait(&scanning));
    pool_destroy(pool, POOL_DRAIN);
    free(scans);
}

/*
 * Worker 1 is held, worker 0 scans or sleeps: it takes what is queued at worker
 * 1 too, for which it must be woken, or see that something waits elsewhere.
 */
static void helps_others(void **state)
{
    (void)state;
    for (int scanning = 0; scanning <= 1; scanning++) {
        struct pool *pool = make_pool("numa:2 core:1 pu:1", (struct pool_options){0});
        struct scan s = {0};
        struct gate gate;

        gate_close(pool, &gate, 1);
        if (scanning) {
            pool_task_init(&s.task, POOL_MINING, scan, &s, NULL);
            assert_true(pool_submit_to(pool, 0, &s.task));
        }
        for (int i = 0; i < 4; i++) { /* in turn at worker 0's queue and at worker 1's */
            struct pool_group group = {0};
            struct logged task = {.number = 0};

            atomic_store(&ran.count, 0);
            sleep_ms(5);
            pool_task_init(&task.task, POOL_TRANSACTION, log_run, &task, &group);
            assert_true(pool_submit(pool, &task.task));
            expect_done(&group);
            assert_int_equal(task.worker, 0);
        }
        atomic_store(&s.end, true);
        atomic_store(&gate.open, true);
        pool_destroy(pool, POOL_DRAIN);
    }
}

/* Of two tasks the second comes at any moment while the worker is woken, runs the first, and falls asleep. */
static void loses_no_wake_up_on(size_t workers)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){.workers = workers});
    uint64_t end = clock_monotonic_ns() + 1000 * ms;

    for (size_t i = 0; clock_monotonic_ns() < end; i++) {
        struct counted tasks[2] = {0};
        struct pool_group group = {0};

        for (size_t k = 0; k < 2; k++) {
            pool_task_init(&tasks[k].task, POOL_BLOCK, count, &tasks[k], &group);
            if (i % 2)
                assert_true(pool_submit(pool, &tasks[k].task));
            else
                assert_true(pool_submit_to(pool, 0, &tasks[k].task));
            for (volatile size_t delay = i * 7919 % 8192; delay && k == 0; delay--)
                ;
        }
        expect_done(&group);
    }
    pool_destroy(pool, POOL_DRAIN);
}

static void loses_no_wake_up(void **state)
{
    (void)state;
    loses_no_wake_up_on(1);
    loses_no_wake_up_on(2);
}

/* Nobody yields to its own class or a lower one. */
static void yields_to_higher_alone(void **state)
{
    struct pool *pool = make_pool("pu:1", (struct pool_options){0});
    struct pool_group group = {0};
    struct scan s = {0};
    struct logged task;

    (void)state;
    pool_task_init(&s.task, POOL_TRANSACTION, scan, &s, &group);
    assert_true(pool_submit(pool, &s.task));
    while (!atomic_load(&s.slices))
        sleep_ms(1);
    atomic_store(&ran.count, 0);
    pool_task_init(&task.task, POOL_TRANSACTION, log_run, &task, &group);
    assert_true(pool_submit(pool, &task.task));
    for (unsigned before = atomic_load(&s.slices); atomic_load(&s.slices) - before < 5;)
        sleep_ms(1);
    assert_int_equal(atomic_load(&ran.count), 0);
    assert_int_equal(atomic_load(&s.runs), 1);
    atomic_store(&s.end, true);
    assert_true(pool_group_wait(&group));
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- idleness ---- */

static double cpu_seconds(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void idle_workers_use_no_cpu(void **state)
{
    struct pool *pool = make_pool(NULL, (struct pool_options){.workers = 8});
    struct pool_group group = {0};
    struct logged tasks[32];
    double used;

    (void)state;
    atomic_store(&ran.count, 0);
    for (size_t i = 0; i < 32; i++) {
        pool_task_init(&tasks[i].task, POOL_BLOCK, log_run, &tasks[i], &group);
        assert_true(pool_submit(pool, &tasks[i].task));
    }
    assert_true(pool_group_wait(&group));
    sleep_ms(20);
    used = cpu_seconds();
    sleep_ms(300);
    used = cpu_seconds() - used;
    assert_true(used < 0.003);
    pool_destroy(pool, POOL_DRAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_all_once),
        cmocka_unit_test(keeps_the_order),
        cmocka_unit_test(steals_by_class_first),
        cmocka_unit_test(steals_near_first),
        cmocka_unit_test(takes_both_lists_in_turn),
        cmocka_unit_test(stays_where_told),
        cmocka_unit_test(scans_yield),
        cmocka_unit_test(helps_others),
        cmocka_unit_test(loses_no_wake_up),
        cmocka_unit_test(yields_to_higher_alone),
        cmocka_unit_test(idle_workers_use_no_cpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
