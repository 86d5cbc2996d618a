/* The signature of a signet's block (BIP325): its coinbase holds a solution of the network's challenge. */
#ifndef CONSENSUS_SIGNET_H
#define CONSENSUS_SIGNET_H

#include "consensus/block_rules.h"
#include "consensus/interpreter.h"

/*
 * Whether block, which is not the genesis block, has a good signature (Core,
 * CheckSignetBlockSolution). decide as for script_verify, directly or with a cache: SCRIPT_DECIDE_NOW
 * is all that is asked. REJECT_NONE, REJECT_SIGNET_BLKSIG or REJECT_NO_MEMORY.
 */
MUST_USE enum reject signet_check(const struct kernels *kernels, const struct params *params,
                                  const struct block *block, struct script_workspace *workspace,
                                  struct arena *arena, script_decide_fn *decide, void *context);

#endif
