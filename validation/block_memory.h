/*
 * The arenas that blocks are validated in, on memory that is kept from one
 * block to the next: the system takes a quarter of the time that a block takes
 * beside its scripts to give out and take back fresh pages. Internal to
 * validation/.
 */
#ifndef VALIDATION_BLOCK_MEMORY_H
#define VALIDATION_BLOCK_MEMORY_H

#include "base/arena.h"
#include "validation/validator.h"

/* What one call holds. */
struct block_memory;

/* Starts the arena on memory of the validator's that nobody uses, if there is some: NULL if not. */
struct block_memory *block_memory_take(struct validator *validator, struct arena *arena);

/* Frees the arena, and keeps as much memory as it needed for another block, within limits. */
void block_memory_return(struct validator *validator, struct block_memory *memory,
                         struct arena *arena);

/* Frees what is kept. */
void block_memory_free_all(struct validator *validator);

#endif
