#include "consensus/script.h"

#include "base/hex.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

static void assert_script(const struct script_builder *b, const char *want)
{
    char text[2 * 128 + 1];

    assert_false(b->failed);
    assert_true(b->size <= 128);
    hex_encode(text, b->data, b->size);
    assert_string_equal(text, want);
}

/* Heights as BIP34 wants them in a coinbase, with every edge where their form changes. */
static void test_push_number(void **state)
{
    static const struct {
        int64_t number;
        const char *want;
    } cases[] = {
        {0, "00"},
        {1, "51"},
        {2, "52"},
        {3, "53"},
        {4, "54"},
        {5, "55"},
        {6, "56"},
        {7, "57"},
        {8, "58"},
        {9, "59"},
        {10, "5a"},
        {11, "5b"},
        {12, "5c"},
        {13, "5d"},
        {14, "5e"},
        {15, "5f"},
        {16, "60"},
        {17, "0111"},
        {127, "017f"},
        {128, "028000"},
        {255, "02ff00"},
        {256, "020001"},
        {32767, "02ff7f"},
        {32768, "03008000"},
        {65535, "03ffff00"},
        {65536, "03000001"},
        {8388607, "03ffff7f"},
        {8388608, "0400008000"},
        {2147483647, "04ffffff7f"},
        {2147483648, "050000008000"},
        {-1, "4f"},
        {-2, "0182"},
        {-127, "01ff"},
        {-128, "028080"},
        {-255, "02ff80"},
        {486604799, "04ffff001d"},
        {INT64_MAX, "08ffffffffffffff7f"},
        {INT64_MIN + 1, "08ffffffffffffffff"},
        {INT64_MIN, "09000000000000008080"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t buffer[16];
        struct script_builder b = script_builder_on(buffer, sizeof(buffer));

        script_push_number(&b, cases[i].number);
        assert_script(&b, cases[i].want);
    }
}

/* The head of a push at every size where it changes. */
static void test_push(void **state)
{
    static const struct {
        size_t size;
        const char *head;
    } cases[] = {
        {0, "00"},     {1, "01"},       {75, "4b"},        {76, "4c4c"},
        {255, "4cff"}, {256, "4d0001"}, {65535, "4dffff"}, {65536, "4e00000100"},
    };
    uint8_t *data = calloc(1, 65536), *out = malloc(65536 + 8);

    (void)state;
    assert_non_null(data);
    assert_non_null(out);
    memset(data, 0x77, 65536);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct script_builder b = script_builder_on(out, 65536 + 8);
        size_t head = strlen(cases[i].head) / 2;
        char text[11];

        script_push(&b, bytes_of(data, cases[i].size));
        assert_false(b.failed);
        assert_int_equal(b.size, head + cases[i].size);
        hex_encode(text, out, head);
        assert_string_equal(text, cases[i].head);
        assert_memory_equal(out + head, data, cases[i].size);
    }
    free(out);
    free(data);
}

/* One byte of data is pushed as such, also where OP_1 would do. */
static void test_push_small(void **state)
{
    uint8_t buffer[4], one = 1;
    struct script_builder b = script_builder_on(buffer, sizeof(buffer));

    (void)state;
    script_push(&b, bytes_of(&one, 1));
    script_op(&b, OP_RETURN);
    assert_script(&b, "01016a");
}

static void test_full(void **state)
{
    uint8_t buffer[4] = {0, 0, 0, 0xa5};
    struct script_builder b = script_builder_on(buffer, 3);

    (void)state;
    script_push(&b, bytes_of("xyz", 3)); /* the head fits, what follows does not */
    assert_true(b.failed);
    script_op(&b, OP_DUP); /* it would fit, but a script with a gap is none */
    assert_true(b.failed);
    assert_int_equal(b.size, 1);
    assert_int_equal(buffer[3], 0xa5);

    b = script_builder_on(buffer, 3);
    script_raw(&b, bytes_of("xyz", 3));
    assert_false(b.failed);
    script_raw(&b, bytes_of(NULL, 0));
    assert_false(b.failed);
    script_op(&b, OP_DUP);
    assert_true(b.failed);
    assert_int_equal(buffer[3], 0xa5);
}

static void test_witness_program(void **state)
{
    static const struct {
        const char *hex;
        int version; /* -1: none */
        size_t size;
    } cases[] = {
        {"00020102", 0, 2},
        {"51024e73", 1, 2},
        {"60020102", 16, 2},
        {"5f280000000000000000000000000000000000000000"
         "0000000000000000000000000000000000000000",
         15, 40},
        {"5f290000000000000000000000000000000000000000"
         "000000000000000000000000000000000000000000",
         -1, 0},
        {"5101aa", -1, 0},
        {"61020102", -1, 0},
        {"50020102", -1, 0},
        {"4f020102", -1, 0},
        {"5103aabb", -1, 0},
        {"5102aabbcc", -1, 0},
        {"514c02aabb", -1, 0},
        {"51", -1, 0},
        {"", -1, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *script = hex_bytes(cases[i].hex, &size);
        unsigned version = 99;
        struct bytes program = {0};
        bool is = script_witness_program(bytes_of(script, size), &version, &program);

        assert_int_equal(is, cases[i].version >= 0);
        if (is) {
            assert_int_equal(version, cases[i].version);
            assert_int_equal(program.size, cases[i].size);
            assert_ptr_equal(program.data, script + 2);
        }
        free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_number),     cmocka_unit_test(test_push),
        cmocka_unit_test(test_push_small),      cmocka_unit_test(test_full),
        cmocka_unit_test(test_witness_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
