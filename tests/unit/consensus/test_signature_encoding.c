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
#define ZERO_AND_ZERO ZEROS_32 ZEROS_32
#define ONE ZEROS_16 "00000000000000000000000000000001"
#define ONE_AND_ONE ONE ONE
#define R_32 "1122334455667788112233445566778811223344556677881122334455667788"

/* As BIP66 lists what must hold; each case breaks one thing, or nothing. */
static const struct {
    const char *what, *signature;
    bool want;
} strict_cases[] = {
    {"the shortest", "300602010102010101", true},
    {"shorter", "3005020101020101", false},
    {"empty", "", false},
    {"a hash type alone", "01", false},
    {"r of zero", "300602010002010101", true},
    {"r and s of 33 bytes, 73 in all", "3046022100" N "022100" N "01", true},
    {"74 in all", "304702220080" N "022100" N "01", false},
    {"r of 32 bytes", "30250220" R_32 "02010101", true},
    {"no sequence", "310602010102010101", false},
    {"length one less", "300502010102010101", false},
    {"length one more", "300702010102010101", false},
    {"length with the hash type's", "30070201010201010101", false},
    {"a long length", "30810602010102010101", false},
    {"r is no integer", "300603010102010101", false},
    {"s is no integer", "300602010103010101", false},
    {"r empty", "30070200020301010101", false},
    {"r empty, s as short", "300602000202010101", false},
    {"s empty", "300602020101020001", false},
    {"r's length beyond the end", "300602060102010101", false},
    {"r's length up to the hash type", "300602040102010101", false},
    {"r's length up to s's length", "300602030102010101", false},
    {"s's length one less", "30070201010201010101", false},
    {"s's length one more", "300602010102020101", false},
    {"r negative", "300602018102010101", false},
    {"s negative", "300602010102018101", false},
    {"r with a zero too many", "30070202000102010101", false},
    {"s with a zero too many", "30070201010202000101", false},
    {"r of two zeros", "30070202000002010101", false},
    {"r with the zero that it needs", "30070202008102010101", true},
    {"s with the zero that it needs", "30070201010202008101", true},
    {"r with two of them", "3008020300008102010101", false},
    {"s of zero", "300602010102010001", true},
    {"no hash type: s's last byte is taken for it", "3006020101020101", false},
    {"any hash type", "3006020101020101ff", true},
};

static void test_strict_der(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(strict_cases) / sizeof(strict_cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(strict_cases[i].signature, &size);

        if (signature_is_strict_der(bytes_of(text, size)) != strict_cases[i].want)
            fail_msg("%s", strict_cases[i].what);
        free(text);
    }
    assert_false(signature_is_strict_der((struct bytes){0}));
}

/* What is read leniently. want is r and s; NULL where nothing can be read. */
static const struct {
    const char *what, *der, *want;
} lax_cases[] = {
    {"strict", "3006020101020101", ONE_AND_ONE},
    {"empty", "", NULL},
    {"a tag alone", "30", NULL},
    {"a length and nothing", "3006", NULL},
    {"no sequence", "3106020101020101", NULL},
    {"the sequence's length is not looked at", "3000020101020101", ONE_AND_ONE},
    {"nor when it says too much", "307f020101020101", ONE_AND_ONE},
    {"nor when it is long", "308106020101020101", ONE_AND_ONE},
    {"nor when it is very long", "3088ffffffffffffffff020101020101", ONE_AND_ONE},
    {"of no bytes", "3080020101020101", ONE_AND_ONE},
    {"of all that there is", "3086020101020101", NULL},
    {"of more than there is", "3087020101020101", NULL},
    {"of 127 bytes that are not there", "30ff020101020101", NULL},
    {"r is no integer", "3006030101020101", NULL},
    {"s is no integer", "3006020101030101", NULL},
    {"r's long length", "300702810101020101", ONE_AND_ONE},
    {"s's long length", "300702010102810101", ONE_AND_ONE},
    {"of two bytes", "30080282000101020101", ONE_AND_ONE},
    {"of nine, of which the last counts", "3010028900000000000000000101020101", ONE_AND_ONE},
    {"of three that count", "3009028300000101020101", ONE_AND_ONE},
    {"of three, beyond the end", "3009028301000001020101", NULL},
    {"of four, the first of which counts", "300a02840100000001020101", NULL},
    {"of more than there is", "300902ff01", NULL},
    {"of none: the integer is empty", "30060280020101", ZEROS_32 ONE},
    {"r empty", "30050200020101", ZEROS_32 ONE},
    {"both empty", "300402000200", ZERO_AND_ZERO},
    {"s missing", "3003020101", NULL},
    {"s's length missing", "300402010102", NULL},
    {"s cut short", "3006020101020201", NULL},
    {"s ends where all ends", "30060201010200", ONE ZEROS_32},
    {"r beyond the end", "3006020601020101", NULL},
    {"something behind s", "3006020101020101ffff", ONE_AND_ONE},
    {"zeros before r", "30080203000001020101", ONE_AND_ONE},
    {"zeros before s, more than 32 bytes", "3030020101022a00000000000000" ZEROS_32 "000001",
     ONE_AND_ONE},
    {"a negative r is taken as it is", "3006020181020101",
     ZEROS_16 "00000000000000000000000000000081" ONE},
    {"r of 32 bytes, without the zero that strictness wants", "30250220" N_LESS_1 "020101",
     N_LESS_1 ONE},
    {"r of n", "3026022100" N "020101", ZERO_AND_ZERO},
    {"s of n", "3026020101022100" N, ZERO_AND_ZERO},
    {"s of n less one", "3026020101022100" N_LESS_1, ONE N_LESS_1},
    {"r of 2^256 - 1",
     "30250220ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff020101",
     ZERO_AND_ZERO},
    {"r of 33 bytes", "3026022101" ZEROS_32 "020101", ZERO_AND_ZERO},
    {"s of 33 bytes", "3026020101022101" ZEROS_32, ZERO_AND_ZERO},
    {"r of 33 bytes and s of n", "3046022101" ZEROS_32 "022100" N, ZERO_AND_ZERO},
};

static void test_lax_der(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(lax_cases) / sizeof(lax_cases[0]); i++) {
        size_t size;
        uint8_t *text = hex_bytes(lax_cases[i].der, &size), *der = malloc(size), got[64];
        char shown[129] = "";

        assert_true(der || size == 0);
        if (size)
            memcpy(der, text, size);
        if (signature_parse_der_lax(got, bytes_of(der, size)) != (lax_cases[i].want != NULL))
            fail_msg("%s", lax_cases[i].what);
        if (lax_cases[i].want) {
            hex_encode(shown, got, 64);
            if (strcmp(shown, lax_cases[i].want))
                fail_msg("%s: %s", lax_cases[i].what, shown);
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
        r_size = signature[3];
        s_size = signature[5 + r_size];
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
    static const char low[] = "30250201010220" HALF "01";
    static const char high[] = "30250201010220" HALF_MORE_1 "01";
    static const char high_bad_type[] = "30250201010220" HALF_MORE_1 "04";
    static const char bad_type[] = "300602010102010100";
    static const char overflow[] = "3026020101022100" N "01";
    static const char lax[] = "30070202000102010101";
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
