/*
 * Runs the scripts of many inputs, of one transaction or of a block, on the
 * workers of a pool, their signature checks kept until there is a batch of
 * them.
 *
 *     next ->| inputs in the block's order                        |
 *                chunk     chunk   chunk  ...        smaller towards the end
 *             worker 0   worker 1  worker 0
 *
 *     worker: scripts -> [check, check, ... ] full -> verifier -> bad: that input once more, directly
 *
 * Which input is named does not depend on who runs what: a failed one stops
 * only what comes after it, and of all failed ones the first counts. Internal
 * to validation/.
 */
#ifndef VALIDATION_SCRIPT_CHECKS_H
#define VALIDATION_SCRIPT_CHECKS_H

#include "base/arena.h"
#include "validation/validator.h"

#include <stdatomic.h>

struct script_share;

/* What is run, and what came of it. */
struct script_checks {
    /* The caller's; all of it outlives the run. */
    struct validator *validator;
    const struct transaction *transactions;
    const size_t *begins; /* the number of each transaction's first input, and of all inputs */
    size_t transaction_count;
    const struct tx_output *spent; /* one an input */
    uint32_t flags;
    enum pool_class class;
    bool keep_signatures; /* remember good ones; else forget those that are met */
    /* Set by script_checks_end. */
    enum script_error error;   /* SCRIPT_ERR_OK: all are good */
    size_t failed_transaction; /* indices: of the transaction, */
    size_t failed_input;       /* and of the input in it */
    size_t signatures, cached; /* checks that were made; and found in the cache */
    /* The run's own. */
    struct pool_group group;
    struct script_share *shares;
    size_t share_count, submitted;
    atomic_size_t failed; /* the first input that is known to fail; SIZE_MAX. Read often */
    /* The first input that is nobody's yet: written often, so away from what is read. */
    _Alignas(64) atomic_size_t next;
};

/*
 * Begins, on the pool if there is one and enough to do. Memory comes from the arena. False, and
 * nothing begun, where it is exhausted.
 */
MUST_USE bool script_checks_begin(struct script_checks *run, struct arena *arena);

/* What was not run yet is left out: the answer is not wanted any more. The run must still be ended. */
void script_checks_abandon(struct script_checks *run);

/*
 * Waits until the run is over, or does what is to be done where no worker does it. VALIDATION_VALID,
 * _INVALID (see error), _NO_MEMORY or _CANCELLED.
 */
enum validation script_checks_end(struct script_checks *run);

#endif
