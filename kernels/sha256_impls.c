#include "kernels/sha256_impls.h"

#include "kernels/cpu.h"

const struct sha256_compress_impl sha256_compress_impls[] = {
#if HAVE_SHANI
    {"shani", CPU_SHANI, sha256_compress_shani},
#endif
#if HAVE_ARMV8
    {"armv8", CPU_ARMV8_SHA2, sha256_compress_armv8},
#endif
#if HAVE_OPENSSL
    {"openssl", 0, sha256_compress_openssl},
#endif
    {"generic", 0, sha256_compress_generic},          {0},
};

/* The vector implementations hand small remainders down and need what those need. */
const struct sha256d_64_impl sha256d_64_impls[] = {
#if HAVE_AVX512 && HAVE_SHANI
    {"avx512-shani", CPU_AVX512 | CPU_SHANI, sha256d_64_avx512_shani},
#endif
#if HAVE_AVX512
    {"avx512", CPU_AVX512, sha256d_64_avx512},
#endif
#if HAVE_SHANI
    {"shani", CPU_SHANI, sha256d_64_shani},
#endif
#if HAVE_AVX2
    {"avx2", CPU_AVX2, sha256d_64_avx2},
#endif
#if HAVE_SSE41
    {"sse4.1", CPU_SSE41, sha256d_64_sse41},
#endif
#if HAVE_ARMV8
    {"armv8", CPU_ARMV8_SHA2, sha256d_64_armv8},
#endif
    {"generic", 0, sha256d_64_generic},
    {0},
};

const struct sha256d_many_impl sha256d_many_impls[] = {
#if HAVE_AVX512 && HAVE_SHANI
    {"avx512-shani", CPU_AVX512 | CPU_SHANI, sha256d_many_avx512_shani},
#endif
#if HAVE_AVX512
    {"avx512", CPU_AVX512, sha256d_many_avx512},
#endif
#if HAVE_SHANI
    {"shani", CPU_SHANI, sha256d_many_shani},
#endif
#if HAVE_AVX2
    {"avx2", CPU_AVX2, sha256d_many_avx2},
#endif
#if HAVE_SSE41
    {"sse4.1", CPU_SSE41, sha256d_many_sse41},
#endif
#if HAVE_ARMV8
    {"armv8", CPU_ARMV8_SHA2, sha256d_many_armv8},
#endif
    {"generic", 0, sha256d_many_generic},
    {0},
};
