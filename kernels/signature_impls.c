#include "kernels/signature.h"

const struct signature_verify_impl signature_verify_impls[] = {
    /* One by one: a larger call is not faster. */
    {"libsecp256k1", 0, true, 1, 35, signature_verify_libsecp256k1},
    {0},
};
