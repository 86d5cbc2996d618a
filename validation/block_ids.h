/* The names of a block's transactions, hashed by all workers. Internal to validation/. */
#ifndef VALIDATION_BLOCK_IDS_H
#define VALIDATION_BLOCK_IDS_H

#include "validation/validator.h"

/*
 * block_compute_ids: where there is a pool and the block is worth it, each worker hashes a part of
 * the transactions. False where memory is exhausted.
 */
MUST_USE bool block_ids_compute(const struct validator *validator, struct block *block,
                                struct arena *arena);

#endif
