#include "base/hex.h"

static const char digits[] = "0123456789abcdef";

/*
 * A digit's value with IS_DIGIT beside it, and 0 for every other character. A
 * megabyte of a template is a million look-ups, so the loops below go without
 * branches on what they read, and ask once at the end.
 */
enum { IS_DIGIT = 16 };

static const uint8_t value[256] = {
    ['0'] = IS_DIGIT + 0,  ['1'] = IS_DIGIT + 1,  ['2'] = IS_DIGIT + 2,  ['3'] = IS_DIGIT + 3,
    ['4'] = IS_DIGIT + 4,  ['5'] = IS_DIGIT + 5,  ['6'] = IS_DIGIT + 6,  ['7'] = IS_DIGIT + 7,
    ['8'] = IS_DIGIT + 8,  ['9'] = IS_DIGIT + 9,  ['a'] = IS_DIGIT + 10, ['b'] = IS_DIGIT + 11,
    ['c'] = IS_DIGIT + 12, ['d'] = IS_DIGIT + 13, ['e'] = IS_DIGIT + 14, ['f'] = IS_DIGIT + 15,
    ['A'] = IS_DIGIT + 10, ['B'] = IS_DIGIT + 11, ['C'] = IS_DIGIT + 12, ['D'] = IS_DIGIT + 13,
    ['E'] = IS_DIGIT + 14, ['F'] = IS_DIGIT + 15,
};

/* The byte that two digits stand for. Clears IS_DIGIT in good where either is none. */
static uint8_t hex_pair(const char *text, unsigned *good)
{
    unsigned high = value[(unsigned char)text[0]], low = value[(unsigned char)text[1]];

    *good &= high & low;
    return (uint8_t)(high << 4 | (low & 15));
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
    unsigned good = IS_DIGIT;

    if (!hex_length_fits(size, length))
        return false;
    for (size_t i = 0; i < size; i++)
        out[i] = hex_pair(text + 2 * i, &good);
    return good & IS_DIGIT;
}

bool hex_decode_reversed(uint8_t *out, size_t size, const char *text, size_t length)
{
    unsigned good = IS_DIGIT;

    if (!hex_length_fits(size, length))
        return false;
    for (size_t i = 0; i < size; i++)
        out[size - 1 - i] = hex_pair(text + 2 * i, &good);
    return good & IS_DIGIT;
}
