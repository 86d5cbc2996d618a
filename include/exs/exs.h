/*
 * libexs: Bitcoin's rules for other programs. Whether a script, a transaction,
 * a block or a heap of signatures is valid, with Bitcoin Core's answer and
 * Core's reason, on all cores of the machine.
 *
 *     char error[EXS_ERROR_SIZE];
 *     struct exs_context *exs = exs_context_create(NULL, error);
 *     struct exs_block_place place = {
 *         .size = sizeof(place), .network = "main", .height = h, .median_time_past = t};
 *     struct exs_verdict verdict;
 *
 *     exs_verify_block(exs, &verdict, block, block_size, &place, spent, spent_count);
 *     if (verdict.result == EXS_VALID) ...
 *     exs_context_destroy(exs);
 *
 * Three kinds of answer are kept apart: valid; invalid, with a reason; and no answer, for a reason
 * of the caller's or ours, which says nothing about what was to be verified.
 *
 * Memory. All bytes that are passed in stay the caller's, are only read, and only during the call.
 * A size of 0 goes with any pointer, NULL included.
 *
 * Threads. A context may be used by any number of threads at once; their calls share its worker
 * threads. Its creation and destruction are for one thread alone. A context does not survive fork()
 * in the child. Nothing here writes to a terminal, changes a signal handler or ends the process.
 *
 * Versions. Symbols carry the version that they came with (EXS_0.1), and a struct that may
 * grow begins with its size, which the caller fills in. Set what you do not use to zero.
 */
#ifndef EXS_EXS_H
#define EXS_EXS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define EXS_API __attribute__((visibility("default")))
#define EXS_MUST_USE __attribute__((warn_unused_result))
#else
#define EXS_API
#define EXS_MUST_USE
#endif

/* The version of the library that runs, "0.1.0"; never NULL. */
EXS_API const char *exs_version(void);

/* ---------------------------------------------------------------- context */

struct exs_context;

enum { EXS_ERROR_SIZE = 256 };

struct exs_options {
    size_t size; /* sizeof(struct exs_options) */
    /*
     * Worker threads; 0: one for each processor that this process may use. With 1 all is done on
     * the calling thread and no thread is started.
     */
    uint32_t threads;
    uint32_t unpinned; /* not 0: leave it to the system which processor runs a worker */
    /*
     * Bytes for remembering good signatures, so that a block of known transactions is verified
     * without them; 0: none. Bitcoin Core's default is 16 MiB.
     */
    size_t signature_cache_bytes;
    /* An implementation of signature verification ("libsecp256k1"); NULL: the fastest one. */
    const char *verifier;
    /* Not 0: verify each signature where its script asks for it instead of in batches. */
    uint32_t direct;
};

/*
 * Starts the workers, chooses the fastest kernels (some 20 milliseconds) and checks each against
 * the portable one. options NULL takes the defaults, which is all zeros. NULL, with the reason in error,
 * where size is none that this library knows, a name is unknown, memory or threads can't be had,
 * or a kernel computes something wrong on this machine.
 */
EXS_API EXS_MUST_USE struct exs_context *exs_context_create(const struct exs_options *options,
                                                            char error[EXS_ERROR_SIZE]);

/* Ends the workers and frees all. No call on the context may be under way. NULL is nothing. */
EXS_API void exs_context_destroy(struct exs_context *exs);

/* How many threads verify; which implementation verifies signatures. */
EXS_API uint32_t exs_context_threads(const struct exs_context *exs);
EXS_API const char *exs_context_verifier(const struct exs_context *exs);

/* ---------------------------------------------------------------- answers */

enum exs_result {
    EXS_VALID = 0,
    EXS_INVALID = 1, /* see reject, and for EXS_REJECT_SCRIPT script_error */
    /* No answer: the bytes are no transaction or block, or more than one, */
    EXS_ERROR_MALFORMED = 2,
    /* NULL where there must be something, unknown flags, no such network, out of its range, */
    EXS_ERROR_ARGUMENT = 3,
    /* not as many spent outputs as inputs, or one that the block itself makes otherwise, */
    EXS_ERROR_SPENT = 4,
    /* no input of that index, */
    EXS_ERROR_INPUT = 5,
    /* or none left. */
    EXS_ERROR_MEMORY = 6,
};

/* One line in English; never NULL, whatever the number. */
EXS_API const char *exs_result_text(enum exs_result result);

/* Why it is invalid: the reject reasons of Bitcoin Core, by its texts. Numbers never change. */
enum exs_reject {
    EXS_REJECT_NONE = 0,
    EXS_REJECT_TXNS_VIN_EMPTY = 1,
    EXS_REJECT_TXNS_VOUT_EMPTY = 2,
    EXS_REJECT_TXNS_OVERSIZE = 3,
    EXS_REJECT_TXNS_VOUT_NEGATIVE = 4,
    EXS_REJECT_TXNS_VOUT_TOOLARGE = 5,
    EXS_REJECT_TXNS_TXOUTTOTAL_TOOLARGE = 6,
    EXS_REJECT_TXNS_INPUTS_DUPLICATE = 7,
    EXS_REJECT_CB_LENGTH = 8,
    EXS_REJECT_TXNS_PREVOUT_NULL = 9,
    EXS_REJECT_TXNS_INPUTS_MISSINGORSPENT = 10,
    EXS_REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE = 11,
    EXS_REJECT_TXNS_INPUTVALUES_OUTOFRANGE = 12,
    EXS_REJECT_TXNS_IN_BELOWOUT = 13,
    EXS_REJECT_TXNS_FEE_OUTOFRANGE = 14,
    EXS_REJECT_TXNS_ACCUMULATED_FEE_OUTOFRANGE = 15,
    EXS_REJECT_TXNS_NONFINAL = 16,
    EXS_REJECT_SCRIPT = 17,
    EXS_REJECT_HIGH_HASH = 18,
    EXS_REJECT_DIFFBITS = 19,
    EXS_REJECT_TIME_TOO_OLD = 20,
    EXS_REJECT_TIME_TIMEWARP_ATTACK = 21,
    EXS_REJECT_TIME_TOO_NEW = 22,
    EXS_REJECT_VERSION = 23,
    EXS_REJECT_SIGNET_BLKSIG = 24,
    EXS_REJECT_TXNMRKLROOT = 25,
    EXS_REJECT_TXNS_DUPLICATE = 26,
    EXS_REJECT_BLK_LENGTH = 27,
    EXS_REJECT_CB_MISSING = 28,
    EXS_REJECT_CB_MULTIPLE = 29,
    EXS_REJECT_BLK_SIGOPS = 30,
    EXS_REJECT_CB_HEIGHT = 31,
    EXS_REJECT_WITNESS_NONCE_SIZE = 32,
    EXS_REJECT_WITNESS_MERKLE_MATCH = 33,
    EXS_REJECT_UNEXPECTED_WITNESS = 34,
    EXS_REJECT_BLK_WEIGHT = 35,
    EXS_REJECT_TXNS_BIP30 = 36,
    EXS_REJECT_CB_AMOUNT = 37,
};

/* Core's text: "bad-txns-vin-empty". "" for EXS_REJECT_NONE; never NULL, whatever the number. */
EXS_API const char *exs_reject_text(enum exs_reject reject);

/*
 * Of a script that failed: Core's SCRIPT_ERR number (ScriptError of script/script_error.h, 0 to 54),
 * by Core's name without the prefix ("EVAL_FALSE") and by Core's text. Never NULL.
 */
EXS_API const char *exs_script_error_name(int32_t script_error);
EXS_API const char *exs_script_error_text(int32_t script_error);

/* What a verdict "valid" does not cover, since the caller did not tell what it takes. */
enum {
    EXS_UNCHECKED_MATURITY = 1 << 0,       /* of coinbases: height or coinbase flag unknown */
    EXS_UNCHECKED_SEQUENCE_LOCKS = 1 << 1, /* BIP68: height or median time past unknown */
    EXS_UNCHECKED_DIFFICULTY = 1 << 2,     /* a block's bits and times: its chain is not known */
    EXS_UNCHECKED_BIP30 = 1 << 3,          /* unspent outputs of the same txid: takes all coins */
    EXS_UNCHECKED_LOCK_TIME = 1 << 4,      /* a transaction's: height unknown (verify_client.h) */
};

#define EXS_NO_INDEX UINT64_MAX

/* All zero but for the two indices where it has nothing to say. */
struct exs_verdict {
    enum exs_result result;
    enum exs_reject reject; /* of EXS_INVALID */
    int32_t script_error;   /* of EXS_REJECT_SCRIPT */
    int32_t version;        /* of EXS_REJECT_VERSION: the header's */
    uint32_t unchecked;     /* of EXS_VALID: EXS_UNCHECKED_* */
    uint64_t transaction;   /* of an invalid block: the one to blame, from 0; or EXS_NO_INDEX */
    uint64_t input;         /* of EXS_INVALID: the input to blame; or EXS_NO_INDEX */
    int64_t fees;           /* of EXS_VALID, transaction or block: satoshis */
    uint64_t sigop_cost;    /* the same: BIP141's cost of signature operations */
};

enum { EXS_VERDICT_TEXT_SIZE = 192 };

/*
 * The verdict in one line, with Core's reason: "valid", "block-script-verify-flag-failed (Script
 * evaluated without error but finished with a false/empty top stack element) in input 2 of
 * transaction 7". Always ended by a zero. Returns out.
 */
EXS_API char *exs_verdict_text(char out[EXS_VERDICT_TEXT_SIZE], const struct exs_verdict *verdict);

/* ---------------------------------------------------------------- what is spent */

#define EXS_UNKNOWN_HEIGHT INT32_C(-1)
#define EXS_UNKNOWN_TIME INT64_MIN

/*
 * The amount of an output that the caller has not. Where an earlier transaction of the same block
 * makes it, it is taken from there; else the input is bad-txns-inputs-missingorspent.
 */
#define EXS_MISSING_AMOUNT INT64_C(-1)

enum { EXS_NOT_COINBASE = 0, EXS_COINBASE = 1, EXS_UNKNOWN_COINBASE = 2 };

/* An output that an input spends. Amount and script must be right, the rest may be unknown. */
struct exs_spent {
    int64_t amount;        /* satoshis, or EXS_MISSING_AMOUNT */
    const uint8_t *script; /* scriptPubKey */
    size_t script_size;
    int32_t height;           /* of the block that made it, or EXS_UNKNOWN_HEIGHT */
    uint32_t coinbase;        /* EXS_NOT_COINBASE, EXS_COINBASE or EXS_UNKNOWN_COINBASE */
    int64_t median_time_past; /* of the block before that one, or EXS_UNKNOWN_TIME */
};

/* ---------------------------------------------------------------- scripts */

/*
 * Bitcoin Core's script verification flags, bit for bit. WITNESS goes only with P2SH, CLEANSTACK
 * only with both. Those of consensus are P2SH, DERSIG, NULLDUMMY, CHECKLOCKTIMEVERIFY,
 * CHECKSEQUENCEVERIFY, WITNESS and TAPROOT; the others are policy.
 */
enum {
    EXS_SCRIPT_VERIFY_P2SH = 1 << 0,
    EXS_SCRIPT_VERIFY_STRICTENC = 1 << 1,
    EXS_SCRIPT_VERIFY_DERSIG = 1 << 2,
    EXS_SCRIPT_VERIFY_LOW_S = 1 << 3,
    EXS_SCRIPT_VERIFY_NULLDUMMY = 1 << 4,
    EXS_SCRIPT_VERIFY_SIGPUSHONLY = 1 << 5,
    EXS_SCRIPT_VERIFY_MINIMALDATA = 1 << 6,
    EXS_SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS = 1 << 7,
    EXS_SCRIPT_VERIFY_CLEANSTACK = 1 << 8,
    EXS_SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY = 1 << 9,
    EXS_SCRIPT_VERIFY_CHECKSEQUENCEVERIFY = 1 << 10,
    EXS_SCRIPT_VERIFY_WITNESS = 1 << 11,
    EXS_SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = 1 << 12,
    EXS_SCRIPT_VERIFY_MINIMALIF = 1 << 13,
    EXS_SCRIPT_VERIFY_NULLFAIL = 1 << 14,
    EXS_SCRIPT_VERIFY_WITNESS_PUBKEYTYPE = 1 << 15,
    EXS_SCRIPT_VERIFY_CONST_SCRIPTCODE = 1 << 16,
    EXS_SCRIPT_VERIFY_TAPROOT = 1 << 17,
    EXS_SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION = 1 << 18,
    EXS_SCRIPT_VERIFY_DISCOURAGE_OP_SUCCESS = 1 << 19,
    EXS_SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE = 1 << 20,
};

/* All flags of consensus: what holds in a block of today, on every network. */
#define EXS_SCRIPT_VERIFY_CONSENSUS                                                                \
    ((uint32_t)(EXS_SCRIPT_VERIFY_P2SH | EXS_SCRIPT_VERIFY_DERSIG | EXS_SCRIPT_VERIFY_NULLDUMMY |  \
                EXS_SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY | EXS_SCRIPT_VERIFY_CHECKSEQUENCEVERIFY |    \
                EXS_SCRIPT_VERIFY_WITNESS | EXS_SCRIPT_VERIFY_TAPROOT))

/*
 * Whether input number `input` of the transaction may spend what it spends: its scripts alone.
 * tx is the transaction as on the wire (BIP144, or the old format). spent has an output for each
 * of its inputs, in their order; or, where taproot is not among the flags, for this input alone
 * (spent_count 1). Sets verdict and returns verdict->result.
 */
EXS_API enum exs_result exs_verify_script(struct exs_context *exs, struct exs_verdict *verdict,
                                          const uint8_t *tx, size_t tx_size, size_t input,
                                          const struct exs_spent *spent, size_t spent_count,
                                          uint32_t flags);

/* ---------------------------------------------------------------- transactions */

/* What need not hold: a template has no proof of work (nor a signet's signature) yet. */
enum {
    EXS_SKIP_PROOF_OF_WORK = 1 << 0,
    EXS_SKIP_SCRIPTS = 1 << 1, /* known to be good, as below Core's assumevalid */
};

/* Where a block stands, or is to stand. */
struct exs_block_place {
    size_t size;              /* sizeof(struct exs_block_place) */
    const char *network;      /* "main", "test", "testnet4", "signet", "regtest", "excalibur" */
    int32_t height;           /* from 1 on: a genesis block is not verified, it is known */
    uint32_t bits;            /* the compact target that the chain asks for here; 0: not known */
    int64_t median_time_past; /* of the block before it: seconds since 1970 */
    int64_t previous_time;    /* the time in the header before it; with bits */
    int64_t now;              /* the present, as far as bits are given: a block may be 2 h ahead */
    /* Of a signet of one's own (BIP325): its challenge; size 0 takes the network's. */
    const uint8_t *signet_challenge;
    size_t signet_challenge_size;
    uint32_t skip; /* EXS_SKIP_*: of exs_verify_block */
};

/*
 * All rules for one transaction as part of a block at place: its form, amounts and fee, coinbase
 * maturity, lock time, relative lock times (BIP68), all its scripts by the flags of that height.
 * Of a coinbase only its form is
 * checked. spent has an output for each input. That they exist and are unspent is
 * the caller's to know. Sets verdict and returns verdict->result.
 */
EXS_API enum exs_result exs_verify_transaction(struct exs_context *exs, struct exs_verdict *verdict,
                                               const uint8_t *tx, size_t tx_size,
                                               const struct exs_block_place *place,
                                               const struct exs_spent *spent, size_t spent_count);

/* ---------------------------------------------------------------- blocks */

/*
 * All rules for a block at place, in Bitcoin Core's order and with its reasons: proof of work for
 * the bits that the header claims, Merkle root, witness commitment, sizes, signature operations, every transaction,
 * every script, subsidy and fees; on signet the block's signature. block is the block as on the wire. spent
 * has the output that each input spends, in the block's order, the coinbase's input left out;
 * outputs that the block itself makes are among them. Sets verdict and returns verdict->result.
 *
 * Without place->bits it is not known whether the header's own are those that the chain asks for, nor
 * whether its time may be what it is: the verdict has EXS_UNCHECKED_DIFFICULTY then. That spent outputs of other
 * blocks exist and are unspent is the caller's to know.
 */
EXS_API enum exs_result exs_verify_block(struct exs_context *exs, struct exs_verdict *verdict,
                                         const uint8_t *block, size_t block_size,
                                         const struct exs_block_place *place,
                                         const struct exs_spent *spent, size_t spent_count);

/* ---------------------------------------------------------------- signatures */

enum { EXS_SIGNATURE_ECDSA = 0, EXS_SIGNATURE_SCHNORR = 1 };

struct exs_signature {
    uint32_t kind;         /* EXS_SIGNATURE_ECDSA or EXS_SIGNATURE_SCHNORR (BIP340) */
    uint32_t key_size;     /* ECDSA: 33 or 65, hybrid keys included; Schnorr: 32 */
    const uint8_t *key;    /* as in a script */
    const uint8_t *hash32; /* what was signed */
    /*
     * ECDSA: r and s, 32 bytes each, big-endian; s may be high, as consensus has it. Schnorr: as in
     * BIP340.
     */
    const uint8_t *signature64;
};

/*
 * Verifies n signatures, in parallel. good[i] becomes 1 where signatures[i] is good and 0 where it
 * is not; a key that is no point is not good. EXS_VALID where all are, else EXS_INVALID or an
 * error, after which good is all 0.
 */
EXS_API enum exs_result exs_verify_signatures(struct exs_context *exs, uint8_t *good,
                                              const struct exs_signature *signatures, size_t n);

#ifdef __cplusplus
}
#endif

#endif
