#include "validation/block_memory.h"

#include "engine/memory.h"
#include "validation/validator_impl.h"

/* Real blocks need up to 6 MB; one that is made to need more has it for itself alone. */
enum { KEEP_MAX = 16 << 20 };

struct block_memory {
    struct block_memory *next; /* of those that nobody uses */
    size_t size;               /* of data */
    max_align_t data[];
};

static struct block_memory *create(size_t size)
{
    struct block_memory *memory =
        memory_alloc(sizeof(struct block_memory) + size, MEMORY_ANY_NODE, true);

    if (memory)
        memory->size = size;
    return memory;
}

static void destroy(struct block_memory *memory)
{
    if (memory)
        memory_free(memory, sizeof(struct block_memory) + memory->size);
}

static struct block_memory *pop(struct validator *validator)
{
    struct block_memory *memory;

    pthread_mutex_lock(&validator->lock);
    memory = validator->memory;
    if (memory)
        validator->memory = memory->next;
    pthread_mutex_unlock(&validator->lock);
    return memory;
}

static void push(struct validator *validator, struct block_memory *memory)
{
    pthread_mutex_lock(&validator->lock);
    memory->next = validator->memory;
    validator->memory = memory;
    pthread_mutex_unlock(&validator->lock);
}

struct block_memory *block_memory_take(struct validator *validator, struct arena *arena)
{
    struct block_memory *memory = pop(validator);

    if (memory)
        arena_init_buffer(arena, memory->data, memory->size, 0);
    else
        arena_init(arena, 0);
    return memory;
}

void block_memory_return(struct validator *validator, struct block_memory *memory,
                         struct arena *arena)
{
    size_t size = memory ? memory->size : 0, needed = size + arena->used;

    arena_free(arena);
    if (needed > size && size < KEEP_MAX) {
        destroy(memory);
        memory = create(needed < KEEP_MAX ? needed : KEEP_MAX);
    }
    if (memory)
        push(validator, memory);
}

void block_memory_free_all(struct validator *validator)
{
    struct block_memory *memory;

    while ((memory = pop(validator)))
        destroy(memory);
}
