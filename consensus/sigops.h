/* Counting signature operations, as the limits of blocks want it. Pure; any thread. */
#ifndef CONSENSUS_SIGOPS_H
#define CONSENSUS_SIGOPS_H

#include "consensus/transaction.h"

/*
 * Of one script (Core, CScript::GetSigOpCount): CHECKMULTISIG counts as the number of keys pushed
 * right before it where accurate, else always as 20. Counting stops at a push that does not end.
 */
uint32_t sigops_script(struct bytes script, bool accurate);

/* Of all scriptSigs and scriptPubKeys of a transaction, not accurate (Core, GetLegacySigOpCount). */
uint64_t sigops_legacy(const struct transaction *tx);

/* Of the redeem scripts of its P2SH inputs, accurate; 0 for a coinbase. spent: one an input. */
uint64_t sigops_p2sh(const struct transaction *tx, const struct tx_output *spent);

/* Of one input's witness program, P2SH-nested ones included (Core, CountWitnessSigOps). */
uint64_t sigops_witness(const struct tx_input *input, struct bytes script_pubkey, uint32_t flags);

/* All together in units of cost (Core, GetTransactionSigOpCost). spent may be NULL for a coinbase. */
uint64_t sigops_transaction_cost(const struct transaction *tx, const struct tx_output *spent,
                                 uint32_t flags);

#endif
