#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <inttypes.h>
#include <time.h>

static void tells_real_time(void **state)
{
    struct clock c;
    uint64_t before = clock_monotonic_ns();
    uint64_t steady;
    int64_t now = time(NULL);

    (void)state;
    clock_init(&c);
    assert_in_range((uint64_t)clock_wall_s(&c), (uint64_t)now, (uint64_t)now + 60);
    assert_in_range((uint64_t)clock_wall_ms(&c), (uint64_t)now * 1000 - 999,
                    (uint64_t)now * 1000 + 60000);
    steady = clock_steady_ns(&c);
    assert_true(steady >= before);
    assert_true(clock_steady_ns(&c) >= steady);
    assert_true(clock_monotonic_ns() >= steady);
}

/* It goes on while the thread computes, never faster than time itself, and hardly while it sleeps. */
static void tells_cpu_time(void **state)
{
    uint64_t start = clock_monotonic_ns(), before = clock_thread_cpu_ns(), used;

    (void)state;
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    used = clock_thread_cpu_ns() - before;
    assert_true(used < 10000000);
    while ((used = clock_thread_cpu_ns() - before) < 10000000)
        assert_true(clock_monotonic_ns() - start < 60000000000);
    assert_true(used <= clock_monotonic_ns() - start);
}

static void mocks_the_date(void **state)
{
    struct clock c;
    struct clock other;

    (void)state;
    clock_init(&c);
    clock_init(&other);
    clock_mock_wall_ms(&c, 1231006505000);
    assert_true(clock_wall_ms(&c) == 1231006505000);
    assert_true(clock_wall_s(&c) == 1231006505);
    assert_true(clock_wall_s(&other) > 1231006505);
    clock_mock_wall_ms(&c, 0);
    assert_true(clock_wall_s(&c) > 1231006505);
}

static void mocks_steady_time(void **state)
{
    struct clock c;
    uint64_t real;

    (void)state;
    clock_init(&c);
    clock_mock_steady_ns(&c, 1000);
    assert_true(clock_steady_ns(&c) == 1000);
    clock_advance_steady(&c, 500);
    assert_true(clock_steady_ns(&c) == 1500);
    clock_mock_steady_ns(&c, 0);
    real = clock_monotonic_ns();
    assert_true(clock_steady_ns(&c) >= real + 500);
    clock_advance_steady(&c, 3600000000000);
    assert_true(clock_steady_ns(&c) >= real + 3600000000000);
}

static void formats_dates(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1231006505000, "2009-01-03T18:15:05.000Z"},
        {951782399999, "2000-02-28T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"}, /* no leap year */
        {-1, "1969-12-31T23:59:59.999Z"},
        {-1000, "1969-12-31T23:59:59.000Z"},
        {4294967295000, "2106-02-07T06:28:15.000Z"}, /* the last that a header can say */
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {-62167219200001, "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
        {-62162035200001, "0000-02-29T23:59:59.999Z"},
        {-62162035200000, "0000-03-01T00:00:00.000Z"},
    };
    char out[CLOCK_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        clock_format_ms(out, cases[i].ms);
        assert_string_equal(out, cases[i].text);
    }
    clock_format_s(out, 1231006505);
    assert_string_equal(out, "2009-01-03T18:15:05Z");
    clock_format_s(out, INT64_MAX);
    assert_string_equal(out, "9999-12-31T23:59:59Z");
    clock_format_s(out, INT64_MIN);
    assert_string_equal(out, "0000-01-01T00:00:00Z");
}

/* The days of a leap cycle, and those around every turn of a century, against the C library. */
static void agrees_with_the_library(void **state)
{
    (void)state;
    for (int64_t day = -719528; day < 2932896; day += day % 146097 < 1500 ? 1 : 61) {
        time_t seconds = (time_t)(day * 86400 + (day * day) % 86400);
        char expected[40], out[CLOCK_TEXT_SIZE];
        struct tm t;

        gmtime_r(&seconds, &t);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900,
                 t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
        clock_format_s(out, seconds);
        assert_string_equal(out, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_real_time), cmocka_unit_test(tells_cpu_time),
        cmocka_unit_test(mocks_the_date),  cmocka_unit_test(mocks_steady_time),
        cmocka_unit_test(formats_dates),   cmocka_unit_test(agrees_with_the_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
