/* What the tests of the mining search share: a pool, works, and an observer that remembers. */
#ifndef TESTS_UNIT_ENGINE_MINER_SUPPORT_H
#define TESTS_UNIT_ENGINE_MINER_SUPPORT_H

#include "engine/miner.h"

static const uint32_t bip320 = 0x1fffe000;

/* Set up by support_start, as a group's setup; support_end takes it down. */
extern struct pool *support_pool;      /* at least three workers, so that there is contention */
extern struct kernels support_fastest; /* the first of each table that runs here */
int support_start(void **state);
int support_end(void **state);

void sleep_ms(long n);

/* Whether this process comes to use no CPU, soon enough for a loaded machine. */
bool becomes_idle(void);

/* What miners made by make_miner, and others with this observer, did, each slice in turn; until forget_seen. */
struct seen {
    struct miner_range *ranges;
    size_t count;
};

void support_observe(void *arg, const struct miner_range *range);
extern struct seen seen;
void sort_seen(void); /* by work, place and nonce, so that what follows each other in a unit does */
void forget_seen(void);
bool same_place(const struct miner_range *a, const struct miner_range *b);

/* How often release_fn was called for a work of make_work's. */
extern atomic_size_t releases;

/* A header whose every byte depends on the tag, and a target that one hash in 2^bits meets. */
struct miner_work make_work(uint64_t tag, unsigned bits);
void extranonce_header(void *arg, uint64_t extranonce, uint8_t header[static 80]);

struct miner *make_miner(const struct kernels *kernels, uint64_t unit_nonces);

/* The next event, waited for on the file descriptor as a main loop would. */
struct miner_event next_event(struct miner *miner);

/* Whether a header's hash, by OpenSSL, meets the target. */
bool meets(const uint8_t header[static 80], struct uint256 target);

/* Fails unless the event's header is one of the work's space and its hash meets the target. */
void check_header(const struct miner_event *event, const struct miner_work *work);

#endif
