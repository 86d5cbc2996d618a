#include "bench/bench_alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

static void *checked(void *p)
{
    if (!p) {
        fputs("error: out of memory\n", stderr);
        exit(1);
    }
    return p;
}

void *bench_alloc(size_t count, size_t size)
{
    size_t total, padded = 0;
    void *p;

    if (__builtin_mul_overflow(count, size, &total) ||
        __builtin_add_overflow(total, CACHE_LINE, &padded))
        checked(NULL);
    padded -= padded % CACHE_LINE;
    p = checked(aligned_alloc(CACHE_LINE, padded));
    return memset(p, 0, padded);
}

void *bench_grow(void *old, size_t count, size_t size)
{
    return checked(reallocarray(old, count ? count : 1, size));
}

char *bench_copy(const char *text) { return checked(strdup(text)); }
