/*
 * What base does where memory lacks: each scene is played again and again, and
 * each time another of its allocations fails. The linker puts the functions
 * here before malloc, calloc and realloc as base calls them.
 */
#include "base/arena.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct {
    size_t calls;
    size_t fail_at; /* the call that fails, from 1; 0: none */
} heap;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool heap_fails(void) { return ++heap.calls == heap.fail_at; }

void *__wrap_malloc(size_t size) { return heap_fails() ? NULL : __real_malloc(size); }

void *__wrap_calloc(size_t count, size_t size)
{
    return heap_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return heap_fails() ? NULL : __real_realloc(old, size);
}

/* Plays the scene, which says whether it got what it wanted, until nothing fails any more. */
static void play(bool (*scene)(void))
{
    size_t failures = 0;

    for (heap.fail_at = 1;; heap.fail_at++) {
        bool good;

        heap.calls = 0;
        good = scene();
        if (heap.calls < heap.fail_at) {
            assert_true(good);
            break;
        }
        assert_false(good);
        failures++;
    }
    heap.fail_at = 0;
    assert_true(failures > 0);
    print_message("%zu allocations\n", failures);
}

static bool fill_arena(void)
{
    struct arena a;
    bool good = true;

    arena_init(&a, 0);
    for (size_t i = 0; i < 200; i++)
        good = arena_alloc(&a, 100) && good;
    good = arena_string(&a, "text") && good;
    good = arena_format(&a, "%d", 1) && good;
    arena_free(&a);
    return good;
}

/* An arena goes on after a failure: smaller pieces may still fit. */
static void arena_reports_it(void **state)
{
    (void)state;
    play(fill_arena);
}

static bool write_json(void)
{
    struct json_writer w;
    bool good;

    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    for (int i = 0; i < 1000; i++)
        json_writer_string(&w, "an element of an array");
    json_writer_close_array(&w);
    good = json_writer_finish(&w);
    json_writer_free(&w);
    return good;
}

static bool count_bytes(void *context, const char *text, size_t size)
{
    (void)text;
    *(size_t *)context += size;
    return true;
}

static bool stream_json(void)
{
    struct json_writer w;
    size_t size = 0;
    bool good;

    json_writer_init_sink(&w, count_bytes, &size);
    json_writer_open_array(&w);
    for (int i = 0; i < 1000; i++)
        json_writer_string(&w, "an element of an array");
    json_writer_close_array(&w);
    good = json_writer_finish(&w);
    assert_true(!good || size == 25001);
    json_writer_free(&w);
    return good;
}

static void json_writer_stays_failed(void **state)
{
    (void)state;
    play(write_json);
    play(stream_json);
}

static bool use_log(void)
{
    struct clock clock;
    struct log_options options = {.clock = &clock, .fd = -1, .json = true};
    struct log *log;

    clock_init(&clock);
    log = log_create(&options);
    if (!log)
        return false;
    log_info(log, LOG_NET, "logging itself takes no memory");
    log_destroy(log);
    return true;
}

static void log_needs_none_to_write(void **state)
{
    (void)state;
    play(use_log);
    heap.calls = 0;
    use_log();
    assert_int_equal(heap.calls, 1);
}

static const struct setting table[] = {
    {.name = "text", .type = SETTING_STRING, .help = "A text"},
    {.name = "list", .type = SETTING_LIST, .help = "A list"},
};

static bool read_settings(struct settings *s)
{
    static char words[][12] = {"program", "-text=x", "positional", "-list=a"};
    char *argv[] = {words[0], words[1], words[2], words[3], words[2]};
    static const char yaml[] =
        "text: y\nlist: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]\n";
    static const char conf[] = "unknown=1\nlist=c\n[regtest]\ntext=z\n";

    for (int i = 0; i < 300; i++)
        if (!settings_read_arguments(s, 5, argv, SETTINGS_MIXED))
            return false;
    return settings_read_yaml(s, "y", bytes_of(yaml, sizeof yaml - 1)) &&
           settings_read_conf(s, "c", bytes_of(conf, sizeof conf - 1));
}

static bool use_settings(void)
{
    struct settings *s = settings_create(table, sizeof table / sizeof *table);
    bool good;

    if (!s)
        return false;
    good = read_settings(s);
    assert_true(good || *settings_error(s));
    settings_destroy(s);
    return good;
}

static void settings_say_so(void **state)
{
    (void)state;
    play(use_settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_reports_it),
        cmocka_unit_test(json_writer_stays_failed),
        cmocka_unit_test(log_needs_none_to_write),
        cmocka_unit_test(settings_say_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
