#include "bench/rate_text.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads_rates(void **state)
{
    static const struct {
        const char *line;
        double rate; /* 0: none */
    } cases[] = {
        {"Total: 29.26 MH/s", 29.26e6},
        {"Total: 13.81 MH/s, Temp: 0C, Freq: 0.000/0.000 GHz", 13.81e6},
        {"Benchmark: 24.55 MH/s", 24.55e6},
        {"28.70 MH/s", 28.7e6},
        {"28.70MH/s", 28.7e6},
        {"123 kH/s", 123e3},
        {"123 KH/S", 123e3},
        {"1.5 GH/s", 1.5e9},
        {"2 TH/s", 2e12},
        {"3 PH/s", 3e15},
        {"7 H/s", 7},
        {"7.25 h/s.", 7.25},
        {"hash rate: 123 khash/s", 123e3},
        {"hash rate: 123 khashes/s", 123e3},
        {"[2026-01-02 03:04:05] thread 0: 2097152 hashes, 11000 khash/s", 11e6},
        {"5s: 1 MH/s  avg: 2 MH/s", 2e6},
        {"1.2.3 MH/s", 3e6},
        {"0000000000.50 MH/s", 5e5},
        {"", 0},
        {"MH/s", 0},
        {"12 MHz", 0},
        {"12 MH", 0},
        {"12 EH/s", 0},
        {"12 MH/sec", 0},
        {"12 M H/s", 0},
        {"-12 MH/s", 0},
        {"29,26 MH/s", 0},
        {"1,234.5 MH/s", 0},
        {"1'234 kH/s", 0},
        {"accepted 1, 3 MH/s", 3e6},
        {"total,3 MH/s", 3e6},
        {"2097152 hashes", 0},
        {"0 H/s", 0},
        {"1. H/s", 0},
        {"99999999999999999999999999999999999999999999 H/s", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        double rate = rate_text_parse(cases[i].line);

        if (cases[i].rate > 0 ? !(fabs(rate / cases[i].rate - 1) < 1e-12) : rate > 0)
            fail_msg("\"%s\" gives %g, not %g", cases[i].line, rate, cases[i].rate);
    }
}

/* What a whole output says, fed so many bytes at a time. */
static double result_of(const char *text, size_t step, const char **rule)
{
    struct rate_text *t = calloc(1, sizeof(*t));
    size_t size = strlen(text);
    double rate;

    assert_non_null(t);
    rate_text_init(t);
    for (size_t at = 0; at < size; at += step)
        rate_text_feed(t, text + at, size - at < step ? size - at : step);
    rate = rate_text_result(t, rule);
    free(t);
    return rate;
}

static void chooses_among_lines(void **state)
{
    static const struct {
        const char *text;
        double rate;
        const char *rule;
    } cases[] = {
        {"Total: 1 MH/s\nTotal: 5 MH/s\nTotal: 7 MH/s\nTotal: 6 MH/s\nBenchmark: 2 MH/s\n", 6e6,
         "total"},
        {"Total: 1 MH/s\nTotal: 5 MH/s\n", 5e6, "total"},
        {"Total: 1 MH/s\nBenchmark: 2 MH/s\nBenchmark: 3 MH/s", 3e6, "benchmark"},
        {"Total: 1 MH/s\n", 1e6, "total"},
        {"thread 0: 9 MH/s\nCPU #1: 9 MH/s\nhash rate: 3 kH/s\nhash rate: 5 kH/s\n", 5e3, "other"},
        {"speed 3 kH/s", 3e3, "other"},
        {"Total: 0.00 H/s\nTotal: 4 H/s\n", 4, "total"},
        {"[12:00]\033[01;37m Total: 4 MH/s\033[0m\n[12:05]\033[32;1m Total: \033[1m4\033[0m MH/s\n",
         4e6, "total"},
        {"\033]Total: 4 MH/s\n", 4e6, "total"},
        {"\r1 MH/s\r2 MH/s\r3 MH/s", 2.5e6, "other"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        for (size_t step = 1; step < 40; step += 6) {
            const char *rule;
            double rate = result_of(cases[i].text, step, &rule);

            assert_string_equal(rule, cases[i].rule);
            if (!(fabs(rate / cases[i].rate - 1) < 1e-12))
                fail_msg("case %zu by %zu gives %g, not %g", i, step, rate, cases[i].rate);
        }
    }
    assert_true(isnan(result_of("nothing\nto see\n", 3, NULL)));
    assert_true(isnan(result_of("", 1, NULL)));
}

static void bounds_what_it_keeps(void **state)
{
    struct rate_text *t = calloc(1, sizeof(*t));
    const char *rule;

    (void)state;
    assert_non_null(t);
    rate_text_init(t);
    /* A line that never ends, with a rate beyond what is kept of it. */
    for (size_t i = 0; i < 100000; i++)
        rate_text_feed(t, "xxxxxxxx", 8);
    rate_text_feed(t, " Total: 5 MH/s\n", 15);
    assert_true(isnan(rate_text_result(t, NULL)));
    /* Of many rates the latest are kept. */
    for (int i = 0; i < 5 * RATE_TEXT_RATES; i++)
        rate_text_feed(t, i < 3 * RATE_TEXT_RATES ? "1 H/s\n" : "2 H/s\n", 6);
    assert_float_equal(rate_text_result(t, &rule), 2, 0);
    assert_string_equal(rule, "other");
    /* Bytes that are no text. */
    rate_text_feed(t, "\0\xff\xfe Total\0: 3 H/s\n", 19);
    assert_float_equal(rate_text_result(t, &rule), 3, 0);
    assert_string_equal(rule, "total");
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_rates),
        cmocka_unit_test(chooses_among_lines),
        cmocka_unit_test(bounds_what_it_keeps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
