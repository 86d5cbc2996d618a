/*
 * A small writer of SVG 1.1. Coordinates are pixels of a drawing that scales;
 * how things look is said by their class alone, in a style sheet, so that a
 * drawing can follow a light or a dark page. Text is escaped.
 *
 *     struct svg s;
 *     svg_open(&s, stdout, 320, 200, "p1", "Search", "avx512: 78.1 MH/s");
 *     svg_rect(&s, "bar", 0, 40, 120, 10);
 *     svg_text(&s, "label", 0, 36, SVG_START, "avx512");
 *     svg_close(&s);
 *
 * Coordinates must be finite (asserted). The caller checks the stream for
 * errors. One thread a writer; it holds no memory.
 */
#ifndef BENCH_SVG_H
#define BENCH_SVG_H

#include <stddef.h>
#include <stdio.h>

enum { SVG_TEXT_SIZE = 256 };

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

struct svg {
    FILE *out;
};

struct svg_point {
    double x, y;
};

/*
 * An <svg> of its own, for a page in HTML or inside another one: an image whose
 * name and description are read out. id is unique in the document and made of
 * letters, digits and "-"; width and height are above 0.
 */
void svg_open(struct svg *s, FILE *out, double width, double height, const char *id,
              const char *title, const char *description);
void svg_close(struct svg *s);

/*
 * The root of a document that stands alone: a group of such images, with its
 * name, description and style sheet (CSS, not escaped).
 */
void svg_open_document(struct svg *s, FILE *out, double width, double height, const char *title,
                       const char *description, const char *style);

/* What follows up to svg_close_group is moved by x and y. */
void svg_open_group(struct svg *s, double x, double y);
void svg_close_group(struct svg *s);

void svg_rect(struct svg *s, const char *class, double x, double y, double width, double height);
void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2);
void svg_polyline(struct svg *s, const char *class, const struct svg_point *point, size_t n);
void svg_polygon(struct svg *s, const char *class, const struct svg_point *point, size_t n);
void svg_circle(struct svg *s, const char *class, double x, double y, double radius);

/* y is the baseline. */
void svg_text(struct svg *s, const char *class, double x, double y, enum svg_anchor anchor,
              const char *text);

/*
 * How wide a text may be at most in a sans-serif font of this size in pixels:
 * an estimate that widely used fonts stay below.
 */
double svg_text_width(const char *text, double font_size);

/* The text, or as much of its beginning as fits into width, and "...". Cut at whole characters. */
void svg_fit(char out[static SVG_TEXT_SIZE], const char *text, double font_size, double width);

#endif
