#include "mining/solo_impl.h"

struct solo_block *solo_blocks_add(struct solo_blocks *blocks)
{
    struct solo_block *place = blocks->under_way;

    /* A free one has the id 0, and is older than all. */
    for (size_t i = 1; i < SOLO_BLOCKS; i++)
        if (blocks->under_way[i].id < place->id)
            place = &blocks->under_way[i];
    *place = (struct solo_block){.id = ++blocks->ids};
    return place;
}

struct solo_block *solo_blocks_find(struct solo_blocks *blocks, uint64_t id)
{
    for (size_t i = 0; i < SOLO_BLOCKS; i++)
        if (blocks->under_way[i].id == id)
            return &blocks->under_way[i];
    return NULL;
}

void solo_blocks_keep(struct solo_blocks *blocks, struct solo_block *block)
{
    if (!block->kept)
        blocks->built_on[blocks->built_count++ % SOLO_BLOCKS] = block->previous;
    block->kept = true;
}

bool solo_blocks_have(const struct solo_blocks *blocks, struct block_hash previous)
{
    for (size_t i = 0; i < SOLO_BLOCKS; i++)
        if (blocks->under_way[i].id && block_hash_equal(blocks->under_way[i].previous, previous))
            return true;
    for (size_t i = 0; i < SOLO_BLOCKS && i < blocks->built_count; i++)
        if (block_hash_equal(blocks->built_on[i], previous))
            return true;
    return false;
}
