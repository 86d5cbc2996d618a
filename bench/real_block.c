#include "bench/real_block.h"

#include "bench/bench_alloc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PATH_SIZE = 4096 + 2 * REAL_BLOCK_NAME_SIZE,
    UNDO_MAX = 64 << 20, /* more than any block's inputs can spend that fit this program's limits */
};

/* All of a file, for free(). NULL, with the reason in error, where that fails or it has more than max bytes. */
static uint8_t *read_file(const char *path, size_t max, size_t *size,
                          char error[static REAL_BLOCK_ERROR_SIZE])
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;

    if (!file) {
        snprintf(error, REAL_BLOCK_ERROR_SIZE, "%.150s: %s", path, strerror(errno));
        return NULL;
    }
    for (*size = 0; *size <= max && !feof(file) && !ferror(file);) {
        size_t chunk = *size ? *size : 1 << 16;

        data = bench_grow(data, *size + chunk, 1);
        *size += fread(data + *size, 1, chunk, file);
    }
    error[0] = 0;
    if (ferror(file))
        snprintf(error, REAL_BLOCK_ERROR_SIZE, "%.150s can't be read", path);
    else if (*size > max)
        snprintf(error, REAL_BLOCK_ERROR_SIZE, "%.150s has more than %zu bytes", path, max);
    fclose(file);
    if (error[0]) {
        free(data);
        data = NULL;
    }
    return data;
}

/* The network and height that a name begins and ends with. */
static bool read_name(struct block_place *place, const char *name)
{
    const char *dash = strrchr(name, '-');
    char network[REAL_BLOCK_NAME_SIZE], *end;
    long height;

    if (!dash || strlen(name) >= sizeof(network) || dash[1] < '0' || dash[1] > '9')
        return false;
    snprintf(network, sizeof(network), "%.*s", (int)(dash - name), name);
    if (strcmp(network, "mainnet") == 0)
        place->params = params_find("main");
    else
        place->params = params_find(strcmp(network, "testnet3") ? network : "test");
    errno = 0;
    height = strtol(dash + 1, &end, 10);
    place->height = (int32_t)height;
    return place->params && !*end && !errno && height > 0 && height <= INT32_MAX;
}

static bool read_undo(struct real_block *b, size_t size)
{
    struct cursor in = cursor_of(b->undo_file, size);
    struct tx_output *spent;
    size_t count = 0;

    for (; cursor_left(&in); count++)
        tx_output_read(&in);
    spent = arena_array(&b->arena, count, sizeof(*spent));
    if (!cursor_done(&in) || !spent)
        return false;
    in = cursor_of(b->undo_file, size);
    for (size_t i = 0; i < count; i++)
        spent[i] = tx_output_read(&in);
    b->context.spent = spent;
    b->context.spent_count = count;
    for (size_t t = 1; t < b->block.transaction_count; t++) {
        if (count < b->block.transactions[t].input_count)
            return false;
        count -= b->block.transactions[t].input_count;
    }
    return count == 0;
}

const char *real_block_run_scripts(const struct real_block *b, const struct kernels *kernels,
                                   struct script_workspace *workspace, script_decide_fn *decide,
                                   void *context)
{
    const struct tx_output *spent = b->context.spent;

    for (size_t t = 1; t < b->block.transaction_count; t++) {
        const struct transaction *tx = &b->block.transactions[t];
        struct sighash_tx hashes;

        sighash_tx_init(&hashes, kernels->sha256_compress->run, tx, spent, false);
        for (size_t i = 0; i < tx->input_count; i++) {
            const struct script_input input = {&hashes, i, spent[i].script, spent[i].value,
                                               b->flags};
            enum script_error why = script_verify(workspace, &input, decide, context);

            if (why != SCRIPT_ERR_OK)
                return script_error_text(why);
        }
        spent += tx->input_count;
    }
    return NULL;
}

static bool record(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    struct real_block *b = context;

    (void)decision;
    if (b->count % 4096 == 0) {
        b->checks = bench_grow(b->checks, b->count + 4096, sizeof(*b->checks));
        b->good = bench_grow(b->good, b->count + 4096, 1);
    }
    b->checks[b->count] = *check;
    signature_verify_libsecp256k1(&b->good[b->count], check, 1);
    return b->good[b->count++];
}

static bool record_checks(struct real_block *b, const struct kernels *kernels,
                          char error[static REAL_BLOCK_ERROR_SIZE])
{
    struct script_workspace *workspace = bench_alloc(1, script_workspace_size());
    const char *why = real_block_run_scripts(b, kernels, workspace, record, b);

    free(workspace);
    if (why)
        snprintf(error, REAL_BLOCK_ERROR_SIZE, "%s: a script fails: %s", b->name, why);
    return !why;
}

/* Makes sense of both files. */
static bool parse(struct real_block *b, size_t undo_size, const struct kernels *kernels,
                  char error[static REAL_BLOCK_ERROR_SIZE])
{
    enum parse_result result = block_parse(&b->block, &b->arena, b->raw, TRANSACTION_WITH_WITNESS);
    struct block_hash hash;

    if (result != PARSE_OK) {
        snprintf(error, REAL_BLOCK_ERROR_SIZE, "%s is no block: %s", b->name,
                 parse_result_text(result));
        return false;
    }
    if (!read_undo(b, undo_size) || !block_compute_ids(kernels, &b->block, &b->arena)) {
        snprintf(error, REAL_BLOCK_ERROR_SIZE,
                 "%s-undo.raw does not hold one output for each input of the block", b->name);
        return false;
    }
    hash = block_header_hash(kernels->sha256_compress->run, &b->block.header);
    b->flags = block_script_flags(b->context.place.params, hash, b->context.place.height);
    /* Its median time past is in no file. Just below its time, locks by time are as open as can be. */
    b->context.place.median_time_past = (int64_t)b->block.header.time - 1;
    b->context.bip34_known = true;
    return record_checks(b, kernels, error);
}

bool real_block_load(struct real_block *b, const char *folder, const char *name,
                     const struct kernels *kernels, char error[static REAL_BLOCK_ERROR_SIZE])
{
    char path[PATH_SIZE];
    size_t size, undo_size;

    *b = (struct real_block){0};
    arena_init(&b->arena, 0);
    if (!read_name(&b->context.place, name)) {
        snprintf(error, REAL_BLOCK_ERROR_SIZE,
                 "\"%.64s\" is no block: NETWORK-HEIGHT, such as "
                 "mainnet-866342",
                 name);
        return false;
    }
    snprintf(b->name, sizeof(b->name), "%s", name);
    snprintf(path, sizeof(path), "%s/%s.raw", folder, name);
    b->file = read_file(path, MAX_BLOCK_SERIALIZED_SIZE, &size, error);
    snprintf(path, sizeof(path), "%s/%s-undo.raw", folder, name);
    if (b->file)
        b->undo_file = read_file(path, UNDO_MAX, &undo_size, error);
    b->raw = bytes_of(b->file, size);
    if (b->file && b->undo_file && parse(b, undo_size, kernels, error))
        return true;
    real_block_free(b);
    return false;
}

void real_block_free(struct real_block *b)
{
    arena_free(&b->arena);
    free(b->file);
    free(b->undo_file);
    free(b->checks);
    free(b->good);
    *b = (struct real_block){0};
}
