/* What the tests of the pool share: pools, and tasks that tell what became of them. */
#ifndef TESTS_UNIT_ENGINE_POOL_SUPPORT_H
#define TESTS_UNIT_ENGINE_POOL_SUPPORT_H

#include "engine/pool.h"

void sleep_ms(long n);

/* A pool on this machine (NULL) or in the shape of another. */
struct pool *make_pool(const char *synthetic, struct pool_options options);

/* Fails where the group's tasks don't end, instead of waiting for ever. */
void expect_done(struct pool_group *group);

/* Counts its runs, and submits its children. */
struct counted {
    struct pool_task task;
    atomic_uint runs;
    struct pool *pool;
    struct counted *children;
    size_t child_count;
};

enum pool_result count(struct pool_worker *worker, void *arg);

/* Holds a worker from gate_close until open is set. */
struct gate {
    struct pool_task task;
    atomic_bool entered, open;
    size_t worker;
};

void gate_close(struct pool *pool, struct gate *gate, size_t worker);

/* Enters its number in ran. */
struct logged {
    struct pool_task task;
    int number;
    size_t worker;
};

/* What ran, in its order, and where. */
struct ran {
    atomic_size_t count;
    int number[64];
};

extern struct ran ran;
enum pool_result log_run(struct pool_worker *worker, void *arg);

/* As a mining scan: goes on for ever in slices, yields when asked to. */
struct scan {
    struct pool_task task;
    atomic_uint runs, slices;
    atomic_bool end;
};

enum pool_result scan(struct pool_worker *worker, void *arg);

#endif
