/* What the tests of consensus/ share: cmocka in one line, bytes of hexadecimal text, an oracle, numbers. */
#ifndef TESTS_UNIT_CONSENSUS_SUPPORT_H
#define TESTS_UNIT_CONSENSUS_SUPPORT_H

#include "consensus/block.h"
#include "kernels/kernels.h"
#include "tests/unit/random.h"
#include "tests/unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COMPRESS (kernels_generic.sha256_compress->run)
#define HASH_64 (kernels_generic.sha256d_64->run)

/* Fast kernels, for tests with whole blocks; which of those that run here does not matter to them. */
const struct kernels *fast_kernels(void);

/* The bytes of text, for free(); the test fails where it is not hexadecimal. */
uint8_t *hex_bytes(const char *text, size_t *size);

/* 32 bytes of text as people are shown hashes. */
struct hash256 hash_of_text(const char *text);

/* Double SHA-256 by OpenSSL, which shares no line with ours. */
struct hash256 oracle_sha256d(const void *data, size_t size);

/* Asserts that 32 bytes are those of text as people are shown hashes. */
void assert_hash_text(const uint8_t *hash, const char *text);

#endif
