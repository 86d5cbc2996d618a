#include "bench/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads_numbers_of_threads(void **state)
{
    static const struct {
        const char *text;
        size_t most;
        const char *counts; /* NULL: an error */
    } cases[] = {
        {"1", 4, "1 "},
        {"all", 4, "4 "},
        {"4,1,2,1,all", 4, "1 2 4 "},
        {"all", 1, "1 "},
        {"1,all", 1, "1 "},
        {"5", 4, NULL},
        {"0", 4, NULL},
        {"", 4, NULL},
        {"1,", 4, NULL},
        {",1", 4, NULL},
        {"1,,2", 4, NULL},
        {"-1", 4, NULL},
        {"+1", 4, NULL},
        {" 1", 4, NULL},
        {"1x", 4, NULL},
        {"al", 4, NULL},
        {"all1", 4, NULL},
        {"99999999999999999999999", 4, NULL},
        {"1,2,3,4", 4, "1 2 3 4 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t counts[BENCH_COUNTS];
        char error[BENCH_ERROR_SIZE] = "", text[64] = "";
        size_t n = options_parse_threads(counts, cases[i].text, cases[i].most, error);

        for (size_t k = 0; k < n; k++)
            snprintf(text + strlen(text), sizeof(text) - strlen(text), "%zu ", counts[k]);
        if (strcmp(text, cases[i].counts ? cases[i].counts : "") != 0)
            fail_msg("\"%s\" gives \"%s\"", cases[i].text, text);
        assert_int_equal(n == 0, error[0] != 0);
    }
}

static void bounds_numbers_of_threads(void **state)
{
    size_t counts[BENCH_COUNTS];
    char error[BENCH_ERROR_SIZE], text[256] = "";

    (void)state;
    for (int i = 1; i <= BENCH_COUNTS + 1; i++) {
        size_t n;

        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", i > 1 ? "," : "", i);
        n = options_parse_threads(counts, text, 1000, error);
        assert_int_equal(n, i <= BENCH_COUNTS ? i : 0);
    }
}

/* A row's path is bench/name/kernel/threads. */
static void filters_rows(void **state)
{
    static const struct {
        const char *filter;
        const char *kernel; /* that alone is wanted; NULL: all */
        bool wanted;
    } cases[] = {
        {"", NULL, true},           {"plain", NULL, true},
        {"avx", NULL, true},        {"search/plain", NULL, true},
        {"rolled", NULL, false},    {"", "avx2", true},
        {"", "avx", false},         {"plain", "sse4.1", false},
        {"search/*/2", NULL, true}, {"*/avx?/*", NULL, true},
        {"*/avx", NULL, false},     {"plain*", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *names[] = {cases[i].kernel};
        struct bench b = {.filter = cases[i].filter,
                          .kernel_names = names,
                          .kernel_count = cases[i].kernel != NULL};

        if (bench_wants(&b, "search", "plain", "avx2", 2) != cases[i].wanted)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numbers_of_threads),
        cmocka_unit_test(bounds_numbers_of_threads),
        cmocka_unit_test(filters_rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
