/*
 * Rules for headers and blocks, in Core's stages (validation.cpp):
 *
 *     header_check             CheckBlockHeader             proof of work
 *     header_check_contextual  ContextualCheckBlockHeader   difficulty, time, version
 *     block_check              CheckBlock                   root, sizes, transactions, sigops
 *     block_check_contextual   ContextualCheckBlock         finality, BIP34, witnesses, weight
 *     block_connect_*          ConnectBlock                 what the transactions spend
 *
 * but for the scripts themselves, which validation/ runs. Each stage supposes
 * that those before it have passed, and names the first fault that Core would.
 *
 * In ConnectBlock Core, as it runs with more than one thread, first looks at
 * BIP30, then at all transactions in their order (what they spend, the sum of
 * fees, BIP68, sigops: block_connect_transaction), then at what the coinbase
 * pays (block_connect_end), and only then asks whether a script failed, of
 * which it names any. That order is promised here; validation/ names the first
 * script that fails. (Core on one thread runs a transaction's scripts before it
 * looks at the next, so of a block with several faults it may name another.)
 *
 * Pure; any thread.
 */
#ifndef CONSENSUS_BLOCK_RULES_H
#define CONSENSUS_BLOCK_RULES_H

#include "consensus/block.h"
#include "consensus/params.h"
#include "consensus/transaction_rules.h"

enum {
    MAX_FUTURE_BLOCK_TIME = 2 * 60 * 60, /* seconds that a block may be ahead of us */
    MAX_TIMEWARP = 600,                  /* seconds that BIP94 allows */
    MEDIAN_TIME_SPAN = 11,               /* blocks that the median time past is of */
    BIP30_AGAIN_HEIGHT = 1983702,        /* from which BIP34 no longer implies BIP30 */
};

/* Where a block stands. */
struct block_place {
    const struct params *params;
    int32_t height;
    int64_t median_time_past; /* of the block before it */
};

MUST_USE enum reject header_check(const struct params *params, const struct block_header *header,
                                  struct block_hash hash);

/* What else a header depends on. */
struct header_context {
    uint32_t bits;         /* that it must have: pow_next_bits */
    int64_t previous_time; /* of the header before */
    int64_t now;           /* wall time in seconds, adjusted or not as the caller sees fit */
};

/*
 * The genesis block has no place here. Without context (NULL) the difficulty, BIP94's rule and
 * times in the future are left out; what place tells is checked.
 */
MUST_USE struct rejection header_check_contextual(const struct block_place *place,
                                                  const struct block_header *header,
                                                  const struct header_context *context);

/* The median of the times of n headers, 1 to MEDIAN_TIME_SPAN; their order does not matter. */
int64_t median_time_past(const uint32_t *times, size_t n);

/*
 * CheckBlock without the header's proof of work and without a signet's block signature
 * (consensus/signet.h), which Core looks at first. block_compute_ids came before.
 */
MUST_USE struct rejection block_check(const struct kernels *kernels, const struct block *block,
                                      struct arena *arena);

MUST_USE struct rejection block_check_contextual(const struct kernels *kernels,
                                                 const struct block_place *place,
                                                 const struct block *block, struct arena *arena);

/*
 * IsBlockMutated: whether these need not be the transactions and witnesses that the header commits
 * to, so that another block of the same hash may be valid. segwit: in force at its height.
 * block_compute_ids came before. False where the arena is exhausted.
 */
MUST_USE bool block_is_mutated(bool *mutated, const struct kernels *kernels,
                               const struct block *block, bool segwit, struct arena *arena);

/* SCRIPT_VERIFY_* for the block of this hash at this height (Core, GetBlockScriptFlags). */
uint32_t block_script_flags(const struct params *params, struct block_hash hash, int32_t height);

/*
 * Whether BIP30 has to be checked for a block: whether any of its transactions may have outputs
 * that are not spent yet. bip34_known: the block's ancestor at params->bip34_height is
 * params->bip34_hash. The two exceptions, and Core's height 1 983 702, are in here.
 */
bool block_enforces_bip30(const struct params *params, struct block_hash hash, int32_t height,
                          bool bip34_known);

/* An input's source: no transaction of the block itself. */
#define BLOCK_SOURCE_BEFORE UINT32_MAX

/* What ConnectBlock adds up transaction by transaction. */
struct block_connection {
    struct amount fees;
    uint64_t sigop_cost;
    unsigned unchecked; /* UNCHECKED_* */
    /*
     * Where the outputs come from that the block spends, one an input in the block's order, the
     * coinbase's left out: the index of the transaction of the block that made it, or
     * BLOCK_SOURCE_BEFORE. source_count of them are settled: all, or those before the first that is
     * missing.
     */
    const uint32_t *sources;
    size_t source_count;
    /*
     * The first input whose output is not there for reasons that the block itself shows: spent by
     * an input before it, of a transaction that comes later, of no output that the transaction has,
     * or of one that can't be spent. REJECT_NONE where there is none.
     */
    struct rejection missing;
};

/*
 * Begins: no fees, no sigops, and where all inputs find their outputs. block passed block_check and
 * has its ids. False where the arena, in which the sources lie, is exhausted.
 */
MUST_USE bool block_connect_begin(struct block_connection *c, const struct block *block,
                                  struct arena *arena);

/*
 * One transaction; call it in the block's order, the coinbase included (spent and origins are not
 * looked at then). flags: block_script_flags. spent and origins are one an input of it; origins may
 * be NULL: nothing is known. Whether outputs from before the block exist is the caller's to know.
 */
MUST_USE struct rejection block_connect_transaction(struct block_connection *c,
                                                    const struct block_place *place, uint32_t flags,
                                                    const struct block *block, size_t index,
                                                    const struct tx_output *spent,
                                                    const struct spent_origin *origins);

/* After the last: what the coinbase may pay. */
MUST_USE struct rejection block_connect_end(const struct block_connection *c,
                                            const struct block_place *place,
                                            const struct block *block);

#endif
