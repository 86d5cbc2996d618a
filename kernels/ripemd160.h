/*
 * RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996; ISO/IEC 10118-3), and Bitcoin's HASH160.
 *
 * Total functions of bytes: any size, any alignment, no memory, no state, any thread.
 */
#ifndef KERNELS_RIPEMD160_H
#define KERNELS_RIPEMD160_H

#include "kernels/sha256.h"

/* The digest of size bytes at data, which may be NULL where size is 0. out may lie inside data. */
void ripemd160(uint8_t out[static 20], const void *data, size_t size);

/* RIPEMD-160 of the message's SHA-256: key and script hashes. out may lie inside data. */
void hash160(sha256_compress_fn *compress, uint8_t out[static 20], const void *data, size_t size);

#endif
