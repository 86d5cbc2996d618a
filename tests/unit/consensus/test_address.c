/* Addresses against Core's vectors, on every network; and what is said of those that are wrong. */
#include "consensus/address.h"

#include "consensus/base58.h"
#include "consensus/bech32.h"
#include "consensus/wif.h"
#include "tests/unit/consensus/support.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DATA "bitcoin/src/test/data/"

static enum address_error decode(const char *chain, struct address *out, const char *text)
{
    const struct params *net = params_find(chain);

    assert_non_null(net);
    return address_decode(COMPRESS, net, out, text, strlen(text));
}

static void flip_case(char *text)
{
    for (; *text; text++)
        *text = (char)(isupper((unsigned char)*text) ? tolower((unsigned char)*text)
                                                     : toupper((unsigned char)*text));
}

static void check_valid(const char *chain, const char *text, struct bytes script, bool may_flip)
{
    struct address address, from_script;
    uint8_t out[ADDRESS_SCRIPT_MAX];
    char encoded[ADDRESS_TEXT_SIZE], flipped[128];

    assert_int_equal(decode(chain, &address, text), ADDRESS_OK);
    assert_int_equal(address_to_script(out, &address), script.size);
    assert_memory_equal(out, script.data, script.size);

    assert_true(address_from_script(&from_script, script));
    assert_int_equal(from_script.type, address.type);
    assert_int_equal(address_encode(COMPRESS, params_find(chain), encoded, &from_script),
                     strlen(text));
    assert_string_equal(encoded, text);

    snprintf(flipped, sizeof(flipped), "%s", text);
    flip_case(flipped);
    assert_int_equal(decode(chain, &address, flipped) == ADDRESS_OK, may_flip);
    if (may_flip) {
        assert_int_equal(address_to_script(out, &address), script.size);
        assert_memory_equal(out, script.data, script.size);
    }
}

static void test_valid(void **state)
{
    json_t *rows = vectors_load_json(DATA "key_io_valid.json"), *row;
    size_t index, seen = 0;

    (void)state;
    json_array_foreach(rows, index, row)
    {
        const char *text = json_string_value(json_array_get(row, 0));
        json_t *facts = json_array_get(row, 2);
        const char *chain = json_string_value(json_object_get(facts, "chain"));
        struct address address;
        uint8_t *script;
        size_t size;

        if (json_is_true(json_object_get(facts, "isPrivkey"))) {
            assert_int_not_equal(decode(chain, &address, text), ADDRESS_OK);
            continue;
        }
        script = hex_bytes(json_string_value(json_array_get(row, 1)), &size);
        check_valid(chain, text, bytes_of(script, size),
                    json_is_true(json_object_get(facts, "tryCaseFlip")));
        free(script);
        seen++;
    }
    assert_true(seen >= 50);
    json_decref(rows);
}

static void test_invalid(void **state)
{
    json_t *rows = vectors_load_json(DATA "key_io_invalid.json"), *row;
    size_t index;

    (void)state;
    json_array_foreach(rows, index, row)
    {
        const char *text = json_string_value(json_array_get(row, 0));

        for (const struct params *const *p = params_all; *p; p++) {
            struct address address;
            struct wif_key key;

            assert_int_not_equal(decode((*p)->name, &address, text), ADDRESS_OK);
            assert_false(wif_decode(COMPRESS, *p, &key, text, strlen(text)));
        }
    }
    assert_true(json_array_size(rows) >= 70);
    json_decref(rows);
}

/* One of each type, as every network writes it. */
static void test_types(void **state)
{
    static const struct {
        const char *chain, *text, *script;
        enum address_type type;
    } cases[] = {
        {"main", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
         "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", ADDRESS_P2PKH},
        {"main", "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
         "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87", ADDRESS_P2SH},
        {"main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
         "0014751e76e8199196d454941c45d1b3a323f1433bd6", ADDRESS_P2WPKH},
        {"test", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
         "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", ADDRESS_P2WSH},
        {"main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
         "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", ADDRESS_P2TR},
        {"main", "bc1pfeessrawgf", "51024e73", ADDRESS_P2A},
        {"regtest", "bcrt1pfeesnyr2tx", "51024e73", ADDRESS_P2A},
        {"main", "bc1sw50qgdz25j", "6002751e", ADDRESS_FUTURE_WITNESS},
        {"excalibur", "ESAtsbUtWMZZf1d5AETBTU4Q7RREhJUFLQ",
         "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", ADDRESS_P2PKH},
        {"excalibur", "enk8edP1av1AeQ7jToxtsEMvXoQj2AJu28",
         "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87", ADDRESS_P2SH},
        {"excalibur", "exs1qw508d6qejxtdg4y5r3zarvary0c5xw7k0awl2h",
         "0014751e76e8199196d454941c45d1b3a323f1433bd6", ADDRESS_P2WPKH},
        {"excalibur", "exs1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q77umvg",
         "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262", ADDRESS_P2WSH},
        {"excalibur", "exs1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqyspjjk",
         "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", ADDRESS_P2TR},
        {"excalibur", "exs1pfeesqaq9cc", "51024e73", ADDRESS_P2A},
        {"main", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "5210751e76e8199196d454941c45d1b3a323",
         ADDRESS_FUTURE_WITNESS},
        {"main", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
         "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6",
         ADDRESS_FUTURE_WITNESS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct address address;
        size_t size;
        uint8_t *script = hex_bytes(cases[i].script, &size);

        assert_int_equal(decode(cases[i].chain, &address, cases[i].text), ADDRESS_OK);
        assert_int_equal(address.type, cases[i].type);
        check_valid(cases[i].chain, cases[i].text, bytes_of(script, size),
                    cases[i].type > ADDRESS_P2SH);
        free(script);
    }
}

static const struct {
    const char *chain, *text;
    enum address_error error;
} faulty[] = {
    {"main", "", ADDRESS_NOT_AN_ADDRESS},
    {"main", "x", ADDRESS_BAD_CHECKSUM},
    {"main", "not an address", ADDRESS_NOT_AN_ADDRESS},
    {"main", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", ADDRESS_BAD_CHECKSUM},
    {"main", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", ADDRESS_NOT_AN_ADDRESS},
    {"test", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ADDRESS_WRONG_NETWORK},
    {"main", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", ADDRESS_WRONG_NETWORK},
    {"main", "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
     ADDRESS_WRONG_NETWORK},
    {"main", "bcrt1pfeesnyr2tx", ADDRESS_WRONG_NETWORK},
    {"regtest", "bc1pfeessrawgf", ADDRESS_WRONG_NETWORK},
    {"main", "exs1pfeesqaq9cc", ADDRESS_WRONG_NETWORK},
    {"regtest", "ESAtsbUtWMZZf1d5AETBTU4Q7RREhJUFLQ", ADDRESS_WRONG_NETWORK},
    {"excalibur", "bc1pfeessrawgf", ADDRESS_WRONG_NETWORK},
    {"excalibur", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", ADDRESS_WRONG_NETWORK},
    {"excalibur", "QpMX3z1qBkW8tK8g3CYnB2ER4xM2QNf3D8Hz68nF43LbLo8Ph7dG", ADDRESS_PRIVATE_KEY},
    {"test", "6PxrQLG9CVtTi5ZYxKvsZdXgSN9cfNfyguQLH7kL3W5STLi2LTs", ADDRESS_PRIVATE_KEY},
    {"main", "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
     ADDRESS_UNKNOWN_PREFIX},
    /* Private keys, of this network and of another; with and without the mark of compression. */
    {"main", "5JuW2AMDYu4xVwRG9DZW18VbzQrGcd5RCgb99sS6ehJsNQXu5b9", ADDRESS_PRIVATE_KEY},
    {"main", "L5nJeqKmpHp4P7F8ZYyjwc5a7P4d8EabuGAzfGJk7yC1BJyzNaEd", ADDRESS_PRIVATE_KEY},
    {"test", "L5nJeqKmpHp4P7F8ZYyjwc5a7P4d8EabuGAzfGJk7yC1BJyzNaEd", ADDRESS_PRIVATE_KEY},
    {"main", "3QJmnh", ADDRESS_BAD_LENGTH}, /* a checksum of nothing */
    {"main", "3vQB7B6MrGQZaxCuFg4oh", ADDRESS_UNKNOWN_PREFIX},
    {"main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", ADDRESS_BAD_CHECKSUM},
    {"main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3tb", ADDRESS_BAD_CHARACTER},
    {"main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3T4", ADDRESS_MIXED_CASE},
    {"main", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T5", ADDRESS_BAD_CHECKSUM},
    {"main", "bcqw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ADDRESS_BAD_SEPARATOR},
    {"main", "bc1qqq", ADDRESS_BAD_SEPARATOR},
    /* BIP350's invalid ones. */
    {"main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
     ADDRESS_NEEDS_BECH32M},
    {"test", "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
     ADDRESS_NEEDS_BECH32M},
    {"main", "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
     ADDRESS_NEEDS_BECH32M},
    {"main", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", ADDRESS_NEEDS_BECH32},
    {"test", "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
     ADDRESS_NEEDS_BECH32},
    {"main", "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
     ADDRESS_BAD_CHARACTER},
    {"main", "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", ADDRESS_BAD_VERSION},
    {"main", "bc1pw5dgrnzv", ADDRESS_BAD_PROGRAM_LENGTH},
    {"main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
     ADDRESS_BAD_PROGRAM_LENGTH},
    {"main", "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", ADDRESS_BAD_PROGRAM_LENGTH},
    {"test", "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq", ADDRESS_MIXED_CASE},
    {"main", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
     ADDRESS_BAD_PADDING},
    {"test", "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j", ADDRESS_BAD_PADDING},
    {"main", "bc1gmk9yu", ADDRESS_EMPTY_DATA},
    {"main",
     "bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
     "qqqq",
     ADDRESS_BAD_LENGTH},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        struct address address;
        enum address_error error = decode(faulty[i].chain, &address, faulty[i].text);

        if (error != faulty[i].error)
            fail_msg("%s on %s: %s", faulty[i].text, faulty[i].chain, address_error_text(error));
    }
}

static void check_made(const char *text, size_t length, enum address_error want)
{
    struct address address;

    assert_int_equal(address_decode(COMPRESS, params_find("main"), &address, text, length), want);
}

/* Of what is wrong in several ways, the first that Core finds is said. */
static void test_order(void **state)
{
    static const uint8_t future[] = {17, 0}, unpadded[] = {0, 0};
    char text[BECH32_MAX_LENGTH + 1];

    (void)state;
    assert_true(bech32_encode(text, BECH32M, "bcrt", future, sizeof(future)));
    check_made(text, strlen(text), ADDRESS_WRONG_NETWORK);
    assert_true(bech32_encode(text, BECH32, "bc", future, sizeof(future)));
    check_made(text, strlen(text), ADDRESS_NEEDS_BECH32M);
    assert_true(bech32_encode(text, BECH32M, "bc", future, sizeof(future)));
    check_made(text, strlen(text), ADDRESS_BAD_PADDING);
    assert_true(bech32_encode(text, BECH32M, "bc", future, 1));
    check_made(text, strlen(text), ADDRESS_BAD_VERSION);
    assert_true(bech32_encode(text, BECH32, "bc", unpadded, sizeof(unpadded)));
    check_made(text, strlen(text), ADDRESS_BAD_PADDING);
    assert_true(bech32_encode(text, BECH32, "bc", unpadded, 1));
    check_made(text, strlen(text), ADDRESS_BAD_PROGRAM_LENGTH);
}

/*
 * On excalibur base58 may begin as bech32 does there. Whatever the hash, an address is read back; and
 * both kinds with the three letters are met, in every case that they can have.
 */
static void test_base58_or_bech32(void **state)
{
    static const char *const beginnings[] = {"EXS", "EXs", "eXS", "eXs"};
    const struct params *net = params_find("excalibur");
    size_t seen[4] = {0};
    struct address address = {.size = 20}, back;
    char text[ADDRESS_TEXT_SIZE];

    (void)state;
    for (uint32_t i = 0; i < 1 << 16; i++) {
        address.type = i & 1 ? ADDRESS_P2SH : ADDRESS_P2PKH;
        address.program[0] = (uint8_t)(i >> 8);
        address.program[1] = (uint8_t)i;
        if (address_encode(COMPRESS, net, text, &address) && strncasecmp(text, "exs", 3))
            continue;
        assert_int_equal(address_decode(COMPRESS, net, &back, text, strlen(text)), ADDRESS_OK);
        assert_int_equal(back.type, address.type);
        assert_memory_equal(back.program, address.program, 20);
        for (size_t k = 0; k < 4; k++)
            seen[k] += strncmp(text, beginnings[k], 3) == 0;
        text[20] = text[20] == 'z' ? 'y' : 'z';
        assert_int_not_equal(address_decode(COMPRESS, net, &back, text, strlen(text)), ADDRESS_OK);
    }
    for (size_t k = 0; k < 4; k++)
        assert_true(seen[k] > 0);
}

/* The version byte of an address before as many bytes as no address has. */
static void test_base58_length(void **state)
{
    static const uint8_t versions[] = {0, 5, 111, 196};
    uint8_t payload[1 + 21] = {0};
    char text[BASE58_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(versions); i++) {
        payload[0] = versions[i];
        for (size_t size = 1; size <= sizeof(payload); size++) {
            size_t length = base58_encode_check(COMPRESS, text, bytes_of(payload, size));
            enum address_error good = versions[i] <= 5 ? ADDRESS_OK : ADDRESS_WRONG_NETWORK;

            check_made(text, length, size == 1 + 20 ? good : ADDRESS_BAD_LENGTH);
        }
    }
}

/* As Core: white space around base58 is no part of it, around bech32 it is. A zero byte is never skipped. */
static void test_white_space(void **state)
{
    struct address address;
    static const char cut[] = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\0x";

    (void)state;
    assert_int_equal(decode("main", &address, "  1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\n"),
                     ADDRESS_OK);
    assert_int_not_equal(decode("main", &address, " bc1pfeessrawgf"), ADDRESS_OK);
    assert_int_not_equal(decode("main", &address, "bc1pfeessrawgf "), ADDRESS_OK);
    assert_int_equal(address_decode(COMPRESS, params_find("main"), &address, cut, sizeof(cut) - 3),
                     ADDRESS_OK);
    for (size_t length = sizeof(cut) - 2; length < sizeof(cut); length++)
        assert_int_not_equal(address_decode(COMPRESS, params_find("main"), &address, cut, length),
                             ADDRESS_OK);
}

static void test_no_address(void **state)
{
    static const char *const scripts[] = {
        "",
        "51",
        "6a",
        "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ad",
        "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1887ac",
        "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac00",
        "76a91362e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
        "76a81462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
        "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a88",
        "a913e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87",
        "0013751e76e8199196d454941c45d1b3a323f1433b", /* version 0, 19 bytes */
        "00024e73",                                   /* an anchor must be version 1 */
        "210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac",
        "6a24aa21a9ed0000000000000000000000000000000000000000000000000000000000000000",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct address address;
        size_t size;
        uint8_t *script = hex_bytes(scripts[i], &size);

        assert_false(address_from_script(&address, bytes_of(script, size)));
        free(script);
    }
}

static void test_texts(void **state)
{
    (void)state;
    for (int e = ADDRESS_OK; e <= ADDRESS_BAD_PADDING; e++)
        assert_string_not_equal(address_error_text((enum address_error)e), "unknown address error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_white_space),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_base58_or_bech32),
        cmocka_unit_test(test_base58_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
