/*
 * The end of a message as MD4's descendants pad it: a 1 bit, zeros, and room
 * for the length in bits.
 */
#ifndef KERNELS_PADDING_H
#define KERNELS_PADDING_H

#include "base/bytes.h"

enum {
    PADDING_SIZE = 128,  /* two blocks: the most that the end of a message takes */
    PADDING_LENGTH = 56, /* where the last block holds the length */
};

/*
 * Writes what is left of the message of size bytes at data behind its whole blocks of 64 bytes, and
 * the padding but for the length. Returns in how many blocks: 1 or 2.
 */
static inline size_t padding_end(uint8_t out[static PADDING_SIZE], const uint8_t *data, size_t size)
{
    size_t left = size % 64;

    memset(out, 0, PADDING_SIZE);
    if (left)
        memcpy(out, data + (size - left), left);
    out[left] = 0x80;
    return left < PADDING_LENGTH ? 1 : 2;
}

#endif
