#include "bench/compare_text.h"

#include "base/json_writer.h"
#include "bench/markup.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double median_of(const struct results_row *row) { return row ? row->median : NAN; }

/* "+1.3%"; "-" where there is no ratio. */
static void format_change(char out[static NUMBER_SIZE], const struct compare_row *row)
{
    double change = compare_change(row);

    if (isnan(change))
        snprintf(out, NUMBER_SIZE, "-");
    else if (fabs(change) >= 1e6)
        snprintf(out, NUMBER_SIZE, "%+.1e%%", change);
    else
        snprintf(out, NUMBER_SIZE, "%+.1f%%", change);
}

/* Text of a file in a column of so many bytes. */
static void print_column(FILE *out, const char *text, size_t width)
{
    markup_plain(out, text);
    for (size_t size = strlen(text); size < width; size++)
        fputc(' ', out);
    fputc(' ', out);
}

static size_t disturbed_of(const struct results_row *row) { return row ? row->disturbed : 0; }

/* Who doubts a verdict wants to know. */
static void print_disturbed(FILE *out, const struct compare_row *row)
{
    size_t a = disturbed_of(row->a), b = disturbed_of(row->b);

    if (a && b)
        fprintf(out, "  (%zu and %zu runs disturbed)", a, b);
    else if (a || b)
        fprintf(out, "  (%zu %s of %s disturbed)", a + b, a + b == 1 ? "run" : "runs",
                a ? "A" : "B");
}

static void print_row(FILE *out, const struct compare_row *row, size_t name_width,
                      size_t kernel_width)
{
    const struct results_row *either = compare_either(row);
    char a[NUMBER_SIZE], b[NUMBER_SIZE], change[NUMBER_SIZE], p[NUMBER_SIZE] = "-";

    number_format(a, median_of(row->a));
    number_format(b, median_of(row->b));
    format_change(change, row);
    if (!isnan(row->p))
        snprintf(p, sizeof(p), "%.4f", row->p);
    print_column(out, either->bench, 9);
    print_column(out, either->name, name_width);
    print_column(out, either->kernel, kernel_width);
    fprintf(out, "%3zu %10s %10s ", either->threads, a, b);
    print_column(out, either->unit, 5);
    fprintf(out, "%8s %7s  %s", change, p, compare_name(row->verdict));
    print_disturbed(out, row);
    fputc('\n', out);
}

void compare_print_counts(FILE *out, const struct comparison *c)
{
    static const enum compare_verdict order[COMPARE_VERDICTS] = {
        COMPARE_WORSE,     COMPARE_BETTER, COMPARE_SAME,   COMPARE_PEER,
        COMPARE_UNDECIDED, COMPARE_ONLY_A, COMPARE_ONLY_B, COMPARE_AMBIGUOUS};
    const char *comma = "";

    for (size_t i = 0; i < COMPARE_VERDICTS; i++) {
        if (c->verdicts[order[i]] == 0)
            continue;
        fprintf(out, "%s%zu %s", comma, c->verdicts[order[i]], compare_name(order[i]));
        comma = ", ";
    }
    if (!comma[0])
        fputs("no rows", out);
}

static void print_head(FILE *out, const struct compare_report *c)
{
    fputs("A: ", out);
    markup_plain(out, c->a_path);
    fputs("\nB: ", out);
    markup_plain(out, c->b_path);
    fputc('\n', out);
    if (c->a->interrupted || c->b->interrupted)
        fprintf(out, "%s interrupted before all was measured\n",
                !c->b->interrupted   ? "A was"
                : !c->a->interrupted ? "B was"
                                     : "Both were");
    if (c->differences->count)
        fputs("The machines or what ran on them differ:\n", out);
    for (size_t i = 0; i < c->differences->count; i++) {
        const struct compare_difference *d = &c->differences->item[i];

        fputs("  ", out);
        markup_plain(out, d->key);
        fputs("\n    A: ", out);
        markup_plain(out, d->a);
        fputs("\n    B: ", out);
        markup_plain(out, d->b);
        fputc('\n', out);
    }
    fputc('\n', out);
}

void compare_print(FILE *out, const struct compare_report *c)
{
    size_t name_width = 4, kernel_width = 6;

    print_head(out, c);
    for (size_t i = 0; i < c->comparison->count; i++) {
        const struct results_row *row = compare_either(&c->comparison->row[i]);
        size_t name = strlen(row->name), kernel = strlen(row->kernel);

        name_width = name > name_width && name < REPORT_NAME_SIZE ? name : name_width;
        kernel_width = kernel > kernel_width && kernel < REPORT_NAME_SIZE ? kernel : kernel_width;
    }
    fprintf(out, "%-9s %-*s %-*s %3s %10s %10s %-5s %8s %7s  %s\n", "bench", (int)name_width,
            "name", (int)kernel_width, "kernel", "thr", "A", "B", "unit", "change", "p", "verdict");
    for (size_t i = 0; i < c->comparison->count; i++)
        print_row(out, &c->comparison->row[i], name_width, kernel_width);
    fputc('\n', out);
    compare_print_counts(out, c->comparison);
    fprintf(out, " (threshold %g%%, significance %g)\n", c->comparison->rule.threshold,
            c->comparison->rule.significance);
}

static void write_text(struct json_writer *w, const char *key, const char *text)
{
    json_writer_key(w, key);
    json_writer_string(w, text);
}

static void write_number(struct json_writer *w, const char *key, double number)
{
    json_writer_key(w, key);
    json_writer_double(w, number);
}

static void write_count(struct json_writer *w, const char *key, size_t count)
{
    json_writer_key(w, key);
    json_writer_uint(w, count);
}

/* What was JSON in a document, again; nesting was bounded when it was read. */
static void write_json(struct json_writer *w, const char *key, const char *json)
{
    json_writer_key(w, key);
    json_writer_raw(w, bytes_of(json, strlen(json)));
}

static void write_document(struct json_writer *w, const char *key, const char *path,
                           const struct results *r)
{
    char *machine = json_dumps(r->machine, JSON_COMPACT);

    json_writer_key(w, key);
    json_writer_open_object(w);
    write_text(w, "file", path);
    json_writer_key(w, "interrupted");
    json_writer_bool(w, r->interrupted);
    write_json(w, "machine", machine ? machine : "null");
    json_writer_close_object(w);
    free(machine);
}

static void write_row(struct json_writer *w, const struct compare_row *row)
{
    const struct results_row *either = compare_either(row);

    json_writer_open_object(w);
    write_text(w, "bench", either->bench);
    write_text(w, "name", either->name);
    write_text(w, "kernel", either->kernel);
    write_count(w, "threads", either->threads);
    write_text(w, "unit", either->unit);
    write_text(w, "better", either->lower_is_better ? "lower" : "higher");
    write_number(w, "a", median_of(row->a));
    write_number(w, "b", median_of(row->b));
    write_number(w, "ratio", row->ratio);
    write_number(w, "change_percent", compare_change(row));
    write_number(w, "p", row->p);
    write_count(w, "disturbed_a", disturbed_of(row->a));
    write_count(w, "disturbed_b", disturbed_of(row->b));
    write_text(w, "verdict", compare_name(row->verdict));
    json_writer_close_object(w);
}

static void write_all(struct json_writer *w, const struct compare_report *c)
{
    json_writer_open_object(w);
    write_document(w, "a", c->a_path, c->a);
    write_document(w, "b", c->b_path, c->b);
    write_number(w, "threshold_percent", c->comparison->rule.threshold);
    write_number(w, "significance", c->comparison->rule.significance);
    json_writer_key(w, "differences");
    json_writer_open_array(w);
    for (size_t i = 0; i < c->differences->count; i++) {
        json_writer_open_object(w);
        write_text(w, "key", c->differences->item[i].key);
        write_json(w, "a", c->differences->item[i].a);
        write_json(w, "b", c->differences->item[i].b);
        json_writer_close_object(w);
    }
    json_writer_close_array(w);
    json_writer_key(w, "counts");
    json_writer_open_object(w);
    for (size_t i = 0; i < COMPARE_VERDICTS; i++) {
        write_count(w, compare_name((enum compare_verdict)i), c->comparison->verdicts[i]);
    }
    json_writer_close_object(w);
    json_writer_key(w, "rows");
    json_writer_open_array(w);
    for (size_t i = 0; i < c->comparison->count; i++)
        write_row(w, &c->comparison->row[i]);
    json_writer_close_array(w);
    json_writer_close_object(w);
}

static bool write_piece(void *context, const char *text, size_t size)
{
    return fwrite(text, 1, size, context) == size;
}

bool compare_write_json(FILE *out, const struct compare_report *c)
{
    struct json_writer w;
    bool written;

    json_writer_init_sink(&w, write_piece, out);
    json_writer_set_indent(&w, 1);
    write_all(&w, c);
    written = json_writer_finish(&w) && fputc('\n', out) != EOF && fflush(out) == 0;
    json_writer_free(&w);
    return written;
}

static bool is_change(const struct compare_row *row)
{
    return (row->verdict == COMPARE_BETTER || row->verdict == COMPARE_WORSE) && !isnan(row->ratio);
}

static void draw_row(struct plot *p, const struct compare_row *row)
{
    const struct results_row *either = compare_either(row);
    struct plot_mark *m = plot_add(p);
    size_t used;

    m->value = m->low = m->high = compare_change(row);
    m->tone = row->verdict == COMPARE_BETTER ? PLOT_GOOD : PLOT_BAD;
    snprintf(m->note, sizeof(m->note), "%s", compare_name(row->verdict));
    snprintf(m->label, sizeof(m->label), "%s%s%s", either->name, either->kernel[0] ? ", " : "",
             either->kernel);
    used = strlen(m->label);
    snprintf(m->label + used, sizeof(m->label) - used, ", %zut", either->threads);
}

void compare_draw(struct figures *f, const struct comparison *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const char *bench = compare_either(&c->row[i])->bench;
        struct plot *p = NULL;
        bool first = is_change(&c->row[i]);

        for (size_t k = 0; k < i && first; k++)
            first = !is_change(&c->row[k]) || strcmp(compare_either(&c->row[k])->bench, bench) != 0;
        if (!first)
            continue;
        p = figures_new(f, PLOT_CHANGES, bench);
        snprintf(p->unit, sizeof(p->unit), "%%");
        snprintf(p->subtitle, sizeof(p->subtitle), "from A to B, beyond the noise; t: threads");
        for (size_t k = i; k < c->count; k++)
            if (is_change(&c->row[k]) && strcmp(compare_either(&c->row[k])->bench, bench) == 0)
                draw_row(p, &c->row[k]);
    }
}
