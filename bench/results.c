#include "bench/results.h"

#include "bench/bench_alloc.h"
#include "bench/stats.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* What a row's members are called that are no fields of its own. */
static const char *const members[] = {
    "bench", "name", "kernel",   "threads",   "unit",     "better",    "median",  "min",
    "max",   "runs", "steal_ms", "cpu_share", "repeated", "disturbed", "samples",
};

__attribute__((format(printf, 2, 3))) static bool refuse(char error[static RESULTS_ERROR_SIZE],
                                                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, RESULTS_ERROR_SIZE, format, args);
    va_end(args);
    return false;
}

static bool read_text(const char **out, const json_t *object, const char *key, size_t row,
                      char error[static RESULTS_ERROR_SIZE])
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        return refuse(error, "row %zu: \"%s\" is no text", row, key);
    if (json_string_length(value) > RESULTS_TEXT_MAX)
        return refuse(error, "row %zu: \"%s\" is longer than %d bytes", row, key, RESULTS_TEXT_MAX);
    *out = json_string_value(value);
    return true;
}

/* null stands for what the machine did not give. */
static bool is_figure(const json_t *value, double least)
{
    double x = json_number_value(value);

    return json_is_null(value) || (json_is_number(value) && x >= least && x <= RESULTS_NUMBER_MAX);
}

static double figure_of(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool read_figure(double *out, const json_t *object, const char *key, size_t row,
                        char error[static RESULTS_ERROR_SIZE])
{
    const json_t *value = json_object_get(object, key);

    if (!is_figure(value, 0))
        return refuse(error, "row %zu: \"%s\" is neither null nor a number from 0 to %.0e", row,
                      key, RESULTS_NUMBER_MAX);
    *out = figure_of(value);
    return true;
}

static bool read_count(size_t *out, const json_t *object, const char *key, json_int_t least,
                       json_int_t most, size_t row, char error[static RESULTS_ERROR_SIZE])
{
    const json_t *value = json_object_get(object, key);
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < least || number > most)
        return refuse(error, "row %zu: \"%s\" is no whole number from %lld to %lld", row, key,
                      (long long)least, (long long)most);
    *out = (size_t)number;
    return true;
}

static bool read_direction(struct results_row *out, const json_t *object, size_t row,
                           char error[static RESULTS_ERROR_SIZE])
{
    const char *better = json_string_value(json_object_get(object, "better"));

    if (!better || (strcmp(better, "lower") != 0 && strcmp(better, "higher") != 0))
        return refuse(error, "row %zu: \"better\" is neither \"higher\" nor \"lower\"", row);
    out->lower_is_better = strcmp(better, "lower") == 0;
    return true;
}

static bool is_near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* Whether the row says of its samples what is so. JSON holds them with 16 digits. */
static bool is_consistent(const struct results_row *row)
{
    double *sorted = bench_alloc(row->count, sizeof(*sorted));
    bool good;

    if (row->count)
        memcpy(sorted, row->samples, row->count * sizeof(*sorted));
    stats_sort(sorted, row->count);
    good = is_near(row->median, stats_median(sorted, row->count)) &&
           is_near(row->min, row->count ? sorted[0] : NAN) &&
           is_near(row->max, row->count ? sorted[row->count - 1] : NAN);
    free(sorted);
    return good;
}

static bool read_samples(struct results_row *out, const json_t *object, size_t row,
                         char error[static RESULTS_ERROR_SIZE])
{
    const json_t *samples = json_object_get(object, "samples");

    if (!json_is_array(samples) || json_array_size(samples) != out->runs)
        return refuse(error, "row %zu: \"samples\" is no list of \"runs\" numbers", row);
    out->samples = bench_alloc(out->runs, sizeof(*out->samples));
    for (size_t i = 0; i < out->runs; i++) {
        const json_t *value = json_array_get(samples, i);

        if (!is_figure(value, 0))
            return refuse(error, "row %zu: sample %zu is neither null nor a number from 0 to %.0e",
                          row, i + 1, RESULTS_NUMBER_MAX);
        if (json_is_number(value))
            out->samples[out->count++] = json_number_value(value);
    }
    if (!is_consistent(out))
        return refuse(error,
                      "row %zu: \"median\", \"min\" and \"max\" are not those of \"samples\"", row);
    return true;
}

bool results_is_field(const char *key)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (strcmp(key, members[i]) == 0)
            return false;
    return true;
}

static bool read_fields(const struct results_row *out, size_t row,
                        char error[static RESULTS_ERROR_SIZE])
{
    const char *key;
    json_t *value;

    if (json_object_size(out->json) > RESULTS_MEMBERS_MAX)
        return refuse(error, "row %zu: more than %d members", row, RESULTS_MEMBERS_MAX);
    json_object_foreach(out->json, key, value)
    {
        if (!results_is_field(key))
            continue;
        if (strlen(key) > RESULTS_TEXT_MAX || json_string_length(value) > RESULTS_TEXT_MAX)
            return refuse(error, "row %zu: a field is longer than %d bytes", row, RESULTS_TEXT_MAX);
        if (!json_is_string(value) && !is_figure(value, -RESULTS_NUMBER_MAX))
            return refuse(error, "row %zu: a field is neither text, null nor a number up to %.0e",
                          row, RESULTS_NUMBER_MAX);
    }
    return true;
}

/* number counts from 1, as errors do. */
static bool read_row(struct results_row *out, json_t *json, size_t number,
                     char error[static RESULTS_ERROR_SIZE])
{
    const json_t *share = json_object_get(json, "cpu_share");

    if (!json_is_object(json))
        return refuse(error, "row %zu is no object", number);
    if (!is_figure(share, -RESULTS_NUMBER_MAX))
        return refuse(error, "row %zu: \"cpu_share\" is neither null nor a number", number);
    out->json = json;
    out->cpu_share = figure_of(share);
    return read_text(&out->bench, json, "bench", number, error) &&
           read_text(&out->name, json, "name", number, error) &&
           read_text(&out->kernel, json, "kernel", number, error) &&
           read_text(&out->unit, json, "unit", number, error) &&
           read_count(&out->threads, json, "threads", 1, RESULTS_THREADS_MAX, number, error) &&
           read_direction(out, json, number, error) &&
           read_figure(&out->median, json, "median", number, error) &&
           read_figure(&out->min, json, "min", number, error) &&
           read_figure(&out->max, json, "max", number, error) &&
           read_count(&out->runs, json, "runs", 0, RESULTS_RUNS_MAX, number, error) &&
           read_figure(&out->steal_ms, json, "steal_ms", number, error) &&
           read_count(&out->repeated, json, "repeated", 0, 1 << 20, number, error) &&
           read_count(&out->disturbed, json, "disturbed", 0, (json_int_t)out->runs, number,
                      error) &&
           read_samples(out, json, number, error) && read_fields(out, number, error);
}

static bool read_machine(struct results *r, char error[static RESULTS_ERROR_SIZE])
{
    const char *key;
    json_t *value;

    r->machine = json_object_get(r->root, "machine");
    if (!json_is_object(r->machine))
        return refuse(error, "\"machine\" is no object");
    if (json_object_size(r->machine) > RESULTS_MEMBERS_MAX)
        return refuse(error, "\"machine\" has more than %d members", RESULTS_MEMBERS_MAX);
    json_object_foreach(r->machine, key, value) if (
        strlen(key) > RESULTS_TEXT_MAX ||
        json_string_length(value) >
            RESULTS_TEXT_MAX) return refuse(error, "\"machine\": a member is longer than %d bytes",
                                            RESULTS_TEXT_MAX);
    return true;
}

static bool read_all(struct results *r, char error[static RESULTS_ERROR_SIZE])
{
    const json_t *interrupted = json_object_get(r->root, "interrupted");
    const json_t *rows = json_object_get(r->root, "rows");
    size_t count = json_array_size(rows);

    if (!json_is_object(r->root) || !read_machine(r, error))
        return error[0] ? false : refuse(error, "not a document of exs-bench: no object");
    if (!json_is_array(rows))
        return refuse(error, "\"rows\" is no list");
    if (count > RESULTS_ROWS_MAX)
        return refuse(error, "more than %d rows", RESULTS_ROWS_MAX);
    if (interrupted && !json_is_boolean(interrupted))
        return refuse(error, "\"interrupted\" is neither true nor false");
    r->interrupted = json_is_true(interrupted);
    r->row = bench_alloc(count, sizeof(*r->row));
    for (r->count = 0; r->count < count; r->count++)
        if (!read_row(&r->row[r->count], json_array_get(rows, r->count), r->count + 1, error)) {
            r->count++; /* it may hold samples */
            return false;
        }
    return true;
}

bool results_parse(struct results *r, struct bytes json, char error[static RESULTS_ERROR_SIZE])
{
    json_error_t why;

    *r = (struct results){0};
    error[0] = 0;
    if (json.size > RESULTS_SIZE_MAX)
        return refuse(error, "longer than %d bytes", RESULTS_SIZE_MAX);
    r->root = json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &why);
    if (!r->root) {
        refuse(error, "line %d: %.150s", why.line, why.text);
        /* The parser quotes what it does not understand. */
        for (char *c = error; *c; c++)
            if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
                *c = '?';
        return false;
    }
    if (read_all(r, error))
        return true;
    results_free(r);
    return false;
}

static bool take_stream(struct results *r, FILE *in, char error[static RESULTS_ERROR_SIZE])
{
    char *text = bench_alloc(RESULTS_SIZE_MAX + 1, 1);
    size_t size = fread(text, 1, RESULTS_SIZE_MAX + 1, in);
    bool good;

    if (ferror(in))
        good = refuse(error, "%s", strerror(errno));
    else
        good = results_parse(r, bytes_of(text, size), error);
    free(text);
    return good;
}

bool results_load(struct results *r, const char *path, char error[static RESULTS_ERROR_SIZE])
{
    char why[RESULTS_ERROR_SIZE] = "";
    FILE *in = fopen(path, "re");
    bool good;

    *r = (struct results){0};
    if (!in)
        return refuse(error, "%.120s: %s", path, strerror(errno));
    good = take_stream(r, in, why);
    fclose(in);
    return good || refuse(error, "%.100s: %.150s", path, why);
}

bool results_take(struct results *r, const struct report *report, const struct machine *machine,
                  char error[static RESULTS_ERROR_SIZE])
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool good;

    *r = (struct results){0};
    if (!out)
        return refuse(error, "%s", strerror(errno));
    good = report_write_json(out, report, machine);
    good = fclose(out) == 0 && good;
    if (good)
        good = results_parse(r, bytes_of(text, size), error);
    else
        refuse(error, "out of memory");
    free(text);
    return good;
}

void results_free(struct results *r)
{
    for (size_t i = 0; i < r->count; i++)
        free(r->row[i].samples);
    free(r->row);
    json_decref(r->root);
    *r = (struct results){0};
}

const char *results_machine_text(const struct results *r, const char *key)
{
    const char *text = json_string_value(json_object_get(r->machine, key));

    return text ? text : "";
}

double results_machine_number(const struct results *r, const char *key)
{
    return figure_of(json_object_get(r->machine, key));
}

double results_field(const struct results_row *row, const char *key)
{
    return results_is_field(key) ? figure_of(json_object_get(row->json, key)) : NAN;
}

int results_compare_names(const struct results_row *a, const struct results_row *b)
{
    const char *const texts[][2] = {
        {a->bench, b->bench}, {a->name, b->name}, {a->kernel, b->kernel}, {a->unit, b->unit}};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (strcmp(texts[i][0], texts[i][1]) != 0)
            return strcmp(texts[i][0], texts[i][1]);
    if (a->threads != b->threads)
        return a->threads < b->threads ? -1 : 1;
    return a->lower_is_better - b->lower_is_better;
}

bool results_is_peer(const struct results_row *row) { return strcmp(row->name, "against") == 0; }
