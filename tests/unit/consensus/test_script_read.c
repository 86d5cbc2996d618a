/* Reading scripts: instructions, pushes cut short, forms, numbers, FindAndDelete. */
#include "consensus/script.h"

#include "base/hex.h"
#include "tests/unit/consensus/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The instructions as text: "51 03:aabbcc", then " cut" where the rest is a push cut short. */
static void describe(char *out, size_t room, struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    size_t n = 0;

    out[0] = 0;
    while (script_read(&r, &i)) {
        char data[2 * 80 + 1];

        assert_true(i.data.size <= 80);
        hex_encode(data, i.data.data, i.data.size);
        n += (size_t)snprintf(out + n, room - n, "%s%02x%s%s", n ? " " : "", i.opcode,
                              i.data.size ? ":" : "", data);
        assert_true(n < room);
    }
    if (!script_reader_done(&r))
        snprintf(out + n, room - n, "%scut", n ? " " : "");
}

/* Each script in memory of exactly its size, so that a sanitizer sees a read behind it. */
static void test_read(void **state)
{
    static const struct {
        const char *script, *want;
    } cases[] = {
        {"", ""},
        {"00", "00"},
        {"51ff", "51 ff"},
        {"03aabbccac", "03:aabbcc ac"},
        {"0101", "01:01"},
        {"01", "cut"},
        {"02aa", "cut"},
        {"5102aa", "51 cut"},
        {"4b", "cut"},
        {"4c", "cut"},
        {"4c00", "4c"},
        {"4c01", "cut"},
        {"4c02aabb51", "4c:aabb 51"},
        {"4d", "cut"},
        {"4d01", "cut"},
        {"4d0000", "4d"},
        {"4d0100", "cut"},
        {"4d0100aa", "4d:aa"},
        {"4d0001aa", "cut"},
        {"4e", "cut"},
        {"4e000000", "cut"},
        {"4e00000000", "4e"},
        {"4e01000000", "cut"},
        {"4e01000000aa51", "4e:aa 51"},
        {"4effffffff", "cut"},
        {"4effffffffaa", "cut"},
        {"4f504c", "4f 50 cut"},
    };
    char got[256];

    (void)state;
    describe(got, sizeof(got), (struct bytes){0});
    assert_string_equal(got, "");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(cases[i].script, &size), *script = malloc(size);

        assert_true(script || size == 0);
        if (size)
            memcpy(script, text, size);
        describe(got, sizeof(got), bytes_of(script, size));
        assert_string_equal(got, cases[i].want);
        free(script);
        free(text);
    }
}

/* A reader that cannot go on stays where it is, and the rest is what it could not read. */
static void test_rest(void **state)
{
    static const uint8_t script[] = {OP_CODESEPARATOR, OP_CHECKSIG, 3, 0xaa};
    struct script_reader r = script_reader_of(bytes_of(script, sizeof(script)));
    struct script_instruction i;

    (void)state;
    assert_true(script_read(&r, &i));
    assert_int_equal(i.opcode, OP_CODESEPARATOR);
    assert_ptr_equal(script_reader_rest(&r).data, script + 1);
    assert_int_equal(script_reader_rest(&r).size, 3);
    assert_true(script_read(&r, &i));
    for (int k = 0; k < 2; k++) {
        assert_false(script_read(&r, &i));
        assert_false(script_reader_done(&r));
        assert_ptr_equal(script_reader_rest(&r).data, script + 2);
    }
}

static void test_push_only(void **state)
{
    static const struct {
        const char *script;
        bool want;
    } cases[] = {
        {"", true},       {"00", true},     {"60", true},
        {"50", true}, /* OP_RESERVED counts as one, though running it fails */
        {"4f0102", true}, {"61", false},    {"5161", false},
        {"0261ac", true},                  /* as data */
        {"4c0161", true}, {"02aa", false}, /* cut short */
        {"514c", false},  {"4d0000", true}, {"ff", false},
    };

    (void)state;
    assert_true(script_is_push_only((struct bytes){0}));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *script = hex_bytes(cases[i].script, &size);

        assert_int_equal(script_is_push_only(bytes_of(script, size)), cases[i].want);
        free(script);
    }
}

/* All opcodes by the list in BIP342. */
static void test_op_success(void **state)
{
    static const uint8_t ranges[][2] = {{80, 80},   {98, 98},   {126, 129}, {131, 134},
                                        {137, 138}, {141, 142}, {149, 153}, {187, 254}};
    unsigned n = 0;

    (void)state;
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        bool want = false;

        for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
            want = want || (opcode >= ranges[i][0] && opcode <= ranges[i][1]);
        assert_int_equal(script_is_op_success((uint8_t)opcode), want);
        n += want;
    }
    assert_int_equal(n, 87);
}

static void test_forms(void **state)
{
    uint8_t p2sh[23] = {OP_HASH160, 20, [22] = OP_EQUAL};
    uint8_t long_script[MAX_SCRIPT_SIZE + 1] = {OP_1};
    uint8_t op_return[] = {OP_RETURN};

    (void)state;
    assert_true(script_is_p2sh(bytes_of(p2sh, 23)));
    assert_false(script_is_p2sh(bytes_of(p2sh, 22)));
    assert_false(script_is_p2sh((struct bytes){0}));
    p2sh[1] = 21;
    assert_false(script_is_p2sh(bytes_of(p2sh, 23)));
    p2sh[1] = 20;
    p2sh[22] = OP_EQUALVERIFY;
    assert_false(script_is_p2sh(bytes_of(p2sh, 23)));
    p2sh[22] = OP_EQUAL;
    p2sh[0] = OP_HASH256;
    assert_false(script_is_p2sh(bytes_of(p2sh, 23)));

    assert_false(script_is_unspendable((struct bytes){0}));
    assert_true(script_is_unspendable(bytes_of(op_return, 1)));
    assert_false(script_is_unspendable(bytes_of(long_script, MAX_SCRIPT_SIZE)));
    assert_true(script_is_unspendable(bytes_of(long_script, MAX_SCRIPT_SIZE + 1)));

    assert_int_equal(script_small_number(OP_0), 0);
    assert_int_equal(script_small_number(OP_1), 1);
    assert_int_equal(script_small_number(OP_16), 16);
}

/* Each way of pushing data of some size, of which one is the shortest. */
static void test_minimal_push(void **state)
{
    static const struct {
        size_t size;
        uint8_t first;
        int minimal; /* the opcode; -1: none of these */
    } cases[] = {
        {0, 0, OP_0},
        {1, 0, 1}, /* the byte zero is not what OP_0 pushes */
        {1, 1, -1},
        {1, 16, -1},
        {1, 17, 1},
        {1, 0x80, 1},
        {1, 0x81, -1},
        {1, 0x82, 1},
        {2, 1, 2},
        {75, 1, 75},
        {76, 1, OP_PUSHDATA1},
        {255, 1, OP_PUSHDATA1},
        {256, 1, OP_PUSHDATA2},
        {65535, 1, OP_PUSHDATA2},
    };
    uint8_t *data = calloc(1, 65536);

    (void)state;
    assert_non_null(data);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        data[0] = cases[i].first;
        for (int opcode = OP_0; opcode <= OP_PUSHDATA4; opcode++) {
            struct script_instruction push = {(uint8_t)opcode, bytes_of(data, cases[i].size)};

            assert_int_equal(script_push_is_minimal(&push), opcode == cases[i].minimal);
        }
    }
    assert_true(
        script_push_is_minimal(&(struct script_instruction){OP_PUSHDATA4, bytes_of(data, 65536)}));
    free(data);
}

/* Numbers that are read leniently, strictly, and not at all. */
static void test_number_decode(void **state)
{
    static const struct {
        const char *data;
        int64_t want;
        bool minimal;
    } cases[] = {
        {"", 0, true},
        {"00", 0, false},
        {"80", 0, false}, /* zero with a sign */
        {"0000", 0, false},
        {"0080", 0, false},
        {"01", 1, true},
        {"81", -1, true},
        {"0100", 1, false},
        {"0180", -1, false},
        {"7f", 127, true},
        {"ff", -127, true},
        {"8000", 128, true},
        {"8080", -128, true},
        {"ff00", 255, true},
        {"ff80", -255, true},
        {"ff0000", 255, false},
        {"ff7f", 32767, true},
        {"ffffff7f", 2147483647, true},
        {"ffffffff", -2147483647, true},
        {"0000008000", 2147483648, true},
        {"0000008080", -2147483648, true},
        {"ffffffff7f", INT64_C(549755813887), true},
        {"ffffffffff", -INT64_C(549755813887), true},
        {"ffffffffffffff7f", INT64_MAX, true},
        {"ffffffffffffffff", -INT64_MAX, true},
        {"0000000000000080", 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(cases[i].data, &size), again[SCRIPT_NUMBER_MAX];
        struct bytes data = bytes_of(text, size);
        int64_t got = 99;

        assert_true(script_number_decode(&got, data, false, 8));
        assert_int_equal(got, cases[i].want);
        assert_int_equal(script_number_decode(&got, data, true, 8), cases[i].minimal);
        assert_true(script_number_decode(&got, data, false, size));
        if (size)
            assert_false(script_number_decode(&got, data, false, size - 1));
        assert_int_equal(
            bytes_equal(data, bytes_of(again, script_number_encode(again, cases[i].want))),
            cases[i].minimal);
        free(text);
    }
    assert_false(script_number_decode(&(int64_t){0}, bytes_of("123456789", 9), false, 9));
}

/*
 * What is left of a script, after Core's rule: at each boundary of instructions, as many as lie
 * there one behind another; the boundaries are those of what was there before.
 */
static void test_find_and_delete(void **state)
{
    static const struct {
        const char *script, *part, *left;
        size_t found;
    } cases[] = {
        {"5152", "", "5152", 0},         /* nothing is found anywhere */
        {"515253", "52", "5153", 1},     /* in the middle */
        {"53515353", "53", "51", 3},     /* at the front, and twice at the end */
        {"0302ff03", "0302ff03", "", 1}, /* all of it */
        {"0302ff030302ff03", "0302ff03", "", 2},
        {"0302ff030302ff03", "02", "0302ff030302ff03", 0}, /* inside of pushes it is data */
        {"0302ff030302ff03", "ff", "0302ff030302ff03", 0},
        {"0302ff030302ff03", "03", "02ff0302ff03", 2}, /* the head of a push alone */
        {"02feed5169", "feed51", "02feed5169", 0},     /* not at a boundary */
        {"02feed5169", "02feed51", "69", 1},
        {"516902feed5169", "feed51", "516902feed5169", 0},
        {"516902feed5169", "02feed51", "516969", 1},
        {"00005151", "00", "5151", 2},       /* an empty signature's push */
        {"000051", "0051", "00", 1},         /* no match at the first place, one at the second */
        {"005100515151", "0051", "5151", 2}, /* neighbours go, what they leave together stays */
        {"00510051", "005100", "51", 1},     /* the first that fits wins */
        {"5100510051", "0051", "51", 2},
        {"0003feed", "0003feed", "", 1}, /* what ends in a push that is cut short */
        {"0003feed", "00", "03feed", 1},
        {"5103feed", "03feed", "51", 1}, /* such a push itself */
        {"5103feed", "feed", "5103feed", 0},
        {"4c0151", "51", "4c0151", 0},
        {"4c01514c0151", "4c0151", "", 2},
        {"014c51", "4c51", "014c51", 0},
        {"51", "5151", "51", 0}, /* longer than the script */
        {"", "51", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size, part_size, found = 99;
        uint8_t *script = hex_bytes(cases[i].script, &size), *out = malloc(size + 1);
        uint8_t *part = hex_bytes(cases[i].part, &part_size);
        struct bytes left;
        char text[64];

        assert_non_null(out);
        memset(out, 0xa5, size + 1);
        left =
            script_find_and_delete(out, &found, bytes_of(script, size), bytes_of(part, part_size));
        hex_encode(text, left.data, left.size);
        assert_string_equal(text, cases[i].left);
        assert_int_equal(found, cases[i].found);
        assert_ptr_equal(left.data, found ? out : script);
        assert_int_equal(out[size], 0xa5);
        if (!found)
            assert_int_equal(out[0], 0xa5);

        /* The same where it lies. */
        left = script_find_and_delete(script, &found, bytes_of(script, size),
                                      bytes_of(part, part_size));
        hex_encode(text, left.data, left.size);
        assert_string_equal(text, cases[i].left);
        free(part);
        free(out);
        free(script);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(script_opcode_name(OP_0), "0");
    assert_string_equal(script_opcode_name(OP_1NEGATE), "-1");
    assert_string_equal(script_opcode_name(OP_16), "16");
    assert_string_equal(script_opcode_name(OP_RESERVED), "OP_RESERVED");
    assert_string_equal(script_opcode_name(0x4b), "OP_UNKNOWN");
    assert_string_equal(script_opcode_name(OP_PUSHDATA4), "OP_PUSHDATA4");
    assert_string_equal(script_opcode_name(0x7e), "OP_CAT");
    assert_string_equal(script_opcode_name(0xac), "OP_CHECKSIG");
    assert_string_equal(script_opcode_name(0xb1), "OP_CHECKLOCKTIMEVERIFY");
    assert_string_equal(script_opcode_name(0xb9), "OP_NOP10");
    assert_string_equal(script_opcode_name(0xba), "OP_CHECKSIGADD");
    assert_string_equal(script_opcode_name(0xbb), "OP_UNKNOWN");
    assert_string_equal(script_opcode_name(0xff), "OP_INVALIDOPCODE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),          cmocka_unit_test(test_rest),
        cmocka_unit_test(test_push_only),     cmocka_unit_test(test_op_success),
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_minimal_push),
        cmocka_unit_test(test_number_decode), cmocka_unit_test(test_find_and_delete),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
