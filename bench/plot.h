/*
 * Plots of figures: bars with their spread, lines over numbers of threads, and
 * changes to both sides of nothing. All are PLOT_WIDTH pixels wide, made to be
 * read at that size on a phone; a page sets several side by side.
 *
 *     title                          title
 *     unit, what is better           unit, what is better
 *     avx512    78.1 MH/s +-0.4%     --o-- avx512
 *     =================|-|           78 |      .o
 *     avx2      40.2 MH/s +-0.1%     39 |  .o'
 *     ========||                        +-1---2---- threads
 *
 * Each plot also says all of its numbers in its description. One thread a plot.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include "bench/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    PLOT_WIDTH = 320,
    PLOT_TEXT_SIZE = 128,
    PLOT_SERIES = 6, /* lines of one plot that can be told apart */
};

enum plot_kind {
    PLOT_BARS,    /* from 0 on */
    PLOT_LINES,   /* over the marks' x, a line a series */
    PLOT_CHANGES, /* percent, to both sides */
};

enum plot_tone {
    PLOT_PLAIN,
    PLOT_BEST,  /* of its plot */
    PLOT_OTHER, /* another program's */
    PLOT_GOOD,  /* of changes: better, worse */
    PLOT_BAD,
};

struct plot_mark {
    char label[PLOT_TEXT_SIZE];
    double x;                /* of lines: from 0 on */
    double value, low, high; /* finite; of lines and bars not below 0, low to high */
    char note[NUMBER_SIZE];  /* behind the value; may be "" */
    enum plot_tone tone;
    size_t series; /* of lines: below PLOT_SERIES, neighbours in it in the order of their x */
};

struct plot {
    enum plot_kind kind;
    char title[PLOT_TEXT_SIZE], subtitle[PLOT_TEXT_SIZE];
    char unit[PLOT_TEXT_SIZE]; /* behind numbers; may be "" */
    double reference;          /* bars: a line is drawn here; lines: the rise of one; 0: none */
    struct plot_mark *mark;    /* the plot's own */
    size_t marks;
    char series[PLOT_SERIES][PLOT_TEXT_SIZE]; /* the names of lines */
};

/* Adds a mark, all zeros; valid until the next one is added. */
struct plot_mark *plot_add(struct plot *p);
void plot_free(struct plot *p);

double plot_height(const struct plot *p);

/* Writes it as an image in SVG whose classes are those of plot_style; id as for svg_open. */
void plot_draw(const struct plot *p, FILE *out, const char *id);

/* n plots as a document of their own. */
void plot_draw_document(const struct plot *plot, size_t n, FILE *out, const char *title,
                        const char *description);

/* CSS, for light and dark; without "<". */
extern const char plot_style[];

/* The end of an axis from 0 to at least most, which is 1e-15 or more, and the distance of its marks. */
double plot_axis(double most, double *step);

#endif
