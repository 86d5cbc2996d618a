#include "consensus/base58.h"

#include <assert.h>
#include <string.h>

static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* The digit's value, or -1. Runs in order of the digits: '0', 'I', 'O' and 'l' are left out. */
static int digit_value(char c)
{
    if (c >= '1' && c <= '9')
        return c - '1';
    if (c >= 'A' && c <= 'Z' && c != 'I' && c != 'O')
        return c - 'A' + 9 - (c > 'I') - (c > 'O');
    if (c >= 'a' && c <= 'z' && c != 'l')
        return c - 'a' + 33 - (c > 'l');
    return -1;
}

/* In no locale, as in Core. */
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static void reverse(void *data, size_t size)
{
    uint8_t *p = data;

    for (size_t i = 0; i < size / 2; i++) {
        uint8_t swapped = p[i];

        p[i] = p[size - 1 - i];
        p[size - 1 - i] = swapped;
    }
}

/*
 * Leading zero bytes are leading ones of the text; the rest is one number, worked out least
 * significant digit first.
 */
size_t base58_encode(char out[static BASE58_TEXT_SIZE], struct bytes in)
{
    size_t zeros = 0, length = 0;

    assert(in.size <= BASE58_MAX_SIZE);
    while (zeros < in.size && in.data[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < in.size; i++) {
        unsigned carry = in.data[i];

        for (size_t j = 0; j < length || carry; j++) {
            carry += j < length ? 256u * (unsigned char)out[j] : 0;
            out[j] = (char)(carry % 58);
            carry /= 58;
            if (j >= length)
                length = j + 1;
        }
    }
    for (size_t i = 0; i < length; i++)
        out[i] = digits[(unsigned char)out[i]];
    memset(out + length, digits[0], zeros);
    length += zeros;
    reverse(out, length);
    out[length] = 0;
    return length;
}

/*
 * bytes = bytes * 58 + digit, least significant byte first. False where more than capacity
 * bytes come of it.
 */
static bool append_digit(uint8_t *bytes, size_t *size, size_t capacity, unsigned digit)
{
    unsigned carry = digit;

    for (size_t i = 0; i < *size; i++) {
        carry += 58u * bytes[i];
        bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    if (!carry)
        return true;
    if (*size == capacity)
        return false;
    bytes[(*size)++] = (uint8_t)carry;
    return true;
}

bool base58_decode(uint8_t *out, size_t *size, size_t capacity, const char *text, size_t length)
{
    const char *end = text + length;
    size_t zeros = 0, used = 0;

    assert(capacity <= BASE58_MAX_SIZE);
    while (text < end && is_space(*text))
        text++;
    while (text < end && is_space(end[-1]))
        end--;
    for (; text < end && *text == digits[0]; text++)
        zeros++;
    if (zeros > capacity)
        return false;
    for (; text < end; text++) {
        int value = digit_value(*text);

        if (value < 0 || !append_digit(out, &used, capacity - zeros, (unsigned)value))
            return false;
    }
    memset(out + used, 0, zeros);
    *size = used + zeros;
    reverse(out, *size);
    return true;
}

size_t base58_encode_check(sha256_compress_fn *compress, char out[static BASE58_TEXT_SIZE],
                           struct bytes in)
{
    uint8_t data[BASE58_MAX_SIZE], sum[32];
    size_t length;

    assert(in.size <= BASE58_MAX_SIZE - BASE58_CHECKSUM_SIZE);
    if (in.size)
        memcpy(data, in.data, in.size);
    sha256d(compress, sum, data, in.size);
    memcpy(data + in.size, sum, BASE58_CHECKSUM_SIZE);
    length = base58_encode(out, bytes_of(data, in.size + BASE58_CHECKSUM_SIZE));
    explicit_bzero(data, sizeof(data));
    return length;
}

bool base58_decode_check(sha256_compress_fn *compress, uint8_t *out, size_t *size, size_t capacity,
                         const char *text, size_t length)
{
    uint8_t data[BASE58_MAX_SIZE], sum[32];
    size_t total = 0;
    bool good;

    assert(capacity <= BASE58_MAX_SIZE - BASE58_CHECKSUM_SIZE);
    good = base58_decode(data, &total, capacity + BASE58_CHECKSUM_SIZE, text, length) &&
           total >= BASE58_CHECKSUM_SIZE;
    if (good) {
        *size = total - BASE58_CHECKSUM_SIZE;
        sha256d(compress, sum, data, *size);
        good = memcmp(sum, data + *size, BASE58_CHECKSUM_SIZE) == 0;
    }
    if (good)
        memcpy(out, data, *size);
    explicit_bzero(data, sizeof(data)); /* it may have been a private key */
    return good;
}
