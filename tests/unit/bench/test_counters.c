#include "base/clock.h"
#include "bench/counters.h"
#include "bench/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] = "cpu  40 0 60 600 0 0 0 50 0 0\n"
                           "cpu0 10 1 20 300 5 2 3 20 7 0\n"
                           "cpu1 30 0 40 300 0 0 0 30 0 0\n"
                           "cpu10 1 0 0 0 0 0 0 1000 0 0\n"
                           "cpu2 1 2 3\n"
                           "intr 7 8 9\n";

static void reads_proc_stat(void **state)
{
    static const unsigned first[] = {0}, both[] = {0, 1}, tenth[] = {10}, others[] = {3, 100};
    struct counters_stat sum = counters_stat_parse(text, first, 1, 100);

    (void)state;
    assert_float_equal(sum.steal_ms, 200, 1e-9);
    assert_float_equal(sum.busy_ms, 360, 1e-9); /* without idle, waiting for I/O and guests */
    sum = counters_stat_parse(text, both, 2, 1000);
    assert_float_equal(sum.steal_ms, 50, 1e-9);
    assert_float_equal(sum.busy_ms, 106, 1e-9);
    assert_float_equal(counters_stat_parse(text, tenth, 1, 100).steal_ms, 10000, 1e-9);
    assert_float_equal(counters_stat_parse(text, others, 2, 100).steal_ms, 0, 0);
    assert_float_equal(counters_stat_parse(text, both, 0, 100).steal_ms, 0, 0);
    assert_float_equal(counters_stat_parse("", both, 2, 100).steal_ms, 0, 0);
}

/* Kernels before 2.6.11 knew no steal; a line may be cut. */
static void reads_short_lines(void **state)
{
    static const unsigned second[] = {2};
    struct counters_stat sum = counters_stat_parse(text, second, 1, 100);

    (void)state;
    assert_float_equal(sum.steal_ms, 0, 0);
    assert_float_equal(sum.busy_ms, 60, 1e-9);
    assert_float_equal(counters_stat_parse("cpu2", second, 1, 100).busy_ms, 0, 0);
    assert_float_equal(counters_stat_parse("cpu", second, 1, 100).busy_ms, 0, 0);
    assert_float_equal(counters_stat_parse("cpu2 5", second, 1, 100).busy_ms, 50, 1e-9);
}

static void counts_forward(void **state)
{
    uint64_t reference = counters_reference(), thread = counters_thread_cpu_ns();
    uint64_t process = counters_process_cpu_ns(), first = 0, second = 0;
    uint64_t end = clock_monotonic_ns() + 2000000;
    int core = counters_open_core();
    bool had = counters_read_core(core, &first);

    (void)state;
    while (clock_monotonic_ns() < end)
        continue;
    assert_int_equal(counters_reference() > reference, counters_have_reference());
    assert_true(counters_thread_cpu_ns() > thread);
    assert_true(counters_process_cpu_ns() > process);
    assert_int_equal(counters_read_core(core, &second), had);
    assert_true(!had || second > first);
    assert_false(counters_read_core(-1, &second));
    counters_close_core(core);
    counters_close_core(-1);
}

/* Threads that should be busy and are not: all that this window holds is kept apart. */
static void keeps_disturbed_windows_apart(void **state)
{
    static const unsigned none[] = {0};
    struct latency l;

    (void)state;
    latency_start(&l, none, 0, 0);
    for (uint64_t i = 0; i < 3000; i++)
        latency_add(&l, (3000 - i) * 1000);
    latency_finish(&l);
    assert_int_equal(l.kept.count, 3000);
    assert_float_equal(l.kept.us[0], 1, 1e-9);
    assert_float_equal(l.kept.us[2999], 3000, 1e-9);
    latency_free(&l);

    latency_start(&l, none, 0, 1000);
    latency_add(&l, 5);
    latency_tick(&l);
    latency_finish(&l);
    assert_int_equal(l.kept.count, 0);
    assert_int_equal(l.all.count, 1);
    latency_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_proc_stat),
        cmocka_unit_test(reads_short_lines),
        cmocka_unit_test(counts_forward),
        cmocka_unit_test(keeps_disturbed_windows_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
