/* Counting signature operations: of scripts, inputs, and transactions. */
#include "consensus/sigops.h"

#include "consensus/script.h"
#include "consensus/script_flags.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

static void test_scripts(void **state)
{
    static const struct {
        const char *script;
        uint32_t rough, accurate;
    } cases[] = {
        {"", 0, 0},
        {"ac", 1, 1},
        {"ad", 1, 1},
        {"acacadab", 3, 3},
        {"ae", 20, 20},
        {"af", 20, 20},
        {"00ae", 20, 20}, /* OP_0 is no number of keys here */
        {"51ae", 20, 1},
        {"60af", 20, 16},
        {"61ae", 20, 20},
        {"4fae", 20, 20},
        {"50ae", 20, 20},
        {"0110ae", 20, 20},   /* sixteen, but pushed */
        {"515200ae", 20, 20}, /* only what comes right before it counts */
        {"5251ae", 20, 1},
        {"53aeae", 40, 23},
        {"51ac52ae", 21, 3},
        {"51ba", 0, 0},           /* OP_CHECKSIGADD is none */
        {"6363ac68ae67", 21, 21}, /* branches that are not taken count */
        {"6aac", 1, 1},           /* nor does OP_RETURN end it */
        {"02acac", 0, 0},         /* data */
        {"acff02ac", 1, 1},       /* up to a push that is cut short */
        {"ac4cacac", 1, 1},
        {"52ae4dac", 20, 2},
        {"0151ae", 20, 20},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *script = hex_bytes(cases[i].script, &size);

        assert_int_equal(sigops_script(bytes_of(script, size), false), cases[i].rough);
        assert_int_equal(sigops_script(bytes_of(script, size), true), cases[i].accurate);
        free(script);
    }
    assert_int_equal(sigops_script((struct bytes){0}, true), 0);
}

/* One input that spends one output into one output. */
struct spend {
    struct tx_input input;
    struct tx_output output, spent;
    struct transaction tx;
    struct bytes stack[3];
};

static const uint8_t p2sh[23] = {OP_HASH160, 20, [22] = OP_EQUAL};
static const uint8_t p2wpkh[22] = {OP_0, 20}, p2wsh[34] = {OP_0, 32}, p2tr[34] = {OP_1, 32};
static const uint8_t v0_odd[5] = {OP_0, 3};
static const uint8_t multisig[] = {OP_1, OP_2, OP_CHECKMULTISIG};

static void spend_init(struct spend *s, struct bytes script_pubkey, struct bytes script_sig)
{
    memset(s, 0, sizeof(*s));
    s->input = (struct tx_input){.script = script_sig, .witness = s->stack};
    s->spent = (struct tx_output){{1}, script_pubkey};
    s->tx = (struct transaction){
        .inputs = &s->input, .input_count = 1, .outputs = &s->output, .output_count = 1};
}

enum { P2SH = SCRIPT_VERIFY_P2SH, WITNESS = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS };

static void assert_cost(const struct spend *s, uint32_t flags, uint64_t want)
{
    assert_int_equal(sigops_transaction_cost(&s->tx, &s->spent, flags), want);
}

/* Outputs and scriptSigs count roughly, each as four; what is spent does not. */
static void test_legacy(void **state)
{
    struct spend s;

    (void)state;
    spend_init(&s, bytes_of(multisig, 3), bytes_of("\xac", 1));
    s.output.script = bytes_of(multisig, 3);
    assert_int_equal(sigops_legacy(&s.tx), 21);
    assert_cost(&s, 0, 84);
    assert_cost(&s, WITNESS, 84);
}

static void test_p2sh(void **state)
{
    static const struct {
        const char *script_sig;
        uint64_t want, legacy;
    } cases[] = {
        {"035152ae", 2, 0},   {"51035152ae", 2, 0},
        {"035152ae00", 0, 0},                       /* the last push is an empty script */
        {"035152ae51", 0, 0},                       /* and OP_1's element is not the script here */
        {"", 0, 0},           {"035152ae61", 0, 0}, /* more than pushes */
        {"61035152ae", 0, 0}, {"ac035152ae", 0, 1},
        {"035152ae05", 0, 0}, /* cut short */
        {"50035152ae", 2, 0}, /* OP_RESERVED counts as a push */
        {"4c035152ae", 2, 0}, {"01ae", 20, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size;
        uint8_t *script_sig = hex_bytes(cases[i].script_sig, &size);
        struct spend s;

        spend_init(&s, bytes_of(p2sh, 23), bytes_of(script_sig, size));
        assert_int_equal(sigops_p2sh(&s.tx, &s.spent), cases[i].want);
        assert_cost(&s, P2SH, 4 * (cases[i].want + cases[i].legacy));
        assert_cost(&s, 0, 4 * cases[i].legacy);
        s.spent.script = bytes_of(p2sh, 22);
        assert_int_equal(sigops_p2sh(&s.tx, &s.spent), 0);
        free(script_sig);
    }
}

/* Programs of version 0, native and inside of P2SH; each of their operations counts as one. */
static void test_witness(void **state)
{
    static const struct {
        struct bytes program;
        size_t items; /* the last of them a multisignature */
        uint64_t want;
    } cases[] = {
        {{p2wpkh, 22}, 2, 1}, {{p2wpkh, 22}, 0, 1}, /* even without a witness */
        {{p2wsh, 34}, 1, 2},  {{p2wsh, 34}, 3, 2},   {{p2wsh, 34}, 0, 0}, {{p2tr, 34}, 1, 0},
        {{v0_odd, 5}, 1, 0},  {{multisig, 3}, 1, 0}, {{p2wsh, 33}, 1, 0},
    };
    uint8_t nested[1 + 34];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes program = cases[i].program;
        struct spend s;

        for (int inside = 0; inside < 2; inside++) {
            nested[0] = (uint8_t)program.size;
            memcpy(nested + 1, program.data, program.size);
            spend_init(&s, inside ? bytes_of(p2sh, 23) : program,
                       inside ? bytes_of(nested, 1 + program.size) : (struct bytes){0});
            s.input.witness_count = cases[i].items;
            if (cases[i].items)
                s.stack[cases[i].items - 1] = bytes_of(multisig, 3);
            assert_int_equal(sigops_witness(&s.input, s.spent.script, WITNESS), cases[i].want);
            assert_int_equal(sigops_witness(&s.input, s.spent.script, P2SH), 0);
        }
    }
}

/* All three together, of which the first two count fourfold. */
static void test_cost(void **state)
{
    uint8_t nested[35] = {34, OP_0, 32}, code[35] = {33, OP_CHECKSIG};
    struct spend s;

    (void)state;
    spend_init(&s, bytes_of(p2sh, 23), bytes_of(nested, 35));
    s.output.script = bytes_of("\xac\x6a", 2);
    s.input.witness_count = 1;
    s.stack[0] = bytes_of(multisig, 3);
    assert_cost(&s, WITNESS, 4 + 2);
    assert_cost(&s, P2SH, 4);

    /* Something is done before the push: no nested program, and no script of P2SH's either. */
    nested[0] = OP_NOP;
    s.input.script = bytes_of(nested, 35);
    assert_cost(&s, WITNESS, 4);

    /* A script of P2SH's that is no program. */
    s.input.script = bytes_of(code, 34);
    assert_cost(&s, WITNESS, 4 + 4);
}

/* A coinbase spends nothing; what its scripts hold counts all the same. */
static void test_coinbase(void **state)
{
    struct spend s;

    (void)state;
    spend_init(&s, (struct bytes){0}, bytes_of("\xac\xae", 2));
    s.input.previous.index = OUTPOINT_NULL_INDEX;
    s.output.script = bytes_of("\xad", 1);
    assert_true(transaction_is_coinbase(&s.tx));
    assert_int_equal(sigops_p2sh(&s.tx, NULL), 0);
    assert_int_equal(sigops_transaction_cost(&s.tx, NULL, WITNESS), 4 * 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts), cmocka_unit_test(test_legacy),
        cmocka_unit_test(test_p2sh),    cmocka_unit_test(test_witness),
        cmocka_unit_test(test_cost),    cmocka_unit_test(test_coinbase),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
