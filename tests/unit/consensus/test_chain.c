/* Chains of headers and blocks: each proves its work, names its parent and has the bits that the one before asks for. */
#include "consensus/block_rules.h"
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

/* The verdict on the header at height, behind those before it, by all rules that there are for it. */
static enum reject judge(const struct params *net, uint8_t *headers, int32_t height)
{
    struct block_header header = block_header_read(headers + (size_t)height * BLOCK_HEADER_SIZE);
    uint32_t times[MEDIAN_TIME_SPAN];
    size_t n = 0;
    struct header_context context;
    struct block_place place = {.params = net, .height = height};
    enum reject why = header_check(net, &header, block_header_hash(COMPRESS, &header));

    if (why != REJECT_NONE)
        return why;
    for (int32_t h = height - 1; h >= 0 && n < MEDIAN_TIME_SPAN; h--)
        times[n++] = raw_ancestor(headers, h).time;
    place.median_time_past = median_time_past(times, n);
    context = (struct header_context){
        .bits = pow_next_bits(net, raw_ancestor, headers, height - 1, header.time),
        .previous_time = times[0],
        .now = (int64_t)header.time - MAX_FUTURE_BLOCK_TIME};
    return header_check_contextual(&place, &header, &context).reason;
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
        if (i)
            assert_int_equal(judge(net, headers, (int32_t)i), REJECT_NONE);
        else
            assert_true(block_hash_equal(hash, net->genesis_hash));
        previous = hash;
    }
    free(headers);
}

/* What a chain of blocks has had so far. */
struct past {
    int32_t height; /* of the next block */
    struct block_hash previous;
    struct txid seen[1000];
    size_t count;
};

/* A transaction of the same name as one before would overwrite its coins (BIP30). */
static void check_names(struct past *past, const struct params *net, const struct block *block,
                        struct block_hash hash)
{
    assert_true(block_enforces_bip30(net, hash, past->height, false));
    for (size_t i = 0; i < block->transaction_count; i++) {
        for (size_t k = 0; k < past->count; k++)
            assert_false(txid_equal(past->seen[k], block->txids[i]));
        assert_true(past->count < sizeof(past->seen) / sizeof(past->seen[0]));
        past->seen[past->count++] = block->txids[i];
    }
}

/* One record of a blk file; returns its length. */
static size_t check_record(const struct params *net, const uint8_t *at, size_t left,
                           struct past *past)
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
    assert_true(block_hash_equal(block.header.previous, past->previous));
    assert_true(pow_check(hash, block.header.bits, net->pow_limit));
    assert_true(block_compute_ids(&kernels_generic, &block, &arena));
    assert_true(block_merkle_root(&kernels_generic, &root, &block, &arena));
    assert_true(hash256_equal(root.root, block.header.merkle_root));
    assert_int_equal(block_check(&kernels_generic, &block, &arena).reason, REJECT_NONE);
    check_names(past, net, &block, hash);
    out = malloc(size);
    assert_non_null(out);
    assert_int_equal(block_serialize(out, &block, TRANSACTION_WITH_WITNESS), size);
    assert_memory_equal(out, at + 8, size);
    free(out);
    arena_free(&arena);
    past->previous = hash;
    past->height++;
    return 8 + size;
}

static void test_first_blocks(void **state)
{
    const struct params *net = params_find("main");
    size_t size, at = 0;
    uint8_t *file = vectors_load("blocks/mainnet-0-to-599.blk", &size);
    static struct past past;

    (void)state;
    while (at < size)
        at += check_record(net, file + at, size - at, &past);
    assert_int_equal(past.height, 600);
    assert_true(past.count > 600);
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
    if (judge(chain->net, chain->headers[0], height) != REJECT_NONE)
        fail_msg("not valid at height %d", (int)height);
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

/*
 * Headers without the work, for the rules that are about time and difficulty: those of excalibur,
 * of its proof of work limit, at a block a minute from a month behind its genesis block on.
 */
struct minutes {
    struct params net;
    uint8_t headers[600][BLOCK_HEADER_SIZE];
};

static void set_time(struct minutes *m, int32_t height, uint32_t time)
{
    write_le32(m->headers[height] + 68, time);
}

static void set_bits(struct minutes *m, int32_t height)
{
    uint32_t time = read_le32(m->headers[height] + 68);

    write_le32(m->headers[height] + 72,
               pow_next_bits(&m->net, raw_ancestor, m->headers, height - 1, time));
}

static enum reject judge_context(struct minutes *m, int32_t height)
{
    struct block_header header = block_header_read(m->headers[height]);
    uint32_t times[MEDIAN_TIME_SPAN];
    struct block_place place = {.params = &m->net, .height = height};
    struct header_context context = {
        pow_next_bits(&m->net, raw_ancestor, m->headers, height - 1, header.time),
        raw_ancestor(m->headers, height - 1).time, header.time};

    for (int32_t i = 0; i < MEDIAN_TIME_SPAN; i++)
        times[i] = raw_ancestor(m->headers, height - 1 - i).time;
    place.median_time_past = median_time_past(times, MEDIAN_TIME_SPAN);
    return header_check_contextual(&place, &header, &context).reason;
}

static struct minutes *make_minutes(const char *rules_of)
{
    static struct minutes m;
    uint32_t start;

    m.net = *params_find("excalibur");
    m.net.bip94 = params_find(rules_of)->bip94;
    start = m.net.genesis.time + 30 * 24 * 60 * 60;
    block_header_write(m.headers[0], &m.net.genesis);
    for (int32_t height = 1; height < 600; height++) {
        block_header_write(m.headers[height], &(struct block_header){.version = 0x20000000});
        set_time(&m, height, start + (uint32_t)height * 60);
        set_bits(&m, height);
    }
    return &m;
}

static void test_excalibur(void **state)
{
    struct minutes *m = make_minutes("excalibur");
    uint32_t limit = m->net.genesis.bits;

    (void)state;
    for (int32_t height = MEDIAN_TIME_SPAN; height < 600; height++) {
        uint32_t bits = raw_ancestor(m->headers, height).bits;

        assert_int_equal(judge_context(m, height), REJECT_NONE);
        assert_int_equal(bits == limit, height < 288);
        /* Any other bits are wrong: too hard, too easy, and those of the period before. */
        write_le32(m->headers[height] + 72, bits - 1);
        assert_int_equal(judge_context(m, height), REJECT_DIFFBITS);
        write_le32(m->headers[height] + 72, height < 288 ? 0x1e00ffff : limit);
        assert_int_equal(judge_context(m, height), REJECT_DIFFBITS);
        write_le32(m->headers[height] + 72, bits);
    }
    /* Late as it may be, no block is easier for it. */
    set_time(m, 300, raw_ancestor(m->headers, 299).time + 24 * 60 * 60);
    assert_int_equal(judge_context(m, 300), REJECT_NONE);
    write_le32(m->headers[300] + 72, limit);
    assert_int_equal(judge_context(m, 300), REJECT_DIFFBITS);
}

/*
 * BIP94: the first block of a period may be ten minutes before its parent and no more, so that
 * periods can't be made to overlap; without the rule, as far as the median time past lets it.
 */
static void test_timewarp(void **state)
{
    static const struct {
        const char *rules_of;
        int32_t height;
        uint32_t back; /* seconds before the parent, which is two hours ahead of the rest */
        enum reject verdict;
    } cases[] = {
        {"excalibur", 288, 600, REJECT_NONE},
        {"excalibur", 288, 601, REJECT_TIME_TIMEWARP_ATTACK},
        {"excalibur", 287, 601, REJECT_NONE},
        {"excalibur", 289, 601, REJECT_NONE},
        {"excalibur", 144, 601, REJECT_TIME_TIMEWARP_ATTACK},
        {"excalibur", 432, 7000, REJECT_TIME_TIMEWARP_ATTACK},
        {"main", 288, 601, REJECT_NONE},
        {"main", 288, 7000, REJECT_NONE},
        {"main", 288, 7800, REJECT_TIME_TOO_OLD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct minutes *m = make_minutes(cases[i].rules_of);
        int32_t height = cases[i].height;
        uint32_t ahead = raw_ancestor(m->headers, height - 1).time + 7200;

        set_time(m, height - 1, ahead);
        set_time(m, height, ahead - cases[i].back);
        set_bits(m, height);
        assert_int_equal(judge_context(m, height), cases[i].verdict);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),           cmocka_unit_test(test_first_blocks),
        cmocka_unit_test(test_alternative_chain), cmocka_unit_test(test_excalibur),
        cmocka_unit_test(test_timewarp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
