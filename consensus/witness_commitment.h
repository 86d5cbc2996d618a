/*
 * How a block commits to its witnesses (BIP141): an output of the coinbase
 * whose script is OP_RETURN, a push of 36 bytes that begin with aa21a9ed, and
 * SHA256d(root of the wtxids, reserved value). The reserved value is the only
 * item of the coinbase's witness. Pure; any thread.
 */
#ifndef CONSENSUS_WITNESS_COMMITMENT_H
#define CONSENSUS_WITNESS_COMMITMENT_H

#include "consensus/block.h"
#include "consensus/reject.h"

enum {
    WITNESS_COMMITMENT_SCRIPT_SIZE = 38,
    WITNESS_RESERVED_SIZE = 32,
};

/* The last output of tx that has the form of a commitment. False where there is none. */
MUST_USE bool witness_commitment_find(size_t *output, const struct transaction *tx);

/* The commitment to a witness root under a reserved value. */
struct hash256 witness_commitment_hash(sha256d_64_fn *hash, struct hash256 witness_root,
                                       const uint8_t reserved[static WITNESS_RESERVED_SIZE]);

/* The script of the output that holds it. */
void witness_commitment_script(uint8_t out[static WITNESS_COMMITMENT_SCRIPT_SIZE],
                               struct hash256 commitment);

/*
 * Whether block's witnesses are those that its coinbase commits to (Core, CheckWitnessMalleation).
 * active: segwit is in force at its height; before, no transaction may have a witness.
 * block_compute_ids came before. REJECT_NONE, REJECT_WITNESS_NONCE_SIZE,
 * REJECT_WITNESS_MERKLE_MATCH, REJECT_UNEXPECTED_WITNESS, of the first transaction that has one, or
 * REJECT_NO_MEMORY.
 */
MUST_USE struct rejection witness_commitment_check(const struct kernels *kernels,
                                                   const struct block *block, struct arena *arena,
                                                   bool active);

#endif
