#include "tests/unit/mining/support.h"

#include "base/hex.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct kernels *support_kernels(void) { return &kernels_generic; }

void support_sha256d(uint8_t out[static 32], const void *data, size_t size)
{
    unsigned length = 32;

    assert_int_equal(EVP_Digest(data, size, out, &length, EVP_sha256(), NULL), 1);
    assert_int_equal(EVP_Digest(out, 32, out, &length, EVP_sha256(), NULL), 1);
}

void support_merkle_root(uint8_t out[static 32], uint8_t (*leaves)[32], size_t n)
{
    uint8_t pair[64];

    for (; n > 1; n = (n + 1) / 2)
        for (size_t i = 0; i < n; i += 2) {
            memcpy(pair, leaves[i], 32);
            memcpy(pair + 32, leaves[i + 1 < n ? i + 1 : i], 32);
            support_sha256d(leaves[i / 2], pair, sizeof(pair));
        }
    memcpy(out, leaves[0], 32);
}

static json_t *hex_string(const uint8_t *data, size_t size)
{
    char *text = malloc(2 * size + 1);
    json_t *json;

    assert_non_null(text);
    hex_encode(text, data, size);
    json = json_string(text);
    free(text);
    return json;
}

json_t *support_transaction(uint32_t number, bool witness)
{
    static const uint8_t item[] = {1, 2, 3};
    const struct bytes stack = bytes_of(item, sizeof(item));
    struct tx_input input = {
        .sequence = SEQUENCE_FINAL, .witness = &stack, .witness_count = witness ? 1 : 0};
    struct tx_output output = {{number}, bytes_of(item, 1)};
    struct transaction tx = {
        .version = 2, .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
    uint8_t raw[256], hash[32];
    char txid[65], wtxid[65];
    size_t size;

    write_le32(input.previous.txid.bytes, number);
    size = transaction_serialize(raw, &tx, TRANSACTION_WITHOUT_WITNESS);
    support_sha256d(hash, raw, size);
    hex_encode_reversed(txid, hash, 32);
    size = transaction_serialize(raw, &tx, TRANSACTION_WITH_WITNESS);
    support_sha256d(hash, raw, size);
    hex_encode_reversed(wtxid, hash, 32);
    return json_pack("{s:o, s:s, s:s, s:[], s:i, s:i, s:i}", "data", hex_string(raw, size), "txid",
                     txid, "hash", wtxid, "depends", "fee", 1000, "sigops", 0, "weight",
                     (int)transaction_weight(&tx));
}

json_t *support_template(int32_t height, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, support_transaction((uint32_t)i + 1, i % 2));
    return json_pack("{s:[s], s:I, s:[s,s,s], s:{}, s:i, s:s, s:o, s:{}, s:I, s:s, s:s, s:i, "
                     "s:[s,s,s], s:s, s:i, "
                     "s:i, s:i, s:i, s:s, s:i}",
                     "capabilities", "proposal", "version", (json_int_t)0x20000000, "rules", "csv",
                     "!segwit", "taproot", "vbavailable", "vbrequired", 0, "previousblockhash",
                     "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
                     "transactions", list, "coinbaseaux", "coinbasevalue", (json_int_t)5000000000,
                     "longpollid",
                     "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e22061", "target",
                     "7fffff0000000000000000000000000000000000000000000000000000000000", "mintime",
                     1700000000, "mutable", "time", "transactions", "prevblock", "noncerange",
                     "00000000ffffffff", "sigoplimit", 80000, "sizelimit", 4000000, "weightlimit",
                     4000000, "curtime", 1700000600, "bits", "207fffff", "height", (int)height);
}

struct block_template *support_parse(json_t *json)
{
    char error[TEMPLATE_ERROR_SIZE] = "";
    struct block_template *t = template_parse(support_kernels(), json, error);

    json_decref(json);
    if (!t)
        fail_msg("a good template was refused: %s", error);
    return t;
}
