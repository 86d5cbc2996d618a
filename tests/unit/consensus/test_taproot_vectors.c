/* BIP341's vectors for wallets: trees of scripts, tweaks, control blocks, hashes that are signed. */
#include "consensus/sighash.h"

#include "base/hex.h"
#include "tests/unit/consensus/support.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static secp256k1_context *curve;

static json_t *at(json_t *object, const char *a, const char *b)
{
    json_t *value = json_object_get(json_object_get(object, a), b);

    assert_non_null(value);
    return value;
}

static const char *text_at(json_t *object, const char *a, const char *b)
{
    return json_string_value(at(object, a, b));
}

static void assert_hex(const void *data, size_t size, const char *want)
{
    char *text = malloc(2 * size + 1);

    assert_non_null(text);
    hex_encode(text, data, size);
    assert_string_equal(text, want);
    free(text);
}

static struct hash256 read_32(const char *text)
{
    struct hash256 h;

    assert_true(hex_decode(h.bytes, 32, text, strlen(text)));
    return h;
}

/* Trees. */

enum { LEAVES = 8, DEPTH = 8 };

/* What becomes of a tree: each leaf's hash and the way from it to the root. */
struct leaf {
    uint8_t version;
    struct hash256 hash, path[DEPTH];
    size_t path_length;
};

struct tree {
    struct leaf leaves[LEAVES];
    size_t count;
};

static struct hash256 grow_leaf(struct tree *tree, json_t *node)
{
    struct leaf *leaf = &tree->leaves[tree->count];
    size_t size;
    uint8_t *script = hex_bytes(json_string_value(json_object_get(node, "script")), &size);

    assert_in_range(tree->count, 0, LEAVES - 1);
    assert_int_equal(json_integer_value(json_object_get(node, "id")), tree->count);
    tree->count++;
    leaf->version = (uint8_t)json_integer_value(json_object_get(node, "leafVersion"));
    leaf->path_length = 0;
    leaf->hash = taproot_leaf_hash(COMPRESS, leaf->version, bytes_of(script, size));
    free(script);
    return leaf->hash;
}

/* The hash of a node, whose leaves are appended to the tree. */
static struct hash256 grow(struct tree *tree, json_t *node)
{
    size_t left_from = tree->count, right_from;
    struct hash256 left, right;

    if (!json_is_array(node))
        return grow_leaf(tree, node);
    assert_int_equal(json_array_size(node), 2);
    left = grow(tree, json_array_get(node, 0));
    right_from = tree->count;
    right = grow(tree, json_array_get(node, 1));
    for (size_t i = left_from; i < tree->count; i++) {
        struct leaf *leaf = &tree->leaves[i];

        assert_in_range(leaf->path_length, 0, DEPTH - 1);
        leaf->path[leaf->path_length++] = i < right_from ? right : left;
    }
    return taproot_branch_hash(COMPRESS, left, right);
}

/* The output key of an internal key and a tweak, and the parity of its y, by libsecp256k1. */
static struct hash256 tweak_key(const struct hash256 *internal, const struct hash256 *tweak,
                                int *parity)
{
    secp256k1_xonly_pubkey key;
    secp256k1_pubkey tweaked;
    struct hash256 out;

    assert_true(secp256k1_xonly_pubkey_parse(curve, &key, internal->bytes));
    assert_true(secp256k1_xonly_pubkey_tweak_add(curve, &tweaked, &key, tweak->bytes));
    assert_true(secp256k1_xonly_pubkey_from_pubkey(curve, &key, parity, &tweaked));
    assert_true(secp256k1_xonly_pubkey_serialize(curve, out.bytes, &key));
    return out;
}

static void check_leaves(json_t *vector, const struct tree *tree, const struct hash256 *internal,
                         int parity)
{
    json_t *hashes = at(vector, "intermediary", "leafHashes");
    json_t *blocks = at(vector, "expected", "scriptPathControlBlocks");

    assert_int_equal(json_array_size(hashes), tree->count);
    assert_int_equal(json_array_size(blocks), tree->count);
    for (size_t i = 0; i < tree->count; i++) {
        const struct leaf *leaf = &tree->leaves[i];
        uint8_t block[33 + 32 * DEPTH] = {(uint8_t)(leaf->version | parity)};

        assert_hex(leaf->hash.bytes, 32, json_string_value(json_array_get(hashes, i)));
        memcpy(block + 1, internal->bytes, 32);
        memcpy(block + 33, leaf->path, 32 * leaf->path_length);
        assert_hex(block, 33 + 32 * leaf->path_length,
                   json_string_value(json_array_get(blocks, i)));
    }
}

static void check_output(json_t *vector)
{
    json_t *scripts = at(vector, "given", "scriptTree");
    struct hash256 internal = read_32(text_at(vector, "given", "internalPubkey"));
    struct hash256 root = {0}, tweak, key;
    struct tree tree = {.count = 0};
    uint8_t script[34] = {OP_1, 32};
    int parity;

    if (!json_is_null(scripts)) {
        root = grow(&tree, scripts);
        assert_hex(root.bytes, 32, text_at(vector, "intermediary", "merkleRoot"));
    }
    tweak = taproot_tweak(COMPRESS, internal.bytes, json_is_null(scripts) ? NULL : &root);
    assert_hex(tweak.bytes, 32, text_at(vector, "intermediary", "tweak"));
    key = tweak_key(&internal, &tweak, &parity);
    assert_hex(key.bytes, 32, text_at(vector, "intermediary", "tweakedPubkey"));
    memcpy(script + 2, key.bytes, 32);
    assert_hex(script, 34, text_at(vector, "expected", "scriptPubKey"));
    if (!json_is_null(scripts))
        check_leaves(vector, &tree, &internal, parity);
}

static void test_outputs(void **state)
{
    json_t *vectors = vectors_load_json("bitcoin/src/test/data/bip341_wallet_vectors.json"),
           *vector;
    json_t *outputs = json_object_get(vectors, "scriptPubKey");
    size_t i;

    (void)state;
    json_array_foreach(outputs, i, vector) check_output(vector);
    printf("bip341_wallet_vectors.json: %zu outputs\n", json_array_size(outputs));
    assert_int_equal(json_array_size(outputs), 7);
    json_decref(vectors);
}

/* Spending. */

enum { SPENT = 16 };

static void read_spent(struct tx_output *spent, size_t count, struct arena *arena, json_t *outputs)
{
    assert_in_range(count, 1, SPENT);
    assert_int_equal(json_array_size(outputs), count);
    for (size_t i = 0; i < count; i++) {
        json_t *output = json_array_get(outputs, i);
        size_t size;
        uint8_t *script =
            hex_bytes(json_string_value(json_object_get(output, "scriptPubKey")), &size);

        spent[i].script = bytes_of(arena_copy(arena, script, size), size);
        spent[i].value.sat = json_integer_value(json_object_get(output, "amountSats"));
        free(script);
    }
}

/* The key that signs, as the vector has it too. */
static void tweak_secret(secp256k1_keypair *pair, json_t *vector)
{
    struct hash256 secret = read_32(text_at(vector, "given", "internalPrivkey")), tweak, root, key;
    json_t *merkle_root = at(vector, "given", "merkleRoot");
    secp256k1_xonly_pubkey internal;

    assert_true(secp256k1_keypair_create(curve, pair, secret.bytes));
    assert_true(secp256k1_keypair_xonly_pub(curve, &internal, NULL, pair));
    assert_true(secp256k1_xonly_pubkey_serialize(curve, key.bytes, &internal));
    assert_hex(key.bytes, 32, text_at(vector, "intermediary", "internalPubkey"));
    if (!json_is_null(merkle_root))
        root = read_32(json_string_value(merkle_root));
    tweak = taproot_tweak(COMPRESS, key.bytes, json_is_null(merkle_root) ? NULL : &root);
    assert_hex(tweak.bytes, 32, text_at(vector, "intermediary", "tweak"));
    assert_true(secp256k1_keypair_xonly_tweak_add(curve, pair, tweak.bytes));
    assert_true(secp256k1_keypair_sec(curve, secret.bytes, pair));
    assert_hex(secret.bytes, 32, text_at(vector, "intermediary", "tweakedPrivkey"));
}

static void check_input(json_t *vector, const struct sighash_tx *s)
{
    size_t input = (size_t)json_integer_value(at(vector, "given", "txinIndex"));
    uint8_t type = (uint8_t)json_integer_value(at(vector, "given", "hashType"));
    static const uint8_t no_randomness[32];
    struct sighash_taproot spend = {0};
    uint8_t hash[32], signature[65];
    secp256k1_keypair pair;

    assert_true(sighash_taproot(hash, s, input, &spend, type));
    assert_hex(hash, 32, text_at(vector, "intermediary", "sigHash"));
    tweak_secret(&pair, vector);
    assert_true(secp256k1_schnorrsig_sign32(curve, signature, hash, &pair, no_randomness));
    signature[64] = type;
    assert_hex(signature, type ? 65 : 64,
               json_string_value(json_array_get(at(vector, "expected", "witness"), 0)));
}

static size_t check_spending(json_t *vector)
{
    json_t *inputs = json_object_get(vector, "inputSpending"), *input;
    struct tx_output spent[SPENT];
    struct transaction tx;
    struct sighash_tx s;
    struct arena arena;
    size_t size, i;
    uint8_t *raw = hex_bytes(text_at(vector, "given", "rawUnsignedTx"), &size);

    arena_init(&arena, 0);
    assert_int_equal(transaction_parse(&tx, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    read_spent(spent, tx.input_count, &arena, at(vector, "given", "utxosSpent"));
    sighash_tx_init(&s, COMPRESS, &tx, spent, true);
    assert_hex(s.spent_amounts.bytes, 32, text_at(vector, "intermediary", "hashAmounts"));
    assert_hex(s.outputs.bytes, 32, text_at(vector, "intermediary", "hashOutputs"));
    assert_hex(s.prevouts.bytes, 32, text_at(vector, "intermediary", "hashPrevouts"));
    assert_hex(s.spent_scripts.bytes, 32, text_at(vector, "intermediary", "hashScriptPubkeys"));
    assert_hex(s.sequences.bytes, 32, text_at(vector, "intermediary", "hashSequences"));
    json_array_foreach(inputs, i, input) check_input(input, &s);
    arena_free(&arena);
    free(raw);
    return json_array_size(inputs);
}

static void test_spending(void **state)
{
    json_t *vectors = vectors_load_json("bitcoin/src/test/data/bip341_wallet_vectors.json"),
           *vector;
    size_t i, ran = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors, "keyPathSpending"), i, vector) ran +=
        check_spending(vector);
    printf("bip341_wallet_vectors.json: %zu inputs\n", ran);
    assert_int_equal(ran, 7);
    json_decref(vectors);
}

static int create_curve(void **state)
{
    (void)state;
    curve = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    return curve ? 0 : -1;
}

static int destroy_curve(void **state)
{
    (void)state;
    secp256k1_context_destroy(curve);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_spending),
    };

    return cmocka_run_group_tests(tests, create_curve, destroy_curve);
}
