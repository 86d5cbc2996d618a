/*
 * The pool. A worker's life is take, run, and sleep where there was nothing.
 *
 * Each worker has one queue under one mutex, held for a few loads and stores.
 * It has two lists a class: tasks that anybody may take, and tasks that stay.
 * Two words tell what waits without any lock, so that asking whether to yield
 * is two loads and a look for work is no walk over all queues:
 *
 *     pool->waiting     a 21-bit field a class: how many queues have tasks to share
 *     worker->waiting   a bit a class and list: which lists of this queue are not empty
 *
 * Both change under the queue's mutex, when a list becomes empty or stops being so.
 *
 * Sleeping without losing a wake-up: a worker first says that it sleeps
 * (idle, then asleep), then looks whether anything waits; who submits first
 * makes a list not empty (waiting), then looks for sleepers. All of these are
 * seq_cst, so at least one of the two sees the other.
 *
 * Locks: a queue's mutex is the innermost; nothing is called under it.
 */
#include "engine/pool.h"

#include "base/verify.h"
#include "engine/futex.h"
#include "engine/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE = 64,       /* bytes of a cache line */
    FIELD_BITS = 21, /* of pool->waiting, a class */
    STAYS_SHIFT = 8, /* of worker->waiting: where the bits of the staying lists begin */
    STACK_SIZE = 1 << 20,
};

_Static_assert(POOL_MAX_WORKERS < 1 << FIELD_BITS, "every queue may be counted in a field");
_Static_assert(POOL_CLASSES *FIELD_BITS <= 64, "a field a class");

/* First in, first out. */
struct list {
    struct pool_task *first, *last;
};

struct queue {
    pthread_mutex_t lock;
    size_t count;
    bool cancelled;                     /* takes no task any more */
    bool stays_next[POOL_CLASSES];      /* which of the two lists is to be taken from next */
    struct list lists[2][POOL_CLASSES]; /* [stays][class] */
};

/* Everything of one worker's, on its node: a line of what others read, then what they write. */
struct pool_worker {
    struct pool *pool;
    size_t index;
    size_t size; /* of this allocation */
    pthread_t thread;
    enum pool_class running;                   /* of the task that runs: the worker's own */
    atomic_uint_least64_t run, stolen, sleeps; /* written by the worker alone */
    _Alignas(LINE) atomic_uint waiting;
    _Alignas(LINE) struct queue queue;
    _Alignas(LINE) atomic_uint asleep; /* 1 from the moment it may sleep until it is woken */
    uint16_t victims[];                /* the other workers, the nearest first */
};

enum ending { RUNNING, DRAINING, CANCELLING };

struct pool {
    struct pool_worker **worker;
    size_t workers, pinned, queue_limit;
    struct topology topology;
    _Alignas(LINE) atomic_uint_least64_t waiting;
    _Alignas(LINE) atomic_uint idle; /* workers that say they sleep */
    _Alignas(LINE)
        atomic_uint parked; /* workers that do sleep, having found nothing; see pool_destroy */
    atomic_bool exit;       /* all are parked: end the threads */
    _Alignas(LINE) atomic_uint ending; /* enum ending; read at every poll, written once */
    _Alignas(LINE) atomic_size_t next; /* whose turn it is to be submitted to */
};

/* The worker that this thread is, if it is one: submitting goes to its own queue. */
static _Thread_local struct pool_worker *this_worker;

static uint64_t field_one(enum pool_class class) { return (uint64_t)1 << FIELD_BITS * class; }

static bool field_is_set(uint64_t waiting, enum pool_class class)
{
    return waiting >> FIELD_BITS * class & ((1 << FIELD_BITS) - 1);
}

static unsigned list_bit(bool stays, enum pool_class class)
{
    return 1u << ((unsigned)class + (stays ? STAYS_SHIFT : 0));
}

/* Counts one of a worker's own counters up. */
static void count_up(atomic_uint_least64_t *counter)
{
    /* Relaxed: one writer; readers want a number, no order. */
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

/* ---- groups ---- */

static void group_start(struct pool_group *group)
{
    /* Relaxed: the queue's mutex orders it before the task's run, hence before its end. */
    if (group)
        atomic_fetch_add_explicit(&group->state, 2, memory_order_relaxed);
}

/* After the last task's end the group may be gone. */
static void group_finish(struct pool_group *group, bool cancelled)
{
    unsigned old;

    if (!group)
        return;
    /* Relaxed: made visible by the release below. */
    if (cancelled)
        atomic_store_explicit(&group->cancelled, true, memory_order_relaxed);
    /* Release what the task wrote to who waits; acquire the others' for whoever comes after us. */
    old = atomic_fetch_sub_explicit(&group->state, 2, memory_order_acq_rel);
    VERIFY_CHECK(old >= 2);
    if (old == 3)
        futex_wake(&group->state, INT_MAX);
}

bool pool_group_done(const struct pool_group *group)
{
    /* Acquire: what the tasks wrote is visible to who sees them finished. */
    return atomic_load_explicit(&group->state, memory_order_acquire) < 2;
}

bool pool_group_wait(struct pool_group *group)
{
    unsigned state;

    assert(!this_worker);
    /* Acquire: as in pool_group_done. */
    while ((state = atomic_load_explicit(&group->state, memory_order_acquire)) >= 2) {
        /* Relaxed: the bit only asks for a wake-up; futex_wait compares it again. */
        if (!(state & 1) &&
            !atomic_compare_exchange_weak_explicit(&group->state, &state, state | 1,
                                                   memory_order_relaxed, memory_order_relaxed))
            continue;
        futex_wait(&group->state, state | 1);
    }
    /* Relaxed: ordered by the acquire above. The waiter's bit goes, for the next use. */
    atomic_fetch_and_explicit(&group->state, ~1u, memory_order_relaxed);
    return !atomic_exchange_explicit(&group->cancelled, false, memory_order_relaxed);
}

/* ---- queues ---- */

/* Under the queue's lock. */
static void list_push(struct pool_worker *w, struct pool_task *task)
{
    struct list *list = &w->queue.lists[task->stays][task->class];

    VERIFY_CHECK(task->run && (unsigned)task->class < POOL_CLASSES);
    task->next = NULL;
    w->queue.count++;
    if (list->first) {
        list->last->next = task;
        list->last = task;
        return;
    }
    list->first = list->last = task;
    atomic_fetch_or(&w->waiting, list_bit(task->stays, task->class));
    if (!task->stays)
        atomic_fetch_add(&w->pool->waiting, field_one(task->class));
}

/* Under the queue's lock; NULL where the list is empty. */
static struct pool_task *list_pop(struct pool_worker *w, bool stays, enum pool_class class)
{
    struct list *list = &w->queue.lists[stays][class];
    struct pool_task *task = list->first;

    if (!task)
        return NULL;
    VERIFY_CHECK(w->queue.count > 0);
    w->queue.count--;
    list->first = task->next;
    if (!list->first) {
        atomic_fetch_and(&w->waiting, ~list_bit(stays, class));
        if (!stays)
            atomic_fetch_sub(&w->pool->waiting, field_one(class));
    }
    return task;
}

/* Wakes w if it sleeps; true if it did. */
static bool wake(struct pool_worker *w)
{
    struct pool *pool = w->pool;

    if (!atomic_load(&w->asleep))
        return false;
    /* Before w can run: else it could park again, and be counted twice for a moment; see pool_destroy. */
    atomic_fetch_sub(&pool->parked, 1);
    if (!atomic_exchange(&w->asleep, 0)) {
        atomic_fetch_add(&pool->parked, 1);
        return false;
    }
    atomic_fetch_sub(&pool->idle, 1);
    futex_wake(&w->asleep, 1);
    return true;
}

/* After a push to w's queue: sees to it that somebody is awake who may take the task. */
static void wake_for(struct pool_worker *w, bool stays)
{
    struct pool *pool = w->pool;

    if (stays) {
        wake(w);
        return;
    }
    if (!atomic_load(&pool->idle) || wake(w))
        return;
    for (size_t i = 0; i + 1 < pool->workers; i++)
        if (wake(pool->worker[w->victims[i]]))
            return;
}

/* How a task comes to a queue: only new ones heed the limit. */
enum entry { NEW, RESIDENT, AGAIN };

static bool push(struct pool_worker *w, struct pool_task *task, enum entry entry)
{
    struct queue *q = &w->queue;
    bool stays = task->stays;
    bool refused;

    pthread_mutex_lock(&q->lock);
    refused = q->cancelled || (q->count >= w->pool->queue_limit && entry == NEW);
    if (!refused) {
        if (entry != AGAIN)
            group_start(task->group);
        list_push(w, task);
    }
    pthread_mutex_unlock(&q->lock);
    /* From here on the task may have run and be gone. */
    if (!refused)
        wake_for(w, stays);
    return !refused;
}

static bool belongs_to(const struct pool_worker *w, const struct pool *pool)
{
    return w && w->pool == pool;
}

bool pool_submit(struct pool *pool, struct pool_task *task)
{
    struct pool_worker *w = this_worker;

    /* Relaxed: any fair enough turn will do. */
    if (!belongs_to(w, pool))
        w = pool->worker[atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed) %
                         pool->workers];
    task->stays = false;
    return push(w, task, NEW);
}

bool pool_submit_to(struct pool *pool, size_t worker, struct pool_task *task)
{
    assert(worker < pool->workers);
    task->stays = true;
    return push(pool->worker[worker], task, NEW);
}

void pool_submit_resident(struct pool *pool, size_t worker, struct pool_task *task)
{
    bool queued;

    assert(worker < pool->workers);
    task->stays = true;
    queued = push(pool->worker[worker], task, RESIDENT);
    assert(queued);
}

void pool_task_init(struct pool_task *task, enum pool_class class, pool_task_fn *run, void *arg,
                    struct pool_group *group)
{
    assert((unsigned)class < POOL_CLASSES);
    *task = (struct pool_task){.run = run, .arg = arg, .group = group, .class = class};
}

/* ---- workers ---- */

/* From its own queue: the two lists of the class in turn, so that neither starves the other. */
static struct pool_task *take_own(struct pool_worker *w, enum pool_class class)
{
    struct queue *q = &w->queue;
    struct pool_task *task;
    bool stays;

    pthread_mutex_lock(&q->lock);
    stays = q->stays_next[class];
    q->stays_next[class] = !stays;
    task = list_pop(w, stays, class);
    if (!task)
        task = list_pop(w, !stays, class);
    pthread_mutex_unlock(&q->lock);
    return task;
}

static struct pool_task *steal(struct pool_worker *w, enum pool_class class)
{
    for (size_t i = 0; i + 1 < w->pool->workers; i++) {
        struct pool_worker *victim = w->pool->worker[w->victims[i]];
        struct pool_task *task;

        /* Relaxed: a hint, looked at again under the lock. */
        if (!(atomic_load_explicit(&victim->waiting, memory_order_relaxed) &
              list_bit(false, class)))
            continue;
        pthread_mutex_lock(&victim->queue.lock);
        task = list_pop(victim, false, class);
        pthread_mutex_unlock(&victim->queue.lock);
        if (task) {
            count_up(&w->stolen);
            return task;
        }
    }
    return NULL;
}

static struct pool_task *take(struct pool_worker *w)
{
    for (enum pool_class c = POOL_BLOCK; c < POOL_CLASSES; c++) {
        unsigned lists = list_bit(false, c) | list_bit(true, c);
        struct pool_task *task = NULL;

        /* Relaxed, both: hints. Before it sleeps a worker looks again, seq_cst. */
        if (atomic_load_explicit(&w->waiting, memory_order_relaxed) & lists)
            task = take_own(w, c);
        if (!task && field_is_set(atomic_load_explicit(&w->pool->waiting, memory_order_relaxed), c))
            task = steal(w, c);
        if (task)
            return task;
    }
    return NULL;
}

static void run(struct pool_worker *w, struct pool_task *task)
{
    struct pool_group *group = task->group;
    enum pool_result result;

    w->running = task->class;
    count_up(&w->run);
    result = task->run(w, task->arg);
    /* A task that is done may be gone. One that isn't stays where it ran. */
    if (result == POOL_DONE)
        group_finish(group, false);
    else if (!push(w, task, AGAIN))
        group_finish(group, true);
}

/* Sleeps until woken, unless something waits that this worker may take. */
static void sleep_unless_waiting(struct pool_worker *w)
{
    struct pool *pool = w->pool;

    /* In this order: else a waker could take off of idle what another sleeper has added. */
    atomic_fetch_add(&pool->idle, 1);
    atomic_store(&w->asleep, 1);
    if (atomic_load(&w->waiting) || atomic_load(&pool->waiting) || atomic_load(&pool->exit)) {
        if (atomic_exchange(&w->asleep, 0))
            atomic_fetch_sub(&pool->idle, 1);
        else
            atomic_fetch_add(&pool->parked, 1); /* balances what the waker took off */
        return;
    }
    count_up(&w->sleeps);
    if (atomic_fetch_add(&pool->parked, 1) + 1 == pool->workers && atomic_load(&pool->ending))
        futex_wake(&pool->parked, INT_MAX);
    while (atomic_load(&w->asleep))
        futex_wait(&w->asleep, 1);
}

static void *work(void *arg)
{
    struct pool_worker *w = arg;

    this_worker = w;
    while (!atomic_load(&w->pool->exit)) {
        struct pool_task *task = take(w);

        if (task)
            run(w, task);
        else
            sleep_unless_waiting(w);
    }
    return NULL;
}

bool pool_should_yield(const struct pool_worker *w)
{
    unsigned above = (1u << w->running) - 1;
    uint64_t fields_above = field_one(w->running) - 1;

    /*
     * Relaxed, all three: the answer is advice. Cache coherence alone brings a
     * change here within far less than a slice, and what is then taken is
     * taken under a lock.
     */
    return (atomic_load_explicit(&w->pool->waiting, memory_order_relaxed) & fields_above) ||
           (atomic_load_explicit(&w->waiting, memory_order_relaxed) &
            (above | above << STAYS_SHIFT)) ||
           atomic_load_explicit(&w->pool->ending, memory_order_relaxed) == CANCELLING;
}

bool pool_stopping(const struct pool_worker *w) { return atomic_load(&w->pool->ending) != RUNNING; }

size_t pool_worker_index(const struct pool_worker *w) { return w->index; }

/* ---- making and ending ---- */

/* How far b is from a: 0 in one L3 cache, 1 on one node, 2 beyond. */
static unsigned distance(const struct topology_cpu *a, const struct topology_cpu *b)
{
    if (a->node != b->node)
        return 2;
    return a->l3 == TOPOLOGY_NONE || a->l3 != b->l3;
}

/* Nearest first; among equals from the next one on, so that not all thieves meet at one victim. */
static void order_victims(struct pool_worker *w)
{
    const struct pool *pool = w->pool;
    size_t n = 0;

    for (unsigned away = 0; away <= 2; away++)
        for (size_t i = 1; i < pool->workers; i++) {
            size_t other = (w->index + i) % pool->workers;

            if (distance(pool_worker_cpu(pool, w->index), pool_worker_cpu(pool, other)) == away)
                w->victims[n++] = (uint16_t)other;
        }
}

static bool make_worker(struct pool *pool, size_t index)
{
    size_t size = sizeof(struct pool_worker) + sizeof(uint16_t) * pool->workers;
    struct pool_worker *w = memory_alloc(size, pool_worker_node(pool, index), false);

    if (!w)
        return false;
    w->pool = pool;
    w->index = index;
    w->size = size;
    if (pthread_mutex_init(&w->queue.lock, NULL)) {
        memory_free(w, size);
        return false;
    }
    order_victims(w);
    pool->worker[index] = w;
    return true;
}

/* One thread that runs on cpus, or anywhere where that is NULL; 0 or an error number. */
static int start_on(struct pool_worker *w, const cpu_set_t *cpus)
{
    pthread_attr_t attr;
    sigset_t all;
    int error = pthread_attr_init(&attr);

    if (error)
        return error;
    sigfillset(&all);
    pthread_attr_setstacksize(&attr, STACK_SIZE);
    error = pthread_attr_setsigmask_np(&attr, &all);
    if (!error && cpus)
        error = pthread_attr_setaffinity_np(&attr, sizeof(*cpus), cpus);
    if (!error)
        error = pthread_create(&w->thread, &attr, work, w);
    pthread_attr_destroy(&attr);
    return error;
}

/* The worker's thread, pinned where that is wanted and possible. */
static int start_thread(struct pool_worker *w, bool pin)
{
    unsigned os = pool_worker_cpu(w->pool, w->index)->os;
    char name[16];
    int error = EINVAL;

    if (pin && os < CPU_SETSIZE) {
        cpu_set_t cpus;

        CPU_ZERO(&cpus);
        CPU_SET(os, &cpus);
        error = start_on(w, &cpus);
        w->pool->pinned += !error;
    }
    if (error)
        error = start_on(w, NULL);
    if (!error) {
        snprintf(name, sizeof(name), "worker %zu", w->index);
        pthread_setname_np(w->thread, name);
    }
    return error;
}

/* Starts all threads; where one can't be, those that were are still running: *started of them. */
static int start_threads(struct pool *pool, bool pin, size_t *started)
{
    int error = 0;

    for (*started = 0; *started < pool->workers; ++*started) {
        error = start_thread(pool->worker[*started], pin);
        if (error)
            break;
    }
    return error;
}

static void free_pool(struct pool *pool)
{
    for (size_t i = 0; pool->worker && i < pool->workers; i++)
        if (pool->worker[i]) {
            VERIFY_CHECK(pool->worker[i]->queue.count == 0);
            pthread_mutex_destroy(&pool->worker[i]->queue.lock);
            memory_free(pool->worker[i], pool->worker[i]->size);
        }
    free(pool->worker);
    free(pool);
}

static void end_threads(struct pool *pool, size_t started)
{
    atomic_store(&pool->exit, true);
    for (size_t i = 0; i < started; i++) {
        wake(pool->worker[i]);
        pthread_join(pool->worker[i]->thread, NULL);
    }
}

/* Everything but the threads; NULL where memory is exhausted. */
static struct pool *make_pool(const struct topology *topology, const struct pool_options *options)
{
    struct pool *pool = aligned_alloc(LINE, sizeof(*pool));

    if (!pool)
        return NULL;
    memset(pool, 0, sizeof(*pool));
    pool->topology = *topology;
    pool->workers = options->workers ? options->workers : topology->workers;
    pool->queue_limit = options->queue_limit ? options->queue_limit : POOL_QUEUE_LIMIT;
    pool->worker = calloc(pool->workers, sizeof(struct pool_worker *));
    for (size_t i = 0; i < pool->workers; i++)
        if (!pool->worker || !make_worker(pool, i)) {
            free_pool(pool);
            return NULL;
        }
    return pool;
}

struct pool *pool_create(const struct topology *topology, const struct pool_options *options,
                         char error[static POOL_ERROR_SIZE])
{
    static const struct pool_options plain;
    struct pool *pool;
    size_t started = 0;
    int failure;

    assert(topology->cpu_count >= 1);
    options = options ? options : &plain;
    error[0] = 0;
    if (options->workers > POOL_MAX_WORKERS) {
        snprintf(error, POOL_ERROR_SIZE, "%zu workers are more than the %d there may be",
                 options->workers, POOL_MAX_WORKERS);
        return NULL;
    }
    pool = make_pool(topology, options);
    if (!pool) {
        snprintf(error, POOL_ERROR_SIZE, "out of memory for the workers");
        return NULL;
    }
    failure = start_threads(pool, !options->unpinned && !topology->described, &started);
    if (failure) {
        snprintf(error, POOL_ERROR_SIZE, "can't start worker %zu of %zu: %s", started + 1,
                 pool->workers, strerror(failure));
        end_threads(pool, started);
        free_pool(pool);
        return NULL;
    }
    return pool;
}

/* Drops what waits at w, and all that would yet come. */
static void cancel_queue(struct pool_worker *w)
{
    struct pool_task *task;

    pthread_mutex_lock(&w->queue.lock);
    w->queue.cancelled = true;
    for (enum pool_class c = POOL_BLOCK; c < POOL_CLASSES; c++)
        for (int stays = 0; stays <= 1; stays++)
            while ((task = list_pop(w, stays, c)))
                group_finish(task->group, true);
    pthread_mutex_unlock(&w->queue.lock);
}

void pool_destroy(struct pool *pool, enum pool_end how)
{
    unsigned parked;

    assert(!belongs_to(this_worker, pool));
    atomic_store(&pool->ending, how == POOL_CANCEL ? CANCELLING : DRAINING);
    for (size_t i = 0; how == POOL_CANCEL && i < pool->workers; i++)
        cancel_queue(pool->worker[i]);
    /*
     * Once all sleep having found nothing, nothing waits, and as nobody but
     * tasks may submit now, nothing can come: that number of parked workers is
     * final. A waker, awake itself, takes another off before that one can run,
     * so the number is never too high while somebody runs.
     */
    while ((parked = atomic_load(&pool->parked)) != pool->workers)
        futex_wait(&pool->parked, parked);
    end_threads(pool, pool->workers);
    free_pool(pool);
}

size_t pool_workers(const struct pool *pool) { return pool->workers; }

size_t pool_pinned(const struct pool *pool) { return pool->pinned; }

const struct topology_cpu *pool_worker_cpu(const struct pool *pool, size_t worker)
{
    assert(worker < pool->workers);
    return &pool->topology.cpu[worker % pool->topology.cpu_count];
}

int pool_worker_node(const struct pool *pool, size_t worker)
{
    if (pool->topology.described)
        return MEMORY_ANY_NODE;
    return pool->topology.node_os[pool_worker_cpu(pool, worker)->node];
}

struct pool_stats pool_worker_stats(const struct pool *pool, size_t worker)
{
    const struct pool_worker *w;

    assert(worker < pool->workers);
    w = pool->worker[worker];
    /* Relaxed: numbers to show; see count_up. */
    return (struct pool_stats){
        .run = atomic_load_explicit(&w->run, memory_order_relaxed),
        .stolen = atomic_load_explicit(&w->stolen, memory_order_relaxed),
        .sleeps = atomic_load_explicit(&w->sleeps, memory_order_relaxed),
    };
}
