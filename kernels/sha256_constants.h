/* The constants of SHA-256, and of the padding that Bitcoin's hashes meet. */
#ifndef KERNELS_SHA256_CONSTANTS_H
#define KERNELS_SHA256_CONSTANTS_H

#include <stdint.h>

/* FIPS 180-4, 5.3.3: the state that every message starts from. */
extern const uint32_t sha256_iv[8];

/* FIPS 180-4, 4.2.2: one constant a round. */
extern const uint32_t sha256_k[64];

/*
 * The second block of a 64-byte message is nothing but padding, so its message
 * schedule is constant: here it is with the rounds' constants added.
 */
extern const uint32_t sha256_pad64_wk[64];

/* The same of words 8 to 15 of a 32-byte message, a digest. */
extern const uint32_t sha256_pad32_wk[8];

#endif
