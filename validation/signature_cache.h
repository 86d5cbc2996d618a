/*
 * Which signature checks were good: a bounded set of salted hashes, so that
 * what was verified once (a transaction's signatures, when it came) is not
 * verified again (when a block brings it).
 *
 *     set s:  [entry 0] ... [entry 7]  hand     an entry is a hash of 256 bits, in four words
 *
 * A check is named as in Core (script/sigcache.cpp): SHA-256 of a salt, its
 * kind, the message, the key and the signature. Its hash says in which set it
 * belongs; a new one takes a free place, or the place of the oldest.
 *
 * No function waits or locks. Entries are written and read word by word, so
 * two writers may leave one that is half of each, and a reader may see it. It
 * is then no one's: a third hash would have to agree with both in 256 bits, in
 * what nobody without the salt can compute, and only good checks are added.
 *
 * Any thread but for create and destroy.
 */
#ifndef VALIDATION_SIGNATURE_CACHE_H
#define VALIDATION_SIGNATURE_CACHE_H

#include "kernels/sha256.h"
#include "kernels/signature.h"

enum { SIGNATURE_CACHE_SALT_SIZE = 32 };

struct signature_cache;

/* What a check is called in one cache. */
struct signature_key {
    uint64_t word[4];
};

/*
 * An empty cache of at most bytes, but of one set at least. salt is secret and random. NULL where
 * memory is exhausted. Free with signature_cache_destroy, which takes NULL.
 */
struct signature_cache *
signature_cache_create(size_t bytes, sha256_compress_fn *compress,
                       const uint8_t salt[static SIGNATURE_CACHE_SALT_SIZE]);
void signature_cache_destroy(struct signature_cache *cache);

/* How many checks it can hold. */
size_t signature_cache_capacity(const struct signature_cache *cache);

/* The check's kind must be one of enum signature_kind, and its key_size that of a key (asserted). */
struct signature_key signature_cache_key(const struct signature_cache *cache,
                                         const struct signature_check *check);

/*
 * Whether the check of this key is known to be good. take: and forget it, as its place is of more
 * use to another.
 */
bool signature_cache_find(struct signature_cache *cache, const struct signature_key *key,
                          bool take);

/* Remembers the good check of this key. */
void signature_cache_add(struct signature_cache *cache, const struct signature_key *key);

#endif
