/* BIP173's and BIP350's own examples, and properties of the code. */
#include "consensus/bech32.h"

#include "tests/unit/consensus/support.h"

#include <ctype.h>
#include <string.h>

static void check_valid(const char *text, enum bech32_encoding encoding)
{
    struct bech32 out;
    char again[BECH32_MAX_LENGTH + 1], folded[BECH32_MAX_LENGTH + 1] = {0};
    size_t length = strlen(text);

    assert_int_equal(bech32_decode(&out, text, length), BECH32_OK);
    assert_int_equal(out.encoding, encoding);
    assert_true(bech32_encode(again, encoding, out.prefix, out.values, out.count));
    for (size_t i = 0; i < length; i++)
        folded[i] = (char)tolower((unsigned char)text[i]);
    assert_string_equal(again, folded);

    /* One character replaced, and one case turned: never the same again. */
    for (size_t i = 0; i < length; i++) {
        char changed[BECH32_MAX_LENGTH + 1];

        memcpy(changed, text, length + 1);
        changed[i] ^= 1;
        assert_int_not_equal(bech32_decode(&out, changed, length), BECH32_OK);
    }
}

static void test_valid(void **state)
{
    static const char *const bech32[] = {
        "A12UEL5L",
        "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tg"
        "s",
        "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
        "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247"
        "j",
        "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
        "?1ezyfcl",
    };
    static const char *const bech32m[] = {
        "A1LQFN3A",
        "a1lqfn3a",
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg"
        "6",
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr"
        "8",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
        "?1v759aa",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bech32) / sizeof(bech32[0]); i++)
        check_valid(bech32[i], BECH32);
    for (size_t i = 0; i < sizeof(bech32m) / sizeof(bech32m[0]); i++)
        check_valid(bech32m[i], BECH32M);
}

static void test_invalid(void **state)
{
    static const struct {
        const char *text;
        enum bech32_error error;
    } cases[] = {
        {" 1nwldj5", BECH32_BAD_CHARACTER},
        {"\x7f"
         "1axkwrx",
         BECH32_BAD_CHARACTER},
        {"\x80"
         "1eym55h",
         BECH32_BAD_CHARACTER},
        {"an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569p"
         "vx",
         BECH32_TOO_LONG},
        {"pzry9x0s0muk", BECH32_NO_SEPARATOR},
        {"1pzry9x0s0muk", BECH32_NO_SEPARATOR},
        {"x1b4n0q5v", BECH32_BAD_CHARACTER},
        {"li1dgmt3", BECH32_NO_SEPARATOR},
        {"de1lg7wt\xff", BECH32_BAD_CHARACTER},
        {"A1G7SGD8", BECH32_BAD_CHECKSUM},
        {"10a06t8", BECH32_NO_SEPARATOR},
        {"1qzzfhee", BECH32_NO_SEPARATOR},
        {"a12UEL5L", BECH32_MIXED_CASE},
        {"A12uEL5L", BECH32_MIXED_CASE},
        {"M1VUXWEZ", BECH32_BAD_CHECKSUM},
        {"16plkw9", BECH32_NO_SEPARATOR},
        {"y1b0jsk6g", BECH32_BAD_CHARACTER},
        {"in1muywd", BECH32_NO_SEPARATOR},
        {"", BECH32_NO_SEPARATOR},
        {"1", BECH32_NO_SEPARATOR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bech32 out;

        assert_int_equal(bech32_decode(&out, cases[i].text, strlen(cases[i].text)), cases[i].error);
    }
}

static void test_encode_limits(void **state)
{
    uint8_t values[BECH32_MAX_LENGTH] = {0};
    char out[BECH32_MAX_LENGTH + 1], prefix[128];

    (void)state;
    assert_false(bech32_encode(out, BECH32, "", values, 1));
    assert_true(bech32_encode(out, BECH32, "a", values, BECH32_MAX_LENGTH - 8));
    assert_int_equal(strlen(out), BECH32_MAX_LENGTH);
    assert_false(bech32_encode(out, BECH32, "a", values, BECH32_MAX_LENGTH - 7));
    assert_false(bech32_encode(out, BECH32, "a", values, SIZE_MAX));
    memset(prefix, 'a', sizeof(prefix));
    prefix[83] = 0;
    assert_true(bech32_encode(out, BECH32M, prefix, values, 0));
    prefix[83] = 'a';
    prefix[84] = 0;
    assert_false(bech32_encode(out, BECH32M, prefix, values, 0));
    prefix[84] = 'a';
    prefix[127] = 0;
    assert_false(bech32_encode(out, BECH32M, prefix, values, 0));
}

/* Bytes as groups and back, and what BIP173 refuses at the end: five bits and more, or bits that are set. */
static void test_groups(void **state)
{
    uint8_t data[40], groups[64], back[40];
    struct random random = random_create("bech32");
    size_t size;

    (void)state;
    for (size_t n = 0; n <= sizeof(data); n++) {
        size_t count;

        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)random_u64(&random);
        count = bech32_to_groups(groups, bytes_of(data, n));
        assert_int_equal(count, (8 * n + 4) / 5);
        assert_true(bech32_from_groups(back, &size, groups, count));
        assert_int_equal(size, n);
        assert_memory_equal(back, data, n);
        if (5 * count % 8) {
            groups[count - 1] |= 1;
            assert_false(bech32_from_groups(back, &size, groups, count));
        }
    }
    memset(groups, 0, sizeof(groups));
    for (size_t count = 0; count <= 8; count++)
        assert_int_equal(bech32_from_groups(back, &size, groups, count), 5 * count % 8 < 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_encode_limits),
        cmocka_unit_test(test_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
