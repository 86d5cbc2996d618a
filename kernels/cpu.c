#include "kernels/cpu.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct {
    unsigned bit;
    const char *name;
} names[] = {
    {CPU_SSE41, "sse4.1"},
    {CPU_AVX2, "avx2"},
    {CPU_AVX512, "avx512"},
    {CPU_SHANI, "sha-ni"},
};

void cpu_features_text(char *out, size_t size, unsigned features)
{
    size_t at = 0;

    if (size == 0)
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!(features & names[i].bit))
            continue;
        if (at && at + 1 < size)
            out[at++] = ' ';
        for (const char *p = names[i].name; *p && at + 1 < size; p++)
            out[at++] = *p;
    }
    out[at] = '\0';
}

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>

/* XCR0's bits: the registers that the system saves when it switches threads. */
enum {
    XCR0_YMM = 0x06, /* and xmm */
    XCR0_ZMM = 0xe6, /* and opmask and ymm */
};

static bool bit(unsigned word, int n) { return word >> n & 1; }

static uint64_t saved_registers(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Bit numbers: Intel SDM volume 2, CPUID, leaves 1 (ecx) and 7 (ebx). */
unsigned cpu_features(void)
{
    unsigned eax, ebx, ecx, edx, features = 0;
    uint64_t saved = 0;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
        return 0;
    if (bit(ecx, 19))
        features |= CPU_SSE41;
    if (bit(ecx, 27)) /* OSXSAVE: XGETBV may be asked */
        saved = saved_registers();

    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
        return features;
    if (bit(ebx, 5) && (saved & XCR0_YMM) == XCR0_YMM)
        features |= CPU_AVX2;
    if (bit(ebx, 16) && bit(ebx, 30) && bit(ebx, 31) && (saved & XCR0_ZMM) == XCR0_ZMM)
        features |= CPU_AVX512;
    /* SHA's instructions are only of use beside SSE4.1's shuffles and blends. */
    if (bit(ebx, 29) && (features & CPU_SSE41))
        features |= CPU_SHANI;
    return features;
}

void cpu_brand(char out[static 49])
{
    unsigned text[12];
    const char *from = (const char *)text;
    size_t length = sizeof(text);

    for (unsigned i = 0; i < 3; i++) {
        unsigned *t = text + 4 * i;

        if (!__get_cpuid(0x80000002u + i, &t[0], &t[1], &t[2], &t[3])) {
            memcpy(out, "unknown", sizeof("unknown"));
            return;
        }
    }
    for (; length && *from == ' '; length--) /* Intel pads on the left */
        from++;
    memcpy(out, from, length);
    out[length] = '\0';
    for (length = strlen(out); length && out[length - 1] == ' ';)
        out[--length] = '\0';
    if (length == 0)
        memcpy(out, "unknown", sizeof("unknown"));
}

#else

unsigned cpu_features(void) { return 0; }

void cpu_brand(char out[static 49]) { memcpy(out, "unknown", sizeof("unknown")); }

#endif
