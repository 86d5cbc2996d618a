/*
 * Solo mining: templates of one or several nodes are searched by a miner, and
 * what is found goes to all of the nodes.
 *
 *     upstream 0 --\            /--> miner (engine)
 *     upstream 1 ---> events -> solo_run --> blocks --> every upstream
 *     miner ------/            \--> mining_control (any thread)
 *
 * One thread, the one in solo_run, decides everything. Of several nodes the one
 * whose template has the highest height is mined, and of equals the one that
 * was given first; one that fails is left for the next, and taken again when it
 * has recovered. A block that is found when another has just taken its place goes
 * to the nodes all the same, as it may still win; an older one is dropped. The
 * time in the header follows the clock within what the template allows.
 */
#ifndef MINING_SOLO_H
#define MINING_SOLO_H

#include "base/clock.h"
#include "base/log.h"
#include "consensus/params.h"
#include "engine/miner.h"
#include "mining/status.h"
#include "mining/tally.h"
#include "mining/upstream.h"

enum {
    SOLO_MAX_NODES = 16,
    SOLO_ERROR_SIZE = 512,
    SOLO_ADDRESS_SIZE = 128,
};

struct solo_status {
    const char *node;  /* whose template is mined; NULL where none is */
    int32_t height;    /* of the block that is sought, 0 where none is */
    double difficulty; /* of that block */
    uint64_t accepted; /* blocks that a node took */
    uint64_t rejected; /* blocks that no node took, of those that answered */
    uint64_t stale;    /* blocks that came too late */
};

struct solo_options {
    const struct upstream_options
        *nodes;                   /* the preferred one first; kernels and log are set by solo */
    size_t node_count;            /* 1 to SOLO_MAX_NODES */
    const struct params *network; /* NULL: the one that the first node to answer is on */
    const char *address;          /* where the coinbase pays to */
    struct bytes tag;             /* in the coinbase */
    uint32_t version_mask;        /* of BIP320's bits, those that may be rolled */
    uint64_t blocks;              /* end after so many accepted blocks; 0: go on */
    unsigned time_limit_s;        /* end after so many seconds; 0: go on */
    int retries; /* end when every node has failed so many times in a row; negative: go on trying */
    const struct kernels *kernels;
    struct miner *miner;
    struct log *log;
    struct mining_tally *tally; /* told of each lane's blocks; NULL: not */
};

enum solo_end {
    SOLO_STOPPED,    /* by solo_stop */
    SOLO_DONE,       /* the blocks that were asked for were accepted */
    SOLO_TIME,       /* the time limit came first, or there was no other */
    SOLO_NO_NODE,    /* no node can be used: see solo_error */
    SOLO_BAD_PAYOUT, /* the address is none of the nodes' network: see solo_error */
    SOLO_FAILED,     /* memory or threads lack: see solo_error */
};

struct solo;

/* NULL, with the reason in text, where a URL is none or memory lacks. What options point to must outlive the solo. */
struct solo *solo_create(const struct solo_options *options, char text[static SOLO_ERROR_SIZE]);
void solo_destroy(struct solo *solo);

/* Mines until something ends it. The work is taken from the miner before it returns. */
enum solo_end solo_run(struct solo *solo);

/* Ends solo_run, which first waits a little for the answer to a block under way. Any thread, signal handlers too. */
void solo_stop(struct solo *solo);

/* Why solo_run ended. */
const char *solo_error(const struct solo *solo);

/*
 * What may be asked of it, on any thread, before, during and after solo_run; the
 * solo must outlive it. Nodes are chosen by their chains: status is all there is.
 */
struct mining_control solo_control(struct solo *solo);

/* The counts so far; on the thread of solo_run or after it. */
struct solo_status solo_status(const struct solo *solo);

#endif
