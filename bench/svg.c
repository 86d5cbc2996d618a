#include "bench/svg.h"

#include "base/utf8.h"
#include "bench/markup.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void put_attribute(struct svg *s, const char *name, double value)
{
    char text[32];
    size_t size;

    assert(isfinite(value) && fabs(value) < 1e7);
    size = (size_t)snprintf(text, sizeof(text), "%.2f", value);
    while (text[size - 1] == '0')
        text[--size] = 0;
    if (text[size - 1] == '.')
        text[--size] = 0;
    fprintf(s->out, " %s=\"%s\"", name, strcmp(text, "-0") == 0 ? "0" : text);
}

static void put_element(struct svg *s, const char *name, const char *class)
{
    fprintf(s->out, "<%s class=\"%s\"", name, class);
}

static void put_names(struct svg *s, const char *id, const char *title, const char *description)
{
    fprintf(s->out, "<title id=\"%s-title\">", id);
    markup_text(s->out, title);
    fprintf(s->out, "</title><desc id=\"%s-desc\">", id);
    markup_text(s->out, description);
    fputs("</desc>\n", s->out);
}

static void open_element(struct svg *s, FILE *out, double width, double height, const char *id,
                         const char *role)
{
    assert(width > 0 && height > 0);
    s->out = out;
    fputs("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\"", out);
    put_attribute(s, "width", width);
    put_attribute(s, "height", height);
    fprintf(out,
            " viewBox=\"0 0 %.0f %.0f\" role=\"%s\" aria-labelledby=\"%s-title\" "
            "aria-describedby=\"%s-desc\">",
            ceil(width), ceil(height), role, id, id);
}

void svg_open(struct svg *s, FILE *out, double width, double height, const char *id,
              const char *title, const char *description)
{
    open_element(s, out, width, height, id, "img");
    put_names(s, id, title, description);
}

void svg_open_document(struct svg *s, FILE *out, double width, double height, const char *title,
                       const char *description, const char *style)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", out);
    open_element(s, out, width, height, "all", "group");
    put_names(s, "all", title, description);
    fprintf(out, "<style>%s</style>\n", style);
    svg_rect(s, "paper", 0, 0, width, height);
}

void svg_close(struct svg *s) { fputs("</svg>\n", s->out); }

void svg_open_group(struct svg *s, double x, double y)
{
    assert(isfinite(x) && isfinite(y));
    fprintf(s->out, "<g transform=\"translate(%.2f %.2f)\">\n", x, y);
}

void svg_close_group(struct svg *s) { fputs("</g>\n", s->out); }

void svg_rect(struct svg *s, const char *class, double x, double y, double width, double height)
{
    put_element(s, "rect", class);
    put_attribute(s, "x", x);
    put_attribute(s, "y", y);
    put_attribute(s, "width", fmax(width, 0));
    put_attribute(s, "height", fmax(height, 0));
    fputs("/>\n", s->out);
}

void svg_line(struct svg *s, const char *class, double x1, double y1, double x2, double y2)
{
    put_element(s, "line", class);
    put_attribute(s, "x1", x1);
    put_attribute(s, "y1", y1);
    put_attribute(s, "x2", x2);
    put_attribute(s, "y2", y2);
    fputs("/>\n", s->out);
}

static void put_points(struct svg *s, const char *element, const char *class,
                       const struct svg_point *point, size_t n)
{
    put_element(s, element, class);
    fputs(" points=\"", s->out);
    for (size_t i = 0; i < n; i++) {
        assert(isfinite(point[i].x) && isfinite(point[i].y));
        fprintf(s->out, "%s%.2f,%.2f", i ? " " : "", point[i].x, point[i].y);
    }
    fputs("\"/>\n", s->out);
}

void svg_polyline(struct svg *s, const char *class, const struct svg_point *point, size_t n)
{
    put_points(s, "polyline", class, point, n);
}

void svg_polygon(struct svg *s, const char *class, const struct svg_point *point, size_t n)
{
    put_points(s, "polygon", class, point, n);
}

void svg_circle(struct svg *s, const char *class, double x, double y, double radius)
{
    put_element(s, "circle", class);
    put_attribute(s, "cx", x);
    put_attribute(s, "cy", y);
    put_attribute(s, "r", radius);
    fputs("/>\n", s->out);
}

void svg_text(struct svg *s, const char *class, double x, double y, enum svg_anchor anchor,
              const char *text)
{
    static const char *const anchors[] = {"start", "middle", "end"};

    put_element(s, "text", class);
    put_attribute(s, "x", x);
    put_attribute(s, "y", y);
    fprintf(s->out, " text-anchor=\"%s\">", anchors[anchor]);
    markup_text(s->out, text);
    fputs("</text>\n", s->out);
}

/* Of the font size: somewhat more than DejaVu Sans, which is wider than most, takes. */
static double character_width(const uint8_t *c, size_t size)
{
    if (size != 1)
        return 1.05;
    if (strchr("iIjl.,:;'|!", *c))
        return 0.36;
    if (strchr("frt()[]/\\ -", *c))
        return 0.44;
    if (strchr("mwMW@%#", *c))
        return 1.0;
    return *c >= 'A' && *c <= 'Z' ? 0.77 : 0.65;
}

double svg_text_width(const char *text, double font_size)
{
    struct bytes rest = bytes_of(text, strlen(text));
    double width = 0;

    while (rest.size) {
        size_t size = utf8_size(rest);

        width += character_width(rest.data, size) * font_size;
        rest.data += size ? size : 1;
        rest.size -= size ? size : 1;
    }
    return width;
}

void svg_fit(char out[static SVG_TEXT_SIZE], const char *text, double font_size, double width)
{
    static const char dots[] = "...";
    struct bytes rest = bytes_of(text, strlen(text));
    double used = 0, left = width - svg_text_width(dots, font_size);
    size_t kept = 0;

    if (rest.size < SVG_TEXT_SIZE && svg_text_width(text, font_size) <= width) {
        snprintf(out, SVG_TEXT_SIZE, "%s", text);
        return;
    }
    while (rest.size) {
        size_t size = utf8_size(rest), step = size ? size : 1;

        used += character_width(rest.data, size) * font_size;
        if (used > left || kept + step + sizeof(dots) > SVG_TEXT_SIZE)
            break;
        kept += step;
        rest.data += step;
        rest.size -= step;
    }
    snprintf(out, SVG_TEXT_SIZE, "%.*s%s", (int)kept, text, dots);
}
