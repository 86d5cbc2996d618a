/*
 * Rules for transactions: by themselves, and with what they spend (Core,
 * consensus/tx_check.cpp and consensus/tx_verify.cpp). Pure; any thread.
 */
#ifndef CONSENSUS_TRANSACTION_RULES_H
#define CONSENSUS_TRANSACTION_RULES_H

#include "consensus/reject.h"
#include "consensus/transaction.h"

#define SPENT_UNKNOWN_HEIGHT INT32_C(-1)
#define SPENT_UNKNOWN_TIME INT64_MIN

enum spent_coinbase { SPENT_NOT_COINBASE, SPENT_COINBASE, SPENT_UNKNOWN_COINBASE };

/*
 * What is known of a spent output beside itself. What is not known is not checked, and said not to
 * have been.
 */
struct spent_origin {
    int32_t height;           /* of the block that made it; SPENT_UNKNOWN_HEIGHT */
    uint8_t coinbase;         /* enum spent_coinbase */
    int64_t median_time_past; /* of the block before the one that made it; SPENT_UNKNOWN_TIME */
};

/* What was not checked, bit by bit, for want of a spent_origin. */
enum {
    UNCHECKED_MATURITY = 1 << 0,       /* of coinbases: height or coinbase flag unknown */
    UNCHECKED_SEQUENCE_LOCKS = 1 << 1, /* BIP68: height or median time past unknown */
};

/* CheckTransaction. The arena holds a list of the inputs where there are many. */
MUST_USE enum reject transaction_check(const struct transaction *tx, struct arena *arena);

/* IsFinalTx, with the height of the block and its time (BIP113: the median time past before it). */
bool transaction_is_final(const struct transaction *tx, int32_t height, int64_t time);

/*
 * The first block that may hold tx by BIP68: the last height and the last median time past that are
 * not enough (-1: none). Adds to unchecked what the origins do not tell.
 */
struct sequence_locks {
    int32_t height;
    int64_t time;
};
struct sequence_locks transaction_sequence_locks(const struct transaction *tx,
                                                 const struct spent_origin *origins,
                                                 unsigned *unchecked);

/*
 * EvaluateSequenceLocks: whether a block at height, whose median time past before it is
 * median_time_past, may hold a transaction with these locks.
 */
bool sequence_locks_evaluate(struct sequence_locks locks, int32_t height, int64_t median_time_past);

/*
 * CheckTxInputs for a transaction that is no coinbase: maturity, amounts, fee. spent and origins
 * are one an input; height is the spending block's. fee is set where the answer is REJECT_NONE.
 * input is set to the input that is to blame, or REJECT_NO_INDEX.
 */
MUST_USE enum reject transaction_check_inputs(struct amount *fee, size_t *input,
                                              const struct transaction *tx,
                                              const struct tx_output *spent,
                                              const struct spent_origin *origins, int32_t height,
                                              unsigned *unchecked);

#endif
