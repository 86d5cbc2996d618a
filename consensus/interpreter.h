/*
 * Running scripts: whether an input may spend an output (Core, VerifyScript).
 *
 * Legacy, P2SH, segwit v0, taproot and tapscript, every flag of Core's, and
 * Core's error for every failure.
 *
 * Signatures are not verified here. Each check that a script makes goes to the
 * caller's script_decide_fn:
 *
 *     direct     decide verifies at once and answers what is so
 *     deferred   decide keeps the check for later and answers true; if one of
 *                the kept ones turns out bad, the input is run again, directly
 *
 * Only "true" may be guessed, and only where the script said that a guess is
 * worth it (SCRIPT_MAY_DEFER): the answer of a run whose guesses were all right
 * is the answer.
 *
 * No heap, whatever the script or the witness: all is done in a workspace of the
 * caller's. Functions are pure apart from decide; any thread.
 */
#ifndef CONSENSUS_INTERPRETER_H
#define CONSENSUS_INTERPRETER_H

#include "consensus/script_error.h"
#include "consensus/script_flags.h"
#include "consensus/sighash.h"
#include "kernels/signature.h"

enum script_decision {
    /*
     * A false answer most likely fails the input: CHECKSIG and its kin, a multisignature that has no
     * more keys left than signatures, taproot's key path and its commitment.
     */
    SCRIPT_MAY_DEFER,
    /* One of several candidates: false is an ordinary answer here, so answer exactly. */
    SCRIPT_DECIDE_NOW,
};

typedef bool script_decide_fn(void *context, const struct signature_check *check,
                              enum script_decision decision);

/* Verifies at once with libsecp256k1; context is not used. */
script_decide_fn script_decide_directly;

/*
 * Room that a run works in, some 120 KB: one a thread, used again and again, never read by others.
 * No initialisation needed.
 */
struct script_workspace;
size_t script_workspace_size(void); /* bytes, for whoever places it; aligned as for max_align_t */

/* One input of a transaction. */
struct script_input {
    const struct sighash_tx *tx; /* outlives the call; its spent outputs may be unknown */
    size_t index;
    struct bytes script_pubkey; /* of the output that is spent */
    struct amount amount;       /* and what it holds */
    uint32_t flags;             /* SCRIPT_VERIFY_* */
};

/*
 * Runs the scripts of an input, its scriptSig and witness taken from the transaction. Flags must be
 * a combination that Core allows: CLEANSTACK only with P2SH and WITNESS, WITNESS only with P2SH
 * (asserted). A taproot spend with TAPROOT in flags needs all spent outputs: without them the
 * signature checks fail (Core, HandleMissingData; SCRIPT_ERR_SCHNORR_SIG_HASHTYPE).
 *
 * SCRIPT_ERR_OK where it may be spent, and else Core's error.
 */
MUST_USE enum script_error script_verify(struct script_workspace *workspace,
                                         const struct script_input *input, script_decide_fn *decide,
                                         void *context);

/* The same with a scriptSig and witness of the caller's in place of the transaction's own. */
MUST_USE enum script_error script_verify_with(struct script_workspace *workspace,
                                              const struct script_input *input,
                                              struct bytes script_sig, const struct bytes *witness,
                                              size_t witness_count, script_decide_fn *decide,
                                              void *context);

#endif
