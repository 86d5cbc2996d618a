#include "bench/figures.h"
#include "bench/page.h"
#include "bench/plot.h"
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

static void chooses_axes(void **state)
{
    static const struct {
        double most, end, step;
    } cases[] = {{1, 1, 0.2},       {4, 4, 1},       {9.9, 10, 2},       {10, 10, 2},
                 {10.1, 12.5, 2.5}, {454, 500, 100}, {1e15, 1e15, 2e14}, {1e-9, 1e-9, 2e-10}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        double step, end = plot_axis(cases[i].most, &step);

        assert_near(end / cases[i].end, 1, 1e-6);
        assert_near(step / cases[i].step, 1, 1e-6);
    }
    for (double most = 1e-12; most < 1e15; most *= 1.37) {
        double step, end = plot_axis(most, &step);

        assert_true(end >= most * (1 - 1e-6) && end / step > 1.9 && end / step < 6.1);
    }
}

static void add(struct report *r, const char *bench, const char *name, const char *kernel,
                size_t threads, const char *unit, double value)
{
    const double samples[] = {value * 0.9, value, value * 1.1};

    report_add(r, bench, name, kernel, threads, unit, samples, 3);
}

static const struct plot *find_plot(const struct figures *f, const char *title)
{
    for (size_t i = 0; i < f->count; i++)
        if (strcmp(f->plot[i].title, title) == 0)
            return &f->plot[i];
    fail_msg("no plot \"%s\"", title);
    return NULL;
}

/* Two kernels beside another program, on one and two threads. */
static void fill_search(struct report *r)
{
    for (size_t threads = 1; threads <= 2; threads++) {
        size_t ours = r->count;

        add(r, "search", "plain", "fast", threads, "MH/s", 40 * (double)threads);
        add(r, "search", "plain", "slow", threads, "MH/s", 10 * (double)threads);
        add(r, "search", "against", "other", threads, "MH/s", 20 * (double)threads);
        report_add_ratio(r, ours, ours + 2);
        report_add_ratio(r, ours + 1, ours + 2);
    }
}

static void draws_kernels_beside_each_other(void **state)
{
    struct figures f = {0};
    struct results results;
    struct report r;
    const struct plot *p;

    (void)state;
    report_init(&r);
    fill_search(&r);
    read_back(&results, &r);
    figures_add(&f, &results, "search");
    assert_int_equal(f.count, 5); /* curves; bars and ratios for each number of threads */
    p = find_plot(&f, "plain");
    assert_int_equal(p->kind, PLOT_BARS);
    assert_int_equal(p->marks, 3);
    assert_string_equal(p->subtitle, "search, 1 thread; MH/s, more is better");
    assert_string_equal(p->mark[0].label, "fast");
    assert_int_equal(p->mark[0].tone, PLOT_BEST);
    assert_int_equal(p->mark[1].tone, PLOT_PLAIN);
    assert_string_equal(p->mark[2].label, "other");
    assert_int_equal(p->mark[2].tone, PLOT_OTHER);
    assert_near(p->mark[0].value, 40, 0);
    assert_near(p->mark[0].low, 36, 1e-9);
    assert_near(p->mark[0].high, 44, 1e-9);
    p = find_plot(&f, "plain / other");
    assert_near(p->reference, 1, 0);
    assert_near(p->mark[0].value, 2, 1e-9);
    p = find_plot(&f, "plain over threads");
    assert_int_equal(p->kind, PLOT_LINES);
    assert_int_equal(p->marks, 4);
    assert_string_equal(p->series[0], "fast");
    assert_string_equal(p->series[1], "slow");
    assert_near(p->reference, 40, 0);
    assert_near(p->mark[1].x, 2, 0);
    assert_near(p->mark[1].value, 80, 0);
    figures_free(&f);
    figures_add(&f, &results, "missing");
    assert_int_equal(f.count, 0);
    results_free(&results);
    report_free(&r);
}

/* More lines than can be told apart: the first are drawn, and the plot says so. */
static void says_when_lines_are_left_out(void **state)
{
    struct figures f = {0};
    struct results results;
    struct report r;
    const struct plot *p;

    (void)state;
    report_init(&r);
    for (size_t kernel = 0; kernel <= PLOT_SERIES; kernel++)
        for (size_t threads = 1; threads <= 2; threads++) {
            char name[] = {'k', (char)('0' + kernel), 0};

            add(&r, "search", "plain", name, threads, "MH/s", 7);
        }
    read_back(&results, &r);
    figures_add(&f, &results, NULL);
    p = find_plot(&f, "plain over threads");
    assert_int_equal(p->marks, 2 * PLOT_SERIES);
    assert_non_null(strstr(p->subtitle, "the first 6"));
    assert_int_equal(find_plot(&f, "plain")->marks, PLOT_SERIES + 1);
    figures_free(&f);
    results_free(&results);
    report_free(&r);
}

static void draws_what_stands_alone(void **state)
{
    struct figures f = {0};
    struct results results;
    struct report r;
    const struct plot *p;

    (void)state;
    report_init(&r);
    add(&r, "engine", "wake p50", "", 2, "us", 8);
    add(&r, "engine", "wake p99", "", 2, "us", 80);
    add(&r, "engine", "yield p50", "fast", 2, "us", 30);
    report_add(&r, "engine", "yield p99", "fast", 2, "us", NULL, 0); /* no number: no bar */
    add(&r, "engine", "idle", "fast", 2, "%", 0);
    add(&r, "topology", "a core each", "fast", 1, "MH/s", 10);
    report_number(&r.row[r.count - 1], "efficiency", 1);
    add(&r, "topology", "with SMT siblings", "fast", 2, "MH/s", 13);
    report_number(&r.row[r.count - 1], "efficiency", 0.65);
    read_back(&results, &r);
    figures_add(&f, &results, NULL);
    p = find_plot(&f, "p50");
    assert_int_equal(p->marks, 2);
    assert_string_equal(p->mark[0].label, "wake");
    assert_string_equal(p->mark[1].label, "yield");
    assert_int_equal(find_plot(&f, "wake p99")->marks, 1);
    assert_near(find_plot(&f, "idle")->mark[0].value, 0, 0);
    p = find_plot(&f, "fast over threads");
    assert_int_equal(p->marks, 2);
    assert_string_equal(p->series[1], "with SMT siblings");
    p = find_plot(&f, "a thread beside one alone");
    assert_near(p->mark[1].value, 65, 1e-9);
    assert_string_equal(p->mark[1].label, "with SMT siblings, 2 threads");
    figures_free(&f);
    results_free(&results);
    report_free(&r);
}

/* Whatever a document may hold is drawn without a number that is none, and within the drawing. */
static void draws_the_extremes(void **state)
{
    static const double values[] = {0, 5e-324, 1e-300, 1e-9, 1, 1e15};
    static const char hostile[] = "</svg><script>alert(1)</script>&amp;\x01\xff";
    struct figures f = {0};
    struct results results;
    struct report r;
    struct text t;
    const char *text;

    (void)state;
    report_init(&r);
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        for (size_t threads = 1; threads <= RESULTS_THREADS_MAX; threads *= 1024) {
            const double samples[] = {0, values[i], 1e15};

            report_add(&r, hostile, hostile, i % 2 ? hostile : "", threads, hostile, samples, 3);
            report_add(&r, "topology", hostile, hostile, threads, "MH/s", &values[i], 1);
            report_number(&r.row[r.count - 1], "efficiency", -1e15);
        }
    read_back(&results, &r);
    figures_add(&f, &results, NULL);
    assert_true(f.count > 3);
    plot_draw_document(f.plot, f.count, text_begin(&t)->out, hostile, hostile);
    text = text_end(&t);
    assert_null(strstr(text, "script>"));
    assert_null(strstr(text, "\"nan"));
    assert_null(strstr(text, "inf\""));
    free(t.data);
    plot_draw_document(NULL, 0, text_begin(&t)->out, "none", "");
    assert_non_null(strstr(text_end(&t), "</svg>"));
    free(t.data);
    figures_free(&f);
    results_free(&results);
    report_free(&r);
}

/* Each alone, so that nothing else gives a plot its scale. */
static void draws_each_extreme_alone(void **state)
{
    static const double values[] = {0, 5e-324, 1e-300, 1e-16, 1e-15, 1e-9, 1, 1e15};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        struct figures f = {0};
        struct results results;
        struct report r;
        struct text t;

        report_init(&r);
        for (size_t threads = 1; threads <= 2; threads++) {
            report_add(&r, "a", "name", "kernel", threads, "x", &values[i], 1);
            report_add(&r, "b", "name", "one", threads, "x", &values[i], 1);
            report_add(&r, "b", "name", "two", threads, "ratio", &values[i], 1);
        }
        read_back(&results, &r);
        figures_add(&f, &results, NULL);
        plot_draw_document(f.plot, f.count, text_begin(&t)->out, "x", "y");
        assert_null(strstr(text_end(&t), "nan"));
        assert_null(strstr(t.data, "inf"));
        free(t.data);
        figures_free(&f);
        results_free(&results);
        report_free(&r);
    }
}

static void writes_pages(void **state)
{
    const struct compare_rule rule = {2, 0.01};
    struct page_document document[2];
    struct results results;
    struct report r;
    struct text t;
    const char *text;

    (void)state;
    report_init(&r);
    fill_search(&r);
    report_text(&r.row[2], "command", "other --fast \"</code><img src=x>\"");
    read_back(&results, &r);
    document[0] = (struct page_document){"a<b>.json", &results};
    document[1] = document[0];
    assert_true(page_write(text_begin(&t)->out, document, 2, rule));
    text = text_end(&t);
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_non_null(strstr(text, "A &lt;CPU&gt; &amp; &quot;more&quot;"));
    assert_non_null(strstr(text, "What changed"));
    assert_non_null(strstr(text, "data-kernel=\"fast\" data-threads=\"2\""));
    assert_null(strstr(text, "<img"));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, " style=")); /* the policy would not let it */
    assert_null(strstr(text, "<b>"));
    assert_string_equal(text + strlen(text) - 8, "</html>\n");
    free(t.data);
    results_free(&results);
    report_free(&r);
    /* Of nothing at all. */
    read_back(&results, &r);
    assert_true(page_write(text_begin(&t)->out, document, 1, rule));
    assert_non_null(strstr(text_end(&t), "</html>"));
    free(t.data);
    results_free(&results);
}

static void says_when_a_page_cannot_be_written(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct page_document document;
    struct results results;
    struct report r;

    (void)state;
    if (!full)
        skip();
    report_init(&r);
    read_back(&results, &r);
    document = (struct page_document){"", &results};
    assert_false(page_write(full, &document, 1, (struct compare_rule){2, 0.01}));
    fclose(full);
    results_free(&results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_axes),
        cmocka_unit_test(draws_kernels_beside_each_other),
        cmocka_unit_test(says_when_lines_are_left_out),
        cmocka_unit_test(draws_what_stands_alone),
        cmocka_unit_test(draws_the_extremes),
        cmocka_unit_test(draws_each_extreme_alone),
        cmocka_unit_test(writes_pages),
        cmocka_unit_test(says_when_a_page_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
