/*
 * Every implementation beside the portable one: the input is cut into messages,
 * whose lengths its first bytes say, and hashed by each of them.
 */
#include "kernels/kernels.h"
#include "tests/fuzz/fuzz.h"

enum { MOST = 64, GUARD_IS = 0xa5 };

static void check_many(const struct bytes *messages, size_t n)
{
    uint8_t want[32 * MOST], got[32 * MOST + 1];

    kernels_generic.sha256d_many->run(want, messages, n);
    for (const struct sha256d_many_impl *impl = sha256d_many_impls; impl->name; impl++) {
        if (impl->needs & ~cpu_features())
            continue;
        got[32 * n] = GUARD_IS;
        impl->run(got, messages, n);
        FUZZ_CHECK(memcmp(got, want, 32 * n) == 0);
        FUZZ_CHECK(got[32 * n] == GUARD_IS);
    }
}

static void check_64(const uint8_t *data, size_t n)
{
    uint8_t want[32 * MOST], got[64 * MOST];

    n = n < MOST ? n : MOST;
    kernels_generic.sha256d_64->run(want, data, n);
    for (const struct sha256d_64_impl *impl = sha256d_64_impls; impl->name; impl++) {
        if (impl->needs & ~cpu_features())
            continue;
        memcpy(got, data, 64 * n);
        impl->run(got, got, n);
        FUZZ_CHECK(memcmp(got, want, 32 * n) == 0);
    }
}

/* The whole in two pieces. */
static void check_compress(const uint8_t *data, size_t size, size_t cut)
{
    uint8_t want[32], got[32];

    sha256d(kernels_generic.sha256_compress->run, want, data, size);
    for (const struct sha256_compress_impl *impl = sha256_compress_impls; impl->name; impl++) {
        struct sha256 s;

        if (impl->needs & ~cpu_features())
            continue;
        sha256_init(&s, impl->run);
        sha256_update(&s, data, cut);
        sha256_update(&s, data + cut, size - cut);
        sha256d_final(&s, got);
        FUZZ_CHECK(memcmp(got, want, 32) == 0);
    }
}

/* One byte says how many messages there are, then each has a byte for its share of what is left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes messages[MOST];
    size_t n;

    if (size == 0)
        return 0;
    n = data[0] % (MOST + 1);
    if (size < 1 + n)
        return 0;
    const uint8_t *share = data + 1, *text = data + 1 + n;
    size_t left = size - 1 - n;

    check_64(text, left / 64);
    check_compress(text, left, left ? data[0] % left : 0);
    for (size_t i = 0; i < n; i++) {
        size_t length = left * share[i] / 255;

        messages[i] = bytes_of(text, length);
        if (share[i] % 2) {
            text += length;
            left -= length;
        }
    }
    check_many(messages, n);
    return 0;
}
