/* Whatever parses as a block is written as it was read; its names and roots do not depend on how they are found. */
#include "consensus/witness_commitment.h"
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
    for (int active = 0; active < 2; active++) {
        struct rejection r = witness_commitment_check(&kernels_generic, block, arena, active);

        FUZZ_CHECK(r.reason != REJECT_UNEXPECTED_WITNESS ||
                   r.transaction < block->transaction_count);
    }

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
