/*
 * Which implementation of each operation is used: chosen once at start, then
 * passed down as const data.
 *
 * What runs here is read from the processor; what is fastest here is measured,
 * because the newest instruction is not always the fastest. Nothing is used
 * before it has agreed with the generic implementation.
 */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "kernels/cpu.h"
#include "kernels/search.h"
#include "kernels/sha256.h"

struct kernels {
    const struct sha256_compress_impl *sha256_compress;
    const struct sha256d_64_impl *sha256d_64;
    const struct sha256d_many_impl *sha256d_many;
    const struct search_impl *search;        /* for one version */
    const struct search_impl *search_rolled; /* where version bits may roll */
};

/* Overrides by name; NULL or "auto" leaves the choice to measurement. */
struct kernel_names {
    const char *sha256_compress;
    const char *sha256d_64;
    const char *sha256d_many;
    const char *search;        /* both searches, but for the next */
    const char *search_rolled; /* the one that rolls versions; NULL: as search */
};

enum { KERNELS_ERROR_SIZE = 256 };

/*
 * Chooses. cpu is what cpu_features() said; pass fewer bits to hold some back.
 * now_ns is a steady clock in nanoseconds; NULL takes the first of each table
 * that runs here, without measuring. Takes some 20 milliseconds with a clock.
 *
 * False, with the reason in error, where a name is unknown, this processor
 * can't run it, or an implementation that it can run disagrees with the generic
 * one: such a machine (or compiler) must not be trusted with money.
 */
bool kernels_choose(struct kernels *out, unsigned cpu, const struct kernel_names *names,
                    uint64_t (*now_ns)(void), char error[static KERNELS_ERROR_SIZE]);

/* The generic implementations: always there, and the truth. */
extern const struct kernels kernels_generic;

#endif
