#include "consensus/wif.h"

#include "consensus/base58.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

/* All private keys among Core's vectors: on their network and on no other that has another version. */
static void test_vectors(void **state)
{
    json_t *rows = vectors_load_json("bitcoin/src/test/data/key_io_valid.json"), *row;
    size_t index, seen = 0;

    (void)state;
    json_array_foreach(rows, index, row)
    {
        const char *text = json_string_value(json_array_get(row, 0));
        json_t *facts = json_array_get(row, 2);
        const struct params *net = params_find(json_string_value(json_object_get(facts, "chain")));
        struct wif_key key;
        char encoded[WIF_TEXT_SIZE];
        uint8_t *secret;
        size_t size;

        assert_non_null(net);
        if (!json_is_true(json_object_get(facts, "isPrivkey"))) {
            assert_false(wif_decode(COMPRESS, net, &key, text, strlen(text)));
            continue;
        }
        secret = hex_bytes(json_string_value(json_array_get(row, 1)), &size);
        for (const struct params *const *p = params_all; *p; p++)
            assert_int_equal(wif_decode(COMPRESS, *p, &key, text, strlen(text)),
                             (*p)->base58_wif == net->base58_wif);
        assert_true(wif_decode(COMPRESS, net, &key, text, strlen(text)));
        assert_int_equal(key.compressed, json_is_true(json_object_get(facts, "isCompressed")));
        assert_int_equal(size, 32);
        assert_memory_equal(key.secret, secret, 32);
        assert_int_equal(wif_encode(COMPRESS, net, encoded, &key), strlen(text));
        assert_string_equal(encoded, text);
        free(secret);
        seen++;
    }
    assert_true(seen >= 16);
    json_decref(rows);
}

/* Numbers that are no private key, and payloads of the wrong form behind a good checksum. */
static void test_refused(void **state)
{
    static const struct {
        const char *payload;
        bool good;
    } cases[] = {
        {"800000000000000000000000000000000000000000000000000000000000000001", true},
        {"800000000000000000000000000000000000000000000000000000000000000000", false},
        {"80fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", true},
        {"80fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", false},
        {"80ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", false},
        {"80000000000000000000000000000000000000000000000000000000000000000101", true},
        {"80000000000000000000000000000000000000000000000000000000000000000102", false},
        {"80000000000000000000000000000000000000000000000000000000000000000100", false},
        {"8000000000000000000000000000000000000000000000000000000000000000010101", false},
        {"8000000000000000000000000000000000000000000000000000000000000001", false},
        {"ef0000000000000000000000000000000000000000000000000000000000000001", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const struct wif_key nothing;
        struct wif_key key;
        char text[BASE58_TEXT_SIZE];
        size_t size, length;
        uint8_t *payload = hex_bytes(cases[i].payload, &size);

        length = base58_encode_check(COMPRESS, text, bytes_of(payload, size));
        memset(&key, 0x5a, sizeof(key));
        assert_int_equal(wif_decode(COMPRESS, params_find("main"), &key, text, length),
                         cases[i].good);
        if (!cases[i].good)
            assert_memory_equal(key.secret, nothing.secret, sizeof(nothing.secret));
        free(payload);
    }
}

/* excalibur's version byte is its own: the key 1, both ways, and on no other network. */
static void test_excalibur(void **state)
{
    static const char *const texts[] = {"6PxrQLG9CVtTi5ZYxKvsZdXgSN9cfNfyguQLH7kL3W5STLi2LTs",
                                        "QpMX3z1qBkW8tK8g3CYnB2ER4xM2QNf3D8Hz68nF43LbLo8Ph7dG"};
    const struct params *net = params_find("excalibur");

    (void)state;
    for (int compressed = 0; compressed < 2; compressed++) {
        const char *text = texts[compressed];
        struct wif_key key = {.compressed = compressed}, back;
        char encoded[WIF_TEXT_SIZE];

        key.secret[31] = 1;
        assert_int_equal(wif_encode(COMPRESS, net, encoded, &key), strlen(text));
        assert_string_equal(encoded, text);
        for (const struct params *const *p = params_all; *p; p++)
            assert_int_equal(wif_decode(COMPRESS, *p, &back, text, strlen(text)), *p == net);
        assert_true(wif_decode(COMPRESS, net, &back, text, strlen(text)));
        assert_int_equal(back.compressed, compressed);
        assert_memory_equal(back.secret, key.secret, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_excalibur),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
