/*
 * Rules for transactions: by themselves, and with what they spend (Core,
 * consensus/tx_check.cpp and consensus/tx_verify.cpp). Pure; any thread.
 *
 * Heights and times are the caller's and may be anything: they are never
 * trusted to be near each other, and nothing overflows.
 */
#ifndef CONSENSUS_TRANSACTION_RULES_H
#define CONSENSUS_TRANSACTION_RULES_H

#include "consensus/reject.h"
#include "consensus/transaction.h"

/* Below it a lock time is a height, from it on a time in seconds (Core, LOCKTIME_THRESHOLD). */
#define LOCK_TIME_THRESHOLD UINT32_C(500000000)

/* What a sequence number says about a relative lock (BIP68). */
#define SEQUENCE_LOCK_DISABLE_FLAG (UINT32_C(1) << 31)
#define SEQUENCE_LOCK_TIME_FLAG (UINT32_C(1) << 22) /* in units of 512 seconds, not in blocks */
#define SEQUENCE_LOCK_MASK UINT32_C(0xffff)
enum { SEQUENCE_LOCK_GRANULARITY = 9 };

#define SPENT_UNKNOWN_HEIGHT INT32_C(-1)
#define SPENT_UNKNOWN_TIME INT64_MIN

enum spent_coinbase { SPENT_NOT_COINBASE, SPENT_COINBASE, SPENT_UNKNOWN_COINBASE };

/*
 * What is known of a spent output beside itself. What is not known is not checked, and said not to
 * have been. Any negative height is unknown, and so is any negative time.
 */
struct spent_origin {
    int32_t height;           /* of the block that made it; SPENT_UNKNOWN_HEIGHT */
    uint8_t coinbase;         /* enum spent_coinbase */
    int64_t median_time_past; /* of the block before the one that made it; SPENT_UNKNOWN_TIME */
};

static inline struct spent_origin spent_origin_unknown(void)
{
    return (struct spent_origin){SPENT_UNKNOWN_HEIGHT, SPENT_UNKNOWN_COINBASE, SPENT_UNKNOWN_TIME};
}

/* What was not checked, bit by bit, for want of a spent_origin; only where it could matter. */
enum {
    UNCHECKED_MATURITY = 1 << 0,       /* of what is or may be a coinbase's output */
    UNCHECKED_SEQUENCE_LOCKS = 1 << 1, /* BIP68: of an input that has to wait */
};

/*
 * CheckTransaction. The arena holds a list of the inputs where there are many; REJECT_NO_MEMORY
 * where it is exhausted.
 */
MUST_USE enum reject transaction_check(const struct transaction *tx, struct arena *arena);

/*
 * The sum of its outputs. False, and out unchanged, where transaction_check would have refused
 * one of them or their sum.
 */
MUST_USE bool transaction_value_out(struct amount *out, const struct transaction *tx);

/*
 * IsFinalTx for a block at height, with the time that lock times are compared with: the median
 * time past before it (BIP113), the block's own before that rule.
 */
bool transaction_is_final(const struct transaction *tx, int32_t height, int64_t time);

/*
 * What BIP68 makes tx wait for: the last height and the last median time past that are not enough
 * (-1: none). Both are -1 for versions below 2. The rule holds from params' csv_height on; before,
 * don't ask.
 */
struct sequence_locks {
    int64_t height;
    int64_t time;
};

/*
 * origins are one an input, or NULL: nothing is known. Adds UNCHECKED_SEQUENCE_LOCKS to unchecked
 * where an input has to wait for longer than nothing and its origin does not say since when. (A lock
 * of 0 blocks or 0 seconds is met wherever its output lies.)
 */
struct sequence_locks transaction_sequence_locks(const struct transaction *tx,
                                                 const struct spent_origin *origins,
                                                 unsigned *unchecked);

/*
 * EvaluateSequenceLocks: whether a block at height, whose median time past before it is
 * median_time_past, may hold a transaction with these locks.
 */
bool sequence_locks_evaluate(struct sequence_locks locks, int32_t height, int64_t median_time_past);

/*
 * CheckTxInputs for a transaction that is no coinbase and passed transaction_check: maturity,
 * amounts, fee. Whether its inputs exist is for the caller to know.
 *
 * spent and origins are one an input; origins may be NULL: nothing is known. height is the spending
 * block's; below 0 it is not known either. fee is set where the answer is REJECT_NONE. input is set
 * to the input that is to blame, or REJECT_NO_INDEX. Adds UNCHECKED_MATURITY to unchecked where an
 * output may be a coinbase's and is not known to be old enough.
 */
MUST_USE enum reject transaction_check_inputs(struct amount *fee, size_t *input,
                                              const struct transaction *tx,
                                              const struct tx_output *spent,
                                              const struct spent_origin *origins, int32_t height,
                                              unsigned *unchecked);

#endif
