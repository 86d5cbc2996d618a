/*
 * Memory for the benchmarks' own bookkeeping. A benchmark that can't have the
 * few kilobytes that it asks for has nothing better to do than to end.
 */
#ifndef BENCH_BENCH_ALLOC_H
#define BENCH_BENCH_ALLOC_H

#include <stddef.h>

/* count elements of size bytes, zeroed and aligned to a cache line; free with free(). Never NULL. */
void *bench_alloc(size_t count, size_t size);

/* As realloc for count elements of size bytes; what is new is not zeroed. Never NULL. */
void *bench_grow(void *old, size_t count, size_t size);

/* A copy of a text; free with free(). Never NULL. */
char *bench_copy(const char *text);

#endif
