/*
 * The batch verifier's queue.
 *
 *     queue of a class:  batch -> batch -> batch      (each: taken so far, finished so far)
 *                          |
 *                          +-- pieces, taken one after another by
 *                                tickets: tasks in the pool, at most one a worker and class
 *                                callers of verifier_run, from their own batch alone
 *
 * A batch is in its class's queue while it has checks that nobody took. Whoever took a piece holds
 * the batch until it has counted the piece as finished; who counts the last calls done, and nobody
 * looks at the batch again. Thus nothing of a batch ever waits in the pool, and whoever wants it
 * finished can do all that nobody else is already doing.
 *
 * A ticket that finds its queue empty is given back under the same lock as a new batch enters, so
 * that a batch either meets a ticket that is yet to look, or an idle one to be submitted for it.
 *
 * One lock guards all of it but the answers. It is held for some loads and stores, twice for each
 * piece of about 200 microseconds, so that a hundred workers keep it busy for a few percent of the
 * time. Nothing is called under it: no pool, no done, no implementation. A batch that is no more
 * than a piece is run by verifier_run without it.
 */
#include "engine/verifier.h"

#include "base/verify.h"
#include "engine/futex.h"
#include "engine/verifier_impl.h"
#include "kernels/cpu.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PIECE_US = 200, /* how long a piece may take: pool.h's promise to higher classes */
    LINE = 64,      /* bytes of a cache line */
    SHARDS = 64,    /* lines to count on */
};

/* A task that asks a worker to serve a class. */
struct ticket {
    struct pool_task task;
    struct verifier *verifier;
    enum pool_class class;
    struct ticket *next; /* of those that are idle, or about to be submitted */
};

struct queue {
    struct verifier_batch *first, *last;
    size_t waiting; /* checks that nobody took */
    struct ticket *idle;
    size_t serving; /* tickets that are not idle, and callers who stand in for one */
};

/* What was done on some of the CPUs. */
struct shard {
    _Alignas(LINE) atomic_uint_least64_t checks;
    atomic_uint_least64_t rejected, calls, second_opinions;
};

/* All is guarded by lock, but for what never changes (pool, workers, impl, piece) and what is atomic. */
struct verifier {
    struct pool *pool;
    size_t workers;
    const struct signature_verify_impl *impl;
    size_t piece; /* checks, at most */
    pthread_mutex_t lock;
    struct queue queues[POOL_CLASSES];
    size_t unfinished;       /* batches */
    atomic_bool cancelled;   /* written under the lock, too */
    struct pool_group group; /* of the tickets; guarded by itself */
    struct shard shards[SHARDS];
    struct ticket tickets[];
};

/* What verifier_batch.state says. Only of interest to a caller of verifier_run. */
enum { SUBMITTED, HELPED, SLEPT_ON, FINISHED };

/* Checks from ... from + count - 1 of batch, and what was found about them. */
struct piece {
    struct verifier_batch *batch;
    size_t from, count;
    size_t rejected, second_opinions;
};

/* ---- under the lock ---- */

static void enqueue(struct verifier *v, struct verifier_batch *batch)
{
    struct queue *q = &v->queues[batch->class];

    batch->previous = q->last;
    batch->next = NULL;
    *(q->last ? &q->last->next : &q->first) = batch;
    q->last = batch;
    q->waiting += batch->count;
    v->unfinished++;
}

static void dequeue(struct verifier *v, struct verifier_batch *batch)
{
    struct queue *q = &v->queues[batch->class];

    *(batch->previous ? &batch->previous->next : &q->first) = batch->next;
    *(batch->next ? &batch->next->previous : &q->last) = batch->previous;
}

/* Whole batches of the implementation; smaller ones towards the end, so that all workers end together. */
static size_t piece_size(const struct verifier *v, const struct queue *q)
{
    size_t best = v->impl->best_batch;
    size_t share = q->waiting / (v->workers + 1) / best * best;

    return share < best ? best : share > v->piece ? v->piece : share;
}

static struct piece take(struct verifier *v, struct verifier_batch *batch)
{
    struct queue *q = &v->queues[batch->class];
    size_t left = batch->count - batch->taken, size = piece_size(v, q);
    struct piece piece = {.batch = batch, .from = batch->taken, .count = size < left ? size : left};

    VERIFY_CHECK(left > 0 && q->waiting >= left);
    batch->taken += piece.count;
    q->waiting -= piece.count;
    if (batch->taken == batch->count)
        dequeue(v, batch);
    return piece;
}

/* Counts count more of the batch's checks as finished. True where they were the last. */
static bool finish(struct verifier *v, struct verifier_batch *batch, size_t count)
{
    batch->finished += count;
    VERIFY_CHECK(batch->finished <= batch->taken);
    if (batch->finished < batch->count)
        return false;
    v->unfinished--;
    return true;
}

/* Takes up to n idle tickets, to be submitted: a list. */
static struct ticket *tickets_for(struct queue *q, size_t n)
{
    struct ticket *list = NULL;

    for (; n && q->idle; n--) {
        struct ticket *ticket = q->idle;

        q->idle = ticket->next;
        ticket->next = list;
        list = ticket;
        q->serving++;
    }
    return list;
}

/* ticket is NULL for a caller who stood in for one. */
static void give_back(struct queue *q, struct ticket *ticket)
{
    VERIFY_CHECK(q->serving > 0);
    q->serving--;
    if (ticket) {
        ticket->next = q->idle;
        q->idle = ticket;
    }
}

/* ---- the work ---- */

static void verify(const struct verifier *v, struct piece *piece)
{
    const struct signature_check *checks = piece->batch->checks + piece->from;
    uint8_t *accepted = piece->batch->accepted + piece->from;

    v->impl->run(accepted, checks, piece->count);
    for (size_t i = 0; i < piece->count; i++) {
        if (!accepted[i] && !v->impl->exact) {
            signature_verify_libsecp256k1(&accepted[i], &checks[i], 1);
            piece->second_opinions++;
        }
        VERIFY_CHECK(accepted[i] <= 1);
        piece->rejected += !accepted[i];
    }
}

static void add(atomic_uint_least64_t *counter, uint64_t n)
{
    /* Relaxed: readers want a number, no order. */
    if (n)
        atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

/* On this CPU's own line, mostly: a thread that is moved meanwhile counts right all the same. */
static void count(struct verifier *v, const struct piece *piece)
{
    int cpu = sched_getcpu();
    struct shard *shard = &v->shards[cpu < 0 ? 0 : cpu % SHARDS];

    add(&shard->calls, 1);
    add(&shard->checks, piece->count);
    add(&shard->rejected, piece->rejected);
    add(&shard->second_opinions, piece->second_opinions);
}

/* Tells that batch is finished. It may be gone at once. */
static void answer(struct verifier_batch *batch)
{
    /* Relaxed: written before the batch was enqueued, and the lock was taken since. */
    if (atomic_load_explicit(&batch->state, memory_order_relaxed) == SUBMITTED) {
        batch->done(batch);
        return;
    }
    /*
     * Release all that was written about the batch, by others too: they counted their pieces under
     * the lock before we counted ours. The wake-up needs the address alone.
     */
    if (atomic_exchange_explicit(&batch->state, FINISHED, memory_order_release) == SLEPT_ON)
        futex_wake(&batch->state, INT_MAX);
}

static void work(struct verifier *v, struct piece piece)
{
    bool last;

    verify(v, &piece);
    count(v, &piece);
    pthread_mutex_lock(&v->lock);
    piece.batch->rejected += piece.rejected;
    last = finish(v, piece.batch, piece.count);
    pthread_mutex_unlock(&v->lock);
    if (last)
        answer(piece.batch);
}

/* Takes the class's first piece. Where there is none, gives the ticket back, and returns false. */
static bool take_first(struct verifier *v, enum pool_class class, struct ticket *ticket,
                       struct piece *piece)
{
    struct queue *q = &v->queues[class];
    bool found;

    pthread_mutex_lock(&v->lock);
    found = q->first;
    if (found)
        *piece = take(v, q->first);
    else
        give_back(q, ticket);
    pthread_mutex_unlock(&v->lock);
    return found;
}

/*
 * Runs a ticket. Once given back it may be submitted again before this returns, which
 * then only touches what is on its own stack: as with a task that is freed while it runs.
 */
static enum pool_result serve(struct pool_worker *worker, void *arg)
{
    struct ticket *ticket = arg;
    struct verifier *v = ticket->verifier;
    enum pool_class class = ticket->class;
    struct piece piece;

    while (take_first(v, class, ticket, &piece)) {
        work(v, piece);
        if (pool_should_yield(worker))
            return POOL_AGAIN;
    }
    return POOL_DONE;
}

/* Where nobody serves the class, the calling thread does until nothing waits. */
static void stand_in(struct verifier *v, enum pool_class class)
{
    struct queue *q = &v->queues[class];
    struct piece piece;
    bool alone;

    pthread_mutex_lock(&v->lock);
    alone = !q->serving && q->first;
    if (alone)
        q->serving++;
    pthread_mutex_unlock(&v->lock);
    while (alone && take_first(v, class, NULL, &piece))
        work(v, piece);
}

/*
 * Submits tickets. One that the pool refuses is given back; as others may have entered batches
 * meanwhile and relied on it, they are looked after, too.
 */
static void call_workers(struct verifier *v, enum pool_class class, struct ticket *tickets)
{
    bool refused = !v->pool;

    while (tickets) {
        struct ticket *ticket = tickets;

        tickets = ticket->next; /* before it can run, be given back and taken for another list */
        if (pool_submit(v->pool, &ticket->task))
            continue;
        refused = true;
        pthread_mutex_lock(&v->lock);
        give_back(&v->queues[class], ticket);
        pthread_mutex_unlock(&v->lock);
    }
    if (refused)
        stand_in(v, class);
}

/*
 * Enters a batch and calls for workers, but for as many as come by themselves. False where the verifier
 * was cancelled. The batch may be gone afterwards if it was SUBMITTED.
 */
static bool begin(struct verifier *v, struct verifier_batch *batch, unsigned state, size_t helpers)
{
    size_t best = v->impl->best_batch, pieces = batch->count / best + (batch->count % best != 0);
    enum pool_class class = batch->class;
    struct ticket *tickets = NULL;

    VERIFY_CHECK(pieces > 0 && (unsigned)class < POOL_CLASSES);
    batch->rejected = 0;
    batch->cancelled = false;
    batch->taken = batch->finished = 0;
    /* Relaxed: the lock passes it on. */
    atomic_store_explicit(&batch->state, state, memory_order_relaxed);
    pthread_mutex_lock(&v->lock);
    if (v->cancelled) {
        pthread_mutex_unlock(&v->lock);
        batch->cancelled = true;
        return false;
    }
    enqueue(v, batch);
    if (pieces > helpers)
        tickets = tickets_for(&v->queues[class], pieces - helpers);
    pthread_mutex_unlock(&v->lock);
    call_workers(v, class, tickets);
    return true;
}

void verifier_submit(struct verifier *v, struct verifier_batch *batch)
{
    if (batch->count == 0) {
        batch->rejected = 0;
        batch->cancelled = false;
        batch->done(batch);
    } else if (!begin(v, batch, SUBMITTED, 0)) {
        batch->done(batch);
    }
}

/* Takes and verifies pieces of batch until none is left. */
static void help(struct verifier *v, struct verifier_batch *batch)
{
    for (;;) {
        struct piece piece;
        bool left;

        pthread_mutex_lock(&v->lock);
        left = batch->taken < batch->count;
        if (left)
            piece = take(v, batch);
        pthread_mutex_unlock(&v->lock);
        if (!left)
            return;
        work(v, piece);
    }
}

static void sleep_until_finished(struct verifier_batch *batch)
{
    unsigned state = HELPED;

    /* Acquire: see answer. Setting SLEPT_ON releases nothing: it only asks for the wake-up. */
    if (!atomic_compare_exchange_strong_explicit(&batch->state, &state, SLEPT_ON,
                                                 memory_order_acquire, memory_order_acquire))
        return;
    while (atomic_load_explicit(&batch->state, memory_order_acquire) != FINISHED)
        futex_wait(&batch->state, SLEPT_ON);
}

/* What is only one piece, by who wants it: nobody else has to know. */
static bool run_alone(struct verifier *v, struct verifier_batch *batch)
{
    struct piece piece = {.batch = batch, .count = batch->count};

    /* Relaxed: a call that is made at the same time as verifier_cancel may come before it. */
    batch->cancelled = batch->count && atomic_load_explicit(&v->cancelled, memory_order_relaxed);
    if (batch->count && !batch->cancelled) {
        verify(v, &piece);
        count(v, &piece);
    }
    batch->rejected = piece.rejected;
    return batch->rejected == 0 && !batch->cancelled;
}

bool verifier_run(struct verifier *v, struct verifier_batch *batch)
{
    if (batch->count <= v->impl->best_batch)
        return run_alone(v, batch);
    if (!begin(v, batch, HELPED, 1))
        return false;
    help(v, batch);
    sleep_until_finished(batch);
    return batch->rejected == 0 && !batch->cancelled;
}

void verifier_cancel(struct verifier *v)
{
    struct verifier_batch *finished = NULL;

    pthread_mutex_lock(&v->lock);
    v->cancelled = true;
    for (enum pool_class c = POOL_BLOCK; c < POOL_CLASSES; c++)
        while (v->queues[c].first) {
            struct verifier_batch *batch = v->queues[c].first;
            size_t left = batch->count - batch->taken;

            dequeue(v, batch);
            v->queues[c].waiting -= left;
            batch->taken = batch->count;
            batch->cancelled = true;
            if (finish(v, batch, left)) {
                batch->next = finished;
                finished = batch;
            }
        }
    pthread_mutex_unlock(&v->lock);
    while (finished) {
        struct verifier_batch *batch = finished;

        finished = batch->next;
        answer(batch);
    }
}

const struct signature_verify_impl *verifier_impl(const struct verifier *v) { return v->impl; }

struct verifier_stats verifier_stats(const struct verifier *v)
{
    struct verifier_stats sum = {0};

    /* Relaxed: numbers to show; see add. */
    for (size_t i = 0; i < SHARDS; i++) {
        const struct shard *shard = &v->shards[i];

        sum.checks += atomic_load_explicit(&shard->checks, memory_order_relaxed);
        sum.rejected += atomic_load_explicit(&shard->rejected, memory_order_relaxed);
        sum.calls += atomic_load_explicit(&shard->calls, memory_order_relaxed);
        sum.second_opinions += atomic_load_explicit(&shard->second_opinions, memory_order_relaxed);
    }
    return sum;
}

/* ---- making one ---- */

static void make_tickets(struct verifier *v)
{
    struct ticket *ticket = v->tickets;

    for (enum pool_class c = POOL_BLOCK; c < POOL_CLASSES; c++)
        for (size_t i = 0; i < v->workers; i++, ticket++) {
            *ticket = (struct ticket){.verifier = v, .class = c};
            pool_task_init(&ticket->task, c, serve, ticket, &v->group);
            ticket->next = v->queues[c].idle;
            v->queues[c].idle = ticket;
        }
}

struct verifier *verifier_create_with(struct pool *pool, const struct signature_verify_impl *impl,
                                      char error[static VERIFIER_ERROR_SIZE])
{
    size_t workers = pool ? pool_workers(pool) : 0;
    size_t tickets = workers * POOL_CLASSES, size;
    struct verifier *v;

    assert(impl->best_batch > 0);
    if (!verifier_check(impl, error))
        return NULL;
    size = (sizeof(*v) + tickets * sizeof(v->tickets[0]) + LINE - 1) / LINE * LINE;
    v = aligned_alloc(LINE, size);
    if (v)
        memset(v, 0, size);
    if (!v || pthread_mutex_init(&v->lock, NULL)) {
        snprintf(error, VERIFIER_ERROR_SIZE, "out of memory for the signature verifier");
        free(v);
        return NULL;
    }
    v->pool = pool;
    v->workers = workers;
    v->impl = impl;
    v->piece = impl->best_batch;
    if (impl->latency_us && impl->latency_us < PIECE_US)
        v->piece *= PIECE_US / impl->latency_us;
    make_tickets(v);
    return v;
}

struct verifier *verifier_create(struct pool *pool, const char *name,
                                 char error[static VERIFIER_ERROR_SIZE])
{
    bool any = !name || strcmp(name, "auto") == 0;

    for (const struct signature_verify_impl *impl = signature_verify_impls; impl->name; impl++) {
        bool runs = !(impl->needs & ~cpu_features());

        if (any ? runs : strcmp(name, impl->name) == 0) {
            if (runs)
                return verifier_create_with(pool, impl, error);
            snprintf(error, VERIFIER_ERROR_SIZE,
                     "this processor cannot run the signature verification %s", impl->name);
            return NULL;
        }
    }
    snprintf(error, VERIFIER_ERROR_SIZE, "there is no signature verification \"%.100s\"",
             any ? "auto" : name);
    return NULL;
}

void verifier_destroy(struct verifier *v)
{
    if (!v)
        return;
    /* Tickets that have nothing left to do may yet have to find that out. */
    pool_group_wait(&v->group);
    assert(v->unfinished == 0);
    pthread_mutex_destroy(&v->lock);
    free(v);
}
