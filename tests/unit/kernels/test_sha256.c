#include "kernels/cpu.h"
#include "kernels/kernels.h"
#include "kernels/sha256_constants.h"
#include "kernels/sha256_native.h"

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void fill(uint8_t *out, size_t size)
{
    uint32_t x = 88172645;

    for (size_t i = 0; i < size; i++) {
        x = x * 1664525 + 1013904223;
        out[i] = (uint8_t)(x >> 24);
    }
}

/* Calls check with every implementation of compress that this processor runs. */
static void with_each_compress(void (*check)(sha256_compress_fn *compress))
{
    for (const struct sha256_compress_impl *impl = sha256_compress_impls; impl->name; impl++) {
        if (impl->needs & ~cpu_features())
            continue;
        print_message("    %s\n", impl->name);
        check(impl->run);
    }
}

static void expect_digest(const uint8_t digest[32], const char *want)
{
    static const char digits[] = "0123456789abcdef";
    char text[65] = "";

    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    assert_string_equal(text, want);
}

/* FIPS 180-2, appendix B, and NIST's example of the empty message. */
static void check_known_digests(sha256_compress_fn *compress)
{
    static const struct {
        const char *message, *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
         "lmnopqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    struct sha256 s;
    uint8_t digest[32], a[1000];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sha256_init(&s, compress);
        sha256_update(&s, cases[i].message, strlen(cases[i].message));
        sha256_final(&s, digest);
        expect_digest(digest, cases[i].digest);
    }
    memset(a, 'a', sizeof(a));
    sha256_init(&s, compress);
    for (int i = 0; i < 1000; i++)
        sha256_update(&s, a, sizeof(a));
    sha256_final(&s, digest);
    expect_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void known_digests(void **unused)
{
    (void)unused;
    with_each_compress(check_known_digests);
}

/* Every way to cut every length up to past three blocks into two, and one byte at a time. */
static void check_pieces(sha256_compress_fn *compress)
{
    enum { MOST = 200 };
    uint8_t data[MOST], want[32], digest[32];
    struct sha256 s;

    fill(data, sizeof(data));
    for (size_t size = 0; size <= MOST; size++) {
        SHA256(data, size, want);
        for (size_t cut = 0; cut <= size; cut++) {
            sha256_init(&s, compress);
            sha256_update(&s, data, cut);
            sha256_update(&s, data + cut, size - cut);
            sha256_final(&s, digest);
            assert_memory_equal(digest, want, 32);
        }
        sha256_init(&s, compress);
        for (size_t i = 0; i < size; i++)
            sha256_update(&s, data + i, 1);
        sha256_update(&s, NULL, 0);
        sha256_final(&s, digest);
        assert_memory_equal(digest, want, 32);
    }
}

static void pieces(void **unused)
{
    (void)unused;
    with_each_compress(check_pieces);
}

static void openssl_sha256d(uint8_t out[32], const void *data, size_t size)
{
    uint8_t digest[32];

    SHA256(data, size, digest);
    SHA256(digest, sizeof(digest), out);
}

static void check_double(sha256_compress_fn *compress)
{
    enum { MOST = 300 };
    uint8_t data[MOST], inside[MOST + 32], want[32], digest[32];
    struct sha256 s;

    fill(data, sizeof(data));
    for (size_t size = 0; size <= MOST; size++) {
        openssl_sha256d(want, data, size);
        sha256d(compress, digest, data, size);
        assert_memory_equal(digest, want, 32);

        sha256_init(&s, compress);
        sha256_update(&s, data, size);
        sha256d_final(&s, digest);
        assert_memory_equal(digest, want, 32);

        memcpy(inside, data, size);
        sha256d(compress, inside + size / 2, inside, size);
        assert_memory_equal(inside + size / 2, want, 32);
    }
    sha256d(compress, digest, NULL, 0);
    openssl_sha256d(want, "", 0);
    assert_memory_equal(digest, want, 32);
}

static void double_hashes(void **unused)
{
    (void)unused;
    with_each_compress(check_double);
}

/* The first that runs here: for tests to which it is all the same. */
static sha256_compress_fn *any_compress(void)
{
    const struct sha256_compress_impl *impl = sha256_compress_impls;

    while (impl->needs & ~cpu_features())
        impl++;
    return impl->run;
}

/* A copy of the state is a midstate: both go on by themselves. */
static void a_copy_goes_on_by_itself(void **unused)
{
    uint8_t data[150], want[32], digest[32];
    struct sha256 s, copy;

    (void)unused;
    fill(data, sizeof(data));
    sha256_init(&s, any_compress());
    sha256_update(&s, data, 70);
    copy = s;
    sha256_update(&s, data + 70, 80);
    sha256_final(&s, digest);
    SHA256(data, 150, want);
    assert_memory_equal(digest, want, 32);
    sha256_final(&copy, digest);
    SHA256(data, 70, want);
    assert_memory_equal(digest, want, 32);
}

/* Stands in for compress where only the last block matters. */
static uint8_t last_block[64];

static void keep_last_block(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    state[0] = 0;
    if (n)
        memcpy(last_block, blocks + 64 * (n - 1), 64);
}

/* 513 MiB: the number of bits needs more than 32 of them. */
static void long_lengths_are_counted(void **unused)
{
    enum { PIECE = 1 << 20, PIECES = 513 };
    uint8_t *piece = calloc(1, PIECE), digest[32];
    struct sha256 s;

    (void)unused;
    assert_non_null(piece);
    sha256_init(&s, keep_last_block);
    for (int i = 0; i < PIECES; i++)
        sha256_update(&s, piece, PIECE);
    sha256_final(&s, digest);
    assert_int_equal(s.length, (uint64_t)PIECE * PIECES);
    assert_int_equal(read_be64(last_block + 56), (uint64_t)PIECE * PIECES * 8);
    assert_int_equal(last_block[0], 0x80);
    free(piece);
}

static uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void padding_constants(void **unused)
{
    uint32_t w[64] = {0x80000000, [15] = 512};

    (void)unused;
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 64; i++)
        assert_int_equal(sha256_pad64_wk[i], w[i] + sha256_k[i]);
    for (int i = 8; i < 16; i++) {
        uint32_t word = i == 8 ? 0x80000000 : i == 15 ? 256 : 0;

        assert_int_equal(sha256_pad32_wk[i - 8], word + sha256_k[i]);
    }
}

/* Whatever a processor has or lacks, the one that is chosen without the tables hashes right. */
static void native(void **unused)
{
    (void)unused;
    check_known_digests(sha256_native(0));
    check_pieces(sha256_native(cpu_features()));
    assert_ptr_equal(sha256_native(0), kernels_generic.sha256_compress->run);
    for (unsigned bit = 0; bit < 32; bit++)
        check_known_digests(sha256_native(cpu_features() & 1u << bit));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(pieces),
        cmocka_unit_test(double_hashes),
        cmocka_unit_test(a_copy_goes_on_by_itself),
        cmocka_unit_test(long_lengths_are_counted),
        cmocka_unit_test(padding_constants),
        cmocka_unit_test(native),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
