#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

/* The value of a digit, or -1. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The byte that two digits stand for, or a negative number. */
static int hex_pair(const char *text)
{
    int high = hex_digit(text[0]);
    int low = hex_digit(text[1]);

    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

void hex_encode(char *out, const uint8_t *in, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
    out[2 * size] = 0;
}

void hex_encode_reversed(char *out, const uint8_t *in, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[in[size - 1 - i] >> 4];
        out[2 * i + 1] = digits[in[size - 1 - i] & 15];
    }
    out[2 * size] = 0;
}

/* Dividing rather than doubling: 2 * size may not fit into a size_t. */
static bool hex_length_fits(size_t size, size_t length)
{
    return length % 2 == 0 && length / 2 == size;
}

bool hex_decode(uint8_t *out, size_t size, const char *text, size_t length)
{
    if (!hex_length_fits(size, length))
        return false;
    for (size_t i = 0; i < size; i++) {
        int byte = hex_pair(text + 2 * i);

        if (byte < 0)
            return false;
        out[i] = (uint8_t)byte;
    }
    return true;
}

bool hex_decode_reversed(uint8_t *out, size_t size, const char *text, size_t length)
{
    if (!hex_length_fits(size, length))
        return false;
    for (size_t i = 0; i < size; i++) {
        int byte = hex_pair(text + 2 * i);

        if (byte < 0)
            return false;
        out[size - 1 - i] = (uint8_t)byte;
    }
    return true;
}
