#include "base/hex.h"

#include "tests/unit/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void encodes(void **state)
{
    const uint8_t in[] = {0x00, 0x01, 0xab, 0xff};
    char out[9];

    (void)state;
    hex_encode(out, in, sizeof in);
    assert_string_equal(out, "0001abff");
    hex_encode_reversed(out, in, sizeof in);
    assert_string_equal(out, "ffab0100");
    hex_encode(out, in, 0);
    assert_string_equal(out, "");
    hex_encode_reversed(out, in, 0);
    assert_string_equal(out, "");
}

static void decodes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        bool good;
    } cases[] = {
        {"", 0, true},      {"00", 1, true},     {"aBcDeF", 3, true}, {"00", 0, false},
        {"", 1, false},     {"0", 0, false},     {"0", 1, false},     {"000", 1, false},
        {"0g", 1, false},   {"g0", 1, false},    {" 0", 1, false},    {"0x", 1, false},
        {"/0", 1, false},   {":0", 1, false},    {"@0", 1, false},    {"G0", 1, false},
        {"`0", 1, false},   {"0\xff", 1, false}, {"+1", 1, false},    {"-1", 1, false},
        {"0001", 1, false}, {"00", 2, false},    {"00zz", 2, false},  {"zz00", 2, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t length = strlen(cases[i].text);
        uint8_t out[4] = {0};

        print_message("\"%s\" as %zu bytes\n", cases[i].text, cases[i].size);
        assert_int_equal(hex_decode(out, cases[i].size, cases[i].text, length), cases[i].good);
        assert_int_equal(hex_decode_reversed(out, cases[i].size, cases[i].text, length),
                         cases[i].good);
    }
    /* A size whose double does not fit must not be taken for a short one. */
    assert_false(hex_decode(NULL, SIZE_MAX / 2 + 1, "", 0));
    assert_false(hex_decode(NULL, SIZE_MAX, "00", 2));
}

static void decodes_every_character(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        const char text[2] = {'0', (char)c};
        bool digit = c && strchr("0123456789abcdefABCDEF", (int)c);
        uint8_t out = 0;

        assert_int_equal(hex_decode(&out, 1, text, 2), digit);
        if (digit)
            assert_int_equal(out, strtoul((char[]){(char)c, 0}, NULL, 16));
    }
}

static void round_trips(void **state)
{
    struct random r = random_create("hex");

    (void)state;
    for (size_t size = 0; size <= 100; size++) {
        uint8_t in[100], out[100], reversed[100];
        char text[201], text_reversed[201];

        random_fill(&r, in, size);
        hex_encode(text, in, size);
        hex_encode_reversed(text_reversed, in, size);
        assert_int_equal(strlen(text), 2 * size);
        assert_int_equal(strlen(text_reversed), 2 * size);
        assert_true(hex_decode(out, size, text, 2 * size));
        assert_memory_equal(in, out, size);
        assert_true(hex_decode_reversed(out, size, text_reversed, 2 * size));
        assert_memory_equal(in, out, size);
        assert_true(hex_decode_reversed(reversed, size, text, 2 * size));
        for (size_t i = 0; i < size; i++)
            assert_int_equal(reversed[i], in[size - 1 - i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes),
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_every_character),
        cmocka_unit_test(round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
