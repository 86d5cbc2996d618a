#include "validation/signature_cache.h"

#include "tests/unit/validation/support.h"

#include <pthread.h>

static const uint8_t salt[SIGNATURE_CACHE_SALT_SIZE] = {1, 2, 3};

static struct signature_cache *make_cache(size_t bytes)
{
    struct signature_cache *cache =
        signature_cache_create(bytes, kernels_generic.sha256_compress->run, salt);

    assert_non_null(cache);
    return cache;
}

/* A check like no other. */
static struct signature_check check_of(uint32_t number)
{
    struct signature_check check = {.kind = SIGNATURE_ECDSA, .key_size = 33};

    write_le32(check.message, number);
    return check;
}

static struct signature_key key_of(const struct signature_cache *cache, uint32_t number)
{
    struct signature_check check = check_of(number);

    return signature_cache_key(cache, &check);
}

static void test_what_was_added_is_found(void **state)
{
    struct signature_cache *cache = make_cache(1 << 20);
    struct signature_key key = key_of(cache, 1), other = key_of(cache, 2);

    (void)state;
    assert_false(signature_cache_find(cache, &key, false));
    signature_cache_add(cache, &key);
    assert_true(signature_cache_find(cache, &key, false));
    assert_false(signature_cache_find(cache, &other, false));
    assert_true(signature_cache_find(cache, &key, true));
    assert_false(signature_cache_find(cache, &key, false));
    signature_cache_destroy(cache);
}

/* SHA256(salt, kind, parity, zeros, message, key, signature), computed at one go. */
static void test_key_is_the_hash_that_it_says(void **state)
{
    struct signature_cache *cache = make_cache(1 << 12);
    struct signature_check check = {.kind = SIGNATURE_TAPROOT_TWEAK, .key_size = 32, .parity = 1};
    uint8_t text[64 + 32 + 32 + 64] = {0}, digest[32];
    struct signature_key key;
    struct sha256 s;

    (void)state;
    memset(check.key, 5, 32);
    memset(check.message, 6, 32);
    memset(check.signature, 7, 64);
    memcpy(text, salt, sizeof(salt));
    text[32] = SIGNATURE_TAPROOT_TWEAK;
    text[33] = 1;
    memset(text + 64, 6, 32);
    memset(text + 96, 5, 32);
    memset(text + 128, 7, 64);
    sha256_init(&s, kernels_generic.sha256_compress->run);
    sha256_update(&s, text, sizeof(text));
    sha256_final(&s, digest);
    key = signature_cache_key(cache, &check);
    assert_memory_equal(&key, digest, 32);
    signature_cache_destroy(cache);
}

/* Each field, and the salt, makes another key. */
static void test_every_field_counts(void **state)
{
    struct signature_cache *cache = make_cache(1 << 12), *other;
    struct signature_check check = {.kind = SIGNATURE_TAPROOT_TWEAK, .key_size = 32}, changed[6];
    uint8_t other_salt[SIGNATURE_CACHE_SALT_SIZE] = {9};
    struct signature_key key = signature_cache_key(cache, &check), again;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        changed[i] = check;
    changed[0].kind = SIGNATURE_SCHNORR;
    changed[1].parity = 1;
    changed[2].message[31] = 1;
    changed[3].key[31] = 1;
    changed[4].signature[63] = 1;
    changed[5].key_size = 33;
    for (size_t i = 0; i < 6; i++) {
        again = signature_cache_key(cache, &changed[i]);
        assert_memory_not_equal(&again, &key, sizeof(key));
    }
    other = signature_cache_create(1 << 12, kernels_generic.sha256_compress->run, other_salt);
    assert_non_null(other);
    again = signature_cache_key(other, &check);
    assert_memory_not_equal(&again, &key, sizeof(key));
    signature_cache_destroy(other);
    signature_cache_destroy(cache);
}

static size_t count_found(struct signature_cache *cache, uint32_t from, uint32_t to)
{
    size_t found = 0;

    for (uint32_t i = from; i < to; i++) {
        struct signature_key key = key_of(cache, i);

        found += signature_cache_find(cache, &key, false);
    }
    return found;
}

static void test_the_oldest_make_room(void **state)
{
    struct signature_cache *cache = make_cache(100000);
    size_t capacity = signature_cache_capacity(cache);
    uint32_t n = (uint32_t)capacity;

    (void)state;
    assert_in_range(capacity, 100000 / 48, 100000 / 32);
    for (uint32_t i = 0; i < 4 * n; i++) {
        struct signature_key key = key_of(cache, i);

        signature_cache_add(cache, &key);
    }
    /* Sets get more or less than their share, so that some of the newest are gone. */
    assert_in_range(count_found(cache, 0, 4 * n), n * 99 / 100, n);
    assert_in_range(count_found(cache, 3 * n, 4 * n), n * 7 / 10, n);
    assert_in_range(count_found(cache, 0, 2 * n), 0, n / 20);
    signature_cache_destroy(cache);
}

static void test_the_smallest(void **state)
{
    struct signature_cache *cache = make_cache(1);

    (void)state;
    assert_int_equal(signature_cache_capacity(cache), 8);
    for (uint32_t i = 0; i < 100; i++) {
        struct signature_key key = key_of(cache, i);

        signature_cache_add(cache, &key);
        signature_cache_add(cache, &key); /* takes no second place */
    }
    assert_int_equal(count_found(cache, 0, 100), 8);
    assert_int_equal(count_found(cache, 92, 100), 8);
    signature_cache_destroy(cache);
    signature_cache_destroy(NULL);
}

/* ---- threads: what was never added is never found ---- */

enum { THREADS = 4, ROUNDS = 5000 };

static void *add_even_and_look_for_odd(void *arg)
{
    struct signature_cache *cache = arg;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct signature_key even = key_of(cache, i % 512 * 2),
                             odd = key_of(cache, i % 512 * 2 + 1);

        signature_cache_add(cache, &even);
        if (signature_cache_find(cache, &odd, i % 3 == 0))
            return cache;
        signature_cache_find(cache, &even, i % 5 == 0);
    }
    return NULL;
}

static void test_on_many_threads(void **state)
{
    struct signature_cache *cache = make_cache(8192);
    pthread_t threads[THREADS];
    void *failed;

    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_even_and_look_for_odd, cache), 0);
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    signature_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_added_is_found),
        cmocka_unit_test(test_key_is_the_hash_that_it_says),
        cmocka_unit_test(test_every_field_counts),
        cmocka_unit_test(test_the_oldest_make_room),
        cmocka_unit_test(test_the_smallest),
        cmocka_unit_test(test_on_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
