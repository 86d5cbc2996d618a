/*
 * A block with what it spends comes to the same verdict whether its signatures are deferred, verified
 * at once, or remembered from the time before. What is not about scripts is put in order first, so
 * that blocks come as far as those.
 *
 *     1 place, 2 how many outputs, outputs each with 1 byte of its origin; the block
 */
#include "consensus/script.h"
#include "consensus/witness_commitment.h"
#include "tests/fuzz/fuzz.h"
#include "validation/validator.h"

#include <assert.h>

struct fuzzed {
    struct arena arena;
    struct block block;
    struct tx_output *spent;
    struct spent_origin *origins;
    struct block_context context;
};

static void read_place(struct fuzzed *f, struct cursor *in)
{
    static const int32_t heights[] = {1, 227931, 363725, 388381, 419328, 481824, 900000, 1983702};
    uint8_t byte = cursor_u8(in);

    f->context.place.params = params_find(byte & 8 ? "main" : "regtest");
    f->context.place.height = heights[byte & 7];
    f->context.bip34_known = byte & 16;
    f->context.skip_proof_of_work = true;
}

static bool read_spent(struct fuzzed *f, struct cursor *in)
{
    size_t n = cursor_le16(in);

    if (n > cursor_left(in) / 9)
        return false;
    f->spent = arena_array(&f->arena, n, sizeof(*f->spent));
    f->origins = arena_array(&f->arena, n, sizeof(*f->origins));
    if (!f->spent || !f->origins)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte;

        f->spent[i] = tx_output_read(in);
        byte = cursor_u8(in);
        f->origins[i].height = f->context.place.height - (byte & 0x7f);
        f->origins[i].coinbase = (uint8_t)(byte % 3);
        f->origins[i].median_time_past = byte & 4 ? SPENT_UNKNOWN_TIME : byte * INT64_C(1000);
    }
    f->context.spent = f->spent;
    f->context.spent_count = n;
    f->context.origins = f->origins;
    return !in->failed;
}

static bool read_block(struct fuzzed *f, struct cursor *in)
{
    struct bytes raw = cursor_bytes(in, cursor_left(in));

    if (block_parse(&f->block, &f->arena, raw, TRANSACTION_WITH_WITNESS) != PARSE_OK)
        return false;
    f->context.place.median_time_past = (int64_t)f->block.header.time - 1;
    return f->block.transaction_count > 0;
}

/* A version that is always good, and a coinbase of the block's height that takes nothing. */
static bool put_coinbase_in_order(struct fuzzed *f)
{
    struct transaction *coinbase = &f->block.transactions[0];
    struct script_builder b = script_builder_on(arena_alloc(&f->arena, 16), 16);

    if (!b.data)
        return false;
    f->block.header.version = 4;
    script_push_number(&b, f->context.place.height);
    script_op(&b, OP_0);
    for (size_t i = 0; i < coinbase->input_count; i++)
        coinbase->inputs[i].script = bytes_of(b.data, b.size);
    for (size_t i = 0; i < coinbase->output_count; i++)
        coinbase->outputs[i].value.sat = 0;
    coinbase->raw = coinbase->body = (struct bytes){0};
    f->block.raw = (struct bytes){0};
    return true;
}

/* The commitment that the coinbase should have had, where it has one of that form. */
static bool put_commitment_in_order(struct fuzzed *f)
{
    struct transaction *coinbase = &f->block.transactions[0];
    struct hash256 root, commitment;
    uint8_t *script;
    size_t output;

    if (!witness_commitment_find(&output, coinbase) || !coinbase->input_count ||
        coinbase->inputs[0].witness_count != 1 ||
        coinbase->inputs[0].witness[0].size != WITNESS_RESERVED_SIZE)
        return true;
    script = arena_copy(&f->arena, coinbase->outputs[output].script.data,
                        coinbase->outputs[output].script.size);
    if (!script || !block_witness_root(&kernels_generic, &root, &f->block, &f->arena))
        return false;
    commitment = witness_commitment_hash(kernels_generic.sha256d_64->run, root,
                                         coinbase->inputs[0].witness[0].data);
    witness_commitment_script(script, commitment);
    coinbase->outputs[output].script.data = script;
    return block_compute_ids(&kernels_generic, &f->block, &f->arena);
}

static bool put_in_order(struct fuzzed *f)
{
    struct merkle_result root;

    if (!put_coinbase_in_order(f) || !block_compute_ids(&kernels_generic, &f->block, &f->arena) ||
        !put_commitment_in_order(f) ||
        !block_merkle_root(&kernels_generic, &root, &f->block, &f->arena))
        return false;
    f->block.header.merkle_root = root.root;
    return true;
}

static struct validator *make_validator(bool direct, size_t cache)
{
    struct validator_options options = {
        .kernels = &kernels_generic, .direct = direct, .signature_cache_bytes = cache};
    char error[VALIDATOR_ERROR_SIZE];
    struct validator *v = validator_create(&options, error);

    assert(v);
    return v;
}

static void check_same(const struct verdict *a, const struct verdict *b)
{
    FUZZ_CHECK(a->result == b->result && a->unchecked == b->unchecked);
    FUZZ_CHECK(a->rejection.reason == b->rejection.reason);
    FUZZ_CHECK(a->rejection.script == b->rejection.script);
    FUZZ_CHECK(a->rejection.transaction == b->rejection.transaction);
    FUZZ_CHECK(a->rejection.input == b->rejection.input);
    FUZZ_CHECK(a->fees.sat == b->fees.sat && a->sigop_cost == b->sigop_cost);
    FUZZ_CHECK(a->inputs == b->inputs && a->signatures == b->signatures);
}

static void check_block(struct fuzzed *f)
{
    static struct validator *direct, *deferred;
    struct verdict verdict, again;

    if (!direct) {
        direct = make_validator(true, 0);
        deferred = make_validator(false, 1 << 14);
    }
    verdict = validate_block(direct, &f->block, &f->context);
    f->context.keep_signatures = true;
    for (size_t i = 0; i < 3; i++) {
        again = validate_block(deferred, &f->block, &f->context);
        check_same(&verdict, &again);
        f->context.keep_signatures = i == 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_of(data, size);
    struct fuzzed f = {0};

    arena_init(&f.arena, FUZZ_MEMORY);
    read_place(&f, &in);
    if (read_spent(&f, &in) && read_block(&f, &in) && put_in_order(&f))
        check_block(&f);
    arena_free(&f.arena);
    return 0;
}
