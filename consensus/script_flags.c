#include "consensus/script_flags.h"

#include <assert.h>

/* By bit. */
static const char *const names[] = {
    "P2SH",
    "STRICTENC",
    "DERSIG",
    "LOW_S",
    "NULLDUMMY",
    "SIGPUSHONLY",
    "MINIMALDATA",
    "DISCOURAGE_UPGRADABLE_NOPS",
    "CLEANSTACK",
    "CHECKLOCKTIMEVERIFY",
    "CHECKSEQUENCEVERIFY",
    "WITNESS",
    "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
    "MINIMALIF",
    "NULLFAIL",
    "WITNESS_PUBKEYTYPE",
    "CONST_SCRIPTCODE",
    "TAPROOT",
    "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
    "DISCOURAGE_OP_SUCCESS",
    "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
};

enum { FLAGS = sizeof(names) / sizeof(names[0]) };

_Static_assert(SCRIPT_VERIFY_ALL == (1 << FLAGS) - 1, "every flag has a name");

uint32_t script_flag_find(const char *name)
{
    for (unsigned bit = 0; bit < FLAGS; bit++)
        if (strcmp(name, names[bit]) == 0)
            return UINT32_C(1) << bit;
    return 0;
}

const char *script_flag_name(unsigned bit)
{
    assert(bit < FLAGS);
    return names[bit];
}
