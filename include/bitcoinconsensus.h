/*
 * Bitcoin script verification with the interface of libbitcoinconsensus, which Bitcoin
 * Core shipped until its release 27: symbols, types, numbers and answers are
 * the same, so that a program built against that library runs with this one.
 *
 * The functions keep no state between calls and may be called on any number of threads at once. They
 * read nothing but their arguments, and write nothing but *err and memory of their own.
 */
#ifndef BITCOINCONSENSUS_H
#define BITCOINCONSENSUS_H

#include <stdint.h>

#if defined(__GNUC__)
#define BITCOINCONSENSUS_API __attribute__((visibility("default")))
#else
#define BITCOINCONSENSUS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define BITCOINCONSENSUS_API_VER 2

/*
 * Why there was no verdict. OK: there was one, and the returned value is it. The
 * others come with a returned 0, in this order of precedence: INVALID_FLAGS,
 * SPENT_OUTPUTS_REQUIRED, TX_DESERIALIZE, SPENT_OUTPUTS_MISMATCH, TX_INDEX, TX_SIZE_MISMATCH.
 */
typedef enum bitcoinconsensus_error_t {
    bitcoinconsensus_ERR_OK = 0,
    bitcoinconsensus_ERR_TX_INDEX = 1,         /* the transaction has no input nIn */
    bitcoinconsensus_ERR_TX_SIZE_MISMATCH = 2, /* bytes follow the transaction */
    bitcoinconsensus_ERR_TX_DESERIALIZE =
        3, /* the bytes are no transaction, or memory is exhausted */
    bitcoinconsensus_ERR_AMOUNT_REQUIRED = 4, /* WITNESS without an amount */
    bitcoinconsensus_ERR_INVALID_FLAGS = 5, /* a flag that is none of those below, or see WITNESS */
    bitcoinconsensus_ERR_SPENT_OUTPUTS_REQUIRED = 6, /* TAPROOT without spent outputs */
    bitcoinconsensus_ERR_SPENT_OUTPUTS_MISMATCH = 7, /* not as many spent outputs as inputs */
} bitcoinconsensus_error;

/* The rules to verify by; which of them hold is a matter of the block's height. */
enum {
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_NONE = 0,
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_P2SH = 1U << 0,                 /* BIP16 */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_DERSIG = 1U << 2,               /* BIP66 */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_NULLDUMMY = 1U << 4,            /* BIP147 */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKLOCKTIMEVERIFY = 1U << 9,  /* BIP65 */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKSEQUENCEVERIFY = 1U << 10, /* BIP112 */
    /*
     * BIP141. Only of use with P2SH: without it a spend that satisfies all else gives INVALID_FLAGS,
     * where Core's library ends the process by a failed assertion.
     */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_WITNESS = 1U << 11,
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_TAPROOT =
        1U << 17, /* BIP341, BIP342; nothing without WITNESS */
    bitcoinconsensus_SCRIPT_FLAGS_VERIFY_ALL =
        bitcoinconsensus_SCRIPT_FLAGS_VERIFY_P2SH | bitcoinconsensus_SCRIPT_FLAGS_VERIFY_DERSIG |
        bitcoinconsensus_SCRIPT_FLAGS_VERIFY_NULLDUMMY |
        bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKLOCKTIMEVERIFY |
        bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKSEQUENCEVERIFY |
        bitcoinconsensus_SCRIPT_FLAGS_VERIFY_WITNESS | bitcoinconsensus_SCRIPT_FLAGS_VERIFY_TAPROOT,
};

/* An output that an input of the transaction spends. */
typedef struct {
    const unsigned char *scriptPubKey; /* may be NULL where its size is 0 */
    unsigned int scriptPubKeySize;
    int64_t value; /* satoshis */
} UTXO;

/*
 * Whether input nIn (from 0) of the transaction in the txToLen bytes at txTo, serialized with or without
 * witness, may spend an output that holds scriptPubKey: 1 or 0. err may be NULL; else *err says whether that is a verdict.
 * Without an amount WITNESS can't be verified: ERR_AMOUNT_REQUIRED, before all else.
 */
BITCOINCONSENSUS_API int
bitcoinconsensus_verify_script(const unsigned char *scriptPubKey, unsigned int scriptPubKeyLen,
                               const unsigned char *txTo, unsigned int txToLen, unsigned int nIn,
                               unsigned int flags, bitcoinconsensus_error *err);

/* The same with the satoshis that the output holds. TAPROOT needs the next. */
BITCOINCONSENSUS_API int bitcoinconsensus_verify_script_with_amount(
    const unsigned char *scriptPubKey, unsigned int scriptPubKeyLen, int64_t amount,
    const unsigned char *txTo, unsigned int txToLen, unsigned int nIn, unsigned int flags,
    bitcoinconsensus_error *err);

/*
 * The same with all outputs that the transaction spends, in the order of its inputs. They may be NULL
 * where TAPROOT is not asked for. What input nIn spends is scriptPubKey and amount, and for
 * taproot's signature hashes spentOutputs[nIn], too: they should say the same.
 */
BITCOINCONSENSUS_API int bitcoinconsensus_verify_script_with_spent_outputs(
    const unsigned char *scriptPubKey, unsigned int scriptPubKeyLen, int64_t amount,
    const unsigned char *txTo, unsigned int txToLen, const UTXO *spentOutputs,
    unsigned int spentOutputsLen, unsigned int nIn, unsigned int flags,
    bitcoinconsensus_error *err);

/* BITCOINCONSENSUS_API_VER of the library that is linked. */
BITCOINCONSENSUS_API unsigned int bitcoinconsensus_version(void);

#ifdef __cplusplus
}
#endif

#endif
