/*
 * The batch verifier: signature checks from anywhere, verified on the pool, and
 * answered when they are.
 *
 *     caller --- struct verifier_batch (checks, answers) ---> [ pool ] ---> done(batch)
 *
 * A submission is an array of checks of the caller's, of any size, from one
 * input to many blocks. It is cut into pieces, which the workers that are free
 * take in the order of submission, class by class; the pieces of one batch run
 * in parallel, and a higher class is not kept waiting for longer than a piece.
 * Nothing is copied, nothing allocated. What a fast implementation does not accept is
 * decided by the reference.
 *
 * Every function may be called on any thread, a worker's and inside done
 * included, unless it says otherwise.
 */
#ifndef ENGINE_VERIFIER_H
#define ENGINE_VERIFIER_H

#include "engine/pool.h"
#include "kernels/signature.h"

struct verifier;

enum { VERIFIER_ERROR_SIZE = 256 };

/*
 * A verifier on pool, which must outlive it but for verifier_cancel and verifier_destroy; without one
 * (NULL) all is done on the calling thread. name: an implementation of signature_verify_impls; NULL
 * or "auto" is the first, the fastest, that this processor can run. NULL, with the reason in error,
 * where the name is unknown, the processor cannot run it, it fails verifier_create_with's check, or memory is exhausted.
 */
struct verifier *verifier_create(struct pool *pool, const char *name,
                                 char error[static VERIFIER_ERROR_SIZE]);

/*
 * The same with an implementation of the caller's, which this processor can run and which outlives the verifier.
 * It must agree with the reference on some known checks, good and bad, at every count up to two of its
 * batches, and the reference with what is known of them: takes some milliseconds.
 */
struct verifier *verifier_create_with(struct pool *pool, const struct signature_verify_impl *impl,
                                      char error[static VERIFIER_ERROR_SIZE]);

/*
 * Finishes all batches that wait as cancelled, their done called on this thread, and from now on every
 * new one at once; pieces that are being verified go on, and the last of a batch finishes it. For
 * the end of a program: before pool_destroy, or after it. With POOL_CANCEL the pool drops what would
 * have verified the batches that wait, so there it must be called for their done to be.
 */
void verifier_cancel(struct verifier *verifier);

/* No batch may be unfinished (asserted), and no thread may be in a call. The pool may be gone. */
void verifier_destroy(struct verifier *verifier);

const struct signature_verify_impl *verifier_impl(const struct verifier *verifier);

struct verifier_batch;

/*
 * Called once, on the thread that finished last and under no lock. The batch may be freed or
 * submitted again in it.
 */
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
    void *context; /* the caller's own */
    /* Set before done is called, or verifier_run returns. */
    size_t rejected; /* how many are bad */
    bool cancelled;  /* by verifier_cancel: accepted and rejected are no answer */
    /* The verifier's own. */
    struct verifier_batch *previous, *next;
    size_t taken, finished; /* checks */
    atomic_uint state;
};

/*
 * Begins. Does not wait for workers. A count of zero is done at once, on the calling thread. Where there
 * is no pool, or its queues are full, the calling thread verifies what waits of the batch's class before it returns.
 */
void verifier_submit(struct verifier *verifier, struct verifier_batch *batch);

/*
 * The same, and helps with the batch until it is finished: for callers with nothing better to do. done
 * is not called and may be NULL. It needs no worker to be free, so that workers may call it, all of
 * them at once; it sleeps only while other threads verify the last pieces. It does not yield to higher
 * classes meanwhile. Returns whether all are good.
 */
bool verifier_run(struct verifier *verifier, struct verifier_batch *batch);

/* What it has done so far; may lag by a piece a thread. */
struct verifier_stats {
    uint64_t checks, rejected;
    uint64_t calls;           /* of the implementation */
    uint64_t second_opinions; /* checks that the reference was asked about */
};
struct verifier_stats verifier_stats(const struct verifier *verifier);

#endif
