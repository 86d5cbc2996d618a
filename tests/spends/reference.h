/*
 * Another implementation of libbitcoinconsensus, to compare with: the library
 * that the environment variable EXS_REFERENCE_CONSENSUS names.
 *
 * Where that library has one more symbol, Core's errors are compared too, and
 * under all flags:
 *
 *     const char *reference_verify_script_error(script, size, amount, tx, size,
 *                                               spent, count, input, flags)
 *
 * with the arguments of bitcoinconsensus_verify_script_with_spent_outputs, any
 * of Core's flags, and the error's name for an answer, as script_error_name has
 * it. Core's last releases with a libbitcoinconsensus named three failures
 * otherwise (SCRIPTNUM, TAPSCRIPT_EMPTY_PUBKEY, and an OP_IF without an operand).
 * And with another symbol, what is said of transactions by themselves:
 *
 *     const char *reference_check_transaction(tx, size, spent, count, flags, &cost)
 *
 * which answers CheckTransaction's reject reason, "" for none, and sets an int64_t
 * to GetTransactionSigOpCost.
 */
#ifndef TESTS_SPENDS_REFERENCE_H
#define TESTS_SPENDS_REFERENCE_H

#include "include/bitcoinconsensus.h"
#include "tests/spends/runs.h"
#include "tests/spends/spend.h"

typedef int reference_verify_fn(const unsigned char *script, unsigned size, int64_t amount,
                                const unsigned char *tx, unsigned tx_size, const UTXO *spent,
                                unsigned spent_count, unsigned input, unsigned flags,
                                bitcoinconsensus_error *error);

typedef int reference_with_amount_fn(const unsigned char *script, unsigned size, int64_t amount,
                                     const unsigned char *tx, unsigned tx_size, unsigned input,
                                     unsigned flags, bitcoinconsensus_error *error);

typedef int reference_without_amount_fn(const unsigned char *script, unsigned size,
                                        const unsigned char *tx, unsigned tx_size, unsigned input,
                                        unsigned flags, bitcoinconsensus_error *error);

typedef const char *reference_error_fn(const unsigned char *script, unsigned size, int64_t amount,
                                       const unsigned char *tx, unsigned tx_size, const UTXO *spent,
                                       unsigned spent_count, unsigned input, unsigned flags);

typedef const char *reference_check_fn(const unsigned char *tx, unsigned tx_size, const UTXO *spent,
                                       unsigned spent_count, unsigned flags, int64_t *cost);

struct reference {
    void *library; /* NULL: there is none */
    reference_verify_fn *verify;
    reference_with_amount_fn *with_amount;
    reference_without_amount_fn *without_amount;
    reference_error_fn *error; /* NULL: the library has no such symbol; as the next */
    reference_check_fn *check;
};

/*
 * Opens it. True also where none is named; false, with one line on stderr, where one is named that
 * can't be used.
 */
bool reference_open(struct reference *r);

enum { SPEND_DIFFERENCE_SIZE = 256 };

/*
 * Runs s in every way there is: directly and deferred; with fewer flags, under which what was good
 * must stay good; and by reference, if there is one, which also judges the transaction. False, and how they differ in text, where two
 * answers do not go together. *error is the direct run's.
 */
bool spend_compare(const struct spend *s, struct runs *runs, const struct reference *reference,
                   enum script_error *error, char text[static SPEND_DIFFERENCE_SIZE]);

#endif
