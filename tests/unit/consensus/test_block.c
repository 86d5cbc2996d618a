/* Real blocks: the same bytes again, roots, names, commitments and proof of work; and blocks that were cut or changed. */
#include "consensus/block.h"

#include "consensus/compact_size.h"
#include "consensus/params.h"
#include "consensus/pow.h"
#include "consensus/script.h"
#include "consensus/witness_commitment.h"
#include "tests/unit/consensus/block_builder.h"

#include <stdlib.h>
#include <string.h>

static void check_serialize(struct block *block, struct bytes raw)
{
    uint8_t *out = malloc(raw.size);
    struct block again;
    struct arena arena;
    size_t stripped = block_size(block, TRANSACTION_WITHOUT_WITNESS);

    assert_non_null(out);
    assert_int_equal(block_size(block, TRANSACTION_WITH_WITNESS), raw.size);
    assert_int_equal(block_serialize(out, block, TRANSACTION_WITH_WITNESS), raw.size);
    assert_memory_equal(out, raw.data, raw.size);
    assert_int_equal(block_weight(block), 3 * stripped + raw.size);
    assert_true(block_weight(block) <= MAX_BLOCK_WEIGHT);

    assert_int_equal(block_serialize(out, block, TRANSACTION_WITHOUT_WITNESS), stripped);
    arena_init(&arena, 0);
    assert_int_equal(
        block_parse(&again, &arena, bytes_of(out, stripped), TRANSACTION_WITHOUT_WITNESS),
        PARSE_OK);
    assert_int_equal(again.transaction_count, block->transaction_count);
    arena_free(&arena);
    free(out);
}

/* Names found together are those found one by one, and those that OpenSSL gives. */
static void check_ids(struct block *block)
{
    uint8_t *out = malloc(MAX_BLOCK_SERIALIZED_SIZE);

    assert_non_null(out);
    for (size_t i = 0; i < block->transaction_count; i++) {
        const struct transaction *tx = &block->transactions[i];
        struct txid txid = transaction_txid(COMPRESS, tx);
        struct hash256 want = oracle_sha256d(tx->raw.data, tx->raw.size);
        size_t size;

        assert_memory_equal(block->wtxids[i].bytes, want.bytes, 32);
        size = transaction_serialize(out, tx, TRANSACTION_WITHOUT_WITNESS);
        want = oracle_sha256d(out, size);
        assert_memory_equal(block->txids[i].bytes, want.bytes, 32);
        assert_true(txid_equal(txid, block->txids[i]));
    }
    free(out);
}

static void check_roots(const struct params *net, struct block *block, int32_t height)
{
    struct arena arena;
    struct merkle_result root;
    bool segwit = height >= net->segwit_height;

    arena_init(&arena, 0);
    assert_true(block_merkle_root(fast_kernels(), &root, block, &arena));
    assert_true(hash256_equal(root.root, block->header.merkle_root));
    assert_false(root.mutated);
    assert_int_equal(witness_commitment_check(fast_kernels(), block, &arena, segwit).reason,
                     REJECT_NONE);
    arena_free(&arena);
}

/* BIP34: from its height on a coinbase begins with the height, pushed. */
static void check_height(const struct params *net, const struct block *block, int32_t height)
{
    uint8_t want[SCRIPT_NUMBER_MAX + 1];
    struct script_builder b = script_builder_on(want, sizeof(want));
    struct bytes script = block->transactions[0].inputs[0].script;

    if (height < net->bip34_height)
        return;
    script_push_number(&b, height);
    assert_true(script.size >= b.size);
    assert_memory_equal(script.data, want, b.size);
}

/* A block as miners build one: fields alone, no bytes that it came from. */
static void check_built(struct block *block)
{
    struct txid *txids = block->txids;
    struct wtxid *wtxids = block->wtxids;
    struct arena arena;

    for (size_t i = 0; i < block->transaction_count; i++)
        block->transactions[i].raw = block->transactions[i].body = (struct bytes){0};
    arena_init(&arena, 0);
    assert_true(block_compute_ids(fast_kernels(), block, &arena));
    assert_memory_equal(block->txids, txids, 32 * block->transaction_count);
    assert_memory_equal(block->wtxids, wtxids, 32 * block->transaction_count);
    arena_free(&arena);
    block->txids = txids;
    block->wtxids = wtxids;
}

static void check_block(size_t i, struct bytes raw)
{
    const struct params *net = params_find(block_files[i].network);
    struct arena arena;
    struct block block;
    struct block_hash hash = block_raw_header_hash(COMPRESS, raw.data);
    struct hash256 want = oracle_sha256d(raw.data, BLOCK_HEADER_SIZE);

    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, raw, TRANSACTION_WITH_WITNESS), PARSE_OK);
    assert_true(arena.used < 4 * raw.size + 65536);
    assert_memory_equal(hash.bytes, want.bytes, 32);
    assert_true(block_hash_equal(hash, block_header_hash(COMPRESS, &block.header)));
    assert_true(pow_check(hash, block.header.bits, net->pow_limit));
    assert_true(transaction_is_coinbase(&block.transactions[0]));
    check_height(net, &block, block_files[i].height);
    check_serialize(&block, raw);
    assert_true(block_compute_ids(fast_kernels(), &block, &arena));
    check_ids(&block);
    check_roots(net, &block, block_files[i].height);
    check_built(&block);
    check_serialize(&block, raw);
    arena_free(&arena);
}

static void test_real_blocks(void **state)
{
    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        size_t size;
        uint8_t *raw = block_file_load(&block_files[i], "", &size);

        check_block(i, bytes_of(raw, size));
        free(raw);
    }
}

/* Names and roots by one implementation of each operation. */
static void check_kernels(const struct sha256d_many_impl *many, const struct sha256d_64_impl *pairs,
                          struct bytes raw, bool segwit)
{
    struct kernels kernels = kernels_generic;
    struct arena arena;
    struct block block;
    struct merkle_result root;

    kernels.sha256d_many = many;
    kernels.sha256d_64 = pairs;
    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, raw, TRANSACTION_WITH_WITNESS), PARSE_OK);
    assert_true(block_compute_ids(&kernels, &block, &arena));
    assert_true(block_merkle_root(&kernels, &root, &block, &arena));
    if (!hash256_equal(root.root, block.header.merkle_root))
        fail_msg("%s with %s: another root", many->name, pairs->name);
    assert_int_equal(witness_commitment_check(&kernels, &block, &arena, segwit).reason,
                     REJECT_NONE);
    arena_free(&arena);
}

/* Every implementation that runs here gives real blocks their real roots: not the largest, for the sanitizers' sake. */
static void test_kernels(void **state)
{
    unsigned cpu = cpu_features();

    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        const struct params *net = params_find(block_files[i].network);
        bool segwit = block_files[i].height >= net->segwit_height;
        size_t size;
        uint8_t *raw = block_file_load(&block_files[i], "", &size);

        if (size > 700000) {
            free(raw);
            continue;
        }
        for (const struct sha256d_many_impl *many = sha256d_many_impls; many->name; many++)
            if ((many->needs & cpu) == many->needs)
                check_kernels(many, kernels_generic.sha256d_64, bytes_of(raw, size), segwit);
        for (const struct sha256d_64_impl *pairs = sha256d_64_impls; pairs->name; pairs++)
            if ((pairs->needs & cpu) == pairs->needs)
                check_kernels(kernels_generic.sha256d_many, pairs, bytes_of(raw, size), segwit);
        free(raw);
    }
}

/* As many spent outputs as inputs spend, and as much money as comes out of a block that creates only its subsidy. */
static void test_undo(void **state)
{
    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        const struct params *net = params_find(block_files[i].network);
        size_t size, undo_size, inputs = 0;
        struct amount in_sum = params_subsidy(net, block_files[i].height), out_sum = {0};
        struct arena arena;
        struct block block;
        struct cursor in;
        uint8_t *raw, *undo;

        if (!block_files[i].undo)
            continue;
        raw = block_file_load(&block_files[i], "", &size);
        undo = block_file_load(&block_files[i], "-undo", &undo_size);
        arena_init(&arena, 0);
        assert_int_equal(block_parse(&block, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
                         PARSE_OK);
        for (size_t t = 0; t < block.transaction_count; t++) {
            const struct transaction *tx = &block.transactions[t];

            inputs += t ? tx->input_count : 0;
            for (size_t o = 0; o < tx->output_count; o++)
                assert_true(amount_add(&out_sum, out_sum, tx->outputs[o].value));
        }
        for (in = cursor_of(undo, undo_size); cursor_left(&in); inputs--)
            assert_true(amount_add(&in_sum, in_sum, tx_output_read(&in).value));
        assert_true(cursor_done(&in));
        assert_int_equal(inputs, 0);
        /* Miners have claimed less than they might. */
        assert_true(out_sum.sat <= in_sum.sat);
        arena_free(&arena);
        free(undo);
        free(raw);
    }
}

static enum parse_result parse_copy(struct bytes raw)
{
    uint8_t *copy =
        malloc(raw.size + !raw.size); /* so that reading on is an error that ASan sees */
    struct arena arena;
    struct block block;
    enum parse_result result;

    assert_non_null(copy);
    memcpy(copy, raw.data, raw.size);
    arena_init(&arena, 0);
    result = block_parse(&block, &arena, bytes_of(copy, raw.size), TRANSACTION_WITH_WITNESS);
    arena_free(&arena);
    free(copy);
    return result;
}

/* Cut anywhere: no block. Small ones at every byte, large ones at some. */
static void test_truncated(void **state)
{
    struct random random = random_create("blocks");

    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        size_t size;
        uint8_t *raw = block_file_load(&block_files[i], "", &size);

        for (size_t cut = 0; size < 10000 && cut < size; cut++)
            assert_int_equal(parse_copy(bytes_of(raw, cut)), PARSE_MALFORMED);
        for (int n = 0; size >= 10000 && n < 20; n++)
            assert_int_equal(parse_copy(bytes_of(raw, random_below(&random, size))),
                             PARSE_MALFORMED);
        free(raw);
    }
}

/* Bytes changed at random: parsed or refused, and what is parsed is written as it was. */
static void test_changed(void **state)
{
    struct random random = random_create("blocks");
    size_t size;
    uint8_t *raw = block_file_load(&block_files[14], "", &size), *copy = malloc(size),
            *out = malloc(size);

    (void)state;
    assert_non_null(copy);
    assert_non_null(out);
    for (int n = 0; n < 20000; n++) {
        struct arena arena;
        struct block block;

        memcpy(copy, raw, size);
        for (int flips = 1 + n % 3; flips > 0; flips--)
            copy[random_below(&random, size)] = (uint8_t)random_u64(&random);
        arena_init(&arena, 1 << 24);
        if (block_parse(&block, &arena, bytes_of(copy, size), TRANSACTION_WITH_WITNESS) ==
            PARSE_OK) {
            assert_int_equal(block_size(&block, TRANSACTION_WITH_WITNESS), size);
            block_serialize(out, &block, TRANSACTION_WITH_WITNESS);
            assert_memory_equal(out, copy, size);
        }
        arena_free(&arena);
    }
    free(out);
    free(copy);
    free(raw);
}

/* The block with its last full subtree once more, where its size lets that go unseen in the root. */
static bool double_tail(struct block *doubled, const struct block *block, struct arena *arena)
{
    size_t n = block->transaction_count, width = 1;

    while (n % (2 * width) == 0)
        width *= 2;
    if (width == n)
        return false;
    *doubled = *block;
    doubled->transaction_count = n + width;
    doubled->transactions = arena_array(arena, n + width, sizeof(*doubled->transactions));
    assert_non_null(doubled->transactions);
    memcpy(doubled->transactions, block->transactions, n * sizeof(*block->transactions));
    memcpy(doubled->transactions + n, block->transactions + n - width,
           width * sizeof(*block->transactions));
    return true;
}

/* A doubled tail has the same root, and is told from the real block (CVE-2012-2459). */
static void test_mutated(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        size_t size;
        uint8_t *raw = block_file_load(&block_files[i], "", &size);
        struct arena arena;
        struct block block, doubled;
        struct merkle_result root;

        arena_init(&arena, 0);
        assert_int_equal(block_parse(&block, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
                         PARSE_OK);
        if (double_tail(&doubled, &block, &arena)) {
            assert_true(block_compute_ids(fast_kernels(), &doubled, &arena));
            assert_true(block_merkle_root(fast_kernels(), &root, &doubled, &arena));
            assert_true(hash256_equal(root.root, block.header.merkle_root));
            assert_true(root.mutated);
            seen++;
        }
        arena_free(&arena);
        free(raw);
    }
    assert_true(seen >= 10);
}

static void test_limits(void **state)
{
    uint8_t raw[BLOCK_HEADER_SIZE + 9] = {0};
    struct block block;
    struct arena arena;

    (void)state;
    arena_init(&arena, 1 << 16);
    /* No transactions is a form that can be parsed; the rules refuse it later. */
    assert_int_equal(
        block_parse(&block, &arena, bytes_of(raw, BLOCK_HEADER_SIZE + 1), TRANSACTION_WITH_WITNESS),
        PARSE_OK);
    assert_int_equal(block.transaction_count, 0);
    assert_true(block_compute_ids(fast_kernels(), &block, &arena));
    assert_int_equal(
        block_parse(&block, &arena, bytes_of(raw, BLOCK_HEADER_SIZE + 2), TRANSACTION_WITH_WITNESS),
        PARSE_TRAILING_DATA);
    /* A count that can't be: refused before memory is asked for. */
    memset(raw + BLOCK_HEADER_SIZE, 0xff, 9);
    assert_int_equal(
        block_parse(&block, &arena, bytes_of(raw, sizeof(raw)), TRANSACTION_WITH_WITNESS),
        PARSE_MALFORMED);
    raw[BLOCK_HEADER_SIZE] = 0xfe;
    write_le32(raw + BLOCK_HEADER_SIZE + 1, 0x02000000);
    assert_int_equal(
        block_parse(&block, &arena, bytes_of(raw, sizeof(raw)), TRANSACTION_WITH_WITNESS),
        PARSE_MALFORMED);
    arena_free(&arena);
}

/* Transactions of ten bytes are the smallest: as many as the bytes are enough for can be parsed. */
static void test_smallest_transactions(void **state)
{
    enum { COUNT = 200 };
    uint8_t raw[BLOCK_HEADER_SIZE + 1 + 10 * COUNT] = {0};
    struct block block;
    struct arena arena;

    (void)state;
    raw[BLOCK_HEADER_SIZE] = COUNT;
    arena_init(&arena, 0);
    assert_int_equal(
        block_parse(&block, &arena, bytes_of(raw, sizeof(raw)), TRANSACTION_WITH_WITNESS),
        PARSE_OK);
    assert_int_equal(block.transaction_count, COUNT);
    arena_free(&arena);
}

/* So large that what the arena rounds up does not count. */
enum { AMPLIFIED_SIZE = MAX_BLOCK_SERIALIZED_SIZE };

/* A block of zeros behind its head; how it is parsed with the memory that block.h speaks of. */
static enum parse_result parse_amplified(uint64_t transactions, struct bytes head, uint64_t last)
{
    size_t at = BLOCK_HEADER_SIZE;
    uint8_t *raw = calloc(1, AMPLIFIED_SIZE + 256);
    struct arena arena;
    struct block block;
    enum parse_result result;

    assert_non_null(raw);
    at += compact_size_write(raw + at, transactions);
    memcpy(raw + at, head.data, head.size);
    at += head.size;
    at += compact_size_write(raw + at, last) + AMPLIFIED_SIZE + 4;
    arena_init(&arena, 24 * at);
    result = block_parse(&block, &arena, bytes_of(raw, at), TRANSACTION_WITH_WITNESS);
    arena_free(&arena);
    free(raw);
    return result;
}

/*
 * The most memory that a byte can ask for: a witness of nothing but empty items, alone and behind
 * a promise of as many transactions as the bytes are enough for. Promises beyond that ask for none.
 */
static void test_amplification(void **state)
{
    /* Version, marker, flags, one input and its script's length, its sequence, no outputs. */
    static const uint8_t witness[6 + 1 + 32 + 4 + 1 + 4 + 1] = {2, 0, 0, 0, 0, 1, 1};
    static const uint8_t inputs[] = {2, 0, 0, 0};
    static const uint8_t outputs[4 + 1 + 32 + 4 + 1 + 4] = {2, 0, 0, 0, 1};
    struct bytes witness_head = bytes_of(witness, sizeof(witness));
    uint64_t most = AMPLIFIED_SIZE / 10;

    (void)state;
    assert_int_equal(parse_amplified(1, witness_head, AMPLIFIED_SIZE), PARSE_OK);
    assert_int_equal(parse_amplified(most, witness_head, AMPLIFIED_SIZE), PARSE_MALFORMED);
    assert_int_equal(parse_amplified(AMPLIFIED_SIZE, witness_head, AMPLIFIED_SIZE),
                     PARSE_MALFORMED);
    assert_int_equal(parse_amplified(most, bytes_of(inputs, sizeof(inputs)), AMPLIFIED_SIZE),
                     PARSE_MALFORMED);
    assert_int_equal(parse_amplified(most, bytes_of(outputs, sizeof(outputs)), AMPLIFIED_SIZE),
                     PARSE_MALFORMED);
}

/* Wherever memory runs out it is said so, and nothing is blamed on the block. */
static void test_no_memory(void **state)
{
    size_t size;
    uint8_t *raw = block_file_load(&block_files[17], "", &size);
    bool done = false;

    (void)state;
    for (size_t limit = 1024; !done; limit *= 2) {
        struct arena arena;
        struct block block;
        struct merkle_result root;
        enum parse_result result;

        arena_init(&arena, limit);
        result = block_parse(&block, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS);
        assert_true(result == PARSE_OK || result == PARSE_NO_MEMORY);
        done = result == PARSE_OK && block_compute_ids(fast_kernels(), &block, &arena) &&
               block_merkle_root(fast_kernels(), &root, &block, &arena) &&
               witness_commitment_check(fast_kernels(), &block, &arena, true).reason == REJECT_NONE;
        arena_free(&arena);
    }
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_blocks), cmocka_unit_test(test_kernels),
        cmocka_unit_test(test_undo),        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_changed),     cmocka_unit_test(test_mutated),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_amplification),
        cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_smallest_transactions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
