#include "bench/svg.h"

#include "bench/markup.h"
#include "bench/number.h"
#include "tests/unit/bench/bench_results.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_markup(void (*write)(FILE *out, const char *text), const char *text,
                         const char *expected)
{
    struct text t;

    write(text_begin(&t)->out, text);
    assert_string_equal(text_end(&t), expected);
    free(t.data);
}

static void escapes_all_text(void **state)
{
    (void)state;
    check_markup(markup_text, "", "");
    check_markup(markup_text, "plain \303\244 text", "plain \303\244 text");
    check_markup(markup_text, "</script><b a='1' c=\"2\">&",
                 "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    /* What XML 1.0 has no way to say: controls, halves of characters, U+FFFF. */
    check_markup(markup_text, "a\x01z\x7f\n", "a\357\277\275z\357\277\275\357\277\275");
    check_markup(markup_text, "\xff\xc3", "\357\277\275\357\277\275");
    check_markup(markup_text, "\357\277\277", "\357\277\275");
    check_markup(markup_text, "\xed\xa0\x80", "\357\277\275\357\277\275\357\277\275");
}

static void obeys_no_terminal(void **state)
{
    (void)state;
    check_markup(markup_plain, "<ok> \303\244", "<ok> \303\244");
    check_markup(markup_plain,
                 "\x1b[2Ja\nb\r\xc2\x9b"
                 "c\xff",
                 "?[2Ja?b??c?");
}

static void writes_drawings(void **state)
{
    const struct svg_point point[] = {{0, 1}, {2.5, 3}};
    struct svg s;
    struct text t;
    const char *text;

    (void)state;
    svg_open(&s, text_begin(&t)->out, 10, 20, "x-1", "A <title>", "and \"more\"");
    svg_rect(&s, "bar", 1, 2.25, 3, -1);
    svg_line(&s, "axis", -0.001, 0, 1000, 0.125);
    svg_polyline(&s, "line", point, 2);
    svg_open_group(&s, 1, 2);
    svg_circle(&s, "dot", 1, 2, 3);
    svg_close_group(&s);
    svg_text(&s, "label", 1, 2, SVG_END, "a<b");
    svg_close(&s);
    text = text_end(&t);
    assert_non_null(
        strstr(text, "viewBox=\"0 0 10 20\" role=\"img\" aria-labelledby=\"x-1-title\""));
    assert_non_null(strstr(text, "<title id=\"x-1-title\">A &lt;title&gt;</title>"));
    assert_non_null(strstr(text, "<desc id=\"x-1-desc\">and &quot;more&quot;</desc>"));
    assert_non_null(
        strstr(text, "<rect class=\"bar\" x=\"1\" y=\"2.25\" width=\"3\" height=\"0\"/>"));
    assert_non_null(strstr(text, "<line class=\"axis\" x1=\"0\" y1=\"0\" x2=\"1000\" y2=\"0.1"));
    assert_non_null(strstr(text, "<polyline class=\"line\" points=\"0.00,1.00 2.50,3.00\"/>"));
    assert_non_null(
        strstr(text, "<text class=\"label\" x=\"1\" y=\"2\" text-anchor=\"end\">a&lt;b<"));
    free(t.data);
}

static void fits_text(void **state)
{
    char out[SVG_TEXT_SIZE], text[1000];

    (void)state;
    svg_fit(out, "short", 12, 1000);
    assert_string_equal(out, "short");
    memset(text, 'm', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    svg_fit(out, text, 12, 100);
    assert_true(svg_text_width(out, 12) <= 100 && strlen(out) >= 5);
    assert_string_equal(out + strlen(out) - 3, "...");
    svg_fit(out, text, 1, 1e9);
    assert_true(strlen(out) < SVG_TEXT_SIZE);
    /* Two bytes a character, none of them halved. */
    for (size_t i = 0; i + 2 < sizeof(text); i += 2)
        memcpy(text + i, "\303\244", 3);
    for (double width = 0; width < 200; width += 7) {
        svg_fit(out, text, 12, width);
        assert_int_equal(strlen(out) % 2, 1);
    }
    svg_fit(out, "", 12, 0);
    assert_string_equal(out, "");
    /* A byte that is no UTF-8 takes its place too. */
    assert_true(svg_text_width("\xff\xff", 10) > 0);
}

static void formats_numbers(void **state)
{
    static const struct {
        double number;
        const char *text, *field;
    } cases[] = {
        {0, "0", "0"},
        {12.3456, "12.35", "12.35"},
        {1234.5, "1234", "1234"},
        {123.45, "123.5", "123.5"},
        {3, "3.000", "3"},
        {0.5, "0.5000", "0.5000"},
        {0.012345, "0.01235", "0.01235"},
        {0.00001234, "1.234e-05", "1.234e-05"},
        {12345678, "1.235e+07", "12345678"},
        {1e15, "1.000e+15", "1.000e+15"},
        {-12.3456, "-12.35", "-12.35"},
        {NAN, "-", "-"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char text[NUMBER_SIZE];

        number_format(text, cases[i].number);
        assert_string_equal(text, cases[i].text);
        number_format_field(text, cases[i].number);
        assert_string_equal(text, cases[i].field);
    }
}

static void formats_spreads(void **state)
{
    char text[NUMBER_SIZE];

    (void)state;
    number_format_spread(text, 20, 10, 30, 3);
    assert_string_equal(text, "50.0%");
    number_format_spread(text, 20, 20, 20, 3);
    assert_string_equal(text, "0.0%");
    number_format_spread(text, 20, 20, 20, 1);
    assert_string_equal(text, "-");
    number_format_spread(text, 0, 0, 1, 3);
    assert_string_equal(text, "-");
    number_format_spread(text, 0, 0, 0, 3);
    assert_string_equal(text, "-");
    number_format_spread(text, NAN, NAN, NAN, 3);
    assert_string_equal(text, "-");
    number_format_spread(text, 1e-300, 0, 1e15, 3);
    assert_true(strlen(text) < NUMBER_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_all_text), cmocka_unit_test(obeys_no_terminal),
        cmocka_unit_test(writes_drawings),  cmocka_unit_test(fits_text),
        cmocka_unit_test(formats_numbers),  cmocka_unit_test(formats_spreads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
