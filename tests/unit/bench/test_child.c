#include "bench/child.h"

#include "base/clock.h"
#include "bench/against.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct heard {
    char text[256];
    size_t used, total;
};

static void hear(void *context, const char *data, size_t size)
{
    struct heard *h = context;
    size_t room = sizeof(h->text) - 1 - h->used, taken = size < room ? size : room;

    memcpy(h->text + h->used, data, taken);
    h->used += taken;
    h->total += size;
}

static unsigned last_cpu(void)
{
    cpu_set_t set;
    unsigned cpu = CPU_SETSIZE - 1;

    assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
    while (!CPU_ISSET(cpu, &set))
        cpu--;
    return cpu;
}

/* Runs a shell script for so many seconds at most. */
static struct child_end run_script(struct heard *h, const char *script, double seconds)
{
    char *words[] = {(char[]){"sh"}, (char[]){"-c"}, strdup(script), NULL};
    const unsigned cpu = last_cpu();
    char error[BENCH_ERROR_SIZE] = "";
    struct child_end end;
    bool started;

    *h = (struct heard){0};
    started = child_run(&end, words, &cpu, 1, seconds, 1 << 20, hear, h, error);
    free(words[2]);
    assert_string_equal(error, "");
    assert_true(started);
    return end;
}

static void hears_both_outputs(void **state)
{
    struct heard h;
    struct child_end end = run_script(&h, "echo a; echo b >&2; cat; exit 7", 60);

    (void)state;
    assert_int_equal(end.how, CHILD_EXITED);
    assert_int_equal(end.status, 7);
    assert_string_equal(h.text, "a\nb\n");
    assert_true(end.seconds > 0 && end.seconds < 30);
}

static void pins_the_child_alone(void **state)
{
    cpu_set_t before, after;
    struct heard h;
    char expected[64];

    (void)state;
    sched_getaffinity(0, sizeof(before), &before);
    run_script(&h, "grep Cpus_allowed_list: /proc/self/status", 60);
    sched_getaffinity(0, sizeof(after), &after);
    snprintf(expected, sizeof(expected), "Cpus_allowed_list:\t%u\n", last_cpu());
    assert_string_equal(h.text, expected);
    assert_true(CPU_EQUAL(&before, &after));
}

/* Every other CPU of this process, where it has one. */
static void sees_who_chooses_other_cpus(void **state)
{
    cpu_set_t set;
    struct heard h;

    (void)state;
    sched_getaffinity(0, sizeof(set), &set);
    if (CPU_COUNT(&set) < 2)
        skip();
    assert_false(run_script(&h, "sleep 1", 60).unpinned);
    assert_true(run_script(&h, "taskset -p ffffffff $$ >&2; sleep 1; :", 60).unpinned);
}

static void stops_what_hangs(void **state)
{
    struct heard h;
    uint64_t began = clock_monotonic_ns();
    struct child_end end = run_script(&h, "echo early; sleep 1000", 0.3);

    (void)state;
    assert_int_equal(end.how, CHILD_TIMEOUT);
    assert_string_equal(h.text, "early\n");
    assert_true(clock_monotonic_ns() - began < 30 * UINT64_C(1000000000));
}

static void kills_what_ignores_it(void **state)
{
    struct heard h;
    struct child_end end = run_script(
        &h, "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 1000' & wait; sleep 1000", 0.3);
    pid_t grandchild = (pid_t)strtol(h.text, NULL, 10);

    (void)state;
    assert_int_equal(end.how, CHILD_TIMEOUT);
    assert_true(grandchild > 1);
    /* It was killed with the group; until somebody reaps it, it is still known. */
    for (int i = 0; i < 500 && kill(grandchild, 0) == 0; i++) {
        char path[64], line[256] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)grandchild);
        file = fopen(path, "r");
        if (!file || !fgets(line, sizeof(line), file) || strstr(line, ") Z "))
            i = 1000;
        else
            assert_true(i < 499);
        if (file)
            fclose(file);
        usleep(10000);
    }
}

static void does_not_wait_for_who_holds_the_pipe(void **state)
{
    struct heard h;
    struct child_end end = run_script(&h, "sleep 1000 & echo done", 60);

    (void)state;
    assert_int_equal(end.how, CHILD_EXITED);
    assert_string_equal(h.text, "done\n");
    assert_true(end.seconds < 30);
}

static void bounds_output(void **state)
{
    struct heard h;
    struct child_end end = run_script(&h, "yes", 60);

    (void)state;
    assert_int_equal(end.how, CHILD_TOO_MUCH);
    assert_true(h.total <= 1 << 20);
}

static void tells_signals_apart(void **state)
{
    struct heard h;
    struct child_end end = run_script(&h, "kill -ABRT $$", 60);

    (void)state;
    assert_int_equal(end.how, CHILD_KILLED);
    assert_int_equal(end.status, SIGABRT);
}

static void says_what_cannot_start(void **state)
{
    char *words[] = {(char[]){"/nonexistent/miner"}, NULL};
    const unsigned cpu = last_cpu();
    char error[BENCH_ERROR_SIZE] = "";
    struct child_end end;

    (void)state;
    assert_false(child_run(&end, words, &cpu, 1, 1, 100, hear, NULL, error));
    assert_non_null(strstr(error, "/nonexistent/miner"));
    assert_non_null(strstr(error, strerror(ENOENT)));
}

static void splits_command_lines(void **state)
{
    static const struct {
        const char *command;
        const char *words; /* joined by | ; NULL: an error */
    } cases[] = {
        {"a", "a"},
        {"  a  b\tc\n", "a|b|c"},
        {"a 'b c' \"d e\"", "a|b c|d e"},
        {"a b'c d'e", "a|bc de"},
        {"a '' b", "a||b"},
        {"a \\'b \"c\\\"d\" 'e\\f'", "a|'b|c\"d|e\\f"},
        {"a $HOME *", "a|$HOME|*"},
        {"a\\", "a\\"},
        {"", NULL},
        {" \t", NULL},
        {"a 'b", NULL},
        {"a \"b", NULL},
        {"a \"b\\\"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct against_words words;
        char error[BENCH_ERROR_SIZE], joined[128] = "";
        bool good = against_split(&words, cases[i].command, error);

        assert_int_equal(good, cases[i].words != NULL);
        if (!good)
            continue;
        for (size_t w = 0; w < words.count; w++)
            snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%s", w ? "|" : "",
                     words.word[w]);
        assert_string_equal(joined, cases[i].words);
        assert_null(words.word[words.count]);
        against_free(&words);
    }
}

static void fills_in_what_is_measured(void **state)
{
    static const unsigned cpus[] = {9, 0, 3}, first[] = {0}, far[] = {131};
    struct against_words words;
    char error[BENCH_ERROR_SIZE];

    (void)state;
    assert_true(against_split(&words, "a -t{threads}{threads} {cpus} {mask}, {mas", error));
    against_fill_in(&words, cpus, 3);
    assert_string_equal(words.word[1], "-t33");
    assert_string_equal(words.word[2], "9,0,3");
    assert_string_equal(words.word[3], "0x209,");
    assert_string_equal(words.word[4], "{mas");
    against_free(&words);
    assert_true(against_split(&words, "{mask}", error));
    against_fill_in(&words, first, 1);
    assert_string_equal(words.word[0], "0x1");
    against_free(&words);
    assert_true(against_split(&words, "{mask}", error));
    against_fill_in(&words, far, 1);
    assert_string_equal(words.word[0], "0x800000000000000000000000000000000");
    against_free(&words);
}

static void bounds_command_lines(void **state)
{
    char command[2 * (AGAINST_WORDS + 1) + 1], error[BENCH_ERROR_SIZE];
    struct against_words words;

    (void)state;
    for (size_t i = 0; i < sizeof(command) - 1; i++)
        command[i] = i % 2 ? ' ' : 'x';
    command[sizeof(command) - 1] = 0;
    assert_false(against_split(&words, command, error));
    command[2 * AGAINST_WORDS] = 0;
    assert_true(against_split(&words, command, error));
    assert_int_equal(words.count, AGAINST_WORDS);
    against_free(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hears_both_outputs),
        cmocka_unit_test(pins_the_child_alone),
        cmocka_unit_test(sees_who_chooses_other_cpus),
        cmocka_unit_test(stops_what_hangs),
        cmocka_unit_test(kills_what_ignores_it),
        cmocka_unit_test(does_not_wait_for_who_holds_the_pipe),
        cmocka_unit_test(bounds_output),
        cmocka_unit_test(tells_signals_apart),
        cmocka_unit_test(says_what_cannot_start),
        cmocka_unit_test(splits_command_lines),
        cmocka_unit_test(fills_in_what_is_measured),
        cmocka_unit_test(bounds_command_lines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
