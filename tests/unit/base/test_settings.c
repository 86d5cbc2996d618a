/* The command line, the types of values, and the help; files are in test_settings_files.c. */
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct setting table[] = {
    {.name = "Connection options", .type = SETTING_HEADING},
    {.name = "url",
     .letter = 'o',
     .path = "mining.url",
     .type = SETTING_LIST,
     .argument = "URL",
     .help = "The node to mine with. May be given several times: the first that answers is "
             "used, and the others take over when it no longer does."},
    {.name = "user", .letter = 'u', .type = SETTING_STRING, .fallback = "miner", .help = "User"},
    {.name = "pass",
     .letter = 'p',
     .type = SETTING_STRING,
     .help = "Password",
     .flags = SETTING_SECRET},
    {.name = "Mining options", .type = SETTING_HEADING},
    {.name = "threads",
     .letter = 't',
     .type = SETTING_INT,
     .min = 0,
     .max = 1024,
     .fallback = "0",
     .argument = "N",
     .help = "Threads"},
    {.name = "benchmark", .type = SETTING_BOOL, .help = "Measure"},
    {.name = "longpoll", .type = SETTING_BOOL, .fallback = "1", .help = "Long polling"},
    {.name = "quiet", .letter = 'q', .type = SETTING_BOOL, .help = "Quiet"},
    {.name = "level", .type = SETTING_INT, .min = -5, .max = 5, .help = "Level"},
    {.name = "port", .type = SETTING_INT, .min = 1, .max = 65535, .fallback = "8332", .help = "P"},
    {.name = "whole", .type = SETTING_INT, .help = "Any whole number"},
    {.name = "cache", .type = SETTING_SIZE, .min = 0, .max = INT64_MAX, .help = "Cache"},
    {.name = "fee", .type = SETTING_AMOUNT, .min = 0, .max = 2100000000000000, .help = "Fee"},
    {.name = "ratio", .type = SETTING_DOUBLE, .fallback = "0.5", .help = "Ratio"},
    {.name = "budget", .type = SETTING_PERCENT, .min = 1, .max = 100, .help = "Budget"},
    {.name = "nodelay", .type = SETTING_BOOL, .help = "Named so"},
    {.name = "debug",
     .type = SETTING_LIST,
     .argument = "CATEGORY",
     .help = "Log more",
     .flags = SETTING_OPTIONAL},
    {.name = "secretport",
     .type = SETTING_INT,
     .min = 1,
     .max = 9,
     .help = "Hidden",
     .flags = SETTING_SECRET | SETTING_HIDDEN},
};

static struct settings *create(void)
{
    struct settings *s = settings_create(table, sizeof table / sizeof *table);

    assert_non_null(s);
    return s;
}

enum { ARGUMENTS_MAX = 32 };

/* Reads the words of line, which spaces part. */
static bool read_line(struct settings *s, const char *line, enum settings_order order)
{
    char *text = strdup(line);
    char *argv[ARGUMENTS_MAX + 1] = {(char[]){"program"}};
    int argc = 1;
    char *rest;
    bool good;

    assert_non_null(text);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < ARGUMENTS_MAX);
        argv[argc++] = word;
    }
    good = settings_read_arguments(s, argc, argv, order);
    free(text);
    return good;
}

static void assert_reads(struct settings *s, const char *line)
{
    bool good = read_line(s, line, SETTINGS_MIXED);

    if (!good)
        print_error("%s: %s\n", line, settings_error(s));
    assert_true(good);
}

static void has_defaults(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_string_equal(settings_string(s, "user"), "miner");
    assert_string_equal(settings_string(s, "pass"), "");
    assert_true(settings_int(s, "threads") == 0);
    assert_true(settings_int(s, "port") == 8332);
    assert_true(settings_int(s, "cache") == 0);
    assert_true(settings_double(s, "ratio") == 0.5);
    assert_false(settings_bool(s, "benchmark"));
    assert_true(settings_bool(s, "longpoll"));
    assert_int_equal(settings_list_size(s, "url"), 0);
    assert_null(settings_list(s, "url", 0));
    assert_false(settings_given(s, "port"));
    assert_string_equal(settings_source(s, "port"), "default");
    assert_null(settings_positional(s, 0));
    assert_null(settings_warning(s, 0));
    assert_string_equal(settings_error(s), "");
    settings_destroy(s);
    settings_destroy(NULL);
}

static void reads_every_spelling(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_reads(s, "-o http://a --url=b -url=c --url d -u me --pass secret -t4 --benchmark -q "
                    "--no-longpoll -port=99 --level -3");
    assert_int_equal(settings_list_size(s, "url"), 4);
    assert_string_equal(settings_list(s, "url", 0), "http://a");
    assert_string_equal(settings_list(s, "url", 3), "d");
    assert_null(settings_list(s, "url", 4));
    assert_string_equal(settings_string(s, "user"), "me");
    assert_string_equal(settings_string(s, "pass"), "secret");
    assert_true(settings_int(s, "threads") == 4);
    assert_true(settings_int(s, "port") == 99);
    assert_true(settings_int(s, "level") == -3);
    assert_true(settings_bool(s, "benchmark"));
    assert_true(settings_bool(s, "quiet"));
    assert_false(settings_bool(s, "longpoll"));
    assert_true(settings_given(s, "longpoll"));
    assert_string_equal(settings_source(s, "url"), "command line");
    settings_destroy(s);
}

static void reads_flags(void **state)
{
    static const struct {
        const char *line;
        bool benchmark, longpoll;
    } cases[] = {
        {"", false, true},
        {"-benchmark", true, true},
        {"--benchmark=1", true, true},
        {"-benchmark=0", false, true},
        {"-benchmark=yes -longpoll=Off", true, false},
        {"-benchmark= -longpoll=false", true, false}, /* Core: an empty value is true */
        {"-nolongpoll", false, false},
        {"--nolongpoll", false, false},
        {"--no-longpoll", false, false},
        {"-nolongpoll=1", false, false},
        {"-nolongpoll=0", false, true},
        {"-nobenchmark=0", true, true},
        {"-benchmark -nobenchmark", false, true},
        {"-nobenchmark -benchmark", true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = create();

        assert_reads(s, cases[i].line);
        assert_int_equal(settings_bool(s, "benchmark"), cases[i].benchmark);
        assert_int_equal(settings_bool(s, "longpoll"), cases[i].longpoll);
        settings_destroy(s);
    }
}

static void negates(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_reads(s, "-url=a -nourl -nouser -nothreads -nodelay");
    assert_int_equal(settings_list_size(s, "url"), 0);
    assert_true(settings_given(s, "url"));
    assert_string_equal(settings_string(s, "user"), "");
    assert_true(settings_int(s, "threads") == 0);
    assert_true(settings_bool(s, "nodelay"));
    assert_reads(s, "-url=b -threads=3 -nonodelay");
    assert_int_equal(settings_list_size(s, "url"), 1);
    assert_string_equal(settings_list(s, "url", 0), "b");
    assert_true(settings_int(s, "threads") == 3);
    assert_false(settings_bool(s, "nodelay"));
    settings_destroy(s);
}

static void takes_options_without_their_values(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_reads(s, "--debug net -debug=rpc -debug");
    assert_string_equal(settings_list(s, "debug", 0), "1");
    assert_string_equal(settings_list(s, "debug", 1), "rpc");
    assert_string_equal(settings_list(s, "debug", 2), "1");
    assert_string_equal(settings_positional(s, 0), "net");
    assert_false(read_line(s, "-x", SETTINGS_MIXED));
    assert_true(*settings_error(s) != 0);
    assert_reads(s, "-nodebug");
    assert_string_equal(settings_error(s), "");
    assert_int_equal(settings_list_size(s, "debug"), 0);
    settings_destroy(s);
}

/* Long values are cut, and the part of a URL that is a password is not shown. */
static void shows_values_with_care(void **state)
{
    static const struct {
        const char *url, *shown;
    } cases[] = {
        {"http://host:1/", "http://host:1/"},
        {"http://user@host", "http://user@host"},
        {"http://user:@host", "http://user:****@host"},
        {"http://user:p:w@host/a@b:c", "http://user:****@host/a@b:c"},
        {"http://user:p/w@host", "http://user:****@host"},
        {"http://host/a@b", "http://host/a@b"},
        {"user:pass@host:1", "user:****@host:1"},
        {"host:1/a", "host:1/a"},
        {"\x1b[2J", "?[2J"},
    };
    char word[400], expected[400];
    struct settings *s;
    char *text;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = create();
        snprintf(word, sizeof word, "-url=%s", cases[i].url);
        snprintf(expected, sizeof expected, "url=%s (command line)\n", cases[i].shown);
        assert_reads(s, word);
        text = settings_report(s);
        assert_string_equal(text, expected);
        free(text);
        settings_destroy(s);
    }
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    memcpy(word, "-whole=", 7);
    s = create();
    assert_false(read_line(s, word, SETTINGS_MIXED));
    memcpy(expected, "-whole: \"", 9);
    memset(expected + 9, 'x', 96);
    snprintf(expected + 9 + 96, sizeof expected - 105, "...\" is not a whole number");
    assert_string_equal(settings_error(s), expected);
    settings_destroy(s);
}

static void collects_positional(void **state)
{
    struct settings *s = create();

    (void)state;
    assert_reads(s, "one -q two - -- -t -- three");
    assert_string_equal(settings_positional(s, 0), "one");
    assert_string_equal(settings_positional(s, 1), "two");
    assert_string_equal(settings_positional(s, 2), "-");
    assert_string_equal(settings_positional(s, 3), "-t");
    assert_string_equal(settings_positional(s, 4), "--");
    assert_string_equal(settings_positional(s, 5), "three");
    assert_null(settings_positional(s, 6));
    settings_destroy(s);

    s = create();
    assert_true(read_line(s, "-q getblockhash -1 -unknown", SETTINGS_OPTIONS_FIRST));
    assert_true(settings_bool(s, "quiet"));
    assert_string_equal(settings_positional(s, 0), "getblockhash");
    assert_string_equal(settings_positional(s, 1), "-1");
    assert_string_equal(settings_positional(s, 2), "-unknown");
    settings_destroy(s);
}

static void explains_errors(void **state)
{
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"--bechmark", "unknown option --bechmark; did you mean --benchmark?"},
        {"-thread=1", "unknown option -thread; did you mean -threads?"},
        {"--xyzzy=1", "unknown option --xyzzy"},
        {"-x", "unknown option -x"},
        {"---url=1", "unknown option ---url; did you mean --url?"},
        {"-=1", "unknown option -"},
        {"-no", "unknown option -no"},
        {"-phunter2", "unknown option -p...; a value follows as -p VALUE"},
        {"-phunter=2", "unknown option -p...; a value follows as -p VALUE"},
        {"-threads=5000", "-threads: 5000 is not within 0 to 1024"},
        {"-t5000", "-t5000: 5000 is not within 0 to 1024"},
        {"-t x", "-t: \"x\" is not a whole number within 0 to 1024"},
        {"--threads", "--threads needs a value: --threads=N"},
        {"-threads 4", "-threads needs a value: -threads=N"},
        {"-t", "-t needs a value: -t N"},
        {"-threads=", "-threads: \"\" is not a whole number within 0 to 1024"},
        {"-benchmark=perhaps", "-benchmark: \"perhaps\" is not a yes or no (1 or 0)"},
        {"-noport", "-noport: 0 is not within 1 to 65535"},
        {"-nouser=0", "-nouser: a double negation says no value"},
        {"-nouser=x", "-nouser: it negates, so its value can be 1 or 0 only"},
        {"-budget=0%", "-budget: 0% is not within 1% to 100%"},
        {"-budget=x", "-budget: \"x\" is not a percentage (such as 40%) within 1% to 100%"},
        {"-fee=22000000", "-fee: 22000000 is not within 0.00000000 to 21000000.00000000"},
        {"-whole=x", "-whole: \"x\" is not a whole number"},
        {"-secretport=77", "-secretport: **** is not within 1 to 9"},
        {"-threads=\xc2\x9b"
         "2J\xc2\xa0",
         "-threads: \"??2J\xc2\xa0\" is not a whole number within 0 to 1024"},
        {"-threads=\x1b[2J", "-threads: \"?[2J\" is not a whole number within 0 to 1024"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = create();

        assert_false(read_line(s, cases[i].line, SETTINGS_MIXED));
        assert_string_equal(settings_error(s), cases[i].error);
        settings_destroy(s);
    }
}

/* One value of a setting, and the number it is read as. */
struct value_case {
    const char *argument;
    bool good;
    int64_t expected;
};

static void reads_numbers(void **state)
{
    static const struct value_case cases[] = {
        {"-whole=0", true, 0},
        {"-whole=-12", true, -12},
        {"-whole=+12", true, 12},
        {"-whole=0x1F", true, 31},
        {"-whole=-0x10", true, -16},
        {"-whole=007", true, 7},
        {"-whole=false", true, 0},
        {"-whole=no", true, 0},
        {"-whole=true", false, 0},
        {"-whole=9223372036854775807", true, INT64_MAX},
        {"-whole=-9223372036854775808", true, INT64_MIN},
        {"-whole=9223372036854775808", false, 0},
        {"-whole=1.5", false, 0},
        {"-whole=1e3", false, 0},
        {"-whole=0x", false, 0},
        {"-whole=-", false, 0},
        {"-whole=--1", false, 0},
        {"-whole=1k", false, 0},
        {"-whole=0x1g", false, 0},
        {"-cache=0", true, 0},
        {"-cache=10", true, 10},
        {"-cache=10k", true, 10000},
        {"-cache=10K", true, 10240},
        {"-cache=3m", true, 3000000},
        {"-cache=3M", true, 3145728},
        {"-cache=2g", true, 2000000000},
        {"-cache=2G", true, 2147483648},
        {"-cache=1t", true, 1000000000000},
        {"-cache=1T", true, 1099511627776},
        {"-cache=8388607T", true, 8388607 * 1099511627776},
        {"-cache=8388608T", false, 0},
        {"-cache=-1", false, 0},
        {"-cache=-1k", false, 0},
        {"-cache=k", false, 0},
        {"-cache=1kk", false, 0},
        {"-cache=10MB", false, 0},
        {"-cache=99999999999999999999999999999k", false, 0},
        {"-fee=0", true, 0},
        {"-fee=1", true, 100000000},
        {"-fee=0.00000001", true, 1},
        {"-fee=0.1", true, 10000000},
        {"-fee=20999999.9769", true, 2099999997690000},
        {"-fee=21000000", true, 2100000000000000},
        {"-fee=21000000.00000001", false, 0},
        {"-fee=0.000000001", false, 0},
        {"-fee=1.", false, 0},
        {"-fee=.5", false, 0},
        {"-fee=1e-3", false, 0},
        {"-fee=-1", false, 0},
        {"-fee=1.2.3", false, 0},
        {"-fee=92233720368547758.07", false, 0},
        {"-fee=99999999999999999999", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i].argument + 1;
        char word[16] = {0};
        struct settings *s = create();

        print_message("%s\n", cases[i].argument);
        memcpy(word, name, strcspn(name, "="));
        assert_int_equal(read_line(s, cases[i].argument, SETTINGS_MIXED), cases[i].good);
        if (cases[i].good)
            assert_true(settings_int(s, word) == cases[i].expected);
        settings_destroy(s);
    }
}

static void reads_real_numbers(void **state)
{
    static const struct {
        const char *argument, *name;
        bool good;
        double expected;
    } cases[] = {
        {"-ratio=1", "ratio", true, 1},        {"-ratio=-.5", "ratio", true, -0.5},
        {"-ratio=2.5e3", "ratio", true, 2500}, {"-ratio=1e999", "ratio", false, 0},
        {"-ratio=nan", "ratio", false, 0},     {"-ratio=inf", "ratio", false, 0},
        {"-ratio=-inf", "ratio", false, 0},    {"-ratio=0x10", "ratio", false, 0},
        {"-ratio=", "ratio", false, 0},        {"-ratio=.", "ratio", false, 0},
        {"-ratio=e5", "ratio", false, 0},      {"-ratio=1,5", "ratio", false, 0},
        {"-ratio=40%", "ratio", false, 0},     {"-budget=40%", "budget", true, 40},
        {"-budget=40", "budget", true, 40},    {"-budget=0.5%", "budget", false, 0},
        {"-budget=100%", "budget", true, 100}, {"-budget=100.01%", "budget", false, 0},
        {"-budget=40%%", "budget", false, 0},  {"-budget=%", "budget", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct settings *s = create();

        print_message("%s\n", cases[i].argument);
        assert_int_equal(read_line(s, cases[i].argument, SETTINGS_MIXED), cases[i].good);
        if (cases[i].good)
            assert_true(settings_double(s, cases[i].name) == cases[i].expected);
        settings_destroy(s);
    }
}

static void bounds_what_it_takes(void **state)
{
    char *argv[2] = {(char[]){"program"}, malloc(SETTINGS_VALUE_SIZE_MAX + 100)};
    struct settings *s = create();

    (void)state;
    assert_non_null(argv[1]);
    memset(argv[1], 'x', SETTINGS_VALUE_SIZE_MAX + 100);
    memcpy(argv[1], "-user=", 6);
    argv[1][6 + SETTINGS_VALUE_SIZE_MAX] = 0;
    assert_true(settings_read_arguments(s, 2, argv, SETTINGS_MIXED));
    assert_int_equal(strlen(settings_string(s, "user")), SETTINGS_VALUE_SIZE_MAX);
    argv[1][6 + SETTINGS_VALUE_SIZE_MAX] = 'x';
    argv[1][7 + SETTINGS_VALUE_SIZE_MAX] = 0;
    assert_false(settings_read_arguments(s, 2, argv, SETTINGS_MIXED));
    assert_string_equal(settings_error(s), "-user: a value of more than 16384 bytes");
    argv[1][5] = 'x'; /* an option of 16 KiB */
    assert_false(settings_read_arguments(s, 2, argv, SETTINGS_MIXED));
    assert_memory_equal(settings_error(s), "unknown option -userx", 21);
    assert_true(strlen(settings_error(s)) < 100);
    memcpy(argv[1], "-url=x", 7);
    for (size_t i = 1; i < SETTINGS_VALUES_MAX; i++)
        assert_true(settings_read_arguments(s, 2, argv, SETTINGS_MIXED));
    assert_false(settings_read_arguments(s, 2, argv, SETTINGS_MIXED));
    assert_string_equal(settings_error(s), "more than 10000 values");
    free(argv[1]);
    settings_destroy(s);
}

static void prints_help(void **state)
{
    static const char start[] =
        "Connection options:\n\n"
        "  -o, --url=URL\n"
        "       The node to mine with. May be given several times: the first that\n"
        "       answers is used, and the others take over when it no longer does.\n\n"
        "  -u, --user=VALUE\n"
        "       User (default: miner)\n\n";
    struct settings *s = create();
    char *text = settings_help(s, "--", false);
    char *line, *rest;

    (void)state;
    assert_non_null(text);
    assert_ptr_equal(strstr(text, start), text);
    assert_non_null(strstr(text, "\n  -t, --threads=N\n       Threads (0 to 1024; default: 0)\n"));
    assert_non_null(strstr(text, "\n  --benchmark\n       Measure\n"));
    assert_null(strstr(text, "secretport"));
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        assert_true(strlen(line) <= 79);
    free(text);
    text = settings_help(s, "-", true);
    assert_non_null(strstr(text, "\n  -secretport=VALUE\n"));
    free(text);
    settings_destroy(s);
}

static void reports(void **state)
{
    struct settings *s = create();
    char *text;

    (void)state;
    assert_reads(s, "-o http://me:pa@ss@host:1/x@y -o b -p hunter2 -t 3 -nolongpoll");
    text = settings_report(s);
    assert_string_equal(text, "url=http://me:****@host:1/x@y (command line)\n"
                              "url=b (command line)\n"
                              "pass=**** (command line)\n"
                              "threads=3 (command line)\n"
                              "longpoll=0 (command line)\n");
    free(text);
    settings_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(reads_every_spelling),
        cmocka_unit_test(reads_flags),
        cmocka_unit_test(negates),
        cmocka_unit_test(collects_positional),
        cmocka_unit_test(shows_values_with_care),
        cmocka_unit_test(takes_options_without_their_values),
        cmocka_unit_test(explains_errors),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_real_numbers),
        cmocka_unit_test(bounds_what_it_takes),
        cmocka_unit_test(prints_help),
        cmocka_unit_test(reports),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
