/*
 * A document that the input describes, written in memory and through a sink,
 * and built beside it with jansson: what jansson reads from the text must equal
 * what it built.
 */
#include "base/json_writer.h"
#include "base/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>

struct input {
    const uint8_t *at, *end;
};

static uint8_t next(struct input *in) { return in->at < in->end ? *in->at++ : 0; }

static uint64_t next_integer(struct input *in)
{
    uint64_t value = 0;

    for (size_t i = next(in) % 9; i-- > 0;)
        value = value << 8 | next(in);
    return value;
}

static struct bytes next_text(struct input *in)
{
    size_t size = next(in) % 64;
    struct bytes text;

    if (size > (size_t)(in->end - in->at))
        size = (size_t)(in->end - in->at);
    text = bytes_of(in->at, size);
    in->at += size;
    return text;
}

/* What jansson should read: bytes that fit nowhere replaced. */
static size_t replace_invalid(char out[static 3 * 64], struct bytes text)
{
    size_t size = 0;

    for (size_t i = 0; i < text.size;) {
        size_t valid = utf8_size(bytes_of(text.data + i, text.size - i));

        memcpy(out + size, valid ? (const char *)text.data + i : "\xef\xbf\xbd", valid ? valid : 3);
        size += valid ? valid : 3;
        i += valid ? valid : 1;
    }
    return size;
}

static json_t *expected_string(struct bytes text)
{
    char valid[3 * 64];
    size_t size = replace_invalid(valid, text);
    json_t *json = json_stringn(valid, size);

    FUZZ_CHECK(json);
    return json;
}

static json_t *expected_hex(struct bytes data, bool reversed)
{
    char text[2 * 64 + 1] = "";

    for (size_t i = 0; i < data.size; i++)
        snprintf(text + 2 * i, 3, "%02x", data.data[reversed ? data.size - 1 - i : i]);
    return json_string(text);
}

static json_t *write_double(struct json_writer *w, uint64_t bits)
{
    char text[40];
    double value;

    memcpy(&value, &bits, sizeof value);
    json_writer_double(w, value);
    if (!isfinite(value))
        return json_null();
    snprintf(text, sizeof text, "%.16g", value);
    /* What rounds up to infinity at 16 digits, and a number without point or exponent, jansson reads
     * otherwise: both are written as the text says and compared no further. */
    if (!isfinite(strtod(text, NULL)) || !strpbrk(text, ".e"))
        return NULL;
    return json_real(strtod(text, NULL));
}

/* One value without parts; NULL where there is nothing to compare it with. */
static json_t *write_leaf(struct json_writer *w, struct input *in, uint8_t kind)
{
    struct bytes text;
    uint64_t value;

    switch (kind % 9) {
    case 0:
        text = next_text(in);
        json_writer_string_bytes(w, text);
        return expected_string(text);
    case 1:
        value = next_integer(in);
        json_writer_int(w, (int64_t)value);
        return json_integer((int64_t)value);
    case 2:
        value = next_integer(in) >> 1;
        json_writer_uint(w, value);
        return json_integer((int64_t)value);
    case 3:
        json_writer_bool(w, kind > 100);
        return json_boolean(kind > 100);
    case 4:
        text = next_text(in);
        json_writer_hex(w, text);
        return expected_hex(text, false);
    case 5:
        text = next_text(in);
        json_writer_hex_reversed(w, text);
        return expected_hex(text, true);
    case 6:
        return write_double(w, next_integer(in));
    case 7:
        value = next_integer(in) % 9007199254740992; /* exact as a double of eight decimals */
        json_writer_amount(w, (int64_t)value);
        return json_real((double)value / 1e8);
    default:
        json_writer_null(w);
        return json_null();
    }
}

/* False once something was written that is not to be compared. */
static bool write_value(struct json_writer *w, struct input *in, json_t **built, unsigned depth)
{
    uint8_t kind = next(in);
    size_t count = kind >> 4;
    bool object = kind % 16 == 15;
    bool exact = true;

    if ((!object && kind % 16 != 14) || depth == JSON_WRITER_DEPTH) {
        *built = write_leaf(w, in, kind);
        return *built != NULL;
    }
    *built = object ? json_object() : json_array();
    (object ? json_writer_open_object : json_writer_open_array)(w);
    for (size_t i = 0; i < count && in->at < in->end; i++) {
        json_t *part = NULL;
        char key[3 * 64];
        size_t size = 0;

        if (object) {
            struct bytes name = next_text(in);

            json_writer_key_bytes(w, name);
            size = replace_invalid(key, name);
            exact = exact && !memchr(key, 0, size); /* jansson's objects have no such keys */
        }
        exact = write_value(w, in, &part, depth + 1) && exact;
        if (part && object && exact)
            exact = json_object_setn_new(*built, key, size, part) == 0;
        else if (part && !object)
            json_array_append_new(*built, part);
        else
            json_decref(part);
    }
    (object ? json_writer_close_object : json_writer_close_array)(w);
    return exact;
}

struct sink {
    struct bytes expected; /* what is left to come */
};

static bool sink_take(void *context, const char *text, size_t size)
{
    struct sink *sink = context;

    FUZZ_CHECK(size <= sink->expected.size && memcmp(text, sink->expected.data, size) == 0);
    sink->expected.data += size;
    sink->expected.size -= size;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size}, again;
    unsigned indent = next(&in) % 3;
    struct json_writer w, streamed;
    json_t *built = NULL, *copy = NULL, *read;
    json_error_t error;
    struct bytes text;
    struct sink sink;
    bool exact;

    again = in;
    json_writer_init(&w, 0);
    json_writer_set_indent(&w, indent);
    exact = write_value(&w, &in, &built, 0);
    FUZZ_CHECK(json_writer_finish(&w));
    text = json_writer_text(&w);
    FUZZ_CHECK(text.data[text.size] == 0);

    read = json_loadb((const char *)text.data, text.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (exact)
        FUZZ_CHECK(read && json_equal(read, built));
    json_decref(read);
    json_decref(built);

    sink.expected = text;
    json_writer_init_sink(&streamed, sink_take, &sink);
    json_writer_set_indent(&streamed, indent);
    write_value(&streamed, &again, &copy, 0);
    FUZZ_CHECK(json_writer_finish(&streamed) && sink.expected.size == 0);
    json_decref(copy);
    json_writer_free(&streamed);
    json_writer_free(&w);
    return 0;
}
