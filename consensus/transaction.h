/*
 * Transactions: from bytes, to bytes, and their names.
 *
 * Parsing copies no script: a struct transaction is arrays in the caller's
 * arena whose views point into the bytes that were parsed, so both the arena
 * and those bytes must outlive it. A transaction may as well be built by
 * filling in the fields; then raw and body stay empty.
 *
 *     raw, extended format (BIP144):
 *     | version 4 | 00 | 01 | inputs, outputs | witness | lock time 4 |
 *                           `---- body -----'
 *
 * Functions are pure and safe on any thread; an arena belongs to one at a time.
 */
#ifndef CONSENSUS_TRANSACTION_H
#define CONSENSUS_TRANSACTION_H

#include "base/arena.h"
#include "base/cursor.h"
#include "consensus/types.h"
#include "kernels/sha256.h"

#define SEQUENCE_FINAL UINT32_C(0xffffffff)
#define OUTPOINT_NULL_INDEX UINT32_C(0xffffffff)

struct outpoint {
    struct txid txid;
    uint32_t index;
};

struct tx_input {
    struct outpoint previous;
    uint32_t sequence;
    struct bytes script;         /* scriptSig */
    const struct bytes *witness; /* the stack, its bottom first */
    size_t witness_count;
};

struct tx_output {
    struct amount value; /* as on the wire: not checked */
    struct bytes script; /* scriptPubKey */
};

struct transaction {
    uint32_t version;
    uint32_t lock_time;
    struct tx_input *inputs;
    size_t input_count;
    struct tx_output *outputs;
    size_t output_count;
    /*
     * Of a parsed transaction: all of its bytes, and those of its inputs and
     * outputs. They make names and sizes cheap. Who changes a field of a
     * parsed transaction clears both.
     */
    struct bytes raw;
    struct bytes body;
};

enum transaction_format {
    TRANSACTION_WITH_WITNESS,    /* BIP144; the old format where there is no witness */
    TRANSACTION_WITHOUT_WITNESS, /* the old format alone: what txids are made of */
};

/*
 * Reads one transaction from in, by Core's rules (UnserializeTransaction). With
 * TRANSACTION_WITHOUT_WITNESS the bytes 00 01 after the version are no inputs
 * and one output, not a marker.
 *
 * Leaves in behind the transaction; after any result but PARSE_OK, in has
 * failed and out is unspecified. Nothing is checked beyond the format: there
 * may be no inputs, amounts may be negative.
 */
MUST_USE enum parse_result transaction_read(struct transaction *out, struct arena *arena,
                                            struct cursor *in, enum transaction_format format);

/* The same for exactly the given bytes. */
MUST_USE enum parse_result transaction_parse(struct transaction *out, struct arena *arena,
                                             struct bytes raw, enum transaction_format format);

/* True where an input has a witness: then the extended format is used. */
bool transaction_has_witness(const struct transaction *tx);

/* The number of bytes that transaction_serialize writes. */
size_t transaction_size(const struct transaction *tx, enum transaction_format format);

/*
 * Writes the transaction, always from its fields, to the transaction_size bytes at out.
 * Returns their number.
 */
size_t transaction_serialize(uint8_t *out, const struct transaction *tx,
                             enum transaction_format format);

/* BIP141's weight, and its quarter rounded up. */
size_t transaction_weight(const struct transaction *tx);
size_t transaction_virtual_size(const struct transaction *tx);

/* Its names. The two are equal where there is no witness. */
struct txid transaction_txid(sha256_compress_fn *compress, const struct transaction *tx);
struct wtxid transaction_wtxid(sha256_compress_fn *compress, const struct transaction *tx);

/* One input, which spends the null outpoint (Core, CTransaction::IsCoinBase). */
bool transaction_is_coinbase(const struct transaction *tx);

/* A zero txid and the highest index: how a coinbase says that it spends nothing. */
bool outpoint_is_null(struct outpoint o);

/* Writes an output as a transaction holds it, tx_output_size bytes; returns their number. */
size_t tx_output_size(const struct tx_output *output);
size_t tx_output_serialize(uint8_t *out, const struct tx_output *output);

/* Reads one output. The cursor says whether it was there. */
struct tx_output tx_output_read(struct cursor *in);

#endif
