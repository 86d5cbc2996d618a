/*
 * Where the inputs of a block find their outputs is answered by two tables of
 * chains, one of the block's transactions by their txids, one of the outputs
 * that were spent so far:
 *
 *     heads [ . | 3 | . | 1 | ... ]      an entry's number, 0 for none
 *                 |       |
 *     next  [ . | 0 | . | 2 | ... ]      3 -> 2, 1 -> 0
 *
 * Outpoints are anybody's choice, so tables that everybody knows could be
 * filled with chains of one length. These are keyed by the Merkle root, which
 * is another one as soon as a single outpoint is.
 */
#include "consensus/block_rules.h"
#include "consensus/script.h"
#include "consensus/sigops.h"

struct chains {
    uint32_t *heads, *next; /* numbers count from 1 */
    unsigned shift;         /* what is left of a 64-bit hash is an index of heads */
};

static bool chains_create(struct chains *c, size_t n, struct arena *arena)
{
    unsigned bits = 1;

    while (((size_t)1 << bits) < n)
        bits++;
    c->shift = 64 - bits;
    c->heads = arena_array(arena, (size_t)1 << bits, sizeof(*c->heads));
    c->next = arena_array(arena, n + 1, sizeof(*c->next));
    return c->heads && c->next;
}

static uint32_t *chains_head(const struct chains *c, uint64_t hash)
{
    return &c->heads[hash >> c->shift];
}

static void chains_add(const struct chains *c, uint64_t hash, size_t number)
{
    uint32_t *head = chains_head(c, hash);

    c->next[number] = *head;
    *head = (uint32_t)number;
}

/* Odd, and its bits are well mixed: the golden ratio. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)

/* UMAC's NH of 32 bytes under a key of 32, spread so that the top bits are good. */
static uint64_t hash_txid(const struct hash256 *key, const struct txid *txid)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < 32; i += 8) {
        uint32_t a = read_le32(txid->bytes + i) + read_le32(key->bytes + i);
        uint32_t b = read_le32(txid->bytes + i + 4) + read_le32(key->bytes + i + 4);

        sum += (uint64_t)a * b;
    }
    return sum * SPREAD;
}

static uint64_t hash_outpoint(uint64_t txid_hash, uint32_t index)
{
    return (txid_hash ^ (txid_hash >> 32) ^ index) * SPREAD;
}

struct finder {
    const struct block *block;
    struct chains made;             /* transaction i has number i + 1 */
    struct chains spent;            /* input i of all, the coinbase's left out, has number i + 1 */
    const struct tx_input **inputs; /* these */
    size_t input_count;
    uint32_t *sources;
};

static bool finder_create(struct finder *f, const struct block *block, struct arena *arena)
{
    size_t inputs = 0;

    for (size_t i = 1; i < block->transaction_count; i++)
        inputs += block->transactions[i].input_count;
    *f = (struct finder){.block = block};
    f->inputs = arena_array(arena, inputs, sizeof(struct tx_input *));
    f->sources = arena_array(arena, inputs, sizeof(*f->sources));
    if (!f->inputs || !f->sources || !chains_create(&f->made, block->transaction_count, arena) ||
        !chains_create(&f->spent, inputs, arena))
        return false;
    for (size_t i = block->transaction_count; i > 0; i--)
        chains_add(&f->made, hash_txid(&block->header.merkle_root, &block->txids[i - 1]), i);
    return true;
}

/* The first transaction of the block that has this txid. */
static uint32_t find_source(const struct finder *f, const struct txid *txid, uint64_t hash)
{
    uint32_t number = *chains_head(&f->made, hash);

    for (; number; number = f->made.next[number])
        if (txid_equal(f->block->txids[number - 1], *txid))
            return number - 1;
    return BLOCK_SOURCE_BEFORE;
}

/* Adds an outpoint to those that are spent. False where it was among them. */
static bool spend(struct finder *f, const struct tx_input *input, uint64_t hash)
{
    const struct outpoint *o = &input->previous;
    uint32_t number = *chains_head(&f->spent, hash);

    for (; number; number = f->spent.next[number]) {
        const struct outpoint *other = &f->inputs[number - 1]->previous;

        if (other->index == o->index && txid_equal(other->txid, o->txid))
            return false;
    }
    f->inputs[f->input_count++] = input;
    chains_add(&f->spent, hash, f->input_count);
    return true;
}

/* Whether source, of the block, is before the spending transaction and has such an output to spend. */
static bool has_output(const struct finder *f, uint32_t source, size_t spender, uint32_t output)
{
    const struct transaction *tx = &f->block->transactions[source];

    return source < spender && output < tx->output_count &&
           !script_is_unspendable(tx->outputs[output].script);
}

/* Settles one input. False where its output is missing. */
static bool settle(struct finder *f, size_t transaction, const struct tx_input *input)
{
    const struct outpoint *o = &input->previous;
    uint64_t hash = hash_txid(&f->block->header.merkle_root, &o->txid);
    uint32_t source = find_source(f, &o->txid, hash);

    f->sources[f->input_count] = source;
    if (source != BLOCK_SOURCE_BEFORE && !has_output(f, source, transaction, o->index))
        return false;
    return spend(f, input, hash_outpoint(hash, o->index));
}

static struct rejection settle_all(struct finder *f)
{
    for (size_t i = 1; i < f->block->transaction_count; i++) {
        const struct transaction *tx = &f->block->transactions[i];

        for (size_t j = 0; j < tx->input_count; j++)
            if (!settle(f, i, &tx->inputs[j]))
                return rejection_at(REJECT_TXNS_INPUTS_MISSINGORSPENT, i, j);
    }
    return rejection_of(REJECT_NONE);
}

bool block_connect_begin(struct block_connection *c, const struct block *block, struct arena *arena)
{
    struct finder f;

    if (!finder_create(&f, block, arena))
        return false;
    *c = (struct block_connection){.missing = settle_all(&f)};
    c->sources = f.sources;
    c->source_count = f.input_count;
    return true;
}

/* BIP68, from csv_height on. */
static bool are_sequence_locks_met(struct block_connection *c, const struct block_place *place,
                                   const struct transaction *tx, const struct spent_origin *origins)
{
    if (place->height < place->params->csv_height)
        return true;
    return sequence_locks_evaluate(transaction_sequence_locks(tx, origins, &c->unchecked),
                                   place->height, place->median_time_past);
}

static struct rejection connect_inputs(struct block_connection *c, const struct block_place *place,
                                       const struct transaction *tx, size_t index,
                                       const struct tx_output *spent,
                                       const struct spent_origin *origins)
{
    struct amount fee;
    size_t input;
    enum reject reason =
        transaction_check_inputs(&fee, &input, tx, spent, origins, place->height, &c->unchecked);

    if (reason != REJECT_NONE)
        return rejection_at(reason, index, input);
    if (!amount_add(&c->fees, c->fees, fee))
        return rejection_at(REJECT_TXNS_ACCUMULATED_FEE_OUTOFRANGE, index, REJECT_NO_INDEX);
    if (!are_sequence_locks_met(c, place, tx, origins))
        return rejection_at(REJECT_TXNS_NONFINAL, index, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}

struct rejection block_connect_transaction(struct block_connection *c,
                                           const struct block_place *place, uint32_t flags,
                                           const struct block *block, size_t index,
                                           const struct tx_output *spent,
                                           const struct spent_origin *origins)
{
    const struct transaction *tx = &block->transactions[index];
    struct rejection rejection;

    if (c->missing.reason != REJECT_NONE && c->missing.transaction == index)
        return c->missing;
    if (index > 0) {
        rejection = connect_inputs(c, place, tx, index, spent, origins);
        if (rejection.reason != REJECT_NONE)
            return rejection;
    }
    c->sigop_cost += sigops_transaction_cost(tx, spent, flags);
    if (c->sigop_cost > MAX_BLOCK_SIGOPS_COST)
        return rejection_at(REJECT_BLK_SIGOPS, index, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}

struct rejection block_connect_end(const struct block_connection *c,
                                   const struct block_place *place, const struct block *block)
{
    struct amount subsidy = params_subsidy(place->params, place->height), paid;

    /* Together they may be more than all the money that there can be: nothing to object to. */
    if (!transaction_value_out(&paid, &block->transactions[0]) ||
        paid.sat > c->fees.sat + subsidy.sat)
        return rejection_at(REJECT_CB_AMOUNT, 0, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}

/* Two coinbases that overwrote earlier ones which were not spent, before BIP30. */
static bool repeats_coinbase(struct block_hash hash, int32_t height)
{
    static const struct {
        int32_t height;
        struct block_hash hash;
    } repeats[2] = {
        {91842, {{0xec, 0xca, 0xe0, 0x00, 0xe3, 0xc8, 0xe4, 0xe0, 0x93, 0x93, 0x63,
                  0x60, 0x43, 0x1f, 0x3b, 0x76, 0x03, 0xc5, 0x63, 0xc1, 0xff, 0x61,
                  0x81, 0x39, 0x0a, 0x4d, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x00}}},
        {91880, {{0x21, 0xd7, 0x7c, 0xcb, 0x4c, 0x08, 0x38, 0x6a, 0x04, 0xac, 0x01,
                  0x96, 0xae, 0x10, 0xf6, 0xa1, 0xd2, 0xc2, 0xa3, 0x77, 0x55, 0x8c,
                  0xa1, 0x90, 0xf1, 0x43, 0x07, 0x00, 0x00, 0x00, 0x00, 0x00}}},
    };

    for (size_t i = 0; i < 2; i++)
        if (height == repeats[i].height && block_hash_equal(hash, repeats[i].hash))
            return true;
    return false;
}

bool block_enforces_bip30(const struct params *params, struct block_hash hash, int32_t height,
                          bool bip34_known)
{
    if (height >= BIP30_AGAIN_HEIGHT)
        return true;
    if (repeats_coinbase(hash, height))
        return false;
    /* From then on coinbases name their heights, so that no two transactions are the same. */
    return !bip34_known || height <= params->bip34_height;
}
