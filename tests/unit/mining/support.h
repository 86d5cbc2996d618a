/* Templates to test with, and an oracle for hashes: OpenSSL, and the Merkle tree written the simplest way. */
#ifndef TESTS_UNIT_MINING_SUPPORT_H
#define TESTS_UNIT_MINING_SUPPORT_H

/* cmocka.h wants the first four before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mining/template.h"

/* OpenSSL's double SHA-256. */
void support_sha256d(uint8_t out[static 32], const void *data, size_t size);

/* The Merkle root of n hashes at leaves, which are overwritten. */
void support_merkle_root(uint8_t out[static 32], uint8_t (*leaves)[32], size_t n);

/* A transaction, told from others by number, with a witness or without, as JSON of a template. */
json_t *support_transaction(uint32_t number, bool witness);

/* A regtest template of this height with count transactions, every second one with a witness; segwit is in force. */
json_t *support_template(int32_t height, size_t count);

/* Parses it, failing the test where that fails, and drops json. */
struct block_template *support_parse(json_t *json);

/* The kernels that the tests run on. */
const struct kernels *support_kernels(void);

#endif
