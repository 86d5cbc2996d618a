/* Many threads: the same answers, whoever runs what; and the cache, and the end of a pool. */
#include "tests/unit/validation/support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

static size_t rounds(size_t usual) { return getenv("EXS_LONG") ? usual * 20 : usual; }

/* ---- many calls on one validator ---- */

enum { CALLERS = 3 };

struct caller {
    struct validator *validator;
    struct loaded good, bad;
    size_t bad_transaction, rounds, failures;
};

/* The last P2PKH spend of the block is spoilt. */
static void load_spoilt(struct loaded *b, struct block_name name, size_t *transaction)
{
    load(b, name);
    for (*transaction = b->block.transaction_count - 1;; --*transaction) {
        struct tx_input *input = &b->block.transactions[*transaction].inputs[0];

        if (input->script.size > 100 && input->script.data[0] >= 70 && input->script.data[0] < 73 &&
            !input->witness_count) {
            own(b, &input->script)[input->script.data[0] - 1] ^= 1;
            put_in_order(b);
            return;
        }
    }
}

static void *call(void *arg)
{
    struct caller *c = arg;

    for (size_t i = 0; i < c->rounds; i++) {
        struct verdict good = validate_block(c->validator, &c->good.block, &c->good.context);
        struct verdict bad = validate_block(c->validator, &c->bad.block, &c->bad.context);

        c->failures += good.result != VALIDATION_VALID || bad.result != VALIDATION_INVALID ||
                       bad.rejection.reason != REJECT_SCRIPT ||
                       bad.rejection.transaction != c->bad_transaction || bad.rejection.input != 0;
    }
    return NULL;
}

static void call_on_many_threads(size_t workers, bool direct, size_t cache)
{
    static const struct block_name names[CALLERS] = {
        {"mainnet", 300025}, {"mainnet", 150013}, {"mainnet", 757753}};
    struct pool *pool = make_pool(workers);
    struct validator *v = make_validator(pool, direct, cache);
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];

    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.validator = v, .rounds = rounds(2)};
        load(&callers[i].good, names[i]);
        callers[i].good.context.keep_signatures = true;
        load_spoilt(&callers[i].bad, names[i], &callers[i].bad_transaction);
    }
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].failures, 0);
        unload(&callers[i].good);
        unload(&callers[i].bad);
    }
    validator_destroy(v);
    if (pool)
        pool_destroy(pool, POOL_DRAIN);
}

static void test_many_callers(void **state)
{
    (void)state;
    call_on_many_threads(1, false, 0);
    call_on_many_threads(3, false, 1 << 16);
    call_on_many_threads(2, true, 0);
    call_on_many_threads(0, false, 1 << 16);
}

/* ---- the cache ---- */

static void test_a_block_that_was_tried_before(void **state)
{
    struct pool *pool = make_pool(2);
    struct validator *v = make_validator(pool, false, 4 << 20);
    struct verdict tried, connected, again;
    struct loaded b;
    size_t transaction;

    (void)state;
    load(&b, (struct block_name){"mainnet", 300025});
    b.context.keep_signatures = true;
    tried = expect_valid(v, &b);
    b.context.keep_signatures = false;
    connected = expect_valid(v, &b); /* takes them out of the cache */
    again = expect_valid(v, &b);
    assert_int_equal(tried.signatures, connected.signatures);
    assert_int_equal(tried.signatures, again.signatures);
    assert_int_equal(tried.cached, 0);
    assert_int_equal(connected.cached, connected.signatures);
    assert_int_equal(again.cached, 0);
    b.context.keep_signatures = true;
    expect_valid(v, &b);
    unload(&b);
    /* What is remembered does not make what is bad good. */
    load_spoilt(&b, (struct block_name){"mainnet", 300025}, &transaction);
    for (size_t i = 0; i < 2; i++) {
        b.context.keep_signatures = i == 0;
        expect_script_error(v, &b, SCRIPT_ERR_EVAL_FALSE, transaction, 0);
    }
    unload(&b);
    validator_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- a transaction that yields to blocks ---- */

enum { YIELD_INPUTS = 200, HASHES = 190, SCRIPT_ROOM = 400 };

struct yielding {
    struct validator *validator;
    struct transaction tx;
    struct transaction_context context;
    struct verdict verdict;
    atomic_bool done;
};

static void *validate_one(void *arg)
{
    struct yielding *y = arg;

    y->verdict = validate_transaction(y->validator, &y->tx, &y->context);
    atomic_store(&y->done, true);
    return NULL;
}

static enum pool_result urgent(struct pool_worker *worker, void *arg)
{
    (void)worker;
    atomic_fetch_add((atomic_size_t *)arg, 1);
    return POOL_DONE;
}

/* Inputs of some 50 microseconds each, one signature in each but the first; the last one's is bad. */
static void make_inputs(struct yielding *y, struct tx_input *inputs, struct tx_output *spent)
{
    static uint8_t first[] = {OP_1}, good[SCRIPT_ROOM], bad[SCRIPT_ROOM];
    struct script_builder g = script_builder_on(good, sizeof(good));
    struct script_builder b = script_builder_on(bad, sizeof(bad));
    static struct tx_output output = {{1}, {NULL, 0}};

    script_check(&g, true);
    for (size_t i = 0; i < HASHES; i++)
        script_op(&g, OP_HASH256);
    script_check(&b, false);
    assert_false(g.failed || b.failed);
    for (size_t i = 0; i < YIELD_INPUTS; i++) {
        inputs[i] = (struct tx_input){.previous.index = (uint32_t)i, .sequence = SEQUENCE_FINAL};
        spent[i] = (struct tx_output){{1}, bytes_of(g.data, g.size)};
    }
    spent[0].script = bytes_of(first, sizeof(first));
    spent[YIELD_INPUTS - 1].script = bytes_of(b.data, b.size);
    y->tx = (struct transaction){.version = 1,
                                 .inputs = inputs,
                                 .input_count = YIELD_INPUTS,
                                 .outputs = &output,
                                 .output_count = 1};
    y->context = (struct transaction_context){spent, YIELD_INPUTS, NULL, SCRIPT_VERIFY_P2SH, -1, 0};
}

/* The worker is taken away from the transaction again and again; it comes to its end all the same. */
static void test_a_transaction_that_yields(void **state)
{
    static struct tx_input inputs[YIELD_INPUTS];
    static struct tx_output spent[YIELD_INPUTS];
    struct pool *pool = make_pool(1);
    struct yielding y = {.validator = make_validator(pool, false, 0)};

    (void)state;
    make_inputs(&y, inputs, spent);
    for (size_t round = 0; round < rounds(5); round++) {
        struct pool_group group = {0};
        struct pool_task task;
        atomic_size_t runs = 0;
        pthread_t thread;

        atomic_store(&y.done, false);
        assert_int_equal(pthread_create(&thread, NULL, validate_one, &y), 0);
        while (!atomic_load(&y.done)) {
            pool_task_init(&task, POOL_BLOCK, urgent, &runs, &group);
            assert_true(pool_submit(pool, &task));
            assert_true(pool_group_wait(&group));
        }
        pthread_join(thread, NULL);
        assert_int_equal(y.verdict.result, VALIDATION_INVALID);
        assert_int_equal(y.verdict.rejection.script, SCRIPT_ERR_EVAL_FALSE);
        assert_int_equal(y.verdict.rejection.input, YIELD_INPUTS - 1);
    }
    validator_destroy(y.validator);
    pool_destroy(pool, POOL_DRAIN);
}

/* ---- a pool that ends ---- */

struct gate {
    struct pool_task task;
    atomic_bool entered, open;
};

static enum pool_result hold(struct pool_worker *worker, void *arg)
{
    struct gate *gate = arg;

    (void)worker;
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open))
        sched_yield();
    return POOL_DONE;
}

struct waiting {
    struct validator *validator;
    struct loaded block;
    struct verdict verdict;
};

static void *wait_for_verdict(void *arg)
{
    struct waiting *w = arg;

    w->verdict = validate_block(w->validator, &w->block.block, &w->block.context);
    return NULL;
}

struct ending {
    struct pool *pool;
    atomic_bool ended;
};

static void *end_pool(void *arg)
{
    struct ending *e = arg;

    pool_destroy(e->pool, POOL_CANCEL);
    atomic_store(&e->ended, true);
    return NULL;
}

/*
 * The only worker is held until the block's task was dropped. The caller may come too late for that:
 * then no worker takes the block, and it is validated on the calling thread.
 */
static void test_a_pool_that_is_cancelled(void **state)
{
    struct gate gate = {0};
    struct waiting waiting = {0};
    struct ending ending = {.pool = make_pool(1)};
    pthread_t caller, ender;

    (void)state;
    waiting.validator = make_validator(ending.pool, false, 0);
    load(&waiting.block, (struct block_name){"mainnet", 150013});
    pool_task_init(&gate.task, POOL_BLOCK, hold, &gate, NULL);
    assert_true(pool_submit(ending.pool, &gate.task));
    while (!atomic_load(&gate.entered))
        sched_yield();
    assert_int_equal(pthread_create(&caller, NULL, wait_for_verdict, &waiting), 0);
    assert_int_equal(pthread_create(&ender, NULL, end_pool, &ending), 0);
    pthread_join(caller, NULL);
    assert_false(atomic_load(&ending.ended));
    assert_true(waiting.verdict.result == VALIDATION_CANCELLED ||
                waiting.verdict.result == VALIDATION_VALID);
    atomic_store(&gate.open, true);
    pthread_join(ender, NULL);
    validator_destroy(waiting.validator);
    unload(&waiting.block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_a_block_that_was_tried_before),
        cmocka_unit_test(test_a_transaction_that_yields),
        cmocka_unit_test(test_a_pool_that_is_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
