/*
 * Which rules a script is verified by: Core's flags, by its names and bit for
 * bit (script/interpreter.h). Consensus chooses among those marked so; the
 * others are policy.
 */
#ifndef CONSENSUS_SCRIPT_FLAGS_H
#define CONSENSUS_SCRIPT_FLAGS_H

#include "base/bytes.h"

enum {
    SCRIPT_VERIFY_NONE = 0,
    SCRIPT_VERIFY_P2SH = 1 << 0, /* consensus, BIP16 */
    SCRIPT_VERIFY_STRICTENC = 1 << 1,
    SCRIPT_VERIFY_DERSIG = 1 << 2, /* consensus, BIP66 */
    SCRIPT_VERIFY_LOW_S = 1 << 3,
    SCRIPT_VERIFY_NULLDUMMY = 1 << 4, /* consensus, BIP147 */
    SCRIPT_VERIFY_SIGPUSHONLY = 1 << 5,
    SCRIPT_VERIFY_MINIMALDATA = 1 << 6,
    SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS = 1 << 7,
    SCRIPT_VERIFY_CLEANSTACK = 1 << 8,           /* only with P2SH and WITNESS */
    SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY = 1 << 9,  /* consensus, BIP65 */
    SCRIPT_VERIFY_CHECKSEQUENCEVERIFY = 1 << 10, /* consensus, BIP112 */
    SCRIPT_VERIFY_WITNESS = 1 << 11,             /* consensus, BIP141; only with P2SH */
    SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM = 1 << 12,
    SCRIPT_VERIFY_MINIMALIF = 1 << 13,
    SCRIPT_VERIFY_NULLFAIL = 1 << 14,
    SCRIPT_VERIFY_WITNESS_PUBKEYTYPE = 1 << 15,
    SCRIPT_VERIFY_CONST_SCRIPTCODE = 1 << 16,
    SCRIPT_VERIFY_TAPROOT = 1 << 17, /* consensus, BIP341 and BIP342 */
    SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION = 1 << 18,
    SCRIPT_VERIFY_DISCOURAGE_OP_SUCCESS = 1 << 19,
    SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE = 1 << 20,
    SCRIPT_VERIFY_ALL = (1 << 21) - 1,
};

/* One flag by its name without the prefix ("P2SH"); 0 for none of that name. For edges and tests. */
uint32_t script_flag_find(const char *name);

/* The name of the flag of bit 0 to 20. */
const char *script_flag_name(unsigned bit);

#endif
