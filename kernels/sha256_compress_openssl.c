/*
 * OpenSSL's SHA-256: hand-written assembler for many processors, chosen by its
 * own look at them.
 */
/* The functions are deprecated in favour of EVP's, which allocate; they are not going away in 3.x. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "kernels/sha256_impls.h"

#include <openssl/sha.h>

void sha256_compress_openssl(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    SHA256_CTX context = {.md_len = SHA256_DIGEST_LENGTH};

    /* Without bytes left over from before, whole blocks go straight to the block function. */
    memcpy(context.h, state, sizeof(context.h));
    SHA256_Update(&context, blocks, 64 * n);
    memcpy(state, context.h, sizeof(context.h));
}
