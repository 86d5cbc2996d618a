/*
 * sha256: the compression function over a few blocks at a time, and whole
 * messages with their padding, beside OpenSSL's EVP interface, which is what
 * other programs call for the latter.
 */
#include "bench/bench.h"
#include "bench/bench_alloc.h"

#include <openssl/evp.h>

#include <stdlib.h>

static const struct measure_metric metrics[RATE_METRICS] = {
    {.unit = "MB/s"},
    {.name = "ns_per_byte"},
    {.name = "ref_cycles_per_byte"},
    {.name = "core_cycles_per_byte"},
};

enum { SIZES = 3, BLOCK = 64 };

static const size_t sizes[SIZES] = {1, 4, 64}; /* blocks */

struct sha256_arg {
    sha256_compress_fn *compress; /* NULL: OpenSSL's EVP */
    bool message;                 /* padded and finished */
    size_t blocks;
};

/* What one thread hashes. */
struct sha256_data {
    const struct sha256_arg *arg;
    EVP_MD_CTX *context;
    EVP_MD *md;
    uint32_t state[8];
    uint8_t digest[32];
    uint8_t *in;
};

static void *data_open(const void *arg, size_t thread)
{
    struct sha256_data *d = bench_alloc(1, sizeof(*d));

    d->arg = arg;
    d->in = bench_alloc(d->arg->blocks, BLOCK);
    bench_fill(d->in, d->arg->blocks * BLOCK, thread);
    if (!d->arg->compress) {
        /* Fetched once, as OpenSSL's manual advises: the fetch costs more than a short hash. */
        d->md = EVP_MD_fetch(NULL, "SHA256", NULL);
        d->context = EVP_MD_CTX_new();
        if (!d->md || !d->context) {
            fputs("error: OpenSSL has no SHA-256\n", stderr);
            exit(1);
        }
    }
    return d;
}

static void data_close(void *data)
{
    struct sha256_data *d = data;

    EVP_MD_CTX_free(d->context);
    EVP_MD_free(d->md);
    free(d->in);
    free(d);
}

static uint64_t compress_run(void *data, uint64_t size)
{
    struct sha256_data *d = data;

    for (uint64_t i = 0; i < size; i++)
        d->arg->compress(d->state, d->in, d->arg->blocks);
    return size * d->arg->blocks * BLOCK;
}

static uint64_t message_run(void *data, uint64_t size)
{
    struct sha256_data *d = data;
    struct sha256 hash;

    for (uint64_t i = 0; i < size; i++) {
        sha256_init(&hash, d->arg->compress);
        sha256_update(&hash, d->in, d->arg->blocks * BLOCK);
        sha256_final(&hash, d->digest);
    }
    return size * d->arg->blocks * BLOCK;
}

static uint64_t evp_run(void *data, uint64_t size)
{
    struct sha256_data *d = data;

    for (uint64_t i = 0; i < size; i++) {
        EVP_DigestInit_ex2(d->context, d->md, NULL);
        EVP_DigestUpdate(d->context, d->in, d->arg->blocks * BLOCK);
        EVP_DigestFinal_ex(d->context, d->digest, NULL);
    }
    return size * d->arg->blocks * BLOCK;
}

/* What stands beside our implementations, under a name like theirs. */
static const char evp_name[] = "openssl-evp";

static size_t count_impls(void)
{
    size_t count = 0;

    while (sha256_compress_impls[count].name)
        count++;
    return count;
}

const char *bench_sha256_kernel(size_t index, unsigned *needs)
{
    size_t count = count_impls();

    *needs = index < count ? sha256_compress_impls[index].needs : 0;
    if (index < count)
        return sha256_compress_impls[index].name;
    return index == count ? evp_name : NULL;
}

static void plan_one(struct bench_plan *plan, const struct bench *b, struct sha256_arg *arg,
                     const char *kernel)
{
    struct rate_work work = {data_open, NULL, data_close, arg, (uint64_t)1 << 32};
    char name[REPORT_NAME_SIZE];

    if (arg->message)
        snprintf(name, sizeof(name), "message of %zu bytes", arg->blocks * BLOCK);
    else
        snprintf(name, sizeof(name), "compress %zu %s", arg->blocks,
                 arg->blocks == 1 ? "block" : "blocks");
    work.run = !arg->compress ? evp_run : arg->message ? message_run : compress_run;
    bench_plan_rate(plan, b, "sha256", name, kernel, &work, 1e6, metrics);
}

bool bench_sha256_run(struct bench *b)
{
    struct bench_plan plan = {0};
    struct sha256_arg *args, *arg;
    bool good;

    arg = args = bench_alloc(2 * SIZES * (count_impls() + 1), sizeof(*args));
    for (size_t message = 0; message < 2; message++) {
        for (size_t s = 0; s < SIZES; s++) {
            for (size_t i = 0; sha256_compress_impls[i].name; i++, arg++) {
                const struct sha256_compress_impl *impl = &sha256_compress_impls[i];

                *arg = (struct sha256_arg){impl->run, message != 0, sizes[s]};
                if (bench_runs(b, impl->needs))
                    plan_one(&plan, b, arg, impl->name);
            }
            *arg = (struct sha256_arg){NULL, true, sizes[s]};
            if (message)
                plan_one(&plan, b, arg++, evp_name);
        }
    }
    good = bench_plan_run(&plan, b, "sha256");
    free(args);
    return good;
}
