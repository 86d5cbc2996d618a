/*
 * Pinned worker threads that run tasks of three classes.
 *
 *     submit -> [ queue of worker 0 ] -> worker 0 \
 *               [ queue of worker 1 ] -> worker 1  > steal from each other, their own node first
 *               [ queue of worker 2 ] -> worker 2 /
 *
 * A worker takes the highest class that waits anywhere: its own queue first,
 * then the queues of its NUMA node, then all others, before it looks at the
 * next class. Long tasks ask pool_should_yield every fraction of a millisecond
 * and return POOL_AGAIN when it says so. Idle workers sleep and use no CPU.
 *
 * Every function may be called on any thread unless it says otherwise.
 */
#ifndef ENGINE_POOL_H
#define ENGINE_POOL_H

#include "engine/topology.h"

#include <stdatomic.h>
#include <stdint.h>

enum {
    POOL_MAX_WORKERS = TOPOLOGY_MAX_CPUS,
    POOL_QUEUE_LIMIT = 1 << 20, /* tasks that wait in one worker's queue */
    POOL_ERROR_SIZE = 256,
};

/* The most urgent first. */
enum pool_class {
    POOL_BLOCK,
    POOL_TRANSACTION,
    POOL_MINING,
    POOL_CLASSES,
};

struct pool;
struct pool_worker;

enum pool_result {
    POOL_DONE,  /* finished: the pool does not look at the task again */
    POOL_AGAIN, /* not finished: queue it again, behind the others of its class on this worker */
};

/*
 * The work itself. worker is the worker that runs it, for pool_should_yield and
 * the like. It may submit tasks, its own included if it then returns POOL_DONE
 * and the task is one for this worker (pool_submit_to); it may free the memory
 * that its task lies in before it returns POOL_DONE.
 */
typedef enum pool_result pool_task_fn(struct pool_worker *worker, void *arg);

/*
 * Tasks that are waited for together. Embed it; it must outlive its tasks. Zero
 * initialised it is empty; use it again once a wait has returned.
 */
struct pool_group {
    atomic_uint
        state; /* twice the number of unfinished tasks, plus 1 while somebody sleeps on it */
    atomic_bool cancelled;
};

/* One piece of work. Embed it in what it works on: the pool allocates nothing. Only pool.c touches it. */
struct pool_task {
    pool_task_fn *run;
    void *arg;
    struct pool_group *group;
    struct pool_task *next;
    enum pool_class class;
    bool stays; /* not to be stolen */
};

struct pool_options {
    size_t workers;     /* 0: the topology's */
    size_t queue_limit; /* 0: POOL_QUEUE_LIMIT */
    bool unpinned;      /* leave placement to the system's scheduler */
};

enum pool_end {
    POOL_DRAIN, /* run all that waits first; tasks that would go on forever must mind pool_stopping */
    POOL_CANCEL, /* drop what waits; only what runs is run until it returns */
};

/*
 * Starts the workers, each on a CPU in the topology's order (from its start
 * again where there are more workers than CPUs) and with its data on that CPU's
 * NUMA node. options may be NULL. NULL, with the reason in error, where threads
 * or memory can't be had; that a thread can't be pinned is no failure (see
 * pool_pinned). They block all signals, which stay the program's.
 */
struct pool *pool_create(const struct topology *topology, const struct pool_options *options,
                         char error[static POOL_ERROR_SIZE]);

/*
 * Ends the workers and frees the pool. No other thread may be in a call on the
 * pool any more or begin one, and this one must not be a worker; tasks may
 * still submit: with POOL_DRAIN such tasks are run too. With POOL_CANCEL they
 * are refused, and every dropped task counts as finished in its group, which is
 * marked cancelled.
 */
void pool_destroy(struct pool *pool, enum pool_end how);

size_t pool_workers(const struct pool *pool);
size_t pool_pinned(const struct pool *pool); /* how many of them are pinned */

/* The CPU of a worker's. */
const struct topology_cpu *pool_worker_cpu(const struct pool *pool, size_t worker);

/* The system's number of its NUMA node, for memory_alloc; -1 where there is none. */
int pool_worker_node(const struct pool *pool, size_t worker);

/* Fills in a task. group may be NULL. Not while it waits or runs. */
void pool_task_init(struct pool_task *task, enum pool_class class, pool_task_fn *run, void *arg,
                    struct pool_group *group);

/*
 * Queues a task: on a worker at its own queue, elsewhere at each worker's in
 * turn; any worker may run it. False, and nothing done, where the queue is full
 * or the pool is being cancelled. A task must not be submitted again before it
 * has finished.
 */
bool pool_submit(struct pool *pool, struct pool_task *task) __attribute__((warn_unused_result));

/* The same for one worker, 0 to pool_workers - 1; no other runs it. */
bool pool_submit_to(struct pool *pool, size_t worker, struct pool_task *task)
    __attribute__((warn_unused_result));

/*
 * The same beyond the queue's limit, for a task that its owner parks and must
 * be able to bring back: one a worker and owner, so that there are few. Not
 * once pool_destroy was called with POOL_CANCEL (asserted).
 */
void pool_submit_resident(struct pool *pool, size_t worker, struct pool_task *task);

/*
 * Sleeps until every task of the group has finished. False where some were
 * cancelled. One thread at a time, and not a worker (asserted): that could wait
 * for itself.
 */
bool pool_group_wait(struct pool_group *group);

/* The same without sleeping: whether all have finished. */
bool pool_group_done(const struct pool_group *group);

/*
 * For a task that runs on worker: whether a higher class waits for a worker, or
 * the pool is being cancelled. Two loads, no write. Asked every 200
 * microseconds it keeps the promise that a higher class starts within one
 * millisecond.
 */
bool pool_should_yield(const struct pool_worker *worker);

/* Whether pool_destroy was called. */
bool pool_stopping(const struct pool_worker *worker);

/* Which worker this is, 0 to pool_workers - 1. */
size_t pool_worker_index(const struct pool_worker *worker);

/* What a worker has done so far; may lag by a task. */
struct pool_stats {
    uint64_t run;    /* tasks run, each POOL_AGAIN counted */
    uint64_t stolen; /* of those, how many came from another worker's queue */
    uint64_t sleeps; /* times that it went to sleep */
};

struct pool_stats pool_worker_stats(const struct pool *pool, size_t worker);

#endif
