#include "bench/stats.h"

#include "bench/bench.h"
#include "tests/unit/bench/bench_results.h"

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

/* How many ways there are to draw n of all that lie as far from the middle as the drawn ones do. */
static double brute_force(const double *a, size_t n, const double *b, size_t m)
{
    double rank[16], ours = 0, mean, far = 0, every = 0;

    for (size_t i = 0; i < n + m; i++) {
        double x = i < n ? a[i] : b[i - n];

        rank[i] = 0.5;
        for (size_t k = 0; k < n + m; k++) {
            double y = k < n ? a[k] : b[k - n];

            rank[i] += y < x ? 1 : y > x ? 0 : 0.5;
        }
        ours += i < n ? rank[i] : 0;
    }
    mean = (double)(n * (n + m + 1)) / 2;
    for (unsigned set = 0; set < 1u << (n + m); set++) {
        double sum = 0;

        if ((size_t)__builtin_popcount(set) != n)
            continue;
        for (size_t i = 0; i < n + m; i++)
            sum += set >> i & 1 ? rank[i] : 0;
        every++;
        far += fabs(sum - mean) >= fabs(ours - mean) - 1e-9;
    }
    return far / every;
}

static void rank_tests_count_all_ways(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int round = 0; round < 60; round++) {
        double a[6], b[6];
        size_t n = 1 + bench_mix(&seed) % 6, m = 1 + bench_mix(&seed) % 6;

        /* Few different values: many ties. */
        for (size_t i = 0; i < n; i++)
            a[i] = (double)(bench_mix(&seed) % 8);
        for (size_t i = 0; i < m; i++)
            b[i] = (double)(bench_mix(&seed) % 8 + (uint64_t)round % 4);
        assert_near(stats_rank_p(a, n, b, m), brute_force(a, n, b, m), 1e-12);
        assert_near(stats_rank_p(b, m, a, n), brute_force(a, n, b, m), 1e-12);
    }
}

static void rank_tests_give_known_probabilities(void **state)
{
    /* Hollander and Wolfe, Nonparametric Statistical Methods, table 4.1: one-sided 0.1272. */
    const double term[] = {0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const double early[] = {1.15, 0.88, 0.90, 0.74, 1.21};
    const double low[] = {1, 2, 3, 4, 5}, high[] = {6, 7, 8, 9, 10}, same[] = {3, 3, 3, 3, 3};

    (void)state;
    assert_near(stats_rank_p(term, 10, early, 5), 0.2544, 0.0001);
    /* Apart from each other: two of all ways to draw 5 of 10, which are 252. */
    assert_near(stats_rank_p(low, 5, high, 5), 2.0 / 252, 1e-12);
    assert_near(stats_rank_p(high, 5, low, 5), 2.0 / 252, 1e-12);
    assert_near(stats_rank_p_least(5, 5), 2.0 / 252, 1e-12);
    assert_near(stats_rank_p(low, 3, high, 3), 0.1, 1e-12);
    assert_near(stats_rank_p(low, 4, high, 4), 2.0 / 70, 1e-12);
    assert_near(stats_rank_p(low, 5, low, 5), 1, 0);
    assert_near(stats_rank_p(same, 5, same, 5), 1, 0);
    assert_near(stats_rank_p(low, 1, high, 1), 1, 0);
    assert_near(stats_rank_p_least(1, 1), 1, 0);
    assert_near(stats_rank_p(NULL, 0, high, 5), 1, 0);
    assert_near(stats_rank_p(low, 5, NULL, 0), 1, 0);
    assert_near(stats_rank_p_least(0, 5), 1, 0);
}

/* Beyond STATS_EXACT values the normal approximation takes over, without a jump. */
static void rank_tests_go_on_for_many_values(void **state)
{
    double a[500], b[500], last = 2;

    (void)state;
    for (size_t n = 12; n <= 18; n++) {
        double p;

        for (size_t i = 0; i < n; i++) {
            a[i] = (double)(2 * i);
            b[i] = (double)(2 * i + 9);
        }
        p = stats_rank_p(a, n, b, n);
        assert_true(p > 0 && p < 1);
        assert_true(last > 1 || fabs(p - last) < 0.04);
        last = p;
    }
    for (size_t i = 0; i < 500; i++) {
        a[i] = (double)(i % 7);
        b[i] = (double)(i % 7) + 1e6;
    }
    assert_true(stats_rank_p(a, 500, b, 500) < 1e-100);
    assert_true(stats_rank_p(a, 500, a, 500) > 0.9);
    for (size_t i = 0; i < 500; i++)
        b[i] = 5;
    assert_near(stats_rank_p(b, 500, b, 500), 1, 0);
    assert_true(stats_rank_p_least(500, 500) < 1e-100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(medians),
        cmocka_unit_test(medians_leave_out_what_is_no_number),
        cmocka_unit_test(percentiles),
        cmocka_unit_test(rank_tests_count_all_ways),
        cmocka_unit_test(rank_tests_give_known_probabilities),
        cmocka_unit_test(rank_tests_go_on_for_many_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
