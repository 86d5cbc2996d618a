/*
 * Random scripts and spends, most of them of a shape that means something. Signatures and hashes are
 * placeholders: see repair.h.
 */
#ifndef TESTS_SPENDS_MAKE_H
#define TESTS_SPENDS_MAKE_H

#include "consensus/script.h"
#include "tests/spends/keys.h"
#include "tests/spends/spend.h"
#include "tests/unit/random.h"

/* Which rules a script is for: they differ in keys and signatures. */
enum make_version { MAKE_LEGACY, MAKE_SEGWIT_V0, MAKE_TAPSCRIPT, MAKE_VERSIONS };

struct maker {
    struct random *random;
    const struct keys *keys;
};

/* Something that one might push: a key, a signature, a number, a preimage, whatever. */
struct bytes make_item(const struct maker *m, const struct spend *s, enum make_version version);

/* Appends one random instruction, or a few that belong together. */
void make_instruction(const struct maker *m, const struct spend *s, struct script_builder *out,
                      enum make_version version);

/* Flags for a spend: those of consensus, of today's policy, all, or any. */
uint32_t make_flags(const struct maker *m);

/* How the script is wrapped that an output is locked by. */
enum make_wrapping {
    MAKE_BARE,
    MAKE_P2SH,
    MAKE_P2WSH,
    MAKE_P2SH_P2WSH,
    MAKE_TAPROOT_SCRIPT,
    MAKE_WRAPPINGS,
};

/* Locks the spend's output by script, and puts into its input what unlocks it: items, then the rest. */
void make_wrapped(const struct maker *m, struct spend *s, enum make_wrapping wrapping,
                  struct bytes script, const struct bytes *items, size_t count);

/* A whole spend of random shape, in the arena. */
void make_spend(const struct maker *m, struct spend *s, struct arena *arena);

#endif
