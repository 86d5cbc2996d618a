#include "base/uint256.h"

#include "base/hex.h"
#include "tests/unit/random.h"

#include <openssl/bn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

static struct uint256 from_hex(const char *text)
{
    char padded[65];
    uint8_t bytes[32];

    assert_true(strlen(text) <= 64);
    memset(padded, '0', 64);
    memcpy(padded + 64 - strlen(text), text, strlen(text));
    assert_true(hex_decode(bytes, 32, padded, 64));
    return uint256_from_be(bytes);
}

static void assert_same(struct uint256 a, struct uint256 b)
{
    char text_a[65], text_b[65];
    uint8_t bytes[32];

    uint256_to_be(bytes, a);
    hex_encode(text_a, bytes, 32);
    uint256_to_be(bytes, b);
    hex_encode(text_b, bytes, 32);
    assert_string_equal(text_a, text_b);
    assert_int_equal(uint256_compare(a, b), 0);
}

static BIGNUM *to_bn(struct uint256 a)
{
    uint8_t bytes[32];

    uint256_to_be(bytes, a);
    return BN_bin2bn(bytes, 32, NULL);
}

/* Modulo 2^256; frees n. */
static struct uint256 from_bn(BIGNUM *n)
{
    uint8_t bytes[32];

    if (BN_num_bits(n) > 256)
        BN_mask_bits(n, 256);
    assert_int_equal(BN_bn2binpad(n, bytes, 32), 32);
    BN_free(n);
    return uint256_from_be(bytes);
}

/* Numbers of every length, with runs of ones and zeros, which is where carries and estimates go wrong. */
static struct uint256 random_number(struct random *r)
{
    struct uint256 a;

    random_fill(r, a.limb, sizeof a.limb);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t half = (uint64_t)0xffffffff << 32 * (i % 2);
        size_t kind = random_below(r, 6);

        if (kind == 0)
            a.limb[i / 2] |= half;
        if (kind == 1)
            a.limb[i / 2] &= ~half;
        if (kind == 2)
            a.limb[i / 2] = (a.limb[i / 2] & ~half) | (half & 0x8000000080000000);
    }
    return uint256_shift_right(a, random_below(r, 2) ? (unsigned)random_below(r, 257) : 0);
}

static void agrees_with_openssl(void **state)
{
    struct random r = random_create("uint256");
    BN_CTX *context = BN_CTX_new();

    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct uint256 a = random_number(&r), b = random_number(&r);
        unsigned bits = (unsigned)random_below(&r, 260);
        uint32_t small = (uint32_t)random_u64(&r);
        BIGNUM *x = to_bn(a), *y = to_bn(b), *z = BN_new(), *modulus = BN_new();

        BN_set_bit(modulus, 256);
        assert_int_equal(uint256_bits(a), BN_num_bits(x));
        assert_int_equal(uint256_is_zero(a), BN_is_zero(x));
        assert_int_equal(uint256_compare(a, b), BN_cmp(x, y));
        BN_add(z, x, y);
        assert_same(uint256_add(a, b), from_bn(BN_dup(z)));
        BN_mod_sub(z, x, y, modulus, context);
        assert_same(uint256_sub(a, b), from_bn(BN_dup(z)));
        BN_lshift(z, x, (int)bits);
        assert_same(uint256_shift_left(a, bits), from_bn(BN_dup(z)));
        BN_rshift(z, x, (int)bits);
        assert_same(uint256_shift_right(a, bits), from_bn(BN_dup(z)));
        BN_copy(z, x);
        BN_mul_word(z, small);
        assert_same(uint256_mul_u32(a, small), from_bn(BN_dup(z)));
        if (!BN_is_zero(y)) {
            BN_div(z, NULL, x, y, context);
            assert_same(uint256_div(a, b), from_bn(BN_dup(z)));
        }
        BN_free(x);
        BN_free(y);
        BN_free(z);
        BN_free(modulus);
    }
    BN_CTX_free(context);
}

/* Bit by bit: nothing that could share a mistake with the division by digits. */
static struct uint256 divide_simply(struct uint256 a, struct uint256 b)
{
    struct uint256 quotient = {{0}}, rest = {{0}};

    for (unsigned i = 256; i-- > 0;) {
        bool carry = rest.limb[3] >> 63;

        rest = uint256_shift_left(rest, 1);
        rest.limb[0] |= a.limb[i / 64] >> i % 64 & 1;
        if (carry || uint256_compare(rest, b) >= 0) {
            rest = uint256_sub(rest, b);
            quotient.limb[i / 64] |= (uint64_t)1 << i % 64;
        }
    }
    return quotient;
}

static void divides(void **state)
{
    static const char *const numbers[] = {
        "1",
        "2",
        "3",
        "ff",
        "7fffffff",
        "80000000",
        "ffffffff",
        "100000000",
        "100000001",
        "7fffffffffffffff",
        "8000000000000000",
        "ffffffffffffffff",
        "10000000000000000",
        "7fffffff800000010000000000000000",
        "800000000000000000000003",
        "800000000000000000000000",
        "ffffffff00000000ffffffff00000000",
        "fffffffffffffffffffffffe00000000",
        "ffffffffffffffffffffffffffffffff",
        "100000000000000000000000000000000",
        "8000000000000000000000000000000000000000000000000000000000000000",
        "ffffffff00000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    const size_t count = sizeof numbers / sizeof *numbers;
    struct random r = random_create("division");

    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct uint256 a = from_hex(numbers[i]);

        assert_same(uint256_div(uint256_from_u64(0), a), uint256_from_u64(0));
        assert_same(uint256_div(a, a), uint256_from_u64(1));
        assert_same(uint256_div(a, uint256_from_u64(1)), a);
        for (size_t j = 0; j < count; j++) {
            struct uint256 b = from_hex(numbers[j]);

            assert_same(uint256_div(a, b), divide_simply(a, b));
        }
    }
    for (int i = 0; i < 20000; i++) {
        struct uint256 a = random_number(&r), b = random_number(&r);

        if (!uint256_is_zero(b))
            assert_same(uint256_div(a, b), divide_simply(a, b));
    }
}

static void holds_bytes(void **state)
{
    uint8_t in[32], out[32];
    struct uint256 a;

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        in[i] = (uint8_t)(i + 1);
    a = uint256_from_le(in);
    assert_true(a.limb[0] == 0x0807060504030201 && a.limb[3] == 0x201f1e1d1c1b1a19);
    uint256_to_le(out, a);
    assert_memory_equal(in, out, 32);
    a = uint256_from_be(in);
    assert_true(a.limb[3] == 0x0102030405060708 && a.limb[0] == 0x191a1b1c1d1e1f20);
    uint256_to_be(out, a);
    assert_memory_equal(in, out, 32);
    assert_same(uint256_not(uint256_from_u64(0)),
                from_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
    assert_int_equal(uint256_bits(uint256_from_u64(0)), 0);
    assert_int_equal(uint256_bits(uint256_from_u64(1)), 1);
    assert_int_equal(uint256_bits(uint256_not(uint256_from_u64(0))), 256);
}

static void shifts_far(void **state)
{
    struct uint256 ones = uint256_not(uint256_from_u64(0));
    static const unsigned far[] = {256, 257, 320, 1000, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        assert_true(uint256_is_zero(uint256_shift_left(ones, far[i])));
        assert_true(uint256_is_zero(uint256_shift_right(ones, far[i])));
    }
    for (unsigned bits = 0; bits < 256; bits++) {
        assert_int_equal(uint256_bits(uint256_shift_right(ones, bits)), 256 - bits);
        assert_int_equal(uint256_bits(uint256_shift_left(uint256_from_u64(1), bits)), bits + 1);
    }
}

/* Core's cases, arith_uint256_tests.cpp (bignum_SetCompact), and the edges of the overflow. */
static void reads_compact(void **state)
{
    static const struct {
        uint32_t compact;
        const char *number;
        uint32_t again;
        bool negative, overflow;
    } cases[] = {
        {0, "0", 0, false, false},
        {0x00123456, "0", 0, false, false},
        {0x01003456, "0", 0, false, false},
        {0x02000056, "0", 0, false, false},
        {0x03000000, "0", 0, false, false},
        {0x04000000, "0", 0, false, false},
        {0x00923456, "0", 0, false, false},
        {0x01803456, "0", 0, false, false},
        {0x02800056, "0", 0, false, false},
        {0x03800000, "0", 0, false, false},
        {0x04800000, "0", 0, false, false},
        {0xff000000, "0", 0, false, false},
        {0xff800000, "0", 0, false, false},
        {0x01123456, "12", 0x01120000, false, false},
        {0x01fedcba, "7e", 0x017e0000, true, false},
        {0x02123456, "1234", 0x02123400, false, false},
        {0x03123456, "123456", 0x03123456, false, false},
        {0x04123456, "12345600", 0x04123456, false, false},
        {0x04923456, "12345600", 0x04123456, true, false},
        {0x05009234, "92340000", 0x05009234, false, false},
        {0x20123456, "1234560000000000000000000000000000000000000000000000000000000000", 0x20123456,
         false, false},
        {0x21001234, "1234000000000000000000000000000000000000000000000000000000000000", 0x20123400,
         false, false},
        {0x2100ffff, "ffff000000000000000000000000000000000000000000000000000000000000", 0x2100ffff,
         false, false},
        {0x22000012, "1200000000000000000000000000000000000000000000000000000000000000", 0x20120000,
         false, false},
        {0x220000ff, "ff00000000000000000000000000000000000000000000000000000000000000", 0x2100ff00,
         false, false},
        {0x21010000, "0", 0, false, true},
        {0x21123456, "3456000000000000000000000000000000000000000000000000000000000000", 0x20345600,
         false, true},
        {0x22000100, "0", 0, false, true},
        {0x23000001, "0", 0, false, true},
        {0xff123456, "0", 0, false, true},
        {0xff923456, "0", 0, true, true},
        {0x1d00ffff, "ffff0000000000000000000000000000000000000000000000000000", 0x1d00ffff, false,
         false},
        {0x207fffff, "7fffff0000000000000000000000000000000000000000000000000000000000", 0x207fffff,
         false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct compact_flags flags = {true, true};
        struct uint256 a = uint256_from_compact(cases[i].compact, &flags);

        print_message("%08x\n", cases[i].compact);
        assert_same(a, from_hex(cases[i].number));
        assert_int_equal(flags.negative, cases[i].negative);
        assert_int_equal(flags.overflow, cases[i].overflow);
        assert_int_equal(uint256_to_compact(a), cases[i].again);
        assert_same(uint256_from_compact(cases[i].compact, NULL), a);
    }
}

static void writes_compact(void **state)
{
    static const struct {
        const char *number;
        uint32_t compact;
    } cases[] = {
        {"0", 0},
        {"1", 0x01010000},
        {"7f", 0x017f0000},
        {"80", 0x02008000},
        {"ff", 0x0200ff00},
        {"7fff", 0x027fff00},
        {"8000", 0x03008000},
        {"7fffff", 0x037fffff},
        {"800000", 0x04008000},
        {"ffffff", 0x0400ffff},
        {"12345678", 0x04123456},
        {"00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x1d00ffff},
        {"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x207fffff},
        {"8000000000000000000000000000000000000000000000000000000000000000", 0x21008000},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 0x2100ffff},
    };
    struct random r = random_create("compact");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(uint256_to_compact(from_hex(cases[i].number)), cases[i].compact);
    for (int i = 0; i < 100000; i++) {
        struct uint256 a = random_number(&r);
        uint32_t compact = uint256_to_compact(a);
        struct compact_flags flags;
        struct uint256 b = uint256_from_compact(compact, &flags);

        /* Rounded down, by less than its last place, and a fixed point from then on. */
        assert_false(flags.negative || flags.overflow);
        assert_true(uint256_compare(b, a) <= 0);
        if (!uint256_is_zero(a))
            assert_true(uint256_bits(a) == uint256_bits(b));
        assert_true(uint256_bits(uint256_sub(a, b)) + 15 <= uint256_bits(a) ||
                    uint256_compare(a, b) == 0);
        assert_int_equal(uint256_to_compact(b), compact);
    }
}

/* The next target as Bitcoin computes it, with the facts of Core's pow_tests.cpp. */
static void retargets(void **state)
{
    static const struct {
        uint32_t old, timespan, next;
    } cases[] = {
        {0x1d00ffff, 1262152739 - 1261130161, 0x1d00d86a}, /* height 32256 */
        {0x1d00ffff, 1233061996 - 1231006505, 0x1d00ffff}, /* height 2016: held at the limit */
        {0x1c05a3f4, 1279297671 - 1279008237, 0x1c0168fd}, /* height 68544: held at a quarter */
        {0x1c387f6f, 1269211443 - 1263163443, 0x1d00e1fd}, /* held at four times */
    };
    const uint32_t wanted = 14 * 24 * 60 * 60;
    const struct uint256 limit =
        from_hex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffff");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t timespan = cases[i].timespan;
        struct uint256 target;

        timespan = timespan < wanted / 4 ? wanted / 4 : timespan;
        timespan = timespan > wanted * 4 ? wanted * 4 : timespan;
        target = uint256_mul_u32(uint256_from_compact(cases[i].old, NULL), timespan);
        target = uint256_div(target, uint256_from_u64(wanted));
        if (uint256_compare(target, limit) > 0)
            target = limit;
        assert_int_equal(uint256_to_compact(target), cases[i].next);
    }
}

static void counts_work(void **state)
{
    static const struct {
        const char *target, *work;
    } cases[] = {
        {"ffff0000000000000000000000000000000000000000000000000000", "100010001"},
        {"7fffff0000000000000000000000000000000000000000000000000000000000", "2"},
        {"0", "0"},
        {"1", "8000000000000000000000000000000000000000000000000000000000000000"},
        {"2", "5555555555555555555555555555555555555555555555555555555555555555"},
        {"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "2"},
        {"8000000000000000000000000000000000000000000000000000000000000000", "1"},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_same(uint256_work(from_hex(cases[i].target)), from_hex(cases[i].work));
}

/* strtod rounds hexadecimal correctly: the oracle. */
static void becomes_double(void **state)
{
    static const char *const edges[] = {
        "0",
        "1",
        "1fffffffffffff",
        "20000000000001",   /* a tie: to even, down */
        "20000000000003",   /* a tie: to even, up */
        "3fffffffffffff",   /* a tie that carries into the next power */
        "2000000000000100", /* a tie of 62 bits */
        "8000000000000400", /* a tie of 64 bits */
        "80000000000004000000000000000000",
        "80000000000004000000000000000001", /* what was shifted out decides */
        "80000000000003ffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    struct random r = random_create("double");

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges + 20000; i++) {
        bool edge = i < sizeof edges / sizeof *edges;
        struct uint256 a = edge ? from_hex(edges[i]) : random_number(&r);
        char text[67] = "0x";
        uint8_t bytes[32];

        uint256_to_be(bytes, a);
        hex_encode(text + 2, bytes, 32);
        assert_true(uint256_to_double(a) == strtod(text, NULL));
    }
}

/* Core's GetDifficulty, which starts from compact bits, and takes the sign for a part of the number. */
static double core_difficulty(uint32_t compact)
{
    double difficulty = (double)0xffff / (double)(compact & 0xffffff);

    for (unsigned size = compact >> 24; size < 29; size++)
        difficulty *= 256.0;
    for (unsigned size = compact >> 24; size > 29; size--)
        difficulty /= 256.0;
    return difficulty;
}

static void has_difficulty(void **state)
{
    static const struct {
        uint32_t compact;
        double difficulty;
    } cases[] = {
        /* Core, blockchain_tests.cpp; the last is the one of the protocol's descriptions. */
        {0x1f111111, 0.000001},
        {0x1ef88f6f, 0.000016},
        {0x1df88f6f, 0.004023},
        {0x1cf88f6f, 1.029916},
        {0x12345678, 5913134931067755359633408.0},
        {0x1d00ffff, 1.0},
        {0x1b0404cb, 16307.420939},
    };
    struct random r = random_create("difficulty");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t compact = cases[i].compact;
        struct uint256 mantissa = uint256_from_u64(compact & 0xffffff);
        double d = uint256_difficulty(uint256_shift_left(mantissa, 8 * ((compact >> 24) - 3)));

        assert_true(d == core_difficulty(compact));
        assert_true(fabs(d - cases[i].difficulty) <= fmax(1e-6, cases[i].difficulty * 1e-15));
    }
    for (int i = 0; i < 100000; i++) {
        uint32_t compact =
            (uint32_t)(random_below(&r, 30) + 3) << 24 | (uint32_t)(random_below(&r, 0x7fffff) + 1);

        assert_true(uint256_difficulty(uint256_from_compact(compact, NULL)) ==
                    core_difficulty(compact));
    }
    assert_true(isinf(uint256_difficulty(uint256_from_u64(0))));
}

/* 0xffff * 2^208 divided by the exact rational number that a double is, rounded down. */
static struct uint256 exact_target(double difficulty)
{
    BIGNUM *n = BN_new(), *d = BN_new(), *limit = BN_new();
    BN_CTX *context = BN_CTX_new();
    struct uint256 target;
    int exponent;

    BN_set_word(d, (uint64_t)ldexp(frexp(difficulty, &exponent), 53));
    BN_set_word(n, 0xffff);
    BN_lshift(n, n, 208 + 1200 - (exponent - 53)); /* both by 2^1200: no exponent is negative */
    BN_lshift(d, d, 1200);
    BN_div(n, NULL, n, d, context);
    BN_set_bit(limit, 256);
    target = uint256_not(uint256_from_u64(0));
    if (BN_cmp(n, limit) < 0)
        target = from_bn(BN_dup(n));
    BN_free(n);
    BN_free(d);
    BN_free(limit);
    BN_CTX_free(context);
    return target;
}

static void comes_from_difficulty(void **state)
{
    static const double edges[] = {
        1,          2,       0.5,     3,         1.0 / 3,    0.001,
        1e-9,       0.1,     65535,   65536,     1e14,       5913134931067755359633408.0,
        1e60,       1e62,    1e63,    1.5e63,    2e63,       1e64,
        1e80,       1e300,   DBL_MAX, 2.328e-10, 2.3283e-10, 2.32827e-10,
        2.3284e-10, 2.4e-10, 1e-10,   1e-20,     1e-30,      1e-100,
        DBL_MIN};
    struct random r = random_create("from difficulty");

    (void)state;
    assert_same(uint256_from_difficulty(1), uint256_from_compact(0x1d00ffff, NULL));
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        assert_same(uint256_from_difficulty(edges[i]), exact_target(edges[i]));
    for (int i = 0; i < 50000; i++) {
        int exponent = (int)random_below(&r, 300) - 60;
        double d = ldexp((double)(random_u64(&r) | 1), exponent - 64);

        assert_same(uint256_from_difficulty(d), exact_target(d));
    }
    /* No target, and a target of 1, then 0. */
    assert_true(uint256_is_zero(uint256_from_difficulty(0)));
    assert_true(uint256_is_zero(uint256_from_difficulty(-0.0)));
    assert_true(uint256_is_zero(uint256_from_difficulty(-1)));
    assert_true(uint256_is_zero(uint256_from_difficulty((double)NAN)));
    assert_true(uint256_is_zero(uint256_from_difficulty((double)INFINITY)));
    assert_true(uint256_is_zero(uint256_from_difficulty(-(double)INFINITY)));
    assert_same(uint256_from_difficulty(ldexp(0xffff, 208)), uint256_from_u64(1));
    assert_true(uint256_is_zero(uint256_from_difficulty(ldexp(0x1ffff, 208))));
    assert_same(uint256_from_difficulty(DBL_TRUE_MIN), uint256_not(uint256_from_u64(0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_bytes),
        cmocka_unit_test(shifts_far),
        cmocka_unit_test(divides),
        cmocka_unit_test(agrees_with_openssl),
        cmocka_unit_test(reads_compact),
        cmocka_unit_test(writes_compact),
        cmocka_unit_test(retargets),
        cmocka_unit_test(counts_work),
        cmocka_unit_test(becomes_double),
        cmocka_unit_test(has_difficulty),
        cmocka_unit_test(comes_from_difficulty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
