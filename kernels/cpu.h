/* What this processor, and the state that the operating system saves, let the kernels use. */
#ifndef KERNELS_CPU_H
#define KERNELS_CPU_H

#include <stddef.h>

enum {
    CPU_SSE41 = 1 << 0,
    CPU_AVX2 = 1 << 1,
    CPU_AVX512 = 1 << 2, /* F, BW and VL together, as every server part has them */
    CPU_SHANI = 1 << 3,
};

/* CPU_* bits, from CPUID and XGETBV. Cheap enough to ask again; pure. */
unsigned cpu_features(void);

/* Writes names such as "sse4.1 avx2" to out, which holds size bytes; cut where it is too small. */
void cpu_features_text(char *out, size_t size, unsigned features);

/* Writes the processor's brand string ("AMD EPYC ...") to out, "unknown" where it has none. */
void cpu_brand(char out[static 49]);

#endif
