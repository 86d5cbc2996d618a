/* Documents for the tests of what reads them. */
#ifndef TESTS_UNIT_BENCH_BENCH_RESULTS_H
#define TESTS_UNIT_BENCH_BENCH_RESULTS_H

#include "bench/machine.h"
#include "bench/results.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* cmocka's assert_float_equal compares as float, to seven digits. */
static inline void assert_near(double a, double b, double most)
{
    if (!(fabs(a - b) <= most))
        fail_msg("%.17g is not %.17g", a, b);
}

/* What was reported, read back as from a file, of a machine with no more than a name. */
static inline void read_back(struct results *out, const struct report *report)
{
    const struct machine machine = {
        .cpu = "A <CPU> & \"more\"", .compiler = "cc", .flags = "", .build = "", .version = "1"};
    char error[RESULTS_ERROR_SIZE] = "";

    if (!results_take(out, report, &machine, error))
        fail_msg("%s", error);
}

/* A stream's text: write, finish it with text_end, free it. */
struct text {
    char *data;
    size_t size;
    FILE *out;
};

static inline struct text *text_begin(struct text *t)
{
    *t = (struct text){0};
    t->out = open_memstream(&t->data, &t->size);
    assert_non_null(t->out);
    return t;
}

static inline const char *text_end(struct text *t)
{
    assert_int_equal(fclose(t->out), 0);
    return t->data;
}

#endif
