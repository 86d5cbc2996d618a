#include "bench/plot.h"

#include "bench/bench_alloc.h"
#include "bench/stats.h"
#include "bench/svg.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER = 42,     /* title and subtitle */
    BAR = 34,        /* one bar with its label */
    LEGEND = 17,     /* the name of one line */
    AREA = 168,      /* the lines' own height */
    AXIS = 36,       /* below it */
    GAP = 28,        /* between the plots of a document */
    COLUMNS = 3,     /* of it */
    FONT = 12,       /* of labels */
    FONT_VALUE = 13, /* these two: what a plain font as wide as the bold one would have */
    FONT_TITLE = 15,
    FONT_SMALL = 11,
};

/* Less than this is drawn as nothing: so small a largest value leaves no scale to draw to. */
static const double least_drawn = 1e-15;

struct plot_mark *plot_add(struct plot *p)
{
    p->mark = bench_grow(p->mark, p->marks + 1, sizeof(*p->mark));
    p->mark[p->marks] = (struct plot_mark){0};
    return &p->mark[p->marks++];
}

void plot_free(struct plot *p)
{
    free(p->mark);
    *p = (struct plot){0};
}

static size_t count_series(const struct plot *p)
{
    size_t count = 0;

    for (size_t i = 0; i < p->marks; i++)
        if (p->mark[i].series + 1 > count)
            count = p->mark[i].series + 1;
    assert(count <= PLOT_SERIES);
    return count;
}

double plot_height(const struct plot *p)
{
    if (p->kind == PLOT_LINES)
        return HEADER + LEGEND * (double)(count_series(p) + (p->reference > 0)) + AREA + AXIS;
    return HEADER + BAR * (double)p->marks;
}

double plot_axis(double most, double *step)
{
    static const double steps[] = {1, 2, 2.5, 5, 10};
    double unit = pow(10, floor(log10(most / 4)));

    assert(isfinite(most) && most > 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        *step = steps[i] * unit;
        if (*step * 5 >= most)
            break;
    }
    return ceil(most / *step * (1 - 1e-9)) * *step;
}

static const char *tone_class(enum plot_tone tone)
{
    static const char *const classes[] = {"plain", "best", "other", "good", "bad"};

    return classes[tone];
}

/* "78.12 MH/s"; of changes "+1.3%" */
static void format_value(char out[static SVG_TEXT_SIZE], const struct plot *p, double value)
{
    char number[NUMBER_SIZE];

    if (p->kind == PLOT_CHANGES && fabs(value) < 1e4)
        snprintf(number, sizeof(number), "%+.1f", value);
    else
        number_format(number, value);
    snprintf(out, SVG_TEXT_SIZE, "%s%s%s", number,
             p->unit[0] && strcmp(p->unit, "%") != 0 ? " " : "", p->unit);
}

/* All numbers in words, for those who do not see the drawing. The caller frees it. */
static char *describe(const struct plot *p)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return bench_copy("");
    fprintf(out, "%s.", p->subtitle);
    for (size_t i = 0; i < p->marks; i++) {
        const struct plot_mark *m = &p->mark[i];
        char value[SVG_TEXT_SIZE], low[NUMBER_SIZE], high[NUMBER_SIZE];

        format_value(value, p, m->value);
        number_format(low, m->low);
        number_format(high, m->high);
        fprintf(out, "%s ", i ? ";" : "");
        if (p->kind == PLOT_LINES)
            fprintf(out, "%s, %.0f threads: %s", p->series[m->series], m->x, value);
        else
            fprintf(out, "%s: %s%s%s", m->label, value, m->note[0] ? ", " : "", m->note);
        if (p->kind != PLOT_CHANGES)
            fprintf(out, " (%s to %s)", low, high);
    }
    fclose(out);
    return text;
}

static void draw_header(const struct plot *p, struct svg *s)
{
    char text[SVG_TEXT_SIZE];

    svg_fit(text, p->title, FONT_TITLE, PLOT_WIDTH);
    svg_text(s, "title", 0, 14, SVG_START, text);
    svg_fit(text, p->subtitle, FONT_SMALL, PLOT_WIDTH);
    svg_text(s, "sub", 0, 30, SVG_START, text);
}

/* The label to the left of its value, above the bar. */
static void draw_label(const struct plot *p, struct svg *s, const struct plot_mark *m, double y)
{
    char value[SVG_TEXT_SIZE], text[SVG_TEXT_SIZE];

    format_value(value, p, m->value);
    if (m->note[0])
        snprintf(value + strlen(value), sizeof(value) - strlen(value), " %s", m->note);
    svg_fit(text, value, FONT_VALUE, PLOT_WIDTH * 0.7);
    svg_text(s, "value", PLOT_WIDTH, y + 11, SVG_END, text);
    svg_fit(text, m->label, FONT, PLOT_WIDTH - svg_text_width(text, FONT_VALUE) - 8);
    svg_text(s, "label", 0, y + 11, SVG_START, text);
}

static void draw_span(struct svg *s, double x1, double x2, double y)
{
    /* Where runs hardly differ the span would be a blot that says nothing. */
    if (x2 - x1 < 1.5)
        return;
    svg_line(s, "span", x1, y, x2, y);
    svg_line(s, "span", x1, y - 3, x1, y + 3);
    svg_line(s, "span", x2, y - 3, x2, y + 3);
}

static void draw_bars(const struct plot *p, struct svg *s)
{
    double most = p->reference, scale;

    for (size_t i = 0; i < p->marks; i++)
        most = fmax(most, fmax(p->mark[i].high, p->mark[i].value));
    scale = most >= least_drawn ? (PLOT_WIDTH - 1) / most : 0;
    for (size_t i = 0; i < p->marks; i++) {
        const struct plot_mark *m = &p->mark[i];
        double y = HEADER + BAR * (double)i;

        draw_label(p, s, m, y);
        svg_rect(s, "track", 0, y + 15, PLOT_WIDTH, 9);
        svg_rect(s, tone_class(m->tone), 0, y + 15, m->value * scale, 9);
        draw_span(s, m->low * scale, m->high * scale, y + 19.5);
        if (p->reference > 0)
            svg_line(s, "mark", p->reference * scale, y + 13.5, p->reference * scale, y + 25.5);
    }
}

static void draw_changes(const struct plot *p, struct svg *s)
{
    const double middle = PLOT_WIDTH / 2.0;
    double most = 0;

    for (size_t i = 0; i < p->marks; i++)
        most = fmax(most, fabs(p->mark[i].value));
    for (size_t i = 0; i < p->marks; i++) {
        const struct plot_mark *m = &p->mark[i];
        double y = HEADER + BAR * (double)i;
        double size = most > 0 ? fabs(m->value) / most * (middle - 1) : 0;

        draw_label(p, s, m, y);
        svg_rect(s, "track", 0, y + 15, PLOT_WIDTH, 9);
        svg_rect(s, tone_class(m->tone), m->value < 0 ? middle - size : middle, y + 15, size, 9);
        svg_line(s, "mark", middle, y + 13.5, middle, y + 25.5);
    }
}

/* Where the lines are drawn, and how numbers become places in it. */
struct area {
    double left, top, right, bottom, x_scale, y_scale, most_x;
};

static double area_x(const struct area *a, double x) { return a->left + x * a->x_scale; }

static double area_y(const struct area *a, double y) { return a->bottom - y * a->y_scale; }

/* The numbers of threads below the axis: the largest always, others where there is room. */
static void draw_threads(const struct plot *p, struct svg *s, const struct area *a)
{
    double *x = bench_alloc(p->marks, sizeof(*x)), shown = -100;

    for (size_t i = 0; i < p->marks; i++)
        x[i] = p->mark[i].x;
    stats_sort(x, p->marks);
    for (size_t i = 0; i < p->marks; i++) {
        double at = area_x(a, x[i]);
        char text[NUMBER_SIZE];

        if (at - shown < 26 || (x[i] < a->most_x && area_x(a, a->most_x) - at < 26))
            continue;
        shown = at;
        number_format_field(text, x[i]);
        svg_text(s, "tick", at, a->bottom + 15, SVG_MIDDLE, text);
    }
    free(x);
}

/* Finds the axes, and draws the grid with its numbers. */
static struct area draw_axes(const struct plot *p, struct svg *s)
{
    double most_x = 1, most_y = 0, step, end;
    struct area a = {.top = plot_height(p) - AREA - AXIS + 8, .bottom = plot_height(p) - AXIS};
    char text[NUMBER_SIZE];

    for (size_t i = 0; i < p->marks; i++) {
        most_x = fmax(most_x, p->mark[i].x);
        most_y = fmax(most_y, p->mark[i].high);
    }
    end = plot_axis(most_y >= least_drawn ? most_y : 1, &step);
    for (double y = 0; y < end + step / 2; y += step) {
        number_format_field(text, y);
        a.left = fmax(a.left, svg_text_width(text, FONT_SMALL) + 6);
    }
    a.right = PLOT_WIDTH - 12;
    a.most_x = most_x;
    a.x_scale = (a.right - a.left) / (most_x * 1.02);
    a.y_scale = (a.bottom - a.top) / end;
    for (double y = 0; y < end + step / 2; y += step) {
        number_format_field(text, y);
        svg_line(s, y > 0 ? "grid" : "axis", a.left, area_y(&a, y), PLOT_WIDTH, area_y(&a, y));
        svg_text(s, "tick", a.left - 6, area_y(&a, y) + 4, SVG_END, text);
    }
    draw_threads(p, s, &a);
    svg_text(s, "tick", (a.left + a.right) / 2, a.bottom + 30, SVG_MIDDLE, "threads");
    return a;
}

/* A mark that is told from others by its shape as well as by its colour. */
static void draw_dot(struct svg *s, size_t series, double x, double y)
{
    struct svg_point corner[4] = {{x - 4, y - 4}, {x + 4, y - 4}, {x + 4, y + 4}, {x - 4, y + 4}};
    char class[32];
    size_t corners = 4;

    snprintf(class, sizeof(class), "dot s%zu", series);
    if (series % 3 == 0) {
        svg_circle(s, class, x, y, 4);
        return;
    }
    if (series % 3 == 1) {
        corner[0] = (struct svg_point){x, y - 5};
        corner[1] = (struct svg_point){x + 5, y + 4};
        corner[2] = (struct svg_point){x - 5, y + 4};
        corners = 3;
    }
    svg_polygon(s, class, corner, corners);
}

static void draw_series(const struct plot *p, struct svg *s, const struct area *a, size_t series)
{
    struct svg_point *point = bench_alloc(p->marks, sizeof(*point));
    char class[32];
    size_t n = 0;

    for (size_t i = 0; i < p->marks; i++) {
        const struct plot_mark *m = &p->mark[i];

        if (m->series != series)
            continue;
        point[n++] = (struct svg_point){area_x(a, m->x), area_y(a, m->value)};
        if ((m->high - m->low) * a->y_scale >= 1.5)
            svg_line(s, "span", area_x(a, m->x), area_y(a, m->low), area_x(a, m->x),
                     area_y(a, m->high));
    }
    snprintf(class, sizeof(class), "line s%zu", series);
    if (n > 1)
        svg_polyline(s, class, point, n);
    for (size_t i = 0; i < n; i++)
        draw_dot(s, series, point[i].x, point[i].y);
    free(point);
}

static void draw_lines(const struct plot *p, struct svg *s)
{
    size_t count = count_series(p);
    struct area a = draw_axes(p, s);

    for (size_t i = 0; i < count; i++) {
        double y = HEADER + LEGEND * (double)i;
        char class[32], text[SVG_TEXT_SIZE];

        snprintf(class, sizeof(class), "line s%zu", i);
        svg_line(s, class, 0, y + 7, 24, y + 7);
        draw_dot(s, i, 12, y + 7);
        svg_fit(text, p->series[i], FONT, PLOT_WIDTH - 32);
        svg_text(s, "label", 32, y + 11, SVG_START, text);
    }
    if (p->reference > 0) {
        double y = HEADER + LEGEND * (double)count;
        /* As far as the drawing goes, to the right or to the top. */
        double end = fmin(a.most_x, (a.bottom - a.top) / a.y_scale / p->reference);

        svg_line(s, "ideal", 0, y + 7, 24, y + 7);
        svg_text(s, "label", 32, y + 11, SVG_START, "as many times one thread");
        svg_line(s, "ideal", area_x(&a, 0), area_y(&a, 0), area_x(&a, end),
                 area_y(&a, end * p->reference));
    }
    for (size_t i = 0; i < count; i++)
        draw_series(p, s, &a, i);
}

void plot_draw(const struct plot *p, FILE *out, const char *id)
{
    static void (*const draw[])(const struct plot *p, struct svg *s) = {draw_bars, draw_lines,
                                                                        draw_changes};
    char *description = describe(p);
    struct svg s;

    svg_open(&s, out, PLOT_WIDTH, plot_height(p), id, p->title, description);
    draw_header(p, &s);
    draw[p->kind](p, &s);
    svg_close(&s);
    free(description);
}

/* The height of the row of plots that begins with the first of n. */
static double row_height(const struct plot *plot, size_t n)
{
    double height = 0;

    for (size_t i = 0; i < n && i < COLUMNS; i++)
        height = fmax(height, plot_height(&plot[i]));
    return height + GAP;
}

void plot_draw_document(const struct plot *plot, size_t n, FILE *out, const char *title,
                        const char *description)
{
    size_t columns = n < COLUMNS ? n + (n == 0) : COLUMNS;
    double width = (PLOT_WIDTH + GAP) * (double)columns + GAP, height = 2 * GAP + 40, y;
    char text[SVG_TEXT_SIZE];
    struct svg s;

    for (size_t i = 0; i < n; i += COLUMNS)
        height += row_height(plot + i, n - i);
    svg_open_document(&s, out, width, height, title, description, plot_style);
    svg_fit(text, title, 19, width - 2 * GAP);
    svg_text(&s, "head", GAP, GAP + 14, SVG_START, text);
    svg_fit(text, description, FONT_SMALL, width - 2 * GAP);
    svg_text(&s, "sub", GAP, GAP + 34, SVG_START, text);
    y = 2 * GAP + 30;
    for (size_t i = 0; i < n; i++) {
        char id[32];

        snprintf(id, sizeof(id), "plot-%zu", i + 1);
        svg_open_group(&s, GAP + (PLOT_WIDTH + GAP) * (double)(i % COLUMNS), y);
        plot_draw(&plot[i], out, id);
        svg_close_group(&s);
        if (i % COLUMNS == COLUMNS - 1)
            y += row_height(plot + i - (COLUMNS - 1), COLUMNS);
    }
    svg_close(&s);
}
