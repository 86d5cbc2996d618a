/*
 * Addresses: text for output scripts, and back.
 *
 * A struct address is a script of a standard form, without a network; text is
 * of a network. Pure; any thread.
 */
#ifndef CONSENSUS_ADDRESS_H
#define CONSENSUS_ADDRESS_H

#include "consensus/params.h"
#include "consensus/script.h"

enum {
    ADDRESS_SCRIPT_MAX = 2 + WITNESS_PROGRAM_MAX, /* the longest script that has an address */
    ADDRESS_TEXT_SIZE = 91,                       /* the longest address and a terminating zero */
};

enum address_type {
    ADDRESS_P2PKH,
    ADDRESS_P2SH,
    ADDRESS_P2WPKH,
    ADDRESS_P2WSH,
    ADDRESS_P2TR,
    ADDRESS_P2A,            /* pay to anchor: version 1, program 4e73 */
    ADDRESS_FUTURE_WITNESS, /* any other program of versions 1 to 16: anyone can spend, so far */
};

struct address {
    enum address_type type;
    uint8_t version; /* of the witness program; 0 for P2PKH and P2SH */
    uint8_t size;    /* of what follows: 20 for P2PKH and P2SH, 2 to 40 for a witness program */
    uint8_t program[WITNESS_PROGRAM_MAX];
};

enum address_error {
    ADDRESS_OK,
    ADDRESS_NOT_AN_ADDRESS, /* neither base58 nor bech32 */
    ADDRESS_WRONG_NETWORK,  /* of another network that we know */
    ADDRESS_UNKNOWN_PREFIX, /* a version byte or a prefix of none */
    ADDRESS_PRIVATE_KEY,    /* a private key of some network: not to be shown to anyone */
    ADDRESS_BAD_CHECKSUM,
    ADDRESS_BAD_LENGTH, /* of a base58 payload, or of the whole text */
    ADDRESS_BAD_CHARACTER,
    ADDRESS_MIXED_CASE,
    ADDRESS_BAD_SEPARATOR,
    ADDRESS_EMPTY_DATA,         /* a bech32 text without even a version */
    ADDRESS_NEEDS_BECH32,       /* version 0 with the checksum of bech32m */
    ADDRESS_NEEDS_BECH32M,      /* a later version with that of bech32 */
    ADDRESS_BAD_VERSION,        /* above 16 */
    ADDRESS_BAD_PROGRAM_LENGTH, /* not 20 or 32 for version 0, not 2 to 40 for others */
    ADDRESS_BAD_PADDING,        /* bits left over that are too many or not zero */
};

/*
 * Reads the length characters of an address of this network. out is unspecified where the
 * result is not ADDRESS_OK.
 */
MUST_USE enum address_error address_decode(sha256_compress_fn *compress, const struct params *net,
                                           struct address *out, const char *text, size_t length);

/* What is wrong with an address, as part of a sentence for people. */
const char *address_error_text(enum address_error error);

/* Writes the address of this network and a terminating zero; returns its length. */
size_t address_encode(sha256_compress_fn *compress, const struct params *net,
                      char out[static ADDRESS_TEXT_SIZE], const struct address *address);

/* Writes the output script; returns its size. */
size_t address_to_script(uint8_t out[static ADDRESS_SCRIPT_MAX], const struct address *address);

/* False where script has no address. */
MUST_USE bool address_from_script(struct address *out, struct bytes script);

#endif
