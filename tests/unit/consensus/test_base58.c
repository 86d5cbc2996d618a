#include "consensus/base58.h"

#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

static void test_vectors(void **state)
{
    json_t *rows = vectors_load_json("bitcoin/src/test/data/base58_encode_decode.json"), *row;
    size_t index, rows_seen = 0;

    (void)state;
    json_array_foreach(rows, index, row)
    {
        const char *text = json_string_value(json_array_get(row, 1));
        char encoded[BASE58_TEXT_SIZE];
        uint8_t decoded[BASE58_MAX_SIZE];
        size_t size, decoded_size;
        uint8_t *data = hex_bytes(json_string_value(json_array_get(row, 0)), &size);

        assert_int_equal(base58_encode(encoded, bytes_of(data, size)), strlen(text));
        assert_string_equal(encoded, text);
        assert_true(base58_decode(decoded, &decoded_size, sizeof(decoded), text, strlen(text)));
        assert_int_equal(decoded_size, size);
        assert_memory_equal(decoded, data, size);
        /* Just enough room, and one byte too little. */
        assert_true(base58_decode(decoded, &decoded_size, size, text, strlen(text)));
        if (size)
            assert_false(base58_decode(decoded, &decoded_size, size - 1, text, strlen(text)));
        free(data);
        rows_seen++;
    }
    assert_true(rows_seen >= 12);
    json_decref(rows);
}

static bool decodes(const char *text, size_t length, size_t capacity)
{
    uint8_t out[BASE58_MAX_SIZE];
    size_t size;

    return base58_decode(out, &size, capacity, text, length);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        bool good;
    } cases[] = {
        {"", 0, true},
        {"good", 4, true},
        {"invalid", 7, false},
        {"bad0IOl", 7, false},
        {"goodbad0IOl", 11, false},
        {"good\0", 5, false},
        {"\0good", 5, false},
        {"go od", 5, false},
        {" \t\n\v\f\r skip \r\f\v\n\t ", 18, true},
        {" \t\n\v\f\r skip \r\f\v\n\t a", 19, false},
        {"   ", 3, true},
        {"\xff", 1, false},
        {"\x80", 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(decodes(cases[i].text, cases[i].length, 100), cases[i].good);
}

/* Every character alone: 58 are digits, in the alphabet's order. */
static void test_characters(void **state)
{
    static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    (void)state;
    for (int c = 1; c < 256; c++) {
        char text[2] = {(char)c, 0};
        uint8_t out[4];
        size_t size;
        const char *at = strchr(alphabet, text[0]);
        bool space = c == ' ' || (c >= 9 && c <= 13);

        assert_int_equal(base58_decode(out, &size, sizeof(out), text, 1), at != NULL || space);
        if (at) {
            assert_int_equal(size, 1);
            assert_int_equal(out[0], at - alphabet);
        }
    }
}

/* Of every size, with and without leading zeros, through text and back; the checksum tells every changed character. */
static void test_round_trip(void **state)
{
    struct random random = random_create("base58");

    (void)state;
    for (size_t size = 0; size <= BASE58_MAX_SIZE - BASE58_CHECKSUM_SIZE; size++) {
        uint8_t data[BASE58_MAX_SIZE], out[BASE58_MAX_SIZE];
        char text[BASE58_TEXT_SIZE];
        size_t length, out_size;

        for (size_t i = 0; i < size; i++)
            data[i] = i < size % 7 ? 0 : (uint8_t)random_u64(&random);
        length = base58_encode_check(COMPRESS, text, bytes_of(data, size));
        assert_int_equal(text[length], 0);
        assert_true(base58_decode_check(COMPRESS, out, &out_size, size, text, length));
        assert_int_equal(out_size, size);
        assert_memory_equal(out, data, size);
        text[length - 1] = text[length - 1] == 'z' ? 'y' : 'z';
        assert_false(base58_decode_check(COMPRESS, out, &out_size, size, text, length));
    }
}

/* The largest number of the largest size has the longest text. */
static void test_longest(void **state)
{
    uint8_t data[BASE58_MAX_SIZE], out[BASE58_MAX_SIZE];
    char text[BASE58_TEXT_SIZE];
    size_t length, size;

    (void)state;
    memset(data, 0xff, sizeof(data));
    length = base58_encode(text, bytes_of(data, sizeof(data)));
    assert_true(length < BASE58_TEXT_SIZE);
    assert_true(base58_decode(out, &size, sizeof(out), text, length));
    assert_memory_equal(out, data, sizeof(data));
    memset(data, 0, sizeof(data));
    assert_int_equal(base58_encode(text, bytes_of(data, sizeof(data))), BASE58_MAX_SIZE);
}

static void test_check(void **state)
{
    uint8_t out[100];
    size_t size;

    (void)state;
    assert_true(base58_decode_check(COMPRESS, out, &size, 96, "3vQB7B6MrGQZaxCuFg4oh", 21));
    assert_int_equal(size, 11); /* "hello world" */
    assert_memory_equal(out, "hello world", 11);
    assert_false(base58_decode_check(COMPRESS, out, &size, 96, "3vQB7B6MrGQZaxCuFg4oi", 21));
    assert_false(base58_decode_check(COMPRESS, out, &size, 96, "", 0));
    assert_false(base58_decode_check(COMPRESS, out, &size, 96, "111", 3));
    assert_false(base58_decode_check(COMPRESS, out, &size, 10, "3vQB7B6MrGQZaxCuFg4oh", 21));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_characters), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_longest),    cmocka_unit_test(test_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
