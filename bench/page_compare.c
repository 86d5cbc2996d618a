/* One document beside another: what changed beyond the noise, and all rows. */
#include "bench/compare_text.h"
#include "bench/markup.h"
#include "bench/page_impl.h"

#include <math.h>

static void put_path(struct page *p, const char *name, const struct page_document *d)
{
    fprintf(p->out, "%s is <code>", name);
    markup_text(p->out, d->path);
    fputs("</code>", p->out);
    if (d->results->interrupted)
        fputs(" (interrupted)", p->out);
}

static void put_differences(struct page *p, const struct compare_differences *d)
{
    static const struct page_column heads[] = {{"What differs", true}, {"A", true}, {"B", true}};

    if (d->count == 0)
        return;
    page_paragraph(p, "warn", "The machines, or what ran on them, differ.");
    page_open_table(p, "What differs between the machines");
    page_heads(p, heads, 3);
    for (size_t i = 0; i < d->count; i++) {
        fputs("<tr><th scope=\"row\">", p->out);
        markup_text(p->out, d->item[i].key);
        fputs("</th><td class=\"wrap\">", p->out);
        markup_text(p->out, d->item[i].a);
        fputs("</td><td class=\"wrap\">", p->out);
        markup_text(p->out, d->item[i].b);
        fputs("</td></tr>\n", p->out);
    }
    page_close_table(p);
}

static void put_row(struct page *p, const struct compare_row *row)
{
    const struct results_row *either = compare_either(row);

    fputs("<tr", p->out);
    page_row_names(p, either);
    fputs("><th scope=\"row\">", p->out);
    markup_text(p->out, either->bench);
    fputs(", ", p->out);
    markup_text(p->out, either->name);
    fputs("</th><td class=\"text\">", p->out);
    markup_text(p->out, either->kernel);
    fprintf(p->out, "</td><td>%zu</td>", either->threads);
    page_number(p, row->a ? row->a->median : NAN, false);
    page_number(p, row->b ? row->b->median : NAN, false);
    fputs("<td class=\"text\">", p->out);
    markup_text(p->out, either->unit);
    fputs("</td>", p->out);
    page_number(p, row->ratio, false);
    page_number(p, row->p, false);
    fprintf(p->out, "<td class=\"text%s\">%s</td></tr>\n",
            row->verdict == COMPARE_BETTER  ? " better"
            : row->verdict == COMPARE_WORSE ? " worse"
                                            : "",
            compare_name(row->verdict));
}

static void put_rows(struct page *p, const struct comparison *c)
{
    static const struct page_column heads[] = {
        {"Row", true},  {"Kernel", true}, {"Threads", false}, {"A", false},     {"B", false},
        {"Unit", true}, {"B / A", false}, {"p", false},       {"Verdict", true}};
    static const enum compare_verdict order[COMPARE_VERDICTS] = {
        COMPARE_WORSE,  COMPARE_BETTER, COMPARE_PEER,      COMPARE_UNDECIDED,
        COMPARE_ONLY_A, COMPARE_ONLY_B, COMPARE_AMBIGUOUS, COMPARE_SAME};

    fprintf(p->out, "<details open><summary>All %zu rows</summary>\n", c->count);
    page_open_table(p, "All rows compared");
    page_heads(p, heads, sizeof(heads) / sizeof(*heads));
    for (size_t verdict = 0; verdict < COMPARE_VERDICTS; verdict++)
        for (size_t i = 0; i < c->count; i++)
            if (c->row[i].verdict == order[verdict])
                put_row(p, &c->row[i]);
    page_close_table(p);
    fputs("</details>\n", p->out);
}

void page_comparison(struct page *p, const struct page_document *a, const struct page_document *b,
                     struct compare_rule rule, const char *id)
{
    struct compare_differences differences;
    struct comparison c;
    struct figures f = {0};

    compare_documents(&c, a->results, b->results, rule);
    compare_machines(&differences, a->results, b->results);
    fprintf(p->out, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n", id, id);
    fprintf(p->out, "<h2 id=\"%s-title\">What changed</h2>\n<p>", id);
    put_path(p, "A", a);
    fputs(", ", p->out);
    put_path(p, "B", b);
    fputs(". <strong>", p->out);
    compare_print_counts(p->out, &c);
    fprintf(p->out,
            ".</strong></p>\n<p class=\"soft\">A change counts where the rank sum test of the "
            "runs gives p of at most %g and the medians differ by more than %g%%.</p>\n",
            rule.significance, rule.threshold);
    put_differences(p, &differences);
    compare_draw(&f, &c);
    page_plots(p, &f);
    put_rows(p, &c);
    fputs("</section>\n", p->out);
    figures_free(&f);
    compare_differences_free(&differences);
    compare_free(&c);
}
