#include "base/arena.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdalign.h>
#include <stdbool.h>

enum { ALIGNMENT = alignof(max_align_t) };

static bool is_zero(const unsigned char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

/* Pieces of all sizes, each zeroed and aligned, none over another. */
static void gives_pieces(void **state)
{
    struct random r = random_create("arena");
    unsigned char *piece[500];
    size_t size[500];
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    for (size_t i = 0; i < 500; i++) {
        size[i] = random_below(&r, i % 10 ? 200 : 30000);
        piece[i] = arena_alloc(&a, size[i]);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % ALIGNMENT, 0);
        assert_true(is_zero(piece[i], size[i]));
        memset(piece[i], (int)(i % 255) + 1, size[i]);
    }
    for (size_t i = 0; i < 500; i++)
        for (size_t j = 0; j < size[i]; j++)
            assert_int_equal(piece[i][j], i % 255 + 1);
    arena_free(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 1));
    arena_free(&a);
    arena_free(&a);
}

static void uses_the_buffer_first(void **state)
{
    unsigned char buffer[256];
    struct arena a;

    (void)state;
    memset(buffer, 0xaa, sizeof buffer);
    arena_init_buffer(&a, buffer + 1, sizeof buffer - 1, 0);
    for (int i = 0; i < 3; i++) {
        unsigned char *piece = arena_alloc(&a, 64);

        assert_true(piece >= buffer && piece + 64 <= buffer + sizeof buffer);
        assert_int_equal((uintptr_t)piece % ALIGNMENT, 0);
        assert_true(is_zero(piece, 64));
    }
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 64));
    assert_true(a.used >= 64);
    arena_free(&a);

    arena_init_buffer(&a, NULL, 0, 1); /* neither a buffer nor room */
    assert_null(arena_alloc(&a, 64));
    arena_free(&a);
}

static void keeps_the_limit(void **state)
{
    struct arena a;
    size_t got = 0;

    (void)state;
    arena_init(&a, 10000);
    assert_null(arena_alloc(&a, 10001));
    while (arena_alloc(&a, 96))
        got += 96;
    assert_true(got > 9000 && got <= 10000);
    assert_true(a.used <= 10000);
    arena_free(&a);
    assert_non_null(arena_alloc(&a, 10000));
    assert_null(arena_alloc(&a, 1));
    arena_free(&a);
}

static void refuses_what_overflows(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    assert_null(arena_array(&a, SIZE_MAX, SIZE_MAX));
    assert_non_null(arena_array(&a, 0, SIZE_MAX));
    assert_non_null(arena_array(&a, 3, 5));
    arena_free(&a);
}

static void copies_texts(void **state)
{
    struct arena a;
    char long_text[5000];
    char *empty;

    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = 0;
    arena_init(&a, 0);
    assert_string_equal(arena_string(&a, "abc"), "abc");
    assert_memory_equal(arena_copy(&a, "a\0b", 3), "a\0b", 3);
    assert_non_null(arena_copy(&a, NULL, 0));
    assert_string_equal(arena_format(&a, "%d %s", 7, "seven"), "7 seven");
    assert_string_equal(arena_format(&a, "%s", long_text), long_text);
    empty = arena_format(&a, "%s", "");
    assert_string_equal(empty, "");
    arena_free(&a);

    arena_init(&a, 4);
    assert_null(arena_string(&a, "abcd"));
    assert_null(arena_format(&a, "%s", "abcd"));
    assert_null(arena_copy(&a, "abcde", 5));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_pieces),    cmocka_unit_test(uses_the_buffer_first),
        cmocka_unit_test(keeps_the_limit), cmocka_unit_test(refuses_what_overflows),
        cmocka_unit_test(copies_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
