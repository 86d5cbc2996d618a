/*
 * One node over JSON-RPC: it gives templates and takes blocks.
 *
 *     getblocktemplate <-- watcher thread --> template_fn, trouble_fn
 *     submitblock     <-- submitter thread --> verdict_fn       both to the owner
 *
 * The watcher polls long where the node can (BIP22), else every few seconds;
 * where a node can't be reached or gives nonsense it says why, waits longer from
 * time to time, and tries again for ever. The submitter repeats a block until the
 * node has answered: a found block is money.
 */
#ifndef MINING_UPSTREAM_H
#define MINING_UPSTREAM_H

#include "base/log.h"
#include "mining/jsonrpc.h"
#include "mining/template.h"

enum {
    UPSTREAM_CHAIN_SIZE = 32,
    UPSTREAM_QUEUE_SIZE = 16,         /* blocks that wait for one node; the oldest gives way */
    UPSTREAM_GIVE_UP_MS = 600 * 1000, /* when a block that could not be handed over is given up */
};

/* Why there is no template now. */
enum upstream_trouble {
    UPSTREAM_UNREACHABLE,  /* no connection, no answer in time, or an answer that is none */
    UPSTREAM_UNAUTHORISED, /* user, password or cookie are wrong */
    UPSTREAM_NOT_READY,    /* the node says so: it is starting, syncing, without peers, busy */
    UPSTREAM_REFUSED,      /* its template is one that this miner can't or mustn't mine */
};

enum upstream_verdict {
    UPSTREAM_ACCEPTED,     /* or the node had it already */
    UPSTREAM_INCONCLUSIVE, /* valid as far as the node knows, but not in its best chain */
    UPSTREAM_REJECTED,     /* with the node's reason */
    UPSTREAM_LOST,         /* no answer could be had */
};

/* A block on its way, shared by the nodes that it goes to. */
struct upstream_block;

/*
 * A block of this name; raw and work_id (NULL: none) are copied. One reference;
 * NULL where memory lacks.
 */
struct upstream_block *upstream_block_create(uint64_t id, struct bytes raw, const char *work_id);
void upstream_block_unref(struct upstream_block *block);

/*
 * What the owner is told, on the upstream's threads, in order for each of them.
 * The functions may wait, but must not call upstream_destroy.
 */
struct upstream_owner {
    void *arg;
    size_t index; /* which upstream this is to the owner */
    /* A new template, whose reference the owner takes over, and the node's chain ("main", "regtest"). */
    void (*template_fn)(void *arg, size_t index, struct block_template *t, const char *chain);
    /* failures counts those since the last template. */
    void (*trouble_fn)(void *arg, size_t index, enum upstream_trouble trouble, unsigned failures,
                       const char *text);
    void (*verdict_fn)(void *arg, size_t index, uint64_t block, enum upstream_verdict verdict,
                       const char *text);
};

struct upstream_options {
    struct jsonrpc_options rpc;
    const struct kernels *kernels; /* must outlive the upstream, as log */
    struct log *log;
    bool no_longpoll;
    unsigned scan_s;    /* between two polls where long polling can't be had; 0: 5 */
    unsigned pause_s;   /* the longest wait after a failure; 0: 30 */
    unsigned timeout_s; /* for an answer; 0: 30 */
    unsigned
        longpoll_s; /* for that of a long poll; 0: 90, as Core answers after 60 if the mempool lives */
};

struct upstream;

/*
 * Starts the two threads. NULL, with the reason in text, where the URL is none,
 * or memory or threads can't be had. Create upstreams on one thread: libcurl
 * initialises itself at the first.
 */
struct upstream *upstream_create(const struct upstream_options *options,
                                 const struct upstream_owner *owner,
                                 char text[static JSONRPC_TEXT_SIZE]);

/* Ends calls under way and the threads; nothing is told to the owner after it returns. */
void upstream_destroy(struct upstream *u);

/* The URL without user and password. */
const char *upstream_name(const struct upstream *u);

/* Hands a block to the submitter, which takes a reference of its own. Returns at once. */
void upstream_submit(struct upstream *u, struct upstream_block *block);

/* Asks for a template now instead of at the next poll; insist also ends a long poll under way. */
void upstream_refresh(struct upstream *u, bool insist);

#endif
