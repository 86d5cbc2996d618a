#include "bench/compare.h"

#include "bench/compare_text.h"
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

static const struct compare_rule usual = {2, 0.01};

/* A row of five runs that spread by a part of the median to both sides. */
static struct report_row *add(struct report *r, const char *name, const char *unit, double median,
                              double spread)
{
    const double samples[] = {median, median * (1 + spread), median * (1 - spread),
                              median * (1 + spread / 2), median * (1 - spread / 2)};

    return report_add(r, "search", name, "avx2", 1, unit, samples, 5);
}

/* One row against another, by the usual rule. */
static struct compare_row compare_rows(struct report *a, struct report *b)
{
    struct results in_a, in_b;
    struct comparison c;
    struct compare_row row;

    read_back(&in_a, a);
    read_back(&in_b, b);
    compare_documents(&c, &in_a, &in_b, usual);
    assert_int_equal(c.count, 1);
    assert_int_equal(c.verdicts[c.row[0].verdict], 1);
    row = c.row[0];
    row.a = row.b = NULL; /* they end here */
    compare_free(&c);
    results_free(&in_a);
    results_free(&in_b);
    report_free(a);
    report_free(b);
    return row;
}

static struct compare_row compare_medians(double a, double b, double spread, bool lower)
{
    struct report in_a, in_b;

    report_init(&in_a);
    report_init(&in_b);
    add(&in_a, "plain", "MH/s", a, spread)->lower_is_better = lower;
    add(&in_b, "plain", "MH/s", b, spread)->lower_is_better = lower;
    return compare_rows(&in_a, &in_b);
}

static void tells_changes_from_noise(void **state)
{
    static const struct {
        double a, b, spread;
        bool lower;
        enum compare_verdict verdict;
    } cases[] = {
        {100, 100, 0.01, false, COMPARE_SAME},
        {100, 100, 0, false, COMPARE_SAME},
        {100, 90, 0.01, false, COMPARE_WORSE},
        {100, 110, 0.01, false, COMPARE_BETTER},
        {100, 90, 0.01, true, COMPARE_BETTER},
        {100, 110, 0.01, true, COMPARE_WORSE},
        /* The runs overlap. */
        {100, 90, 0.2, false, COMPARE_SAME},
        /* Below the threshold, whatever the ranks say, and above it. */
        {100, 98.5, 0.001, false, COMPARE_SAME},
        {100, 97.5, 0.001, false, COMPARE_WORSE},
        {1e15, 1, 0, false, COMPARE_WORSE},
        {1e15, 5e-324, 0, true, COMPARE_BETTER},
        /* No ratio to speak of. */
        {1e-12, 1e15, 0, false, COMPARE_BETTER},
        {5e-324, 1e15, 0, true, COMPARE_WORSE},
        {0, 0, 0, false, COMPARE_SAME},
        {0, 1, 0.01, false, COMPARE_BETTER},
        {0, 1, 0.01, true, COMPARE_WORSE},
        {1, 0, 0.01, false, COMPARE_WORSE},
        {1, 0, 0.01, true, COMPARE_BETTER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct compare_row row =
            compare_medians(cases[i].a, cases[i].b, cases[i].spread, cases[i].lower);

        if (row.verdict != cases[i].verdict)
            fail_msg("case %zu: %s", i, compare_name(row.verdict));
        assert_true(isnan(row.ratio) == (cases[i].a <= 0 || cases[i].b / 1e13 > cases[i].a));
    }
    assert_near(compare_medians(100, 90, 0.01, false).ratio, 0.9, 1e-12);
    assert_near(compare_medians(100, 90, 0.01, false).p, 2.0 / 252, 1e-12);
}

static void leaves_few_runs_undecided(void **state)
{
    const double samples[] = {1, 2, 3, NAN, NAN, NAN}, far[] = {100, 200, 300, 400, 500, 600};
    struct report a, b;
    struct compare_row row;

    (void)state;
    report_init(&a);
    report_init(&b);
    report_add(&a, "search", "plain", "avx2", 1, "MH/s", samples, 6);
    report_add(&b, "search", "plain", "avx2", 1, "MH/s", far, 6);
    row = compare_rows(&a, &b);
    /* 3 against 6: 2 of 84 ways. */
    assert_int_equal(row.verdict, COMPARE_UNDECIDED);
    assert_near(row.p, 2.0 / 84, 1e-12);
    report_add(&a, "search", "plain", "avx2", 1, "MH/s", samples + 3, 3);
    report_add(&b, "search", "plain", "avx2", 1, "MH/s", far, 6);
    row = compare_rows(&a, &b);
    assert_int_equal(row.verdict, COMPARE_UNDECIDED);
    assert_true(isnan(row.p) && isnan(row.ratio));
}

static void blames_no_peer(void **state)
{
    struct report a, b;

    (void)state;
    report_init(&a);
    report_init(&b);
    add(&a, "against", "MH/s", 100, 0.01);
    add(&b, "against", "MH/s", 50, 0.01);
    assert_int_equal(compare_rows(&a, &b).verdict, COMPARE_PEER);
}

static void fill_pair(struct report *a, struct report *b)
{
    report_init(a);
    report_init(b);
    add(a, "both", "MH/s", 100, 0.01);
    add(a, "gone \x1b[31m", "MH/s", 100, 0.01);
    add(a, "twice in a", "MH/s", 100, 0.01);
    add(a, "twice in a", "MH/s", 90, 0.01);
    add(a, "twice in b", "MH/s", 100, 0.01);
    add(a, "other unit", "MH/s", 100, 0.01);
    add(a, "slower", "MH/s", 100, 0.01);
    report_mark(add(b, "slower", "MH/s", 70, 0.01), 2);
    add(b, "other unit", "kH/s", 100, 0.01);
    add(b, "twice in b", "MH/s", 100, 0.01);
    add(b, "twice in b", "MH/s", 90, 0.01);
    add(b, "twice in a", "MH/s", 100, 0.01);
    add(b, "new", "MH/s", 100, 0.01);
    add(b, "both", "MH/s", 100, 0.01);
    add(b, "new and twice", "MH/s", 100, 0.01);
    add(b, "new and twice", "MH/s", 100, 0.01);
}

static void says_what_is_missing_and_what_is_twice(void **state)
{
    static const struct {
        const char *name;
        enum compare_verdict verdict;
    } expected[] = {
        {"both", COMPARE_SAME},
        {"gone \x1b[31m", COMPARE_ONLY_A},
        {"twice in a", COMPARE_AMBIGUOUS},
        {"twice in a", COMPARE_AMBIGUOUS},
        {"twice in b", COMPARE_AMBIGUOUS},
        {"other unit", COMPARE_ONLY_A},
        {"slower", COMPARE_WORSE},
        {"other unit", COMPARE_ONLY_B},
        {"new", COMPARE_ONLY_B},
        {"new and twice", COMPARE_AMBIGUOUS},
        {"new and twice", COMPARE_AMBIGUOUS},
    };
    struct results in_a, in_b;
    struct report a, b;
    struct comparison c;

    (void)state;
    fill_pair(&a, &b);
    read_back(&in_a, &a);
    read_back(&in_b, &b);
    compare_documents(&c, &in_a, &in_b, usual);
    assert_int_equal(c.count, sizeof(expected) / sizeof(*expected));
    for (size_t i = 0; i < c.count; i++) {
        assert_string_equal(compare_either(&c.row[i])->name, expected[i].name);
        assert_int_equal(c.row[i].verdict, expected[i].verdict);
    }
    assert_int_equal(compare_decided(&c), 2);
    compare_free(&c);
    results_free(&in_a);
    results_free(&in_b);
    report_free(&a);
    report_free(&b);
}

static void says_how_machines_differ(void **state)
{
    static const char one[] =
        "{\"machine\":{\"cpu\":\"A\",\"cores\":4,\"caches\":[1],\"started\":\"x\",\"old\":1,"
        "\"reference_mhz\":2600.1},\"rows\":[]}";
    static const char two[] =
        "{\"machine\":{\"cpu\":\"B\",\"cores\":4,\"caches\":[2],\"started\":\"y\",\"new\":null,"
        "\"reference_mhz\":2600.2},\"rows\":[]}";
    char error[RESULTS_ERROR_SIZE];
    struct compare_differences d;
    struct results a, b;

    (void)state;
    assert_true(results_parse(&a, bytes_of(one, strlen(one)), error));
    assert_true(results_parse(&b, bytes_of(two, strlen(two)), error));
    compare_machines(&d, &a, &a);
    assert_int_equal(d.count, 0);
    compare_differences_free(&d);
    compare_machines(&d, &a, &b);
    assert_int_equal(d.count, 4);
    assert_string_equal(d.item[0].key, "cpu");
    assert_string_equal(d.item[0].a, "\"A\"");
    assert_string_equal(d.item[0].b, "\"B\"");
    assert_string_equal(d.item[1].a, "[1]");
    assert_string_equal(d.item[2].key, "old");
    assert_string_equal(d.item[2].b, "null");
    assert_string_equal(d.item[3].key, "new");
    compare_differences_free(&d);
    results_free(&a);
    results_free(&b);
}

static void prints_draws_and_writes(void **state)
{
    struct compare_differences differences = {0};
    struct comparison c;
    struct results in_a, in_b;
    struct compare_report report = {"a", "b", &in_a, &in_b, &c, &differences};
    struct figures f = {0};
    struct report a, b;
    struct text t;
    json_t *json;
    const char *text;

    (void)state;
    fill_pair(&a, &b);
    read_back(&in_a, &a);
    read_back(&in_b, &b);
    compare_documents(&c, &in_a, &in_b, usual);
    compare_print(text_begin(&t)->out, &report);
    text = text_end(&t);
    assert_non_null(strstr(text, "-30.0%"));
    assert_non_null(strstr(text, "1 worse, 1 same, 2 only in A, 2 only in B, 5 ambiguous"));
    assert_non_null(strstr(text, "worse  (1 run of B disturbed)"));
    assert_null(strchr(text, '\x1b'));
    free(t.data);
    assert_true(compare_write_json(text_begin(&t)->out, &report));
    json = json_loads(text_end(&t), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_int_equal(json_array_size(json_object_get(json, "rows")), c.count);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json_object_get(json, "rows"), 6), "verdict")),
                        "worse");
    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(json, "a"), "machine"), "compiler")),
                        "cc");
    json_decref(json);
    free(t.data);
    compare_draw(&f, &c);
    assert_int_equal(f.count, 1);
    assert_int_equal(f.plot[0].marks, 1);
    assert_near(f.plot[0].mark[0].value, -30, 1e-9);
    assert_int_equal(f.plot[0].mark[0].tone, PLOT_BAD);
    figures_free(&f);
    compare_free(&c);
    results_free(&in_a);
    results_free(&in_b);
    report_free(&a);
    report_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_changes_from_noise),
        cmocka_unit_test(leaves_few_runs_undecided),
        cmocka_unit_test(blames_no_peer),
        cmocka_unit_test(says_what_is_missing_and_what_is_twice),
        cmocka_unit_test(says_how_machines_differ),
        cmocka_unit_test(prints_draws_and_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
