/*
 * SHA-256 of many small pieces: they are gathered, so that the compression
 * function gets several blocks a call and pieces of a known size are copied by
 * a few instructions. Serialized transactions are made of such pieces.
 *
 *     struct hash_writer w;
 *     hash_writer_init(&w, compress);
 *     hash_writer_le32(&w, version);
 *     hash_writer_final_twice(&w, digest);
 *
 * One thread a writer.
 */
#ifndef CONSENSUS_HASH_WRITER_H
#define CONSENSUS_HASH_WRITER_H

#include "consensus/compact_size.h"
#include "consensus/transaction.h"
#include "kernels/sha256.h"

enum { HASH_WRITER_ROOM = 8 * 64 };

struct hash_writer {
    struct sha256 sha; /* of what came before what is held */
    size_t held;
    uint8_t room[HASH_WRITER_ROOM];
};

/* Goes on where midstate stands. */
static inline void hash_writer_resume(struct hash_writer *w, const struct sha256 *midstate)
{
    w->sha = *midstate;
    w->held = 0;
}

static inline void hash_writer_init(struct hash_writer *w, sha256_compress_fn *compress)
{
    sha256_init(&w->sha, compress);
    w->held = 0;
}

/* Passes on all that is held: then sha is the midstate. */
static inline void hash_writer_flush(struct hash_writer *w)
{
    sha256_update(&w->sha, w->room, w->held);
    w->held = 0;
}

/* Makes room for size more bytes, at most HASH_WRITER_ROOM - 63. For the functions below alone. */
static inline uint8_t *hash_writer_reserve(struct hash_writer *w, size_t size)
{
    uint8_t *at;

    if (size > HASH_WRITER_ROOM - w->held) {
        /* Whole blocks go; what is left of the last one moves to the front. */
        size_t whole = w->held / 64 * 64;

        sha256_update(&w->sha, w->room, whole);
        w->held -= whole;
        memcpy(w->room, w->room + whole, w->held);
    }
    at = w->room + w->held;
    w->held += size;
    return at;
}

/* Any number of bytes; overlaps nothing of the writer. */
static inline void hash_writer_bytes(struct hash_writer *w, struct bytes data)
{
    if (data.size > HASH_WRITER_ROOM / 2) {
        hash_writer_flush(w);
        sha256_update(&w->sha, data.data, data.size);
    } else if (data.size) {
        memcpy(hash_writer_reserve(w, data.size), data.data, data.size);
    }
}

static inline void hash_writer_u8(struct hash_writer *w, uint8_t x)
{
    *hash_writer_reserve(w, 1) = x;
}

static inline void hash_writer_le32(struct hash_writer *w, uint32_t x)
{
    write_le32(hash_writer_reserve(w, 4), x);
}

static inline void hash_writer_le64(struct hash_writer *w, uint64_t x)
{
    write_le64(hash_writer_reserve(w, 8), x);
}

static inline void hash_writer_hash256(struct hash_writer *w, const struct hash256 *x)
{
    memcpy(hash_writer_reserve(w, 32), x->bytes, 32);
}

static inline void hash_writer_compact_size(struct hash_writer *w, uint64_t n)
{
    compact_size_write(hash_writer_reserve(w, compact_size_length(n)), n);
}

/* With its length before it, as scripts are serialized. */
static inline void hash_writer_script(struct hash_writer *w, struct bytes script)
{
    hash_writer_compact_size(w, script.size);
    hash_writer_bytes(w, script);
}

static inline void hash_writer_outpoint(struct hash_writer *w, const struct outpoint *o)
{
    uint8_t *at = hash_writer_reserve(w, 36);

    memcpy(at, o->txid.bytes, 32);
    write_le32(at + 32, o->index);
}

static inline void hash_writer_output(struct hash_writer *w, const struct tx_output *o)
{
    hash_writer_le64(w, (uint64_t)o->value.sat);
    hash_writer_script(w, o->script);
}

/* The digest of all that was written, or that hashed once more; the writer is used up. */
static inline void hash_writer_final(struct hash_writer *w, uint8_t out[static 32])
{
    hash_writer_flush(w);
    sha256_final(&w->sha, out);
}

static inline void hash_writer_final_twice(struct hash_writer *w, uint8_t out[static 32])
{
    hash_writer_flush(w);
    sha256d_final(&w->sha, out);
}

#endif
