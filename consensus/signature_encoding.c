#include "consensus/signature_encoding.h"

#include "base/cursor.h"
#include "consensus/sighash.h"

/* The order of secp256k1's group, and half of it rounded down (SEC 2, 2.4.1). */
static const uint8_t group_order[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
static const uint8_t half_group_order[32] = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};

enum {
    DER_SEQUENCE = 0x30,
    DER_INTEGER = 0x02,
    DER_LONG_LENGTH = 0x80, /* the other bits say how many bytes of length follow */
    STRICT_DER_MIN = 9,     /* with a hash type; BIP66 */
    STRICT_DER_MAX = 73,
};

/*
 * An integer's length as the lenient reader takes it: any number of zeros before it, no more than
 * three bytes otherwise.
 */
static size_t read_lax_length(struct cursor *in)
{
    size_t length = cursor_u8(in);
    struct bytes digits;

    if (!(length & DER_LONG_LENGTH))
        return length;
    digits = cursor_bytes(in, length - DER_LONG_LENGTH);
    length = 0;
    for (size_t i = 0; i < digits.size; i++) {
        length = length << 8 | digits.data[i];
        if (length > 0xffffff) {
            cursor_fail(in);
            return 0;
        }
    }
    return length;
}

/* An integer's bytes, taken as unsigned; zeros at its front are left out. */
static struct bytes read_lax_integer(struct cursor *in)
{
    struct bytes digits;

    if (cursor_u8(in) != DER_INTEGER)
        cursor_fail(in);
    digits = cursor_bytes(in, read_lax_length(in));
    while (digits.size && digits.data[0] == 0)
        digits = bytes_of(digits.data + 1, digits.size - 1);
    return digits;
}

/* Right-aligned into 32 bytes. False where the number is not below the group order. */
static bool put_scalar(uint8_t out[static 32], struct bytes digits)
{
    if (digits.size > 32)
        return false;
    memset(out, 0, 32);
    if (digits.size)
        memcpy(out + 32 - digits.size, digits.data, digits.size);
    return memcmp(out, group_order, 32) < 0;
}

bool signature_parse_der_lax(uint8_t out[static 64], struct bytes der)
{
    struct cursor in = cursor_of(der.data, der.size);
    struct bytes r, s;
    uint8_t length;

    if (cursor_u8(&in) != DER_SEQUENCE)
        cursor_fail(&in);
    length = cursor_u8(&in); /* of r and s together: not looked at, and what follows them neither */
    if (length & DER_LONG_LENGTH)
        cursor_bytes(&in, length - DER_LONG_LENGTH);
    r = read_lax_integer(&in);
    s = read_lax_integer(&in);
    if (in.failed)
        return false;
    if (!put_scalar(out, r) || !put_scalar(out + 32, s))
        memset(out, 0, 64);
    return true;
}

/*
 * An integer at offset in a signature of which size bytes are DER; r and s are judged alike. Not
 * empty, not negative, and no zero at its front but one that keeps it from being negative.
 */
static bool is_strict_integer(const uint8_t *at, size_t length)
{
    if (length == 0 || at[0] & 0x80)
        return false;
    return length == 1 || at[0] != 0 || at[1] & 0x80;
}

/* 30 [length of all that follows but the hash type] 02 [length] r 02 [length] s [hash type] */
bool signature_is_strict_der(struct bytes signature)
{
    const uint8_t *sig = signature.data;
    const size_t size = signature.size;
    size_t r_length, s_length;

    if (size < STRICT_DER_MIN || size > STRICT_DER_MAX)
        return false;
    if (sig[0] != DER_SEQUENCE || sig[1] != size - 3)
        return false;
    r_length = sig[3];
    if (5 + r_length >= size)
        return false;
    s_length = sig[5 + r_length];
    if (r_length + s_length + 7 != size)
        return false;
    return sig[2] == DER_INTEGER && is_strict_integer(sig + 4, r_length) &&
           sig[4 + r_length] == DER_INTEGER && is_strict_integer(sig + 6 + r_length, s_length);
}

bool signature_is_low_s(const uint8_t signature[static 64])
{
    return memcmp(signature + 32, half_group_order, 32) <= 0;
}

bool signature_has_defined_hash_type(struct bytes signature)
{
    uint8_t type;

    if (signature.size == 0)
        return false;
    type = signature.data[signature.size - 1] & (uint8_t)~SIGHASH_ANYONECANPAY;
    return type >= SIGHASH_ALL && type <= SIGHASH_SINGLE;
}

enum script_error signature_check_encoding(struct bytes signature, uint32_t flags)
{
    const uint32_t strict = SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_LOW_S | SCRIPT_VERIFY_STRICTENC;
    uint8_t r_s[64];

    if (signature.size == 0) /* a short way to give a signature that is none */
        return SCRIPT_ERR_OK;
    if (flags & strict && !signature_is_strict_der(signature))
        return SCRIPT_ERR_SIG_DER;
    if (flags & SCRIPT_VERIFY_LOW_S) {
        struct bytes der = bytes_of(signature.data, signature.size - 1);

        if (!signature_parse_der_lax(r_s, der) || !signature_is_low_s(r_s))
            return SCRIPT_ERR_SIG_HIGH_S;
    }
    if (flags & SCRIPT_VERIFY_STRICTENC && !signature_has_defined_hash_type(signature))
        return SCRIPT_ERR_SIG_HASHTYPE;
    return SCRIPT_ERR_OK;
}

bool public_key_is_compressed(struct bytes key)
{
    return key.size == 33 && (key.data[0] == 0x02 || key.data[0] == 0x03);
}

bool public_key_is_compressed_or_uncompressed(struct bytes key)
{
    return public_key_is_compressed(key) || (key.size == 65 && key.data[0] == 0x04);
}

bool public_key_has_valid_size(struct bytes key)
{
    if (key.size == 33)
        return key.data[0] == 0x02 || key.data[0] == 0x03;
    return key.size == 65 && (key.data[0] == 0x04 || key.data[0] == 0x06 || key.data[0] == 0x07);
}

enum script_error public_key_check_encoding(struct bytes key, uint32_t flags, bool witness_v0)
{
    if (flags & SCRIPT_VERIFY_STRICTENC && !public_key_is_compressed_or_uncompressed(key))
        return SCRIPT_ERR_PUBKEYTYPE;
    if (flags & SCRIPT_VERIFY_WITNESS_PUBKEYTYPE && witness_v0 && !public_key_is_compressed(key))
        return SCRIPT_ERR_WITNESS_PUBKEYTYPE;
    return SCRIPT_ERR_OK;
}
