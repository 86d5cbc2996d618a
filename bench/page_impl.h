/* What the parts of the page share. */
#ifndef BENCH_PAGE_IMPL_H
#define BENCH_PAGE_IMPL_H

#include "bench/figures.h"
#include "bench/page.h"

/* A page as it is written. */
struct page {
    FILE *out;
    size_t plots; /* so far: each has an id of its own */
};

/* CSS of the page around the plots; without "<". */
extern const char page_style[];

/* <p class="class">text</p>, escaped. */
void page_paragraph(struct page *p, const char *class, const char *text);

/* <td><data value="...">, or "-" where it is NaN; shown as a field or as a figure. */
void page_number(struct page *p, double number, bool field);

/* The attributes that name a row. */
void page_row_names(struct page *p, const struct results_row *row);

/* Opens and closes a table that scrolls sideways within itself. */
void page_open_table(struct page *p, const char *label);
void page_close_table(struct page *p);

struct page_column {
    const char *head;
    bool text; /* to the left, as its cells */
};

void page_heads(struct page *p, const struct page_column *column, size_t n);

/* Writes the plots in a grid. */
void page_plots(struct page *p, const struct figures *f);

/* The figures that matter most, and the machine. */
void page_summary(struct page *p, const struct results *r);
void page_machine(struct page *p, const struct results *r);

/* One document beside another. */
void page_comparison(struct page *p, const struct page_document *a, const struct page_document *b,
                     struct compare_rule rule, const char *id);

#endif
