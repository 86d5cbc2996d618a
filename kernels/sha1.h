/*
 * SHA-1 (FIPS 180-4), for OP_SHA1. It is broken as a hash; the script language has it all the same.
 *
 * A total function of bytes: any size, any alignment, no memory, no state, any thread.
 */
#ifndef KERNELS_SHA1_H
#define KERNELS_SHA1_H

#include "base/bytes.h"

/* The digest of size bytes at data, which may be NULL where size is 0. out may lie inside data. */
void sha1(uint8_t out[static 20], const void *data, size_t size);

#endif
