/*
 * Private keys as text ("wallet import format"): Base58Check of a version byte,
 * 32 bytes, and a byte 01 where the public key is to be compressed.
 *
 * Whoever holds a struct wif_key clears it after use; what these functions
 * copy on the way they clear themselves. Pure; any thread.
 */
#ifndef CONSENSUS_WIF_H
#define CONSENSUS_WIF_H

#include "consensus/params.h"

enum { WIF_TEXT_SIZE = 53 }; /* the longest and a terminating zero */

struct wif_key {
    uint8_t secret[32]; /* most significant byte first, from 1 to the order of secp256k1 less 1 */
    bool compressed;
};

/* False, and out zeroed, where the length characters are no private key of this network. */
MUST_USE bool wif_decode(sha256_compress_fn *compress, const struct params *net,
                         struct wif_key *out, const char *text, size_t length);

/* Writes the text and a terminating zero; returns its length. */
size_t wif_encode(sha256_compress_fn *compress, const struct params *net,
                  char out[static WIF_TEXT_SIZE], const struct wif_key *key);

#endif
