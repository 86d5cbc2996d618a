/*
 * What real blocks spend: every input is good under the flags of consensus, as it was then, deferred or
 * not; under all flags it gives what the library that EXS_REFERENCE_CONSENSUS names gives, where there is
 * one. One input of some hundreds; every one with EXS_LONG.
 */
#include "consensus/block.h"

#include "base/hex.h"
#include "tests/spends/reference.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>

/* The rules that held, beside P2SH. */
enum {
    EARLY = SCRIPT_VERIFY_P2SH,
    SEGWIT = EARLY | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY |
             SCRIPT_VERIFY_CHECKSEQUENCEVERIFY | SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_NULLDUMMY,
    STEP = 257, /* a prime: blocks repeat themselves in other steps */
};

static const struct {
    const char *name;
    uint32_t flags;
    size_t inputs; /* of all transactions but the coinbase */
} blocks[] = {
    {"mainnet-170", SCRIPT_VERIFY_NONE, 1},
    {"mainnet-24835", SCRIPT_VERIFY_NONE, 74},
    {"mainnet-57043", SCRIPT_VERIFY_NONE, 131},
    {"mainnet-116928", SCRIPT_VERIFY_NONE, 12},
    {"mainnet-150013", SCRIPT_VERIFY_NONE, 94},
    {"mainnet-210000", EARLY, 899},
    {"mainnet-300025", EARLY, 1427},
    {"mainnet-367891", EARLY | SCRIPT_VERIFY_DERSIG, 20817},
    {"mainnet-403200", EARLY | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY, 1036},
    {"mainnet-757753", SEGWIT | SCRIPT_VERIFY_TAPROOT, 131},
    {"mainnet-866342", SEGWIT | SCRIPT_VERIFY_TAPROOT, 7972},
    {"testnet3-928816", SEGWIT | SCRIPT_VERIFY_TAPROOT, 8692},
    {"testnet3-928828", SEGWIT | SCRIPT_VERIFY_TAPROOT, 1972},
    {"testnet3-928848", SEGWIT | SCRIPT_VERIFY_TAPROOT, 11215},
};

struct tried {
    struct runs runs;
    struct reference reference;
    size_t inputs, errors[SCRIPT_ERRORS];
};

static struct bytes load(const char *name, const char *suffix)
{
    char path[64];
    struct bytes data;

    snprintf(path, sizeof(path), "blocks/%s%s.raw", name, suffix);
    data.data = vectors_load(path, &data.size);
    return data;
}

static void compare(struct tried *tried, const struct spend *s, const char *block,
                    bool must_be_good)
{
    char text[SPEND_DIFFERENCE_SIZE];
    enum script_error error;

    if (!spend_compare(s, &tried->runs, &tried->reference, &error, text) ||
        (must_be_good && error != SCRIPT_ERR_OK)) {
        struct txid txid = transaction_txid(COMPRESS, &s->tx);
        char shown[65];

        hex_encode_reversed(shown, txid.bytes, 32);
        fail_msg("%s, %s, input %zu: %s", block, shown, s->input,
                 must_be_good && error ? script_error_name(error) : text);
    }
    if (!must_be_good)
        tried->errors[error]++;
}

static void check_input(struct tried *tried, const struct transaction *tx, struct tx_output *spent,
                        size_t input, size_t block)
{
    struct arena arena;
    struct spend s = {&arena, blocks[block].flags, input, *tx, spent};

    arena_init(&arena, 0);
    compare(tried, &s, blocks[block].name, true);
    s.flags = SCRIPT_VERIFY_ALL;
    compare(tried, &s, blocks[block].name, false);
    arena_free(&arena);
    tried->inputs++;
}

static size_t check_block(struct tried *tried, size_t i, struct arena *arena)
{
    struct bytes raw = load(blocks[i].name, ""), undo = load(blocks[i].name, "-undo");
    struct cursor in = cursor_of(undo.data, undo.size);
    size_t step = getenv("EXS_LONG") ? 1 : STEP, inputs = 0;
    struct block block;

    assert_int_equal(block_parse(&block, arena, raw, TRANSACTION_WITH_WITNESS), PARSE_OK);
    for (size_t t = 1; t < block.transaction_count; t++) {
        const struct transaction *tx = &block.transactions[t];
        struct tx_output *spent = arena_array(arena, tx->input_count, sizeof(*spent));

        assert_non_null(spent);
        for (size_t j = 0; j < tx->input_count; j++)
            spent[j] = tx_output_read(&in);
        assert_false(in.failed);
        for (size_t j = 0; j < tx->input_count; j++)
            if (inputs++ % step == 0)
                check_input(tried, tx, spent, j, i);
    }
    assert_true(cursor_done(&in));
    free((void *)raw.data);
    free((void *)undo.data);
    return inputs;
}

static void test_blocks(void **state)
{
    struct tried tried = {0};

    (void)state;
    free((void *)load(blocks[0].name, "").data); /* skips where there are no vectors */
    if (!reference_open(&tried.reference))
        fail_msg("EXS_REFERENCE_CONSENSUS can't be used");
    runs_init(&tried.runs);
    for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
        struct arena arena;
        size_t inputs;

        arena_init(&arena, 0);
        inputs = check_block(&tried, i, &arena);
        assert_int_equal(inputs, blocks[i].inputs);
        arena_free(&arena);
    }
    for (size_t i = 0; i < SCRIPT_ERRORS; i++)
        if (tried.errors[i])
            print_message("%7zu %s\n", tried.errors[i], script_error_name((enum script_error)i));
    print_message("%zu inputs%s\n", tried.inputs,
                  tried.reference.library ? ", beside the reference" : "");
    runs_free(&tried.runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
