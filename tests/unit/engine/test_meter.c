#include "engine/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint64_t second = 1000000000;

static void assert_near(double got, double want)
{
    if (got < want * 0.999 || got > want * 1.001)
        fail_msg("got %g, not %g", got, want);
}

/* A constant rate is that rate from the first reading on, however one looks. */
static void constant_rate(void **state)
{
    static const uint64_t steps[] = {1, 1000000, 100000000, 1000000000, 3600000000000};

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct meter m;
        uint64_t now = 5 * second, count = 7;

        meter_init(&m, now, count, 10);
        for (int k = 1; k <= 50; k++) {
            struct meter_rate rate;

            now += steps[i];
            count += 3 * steps[i];
            rate = meter_read(&m, now, count);
            assert_near(rate.recent, 3e9);
            assert_near(rate.average, 3e9);
            assert_int_equal(rate.count, count - 7);
        }
    }
}

/* After tau seconds of another rate, 1/e of the old one is left. */
static void forgets(void **state)
{
    struct meter m;
    struct meter_rate rate;

    (void)state;
    meter_init(&m, 0, 0, 10);
    meter_read(&m, 1000 * second, 1000000);
    for (uint64_t i = 1; i <= 10; i++)
        rate = meter_read(&m, (1000 + i) * second, 1000000);
    assert_near(rate.recent, 1000 / 2.718281828459045);
    assert_near(rate.average, 1000000.0 / 1010);
}

static void says_nothing_without_time(void **state)
{
    struct meter m;
    struct meter_rate rate;

    (void)state;
    meter_init(&m, second, 5, 10);
    rate = meter_read(&m, second, 9);
    assert_int_equal(rate.count, 4);
    assert_true(rate.recent <= 0 && rate.average <= 0);
    rate = meter_read(&m, 2 * second, 105);
    assert_near(rate.recent, 100);
    rate = meter_read(&m, 2 * second, 105);
    assert_near(rate.recent, 100);
}

static void cells_are_a_line_apart(void **state)
{
    struct meter_cell cells[2] = {0};

    (void)state;
    assert_int_equal(sizeof(struct meter_cell), METER_LINE);
    meter_add(&cells[0], 5);
    meter_add(&cells[0], 6);
    assert_int_equal(meter_count(&cells[0]), 11);
    assert_int_equal(meter_count(&cells[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant_rate),
        cmocka_unit_test(forgets),
        cmocka_unit_test(says_nothing_without_time),
        cmocka_unit_test(cells_are_a_line_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
