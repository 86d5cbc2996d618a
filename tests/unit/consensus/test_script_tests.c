/*
 * Core's script_tests.json: every script gives the error that it names, its signatures verified at
 * once and at the end; and, as Core tests it too, fewer flags keep a good script good, more flags
 * a bad one bad.
 */
#include "consensus/interpreter.h"

#include "base/hex.h"
#include "tests/spends/runs.h"
#include "tests/unit/consensus/script_assembler.h"
#include "tests/unit/consensus/support.h"

#include <secp256k1_extrakeys.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPTS = 1222, SCRIPT_ROOM = 20000, ITEMS = 64, FLAGS_TRIED = 16 };

/* BIP341's point that nobody knows the secret key of. */
static const char unspendable_key[] =
    "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

struct row {
    const char *text; /* what a failure shows */
    struct arena arena;
    struct bytes script_sig, script_pubkey;
    struct bytes witness[ITEMS];
    size_t witness_count;
    struct amount amount;
    uint32_t flags;
    const char *expected;
};

static struct bytes assemble(struct row *row, const char *text)
{
    uint8_t room[SCRIPT_ROOM];
    struct script_builder b = script_builder_on(room, sizeof(room));

    if (!script_assemble(&b, text))
        fail_msg("%s: not a script: %s", row->text, text);
    return bytes_of(arena_copy(&row->arena, b.data, b.size), b.size);
}

/* The output key for a tree of one script, and the control block that shows it. */
static void commit_to_script(struct row *row, uint8_t output[static 32], struct bytes *control,
                             struct bytes script)
{
    struct hash256 root = taproot_leaf_hash(COMPRESS, TAPROOT_LEAF_TAPSCRIPT, script), tweak;
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    uint8_t block[TAPROOT_CONTROL_BASE_SIZE];
    secp256k1_xonly_pubkey key;
    secp256k1_pubkey tweaked;
    int parity;

    assert_true(hex_decode(block + 1, 32, unspendable_key, 64));
    tweak = taproot_tweak(COMPRESS, block + 1, &root);
    assert_true(secp256k1_xonly_pubkey_parse(context, &key, block + 1));
    assert_true(secp256k1_xonly_pubkey_tweak_add(context, &tweaked, &key, tweak.bytes));
    assert_true(secp256k1_xonly_pubkey_from_pubkey(context, &key, &parity, &tweaked));
    assert_true(secp256k1_xonly_pubkey_serialize(context, output, &key));
    secp256k1_context_destroy(context);
    block[0] = (uint8_t)(TAPROOT_LEAF_TAPSCRIPT | parity);
    *control = bytes_of(arena_copy(&row->arena, block, sizeof(block)), sizeof(block));
}

/* The witness and the amount, a row's first column where that is an array. */
static void read_witness(struct row *row, const json_t *column, uint8_t output[static 32])
{
    static const char script_mark[] = "#SCRIPT#";
    struct bytes script = {0};

    row->witness_count = json_array_size(column) - 1;
    assert_in_range(row->witness_count, 0, ITEMS);
    for (size_t i = 0; i < row->witness_count; i++) {
        const char *text = json_string_value(json_array_get(column, i));
        size_t size;

        if (strncmp(text, script_mark, strlen(script_mark)) == 0) {
            row->witness[i] = script = assemble(row, text + strlen(script_mark));
        } else if (strcmp(text, "#CONTROLBLOCK#") == 0) {
            commit_to_script(row, output, &row->witness[i], script);
        } else {
            uint8_t *data = hex_bytes(text, &size);

            row->witness[i] = bytes_of(arena_copy(&row->arena, data, size), size);
            free(data);
        }
    }
    row->amount.sat = llround(json_number_value(json_array_get(column, row->witness_count)) *
                              (double)SATOSHIS_PER_COIN);
}

static struct bytes read_script_pubkey(struct row *row, const char *text, const uint8_t output[32])
{
    const char *mark = strstr(text, "#TAPROOTOUTPUT#");
    char hex[65];
    char *whole;
    struct bytes script;

    if (!mark)
        return assemble(row, text);
    hex_encode(hex, output, 32);
    whole = arena_format(&row->arena, "%.*s0x%s", (int)(mark - text), text, hex);
    assert_non_null(whole);
    script = assemble(row, whole);
    return script;
}

static void read_row(struct row *row, const json_t *json)
{
    size_t at = json_is_array(json_array_get(json, 0));
    uint8_t output[32] = {0};

    if (at)
        read_witness(row, json_array_get(json, 0), output);
    row->script_sig = assemble(row, json_string_value(json_array_get(json, at)));
    row->script_pubkey =
        read_script_pubkey(row, json_string_value(json_array_get(json, at + 1)), output);
    if (!script_flags_parse(&row->flags, json_string_value(json_array_get(json, at + 2))))
        fail_msg("%s: unknown flags", row->text);
    if (row->flags & SCRIPT_VERIFY_CLEANSTACK)
        row->flags |= SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS;
    row->expected = json_string_value(json_array_get(json, at + 3));
    assert_non_null(row->expected);
}

/* The transaction that Core's tests have create the output, and the one that spends it. */
struct transactions {
    struct tx_input credit_input, input;
    struct tx_output spent, output;
    struct transaction credit, spending;
};

static void build_transactions(struct transactions *t, const struct row *row)
{
    static const uint8_t two_zeros[2] = {OP_0, OP_0};

    t->credit_input = (struct tx_input){.previous.index = OUTPOINT_NULL_INDEX,
                                        .sequence = SEQUENCE_FINAL,
                                        .script = bytes_of(two_zeros, sizeof(two_zeros))};
    t->spent = (struct tx_output){row->amount, row->script_pubkey};
    t->credit = (struct transaction){.version = 1,
                                     .inputs = &t->credit_input,
                                     .input_count = 1,
                                     .outputs = &t->spent,
                                     .output_count = 1};
    t->input = (struct tx_input){.previous.txid = transaction_txid(COMPRESS, &t->credit),
                                 .sequence = SEQUENCE_FINAL,
                                 .script = row->script_sig,
                                 .witness = row->witness,
                                 .witness_count = row->witness_count};
    t->output = (struct tx_output){.value = row->amount};
    t->spending = (struct transaction){.version = 1,
                                       .inputs = &t->input,
                                       .input_count = 1,
                                       .outputs = &t->output,
                                       .output_count = 1};
}

static void expect(const struct row *row, enum script_error error, const char *how)
{
    const char *name = script_error_name(error);

    /* The one error that Core's tests have their own name for. */
    if (strcmp(row->expected, error == SCRIPT_ERR_SIG_NULLFAIL ? "NULLFAIL" : name) != 0)
        fail_msg("%s: %s, %s", row->text, name, how);
}

static bool flags_are_allowed(uint32_t flags)
{
    return (!(flags & SCRIPT_VERIFY_CLEANSTACK) || flags & SCRIPT_VERIFY_WITNESS) &&
           (!(flags & SCRIPT_VERIFY_WITNESS) || flags & SCRIPT_VERIFY_P2SH);
}

static void check_other_flags(struct runs *runs, struct script_input input, const struct row *row,
                              struct random *r)
{
    bool good = strcmp(row->expected, "OK") == 0;

    for (int i = 0; i < FLAGS_TRIED; i++) {
        uint32_t some = (uint32_t)random_u64(r) & SCRIPT_VERIFY_ALL;

        input.flags = good ? row->flags & ~some : row->flags | some;
        if (!flags_are_allowed(input.flags))
            continue;
        if ((runs_direct(runs, &input) == SCRIPT_ERR_OK) != good ||
            (runs_deferred(runs, &input) == SCRIPT_ERR_OK) != good)
            fail_msg("%s: not %s with the flags %#x", row->text, good ? "good" : "bad",
                     (unsigned)input.flags);
    }
}

static void check_row(struct runs *runs, const json_t *json, struct random *r)
{
    char *text = json_dumps(json, JSON_COMPACT);
    struct row row = {.text = text};
    struct transactions t;
    struct sighash_tx s;
    struct script_input input;

    arena_init(&row.arena, 0);
    read_row(&row, json);
    build_transactions(&t, &row);
    sighash_tx_init(&s, COMPRESS, &t.spending, &t.spent, false);
    input = (struct script_input){&s, 0, row.script_pubkey, row.amount, row.flags};
    expect(&row, runs_direct(runs, &input), "directly");
    expect(&row, runs_deferred(runs, &input), "deferred");
    check_other_flags(runs, input, &row, r);
    arena_free(&row.arena);
    free(text);
}

static void test_scripts(void **state)
{
    json_t *rows = vectors_load_json("bitcoin/src/test/data/script_tests.json"), *row;
    struct random r = random_create("test_script_tests");
    struct runs runs;
    size_t i, count = 0;

    (void)state;
    runs_init(&runs);
    json_array_foreach(rows, i, row)
    {
        if (json_array_size(row) == 1) /* a comment */
            continue;
        check_row(&runs, row, &r);
        count++;
    }
    print_message("%zu scripts, directly and deferred; %zu deferred runs had to be run again\n",
                  count, runs.again);
    assert_int_equal(count, SCRIPTS);
    runs_free(&runs);
    json_decref(rows);
}

static void test_assembler(void **state)
{
    static const struct {
        const char *text, *hex; /* NULL: not a script */
    } cases[] = {
        {"", ""},
        {" 0 -1 1 16 17 -17", "004f516001110191"},
        {"4294967295 -4294967295 128", "05ffffffff0005ffffffff80028000"},
        {"4294967296", NULL},
        {"-", NULL},
        {"0x4c0101 0x", NULL},
        {"0x4C01ab", "4c01ab"},
        {"0x4c0", NULL},
        {"'' 'Az' OP_DUP DUP", "0002417a7676"},
        {"'open", NULL},
        {"RESERVED OP_CHECKSIGADD NOP1 CHECKLOCKTIMEVERIFY", "50bab0b1"},
        {"PUSHDATA1", NULL},
        {"OP_UNKNOWN", NULL},
        {"UNKNOWN", NULL},
        {"OP_1", NULL},
        {"dup", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        uint8_t room[64];
        char hex[2 * sizeof(room) + 1];
        struct script_builder b = script_builder_on(room, sizeof(room));
        bool good = script_assemble(&b, cases[i].text);

        if (good != (cases[i].hex != NULL))
            fail_msg("%s is%s taken", cases[i].text, good ? "" : " not");
        if (!good)
            continue;
        hex_encode(hex, b.data, b.size);
        assert_string_equal(hex, cases[i].hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_assembler),
        cmocka_unit_test(test_scripts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
