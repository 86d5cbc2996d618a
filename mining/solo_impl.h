/* How news from upstreams' threads reaches the one that decides, what it knows of its blocks, and what it tells; for solo*.c alone. */
#ifndef MINING_SOLO_IMPL_H
#define MINING_SOLO_IMPL_H

#include "mining/status.h"
#include "mining/upstream.h"

#include <pthread.h>

enum {
    SOLO_QUEUE_SIZE = 64,
    SOLO_BLOCKS = 16, /* whose verdicts are awaited, and predecessors that are remembered */
};

enum solo_event_type { SOLO_TEMPLATE, SOLO_TROUBLE, SOLO_VERDICT };

struct solo_event {
    enum solo_event_type type;
    size_t node;
    struct block_template *t; /* with a reference, or NULL */
    enum upstream_trouble trouble;
    enum upstream_verdict verdict;
    unsigned failures;
    uint64_t block;
    char text[JSONRPC_TEXT_SIZE]; /* the chain's name, the trouble's, or the verdict's reason */
};

struct solo_queue {
    int fd; /* an eventfd: readable where events wait, or solo_queue_wake was called */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t room;
    bool closed;
    size_t first, count;
    struct solo_event events[SOLO_QUEUE_SIZE];
};

/* False where no file descriptor is left. */
bool solo_queue_init(struct solo_queue *q);

/* What an upstream tells is pushed as the index-th node's events. */
struct upstream_owner solo_queue_owner(struct solo_queue *q, size_t index);

/* Adds an event, waiting for room; drops it, and its template, where the queue is closed. Any thread. */
void solo_queue_push(struct solo_queue *q, const struct solo_event *event);

/* Takes the next event; false where there is none. */
bool solo_queue_pop(struct solo_queue *q, struct solo_event *event);

/* Makes fd readable. Any thread, signal handlers too. */
void solo_queue_wake(struct solo_queue *q);

/* Makes fd wait again. */
void solo_queue_rest(struct solo_queue *q);

/* Lets every solo_queue_push return at once from now on. */
void solo_queue_close(struct solo_queue *q);

/* Drops what is left. Nobody may use the queue any more. */
void solo_queue_free(struct solo_queue *q);

/* A block of ours on its way. */
struct solo_block {
    uint64_t id; /* 0: none */
    struct block_hash previous;
    int32_t height;
    char name[65];
    uint32_t unanswered; /* a bit a node */
    bool answered, accepted;
    bool late;   /* found, or come to a node, when that node had another at its height */
    bool kept;   /* by solo_blocks_keep */
    size_t lane; /* that found it */
    double difficulty, reached; /* of its target, and of its hash */
    uint64_t since_ns;          /* of the submission, and later of the acceptance */
};

struct solo_blocks {
    struct solo_block under_way[SOLO_BLOCKS];
    uint64_t ids; /* given out */
    /* On what the nodes have blocks of ours, in their best chain or beside it; a ring. */
    struct block_hash built_on[SOLO_BLOCKS];
    size_t built_count;
};

/* A place with a new id in it, the oldest block's where all are taken. */
struct solo_block *solo_blocks_add(struct solo_blocks *blocks);

/* The one with this id; NULL where it is forgotten. */
struct solo_block *solo_blocks_find(struct solo_blocks *blocks, uint64_t id);

/* Remembers that a node has the block. */
void solo_blocks_keep(struct solo_blocks *blocks, struct solo_block *block);

/* Whether one on this predecessor is under way or with a node: a second one can win nothing more. */
bool solo_blocks_have(const struct solo_blocks *blocks, struct block_hash previous);

/* What others may read of the run, on any thread. */
struct solo_ledger {
    pthread_mutex_t lock; /* guards status */
    struct mining_status status;
};

void solo_ledger_init(struct solo_ledger *l);
void solo_ledger_free(struct solo_ledger *l);

/* The status, with the lock held until solo_ledger_close. */
struct mining_status *solo_ledger_open(struct solo_ledger *l);
void solo_ledger_close(struct solo_ledger *l);

/* A copy for others, with reasons in the order that it promises. */
void solo_ledger_copy(struct solo_ledger *l, struct mining_status *out);

/* One more node; user may be NULL. */
void solo_ledger_node(struct solo_ledger *l, const char *url, const char *user);

/* What a node gave, and that it failed. */
void solo_ledger_template(struct solo_ledger *l, size_t node, const struct block_template *t);
void solo_ledger_trouble(struct solo_ledger *l, size_t node);

/* What is mined now; version_mask is what may be rolled of the template's. */
void solo_ledger_work(struct solo_ledger *l, const struct block_template *t, uint32_t version_mask);

/* A block was found, whose hash reached this difficulty. */
void solo_ledger_found(struct solo_ledger *l, double reached, uint64_t now_s);

/* What a node said of a block. */
void solo_ledger_verdict(struct solo_ledger *l, size_t node, const struct solo_block *block,
                         enum upstream_verdict verdict, const char *text, uint64_t now_s);

/* What became of a block in the end. */
enum solo_fate { SOLO_FATE_ACCEPTED, SOLO_FATE_REJECTED, SOLO_FATE_STALE };
void solo_ledger_end(struct solo_ledger *l, enum solo_fate fate, double difficulty);

#endif
