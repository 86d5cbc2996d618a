/*
 * Memory that is freed all at once: one arena a request, a block, a template.
 *
 * An arena belongs to one thread at a time. It may be started on a buffer of
 * the caller's (the stack, say), and takes growing chunks from malloc when that
 * is used up; a limit bounds the whole.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;

struct arena {
    unsigned char *at, *end;    /* what is left of the current chunk */
    struct arena_chunk *chunks; /* those from malloc, the newest first */
    size_t used, limit;         /* bytes taken from malloc; what they may become */
};

/* An empty arena that may take up to limit bytes from malloc (0: no limit). Allocates nothing yet. */
void arena_init(struct arena *a, size_t limit);

/* The same, using size bytes at buffer first; buffer stays the caller's and must outlive the arena. */
void arena_init_buffer(struct arena *a, void *buffer, size_t size, size_t limit);

/* Frees all. The arena is then as after arena_init with the same limit. */
void arena_free(struct arena *a);

/*
 * size bytes, zeroed and aligned for any type; NULL where memory or the limit
 * is exhausted. Zero bytes give a pointer that must not be read. Lives until
 * arena_free.
 */
void *arena_alloc(struct arena *a, size_t size);

/* The same for count elements of size bytes; NULL also where the product overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* Copies of bytes, and of a string with its end; NULL as above. */
void *arena_copy(struct arena *a, const void *data, size_t size);
char *arena_string(struct arena *a, const char *text);
char *arena_format(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
