/* What the parts of validation/ share of a validator. */
#ifndef VALIDATION_VALIDATOR_IMPL_H
#define VALIDATION_VALIDATOR_IMPL_H

#include "validation/signature_cache.h"
#include "validation/validator.h"
#include "validation/workspace.h"

#include <pthread.h>

struct validator {
    /* Not changed after its creation. */
    const struct kernels *kernels;
    struct pool *pool; /* or NULL */
    bool direct;
    struct verifier *verifier;
    struct signature_cache *cache; /* or NULL */
    struct workspace **workers;    /* one a worker of the pool */
    size_t worker_count;

    pthread_mutex_t lock;        /* of the lists: held for a few instructions, no lock inside */
    struct workspace *spare;     /* of threads of callers */
    struct block_memory *memory; /* of blocks */
};

static inline sha256_compress_fn *validator_compress(const struct validator *validator)
{
    return validator->kernels->sha256_compress->run;
}

static inline struct verdict verdict_of(enum validation result)
{
    return (struct verdict){.result = result, .rejection = rejection_of(REJECT_NONE)};
}

/* What a rejection amounts to: our own trouble is none of the block's. */
static inline struct verdict verdict_rejected(struct rejection rejection)
{
    struct verdict v = verdict_of(VALIDATION_INVALID);

    if (rejection.reason == REJECT_NO_MEMORY)
        return verdict_of(VALIDATION_NO_MEMORY);
    v.rejection = rejection;
    return v;
}

#endif
