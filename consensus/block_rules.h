/*
 * Rules for headers and blocks, in Core's stages (validation.cpp):
 *
 *     header_check             CheckBlockHeader             proof of work
 *     header_check_contextual  ContextualCheckBlockHeader   difficulty, time, version
 *     block_check              CheckBlock                   roots, sizes, transactions, sigops
 *     block_check_contextual   ContextualCheckBlock         finality, BIP34, witnesses, weight
 *     block_connect_*          ConnectBlock                 what the transactions spend
 *
 * but for the scripts themselves, which validation/ runs. Each stage supposes that those before it
 * have passed. Pure; any thread.
 */
#ifndef CONSENSUS_BLOCK_RULES_H
#define CONSENSUS_BLOCK_RULES_H

#include "consensus/block.h"
#include "consensus/params.h"
#include "consensus/transaction_rules.h"

enum {
    MAX_FUTURE_BLOCK_TIME = 2 * 60 * 60, /* seconds that a block may be ahead of us */
    MAX_TIMEWARP = 600,                  /* BIP94 */
    MEDIAN_TIME_SPAN = 11,               /* blocks that the median time past is of */
};

/* Where a block stands. */
struct block_place {
    const struct params *params;
    int32_t height;
    int64_t median_time_past; /* of the block before it */
};

MUST_USE enum reject header_check(const struct params *params, const struct block_header *header,
                                  struct block_hash hash);

/*
 * bits is what pow_next_bits says; previous_time that of the block before; now is the adjusted wall
 * time in seconds. The genesis block has no place here.
 */
MUST_USE enum reject header_check_contextual(const struct block_place *place,
                                             const struct block_header *header, uint32_t bits,
                                             int64_t previous_time, int64_t now);

/* The median of the times of n headers, 1 to MEDIAN_TIME_SPAN; their order does not matter. */
int64_t median_time_past(const uint32_t *times, size_t n);

/*
 * CheckBlock without the header's proof of work and without a signet's block signature
 * (consensus/signet.h), which Core looks at first. block_compute_ids came before.
 */
MUST_USE struct rejection block_check(const struct kernels *kernels, const struct params *params,
                                      const struct block *block, struct arena *arena);

MUST_USE struct rejection block_check_contextual(const struct kernels *kernels,
                                                 const struct block_place *place,
                                                 const struct block *block, struct arena *arena);

/* SCRIPT_VERIFY_* for the block of this hash at this height (Core, GetBlockScriptFlags). */
uint32_t block_script_flags(const struct params *params, struct block_hash hash, int32_t height);

/*
 * Whether BIP30 has to be checked for a block: whether any of its transactions may have outputs
 * that are not spent yet. bip34_known: the block's ancestor at params->bip34_height is
 * params->bip34_hash. The two exceptions, and Core's height 1 983 702, are in here.
 */
bool block_enforces_bip30(const struct params *params, struct block_hash hash, int32_t height,
                          bool bip34_known);

/*
 * What ConnectBlock adds up transaction by transaction. Begin with zeros; call
 * block_connect_transaction in the block's order, the coinbase included (spent and origins are not
 * looked at then), and block_connect_end once.
 */
struct block_connection {
    struct amount fees;
    uint64_t sigop_cost;
    unsigned unchecked; /* UNCHECKED_* */
};
MUST_USE struct rejection block_connect_transaction(struct block_connection *c,
                                                    const struct block_place *place, uint32_t flags,
                                                    const struct block *block, size_t index,
                                                    const struct tx_output *spent,
                                                    const struct spent_origin *origins);
MUST_USE enum reject block_connect_end(const struct block_connection *c,
                                       const struct block_place *place, const struct block *block);

#endif
