#include "tests/unit/engine/verifier_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sched.h>

atomic_size_t toy_calls, toy_most;
atomic_uint toys_finished;

static void run_toys(uint8_t *accepted, const struct signature_check *checks, size_t n)
{
    size_t most = atomic_load(&toy_most);

    for (size_t i = 0; i < n; i++)
        if (checks[i].kind == TOY)
            accepted[i] = checks[i].key[0];
        else
            signature_verify_libsecp256k1(&accepted[i], &checks[i], 1);
    if (n == 0 || checks[0].kind != TOY)
        return;
    atomic_fetch_add(&toy_calls, 1);
    while (n > most && !atomic_compare_exchange_weak(&toy_most, &most, n))
        ;
}

const struct signature_verify_impl toy = {
    .name = "toy", .exact = true, .best_batch = TOY_BATCH, .latency_us = 100, .run = run_toys};

struct verifier *make_verifier(struct pool *pool, const struct signature_verify_impl *impl)
{
    char error[VERIFIER_ERROR_SIZE];
    struct verifier *v = verifier_create_with(pool, impl, error);

    if (!v)
        fail_msg("verifier: %s", error);
    return v;
}

static void count_done(struct verifier_batch *batch)
{
    struct toys *t = (struct toys *)batch;

    atomic_fetch_add(&toys_finished, 1);
    atomic_fetch_add(&t->done, 1); /* the last: the test may free t */
}

struct toys *toys_make(struct random *random, size_t count, size_t odds, enum pool_class class)
{
    struct toys *t = calloc(1, sizeof(*t));

    assert_non_null(t);
    t->checks = calloc(count + 1, sizeof(t->checks[0]));
    t->accepted = malloc(count + 1);
    t->want = calloc(count + 1, 1);
    assert_true(t->checks && t->accepted && t->want);
    for (size_t i = 0; i < count; i++) {
        t->want[i] = !odds || random_below(random, odds) != 0;
        t->checks[i] = (struct signature_check){.kind = TOY, .key = {t->want[i]}};
        t->rejected += !t->want[i];
    }
    memset(t->accepted, 0xa5, count + 1);
    t->tags[0] = t->tags[1] = random_u64(random);
    t->batch = (struct verifier_batch){
        .checks = t->checks,
        .tags = t->tags,
        .accepted = t->accepted,
        .count = count,
        .class = class,
        .done = count_done,
        .context = t,
    };
    return t;
}

void toys_free(struct toys *t)
{
    free(t->checks);
    free(t->accepted);
    free(t->want);
    free(t);
}

void toys_wait(struct toys *t, unsigned times)
{
    while (atomic_load(&t->done) < times)
        sched_yield();
}

void toys_expect(const struct toys *t)
{
    assert_false(t->batch.cancelled);
    assert_int_equal(t->batch.rejected, t->rejected);
    if (t->batch.count)
        assert_memory_equal(t->accepted, t->want, t->batch.count);
    assert_int_equal(t->accepted[t->batch.count], 0xa5);
    assert_int_equal(t->tags[0], t->tags[1]);
    assert_ptr_equal(t->batch.context, t);
}
