/*
 * How messages of any length share the lanes of a kernel. For sha256d_many*.c
 * alone.
 *
 * A lane holds one message until its digest is written, then takes the next
 * one, so lanes idle only when no message waits. Which lanes still work is then
 * known, and a narrower kernel takes them over as soon as they fit into it:
 *
 *     lane 0   body body body body tail digest | body tail digest | ...
 *     lane 1   tail digest | body body tail digest | tail tail digest | ...
 */
#ifndef KERNELS_SHA256D_MANY_IMPL_H
#define KERNELS_SHA256D_MANY_IMPL_H

#include "kernels/sha256_impls.h"

enum { SHA256D_MANY_MAX_LANES = 16 };

/* Takes the n blocks at p[l] into state[l], for every lane l. */
typedef void sha256d_many_step_fn(uint32_t (*state)[8], const uint8_t *const *p, size_t n);

struct sha256d_many_kernel {
    size_t lanes;
    sha256d_many_step_fn *step;
    const struct sha256d_many_kernel *narrower; /* NULL where lanes is 1 */
};

extern const struct sha256d_many_kernel sha256d_many_kernel_generic, sha256d_many_kernel_shani;

/* A sha256d_many_fn but for its first argument. */
void sha256d_many_run(const struct sha256d_many_kernel *kernel, uint8_t *out,
                      const struct bytes *messages, size_t n);

sha256d_many_step_fn sha256d_many_step_avx512;

#endif
