#include "kernels/sha256_native.h"

#include "kernels/cpu.h"
#include "kernels/sha256_impls.h"

enum { BLOCKS = 9 };

static sha256_compress_fn *fastest(unsigned cpu)
{
    (void)cpu;
#if HAVE_SHANI
    if ((cpu & CPU_SHANI) == CPU_SHANI)
        return sha256_compress_shani;
#endif
#if HAVE_ARMV8
    if ((cpu & CPU_ARMV8_SHA2) == CPU_ARMV8_SHA2)
        return sha256_compress_armv8;
#endif
    return sha256_compress_generic;
}

/* Any number of blocks, none included, at an odd address. */
static bool agree(sha256_compress_fn *a, sha256_compress_fn *b)
{
    uint8_t in[64 * BLOCKS + 1];

    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * i * 151 + i * 29);
    for (size_t n = 0; n <= BLOCKS; n++) {
        uint32_t x[8], y[8];

        for (uint32_t i = 0; i < 8; i++)
            x[i] = y[i] = UINT32_C(0x9e3779b9) * (i + 1);
        a(x, in + 1, n);
        b(y, in + 1, n);
        if (memcmp(x, y, sizeof(x)) != 0)
            return false;
    }
    return true;
}

/* FIPS 180-2, appendix B.1. */
static bool knows_abc(sha256_compress_fn *compress)
{
    static const uint8_t want[32] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
        0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
        0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    struct sha256 s;
    uint8_t digest[32];

    sha256_init(&s, compress);
    sha256_update(&s, "abc", 3);
    sha256_final(&s, digest);
    return memcmp(digest, want, sizeof(want)) == 0;
}

sha256_compress_fn *sha256_native(unsigned cpu)
{
    sha256_compress_fn *compress = fastest(cpu);

    if (!knows_abc(sha256_compress_generic) || !agree(compress, sha256_compress_generic))
        return NULL;
    return compress;
}
