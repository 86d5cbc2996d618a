/* Rules for transactions, at both sides of every limit; and what nobody would send but somebody may. */
#include "consensus/transaction_rules.h"

#include "consensus/script.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

#define COIN SATOSHIS_PER_COIN
#define MAX_MONEY MAX_MONEY_SATOSHIS

enum { MANY = 20, LARGE = 1000100 };

static const uint8_t zeros[LARGE];

/* A transaction of two inputs and two outputs with which nothing is wrong, in room for more. */
struct fixture {
    struct tx_input inputs[MANY];
    struct tx_output outputs[MANY];
    struct transaction tx;
};

static void fixture_init(struct fixture *f)
{
    *f = (struct fixture){0};
    for (uint32_t i = 0; i < MANY; i++) {
        f->inputs[i].previous.txid.bytes[0] = 7;
        f->inputs[i].previous.index = i;
        f->inputs[i].sequence = SEQUENCE_FINAL;
        f->outputs[i].value.sat = COIN;
    }
    f->tx = (struct transaction){.version = 2,
                                 .inputs = f->inputs,
                                 .input_count = 2,
                                 .outputs = f->outputs,
                                 .output_count = 2};
}

static enum reject check(const struct transaction *tx)
{
    struct arena arena;
    enum reject reason;

    arena_init(&arena, 0);
    reason = transaction_check(tx, &arena);
    arena_free(&arena);
    return reason;
}

static void assert_rejects(const char *what, enum reject got, enum reject want)
{
    if (got != want)
        fail_msg("%s: \"%s\" instead of \"%s\"", what, reject_text(got), reject_text(want));
}

static void no_change(struct fixture *f) { (void)f; }

static void no_inputs(struct fixture *f) { f->tx.input_count = 0; }

static void no_outputs(struct fixture *f) { f->tx.output_count = 0; }

static void nothing(struct fixture *f)
{
    no_inputs(f);
    no_outputs(f);
}

static void negative_version(struct fixture *f) { f->tx.version = UINT32_MAX; }

/* As many bytes without its witness. */
static void resize(struct fixture *f, size_t size)
{
    struct bytes *script = &f->outputs[1].script;

    *script = bytes_of(zeros, 900000); /* so that its size takes as many bytes as it will */
    script->size += size - transaction_size(&f->tx, TRANSACTION_WITHOUT_WITNESS);
    assert_int_equal(transaction_size(&f->tx, TRANSACTION_WITHOUT_WITNESS), size);
}

static void largest(struct fixture *f) { resize(f, 1000000); }

static void oversize(struct fixture *f) { resize(f, 1000001); }

static void largest_with_witness(struct fixture *f)
{
    static const struct bytes item = {zeros, LARGE};

    largest(f);
    f->inputs[0].witness = &item;
    f->inputs[0].witness_count = 1;
}

static void oversize_negative(struct fixture *f)
{
    oversize(f);
    f->outputs[0].value.sat = -1;
}

static void negative(struct fixture *f) { f->outputs[1].value.sat = -1; }

static void most_negative(struct fixture *f) { f->outputs[0].value.sat = INT64_MIN; }

static void nothing_paid(struct fixture *f)
{
    f->outputs[0].value.sat = f->outputs[1].value.sat = 0;
}

static void all_money(struct fixture *f)
{
    f->outputs[0].value.sat = MAX_MONEY;
    f->outputs[1].value.sat = 0;
}

static void all_money_in_two(struct fixture *f)
{
    f->outputs[0].value.sat = MAX_MONEY - 1;
    f->outputs[1].value.sat = 1;
}

static void too_much(struct fixture *f) { f->outputs[0].value.sat = MAX_MONEY + 1; }

static void most(struct fixture *f) { f->outputs[1].value.sat = INT64_MAX; }

static void too_much_in_two(struct fixture *f)
{
    f->outputs[0].value.sat = MAX_MONEY;
    f->outputs[1].value.sat = 1;
}

/* The sum is too large before the third is looked at. */
static void too_much_then_negative(struct fixture *f)
{
    too_much_in_two(f);
    f->tx.output_count = 3;
    f->outputs[2].value.sat = -1;
}

static void negative_then_too_much(struct fixture *f)
{
    f->outputs[0].value.sat = -1;
    f->outputs[1].value.sat = MAX_MONEY + 1;
}

/* CVE-2010-5139: two outputs whose sum as 64 bits is small. */
static void overflow(struct fixture *f)
{
    f->outputs[0].value.sat = f->outputs[1].value.sat = INT64_MAX / 100;
}

/* CVE-2018-17144 */
static void duplicate(struct fixture *f) { f->inputs[1].previous = f->inputs[0].previous; }

static void last_two_of_few_alike(struct fixture *f)
{
    f->tx.input_count = 12;
    f->inputs[11].previous = f->inputs[10].previous;
}

static void first_and_last_of_many_alike(struct fixture *f)
{
    f->tx.input_count = 13;
    f->inputs[12].previous = f->inputs[0].previous;
}

static void many(struct fixture *f) { f->tx.input_count = MANY; }

/* All of these have one sum of index and first eight bytes of the txid. */
static void many_with_one_key(struct fixture *f)
{
    f->tx.input_count = MANY;
    for (uint32_t i = 0; i < MANY; i++) {
        write_le64(f->inputs[i].previous.txid.bytes, 1000 - i);
        f->inputs[i].previous.index = i;
    }
}

static void make_coinbase(struct fixture *f, size_t script_size)
{
    f->tx.input_count = 1;
    f->inputs[0].previous = (struct outpoint){.index = OUTPOINT_NULL_INDEX};
    f->inputs[0].script = bytes_of(zeros, script_size);
}

static void coinbase_0(struct fixture *f) { make_coinbase(f, 0); }

static void coinbase_1(struct fixture *f) { make_coinbase(f, 1); }

static void coinbase_2(struct fixture *f) { make_coinbase(f, 2); }

static void coinbase_100(struct fixture *f) { make_coinbase(f, 100); }

static void coinbase_101(struct fixture *f) { make_coinbase(f, 101); }

static void null_among_others(struct fixture *f)
{
    make_coinbase(f, 50);
    f->tx.input_count = 2;
}

static void null_last(struct fixture *f)
{
    f->inputs[1].previous = (struct outpoint){.index = OUTPOINT_NULL_INDEX};
}

static void two_nulls(struct fixture *f)
{
    null_among_others(f);
    null_last(f);
}

static void half_null(struct fixture *f)
{
    f->inputs[0].previous = (struct outpoint){.index = 0};
    f->inputs[1].previous.index = OUTPOINT_NULL_INDEX;
}

static void duplicate_and_negative(struct fixture *f)
{
    duplicate(f);
    negative(f);
}

static const struct {
    const char *what;
    void (*change)(struct fixture *f);
    enum reject want;
} checks[] = {
#define CASE(change, want)                                                                         \
    {                                                                                              \
#change, change, want                                                                      \
    }
    CASE(no_change, REJECT_NONE),
    CASE(nothing, REJECT_TXNS_VIN_EMPTY),
    CASE(no_inputs, REJECT_TXNS_VIN_EMPTY),
    CASE(no_outputs, REJECT_TXNS_VOUT_EMPTY),
    CASE(negative_version, REJECT_NONE),
    CASE(largest, REJECT_NONE),
    CASE(largest_with_witness, REJECT_NONE),
    CASE(oversize, REJECT_TXNS_OVERSIZE),
    CASE(oversize_negative, REJECT_TXNS_OVERSIZE),
    CASE(negative, REJECT_TXNS_VOUT_NEGATIVE),
    CASE(most_negative, REJECT_TXNS_VOUT_NEGATIVE),
    CASE(negative_then_too_much, REJECT_TXNS_VOUT_NEGATIVE),
    CASE(nothing_paid, REJECT_NONE),
    CASE(all_money, REJECT_NONE),
    CASE(all_money_in_two, REJECT_NONE),
    CASE(too_much, REJECT_TXNS_VOUT_TOOLARGE),
    CASE(most, REJECT_TXNS_VOUT_TOOLARGE),
    CASE(overflow, REJECT_TXNS_VOUT_TOOLARGE),
    CASE(too_much_in_two, REJECT_TXNS_TXOUTTOTAL_TOOLARGE),
    CASE(too_much_then_negative, REJECT_TXNS_TXOUTTOTAL_TOOLARGE),
    CASE(duplicate, REJECT_TXNS_INPUTS_DUPLICATE),
    CASE(duplicate_and_negative, REJECT_TXNS_VOUT_NEGATIVE),
    CASE(last_two_of_few_alike, REJECT_TXNS_INPUTS_DUPLICATE),
    CASE(first_and_last_of_many_alike, REJECT_TXNS_INPUTS_DUPLICATE),
    CASE(many, REJECT_NONE),
    CASE(many_with_one_key, REJECT_NONE),
    CASE(coinbase_0, REJECT_CB_LENGTH),
    CASE(coinbase_1, REJECT_CB_LENGTH),
    CASE(coinbase_2, REJECT_NONE),
    CASE(coinbase_100, REJECT_NONE),
    CASE(coinbase_101, REJECT_CB_LENGTH),
    CASE(null_among_others, REJECT_TXNS_PREVOUT_NULL),
    CASE(null_last, REJECT_TXNS_PREVOUT_NULL),
    CASE(two_nulls, REJECT_TXNS_INPUTS_DUPLICATE),
    CASE(half_null, REJECT_NONE),
};

static void test_check(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct fixture f;

        fixture_init(&f);
        checks[i].change(&f);
        assert_rejects(checks[i].what, check(&f.tx), checks[i].want);
    }
}

/* Distinct outpoints that look alike: few txids, few indices, differences in the last bytes. */
static void fill_distinct(struct tx_input *inputs, size_t n, struct random *random)
{
    uint64_t odd = random_u64(random) | 1;

    for (size_t i = 0; i < n; i++) {
        uint64_t number = (i * odd) & 0xfffff; /* odd: no two alike below 2^20 */

        inputs[i] = (struct tx_input){.previous.index = (uint32_t)(number & 0xff)};
        inputs[i].previous.txid.bytes[0] = 1;
        write_le16(inputs[i].previous.txid.bytes + 30, (uint16_t)(number >> 8));
    }
}

static void check_list(struct tx_input *inputs, size_t n, struct random *random)
{
    struct tx_output output = {.value.sat = 1};
    struct transaction tx = {
        .inputs = inputs, .input_count = n, .outputs = &output, .output_count = 1};
    size_t from = random_below(random, n), to = random_below(random, n);

    fill_distinct(inputs, n, random);
    assert_rejects("distinct", check(&tx), REJECT_NONE);
    if (from == to)
        return;
    inputs[to].previous = inputs[from].previous;
    if (check(&tx) != REJECT_TXNS_INPUTS_DUPLICATE)
        fail_msg("of %zu inputs, %zu and %zu are alike", n, from, to);
}

/* Two alike are found wherever they are in lists of any length, and none where there are none. */
static void test_duplicates(void **state)
{
    enum { LONGEST = 24000 }; /* as many as a block has room for */
    struct random random = random_create("duplicates");
    struct tx_input *inputs = calloc(LONGEST, sizeof(*inputs));

    (void)state;
    assert_non_null(inputs);
    for (size_t n = 1; n <= 140; n++)
        for (int round = 0; round < 10; round++)
            check_list(inputs, n, &random);
    for (int round = 0; round < 3; round++)
        check_list(inputs, LONGEST - random_below(&random, 1000), &random);
    free(inputs);
}

/* A list too long for the arena is our trouble. */
static void test_no_memory(void **state)
{
    struct fixture f;
    struct arena arena;

    (void)state;
    fixture_init(&f);
    arena_init(&arena, 1);
    f.tx.input_count = 12;
    assert_int_equal(transaction_check(&f.tx, &arena), REJECT_NONE);
    f.tx.input_count = 13;
    assert_int_equal(transaction_check(&f.tx, &arena), REJECT_NO_MEMORY);
    arena_free(&arena);
}

static void test_value_out(void **state)
{
    struct fixture f;
    struct amount sum = {-5};

    (void)state;
    fixture_init(&f);
    too_much_in_two(&f);
    assert_false(transaction_value_out(&sum, &f.tx));
    assert_int_equal(sum.sat, -5);
    all_money_in_two(&f);
    assert_true(transaction_value_out(&sum, &f.tx));
    assert_int_equal(sum.sat, MAX_MONEY);
}

static const struct final_case {
    uint32_t lock_time, sequence; /* of one of two inputs; the other's is final */
    int32_t height;
    int64_t time;
    bool final;
} finals[] = {
    {0, 0, 0, 0, true},
    {0, 0, -1, INT64_MIN, true},
    {1, 0, 1, INT64_MAX, false},
    {1, 0, 2, 0, true},
    {1, SEQUENCE_FINAL, 1, 0, true},
    {1, SEQUENCE_FINAL - 1, 1, 0, false},
    {100, 0, 100, 2000000000, false},
    {100, 0, 101, 0, true},
    {499999999, 0, 499999999, 2000000000, false},
    {499999999, 0, 500000000, 0, true},
    /* From here on it is a time. */
    {500000000, 0, INT32_MAX, 500000000, false},
    {500000000, 0, 0, 500000001, true},
    {500000000, SEQUENCE_FINAL, 0, 0, true},
    {UINT32_MAX, 0, INT32_MAX, UINT32_MAX, false},
    {UINT32_MAX, 0, 0, INT64_C(0x100000000), true},
    {UINT32_MAX, SEQUENCE_FINAL, 0, 0, true},
    {UINT32_MAX, 0, 0, INT64_MIN, false},
};

static void test_final(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    for (size_t i = 0; i < 2 * sizeof(finals) / sizeof(finals[0]); i++) {
        const struct final_case *row = &finals[i / 2];

        f.tx.lock_time = row->lock_time;
        f.inputs[i % 2].sequence = row->sequence;
        f.inputs[1 - i % 2].sequence = SEQUENCE_FINAL;
        if (transaction_is_final(&f.tx, row->height, row->time) != row->final)
            fail_msg("row %zu", i / 2);
    }
}

#define TIME SEQUENCE_LOCK_TIME_FLAG
#define DISABLED SEQUENCE_LOCK_DISABLE_FLAG
#define NO_HEIGHT SPENT_UNKNOWN_HEIGHT
#define NO_TIME SPENT_UNKNOWN_TIME
#define UNCHECKED UNCHECKED_SEQUENCE_LOCKS

/* One input with this sequence, and its output's origin. */
static const struct {
    uint32_t version, sequence;
    int32_t height;
    int64_t time;
    struct sequence_locks want;
    unsigned unchecked;
} locks[] = {
    /* From version 2 on, and versions are not signed. */
    {0, 5, 100, 0, {-1, -1}, 0},
    {1, 5, 100, 0, {-1, -1}, 0},
    {1, 5, NO_HEIGHT, NO_TIME, {-1, -1}, 0},
    {2, 5, 100, 0, {104, -1}, 0},
    {3, 5, 100, 0, {104, -1}, 0},
    {0x80000000, 5, 100, 0, {104, -1}, 0},
    {UINT32_MAX, 5, 100, 0, {104, -1}, 0},
    /* Blocks. */
    {2, 0, 100, 0, {99, -1}, 0},
    {2, 0, 0, 0, {-1, -1}, 0},
    {2, 1, 0, 0, {0, -1}, 0},
    {2, 0xffff, 100, 0, {100 + 0xffff - 1, -1}, 0},
    {2, 0x10000, 100, 0, {99, -1}, 0}, /* above the mask */
    {2, 0x7fbfffff, 100, 0, {100 + 0xffff - 1, -1}, 0},
    {2, 0xffff, INT32_MAX, 0, {INT64_C(0x7fffffff) + 0xffff - 1, -1}, 0},
    /* Seconds, 512 at a time. */
    {2, TIME, 100, 1000, {-1, 999}, 0},
    {2, TIME | 1, 100, 1000, {-1, 1000 + 512 - 1}, 0},
    {2, TIME | 0xffff, 100, 1000, {-1, 1000 + 0xffff * INT64_C(512) - 1}, 0},
    {2, 0x7fffffff, 100, 1000, {-1, 1000 + 0xffff * INT64_C(512) - 1}, 0},
    {2, TIME | 1, 100, 0, {-1, 511}, 0},
    {2, TIME | 0xffff, 100, INT64_MAX, {-1, INT64_MAX}, 0},
    /* Disabled, whatever else it says. */
    {2, DISABLED, 100, 1000, {-1, -1}, 0},
    {2, DISABLED | 0xffff, NO_HEIGHT, NO_TIME, {-1, -1}, 0},
    {2, DISABLED | TIME | 1, NO_HEIGHT, NO_TIME, {-1, -1}, 0},
    {2, SEQUENCE_FINAL, NO_HEIGHT, NO_TIME, {-1, -1}, 0},
    /* What is not known matters where something has to pass since then. */
    {2, 1, NO_HEIGHT, 1000, {-1, -1}, UNCHECKED},
    {2, 0, NO_HEIGHT, 1000, {-1, -1}, 0},
    {2, 0x10000, NO_HEIGHT, 1000, {-1, -1}, 0},
    {2, 1, 100, NO_TIME, {100, -1}, 0},
    {2, TIME | 1, 100, NO_TIME, {-1, -1}, UNCHECKED},
    {2, TIME | 1, 100, -1, {-1, -1}, UNCHECKED},
    {2, TIME, 100, NO_TIME, {-1, -1}, 0},
    {2, TIME | 1, NO_HEIGHT, 1000, {-1, 1511}, 0},
    {2, 1, INT32_MIN, 1000, {-1, -1}, UNCHECKED},
};

static void assert_locks(size_t row, struct sequence_locks got, struct sequence_locks want)
{
    if (got.height != want.height || got.time != want.time)
        fail_msg("row %zu: %jd, %jd", row, (intmax_t)got.height, (intmax_t)got.time);
}

static void test_sequence_locks(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    f.tx.input_count = 1;
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        struct spent_origin origin = {locks[i].height, SPENT_NOT_COINBASE, locks[i].time};
        unsigned unchecked = 0;

        f.tx.version = locks[i].version;
        f.inputs[0].sequence = locks[i].sequence;
        assert_locks(i, transaction_sequence_locks(&f.tx, &origin, &unchecked), locks[i].want);
        assert_int_equal(unchecked, locks[i].unchecked);
    }
}

/* The latest of all inputs' counts, of blocks and of seconds each; one unknown says so. */
static void test_sequence_locks_of_many(void **state)
{
    struct spent_origin origins[4] = {{100, 0, 1000}, {300, 0, 9000}, {200, 0, 5000}, {1, 0, 1}};
    struct fixture f;
    unsigned unchecked = 8;

    (void)state;
    fixture_init(&f);
    f.tx.input_count = 4;
    f.inputs[0].sequence = 150;
    f.inputs[1].sequence = TIME | 2;
    f.inputs[2].sequence = 60;
    f.inputs[3].sequence = TIME | 3;
    assert_locks(0, transaction_sequence_locks(&f.tx, origins, &unchecked),
                 (struct sequence_locks){259, 9000 + 1024 - 1});
    assert_int_equal(unchecked, 8);
    origins[2] = spent_origin_unknown();
    assert_locks(1, transaction_sequence_locks(&f.tx, origins, &unchecked),
                 (struct sequence_locks){249, 9000 + 1024 - 1});
    assert_int_equal(unchecked, 8 | UNCHECKED);
    unchecked = 0;
    assert_locks(2, transaction_sequence_locks(&f.tx, NULL, &unchecked),
                 (struct sequence_locks){-1, -1});
    assert_int_equal(unchecked, UNCHECKED);
}

static void test_evaluate(void **state)
{
    (void)state;
    assert_true(sequence_locks_evaluate((struct sequence_locks){-1, -1}, 0, 0));
    assert_true(sequence_locks_evaluate((struct sequence_locks){99, -1}, 100, 0));
    assert_false(sequence_locks_evaluate((struct sequence_locks){100, -1}, 100, 0));
    assert_true(sequence_locks_evaluate((struct sequence_locks){-1, 999}, 100, 1000));
    assert_false(sequence_locks_evaluate((struct sequence_locks){-1, 1000}, 100, 1000));
    assert_false(sequence_locks_evaluate((struct sequence_locks){99, 1000}, 100, 1000));
    assert_false(sequence_locks_evaluate((struct sequence_locks){100, 999}, 100, 1000));
    /* One more block than heights have is not before any. */
    assert_false(
        sequence_locks_evaluate((struct sequence_locks){INT64_C(1) << 31, -1}, INT32_MAX, 0));
}

/* The second input's output: where it is from, whether it can be spent at 1000. */
static const struct {
    struct spent_origin origin;
    int32_t height; /* the spending block's */
    enum reject want;
    unsigned unchecked;
} maturities[] = {
    {{1000, SPENT_NOT_COINBASE, 0}, 1000, REJECT_NONE, 0},
    {{NO_HEIGHT, SPENT_NOT_COINBASE, 0}, 1000, REJECT_NONE, 0},
    {{900, SPENT_COINBASE, 0}, 1000, REJECT_NONE, 0},
    {{901, SPENT_COINBASE, 0}, 1000, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, 0},
    {{1000, SPENT_COINBASE, 0}, 1000, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, 0},
    {{2000, SPENT_COINBASE, 0}, 1000, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, 0},
    {{INT32_MAX, SPENT_COINBASE, 0}, 0, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE, 0},
    {{0, SPENT_COINBASE, 0}, INT32_MAX, REJECT_NONE, 0},
    {{NO_HEIGHT, SPENT_COINBASE, 0}, 1000, REJECT_NONE, UNCHECKED_MATURITY},
    {{INT32_MIN, SPENT_COINBASE, 0}, INT32_MAX, REJECT_NONE, UNCHECKED_MATURITY},
    {{900, SPENT_UNKNOWN_COINBASE, 0}, 1000, REJECT_NONE, 0},
    {{901, SPENT_UNKNOWN_COINBASE, 0}, 1000, REJECT_NONE, UNCHECKED_MATURITY},
    {{901, 77, 0}, 1000, REJECT_NONE, UNCHECKED_MATURITY},
    {{NO_HEIGHT, SPENT_UNKNOWN_COINBASE, 0}, 1000, REJECT_NONE, UNCHECKED_MATURITY},
    {{900, SPENT_COINBASE, 0}, -1, REJECT_NONE, UNCHECKED_MATURITY},
    {{900, SPENT_NOT_COINBASE, 0}, -1, REJECT_NONE, 0},
};

static void test_maturity(void **state)
{
    struct tx_output spent[2] = {{.value.sat = COIN}, {.value.sat = COIN}};
    struct fixture f;

    (void)state;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(maturities) / sizeof(maturities[0]); i++) {
        struct spent_origin origins[2] = {{1, SPENT_NOT_COINBASE, 0}, maturities[i].origin};
        struct amount fee;
        size_t input;
        unsigned unchecked = 0;
        enum reject got = transaction_check_inputs(&fee, &input, &f.tx, spent, origins,
                                                   maturities[i].height, &unchecked);

        if (got != maturities[i].want || unchecked != maturities[i].unchecked)
            fail_msg("row %zu: %s, %u", i, reject_text(got), unchecked);
        assert_int_equal(input, got == REJECT_NONE ? REJECT_NO_INDEX : 1);
    }
}

static const struct {
    int64_t in[2], out[2];
    enum reject want;
    size_t input;
    int64_t fee;
} amounts[] = {
    {{COIN, COIN}, {COIN, COIN}, REJECT_NONE, REJECT_NO_INDEX, 0},
    {{COIN, COIN + 1}, {COIN, COIN}, REJECT_NONE, REJECT_NO_INDEX, 1},
    {{COIN, COIN - 1}, {COIN, COIN}, REJECT_TXNS_IN_BELOWOUT, REJECT_NO_INDEX, 0},
    {{0, 0}, {0, 0}, REJECT_NONE, REJECT_NO_INDEX, 0},
    {{0, 0}, {MAX_MONEY, 0}, REJECT_TXNS_IN_BELOWOUT, REJECT_NO_INDEX, 0},
    {{MAX_MONEY, 0}, {0, 0}, REJECT_NONE, REJECT_NO_INDEX, MAX_MONEY},
    {{MAX_MONEY, 0}, {MAX_MONEY, 0}, REJECT_NONE, REJECT_NO_INDEX, 0},
    {{MAX_MONEY, 1}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 1, 0},
    {{1, MAX_MONEY}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 1, 0},
    {{MAX_MONEY + 1, 1}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 0, 0},
    {{0, -1}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 1, 0},
    {{-1, 5}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 0, 0},
    {{INT64_MIN, INT64_MAX}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 0, 0},
    {{5, INT64_MAX}, {0, 0}, REJECT_TXNS_INPUTVALUES_OUTOFRANGE, 1, 0},
    /* What transaction_check was there to refuse does not count as paid. */
    {{COIN, COIN}, {MAX_MONEY, 1}, REJECT_TXNS_TXOUTTOTAL_TOOLARGE, REJECT_NO_INDEX, 0},
    {{COIN, COIN}, {-1, 1}, REJECT_TXNS_TXOUTTOTAL_TOOLARGE, REJECT_NO_INDEX, 0},
};

static void test_amounts(void **state)
{
    struct fixture f;

    (void)state;
    fixture_init(&f);
    for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
        struct tx_output spent[2] = {{.value.sat = amounts[i].in[0]},
                                     {.value.sat = amounts[i].in[1]}};
        struct amount fee = {0};
        size_t input = 99;
        unsigned unchecked = 0;
        enum reject got;

        f.outputs[0].value.sat = amounts[i].out[0];
        f.outputs[1].value.sat = amounts[i].out[1];
        got = transaction_check_inputs(&fee, &input, &f.tx, spent, NULL, 1000, &unchecked);
        if (got != amounts[i].want || input != amounts[i].input || fee.sat != amounts[i].fee)
            fail_msg("row %zu: %s, input %zu", i, reject_text(got), input);
        assert_int_equal(unchecked, UNCHECKED_MATURITY);
    }
}

/* An input is looked at wholly before the next is: an amount of the first before the second's age. */
static void test_inputs_order(void **state)
{
    struct tx_output spent[2] = {{.value.sat = -1}, {.value.sat = COIN}};
    struct spent_origin origins[2] = {{1, SPENT_NOT_COINBASE, 0}, {999, SPENT_COINBASE, 0}};
    struct fixture f;
    struct amount fee;
    size_t input;
    unsigned unchecked = 0;

    (void)state;
    fixture_init(&f);
    assert_int_equal(
        transaction_check_inputs(&fee, &input, &f.tx, spent, origins, 1000, &unchecked),
        REJECT_TXNS_INPUTVALUES_OUTOFRANGE);
    assert_int_equal(input, 0);
    origins[0] = origins[1];
    assert_int_equal(
        transaction_check_inputs(&fee, &input, &f.tx, spent, origins, 1000, &unchecked),
        REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE);
    assert_int_equal(input, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_value_out),
        cmocka_unit_test(test_final),
        cmocka_unit_test(test_sequence_locks),
        cmocka_unit_test(test_sequence_locks_of_many),
        cmocka_unit_test(test_evaluate),
        cmocka_unit_test(test_maturity),
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_inputs_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
