/* The verifier among threads: who works, in which order, and what an end leaves behind. */
#include "tests/unit/engine/pool_support.h"
#include "tests/unit/engine/verifier_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

static struct pool *workers(size_t n)
{
    return make_pool(NULL, (struct pool_options){.workers = n, .unpinned = true});
}

/* ---- verifier_run ---- */

struct runner {
    struct pool_task task;
    struct verifier *verifier;
    struct toys *toys;
    bool good;
};

static enum pool_result run_on_worker(struct pool_worker *worker, void *arg)
{
    struct runner *r = arg;

    (void)worker;
    r->good = verifier_run(r->verifier, &r->toys->batch);
    return POOL_DONE;
}

/* More of them than workers, all at once. */
static void all_workers_run(void **unused)
{
    enum { WORKERS = 3, RUNNERS = 40 };
    static struct runner runners[RUNNERS];
    struct random random = random_create("all workers run");
    struct pool *pool = workers(WORKERS);
    struct verifier *v = make_verifier(pool, &toy);
    struct pool_group group = {0};

    (void)unused;
    for (size_t i = 0; i < RUNNERS; i++) {
        runners[i] = (struct runner){
            .verifier = v,
            .toys = toys_make(&random, random_below(&random, 500), i % 2 * 40,
                              (enum pool_class)(i % POOL_CLASSES)),
        };
        pool_task_init(&runners[i].task, POOL_BLOCK, run_on_worker, &runners[i], &group);
        assert_true(pool_submit(pool, &runners[i].task));
    }
    assert_true(pool_group_wait(&group));
    for (size_t i = 0; i < RUNNERS; i++) {
        toys_expect(runners[i].toys);
        assert_int_equal(runners[i].good, runners[i].toys->rejected == 0);
        assert_int_equal(runners[i].toys->done, 0);
        toys_free(runners[i].toys);
    }
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

/* Every worker is busy with something else: the caller does it all. */
static void no_worker_is_free(void **unused)
{
    enum { WORKERS = 2 };
    struct random random = random_create("no worker is free");
    struct pool *pool = workers(WORKERS);
    struct verifier *v = make_verifier(pool, &toy);
    struct toys *t = toys_make(&random, 1000, 9, POOL_BLOCK);
    struct gate gates[WORKERS];

    (void)unused;
    for (size_t i = 0; i < WORKERS; i++)
        gate_close(pool, &gates[i], i);
    verifier_run(v, &t->batch);
    toys_expect(t);
    memset(t->accepted, 0xa5, 1000);
    verifier_run(v, &t->batch); /* while tickets of the first wait */
    toys_expect(t);
    for (size_t i = 0; i < WORKERS; i++)
        atomic_store(&gates[i].open, true);
    toys_free(t);
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- a pool that takes no more ---- */

static struct verifier *again_verifier;
static _Thread_local size_t depth, deepest;

static void submit_again(struct verifier_batch *batch)
{
    struct toys *t = (struct toys *)batch;
    unsigned times = atomic_fetch_add(&t->done, 1) + 1;

    depth++;
    deepest = depth > deepest ? depth : deepest;
    if (times < 1000)
        verifier_submit(again_verifier, batch);
    depth--;
}

/* The calling thread works, and a batch that submits itself again and again does not use up its stack. */
static void queues_are_full(void **unused)
{
    struct random random = random_create("queues are full");
    struct pool *pool =
        make_pool(NULL, (struct pool_options){.workers = 1, .unpinned = true, .queue_limit = 1});
    struct verifier *v = again_verifier = make_verifier(pool, &toy);
    struct toys *t = toys_make(&random, 100, 7, POOL_TRANSACTION);
    struct counted filler = {0};
    struct gate gate;

    (void)unused;
    gate_close(pool, &gate, 0);
    pool_task_init(&filler.task, POOL_MINING, count, &filler, NULL);
    assert_true(pool_submit(pool, &filler.task));
    verifier_submit(v, &t->batch);
    assert_int_equal(t->done, 1);
    toys_expect(t);
    verifier_run(v, &t->batch);
    toys_expect(t);
    t->done = 0;
    t->batch.done = submit_again;
    verifier_submit(v, &t->batch);
    assert_int_equal(t->done, 1000);
    assert_true(deepest <= 2);
    toys_expect(t);
    atomic_store(&gate.open, true);
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
    toys_free(t);
}

/* ---- order ---- */

static atomic_bool door_closed;
static atomic_uint at_door;

/* Toys whose message begins with 1 wait at the door. */
static void run_behind_door(uint8_t *accepted, const struct signature_check *checks, size_t n)
{
    if (n && checks[0].kind == TOY && checks[0].message[0]) {
        atomic_fetch_add(&at_door, 1);
        while (atomic_load(&door_closed))
            sched_yield();
    }
    toy.run(accepted, checks, n);
}

static const struct signature_verify_impl behind_door = {
    .name = "behind a door", .exact = true, .best_batch = TOY_BATCH, .run = run_behind_door};

static size_t calls_at_block;

static void note_calls(struct verifier_batch *batch)
{
    calls_at_block = atomic_load(&toy_calls);
    atomic_fetch_add(&((struct toys *)batch)->done, 1);
}

static void close_door(void)
{
    atomic_store(&at_door, 0);
    atomic_store(&door_closed, true);
}

static void wait_at_door(unsigned workers_there)
{
    while (atomic_load(&at_door) < workers_there)
        sched_yield();
}

/* A worker in the middle of a large batch leaves it for a higher class behind the piece that it has. */
static void higher_class_first(void **unused)
{
    struct random random = random_create("higher class first");
    struct pool *pool = workers(1);
    struct verifier *v = make_verifier(pool, &behind_door);
    struct toys *low = toys_make(&random, 100 * TOY_BATCH, 0, POOL_MINING);
    struct toys *high = toys_make(&random, TOY_BATCH, 0, POOL_BLOCK);

    (void)unused;
    high->batch.done = note_calls;
    low->checks[0].message[0] = 1;
    close_door();
    toy_calls = 0;
    verifier_submit(v, &low->batch);
    wait_at_door(1);
    verifier_submit(v, &high->batch);
    atomic_store(&door_closed, false);
    toys_wait(high, 1);
    assert_int_equal(calls_at_block, 2); /* the one that was under way, and the higher class's */
    toys_wait(low, 1);
    toys_expect(low);
    toys_expect(high);
    toys_free(low);
    toys_free(high);
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- the end ---- */

enum { MANY = 200 };

static struct toys *many[MANY];

static void make_many(struct random *random)
{
    for (size_t i = 0; i < MANY; i++)
        many[i] = toys_make(random, 1 + random_below(random, 100), 30,
                            (enum pool_class)random_below(random, POOL_CLASSES));
}

/* Every done was called once, and what was not cancelled is right. Returns how many were. */
static size_t end_many(void)
{
    size_t cancelled = 0;

    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(many[i]->done, 1);
        if (many[i]->batch.cancelled)
            cancelled++;
        else
            toys_expect(many[i]);
        toys_free(many[i]);
    }
    return cancelled;
}

static void *open_door_later(void *arg)
{
    (void)arg;
    sleep_ms(20);
    atomic_store(&door_closed, false);
    return NULL;
}

/*
 * One half is finished, but for what a worker is at; then both workers are busy, and the other half waits. pool_destroy
 * drops what would have verified it; verifier_cancel answers.
 */
static void cancelled_with_pool(void **unused)
{
    struct random random = random_create("cancelled with pool");
    struct pool *pool = workers(2);
    struct verifier *v = make_verifier(pool, &behind_door);
    pthread_t opener;
    size_t cancelled;

    (void)unused;
    make_many(&random);
    many[0]->checks[0].message[0] = many[MANY / 2]->checks[0].message[0] = 1;
    close_door();
    toys_finished = 0;
    for (size_t i = 0; i < MANY / 2; i++)
        verifier_submit(v, &many[i]->batch);
    while (atomic_load(&toys_finished) < MANY / 2 - 1)
        sched_yield();
    verifier_submit(v, &many[MANY / 2]->batch);
    wait_at_door(2);
    for (size_t i = MANY / 2 + 1; i < MANY; i++)
        verifier_submit(v, &many[i]->batch);
    assert_int_equal(pthread_create(&opener, NULL, open_door_later, NULL), 0);
    pool_destroy(pool, POOL_CANCEL);
    pthread_join(opener, NULL);
    verifier_cancel(v);
    cancelled = end_many();
    assert_true(cancelled == MANY / 2 - 1 ||
                cancelled == MANY / 2); /* the one at the door may be whole */
    verifier_destroy(v);
}

/* While all goes on: before the pool is destroyed. Afterwards nothing is verified any more. */
static void cancelled_before_pool(void **unused)
{
    struct random random = random_create("cancelled before pool");
    struct pool *pool = workers(2);
    struct verifier *v = make_verifier(pool, &toy);
    struct gate gates[2];
    struct toys *late;

    (void)unused;
    for (size_t i = 0; i < 2; i++)
        gate_close(pool, &gates[i], i);
    make_many(&random);
    for (size_t i = 0; i < MANY; i++)
        verifier_submit(v, &many[i]->batch);
    verifier_cancel(v);
    assert_int_equal(end_many(), MANY);
    late = toys_make(&random, 10, 0, POOL_BLOCK);
    verifier_submit(v, &late->batch);
    assert_int_equal(late->done, 1);
    assert_true(late->batch.cancelled);
    assert_false(verifier_run(v, &late->batch));
    assert_true(late->batch.cancelled);
    verifier_cancel(v);
    toys_free(late);
    for (size_t i = 0; i < 2; i++)
        atomic_store(&gates[i].open, true);
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- all at once ---- */

struct submitter {
    pthread_t thread;
    struct verifier *verifier;
    struct random random;
};

static atomic_size_t alive; /* batches that free themselves */

static void check_and_free(struct verifier_batch *batch)
{
    struct toys *t = (struct toys *)batch;

    if (t->batch.rejected != t->rejected || memcmp(t->accepted, t->want, t->batch.count) != 0)
        abort();
    toys_free(t);
    atomic_fetch_sub(&alive, 1);
}

static void *submit_much(void *arg)
{
    struct submitter *s = arg;

    for (int i = 0; i < 300; i++) {
        size_t count = random_below(&s->random, 10) ? random_below(&s->random, 4)
                                                    : random_below(&s->random, 2000);
        enum pool_class class = (enum pool_class)random_below(&s->random, POOL_CLASSES);
        struct toys *t = toys_make(&s->random, count, 50, class);

        if (random_below(&s->random, 3)) {
            t->batch.done = check_and_free;
            atomic_fetch_add(&alive, 1);
            verifier_submit(s->verifier, &t->batch);
        } else {
            if (verifier_run(s->verifier, &t->batch) != (t->rejected == 0))
                abort();
            atomic_fetch_add(&alive, 1);
            check_and_free(&t->batch);
        }
    }
    return NULL;
}

/* From many threads, while one batch submits itself again; the batches are freed in their done. */
static void many_submitters(void **unused)
{
    enum { THREADS = 5 };
    struct random random = random_create("many submitters");
    struct pool *pool = workers(3);
    struct verifier *v = again_verifier = make_verifier(pool, &toy);
    struct toys *again = toys_make(&random, 33, 5, POOL_BLOCK);
    struct submitter submitters[THREADS];

    (void)unused;
    again->batch.done = submit_again;
    verifier_submit(v, &again->batch);
    for (int i = 0; i < THREADS; i++) {
        submitters[i] = (struct submitter){.verifier = v, .random = {random_u64(&random)}};
        assert_int_equal(pthread_create(&submitters[i].thread, NULL, submit_much, &submitters[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(submitters[i].thread, NULL);
    toys_wait(again, 1000);
    while (atomic_load(&alive))
        sched_yield();
    verifier_destroy(v);
    toys_free(again);
    pool_destroy(pool, POOL_DRAIN);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_workers_run),     cmocka_unit_test(no_worker_is_free),
        cmocka_unit_test(queues_are_full),     cmocka_unit_test(higher_class_first),
        cmocka_unit_test(cancelled_with_pool), cmocka_unit_test(cancelled_before_pool),
        cmocka_unit_test(many_submitters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
