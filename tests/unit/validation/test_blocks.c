/* Real blocks and transactions: all of them are valid, however they are run. */
#include "tests/unit/validation/support.h"

#include <stdlib.h>

static void validate_all(size_t workers, bool direct, size_t largest)
{
    struct pool *pool = make_pool(workers);
    struct validator *v = make_validator(pool, direct, 0);
    size_t inputs = 0, signatures = 0, blocks = 0;

    for (const struct block_name *name = block_names; name->network; name++) {
        struct loaded b;
        struct verdict verdict;

        load(&b, *name);
        if (b.raw_size <= largest) {
            verdict = expect_valid(v, &b);
            assert_int_equal(verdict.inputs, b.spent_count);
            inputs += verdict.inputs;
            signatures += verdict.signatures;
            blocks++;
        }
        unload(&b);
    }
    printf("%zu blocks, %zu inputs, %zu signature checks\n", blocks, inputs, signatures);
    validator_destroy(v);
    if (pool)
        pool_destroy(pool, POOL_DRAIN);
}

static void test_on_the_calling_thread(void **state)
{
    (void)state;
    /* The mutations' tests do so with all of them, or the greater part of each. */
    validate_all(0, false, getenv("EXS_LONG") ? SIZE_MAX : 1000000);
}

static void test_directly(void **state)
{
    (void)state;
    validate_all(0, true, SIZE_MAX);
}

static void test_on_two_workers(void **state)
{
    (void)state;
    validate_all(2, false, SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_on_the_calling_thread),
        cmocka_unit_test(test_directly),
        cmocka_unit_test(test_on_two_workers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
