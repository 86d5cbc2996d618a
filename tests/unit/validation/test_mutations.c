/* Real blocks with one thing changed: each fails for Core's reason, at the input that was changed. */
#include "tests/unit/validation/support.h"

#include "consensus/witness_commitment.h"

#include <stdlib.h>

static struct pool *pool;
static struct validator *validators[3]; /* deferred, directly, on two workers */

static int make_validators(void **state)
{
    (void)state;
    pool = make_pool(2);
    validators[0] = make_validator(NULL, false, 0);
    validators[1] = make_validator(NULL, true, 1 << 20);
    validators[2] = make_validator(pool, false, 0);
    return 0;
}

static int destroy_validators(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        validator_destroy(validators[i]);
    pool_destroy(pool, POOL_DRAIN);
    return 0;
}

/* ---- a flipped bit in each kind of signature ---- */

/* Where a signature lies that may be spoilt, and what then happens. */
struct target {
    struct bytes *bytes; /* that hold it */
    size_t at;           /* a byte of it */
    enum script_error error;
};

/* Gives the target where an input is of the kind; no bytes else. */
typedef struct target find_fn(struct tx_input *input, struct bytes script);

static bool is_der(struct bytes push) { return push.size >= 69 && push.size <= 73; }

/* The first signature among the pushes of a scriptSig. */
static struct target first_signature(struct tx_input *input)
{
    struct script_reader in = script_reader_of(input->script);
    struct script_instruction instruction;

    while (script_read(&in, &instruction))
        if (is_der(instruction.data))
            return (struct target){
                &input->script,
                (size_t)(instruction.data.data - input->script.data) + instruction.data.size - 2,
                SCRIPT_ERR_EVAL_FALSE,
            };
    return (struct target){0};
}

static struct target find_legacy(struct tx_input *input, struct bytes script)
{
    bool p2pkh = script.size == 25 && script.data[0] == OP_DUP && script.data[24] == OP_CHECKSIG;
    bool p2pk =
        (script.size == 35 || script.size == 67) && script.data[script.size - 1] == OP_CHECKSIG;

    return p2pkh || p2pk ? first_signature(input) : (struct target){0};
}

static struct target find_p2sh_multisig(struct tx_input *input, struct bytes script)
{
    size_t size = input->script.size;

    if (script_is_p2sh(script) && !input->witness_count && size &&
        input->script.data[size - 1] == OP_CHECKMULTISIG)
        return first_signature(input);
    return (struct target){0};
}

static struct target witness_item(const struct tx_input *input, size_t i, size_t at,
                                  enum script_error error)
{
    /* Of the parsed block's own arena: nobody else's constant. */
    return (struct target){(struct bytes *)&input->witness[i], at, error};
}

static struct target find_p2wpkh(struct tx_input *input, struct bytes script)
{
    const struct bytes *w = input->witness;

    (void)script;
    if (input->witness_count == 2 && is_der(w[0]) && w[1].size == 33)
        return witness_item(input, 0, w[0].size - 2, SCRIPT_ERR_EVAL_FALSE);
    return (struct target){0};
}

static struct target find_p2wsh_multisig(struct tx_input *input, struct bytes script)
{
    const struct bytes *w = input->witness;
    size_t n = input->witness_count;

    (void)script;
    if (n >= 3 && !w[0].size && is_der(w[1]) && w[n - 1].size > 35 &&
        w[n - 1].data[w[n - 1].size - 1] == OP_CHECKMULTISIG)
        return witness_item(input, 1, w[1].size - 2, SCRIPT_ERR_EVAL_FALSE);
    return (struct target){0};
}

static bool is_taproot(struct bytes script)
{
    struct bytes program;
    unsigned version;

    return script_witness_program(script, &version, &program) && version == 1 && program.size == 32;
}

static bool is_schnorr(struct bytes item) { return item.size == 64 || item.size == 65; }

static struct target find_key_path(struct tx_input *input, struct bytes script)
{
    if (is_taproot(script) && input->witness_count == 1)
        return witness_item(input, 0, 40, SCRIPT_ERR_SCHNORR_SIG);
    return (struct target){0};
}

static struct target find_script_path(struct tx_input *input, struct bytes script)
{
    if (is_taproot(script) && input->witness_count == 3 && is_schnorr(input->witness[0]))
        return witness_item(input, 0, 40, SCRIPT_ERR_SCHNORR_SIG);
    return (struct target){0};
}

static struct target find_control_block(struct tx_input *input, struct bytes script)
{
    if (is_taproot(script) && input->witness_count >= 3)
        return witness_item(input, input->witness_count - 1, 20,
                            SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH);
    return (struct target){0};
}

static struct {
    const char *name;
    find_fn *find;
    size_t found; /* blocks that have one */
} kinds[] = {
    {"ECDSA, legacy", find_legacy, 0},
    {"ECDSA, P2SH multisignature", find_p2sh_multisig, 0},
    {"ECDSA, P2WPKH", find_p2wpkh, 0},
    {"ECDSA, P2WSH multisignature", find_p2wsh_multisig, 0},
    {"Schnorr, key path", find_key_path, 0},
    {"Schnorr, script path", find_script_path, 0},
    {"taproot's commitment", find_control_block, 0},
};

/* Spoils the first input of a kind, and asks each validator. */
static void spoil(struct block_name name, size_t kind)
{
    struct loaded b;
    size_t number = 0;

    load(&b, name);
    for (size_t i = 1; i < b.block.transaction_count; i++)
        for (size_t j = 0; j < b.block.transactions[i].input_count; j++, number++) {
            struct tx_input *input = &b.block.transactions[i].inputs[j];
            struct target target = kinds[kind].find(input, b.spent[number].script);

            if (!target.bytes)
                continue;
            own(&b, target.bytes)[target.at] ^= 1;
            put_in_order(&b);
            for (size_t v = 0; v < 3; v++)
                expect_script_error(validators[v], &b, target.error, i, j);
            b.context.skip_scripts = true;
            expect_valid(validators[0], &b);
            kinds[kind].found++;
            unload(&b);
            return;
        }
    unload(&b);
}

static void test_each_kind_of_signature(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (const struct block_name *name = block_names; name->network; name++)
            spoil(*name, kind);
        printf("%s: %zu blocks\n", kinds[kind].name, kinds[kind].found);
        assert_true(kinds[kind].found);
    }
}

/* ---- what is wrong about a block besides its signatures ---- */

/* For each block, freshly loaded, of at most so many bytes. */
static void for_blocks_to(size_t size, void (*test)(struct loaded *b))
{
    for (const struct block_name *name = block_names; name->network; name++) {
        struct loaded b;

        load(&b, *name);
        if (b.raw_size <= size)
            test(&b);
        unload(&b);
    }
}

static void for_each_block(void (*test)(struct loaded *b)) { for_blocks_to(SIZE_MAX, test); }

/* What does not depend on what sort of block it is: the largest are for those who have the time. */
static void for_smaller_blocks(void (*test)(struct loaded *b))
{
    for_blocks_to(getenv("EXS_LONG") ? SIZE_MAX : 700000, test);
}

static void expect_invalid_everywhere(struct loaded *b, const char *reason)
{
    for (size_t v = 0; v < 3; v++)
        expect_invalid(validators[v], b, reason);
}

static void spoil_coinbase(struct loaded *b)
{
    struct verdict verdict;
    struct tx_output *outputs = b->block.transactions[0].outputs;
    int64_t paid = 0, allowed;

    b->context.skip_scripts = true;
    verdict = expect_valid(validators[2], b);
    for (size_t i = 0; i < b->block.transactions[0].output_count; i++)
        paid += outputs[i].value.sat;
    allowed =
        verdict.fees.sat + params_subsidy(b->context.place.params, b->context.place.height).sat;
    assert_true(paid <= allowed);
    outputs[0].value.sat += allowed - paid;
    put_in_order(b);
    expect_valid(validators[0], b);
    outputs[0].value.sat++;
    put_in_order(b);
    b->context.skip_scripts = false;
    expect_invalid_everywhere(b, "bad-cb-amount");
}

static void test_overspent_coinbase(void **state)
{
    (void)state;
    for_each_block(spoil_coinbase);
}

static void swap_transactions(struct loaded *b)
{
    struct transaction *last = &b->block.transactions[b->block.transaction_count - 1], copy = *last;

    if (b->block.transaction_count < 3)
        return;
    last[0] = last[-1];
    last[-1] = copy;
    b->context.skip_proof_of_work = true;
    expect_invalid_everywhere(b, "bad-txnmrklroot");
}

static void test_swapped_transactions(void **state)
{
    (void)state;
    for_each_block(swap_transactions);
}

static void spoil_header(struct loaded *b)
{
    b->block.header.nonce++;
    expect_invalid_everywhere(b, "high-hash");
    b->context.skip_proof_of_work = true;
    b->context.skip_scripts = true;
    expect_valid(validators[0], b);
}

static void test_header_without_work(void **state)
{
    (void)state;
    for_smaller_blocks(spoil_header);
}

static void spoil_commitment(struct loaded *b)
{
    struct transaction *coinbase = &b->block.transactions[0];
    size_t output;

    if (!witness_commitment_find(&output, coinbase) || coinbase->inputs[0].witness_count != 1)
        return;
    own(b, &coinbase->outputs[output].script)[20] ^= 1;
    put_root_in_order(b);
    expect_invalid_everywhere(b, "bad-witness-merkle-match");
}

static void test_wrong_commitment(void **state)
{
    (void)state;
    for_each_block(spoil_commitment);
}

/* ---- amounts ---- */

/* For each input the transaction of the block that made its output, or BLOCK_SOURCE_BEFORE. */
static const uint32_t *find_sources(struct loaded *b)
{
    struct block_connection c;

    assert_true(block_compute_ids(chosen_kernels(), &b->block, &b->arena));
    assert_true(block_connect_begin(&c, &b->block, &b->arena));
    return c.sources;
}

/* An input of find's kind whose output comes from before the block: its transaction, place, number. */
static bool find_input(struct loaded *b, find_fn *find, size_t *transaction, size_t *input,
                       size_t *number)
{
    const uint32_t *sources = find_sources(b);
    size_t n = 0;

    for (size_t i = 1; i < b->block.transaction_count; i++)
        for (size_t j = 0; j < b->block.transactions[i].input_count; j++, n++) {
            struct tx_input *in = &b->block.transactions[i].inputs[j];

            if (sources[n] == BLOCK_SOURCE_BEFORE && find(in, b->spent[n].script).bytes) {
                *transaction = i;
                *input = j;
                *number = n;
                return true;
            }
        }
    return false;
}

static void spoil_amounts(struct loaded *b)
{
    static const struct {
        find_fn *find;
        enum script_error error;
    } committed[] = {
        {find_p2wpkh, SCRIPT_ERR_EVAL_FALSE},
        {find_p2wsh_multisig, SCRIPT_ERR_EVAL_FALSE},
        {find_key_path, SCRIPT_ERR_SCHNORR_SIG},
        {find_script_path, SCRIPT_ERR_SCHNORR_SIG},
    };
    size_t transaction, input, number;

    for (size_t i = 0; i < sizeof(committed) / sizeof(committed[0]); i++) {
        if (!find_input(b, committed[i].find, &transaction, &input, &number))
            continue;
        b->spent[number].value.sat++;
        /* BIP341's hash has all amounts, so there another input of the transaction may fail first. */
        if (committed[i].error == SCRIPT_ERR_EVAL_FALSE)
            for (size_t v = 0; v < 3; v++)
                expect_script_error(validators[v], b, committed[i].error, transaction, input);
        else
            assert_int_equal(validate_block(validators[0], &b->block, &b->context).rejection.script,
                             SCRIPT_ERR_SCHNORR_SIG);
        b->spent[number].value.sat--;
    }
    if (!find_input(b, find_legacy, &transaction, &input, &number))
        return;
    b->spent[number].value.sat = MAX_MONEY_SATOSHIS + 1;
    expect_invalid_everywhere(b, "bad-txns-inputvalues-outofrange");
    b->spent[number].value.sat = 0;
    if (b->block.transactions[transaction].input_count == 1)
        expect_invalid_everywhere(b, "bad-txns-in-belowout");
}

static void test_changed_amounts_of_spent_outputs(void **state)
{
    (void)state;
    for_each_block(spoil_amounts);
}

static bool signs_all(struct target t) { return t.bytes->data[t.at + 1] == 1; }

static void spoil_output(struct loaded *b)
{
    size_t transaction, input, number;
    struct transaction *tx;
    struct tx_output *output;

    if (!find_input(b, find_legacy, &transaction, &input, &number))
        return;
    tx = &b->block.transactions[transaction];
    if (input || !signs_all(find_legacy(&tx->inputs[0], b->spent[number].script)))
        return;
    for (output = tx->outputs; !output->value.sat;)
        output++;
    output->value.sat--;
    put_in_order(b);
    for (size_t v = 0; v < 3; v++)
        expect_script_error(validators[v], b, SCRIPT_ERR_EVAL_FALSE, transaction, input);
}

static void test_changed_amounts_of_outputs(void **state)
{
    (void)state;
    for_smaller_blocks(spoil_output);
}

/* ---- outputs that are not there ---- */

/* The first input that spends an output of another transaction of the block. */
static bool find_own_spend(struct loaded *b, size_t *transaction, size_t *input, size_t *number,
                           size_t *source)
{
    const uint32_t *sources = find_sources(b);
    size_t n = 0;

    for (size_t i = 1; i < b->block.transaction_count; i++)
        for (size_t j = 0; j < b->block.transactions[i].input_count; j++, n++)
            if (sources[n] != BLOCK_SOURCE_BEFORE) {
                *source = sources[n];
                *transaction = i;
                *input = j;
                *number = n;
                return true;
            }
    return false;
}

static void expect_missing(struct loaded *b, size_t transaction, size_t input)
{
    for (size_t v = 0; v < 3; v++) {
        struct verdict verdict = expect_invalid(validators[v], b, "bad-txns-inputs-missingorspent");

        assert_int_equal(verdict.rejection.transaction, transaction);
        assert_int_equal(verdict.rejection.input, input);
    }
}

static void take_outputs_away(struct loaded *b)
{
    size_t transaction, input, number, source;
    struct amount fees;

    b->context.skip_scripts = true;
    fees = expect_valid(validators[2], b).fees;
    b->context.skip_scripts = false;
    if (find_own_spend(b, &transaction, &input, &number, &source)) {
        b->spent[number] = SPENT_MISSING;
        assert_int_equal(expect_valid(validators[2], b).fees.sat, fees.sat);
        b->spent[number] = (struct tx_output){{1}, {NULL, 0}};
        assert_int_equal(validate_block(validators[2], &b->block, &b->context).result,
                         VALIDATION_MISMATCH);
        b->spent[number] = SPENT_MISSING;
    }
    if (find_input(b, find_legacy, &transaction, &input, &number)) {
        b->spent[number] = SPENT_MISSING;
        expect_missing(b, transaction, input);
    }
    b->context.spent_count--;
    assert_int_equal(validate_block(validators[2], &b->block, &b->context).result,
                     VALIDATION_MISMATCH);
}

static void test_outputs_that_the_caller_has_not(void **state)
{
    (void)state;
    for_smaller_blocks(take_outputs_away);
}

static void spend_twice(struct loaded *b)
{
    struct transaction *tx = b->block.transactions;
    size_t last = b->block.transaction_count - 1;

    if (last < 2)
        return;
    tx[last].inputs[0].previous = tx[1].inputs[0].previous;
    b->spent[b->spent_count - tx[last].input_count] = b->spent[0];
    put_in_order(b);
    expect_missing(b, last, 0);
}

static void test_outputs_that_are_spent_twice(void **state)
{
    (void)state;
    for_smaller_blocks(spend_twice);
}

/* The number of a transaction's first input. */
static size_t first_input(const struct loaded *b, size_t transaction)
{
    size_t n = 0;

    for (size_t i = 1; i < transaction; i++)
        n += b->block.transactions[i].input_count;
    return n;
}

/* Puts the spender before the source, each with what it spends. */
static void spend_too_early(struct loaded *b)
{
    size_t transaction, input, number, source, n, begin;
    struct transaction copy;
    struct tx_output *spent;

    if (!find_own_spend(b, &transaction, &input, &number, &source) || !source)
        return;
    copy = b->block.transactions[transaction];
    begin = first_input(b, source);
    n = copy.input_count;
    spent = arena_copy(&b->arena, b->spent + first_input(b, transaction), n * sizeof(*spent));
    assert_non_null(spent);
    memmove(b->spent + begin + n, b->spent + begin,
            (first_input(b, transaction) - begin) * sizeof(*spent));
    memcpy(b->spent + begin, spent, n * sizeof(*spent));
    memmove(&b->block.transactions[source + 1], &b->block.transactions[source],
            (transaction - source) * sizeof(copy));
    b->block.transactions[source] = copy;
    put_in_order(b);
    expect_missing(b, source, input);
}

static void test_outputs_that_are_made_later(void **state)
{
    (void)state;
    for_smaller_blocks(spend_too_early);
}

static void make_unspendable(struct loaded *b)
{
    size_t transaction, input, number, source;
    struct tx_output *output;

    if (!find_own_spend(b, &transaction, &input, &number, &source))
        return;
    output = &b->block.transactions[source]
                  .outputs[b->block.transactions[transaction].inputs[input].previous.index];
    own(b, &output->script)[0] = OP_RETURN;
    put_in_order(b);
    b->block.transactions[transaction].inputs[input].previous.txid = b->block.txids[source];
    put_in_order(b);
    expect_missing(b, transaction, input);
}

static void test_outputs_that_nobody_can_spend(void **state)
{
    (void)state;
    for_smaller_blocks(make_unspendable);
}

/* ---- of several faults ---- */

static void test_the_first_of_two(void **state)
{
    struct loaded b;
    size_t transaction = 0, input = 0, number = 0, last;
    struct transaction *tx;
    struct target target;

    (void)state;
    load(&b, (struct block_name){"mainnet", 210000});
    tx = b.block.transactions;
    for (last = b.block.transaction_count - 1;; last--) {
        target = find_legacy(&tx[last].inputs[0], b.spent[first_input(&b, last)].script);
        if (target.bytes)
            break;
    }
    own(&b, target.bytes)[target.at] ^= 1;
    put_in_order(&b);
    for (size_t v = 0; v < 3; v++)
        expect_script_error(validators[v], &b, SCRIPT_ERR_EVAL_FALSE, last, 0);
    assert_true(find_input(&b, find_legacy, &transaction, &input, &number));
    assert_true(transaction < last);
    target = find_legacy(&tx[transaction].inputs[input], b.spent[number].script);
    own(&b, target.bytes)[target.at] ^= 1;
    put_in_order(&b);
    for (size_t v = 0; v < 3; v++)
        expect_script_error(validators[v], &b, SCRIPT_ERR_EVAL_FALSE, transaction, input);
    /* A rule comes before every script, though it is about the coinbase and the last to be looked at. */
    tx[0].outputs[0].value.sat += 100 * SATOSHIS_PER_COIN;
    put_in_order(&b);
    expect_invalid_everywhere(&b, "bad-cb-amount");
    unload(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_signature),
        cmocka_unit_test(test_overspent_coinbase),
        cmocka_unit_test(test_swapped_transactions),
        cmocka_unit_test(test_header_without_work),
        cmocka_unit_test(test_wrong_commitment),
        cmocka_unit_test(test_changed_amounts_of_spent_outputs),
        cmocka_unit_test(test_changed_amounts_of_outputs),
        cmocka_unit_test(test_outputs_that_the_caller_has_not),
        cmocka_unit_test(test_outputs_that_are_spent_twice),
        cmocka_unit_test(test_outputs_that_are_made_later),
        cmocka_unit_test(test_outputs_that_nobody_can_spend),
        cmocka_unit_test(test_the_first_of_two),
    };

    return cmocka_run_group_tests(tests, make_validators, destroy_validators);
}
