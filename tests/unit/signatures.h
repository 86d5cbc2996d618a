/* Signature checks for tests: good ones with random keys and messages, and bad ones. Link with "signatures". */
#ifndef TESTS_UNIT_SIGNATURES_H
#define TESTS_UNIT_SIGNATURES_H

#include "kernels/signature.h"
#include "tests/unit/random.h"

/* A good check. An ECDSA key is compressed, uncompressed or hybrid, and s high as often as low. */
struct signature_check signatures_good(struct random *random, enum signature_kind kind);

/* The same with one bit flipped, of the key, the message or the signature: bad. */
struct signature_check signatures_bad(struct random *random, enum signature_kind kind);

/* Of a random kind; good or bad as wanted. */
struct signature_check signatures_any(struct random *random, bool good);

#endif
