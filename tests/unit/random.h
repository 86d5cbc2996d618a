/*
 * Numbers for tests: the same for the same seed, which is printed, and which
 * the environment variable EXS_SEED sets.
 */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random {
    uint64_t state;
};

static inline struct random random_create(const char *what)
{
    const char *text = getenv("EXS_SEED");
    struct random r = {text ? strtoull(text, NULL, 0) : 1};

    printf("%s: EXS_SEED=%" PRIu64 "\n", what, r.state);
    return r;
}

/* SplitMix64 (Steele, Lea, Flood, 2014): any state will do, and nearby ones differ. */
static inline uint64_t random_u64(struct random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* From 0 to bound - 1; the bias of the remainder is no matter here. */
static inline size_t random_below(struct random *r, size_t bound)
{
    return (size_t)(random_u64(r) % bound);
}

static inline void random_fill(struct random *r, void *out, size_t size)
{
    uint8_t *byte = out;

    for (size_t i = 0; i < size; i++)
        byte[i] = (uint8_t)random_u64(r);
}

#endif
