/*
 * The input as text: an address, a private key, base58, bech32; and as an
 * output script. What is understood is written the same again.
 */
#include "consensus/address.h"
#include "consensus/base58.h"
#include "consensus/bech32.h"
#include "consensus/wif.h"
#include "kernels/kernels.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

#define COMPRESS (kernels_generic.sha256_compress->run)

/* The same characters; white space at both ends and, for bech32, the case set aside. */
static bool same_text(const char *a, size_t a_length, const char *b, bool fold)
{
    while (a_length && isspace((unsigned char)*a))
        a++, a_length--;
    while (a_length && isspace((unsigned char)a[a_length - 1]))
        a_length--;
    if (a_length != strlen(b))
        return false;
    for (size_t i = 0; i < a_length; i++)
        if (a[i] != b[i] && !(fold && tolower((unsigned char)a[i]) == b[i]))
            return false;
    return true;
}

static void check_address(const struct params *net, const char *text, size_t length)
{
    struct address address, again;
    char encoded[ADDRESS_TEXT_SIZE];
    uint8_t script[ADDRESS_SCRIPT_MAX];
    size_t size;
    enum address_error error = address_decode(COMPRESS, net, &address, text, length);

    FUZZ_CHECK(*address_error_text(error));
    if (error != ADDRESS_OK)
        return;
    FUZZ_CHECK(address_encode(COMPRESS, net, encoded, &address) == strlen(encoded));
    FUZZ_CHECK(same_text(text, length, encoded, address.type > ADDRESS_P2SH));
    size = address_to_script(script, &address);
    FUZZ_CHECK(address_from_script(&again, bytes_of(script, size)));
    FUZZ_CHECK(memcmp(&address, &again, sizeof(address)) == 0);
}

static void check_script(const struct params *net, struct bytes script)
{
    struct address address, again;
    char encoded[ADDRESS_TEXT_SIZE];
    uint8_t out[ADDRESS_SCRIPT_MAX];
    size_t length;

    if (!address_from_script(&address, script))
        return;
    length = address_encode(COMPRESS, net, encoded, &address);
    FUZZ_CHECK(length > 0 && length < ADDRESS_TEXT_SIZE);
    FUZZ_CHECK(address_decode(COMPRESS, net, &again, encoded, length) == ADDRESS_OK);
    FUZZ_CHECK(bytes_equal(script, bytes_of(out, address_to_script(out, &again))));
}

static void check_wif(const struct params *net, const char *text, size_t length)
{
    struct wif_key key;
    char encoded[WIF_TEXT_SIZE];

    if (!wif_decode(COMPRESS, net, &key, text, length))
        return;
    FUZZ_CHECK(wif_encode(COMPRESS, net, encoded, &key) == strlen(encoded));
    FUZZ_CHECK(same_text(text, length, encoded, false));
}

static void check_base58(const char *text, size_t length)
{
    uint8_t data[BASE58_MAX_SIZE];
    char encoded[BASE58_TEXT_SIZE];
    size_t size;

    if (base58_decode(data, &size, sizeof(data), text, length)) {
        FUZZ_CHECK(base58_encode(encoded, bytes_of(data, size)) == strlen(encoded));
        FUZZ_CHECK(same_text(text, length, encoded, false));
    }
}

/* Any bytes, as text and back. */
static void check_base58_bytes(struct bytes in)
{
    uint8_t data[BASE58_MAX_SIZE];
    char encoded[BASE58_TEXT_SIZE];
    size_t size, length;

    if (in.size > BASE58_MAX_SIZE - BASE58_CHECKSUM_SIZE)
        return;
    length = base58_encode_check(COMPRESS, encoded, in);
    FUZZ_CHECK(base58_decode_check(COMPRESS, data, &size, in.size, encoded, length));
    FUZZ_CHECK(bytes_equal(in, bytes_of(data, size)));
}

static void check_bech32(const char *text, size_t length)
{
    struct bech32 decoded;
    char encoded[BECH32_MAX_LENGTH + 1];
    uint8_t data[BECH32_MAX_LENGTH], groups[BECH32_MAX_LENGTH];
    size_t size;

    if (bech32_decode(&decoded, text, length) != BECH32_OK)
        return;
    FUZZ_CHECK(
        bech32_encode(encoded, decoded.encoding, decoded.prefix, decoded.values, decoded.count));
    FUZZ_CHECK(same_text(text, length, encoded, true));
    if (bech32_from_groups(data, &size, decoded.values, decoded.count)) {
        FUZZ_CHECK(bech32_to_groups(groups, bytes_of(data, size)) == decoded.count);
        FUZZ_CHECK(memcmp(groups, decoded.values, decoded.count) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    for (const struct params *const *p = params_all; *p; p++) {
        check_address(*p, text, size);
        check_script(*p, bytes_of(data, size));
        check_wif(*p, text, size);
    }
    check_base58(text, size);
    check_base58_bytes(bytes_of(data, size));
    check_bech32(text, size);
    return 0;
}
