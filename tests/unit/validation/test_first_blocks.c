/*
 * The first 600 blocks of the main network as a chain: each is validated wholly, with the bits that
 * the headers before it ask for and the coins that the blocks before it left; and the same with
 * coins that are not there, too young, or overwritten.
 */
#include "consensus/pow.h"
#include "tests/unit/validation/support.h"

#include <stdlib.h>

enum { BLOCKS = 600, COINS = 4096 };

struct coin {
    struct outpoint where;
    struct tx_output output;
    struct spent_origin origin;
};

/* What a node keeps: headers by height, and coins in no order. */
struct chain {
    const struct params *net;
    uint8_t *file;
    struct arena arena; /* of all its blocks, to whose outputs coins point */
    struct block block[BLOCKS];
    struct coin coin[COINS];
    size_t coins, spends;
};

static struct pow_ancestor ancestor(void *context, int32_t height)
{
    const struct chain *c = context;

    return (struct pow_ancestor){c->block[height].header.time, c->block[height].header.bits};
}

static int64_t median_before(const struct chain *c, int32_t height)
{
    uint32_t times[MEDIAN_TIME_SPAN];
    size_t n = 0;

    for (int32_t h = height - 1; h >= 0 && n < MEDIAN_TIME_SPAN; h--)
        times[n++] = c->block[h].header.time;
    return n ? median_time_past(times, n) : 0;
}

static struct coin *find_coin(struct chain *c, struct outpoint where)
{
    for (size_t i = 0; i < c->coins; i++)
        if (c->coin[i].where.index == where.index && txid_equal(c->coin[i].where.txid, where.txid))
            return &c->coin[i];
    return NULL;
}

/* BIP30: no transaction may make what is there already. */
static bool overwrites(struct chain *c, const struct block *block)
{
    for (size_t t = 0; t < block->transaction_count; t++)
        for (size_t i = 0; i < block->transactions[t].output_count; i++)
            if (find_coin(c, (struct outpoint){block->txids[t], (uint32_t)i}))
                return true;
    return false;
}

/* What a block's inputs spend, one after another; SPENT_MISSING where it is not (yet) there. */
struct spending {
    struct tx_output *spent;
    struct spent_origin *origins;
    size_t count;
};

static struct spending gather(struct chain *c, const struct block *block)
{
    struct spending s = {0};

    for (size_t t = 1; t < block->transaction_count; t++)
        s.count += block->transactions[t].input_count;
    s.spent = arena_array(&c->arena, s.count, sizeof(*s.spent));
    s.origins = arena_array(&c->arena, s.count, sizeof(*s.origins));
    assert_true(s.spent && s.origins);
    s.count = 0;
    for (size_t t = 1; t < block->transaction_count; t++) {
        for (size_t i = 0; i < block->transactions[t].input_count; i++, s.count++) {
            struct coin *coin = find_coin(c, block->transactions[t].inputs[i].previous);

            s.spent[s.count] = coin ? coin->output : SPENT_MISSING;
            s.origins[s.count] = coin ? coin->origin : spent_origin_unknown();
        }
    }
    return s;
}

static struct verdict validate_at(struct chain *c, struct validator *v, int32_t height,
                                  struct spending s)
{
    const struct block *block = &c->block[height];
    struct header_context header = {.now = block->header.time};
    struct block_context context = {
        .place = {c->net, height, median_before(c, height)},
        .spent = s.spent,
        .spent_count = s.count,
        .origins = s.origins,
        .header = height ? &header : NULL,
    };

    if (height) {
        header.bits = pow_next_bits(c->net, ancestor, c, height - 1, block->header.time);
        header.previous_time = c->block[height - 1].header.time;
    }
    return validate_block(v, block, &context);
}

static void apply(struct chain *c, int32_t height)
{
    const struct block *block = &c->block[height];

    for (size_t t = 0; t < block->transaction_count; t++) {
        const struct transaction *tx = &block->transactions[t];

        for (size_t i = 0; t > 0 && i < tx->input_count; i++) {
            struct coin *coin = find_coin(c, tx->inputs[i].previous);

            assert_non_null(coin);
            *coin = c->coin[--c->coins];
            c->spends++;
        }
        /* The genesis block's coins are nobody's. */
        for (size_t i = 0; height && i < tx->output_count; i++) {
            assert_true(c->coins < COINS);
            c->coin[c->coins++] = (struct coin){
                {block->txids[t], (uint32_t)i},
                tx->outputs[i],
                {height, t ? SPENT_NOT_COINBASE : SPENT_COINBASE, median_before(c, height)}};
        }
    }
}

static void read_chain(struct chain *c)
{
    size_t size, at = 0;

    c->net = params_find("main");
    c->file = vectors_load("blocks/mainnet-0-to-599.blk", &size);
    arena_init(&c->arena, 0);
    for (int32_t height = 0; height < BLOCKS; height++) {
        size_t length;

        assert_true(size - at > 8);
        assert_memory_equal(c->file + at, c->net->magic, 4);
        length = read_le32(c->file + at + 4);
        assert_true(length <= size - at - 8);
        assert_int_equal(block_parse(&c->block[height], &c->arena,
                                     bytes_of(c->file + at + 8, length), TRANSACTION_WITH_WITNESS),
                         PARSE_OK);
        assert_true(block_compute_ids(chosen_kernels(), &c->block[height], &c->arena));
        at += 8 + length;
    }
    assert_int_equal(at, size);
}

static struct chain *start_chain(void)
{
    struct chain *c = calloc(1, sizeof(*c));

    assert_non_null(c);
    read_chain(c);
    return c;
}

static void end_chain(struct chain *c)
{
    arena_free(&c->arena);
    free(c->file);
    free(c);
}

static void assert_valid(struct chain *c, int32_t height, struct verdict verdict,
                         unsigned unchecked)
{
    char text[REJECTION_TEXT_SIZE];

    if (verdict.result != VALIDATION_VALID)
        fail_msg("height %d: %s: %s", height, validation_text(verdict.result),
                 rejection_text(text, &verdict.rejection));
    assert_int_equal(verdict.unchecked, unchecked);
    /* The coinbase takes all that it may: nobody gave coins away yet. */
    if (height)
        assert_int_equal(c->block[height].transactions[0].outputs[0].value.sat,
                         50 * SATOSHIS_PER_COIN + verdict.fees.sat);
}

static void validate_chain(bool direct)
{
    struct chain *c = start_chain();
    struct validator *v = make_validator(NULL, direct, 0);
    struct block_hash previous = {{0}};
    size_t signatures = 0;

    for (int32_t height = 0; height < BLOCKS; height++) {
        const struct block *block = &c->block[height];
        /* BIP30 needs all coins: those are here. The genesis block is not connected. */
        unsigned unchecked = height ? UNCHECKED_BIP30 : 0;
        struct verdict verdict = validate_at(c, v, height, gather(c, block));

        assert_true(block_hash_equal(block->header.previous, previous));
        previous = block_header_hash(chosen_kernels()->sha256_compress->run, &block->header);
        assert_int_equal(block_enforces_bip30(c->net, previous, height, false), true);
        assert_false(overwrites(c, block));
        assert_valid(c, height, verdict, unchecked);
        signatures += verdict.signatures;
        apply(c, height);
        /* A second time it would make coins that are there. */
        assert_int_equal(overwrites(c, block), height > 0);
    }
    printf("%d blocks, %zu coins spent, %zu left, %zu signature checks\n", BLOCKS, c->spends,
           c->coins, signatures);
    assert_true(c->spends > 0 && signatures >= c->spends);
    validator_destroy(v);
    end_chain(c);
}

static void test_deferred(void **state)
{
    (void)state;
    validate_chain(false);
}

static void test_directly(void **state)
{
    (void)state;
    validate_chain(true);
}

/* The block of the first payment there was: what it spends taken away, too young, worth less, another's. */
static void test_wrong_coins(void **state)
{
    enum { FIRST_PAYMENT = 170 };
    struct chain *c = start_chain();
    struct validator *v = make_validator(NULL, false, 0);
    struct spending s;
    struct tx_output spent;
    struct spent_origin origin;
    struct verdict verdict;

    (void)state;
    for (int32_t height = 0; height < FIRST_PAYMENT; height++)
        apply(c, height);
    s = gather(c, &c->block[FIRST_PAYMENT]);
    assert_int_equal(s.count, 1);
    spent = s.spent[0];
    origin = s.origins[0];
    assert_int_equal(origin.height, 9);
    assert_int_equal(validate_at(c, v, FIRST_PAYMENT, s).result, VALIDATION_VALID);

    s.spent[0] = SPENT_MISSING;
    verdict = validate_at(c, v, FIRST_PAYMENT, s);
    assert_int_equal(verdict.rejection.reason, REJECT_TXNS_INPUTS_MISSINGORSPENT);
    s.spent[0] = spent;
    s.origins[0].height = FIRST_PAYMENT - COINBASE_MATURITY;
    assert_int_equal(validate_at(c, v, FIRST_PAYMENT, s).result, VALIDATION_VALID);
    s.origins[0].height++;
    verdict = validate_at(c, v, FIRST_PAYMENT, s);
    assert_int_equal(verdict.rejection.reason, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE);
    s.origins[0] = origin;
    s.spent[0].value.sat--;
    verdict = validate_at(c, v, FIRST_PAYMENT, s);
    assert_int_equal(verdict.rejection.reason, REJECT_TXNS_IN_BELOWOUT);
    s.spent[0] = c->coin[0].output;
    verdict = validate_at(c, v, FIRST_PAYMENT, s);
    assert_int_equal(verdict.rejection.reason, REJECT_SCRIPT);
    assert_int_equal(verdict.rejection.script, SCRIPT_ERR_EVAL_FALSE);
    validator_destroy(v);
    end_chain(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_directly),
        cmocka_unit_test(test_wrong_coins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
