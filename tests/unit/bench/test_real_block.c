/* Blocks from files: what they are found to hold, and everything that is no such file. */
#include "bench/real_block.h"
#include "tests/unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "mainnet-24835"

/* A folder with one block, whose two files a test writes as it likes. */
static struct world {
    char folder[64], raw_path[128], undo_path[128];
    uint8_t *raw, *undo;
    size_t raw_size, undo_size;
} w;

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void write_files(void)
{
    write_file(w.raw_path, w.raw, w.raw_size);
    write_file(w.undo_path, w.undo, w.undo_size);
}

/* The vectors, or the test is skipped; each test begins with it. */
static void open_world(void)
{
    w.raw = vectors_load("blocks/" NAME ".raw", &w.raw_size);
    w.undo = vectors_load("blocks/" NAME "-undo.raw", &w.undo_size);
    snprintf(w.folder, sizeof(w.folder), "/tmp/exs-real-block-XXXXXX");
    assert_non_null(mkdtemp(w.folder));
    snprintf(w.raw_path, sizeof(w.raw_path), "%s/%s.raw", w.folder, NAME);
    snprintf(w.undo_path, sizeof(w.undo_path), "%s/%s-undo.raw", w.folder, NAME);
    write_files();
}

static int close_world(void **state)
{
    (void)state;
    if (w.folder[0]) {
        unlink(w.raw_path);
        unlink(w.undo_path);
        rmdir(w.folder);
    }
    free(w.raw);
    free(w.undo);
    memset(&w, 0, sizeof(w));
    return 0;
}

static void expect_error(const char *folder, const char *name, const char *text)
{
    struct real_block b;
    char error[REAL_BLOCK_ERROR_SIZE] = "";

    if (real_block_load(&b, folder, name, &kernels_generic, error) || !strstr(error, text))
        fail_msg("%s: \"%s\" where \"%s\" is right", name, error, text);
}

static void loads(void **state)
{
    struct real_block b;
    char error[REAL_BLOCK_ERROR_SIZE];

    (void)state;
    open_world();
    if (!real_block_load(&b, w.folder, NAME, &kernels_generic, error))
        fail_msg("%s", error);
    assert_string_equal(b.name, NAME);
    assert_string_equal(b.context.place.params->name, "main");
    assert_int_equal(b.context.place.height, 24835);
    assert_int_equal(b.raw.size, w.raw_size);
    /* Each of its inputs has one signature, and all are good. */
    assert_true(b.context.spent_count > 10);
    assert_int_equal(b.count, b.context.spent_count);
    for (size_t i = 0; i < b.count; i++)
        assert_int_equal(b.good[i], 1);
    real_block_free(&b);
}

static void refuses_names(void **state)
{
    static const char *const names[] = {"",
                                        "x",
                                        "mainnet",
                                        "mainnet-",
                                        "mainnet-x",
                                        "mainnet-0",
                                        "mainnet-1x",
                                        "mainnet--1",
                                        "mainnet- 1",
                                        "-1",
                                        "mainnet-99999999999",
                                        "nonet-1",
                                        "mainnet-99999999999999999999",
                                        "mainnet-00000000000000000000000000001"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        expect_error("/nonexistent", names[i], "is no block");
    expect_error("/nonexistent", "mainnet-1", "No such file");
    expect_error("/nonexistent", "testnet3-1", "No such file");
    expect_error("/nonexistent", "excalibur-2147483647", "No such file");
}

static void refuses_blocks(void **state)
{
    uint8_t *large = calloc(1, MAX_BLOCK_SERIALIZED_SIZE + 1);

    (void)state;
    assert_non_null(large);
    open_world();
    write_file(w.raw_path, w.raw, w.raw_size - 1);
    expect_error(w.folder, NAME, "is no block");
    write_file(w.raw_path, "", 0);
    expect_error(w.folder, NAME, "is no block");
    write_file(w.raw_path, large, MAX_BLOCK_SERIALIZED_SIZE + 1);
    expect_error(w.folder, NAME, "more than 4000000 bytes");
    free(large);
    unlink(w.raw_path);
    expect_error(w.folder, NAME, "No such file");
    write_files();
    unlink(w.undo_path);
    expect_error(w.folder, NAME, "No such file");
}

static void refuses_outputs(void **state)
{
    uint8_t *twice;

    (void)state;
    open_world();
    twice = malloc(2 * w.undo_size);
    assert_non_null(twice);
    memcpy(twice, w.undo, w.undo_size);
    memcpy(twice + w.undo_size, w.undo, w.undo_size);
    write_file(w.undo_path, twice, 2 * w.undo_size);
    free(twice);
    expect_error(w.folder, NAME, "does not hold one output for each input");
    write_file(w.undo_path, "", 0);
    expect_error(w.folder, NAME, "does not hold one output for each input");
    write_file(w.undo_path, w.undo, w.undo_size - 1);
    expect_error(w.folder, NAME, "does not hold one output for each input");
}

/* Of the first input, the script that it spends has another key, or the signature another byte. */
static void refuses_what_is_not_signed(void **state)
{
    static const uint8_t der[] = {0x30, 0x45};

    (void)state;
    open_world();
    w.undo[w.undo_size - 10] ^= 1;
    write_files();
    expect_error(w.folder, NAME, "a script fails");
    w.undo[w.undo_size - 10] ^= 1;
    for (size_t i = 200; i + 40 < w.raw_size; i++) {
        if (memcmp(w.raw + i, der, sizeof(der)))
            continue;
        w.raw[i + 10] ^= 1;
        break;
    }
    write_files();
    expect_error(w.folder, NAME, "a script fails");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(loads, close_world),
        cmocka_unit_test(refuses_names),
        cmocka_unit_test_teardown(refuses_blocks, close_world),
        cmocka_unit_test_teardown(refuses_outputs, close_world),
        cmocka_unit_test_teardown(refuses_what_is_not_signed, close_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
