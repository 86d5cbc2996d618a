#include "tests/unit/validation/support.h"

#include "consensus/witness_commitment.h"

#include <stdlib.h>

const struct block_name block_names[] = {
    {"mainnet", 170},     {"mainnet", 24835},   {"mainnet", 57043},  {"mainnet", 116928},
    {"mainnet", 150013},  {"mainnet", 210000},  {"mainnet", 300025}, {"mainnet", 367891},
    {"mainnet", 403200},  {"mainnet", 757753},  {"mainnet", 866342}, {"testnet3", 928816},
    {"testnet3", 928828}, {"testnet3", 928848}, {NULL, 0},
};

struct tx_output *load_undo(struct arena *arena, const uint8_t *undo, size_t size, size_t *count)
{
    struct cursor in = cursor_of(undo, size);
    struct tx_output *outputs;

    for (*count = 0; cursor_left(&in); ++*count)
        tx_output_read(&in);
    assert_true(cursor_done(&in));
    outputs = arena_array(arena, *count, sizeof(*outputs));
    assert_non_null(outputs);
    in = cursor_of(undo, size);
    for (size_t i = 0; i < *count; i++)
        outputs[i] = tx_output_read(&in);
    return outputs;
}

void load(struct loaded *out, struct block_name name)
{
    const char *chain = strcmp(name.network, "mainnet") == 0 ? "main" : "test";
    char path[128];
    size_t undo_size;

    *out = (struct loaded){0};
    arena_init(&out->arena, 0);
    snprintf(path, sizeof(path), "blocks/%s-%d.raw", name.network, name.height);
    out->raw = vectors_load(path, &out->raw_size);
    snprintf(path, sizeof(path), "blocks/%s-%d-undo.raw", name.network, name.height);
    out->undo = vectors_load(path, &undo_size);
    assert_int_equal(block_parse(&out->block, &out->arena, bytes_of(out->raw, out->raw_size),
                                 TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    out->spent = load_undo(&out->arena, out->undo, undo_size, &out->spent_count);
    out->context = (struct block_context){
        .place = {params_find(chain), name.height, (int64_t)out->block.header.time - 1},
        .spent = out->spent,
        .spent_count = out->spent_count,
        .bip34_known = true,
    };
}

void unload(struct loaded *b)
{
    arena_free(&b->arena);
    free(b->raw);
    free(b->undo);
}

const struct kernels *chosen_kernels(void)
{
    static struct kernels kernels;
    char error[KERNELS_ERROR_SIZE];

    if (!kernels.sha256_compress && !kernels_choose(&kernels, cpu_features(), NULL, NULL, error))
        fail_msg("kernels: %s", error);
    return &kernels;
}

struct pool *make_pool(size_t workers)
{
    static struct topology t;
    struct pool_options options = {.workers = workers, .unpinned = true};
    char error[POOL_ERROR_SIZE];
    struct pool *pool;

    if (!workers)
        return NULL;
    if (!t.cpu_count && !topology_load(&t, &(struct topology_source){0}, error))
        fail_msg("topology: %s", error);
    pool = pool_create(&t, &options, error);
    if (!pool)
        fail_msg("pool: %s", error);
    return pool;
}

struct validator *make_validator(struct pool *pool, bool direct, size_t cache)
{
    struct validator_options options = {.kernels = chosen_kernels(),
                                        .pool = pool,
                                        .direct = direct,
                                        .signature_cache_bytes = cache};
    char error[VALIDATOR_ERROR_SIZE];
    struct validator *v = validator_create(&options, error);

    if (!v)
        fail_msg("validator: %s", error);
    return v;
}

void put_root_in_order(struct loaded *b)
{
    struct merkle_result root;

    b->block.raw = (struct bytes){0};
    b->block.txids = NULL;
    b->block.wtxids = NULL;
    for (size_t i = 0; i < b->block.transaction_count; i++) {
        b->block.transactions[i].raw = (struct bytes){0};
        b->block.transactions[i].body = (struct bytes){0};
    }
    assert_true(block_compute_ids(chosen_kernels(), &b->block, &b->arena));
    assert_true(block_merkle_root(chosen_kernels(), &root, &b->block, &b->arena));
    b->block.header.merkle_root = root.root;
    b->context.skip_proof_of_work = true;
}

void put_in_order(struct loaded *b)
{
    const struct transaction *coinbase = &b->block.transactions[0];
    struct hash256 root, commitment;
    size_t output;

    put_root_in_order(b);
    if (!witness_commitment_find(&output, coinbase) || coinbase->inputs[0].witness_count != 1)
        return;
    assert_true(block_witness_root(chosen_kernels(), &root, &b->block, &b->arena));
    commitment = witness_commitment_hash(chosen_kernels()->sha256d_64->run, root,
                                         coinbase->inputs[0].witness[0].data);
    witness_commitment_script(own(b, &coinbase->outputs[output].script), commitment);
    put_root_in_order(b);
}

uint8_t *own(struct loaded *b, struct bytes *bytes)
{
    uint8_t *copy = arena_copy(&b->arena, bytes->data, bytes->size);

    assert_non_null(copy);
    bytes->data = copy;
    return copy;
}

struct verdict expect_valid(struct validator *v, struct loaded *b)
{
    struct verdict verdict = validate_block(v, &b->block, &b->context);
    char text[REJECTION_TEXT_SIZE];

    if (verdict.result != VALIDATION_VALID)
        fail_msg("block %d: %s: %s, transaction %zu, input %zu", b->context.place.height,
                 validation_text(verdict.result), rejection_text(text, &verdict.rejection),
                 verdict.rejection.transaction, verdict.rejection.input);
    return verdict;
}

struct verdict expect_invalid(struct validator *v, struct loaded *b, const char *reason)
{
    struct verdict verdict = validate_block(v, &b->block, &b->context);
    char text[REJECTION_TEXT_SIZE];

    if (verdict.result != VALIDATION_INVALID ||
        strcmp(rejection_text(text, &verdict.rejection), reason) != 0)
        fail_msg("block %d: %s: \"%s\", where \"%s\" is right", b->context.place.height,
                 validation_text(verdict.result), rejection_text(text, &verdict.rejection), reason);
    return verdict;
}

void expect_script_error(struct validator *v, struct loaded *b, enum script_error error,
                         size_t transaction, size_t input)
{
    struct verdict verdict = validate_block(v, &b->block, &b->context);
    char text[REJECTION_TEXT_SIZE];

    if (verdict.result != VALIDATION_INVALID || verdict.rejection.reason != REJECT_SCRIPT ||
        verdict.rejection.script != error)
        fail_msg("block %d: %s: \"%s\", where %s of transaction %zu, input %zu, is right",
                 b->context.place.height, validation_text(verdict.result),
                 rejection_text(text, &verdict.rejection), script_error_name(error), transaction,
                 input);
    assert_int_equal(verdict.rejection.transaction, transaction);
    assert_int_equal(verdict.rejection.input, input);
}

/* The generator: the public key of one, and its x. */
#define GENERATOR_X                                                                                \
    0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,      \
        0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8,  \
        0x17, 0x98

void script_check(struct script_builder *b, bool good)
{
    static const uint8_t key[] = {0x02, GENERATOR_X};
    /* Secret and nonce are one, so that s is r and the hash: 1 in its first byte. SIGHASH_SINGLE. */
    uint8_t signs_one[] = {0x30, 0x44, 0x02, 0x20, GENERATOR_X, 0x02, 0x20, GENERATOR_X, 3};
    static const uint8_t signs_nothing[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x01};

    signs_one[38] = 0x7a;
    script_push(b, good ? bytes_of(signs_one, sizeof(signs_one))
                        : bytes_of(signs_nothing, sizeof(signs_nothing)));
    script_push(b, bytes_of(key, sizeof(key)));
    script_op(b, OP_CHECKSIG);
}
