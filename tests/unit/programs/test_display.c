#include "programs/display.h"
#include "tests/unit/mining/report.h"
#include "tests/unit/mining/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIZE = 32768 };
static char text[SIZE];

static void rates(void **state)
{
    static const struct {
        double rate;
        const char *text;
    } cases[] = {{0, "0 H/s"},       {999, "999 H/s"},
                 {999.96, "1 kH/s"}, {12345678, "12.35 MH/s"},
                 {1e9, "1 GH/s"},    {123456e12, "1.235e+05 TH/s"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        display_rate(text, SIZE, cases[i].rate);
        assert_string_equal(text, cases[i].text);
    }
}

static void durations(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0.25, "0.25 s"},          {59.9, "59.9 s"},    {61, "1 min 1 s"},
                 {3600, "1 h 0 min"},       {90061, "1 d 1 h"},  {63115200, "2 years"},
                 {1e20, "3.169e+12 years"}, {INFINITY, "never"}, {NAN, "never"}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        display_duration(text, SIZE, cases[i].seconds);
        assert_string_equal(text, cases[i].text);
    }
}

static void line(void **state)
{
    struct monitor_report *r = report_example();

    (void)state;
    display_line(text, SIZE, r);
    assert_string_equal(text, "24 MH/s (12.35 12.35 12.35) | height 800000 difficulty 0.125 | "
                              "accepted 30 rejected 6 stale 9 | 62 C | 0:01:00");
    r->status.height = 0;
    r->lane[0].condition.has_temperature = r->lane[2].condition.has_temperature = false;
    display_line(text, SIZE, r);
    assert_string_equal(text, "24 MH/s (12.35 12.35 12.35) | difficulty 0.125 | "
                              "accepted 30 rejected 6 stale 9 | 0:01:00");
    display_line(text, 20, r);
    assert_string_equal(text, "24 MH/s (12.35 12.3");
    free(r);
}

static void log_lines(void **state)
{
    struct monitor_report *r = report_example();

    (void)state;
    display_summary(text, SIZE, r);
    assert_string_equal(
        text, "23 MH/s, height 800000, accepted 30, rejected 6, stale 9, CPU credits 100.0");
    display_lanes(text, SIZE, r);
    assert_string_equal(text, "CPU 0: 12 MH/s, CPU 1: 12 MH/s, GPU 0: 12 MH/s");
    free(r);
}

static size_t lines_of(const char *screen)
{
    size_t count = 0;

    for (; (screen = strchr(screen, '\n')); screen++)
        count++;
    return count;
}

static void screen(void **state)
{
    static const char *const there[] = {
        "title  |  2023-11-14T22:14:20Z  |  up 1 min 0 s\n",
        "5 s: 23 MH/s  1 min: 23 MH/s",
        "height 800000  share of difficulty 0.125 every 23.3 s  block of difficulty 1e+12 every ",
        "CPU budget credits: 40% allowed, 39% used, 1% stolen  credits 100.0 of 2304, +96 ",
        " 0 mining   stratum+tcp://pool0.example:3333  worker,0  difficulty 0.125  accepted 10 ",
        " 1 dead     stratum+tcp://pool1.example:3333",
        "  Connection refused\n",
        " 2 disabled http://node2.example:8332/",
        "GPU 0   12.35 MH/s       9 MH/s   62 C  A:6 R:2 HW:1  avx2\n",
    };
    struct monitor_report *r = report_example();
    struct display_options options = {0};

    (void)state;
    r->rates.s5 = 23e6;
    r->lane[2].rates.average = 9e6;
    display_screen(text, SIZE, r, &options, "title", 40, 80);
    for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++)
        if (!strstr(text, there[i]))
            fail_msg("\"%s\" is missing in\n%s", there[i], text);
    assert_null(strstr(text, "q quit"));
    assert_int_equal(display_key(&options, 'h'), DISPLAY_REDRAW);
    assert_int_equal(display_key(&options, 'd'), DISPLAY_REDRAW);
    assert_int_equal(display_key(&options, 's'), DISPLAY_REDRAW);
    display_screen(text, SIZE, r, &options, "title", 40, 80);
    assert_non_null(strstr(text, "q quit"));
    assert_null(strstr(text, "pool0.example"));
    assert_null(strstr(text, "GPU 0"));
    assert_int_equal(display_key(&options, 'q'), DISPLAY_QUIT);
    assert_int_equal(display_key(&options, 'P'), DISPLAY_NEXT_SOURCE);
    assert_int_equal(display_key(&options, 'x'), DISPLAY_NONE);
    free(r);
}

/* More lanes than rows: the rest is counted, and the log keeps some room. */
static void small_screens(void **state)
{
    enum { LANES = 200 };
    struct monitor_report *example = report_example();
    struct monitor_report *r = calloc(1, sizeof(*r) + LANES * sizeof(r->lane[0]));
    struct display_options options = {0};

    (void)state;
    assert_non_null(r);
    memcpy(r, example, sizeof(*r));
    r->lane_count = LANES;
    for (size_t i = 0; i < LANES; i++) {
        r->lane[i] = example->lane[0];
        r->lane[i].device.id = (unsigned)i;
    }
    display_screen(text, SIZE, r, &options, "title", 40, 80);
    assert_true(lines_of(text) <= 36);
    assert_non_null(strstr(text, "CPU 10 "));
    assert_non_null(strstr(text, " more (the API and the metrics have all)\n"));
    for (int rows = 1; rows < 300; rows += 7)
        for (int columns = 1; columns < 300; columns += 50)
            display_screen(text, SIZE, r, &options, "title", rows, columns);
    display_screen(text, 100, r, &options, "title", 40, 80);
    assert_int_equal(strlen(text), 99);
    free(example);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),     cmocka_unit_test(durations), cmocka_unit_test(line),
        cmocka_unit_test(log_lines), cmocka_unit_test(screen),    cmocka_unit_test(small_screens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
