#include "bench/measure.h"

#include "bench/rate.h"

#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Which case ran when, and what each run is to say. */
struct script {
    char *log;
    char letter;
    const double *share; /* of each run */
    const double *value;
    size_t at;
    size_t fails_at; /* SIZE_MAX: never */
};

static bool play(void *arg, const struct measure_options *options, struct measure_sample *sample,
                 char error[static MEASURE_ERROR_SIZE])
{
    struct script *s = arg;
    size_t length = strlen(s->log);

    assert_true(options->runs > 0);
    s->log[length] = s->letter;
    s->log[length + 1] = 0;
    if (s->at == s->fails_at) {
        snprintf(error, MEASURE_ERROR_SIZE, "planned");
        return false;
    }
    sample->cpu_share = s->share ? s->share[s->at] : 1;
    sample->value[0] = s->value ? s->value[s->at] : 1;
    sample->value[1] = (double)s->at;
    sample->value[2] = 1;
    s->at++;
    return true;
}

static const struct measure_metric metrics[] = {
    {.unit = "u"},
    {.name = "when"},
    {.name = "count", .counts = true},
};

static struct measure_case case_of(struct script *s)
{
    return (struct measure_case){.name = "case",
                                 .kernel = "k",
                                 .threads = 1,
                                 .metric = metrics,
                                 .metrics = 3,
                                 .run = play,
                                 .arg = s};
}

static void takes_turns(void **state)
{
    const struct measure_options options = {.runs = 3, .repeats = 2};
    char log[64] = "";
    struct script a = {log, 'A', NULL, NULL, 0, SIZE_MAX}, b = {log, 'B', NULL, NULL, 0, 1};
    struct measure_case cases[] = {case_of(&a), case_of(&b)};
    struct report r;

    (void)state;
    report_init(&r);
    /* B fails in its second run and is left alone after that. */
    assert_false(measure_alternate(cases, 2, &options));
    assert_string_equal(log, "ABABA");
    assert_string_equal(cases[1].error, "planned");
    assert_int_equal(measure_report(&r, "test", &cases[0]), 0);
    assert_true(measure_report(&r, "test", &cases[1]) == SIZE_MAX);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.row[0].runs, 3);
    assert_float_equal(report_field_number(&r.row[0], "when"), 1, 0);
    assert_float_equal(report_field_number(&r.row[0], "count"), 3, 0);
    measure_free(cases, 2);
    report_free(&r);
}

static void repeats_what_was_disturbed(void **state)
{
    const struct measure_options options = {.runs = 2, .repeats = 2};
    const double share[] = {0.5, 0.9, 0.7, 0.5, 1}, value[] = {1, 2, 3, 4, 5};
    char log[64] = "";
    struct script a = {log, 'A', share, value, 0, SIZE_MAX},
                  b = {log, 'B', NULL, NULL, 0, SIZE_MAX};
    struct measure_case cases[] = {case_of(&a), case_of(&b)};
    struct report r;

    (void)state;
    report_init(&r);
    assert_true(measure_alternate(cases, 2, &options));
    assert_string_equal(log, "AAABAAB");
    measure_report(&r, "test", &cases[0]);
    assert_float_equal(r.row[0].samples[0], 2, 0); /* the calmest of three */
    assert_float_equal(r.row[0].samples[1], 5, 0);
    assert_int_equal(r.row[0].repeated, 3);
    assert_int_equal(r.row[0].disturbed, 1);
    assert_float_equal(r.row[0].cpu_share, 0.95, 1e-12);
    measure_free(cases, 2);
    report_free(&r);
}

/* Counts how often it ran, and that it ran where it should. */
struct counted {
    unsigned cpu;
    size_t opened, closed;
};

static struct counted *current;

static void *count_open(const void *arg, size_t thread)
{
    (void)thread;
    assert_ptr_equal(arg, current);
    if (sched_getcpu() == (int)current->cpu)
        current->opened++;
    return current;
}

static uint64_t count_run(void *data, uint64_t size)
{
    assert_ptr_equal(data, current);
    usleep(size < 100 ? 100 : 1000);
    return 10;
}

static void count_close(void *data)
{
    assert_ptr_equal(data, current);
    current->closed++;
}

static unsigned first_cpu(void)
{
    cpu_set_t set;
    unsigned cpu = 0;

    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    while (!CPU_ISSET(cpu, &set))
        cpu++;
    return cpu;
}

static void counts_rates(void **state)
{
    const struct measure_options options = {.runs = 1, .seconds = 0.05, .warmup = 0.01};
    struct counted counted = {.cpu = first_cpu()};
    struct rate_case rate = {
        {count_open, count_run, count_close, &counted, 1024}, 1000, 1, &counted.cpu};
    struct measure_sample sample;
    char error[MEASURE_ERROR_SIZE];

    (void)state;
    current = &counted;
    assert_true(rate_run(&rate, &options, &sample, error));
    assert_int_equal(counted.opened, 1);
    assert_int_equal(counted.closed, 1);
    /* Ten things in at least a tenth of a millisecond; how long sleeping takes more is open. */
    assert_true(sample.value[0] > 0 && sample.value[0] <= 100);
    assert_true(sample.value[1] >= 1e4);
    assert_true(fabs(sample.value[0] * sample.value[1] - 1e6) < 1);
    assert_true(sample.cpu_share < 0.9);
}

static void says_when_a_cpu_is_missing(void **state)
{
    const struct measure_options options = {.runs = 1, .seconds = 0.01};
    struct counted counted = {.cpu = first_cpu()};
    const unsigned cpus[] = {counted.cpu, 8000};
    struct rate_case rate = {{count_open, count_run, count_close, &counted, 1}, 1, 2, cpus};
    struct measure_sample sample;
    char error[MEASURE_ERROR_SIZE] = "";

    (void)state;
    current = &counted;
    assert_false(rate_run(&rate, &options, &sample, error));
    assert_non_null(strstr(error, "CPU 8000"));
    assert_int_equal(counted.closed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_turns),
        cmocka_unit_test(repeats_what_was_disturbed),
        cmocka_unit_test(counts_rates),
        cmocka_unit_test(says_when_a_cpu_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
