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
 * worker of the pool. Nothing here reads a clock, a file or the network.
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
    struct pool *pool;    /* outlives it; NULL: all on the calling thread, nothing deferred */
    const char *verifier; /* an implementation's name; NULL: the fastest */
    size_t signature_cache_bytes; /* 0: no cache */
    bool direct;                  /* verify each signature at once instead of deferring it */
};

/* NULL, with the reason in error, where memory or the verifier can't be had. */
struct validator *validator_create(const struct validator_options *options,
                                   char error[static VALIDATOR_ERROR_SIZE]);

/* No call may be under way. */
void validator_destroy(struct validator *validator);

enum validation {
    VALIDATION_VALID,
    VALIDATION_INVALID,
    VALIDATION_MALFORMED, /* the bytes are no transaction or block: see parse */
    VALIDATION_MISMATCH, /* the caller gave too few or too many spent outputs, or an input that is not there */
    VALIDATION_NO_MEMORY, /* ours */
    VALIDATION_CANCELLED, /* ours: the pool is being destroyed */
};

/* Beside UNCHECKED_* of consensus/transaction_rules.h: what a block's verdict does not cover. */
enum {
    UNCHECKED_DIFFICULTY = 1 << 2, /* bits, the previous header's time, and now were not given */
    UNCHECKED_BIP30 = 1 << 3,      /* needs all coins; set where the rule applies to the block */
};

struct verdict {
    enum validation result;
    struct rejection rejection; /* of VALIDATION_INVALID */
    enum parse_result parse;    /* of VALIDATION_MALFORMED */
    unsigned unchecked;         /* UNCHECKED_*; of VALIDATION_VALID */
    struct amount fees;         /* of VALIDATION_VALID */
    uint64_t sigop_cost;
    size_t inputs, signatures; /* scripts run; checks that they made, cached ones included */
};

/* One input's scripts. spent: one an input of tx, or NULL where only this one's is known (no taproot). */
struct verdict validate_script(struct validator *validator, const struct transaction *tx,
                               size_t input, struct tx_output output, const struct tx_output *spent,
                               uint32_t flags);

/* What a transaction is verified against. */
struct transaction_context {
    const struct tx_output *spent; /* one an input */
    size_t spent_count;
    const struct spent_origin *origins; /* one an input; NULL: nothing is known */
    uint32_t flags;                     /* SCRIPT_VERIFY_* */
    /* Of the block that it is to be in; a height below 0 leaves maturity, BIP68 and lock time out, and says so. */
    int32_t height;
    int64_t median_time_past;
};

/* All rules for a transaction but for where its inputs are, its scripts included. */
struct verdict validate_transaction(struct validator *validator, const struct transaction *tx,
                                    const struct transaction_context *context);

struct block_context {
    struct block_place place;
    const struct tx_output *spent; /* one an input, in the block's order, the coinbase left out */
    size_t spent_count;
    const struct spent_origin *origins; /* as spent; NULL: nothing is known */
    bool bip34_known;                   /* see block_enforces_bip30 */
    /* For the contextual header: NULL leaves difficulty and times out, and says so. */
    const struct block_header_context {
        uint32_t bits;         /* that the block must have: pow_next_bits */
        int64_t previous_time; /* of the block before */
        int64_t now;           /* wall time in seconds */
    } * header;
    bool skip_scripts; /* assumed valid: run none */
};

/*
 * All rules for a block, in Core's order. Outputs of the block itself that it spends are among
 * spent; their origins are taken from context where they are given, and else known from the block.
 */
struct verdict validate_block(struct validator *validator, const struct block *block,
                              const struct block_context *context);

/* The same from its bytes. */
struct verdict validate_block_bytes(struct validator *validator, struct bytes raw,
                                    const struct block_context *context);

/* Signature checks by themselves; accepted as in engine/verifier.h. */
enum validation validate_signatures(struct validator *validator, uint8_t *accepted,
                                    const struct signature_check *checks, size_t n);

#endif
