#include "bench/machine.h"
#include "bench/report.h"

#include <jansson.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill(struct report *r)
{
    const double ours[] = {10, NAN, 30, 20}, theirs[] = {5, 5, 10, 0};
    struct report_row *row;

    report_init(r);
    row = report_add(r, "search", "plain", "avx2", 2, "MH/s", ours, 4);
    row->steal_ms = 10;
    row->cpu_share = 0.5;
    row->repeated = 3;
    report_mark(row, 0);
    report_mark(row, 0);
    report_number(row, "ns_per_hash", 1.5);
    report_number(row, "core_cycles_per_hash", NAN);
    row = report_add(r, "search", "against", "other \"miner\"\n", 2, "MH/s", theirs, 4);
    row->steal_ms = 20;
    report_text(row, "command", "other --fast \x01");
    report_mark(row, 0);
    report_mark(row, 2);
    report_add_ratio(r, 0, 1);
    row = report_add(r, "engine", "wake p99", "", 1, "us", NULL, 0);
    row->lower_is_better = true;
}

static void works_out_statistics(void **state)
{
    struct report r;

    (void)state;
    fill(&r);
    assert_int_equal(r.count, 4);
    assert_float_equal(r.row[0].median, 20, 0);
    assert_float_equal(r.row[0].min, 10, 0);
    assert_float_equal(r.row[0].max, 30, 0);
    assert_float_equal(report_field_number(&r.row[0], "ns_per_hash"), 1.5, 0);
    assert_true(isnan(report_field_number(&r.row[0], "missing")));
    /* Pairs of the same run: 10/5, a missing one, 30/10, a division by nothing. */
    assert_string_equal(r.row[2].name, "plain / other \"miner\"\n");
    assert_string_equal(r.row[2].kernel, "avx2");
    assert_string_equal(r.row[2].unit, "ratio");
    assert_float_equal(r.row[2].median, 2.5, 0);
    assert_float_equal(r.row[2].min, 2, 0);
    assert_float_equal(r.row[2].max, 3, 0);
    assert_float_equal(r.row[2].steal_ms, 30, 0);
    assert_int_equal(r.row[0].disturbed, 1);
    assert_int_equal(r.row[2].disturbed, 2);
    assert_true(isnan(r.row[3].median) && isnan(r.row[3].min) && isnan(r.row[3].max));
    report_free(&r);
    assert_int_equal(r.count, 0);
}

static void cuts_long_names(void **state)
{
    char name[3 * REPORT_NAME_SIZE];
    const double one = 1;
    struct report r;

    (void)state;
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    report_init(&r);
    report_add(&r, "search", name, name, 1, "MH/s", &one, 1);
    report_add_ratio(&r, 0, 0);
    assert_int_equal(strlen(r.row[0].name), REPORT_NAME_SIZE - 1);
    assert_int_equal(strlen(r.row[1].name), REPORT_NAME_SIZE - 1);
    report_free(&r);
}

static json_t *written(const struct report *r)
{
    static struct topology topology = {
        .cpu_count = 2, .core_count = 1, .node_count = 1, .workers = 2, .cpu = {{.sibling = 1}}};
    struct machine machine;
    FILE *file = tmpfile();
    json_error_t error;
    json_t *root;

    assert_non_null(file);
    machine_read(&machine, &topology);
    assert_true(report_write_json(file, r, &machine));
    rewind(file);
    root = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    fclose(file);
    return root;
}

static double number(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);

    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void writes_json(void **state)
{
    struct report r;
    json_t *root, *rows, *row, *machine;

    (void)state;
    fill(&r);
    r.interrupted = true;
    root = written(&r);
    assert_true(json_is_true(json_object_get(root, "interrupted")));
    rows = json_object_get(root, "rows");
    assert_int_equal(json_array_size(rows), 4);
    row = json_array_get(rows, 0);
    assert_string_equal(json_string_value(json_object_get(row, "bench")), "search");
    assert_string_equal(json_string_value(json_object_get(row, "better")), "higher");
    assert_float_equal(number(row, "median"), 20, 0);
    assert_float_equal(number(row, "runs"), 4, 0);
    assert_float_equal(number(row, "threads"), 2, 0);
    assert_float_equal(number(row, "steal_ms"), 10, 0);
    assert_float_equal(number(row, "repeated"), 3, 0);
    assert_float_equal(number(row, "ns_per_hash"), 1.5, 0);
    assert_true(json_is_null(json_object_get(row, "core_cycles_per_hash")));
    assert_true(json_is_null(json_array_get(json_object_get(row, "samples"), 1)));
    row = json_array_get(rows, 1);
    assert_string_equal(json_string_value(json_object_get(row, "kernel")), "other \"miner\"\n");
    assert_string_equal(json_string_value(json_object_get(row, "command")), "other --fast \x01");
    row = json_array_get(rows, 3);
    assert_string_equal(json_string_value(json_object_get(row, "better")), "lower");
    assert_true(json_is_null(json_object_get(row, "median")));
    machine = json_object_get(root, "machine");
    assert_float_equal(number(machine, "cores"), 1, 0);
    assert_float_equal(number(machine, "threads_per_core"), 2, 0);
    assert_true(number(machine, "memory_mib") > 1);
    assert_true(json_is_string(json_object_get(machine, "cpu")));
    assert_true(json_is_null(json_object_get(machine, "cgroup_cpus")));
    json_decref(root);
    report_free(&r);
}

static void prints_a_table(void **state)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    struct report r;

    (void)state;
    assert_non_null(file);
    fill(&r);
    report_print(file, &r, 0);
    fclose(file);
    assert_non_null(strstr(text, "20.00 MH/s"));
    assert_non_null(strstr(text, "50.0%"));
    assert_non_null(strstr(text, "(1 of 4 runs disturbed)"));
    assert_null(strstr(text, "nan"));
    free(text);
    report_free(&r);
}

static void says_when_it_cannot_write(void **state)
{
    static struct topology topology = {.cpu_count = 1, .core_count = 1, .node_count = 1};
    struct machine machine;
    struct report r;
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    if (!full)
        skip();
    machine_read(&machine, &topology);
    report_init(&r);
    assert_false(report_write_json(full, &r, &machine));
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(works_out_statistics),
        cmocka_unit_test(cuts_long_names),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(prints_a_table),
        cmocka_unit_test(says_when_it_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
