/*
 * Signature opcodes: what is asked of decide and how, what is answered without
 * it, the order of the errors, what signatures cost in tapscript, and that a
 * deferred run whose guesses were right is a direct one.
 */
#include "tests/unit/consensus/interpreter_support.h"
#include "tests/unit/consensus/script_assembler.h"

#include "consensus/compact_size.h"

/* A signature in strict DER with SIGHASH_ALL, and such with other hash types; keys by their form. */
#define SIG "0x09 0x300602010102010101"
#define SIG_NONE "0x09 0x300602010102010102"
#define SIG_BAD_TYPE "0x09 0x300602010102010105"
#define SIG_NOT_DER "0x09 0x300702010102010101"
#define KEY "0x21 0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define KEY_LONG                                                                                   \
    "0x41 0x0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"                    \
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
#define KEY_HYBRID                                                                                 \
    "0x41 0x0679be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"                    \
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
#define KEY_SHORT "0x05 0x0279be667e"
#define KEY_X "0x20 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
#define SIG_X                                                                                      \
    "0x40 0x01010101010101010101010101010101010101010101010101010101010101"                        \
    "010101010101010101010101010101010101010101010101010101010101010101"
#define SIG_X_TYPE(t)                                                                              \
    "0x41 0x01010101010101010101010101010101010101010101010101010101010101"                        \
    "010101010101010101010101010101010101010101010101010101010101010101" t

struct signature_case {
    const char *script;
    const char *answers; /* of decide; where they end it answers true */
    const char *asked;
    enum script_error error;
    uint32_t flags;
};

static void run_case(struct runner *r, enum script_form form, const struct signature_case *c)
{
    const char *asked = c->asked;
    enum script_error error;

    r->answers = c->answers;
    error = runner_run_text(r, form, c->script, c->flags);
    assert_script_error(error, c->error, form, c->script);
    /* A tapscript's commitment comes first. */
    if (strcmp(r->asked + (form == FORM_TAPSCRIPT), asked) != 0)
        fail_msg("%s: asked %s, not %s", c->script, r->asked, asked);
    r->answers = "";
}

static void run_cases(struct runner *r, const struct signature_case *cases, size_t count,
                      enum script_form first, enum script_form last)
{
    for (size_t i = 0; i < count; i++)
        for (enum script_form form = first; form <= last; form++)
            run_case(r, form, &cases[i]);
}

#define RUN_CASES(state, cases, first, last)                                                       \
    run_cases(*(state), cases, sizeof(cases) / sizeof((cases)[0]), first, last)

static void test_checksig(void **state)
{
    static const struct signature_case cases[] = {
        {SIG " " KEY " CHECKSIG", "1", "e", 0, 0},
        {SIG " " KEY " CHECKSIG", "0", "e", SCRIPT_ERR_EVAL_FALSE, 0},
        {SIG " " KEY " CHECKSIG NOT", "0", "e", 0, 0},
        {SIG " " KEY_LONG " CHECKSIG", "1", "e", 0, 0},
        {SIG " " KEY_HYBRID " CHECKSIG", "1", "e", 0, 0},
        {SIG " " KEY " CHECKSIGVERIFY 1", "1", "e", 0, 0},
        {SIG " " KEY " CHECKSIGVERIFY 1", "0", "e", SCRIPT_ERR_CHECKSIGVERIFY, 0},
        {SIG " " KEY " CHECKSIGVERIFY DEPTH NOT", "1", "e", 0, 0},
        /* Nothing that the curve need tell. */
        {"0 " KEY " CHECKSIG NOT", "", "", 0, 0},
        {SIG " 0 CHECKSIG NOT", "", "", 0, 0},
        {SIG " " KEY_SHORT " CHECKSIG NOT", "", "", 0, 0},
        {SIG " 0x21 0x0579be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
             " CHECKSIG NOT",
         "", "", 0, 0},
        {"'letters' " KEY " CHECKSIG NOT", "", "", 0, 0},
        {"0x01 0x01 " KEY " CHECKSIG NOT", "", "", 0, 0},
        {"CHECKSIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        /* Read as leniently as ever without the flags. */
        {SIG_NOT_DER " " KEY " CHECKSIG", "1", "e", 0, 0},
        {SIG_NOT_DER " " KEY " CHECKSIG", "", "", SCRIPT_ERR_SIG_DER, SCRIPT_VERIFY_DERSIG},
        {SIG_BAD_TYPE " " KEY " CHECKSIG", "1", "e", 0, SCRIPT_VERIFY_DERSIG},
        {SIG_BAD_TYPE " " KEY " CHECKSIG", "", "", SCRIPT_ERR_SIG_HASHTYPE,
         SCRIPT_VERIFY_STRICTENC},
        {SIG " " KEY_HYBRID " CHECKSIG", "", "", SCRIPT_ERR_PUBKEYTYPE, SCRIPT_VERIFY_STRICTENC},
        /* The signature's encoding comes before the key's, and an empty one has none. */
        {SIG_NOT_DER " 0 CHECKSIG", "", "", SCRIPT_ERR_SIG_DER, SCRIPT_VERIFY_STRICTENC},
        {"0 0 CHECKSIG", "", "", SCRIPT_ERR_PUBKEYTYPE, SCRIPT_VERIFY_STRICTENC},
        {"0 0 CHECKSIG NOT", "", "", 0, SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_NULLFAIL},
        {SIG " " KEY " CHECKSIG NOT", "0", "e", SCRIPT_ERR_SIG_NULLFAIL, SCRIPT_VERIFY_NULLFAIL},
        {SIG " 0 CHECKSIG NOT", "", "", SCRIPT_ERR_SIG_NULLFAIL, SCRIPT_VERIFY_NULLFAIL},
        {SIG " " KEY " CHECKSIGVERIFY 1", "0", "e", SCRIPT_ERR_SIG_NULLFAIL,
         SCRIPT_VERIFY_NULLFAIL},
        {"1 1 1 CHECKSIGADD", "", "", SCRIPT_ERR_BAD_OPCODE, 0},
        {"CHECKSIGADD", "", "", SCRIPT_ERR_BAD_OPCODE, 0},
        {"0 IF CHECKSIGADD ENDIF 1", "", "", 0, 0},
    };
    static const struct signature_case v0[] = {
        {SIG " " KEY_LONG " CHECKSIG", "", "", SCRIPT_ERR_WITNESS_PUBKEYTYPE,
         SCRIPT_VERIFY_WITNESS_PUBKEYTYPE},
        {SIG " " KEY " CHECKSIG", "", "e", 0, SCRIPT_VERIFY_WITNESS_PUBKEYTYPE},
        {"0 " KEY_LONG " CHECKSIG", "", "", SCRIPT_ERR_WITNESS_PUBKEYTYPE,
         SCRIPT_VERIFY_WITNESS_PUBKEYTYPE},
        {"0 0 CHECKSIG", "", "", SCRIPT_ERR_PUBKEYTYPE,
         SCRIPT_VERIFY_WITNESS_PUBKEYTYPE | SCRIPT_VERIFY_STRICTENC},
    };
    static const struct signature_case legacy[] = {
        {SIG " " KEY_LONG " CHECKSIG", "", "e", 0, SCRIPT_VERIFY_WITNESS_PUBKEYTYPE},
    };

    RUN_CASES(state, cases, FORM_LEGACY, FORM_WITNESS_V0);
    RUN_CASES(state, v0, FORM_WITNESS_V0, FORM_WITNESS_V0);
    RUN_CASES(state, legacy, FORM_LEGACY, FORM_P2SH);
}

/* The last signature meets the last key first. Small letters where there is no key to spare. */
static const struct signature_case multisig_cases[] = {
    {"0 0 0 CHECKMULTISIG", "", "", 0, 0},
    {"0 0 " KEY " 1 CHECKMULTISIG", "", "", 0, 0},
    {"0 " SIG " 1 " KEY " 1 CHECKMULTISIG", "1", "e", 0, 0},
    {"0 " SIG " 1 " KEY " 1 CHECKMULTISIG NOT", "0", "e", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG", "11", "ee", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "10", "ee", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "0", "e", 0, 0},
    {"0 " SIG " 1 " KEY " " KEY " 2 CHECKMULTISIG", "1", "E", 0, 0},
    {"0 " SIG " 1 " KEY " " KEY " 2 CHECKMULTISIG", "01", "Ee", 0, 0},
    {"0 " SIG " 1 " KEY " " KEY " 2 CHECKMULTISIG NOT", "00", "Ee", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG", "11", "EE", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG", "011", "Eee", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG", "101", "EEe", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG NOT", "100", "EEe", 0, 0},
    {"0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG NOT", "00", "Ee", 0, 0},
    /* A key or signature that is none takes its turn without a question. */
    {"0 " SIG " 1 " KEY " 0 2 CHECKMULTISIG", "1", "e", 0, 0},
    {"0 " SIG " 1 0 " KEY " 2 CHECKMULTISIG NOT", "0", "E", 0, 0},
    {"0 0 1 " KEY " " KEY " 2 CHECKMULTISIG NOT", "", "", 0, 0},
    {"0 " SIG " 0 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "", "", 0, 0},
    {"0 0 " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG NOT", "1", "E", 0, 0},
    /* Encodings are looked at as candidates come up, and not before. */
    {"0 " SIG_NOT_DER " 1 " KEY " 1 CHECKMULTISIG", "", "", SCRIPT_ERR_SIG_DER,
     SCRIPT_VERIFY_DERSIG},
    {"0 " SIG_NOT_DER " " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "0", "e", 0,
     SCRIPT_VERIFY_DERSIG},
    {"0 " SIG_NOT_DER " " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "1", "e",
     SCRIPT_ERR_SIG_DER, SCRIPT_VERIFY_DERSIG},
    {"0 " SIG " 1 0 " KEY " 2 CHECKMULTISIG", "1", "E", 0, SCRIPT_VERIFY_STRICTENC},
    {"0 " SIG " 1 0 " KEY " 2 CHECKMULTISIG NOT", "0", "E", SCRIPT_ERR_PUBKEYTYPE,
     SCRIPT_VERIFY_STRICTENC},
    {"0 0 1 0 1 CHECKMULTISIG NOT", "", "", SCRIPT_ERR_PUBKEYTYPE, SCRIPT_VERIFY_STRICTENC},
    /* NULLFAIL: any that is not empty, also one that was good. NULLDUMMY comes after it. */
    {"0 " SIG " 1 " KEY " 1 CHECKMULTISIG NOT", "0", "e", SCRIPT_ERR_SIG_NULLFAIL,
     SCRIPT_VERIFY_NULLFAIL},
    {"0 " SIG " 0 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "", "", SCRIPT_ERR_SIG_NULLFAIL,
     SCRIPT_VERIFY_NULLFAIL},
    {"0 0 " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "1", "e", SCRIPT_ERR_SIG_NULLFAIL,
     SCRIPT_VERIFY_NULLFAIL},
    {"0 0 0 2 " KEY " " KEY " 2 CHECKMULTISIG NOT", "", "", 0, SCRIPT_VERIFY_NULLFAIL},
    {"1 0 1 " KEY " 1 CHECKMULTISIG NOT", "", "", 0, SCRIPT_VERIFY_NULLFAIL},
    {"1 " SIG " 1 " KEY " 1 CHECKMULTISIG NOT", "0", "e", SCRIPT_ERR_SIG_NULLFAIL,
     SCRIPT_VERIFY_NULLFAIL | SCRIPT_VERIFY_NULLDUMMY},
    {"1 " SIG " 1 " KEY " 1 CHECKMULTISIG", "1", "e", 0, 0},
    {"1 " SIG " 1 " KEY " 1 CHECKMULTISIG", "1", "e", SCRIPT_ERR_SIG_NULLDUMMY,
     SCRIPT_VERIFY_NULLDUMMY},
    {"1 " SIG " 1 " KEY " 1 CHECKMULTISIG NOT", "0", "e", SCRIPT_ERR_SIG_NULLDUMMY,
     SCRIPT_VERIFY_NULLDUMMY},
    {"0x01 0x80 0 0 CHECKMULTISIG", "", "", SCRIPT_ERR_SIG_NULLDUMMY, SCRIPT_VERIFY_NULLDUMMY},
    {"0 0 0 CHECKMULTISIGVERIFY DEPTH NOT", "", "", 0, 0},
    {"0 " SIG " 1 " KEY " 1 CHECKMULTISIGVERIFY 1", "0", "e", SCRIPT_ERR_CHECKMULTISIGVERIFY, 0},
    /* Counts. */
    {"CHECKMULTISIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
    {"0 CHECKMULTISIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
    {"0 0 CHECKMULTISIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
    {"1 CHECKMULTISIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
    {"0 1 0 CHECKMULTISIG", "", "", SCRIPT_ERR_SIG_COUNT, 0},
    {"0 -1 0 CHECKMULTISIG", "", "", SCRIPT_ERR_SIG_COUNT, 0},
    {"1 0 CHECKMULTISIG", "", "", SCRIPT_ERR_SIG_COUNT, 0},
    {"21 CHECKMULTISIG", "", "", SCRIPT_ERR_PUBKEY_COUNT, 0},
    {"0 0 -1 CHECKMULTISIG", "", "", SCRIPT_ERR_PUBKEY_COUNT, 0},
    {"0 0 21 CHECKMULTISIG", "", "", SCRIPT_ERR_PUBKEY_COUNT, 0},
    {"0 0 2147483647 CHECKMULTISIG", "", "", SCRIPT_ERR_PUBKEY_COUNT, 0},
    {"0 0 2147483648 CHECKMULTISIG", "", "", SCRIPT_ERR_SCRIPTNUM, 0},
    {"0 0x05 0x0000000000 0 CHECKMULTISIG", "", "", SCRIPT_ERR_SCRIPTNUM, 0},
    {"0 0 0x01 0x00 CHECKMULTISIG", "", "", 0, 0},
    {"0 0 0x01 0x00 CHECKMULTISIG", "", "", SCRIPT_ERR_SCRIPTNUM, SCRIPT_VERIFY_MINIMALDATA},
    {"0 0x01 0x80 0 CHECKMULTISIG", "", "", 0, 0},
};

static void test_checkmultisig(void **state)
{
    static const struct signature_case tapscript[] = {
        {"0 0 0 CHECKMULTISIG", "", "", SCRIPT_ERR_TAPSCRIPT_CHECKMULTISIG, 0},
        {"CHECKMULTISIGVERIFY", "", "", SCRIPT_ERR_TAPSCRIPT_CHECKMULTISIG, 0},
        {"0 IF CHECKMULTISIG ENDIF 1", "", "", 0, 0},
    };

    RUN_CASES(state, multisig_cases, FORM_LEGACY, FORM_WITNESS_V0);
    RUN_CASES(state, tapscript, FORM_TAPSCRIPT, FORM_TAPSCRIPT);
}

static void test_tapscript(void **state)
{
    static const struct signature_case cases[] = {
        {SIG_X " " KEY_X " CHECKSIG", "1", "s", 0, 0},
        {SIG_X " " KEY_X " CHECKSIG", "0", "s", SCRIPT_ERR_SCHNORR_SIG, 0},
        {SIG_X " " KEY_X " CHECKSIGVERIFY DEPTH NOT", "1", "s", 0, 0},
        {SIG_X " 5 " KEY_X " CHECKSIGADD 6 EQUAL", "1", "s", 0, 0},
        {"0 " KEY_X " CHECKSIG NOT", "", "", 0, 0},
        {"0 " KEY_X " CHECKSIGVERIFY 1", "", "", SCRIPT_ERR_CHECKSIGVERIFY, 0},
        {"0 5 " KEY_X " CHECKSIGADD 5 EQUAL", "", "", 0, 0},
        {"0 2147483647 " KEY_X " CHECKSIGADD 2147483647 EQUAL", "", "", 0, 0},
        {SIG_X " 2147483647 " KEY_X " CHECKSIGADD 2147483648 EQUAL", "1", "s", 0, 0},
        {SIG_X " 2147483648 " KEY_X " CHECKSIGADD", "", "", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0 0x05 0x0000000000 0 CHECKSIGADD", "", "", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0 0x02 0x0100 " KEY_X " CHECKSIGADD 1 EQUAL", "", "", 0, 0},
        {"0 0x02 0x0100 " KEY_X " CHECKSIGADD", "", "", SCRIPT_ERR_SCRIPTNUM,
         SCRIPT_VERIFY_MINIMALDATA},
        {"0 1 CHECKSIGADD", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"0 CHECKSIG", "", "", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"0 0 CHECKSIG", "", "", SCRIPT_ERR_TAPSCRIPT_EMPTY_PUBKEY, 0},
        {SIG_X " 0 CHECKSIG", "", "", SCRIPT_ERR_TAPSCRIPT_EMPTY_PUBKEY, 0},
        {"0 0 0 CHECKSIGADD", "", "", SCRIPT_ERR_TAPSCRIPT_EMPTY_PUBKEY, 0},
        /* Keys of other sizes: for rules to come, anything goes. */
        {"1 1 CHECKSIG", "", "", 0, 0},
        {"0 " KEY " CHECKSIG NOT", "", "", 0, 0},
        {"1 3 " KEY " CHECKSIGADD 4 EQUAL", "", "", 0, 0},
        {"1 1 CHECKSIG", "", "", SCRIPT_ERR_DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
         SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE},
        {"0 1 CHECKSIG", "", "", SCRIPT_ERR_DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
         SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE},
        {SIG_X " " KEY_X " CHECKSIG", "1", "s", 0, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE},
        /* Sizes, and the hash types that there are. The one output is SINGLE's. */
        {"1 " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_SIZE, 0},
        {SIG " " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_SIZE, 0},
        {SIG_X_TYPE("00") " " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_HASHTYPE, 0},
        {SIG_X_TYPE("01") " " KEY_X " CHECKSIG", "1", "s", 0, 0},
        {SIG_X_TYPE("03") " " KEY_X " CHECKSIG", "1", "s", 0, 0},
        {SIG_X_TYPE("04") " " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_HASHTYPE, 0},
        {SIG_X_TYPE("80") " " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_HASHTYPE, 0},
        {SIG_X_TYPE("83") " " KEY_X " CHECKSIG", "1", "s", 0, 0},
        {SIG_X_TYPE("84") " " KEY_X " CHECKSIG", "", "", SCRIPT_ERR_SCHNORR_SIG_HASHTYPE, 0},
        /* Flags of ECDSA's say nothing here. */
        {SIG_X " " KEY_X " CHECKSIG", "1", "s", 0,
         SCRIPT_VERIFY_STRICTENC | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_LOW_S |
             SCRIPT_VERIFY_NULLFAIL | SCRIPT_VERIFY_WITNESS_PUBKEYTYPE},
    };
    struct runner *r = *state;

    RUN_CASES(state, cases, FORM_TAPSCRIPT, FORM_TAPSCRIPT);
    r->tx.output_count = 0;
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, SIG_X_TYPE("03") " " KEY_X " CHECKSIG", 0),
                     SCRIPT_ERR_SCHNORR_SIG_HASHTYPE);
    r->tx.output_count = 1;
    r->spent_unknown = true;
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, SIG_X " " KEY_X " CHECKSIG", 0),
                     SCRIPT_ERR_SCHNORR_SIG_HASHTYPE);
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, "0 " KEY_X " CHECKSIG NOT", 0),
                     SCRIPT_ERR_OK);
    r->spent_unknown = false;
}

/* Every 50 bytes of the witness pay for a signature, of whatever key; the first is free. */
static void test_validation_weight(void **state)
{
    struct runner *r = *state;

    for (size_t checks = 1; checks < 20; checks++)
        for (size_t padding = 0; padding < 60; padding++) {
            struct script_builder b = script_builder_on(r->script, sizeof(r->script));
            size_t witness, want;

            for (size_t i = 0; i < padding; i++)
                script_op(&b, OP_NOP);
            for (size_t i = 0; i < checks; i++)
                assert_true(script_assemble(&b, "1 1 CHECKSIGVERIFY 0 1 CHECKSIG DROP"));
            script_op(&b, OP_1);
            /* The number of items, the script with its length, the control block with its own. */
            witness = 1 + compact_size_length(b.size) + b.size + 1 + 33;
            want = (witness + 50) / 50;
            assert_int_equal(runner_run(r, FORM_TAPSCRIPT, bytes_of(b.data, b.size), NULL, 0, 0),
                             checks <= want ? SCRIPT_ERR_OK
                                            : SCRIPT_ERR_TAPSCRIPT_VALIDATION_WEIGHT);
        }
}

/* An input of segwit v0 signs its amount: without it no signature is good. */
static void test_missing_amount(void **state)
{
    struct runner *r = *state;

    r->spent.value.sat = -1;
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, SIG " " KEY " CHECKSIG", 0),
                     SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(r->calls, 0);
    assert_int_equal(runner_run_text(r, FORM_LEGACY, SIG " " KEY " CHECKSIG", 0), SCRIPT_ERR_OK);
    r->spent.value.sat = 0;
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, SIG " " KEY " CHECKSIG", 0),
                     SCRIPT_ERR_OK);
    r->spent.value.sat = 1000;
}

/* What decide is shown: the key, r and s, and the right hash. */
static void test_check(void **state)
{
    struct runner *r = *state;
    struct sighash_tx hashes;
    uint8_t want[32], zeros[65] = {0};
    struct bytes script = runner_script(r, SIG_NONE " " KEY " CHECKSIG");

    assert_int_equal(runner_run(r, FORM_WITNESS_V0, script, NULL, 0, 0), SCRIPT_ERR_OK);
    sighash_tx_init(&hashes, COMPRESS, &r->tx, &r->spent, true);
    sighash_segwit_v0(want, &hashes, 0, script, r->spent.value, SIGHASH_NONE, NULL);
    assert_int_equal(r->last.kind, SIGNATURE_ECDSA);
    assert_int_equal(r->last.key_size, 33);
    assert_memory_equal(r->last.message, want, 32);
    assert_memory_equal(r->last.key, script.data + 11, 33);
    assert_memory_equal(r->last.key + 33, zeros, 32);
    assert_memory_equal(r->last.signature, zeros, 31);
    assert_int_equal(r->last.signature[31], 1);
    assert_int_equal(r->last.signature[63], 1);

    /* In a legacy script the signature is not part of what it signs; an empty one is OP_0 there. */
    script = runner_script(r, SIG " 0 DROP " KEY " CHECKSIG");
    assert_int_equal(runner_run(r, FORM_LEGACY, script, NULL, 0, 0), SCRIPT_ERR_OK);
    sighash_legacy(want, &hashes, 0, bytes_of(script.data + 10, script.size - 10), SIGHASH_ALL,
                   NULL);
    assert_memory_equal(r->last.message, want, 32);
    assert_int_equal(runner_run(r, FORM_LEGACY, script, NULL, 0, SCRIPT_VERIFY_CONST_SCRIPTCODE),
                     SCRIPT_ERR_SIG_FINDANDDELETE);
    assert_int_equal(
        runner_run_text(r, FORM_LEGACY, "0 " KEY " CHECKSIG NOT", SCRIPT_VERIFY_CONST_SCRIPTCODE),
        SCRIPT_ERR_SIG_FINDANDDELETE);
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "0 " KEY " CHECKSIG NOT",
                                     SCRIPT_VERIFY_CONST_SCRIPTCODE),
                     SCRIPT_ERR_OK);

    /* All signatures are taken out before any is looked at, here the zeros too. */
    script = runner_script(r, "0 0 0 " SIG " 2 " KEY " " KEY " 2 CHECKMULTISIG NOT");
    assert_int_equal(runner_run(r, FORM_LEGACY, script, NULL, 0, 0), SCRIPT_ERR_OK);
    sighash_legacy(want, &hashes, 0, bytes_of(script.data + 13, script.size - 13), SIGHASH_ALL,
                   NULL);
    assert_memory_equal(r->last.message, want, 32);
}

/* The dummy is no signature: its OP_0 stays. */
static void test_dummy_is_signed(void **state)
{
    struct runner *r = *state;
    struct sighash_tx hashes;
    uint8_t want[32], code[64];
    struct bytes script = runner_script(r, "0 " SIG " 1 " KEY " 1 CHECKMULTISIG");

    assert_int_equal(runner_run(r, FORM_LEGACY, script, NULL, 0, 0), SCRIPT_ERR_OK);
    assert_int_equal(script.size, 1 + 10 + 1 + 34 + 2);
    code[0] = OP_0;
    memcpy(code + 1, script.data + 11, script.size - 11);
    sighash_tx_init(&hashes, COMPRESS, &r->tx, &r->spent, true);
    sighash_legacy(want, &hashes, 0, bytes_of(code, script.size - 10), SIGHASH_ALL, NULL);
    assert_memory_equal(r->last.message, want, 32);
}

/* Only what is behind the last OP_CODESEPARATOR that was executed is signed. */
static void test_codeseparator(void **state)
{
    struct runner *r = *state;
    struct sighash_tx hashes;
    struct sighash_taproot spend = {.tapscript = true, .codeseparator_position = 2};
    uint8_t want[32];
    struct bytes script =
        runner_script(r, "1 DROP CODESEPARATOR 0 IF CODESEPARATOR ENDIF " SIG " " KEY " CHECKSIG");

    sighash_tx_init(&hashes, COMPRESS, &r->tx, &r->spent, true);
    assert_int_equal(
        runner_run(r, FORM_WITNESS_V0, script, NULL, 0, SCRIPT_VERIFY_CONST_SCRIPTCODE),
        SCRIPT_ERR_OK);
    sighash_segwit_v0(want, &hashes, 0, bytes_of(script.data + 3, script.size - 3), r->spent.value,
                      SIGHASH_ALL, NULL);
    assert_memory_equal(r->last.message, want, 32);
    for (enum script_form form = FORM_LEGACY; form <= FORM_P2SH; form++)
        assert_int_equal(runner_run(r, form, script, NULL, 0, SCRIPT_VERIFY_CONST_SCRIPTCODE),
                         SCRIPT_ERR_OP_CODESEPARATOR);
    assert_int_equal(runner_run_text(r, FORM_LEGACY, "0 IF CODESEPARATOR ENDIF 1",
                                     SCRIPT_VERIFY_CONST_SCRIPTCODE),
                     SCRIPT_ERR_OP_CODESEPARATOR);

    /* Tapscript says where it stands, in opcodes. The spent output is hashed too. */
    script = runner_script(r, "1 DROP CODESEPARATOR 0 IF CODESEPARATOR ENDIF " SIG_X " " KEY_X
                              " CHECKSIG");
    assert_int_equal(runner_run(r, FORM_TAPSCRIPT, script, NULL, 0, SCRIPT_VERIFY_CONST_SCRIPTCODE),
                     SCRIPT_ERR_OK);
    spend.tapleaf_hash = taproot_leaf_hash(COMPRESS, TAPROOT_LEAF_TAPSCRIPT, script);
    assert_int_equal(r->last.kind, SIGNATURE_SCHNORR);
    sighash_tx_init(&hashes, COMPRESS, &r->tx, &r->spent, true);
    assert_true(sighash_taproot(want, &hashes, 0, &spend, SIGHASH_DEFAULT));
    assert_memory_equal(r->last.message, want, 32);
}

/* With all guesses right, a run that defers makes the same of a script as one that does not. */
static void test_answers_alone_matter(void **state)
{
    static const char *const answers[] = {"111", "011", "101", "110", "001", "010", "100", "000"};
    static const char script[] = "0 " SIG " " SIG " 2 " KEY " " KEY " " KEY " 3 CHECKMULTISIG";
    struct runner *r = *state;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        enum script_error error;
        size_t right;

        r->answers = answers[i];
        error = runner_run_text(r, FORM_LEGACY, script, 0);
        right = (size_t)(answers[i][0] == '1') + (answers[i][1] == '1');
        if (r->calls > 2)
            right += answers[i][2] == '1';
        assert_int_equal(error, right >= 2 ? SCRIPT_ERR_OK : SCRIPT_ERR_EVAL_FALSE);
    }
    r->answers = "";
}

static int setup(void **state)
{
    *state = runner_create();
    return 0;
}

static int teardown(void **state)
{
    runner_destroy(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checksig),
        cmocka_unit_test(test_checkmultisig),
        cmocka_unit_test(test_tapscript),
        cmocka_unit_test(test_validation_weight),
        cmocka_unit_test(test_missing_amount),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_dummy_is_signed),
        cmocka_unit_test(test_codeseparator),
        cmocka_unit_test(test_answers_alone_matter),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
