/* Scripts from text, as Bitcoin Core's test vectors write them. */
#ifndef TESTS_UNIT_CONSENSUS_SCRIPT_ASSEMBLER_H
#define TESTS_UNIT_CONSENSUS_SCRIPT_ASSEMBLER_H

#include "consensus/script.h"

/*
 * Appends what text says to out. Its words, between spaces, are
 *
 *     -12345     the push of a number, from -0xffffffff to 0xffffffff
 *     0x12ab     these bytes as they are, without a push
 *     'text'     the push of the characters between the quotes
 *     CHECKSIG   the opcode of that name, which may begin with OP_; pushes are not named, but for
 *                RESERVED
 *
 * False where a word is none of them, or out has no room; out is unspecified then.
 */
bool script_assemble(struct script_builder *out, const char *text);

/* One flag or several with commas between ("P2SH,WITNESS"), NONE, or nothing; false where one is unknown. */
bool script_flags_parse(uint32_t *flags, const char *text);

#endif
