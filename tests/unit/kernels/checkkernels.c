/*
 * Checks every implementation of SHA-256's operations on random and extreme
 * input against OpenSSL, and times them.
 *
 *     checkkernels [--seed N] [--rounds N]   checks; a failure prints how to repeat it
 *     checkkernels --bench                   times, one row an implementation
 *
 * Each processor level, made by holding features back, checks what it adds and
 * chooses kernels as a start would. Input and output lie between pages that
 * cannot be touched, and output between guard bytes as well.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/clock.h"
#include "kernels/kernels.h"
#include "tests/unit/random.h"

#include <openssl/sha.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <x86intrin.h>
static uint64_t ticks(void) { return __rdtsc(); }
#else
static uint64_t ticks(void) { return 0; }
#endif

enum {
    ROOM = 1 << 17, /* bytes between two forbidden pages */
    GUARD_IS = 0xa5,
    WIDEST = 16, /* messages side by side */
    FILLS = 4,
};

/* ROOM bytes at start, the last of which a forbidden page follows. */
struct arena {
    uint8_t *start, *end;
};

static uint64_t seed = 1;
static struct random rng;

__attribute__((format(printf, 1, 2))) static _Noreturn void give_up(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "checkkernels: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, " (repeat with --seed %" PRIu64 ")\n", seed);
    va_end(args);
    exit(1);
}

static struct arena arena_map(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *p = mmap(NULL, ROOM + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || mprotect(p + page, ROOM, PROT_READ | PROT_WRITE) != 0)
        give_up("no memory");
    return (struct arena){p + page, p + page + ROOM};
}

static const char *fill(uint8_t *out, size_t size, int kind)
{
    static const char *const names[FILLS] = {"random", "all 00", "all ff", "80 00 .. 00"};

    for (size_t i = 0; i < size; i++) {
        out[i] = kind == 0   ? (uint8_t)random_u64(&rng)
                 : kind == 1 ? 0
                 : kind == 2 ? 0xff
                             : (uint8_t)(i % 64 ? 0 : 0x80);
    }
    return names[kind];
}

static void openssl_sha256d(uint8_t out[32], const uint8_t *data, size_t size)
{
    uint8_t digest[32];

    SHA256(data, size, digest);
    SHA256(digest, sizeof(digest), out);
}

/* Where size bytes lie: against the forbidden page behind, or at any distance from it. */
static uint8_t *place(struct arena a, size_t size, size_t from_end)
{
    return a.end - from_end - size;
}

static bool untouched(struct arena a, const uint8_t *out, size_t size)
{
    for (const uint8_t *p = a.start; p < a.end; p++) {
        if ((p < out || p >= out + size) && *p != GUARD_IS)
            return false;
    }
    return true;
}

static void check_compress(const struct sha256_compress_impl *impl, struct arena in)
{
    for (size_t n = 0; n <= 20; n++) {
        for (int kind = 0; kind < FILLS; kind++) {
            size_t at = random_below(&rng, 64) * (n % 2);
            uint8_t *blocks = place(in, 64 * n, at);
            const char *name = fill(blocks, 64 * n, kind);
            SHA256_CTX oracle;
            uint32_t state[8 + 2];

            SHA256_Init(&oracle);
            fill((uint8_t *)oracle.h, sizeof(oracle.h), (int)random_below(&rng, FILLS));
            state[0] = state[9] = 0x5a5a5a5a;
            memcpy(state + 1, oracle.h, 32);
            for (size_t i = 0; i < n; i++)
                SHA256_Transform(&oracle, blocks + 64 * i);
            impl->run(state + 1, blocks, n);
            if (memcmp(state + 1, oracle.h, 32) != 0)
                give_up("sha256_compress %s: wrong after %zu blocks, %s", impl->name, n, name);
            if (state[0] != 0x5a5a5a5a || state[9] != 0x5a5a5a5a)
                give_up("sha256_compress %s: writes beside its state", impl->name);
        }
    }
}

static void check_d64_once(const struct sha256d_64_impl *impl, struct arena in, struct arena out,
                           size_t n, int kind, bool in_place)
{
    static uint8_t want[32 * 1024];
    uint8_t *from = place(in, 64 * n, random_below(&rng, 2) * random_below(&rng, 64));
    uint8_t *to = place(out, 32 * n, random_below(&rng, 2) * random_below(&rng, 64));
    const char *name = fill(from, 64 * n, kind);

    for (size_t i = 0; i < n; i++)
        openssl_sha256d(want + 32 * i, from + 64 * i, 64);
    memset(out.start, GUARD_IS, ROOM);
    if (in_place) {
        to = place(out, 64 * n, 1);
        memcpy(to, from, 64 * n);
        impl->run(to, to, n);
        memset(to + 32 * n, GUARD_IS, 32 * n);
    } else {
        impl->run(to, from, n);
    }
    if (memcmp(to, want, 32 * n) != 0)
        give_up("sha256d_64 %s: wrong for %zu messages, %s%s", impl->name, n, name,
                in_place ? ", in place" : "");
    if (!untouched(out, to, 32 * n))
        give_up("sha256d_64 %s: writes beside its output of %zu digests", impl->name, n);
}

static void check_d64(const struct sha256d_64_impl *impl, struct arena in, struct arena out)
{
    for (size_t n = 0; n <= 2 * WIDEST + 1; n++) {
        for (int kind = 0; kind < FILLS; kind++) {
            check_d64_once(impl, in, out, n, kind, false);
            check_d64_once(impl, in, out, n, kind, true);
        }
    }
    check_d64_once(impl, in, out, 1000, 0, false);
    check_d64_once(impl, in, out, 1000, 0, true);
}

/* How the lengths of a check's messages are drawn. */
enum lengths { LENGTHS_SMALL, LENGTHS_ALIKE, LENGTHS_LADDER, LENGTHS_ONE_GIANT, LENGTHS_WILD };

static size_t draw_length(enum lengths lengths, size_t i, size_t n)
{
    switch (lengths) {
    case LENGTHS_SMALL:
        return random_below(&rng, 130);
    case LENGTHS_ALIKE:
        return 250;
    case LENGTHS_LADDER:
        return i;
    case LENGTHS_ONE_GIANT:
        return i == n / 2 ? 60000 : random_below(&rng, 300);
    case LENGTHS_WILD:
        return random_below(&rng, (size_t)1 << random_below(&rng, 17));
    }
    return 0;
}

/* Messages overlap each other and end where the readable memory does, or near it. */
static void check_many_once(const struct sha256d_many_impl *impl, struct arena in, struct arena out,
                            size_t n, enum lengths lengths)
{
    static struct bytes messages[2048];
    static uint8_t want[32];
    uint8_t *to = place(out, 32 * n, random_below(&rng, 2) * random_below(&rng, 64));

    for (size_t i = 0; i < n; i++) {
        size_t size = draw_length(lengths, i, n);

        messages[i] =
            bytes_of(place(in, size, random_below(&rng, 2) * random_below(&rng, 999)), size);
        if (size == 0 && random_below(&rng, 2))
            messages[i].data = NULL;
    }
    memset(out.start, GUARD_IS, ROOM);
    impl->run(to, messages, n);
    for (size_t i = 0; i < n; i++) {
        openssl_sha256d(want, messages[i].data ? messages[i].data : in.start, messages[i].size);
        if (memcmp(to + 32 * i, want, 32) != 0)
            give_up("sha256d_many %s: message %zu of %zu is wrong, %zu bytes", impl->name, i, n,
                    messages[i].size);
    }
    if (!untouched(out, to, 32 * n))
        give_up("sha256d_many %s: writes beside its output of %zu digests", impl->name, n);
}

static void check_many(const struct sha256d_many_impl *impl, struct arena in, struct arena out)
{
    for (int kind = FILLS - 1; kind >= 0; kind--) {
        fill(in.start, ROOM, kind);
        for (size_t n = 0; n <= 2 * WIDEST + 1; n++) {
            for (enum lengths l = LENGTHS_SMALL; l <= LENGTHS_ONE_GIANT; l++)
                check_many_once(impl, in, out, n, l);
        }
    }
    check_many_once(impl, in, out, 300, LENGTHS_LADDER);
    check_many_once(impl, in, out, 511, LENGTHS_SMALL);
    check_many_once(impl, in, out, 512, LENGTHS_ONE_GIANT);
    check_many_once(impl, in, out, 513, LENGTHS_ALIKE);
    check_many_once(impl, in, out, 2048, LENGTHS_SMALL);
    check_many_once(impl, in, out, 1 + random_below(&rng, 700), LENGTHS_WILD);
}

/* The levels that processors come in; each adds to the one before it or stands beside it. */
static const unsigned levels[] = {
    0,
    CPU_SSE41,
    CPU_SSE41 | CPU_SHANI,
    CPU_SSE41 | CPU_AVX2,
    CPU_SSE41 | CPU_AVX2 | CPU_SHANI,
    CPU_SSE41 | CPU_AVX2 | CPU_AVX512,
    CPU_SSE41 | CPU_AVX2 | CPU_AVX512 | CPU_SHANI,
    CPU_ARMV8_SHA2,
};

/* True where this level is the first that runs it. */
static bool is_new(unsigned needs, size_t level)
{
    for (size_t i = 0; i < level; i++) {
        if ((needs & ~levels[i]) == 0)
            return false;
    }
    return (needs & ~levels[level]) == 0;
}

static void check_level(size_t level, struct arena in, struct arena out)
{
    char error[KERNELS_ERROR_SIZE], text[64];
    struct kernels k;

    cpu_features_text(text, sizeof(text), levels[level]);
    if (levels[level] & ~cpu_features()) {
        printf("%-26s not on this processor\n", text);
        return;
    }
    if (!kernels_choose(&k, levels[level], NULL, clock_monotonic_ns, error))
        give_up("%s: %s", text, error);
    printf("%-26s chooses %s, %s, %s, %s, %s\n", *text ? text : "(nothing)",
           k.sha256_compress->name, k.sha256d_64->name, k.sha256d_many->name, k.search->name,
           k.search_rolled->name);
    for (size_t i = 0; sha256_compress_impls[i].name; i++) {
        if (is_new(sha256_compress_impls[i].needs, level))
            check_compress(&sha256_compress_impls[i], in);
    }
    for (size_t i = 0; sha256d_64_impls[i].name; i++) {
        if (is_new(sha256d_64_impls[i].needs, level))
            check_d64(&sha256d_64_impls[i], in, out);
    }
    for (size_t i = 0; sha256d_many_impls[i].name; i++) {
        if (is_new(sha256d_many_impls[i].needs, level))
            check_many(&sha256d_many_impls[i], in, out);
    }
}

/* What --bench times: an operation's work with one implementation; NULL is OpenSSL's. */
enum { BENCH_MESSAGES = 1024, BENCH_RUNS = 25, BENCH_BLOCKS = 256 };

struct bench {
    uint8_t in[64 * BENCH_MESSAGES], out[64 * BENCH_MESSAGES];
    struct bytes messages[BENCH_MESSAGES];
};

static void bench_compress(struct bench *b, size_t i)
{
    uint32_t state[8] = {0};

    if (i == SIZE_MAX)
        SHA256(b->in, 64 * BENCH_BLOCKS, b->out);
    else
        sha256_compress_impls[i].run(state, b->in, BENCH_BLOCKS);
    b->out[0] = (uint8_t)state[0];
}

static void bench_d64(struct bench *b, size_t i)
{
    if (i != SIZE_MAX) {
        sha256d_64_impls[i].run(b->out, b->in, BENCH_MESSAGES);
        return;
    }
    for (size_t m = 0; m < BENCH_MESSAGES; m++)
        openssl_sha256d(b->out + 32 * m, b->in + 64 * m, 64);
}

static void bench_many(struct bench *b, size_t i)
{
    if (i != SIZE_MAX) {
        sha256d_many_impls[i].run(b->out, b->messages, BENCH_MESSAGES);
        return;
    }
    for (size_t m = 0; m < BENCH_MESSAGES; m++)
        openssl_sha256d(b->out + 32 * m, b->messages[m].data, b->messages[m].size);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Medians of one unit's nanoseconds and time-stamp cycles. Returns the nanoseconds. */
static double bench_row(struct bench *b, const char *operation, const char *name, size_t units,
                        void (*work)(struct bench *b, size_t i), size_t i, double openssl)
{
    double ns[BENCH_RUNS], cycles[BENCH_RUNS], x;

    work(b, i);
    for (size_t run = 0; run < BENCH_RUNS; run++) {
        uint64_t tick = ticks(), start = clock_monotonic_ns();

        work(b, i);
        ns[run] = (double)(clock_monotonic_ns() - start) / (double)units;
        cycles[run] = (double)(ticks() - tick) / (double)units;
    }
    qsort(ns, BENCH_RUNS, sizeof(ns[0]), compare_doubles);
    qsort(cycles, BENCH_RUNS, sizeof(cycles[0]), compare_doubles);
    x = ns[BENCH_RUNS / 2];
    printf("%-16s %-14s %9.2f ns %9.1f cycles %7.2f times OpenSSL's SHA256()\n", operation, name, x,
           cycles[BENCH_RUNS / 2], openssl > 0 ? openssl / x : 1);
    return x;
}

/* Transactions' lengths: most below 400 bytes, one in 64 far longer. */
static void bench(void)
{
    static struct bench b;
    double openssl;

    for (size_t i = 0; i < BENCH_MESSAGES; i++) {
        size_t size = i % 64 == 63 ? 3000 + i : 110 + random_below(&rng, 290);

        b.messages[i] = bytes_of(b.in + random_below(&rng, sizeof(b.in) - size), size);
    }
    fill(b.in, sizeof(b.in), 0);
    openssl = bench_row(&b, "compress", "SHA256()", BENCH_BLOCKS, bench_compress, SIZE_MAX, 0);
    for (size_t i = 0; sha256_compress_impls[i].name; i++) {
        if ((sha256_compress_impls[i].needs & ~cpu_features()) == 0)
            bench_row(&b, "compress", sha256_compress_impls[i].name, BENCH_BLOCKS, bench_compress,
                      i, openssl);
    }
    openssl = bench_row(&b, "sha256d_64", "SHA256()", BENCH_MESSAGES, bench_d64, SIZE_MAX, 0);
    for (size_t i = 0; sha256d_64_impls[i].name; i++) {
        if ((sha256d_64_impls[i].needs & ~cpu_features()) == 0)
            bench_row(&b, "sha256d_64", sha256d_64_impls[i].name, BENCH_MESSAGES, bench_d64, i,
                      openssl);
    }
    openssl = bench_row(&b, "sha256d_many", "SHA256()", BENCH_MESSAGES, bench_many, SIZE_MAX, 0);
    for (size_t i = 0; sha256d_many_impls[i].name; i++) {
        if ((sha256d_many_impls[i].needs & ~cpu_features()) == 0)
            bench_row(&b, "sha256d_many", sha256d_many_impls[i].name, BENCH_MESSAGES, bench_many, i,
                      openssl);
    }
}

int main(int argc, char **argv)
{
    struct arena in = arena_map(), out = arena_map();
    uint64_t rounds = 1;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--bench") == 0) {
            bench();
            return 0;
        }
        if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            rounds = strtoull(argv[++i], NULL, 10);
        } else {
            fprintf(stderr, "usage: checkkernels [--bench | --seed N --rounds N]\n");
            return 2;
        }
    }
    for (; rounds; rounds--, seed++) {
        rng.state = seed;
        printf("seed %" PRIu64 "\n", seed);
        for (size_t level = 0; level < sizeof(levels) / sizeof(levels[0]); level++)
            check_level(level, in, out);
    }
    return 0;
}
