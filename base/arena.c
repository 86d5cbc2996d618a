/*
 * The current chunk is consumed from `at` to `end`. What no longer fits starts
 * a new chunk, twice as large as the one before, and the rest of the old one is
 * given up:
 *
 *     chunks -> [next|....used....|rest]   (current: at, end)
 *                 |
 *                 v
 *               [next|....used..|lost]
 */
#include "base/arena.h"

#include "base/verify.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_SIZE_MIN = 4096,
    CHUNK_SIZE_MAX = 1 << 20, /* grown so far; a larger request still gets what it needs */
    ALIGNMENT = alignof(max_align_t),
};

struct arena_chunk {
    struct arena_chunk *next;
    size_t size; /* of the data */
    max_align_t data[];
};

void arena_init(struct arena *a, size_t limit) { *a = (struct arena){.limit = limit}; }

void arena_init_buffer(struct arena *a, void *buffer, size_t size, size_t limit)
{
    arena_init(a, limit);
    a->at = buffer;
    a->end = size ? a->at + size : a->at;
}

void arena_free(struct arena *a)
{
    struct arena_chunk *chunk = a->chunks;

    while (chunk) {
        struct arena_chunk *next = chunk->next;

        free(chunk);
        chunk = next;
    }
    arena_init(a, a->limit);
}

/* Makes a new current chunk with room for size bytes, or with as much as the limit leaves. */
static bool arena_grow(struct arena *a, size_t size)
{
    size_t left = a->limit ? a->limit - a->used : SIZE_MAX;
    size_t want = a->chunks ? a->chunks->size : CHUNK_SIZE_MIN / 2;
    struct arena_chunk *chunk;

    want = want < CHUNK_SIZE_MAX / 2 ? 2 * want : CHUNK_SIZE_MAX;
    if (want > left)
        want = left;
    if (want < size)
        want = size;
    if (want > left || want > SIZE_MAX - sizeof *chunk)
        return false;
    chunk = malloc(sizeof *chunk + want);
    if (!chunk)
        return false;
    chunk->next = a->chunks;
    chunk->size = want;
    a->chunks = chunk;
    a->used += want;
    a->at = (unsigned char *)chunk->data;
    a->end = a->at + want;
    return true;
}

/* What the current chunk has left behind its next aligned place; that place in *pad. */
static size_t arena_room(const struct arena *a, size_t *pad)
{
    size_t left = (size_t)(a->end - a->at);

    *pad = (size_t)(-(uintptr_t)a->at % ALIGNMENT);
    return *pad < left ? left - *pad : 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t pad;
    void *memory;

    if (size == 0)
        size = 1; /* so that the pointer is one, and differs from others */
    if (arena_room(a, &pad) < size) {
        if (!arena_grow(a, size))
            return NULL;
        pad = 0;
    }
    memory = a->at + pad;
    a->at += pad + size;
    VERIFY_CHECK((uintptr_t)memory % ALIGNMENT == 0 && a->at <= a->end);
    return memset(memory, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t product;

    if (__builtin_mul_overflow(count, size, &product))
        return NULL;
    return arena_alloc(a, product);
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
    void *memory = arena_alloc(a, size);

    if (memory && size)
        memcpy(memory, data, size);
    return memory;
}

char *arena_string(struct arena *a, const char *text)
{
    return arena_copy(a, text, strlen(text) + 1);
}

char *arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    int length;
    char *text;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;
    text = arena_alloc(a, (size_t)length + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
