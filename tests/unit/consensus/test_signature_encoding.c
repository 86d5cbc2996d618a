/* How signatures and keys may be written, one deviation after another. */
#include "consensus/signature_encoding.h"

#include "base/hex.h"
#include "tests/unit/consensus/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* secp256k1's group order n, half of it rounded down, and neighbours. */
#define N "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define N_LESS_1 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define HALF "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0"
#define HALF_MORE_1 "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1"
#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_32 ZEROS_16 ZEROS_16
#define R_32 "1122334455667788112233445566778811223344556677881122334455667788"

/* As BIP66 lists what must hold; each case breaks one thing, or nothing. */
static void test_strict_der(void **state)
{
    static const struct {
        const char *what, *signature;
        bool want;
    } cases[] = {
        {"the shortest",
         "3006020101020101"
         "01",
         true},
        {"shorter",
         "30050201010201"
         "01",
         false},
        {"empty", "", false},
        {"a hash type alone", "01", false},
        {"r of zero",
         "3006020100020101"
         "01",
         true},
        {"r and s of 33 bytes, 73 in all", "3046022100" N "022100" N "01", true},
        {"74 in all", "304702220080" N "022100" N "01", false},
        {"r of 32 bytes",
         "30250220" R_32 "020101"
         "01",
         true},
        {"no sequence",
         "3106020101020101"
         "01",
         false},
        {"length one less",
         "3005020101020101"
         "01",
         false},
        {"length one more",
         "3007020101020101"
         "01",
         false},
        {"length with the hash type's",
         "3007020101020101"
         "0101",
         false},
        {"a long length",
         "308106020101020101"
         "01",
         false},
        {"r is no integer",
         "3006030101020101"
         "01",
         false},
        {"s is no integer",
         "3006020101030101"
         "01",
         false},
        {"r empty",
         "30070200"
         "02030101"
         "0101",
         false},
        {"r empty, s as short",
         "300602000202"
         "0101"
         "01",
         false},
        {"s empty",
         "30060202010102"
         "00"
         "01",
         false},
        {"r's length beyond the end",
         "3006020601020101"
         "01",
         false},
        {"r's length up to the hash type",
         "3006020401020101"
         "01",
         false},
        {"r's length up to s's length",
         "3006020301020101"
         "01",
         false},
        {"s's length one less",
         "300702010102010101"
         "01",
         false},
        {"s's length one more",
         "3006020101020201"
         "01",
         false},
        {"r negative",
         "3006020181020101"
         "01",
         false},
        {"s negative",
         "3006020101020181"
         "01",
         false},
        {"r with a zero too many",
         "300702020001020101"
         "01",
         false},
        {"s with a zero too many",
         "300702010102020001"
         "01",
         false},
        {"r of two zeros",
         "300702020000020101"
         "01",
         false},
        {"r with the zero that it needs",
         "300702020081020101"
         "01",
         true},
        {"s with the zero that it needs",
         "300702010102020081"
         "01",
         true},
        {"r with two of them",
         "30080203000081020101"
         "01",
         false},
        {"s of zero",
         "3006020101020100"
         "01",
         true},
        {"no hash type: s's last byte is taken for it", "3006020101020101", false},
        {"any hash type",
         "3006020101020101"
         "ff",
         true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(cases[i].signature, &size);

        if (signature_is_strict_der(bytes_of(text, size)) != cases[i].want)
            fail_msg("%s", cases[i].what);
        free(text);
    }
    assert_false(signature_is_strict_der((struct bytes){0}));
}

/* What is read leniently. want is r and s; NULL where nothing can be read. */
static void test_lax_der(void **state)
{
    static const char zeros[] = ZEROS_32 ZEROS_32;
    static const char ones[] =
        ZEROS_16 "00000000000000000000000000000001" ZEROS_16 "00000000000000000000000000000001";
    static const struct {
        const char *what, *der, *want;
    } cases[] = {
        {"strict", "3006020101020101", ones},
        {"empty", "", NULL},
        {"a tag alone", "30", NULL},
        {"a length and nothing", "3006", NULL},
        {"no sequence", "3106020101020101", NULL},
        {"the sequence's length is not looked at", "3000020101020101", ones},
        {"nor when it says too much", "307f020101020101", ones},
        {"nor when it is long", "308106020101020101", ones},
        {"nor when it is very long", "3088ffffffffffffffff020101020101", ones},
        {"of no bytes", "3080020101020101", ones},
        {"of all that there is", "3086020101020101", NULL},
        {"of more than there is", "3087020101020101", NULL},
        {"of 127 bytes that are not there", "30ff020101020101", NULL},
        {"r is no integer", "3006030101020101", NULL},
        {"s is no integer", "3006020101030101", NULL},
        {"r's long length", "300702810101020101", ones},
        {"s's long length", "300702010102810101", ones},
        {"of two bytes", "30080282000101020101", ones},
        {"of nine, of which the last counts",
         "30100289000000000000000001"
         "01"
         "020101",
         ones},
        {"of three that count",
         "3009"
         "028300000101"
         "020101",
         ones},
        {"of three, beyond the end",
         "3009"
         "028301000001"
         "020101",
         NULL},
        {"of four, the first of which counts",
         "300a"
         "02840100000001"
         "020101",
         NULL},
        {"of more than there is",
         "3009"
         "02ff01",
         NULL},
        {"of none: the integer is empty",
         "30"
         "06"
         "0280"
         "020101",
         ZEROS_32 ZEROS_16 "00000000000000000000000000000001"},
        {"r empty", "30050200020101", ZEROS_32 ZEROS_16 "00000000000000000000000000000001"},
        {"both empty", "300402000200", zeros},
        {"s missing", "3003020101", NULL},
        {"s's length missing", "300402010102", NULL},
        {"s cut short",
         "300602010102"
         "0201",
         NULL},
        {"s ends where all ends",
         "3006020101"
         "0200",
         ZEROS_16 "00000000000000000000000000000001" ZEROS_32},
        {"r beyond the end", "3006020601020101", NULL},
        {"something behind s", "3006020101020101ffff", ones},
        {"zeros before r", "30080203000001020101", ones},
        {"zeros before s, more than 32 bytes",
         "3030"
         "020101"
         "022a"
         "00000000000000" ZEROS_32 "000001",
         ones},
        {"a negative r is taken as it is", "3006020181020101",
         ZEROS_16 "00000000000000000000000000000081" ZEROS_16 "00000000000000000000000000000001"},
        {"r of 32 bytes, without the zero that strictness wants",
         "3025"
         "0220" N_LESS_1 "020101",
         N_LESS_1 ZEROS_16 "00000000000000000000000000000001"},
        {"r of n",
         "3026"
         "022100" N "020101",
         zeros},
        {"s of n",
         "3026"
         "020101"
         "022100" N,
         zeros},
        {"s of n less one",
         "3026"
         "020101"
         "022100" N_LESS_1,
         ZEROS_16 "00000000000000000000000000000001" N_LESS_1},
        {"r of 2^256 - 1",
         "3025"
         "0220"
         "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
         "020101",
         zeros},
        {"r of 33 bytes",
         "3026"
         "022101" ZEROS_32 "020101",
         zeros},
        {"s of 33 bytes",
         "3026"
         "020101"
         "022101" ZEROS_32,
         zeros},
        {"r of 33 bytes and s of n",
         "3046"
         "022101" ZEROS_32 "022100" N,
         zeros},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(cases[i].der, &size), *der = malloc(size), got[64];
        char shown[129] = "";

        assert_true(der || size == 0);
        if (size)
            memcpy(der, text, size);
        if (signature_parse_der_lax(got, bytes_of(der, size)) != (cases[i].want != NULL))
            fail_msg("%s", cases[i].what);
        if (cases[i].want) {
            hex_encode(shown, got, 64);
            if (strcmp(shown, cases[i].want))
                fail_msg("%s: %s", cases[i].what, shown);
        }
        free(der);
        free(text);
    }
}

/* Strict ones are read too, and mean what their bytes say. */
static void test_strict_is_read(void **state)
{
    struct random r = random_create("strict is read");
    size_t strict = 0;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t r_size = 1 + random_below(&r, 33), s_size = 1 + random_below(&r, 33);
        size_t size = 6 + r_size + s_size;
        uint8_t signature[80], got[64];

        random_fill(&r, signature, sizeof(signature));
        signature[0] = 0x30;
        signature[1] = (uint8_t)(size - 2);
        signature[2] = signature[4 + r_size] = 0x02;
        signature[3] = (uint8_t)r_size;
        signature[5 + r_size] = (uint8_t)s_size;
        if (r_size == 33)
            signature[4] = 0;
        if (s_size == 33)
            signature[6 + r_size] = 0;
        if (random_below(&r, 8) == 0)
            signature[random_below(&r, size)] ^= (uint8_t)(1 << random_below(&r, 8));
        if (!signature_is_strict_der(bytes_of(signature, size + 1)))
            continue;
        strict++;
        assert_true(signature_parse_der_lax(got, bytes_of(signature, size)));
        if (r_size <= 32 && s_size <= 32) { /* not negative, so below n */
            assert_memory_equal(got + 32 - r_size, signature + 4, r_size);
            assert_memory_equal(got + 64 - s_size, signature + 6 + r_size, s_size);
        }
    }
    assert_in_range(strict, 1000, 20000);
}

static void test_low_s(void **state)
{
    static const struct {
        const char *s;
        bool want;
    } cases[] = {
        {ZEROS_32, true}, {R_32, true}, {HALF, true}, {HALF_MORE_1, false}, {N_LESS_1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t signature[64];

        assert_true(hex_decode(signature, 32, N_LESS_1, 64));
        assert_true(hex_decode(signature + 32, 32, cases[i].s, 64));
        assert_int_equal(signature_is_low_s(signature), cases[i].want);
    }
}

static void test_hash_types(void **state)
{
    (void)state;
    assert_false(signature_has_defined_hash_type((struct bytes){0}));
    for (unsigned type = 0; type < 256; type++) {
        uint8_t signature[2] = {1, (uint8_t)type};

        assert_int_equal(signature_has_defined_hash_type(bytes_of(signature, 2)),
                         (type >= 1 && type <= 3) || (type >= 0x81 && type <= 0x83));
    }
}

/* Which error comes first, by which flags. */
static void test_signature_flags(void **state)
{
    enum { DER = SCRIPT_VERIFY_DERSIG, LOW = SCRIPT_VERIFY_LOW_S, ENC = SCRIPT_VERIFY_STRICTENC };
    static const char low[] = "3025020101"
                              "0220" HALF "01";
    static const char high[] = "3025020101"
                               "0220" HALF_MORE_1 "01";
    static const char high_bad_type[] = "3025020101"
                                        "0220" HALF_MORE_1 "04";
    static const char bad_type[] = "3006020101020101"
                                   "00";
    static const char overflow[] = "3026020101"
                                   "022100" N "01";
    static const char lax[] = "300702020001020101"
                              "01";
    static const struct {
        const char *signature;
        uint32_t flags;
        enum script_error want;
    } cases[] = {
        {"", DER | LOW | ENC, SCRIPT_ERR_OK},
        {"01", 0, SCRIPT_ERR_OK},
        {"01", DER, SCRIPT_ERR_SIG_DER},
        {lax, ~(uint32_t)(DER | LOW | ENC), SCRIPT_ERR_OK},
        {lax, DER, SCRIPT_ERR_SIG_DER},
        {lax, LOW, SCRIPT_ERR_SIG_DER},
        {lax, ENC, SCRIPT_ERR_SIG_DER},
        {low, DER | LOW | ENC, SCRIPT_ERR_OK},
        {high, DER | ENC, SCRIPT_ERR_OK},
        {high, LOW, SCRIPT_ERR_SIG_HIGH_S},
        {high_bad_type, LOW | ENC, SCRIPT_ERR_SIG_HIGH_S},
        {high_bad_type, ENC, SCRIPT_ERR_SIG_HASHTYPE},
        {bad_type, DER | LOW, SCRIPT_ERR_OK},
        {bad_type, ENC, SCRIPT_ERR_SIG_HASHTYPE},
        {overflow, DER | LOW | ENC, SCRIPT_ERR_OK}, /* read as zeros, which are low */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(cases[i].signature, &size);

        assert_int_equal(signature_check_encoding(bytes_of(text, size), cases[i].flags),
                         cases[i].want);
        free(text);
    }
}

/* Every first byte and all sizes around those that some are good for. */
static void test_keys(void **state)
{
    static const size_t sizes[] = {0, 1, 32, 33, 34, 64, 65, 66};
    uint8_t text[66] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (unsigned first = 0; first < 256; first++) {
            struct bytes key = bytes_of(sizes[i] ? text : NULL, sizes[i]);
            bool compressed = sizes[i] == 33 && (first == 2 || first == 3);
            bool plain = sizes[i] == 65 && first == 4;
            bool hybrid = sizes[i] == 65 && (first == 6 || first == 7);

            text[0] = (uint8_t)first;
            assert_int_equal(public_key_is_compressed(key), compressed);
            assert_int_equal(public_key_is_compressed_or_uncompressed(key), compressed || plain);
            assert_int_equal(public_key_has_valid_size(key), compressed || plain || hybrid);
            assert_int_equal(public_key_check_encoding(key, 0, true), SCRIPT_ERR_OK);
            assert_int_equal(public_key_check_encoding(key, SCRIPT_VERIFY_STRICTENC, false),
                             compressed || plain ? SCRIPT_ERR_OK : SCRIPT_ERR_PUBKEYTYPE);
            assert_int_equal(public_key_check_encoding(key, SCRIPT_VERIFY_WITNESS_PUBKEYTYPE, true),
                             compressed ? SCRIPT_ERR_OK : SCRIPT_ERR_WITNESS_PUBKEYTYPE);
            assert_int_equal(
                public_key_check_encoding(key, SCRIPT_VERIFY_WITNESS_PUBKEYTYPE, false),
                SCRIPT_ERR_OK);
            assert_int_equal(
                public_key_check_encoding(
                    key, SCRIPT_VERIFY_STRICTENC | SCRIPT_VERIFY_WITNESS_PUBKEYTYPE, true),
                compressed ? SCRIPT_ERR_OK
                : plain    ? SCRIPT_ERR_WITNESS_PUBKEYTYPE
                           : SCRIPT_ERR_PUBKEYTYPE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strict_der),     cmocka_unit_test(test_lax_der),
        cmocka_unit_test(test_strict_is_read), cmocka_unit_test(test_low_s),
        cmocka_unit_test(test_hash_types),     cmocka_unit_test(test_signature_flags),
        cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
