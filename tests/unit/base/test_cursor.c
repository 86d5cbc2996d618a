#include "base/cursor.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void reads_integers(void **state)
{
    static const uint8_t data[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                   0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x8f};
    struct cursor c = cursor_of(data, sizeof data);

    (void)state;
    assert_int_equal(cursor_u8(&c), 0x01);
    assert_int_equal(cursor_le16(&c), 0x0302);
    assert_int_equal(cursor_le32(&c), 0x07060504);
    assert_false(cursor_done(&c));
    assert_int_equal(cursor_left(&c), 8);
    assert_true(cursor_le64(&c) == 0x8f0e0d0c0b0a0908);
    assert_true(cursor_done(&c));
}

static void stays_failed(void **state)
{
    static const uint8_t data[] = {1, 2, 3, 4};
    struct cursor c = cursor_of(data, sizeof data);
    uint8_t out[4] = {9, 9, 9, 9};

    (void)state;
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_le32(&c), 0);
    assert_true(c.failed);
    assert_int_equal(cursor_left(&c), 0);
    assert_int_equal(cursor_u8(&c), 0);
    assert_int_equal(cursor_le16(&c), 0);
    assert_int_equal(cursor_le32(&c), 0);
    assert_true(cursor_le64(&c) == 0);
    assert_true(cursor_compact_size(&c) == 0);
    assert_null(cursor_bytes(&c, 1).data);
    cursor_copy(&c, out, sizeof out);
    assert_memory_equal(out, "\0\0\0\0", 4);
    assert_false(cursor_done(&c));
    assert_ptr_equal(c.at, data + 1);
}

static void takes_views(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    struct cursor c = cursor_of(data, sizeof data);
    struct bytes view = cursor_bytes(&c, 2);

    (void)state;
    assert_ptr_equal(view.data, data);
    assert_int_equal(view.size, 2);
    assert_int_equal(cursor_bytes(&c, 0).size, 0);
    assert_false(c.failed);
    assert_int_equal(cursor_bytes(&c, UINT64_MAX).size, 0);
    assert_true(c.failed);
}

static void takes_nothing(void **state)
{
    struct cursor c = cursor_of(NULL, 0);

    (void)state;
    assert_true(cursor_done(&c));
    cursor_copy(&c, NULL, 0);
    assert_int_equal(cursor_bytes(&c, 0).size, 0);
    assert_true(cursor_done(&c));
    cursor_u8(&c);
    assert_false(cursor_done(&c));
}

static void copies(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    struct cursor c = cursor_of(data, sizeof data);
    uint8_t out[3] = {0};

    (void)state;
    cursor_copy(&c, out, 3);
    assert_memory_equal(out, data, 3);
    assert_true(cursor_done(&c));
    c = cursor_of(data, sizeof data);
    cursor_fail(&c);
    assert_false(cursor_done(&c));
}

/* Core, serialize_tests.cpp (noncanonical) and the edges of each form. */
static void reads_compact_sizes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        uint64_t value;
        bool number, is_size; /* whether each of the two readings takes it */
    } cases[] = {
        {"\x00", 1, 0, true, true},
        {"\xfc", 1, 0xfc, true, true},
        {"\xfd\xfd\x00", 3, 0xfd, true, true},
        {"\xfd\xff\xff", 3, 0xffff, true, true},
        {"\xfe\x00\x00\x01\x00", 5, 0x10000, true, true},
        {"\xfe\x00\x00\x00\x02", 5, 0x02000000, true, true},
        {"\xfe\x01\x00\x00\x02", 5, 0x02000001, true, false},
        {"\xfe\xff\xff\xff\xff", 5, 0xffffffff, true, false},
        {"\xff\x00\x00\x00\x00\x01\x00\x00\x00", 9, 0x100000000, true, false},
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, UINT64_MAX, true, false},
        {"\xfd\x00\x00", 3, 0, false, false},
        {"\xfd\xfc\x00", 3, 0, false, false},
        {"\xfe\x00\x00\x00\x00", 5, 0, false, false},
        {"\xfe\xff\xff\x00\x00", 5, 0, false, false},
        {"\xff\x00\x00\x00\x00\x00\x00\x00\x00", 9, 0, false, false},
        {"\xff\xff\xff\xff\x01\x00\x00\x00\x00", 9, 0, false, false},
        {"", 0, 0, false, false},
        {"\xfd\xfd", 2, 0, false, false},
        {"\xfe\x00\x00\x01", 4, 0, false, false},
        {"\xff\x00\x00\x00\x00\x01\x00\x00", 8, 0, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cursor number = cursor_of(cases[i].bytes, cases[i].size);
        struct cursor size = number;

        print_message("case %zu\n", i);
        assert_true(cursor_compact_number(&number) == cases[i].value);
        assert_int_equal(cursor_done(&number), cases[i].number);
        assert_true(cursor_compact_size(&size) == (cases[i].is_size ? cases[i].value : 0));
        assert_int_equal(cursor_done(&size), cases[i].is_size);
    }
}

static void bytes_hold_integers(void **state)
{
    struct random r = random_create("bytes");

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        uint64_t x = random_u64(&r);
        uint8_t at[16];
        uint8_t *p = at + i % 8; /* at every alignment */

        write_le16(p, (uint16_t)x);
        assert_int_equal(read_le16(p), (uint16_t)x);
        assert_int_equal(p[0], (uint8_t)x);
        write_le32(p, (uint32_t)x);
        assert_int_equal(read_le32(p), (uint32_t)x);
        assert_int_equal(p[3], (uint8_t)(x >> 24));
        write_le64(p, x);
        assert_true(read_le64(p) == x);
        assert_int_equal(p[7], (uint8_t)(x >> 56));
        write_be32(p, (uint32_t)x);
        assert_int_equal(read_be32(p), (uint32_t)x);
        assert_int_equal(p[3], (uint8_t)x);
        write_be64(p, x);
        assert_true(read_be64(p) == x);
        assert_int_equal(p[7], (uint8_t)x);
    }
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of("", 0)));
    assert_true(bytes_equal(bytes_of("ab", 2), bytes_of("abc", 2)));
    assert_false(bytes_equal(bytes_of("ab", 2), bytes_of("abc", 3)));
    assert_false(bytes_equal(bytes_of("ab", 2), bytes_of("ac", 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(stays_failed),
        cmocka_unit_test(takes_views),
        cmocka_unit_test(takes_nothing),
        cmocka_unit_test(copies),
        cmocka_unit_test(reads_compact_sizes),
        cmocka_unit_test(bytes_hold_integers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
