/*
 * Why a transaction, a header or a block is not valid: Core's reject reasons,
 * one closed list.
 */
#ifndef CONSENSUS_REJECT_H
#define CONSENSUS_REJECT_H

#include "consensus/script_error.h"

#include <stddef.h>
#include <stdint.h>

enum reject {
    REJECT_NONE, /* valid */

    /* A transaction by itself (Core, CheckTransaction). */
    REJECT_TXNS_VIN_EMPTY,           /* bad-txns-vin-empty */
    REJECT_TXNS_VOUT_EMPTY,          /* bad-txns-vout-empty */
    REJECT_TXNS_OVERSIZE,            /* bad-txns-oversize */
    REJECT_TXNS_VOUT_NEGATIVE,       /* bad-txns-vout-negative */
    REJECT_TXNS_VOUT_TOOLARGE,       /* bad-txns-vout-toolarge */
    REJECT_TXNS_TXOUTTOTAL_TOOLARGE, /* bad-txns-txouttotal-toolarge */
    REJECT_TXNS_INPUTS_DUPLICATE,    /* bad-txns-inputs-duplicate */
    REJECT_CB_LENGTH,                /* bad-cb-length */
    REJECT_TXNS_PREVOUT_NULL,        /* bad-txns-prevout-null */

    /* A transaction with what it spends (Core, CheckTxInputs and CheckSequenceLocks). */
    REJECT_TXNS_INPUTS_MISSINGORSPENT,       /* bad-txns-inputs-missingorspent */
    REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, /* bad-txns-premature-spend-of-coinbase */
    REJECT_TXNS_INPUTVALUES_OUTOFRANGE,      /* bad-txns-inputvalues-outofrange */
    REJECT_TXNS_IN_BELOWOUT,                 /* bad-txns-in-belowout */
    REJECT_TXNS_FEE_OUTOFRANGE,              /* bad-txns-fee-outofrange */
    REJECT_TXNS_ACCUMULATED_FEE_OUTOFRANGE,  /* bad-txns-accumulated-fee-outofrange */
    REJECT_TXNS_NONFINAL,                    /* bad-txns-nonfinal: lock time, and BIP68 */
    REJECT_SCRIPT, /* block-script-verify-flag-failed (...): see struct rejection's script */

    /* A header (Core, CheckBlockHeader and ContextualCheckBlockHeader). */
    REJECT_HIGH_HASH,            /* high-hash */
    REJECT_DIFFBITS,             /* bad-diffbits */
    REJECT_TIME_TOO_OLD,         /* time-too-old */
    REJECT_TIME_TIMEWARP_ATTACK, /* time-timewarp-attack */
    REJECT_TIME_TOO_NEW,         /* time-too-new */
    REJECT_VERSION,              /* bad-version(0x%08x) */

    /* A block by itself (Core, CheckBlock). */
    REJECT_SIGNET_BLKSIG,  /* bad-signet-blksig */
    REJECT_TXNMRKLROOT,    /* bad-txnmrklroot */
    REJECT_TXNS_DUPLICATE, /* bad-txns-duplicate: a doubled list, CVE-2012-2459 */
    REJECT_BLK_LENGTH,     /* bad-blk-length */
    REJECT_CB_MISSING,     /* bad-cb-missing */
    REJECT_CB_MULTIPLE,    /* bad-cb-multiple */
    REJECT_BLK_SIGOPS,     /* bad-blk-sigops */

    /* A block where it stands (Core, ContextualCheckBlock and ConnectBlock). */
    REJECT_CB_HEIGHT,            /* bad-cb-height */
    REJECT_WITNESS_NONCE_SIZE,   /* bad-witness-nonce-size */
    REJECT_WITNESS_MERKLE_MATCH, /* bad-witness-merkle-match */
    REJECT_UNEXPECTED_WITNESS,   /* unexpected-witness */
    REJECT_BLK_WEIGHT,           /* bad-blk-weight */
    REJECT_TXNS_BIP30,           /* bad-txns-BIP30 */
    REJECT_CB_AMOUNT,            /* bad-cb-amount */
    REJECTS,
    /* Ours: the arena is exhausted. Says nothing about the block. */
    REJECT_NO_MEMORY = REJECTS,
};

/*
 * What sort of failure it is (Core, TxValidationResult and BlockValidationResult). Of a block, Core
 * calls the two that are about a transaction's inputs CONSENSUS as well.
 */
enum reject_class {
    REJECT_CLASS_NONE, /* valid */
    REJECT_CLASS_CONSENSUS,
    REJECT_CLASS_MISSING_INPUTS,
    REJECT_CLASS_PREMATURE_SPEND,
    REJECT_CLASS_INVALID_HEADER,
    REJECT_CLASS_MUTATED, /* the bytes are not what the header commits to: the hash is not to blame */
    REJECT_CLASS_TIME_FUTURE, /* may become valid */
    REJECT_CLASS_OURS,
};

#define REJECT_NO_INDEX SIZE_MAX

/* A verdict and where it was found. Made by the functions below, never by hand. */
struct rejection {
    enum reject reason;
    enum script_error script; /* of REJECT_SCRIPT */
    size_t transaction;       /* of the block; REJECT_NO_INDEX where it is about no one of them */
    size_t input;             /* of that transaction; REJECT_NO_INDEX as above */
    int32_t version;          /* of REJECT_VERSION: the header's */
};

static inline struct rejection rejection_of(enum reject reason)
{
    return (struct rejection){reason, SCRIPT_ERR_OK, REJECT_NO_INDEX, REJECT_NO_INDEX, 0};
}

/* The same for a transaction of a block and, unless it is REJECT_NO_INDEX, its input. */
static inline struct rejection rejection_at(enum reject reason, size_t transaction, size_t input)
{
    return (struct rejection){reason, SCRIPT_ERR_OK, transaction, input, 0};
}

/* The verdict of a script that failed. */
static inline struct rejection rejection_of_script(enum script_error error, size_t transaction,
                                                   size_t input)
{
    return (struct rejection){REJECT_SCRIPT, error, transaction, input, 0};
}

/*
 * Core's reject reason; "" for REJECT_NONE. REJECT_SCRIPT and REJECT_VERSION without what follows:
 * "block-script-verify-flag-failed", "bad-version". REJECT_NO_MEMORY is "out of memory".
 */
const char *reject_text(enum reject reason);

enum reject_class reject_class(enum reject reason);

enum { REJECTION_TEXT_SIZE = 128 };

/*
 * All of it as Core prints it: "block-script-verify-flag-failed (Signature must be zero for failed
 * CHECK(MULTI)SIG operation)", "bad-version(0x00000001)". Always ended by a zero. Returns out.
 */
char *rejection_text(char out[static REJECTION_TEXT_SIZE], const struct rejection *rejection);

#endif
