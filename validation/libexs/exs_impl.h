/* What exs.c and exs_verify.c share. */
#ifndef VALIDATION_LIBEXS_EXS_IMPL_H
#define VALIDATION_LIBEXS_EXS_IMPL_H

#include "include/exs/exs.h"
#include "validation/validator.h"

struct exs_context {
    struct kernels kernels;
    struct pool *pool; /* NULL: all on the calling thread */
    struct validator *validator;
    uint32_t threads;
};

#endif
