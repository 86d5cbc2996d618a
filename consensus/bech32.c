#include "consensus/bech32.h"

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* What the remainder is xored with: BIP173's 1, BIP350's number without its weakness. */
static uint32_t checksum_constant(enum bech32_encoding encoding)
{
    return encoding == BECH32 ? 1 : 0x2bc830a3;
}

/* One more group of 5 bits: the next remainder of division by BIP173's generator over GF(32). */
static uint32_t polymod(uint32_t remainder, uint8_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                          0x2a1462b3};
    uint32_t top = remainder >> 25;

    remainder = (remainder & 0x1ffffff) << 5 ^ value;
    for (int i = 0; i < 5; i++)
        if (top >> i & 1)
            remainder ^= generator[i];
    return remainder;
}

/* The remainder of the prefix as BIP173 expands it, and of the values. */
static uint32_t polymod_of(const char *prefix, size_t prefix_length, const uint8_t *values,
                           size_t count)
{
    uint32_t remainder = 1;

    for (size_t i = 0; i < prefix_length; i++)
        remainder = polymod(remainder, (uint8_t)((unsigned char)prefix[i] >> 5));
    remainder = polymod(remainder, 0);
    for (size_t i = 0; i < prefix_length; i++)
        remainder = polymod(remainder, prefix[i] & 31);
    for (size_t i = 0; i < count; i++)
        remainder = polymod(remainder, values[i]);
    return remainder;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static enum bech32_error check_characters(const char *text, size_t length)
{
    bool any_lower = false, any_upper = false;

    for (size_t i = 0; i < length; i++) {
        if (text[i] < 33 || text[i] > 126)
            return BECH32_BAD_CHARACTER;
        any_lower |= text[i] >= 'a' && text[i] <= 'z';
        any_upper |= text[i] >= 'A' && text[i] <= 'Z';
    }
    return any_lower && any_upper ? BECH32_MIXED_CASE : BECH32_OK;
}

enum bech32_error bech32_decode(struct bech32 *out, const char *text, size_t length)
{
    enum bech32_error error;
    size_t prefix_length;
    uint32_t remainder;

    if (length > BECH32_MAX_LENGTH)
        return BECH32_TOO_LONG;
    error = check_characters(text, length);
    if (error != BECH32_OK)
        return error;
    for (prefix_length = length; prefix_length > 0; prefix_length--)
        if (text[prefix_length - 1] == '1')
            break;
    if (prefix_length < 2 || length - prefix_length < BECH32_CHECKSUM_LENGTH)
        return BECH32_NO_SEPARATOR;
    prefix_length--;

    for (size_t i = 0; i < prefix_length; i++)
        out->prefix[i] = lower(text[i]);
    out->prefix[prefix_length] = 0;
    out->count = length - prefix_length - 1;
    for (size_t i = 0; i < out->count; i++) {
        const char *digit = memchr(digits, lower(text[prefix_length + 1 + i]), 32);

        if (!digit)
            return BECH32_BAD_CHARACTER;
        out->values[i] = (uint8_t)(digit - digits);
    }
    remainder = polymod_of(out->prefix, prefix_length, out->values, out->count);
    if (remainder != checksum_constant(BECH32) && remainder != checksum_constant(BECH32M))
        return BECH32_BAD_CHECKSUM;
    out->encoding = remainder == checksum_constant(BECH32) ? BECH32 : BECH32M;
    out->count -= BECH32_CHECKSUM_LENGTH;
    return BECH32_OK;
}

bool bech32_encode(char out[static BECH32_MAX_LENGTH + 1], enum bech32_encoding encoding,
                   const char *prefix, const uint8_t *values, size_t count)
{
    size_t prefix_length = strlen(prefix), at = prefix_length;
    uint32_t remainder;

    if (prefix_length == 0 || prefix_length > BECH32_MAX_LENGTH || count > BECH32_MAX_LENGTH ||
        prefix_length + 1 + count + BECH32_CHECKSUM_LENGTH > BECH32_MAX_LENGTH)
        return false;
    remainder = polymod_of(prefix, prefix_length, values, count);
    for (int i = 0; i < BECH32_CHECKSUM_LENGTH; i++)
        remainder = polymod(remainder, 0);
    remainder ^= checksum_constant(encoding);

    memcpy(out, prefix, prefix_length);
    out[at++] = '1';
    for (size_t i = 0; i < count; i++)
        out[at++] = digits[values[i] & 31];
    for (int shift = 5 * (BECH32_CHECKSUM_LENGTH - 1); shift >= 0; shift -= 5)
        out[at++] = digits[remainder >> shift & 31];
    out[at] = 0;
    return true;
}

size_t bech32_to_groups(uint8_t *out, struct bytes in)
{
    unsigned held = 0, bits = 0;
    size_t count = 0;

    for (size_t i = 0; i < in.size; i++) {
        held = (held << 8 | in.data[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            out[count++] = held >> (bits - 5) & 31;
    }
    if (bits)
        out[count++] = held << (5 - bits) & 31;
    return count;
}

bool bech32_from_groups(uint8_t *out, size_t *size, const uint8_t *values, size_t count)
{
    unsigned held = 0, bits = 0;

    *size = 0;
    for (size_t i = 0; i < count; i++) {
        held = (held << 5 | values[i]) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[(*size)++] = (uint8_t)(held >> bits);
        }
    }
    return bits < 5 && (held & ((1u << bits) - 1)) == 0;
}
