/*
 * Real blocks to validate: NETWORK-HEIGHT.raw as it was mined, and
 * NETWORK-HEIGHT-undo.raw, the outputs that its inputs spend, serialized one
 * after another in input order, the coinbase left out.
 */
#ifndef BENCH_REAL_BLOCK_H
#define BENCH_REAL_BLOCK_H

#include "validation/validator.h"

enum {
    REAL_BLOCK_NAME_SIZE = 32,
    REAL_BLOCK_ERROR_SIZE = 256,
};

struct real_block {
    char name[REAL_BLOCK_NAME_SIZE]; /* "mainnet-866342" */
    struct arena arena;
    uint8_t *file, *undo_file;
    struct bytes raw;
    struct block block; /* with its ids */
    struct block_context context;
    uint32_t flags; /* SCRIPT_VERIFY_* of its height */
    /* Every signature check that its scripts make, in their order, and the answer to each. */
    struct signature_check *checks;
    uint8_t *good;
    size_t count;
};

/*
 * Reads a block and runs all of its scripts once. False, with the reason in error and nothing to
 * free, where its files can't be read, are no block and outputs, or a script fails. The network is
 * as -chain= takes it; "mainnet" and "testnet3" are main and test.
 */
bool real_block_load(struct real_block *b, const char *folder, const char *name,
                     const struct kernels *kernels, char error[static REAL_BLOCK_ERROR_SIZE]);

void real_block_free(struct real_block *b);

/*
 * Runs the scripts of all inputs in order. NULL where all succeed, else what failed. workspace: of
 * script_workspace_size bytes.
 */
const char *real_block_run_scripts(const struct real_block *b, const struct kernels *kernels,
                                   struct script_workspace *workspace, script_decide_fn *decide,
                                   void *context);

#endif
