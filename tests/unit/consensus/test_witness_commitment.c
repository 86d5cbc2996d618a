#include "consensus/witness_commitment.h"

#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

#define FORM "6a24aa21a9ed"
#define ZEROS_31 "00000000000000000000000000000000000000000000000000000000000000"
#define ZEROS ZEROS_31 "00"

/* Which of the coinbase's outputs counts: the last that has the form, which may be longer than it must. */
static void test_find(void **state)
{
    static const struct {
        const char *scripts[3];
        int found;
    } cases[] = {
        {{"51", "51", "51"}, -1},
        {{FORM ZEROS, "51", "51"}, 0},
        {{FORM ZEROS, FORM ZEROS, "51"}, 1},
        {{"51", FORM ZEROS, FORM ZEROS "51"}, 2},
        {{FORM ZEROS, "6a24aa21a9ee" ZEROS, "6a23aa21a9ed" ZEROS}, 0},
        {{FORM, "6a", ""}, -1},
        {{FORM ZEROS_31, FORM "00", ""}, -1}, /* a byte too short */
        {{"6b24aa21a9ed" ZEROS, "6a25aa21a9ed" ZEROS, "6a24aa21a8ed" ZEROS}, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tx_output outputs[3];
        struct transaction tx = {.outputs = outputs, .output_count = 3};
        uint8_t *scripts[3];
        size_t found = 99, size;

        for (size_t o = 0; o < 3; o++) {
            scripts[o] = hex_bytes(cases[i].scripts[o], &size);
            outputs[o] = (struct tx_output){{0}, bytes_of(scripts[o], size)};
        }
        assert_int_equal(witness_commitment_find(&found, &tx), cases[i].found >= 0);
        if (cases[i].found >= 0)
            assert_int_equal(found, cases[i].found);
        for (size_t o = 0; o < 3; o++)
            free(scripts[o]);
    }
}

static void test_script(void **state)
{
    struct hash256 root = {{1, 2, 3}}, want;
    uint8_t reserved[WITNESS_RESERVED_SIZE] = {9}, pair[64], script[WITNESS_COMMITMENT_SCRIPT_SIZE];
    struct hash256 commitment = witness_commitment_hash(HASH_64, root, reserved);
    struct tx_output output = {{0}, {script, sizeof(script)}};
    struct transaction tx = {.outputs = &output, .output_count = 1};
    size_t found;

    (void)state;
    memcpy(pair, root.bytes, 32);
    memcpy(pair + 32, reserved, 32);
    want = oracle_sha256d(pair, sizeof(pair));
    assert_true(hash256_equal(commitment, want));
    witness_commitment_script(script, commitment);
    assert_memory_equal(script, "\x6a\x24\xaa\x21\xa9\xed", 6);
    assert_memory_equal(script + 6, want.bytes, 32);
    assert_true(witness_commitment_find(&found, &tx));
}

/* A coinbase and one more transaction, as a miner puts them together. */
struct fixture {
    struct arena arena;
    struct block block;
    struct transaction transactions[2];
    struct tx_input inputs[2];
    struct tx_output outputs[2];
    struct bytes coinbase_stack[2], stack;
    uint8_t reserved[WITNESS_RESERVED_SIZE + 1], script[WITNESS_COMMITMENT_SCRIPT_SIZE];
};

static void fixture_init(struct fixture *f)
{
    struct hash256 root;

    *f = (struct fixture){0};
    arena_init(&f->arena, 0);
    f->block.transactions = f->transactions;
    f->block.transaction_count = 2;
    for (size_t i = 0; i < 2; i++) {
        f->transactions[i].inputs = &f->inputs[i];
        f->transactions[i].outputs = &f->outputs[i];
        f->transactions[i].input_count = f->transactions[i].output_count = 1;
    }
    f->inputs[0].previous.index = OUTPOINT_NULL_INDEX;
    f->coinbase_stack[0] = f->coinbase_stack[1] = bytes_of(f->reserved, WITNESS_RESERVED_SIZE);
    f->inputs[0].witness = f->coinbase_stack;
    f->inputs[0].witness_count = 1;
    f->stack = bytes_of("witness", 7);
    f->inputs[1].witness = &f->stack;
    f->inputs[1].witness_count = 1;
    assert_true(block_compute_ids(&kernels_generic, &f->block, &f->arena));
    assert_true(block_witness_root(&kernels_generic, &root, &f->block, &f->arena));
    witness_commitment_script(f->script, witness_commitment_hash(HASH_64, root, f->reserved));
    f->outputs[0].script = bytes_of(f->script, sizeof(f->script));
}

static enum reject check(struct fixture *f, bool active)
{
    assert_true(block_compute_ids(&kernels_generic, &f->block, &f->arena));
    return witness_commitment_check(&kernels_generic, &f->block, &f->arena, active).reason;
}

/* The transaction that is to blame. */
static size_t check_where(struct fixture *f, bool active)
{
    return witness_commitment_check(&kernels_generic, &f->block, &f->arena, active).transaction;
}

static void test_check(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_int_equal(check(&f, true), REJECT_NONE);
    /* Before segwit a commitment is an output like any other, and witnesses may not be. */
    assert_int_equal(check(&f, false), REJECT_UNEXPECTED_WITNESS);

    f.inputs[0].witness_count = 2;
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    f.inputs[0].witness_count = 0;
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    f.inputs[0].witness_count = 1;
    f.coinbase_stack[0].size = 31;
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    f.coinbase_stack[0].size = 33;
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    f.coinbase_stack[0].size = 32;
    f.reserved[5] ^= 1;
    assert_int_equal(check(&f, true), REJECT_WITNESS_MERKLE_MATCH);
    f.reserved[5] ^= 1;
    f.stack.size--;
    assert_int_equal(check(&f, true), REJECT_WITNESS_MERKLE_MATCH);
    f.stack.size++;
    assert_int_equal(check(&f, true), REJECT_NONE);
    arena_free(&f.arena);
}

static void test_check_without_commitment(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.outputs[0].script.size = 0;
    assert_int_equal(check(&f, true), REJECT_UNEXPECTED_WITNESS);
    assert_int_equal(check_where(&f, true), 0);
    f.inputs[0].witness_count = 0;
    assert_int_equal(check(&f, true), REJECT_UNEXPECTED_WITNESS);
    assert_int_equal(check_where(&f, true), 1);
    f.inputs[1].witness_count = 0;
    assert_int_equal(check(&f, true), REJECT_NONE);
    assert_int_equal(check(&f, false), REJECT_NONE);
    /* A commitment without any witness still needs the reserved value. */
    f.outputs[0].script.size = sizeof(f.script);
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    /* And what has no inputs has no reserved value. */
    f.transactions[0].input_count = 0;
    assert_int_equal(check(&f, true), REJECT_WITNESS_NONCE_SIZE);
    f.block.transaction_count = 0;
    assert_int_equal(check(&f, true), REJECT_NONE);
    arena_free(&f.arena);
}

/* An arena without room is our trouble, not the block's. */
static void test_no_memory(void **state)
{
    struct fixture f;
    struct arena full;
    struct merkle_result root;
    struct hash256 witness_root;

    (void)state;
    fixture_init(&f);
    arena_init(&full, 1);
    assert_int_equal(witness_commitment_check(&kernels_generic, &f.block, &full, true).reason,
                     REJECT_NO_MEMORY);
    assert_false(block_merkle_root(&kernels_generic, &root, &f.block, &full));
    assert_false(block_witness_root(&kernels_generic, &witness_root, &f.block, &full));
    assert_false(block_compute_ids(&kernels_generic, &f.block, &full));
    arena_free(&full);
    arena_free(&f.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),      cmocka_unit_test(test_script),
        cmocka_unit_test(test_check),     cmocka_unit_test(test_check_without_commitment),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
