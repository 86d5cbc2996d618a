/*
 * What the tests of validation/ share: real blocks with what they spend, pools,
 * and blocks that were changed and put in order again.
 */
#ifndef TESTS_UNIT_VALIDATION_SUPPORT_H
#define TESTS_UNIT_VALIDATION_SUPPORT_H

#include "consensus/script.h"
#include "kernels/kernels.h"
#include "tests/unit/random.h"
#include "tests/unit/vectors.h"
#include "validation/validator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A block of vectors/blocks that has an undo file. */
struct block_name {
    const char *network; /* as its file names it */
    int32_t height;
};

/* All of them, ended by one without a network. */
extern const struct block_name block_names[];

/*
 * One of them, parsed, with the outputs that it spends. Its own copies of all of it may be changed.
 */
struct loaded {
    struct arena arena;
    uint8_t *raw, *undo;
    size_t raw_size;
    struct block block;
    struct tx_output *spent;
    size_t spent_count;
    struct block_context context;
};

/*
 * The context has the network and height, and nothing else that the file does not tell: no bits, no
 * origins. The median time past before the block is not known either. What is: it was less than the
 * block's time. One second less makes locks as easy to open as they could have been.
 */
void load(struct loaded *out, struct block_name name);
void unload(struct loaded *b);

/* Outputs, one after the other, as the undo files hold them. */
struct tx_output *load_undo(struct arena *arena, const uint8_t *undo, size_t size, size_t *count);

/* Kernels as programs choose them, but without measuring. */
const struct kernels *chosen_kernels(void);

/* A pool of so many workers that are not pinned; 0: none, NULL. */
struct pool *make_pool(size_t workers);

struct validator *make_validator(struct pool *pool, bool direct, size_t cache);

/*
 * After changes: sizes and names come from the fields again, the commitment to the witnesses is the
 * right one if there is one, and so is the root. The proof of work is not, and is not looked at.
 */
void put_in_order(struct loaded *b);

/* Only names, sizes and the root: a commitment that is wrong stays wrong. */
void put_root_in_order(struct loaded *b);

/* A copy of bytes in the block's arena, to be changed and put in place of them. */
uint8_t *own(struct loaded *b, struct bytes *bytes);

/* Validates, and asserts the answer. reason: Core's, with the script's error in its parentheses. */
struct verdict expect_valid(struct validator *v, struct loaded *b);
struct verdict expect_invalid(struct validator *v, struct loaded *b, const char *reason);

/*
 * Adds the check of a signature: a bad one; or one that is good for every input but the first of a
 * transaction with a single output, for what SIGHASH_SINGLE signs there is the number one.
 */
void script_check(struct script_builder *b, bool good);

/* A script that fails: with this error, at that input. */
void expect_script_error(struct validator *v, struct loaded *b, enum script_error error,
                         size_t transaction, size_t input);

#endif
