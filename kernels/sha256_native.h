/*
 * SHA-256's compression for those who may link no other library: chosen by the
 * processor's features alone, without the tables, in which OpenSSL's is, too.
 */
#ifndef KERNELS_SHA256_NATIVE_H
#define KERNELS_SHA256_NATIVE_H

#include "kernels/sha256.h"

/*
 * The fastest of this project's own for a processor with these CPU_* bits (kernels/cpu.h). NULL
 * where it disagrees with the generic one on some blocks, or that with a known digest: such a
 * machine must not be trusted. Takes some microseconds. Any thread.
 */
sha256_compress_fn *sha256_native(unsigned cpu);

#endif
