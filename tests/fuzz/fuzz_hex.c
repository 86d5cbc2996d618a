/* Text as hex and back, and bytes as hex and back, both ways round. */
#include "base/hex.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

static void check_text(const char *text, size_t length)
{
    size_t size = length / 2;
    uint8_t *bytes = malloc(size + 1), *reversed = malloc(size + 1);
    char *again = malloc(2 * size + 1);
    bool digits = length % 2 == 0;

    FUZZ_CHECK(bytes && reversed && again);
    for (size_t i = 0; i < length; i++)
        digits = digits && isxdigit((unsigned char)text[i]);
    FUZZ_CHECK(hex_decode(bytes, size, text, length) == digits);
    FUZZ_CHECK(hex_decode_reversed(reversed, size, text, length) == digits);
    if (digits) {
        hex_encode(again, bytes, size);
        FUZZ_CHECK(strlen(again) == length);
        for (size_t i = 0; i < length; i++)
            FUZZ_CHECK(again[i] == tolower((unsigned char)text[i]));
        hex_encode_reversed(again, reversed, size);
        for (size_t i = 0; i < length; i++)
            FUZZ_CHECK(again[i] == tolower((unsigned char)text[i]));
        for (size_t i = 0; i < size; i++)
            FUZZ_CHECK(bytes[i] == reversed[size - 1 - i]);
    }
    FUZZ_CHECK(!hex_decode(bytes, size + 1, text, length));
    free(bytes);
    free(reversed);
    free(again);
}

static void check_bytes(const uint8_t *data, size_t size)
{
    char *text = malloc(2 * size + 1);
    uint8_t *again = malloc(size + 1);

    FUZZ_CHECK(text && again);
    hex_encode(text, data, size);
    FUZZ_CHECK(hex_decode(again, size, text, 2 * size));
    FUZZ_CHECK(size == 0 || memcmp(again, data, size) == 0);
    hex_encode_reversed(text, data, size);
    FUZZ_CHECK(hex_decode_reversed(again, size, text, 2 * size));
    FUZZ_CHECK(size == 0 || memcmp(again, data, size) == 0);
    free(text);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_text((const char *)data, size);
    check_bytes(data, size);
    return 0;
}
