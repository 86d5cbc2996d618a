#include "bench/report.h"

#include "base/json_writer.h"
#include "bench/bench_alloc.h"
#include "bench/machine.h"
#include "bench/number.h"
#include "bench/stats.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void report_init(struct report *r) { *r = (struct report){0}; }

void report_free(struct report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->row[i].samples);
        free(r->row[i].marks);
        for (size_t f = 0; f < r->row[i].fields; f++)
            free(r->row[i].field[f].text);
    }
    free(r->row);
    report_init(r);
}

static void work_out(struct report_row *row)
{
    double *kept = bench_alloc(row->runs, sizeof(*kept));
    size_t count = 0;

    for (size_t i = 0; i < row->runs; i++)
        if (!isnan(row->samples[i]))
            kept[count++] = row->samples[i];
    stats_sort(kept, count);
    row->median = stats_median(kept, count);
    row->min = count ? kept[0] : NAN;
    row->max = count ? kept[count - 1] : NAN;
    free(kept);
}

struct report_row *report_add(struct report *r, const char *bench, const char *name,
                              const char *kernel, size_t threads, const char *unit,
                              const double *samples, size_t runs)
{
    struct report_row *row;

    r->row = bench_grow(r->row, r->count + 1, sizeof(*r->row));
    row = &r->row[r->count++];
    *row = (struct report_row){.bench = bench, .unit = unit, .threads = threads, .runs = runs};
    snprintf(row->name, sizeof(row->name), "%s", name);
    snprintf(row->kernel, sizeof(row->kernel), "%s", kernel);
    row->cpu_share = NAN;
    row->marks = bench_alloc(runs, sizeof(*row->marks));
    row->samples = bench_alloc(runs, sizeof(*samples));
    if (runs)
        memcpy(row->samples, samples, runs * sizeof(*samples));
    work_out(row);
    return row;
}

void report_mark(struct report_row *row, size_t run)
{
    assert(run < row->runs);
    row->disturbed += !row->marks[run];
    row->marks[run] = true;
}

void report_number(struct report_row *row, const char *key, double number)
{
    assert(row->fields < REPORT_FIELDS);
    row->field[row->fields++] = (struct report_field){key, NULL, number};
}

void report_text(struct report_row *row, const char *key, const char *text)
{
    assert(row->fields < REPORT_FIELDS);
    row->field[row->fields++] = (struct report_field){key, bench_copy(text), NAN};
}

double report_field_number(const struct report_row *row, const char *key)
{
    for (size_t i = 0; i < row->fields; i++)
        if (strcmp(row->field[i].key, key) == 0)
            return row->field[i].number;
    return NAN;
}

struct report_row *report_add_ratio(struct report *r, size_t top, size_t bottom)
{
    const struct report_row *a = &r->row[top], *b = &r->row[bottom];
    size_t runs = a->runs < b->runs ? a->runs : b->runs;
    double *ratio = bench_alloc(runs, sizeof(*ratio));
    char name[2 * REPORT_NAME_SIZE + 4], kernel[REPORT_NAME_SIZE];
    struct report_row *row;

    for (size_t i = 0; i < runs; i++)
        ratio[i] = b->samples[i] > 0 ? a->samples[i] / b->samples[i] : NAN;
    snprintf(name, sizeof(name), "%s / %s", a->name, b->kernel);
    memcpy(kernel, a->kernel, sizeof(kernel));
    row = report_add(r, a->bench, name, kernel, a->threads, "ratio", ratio, runs);
    free(ratio);
    a = &r->row[top];
    b = &r->row[bottom];
    row->steal_ms = a->steal_ms + b->steal_ms;
    row->cpu_share = fmin(a->cpu_share, b->cpu_share);
    for (size_t i = 0; i < runs; i++)
        if (a->marks[i] || b->marks[i])
            report_mark(row, i);
    return row;
}

static void print_row(FILE *out, const struct report_row *row, int name_width, int kernel_width)
{
    char median[NUMBER_SIZE], min[NUMBER_SIZE], max[NUMBER_SIZE], spread[NUMBER_SIZE];

    number_format(median, row->median);
    number_format(min, row->min);
    number_format(max, row->max);
    number_format_spread(spread, row->median, row->min, row->max, row->runs);
    fprintf(out, "%-9s %-*s %-*s %3zu %10s %-5s %10s %10s %7s %4zu %6.0f", row->bench, name_width,
            row->name, kernel_width, row->kernel, row->threads, median, row->unit, min, max, spread,
            row->runs, row->steal_ms);
    for (size_t i = 0; i < row->fields; i++) {
        char number[NUMBER_SIZE];

        number_format_field(number, row->field[i].number);
        if (!row->field[i].text && !isnan(row->field[i].number))
            fprintf(out, "  %s %s", row->field[i].key, number);
    }
    if (row->disturbed)
        fprintf(out, "  (%zu of %zu runs disturbed)", row->disturbed, row->runs);
    fputc('\n', out);
}

void report_print(FILE *out, const struct report *r, size_t first)
{
    int name_width = 4, kernel_width = 6;

    for (size_t i = first; i < r->count; i++) {
        int name = (int)strlen(r->row[i].name), kernel = (int)strlen(r->row[i].kernel);

        name_width = name > name_width ? name : name_width;
        kernel_width = kernel > kernel_width ? kernel : kernel_width;
    }
    if (first < r->count)
        fprintf(out, "%-9s %-*s %-*s %3s %10s %-5s %10s %10s %7s %4s %6s\n", "bench", name_width,
                "name", kernel_width, "kernel", "thr", "median", "unit", "min", "max", "spread",
                "runs", "steal");
    for (size_t i = first; i < r->count; i++)
        print_row(out, &r->row[i], name_width, kernel_width);
}

static void write_number(struct json_writer *w, const char *key, double number)
{
    json_writer_key(w, key);
    json_writer_double(w, number);
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
    json_writer_key(w, key);
    json_writer_string(w, text);
}

static void write_count(struct json_writer *w, const char *key, size_t count)
{
    json_writer_key(w, key);
    json_writer_uint(w, count);
}

static void write_row(struct json_writer *w, const struct report_row *row)
{
    json_writer_open_object(w);
    write_text(w, "bench", row->bench);
    write_text(w, "name", row->name);
    write_text(w, "kernel", row->kernel);
    write_count(w, "threads", row->threads);
    write_text(w, "unit", row->unit);
    write_text(w, "better", row->lower_is_better ? "lower" : "higher");
    write_number(w, "median", row->median);
    write_number(w, "min", row->min);
    write_number(w, "max", row->max);
    write_count(w, "runs", row->runs);
    write_number(w, "steal_ms", row->steal_ms);
    write_number(w, "cpu_share", row->cpu_share);
    write_count(w, "repeated", row->repeated);
    write_count(w, "disturbed", row->disturbed);
    json_writer_key(w, "samples");
    json_writer_open_array(w);
    for (size_t i = 0; i < row->runs; i++)
        json_writer_double(w, row->samples[i]);
    json_writer_close_array(w);
    for (size_t i = 0; i < row->fields; i++)
        if (row->field[i].text)
            write_text(w, row->field[i].key, row->field[i].text);
        else
            write_number(w, row->field[i].key, row->field[i].number);
    json_writer_close_object(w);
}

static bool write_piece(void *context, const char *text, size_t size)
{
    return fwrite(text, 1, size, context) == size;
}

bool report_write_json(FILE *out, const struct report *r, const struct machine *machine)
{
    struct json_writer w;
    bool written;

    json_writer_init_sink(&w, write_piece, out);
    json_writer_set_indent(&w, 1);
    json_writer_open_object(&w);
    json_writer_key(&w, "machine");
    machine_write_json(&w, machine);
    json_writer_key(&w, "interrupted");
    json_writer_bool(&w, r->interrupted);
    json_writer_key(&w, "rows");
    json_writer_open_array(&w);
    for (size_t i = 0; i < r->count; i++)
        write_row(&w, &r->row[i]);
    json_writer_close_array(&w);
    json_writer_close_object(&w);
    written = json_writer_finish(&w) && fputc('\n', out) != EOF && fflush(out) == 0;
    json_writer_free(&w);
    return written;
}
