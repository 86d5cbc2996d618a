/* The first 600 blocks of mainnet, each with all that is known from those before it: nothing is left out. */
#include "tests/unit/validation/support.h"

#include "consensus/pow.h"

#include <stdlib.h>

enum { BLOCKS = 600, COINS = 4096 };

struct coin {
    struct outpoint outpoint;
    struct tx_output output;
    struct spent_origin origin;
    bool spent;
};

struct chain {
    uint8_t *file;
    size_t size;
    struct arena arena;
    struct block blocks[BLOCKS];
    struct coin coins[COINS];
    size_t coin_count;
};

static struct pow_ancestor ancestor(void *context, int32_t height)
{
    const struct chain *c = context;

    return (struct pow_ancestor){c->blocks[height].header.time, c->blocks[height].header.bits};
}

static int64_t median_before(const struct chain *c, int32_t height)
{
    uint32_t times[MEDIAN_TIME_SPAN];
    size_t n = 0;

    for (; n < MEDIAN_TIME_SPAN && (int32_t)n < height; n++)
        times[n] = c->blocks[height - 1 - (int32_t)n].header.time;
    return median_time_past(times, n);
}

static struct coin *find_coin(struct chain *c, const struct outpoint *o)
{
    for (size_t i = 0; i < c->coin_count; i++)
        if (!c->coins[i].spent && c->coins[i].outpoint.index == o->index &&
            txid_equal(c->coins[i].outpoint.txid, o->txid))
            return &c->coins[i];
    return NULL;
}

static void load_chain(struct chain *c)
{
    size_t at = 0;

    *c = (struct chain){0};
    arena_init(&c->arena, 0);
    c->file = vectors_load("blocks/mainnet-0-to-599.blk", &c->size);
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t size = read_le32(c->file + at + 4);

        assert_int_equal(block_parse(&c->blocks[i], &c->arena, bytes_of(c->file + at + 8, size),
                                     TRANSACTION_WITH_WITNESS),
                         PARSE_OK);
        assert_true(block_compute_ids(chosen_kernels(), &c->blocks[i], &c->arena));
        at += 8 + size;
    }
    assert_int_equal(at, c->size);
}

/* What a block spends, as far as blocks before it made it. */
static size_t gather(struct chain *c, int32_t height, struct tx_output *spent,
                     struct spent_origin *origins)
{
    const struct block *block = &c->blocks[height];
    size_t n = 0;

    for (size_t i = 1; i < block->transaction_count; i++)
        for (size_t j = 0; j < block->transactions[i].input_count; j++, n++) {
            const struct coin *coin = find_coin(c, &block->transactions[i].inputs[j].previous);

            spent[n] = coin ? coin->output : SPENT_MISSING;
            origins[n] = coin ? coin->origin : spent_origin_unknown();
        }
    return n;
}

static void apply(struct chain *c, int32_t height)
{
    const struct block *block = &c->blocks[height];

    for (size_t i = 0; i < block->transaction_count; i++) {
        const struct transaction *tx = &block->transactions[i];

        for (size_t j = 0; i && j < tx->input_count; j++)
            find_coin(c, &tx->inputs[j].previous)->spent = true;
        for (size_t j = 0; j < tx->output_count; j++) {
            assert_true(c->coin_count < COINS);
            c->coins[c->coin_count++] = (struct coin){
                .outpoint = {block->txids[i], (uint32_t)j},
                .output = tx->outputs[j],
                .origin = {height, i ? SPENT_NOT_COINBASE : SPENT_COINBASE,
                           median_before(c, height)},
            };
        }
    }
}

static void test_the_first_blocks(void **state)
{
    static struct chain c;
    const struct params *net = params_find("main");
    struct validator *v = make_validator(NULL, false, 0);
    struct spent_origin origins[64];
    struct tx_output spent[64];
    size_t inputs = 0;

    (void)state;
    load_chain(&c);
    assert_int_equal(
        validate_block(v, &c.blocks[0], &(struct block_context){.place = {net, 0, 0}}).result,
        VALIDATION_VALID);
    for (int32_t height = 1; height < BLOCKS; height++) {
        const struct block *block = &c.blocks[height];
        struct header_context header = {
            .bits = pow_next_bits(net, ancestor, &c, height - 1, block->header.time),
            .previous_time = c.blocks[height - 1].header.time,
            .now = block->header.time,
        };
        struct block_context context = {
            .place = {net, height, median_before(&c, height)},
            .spent = spent,
            .spent_count = gather(&c, height, spent, origins),
            .origins = origins,
            .header = &header,
        };
        struct verdict verdict = validate_block_bytes(v, block->raw, &context);

        if (verdict.result != VALIDATION_VALID)
            fail_msg("block %d: %s: %s", height, validation_text(verdict.result),
                     reject_text(verdict.rejection.reason));
        assert_int_equal(verdict.unchecked, UNCHECKED_BIP30);
        inputs += verdict.inputs;
        if (height == 170) {
            assert_int_equal(verdict.inputs, 1);
            origins[0].height = 71;
            verdict = validate_block(v, block, &context);
            assert_int_equal(verdict.rejection.reason, REJECT_TXNS_PREMATURE_SPEND_OF_COINBASE);
            header.bits--;
            assert_int_equal(validate_block(v, block, &context).rejection.reason, REJECT_DIFFBITS);
        }
        apply(&c, height);
    }
    printf("%d blocks, %zu inputs\n", BLOCKS, inputs);
    validator_destroy(v);
    arena_free(&c.arena);
    free(c.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_first_blocks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
