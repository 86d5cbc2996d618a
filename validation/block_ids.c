/*
 * A part of a block's transactions is hashed as if it were a block:
 *
 *     block   | transactions ..................................... |
 *     parts   | task 0         | task 1         | task 2           |   each in an arena of its own
 */
#include "validation/block_ids.h"

#include "validation/validator_impl.h"

enum {
    PART_MIN = 256, /* transactions: enough to fill a kernel's lanes again and again */
    PARTS_A_WORKER = 2,
};

struct part {
    struct pool_task task;
    const struct kernels *kernels;
    struct block block; /* some transactions, and nothing else */
    struct arena arena;
    bool good;
};

static void hash(struct part *part)
{
    part->good = block_compute_ids(part->kernels, &part->block, &part->arena);
}

static enum pool_result hash_on_pool(struct pool_worker *worker, void *arg)
{
    (void)worker;
    hash(arg);
    return POOL_DONE;
}

/* Cuts the block, and has the parts hashed. False where the pool was cancelled meanwhile. */
static bool run_parts(const struct validator *validator, const struct block *block,
                      struct part *parts, size_t n)
{
    struct pool_group group = {0};
    size_t begin = 0;

    for (size_t i = 0; i < n; i++) {
        size_t end = block->transaction_count * (i + 1) / n;

        parts[i].kernels = validator->kernels;
        parts[i].block.transactions = block->transactions + begin;
        parts[i].block.transaction_count = end - begin;
        arena_init(&parts[i].arena, 0);
        pool_task_init(&parts[i].task, POOL_BLOCK, hash_on_pool, &parts[i], &group);
        if (!pool_submit(validator->pool, &parts[i].task))
            hash(&parts[i]);
        begin = end;
    }
    return pool_group_wait(&group);
}

/* Brings the parts' ids together. False where one has none. */
static bool gather(struct block *block, const struct part *parts, size_t n)
{
    size_t begin = 0;

    for (size_t i = 0; i < n; i++) {
        size_t count = parts[i].block.transaction_count;

        if (!parts[i].good)
            return false;
        memcpy(block->txids + begin, parts[i].block.txids, count * sizeof(struct txid));
        memcpy(block->wtxids + begin, parts[i].block.wtxids, count * sizeof(struct wtxid));
        begin += count;
    }
    return true;
}

bool block_ids_compute(const struct validator *validator, struct block *block, struct arena *arena)
{
    size_t n = block->transaction_count / PART_MIN, most = validator->worker_count * PARTS_A_WORKER;
    struct part *parts;
    bool good;

    n = n < most ? n : most;
    if (n < 2)
        return block_compute_ids(validator->kernels, block, arena);
    parts = arena_array(arena, n, sizeof(*parts));
    block->txids = arena_array(arena, block->transaction_count, sizeof(struct txid));
    block->wtxids = arena_array(arena, block->transaction_count, sizeof(struct wtxid));
    if (!parts || !block->txids || !block->wtxids)
        return false;
    good = run_parts(validator, block, parts, n)
               ? gather(block, parts, n)
               : block_compute_ids(validator->kernels, block, arena);
    for (size_t i = 0; i < n; i++)
        arena_free(&parts[i].arena);
    return good;
}
