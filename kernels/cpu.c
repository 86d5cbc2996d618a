#include "kernels/cpu.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const struct {
    unsigned bit;
    const char *name;
} names[] = {
    {CPU_SSE41, "sse4.1"}, {CPU_AVX2, "avx2"},       {CPU_AVX512, "avx512"},
    {CPU_SHANI, "sha-ni"}, {CPU_ARMV8_SHA2, "sha2"},
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

#if defined(__x86_64__)

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

#elif defined(__aarch64__)

#include <asm/hwcap.h>
#include <stdio.h>
#include <sys/auxv.h>

unsigned cpu_features(void)
{
    /* SHA2's instructions are part of a vector unit that every ARMv8 server has. */
    unsigned long both = HWCAP_ASIMD | HWCAP_SHA2;

    return (getauxval(AT_HWCAP) & both) == both ? CPU_ARMV8_SHA2 : 0;
}

/*
 * The main identification register (Arm ARM, MIDR_EL1): implementer, part and
 * revision. Linux reads it on behalf of a program where HWCAP_CPUID says so
 * (Documentation/arch/arm64/cpu-feature-registers.rst).
 */
static uint64_t main_id(void)
{
    uint64_t id = 0;

    if (getauxval(AT_HWCAP) & HWCAP_CPUID)
        __asm__("mrs %0, MIDR_EL1" : "=r"(id));
    return id;
}

/* Arm's numbers of its cores, from their technical reference manuals. */
static const char *arm_core(unsigned part)
{
    static const struct {
        unsigned part;
        const char *name;
    } cores[] = {
        {0xd03, "Cortex-A53"},  {0xd05, "Cortex-A55"},  {0xd07, "Cortex-A57"},
        {0xd08, "Cortex-A72"},  {0xd09, "Cortex-A73"},  {0xd0a, "Cortex-A75"},
        {0xd0b, "Cortex-A76"},  {0xd0c, "Neoverse-N1"}, {0xd40, "Neoverse-V1"},
        {0xd41, "Cortex-A78"},  {0xd44, "Cortex-X1"},   {0xd49, "Neoverse-N2"},
        {0xd4f, "Neoverse-V2"}, {0xd84, "Neoverse-V3"}, {0xd8e, "Neoverse-N3"},
    };

    for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++)
        if (cores[i].part == part)
            return cores[i].name;
    return NULL;
}

void cpu_brand(char out[static 49])
{
    uint64_t id = main_id();
    unsigned implementer = id >> 24 & 0xff, part = id >> 4 & 0xfff;
    unsigned variant = id >> 20 & 15, revision = id & 15;
    const char *core = implementer == 'A' ? arm_core(part) : NULL;

    if (id == 0)
        memcpy(out, "unknown", sizeof("unknown"));
    else if (core)
        snprintf(out, 49, "ARM %s r%up%u", core, variant, revision);
    else
        snprintf(out, 49, "ARMv8 implementer 0x%02x part 0x%03x r%up%u", implementer, part, variant,
                 revision);
}

#else

unsigned cpu_features(void) { return 0; }

void cpu_brand(char out[static 49]) { memcpy(out, "unknown", sizeof("unknown")); }

#endif
