/*
 * Writes one JSON document piece by piece, into memory that grows or through a
 * sink of the caller's, so that an answer of many megabytes never exists whole.
 *
 *     struct json_writer w;
 *     json_writer_init(&w, 0);
 *     json_writer_open_object(&w);
 *     json_writer_key(&w, "fee");
 *     json_writer_amount(&w, 1000);
 *     json_writer_close_object(&w);
 *     if (json_writer_finish(&w))
 *         send(json_writer_text(&w));
 *     json_writer_free(&w);
 *
 * Once memory lacks, the limit is reached or the sink fails, the writer stays
 * failed and writes nothing more; json_writer_finish says so. Misuse (a value
 * in an object without its key, a key in an array, closing what is not open, a
 * second document) is a mistake of the program and asserted.
 *
 * The output is what Core's UniValue writes for the same document, with and
 * without indentation. One thread a writer.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "base/bytes.h"

/* How deep objects and arrays nest at most (asserted). */
#define JSON_WRITER_DEPTH 64

/* Takes size > 0 bytes of the document; false fails the writer for good. */
typedef bool (*json_writer_sink_fn)(void *context, const char *text, size_t size);

struct json_writer {
    char *buffer; /* what has been written, or what the sink has not yet been given */
    size_t size, capacity, limit;
    json_writer_sink_fn sink;
    void *sink_context;
    unsigned indent;                        /* spaces a level; 0: all on one line */
    unsigned depth;                         /* how many objects and arrays are open */
    unsigned char level[JSON_WRITER_DEPTH]; /* what each of them is, and is waiting for */
    bool fixed;                             /* the buffer is the caller's */
    bool failed, keyed, ended;
};

/* A document in memory, of limit bytes at most (0: no limit). Allocates nothing yet. */
void json_writer_init(struct json_writer *w, size_t limit);

/* A document in size bytes at buffer, which stay the caller's; it is one byte shorter than they. */
void json_writer_init_buffer(struct json_writer *w, char *buffer, size_t size);

/*
 * A document that goes to the sink in pieces of at most 16 KiB, the last of
 * them in json_writer_finish.
 */
void json_writer_init_sink(struct json_writer *w, json_writer_sink_fn sink, void *context);

/*
 * Puts every member and element on a line of its own, spaces a level (Core's
 * RPC client: 2). Before the first value.
 */
void json_writer_set_indent(struct json_writer *w, unsigned spaces);

/*
 * The end of the document, which must be complete unless the writer failed:
 * gives the sink the rest, or terminates the text. True where nothing failed.
 */
bool json_writer_finish(struct json_writer *w);

/*
 * The document in memory after a json_writer_finish that was true: the
 * writer's, zero-terminated (.data[.size] is 0).
 */
struct bytes json_writer_text(const struct json_writer *w);

/* Frees what the writer holds, at any time. It may be initialised again after that. */
void json_writer_free(struct json_writer *w);

void json_writer_open_object(struct json_writer *w);
void json_writer_close_object(struct json_writer *w);
void json_writer_open_array(struct json_writer *w);
void json_writer_close_array(struct json_writer *w);

/* The name of the next value; each value in an object needs one. */
void json_writer_key(struct json_writer *w, const char *name);
void json_writer_key_bytes(struct json_writer *w, struct bytes name);

/* Text, escaped; what is not valid UTF-8 becomes U+FFFD, one for each byte that fits nowhere. */
void json_writer_string(struct json_writer *w, const char *text);
void json_writer_string_bytes(struct json_writer *w, struct bytes text);

/*
 * Bytes as a string of lower-case hexadecimal digits, in their order and, as
 * hashes are shown, in reverse.
 */
void json_writer_hex(struct json_writer *w, struct bytes data);
void json_writer_hex_reversed(struct json_writer *w, struct bytes data);

void json_writer_int(struct json_writer *w, int64_t value);
void json_writer_uint(struct json_writer *w, uint64_t value);
void json_writer_bool(struct json_writer *w, bool value);
void json_writer_null(struct json_writer *w);

/* Satoshis as coins: a number with eight decimals (Core, ValueFromAmount). */
void json_writer_amount(struct json_writer *w, int64_t satoshis);

/*
 * A number of at most 16 significant digits, as Core prints doubles; null where
 * it is not finite, which JSON cannot say.
 */
void json_writer_double(struct json_writer *w, double value);

/* A value that is JSON already (a request's id, say); copied as it is and not checked. */
void json_writer_raw(struct json_writer *w, struct bytes json);

#endif
