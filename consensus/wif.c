#include "consensus/wif.h"

#include "base/verify.h"
#include "consensus/base58.h"

#include <string.h>

enum {
    SECRET_SIZE = 32,
    PAYLOAD_MAX = 1 + SECRET_SIZE + 1,
    COMPRESSED_MARK = 1,
};

/* The order of secp256k1's group (SEC 2, 2.4.1): a private key is below it. */
static const struct uint256 group_order = {
    {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};

static bool is_private_key(const uint8_t secret[static SECRET_SIZE])
{
    struct uint256 number = uint256_from_be(secret);
    bool good = !uint256_is_zero(number) && uint256_compare(number, group_order) < 0;

    explicit_bzero(&number, sizeof(number));
    return good;
}

static bool is_payload(const struct params *net, const uint8_t *payload, size_t size)
{
    if (size < 1 + SECRET_SIZE || payload[0] != net->base58_wif)
        return false;
    if (size == PAYLOAD_MAX && payload[PAYLOAD_MAX - 1] != COMPRESSED_MARK)
        return false;
    return is_private_key(payload + 1);
}

bool wif_decode(sha256_compress_fn *compress, const struct params *net, struct wif_key *out,
                const char *text, size_t length)
{
    uint8_t payload[PAYLOAD_MAX];
    size_t size = 0;
    bool good = base58_decode_check(compress, payload, &size, sizeof(payload), text, length) &&
                is_payload(net, payload, size);

    explicit_bzero(out, sizeof(*out));
    if (good) {
        memcpy(out->secret, payload + 1, SECRET_SIZE);
        out->compressed = size == PAYLOAD_MAX;
    }
    explicit_bzero(payload, sizeof(payload));
    return good;
}

size_t wif_encode(sha256_compress_fn *compress, const struct params *net,
                  char out[static WIF_TEXT_SIZE], const struct wif_key *key)
{
    char text[BASE58_TEXT_SIZE];
    uint8_t payload[PAYLOAD_MAX];
    size_t length;

    payload[0] = net->base58_wif;
    memcpy(payload + 1, key->secret, SECRET_SIZE);
    payload[PAYLOAD_MAX - 1] = COMPRESSED_MARK;
    length = base58_encode_check(
        compress, text, bytes_of(payload, key->compressed ? PAYLOAD_MAX : PAYLOAD_MAX - 1));
    VERIFY_CHECK(length < WIF_TEXT_SIZE);
    memcpy(out, text, length + 1);
    explicit_bzero(text, sizeof(text));
    explicit_bzero(payload, sizeof(payload));
    return length;
}
