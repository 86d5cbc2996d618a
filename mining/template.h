/*
 * A block template: the answer of getblocktemplate (BIP22, BIP23, BIP9, BIP145)
 * as types, with everything checked that can be checked without the chain.
 *
 * A node is trusted with its choice of transactions, height and coinbase value,
 * and with nothing else: sizes are bounded, hexadecimal is hexadecimal, every
 * txid and wtxid is computed here and compared, and so is the witness
 * commitment. What this miner can't do for a template (a rule that it must
 * understand and doesn't, a signet's signature) is refused with the reason.
 */
#ifndef MINING_TEMPLATE_H
#define MINING_TEMPLATE_H

#include "consensus/block.h"
#include "consensus/witness_commitment.h"

#include <jansson.h>

#include <stdatomic.h>

enum {
    TEMPLATE_ERROR_SIZE = 256,
    /* The lightest transaction weighs 4 * 60. */
    TEMPLATE_MAX_TRANSACTIONS = MAX_BLOCK_WEIGHT / 240,
    TEMPLATE_MAX_ID = 1024, /* of longpollid and workid */
    TEMPLATE_MAX_AUX = 64,  /* bytes of coinbaseaux that are kept */
};

/* BIP320: the bits of a header's version that miners may use as they like. */
#define TEMPLATE_VERSION_MASK UINT32_C(0x1fffe000)

/* Never changes once made; shared by counting references, on any thread. */
struct block_template {
    uint32_t version;
    uint32_t
        version_mask; /* BIP320's bits, without those that a deployment uses or the node requires */
    bool segwit;      /* in force: the block commits to witnesses */
    bool time_mutable; /* the header's time may be changed, within mintime and maxtime */
    int32_t height;
    struct block_hash previous;
    uint32_t bits;
    struct uint256 target;
    uint32_t time;        /* curtime, or mintime where that is later */
    uint32_t mintime;     /* 0 where the node doesn't say */
    uint32_t maxtime;     /* 2^32 - 1 where the node doesn't say */
    uint32_t nonce_first; /* the nonces that the node allows */
    uint32_t nonce_last;
    struct amount coinbase_value;
    size_t size_limit;         /* bytes of the serialized block */
    size_t weight_limit;       /* MAX_BLOCK_WEIGHT where the node gives none */
    const char *longpoll_id;   /* NULL: the node can't be polled long */
    const char *work_id;       /* NULL, or to be sent with the block (BIP22) */
    struct bytes coinbase_aux; /* to be put into the coinbase's script where there is room */

    /* All but the coinbase, in their order. */
    size_t count;
    struct bytes *data; /* serialized, with witnesses */
    struct txid *txids;
    struct wtxid *wtxids;
    size_t data_size; /* of all, in bytes */
    size_t weight;    /* of all */

    /* From the coinbase's txid to the Merkle root, and the commitment to the witnesses. */
    struct hash256 branch[MERKLE_MAX_DEPTH];
    size_t branch_depth;
    struct hash256 commitment; /* under a reserved value of zeros; meaningful where segwit */

    /* template.c's own. */
    struct arena arena;
    atomic_uint references;
};

/*
 * Reads the result of getblocktemplate. Returns a template with one reference;
 * NULL, with the reason in error as a sentence's end, where it is malformed, is
 * more than this miner can do, contradicts itself, or memory lacks.
 */
struct block_template *template_parse(const struct kernels *kernels, const json_t *json,
                                      char error[static TEMPLATE_ERROR_SIZE]);

struct block_template *template_ref(struct block_template *t);
void template_unref(struct block_template *t); /* NULL does nothing */

/* The parameter of getblocktemplate, a JSON array as text; longpoll_id may be NULL. Freed by the caller; NULL: no memory. */
char *template_request(const char *longpoll_id);

#endif
