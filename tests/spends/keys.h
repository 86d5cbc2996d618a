/* A few keys whose secrets are known, so that what is random can be signed. */
#ifndef TESTS_SPENDS_KEYS_H
#define TESTS_SPENDS_KEYS_H

#include "kernels/signature.h"

#include <secp256k1.h>

enum { KEYS = 6 };

struct keys {
    secp256k1_context *context;
    struct {
        uint8_t secret[32];
        uint8_t compressed[33]; /* its bytes 1 to 32 are the x-only key */
        uint8_t uncompressed[65];
    } key[KEYS];
};

/* The first three are those of Core's script_tests.json. */
void keys_init(struct keys *keys);
void keys_free(struct keys *keys);

/*
 * Makes the signature of check good, by its key and message. An ECDSA signature keeps the highest
 * bits of its r and s, and so the length of its encoding. False where the key is none of the keys.
 */
bool keys_sign(const struct keys *keys, struct signature_check *check);

/* Makes the key and parity of a SIGNATURE_TAPROOT_TWEAK right. False where they can't be. */
bool keys_tweak(const struct keys *keys, struct signature_check *check);

#endif
