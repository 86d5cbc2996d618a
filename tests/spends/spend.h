/*
 * An input that spends an output, with all that its verification takes: what
 * fuzz targets and random tests make, change, and write down as bytes.
 *
 *     | flags 4 | input 2 | transaction, extended format | spent outputs, one an input |
 *
 * Everything lies in the arena of the spend; running out of memory ends the
 * program. One thread a spend.
 */
#ifndef TESTS_SPENDS_SPEND_H
#define TESTS_SPENDS_SPEND_H

#include "consensus/interpreter.h"

/*
 * What sets a script_flags value that consensus may ask for; TAPROOT without WITNESS is left out, and
 * so is WITNESS without P2SH.
 */
enum {
    SPEND_CONSENSUS_FLAGS = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_NULLDUMMY |
                            SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY | SCRIPT_VERIFY_CHECKSEQUENCEVERIFY |
                            SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_TAPROOT,
};

struct spend {
    struct arena *arena;
    uint32_t flags;
    size_t input;
    struct transaction tx; /* its raw and body empty */
    struct tx_output *spent;
};

/* Reads what spend_write writes. False where data is something else, or has no such input. */
bool spend_read(struct spend *s, struct arena *arena, struct bytes data);

/* The bytes of it, in its arena. */
struct bytes spend_write(const struct spend *s);

/* The transaction's bytes, in the arena of s. */
struct bytes spend_transaction(const struct spend *s);

/* flags, and what they may not be given without (Core, VerifyScript's assertions). */
uint32_t spend_flags_filled(uint32_t flags);

/* Zeroed bytes, and a copy, in the arena of s. */
void *spend_alloc(const struct spend *s, size_t size);
uint8_t *spend_copy(const struct spend *s, struct bytes data);

/* The input that is verified, and the output that it spends. */
static inline struct tx_input *spend_input(const struct spend *s)
{
    return &s->tx.inputs[s->input];
}

static inline struct tx_output *spend_output(const struct spend *s) { return &s->spent[s->input]; }

/* The input ready to run; tx must outlive it, and s stay as it is. */
struct script_input spend_prepare(const struct spend *s, struct sighash_tx *tx);

#endif
