/*
 * Files of the cache of OpenCL binaries. Of arbitrary bytes that claim to be of
 * the key they hold, only a well-formed file is one: what comes out is what its
 * size and digest say. The same bytes as a binary come back as they are.
 */
#include "engine/opencl/opencl_cache.h"
#include "kernels/kernels.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

enum { HEAD = 80 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t no_key[32];
    const uint8_t *key = size >= 40 ? data + 8 : no_key, *binary;
    struct sha256 hash;
    uint8_t *file;
    size_t inside;

    binary = opencl_cache_parse(data, size, key, &inside);
    FUZZ_CHECK(!binary || (binary == data + HEAD && inside > 0 && inside == size - HEAD));
    /* A file with this as its binary. */
    file = calloc(1, HEAD + size);
    if (!file || !size) {
        free(file);
        return 0;
    }
    memcpy(file, "EXSOCL1\n", 8);
    memcpy(file + 8, key, 32);
    sha256_init(&hash, kernels_generic.sha256_compress->run);
    sha256_update(&hash, data, size);
    sha256_final(&hash, file + 40);
    write_le64(file + 72, size);
    memcpy(file + HEAD, data, size);
    binary = opencl_cache_parse(file, HEAD + size, key, &inside);
    FUZZ_CHECK(binary == file + HEAD && inside == size);
    free(file);
    return 0;
}
