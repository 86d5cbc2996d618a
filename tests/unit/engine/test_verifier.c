/* The verifier's answers: right ones, whatever the implementation, and none from one that lies. */
#include "tests/unit/engine/pool_support.h"
#include "tests/unit/engine/verifier_support.h"
#include "tests/unit/signatures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIGNATURES = 90 };

static struct signature_check checks[SIGNATURES];
static uint8_t want[SIGNATURES];
static size_t bad;

static int make_signatures(void **unused)
{
    struct random random = random_create("signatures");

    (void)unused;
    for (size_t i = 0; i < SIGNATURES; i++) {
        want[i] = random_below(&random, 4) != 0;
        checks[i] = signatures_any(&random, want[i]);
        bad += !want[i];
    }
    return 0;
}

static void expect_right(struct verifier *v)
{
    uint8_t accepted[SIGNATURES];
    struct verifier_batch batch = {.checks = checks, .accepted = accepted, .count = SIGNATURES};

    memset(accepted, 0xa5, sizeof(accepted));
    assert_false(verifier_run(v, &batch));
    assert_memory_equal(accepted, want, SIGNATURES);
    assert_int_equal(batch.rejected, bad);
    assert_false(batch.cancelled);
}

static void each_implementation(void **unused)
{
    struct pool *pool = make_pool(NULL, (struct pool_options){.workers = 3, .unpinned = true});

    (void)unused;
    for (const struct signature_verify_impl *impl = signature_verify_impls; impl->name; impl++) {
        char error[VERIFIER_ERROR_SIZE];
        struct verifier *v = verifier_create(pool, impl->name, error);

        if (!v) {
            assert_non_null(strstr(error, "cannot run"));
            print_message("skipped: %s\n", error);
            continue;
        }
        assert_ptr_equal(verifier_impl(v), impl);
        expect_right(v);
        assert_int_equal(verifier_stats(v).checks, SIGNATURES);
        assert_int_equal(verifier_stats(v).rejected, bad);
        verifier_destroy(v);
    }
    pool_destroy(pool, POOL_DRAIN);
}

static void names(void **unused)
{
    char error[VERIFIER_ERROR_SIZE] = "";
    struct verifier *v = verifier_create(NULL, NULL, error), *same;

    (void)unused;
    assert_non_null(v);
    same = verifier_create(NULL, "auto", error);
    assert_non_null(same);
    assert_ptr_equal(verifier_impl(v), verifier_impl(same));
    expect_right(same); /* without a pool */
    verifier_destroy(v);
    verifier_destroy(same);
    verifier_destroy(NULL);
    assert_null(verifier_create(NULL, "", error));
    assert_null(verifier_create(NULL, "libsecp256k2", error));
    assert_non_null(strstr(error, "libsecp256k2"));
}

/* ---- implementations that are not exact, or not right ---- */

static atomic_size_t left_open; /* what an implementation that is not exact did not accept */

/* Accepts what is good and has an even message; leaves the rest. */
static void accept_some(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    for (size_t i = 0; i < n; i++) {
        accepted[i] = accepted[i] && c[i].message[31] % 2 == 0;
        left_open += !accepted[i];
    }
}

static void accept_none(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    (void)c;
    memset(accepted, 0, n);
    left_open += n;
}

static void accept_all(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    (void)c;
    memset(accepted, 1, n);
}

static void not_exact(void **unused)
{
    signature_verify_fn *const run[] = {accept_some, accept_none};
    struct pool *pool = make_pool(NULL, (struct pool_options){.workers = 2, .unpinned = true});

    (void)unused;
    for (size_t i = 0; i < sizeof(run) / sizeof(run[0]); i++)
        for (uint32_t best = 1; best <= 100; best *= 10) {
            struct signature_verify_impl impl = {.name = "some", .best_batch = best, .run = run[i]};
            struct verifier *v = make_verifier(pool, &impl);

            left_open = 0;
            expect_right(v);
            assert_true(left_open >= bad);
            assert_int_equal(verifier_stats(v).second_opinions, left_open);
            assert_int_equal(verifier_stats(v).rejected, bad);
            verifier_destroy(v);
        }
    pool_destroy(pool, POOL_DRAIN);
}

/* Right about all but hybrid keys. */
static void refuse_hybrids(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    for (size_t i = 0; i < n; i++)
        accepted[i] = accepted[i] && !(c[i].kind == SIGNATURE_ECDSA && c[i].key[0] >= 6);
}

/* Takes r for good though it is not below n. */
static void accept_overflow(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    for (size_t i = 0; i < n; i++)
        accepted[i] |= c[i].kind == SIGNATURE_ECDSA && c[i].signature[0] == 0xff;
}

/* Wrong about the third of a call alone. */
static void accept_third(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    if (n >= 3)
        accepted[2] = 1;
}

/* Answers a whole vector, also where fewer were asked about. */
static void write_behind(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    if (n % 2)
        accepted[n] = 0;
}

static void answer_two(uint8_t *accepted, const struct signature_check *c, size_t n)
{
    signature_verify_libsecp256k1(accepted, c, n);
    for (size_t i = 0; i < n; i++)
        accepted[i] = (uint8_t)(2 * accepted[i]);
}

static void liars_are_refused(void **unused)
{
    static const struct {
        signature_verify_fn *run;
        bool exact, ok;
    } cases[] = {
        {accept_all, false, false},      {accept_all, true, false},
        {accept_none, true, false},      {accept_none, false, true},
        {accept_some, true, false},      {refuse_hybrids, true, false},
        {refuse_hybrids, false, true},   {accept_overflow, true, false},
        {accept_overflow, false, false}, {accept_third, false, false},
        {write_behind, true, false},     {answer_two, true, false},
        {answer_two, false, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (uint32_t best = 4; best <= 64; best *= 16) {
            const struct signature_verify_impl impl = {.name = "dubious",
                                                       .exact = cases[i].exact,
                                                       .best_batch = best,
                                                       .run = cases[i].run};
            char error[VERIFIER_ERROR_SIZE] = "";
            struct verifier *v = verifier_create_with(NULL, &impl, error);

            if ((v != NULL) != cases[i].ok)
                fail_msg("case %zu, best batch %u: %s", i, best, v ? "taken" : error);
            if (!v)
                assert_non_null(strstr(error, "dubious"));
            verifier_destroy(v);
        }
}

/* ---- batches of all sizes ---- */

static void each_size(struct verifier *v)
{
    struct random random = random_create("each size");

    for (size_t count = 0; count <= 3 * TOY_BATCH + 1; count++)
        for (size_t odds = 0; odds <= 2; odds++) {
            struct toys *t = toys_make(&random, count, odds, POOL_TRANSACTION);

            verifier_submit(v, &t->batch);
            toys_wait(t, 1);
            toys_expect(t);
            memset(t->accepted, 0xa5, count + 1);
            assert_int_equal(verifier_run(v, &t->batch), t->rejected == 0);
            toys_expect(t);
            assert_int_equal(t->done, 1);
            toys_free(t);
        }
}

static void sizes(void **unused)
{
    struct pool *pool = make_pool(NULL, (struct pool_options){.workers = 2, .unpinned = true});
    struct verifier *v = make_verifier(pool, &toy);

    (void)unused;
    each_size(v);
    verifier_destroy(v);
    pool_destroy(pool, POOL_DRAIN);
    v = make_verifier(NULL, &toy);
    each_size(v);
    verifier_destroy(v);
}

/* Pieces are whole batches of the implementation, as many as fit in the time that a class may wait, and smaller in the end. */
static void pieces(void **unused)
{
    struct random random = random_create("pieces");
    struct verifier *v = make_verifier(NULL, &toy);
    struct toys *t = toys_make(&random, 10 * TOY_BATCH + 3, 0, POOL_BLOCK);
    struct verifier_stats stats;

    (void)unused;
    toy_calls = toy_most = 0;
    assert_true(verifier_run(v, &t->batch));
    stats = verifier_stats(v);
    assert_int_equal(toy_most, 2 * TOY_BATCH);
    assert_int_equal(toy_calls, 6);
    assert_int_equal(stats.calls, 6);
    assert_int_equal(stats.checks, t->batch.count);
    assert_int_equal(stats.rejected + stats.second_opinions, 0);
    toys_free(t);
    verifier_destroy(v);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_implementation), cmocka_unit_test(names), cmocka_unit_test(not_exact),
        cmocka_unit_test(liars_are_refused),   cmocka_unit_test(sizes), cmocka_unit_test(pieces),
    };

    return cmocka_run_group_tests(tests, make_signatures, NULL);
}
