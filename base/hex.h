/* Bytes as hexadecimal text and back. Pure; any thread. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * size lower-case digits and a terminating zero to out, which holds 2 * size + 1. */
void hex_encode(char *out, const uint8_t *in, size_t size);

/* The same with the bytes in reverse order, as hashes are shown. */
void hex_encode_reversed(char *out, const uint8_t *in, size_t size);

/*
 * Reads exactly 2 * size digits, of either case, from the length characters at
 * text into size bytes at out. False, and out unspecified, where length is not
 * 2 * size or a character is no digit.
 */
bool hex_decode(uint8_t *out, size_t size, const char *text, size_t length);

/* The same, filling out from its end, as hashes are shown. */
bool hex_decode_reversed(uint8_t *out, size_t size, const char *text, size_t length);

#endif
