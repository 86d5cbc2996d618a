#include "validation/validator.h"

#include "validation/block_memory.h"
#include "validation/validator_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static bool create_workspaces(struct validator *v)
{
    if (!v->pool)
        return true;
    v->worker_count = pool_workers(v->pool);
    v->workers = calloc(v->worker_count, sizeof(struct workspace *));
    for (size_t i = 0; v->workers && i < v->worker_count; i++) {
        v->workers[i] = workspace_create(v, pool_worker_node(v->pool, i));
        if (!v->workers[i])
            return false;
    }
    return v->workers != NULL;
}

static bool create_cache(struct validator *v, size_t bytes, char *error)
{
    uint8_t salt[SIGNATURE_CACHE_SALT_SIZE];

    if (!bytes)
        return true;
    if (getrandom(salt, sizeof(salt), 0) != sizeof(salt)) {
        snprintf(error, VALIDATOR_ERROR_SIZE, "the system has no random bytes for a cache's salt");
        return false;
    }
    v->cache = signature_cache_create(bytes, validator_compress(v), salt);
    if (!v->cache)
        snprintf(error, VALIDATOR_ERROR_SIZE, "no memory for a signature cache of %zu bytes",
                 bytes);
    return v->cache != NULL;
}

static bool create_parts(struct validator *v, const struct validator_options *options, char *error)
{
    char reason[VERIFIER_ERROR_SIZE];

    v->verifier = verifier_create(v->pool, options->verifier, reason);
    if (!v->verifier) {
        snprintf(error, VALIDATOR_ERROR_SIZE, "%.*s", VALIDATOR_ERROR_SIZE - 1, reason);
        return false;
    }
    if (!create_workspaces(v)) {
        snprintf(error, VALIDATOR_ERROR_SIZE, "no memory for the workers' scripts");
        return false;
    }
    return create_cache(v, options->signature_cache_bytes, error);
}

struct validator *validator_create(const struct validator_options *options,
                                   char error[static VALIDATOR_ERROR_SIZE])
{
    struct validator *v = calloc(1, sizeof(*v));

    if (!v) {
        snprintf(error, VALIDATOR_ERROR_SIZE, "no memory");
        return NULL;
    }
    v->kernels = options->kernels;
    v->pool = options->pool;
    v->direct = options->direct;
    pthread_mutex_init(&v->lock, NULL);
    if (!create_parts(v, options, error)) {
        validator_destroy(v);
        return NULL;
    }
    return v;
}

void validator_destroy(struct validator *v)
{
    for (size_t i = 0; v->workers && i < v->worker_count; i++)
        workspace_destroy(v->workers[i]);
    free(v->workers);
    while (v->spare) {
        struct workspace *w = v->spare;

        v->spare = w->next;
        workspace_destroy(w);
    }
    block_memory_free_all(v);
    signature_cache_destroy(v->cache);
    if (v->verifier)
        verifier_destroy(v->verifier);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

const char *validator_verifier_name(const struct validator *v)
{
    return verifier_impl(v->verifier)->name;
}

const char *validation_text(enum validation validation)
{
    switch (validation) {
    case VALIDATION_VALID:
        return "valid";
    case VALIDATION_INVALID:
        return "invalid";
    case VALIDATION_MALFORMED:
        return "malformed";
    case VALIDATION_MISMATCH:
        return "the spent outputs given are not those of the inputs";
    case VALIDATION_NO_MEMORY:
        return "out of memory";
    case VALIDATION_CANCELLED:
        return "cancelled";
    }
    return "";
}

enum validation validate_signatures(struct validator *v, uint8_t *accepted,
                                    const struct signature_check *checks, size_t n)
{
    struct verifier_batch batch = {
        .checks = checks, .accepted = accepted, .count = n, .class = POOL_TRANSACTION};
    bool good = verifier_run(v->verifier, &batch);

    if (batch.cancelled)
        return VALIDATION_CANCELLED;
    return good ? VALIDATION_VALID : VALIDATION_INVALID;
}
