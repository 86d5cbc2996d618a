/*
 * Blocks: from bytes, to bytes, their names, and the names and roots of what
 * they hold. As for transactions, parsing copies nothing: views point into the
 * bytes that were parsed, arrays lie in the caller's arena.
 */
#ifndef CONSENSUS_BLOCK_H
#define CONSENSUS_BLOCK_H

#include "consensus/merkle.h"
#include "consensus/transaction.h"
#include "kernels/kernels.h"

enum { BLOCK_HEADER_SIZE = 80 };

struct block_header {
    int32_t version; /* signed where the rules compare it (BIP34); its bits are BIP9's */
    struct block_hash previous;
    struct hash256 merkle_root;
    uint32_t time;
    uint32_t bits;
    uint32_t nonce;
};

struct block {
    struct block_header header;
    struct transaction *transactions;
    size_t transaction_count;
    struct bytes raw; /* all bytes of a parsed block; empty in one that was built */
    /* One a transaction once block_compute_ids was called, NULL before. */
    struct txid *txids;
    struct wtxid *wtxids;
};

struct block_header block_header_read(const uint8_t in[static BLOCK_HEADER_SIZE]);
void block_header_write(uint8_t out[static BLOCK_HEADER_SIZE], const struct block_header *header);

/* The hash of a header, from its fields and from its bytes. */
struct block_hash block_header_hash(sha256_compress_fn *compress,
                                    const struct block_header *header);
struct block_hash block_raw_header_hash(sha256_compress_fn *compress,
                                        const uint8_t header[static BLOCK_HEADER_SIZE]);

/*
 * Reads exactly the given bytes as a block. Nothing is checked beyond the
 * format. The arena is asked for less than 24 times the size of raw, whatever
 * raw is; for one to three times in real blocks.
 */
MUST_USE enum parse_result block_parse(struct block *out, struct arena *arena, struct bytes raw,
                                       enum transaction_format format);

/* The number of bytes that block_serialize writes; that is done from the fields. */
size_t block_size(const struct block *block, enum transaction_format format);
size_t block_serialize(uint8_t *out, const struct block *block, enum transaction_format format);

/* BIP141's weight, the header and the number of transactions included. */
size_t block_weight(const struct block *block);

/* Fills in txids and wtxids, many at once. False where the arena is exhausted. */
MUST_USE bool block_compute_ids(const struct kernels *kernels, struct block *block,
                                struct arena *arena);

/*
 * The root of the txids and whether the list was doubled (CVE-2012-2459), and
 * that of the wtxids in which the coinbase's counts as zeros (BIP141).
 * block_compute_ids came before. False where the arena is exhausted.
 */
MUST_USE bool block_merkle_root(const struct kernels *kernels, struct merkle_result *out,
                                const struct block *block, struct arena *arena);
MUST_USE bool block_witness_root(const struct kernels *kernels, struct hash256 *out,
                                 const struct block *block, struct arena *arena);

#endif
