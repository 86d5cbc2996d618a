#include "mining/stratum_job.h"

#include "base/hex.h"

#include <stdio.h>
#include <stdlib.h>

/* Where mining.notify has what. */
enum {
    AT_ID,
    AT_PREVIOUS,
    AT_COINB1,
    AT_COINB2,
    AT_BRANCH,
    AT_VERSION,
    AT_BITS,
    AT_TIME,
    AT_CLEAN,
    PARAMS,
};

bool stratum_extranonce_equal(const struct stratum_extranonce *a,
                              const struct stratum_extranonce *b)
{
    return a->second_size == b->second_size && a->first_size == b->first_size &&
           memcmp(a->first, b->first, a->first_size) == 0;
}

bool stratum_extranonce_parse(struct stratum_extranonce *out, const json_t *first,
                              const json_t *second_size)
{
    size_t digits = json_string_length(first);
    json_int_t size = json_integer_value(second_size);
    struct stratum_extranonce e = {.first_size = digits / 2, .second_size = (size_t)size};

    if (!json_is_string(first) || !json_is_integer(second_size) || size < 1 ||
        size > STRATUM_EXTRANONCE_MAX || digits > 2 * STRATUM_EXTRANONCE_MAX ||
        !hex_decode(e.first, digits / 2, json_string_value(first), digits))
        return false;
    *out = e;
    return true;
}

/* A number of 32 bits as 8 hex digits, the most significant first. */
static bool read_u32(uint32_t *out, const json_t *json)
{
    uint8_t bytes[4];

    if (!json_is_string(json) ||
        !hex_decode(bytes, sizeof(bytes), json_string_value(json), json_string_length(json)))
        return false;
    *out = read_be32(bytes);
    return true;
}

/* The previous block's hash comes in 8 words, each with its bytes reversed. */
static bool read_previous(uint8_t out[static 32], const json_t *json)
{
    uint8_t swapped[32];

    if (!json_is_string(json) ||
        !hex_decode(swapped, sizeof(swapped), json_string_value(json), json_string_length(json)))
        return false;
    for (size_t i = 0; i < sizeof(swapped); i += 4)
        write_le32(out + i, read_be32(swapped + i));
    return true;
}

static bool read_branch(struct stratum_job *job, const json_t *list)
{
    job->branch_count = json_array_size(list);
    if (!json_is_array(list) || job->branch_count > STRATUM_BRANCH_MAX)
        return false;
    for (size_t i = 0; i < job->branch_count; i++) {
        const json_t *hash = json_array_get(list, i);

        if (!json_is_string(hash) ||
            !hex_decode(job->branch[i], 32, json_string_value(hash), json_string_length(hash)))
            return false;
    }
    return true;
}

static bool read_id(struct stratum_job *job, const json_t *json)
{
    size_t size = json_string_length(json);

    /* jansson refuses a zero inside a string. */
    if (!json_is_string(json) || size >= sizeof(job->id))
        return false;
    memcpy(job->id, json_string_value(json), size);
    return true;
}

/* BIP34: the coinbase's script begins with the height, as a script pushes numbers. */
static int32_t read_height(const uint8_t *coinbase, size_t size)
{
    /* Version, one input, its null outpoint, the script's length. */
    const size_t script = 4 + 1 + 36 + 1;
    int32_t height = 0;

    if (size <= script || coinbase[4] != 1)
        return 0;
    if (coinbase[script] > 0x50 && coinbase[script] <= 0x60)
        return coinbase[script] - 0x50;
    if (coinbase[script] < 1 || coinbase[script] > 4 || size < script + 1 + coinbase[script])
        return 0;
    for (size_t i = coinbase[script]; i > 0; i--)
        height = (int32_t)((uint32_t)height << 8 | coinbase[script + i]);
    return height > 0 ? height : 0;
}

static bool read_coinbase(struct stratum_job *job, const json_t *coinb1, const json_t *coinb2)
{
    size_t size = json_string_length(coinb1) / 2;
    uint8_t *head = malloc(size + 1);
    bool good = head &&
                hex_decode(head, size, json_string_value(coinb1), json_string_length(coinb1)) &&
                hex_decode(job->tail, job->tail_size, json_string_value(coinb2),
                           json_string_length(coinb2));

    if (good) {
        job->height = read_height(head, size);
        sha256_init(&job->before, job->compress);
        sha256_update(&job->before, head, size);
        sha256_update(&job->before, job->extranonce.first, job->extranonce.first_size);
    }
    free(head);
    return good;
}

static void make_targets(struct stratum_job *job)
{
    struct compact_flags flags;

    job->target = uint256_from_difficulty(job->difficulty);
    job->network_target = uint256_from_compact(job->bits, &flags);
    if (flags.negative || flags.overflow)
        job->network_target = uint256_from_u64(0);
}

static const char *fill(struct stratum_job *job, const json_t *params, bool *clean)
{
    uint8_t *h = job->header;

    if (!read_id(job, json_array_get(params, AT_ID)))
        return "its job has no name of 0 to 128 characters";
    if (!read_previous(h + 4, json_array_get(params, AT_PREVIOUS)))
        return "the previous block's hash is none";
    if (!read_coinbase(job, json_array_get(params, AT_COINB1), json_array_get(params, AT_COINB2)))
        return "the coinbase's halves are no hex digits";
    if (!read_branch(job, json_array_get(params, AT_BRANCH)))
        return "the Merkle branch is no list of at most 32 hashes";
    if (!read_u32(&job->version, json_array_get(params, AT_VERSION)) ||
        !read_u32(&job->bits, json_array_get(params, AT_BITS)) ||
        !read_u32(&job->time, json_array_get(params, AT_TIME)))
        return "version, bits or time are not 8 hex digits";
    if (!json_is_boolean(json_array_get(params, AT_CLEAN)))
        return "it does not say whether earlier jobs are void";
    *clean = json_is_true(json_array_get(params, AT_CLEAN));
    write_le32(h, job->version);
    write_le32(h + 68, job->time);
    write_le32(h + 72, job->bits);
    make_targets(job);
    return NULL;
}

struct stratum_job *stratum_job_parse(const struct kernels *kernels, const json_t *params,
                                      const struct stratum_extranonce *extranonce,
                                      double difficulty, uint64_t now_ns, bool *clean,
                                      char error[static STRATUM_JOB_ERROR_SIZE])
{
    const json_t *coinb1 = json_array_get(params, AT_COINB1);
    const json_t *coinb2 = json_array_get(params, AT_COINB2);
    struct stratum_job *job = NULL;
    const char *why;

    if (!json_is_array(params) || json_array_size(params) < PARAMS)
        why = "it has too few parameters";
    else if (!json_is_string(coinb1) || !json_is_string(coinb2) ||
             json_string_length(coinb1) + json_string_length(coinb2) > 2 * STRATUM_COINBASE_MAX)
        why = "the coinbase's halves are no strings of at most 200000 bytes";
    else if (!(job = calloc(1, sizeof(*job) + json_string_length(coinb2) / 2)))
        why = "out of memory";
    else {
        atomic_init(&job->references, 1);
        job->extranonce = *extranonce;
        job->difficulty = difficulty;
        job->received_ns = now_ns;
        job->compress = kernels->sha256_compress->run;
        job->tail_size = json_string_length(coinb2) / 2;
        why = fill(job, params, clean);
    }
    if (!why)
        return job;
    snprintf(error, STRATUM_JOB_ERROR_SIZE, "%s", why);
    free(job);
    return NULL;
}

struct stratum_job *stratum_job_ref(struct stratum_job *job)
{
    /* Relaxed: the caller has a reference already. */
    atomic_fetch_add_explicit(&job->references, 1, memory_order_relaxed);
    return job;
}

void stratum_job_unref(struct stratum_job *job)
{
    if (job && atomic_fetch_sub(&job->references, 1) == 1)
        free(job);
}

void stratum_job_extranonce2(const struct stratum_job *job, uint64_t extranonce,
                             uint8_t out[static STRATUM_EXTRANONCE_MAX])
{
    memset(out, 0, STRATUM_EXTRANONCE_MAX);
    for (size_t i = 0; i < job->extranonce.second_size && i < 8; i++)
        out[i] = (uint8_t)(extranonce >> 8 * i);
}

uint64_t stratum_job_last_extranonce(const struct stratum_job *job)
{
    size_t size = job->extranonce.second_size;

    return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

void stratum_job_header(void *arg, uint64_t extranonce, uint8_t header[static 80])
{
    const struct stratum_job *job = arg;
    struct sha256 s = job->before;
    uint8_t second[STRATUM_EXTRANONCE_MAX], pair[64];

    stratum_job_extranonce2(job, extranonce, second);
    sha256_update(&s, second, job->extranonce.second_size);
    sha256_update(&s, job->tail, job->tail_size);
    sha256d_final(&s, pair);
    for (size_t i = 0; i < job->branch_count; i++) {
        memcpy(pair + 32, job->branch[i], 32);
        sha256d(job->compress, pair, pair, sizeof(pair));
    }
    memcpy(header + 36, pair, 32);
}

uint32_t stratum_job_version_mask(const struct stratum_job *job, uint32_t mask)
{
    return mask & ~job->version;
}
