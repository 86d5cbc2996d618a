/* The pool, on this machine and in the shape of machines with several nodes. */
#include "engine/pool.h"

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
#include <time.h>
#include <unistd.h>

static const uint64_t ms = 1000000;

static void sleep_ms(long n) { nanosleep(&(struct timespec){n / 1000, n % 1000 * 1000000}, NULL); }

static struct pool *make_pool(const char *synthetic, struct pool_options options)
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

/* ---- exactly once ---- */

struct counted {
    struct pool_task task;
    atomic_uint runs;
    struct pool *pool;
    struct counted *children;
    size_t child_count;
};

static enum pool_result count(struct pool_worker *worker, void *arg)
{
    struct counted *c = arg;

    (void)worker;
    atomic_fetch_add(&c->runs, 1);
    for (size_t i = 0; i < c->child_count; i++)
        if (!pool_submit(c->pool, &c->children[i].task))
            abort();
    return POOL_DONE;
}

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

/* ---- a gate holds a worker until it is opened ---- */

struct gate {
    struct pool_task task;
    atomic_bool entered, open;
    size_t worker;
};

static enum pool_result hold(struct pool_worker *worker, void *arg)
{
    struct gate *gate = arg;

    gate->worker = pool_worker_index(worker);
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open))
        sched_yield();
    return POOL_DONE;
}

static void gate_close(struct pool *pool, struct gate *gate, size_t worker)
{
    memset(gate, 0, sizeof(*gate));
    pool_task_init(&gate->task, POOL_BLOCK, hold, gate, NULL);
    assert_true(pool_submit_to(pool, worker, &gate->task));
    while (!atomic_load(&gate->entered))
        sched_yield();
}

/* ---- order ---- */

struct logged {
    struct pool_task task;
    int number;
    size_t worker;
};

/* What ran, in its order, and where. */
static struct {
    atomic_size_t count;
    int number[64];
} ran;

static enum pool_result log_run(struct pool_worker *worker, void *arg)
{
    struct logged *l = arg;

    l->worker = pool_worker_index(worker);
    ran.number[atomic_fetch_add(&ran.count, 1)] = l->number;
    return POOL_DONE;
}

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
 * Two nodes of two CPUs: workers 0 and 2 are on node 0, 1 and 3 on node 1. With
 * all held and a task in each queue, the one that is let go takes its own, then
 * its neighbour's, then the other node's.
 */
static void steals_near_first(void **state)
{
    struct pool *pool = make_pool("numa:2 l3:1 core:2 pu:1", (struct pool_options){0});
    struct pool_group group = {0};
    struct logged tasks[4];
    struct gate gates[4];

    (void)state;
    assert_int_equal(pool_worker_cpu(pool, 2)->node, 0);
    assert_int_equal(pool_worker_cpu(pool, 3)->node, 1);
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

struct scan {
    struct pool_task task;
    atomic_uint runs, slices;
    atomic_bool end;
};

/* As a mining scan: goes on for ever in slices, yields when asked to. */
static enum pool_result scan(struct pool_worker *worker, void *arg)
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
    sleep_ms(20);
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
    assert_int_equal(atomic_load(&ran.count), 0);
    assert_true(pool_group_done(&untouched));
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

    (void)state;
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
        cmocka_unit_test(runs_all_once),
        cmocka_unit_test(keeps_the_order),
        cmocka_unit_test(steals_by_class_first),
        cmocka_unit_test(steals_near_first),
        cmocka_unit_test(stays_where_told),
        cmocka_unit_test(scans_yield),
        cmocka_unit_test(yields_to_higher_alone),
        cmocka_unit_test(idle_workers_use_no_cpu),
        cmocka_unit_test(drains),
        cmocka_unit_test(cancels),
        cmocka_unit_test(ends_while_idle),
        cmocka_unit_test(limits_queues),
        cmocka_unit_test(takes_residents_beyond_the_limit),
        cmocka_unit_test(refuses_too_many_workers),
        cmocka_unit_test(survives_the_want_of_threads),
        cmocka_unit_test(starts_where_pinning_fails),
        cmocka_unit_test(blocks_signals),
        cmocka_unit_test(places_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
