#include "kernels/sha256_impls.h"

#include "kernels/cpu.h"

#include <stddef.h>

const struct sha256_compress_impl sha256_compress_impls[] = {
    {"generic", 0, sha256_compress_generic},
    {NULL, 0, NULL},
};

const struct sha256d_64_impl sha256d_64_impls[] = {
    {"generic", 0, sha256d_64_generic},
    {NULL, 0, NULL},
};

const struct sha256d_many_impl sha256d_many_impls[] = {
    {"generic", 0, sha256d_many_generic},
    {NULL, 0, NULL},
};
