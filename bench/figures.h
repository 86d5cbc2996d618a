/*
 * Which plots a document's rows make: one of bars for what several
 * implementations did of the same, other programs among them, one of lines for
 * what was measured on several numbers of threads, and what stands alone in
 * bars by its unit.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "bench/plot.h"
#include "bench/results.h"

/* A list of plots that grows. Zeros are an empty one; one thread at a time. */
struct figures {
    struct plot *plot;
    size_t count;
};

/* Adds the plots of one bench; NULL: of all, in the order of the rows. */
void figures_add(struct figures *f, const struct results *r, const char *bench);

void figures_free(struct figures *f);

/* Adds a plot of this kind and title, for the caller to fill; valid until the next one is added. */
struct plot *figures_new(struct figures *f, enum plot_kind kind, const char *title);

/* The index of the first row of the same bench, for groups in the order of the rows. */
bool figures_begins_bench(const struct results *r, size_t row);

#endif
