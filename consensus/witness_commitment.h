/*
 * How a block commits to its witnesses (BIP141): an output of the coinbase
 * whose script is OP_RETURN, a push of 36 bytes that begin with aa21a9ed, and
 * SHA256d(root of the wtxids, reserved value). The reserved value is the only
 * item of the coinbase's witness. Pure; any thread.
 */
#ifndef CONSENSUS_WITNESS_COMMITMENT_H
#define CONSENSUS_WITNESS_COMMITMENT_H

#include "consensus/block.h"

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

/* Core's reject reasons of CheckWitnessMalleation. */
enum witness_verdict {
    WITNESS_OK,
    WITNESS_BAD_NONCE_SIZE,   /* bad-witness-nonce-size */
    WITNESS_BAD_MERKLE_MATCH, /* bad-witness-merkle-match */
    WITNESS_UNEXPECTED,       /* unexpected-witness */
    WITNESS_NO_MEMORY,        /* ours: the arena is exhausted */
};

/*
 * Whether block's witnesses are those that its coinbase commits to. active:
 * segwit is in force at its height; before, no transaction may have a witness.
 * block_compute_ids came before.
 */
MUST_USE enum witness_verdict witness_commitment_check(const struct kernels *kernels,
                                                       const struct block *block,
                                                       struct arena *arena, bool active);

/* The reject reason; "" for WITNESS_OK. */
const char *witness_verdict_text(enum witness_verdict verdict);

#endif
