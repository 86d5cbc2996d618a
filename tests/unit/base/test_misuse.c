/* Misuse ends the program, in a release too: each case runs in a process of its own. */
#include "base/json_writer.h"
#include "base/settings.h"
#include "base/uint256.h"
#include "base/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether the function ends in abort. */
static bool aborts(void (*misuse)(void))
{
    const struct rlimit no_core = {0, 0};
    int status;
    pid_t child;

    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka and the sanitizers may catch it */
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        misuse();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void value_without_key(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_object(&w);
    json_writer_null(&w);
}

static void key_in_array(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    json_writer_key(&w, "x");
}

static void key_without_value(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_object(&w);
    json_writer_key(&w, "x");
    json_writer_close_object(&w);
}

static void two_keys(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_object(&w);
    json_writer_key(&w, "x");
    json_writer_key(&w, "y");
}

static void wrong_bracket(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    json_writer_close_object(&w);
}

static void nothing_to_close(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_close_array(&w);
}

static void two_documents(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_null(&w);
    json_writer_null(&w);
}

static void unfinished_document(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    json_writer_finish(&w);
}

static void nested_too_deeply(void)
{
    struct json_writer w;

    json_writer_init(&w, 0);
    for (int i = 0; i <= JSON_WRITER_DEPTH; i++)
        json_writer_open_array(&w);
}

static void json_structure_is_asserted(void **state)
{
    (void)state;
    assert_true(aborts(value_without_key));
    assert_true(aborts(key_in_array));
    assert_true(aborts(key_without_value));
    assert_true(aborts(two_keys));
    assert_true(aborts(wrong_bracket));
    assert_true(aborts(nothing_to_close));
    assert_true(aborts(two_documents));
    assert_true(aborts(unfinished_document));
    assert_true(aborts(nested_too_deeply));
}

static void create_settings(struct setting first, struct setting second)
{
    const struct setting table[] = {first, second};

    settings_destroy(settings_create(table, 2));
}

static void equal_names(void)
{
    create_settings((struct setting){.name = "one", .type = SETTING_BOOL, .help = "h"},
                    (struct setting){.name = "one", .type = SETTING_BOOL, .help = "h"});
}

static void equal_letters(void)
{
    create_settings((struct setting){.name = "one", .letter = 'x', .help = "h"},
                    (struct setting){.name = "two", .letter = 'x', .help = "h"});
}

static void equal_paths(void)
{
    create_settings((struct setting){.name = "one", .path = "two", .help = "h"},
                    (struct setting){.name = "two", .help = "h"});
}

static void default_out_of_bounds(void)
{
    create_settings(
        (struct setting){.name = "one", .help = "h"},
        (struct setting){
            .name = "two", .type = SETTING_INT, .min = 1, .max = 2, .fallback = "3", .help = "h"});
}

static void sound_table(void)
{
    create_settings((struct setting){.name = "one", .help = "h"},
                    (struct setting){.name = "two", .help = "h"});
}

static void unknown_name(void) { settings_bool(settings_create(NULL, 0), "one"); }

static void wrong_type(void)
{
    static const struct setting table[] = {{.name = "one", .type = SETTING_BOOL, .help = "h"}};

    settings_int(settings_create(table, 1), "one");
}

static void settings_tables_are_asserted(void **state)
{
    (void)state;
    assert_true(aborts(equal_names));
    assert_true(aborts(equal_letters));
    assert_true(aborts(equal_paths));
    assert_true(aborts(default_out_of_bounds));
    assert_true(aborts(unknown_name));
    assert_true(aborts(wrong_type));
    assert_false(aborts(sound_table));
}

static void divide_by_zero(void) { uint256_div(uint256_from_u64(1), uint256_from_u64(0)); }

static void division_by_zero_is_asserted(void **state)
{
    (void)state;
    assert_true(aborts(divide_by_zero));
}

static int evaluations;

static bool evaluate(bool result)
{
    evaluations++;
    return result;
}

static void check_falsehood(void) { VERIFY_CHECK(evaluate(false)); }

/* VERIFY_CHECK is executed in the verify build, and there alone. */
static void invariants_are_executed(void **state)
{
#ifdef EXS_VERIFY
    const bool executed = true;
#else
    const bool executed = false;
#endif

    (void)state;
    assert_true(evaluate(true));
    VERIFY_CHECK(evaluate(true));
    assert_int_equal(evaluations, executed ? 2 : 1);
    assert_int_equal(aborts(check_falsehood), executed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_structure_is_asserted),
        cmocka_unit_test(settings_tables_are_asserted),
        cmocka_unit_test(division_by_zero_is_asserted),
        cmocka_unit_test(invariants_are_executed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
