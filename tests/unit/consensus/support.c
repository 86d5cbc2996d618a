#include "tests/unit/consensus/support.h"

#include "base/hex.h"

#include <openssl/sha.h>

#include <stdlib.h>
#include <string.h>

const struct kernels *fast_kernels(void)
{
    static struct kernels kernels;
    char error[KERNELS_ERROR_SIZE];

    if (!kernels.sha256_compress && !kernels_choose(&kernels, cpu_features(), NULL, NULL, error))
        fail_msg("%s", error);
    return &kernels;
}

uint8_t *hex_bytes(const char *text, size_t *size)
{
    size_t length = strlen(text);
    uint8_t *out = malloc(length / 2 + 1);

    assert_non_null(out);
    *size = length / 2;
    if (!hex_decode(out, *size, text, length))
        fail_msg("not hexadecimal: %s", text);
    return out;
}

struct hash256 hash_of_text(const char *text)
{
    struct hash256 hash;

    assert_true(hex_decode_reversed(hash.bytes, 32, text, strlen(text)));
    return hash;
}

struct hash256 oracle_sha256d(const void *data, size_t size)
{
    struct hash256 hash;
    uint8_t once[32];

    SHA256(data, size, once);
    SHA256(once, sizeof(once), hash.bytes);
    return hash;
}

void assert_hash_text(const uint8_t *hash, const char *text)
{
    char shown[65];

    hex_encode_reversed(shown, hash, 32);
    assert_string_equal(shown, text);
}
