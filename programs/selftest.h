/* What exs-miner does without a node. */
#ifndef PROGRAMS_SELFTEST_H
#define PROGRAMS_SELFTEST_H

#include "engine/miner.h"

#include <stdatomic.h>
#include <stdio.h>

struct selftest {
    struct miner *miner; /* without work, and without it again after each function */
    const struct kernels *kernels;
    uint32_t version_mask;   /* for the hash rate */
    const atomic_bool *stop; /* ends what runs */
    FILE *out;
};

/*
 * Searches a window of nonces around that of each known header, without and
 * with rolled versions, and wants them found. Each window is some tenths of a
 * second's work at rate hashes a second. False where one was not found or the
 * stop came.
 */
bool selftest_known_headers(const struct selftest *t, double rate);

/*
 * Searches for what can't be found for this time, prints the rate, all in all
 * and a thread, and returns the former.
 */
double selftest_rate(const struct selftest *t, double seconds);

/* "12.34 MH/s" to out. */
void selftest_format_rate(char *out, size_t size, double rate);

#endif
