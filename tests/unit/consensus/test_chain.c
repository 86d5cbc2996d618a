/* Chains of headers and blocks: each proves its work, names its parent and has the bits that the one before asks for. */
#include "consensus/block.h"
#include "consensus/params.h"
#include "consensus/pow.h"
#include "consensus/script.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

static struct pow_ancestor raw_ancestor(void *context, int32_t height)
{
    const uint8_t *headers = context;
    struct block_header header = block_header_read(headers + (size_t)height * BLOCK_HEADER_SIZE);

    return (struct pow_ancestor){header.time, header.bits};
}

static void test_headers(void **state)
{
    const struct params *net = params_find("main");
    size_t size, count;
    uint8_t *headers = vectors_load("blocks/mainnet-0-to-10236.headers", &size);
    struct block_hash previous = {{0}};

    (void)state;
    count = size / BLOCK_HEADER_SIZE;
    assert_int_equal(count, 10237);
    for (size_t i = 0; i < count; i++) {
        uint8_t *raw = headers + i * BLOCK_HEADER_SIZE, again[BLOCK_HEADER_SIZE];
        struct block_header header = block_header_read(raw);
        struct hash256 want = oracle_sha256d(raw, BLOCK_HEADER_SIZE);
        struct block_hash hash = block_raw_header_hash(COMPRESS, raw);

        block_header_write(again, &header);
        assert_memory_equal(again, raw, BLOCK_HEADER_SIZE);
        assert_memory_equal(hash.bytes, want.bytes, 32);
        assert_true(block_hash_equal(header.previous, previous));
        assert_true(pow_check(hash, header.bits, net->pow_limit));
        if (i)
            assert_int_equal(pow_next_bits(net, raw_ancestor, headers, (int32_t)i - 1, header.time),
                             header.bits);
        else
            assert_true(block_hash_equal(hash, net->genesis_hash));
        previous = hash;
    }
    free(headers);
}

/* One record of a blk file; returns its length. */
static size_t check_record(const struct params *net, const uint8_t *at, size_t left,
                           struct block_hash *previous)
{
    size_t size;
    struct arena arena;
    struct block block;
    struct block_hash hash;
    struct merkle_result root;
    uint8_t *out;

    assert_true(left > 8);
    assert_memory_equal(at, net->magic, 4);
    size = read_le32(at + 4);
    assert_true(size <= left - 8);
    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, bytes_of(at + 8, size), TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    hash = block_header_hash(COMPRESS, &block.header);
    assert_true(block_hash_equal(block.header.previous, *previous));
    assert_true(pow_check(hash, block.header.bits, net->pow_limit));
    assert_true(block_compute_ids(&kernels_generic, &block, &arena));
    assert_true(block_merkle_root(&kernels_generic, &root, &block, &arena));
    assert_true(hash256_equal(root.root, block.header.merkle_root));
    out = malloc(size);
    assert_non_null(out);
    assert_int_equal(block_serialize(out, &block, TRANSACTION_WITH_WITNESS), size);
    assert_memory_equal(out, at + 8, size);
    free(out);
    arena_free(&arena);
    *previous = hash;
    return 8 + size;
}

static void test_first_blocks(void **state)
{
    const struct params *net = params_find("main");
    size_t size, at = 0, count = 0;
    uint8_t *file = vectors_load("blocks/mainnet-0-to-599.blk", &size);
    struct block_hash previous = {{0}};

    (void)state;
    for (; at < size; count++)
        at += check_record(net, file + at, size - at, &previous);
    assert_int_equal(count, 600);
    free(file);
}

/*
 * A chain that was mined on top of the main network's genesis block for a test
 * of Core's, of which only times and nonces are kept: the blocks are made here,
 * coinbase and all, so every byte of ours has to be right for the work to count.
 */
struct alternative {
    const struct params *net;
    uint8_t headers[2017][BLOCK_HEADER_SIZE];
    struct block_hash tip;
};

static void make_coinbase(struct transaction *tx, struct tx_input *input, struct tx_output *output,
                          uint8_t script[static SCRIPT_NUMBER_MAX + 2], int32_t height)
{
    static const uint8_t payout[] = {0x76, 0xa9, 0x14, 0xea, 0xdb, 0xac, 0x7f, 0x36, 0xc3,
                                     0x7e, 0x39, 0x36, 0x11, 0x68, 0xb7, 0xaa, 0xee, 0x3c,
                                     0xb2, 0x4a, 0x25, 0x31, 0x2d, 0x88, 0xac};
    struct script_builder b = script_builder_on(script, SCRIPT_NUMBER_MAX + 2);

    script_push_number(&b, height);
    if (b.size < COINBASE_SCRIPT_MIN)
        script_op(&b, OP_0); /* as the miner that found these nonces pads */
    assert_false(b.failed);
    *input = (struct tx_input){.previous.index = OUTPOINT_NULL_INDEX,
                               .script = bytes_of(b.data, b.size),
                               .sequence = SEQUENCE_FINAL};
    *output = (struct tx_output){{50 * SATOSHIS_PER_COIN}, bytes_of(payout, sizeof(payout))};
    *tx = (struct transaction){
        .version = 2, .inputs = input, .input_count = 1, .outputs = output, .output_count = 1};
}

static void add_block(struct alternative *chain, int32_t height, uint32_t time, uint32_t nonce)
{
    struct transaction coinbase;
    struct tx_input input;
    struct tx_output output;
    uint8_t script[SCRIPT_NUMBER_MAX + 2];
    struct block_header header = {
        .version = 0x20000000, .previous = chain->tip, .time = time, .nonce = nonce};
    struct txid txid;

    make_coinbase(&coinbase, &input, &output, script, height);
    txid = transaction_txid(COMPRESS, &coinbase);
    memcpy(header.merkle_root.bytes, txid.bytes, 32);
    header.bits = pow_next_bits(chain->net, raw_ancestor, chain->headers, height - 1, time);
    block_header_write(chain->headers[height], &header);
    chain->tip = block_header_hash(COMPRESS, &header);
    if (!pow_check(chain->tip, header.bits, chain->net->pow_limit))
        fail_msg("no proof of work at height %d", (int)height);
}

static void test_alternative_chain(void **state)
{
    static struct alternative chain;
    json_t *file = vectors_load_json("bitcoin/test/functional/data/mainnet_alt.json");
    json_t *times = json_object_get(file, "timestamps"), *nonces = json_object_get(file, "nonces");

    (void)state;
    chain.net = params_find("main");
    chain.tip = chain.net->genesis_hash;
    block_header_write(chain.headers[0], &chain.net->genesis);
    assert_int_equal(json_array_size(times), 2016);
    for (size_t i = 0; i < 2016; i++)
        add_block(&chain, (int32_t)i + 1, (uint32_t)json_integer_value(json_array_get(times, i)),
                  (uint32_t)json_integer_value(json_array_get(nonces, i)));
    /* It was mined quickly: four times as hard at the first retarget. */
    assert_int_equal(block_header_read(chain.headers[2015]).bits, 0x1d00ffff);
    assert_int_equal(block_header_read(chain.headers[2016]).bits, 0x1c3fffc0);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_first_blocks),
        cmocka_unit_test(test_alternative_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
