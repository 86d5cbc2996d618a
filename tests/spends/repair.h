/*
 * Making a random spend valid as far as hashes and signatures go: else nothing
 * behind them would ever be tried.
 */
#ifndef TESTS_SPENDS_REPAIR_H
#define TESTS_SPENDS_REPAIR_H

#include "tests/spends/keys.h"
#include "tests/spends/spend.h"

/* The hashes by which an output commits to keys and scripts of its input: BIP16's, BIP141's, P2PKH's. */
void spend_commit(struct spend *s);

/*
 * The same, and then every signature by one of the keys that the scripts come by, and taproot's
 * commitment. Each keeps its place, its size and its hash type. What can't be made good stays.
 */
void spend_repair(struct spend *s, struct script_workspace *workspace, const struct keys *keys);

#endif
