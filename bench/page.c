#include "bench/page.h"

#include "bench/bench.h"
#include "bench/bench_alloc.h"
#include "bench/markup.h"
#include "bench/page_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 8, /* of rows' own fields in one table */
    WORDS = 32,  /* rows of one bench whose words are shown */
};

void page_paragraph(struct page *p, const char *class, const char *text)
{
    fprintf(p->out, "<p class=\"%s\">", class);
    markup_text(p->out, text);
    fputs("</p>\n", p->out);
}

void page_number(struct page *p, double number, bool field)
{
    char text[NUMBER_SIZE];

    if (isnan(number)) {
        fputs("<td>-</td>", p->out);
        return;
    }
    if (field)
        number_format_field(text, number);
    else
        number_format(text, number);
    fprintf(p->out, "<td><data value=\"%.17g\">%s</data></td>", number, text);
}

static void put_attribute(struct page *p, const char *name, const char *text)
{
    fprintf(p->out, " data-%s=\"", name);
    markup_text(p->out, text);
    fputc('"', p->out);
}

void page_row_names(struct page *p, const struct results_row *row)
{
    put_attribute(p, "bench", row->bench);
    put_attribute(p, "name", row->name);
    put_attribute(p, "kernel", row->kernel);
    fprintf(p->out, " data-threads=\"%zu\"", row->threads);
    put_attribute(p, "unit", row->unit);
}

void page_open_table(struct page *p, const char *label)
{
    /* What scrolls can be reached with the keyboard, and says what it is. */
    fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", p->out);
    markup_text(p->out, label);
    fputs("\"><table>\n", p->out);
}

void page_close_table(struct page *p) { fputs("</tbody></table></div>\n", p->out); }

void page_heads(struct page *p, const struct page_column *column, size_t n)
{
    fputs("<thead><tr>", p->out);
    for (size_t i = 0; i < n; i++) {
        fprintf(p->out, "<th scope=\"col\"%s>", column[i].text ? " class=\"text\"" : "");
        markup_text(p->out, column[i].head);
        fputs("</th>", p->out);
    }
    fputs("</tr></thead><tbody>\n", p->out);
}

void page_plots(struct page *p, const struct figures *f)
{
    if (f->count == 0)
        return;
    fputs("<div class=\"plots\">\n", p->out);
    for (size_t i = 0; i < f->count; i++) {
        char id[32];

        snprintf(id, sizeof(id), "plot-%zu", ++p->plots);
        fputs("<figure>", p->out);
        plot_draw(&f->plot[i], p->out, id);
        fputs("</figure>\n", p->out);
    }
    fputs("</div>\n", p->out);
}

/* --- rows --- */

/* The numbers that some of a bench's rows have besides, as columns. */
struct columns {
    const char *key[COLUMNS];
    size_t count;
};

static void gather_columns(struct columns *c, const struct results_row *row)
{
    const char *key;
    json_t *value;

    json_object_foreach(row->json, key, value)
    {
        size_t i = 0;

        if (!results_is_field(key) || !json_is_number(value))
            continue;
        while (i < c->count && strcmp(c->key[i], key) != 0)
            i++;
        if (i == c->count && c->count < COLUMNS)
            c->key[c->count++] = key;
    }
}

static void put_row(struct page *p, const struct results_row *row, const struct columns *columns)
{
    char spread[NUMBER_SIZE];

    number_format_spread(spread, row->median, row->min, row->max, row->runs);
    fputs("<tr", p->out);
    page_row_names(p, row);
    fputs("><th scope=\"row\">", p->out);
    markup_text(p->out, row->name);
    fputs("</th><td class=\"text\">", p->out);
    markup_text(p->out, row->kernel);
    fprintf(p->out, "</td><td>%zu</td>", row->threads);
    page_number(p, row->median, false);
    fputs("<td class=\"text\">", p->out);
    markup_text(p->out, row->unit);
    fprintf(p->out, "</td><td>%s</td>", spread);
    page_number(p, row->min, false);
    page_number(p, row->max, false);
    fprintf(p->out, "<td>%zu</td><td>%zu</td>", row->runs, row->disturbed);
    page_number(p, row->steal_ms, true);
    for (size_t i = 0; i < columns->count; i++)
        page_number(p, results_field(row, columns->key[i]), true);
    fputs("</tr>\n", p->out);
}

/* What rows say in words: of other programs, what was run. */
static void put_words(struct page *p, const struct results_row *row)
{
    const char *key, *before = "";
    bool any = false;
    json_t *value;

    json_object_foreach(row->json, key, value)
    {
        if (!results_is_field(key) || !json_is_string(value))
            continue;
        if (!any) {
            fputs("<p class=\"soft note\">", p->out);
            markup_text(p->out, row->kernel[0] ? row->kernel : row->name);
            fputs(": ", p->out);
        }
        any = true;
        fputs(before, p->out);
        markup_text(p->out, key);
        fputs(" <code>", p->out);
        markup_text(p->out, json_string_value(value));
        fputs("</code>", p->out);
        before = ", ";
    }
    if (any)
        fputs("</p>\n", p->out);
}

static bool has_words(const struct results_row *row)
{
    const char *key;
    json_t *value;

    json_object_foreach(row->json, key,
                        value) if (json_is_string(value) && results_is_field(key)) return true;
    return false;
}

static bool have_same_words(const struct results_row *a, const struct results_row *b)
{
    const char *key;
    json_t *value;

    if (strcmp(a->kernel, b->kernel) != 0)
        return false;
    json_object_foreach(b->json, key,
                        value) if (results_is_field(key) && json_is_string(value) &&
                                   !json_equal(value, json_object_get(a->json, key))) return false;
    return true;
}

/* The words of a bench's rows, once where several numbers of threads have the same, and not endless. */
static void put_all_words(struct page *p, const struct results *r, const char *bench)
{
    const struct results_row *said[WORDS];
    size_t count = 0;

    for (size_t i = 0; i < r->count && count < WORDS; i++) {
        const struct results_row *row = &r->row[i];
        bool new = strcmp(row->bench, bench) == 0 && has_words(row);

        for (size_t k = 0; k < count && new; k++)
            new = !have_same_words(said[k], row);
        if (!new)
            continue;
        put_words(p, row);
        said[count++] = row;
    }
}

static void put_rows(struct page *p, const struct results *r, const char *bench)
{
    static const struct page_column heads[] = {
        {"Row", true},   {"Kernel", true},     {"Threads", false}, {"Median", false},
        {"Unit", true},  {"Spread", false},    {"Min", false},     {"Max", false},
        {"Runs", false}, {"Disturbed", false}, {"Steal ms", false}};
    struct page_column head[sizeof(heads) / sizeof(*heads) + COLUMNS];
    size_t fixed = sizeof(heads) / sizeof(*heads), rows = 0;
    struct columns columns = {0};

    memcpy(head, heads, sizeof(heads));
    for (size_t i = 0; i < r->count; i++) {
        if (strcmp(r->row[i].bench, bench) != 0)
            continue;
        gather_columns(&columns, &r->row[i]);
        rows++;
    }
    for (size_t i = 0; i < columns.count; i++)
        head[fixed + i] = (struct page_column){columns.key[i], false};
    fprintf(p->out, "<details open><summary>%zu %s</summary>\n", rows, rows == 1 ? "row" : "rows");
    page_open_table(p, bench);
    page_heads(p, head, fixed + columns.count);
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->row[i].bench, bench) == 0)
            put_row(p, &r->row[i], &columns);
    page_close_table(p);
    put_all_words(p, r, bench);
    fputs("</details>\n", p->out);
}

/* --- documents --- */

static const char *summary_of(const char *bench)
{
    for (const struct bench_command *c = bench_commands; c->name; c++)
        if (strcmp(c->name, bench) == 0)
            return c->summary;
    return "";
}

static void put_bench(struct page *p, const struct results *r, const char *bench, const char *id)
{
    struct figures f = {0};

    fprintf(p->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">", id,
            id, id);
    markup_text(p->out, bench);
    fputs("</h2>\n", p->out);
    if (summary_of(bench)[0])
        page_paragraph(p, "soft", summary_of(bench));
    figures_add(&f, r, bench);
    page_plots(p, &f);
    put_rows(p, r, bench);
    fputs("</section>\n", p->out);
    figures_free(&f);
}

static void put_kicker(struct page *p, const struct page_document *d)
{
    const char *started = results_machine_text(d->results, "started");

    fputs("<p class=\"kicker\">Excalibur-EXS benchmarks", p->out);
    if (started[0]) {
        fputs(", <span class=\"whole\">", p->out);
        markup_text(p->out, started);
        fputs("</span>", p->out);
    }
    if (d->path[0]) {
        fputs(", <code>", p->out);
        markup_text(p->out, d->path);
        fputs("</code>", p->out);
    }
    fputs("</p>\n", p->out);
}

static void put_title(struct page *p, const struct page_document *d, const char *element)
{
    const char *cpu = results_machine_text(d->results, "cpu");

    put_kicker(p, d);
    fprintf(p->out, "<%s>", element);
    markup_text(p->out, cpu[0] ? cpu : "A processor that does not say its name");
    fprintf(p->out, "</%s>\n", element);
}

static void put_document(struct page *p, const struct page_document *d, size_t number)
{
    char id[48];

    if (d->results->interrupted)
        page_paragraph(p, "warn", "Interrupted before all was measured.");
    page_summary(p, d->results);
    for (size_t i = 0; i < d->results->count; i++) {
        snprintf(id, sizeof(id), "d%zu-b%zu", number + 1, i + 1);
        if (figures_begins_bench(d->results, i))
            put_bench(p, d->results, d->results->row[i].bench, id);
    }
    fprintf(p->out, "<section id=\"d%zu-machine\"><h2>The machine</h2>\n", number + 1);
    page_machine(p, d->results);
    fputs("</section>\n", p->out);
}

/* --- the whole --- */

static void put_link(struct page *p, const char *id, const char *text)
{
    fprintf(p->out, "<li><a href=\"#%s\">", id);
    markup_text(p->out, text);
    fputs("</a></li>\n", p->out);
}

static void put_contents(struct page *p, const struct page_document *document, size_t count)
{
    char id[48];

    fputs("<nav aria-label=\"Contents\">\n", p->out);
    if (count > 1)
        fputs("<ul>\n", p->out);
    for (size_t i = 1; i < count; i++) {
        snprintf(id, sizeof(id), "changes-%zu", i + 1);
        put_link(p, id, count > 2 ? document[i].path : "What changed");
    }
    if (count > 1)
        fputs("</ul>\n", p->out);
    for (size_t d = 0; d < count; d++) {
        const struct results *r = document[d].results;

        fputs("<ul>\n", p->out);
        if (count > 1) {
            fputs("<li class=\"soft\">", p->out);
            markup_text(p->out, document[d].path);
            fputs("</li>\n", p->out);
        }
        for (size_t i = 0; i < r->count; i++) {
            snprintf(id, sizeof(id), "d%zu-b%zu", d + 1, i + 1);
            if (figures_begins_bench(r, i))
                put_link(p, id, r->row[i].bench);
        }
        snprintf(id, sizeof(id), "d%zu-machine", d + 1);
        put_link(p, id, "The machine");
        fputs("</ul>\n", p->out);
    }
    fputs("</nav>\n", p->out);
}

/* The digest by which the policy knows the only style sheet there is. */
static void put_digest(FILE *out, const char *style)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const struct sha256_compress_impl *generic = sha256_compress_impls;
    uint8_t digest[33] = {0}; /* a multiple of three bytes */
    struct sha256 s;

    while (generic->needs)
        generic++;
    sha256_init(&s, generic->run);
    sha256_update(&s, style, strlen(style));
    sha256_final(&s, digest);
    for (size_t i = 0; i < sizeof(digest); i += 3) {
        uint32_t bits = (uint32_t)digest[i] << 16 | (uint32_t)digest[i + 1] << 8 | digest[i + 2];

        for (int k = 18; k >= 0; k -= 6)
            fputc(i == 30 && k == 0 ? '=' : digits[bits >> k & 63], out);
    }
}

static void put_head(struct page *p, const struct page_document *document, size_t count)
{
    size_t size = strlen(page_style) + strlen(plot_style) + 1;
    char *style = bench_alloc(size, 1);

    snprintf(style, size, "%s%s", page_style, plot_style);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'sha256-",
          p->out);
    put_digest(p->out, style);
    fputs("'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n"
          "<title>",
          p->out);
    markup_text(p->out, results_machine_text(document[0].results, "cpu"));
    fprintf(p->out, "%s Excalibur-EXS benchmarks</title>\n<style>%s</style>\n</head>\n<body>\n",
            count > 1 ? " and others:" : ":", style);
    free(style);
}

bool page_write(FILE *out, const struct page_document *document, size_t count,
                struct compare_rule rule)
{
    struct page p = {.out = out};
    char id[48];

    put_head(&p, document, count);
    fputs("<header>\n", out);
    if (count == 1)
        put_title(&p, &document[0], "h1");
    else
        fprintf(out,
                "<p class=\"kicker\">Excalibur-EXS benchmarks</p>\n<h1>%zu files compared</h1>\n",
                count);
    put_contents(&p, document, count);
    fputs("</header>\n<main>\n", out);
    for (size_t i = 1; i < count; i++) {
        snprintf(id, sizeof(id), "changes-%zu", i + 1);
        page_comparison(&p, &document[0], &document[i], rule, id);
    }
    for (size_t i = 0; i < count; i++) {
        if (count > 1) {
            fputs("<div class=\"document\">\n", out);
            put_title(&p, &document[i], "h2");
            fputs("</div>\n", out);
        }
        put_document(&p, &document[i], i);
    }
    fputs("</main>\n<footer><p>Each figure is the median of its runs; the spread is half the way "
          "from the smallest to the largest. exs-bench(1) says how they are measured.</p>"
          "</footer>\n</body>\n</html>\n",
          out);
    return fflush(out) == 0 && !ferror(out);
}
