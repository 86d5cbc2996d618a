/* RIPEMD-160, SHA-1 and HASH160 against OpenSSL and published digests. */
#include "base/hex.h"
#include "kernels/kernels.h"
#include "kernels/ripemd160.h"
#include "kernels/sha1.h"
#include "tests/unit/random.h"

#include <openssl/evp.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_digest(const uint8_t digest[20], const char *want)
{
    uint8_t bytes[20];

    assert_true(hex_decode(bytes, sizeof(bytes), want, strlen(want)));
    assert_memory_equal(digest, bytes, sizeof(bytes));
}

/* RIPEMD-160: from its authors' paper. SHA-1: FIPS 180-2, RFC 3174, and NIST's example of the empty message. */
static void known_digests(void **unused)
{
    static const struct {
        const char *message, *ripemd160, *sha1;
    } cases[] = {
        {"", "9c1185a5c5e9fc54612808977ee8f548b2258d31",
         "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
         "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "12a053384a9c0c88e405a06c27dcf49ada62eb2b", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    };
    uint8_t digest[20];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ripemd160(digest, cases[i].message, strlen(cases[i].message));
        expect_digest(digest, cases[i].ripemd160);
        sha1(digest, cases[i].message, strlen(cases[i].message));
        expect_digest(digest, cases[i].sha1);
    }
    ripemd160(digest, NULL, 0);
    expect_digest(digest, cases[0].ripemd160);
    sha1(digest, NULL, 0);
    expect_digest(digest, cases[0].sha1);
}

static void openssl_digest(uint8_t *out, const EVP_MD *md, const void *data, size_t size)
{
    assert_true(EVP_Digest(data, size, out, NULL, md, NULL));
}

/* Every length up to past fifteen blocks, at any alignment, the digest also written into the message. */
static void every_length(void **unused)
{
    enum { MOST = 1000 };
    struct random random = random_create("every length");
    /* NULL where OpenSSL was built without it, or its provider holds it back. */
    EVP_MD *md_ripemd160 = EVP_MD_fetch(NULL, "RIPEMD160", NULL);
    EVP_MD *md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    EVP_MD *md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    uint8_t data[MOST + 36], want[20], digest[32];

    (void)unused;
    assert_non_null(md_sha1);
    assert_non_null(md_sha256);
    if (!md_ripemd160)
        print_message("skipped: OpenSSL has no RIPEMD-160 here; known digests alone check ours\n");
    for (size_t size = 0; size <= MOST; size++) {
        uint8_t *at = data + random_below(&random, 16);

        random_fill(&random, data, sizeof(data));
        openssl_digest(want, md_sha1, at, size);
        sha1(digest, at, size);
        assert_memory_equal(digest, want, sizeof(want));
        if (!md_ripemd160)
            continue;
        openssl_digest(want, md_ripemd160, at, size);
        ripemd160(digest, at, size);
        assert_memory_equal(digest, want, sizeof(want));
        if (size % 8)
            continue;
        openssl_digest(digest, md_sha256, at, size);
        openssl_digest(want, md_ripemd160, digest, 32);
        hash160(kernels_generic.sha256_compress->run, digest, at, size);
        assert_memory_equal(digest, want, sizeof(want));
        hash160(kernels_generic.sha256_compress->run, at + size / 2, at, size);
        assert_memory_equal(at + size / 2, want, sizeof(want));
    }
    EVP_MD_free(md_ripemd160);
    EVP_MD_free(md_sha1);
    EVP_MD_free(md_sha256);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests),
        cmocka_unit_test(every_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
