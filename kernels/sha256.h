/*
 * SHA-256 (FIPS 180-4) and Bitcoin's double SHA-256.
 *
 * Three operations with several implementations each, one an instruction set.
 * They differ in speed and never in output. All are total functions of bytes:
 * any count, zero included, any alignment, no memory, no state, any thread.
 */
#ifndef KERNELS_SHA256_H
#define KERNELS_SHA256_H

#include "base/bytes.h"

/* Takes n blocks of 64 bytes at blocks into state, which must not overlap them. */
typedef void sha256_compress_fn(uint32_t state[static 8], const uint8_t *blocks, size_t n);

/*
 * Double SHA-256 of n independent messages of 64 bytes at in to n digests of 32
 * bytes at out: one level of a Merkle tree. out may equal in, so that a level
 * can be folded in place; any other overlap is a bug in the caller.
 */
typedef void sha256d_64_fn(uint8_t *out, const uint8_t *in, size_t n);

/*
 * Double SHA-256 of n independent messages of any length (below 2^61 bytes) to
 * n digests of 32 bytes at out, in the order of the messages: a block's
 * transaction ids. out overlaps no message. Fastest when many messages come at
 * once; their lengths and order do not matter.
 */
typedef void sha256d_many_fn(uint8_t *out, const struct bytes *messages, size_t n);

struct sha256_compress_impl {
    const char *name; /* what logs print and options accept */
    unsigned needs;   /* CPU_* bits, all of them; zero runs anywhere */
    sha256_compress_fn *run;
};

struct sha256d_64_impl {
    const char *name;
    unsigned needs;
    sha256d_64_fn *run;
};

struct sha256d_many_impl {
    const char *name;
    unsigned needs;
    sha256d_many_fn *run;
};

/* Every implementation in this binary, the last of each "generic", ended by one without a name. */
extern const struct sha256_compress_impl sha256_compress_impls[];
extern const struct sha256d_64_impl sha256d_64_impls[];
extern const struct sha256d_many_impl sha256d_many_impls[];

/* A message hashed piece by piece. Plain data: copy it to keep a midstate. */
struct sha256 {
    sha256_compress_fn *compress;
    uint64_t length; /* bytes so far */
    uint32_t state[8];
    uint8_t buffer[64];
};

void sha256_init(struct sha256 *s, sha256_compress_fn *compress);
void sha256_update(struct sha256 *s, const void *data, size_t size);

/* The digest of all so far. s must be initialised again before its next use. */
void sha256_final(struct sha256 *s, uint8_t out[static 32]);

/* The same, hashed once more. */
void sha256d_final(struct sha256 *s, uint8_t out[static 32]);

/* Double SHA-256 of one message. out may lie inside it. */
void sha256d(sha256_compress_fn *compress, uint8_t out[static 32], const void *data, size_t size);

#endif
