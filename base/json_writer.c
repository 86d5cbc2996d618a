#include "base/json_writer.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "base/verify.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PIECE_SIZE = 16384, /* what is gathered for a sink */
    COIN = 100000000,   /* satoshis */
};

/* Bits of a level. */
enum {
    LEVEL_OBJECT = 1,
    LEVEL_FILLED = 2, /* has a member or an element: a comma comes before the next */
};

void json_writer_init(struct json_writer *w, size_t limit)
{
    *w = (struct json_writer){.limit = limit};
}

void json_writer_init_sink(struct json_writer *w, json_writer_sink_fn sink, void *context)
{
    *w = (struct json_writer){.sink = sink, .sink_context = context};
}

void json_writer_init_buffer(struct json_writer *w, char *buffer, size_t size)
{
    assert(size > 0);
    *w = (struct json_writer){.buffer = buffer, .capacity = size, .fixed = true};
}

void json_writer_set_indent(struct json_writer *w, unsigned spaces)
{
    assert(w->depth == 0 && !w->ended);
    w->indent = spaces;
}

void json_writer_free(struct json_writer *w)
{
    if (!w->fixed)
        free(w->buffer);
    w->buffer = NULL;
    w->size = w->capacity = 0;
}

/* Room for size bytes more and a terminating zero; false where the limit or memory does not give it. */
static bool reserve(struct json_writer *w, size_t size)
{
    size_t need, capacity = w->capacity ? w->capacity : 256;
    char *buffer;

    if (__builtin_add_overflow(w->size + 1, size, &need))
        return false;
    if (w->limit && need - 1 > w->limit)
        return false;
    if (need <= w->capacity)
        return true;
    if (w->fixed)
        return false;
    while (capacity < need)
        if (__builtin_mul_overflow(capacity, (size_t)2, &capacity))
            return false;
    buffer = realloc(w->buffer, capacity);
    if (!buffer)
        return false;
    w->buffer = buffer;
    w->capacity = capacity;
    return true;
}

static void flush(struct json_writer *w)
{
    if (w->size && !w->sink(w->sink_context, w->buffer, w->size))
        w->failed = true;
    w->size = 0;
}

/* Where every byte of the document passes. */
static void put(struct json_writer *w, const char *text, size_t size)
{
    while (size && !w->failed) {
        size_t part = size;

        if (w->sink && part > PIECE_SIZE - w->size)
            part = PIECE_SIZE - w->size;
        if (!reserve(w, part)) {
            w->failed = true;
            return;
        }
        memcpy(w->buffer + w->size, text, part);
        w->size += part;
        text += part;
        size -= part;
        if (w->sink && w->size == PIECE_SIZE)
            flush(w);
    }
}

static void put_text(struct json_writer *w, const char *text) { put(w, text, strlen(text)); }

static void put_line(struct json_writer *w, unsigned levels)
{
    static const char spaces[] = "                                ";
    size_t left = (size_t)levels * w->indent;

    put(w, "\n", 1);
    while (left) {
        size_t part = left < sizeof spaces - 1 ? left : sizeof spaces - 1;

        put(w, spaces, part);
        left -= part;
    }
}

/* The comma and the line before a member or an element. */
static void put_separator(struct json_writer *w)
{
    unsigned char *level = &w->level[w->depth - 1];

    if (*level & LEVEL_FILLED)
        put(w, ",", 1);
    *level |= LEVEL_FILLED;
    if (w->indent)
        put_line(w, w->depth);
}

static bool in_object(const struct json_writer *w)
{
    return w->depth > 0 && (w->level[w->depth - 1] & LEVEL_OBJECT) != 0;
}

/* Before every value. */
static void begin_value(struct json_writer *w)
{
    assert(!w->ended);
    assert(w->keyed == in_object(w));
    if (w->depth > 0 && !w->keyed)
        put_separator(w);
    w->keyed = false;
    w->ended = w->depth == 0;
}

static void open_level(struct json_writer *w, unsigned char level, const char *bracket)
{
    begin_value(w);
    assert(w->depth < JSON_WRITER_DEPTH);
    w->ended = false;
    w->level[w->depth++] = level;
    put_text(w, bracket);
}

/* An empty object or array takes two lines when indented, as UniValue has it. */
static void close_level(struct json_writer *w, bool object, const char *bracket)
{
    assert(w->depth > 0 && !w->keyed && in_object(w) == object);
    w->depth--;
    w->ended = w->depth == 0;
    if (w->indent)
        put_line(w, w->depth);
    put_text(w, bracket);
}

void json_writer_open_object(struct json_writer *w) { open_level(w, LEVEL_OBJECT, "{"); }

void json_writer_close_object(struct json_writer *w) { close_level(w, true, "}"); }

void json_writer_open_array(struct json_writer *w) { open_level(w, 0, "["); }

void json_writer_close_array(struct json_writer *w) { close_level(w, false, "]"); }

/* Below 0x20 all must be escaped (RFC 8259); UniValue also escapes 0x7f. */
static bool is_plain(uint8_t c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

static void put_escape(struct json_writer *w, uint8_t c)
{
    static const char letters[] = "\"\"\\\\\bb\tt\nn\ff\rr"; /* character and letter in turn */
    char escape[8];

    for (size_t i = 0; letters[i]; i += 2) {
        if ((char)c == letters[i]) {
            escape[0] = '\\';
            escape[1] = letters[i + 1];
            put(w, escape, 2);
            return;
        }
    }
    snprintf(escape, sizeof escape, "\\u%04x", c);
    put(w, escape, 6);
}

static void put_string(struct json_writer *w, struct bytes text)
{
    size_t done = 0; /* what has been put */
    size_t i = 0;

    put(w, "\"", 1);
    while (i < text.size) {
        size_t size;

        if (is_plain(text.data[i])) { /* nearly always */
            i++;
            continue;
        }
        size = utf8_size(bytes_of(text.data + i, text.size - i));
        if (size > 1) {
            i += size;
            continue;
        }
        put(w, (const char *)text.data + done, i - done);
        if (size == 1)
            put_escape(w, text.data[i]);
        else
            put_text(w, "\xef\xbf\xbd"); /* U+FFFD */
        done = ++i;
    }
    if (done < text.size)
        put(w, (const char *)text.data + done, text.size - done);
    put(w, "\"", 1);
}

void json_writer_key_bytes(struct json_writer *w, struct bytes name)
{
    assert(in_object(w) && !w->keyed);
    put_separator(w);
    w->keyed = true;
    put_string(w, name);
    put_text(w, w->indent ? ": " : ":");
}

void json_writer_key(struct json_writer *w, const char *name)
{
    json_writer_key_bytes(w, bytes_of(name, strlen(name)));
}

void json_writer_string_bytes(struct json_writer *w, struct bytes text)
{
    begin_value(w);
    put_string(w, text);
}

void json_writer_string(struct json_writer *w, const char *text)
{
    json_writer_string_bytes(w, bytes_of(text, strlen(text)));
}

static void put_hex(struct json_writer *w, struct bytes data, bool reversed)
{
    char text[2 * 64 + 1];

    begin_value(w);
    put(w, "\"", 1);
    for (size_t i = 0; i < data.size;) {
        size_t size = data.size - i < 64 ? data.size - i : 64;

        if (reversed)
            hex_encode_reversed(text, data.data + data.size - i - size, size);
        else
            hex_encode(text, data.data + i, size);
        put(w, text, 2 * size);
        i += size;
    }
    put(w, "\"", 1);
}

void json_writer_hex(struct json_writer *w, struct bytes data) { put_hex(w, data, false); }

void json_writer_hex_reversed(struct json_writer *w, struct bytes data) { put_hex(w, data, true); }

void json_writer_int(struct json_writer *w, int64_t value)
{
    char text[24];

    begin_value(w);
    snprintf(text, sizeof text, "%" PRId64, value);
    put_text(w, text);
}

void json_writer_uint(struct json_writer *w, uint64_t value)
{
    char text[24];

    begin_value(w);
    snprintf(text, sizeof text, "%" PRIu64, value);
    put_text(w, text);
}

void json_writer_bool(struct json_writer *w, bool value)
{
    begin_value(w);
    put_text(w, value ? "true" : "false");
}

void json_writer_null(struct json_writer *w)
{
    begin_value(w);
    put_text(w, "null");
}

void json_writer_amount(struct json_writer *w, int64_t satoshis)
{
    uint64_t size = satoshis < 0 ? 0 - (uint64_t)satoshis : (uint64_t)satoshis;
    char text[32];

    begin_value(w);
    snprintf(text, sizeof text, "%s%" PRIu64 ".%08" PRIu64, satoshis < 0 ? "-" : "", size / COIN,
             size % COIN);
    put_text(w, text);
}

void json_writer_double(struct json_writer *w, double value)
{
    char text[32];
    char *comma;

    if (!isfinite(value)) {
        json_writer_null(w);
        return;
    }
    begin_value(w);
    snprintf(text, sizeof text, "%.16g", value);
    comma = strchr(text, ','); /* where the program has set such a locale */
    if (comma)
        *comma = '.';
    put_text(w, text);
}

void json_writer_raw(struct json_writer *w, struct bytes json)
{
    begin_value(w);
    put(w, (const char *)json.data, json.size);
}

bool json_writer_finish(struct json_writer *w)
{
    if (w->failed)
        return false;
    assert(w->ended);
    if (w->sink)
        flush(w);
    else if (reserve(w, 0))
        w->buffer[w->size] = 0;
    else
        w->failed = true;
    return !w->failed;
}

struct bytes json_writer_text(const struct json_writer *w)
{
    assert(w->ended && !w->failed && !w->sink);
    return bytes_of(w->buffer, w->size);
}
