#include "bench/stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void medians(void **state)
{
    double values[] = {3, 1, 2, 10};

    (void)state;
    assert_true(isnan(stats_median(values, 0)));
    stats_sort(values, 3);
    assert_float_equal(values[0], 1, 0);
    assert_float_equal(values[2], 3, 0);
    assert_float_equal(stats_median(values, 1), 1, 0);
    assert_float_equal(stats_median(values, 3), 2, 0);
    assert_float_equal(stats_median(values, 4), 2.5, 0);
    stats_sort(values, 0);
}

static void medians_leave_out_what_is_no_number(void **state)
{
    const double values[] = {NAN, 5, NAN, 1, 3}, none[] = {NAN, NAN};

    (void)state;
    assert_float_equal(stats_median_of(values, 5), 3, 0);
    assert_true(isnan(stats_median_of(none, 2)));
    assert_true(isnan(stats_median_of(none, 0)));
}

static void percentiles(void **state)
{
    double values[100];

    (void)state;
    for (int i = 0; i < 100; i++)
        values[i] = i + 1;
    assert_float_equal(stats_percentile(values, 100, 0), 1, 0);
    assert_float_equal(stats_percentile(values, 100, 50), 50, 0);
    assert_float_equal(stats_percentile(values, 100, 99), 99, 0);
    assert_float_equal(stats_percentile(values, 100, 100), 100, 0);
    assert_float_equal(stats_percentile(values, 3, 99), 3, 0);
    assert_float_equal(stats_percentile(values, 1, 50), 1, 0);
    assert_true(isnan(stats_percentile(values, 0, 50)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians),
        cmocka_unit_test(medians_leave_out_what_is_no_number),
        cmocka_unit_test(percentiles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
