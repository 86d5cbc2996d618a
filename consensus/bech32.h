/*
 * Bech32 (BIP173) and Bech32m (BIP350): a prefix, the digit 1, groups of 5 bits
 * and a checksum of six. Pure; any thread.
 */
#ifndef CONSENSUS_BECH32_H
#define CONSENSUS_BECH32_H

#include "consensus/types.h"

enum {
    BECH32_MAX_LENGTH = 90, /* characters */
    BECH32_CHECKSUM_LENGTH = 6,
};

enum bech32_encoding {
    BECH32,
    BECH32M,
};

enum bech32_error {
    BECH32_OK,
    BECH32_TOO_LONG,
    BECH32_BAD_CHARACTER, /* outside of 33 to 126, or no base 32 digit behind the separator */
    BECH32_MIXED_CASE,
    BECH32_NO_SEPARATOR, /* none, or one that leaves too little before or behind it */
    BECH32_BAD_CHECKSUM, /* neither encoding's */
};

struct bech32 {
    enum bech32_encoding encoding;
    char prefix[BECH32_MAX_LENGTH];    /* in lower case, zero-terminated */
    uint8_t values[BECH32_MAX_LENGTH]; /* of 5 bits each, without the checksum */
    size_t count;                      /* of values */
};

/* Reads length characters. out is unspecified where the result is not BECH32_OK. */
MUST_USE enum bech32_error bech32_decode(struct bech32 *out, const char *text, size_t length);

/*
 * Writes the text of a prefix in lower case and count values below 32, and a
 * terminating zero. False where that would be longer than BECH32_MAX_LENGTH or
 * the prefix is empty.
 */
MUST_USE bool bech32_encode(char out[static BECH32_MAX_LENGTH + 1], enum bech32_encoding encoding,
                            const char *prefix, const uint8_t *values, size_t count);

/*
 * Bytes as groups of 5 bits, the last filled with zeros: (8 * size + 4) / 5 of them at out.
 * Returns their number.
 */
size_t bech32_to_groups(uint8_t *out, struct bytes in);

/*
 * Back: 5 * count / 8 bytes at out. False where more than 4 bits are left
 * over, or one of these is not zero.
 */
MUST_USE bool bech32_from_groups(uint8_t *out, size_t *size, const uint8_t *values, size_t count);

#endif
