#include "base/log.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* A log into a file of its own, at 2009-01-03T18:15:05.000Z. */
struct fixture {
    struct clock clock;
    struct log_options options;
    struct log *log;
    char folder[64], path[80];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/test_log.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/log", f->folder);
    clock_init(&f->clock);
    clock_mock_wall_ms(&f->clock, 1231006505000);
    clock_mock_steady_ns(&f->clock, 1000);
    f->options = (struct log_options){.clock = &f->clock, .path = f->path, .fd = -1};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    log_destroy(f->log);
    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static void start(struct fixture *f)
{
    f->log = log_create(&f->options);
    assert_non_null(f->log);
}

/* What the file holds; the caller frees it. */
static char *contents(const struct fixture *f)
{
    FILE *file = fopen(f->path, "rb");
    char *text = calloc(1, 1 << 20);

    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
    fclose(file);
    return text;
}

static void assert_contents(const struct fixture *f, const char *expected)
{
    char *text = contents(f);

    assert_string_equal(text, expected);
    free(text);
}

#define DATE "2009-01-03T18:15:05.000Z "

static void writes_lines(void **state)
{
    struct fixture *f = *state;
    struct stat status;

    start(f);
    log_info(f->log, LOG_GENERAL, "started %d", 7);
    log_info(f->log, LOG_NET, "listening");
    log_warning(f->log, LOG_GENERAL, "strange");
    log_error(f->log, LOG_MINING, "failed: %s", "why");
    log_info(f->log, LOG_MINING | LOG_NET, "of both");
    log_debug(f->log, LOG_NET, "not shown");
    log_enable(f->log, LOG_NET);
    log_debug(f->log, LOG_NET, "shown");
    log_trace(f->log, LOG_NET, "not shown");
    log_enable_trace(f->log, LOG_NET);
    log_trace(f->log, LOG_NET, "%s", "shown too");
    assert_contents(f, DATE "started 7\n" DATE "[net] listening\n" DATE "[warning] strange\n" DATE
                            "[mining:error] failed: why\n" DATE "[several] of both\n" DATE
                            "[net:debug] shown\n" DATE "[net:trace] shown too\n");
    assert_int_equal(stat(f->path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(log_lost(f->log), 0);
}

static void switches_categories(void **state)
{
    struct fixture *f = *state;

    start(f);
    assert_true(log_would(f->log, LOG_LEVEL_ERROR, LOG_NET));
    assert_true(log_would(f->log, LOG_LEVEL_INFO, LOG_GENERAL));
    assert_false(log_would(f->log, LOG_LEVEL_DEBUG, LOG_GENERAL));
    log_enable(f->log, LOG_NET | LOG_RPC);
    assert_int_equal(log_enabled_categories(f->log), LOG_NET | LOG_RPC);
    assert_true(log_would(f->log, LOG_LEVEL_DEBUG, LOG_RPC));
    assert_false(log_would(f->log, LOG_LEVEL_DEBUG, LOG_HTTP));
    assert_false(log_would(f->log, LOG_LEVEL_DEBUG, LOG_GENERAL));
    log_enable_trace(f->log, LOG_HTTP); /* of no use unless it is enabled */
    assert_false(log_would(f->log, LOG_LEVEL_TRACE, LOG_HTTP));
    log_enable(f->log, LOG_ALL);
    assert_true(log_would(f->log, LOG_LEVEL_TRACE, LOG_HTTP));
    assert_true(log_would(f->log, LOG_LEVEL_DEBUG, LOG_GENERAL));
    assert_false(log_would(f->log, LOG_LEVEL_TRACE, LOG_GENERAL));
    log_disable(f->log, LOG_HTTP);
    assert_false(log_would(f->log, LOG_LEVEL_TRACE, LOG_HTTP));
    assert_false(log_would(f->log, LOG_LEVEL_DEBUG, LOG_HTTP));
}

static void knows_names(void **state)
{
    enum log_level level;
    uint32_t bits;

    (void)state;
    assert_true(log_category_parse(&bits, "net") && bits == LOG_NET);
    assert_true(log_category_parse(&bits, "stratum") && bits == LOG_STRATUM);
    assert_true(log_category_parse(&bits, "all") && bits == LOG_ALL);
    assert_true(log_category_parse(&bits, "1") && bits == LOG_ALL);
    assert_true(log_category_parse(&bits, "none") && bits == 0);
    assert_true(log_category_parse(&bits, "0") && bits == 0);
    assert_false(log_category_parse(&bits, ""));
    assert_false(log_category_parse(&bits, "nets"));
    for (uint32_t bit = 1; bit < LOG_ALL; bit *= 2) {
        assert_non_null(log_category_name(bit));
        assert_true(log_category_parse(&bits, log_category_name(bit)) && bits == bit);
    }
    assert_string_equal(log_category_name(0), "general");
    assert_null(log_category_name(LOG_NET | LOG_RPC));
    for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_TRACE; i++)
        assert_true(log_level_parse(&level, log_level_name((enum log_level)i)) && (int)level == i);
    assert_false(log_level_parse(&level, "fatal"));
}

static void cannot_be_forged(void **state)
{
    struct fixture *f = *state;

    start(f);
    log_info(f->log, LOG_NET, "agent %s", "/x/\n" DATE "[error] forged\r\x1b[2J\x7f\t");
    log_info(f->log, LOG_NET, "%s", "\xc2\x9b\xff\xc3\xa4");
    assert_contents(f,
                    DATE "[net] agent /x/\\x0a" DATE "[error] forged\\x0d\\x1b[2J\\x7f\\x09\n" DATE
                         "[net] \\xc2\\x9b\\xff\xc3\xa4\n");
}

static void writes_json(void **state)
{
    struct fixture *f = *state;
    char *text, *line, *rest;
    json_t *json;

    f->options.json = true;
    f->options.source = true;
    start(f);
    log_warning(f->log, LOG_NET, "a \"quoted\"\nline\xff\xc2\x9bm");
    log_info(f->log, LOG_GENERAL, "second");
    text = contents(f);
    line = strtok_r(text, "\n", &rest);
    json = json_loads(line, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "time")),
                        "2009-01-03T18:15:05.000Z");
    assert_string_equal(json_string_value(json_object_get(json, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(json, "category")), "net");
    assert_string_equal(json_string_value(json_object_get(json, "message")),
                        "a \"quoted\"\nline\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdm");
    assert_true(json_integer_value(json_object_get(json, "line")) > 0);
    json_decref(json);
    line = strtok_r(NULL, "\n", &rest);
    json = json_loads(line, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "category")), "general");
    json_decref(json);
    assert_null(strtok_r(NULL, "\n", &rest));
    free(text);
}

/* Messages of every length around the limits, plain and of what escapes to the most. */
static void cuts_long_lines(void **state)
{
    struct fixture *f = *state;
    static const char *const fills[] = {"x", "\x01", "\xc3\xa4", "\""};
    char message[20000];

    for (int json = 0; json < 2; json++) {
        f->options.json = json;
        for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
            for (size_t length = 500; length < 19000; length += length < 4200 ? 13 : 997) {
                char *text;

                start(f);
                for (size_t j = 0; j < length; j++)
                    message[j] = fills[i][j % strlen(fills[i])];
                message[length] = 0;
                log_info(f->log, LOG_NET, "%s", message);
                text = contents(f);
                assert_true(strlen(text) <= LOG_LINE_SIZE);
                assert_true(strlen(text) >= LOG_LINE_SIZE / 2 || strlen(text) >= length);
                assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
                if (json) {
                    json_t *value = json_loads(text, 0, NULL);

                    assert_non_null(value);
                    json_decref(value);
                } else if (length > LOG_LINE_SIZE) {
                    assert_string_equal(text + strlen(text) - 4, "...\n");
                }
                free(text);
                log_destroy(f->log);
                f->log = NULL;
                unlink(f->path);
            }
        }
    }
}

static void says_its_source(void **state)
{
    struct fixture *f = *state;
    char *text;

    f->options.source = true;
    start(f);
    log_info(f->log, LOG_GENERAL, "here");
    text = contents(f);
    assert_non_null(strstr(text, "test_log.c:"));
    assert_non_null(strstr(text, "] here\n"));
    free(text);
}

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

static void warn_often(struct log *log, int times)
{
    for (int i = 0; i < times; i++)
        log_warning(log, LOG_NET, "again");
}

static void holds_warnings_back(void **state)
{
    struct fixture *f = *state;
    char *text;

    start(f);
    warn_often(f->log, LOG_WARNING_BURST + 30);
    text = contents(f);
    assert_int_equal(count_lines(text), LOG_WARNING_BURST);
    free(text);
    log_warning(f->log, LOG_NET, "another place");
    for (int i = 0; i < LOG_WARNING_BURST + 30; i++)
        log_error(f->log, LOG_NET, "errors are not held back");
    text = contents(f);
    assert_int_equal(count_lines(text), 2 * LOG_WARNING_BURST + 31);
    free(text);

    clock_advance_steady(&f->clock, (uint64_t)LOG_WARNING_WINDOW_S * 1000000000 - 1);
    warn_often(f->log, 1);
    clock_advance_steady(&f->clock, 1);
    warn_often(f->log, 2);
    text = contents(f);
    assert_int_equal(count_lines(text), 2 * LOG_WARNING_BURST + 33);
    assert_non_null(strstr(text, "again (31 like this held back)\n" DATE "[net:warning] again\n"));
    free(text);
}

/* More places than are counted: each still warns. */
static void forgets_old_places(void **state)
{
    struct fixture *f = *state;
    char *text;

    start(f);
    for (int line = 1; line <= 200; line++) {
        clock_advance_steady(&f->clock, 1);
        log_write(f->log, LOG_LEVEL_WARNING, LOG_NET, "file.c", line, "line %d", line);
    }
    text = contents(f);
    assert_int_equal(count_lines(text), 200);
    free(text);
}

static void reopens(void **state)
{
    struct fixture *f = *state;
    char old[100];

    start(f);
    log_info(f->log, LOG_GENERAL, "before");
    snprintf(old, sizeof old, "%s.1", f->path);
    assert_int_equal(rename(f->path, old), 0);
    log_info(f->log, LOG_GENERAL, "still to the old one");
    assert_true(log_reopen(f->log));
    log_info(f->log, LOG_GENERAL, "after");
    assert_contents(f, DATE "after\n");
    unlink(old);

    /* The folder is gone: the old file stays. */
    unlink(f->path);
    assert_int_equal(rmdir(f->folder), 0);
    assert_false(log_reopen(f->log));
    assert_int_equal(errno, ENOENT);
    log_info(f->log, LOG_GENERAL, "still works");
    assert_int_equal(log_lost(f->log), 0);
    assert_int_equal(mkdir(f->folder, 0700), 0);
}

static void cannot_open(void **state)
{
    struct fixture *f = *state;

    f->options.path = "/nonexistent/folder/log";
    errno = 0;
    assert_null(log_create(&f->options));
    assert_int_equal(errno, ENOENT);
}

static void counts_lost_lines(void **state)
{
    struct fixture *f = *state;
    int full = open("/dev/full", O_WRONLY);

    if (full < 0)
        skip();
    f->options.path = NULL;
    f->options.fd = full;
    start(f);
    errno = 77;
    log_info(f->log, LOG_GENERAL, "nowhere to go");
    assert_int_equal(errno, 77);
    assert_int_equal(log_lost(f->log), 1);
    close(full);
}

/* The disk is full within a line, and then has room again: the next line is one of its own. */
static void begins_anew_after_a_cut_line(void **state)
{
    struct fixture *f = *state;
    struct rlimit unlimited, limit;

    start(f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    limit = unlimited;
    limit.rlim_cur = sizeof DATE "first\n" - 1 + 5;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_info(f->log, LOG_GENERAL, "first");
    log_info(f->log, LOG_GENERAL, "second");
    log_info(f->log, LOG_GENERAL, "third");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_DFL);
    log_info(f->log, LOG_GENERAL, "fourth");
    assert_contents(f, DATE "first\n2009-\n" DATE "fourth\n");
    assert_int_equal(log_lost(f->log), 2);
}

static void writes_to_a_descriptor_too(void **state)
{
    struct fixture *f = *state;
    char text[200] = {0};
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    f->options.fd = ends[1];
    start(f);
    log_info(f->log, LOG_GENERAL, "twice");
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    assert_string_equal(text, DATE "twice\n");
    assert_contents(f, DATE "twice\n");
    close(ends[0]);
    close(ends[1]);
}

static int evaluated(int *count) { return ++*count; }

static void swallows(void **state)
{
    struct log *none = NULL;
    int count = 0;

    (void)state;
    log_error(none, LOG_NET, "%d", evaluated(&count));
    log_write(none, LOG_LEVEL_ERROR, LOG_NET, "f", 1, "x");
    assert_int_equal(count, 0);
    assert_true(log_reopen(none));
    assert_true(log_lost(none) == 0);
    log_enable(none, LOG_ALL);
    log_disable(none, LOG_ALL);
    log_enable_trace(none, LOG_ALL);
    assert_int_equal(log_enabled_categories(none), 0);
    assert_false(log_would(none, LOG_LEVEL_ERROR, LOG_GENERAL));
    log_destroy(none);
}

static void evaluates_only_what_it_writes(void **state)
{
    struct fixture *f = *state;
    int count = 0;

    start(f);
    log_debug(f->log, LOG_NET, "%d", evaluated(&count));
    assert_int_equal(count, 0);
    log_info(f->log, LOG_NET, "%d", evaluated(&count));
    assert_int_equal(count, 1);
}

enum { THREADS = 4, LINES = 500 };

static void *log_lines(void *argument)
{
    struct log *log = argument;

    for (int i = 0; i < LINES; i++) {
        log_info(log, LOG_ENGINE, "a line that must stay whole %d", i);
        log_debug(log, LOG_NET, "sometimes");
        if (i % 100 == 0) {
            log_enable(log, LOG_NET);
            log_disable(log, LOG_NET);
            log_reopen(log);
        }
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    char *text, *line, *rest;
    unsigned whole = 0;

    start(f);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_lines, f->log), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    text = contents(f);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_memory_equal(line, DATE, strlen(DATE));
        whole += strncmp(line + strlen(DATE), "[engine] a line that must stay whole ", 37) == 0;
    }
    assert_int_equal(whole, THREADS * LINES);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(switches_categories, setup, teardown),
        cmocka_unit_test(knows_names),
        cmocka_unit_test_setup_teardown(cannot_be_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_json, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_long_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(says_its_source, setup, teardown),
        cmocka_unit_test_setup_teardown(holds_warnings_back, setup, teardown),
        cmocka_unit_test_setup_teardown(forgets_old_places, setup, teardown),
        cmocka_unit_test_setup_teardown(reopens, setup, teardown),
        cmocka_unit_test_setup_teardown(cannot_open, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_lost_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(begins_anew_after_a_cut_line, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_to_a_descriptor_too, setup, teardown),
        cmocka_unit_test(swallows),
        cmocka_unit_test_setup_teardown(evaluates_only_what_it_writes, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_share_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
