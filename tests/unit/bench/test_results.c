#include "bench/results.h"

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

/* A good row; what cases change of it stands alone on its line. */
#define ROW                                                                                        \
    "{\"bench\":\"search\",\"name\":\"plain\",\"kernel\":\"avx2\",\"threads\":2,"                  \
    "\"unit\":\"MH/s\",\"better\":\"higher\",\"median\":2,\"min\":1,\"max\":3.5,\"runs\":4,"       \
    "\"steal_ms\":0,\"cpu_share\":null,\"repeated\":1,\"disturbed\":1,"                            \
    "\"samples\":[2,1,null,3.5],\"ns_per_hash\":0.5,\"command\":\"x\"}"
#define DOCUMENT "{\"machine\":{\"cpu\":\"X\",\"cores\":4},\"interrupted\":true,\"rows\":[" ROW "]}"

/* The document with the first place of one text replaced by another; the caller frees it. */
static char *replaced(const char *from, const char *to)
{
    const char *place = strstr(DOCUMENT, from);
    char *out = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);

    assert_non_null(place);
    assert_non_null(file);
    fprintf(file, "%.*s%s%s", (int)(place - DOCUMENT), DOCUMENT, to, place + strlen(from));
    fclose(file);
    return out;
}

static bool parse(struct results *r, const char *text, char error[static RESULTS_ERROR_SIZE])
{
    memset(error, '#', RESULTS_ERROR_SIZE);
    return results_parse(r, bytes_of(text, strlen(text)), error);
}

static void reads_documents(void **state)
{
    char error[RESULTS_ERROR_SIZE];
    struct results r;

    (void)state;
    assert_true(parse(&r, DOCUMENT, error));
    assert_true(r.interrupted);
    assert_string_equal(results_machine_text(&r, "cpu"), "X");
    assert_string_equal(results_machine_text(&r, "cores"), "");
    assert_string_equal(results_machine_text(&r, "missing"), "");
    assert_near(results_machine_number(&r, "cores"), 4, 0);
    assert_true(isnan(results_machine_number(&r, "cpu")));
    assert_int_equal(r.count, 1);
    assert_string_equal(r.row[0].kernel, "avx2");
    assert_int_equal(r.row[0].threads, 2);
    assert_false(r.row[0].lower_is_better);
    assert_int_equal(r.row[0].runs, 4);
    assert_int_equal(r.row[0].count, 3);
    assert_near(r.row[0].samples[2], 3.5, 0);
    assert_true(isnan(r.row[0].cpu_share));
    assert_near(results_field(&r.row[0], "ns_per_hash"), 0.5, 0);
    assert_true(isnan(results_field(&r.row[0], "command")));
    assert_true(isnan(results_field(&r.row[0], "median"))); /* no field of its own */
    assert_false(results_is_peer(&r.row[0]));
    results_free(&r);
    results_free(&r);
}

/* Whatever the writer writes, the reader reads: numbers to the last of 16 digits. */
static void reads_what_is_written(void **state)
{
    const double samples[] = {1.0 / 3, NAN, 1e15, 0, 2.2250738585072014e-308, 7};
    struct results results;
    struct report r;

    (void)state;
    report_init(&r);
    report_add(&r, "a", "against", "\xff\x01\"\n", 3, "us", samples, 6)->lower_is_better = true;
    report_number(&r.row[0], "share", -0.5);
    report_number(&r.row[0], "nothing", NAN);
    report_add(&r, "a", "none", "", 1, "us", samples + 1, 1);
    report_add(&r, "a", "none at all", "", 1, "us", NULL, 0);
    r.row[0].cpu_share = -0.01; /* clocks of two kinds do not agree to the last bit */
    read_back(&results, &r);
    assert_int_equal(results.count, 3);
    assert_true(results_is_peer(&results.row[0]));
    assert_true(results.row[0].lower_is_better);
    assert_int_equal(results.row[0].count, 5);
    assert_near(results.row[0].samples[0], 1.0 / 3, 1e-15);
    assert_near(results.row[0].max, 1e15, 0);
    assert_near(results_field(&results.row[0], "share"), -0.5, 0);
    assert_true(isnan(results_field(&results.row[0], "nothing")));
    assert_true(isnan(results.row[1].median) && results.row[1].count == 0);
    assert_int_equal(results.row[2].runs, 0);
    results_free(&results);
    report_free(&r);
}

static void refuses_what_is_no_document(void **state)
{
    static const struct {
        const char *from, *to, *error;
    } cases[] = {
        {DOCUMENT, "", "line"},
        {DOCUMENT, "[]", "no object"},
        {DOCUMENT, "{}", "machine"},
        {DOCUMENT, "\xef\xbb\xbf{}", "line"},
        {DOCUMENT, "{\"machine\":{},\"machine\":{}}", "line"},
        {DOCUMENT, "{\"machine\":{}} x", "line"},
        {DOCUMENT, "{\"machine\":[],\"rows\":[]}", "machine"},
        {DOCUMENT, "{\"machine\":{}}", "rows"},
        {DOCUMENT, "{\"machine\":{},\"rows\":{}}", "rows"},
        {DOCUMENT, "{\"machine\":{},\"rows\":[1]}", "row 1"},
        {"true", "1", "interrupted"},
        {"\"search\"", "1", "\"bench\""},
        {"\"search\"", "\"\\u0000\"", "line"},
        {"\"plain\"", "null", "\"name\""},
        {"\"avx2\"", "[]", "\"kernel\""},
        {"\"unit\"", "\"unity\"", "\"unit\""},
        {"\"threads\":2", "\"threads\":0", "\"threads\""},
        {"\"threads\":2", "\"threads\":2.0", "\"threads\""},
        {"\"threads\":2", "\"threads\":1048577", "\"threads\""},
        {"\"higher\"", "\"up\"", "\"better\""},
        {"\"higher\"", "true", "\"better\""},
        {"\"median\":2", "\"median\":-2", "\"median\""},
        {"\"median\":2", "\"median\":1e16", "\"median\""},
        {"\"median\":2", "\"median\":1e999", "line"},
        {"\"median\":2", "\"median\":NaN", "line"},
        {"\"median\":2", "\"median\":\"2\"", "\"median\""},
        {"\"median\":2", "\"median\":2.1", "not those"},
        {"\"median\":2", "\"median\":null", "not those"},
        {"\"min\":1", "\"min\":0", "not those"},
        {"\"max\":3.5", "\"max\":3.6", "not those"},
        {"\"runs\":4", "\"runs\":5", "\"samples\""},
        {"\"runs\":4", "\"runs\":1001", "\"runs\""},
        {"\"runs\":4", "\"runs\":-1", "\"runs\""},
        {"\"steal_ms\":0", "\"steal_ms\":[]", "\"steal_ms\""},
        {"\"cpu_share\":null", "\"cpu_share\":\"\"", "\"cpu_share\""},
        {"\"repeated\":1", "\"repeated\":null", "\"repeated\""},
        {"\"disturbed\":1", "\"disturbed\":5", "\"disturbed\""},
        {"[2,1,null,3.5]", "[2,1,\"\",3.5]", "sample 3"},
        {"[2,1,null,3.5]", "[2,1,null,-3.5]", "sample 4"},
        {"[2,1,null,3.5]", "{}", "\"samples\""},
        {"\"ns_per_hash\":0.5", "\"ns_per_hash\":[0.5]", "field"},
        {"\"ns_per_hash\":0.5", "\"ns_per_hash\":1e300", "field"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *text = replaced(cases[i].from, cases[i].to), error[RESULTS_ERROR_SIZE];
        struct results r;

        if (parse(&r, text, error))
            fail_msg("taken: %s", text);
        if (!strstr(error, cases[i].error))
            fail_msg("%s: \"%s\"", cases[i].to, error);
        assert_null(r.root);
        assert_null(r.row);
        free(text);
    }
}

/* So many bytes of a text, between others. */
static char *long_text(const char *before, size_t size, const char *after)
{
    char *text = malloc(size + strlen(before) + strlen(after) + 1);

    assert_non_null(text);
    snprintf(text, strlen(before) + 1, "%s", before);
    memset(text + strlen(before), 'x', size);
    snprintf(text + strlen(before) + size, strlen(after) + 1, "%s", after);
    return text;
}

static void refuses_what_is_too_much(void **state)
{
    static const char *const members[] = {"\"avx2\"", "\"x\"", "\"X\""};
    char error[RESULTS_ERROR_SIZE], *text, *long_word, *deep;
    struct results r;

    (void)state;
    long_word = long_text("\"", RESULTS_TEXT_MAX + 1, "\"");
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        text = replaced(members[i], long_word);
        assert_false(parse(&r, text, error));
        assert_non_null(strstr(error, "longer"));
        free(text);
    }
    free(long_word);
    text = long_text("{\"machine\":{\"a\":\"", RESULTS_SIZE_MAX, "\"}}");
    assert_false(parse(&r, text, error));
    assert_non_null(strstr(error, "longer than"));
    free(text);
    /* Brackets without an end. */
    deep = malloc(100001);
    assert_non_null(deep);
    memset(deep, '[', 100000);
    deep[100000] = 0;
    assert_false(parse(&r, deep, error));
    free(deep);
}

static void errors_hold_no_escapes(void **state)
{
    char error[RESULTS_ERROR_SIZE];
    struct results r;

    (void)state;
    assert_false(parse(&r, "{\"a\": \x1b[31m", error));
    for (const char *c = error; *c; c++)
        assert_true(*c >= ' ' && *c <= '~');
}

static void says_which_file(void **state)
{
    char error[RESULTS_ERROR_SIZE];
    struct results r;

    (void)state;
    assert_false(results_load(&r, "/nonexistent/file", error));
    assert_non_null(strstr(error, "/nonexistent/file: No such file"));
    assert_false(results_load(&r, "/", error));
    assert_non_null(strstr(error, "/: "));
    assert_false(results_load(&r, "/dev/null", error));
    assert_non_null(strstr(error, "/dev/null: line"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_documents),
        cmocka_unit_test(reads_what_is_written),
        cmocka_unit_test(refuses_what_is_no_document),
        cmocka_unit_test(refuses_what_is_too_much),
        cmocka_unit_test(errors_hold_no_escapes),
        cmocka_unit_test(says_which_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
