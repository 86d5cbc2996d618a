/*
 * Rules and engine together: whether a script, a transaction or a block is
 * valid, its scripts run on all workers of a pool and its signatures verified
 * in batches.
 *
 *     block -> parse, hash, rules of consensus/ -> inputs dealt to the workers
 *                 each worker: run scripts, keep the signature checks -> verifier, piece by piece
 *                 bad check -> its input is run again, directly -> verdict
 *
 * Valid, invalid and error are three answers: an enum validation, with the
 * rejection in the verdict where it is "invalid". An answer is the same with
 * any number of workers, deferred or not, and of several bad inputs it names
 * the first.
 *
 * Every function may be called on any thread, on many at once, but not on a
 * worker of the pool. The caller sleeps while the workers work; what is too
 * small to be worth waking one is done on the calling thread. Nothing here
 * reads a clock, a file or the network.
 */
#ifndef VALIDATION_VALIDATOR_H
#define VALIDATION_VALIDATOR_H

#include "consensus/block_rules.h"
#include "consensus/interpreter.h"
#include "engine/verifier.h"

struct validator;

enum { VALIDATOR_ERROR_SIZE = 256 };

struct validator_options {
    const struct kernels *kernels; /* outlives the validator */
    struct pool *pool;             /* outlives it; NULL: all on the calling thread */
    const char *verifier;          /* an implementation's name; NULL: the fastest */
    size_t
        signature_cache_bytes; /* 0: no cache; else a bound, but for a few hundred bytes at the least */
    bool direct;               /* verify each signature at once instead of deferring it */
};

/*
 * NULL, with the reason in error, where memory, the verifier, or random bytes for the salts of its
 * tables can't be had.
 */
struct validator *validator_create(const struct validator_options *options,
                                   char error[static VALIDATOR_ERROR_SIZE]);

/* No call may be under way. */
void validator_destroy(struct validator *validator);

/* The name of the verifier's implementation that is used. */
const char *validator_verifier_name(const struct validator *validator);

enum validation {
    VALIDATION_VALID,
    VALIDATION_INVALID,
    VALIDATION_MALFORMED, /* the bytes are no transaction or block: see parse */
    /*
     * The caller's arguments do not fit: too few or too many spent outputs, an input that is not
     * there, or a spent output that is not the one that the block itself made. Says nothing about
     * the block.
     */
    VALIDATION_MISMATCH,
    VALIDATION_NO_MEMORY, /* ours */
    VALIDATION_CANCELLED, /* ours: the pool is being destroyed */
};

/* Its name for people: "valid", "invalid", "malformed", ... */
const char *validation_text(enum validation validation);

/* Beside UNCHECKED_* of consensus/transaction_rules.h: what a verdict does not cover. */
enum {
    UNCHECKED_DIFFICULTY = 1 << 2, /* bits, the previous header's time, and now were not given */
    UNCHECKED_BIP30 = 1 << 3,      /* needs all coins; set where the rule applies to the block */
    UNCHECKED_LOCK_TIME = 1 << 4,  /* a transaction's: the height was not given */
};

struct verdict {
    enum validation result;
    struct rejection rejection; /* of VALIDATION_INVALID */
    enum parse_result parse;    /* of VALIDATION_MALFORMED */
    /* Of VALIDATION_VALID, and zero else. */
    unsigned unchecked; /* UNCHECKED_* */
    struct amount fees;
    uint64_t sigop_cost;
    size_t inputs, signatures; /* scripts run; checks that they made */
    size_t cached;             /* of these, how many were found in the cache */
};

/*
 * A spent output that the caller has not: its value is Core's for "null". Where an earlier
 * transaction of the same block made it, it is taken from there; else the input is
 * bad-txns-inputs-missingorspent.
 */
#define SPENT_MISSING ((struct tx_output){{-1}, {NULL, 0}})

/*
 * One input's scripts. spent: one an input of tx, or NULL where only this one's is known: then
 * taproot spends fail (see script_verify). flags as script_verify wants them.
 */
struct verdict validate_script(struct validator *validator, const struct transaction *tx,
                               size_t input, struct tx_output output, const struct tx_output *spent,
                               uint32_t flags);

/* What a transaction is verified against. */
struct transaction_context {
    const struct tx_output *spent; /* one an input */
    size_t spent_count;
    const struct spent_origin *origins; /* one an input; NULL: nothing is known */
    uint32_t flags;                     /* SCRIPT_VERIFY_*, as script_verify wants them */
    /*
     * Of the block that it is to be in; a height below 0 leaves maturity, BIP68 and lock time out,
     * and says so. BIP68 holds where flags have CHECKSEQUENCEVERIFY.
     */
    int32_t height;
    int64_t median_time_past;
};

/*
 * All rules for a transaction but for where its inputs are, its scripts included: itself, lock
 * time, what it spends, BIP68, scripts. A coinbase spends nothing and has only the first two.
 * Good signatures are remembered (if there is a cache), as Core does for its mempool.
 */
struct verdict validate_transaction(struct validator *validator, const struct transaction *tx,
                                    const struct transaction_context *context);

struct block_context {
    struct block_place place;
    const struct tx_output *spent; /* one an input, in the block's order, the coinbase left out */
    size_t spent_count;
    const struct spent_origin *origins; /* as spent; NULL: nothing is known */
    bool bip34_known;                   /* see block_enforces_bip30 */
    const struct header_context
        *header;       /* NULL: difficulty and time are left out, and it is said */
    bool skip_scripts; /* assumed valid: run none */
    /* As for a template: neither the proof of work nor a signet's signature (Core, fCheckPOW). */
    bool skip_proof_of_work;
    /*
     * As for a block that is only tried (Core, fJustCheck): good signatures are remembered. Else
     * nothing is, and those that the block has are forgotten, to make room.
     */
    bool keep_signatures;
};

/*
 * All rules for a block, in Core's order (TestBlockValidity): CheckBlock with the header and a
 * signet's signature, the contextual header, ContextualCheckBlock, and ConnectBlock. As in Core with
 * threads for scripts, a failed script is named only where all other rules hold, bad-cb-amount
 * included. The genesis block is not connected and has no contextual rules.
 *
 * Outputs of the block itself that it spends are among spent, or SPENT_MISSING there; their origins
 * are known from the block, whatever is given. That the same output is spent twice, or one that a
 * later transaction makes, is bad-txns-inputs-missingorspent; that outputs from outside the block
 * exist and are unspent is for the caller to know.
 *
 * block's ids are computed where they are missing (block_compute_ids); it is not changed.
 */
struct verdict validate_block(struct validator *validator, const struct block *block,
                              const struct block_context *context);

/* The same from its bytes. */
struct verdict validate_block_bytes(struct validator *validator, struct bytes raw,
                                    const struct block_context *context);

/*
 * Signature checks by themselves; accepted as in engine/verifier.h. VALIDATION_VALID where all are
 * good, VALIDATION_INVALID where some are not, or VALIDATION_CANCELLED. The cache has no part in it.
 */
enum validation validate_signatures(struct validator *validator, uint8_t *accepted,
                                    const struct signature_check *checks, size_t n);

#endif
