/* What a block's transactions spend: where it comes from, what is missing, fees, locks, sigops, the coinbase's pay. */
#include "consensus/script.h"
#include "consensus/script_flags.h"
#include "tests/unit/consensus/block_builder.h"

#include <stdlib.h>
#include <string.h>

#define COIN SATOSHIS_PER_COIN
#define NONE REJECT_NO_INDEX

enum { HEIGHT = 800000, MTP = 1600000000, INPUTS = 8 };

/* A block, and what its inputs spend: a coin each, old enough. */
struct fixture {
    struct builder b;
    struct params params;
    struct block_place place;
    struct block_connection connection;
    struct tx_output spent[INPUTS];
    struct spent_origin origins[INPUTS];
};

static void fixture_init(struct fixture *f)
{
    builder_init(&f->b, HEIGHT);
    f->params = *params_find("main");
    f->place = (struct block_place){&f->params, HEIGHT, MTP};
    f->b.transactions[0].outputs[0].value.sat = 0;
    for (size_t i = 0; i < INPUTS; i++) {
        f->spent[i] = (struct tx_output){.value.sat = COIN};
        f->origins[i] = (struct spent_origin){HEIGHT - 100, SPENT_NOT_COINBASE, MTP - 60000};
    }
}

static struct rejection begin(struct fixture *f)
{
    builder_finish(&f->b);
    assert_true(block_connect_begin(&f->connection, &f->b.block, &f->b.arena));
    return f->connection.missing;
}

/* The whole of ConnectBlock but for scripts. */
static struct rejection connect_with(struct fixture *f, const struct spent_origin *origins)
{
    const struct block *block = &f->b.block;
    uint32_t flags = block_script_flags(&f->params, (struct block_hash){{1}}, f->place.height);
    struct rejection rejection;
    size_t at = 0;

    begin(f);
    for (size_t i = 0; i < block->transaction_count; i++) {
        rejection = block_connect_transaction(&f->connection, &f->place, flags, block, i,
                                              f->spent + at, origins ? origins + at : NULL);
        if (rejection.reason != REJECT_NONE)
            return rejection;
        at += i ? block->transactions[i].input_count : 0;
        assert_true(at <= INPUTS);
    }
    return block_connect_end(&f->connection, &f->place, block);
}

static struct rejection connect(struct fixture *f) { return connect_with(f, f->origins); }

static void assert_rejection(const char *what, struct rejection got, enum reject want,
                             size_t transaction, size_t input)
{
    if (got.reason != want)
        fail_msg("%s: \"%s\" instead of \"%s\"", what, reject_text(got.reason), reject_text(want));
    if (got.transaction != transaction || got.input != input)
        fail_msg("%s: at %zu, %zu", what, got.transaction, got.input);
}

/* ---- where outputs come from ---- */

/* 1 makes three outputs, of which 2 and 3 spend one each, and 3 one of 2's. */
static void chain(struct fixture *f)
{
    struct builder *b = &f->b;

    builder_add(b, 1, 3);
    builder_add(b, 2, 1);
    builder_add(b, 2, 1);
    builder_spend(&b->transactions[2].inputs[1], &b->transactions[1], 0);
    builder_spend(&b->transactions[3].inputs[0], &b->transactions[2], 0);
    builder_spend(&b->transactions[3].inputs[1], &b->transactions[1], 2);
}

static void test_sources(void **state)
{
    static const uint32_t want[5] = {BLOCK_SOURCE_BEFORE, BLOCK_SOURCE_BEFORE, 1, 2, 1};
    struct fixture f;

    (void)state;
    fixture_init(&f);
    assert_rejection("nothing", begin(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.source_count, 0);
    chain(&f);
    assert_rejection("chain", begin(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.source_count, 5);
    assert_memory_equal(f.connection.sources, want, sizeof(want));
    builder_free(&f.b);
}

static void spent_twice(struct builder *b) { b->transactions[3].inputs[1].previous.index = 0; }

static void spent_twice_from_before(struct builder *b)
{
    b->transactions[3].inputs[1].previous = b->transactions[1].inputs[0].previous;
}

static void no_such_output(struct builder *b) { b->transactions[3].inputs[1].previous.index = 3; }

static void highest_index(struct builder *b)
{
    b->transactions[3].inputs[1].previous.index = UINT32_MAX;
}

static void spent_before_it_is_made(struct builder *b)
{
    struct transaction tx = b->transactions[2];

    b->transactions[2] = b->transactions[3];
    b->transactions[3] = tx;
}

static void unspendable(struct builder *b)
{
    b->transactions[1].outputs[2].script = bytes_of("\x6a", 1);
}

static void too_long_to_spend(struct builder *b)
{
    b->transactions[1].outputs[2].script = builder_zeros(b, 10001);
}

static void as_long_as_may_be(struct builder *b)
{
    b->transactions[1].outputs[2].script = builder_zeros(b, 10000);
}

static void return_later_in_script(struct builder *b)
{
    b->transactions[1].outputs[2].script = bytes_of("\x51\x6a", 2);
}

static const struct {
    const char *what;
    void (*before)(struct builder *b); /* the chain is tied */
    void (*after)(struct builder *b);
    size_t transaction, input; /* that is missing */
} missing[] = {
#define BEFORE(change, transaction, input)                                                         \
    {                                                                                              \
#change, change, NULL, transaction, input                                                  \
    }
#define AFTER(change, transaction, input)                                                          \
    {                                                                                              \
#change, NULL, change, transaction, input                                                  \
    }
    AFTER(spent_twice, 3, 1),
    AFTER(spent_twice_from_before, 3, 1),
    AFTER(no_such_output, 3, 1),
    AFTER(highest_index, 3, 1),
    AFTER(spent_before_it_is_made, 2, 0),
    BEFORE(unspendable, 3, 1),
    BEFORE(too_long_to_spend, 3, 1),
    BEFORE(as_long_as_may_be, NONE, NONE),
    BEFORE(return_later_in_script, NONE, NONE),
};

static void test_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        enum reject want =
            missing[i].input == NONE ? REJECT_NONE : REJECT_TXNS_INPUTS_MISSINGORSPENT;
        struct fixture f;

        fixture_init(&f);
        /* What changes names comes before they are spent by them. */
        chain(&f);
        if (missing[i].before) {
            missing[i].before(&f.b);
            builder_spend(&f.b.transactions[2].inputs[1], &f.b.transactions[1], 0);
            builder_spend(&f.b.transactions[3].inputs[1], &f.b.transactions[1], 2);
            builder_spend(&f.b.transactions[3].inputs[0], &f.b.transactions[2], 0);
        } else {
            missing[i].after(&f.b);
        }
        assert_rejection(missing[i].what, begin(&f), want, missing[i].transaction,
                         missing[i].input);
        if (want != REJECT_NONE)
            assert_int_equal(f.connection.source_count, missing[i].transaction == 2 ? 1 : 4);
        assert_rejection(missing[i].what, connect(&f), want, missing[i].transaction,
                         missing[i].input);
        builder_free(&f.b);
    }
}

/* What is missing counts in its transaction's place: after faults of those before, before its own. */
static void test_missing_order(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    chain(&f);
    spent_twice(&f.b);
    f.spent[3].value.sat = -1;
    assert_rejection("its own fault", connect(&f), REJECT_TXNS_INPUTS_MISSINGORSPENT, 3, 1);
    f.spent[1].value.sat = -1;
    assert_rejection("an earlier one", connect(&f), REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 2, 0);
    builder_free(&f.b);
}

/* The coinbase's own output is there at once, and not old enough for a hundred blocks. */
static void test_own_coinbase(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    builder_add(&f.b, 1, 1);
    builder_spend(&f.b.transactions[1].inputs[0], &f.b.transactions[0], 0);
    assert_rejection("source", begin(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.sources[0], 0);
    f.origins[0] = (struct spent_origin){HEIGHT, SPENT_COINBASE, MTP};
    assert_rejection("premature", connect(&f), REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, 1, 0);
    builder_free(&f.b);
}

/* By comparing all with all. */
static struct rejection find_missing(const struct block *block, uint32_t *sources)
{
    const struct tx_input *seen[64];
    size_t n = 0;

    for (size_t i = 1; i < block->transaction_count; i++) {
        for (size_t j = 0; j < block->transactions[i].input_count; j++) {
            const struct tx_input *input = &block->transactions[i].inputs[j];
            bool found = true;

            sources[n] = BLOCK_SOURCE_BEFORE;
            for (size_t k = block->transaction_count; k-- > 0;)
                if (txid_equal(block->txids[k], input->previous.txid))
                    sources[n] = (uint32_t)k;
            if (sources[n] != BLOCK_SOURCE_BEFORE)
                found = sources[n] < i &&
                        input->previous.index < block->transactions[sources[n]].output_count;
            for (size_t k = 0; k < n; k++)
                found &= memcmp(&seen[k]->previous, &input->previous, 36) != 0;
            if (!found)
                return rejection_at(REJECT_TXNS_INPUTS_MISSINGORSPENT, i, j);
            seen[n++] = input;
        }
    }
    return rejection_of(REJECT_NONE);
}

static void test_random_blocks(void **state)
{
    struct random random = random_create("sources");
    size_t good = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        uint32_t sources[64];
        struct fixture f;
        struct rejection want;

        fixture_init(&f);
        for (size_t i = 1; i < 2 + random_below(&random, 12); i++) {
            struct transaction *tx = builder_add(&f.b, 1 + random_below(&random, 3), 4);

            for (size_t j = 0; j < tx->input_count; j++)
                if (random_below(&random, 3) == 0)
                    builder_spend(&tx->inputs[j], &f.b.transactions[random_below(&random, i)],
                                  (uint32_t)random_below(&random, 100) % 33 % 5);
        }
        builder_finish(&f.b);
        want = find_missing(&f.b.block, sources);
        assert_rejection("random", begin(&f), want.reason, want.transaction, want.input);
        assert_memory_equal(f.connection.sources, sources, 4 * f.connection.source_count);
        good += want.reason == REJECT_NONE;
        builder_free(&f.b);
    }
    assert_true(good >= 100 && good <= 2900);
}

/* ---- sums ---- */

static void test_fees(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    builder_add(&f.b, 1, 1)->outputs[0].value.sat = COIN - 7;
    builder_add(&f.b, 2, 1)->outputs[0].value.sat = 2 * COIN - 9;
    assert_rejection("fees", connect(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.fees.sat, 16);
    f.b.transactions[2].outputs[0].value.sat = 2 * COIN + 1;
    assert_rejection("below", connect(&f), REJECT_TXNS_IN_BELOWOUT, 2, NONE);

    f.b.transactions[1].outputs[0].value.sat = f.b.transactions[2].outputs[0].value.sat = 0;
    f.spent[0].value.sat = MAX_MONEY_SATOSHIS;
    f.spent[1].value.sat = f.spent[2].value.sat = 0;
    assert_rejection("all money", connect(&f), REJECT_NONE, NONE, NONE);
    f.spent[2].value.sat = 1;
    assert_rejection("more", connect(&f), REJECT_TXNS_ACCUMULATED_FEE_OUTOFRANGE, 2, NONE);
    builder_free(&f.b);
}

static const struct {
    int32_t height;
    int64_t fee, paid;
    enum reject want;
} pays[] = {
    {1, 0, 50 * COIN, REJECT_NONE},
    {1, 0, 50 * COIN + 1, REJECT_CB_AMOUNT},
    {1, 0, 0, REJECT_NONE},
    {1, 3, 50 * COIN + 3, REJECT_NONE},
    {1, 3, 50 * COIN + 4, REJECT_CB_AMOUNT},
    {209999, 0, 50 * COIN, REJECT_NONE},
    {210000, 0, 25 * COIN, REJECT_NONE},
    {210000, 0, 25 * COIN + 1, REJECT_CB_AMOUNT},
    {6929999, 0, 1, REJECT_NONE},
    {6929999, 0, 2, REJECT_CB_AMOUNT},
    {6930000, 0, 0, REJECT_NONE},
    {6930000, 0, 1, REJECT_CB_AMOUNT},
    {6930000, COIN, COIN, REJECT_NONE},
    {INT32_MAX, COIN, COIN + 1, REJECT_CB_AMOUNT},
    /* Subsidy and fees together are more than there can be, a coinbase's outputs are not. */
    {1, MAX_MONEY_SATOSHIS, MAX_MONEY_SATOSHIS, REJECT_NONE},
};

static void test_pay(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pays) / sizeof(pays[0]); i++) {
        struct fixture f;
        struct rejection got;

        fixture_init(&f);
        f.place.height = pays[i].height;
        f.origins[0].height = 0;
        builder_add(&f.b, 1, 1);
        f.spent[0].value.sat = pays[i].fee;
        /* In two outputs, so that it is their sum. */
        f.b.transactions[0].outputs[0].value.sat = pays[i].paid - pays[i].paid / 3;
        f.b.transactions[0].outputs[1].value.sat = pays[i].paid / 3;
        f.b.transactions[0].output_count = 2;
        got = connect(&f);
        if (got.reason != pays[i].want)
            fail_msg("row %zu: %s", i, reject_text(got.reason));
        builder_free(&f.b);
    }
}

/* ---- sigops ---- */

static struct bytes checksigs(struct fixture *f, size_t n)
{
    uint8_t *ops = arena_alloc(&f->b.arena, n);

    assert_non_null(ops);
    memset(ops, OP_CHECKSIG, n);
    return bytes_of(ops, n);
}

/* The limit holds for the sum, and names the transaction that goes beyond it. */
static void test_sigops(void **state)
{
    static const uint8_t program[34] = {OP_0, 32};
    struct bytes script[1];
    struct fixture f;

    (void)state;
    fixture_init(&f);
    builder_add(&f.b, 1, 1);
    builder_add(&f.b, 1, 1);
    f.b.transactions[0].outputs[0].script = checksigs(&f, 10000);
    f.b.transactions[1].outputs[0].script = checksigs(&f, 9900);
    f.b.transactions[2].outputs[0].script = checksigs(&f, 100);
    assert_rejection("most", connect(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.sigop_cost, MAX_BLOCK_SIGOPS_COST);

    /* A witness script's count a quarter, but they count: from where there are witnesses. */
    f.spent[1].script = bytes_of(program, sizeof(program));
    script[0] = checksigs(&f, 1);
    f.b.transactions[2].inputs[0].witness = script;
    f.b.transactions[2].inputs[0].witness_count = 1;
    assert_rejection("one more", connect(&f), REJECT_BLK_SIGOPS, 2, NONE);
    f.b.transactions[2].outputs[0].script = checksigs(&f, 99);
    assert_rejection("four less", connect(&f), REJECT_NONE, NONE, NONE);
    assert_int_equal(f.connection.sigop_cost, MAX_BLOCK_SIGOPS_COST - 3);

    f.b.transactions[0].outputs[0].script = checksigs(&f, 20001);
    assert_rejection("coinbase", connect(&f), REJECT_BLK_SIGOPS, 0, NONE);
    /* A transaction's inputs are looked at before its sigops. */
    f.b.transactions[0].outputs[0].script = checksigs(&f, 20000);
    f.spent[0].value.sat = -1;
    assert_rejection("inputs", connect(&f), REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 1, 0);
    builder_free(&f.b);
}

/* ---- BIP68 ---- */

/* The second transaction's input has to wait so long; its output is of HEIGHT - 100. */
static const struct {
    int32_t csv_height;
    uint32_t version, sequence;
    enum reject want;
} locks[] = {
    {HEIGHT, 2, 100, REJECT_NONE},
    {HEIGHT, 2, 101, REJECT_TXNS_NONFINAL},
    {HEIGHT + 1, 2, 101, REJECT_NONE},
    {HEIGHT, 1, 101, REJECT_NONE},
    {HEIGHT, 0x80000000, 101, REJECT_TXNS_NONFINAL},
    {HEIGHT, 2, SEQUENCE_LOCK_DISABLE_FLAG | 101, REJECT_NONE},
    /* 60 000 seconds are 117.2 times 512. */
    {HEIGHT, 2, SEQUENCE_LOCK_TIME_FLAG | 117, REJECT_NONE},
    {HEIGHT, 2, SEQUENCE_LOCK_TIME_FLAG | 118, REJECT_TXNS_NONFINAL},
    {HEIGHT, 2, 0xffff, REJECT_TXNS_NONFINAL},
};

static void test_locks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        bool waits = locks[i].version != 1 && locks[i].csv_height <= HEIGHT &&
                     !(locks[i].sequence & SEQUENCE_LOCK_DISABLE_FLAG);
        struct fixture f;

        fixture_init(&f);
        f.params.csv_height = locks[i].csv_height;
        builder_add(&f.b, 1, 1);
        builder_add(&f.b, 1, 1);
        f.b.transactions[2].version = locks[i].version;
        f.b.transactions[2].inputs[0].sequence = locks[i].sequence;
        assert_rejection("lock", connect(&f), locks[i].want,
                         locks[i].want == REJECT_NONE ? NONE : 2, NONE);
        assert_int_equal(f.connection.unchecked, 0);
        /* With nothing known all that could be wrong is said not to have been checked. */
        assert_rejection("unknown", connect_with(&f, NULL), REJECT_NONE, NONE, NONE);
        assert_int_equal(f.connection.unchecked,
                         UNCHECKED_MATURITY | (waits ? UNCHECKED_SEQUENCE_LOCKS : 0));
        /* Fees come first. */
        f.spent[0].value.sat = MAX_MONEY_SATOSHIS;
        assert_rejection("fees", connect(&f), REJECT_TXNS_ACCUMULATED_FEE_OUTOFRANGE, 2, NONE);
        builder_free(&f.b);
    }
}

static void test_no_memory(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    chain(&f);
    builder_finish(&f.b);
    for (size_t limit = 8; limit < 4096; limit *= 2) {
        struct arena arena;

        arena_init(&arena, limit);
        if (block_connect_begin(&f.connection, &f.b.block, &arena))
            assert_int_equal(f.connection.source_count, 5);
        else
            assert_true(limit < 512);
        arena_free(&arena);
    }
    builder_free(&f.b);
}

/* ---- real blocks ---- */

struct real {
    struct arena arena;
    struct block block;
    struct block_place place;
    struct block_connection connection;
    struct tx_output *spent;
    uint32_t flags;
};

static void read_spent(struct real *r, struct bytes undo)
{
    struct cursor in = cursor_of(undo.data, undo.size);
    size_t n = 0;

    for (size_t i = 1; i < r->block.transaction_count; i++)
        n += r->block.transactions[i].input_count;
    r->spent = arena_array(&r->arena, n, sizeof(*r->spent));
    assert_non_null(r->spent);
    for (size_t i = 0; i < n; i++)
        r->spent[i] = tx_output_read(&in);
    assert_true(cursor_done(&in));
}

static struct rejection connect_real(struct real *r)
{
    struct rejection rejection;
    size_t at = 0;

    assert_true(block_connect_begin(&r->connection, &r->block, &r->arena));
    for (size_t i = 0; i < r->block.transaction_count; i++) {
        rejection = block_connect_transaction(&r->connection, &r->place, r->flags, &r->block, i,
                                              r->spent + at, NULL);
        if (rejection.reason != REJECT_NONE)
            return rejection;
        at += i ? r->block.transactions[i].input_count : 0;
    }
    return block_connect_end(&r->connection, &r->place, &r->block);
}

/* What the block itself makes is what the vectors say that it spends. */
static size_t check_own_outputs(const struct real *r)
{
    size_t at = 0, own = 0;

    for (size_t i = 1; i < r->block.transaction_count; i++) {
        for (size_t j = 0; j < r->block.transactions[i].input_count; j++, at++) {
            const struct outpoint *o = &r->block.transactions[i].inputs[j].previous;
            uint32_t source = r->connection.sources[at];
            const struct tx_output *made;

            if (source == BLOCK_SOURCE_BEFORE)
                continue;
            made = &r->block.transactions[source].outputs[o->index];
            assert_true(txid_equal(r->block.txids[source], o->txid));
            assert_int_equal(made->value.sat, r->spent[at].value.sat);
            assert_true(bytes_equal(made->script, r->spent[at].script));
            own++;
        }
    }
    assert_int_equal(at, r->connection.source_count);
    return own;
}

/* Pays a satoshi more than fees and subsidy; a transaction once more; one before what it spends. */
static void check_changes(struct real *r)
{
    size_t last = r->block.transaction_count - 1;
    struct amount paid, due = params_subsidy(r->place.params, r->place.height);
    int64_t *first = &r->block.transactions[0].outputs[0].value.sat, before = *first;

    assert_true(transaction_value_out(&paid, &r->block.transactions[0]));
    *first += due.sat + r->connection.fees.sat - paid.sat;
    assert_rejection("paid all", connect_real(r), REJECT_NONE, NONE, NONE);
    (*first)++;
    assert_rejection("overpaid", connect_real(r), REJECT_CB_AMOUNT, 0, NONE);
    *first = before;

    if (last < 2)
        return;
    r->block.transactions[last] = r->block.transactions[1];
    r->block.txids[last] = r->block.txids[1];
    assert_rejection("twice", connect_real(r), REJECT_TXNS_INPUTS_MISSINGORSPENT, last, 0);
}

static void test_real_blocks(void **state)
{
    size_t own = 0;

    (void)state;
    for (size_t i = 0; i < block_file_count; i++) {
        const struct block_file *file = &block_files[i];
        struct real r = {.place = {params_find(file->network), file->height, 0}};
        size_t size, undo_size;
        uint8_t *raw, *undo;

        if (!file->undo)
            continue;
        raw = block_file_load(file, "", &size);
        undo = block_file_load(file, "-undo", &undo_size);
        arena_init(&r.arena, 0);
        assert_int_equal(
            block_parse(&r.block, &r.arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
            PARSE_OK);
        assert_true(block_compute_ids(fast_kernels(), &r.block, &r.arena));
        read_spent(&r, bytes_of(undo, undo_size));
        r.place.median_time_past = (int64_t)r.block.header.time - 1;
        r.flags =
            block_script_flags(r.place.params, block_raw_header_hash(COMPRESS, raw), file->height);
        assert_rejection(file->name, connect_real(&r), REJECT_NONE, NONE, NONE);
        own += check_own_outputs(&r);
        check_changes(&r);
        arena_free(&r.arena);
        free(undo);
        free(raw);
    }
    assert_true(own >= 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sources),       cmocka_unit_test(test_missing),
        cmocka_unit_test(test_missing_order), cmocka_unit_test(test_own_coinbase),
        cmocka_unit_test(test_random_blocks), cmocka_unit_test(test_fees),
        cmocka_unit_test(test_pay),           cmocka_unit_test(test_sigops),
        cmocka_unit_test(test_locks),         cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_real_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
