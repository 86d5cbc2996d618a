/*
 * The batch verifier: signature checks from anywhere, verified on the pool, and
 * answered when they are.
 *
 *     caller --- struct verifier_batch (checks, answers) ---> [ pool ] ---> done(batch)
 *
 * A submission is an array of checks of the caller's, of any size, from one input to many blocks; it
 * is cut into pieces of the implementation's best size, which run as tasks of the priority given,
 * in parallel. Nothing is copied, nothing allocated. What a fast implementation does not accept
 * is decided by the reference.
 *
 * Every function may be called on any thread, a worker's included.
 */
#ifndef ENGINE_VERIFIER_H
#define ENGINE_VERIFIER_H

#include "engine/pool.h"
#include "kernels/signature.h"

struct verifier;

enum {
    VERIFIER_ERROR_SIZE = 256,
    VERIFIER_BATCH_TASKS = 16, /* pieces of one batch that are worked on at a time */
};

/*
 * A verifier on pool, which must outlive it. name: an implementation of signature_verify_impls, or
 * NULL for the fastest that runs here and agrees with the reference on a few known checks. NULL,
 * with the reason in error, where the name is unknown, cannot run here, or disagrees, or
 * memory is exhausted.
 */
struct verifier *verifier_create(struct pool *pool, const char *name,
                                 char error[static VERIFIER_ERROR_SIZE]);

/* No batch may be unfinished. */
void verifier_destroy(struct verifier *verifier);

const struct signature_verify_impl *verifier_impl(const struct verifier *verifier);

struct verifier_batch;

/* Called once, on the worker that finished last. The batch may be freed or submitted again in it. */
typedef void verifier_done_fn(struct verifier_batch *batch);

/*
 * A submission. The caller fills in the first part, owns all of it, and leaves it alone until done
 * was called. tags come back untouched: they are the caller's own business.
 */
struct verifier_batch {
    const struct signature_check *checks;
    uint64_t *tags;    /* one a check, or NULL: never read here */
    uint8_t *accepted; /* one a check, written: 1 good, 0 bad */
    size_t count;
    enum pool_class class;
    verifier_done_fn *done;
    void *context;
    /* Set before done is called. */
    size_t rejected; /* how many are bad */
    bool cancelled;  /* the pool was being cancelled: no answer */
    /* The verifier's own. */
    struct verifier *verifier;
    atomic_size_t next, finished, refused, tasks_left;
    atomic_bool dropped;
    struct pool_task tasks[VERIFIER_BATCH_TASKS];
};

/*
 * Begins. Never waits. A count of zero is done at once, on the calling thread. Where the pool's
 * queues are full the work is done on the calling thread.
 */
void verifier_submit(struct verifier *verifier, struct verifier_batch *batch);

/*
 * The same, and helps with the batch until it is done: for callers with nothing better to do. Sets
 * accepted and rejected; done is not called and may be NULL. On a worker it helps, too, and does not sleep
 * while pieces of the batch are left. Returns rejected == 0.
 */
bool verifier_run(struct verifier *verifier, struct verifier_batch *batch);

/* What it has done so far. */
struct verifier_stats {
    uint64_t checks, rejected, calls; /* calls of the implementation */
    uint64_t second_opinions;         /* checks that the reference was asked about */
};
struct verifier_stats verifier_stats(const struct verifier *verifier);

#endif
