/*
 * The signature of a signet's block (BIP325): whoever makes one solves the
 * network's challenge, a script, and puts the solution into the coinbase's
 * witness commitment, as a push that begins with ec c7 da a2:
 *
 *     OP_RETURN <aa21a9ed commitment> ... <ecc7daa2 scriptSig witness> ...
 *
 * What is signed is a transaction that commits to the block without solution
 * and nonce; it spends another one's only output, which is the challenge. Pure
 * but for decide; any thread.
 */
#ifndef CONSENSUS_SIGNET_H
#define CONSENSUS_SIGNET_H

#include "consensus/block.h"
#include "consensus/interpreter.h"
#include "consensus/params.h"
#include "consensus/reject.h"

/*
 * Whether block solves params->signet_challenge (Core, CheckSignetBlockSolution); the genesis block
 * need not. A block without a witness commitment is bad, one without a solution is judged as one
 * whose solution is empty: a challenge of OP_TRUE asks for no more.
 *
 * block_compute_ids came before. decide gets SCRIPT_DECIDE_NOW alone: there is one script to a
 * block. What is built lies in arena.
 *
 * REJECT_NONE, REJECT_SIGNET_BLKSIG or REJECT_NO_MEMORY.
 */
MUST_USE enum reject signet_check(const struct kernels *kernels, const struct params *params,
                                  const struct block *block, struct script_workspace *workspace,
                                  struct arena *arena, script_decide_fn *decide, void *context);

#endif
