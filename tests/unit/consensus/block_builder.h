/* Blocks for tests: made by hand, and the real ones of the vectors. */
#ifndef TESTS_UNIT_CONSENSUS_BLOCK_BUILDER_H
#define TESTS_UNIT_CONSENSUS_BLOCK_BUILDER_H

#include "consensus/block_rules.h"
#include "tests/unit/consensus/support.h"

enum { BUILDER_TRANSACTIONS = 16, BUILDER_OUTPUTS = 4 };

/* All that it makes lies in its arena. Change what is to be another way, then builder_finish. */
struct builder {
    struct arena arena;
    struct transaction transactions[BUILDER_TRANSACTIONS];
    struct block block;
    uint32_t outpoints; /* handed out so far */
};

/* A block with nothing but a coinbase, which names the height and pays one output of 50 coins. */
void builder_init(struct builder *b, int32_t height);
void builder_free(struct builder *b);

/*
 * One more transaction, of so many final inputs, each of an outpoint that no other has, and so many
 * outputs of nothing to nobody. There is room for BUILDER_OUTPUTS in any case.
 */
struct transaction *builder_add(struct builder *b, size_t inputs, size_t outputs);

/* Makes tx's input spend an output of another transaction of the block, whose txid is final. */
void builder_spend(struct tx_input *input, const struct transaction *from, uint32_t output);

/* The n zero bytes of a script, in the builder's arena. */
struct bytes builder_zeros(struct builder *b, size_t n);

/* Adds a commitment to the witnesses to the coinbase, and a reserved value of zeros. */
void builder_commit(struct builder *b);

/* Names and root, of what it is now. */
void builder_finish(struct builder *b);

/* ---- the real ones ---- */

struct block_file {
    const char *network, *name; /* of parameters, of files */
    int32_t height;
    bool undo; /* its spent outputs are there */
};

extern const struct block_file block_files[];
extern const size_t block_file_count;

/* The block, or with suffix "-undo" what it spends; for free(). Skips the test where there is none. */
uint8_t *block_file_load(const struct block_file *file, const char *suffix, size_t *size);

#endif
