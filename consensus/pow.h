/* Proof of work: what a header must reach, and whether it did. Pure; any thread. */
#ifndef CONSENSUS_POW_H
#define CONSENSUS_POW_H

#include "consensus/params.h"

/*
 * The target of compact bits. False where they are negative, zero, too large
 * for 256 bits, or easier than limit (Core, DeriveTarget).
 */
MUST_USE bool pow_target(struct uint256 *target, uint32_t bits, struct uint256 limit);

/*
 * Whether a header's hash reaches the target that its bits claim, and these may be claimed
 * (Core, CheckProofOfWork).
 */
MUST_USE bool pow_check(struct block_hash hash, uint32_t bits, struct uint256 limit);

/* What retargeting looks at in an ancestor. */
struct pow_ancestor {
    uint32_t time;
    uint32_t bits;
};

/*
 * The ancestor at height, of the chain whose tip is the block before the one
 * in question. Called with heights from 0 to that tip's.
 */
typedef struct pow_ancestor pow_ancestor_fn(void *context, int32_t height);

/*
 * The bits that the block after tip_height must have, time being that block's
 * own (Core, GetNextWorkRequired). tip_height must not be negative. Asks for at
 * most two ancestors, but on networks with pow_min_difficulty for as many as
 * had minimum difficulty since the last retarget.
 */
uint32_t pow_next_bits(const struct params *p, pow_ancestor_fn *ancestor, void *context,
                       int32_t tip_height, uint32_t time);

/*
 * Whether bits may go from old to new at this height on any chain of
 * timestamps: a cheap check of headers whose ancestors are not at hand (Core,
 * PermittedDifficultyTransition).
 */
bool pow_permitted_transition(const struct params *p, int64_t height, uint32_t old_bits,
                              uint32_t new_bits);

#endif
