#include "validation/signature_cache.h"

#include "engine/memory.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
    WAYS = 8,
    WORDS = 4,
    KINDS = SIGNATURE_TAPROOT_TWEAK + 1,
};

/* All access is relaxed: a word is read for what it is, and nothing else is published with it. */
struct set {
    atomic_uint_least64_t entry[WAYS][WORDS]; /* a first word of 0: free */
    atomic_uint_least64_t hand;               /* counts what took the place of another */
};

struct signature_cache {
    struct set *sets;
    size_t count;
    struct sha256 begun[KINDS][2]; /* by kind and parity: the salt and these two were hashed */
};

struct signature_cache *signature_cache_create(size_t bytes, sha256_compress_fn *compress,
                                               const uint8_t salt[static SIGNATURE_CACHE_SALT_SIZE])
{
    struct signature_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        return NULL;
    cache->count = bytes / sizeof(struct set);
    cache->count = cache->count < 1 ? 1 : cache->count > UINT32_MAX ? UINT32_MAX : cache->count;
    cache->sets = memory_alloc(cache->count * sizeof(struct set), MEMORY_ANY_NODE, true);
    if (!cache->sets) {
        free(cache);
        return NULL;
    }
    for (size_t i = 0; i < KINDS * 2; i++) {
        struct sha256 *begun = &cache->begun[i / 2][i % 2];
        /* Together with the salt a whole block of SHA-256, which is thus hashed once and for all. */
        uint8_t kind[64 - SIGNATURE_CACHE_SALT_SIZE] = {(uint8_t)(i / 2), (uint8_t)(i % 2)};

        sha256_init(begun, compress);
        sha256_update(begun, salt, SIGNATURE_CACHE_SALT_SIZE);
        sha256_update(begun, kind, sizeof(kind));
    }
    return cache;
}

void signature_cache_destroy(struct signature_cache *cache)
{
    if (!cache)
        return;
    memory_free(cache->sets, cache->count * sizeof(struct set));
    free(cache);
}

size_t signature_cache_capacity(const struct signature_cache *cache) { return cache->count * WAYS; }

struct signature_key signature_cache_key(const struct signature_cache *cache,
                                         const struct signature_check *check)
{
    struct signature_key key;
    uint8_t digest[32];
    struct sha256 s;

    assert(check->kind < KINDS && check->parity < 2 && check->key_size <= sizeof(check->key));
    s = cache->begun[check->kind][check->parity];
    sha256_update(&s, check->message, sizeof(check->message));
    sha256_update(&s, check->key, check->key_size);
    sha256_update(&s, check->signature, sizeof(check->signature));
    sha256_final(&s, digest);
    memcpy(key.word, digest, sizeof(digest));
    key.word[0] += key.word[0] == 0;
    return key;
}

static struct set *set_of(struct signature_cache *cache, const struct signature_key *key)
{
    /* The high half of a product spreads a random number evenly over any count of sets. */
    return &cache->sets[(key->word[3] >> 32) * cache->count >> 32];
}

static uint64_t load(const atomic_uint_least64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(atomic_uint_least64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static bool entry_is(const atomic_uint_least64_t *entry, const struct signature_key *key)
{
    for (size_t i = 0; i < WORDS; i++)
        if (load(&entry[i]) != key->word[i])
            return false;
    return true;
}

static atomic_uint_least64_t *find(struct set *set, const struct signature_key *key)
{
    for (size_t i = 0; i < WAYS; i++)
        if (entry_is(set->entry[i], key))
            return set->entry[i];
    return NULL;
}

bool signature_cache_find(struct signature_cache *cache, const struct signature_key *key, bool take)
{
    atomic_uint_least64_t *entry = find(set_of(cache, key), key);

    if (entry && take)
        store(&entry[0], 0);
    return entry != NULL;
}

/* A free place, or the one that was filled longest ago. */
static atomic_uint_least64_t *place_in(struct set *set)
{
    for (size_t i = 0; i < WAYS; i++)
        if (load(&set->entry[i][0]) == 0)
            return set->entry[i];
    return set->entry[atomic_fetch_add_explicit(&set->hand, 1, memory_order_relaxed) % WAYS];
}

void signature_cache_add(struct signature_cache *cache, const struct signature_key *key)
{
    struct set *set = set_of(cache, key);
    atomic_uint_least64_t *entry = find(set, key);

    if (entry)
        return;
    entry = place_in(set);
    for (size_t i = 0; i < WORDS; i++)
        store(&entry[i], key->word[i]);
}
