#include "bench/markup.h"

#include "base/utf8.h"

#include <string.h>

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* U+FFFE and U+FFFF, which XML 1.0 leaves out of its characters besides the controls. */
static bool is_noncharacter(const uint8_t *c, size_t size)
{
    return size == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe;
}

static void put(FILE *out, const uint8_t *c, size_t size)
{
    switch (*c) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    case '\'':
        fputs("&#39;", out);
        break;
    default:
        fwrite(c, 1, size, out);
    }
}

void markup_text(FILE *out, const char *text)
{
    struct bytes rest = bytes_of(text, strlen(text));

    while (rest.size) {
        size_t size = utf8_size(rest);

        if (size && !utf8_control_size(rest) && !is_noncharacter(rest.data, size))
            put(out, rest.data, size);
        else
            fputs(replacement, out);
        rest.data += size ? size : 1;
        rest.size -= size ? size : 1;
    }
}

void markup_plain(FILE *out, const char *text)
{
    struct bytes rest = bytes_of(text, strlen(text));

    while (rest.size) {
        size_t size = utf8_size(rest);

        if (size && !utf8_control_size(rest))
            fwrite(rest.data, 1, size, out);
        else
            fputc('?', out);
        rest.data += size ? size : 1;
        rest.size -= size ? size : 1;
    }
}
