/*
 * The context of include/exs/exs.h, and the texts of its answers. The calls
 * that verify are in exs_verify.c.
 */
#include "validation/libexs/exs_impl.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

const char *exs_version(void) { return EXS_VERSION; }

/* ---------------------------------------------------------------- context */

/* struct topology is large for the stack of a thread that is not ours. */
static bool load_topology(struct topology **out, char *error)
{
    struct topology_source this_machine = {0};
    struct topology *topology = malloc(sizeof(*topology));

    *out = topology;
    if (!topology) {
        snprintf(error, EXS_ERROR_SIZE, "out of memory");
        return false;
    }
    return topology_load(topology, &this_machine, error);
}

static bool start_pool(struct exs_context *exs, const struct exs_options *options, char *error)
{
    struct pool_options pool = {.workers = options->threads, .unpinned = options->unpinned != 0};
    struct topology *topology = NULL;
    bool good = load_topology(&topology, error);

    if (good) {
        exs->threads = options->threads ? options->threads : (uint32_t)topology->workers;
        if (exs->threads > 1)
            exs->pool = pool_create(topology, &pool, error);
        good = exs->threads == 1 || exs->pool;
    }
    free(topology);
    return good;
}

static bool start(struct exs_context *exs, const struct exs_options *options, char *error)
{
    struct validator_options validator = {
        .verifier = options->verifier,
        .signature_cache_bytes = options->signature_cache_bytes,
        .direct = options->direct != 0,
    };

    if (options->threads > POOL_MAX_WORKERS) {
        snprintf(error, EXS_ERROR_SIZE, "%u threads: at most %d", options->threads,
                 POOL_MAX_WORKERS);
        return false;
    }
    if (!kernels_choose(&exs->kernels, cpu_features(), NULL, clock_monotonic_ns, error) ||
        !start_pool(exs, options, error))
        return false;
    validator.kernels = &exs->kernels;
    validator.pool = exs->pool;
    exs->validator = validator_create(&validator, error);
    return exs->validator != NULL;
}

struct exs_context *exs_context_create(const struct exs_options *options,
                                       char error[EXS_ERROR_SIZE])
{
    static const struct exs_options defaults = {.size = sizeof(struct exs_options)};
    struct exs_context *exs;

    options = options ? options : &defaults;
    if (options->size != sizeof(*options)) {
        snprintf(error, EXS_ERROR_SIZE, "exs_options.size is %zu; this library (%s) knows %zu",
                 options->size, EXS_VERSION, sizeof(*options));
        return NULL;
    }
    exs = calloc(1, sizeof(*exs));
    if (!exs) {
        snprintf(error, EXS_ERROR_SIZE, "out of memory");
        return NULL;
    }
    if (!start(exs, options, error)) {
        exs_context_destroy(exs);
        return NULL;
    }
    return exs;
}

void exs_context_destroy(struct exs_context *exs)
{
    if (!exs)
        return;
    if (exs->validator)
        validator_destroy(exs->validator);
    if (exs->pool)
        pool_destroy(exs->pool, POOL_DRAIN);
    free(exs);
}

uint32_t exs_context_threads(const struct exs_context *exs) { return exs->threads; }

const char *exs_context_verifier(const struct exs_context *exs)
{
    return validator_verifier_name(exs->validator);
}

/* ---------------------------------------------------------------- texts */

const char *exs_result_text(enum exs_result result)
{
    switch (result) {
    case EXS_VALID:
        return "valid";
    case EXS_INVALID:
        return "invalid";
    case EXS_ERROR_MALFORMED:
        return "the bytes are not what they should be the serialization of";
    case EXS_ERROR_ARGUMENT:
        return "an argument is NULL, out of its range, or unknown";
    case EXS_ERROR_SPENT:
        return "there are not as many spent outputs as inputs, or the block itself makes one "
               "otherwise";
    case EXS_ERROR_INPUT:
        return "the transaction has no input of that index";
    case EXS_ERROR_MEMORY:
        return "out of memory";
    }
    return "unknown result";
}

const char *exs_reject_text(enum exs_reject reject)
{
    return (unsigned)reject < REJECTS ? reject_text((enum reject)reject) : "unknown reject reason";
}

const char *exs_script_error_name(int32_t script_error)
{
    return (uint32_t)script_error < SCRIPT_ERRORS
               ? script_error_name((enum script_error)script_error)
               : "UNKNOWN_ERROR";
}

const char *exs_script_error_text(int32_t script_error)
{
    return (uint32_t)script_error < SCRIPT_ERRORS
               ? script_error_text((enum script_error)script_error)
               : script_error_text(SCRIPT_ERR_UNKNOWN_ERROR);
}

/* Appends to what out holds; cut where it is full. */
static void append_index(char out[static EXS_VERDICT_TEXT_SIZE], const char *before, uint64_t index)
{
    size_t used = strlen(out);

    if (index != EXS_NO_INDEX)
        snprintf(out + used, EXS_VERDICT_TEXT_SIZE - used, "%s%llu", before,
                 (unsigned long long)index);
}

char *exs_verdict_text(char out[EXS_VERDICT_TEXT_SIZE], const struct exs_verdict *verdict)
{
    if (verdict->result != EXS_INVALID) {
        snprintf(out, EXS_VERDICT_TEXT_SIZE, "%s", exs_result_text(verdict->result));
        return out;
    }
    if (verdict->reject == EXS_REJECT_VERSION)
        snprintf(out, EXS_VERDICT_TEXT_SIZE, "%s(0x%08x)", exs_reject_text(verdict->reject),
                 (unsigned)verdict->version);
    else if (verdict->reject == EXS_REJECT_SCRIPT)
        snprintf(out, EXS_VERDICT_TEXT_SIZE, "%s (%s)", exs_reject_text(verdict->reject),
                 exs_script_error_text(verdict->script_error));
    else
        snprintf(out, EXS_VERDICT_TEXT_SIZE, "%s", exs_reject_text(verdict->reject));
    append_index(out, " in input ", verdict->input);
    append_index(out, verdict->input != EXS_NO_INDEX ? " of transaction " : " in transaction ",
                 verdict->transaction);
    return out;
}
