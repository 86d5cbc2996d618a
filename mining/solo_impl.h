/* How news from upstreams' threads reaches the one that decides, and what it knows of its blocks; for solo*.c alone. */
#ifndef MINING_SOLO_IMPL_H
#define MINING_SOLO_IMPL_H

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
    bool late;         /* found, or come to a node, when that node had another at its height */
    bool kept;         /* by solo_blocks_keep */
    uint64_t since_ns; /* of the submission, and later of the acceptance */
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

#endif
