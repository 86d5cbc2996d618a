#include "tests/unit/consensus/block_builder.h"

#include "consensus/script.h"
#include "consensus/witness_commitment.h"

static void *alloc(struct builder *b, size_t count, size_t size)
{
    void *memory = arena_array(&b->arena, count, size);

    assert_non_null(memory);
    return memory;
}

struct bytes builder_zeros(struct builder *b, size_t n) { return bytes_of(alloc(b, n, 1), n); }

struct transaction *builder_add(struct builder *b, size_t inputs, size_t outputs)
{
    struct transaction *tx = &b->transactions[b->block.transaction_count++];
    size_t room = outputs > BUILDER_OUTPUTS ? outputs : BUILDER_OUTPUTS;

    assert_true(b->block.transaction_count <= BUILDER_TRANSACTIONS);
    *tx = (struct transaction){.version = 2, .input_count = inputs, .output_count = outputs};
    tx->inputs = alloc(b, inputs, sizeof(*tx->inputs));
    tx->outputs = alloc(b, room, sizeof(*tx->outputs));
    for (size_t i = 0; i < inputs; i++) {
        write_le32(tx->inputs[i].previous.txid.bytes + 8, ++b->outpoints);
        tx->inputs[i].sequence = SEQUENCE_FINAL;
    }
    return tx;
}

void builder_init(struct builder *b, int32_t height)
{
    struct script_builder script;
    struct transaction *coinbase;

    *b = (struct builder){0};
    arena_init(&b->arena, 0);
    b->block.transactions = b->transactions;
    b->block.header = (struct block_header){.version = 4, .time = 1600000000, .bits = 0x207fffff};
    coinbase = builder_add(b, 1, 1);
    coinbase->inputs[0].previous = (struct outpoint){.index = OUTPOINT_NULL_INDEX};
    script = script_builder_on(alloc(b, COINBASE_SCRIPT_MAX, 1), COINBASE_SCRIPT_MAX);
    script_push_number(&script, height);
    script_op(&script, OP_0);
    coinbase->inputs[0].script = bytes_of(script.data, script.size);
    coinbase->outputs[0].value.sat = 50 * SATOSHIS_PER_COIN;
}

void builder_free(struct builder *b) { arena_free(&b->arena); }

void builder_spend(struct tx_input *input, const struct transaction *from, uint32_t output)
{
    input->previous = (struct outpoint){transaction_txid(COMPRESS, from), output};
}

void builder_commit(struct builder *b)
{
    struct transaction *coinbase = &b->transactions[0];
    uint8_t *script = alloc(b, WITNESS_COMMITMENT_SCRIPT_SIZE, 1);
    struct bytes *reserved = alloc(b, 1, sizeof(*reserved));
    struct hash256 root;

    *reserved = builder_zeros(b, WITNESS_RESERVED_SIZE);
    coinbase->inputs[0].witness = reserved;
    coinbase->inputs[0].witness_count = 1;
    assert_true(block_compute_ids(fast_kernels(), &b->block, &b->arena));
    assert_true(block_witness_root(fast_kernels(), &root, &b->block, &b->arena));
    witness_commitment_script(script, witness_commitment_hash(HASH_64, root, reserved->data));
    assert_true(coinbase->output_count < BUILDER_OUTPUTS);
    coinbase->outputs[coinbase->output_count++] =
        (struct tx_output){.script = {script, WITNESS_COMMITMENT_SCRIPT_SIZE}};
}

void builder_finish(struct builder *b)
{
    struct merkle_result merkle;

    assert_true(block_compute_ids(fast_kernels(), &b->block, &b->arena));
    assert_true(block_merkle_root(fast_kernels(), &merkle, &b->block, &b->arena));
    b->block.header.merkle_root = merkle.root;
}

const struct block_file block_files[] = {
    {"main", "mainnet", 170, true},
    {"main", "mainnet", 24835, true},
    {"main", "mainnet", 57043, true},
    {"main", "mainnet", 116928, true},
    {"main", "mainnet", 150013, true},
    {"main", "mainnet", 210000, true},
    {"main", "mainnet", 300025, true},
    {"main", "mainnet", 367891, true},
    {"main", "mainnet", 403200, true},
    {"main", "mainnet", 413567, false},
    {"main", "mainnet", 426884, false},
    {"main", "mainnet", 757753, true},
    {"main", "mainnet", 866342, true},
    /* By its hash and its time this is the main network's block of that height, whatever its name says. */
    {"main", "testnet3", 482683, false},
    {"test", "testnet3", 898352, false},
    {"test", "testnet3", 928816, true},
    {"test", "testnet3", 928828, true},
    {"test", "testnet3", 928848, true},
};

const size_t block_file_count = sizeof(block_files) / sizeof(block_files[0]);

uint8_t *block_file_load(const struct block_file *file, const char *suffix, size_t *size)
{
    char path[64];

    snprintf(path, sizeof(path), "blocks/%s-%d%s.raw", file->name, (int)file->height, suffix);
    return vectors_load(path, size);
}
