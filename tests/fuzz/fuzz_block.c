/*
 * Whatever parses as a block is written as it was read; its names and roots do not depend on how they are found. With a
 * root of its own it is led through all rules as far as it goes.
 */
#include "consensus/block_rules.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static void check_written(const struct block *block, enum transaction_format format,
                          struct bytes want)
{
    uint8_t *out = malloc(want.size);

    FUZZ_CHECK(out);
    FUZZ_CHECK(block_size(block, format) == want.size);
    FUZZ_CHECK(block_serialize(out, block, format) == want.size);
    FUZZ_CHECK(memcmp(out, want.data, want.size) == 0);
    free(out);
}

static void check_ids(const struct block *block)
{
    sha256_compress_fn *compress = kernels_generic.sha256_compress->run;

    for (size_t i = 0; i < block->transaction_count; i++) {
        const struct transaction *tx = &block->transactions[i];

        FUZZ_CHECK(txid_equal(transaction_txid(compress, tx), block->txids[i]));
        FUZZ_CHECK(wtxid_equal(transaction_wtxid(compress, tx), block->wtxids[i]));
    }
}

static void check_branch(const struct block *block, struct hash256 root, struct arena *arena)
{
    sha256d_64_fn *hash = kernels_generic.sha256d_64->run;
    size_t n = block->transaction_count, position = block->header.nonce % n, depth;
    struct hash256 branch[MERKLE_MAX_DEPTH], leaf;
    struct hash256 *leaves = arena_copy(arena, block->txids, n * sizeof(*leaves));

    if (!leaves)
        return;
    leaf = leaves[position];
    depth = merkle_branch(hash, branch, leaves, n, position);
    FUZZ_CHECK(hash256_equal(merkle_root_from_branch(hash, leaf, branch, depth, position), root));
}

/* A place among those where rules begin, by the header's time. */
static struct block_place place_of(const struct block_header *header)
{
    static const int32_t heights[] = {1, 227931, 363725, 388381, 419328, 481824, 1983702};
    const struct params *params = params_find(header->time & 8 ? "main" : "regtest");

    return (struct block_place){params, heights[header->time % 7], (int64_t)header->time - 1};
}

/* No outpoint is spent twice, and none before it is there, up to what is missing. */
static void check_sources(const struct block *block, const struct block_connection *c)
{
    size_t at = 0;

    for (size_t i = 1; i < block->transaction_count; i++) {
        const struct transaction *tx = &block->transactions[i];

        for (size_t j = 0; j < tx->input_count && at < c->source_count; j++, at++) {
            const struct outpoint *o = &tx->inputs[j].previous;
            uint32_t source = c->sources[at];

            if (source == BLOCK_SOURCE_BEFORE)
                continue;
            FUZZ_CHECK(source < i && txid_equal(block->txids[source], o->txid));
            FUZZ_CHECK(o->index < block->transactions[source].output_count);
        }
    }
    FUZZ_CHECK(at == c->source_count);
    FUZZ_CHECK(c->missing.reason == REJECT_NONE ||
               c->missing.transaction < block->transaction_count);
}

/* Transactions one after the other, each input worth the header's nonce. */
static void connect(struct block *block, const struct block_place *place, struct arena *arena)
{
    uint32_t flags = block_script_flags(place->params, (struct block_hash){{0}}, place->height);
    struct block_connection c;
    struct rejection r;

    if (!block_connect_begin(&c, block, arena))
        return;
    check_sources(block, &c);
    for (size_t i = 0; i < block->transaction_count; i++) {
        size_t n = block->transactions[i].input_count;
        struct tx_output *spent = arena_array(arena, n, sizeof(*spent));

        if (!spent)
            return;
        for (size_t j = 0; j < n; j++)
            spent[j].value.sat = block->header.nonce;
        r = block_connect_transaction(&c, place, flags, block, i, spent, NULL);
        FUZZ_CHECK(amount_is_money(c.fees));
        FUZZ_CHECK(r.reason == REJECT_NONE || r.transaction == i);
        FUZZ_CHECK(c.missing.transaction != i || r.reason == REJECT_TXNS_INPUTS_MISSINGORSPENT);
        if (r.reason != REJECT_NONE)
            return;
    }
    r = block_connect_end(&c, place, block);
    FUZZ_CHECK(r.reason == REJECT_NONE || r.reason == REJECT_CB_AMOUNT);
}

static void check_rules(struct block *block, struct merkle_result root, struct arena *arena)
{
    struct block_place place = place_of(&block->header);
    struct hash256 claimed = block->header.merkle_root;
    struct rejection r = header_check_contextual(&place, &block->header, NULL);
    bool mutated;

    FUZZ_CHECK(r.reason == REJECT_NONE || r.reason == REJECT_VERSION);
    block->header.merkle_root = root.root;
    r = block_check(&kernels_generic, block, arena);
    FUZZ_CHECK(r.reason != REJECT_TXNMRKLROOT);
    FUZZ_CHECK(r.reason == REJECT_NO_MEMORY || root.mutated == (r.reason == REJECT_TXNS_DUPLICATE));
    if (block_is_mutated(&mutated, &kernels_generic, block, true, arena))
        FUZZ_CHECK(mutated || !root.mutated);
    if (r.reason == REJECT_NONE) {
        r = block_check_contextual(&kernels_generic, &place, block, arena);
        FUZZ_CHECK(r.transaction == REJECT_NO_INDEX || r.transaction < block->transaction_count);
        connect(block, &place, arena);
    }
    block->header.merkle_root = claimed;
}

static void check_parsed(struct block *block, enum transaction_format format, struct bytes raw,
                         struct arena *arena)
{
    struct merkle_result root, again;

    check_written(block, format, raw);
    if (!block_compute_ids(&kernels_generic, block, arena) ||
        !block_merkle_root(&kernels_generic, &root, block, arena))
        return;
    check_ids(block);
    if (block->transaction_count)
        check_branch(block, root.root, arena);
    check_rules(block, root, arena);

    for (size_t i = 0; i < block->transaction_count; i++)
        block->transactions[i].raw = block->transactions[i].body = (struct bytes){0};
    check_written(block, format, raw);
    if (!block_compute_ids(&kernels_generic, block, arena) ||
        !block_merkle_root(&kernels_generic, &again, block, arena))
        return;
    FUZZ_CHECK(hash256_equal(root.root, again.root) && root.mutated == again.mutated);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum transaction_format formats[2] = {TRANSACTION_WITH_WITNESS,
                                                       TRANSACTION_WITHOUT_WITNESS};
    struct bytes raw = bytes_of(data, size);

    for (size_t i = 0; i < 2; i++) {
        struct arena arena;
        struct block block;

        arena_init(&arena, FUZZ_MEMORY);
        if (block_parse(&block, &arena, raw, formats[i]) == PARSE_OK)
            check_parsed(&block, formats[i], raw, &arena);
        arena_free(&arena);
    }
    return 0;
}
