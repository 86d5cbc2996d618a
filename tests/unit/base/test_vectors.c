/*
 * The way to the vectors: the program calls itself with the name of a file,
 * which the called one loads in a test, and looks at what that test came to.
 */
#include "tests/unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* The called program's part. */
static void loads(void **state)
{
    const char *path = *state;
    size_t size;

    if (strstr(path, ".json"))
        json_decref(vectors_load_json(path));
    else
        free(vectors_load(path, &size));
}

static int run_called(char *path)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(loads, path)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the called program says, in out; its exit status is the result. */
static int call(char out[static 4096], const char *path, const char *required)
{
    int ends[2], status;
    size_t size = 0;
    ssize_t got;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (required)
            setenv("EXS_REQUIRE_VECTORS", required, 1);
        else
            unsetenv("EXS_REQUIRE_VECTORS");
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        execl("/proc/self/exe", "test_vectors", path, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    while ((got = read(ends[0], out + size, 4095 - size)) > 0)
        size += (size_t)got;
    out[size] = 0;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

struct folder {
    char name[40];
};

static void write_file(const struct folder *f, const char *name, const char *text)
{
    char path[80];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", f->name, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
    struct folder *f = calloc(1, sizeof *f);

    assert_non_null(f);
    snprintf(f->name, sizeof f->name, "/tmp/test_vectors.XXXXXX");
    assert_non_null(mkdtemp(f->name));
    assert_int_equal(setenv("EXS_VECTORS", f->name, 1), 0);
    write_file(f, "text", "abc");
    write_file(f, "good.json", "[1, 2]");
    write_file(f, "bad.json", "[1,\n2");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const names[] = {"text", "good.json", "bad.json"};
    struct folder *f = *state;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[80];

        snprintf(path, sizeof path, "%s/%s", f->name, names[i]);
        unlink(path);
    }
    rmdir(f->name);
    free(f);
    return 0;
}

static void reads_files(void **state)
{
    struct folder *f = *state;
    char expected[80];
    uint8_t *data;
    json_t *json;
    char *path;
    size_t size;

    path = vectors_path("text");
    snprintf(expected, sizeof expected, "%s/text", f->name);
    assert_string_equal(path, expected);
    free(path);
    data = vectors_load("text", &size);
    assert_int_equal(size, 3);
    assert_string_equal((const char *)data, "abc");
    free(data);
    json = vectors_load_json("good.json");
    assert_int_equal(json_array_size(json), 2);
    json_decref(json);
}

static void skips_or_fails(void **state)
{
    char out[4096];

    (void)state;
    assert_int_equal(call(out, "text", "1"), 0);
    assert_null(strstr(out, "skipped"));
    assert_int_equal(call(out, "missing", NULL), 0);
    assert_non_null(strstr(out, "skipped: no vectors"));
    assert_int_equal(call(out, "missing", "0"), 0);
    assert_non_null(strstr(out, "skipped: no vectors"));
    assert_int_not_equal(call(out, "missing", "1"), 0);
    assert_non_null(strstr(out, "no vectors: missing"));
    assert_int_not_equal(call(out, "missing.json", "1"), 0);
    assert_int_not_equal(call(out, ".", NULL), 0); /* there, but no file */
    assert_int_not_equal(call(out, "bad.json", NULL), 0);
    assert_non_null(strstr(out, "bad.json:2: "));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_files, setup, teardown),
        cmocka_unit_test_setup_teardown(skips_or_fails, setup, teardown),
    };

    if (argc > 1)
        return run_called(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
