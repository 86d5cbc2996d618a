/* Rules for blocks by themselves and where they stand, at both sides of every limit; real blocks, and changed ones. */
#include "consensus/script.h"
#include "consensus/witness_commitment.h"
#include "tests/unit/consensus/block_builder.h"

#include <stdlib.h>
#include <string.h>

enum { HEIGHT = 800000, MTP = 1599990000 };

#define COIN SATOSHIS_PER_COIN

static void assert_rejection(const char *what, struct rejection got, enum reject want,
                             size_t transaction)
{
    if (got.reason != want)
        fail_msg("%s: \"%s\" instead of \"%s\"", what, reject_text(got.reason), reject_text(want));
    if (got.transaction != transaction)
        fail_msg("%s: transaction %zu instead of %zu", what, got.transaction, transaction);
    assert_true(got.input == REJECT_NO_INDEX);
}

/* ---- block_check ---- */

/* Two transactions beside the coinbase. */
static void begin(struct builder *b)
{
    builder_init(b, HEIGHT);
    builder_add(b, 1, 1);
    builder_add(b, 2, 2);
}

static void no_change(struct builder *b) { (void)b; }

static void only_coinbase(struct builder *b) { b->block.transaction_count = 1; }

static void empty(struct builder *b) { b->block.transaction_count = 0; }

static void no_coinbase(struct builder *b)
{
    b->transactions[0].inputs[0].previous.txid.bytes[0] = 1;
}

/* Two inputs, the first of which spends nothing. */
static void coinbase_of_two(struct builder *b)
{
    b->transactions[2].inputs[0] = b->transactions[0].inputs[0];
    b->transactions[0].inputs = b->transactions[2].inputs;
    b->transactions[0].input_count = 2;
    b->block.transaction_count = 2;
}

static void third_is_coinbase(struct builder *b)
{
    b->transactions[2] = b->transactions[0];
    b->transactions[2].lock_time = 1;
}

static void second_is_coinbase(struct builder *b)
{
    third_is_coinbase(b);
    b->transactions[1] = b->transactions[0];
    b->transactions[1].lock_time = 2; /* so that no two are alike */
}

/* Neither is where it should be: Core looks for the missing one first. */
static void coinbase_last(struct builder *b)
{
    struct transaction coinbase = b->transactions[0];

    b->transactions[0] = b->transactions[2];
    b->transactions[2] = coinbase;
}

static void last_without_outputs(struct builder *b) { b->transactions[2].output_count = 0; }

static void last_without_inputs(struct builder *b) { b->transactions[2].input_count = 0; }

static void last_with_duplicates(struct builder *b)
{
    b->transactions[2].inputs[1].previous = b->transactions[2].inputs[0].previous;
}

static void negative_output(struct builder *b) { b->transactions[1].outputs[0].value.sat = -1; }

static void long_coinbase_script(struct builder *b)
{
    b->transactions[0].inputs[0].script = builder_zeros(b, COINBASE_SCRIPT_MAX + 1);
}

static void first_fault_counts(struct builder *b)
{
    last_without_inputs(b);
    negative_output(b);
}

/* Two transactions spend the same: that is for what knows of outputs to see. */
static void double_spend(struct builder *b)
{
    b->transactions[2].inputs[0].previous = b->transactions[1].inputs[0].previous;
}

/* As many bytes without witnesses, in scripts of two transactions that hold no sigops. */
static void resize(struct builder *b, size_t size)
{
    struct bytes *first = &b->transactions[1].outputs[0].script;
    struct bytes *second = &b->transactions[2].outputs[0].script;

    *first = *second = builder_zeros(b, size / 2);
    second->size -= block_size(&b->block, TRANSACTION_WITHOUT_WITNESS) - size;
    assert_int_equal(block_size(&b->block, TRANSACTION_WITHOUT_WITNESS), size);
}

static void longest(struct builder *b) { resize(b, 1000000); }

static void too_long(struct builder *b) { resize(b, 1000001); }

/* The length is looked at before what is in it. */
static void too_long_without_coinbase(struct builder *b)
{
    too_long(b);
    no_coinbase(b);
}

/* Witnesses do not count here. */
static void longest_with_witness(struct builder *b)
{
    struct bytes *item = arena_array(&b->arena, 1, sizeof(*item));

    longest(b);
    assert_non_null(item);
    *item = builder_zeros(b, 3500000);
    b->transactions[1].inputs[0].witness = item;
    b->transactions[1].inputs[0].witness_count = 1;
}

/* n signature operations, some in a scriptSig, some in outputs; MULTISIG counts as 20 here. */
static void set_sigops(struct builder *b, size_t n)
{
    uint8_t *ops = arena_alloc(&b->arena, n);
    struct script_builder multisig = script_builder_on(arena_alloc(&b->arena, 2), 2);

    assert_non_null(ops);
    memset(ops, OP_CHECKSIG, n);
    script_op(&multisig, OP_1);
    script_op(&multisig, OP_CHECKMULTISIG);
    b->transactions[2].outputs[1].script = bytes_of(multisig.data, multisig.size);
    b->transactions[0].outputs[0].script = bytes_of(ops, 100);
    b->transactions[1].inputs[0].script = bytes_of(ops, 500);
    b->transactions[2].outputs[0].script = bytes_of(ops, n - 620);
}

static void most_sigops(struct builder *b) { set_sigops(b, 20000); }

static void too_many_sigops(struct builder *b) { set_sigops(b, 20001); }

static void sigops_and_duplicates(struct builder *b)
{
    too_many_sigops(b);
    last_with_duplicates(b);
}

#define NONE REJECT_NO_INDEX
#define CASE(change, want, transaction)                                                            \
    {                                                                                              \
#change, change, want, transaction                                                         \
    }

static const struct {
    const char *what;
    void (*change)(struct builder *b);
    enum reject want;
    size_t transaction;
} checks[] = {
    CASE(no_change, REJECT_NONE, NONE),
    CASE(only_coinbase, REJECT_NONE, NONE),
    CASE(empty, REJECT_BLK_LENGTH, NONE),
    CASE(longest, REJECT_NONE, NONE),
    CASE(longest_with_witness, REJECT_NONE, NONE),
    CASE(too_long, REJECT_BLK_LENGTH, NONE),
    CASE(too_long_without_coinbase, REJECT_BLK_LENGTH, NONE),
    CASE(no_coinbase, REJECT_CB_MISSING, 0),
    CASE(coinbase_of_two, REJECT_CB_MISSING, 0),
    CASE(coinbase_last, REJECT_CB_MISSING, 0),
    CASE(third_is_coinbase, REJECT_CB_MULTIPLE, 2),
    CASE(second_is_coinbase, REJECT_CB_MULTIPLE, 1),
    CASE(last_without_outputs, REJECT_TXNS_VOUT_EMPTY, 2),
    CASE(last_without_inputs, REJECT_TXNS_VIN_EMPTY, 2),
    CASE(last_with_duplicates, REJECT_TXNS_INPUTS_DUPLICATE, 2),
    CASE(negative_output, REJECT_TXNS_VOUT_NEGATIVE, 1),
    CASE(first_fault_counts, REJECT_TXNS_VOUT_NEGATIVE, 1),
    CASE(long_coinbase_script, REJECT_CB_LENGTH, 0),
    CASE(double_spend, REJECT_NONE, NONE),
    CASE(most_sigops, REJECT_NONE, NONE),
    CASE(too_many_sigops, REJECT_BLK_SIGOPS, NONE),
    CASE(sigops_and_duplicates, REJECT_TXNS_INPUTS_DUPLICATE, 2),
};

static void test_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct builder b;

        begin(&b);
        checks[i].change(&b);
        builder_finish(&b);
        assert_rejection(checks[i].what, block_check(fast_kernels(), &b.block, &b.arena),
                         checks[i].want, checks[i].transaction);
        /* A wrong root is seen before anything else. */
        b.block.header.merkle_root.bytes[31] ^= 1;
        assert_rejection(checks[i].what, block_check(fast_kernels(), &b.block, &b.arena),
                         REJECT_TXNMRKLROOT, NONE);
        builder_free(&b);
    }
}

/* CVE-2012-2459: a list of which the end is repeated, whatever else is wrong with it. */
static void check_doubled(void (*change)(struct builder *b), enum reject otherwise)
{
    struct builder b;
    struct hash256 root;

    begin(&b);
    change(&b);
    builder_finish(&b);
    root = b.block.header.merkle_root;
    b.transactions[3] = b.transactions[2];
    b.block.transaction_count = 4;
    builder_finish(&b);
    assert_true(hash256_equal(root, b.block.header.merkle_root));
    assert_rejection("doubled", block_check(fast_kernels(), &b.block, &b.arena),
                     REJECT_TXNS_DUPLICATE, NONE);
    /* The same twice, but not as a pair: the list is not another one's in disguise. */
    b.transactions[2] = b.transactions[1];
    b.transactions[1] = b.transactions[3];
    builder_finish(&b);
    assert_rejection("twice", block_check(fast_kernels(), &b.block, &b.arena), otherwise, NONE);
    builder_free(&b);
}

static void test_doubled(void **state)
{
    (void)state;
    check_doubled(no_change, REJECT_NONE);
    check_doubled(too_long, REJECT_BLK_LENGTH);
    check_doubled(too_many_sigops, REJECT_BLK_SIGOPS);
}

/* ---- block_check_contextual ---- */

static struct rejection check_at(struct builder *b, const struct params *params, int32_t height)
{
    struct block_place place = {params, height, MTP};

    builder_finish(b);
    return block_check_contextual(fast_kernels(), &place, &b->block, &b->arena);
}

/* BIP113: which time a lock time is compared with. The block's is 10 000 seconds after the median. */
static void test_finality(void **state)
{
    static const struct {
        int32_t height;
        uint32_t lock_time;
        enum reject want;
    } rows[] = {
        {419327, 1599999999, REJECT_NONE},
        {419327, 1600000000, REJECT_TXNS_NONFINAL},
        {419328, MTP - 1, REJECT_NONE},
        {419328, MTP, REJECT_TXNS_NONFINAL},
        {419328, 1599999999, REJECT_TXNS_NONFINAL},
        {419328, 419327, REJECT_NONE},
        {419328, 419328, REJECT_TXNS_NONFINAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t transaction = 0; transaction < 3; transaction += 2) { /* coinbases too */
            struct builder b;

            begin(&b);
            b.transactions[0].inputs[0].script = bytes_of("\x03\x00\x66\x06", 4);
            if (rows[i].height == 419327)
                b.transactions[0].inputs[0].script = bytes_of("\x03\xff\x65\x06", 4);
            b.transactions[transaction].inputs[0].sequence = 0;
            b.transactions[transaction].lock_time = rows[i].lock_time;
            assert_rejection("lock time", check_at(&b, params_find("main"), rows[i].height),
                             rows[i].want, rows[i].want == REJECT_NONE ? NONE : transaction);
            builder_free(&b);
        }
    }
}

#define SCRIPT(text) text, sizeof(text) - 1

/* What a coinbase's script begins with (BIP34). */
static const struct {
    int32_t height;
    const char *script;
    size_t size;
    bool want;
} pushes[] = {
    {0, SCRIPT("\x00\x00"), true},
    {0, SCRIPT("\x01\x00"), false},
    {1, SCRIPT("\x51\x00"), true},
    {1, SCRIPT("\x01\x01"), false},
    {16, SCRIPT("\x60\x00"), true},
    {16, SCRIPT("\x01\x10"), false},
    {17, SCRIPT("\x01\x11"), true},
    {17, SCRIPT("\x61\x00"), false},
    {127, SCRIPT("\x01\x7f"), true},
    {127, SCRIPT("\x02\x7f\x00"), false},
    {128, SCRIPT("\x02\x80\x00"), true},
    {128, SCRIPT("\x01\x80"), false},
    {255, SCRIPT("\x02\xff\x00"), true},
    {256, SCRIPT("\x02\x00\x01"), true},
    {32767, SCRIPT("\x02\xff\x7f"), true},
    {32767, SCRIPT("\x02\xff\x7e"), false},
    {32768, SCRIPT("\x03\x00\x80\x00"), true},
    {32768, SCRIPT("\x03\x00\x80"), false},
    {32768, SCRIPT("\x02\x00\x80"), false},
    {8388607, SCRIPT("\x03\xff\xff\x7f"), true},
    {8388608, SCRIPT("\x04\x00\x00\x80\x00"), true},
    {INT32_MAX, SCRIPT("\x04\xff\xff\xff\x7f"), true},
    /* By other opcodes the same number is another script. */
    {227931, SCRIPT("\x03\x5b\x7a\x03"), true},
    {227931, SCRIPT("\x03\x5b\x7a\x03 and more"), true},
    {227931, SCRIPT("\x03\x5c\x7a\x03"), false},
    {227931, SCRIPT("\x04\x5b\x7a\x03\x00"), false},
    {227931, SCRIPT("\x4c\x03\x5b\x7a\x03"), false},
    {227931, SCRIPT("\x00\x03\x5b\x7a\x03"), false},
};

static void test_height(void **state)
{
    struct params params = *params_find("main");

    (void)state;
    for (size_t i = 0; i < sizeof(pushes) / sizeof(pushes[0]); i++) {
        struct builder b;

        begin(&b);
        b.transactions[0].inputs[0].script = bytes_of(pushes[i].script, pushes[i].size);
        params.bip34_height = pushes[i].height;
        if (check_at(&b, &params, pushes[i].height).reason !=
            (pushes[i].want ? REJECT_NONE : REJECT_CB_HEIGHT))
            fail_msg("row %zu", i);
        /* One block before, nothing is asked for. */
        if (pushes[i].height < INT32_MAX) {
            params.bip34_height = pushes[i].height + 1;
            assert_rejection("before", check_at(&b, &params, pushes[i].height), REJECT_NONE, NONE);
        }
        builder_free(&b);
    }
}

static const struct bytes *one_item(struct builder *b, size_t size)
{
    struct bytes *item = arena_array(&b->arena, 1, sizeof(*item));

    assert_non_null(item);
    *item = builder_zeros(b, size);
    return item;
}

static void give_witness(struct builder *b, size_t transaction, size_t size)
{
    b->transactions[transaction].inputs[0].witness = one_item(b, size);
    b->transactions[transaction].inputs[0].witness_count = 1;
}

static void committed(struct builder *b)
{
    give_witness(b, 2, 10);
    builder_commit(b);
}

static void not_committed(struct builder *b) { give_witness(b, 2, 10); }

static void changed_witness(struct builder *b)
{
    committed(b);
    give_witness(b, 2, 11);
}

static void reserved_too_long(struct builder *b)
{
    committed(b);
    give_witness(b, 0, 33);
}

static void reserved_missing(struct builder *b)
{
    committed(b);
    b->transactions[0].inputs[0].witness_count = 0;
}

/* The last output that looks like a commitment is the one. */
static void second_commitment(struct builder *b)
{
    struct transaction *coinbase = &b->transactions[0];

    committed(b);
    coinbase->outputs[2] = coinbase->outputs[1];
    coinbase->outputs[1].script = builder_zeros(b, 38);
    coinbase->output_count = 3;
}

static void wrong_second_commitment(struct builder *b)
{
    struct transaction *coinbase = &b->transactions[0];
    uint8_t *script;

    committed(b);
    script = arena_copy(&b->arena, coinbase->outputs[1].script.data, 38);
    assert_non_null(script);
    script[37] ^= 1;
    coinbase->outputs[2].script = bytes_of(script, 38);
    coinbase->output_count = 3;
}

static void wrong_height_and_witness(struct builder *b)
{
    not_committed(b);
    b->transactions[0].inputs[0].script = builder_zeros(b, 10);
}

static void not_final_and_wrong_height(struct builder *b)
{
    wrong_height_and_witness(b);
    b->transactions[1].inputs[0].sequence = 0;
    b->transactions[1].lock_time = HEIGHT;
}

/* So that the block weighs as much. */
static void set_weight(struct builder *b, size_t weight)
{
    size_t size;

    give_witness(b, 2, 3000000);
    builder_commit(b);
    size = 3000000 + weight - block_weight(&b->block);
    b->transactions[0].output_count--;
    give_witness(b, 2, size);
    builder_commit(b);
    assert_int_equal(block_weight(&b->block), weight);
}

static void heaviest(struct builder *b) { set_weight(b, 4000000); }

static void too_heavy(struct builder *b) { set_weight(b, 4000001); }

static void too_heavy_not_committed(struct builder *b)
{
    too_heavy(b);
    give_witness(b, 2, 3999999);
}

static const struct {
    const char *what;
    void (*change)(struct builder *b);
    enum reject want;
    size_t transaction;
} contexts[] = {
    CASE(no_change, REJECT_NONE, NONE),
    CASE(committed, REJECT_NONE, NONE),
    CASE(not_committed, REJECT_UNEXPECTED_WITNESS, 2),
    CASE(changed_witness, REJECT_WITNESS_MERKLE_MATCH, NONE),
    CASE(reserved_too_long, REJECT_WITNESS_NONCE_SIZE, NONE),
    CASE(reserved_missing, REJECT_WITNESS_NONCE_SIZE, NONE),
    CASE(second_commitment, REJECT_NONE, NONE),
    CASE(wrong_second_commitment, REJECT_WITNESS_MERKLE_MATCH, NONE),
    CASE(wrong_height_and_witness, REJECT_CB_HEIGHT, 0),
    CASE(not_final_and_wrong_height, REJECT_TXNS_NONFINAL, 1),
    CASE(heaviest, REJECT_NONE, NONE),
    CASE(too_heavy, REJECT_BLK_WEIGHT, NONE),
    CASE(too_heavy_not_committed, REJECT_WITNESS_MERKLE_MATCH, NONE),
};

static void test_contextual(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(contexts) / sizeof(contexts[0]); i++) {
        struct builder b;

        begin(&b);
        contexts[i].change(&b);
        assert_rejection(contexts[i].what, check_at(&b, params_find("main"), HEIGHT),
                         contexts[i].want, contexts[i].transaction);
        builder_free(&b);
    }
}

/* Commitments are asked about from segwit_height on. */
static void test_before_segwit(void **state)
{
    struct params params = *params_find("main");
    struct builder b;

    (void)state;
    begin(&b);
    committed(&b);
    params.segwit_height = HEIGHT;
    assert_rejection("from then on", check_at(&b, &params, HEIGHT), REJECT_NONE, NONE);
    params.segwit_height = HEIGHT + 1;
    assert_rejection("before", check_at(&b, &params, HEIGHT), REJECT_UNEXPECTED_WITNESS, 0);
    builder_free(&b);
}

/* ---- block_is_mutated ---- */

static bool is_mutated(struct builder *b, bool segwit)
{
    bool mutated;

    assert_true(block_is_mutated(&mutated, fast_kernels(), &b->block, segwit, &b->arena));
    return mutated;
}

static void test_mutated(void **state)
{
    struct builder b;

    (void)state;
    begin(&b);
    builder_finish(&b);
    assert_false(is_mutated(&b, true));
    too_many_sigops(&b);
    assert_false(block_check(fast_kernels(), &b.block, &b.arena).reason == REJECT_NONE);
    builder_finish(&b);
    assert_false(is_mutated(&b, true)); /* bad, but itself */
    b.block.header.merkle_root.bytes[0] ^= 1;
    assert_true(is_mutated(&b, true));
    builder_free(&b);

    begin(&b);
    b.transactions[3] = b.transactions[2];
    b.block.transaction_count = 4;
    builder_finish(&b);
    assert_true(is_mutated(&b, true));
    builder_free(&b);

    begin(&b);
    committed(&b);
    builder_finish(&b);
    assert_false(is_mutated(&b, true));
    assert_true(is_mutated(&b, false));
    give_witness(&b, 2, 11);
    builder_finish(&b);
    assert_true(is_mutated(&b, true));
    builder_free(&b);

    /* A coinbase alone, with a witness of which nobody knows. */
    begin(&b);
    only_coinbase(&b);
    give_witness(&b, 0, 32);
    builder_finish(&b);
    assert_true(is_mutated(&b, true));
    builder_free(&b);
}

/* Without a coinbase a transaction as long as two hashes may be a node of the tree. */
static void check_node(size_t at, size_t size)
{
    struct transaction *tx;
    struct builder b;

    begin(&b);
    tx = &b.transactions[at];
    tx->inputs[0].script.size = 0;
    tx->inputs[0].script =
        builder_zeros(&b, size - transaction_size(tx, TRANSACTION_WITHOUT_WITNESS));
    builder_finish(&b);
    assert_int_equal(transaction_size(tx, TRANSACTION_WITHOUT_WITNESS), size);
    assert_false(is_mutated(&b, true));
    no_coinbase(&b);
    builder_finish(&b);
    assert_int_equal(is_mutated(&b, true), size == 64);
    builder_free(&b);
}

static void test_mutated_nodes(void **state)
{
    (void)state;
    for (size_t size = 63; size <= 65; size++) {
        check_node(0, size);
        check_node(1, size);
    }
}

/* ---- memory ---- */

static void test_no_memory(void **state)
{
    struct builder b;
    struct arena full;
    struct block_place place = {params_find("main"), HEIGHT, MTP};
    bool mutated;

    (void)state;
    begin(&b);
    committed(&b);
    builder_finish(&b);
    arena_init(&full, 1);
    assert_rejection("check", block_check(fast_kernels(), &b.block, &full), REJECT_NO_MEMORY, NONE);
    assert_rejection("contextual", block_check_contextual(fast_kernels(), &place, &b.block, &full),
                     REJECT_NO_MEMORY, NONE);
    assert_false(block_is_mutated(&mutated, fast_kernels(), &b.block, true, &full));
    arena_free(&full);
    builder_free(&b);
}

/* ---- real blocks ---- */

/* Larger ones are not changed, for the sanitizers' sake: each change hashes all of them again. */
enum { LARGEST_CHANGED = 250000 };

struct real {
    struct arena arena;
    struct block block;
    struct block_place place;
};

static struct rejection check_all(struct real *r)
{
    struct rejection rejection = block_check(fast_kernels(), &r->block, &r->arena);

    if (rejection.reason == REJECT_NONE)
        rejection = block_check_contextual(fast_kernels(), &r->place, &r->block, &r->arena);
    return rejection;
}

static void name_again(struct real *r)
{
    assert_true(block_compute_ids(fast_kernels(), &r->block, &r->arena));
}

/* Names and root again, as who mines a changed block would. */
static void commit_again(struct real *r)
{
    struct merkle_result merkle;

    name_again(r);
    assert_true(block_merkle_root(fast_kernels(), &merkle, &r->block, &r->arena));
    r->block.header.merkle_root = merkle.root;
}

static void swap_last(struct real *r)
{
    size_t n = r->block.transaction_count;
    struct transaction last = r->block.transactions[n - 1];

    r->block.transactions[n - 1] = r->block.transactions[n - 2];
    r->block.transactions[n - 2] = last;
    name_again(r);
}

/* Other transactions under the same root; another coinbase under a root of its own. */
static void check_changes(struct real *r)
{
    struct transaction *coinbase = &r->block.transactions[0];
    struct block block = r->block;
    struct bytes script = coinbase->inputs[0].script;
    bool commits_again = r->place.height >= r->place.params->bip34_height;

    if (r->block.transaction_count > 2) {
        swap_last(r);
        assert_rejection("swapped", check_all(r), REJECT_TXNMRKLROOT, NONE);
        swap_last(r);
    }
    r->block.transaction_count--;
    name_again(r);
    assert_rejection("shortened", check_all(r), REJECT_TXNMRKLROOT, NONE);
    r->block = block;

    coinbase->raw = coinbase->body = (struct bytes){0};
    coinbase->inputs[0].script.size = 1;
    commit_again(r);
    assert_rejection("short script", check_all(r), REJECT_CB_LENGTH, 0);
    coinbase->inputs[0].script = bytes_of("\x03\xff\xff\x7f", 4);
    commit_again(r);
    assert_rejection("another height", check_all(r), commits_again ? REJECT_CB_HEIGHT : REJECT_NONE,
                     commits_again ? 0 : NONE);
    coinbase->inputs[0].script = script;
    commit_again(r);
    assert_true(hash256_equal(r->block.header.merkle_root, block.header.merkle_root));
    assert_rejection("as it was", check_all(r), REJECT_NONE, NONE);
}

/* Where a block has witnesses: one taken away, their commitment taken away. */
static void check_witness_changes(struct real *r)
{
    struct transaction *coinbase = &r->block.transactions[0];
    size_t output, i = 1;

    while (i < r->block.transaction_count && !transaction_has_witness(&r->block.transactions[i]))
        i++;
    if (i == r->block.transaction_count)
        return;
    r->block.transactions[i].raw = r->block.transactions[i].body = (struct bytes){0};
    for (size_t j = 0; j < r->block.transactions[i].input_count; j++)
        r->block.transactions[i].inputs[j].witness_count = 0;
    name_again(r);
    assert_rejection("stripped", check_all(r), REJECT_WITNESS_MERKLE_MATCH, NONE);

    assert_true(witness_commitment_find(&output, coinbase));
    coinbase->raw = coinbase->body = (struct bytes){0};
    coinbase->outputs[output].script.size--;
    commit_again(r);
    /* The coinbase's own reserved value is the first witness that nothing commits to. */
    assert_rejection("no commitment", check_all(r), REJECT_UNEXPECTED_WITNESS, 0);
}

static void test_real_blocks(void **state)
{
    size_t with_witnesses = 0;

    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        const struct block_file *file = &block_files[i];
        struct real r = {.place = {params_find(file->network), file->height, 0}};
        size_t size;
        uint8_t *raw = block_file_load(file, "", &size);
        bool mutated;

        arena_init(&r.arena, 0);
        assert_int_equal(
            block_parse(&r.block, &r.arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
            PARSE_OK);
        name_again(&r);
        /* The median is not known; it lies before the block. */
        r.place.median_time_past = (int64_t)r.block.header.time - 1;
        assert_int_equal(
            header_check(r.place.params, &r.block.header, block_raw_header_hash(COMPRESS, raw)),
            REJECT_NONE);
        assert_int_equal(header_check_contextual(&r.place, &r.block.header, NULL).reason,
                         REJECT_NONE);
        assert_rejection(file->name, check_all(&r), REJECT_NONE, NONE);
        assert_true(block_is_mutated(&mutated, fast_kernels(), &r.block,
                                     file->height >= r.place.params->segwit_height, &r.arena));
        assert_false(mutated);
        with_witnesses += transaction_has_witness(&r.block.transactions[0]);
        if (size <= LARGEST_CHANGED) {
            check_changes(&r);
            check_witness_changes(&r);
        }
        arena_free(&r.arena);
        free(raw);
    }
    assert_true(with_witnesses >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),      cmocka_unit_test(test_doubled),
        cmocka_unit_test(test_finality),   cmocka_unit_test(test_height),
        cmocka_unit_test(test_contextual), cmocka_unit_test(test_before_segwit),
        cmocka_unit_test(test_mutated),    cmocka_unit_test(test_mutated_nodes),
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_real_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
