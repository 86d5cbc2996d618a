/*
 * Base58 and Base58Check: bytes as text without the characters that look alike,
 * the latter behind four bytes of double SHA-256. Time grows with the square of
 * the size, hence the limit. Pure; any thread.
 */
#ifndef CONSENSUS_BASE58_H
#define CONSENSUS_BASE58_H

#include "consensus/types.h"
#include "kernels/sha256.h"

enum {
    BASE58_MAX_SIZE = 256,  /* bytes */
    BASE58_TEXT_SIZE = 352, /* characters of so many bytes, at most, and a terminating zero */
    BASE58_CHECKSUM_SIZE = 4,
};

/*
 * Writes in as text to out; in.size is at most BASE58_MAX_SIZE. Returns the number of
 * characters.
 */
size_t base58_encode(char out[static BASE58_TEXT_SIZE], struct bytes in);

/*
 * Reads length characters into at most capacity (itself at most
 * BASE58_MAX_SIZE) bytes at out. White space around them is skipped, as in
 * Core. False, and out unspecified, where a character is no digit or the bytes
 * are more than capacity.
 */
MUST_USE bool base58_decode(uint8_t *out, size_t *size, size_t capacity, const char *text,
                            size_t length);

/* The same with a checksum behind in; in.size is at most BASE58_MAX_SIZE - BASE58_CHECKSUM_SIZE. */
size_t base58_encode_check(sha256_compress_fn *compress, char out[static BASE58_TEXT_SIZE],
                           struct bytes in);

/* False also where the checksum is wrong or missing; size is without it. */
MUST_USE bool base58_decode_check(sha256_compress_fn *compress, uint8_t *out, size_t *size,
                                  size_t capacity, const char *text, size_t length);

#endif
