/* The implementations of SHA-256's operations. For kernels/ alone. */
#ifndef KERNELS_SHA256_IMPLS_H
#define KERNELS_SHA256_IMPLS_H

#include "kernels/sha256.h"

sha256_compress_fn sha256_compress_generic, sha256_compress_shani, sha256_compress_armv8,
    sha256_compress_openssl;

sha256d_64_fn sha256d_64_generic, sha256d_64_sse41, sha256d_64_avx2, sha256d_64_avx512,
    sha256d_64_avx512_shani, sha256d_64_shani, sha256d_64_armv8;

sha256d_many_fn sha256d_many_generic, sha256d_many_sse41, sha256d_many_avx2, sha256d_many_avx512,
    sha256d_many_avx512_shani, sha256d_many_shani, sha256d_many_armv8;

#endif
