/*
 * Reads bytes from front to back and stays failed: once a read went beyond the
 * end (or said something that may not be), every later read yields zeros and
 * nothing moves, so a parser checks once, at its end.
 *
 *     struct cursor in = cursor_of(data, size);
 *     uint32_t version = cursor_le32(&in);
 *     struct bytes script = cursor_bytes(&in, cursor_compact_size(&in));
 *     if (!cursor_done(&in))
 *         return false;
 *
 * One thread a cursor.
 */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include "base/bytes.h"

struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

static inline struct cursor cursor_of(const void *data, size_t size)
{
    const uint8_t *at = data;

    return (struct cursor){at, size ? at + size : at, false};
}

/* What is left; 0 once failed. */
static inline size_t cursor_left(const struct cursor *c)
{
    return c->failed ? 0 : (size_t)(c->end - c->at);
}

/* True when nothing failed and nothing is left. */
static inline bool cursor_done(const struct cursor *c) { return !c->failed && c->at == c->end; }

static inline void cursor_fail(struct cursor *c) { c->failed = true; }

/* The next size bytes as a view of the input; empty, and the cursor failed, where so many are not left. */
static inline struct bytes cursor_bytes(struct cursor *c, uint64_t size)
{
    struct bytes view = {c->at, (size_t)size};

    if (size > cursor_left(c)) {
        c->failed = true;
        return (struct bytes){0};
    }
    if (size)
        c->at += size;
    return view;
}

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_le16(struct cursor *c);
uint32_t cursor_le32(struct cursor *c);
uint64_t cursor_le64(struct cursor *c);

/* Copies size bytes to out, zeros where they are not left. */
void cursor_copy(struct cursor *c, uint8_t *out, size_t size);

/*
 * Bitcoin's CompactSize as Core reads it (ReadCompactSize with range_check):
 * fails on a longer form than needed and on more than 0x02000000 (MAX_SIZE).
 */
uint64_t cursor_compact_size(struct cursor *c);

/* The same without the upper limit, as for numbers that are not sizes. */
uint64_t cursor_compact_number(struct cursor *c);

#endif
