#include "consensus/compact_size.h"
#include "consensus/types.h"
#include "tests/unit/consensus/support.h"

static void test_amount_range(void **state)
{
    (void)state;
    assert_true(amount_is_money((struct amount){0}));
    assert_true(amount_is_money((struct amount){MAX_MONEY_SATOSHIS}));
    assert_false(amount_is_money((struct amount){-1}));
    assert_false(amount_is_money((struct amount){MAX_MONEY_SATOSHIS + 1}));
    assert_false(amount_is_money((struct amount){INT64_MIN}));
    assert_false(amount_is_money((struct amount){INT64_MAX}));
    assert_true(MAX_MONEY_SATOSHIS == INT64_C(2100000000000000));
}

static void test_amount_arithmetic(void **state)
{
    static const struct {
        int64_t a, b;
        bool adds, subtracts;
    } cases[] = {
        {0, 0, true, true},
        {5, 3, true, true},
        {3, 5, true, false},
        {MAX_MONEY_SATOSHIS, 0, true, true},
        {MAX_MONEY_SATOSHIS, 1, false, true},
        {MAX_MONEY_SATOSHIS - 1, 1, true, true},
        {MAX_MONEY_SATOSHIS, MAX_MONEY_SATOSHIS, false, true},
        {-1, 1, false, false},
        {1, -1, false, false},
        {INT64_MAX, 1, false, false},
        {INT64_MAX, INT64_MAX, false, false},
        {INT64_MIN, INT64_MIN, false, false},
        {0, INT64_MIN, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct amount a = {cases[i].a}, b = {cases[i].b}, out = {42};

        assert_int_equal(amount_add(&out, a, b), cases[i].adds);
        assert_true(out.sat == (cases[i].adds ? cases[i].a + cases[i].b : 42));
        out.sat = 42;
        assert_int_equal(amount_subtract(&out, a, b), cases[i].subtracts);
        assert_true(out.sat == (cases[i].subtracts ? cases[i].a - cases[i].b : 42));
    }
}

/* Written and read again, at every edge between the forms. */
static void test_compact_size(void **state)
{
    static const struct {
        uint64_t n;
        size_t length;
    } cases[] = {
        {0, 1},          {1, 1},           {0xfc, 1},       {0xfd, 3},
        {0xff, 3},       {0xffff, 3},      {0x10000, 5},    {0x2000000, 5},
        {0xffffffff, 5}, {0x100000000, 9}, {1ull << 40, 9}, {UINT64_MAX, 9},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t text[COMPACT_SIZE_MAX];
        size_t length = compact_size_write(text, cases[i].n);
        struct cursor in = cursor_of(text, length);

        assert_int_equal(length, cases[i].length);
        assert_int_equal(compact_size_length(cases[i].n), cases[i].length);
        assert_true(cursor_compact_number(&in) == cases[i].n);
        assert_true(cursor_done(&in));
    }
}

static void test_equality(void **state)
{
    struct hash256 a = {{0}}, b = a;
    struct txid t = {{0}}, u = t;
    struct wtxid v = {{0}}, w = v;
    struct block_hash x = {{0}}, y = x;

    (void)state;
    assert_true(hash256_equal(a, b) && txid_equal(t, u) && wtxid_equal(v, w) &&
                block_hash_equal(x, y));
    b.bytes[31] = u.bytes[0] = w.bytes[16] = y.bytes[1] = 1;
    assert_false(hash256_equal(a, b) || txid_equal(t, u) || wtxid_equal(v, w) ||
                 block_hash_equal(x, y));
}

static void test_texts(void **state)
{
    (void)state;
    for (int r = PARSE_OK; r <= PARSE_NO_MEMORY; r++)
        assert_string_not_equal(parse_result_text((enum parse_result)r), "unknown parse result");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amount_range), cmocka_unit_test(test_amount_arithmetic),
        cmocka_unit_test(test_compact_size), cmocka_unit_test(test_equality),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
