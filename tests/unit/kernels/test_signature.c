/* Every implementation of signature verification on published vectors and on what is odd. */
#include "base/hex.h"
#include "consensus/signature_encoding.h"
#include "kernels/cpu.h"
#include "kernels/kernels.h"
#include "tests/unit/signatures.h"
#include "tests/unit/vectors.h"

#include <secp256k1_schnorrsig.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define ORDER_LESS_1 "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"
#define PRIME "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define NO_POINT "0000000000000000000000000000000000000000000000000000000000000005"

/* What all implementations that run here say; one that is not exact may leave what is good to the reference. */
static void expect_all(const struct signature_check *checks, const uint8_t *want, size_t n,
                       const char *what)
{
    uint8_t *accepted = malloc(n + 1);

    assert_non_null(accepted);
    for (const struct signature_verify_impl *impl = signature_verify_impls; impl->name; impl++) {
        if (impl->needs & ~cpu_features())
            continue;
        memset(accepted, 0xa5, n + 1);
        impl->run(accepted, checks, n);
        for (size_t i = 0; i < n; i++)
            if (accepted[i] != want[i] && (accepted[i] || impl->exact))
                fail_msg("%s, %s, case %zu: %d", impl->name, what, i, accepted[i]);
        assert_int_equal(accepted[n], 0xa5);
    }
    free(accepted);
}

static void expect(const struct signature_check *check, bool want, const char *what)
{
    uint8_t good = want;

    expect_all(check, &good, 1, what);
}

/* ---- Wycheproof ---- */

static size_t decode(uint8_t *out, size_t limit, const char *text)
{
    size_t size = strlen(text) / 2;

    assert_true(size <= limit);
    assert_true(hex_decode(out, size, text, strlen(text)));
    return size;
}

static void message_digest(uint8_t out[32], const char *text)
{
    uint8_t message[1024];
    size_t size = decode(message, sizeof(message), text);
    struct sha256 s;

    sha256_init(&s, kernels_generic.sha256_compress->run);
    sha256_update(&s, message, size);
    sha256_final(&s, out);
}

/*
 * One of Wycheproof's cases: valid means strict DER and a low s. What is refused for no other reason than a high s
 * is good for consensus.
 */
static void wycheproof_case(json_t *test, struct signature_check *check)
{
    const char *comment = json_string_value(json_object_get(test, "comment"));
    bool valid = strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    static uint8_t der[8192]; /* the longest has 4172 */
    size_t size = decode(der, sizeof(der) - 1, json_string_value(json_object_get(test, "sig")));
    bool strict, parsed;

    message_digest(check->message, json_string_value(json_object_get(test, "msg")));
    der[size] = 1; /* a hash type, as scripts have it */
    strict = signature_is_strict_der(bytes_of(der, size + 1));
    memset(check->signature, 0, sizeof(check->signature));
    parsed = signature_parse_der_lax(check->signature, bytes_of(der, size));
    if (!parsed) {
        assert_false(valid);
        return;
    }
    if (strict && signature_is_low_s(check->signature))
        expect(check, valid, comment);
    else
        assert_false(valid);
    if (strcmp(comment, "Signature malleability") == 0)
        expect(check, true, "a high s");
}

static void wycheproof(void **unused)
{
    json_t *file = vectors_load_json(
        "bitcoin/src/secp256k1/src/wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json");
    json_t *group, *test;
    size_t g, t, ran = 0;

    (void)unused;
    json_array_foreach(json_object_get(file, "testGroups"), g, group)
    {
        json_t *key = json_object_get(group, "publicKey");
        struct signature_check check = {.kind = SIGNATURE_ECDSA};

        check.key_size = (uint8_t)decode(check.key, sizeof(check.key),
                                         json_string_value(json_object_get(key, "uncompressed")));
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            wycheproof_case(test, &check);
            ran++;
        }
    }
    assert_int_equal(ran, json_integer_value(json_object_get(file, "numberOfTests")));
    print_message("Wycheproof: %zu ran\n", ran);
    json_decref(file);
}

/* ---- BIP340 ---- */

/* index, secret key, public key, aux_rand, message, signature, result, comment; no field is quoted. */
enum { KEY_FIELD = 2, MESSAGE_FIELD = 4, SIGNATURE_FIELD = 5, RESULT_FIELD = 6, FIELDS = 8 };

/* Cuts a line at its commas. */
static void cut(char *field[FIELDS], char *line)
{
    for (int i = 0; i < FIELDS; i++) {
        assert_non_null(line);
        field[i] = line;
        line = strchr(line, ',');
        if (line && i + 1 < FIELDS)
            *line++ = 0;
    }
}

/* No script signs a message of another size, so only libsecp256k1 itself can be asked. */
static void bip340_of_another_size(const struct signature_check *check, const char *message,
                                   bool good)
{
    uint8_t bytes[128];
    size_t size = decode(bytes, sizeof(bytes), message);
    secp256k1_xonly_pubkey key;

    assert_int_equal(secp256k1_xonly_pubkey_parse(secp256k1_context_static, &key, check->key), 1);
    assert_int_equal(
        secp256k1_schnorrsig_verify(secp256k1_context_static, check->signature, bytes, size, &key),
        good);
}

static void bip340(void **unused)
{
    size_t size, ran = 0, other_sizes = 0;
    bool good;
    char *text = (char *)vectors_load(
        "bitcoin/test/functional/test_framework/bip340_test_vectors.csv", &size);
    char *rest = text, *line = strtok_r(text, "\r\n", &rest), *field[FIELDS] = {0};

    (void)unused;
    while ((line = strtok_r(NULL, "\r\n", &rest))) {
        struct signature_check check = {.kind = SIGNATURE_SCHNORR, .key_size = 32};

        cut(field, line);
        good = strcmp(field[RESULT_FIELD], "TRUE") == 0;
        assert_int_equal(decode(check.key, 32, field[KEY_FIELD]), 32);
        assert_int_equal(decode(check.signature, 64, field[SIGNATURE_FIELD]), 64);
        if (strlen(field[MESSAGE_FIELD]) == 64) {
            decode(check.message, 32, field[MESSAGE_FIELD]);
            expect(&check, good, field[FIELDS - 1]);
        } else {
            bip340_of_another_size(&check, field[MESSAGE_FIELD], good);
            other_sizes++;
        }
        ran++;
    }
    print_message("BIP340: %zu ran, %zu of them with a message of another size\n", ran,
                  other_sizes);
    assert_int_equal(ran, 19);
    free(text);
}

/* ---- BIP341 ---- */

/* Without a script tree the vectors do not say the parity: then it is one of the two. */
static void tweak_case(json_t *test)
{
    json_t *intermediary = json_object_get(test, "intermediary");
    json_t *blocks = json_object_get(json_object_get(test, "expected"), "scriptPathControlBlocks");
    struct signature_check check = {.kind = SIGNATURE_TAPROOT_TWEAK, .key_size = 32}, other;
    uint8_t control[256], good;

    decode(check.key, 32, json_string_value(json_object_get(intermediary, "tweakedPubkey")));
    decode(check.message, 32, json_string_value(json_object_get(intermediary, "tweak")));
    decode(check.signature, 32,
           json_string_value(json_object_get(json_object_get(test, "given"), "internalPubkey")));
    if (json_array_size(blocks) > 0) {
        decode(control, sizeof(control), json_string_value(json_array_get(blocks, 0)));
        check.parity = control[0] & 1;
    } else {
        signature_verify_libsecp256k1(&good, &check, 1);
        check.parity = !good;
    }
    expect(&check, true, "tweak");
    other = check;
    other.parity = !check.parity;
    expect(&other, false, "tweak with the other parity");
    for (int bit = 0; bit < 8; bit++) {
        other = check;
        other.message[4 * bit] ^= (uint8_t)(1 << bit);
        expect(&other, false, "another tweak");
        other = check;
        other.key[4 * bit] ^= (uint8_t)(1 << bit);
        expect(&other, false, "another key");
        other = check;
        other.signature[4 * bit] ^= (uint8_t)(1 << bit);
        expect(&other, false, "another internal key");
    }
}

static void tweaks(void **unused)
{
    json_t *file = vectors_load_json("bitcoin/src/test/data/bip341_wallet_vectors.json"), *test;
    size_t i;

    (void)unused;
    json_array_foreach(json_object_get(file, "scriptPubKey"), i, test) tweak_case(test);
    assert_true(i > 0);
    print_message("BIP341: %zu tweaks ran\n", i);
    json_decref(file);
}

/* ---- made here ---- */

/* Every form of key, high and low s, and of each a copy with one bit wrong, in one call. */
static void random_checks(void **unused)
{
    enum { N = 300 };
    static struct signature_check checks[N];
    struct random random = random_create("random checks");
    uint8_t want[N];

    (void)unused;
    for (size_t n = 0; n < N; n++) {
        want[n] = random_below(&random, 2) != 0;
        checks[n] = signatures_any(&random, want[n]);
    }
    expect_all(checks, want, N, "random");
    for (size_t n = 0; n < 20; n++)
        expect_all(checks + n, want + n, n, "counts");
}

enum part { KEY, MESSAGE, SIGNATURE };

static void put(struct signature_check *check, enum part part, size_t at, const char *hex)
{
    uint8_t *where = (part == KEY       ? check->key
                      : part == MESSAGE ? check->message
                                        : check->signature) +
                     at;
    uint8_t bytes[64];

    memcpy(where, bytes, decode(bytes, sizeof(bytes), hex));
}

/* What can't be good, put over what is. */
static void impossible_numbers(void **unused)
{
    static const struct {
        enum signature_kind kind;
        enum part part;
        size_t at;
        const char *hex, *what;
    } cases[] = {
        {SIGNATURE_ECDSA, SIGNATURE, 0, ZERO, "r is 0"},
        {SIGNATURE_ECDSA, SIGNATURE, 32, ZERO, "s is 0"},
        {SIGNATURE_ECDSA, SIGNATURE, 0, ZERO ZERO, "r and s are 0"},
        {SIGNATURE_ECDSA, SIGNATURE, 0, ORDER, "r is n"},
        {SIGNATURE_ECDSA, SIGNATURE, 32, ORDER, "s is n"},
        {SIGNATURE_ECDSA, SIGNATURE, 0, ONES, "r is all ones"},
        {SIGNATURE_ECDSA, SIGNATURE, 32, ONES, "s is all ones"},
        {SIGNATURE_ECDSA, SIGNATURE, 0, ORDER_LESS_1, "r is n - 1"},
        {SIGNATURE_ECDSA, SIGNATURE, 32, ORDER_LESS_1, "s is n - 1"},
        {SIGNATURE_ECDSA, KEY, 1, ZERO, "x is 0"},
        {SIGNATURE_ECDSA, KEY, 1, NO_POINT, "x is no point's"},
        {SIGNATURE_ECDSA, KEY, 1, PRIME, "x is p"},
        {SIGNATURE_ECDSA, KEY, 1, ONES, "x is all ones"},
        {SIGNATURE_ECDSA, KEY, 0, "00", "a key of form 00"},
        {SIGNATURE_ECDSA, KEY, 0, "01", "a key of form 01"},
        {SIGNATURE_ECDSA, KEY, 0, "05", "a key of form 05"},
        {SIGNATURE_ECDSA, KEY, 0, "08", "a key of form 08"},
        {SIGNATURE_SCHNORR, SIGNATURE, 0, ZERO, "R's x is 0"},
        {SIGNATURE_SCHNORR, SIGNATURE, 0, NO_POINT, "R's x is no point's"},
        {SIGNATURE_SCHNORR, SIGNATURE, 0, PRIME, "R's x is p"},
        {SIGNATURE_SCHNORR, SIGNATURE, 32, ZERO, "s is 0"},
        {SIGNATURE_SCHNORR, SIGNATURE, 32, ORDER, "s is n"},
        {SIGNATURE_SCHNORR, KEY, 0, ZERO, "x is 0"},
        {SIGNATURE_SCHNORR, KEY, 0, NO_POINT, "x is no point's"},
        {SIGNATURE_SCHNORR, KEY, 0, PRIME, "x is p"},
        {SIGNATURE_TAPROOT_TWEAK, MESSAGE, 0, ZERO, "no tweak"},
        {SIGNATURE_TAPROOT_TWEAK, MESSAGE, 0, ORDER, "the tweak is n"},
        {SIGNATURE_TAPROOT_TWEAK, MESSAGE, 0, ONES, "the tweak is all ones"},
        {SIGNATURE_TAPROOT_TWEAK, SIGNATURE, 0, NO_POINT, "the internal key is no point's"},
        {SIGNATURE_TAPROOT_TWEAK, SIGNATURE, 0, PRIME, "the internal key is p"},
        {SIGNATURE_TAPROOT_TWEAK, KEY, 0, PRIME, "the tweaked key is p"},
    };
    struct random random = random_create("impossible numbers");

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int again = 0; again < 6; again++) { /* forms of keys come by chance */
            struct signature_check check = signatures_good(&random, cases[i].kind);

            expect(&check, true, "before it is spoiled");
            put(&check, cases[i].part, cases[i].at, cases[i].hex);
            expect(&check, false, cases[i].what);
        }
}

/* A tweak of zero is none, and a good one: BIP341 only asks that it be below n. */
static void zero_tweak(void **unused)
{
    struct random random = random_create("zero tweak");
    struct signature_check check = signatures_good(&random, SIGNATURE_SCHNORR);

    (void)unused;
    check.kind = SIGNATURE_TAPROOT_TWEAK;
    memset(check.signature, 0, sizeof(check.signature));
    memset(check.message, 0, sizeof(check.message));
    memcpy(check.signature, check.key, 32);
    expect(&check, true, "the x-only key has an even y");
    check.parity = 1;
    expect(&check, false, "and not an odd one");
}

/* The forms of a key that differ in their first byte and size: which of them are the same key. */
static void forms_of_keys(void **unused)
{
    struct random random = random_create("forms of keys");
    struct signature_check full, check;
    uint8_t odd;

    (void)unused;
    do
        full = signatures_good(&random, SIGNATURE_ECDSA);
    while (full.key_size != 65);
    odd = full.key[64] & 1;
    for (unsigned form = 0; form < 256; form++) {
        check = full;
        check.key[0] = (uint8_t)form;
        expect(&check, form == 4 || form == 6u + odd, "65 bytes");
        memset(check.key + 33, 0, 32);
        check.key_size = 33;
        expect(&check, form == 2u + odd, "33 bytes");
    }
    for (unsigned size = 0; size <= 65; size++) {
        check = full;
        check.key_size = (uint8_t)size;
        expect(&check, size == 65, "other sizes");
    }
}

/* Of a kind that there is not, nothing is good. */
static void unknown_kind(void **unused)
{
    struct random random = random_create("unknown kind");
    struct signature_check check = signatures_good(&random, SIGNATURE_SCHNORR);

    (void)unused;
    for (unsigned kind = SIGNATURE_TAPROOT_TWEAK + 1; kind < 256; kind++) {
        check.kind = (uint8_t)kind;
        expect(&check, false, "an unknown kind");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof),
        cmocka_unit_test(bip340),
        cmocka_unit_test(tweaks),
        cmocka_unit_test(random_checks),
        cmocka_unit_test(impossible_numbers),
        cmocka_unit_test(zero_tweak),
        cmocka_unit_test(forms_of_keys),
        cmocka_unit_test(unknown_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
