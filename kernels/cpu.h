/* What this processor, and the state that the operating system saves, let the kernels use. */
#ifndef KERNELS_CPU_H
#define KERNELS_CPU_H

#include <stddef.h>

enum {
    CPU_SSE41 = 1 << 0,
    CPU_AVX2 = 1 << 1,
    CPU_AVX512 = 1 << 2, /* F, BW and VL together, as every server part has them */
    CPU_SHANI = 1 << 3,
    CPU_ARMV8_SHA2 = 1 << 4,
    CPU_ALL = (1 << 5) - 1,
};

/* CPU_* bits: on x86 from CPUID and XGETBV, on ARM from the kernel's HWCAP. Cheap enough to ask again; pure. */
unsigned cpu_features(void);

/* Writes names such as "sse4.1 avx2" to out, which holds size bytes; cut where it is too small. */
void cpu_features_text(char *out, size_t size, unsigned features);

/*
 * Writes the processor's name to out: x86's brand string ("AMD EPYC ..."), ARM's
 * core with its revision ("ARM Neoverse-N1 r3p1"), "unknown" where there is none.
 */
void cpu_brand(char out[static 49]);

#endif
