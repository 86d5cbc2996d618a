/*
 * How signatures and public keys are written in scripts, and which ways of
 * writing them which rule allows. Pure; any thread.
 */
#ifndef CONSENSUS_SIGNATURE_ENCODING_H
#define CONSENSUS_SIGNATURE_ENCODING_H

#include "consensus/script_error.h"
#include "consensus/script_flags.h"
#include "consensus/types.h"

/*
 * r and s, 32 bytes each, big-endian, of a signature without its hash type, read as leniently as
 * Bitcoin always did (BER; Core, ecdsa_signature_parse_der_lax). False where not even that can be
 * read. A number that does not fit, r or s not below the group order included, makes both zero,
 * which no verifier accepts, as in Core.
 */
MUST_USE bool signature_parse_der_lax(uint8_t out[static 64], struct bytes der);

/* BIP66's strict DER, the hash type included (Core, IsValidSignatureEncoding). */
bool signature_is_strict_der(struct bytes signature);

/* Whether s, in what signature_parse_der_lax read, is at most half the group order. */
bool signature_is_low_s(const uint8_t signature[static 64]);

/* Whether the last byte is a hash type that is defined (Core, IsDefinedHashtypeSignature). */
bool signature_has_defined_hash_type(struct bytes signature);

/* Core's CheckSignatureEncoding and CheckPubKeyEncoding. witness_v0: keys must be compressed there. */
enum script_error signature_check_encoding(struct bytes signature, uint32_t flags);
enum script_error public_key_check_encoding(struct bytes key, uint32_t flags, bool witness_v0);

/* 33 bytes from 02 or 03; and that or 65 from 04 (Core, IsCompressedOrUncompressedPubKey). */
bool public_key_is_compressed(struct bytes key);
bool public_key_is_compressed_or_uncompressed(struct bytes key);

/*
 * Whether the size is the one that its first byte calls for: 33 for 02 and 03, 65 for 04, 06, 07
 * (Core, CPubKey::IsValid). Says nothing about the point.
 */
bool public_key_has_valid_size(struct bytes key);

#endif
