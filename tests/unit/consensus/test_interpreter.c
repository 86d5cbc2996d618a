/* Opcodes one by one, in every form that a script may have, and the limits that all scripts have. */
#include "tests/unit/consensus/interpreter_support.h"
#include "tests/unit/consensus/script_assembler.h"

#include <stdio.h>

enum { ALL_FORMS = (1 << FORMS) - 1, TAPSCRIPT = 1 << FORM_TAPSCRIPT };

/* A script that begins with an empty stack and, where it is good, leaves one element. */
struct script_case {
    const char *script;
    enum script_error error;
    uint32_t flags;
};

static void run_cases(struct runner *r, const struct script_case *cases, size_t count,
                      unsigned forms)
{
    for (size_t i = 0; i < count; i++)
        for (enum script_form form = 0; form < FORMS; form++)
            if (forms & 1u << form)
                assert_script_error(runner_run_text(r, form, cases[i].script, cases[i].flags),
                                    cases[i].error, form, cases[i].script);
}

#define RUN_CASES(state, cases, forms)                                                             \
    run_cases(*(state), cases, sizeof(cases) / sizeof((cases)[0]), forms)

static void test_stack(void **state)
{
    static const struct script_case cases[] = {
        {"1 TOALTSTACK DEPTH 0 EQUALVERIFY FROMALTSTACK", 0, 0},
        {"1 2 TOALTSTACK TOALTSTACK FROMALTSTACK FROMALTSTACK 2 EQUALVERIFY", 0, 0},
        {"1 2 DROP", 0, 0},
        {"1 2 3 2DROP", 0, 0},
        {"5 DUP EQUAL", 0, 0},
        {"5 6 2DUP 6 EQUALVERIFY 5 EQUALVERIFY 6 EQUALVERIFY 5 EQUAL", 0, 0},
        {"4 5 6 3DUP 6 EQUALVERIFY 5 EQUALVERIFY 4 EQUALVERIFY 6 EQUALVERIFY 5 EQUALVERIFY 4 EQUAL",
         0, 0},
        {"5 6 OVER 5 EQUALVERIFY 6 EQUALVERIFY 5 EQUAL", 0, 0},
        {"3 4 5 6 2OVER 4 EQUALVERIFY 3 EQUALVERIFY 6 EQUALVERIFY 5 EQUALVERIFY 2DROP 1", 0, 0},
        {"1 2 3 4 5 6 2ROT 2 EQUALVERIFY 1 EQUALVERIFY 6 EQUALVERIFY 5 EQUALVERIFY 4 EQUALVERIFY "
         "3 EQUAL",
         0, 0},
        {"1 2 3 4 2SWAP 2 EQUALVERIFY 1 EQUALVERIFY 4 EQUALVERIFY 3 EQUAL", 0, 0},
        {"1 2 SWAP 1 EQUALVERIFY 2 EQUAL", 0, 0},
        {"1 2 3 ROT 1 EQUALVERIFY 3 EQUALVERIFY 2 EQUAL", 0, 0},
        {"1 2 TUCK 2 EQUALVERIFY 1 EQUALVERIFY 2 EQUAL", 0, 0},
        {"1 2 NIP 2 EQUALVERIFY DEPTH 0 EQUAL", 0, 0},
        {"0 IFDUP DEPTH 1 EQUALVERIFY NOT", 0, 0},
        {"5 IFDUP DEPTH 2 EQUALVERIFY EQUAL", 0, 0},
        {"0x01 0x80 IFDUP DEPTH 1 EQUALVERIFY DROP 1", 0, 0},
        {"DEPTH DEPTH DEPTH 2 EQUALVERIFY 1 EQUALVERIFY 0 EQUAL", 0, 0},
        {"0 SIZE 0 EQUALVERIFY NOT", 0, 0},
        {"'abc' SIZE 3 EQUALVERIFY 'abc' EQUAL", 0, 0},
        {"7 8 9 0 PICK 9 EQUALVERIFY 2 PICK 7 EQUALVERIFY 2DROP", 0, 0},
        {"7 8 9 0 ROLL 9 EQUALVERIFY 1 ROLL 7 EQUALVERIFY 8 EQUAL", 0, 0},
        {"7 8 9 2 ROLL 7 EQUALVERIFY 9 EQUALVERIFY 8 EQUAL", 0, 0},
        /* Copies are independent of what they were copied from. */
        {"1 2 ADD DUP 1ADD 4 EQUALVERIFY 3 EQUAL", 0, 0},
        {"7 1 PICK", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 1 ROLL", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 -1 PICK", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 -1 ROLL", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 2147483647 PICK", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 -2147483647 ROLL", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"7 2147483648 PICK", SCRIPT_ERR_SCRIPTNUM, 0},
        {"7 0x05 0x0000000000 ROLL", SCRIPT_ERR_SCRIPTNUM, 0},
        {"7 0x01 0x80 PICK EQUAL", 0, 0},
        {"7 0x02 0x0000 ROLL 7 EQUAL", 0, 0},
        {"7 0x02 0x0000 ROLL 7 EQUAL", SCRIPT_ERR_SCRIPTNUM, SCRIPT_VERIFY_MINIMALDATA},
        {"FROMALTSTACK", SCRIPT_ERR_INVALID_ALTSTACK_OPERATION, 0},
        {"1 TOALTSTACK FROMALTSTACK FROMALTSTACK", SCRIPT_ERR_INVALID_ALTSTACK_OPERATION, 0},
    };

    RUN_CASES(state, cases, ALL_FORMS);
}

/* scriptSig's alternate stack is not scriptPubKey's. */
static void test_alt_stack_is_each_scripts_own(void **state)
{
    static const uint8_t sig[] = {OP_1, OP_TOALTSTACK, OP_1}, pubkey[] = {OP_FROMALTSTACK};

    assert_int_equal(runner_verify(*state, bytes_of(sig, sizeof(sig)),
                                   bytes_of(pubkey, sizeof(pubkey)), NULL, 0, 0),
                     SCRIPT_ERR_INVALID_ALTSTACK_OPERATION);
}

static void test_numbers(void **state)
{
    static const struct script_case cases[] = {
        {"-1 1ADD 0 EQUAL", 0, 0},
        {"0x01 0x80 1ADD 1 EQUAL", 0, 0},
        {"2147483647 1ADD 0x05 0x0000008000 EQUAL", 0, 0},
        {"-2147483647 1SUB 0x05 0x0000008080 EQUAL", 0, 0},
        {"2147483647 DUP ADD 0x05 0xfeffffff00 EQUAL", 0, 0},
        {"-2147483647 DUP ADD 0x05 0xfeffffff80 EQUAL", 0, 0},
        {"-2147483647 2147483647 SUB 0x05 0xfeffffff80 EQUAL", 0, 0},
        {"2147483647 DUP ADD 1ADD", SCRIPT_ERR_SCRIPTNUM, 0},
        {"2147483647 1ADD NOT", SCRIPT_ERR_SCRIPTNUM, 0},
        {"1 NEGATE -1 EQUAL", 0, 0},
        {"0 NEGATE 0 EQUAL", 0, 0},
        {"-5 ABS 5 EQUAL", 0, 0},
        {"5 ABS 5 EQUAL", 0, 0},
        {"0 NOT", 0, 0},
        {"0x01 0x80 NOT", 0, 0},
        {"0x02 0x0080 NOT", 0, 0},
        {"0x04 0x00000080 NOT", 0, 0},
        {"2 NOT 0 EQUAL", 0, 0},
        {"2 0NOTEQUAL 1 EQUAL", 0, 0},
        {"0x01 0x80 0NOTEQUAL 0 EQUAL", 0, 0},
        {"2 3 SUB -1 EQUAL", 0, 0},
        {"1 0 BOOLAND NOT", 0, 0},
        {"5 -5 BOOLAND", 0, 0},
        {"0 0 BOOLOR NOT", 0, 0},
        {"0 -5 BOOLOR", 0, 0},
        {"5 0x02 0x0500 NUMEQUAL", 0, 0},
        {"5 0x02 0x0500 EQUAL NOT", 0, 0},
        {"5 6 NUMEQUAL NOT", 0, 0},
        {"5 5 NUMEQUALVERIFY DEPTH NOT", 0, 0},
        {"5 6 NUMEQUALVERIFY 1", SCRIPT_ERR_NUMEQUALVERIFY, 0},
        {"5 6 NUMNOTEQUAL", 0, 0},
        {"5 5 NUMNOTEQUAL NOT", 0, 0},
        {"-6 5 LESSTHAN", 0, 0},
        {"5 5 LESSTHAN NOT", 0, 0},
        {"5 -6 GREATERTHAN", 0, 0},
        {"5 5 GREATERTHAN NOT", 0, 0},
        {"5 5 LESSTHANOREQUAL", 0, 0},
        {"6 5 LESSTHANOREQUAL NOT", 0, 0},
        {"5 5 GREATERTHANOREQUAL", 0, 0},
        {"5 6 GREATERTHANOREQUAL NOT", 0, 0},
        {"-5 3 MIN -5 EQUAL", 0, 0},
        {"3 -5 MIN -5 EQUAL", 0, 0},
        {"-5 3 MAX 3 EQUAL", 0, 0},
        {"3 -5 MAX 3 EQUAL", 0, 0},
        {"5 5 6 WITHIN", 0, 0},
        {"6 5 6 WITHIN NOT", 0, 0},
        {"4 5 6 WITHIN NOT", 0, 0},
        {"5 6 5 WITHIN NOT", 0, 0},
        {"0x05 0x0000000000 0 ADD", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0 0x05 0x0000000000 ADD", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0x05 0x0000000000 1ADD", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0x05 0x0000000000 0 1 WITHIN", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0 0x05 0x0000000000 1 WITHIN", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0 0 0x05 0x0000000000 WITHIN", SCRIPT_ERR_SCRIPTNUM, 0},
        {"0x02 0x0100 1SUB NOT", 0, 0},
        {"0x02 0x0100 1SUB NOT", SCRIPT_ERR_SCRIPTNUM, SCRIPT_VERIFY_MINIMALDATA},
        {"0x02 0xff00 0x02 0x0001 ADD 0x02 0xff01 EQUAL", 0, SCRIPT_VERIFY_MINIMALDATA},
        {"0x01 0x80 1ADD", SCRIPT_ERR_SCRIPTNUM, SCRIPT_VERIFY_MINIMALDATA},
    };

    RUN_CASES(state, cases, ALL_FORMS);
}

static void test_control(void **state)
{
    static const struct script_case cases[] = {
        {"1 IF 2 ELSE 0 ENDIF", 0, 0},
        {"0 IF 0 ELSE 2 ENDIF", 0, 0},
        {"0 NOTIF 2 ELSE 0 ENDIF", 0, 0},
        {"1 NOTIF 0 ELSE 2 ENDIF", 0, 0},
        /* Any number of ELSE, each turning round. */
        {"1 IF 1 ELSE 0 ELSE 1 ADD ELSE RETURN ELSE 2 EQUAL ENDIF", 0, 0},
        {"0 IF RETURN ELSE 1 ELSE RETURN ELSE ENDIF", 0, 0},
        /* Below what is not taken nothing is. */
        {"0 IF 1 IF RETURN ELSE RETURN ENDIF ELSE 1 ENDIF", 0, 0},
        {"1 0 IF IF RETURN ENDIF NOTIF RETURN ENDIF ENDIF", 0, 0},
        {"1 IF 0 IF RETURN ENDIF 1 ENDIF", 0, 0},
        {"0 IF 0 IF ELSE RETURN ENDIF ELSE 1 ENDIF", 0, 0},
        {"1 1 IF 1 IF", SCRIPT_ERR_UNBALANCED_CONDITIONAL, 0},
        {"1 IF 1", SCRIPT_ERR_UNBALANCED_CONDITIONAL, 0},
        {"1 ELSE", SCRIPT_ERR_UNBALANCED_CONDITIONAL, 0},
        {"1 ENDIF", SCRIPT_ERR_UNBALANCED_CONDITIONAL, 0},
        {"1 IF ENDIF ENDIF 1", SCRIPT_ERR_UNBALANCED_CONDITIONAL, 0},
        {"IF 1 ENDIF", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"NOTIF 1 ENDIF", SCRIPT_ERR_INVALID_STACK_OPERATION, 0},
        {"0 IF VERIF ENDIF 1", SCRIPT_ERR_BAD_OPCODE, 0},
        {"0 IF VERNOTIF ENDIF 1", SCRIPT_ERR_BAD_OPCODE, 0},
        {"0 IF RESERVED RETURN ENDIF 1", 0, 0},
        {"1 VERIFY 1", 0, 0},
        {"0 VERIFY 1", SCRIPT_ERR_VERIFY, 0},
        {"0x01 0x80 VERIFY 1", SCRIPT_ERR_VERIFY, 0},
        {"0x03 0x000080 VERIFY 1", SCRIPT_ERR_VERIFY, 0},
        {"0x03 0x008000 VERIFY 1", 0, 0},
        {"1 RETURN", SCRIPT_ERR_OP_RETURN, 0},
        {"0", SCRIPT_ERR_EVAL_FALSE, 0},
        {"0x01 0x80", SCRIPT_ERR_EVAL_FALSE, 0},
        {"0x02 0x8000", 0, 0},
        {"'a' 'a' EQUAL", 0, 0},
        {"'a' 'ab' EQUAL NOT", 0, 0},
        {"0 0x01 0x00 EQUAL NOT", 0, 0},
        {"'a' 'b' EQUALVERIFY 1", SCRIPT_ERR_EQUALVERIFY, 0},
        {"1 CODESEPARATOR", 0, 0},
        {"0 IF CODESEPARATOR ENDIF 1", 0, 0},
    };
    static const struct script_case reserved[] = {
        /* Tapscript has made an OP_SUCCESS of each. */
        {"1 RESERVED", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 VER", SCRIPT_ERR_BAD_OPCODE, 0},
        {"0 IF VER RESERVED1 RESERVED2 RETURN 0xbb ENDIF 1", 0, 0},
        {"1 RESERVED1", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 0xbb", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 0xff", SCRIPT_ERR_BAD_OPCODE, 0},
    };

    RUN_CASES(state, cases, ALL_FORMS);
    RUN_CASES(state, reserved, ALL_FORMS & ~TAPSCRIPT);
}

static void test_minimal_if(void **state)
{
    static const struct {
        const char *script;
        enum script_error plain, tapscript;
    } cases[] = {
        {"1 IF 1 ELSE 0 ENDIF", 0, 0},
        {"0 NOTIF 1 ELSE 0 ENDIF", 0, 0},
        {"2 IF 1 ELSE 0 ENDIF", SCRIPT_ERR_MINIMALIF, SCRIPT_ERR_TAPSCRIPT_MINIMALIF},
        {"-1 IF 1 ELSE 0 ENDIF", SCRIPT_ERR_MINIMALIF, SCRIPT_ERR_TAPSCRIPT_MINIMALIF},
        {"0x01 0x00 NOTIF 1 ELSE 0 ENDIF", SCRIPT_ERR_MINIMALIF, SCRIPT_ERR_TAPSCRIPT_MINIMALIF},
        {"0x01 0x80 NOTIF 1 ELSE 0 ENDIF", SCRIPT_ERR_MINIMALIF, SCRIPT_ERR_TAPSCRIPT_MINIMALIF},
        {"0x02 0x0100 IF 1 ELSE 0 ENDIF", SCRIPT_ERR_MINIMALIF, SCRIPT_ERR_TAPSCRIPT_MINIMALIF},
    };
    struct runner *r = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *script = cases[i].script;

        for (enum script_form form = 0; form < FORM_TAPSCRIPT; form++) {
            assert_script_error(runner_run_text(r, form, script, 0), 0, form, script);
            assert_script_error(runner_run_text(r, form, script, SCRIPT_VERIFY_MINIMALIF),
                                form == FORM_WITNESS_V0 ? cases[i].plain : SCRIPT_ERR_OK, form,
                                script);
        }
        assert_script_error(runner_run_text(r, FORM_TAPSCRIPT, script, 0), cases[i].tapscript,
                            FORM_TAPSCRIPT, script);
        assert_script_error(runner_run_text(r, FORM_TAPSCRIPT, script, SCRIPT_VERIFY_MINIMALIF),
                            cases[i].tapscript, FORM_TAPSCRIPT, script);
    }
}

static void test_hashes(void **state)
{
    static const struct script_case cases[] = {
        {"0 RIPEMD160 0x14 0x9c1185a5c5e9fc54612808977ee8f548b2258d31 EQUAL", 0, 0},
        {"0 SHA1 0x14 0xda39a3ee5e6b4b0d3255bfef95601890afd80709 EQUAL", 0, 0},
        {"0 SHA256 0x20 0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 EQUAL",
         0, 0},
        {"0 HASH160 0x14 0xb472a266d0bd89c13706a4132ccfb16f7c3b9fcb EQUAL", 0, 0},
        {"0 HASH256 0x20 0x5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456 EQUAL",
         0, 0},
        {"'a' SHA256 HASH256 'a' HASH256 SHA256 EQUAL", 0, 0},
        {"'a' SHA256 RIPEMD160 'a' HASH160 EQUAL", 0, 0},
    };

    RUN_CASES(state, cases, ALL_FORMS);
}

static void test_minimal_pushes(void **state)
{
    static const struct script_case cases[] = {
        {"0x4c00 NOT", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x4c00 NOT", 0, 0},
        {"0x0101", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x0110", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x0181", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x0111", 0, SCRIPT_VERIFY_MINIMALDATA},
        {"0x4d010011", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x4e0100000011", SCRIPT_ERR_MINIMALDATA, SCRIPT_VERIFY_MINIMALDATA},
        {"0x4c0111 0x4d010011 EQUALVERIFY 0x4e0100000011 17 EQUAL", 0, 0},
        /* What is not executed may be long. */
        {"0 IF 0x0101 0x4c00 ENDIF 1", 0, SCRIPT_VERIFY_MINIMALDATA},
        {"0 IF 0x4c", SCRIPT_ERR_BAD_OPCODE, SCRIPT_VERIFY_MINIMALDATA},
        {"1 0x02 0x01", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 0x4d 0x02", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 0x4e 0xffffffff", SCRIPT_ERR_BAD_OPCODE, 0},
        {"1 0x4e 0x00000080", SCRIPT_ERR_BAD_OPCODE, 0},
    };

    RUN_CASES(state, cases, ALL_FORMS);
}

static void test_nops(void **state)
{
    static const char *const scripts[] = {"NOP1 1", "NOP4 1", "NOP5 1", "NOP6 1",
                                          "NOP7 1", "NOP8 1", "NOP9 1", "NOP10 1"};
    static const struct script_case cases[] = {
        {"NOP 1", 0, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS},
        {"0 IF NOP1 ENDIF 1", 0, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS},
        {"CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY 1", 0, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS},
    };

    RUN_CASES(state, cases, ALL_FORMS);
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct script_case both[] = {{scripts[i], 0, 0},
                                     {scripts[i], SCRIPT_ERR_DISCOURAGE_UPGRADABLE_NOPS,
                                      SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS}};

        RUN_CASES(state, both, ALL_FORMS);
    }
}

static void test_locktime(void **state)
{
    static const struct {
        uint32_t lock_time, sequence;
        const char *script;
        enum script_error error;
    } cases[] = {
        {100, 0, "100 CHECKLOCKTIMEVERIFY", 0},
        {100, 0, "0 CHECKLOCKTIMEVERIFY DROP 1", 0},
        {100, 0, "101 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {100, 0xfffffffe, "100 CHECKLOCKTIMEVERIFY", 0},
        {100, 0xffffffff, "100 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {100, 0, "-1 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_NEGATIVE_LOCKTIME},
        {100, 0, "0x01 0x80 CHECKLOCKTIMEVERIFY DROP 1", 0},
        {100, 0, "CHECKLOCKTIMEVERIFY 1", SCRIPT_ERR_INVALID_STACK_OPERATION},
        {100, 0, "0x06 0x000000000000 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_SCRIPTNUM},
        {100, 0, "0x05 0x6400000000 CHECKLOCKTIMEVERIFY", 0},
        {100, 0, "0x05 0xffffffffff CHECKLOCKTIMEVERIFY", SCRIPT_ERR_NEGATIVE_LOCKTIME},
        {0xffffffff, 0, "0x05 0xffffffff00 CHECKLOCKTIMEVERIFY", 0},
        {0xffffffff, 0, "0x05 0x0000000001 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {499999999, 0, "499999999 CHECKLOCKTIMEVERIFY", 0},
        {500000000, 0, "499999999 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {500000000, 0, "500000000 CHECKLOCKTIMEVERIFY", 0},
        {499999999, 0, "500000000 CHECKLOCKTIMEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},

        {0, 10, "10 CHECKSEQUENCEVERIFY", 0},
        {0, 10, "11 CHECKSEQUENCEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {0, 10, "-1 CHECKSEQUENCEVERIFY", SCRIPT_ERR_NEGATIVE_LOCKTIME},
        {0, 10, "CHECKSEQUENCEVERIFY 1", SCRIPT_ERR_INVALID_STACK_OPERATION},
        {0, 10, "0x06 0x000000000000 CHECKSEQUENCEVERIFY", SCRIPT_ERR_SCRIPTNUM},
        /* The operand's bit 31 turns it off; the input's, what it waits for. */
        {0, 0xffffffff, "0x05 0x0b00008000 CHECKSEQUENCEVERIFY", 0},
        {0, 0xffffffff, "0x05 0x0b00008001 CHECKSEQUENCEVERIFY", 0},
        {0, 0x8000000a, "10 CHECKSEQUENCEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        /* Blocks and seconds don't compare; other bits are not looked at. */
        {0, 0x0040000a, "0x03 0x0a0040 CHECKSEQUENCEVERIFY", 0},
        {0, 0x0040000a, "10 CHECKSEQUENCEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {0, 10, "0x03 0x0a0040 CHECKSEQUENCEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
        {0, 0x0a, "0x03 0x0a0020 CHECKSEQUENCEVERIFY", 0},
        {0, 0x7f00000a, "0x03 0x0a0001 CHECKSEQUENCEVERIFY", 0},
        {0, 0x0000ffff, "0x03 0xffff00 CHECKSEQUENCEVERIFY", 0},
        {0, 0x0100ffff, "0x05 0xffffff3f02 CHECKSEQUENCEVERIFY", SCRIPT_ERR_UNSATISFIED_LOCKTIME},
    };
    const uint32_t flags = SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY | SCRIPT_VERIFY_CHECKSEQUENCEVERIFY;
    struct runner *r = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (enum script_form form = 0; form < FORMS; form++) {
            r->tx.lock_time = cases[i].lock_time;
            r->input.sequence = cases[i].sequence;
            assert_script_error(runner_run_text(r, form, cases[i].script, flags), cases[i].error,
                                form, cases[i].script);
        }
    /* Relative ones need a version that is at least 2, as an unsigned number. */
    r->input.sequence = 10;
    r->tx.version = 1;
    assert_int_equal(runner_run_text(r, FORM_LEGACY, "10 CHECKSEQUENCEVERIFY", flags),
                     SCRIPT_ERR_UNSATISFIED_LOCKTIME);
    r->tx.version = 0xffffffff;
    assert_int_equal(runner_run_text(r, FORM_LEGACY, "10 CHECKSEQUENCEVERIFY", flags),
                     SCRIPT_ERR_OK);
    r->tx.version = 2;
    r->tx.lock_time = r->input.sequence = 0;
}

/* What each opcode wants on the stack: BIP342's in tapscript; 0 where it wants nothing of it. */
static unsigned wanted(unsigned opcode, bool tapscript)
{
    static const uint8_t table[256] = {
        [OP_IF] = 1,
        [OP_NOTIF] = 1,
        [OP_VERIFY] = 1,
        [OP_TOALTSTACK] = 1,
        [OP_2DROP] = 2,
        [OP_2DUP] = 2,
        [OP_3DUP] = 3,
        [OP_2OVER] = 4,
        [OP_2ROT] = 6,
        [OP_2SWAP] = 4,
        [OP_IFDUP] = 1,
        [OP_DROP] = 1,
        [OP_DUP] = 1,
        [OP_NIP] = 2,
        [OP_OVER] = 2,
        [OP_PICK] = 2,
        [OP_ROLL] = 2,
        [OP_ROT] = 3,
        [OP_SWAP] = 2,
        [OP_TUCK] = 2,
        [OP_SIZE] = 1,
        [OP_EQUAL] = 2,
        [OP_EQUALVERIFY] = 2,
        [OP_1ADD] = 1,
        [OP_1SUB] = 1,
        [OP_NEGATE] = 1,
        [OP_ABS] = 1,
        [OP_NOT] = 1,
        [OP_ADD] = 2,
        [OP_SUB] = 2,
        [OP_BOOLAND] = 2,
        [OP_BOOLOR] = 2,
        [OP_NUMEQUAL] = 2,
        [OP_MIN] = 2,
        [OP_NUMEQUALVERIFY] = 2,
        [OP_NUMNOTEQUAL] = 2,
        [OP_LESSTHAN] = 2,
        [OP_MAX] = 2,
        [OP_GREATERTHAN] = 2,
        [OP_LESSTHANOREQUAL] = 2,
        [OP_WITHIN] = 3,
        [OP_RIPEMD160] = 1,
        [OP_GREATERTHANOREQUAL] = 2,
        [OP_SHA1] = 1,
        [OP_SHA256] = 1,
        [OP_HASH160] = 1,
        [OP_HASH256] = 1,
        [OP_0NOTEQUAL] = 1,
        [OP_CHECKSIG] = 2,
        [OP_CHECKSIGVERIFY] = 2,
    };

    if (opcode == OP_CHECKSIGADD)
        return tapscript ? 3 : 0;
    /* Of zeros they take the number of keys, that of signatures, and the dummy. */
    if (opcode == OP_CHECKMULTISIG || opcode == OP_CHECKMULTISIGVERIFY)
        return tapscript ? 0 : 3;
    return table[opcode];
}

/* Every opcode but the pushes, one element short of what it wants and with enough. */
static void test_arity(void **state)
{
    struct runner *r = *state;
    uint8_t script[8];
    char what[64];

    for (unsigned opcode = OP_1NEGATE; opcode < 256; opcode++)
        for (enum script_form form = 0; form < FORMS; form++)
            for (unsigned height = 0; height < sizeof(script); height++) {
                unsigned want = wanted(opcode, form == FORM_TAPSCRIPT);
                bool is_short;

                memset(script, OP_0, height);
                script[height] = (uint8_t)opcode;
                is_short = runner_run(r, form, bytes_of(script, height + 1u), NULL, 0, 0) ==
                           SCRIPT_ERR_INVALID_STACK_OPERATION;
                snprintf(what, sizeof(what), "%s on %u", script_opcode_name((uint8_t)opcode),
                         height);
                if (is_short != (height < want))
                    fail_msg("%s, form %u: wants %u", what, (unsigned)form, want);
            }
}

/* Every byte in a branch that is not taken. */
static void test_not_executed(void **state)
{
    struct runner *r = *state;
    struct script_reader reader;
    struct script_instruction i;

    for (unsigned opcode = 0; opcode < 256; opcode++)
        for (enum script_form form = 0; form < FORMS; form++) {
            uint8_t script[100] = {OP_0, OP_IF, (uint8_t)opcode};
            enum script_error want = SCRIPT_ERR_OK;
            size_t size;

            reader = script_reader_of(bytes_of(script + 2, sizeof(script) - 2));
            assert_true(script_read(&reader, &i));
            size = (size_t)(reader.at - script);
            script[size++] = OP_ENDIF;
            script[size++] = OP_1;
            if (form == FORM_TAPSCRIPT && script_is_op_success((uint8_t)opcode))
                want = SCRIPT_ERR_OK;
            else if ((opcode >= OP_CAT && opcode <= OP_RIGHT) ||
                     (opcode >= OP_INVERT && opcode <= OP_XOR) || opcode == OP_2MUL ||
                     opcode == OP_2DIV || (opcode >= OP_MUL && opcode <= OP_RSHIFT))
                want = SCRIPT_ERR_DISABLED_OPCODE;
            else if (opcode == OP_VERIF || opcode == OP_VERNOTIF)
                want = SCRIPT_ERR_BAD_OPCODE;
            else if (opcode == OP_IF || opcode == OP_NOTIF || opcode == OP_ENDIF)
                want = SCRIPT_ERR_UNBALANCED_CONDITIONAL;
            assert_script_error(runner_run(r, form, bytes_of(script, size), NULL, 0, 0), want, form,
                                script_opcode_name((uint8_t)opcode));
        }
}

/* The text head, opcode so many times, the text tail. */
static enum script_error run_repeated(struct runner *r, enum script_form form, const char *head,
                                      uint8_t opcode, size_t count, const char *tail)
{
    struct script_builder b = script_builder_on(r->script, sizeof(r->script));

    assert_true(script_assemble(&b, head));
    for (size_t i = 0; i < count; i++)
        script_op(&b, opcode);
    assert_true(script_assemble(&b, tail));
    return runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0);
}

static void test_operation_count(void **state)
{
    struct runner *r = *state;

    for (enum script_form form = 0; form < FORMS; form++) {
        bool counted = form != FORM_TAPSCRIPT;
        enum script_error over = counted ? SCRIPT_ERR_OP_COUNT : SCRIPT_ERR_OK;

        assert_script_error(run_repeated(r, form, "1", OP_NOP, 201, ""), SCRIPT_ERR_OK, form,
                            "201");
        assert_script_error(run_repeated(r, form, "1", OP_NOP, 202, ""), over, form, "202");
        /* IF, ENDIF, and what is between them without being executed. */
        assert_script_error(run_repeated(r, form, "0 IF", OP_NOP, 199, "ENDIF 1"), SCRIPT_ERR_OK,
                            form, "199 not executed");
        assert_script_error(run_repeated(r, form, "0 IF", OP_NOP, 200, "ENDIF 1"), over, form,
                            "200 not executed");
        /* Up to OP_16 nothing counts, OP_RESERVED included. */
        if (form != FORM_TAPSCRIPT)
            assert_script_error(run_repeated(r, form, "0 IF", OP_RESERVED, 400, "ENDIF 1"),
                                SCRIPT_ERR_OK, form, "OP_RESERVED");
        if (!counted)
            continue;
        /* The count comes before the opcode is looked at. */
        assert_script_error(run_repeated(r, form, "1", OP_NOP, 201, "CAT"), SCRIPT_ERR_OP_COUNT,
                            form, "CAT");
        assert_script_error(run_repeated(r, form, "1", OP_NOP, 200, "CAT"),
                            SCRIPT_ERR_DISABLED_OPCODE, form, "CAT");
        /* Keys count as operations: 180 + 1 + 20. */
        assert_script_error(run_repeated(r, form,
                                         "0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 2 3 4 20",
                                         OP_NOP, 180, "CHECKMULTISIG"),
                            SCRIPT_ERR_OK, form, "20 keys");
        assert_script_error(run_repeated(r, form,
                                         "0 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 1 2 3 4 20",
                                         OP_NOP, 181, "CHECKMULTISIG"),
                            SCRIPT_ERR_OP_COUNT, form, "20 keys");
    }
}

static void test_stack_size(void **state)
{
    struct runner *r = *state;

    for (enum script_form form = 0; form < FORMS; form++) {
        bool witness = form >= FORM_WITNESS_V0;
        enum script_error full = witness ? SCRIPT_ERR_CLEANSTACK : SCRIPT_ERR_OK;

        if (form == FORM_P2SH)
            continue; /* its script is an element of at most 520 bytes */
        assert_script_error(run_repeated(r, form, "", OP_1, 1000, ""), full, form, "1000");
        assert_script_error(run_repeated(r, form, "", OP_1, 1001, ""), SCRIPT_ERR_STACK_SIZE, form,
                            "1001");
        /* Both stacks together. */
        assert_script_error(run_repeated(r, form, "1 TOALTSTACK", OP_1, 999, ""), full, form,
                            "999 and 1");
        assert_script_error(run_repeated(r, form, "1 TOALTSTACK", OP_1, 1000, ""),
                            SCRIPT_ERR_STACK_SIZE, form, "1000 and 1");
        assert_script_error(run_repeated(r, form, "", OP_1, 1000, "TOALTSTACK"), full, form,
                            "from one to the other");
        assert_script_error(run_repeated(r, form, "", OP_1, 997, "3DUP"), full, form, "3DUP");
        assert_script_error(run_repeated(r, form, "", OP_1, 998, "3DUP"), SCRIPT_ERR_STACK_SIZE,
                            form, "3DUP");
        assert_script_error(run_repeated(r, form, "", OP_1, 1000, "3DUP 2DROP 2DROP 2DROP"),
                            SCRIPT_ERR_STACK_SIZE, form, "3DUP, then less");
        assert_script_error(run_repeated(r, form, "2", OP_1, 998, "998 ROLL 2 EQUALVERIFY"), full,
                            form, "ROLL from the bottom");
        assert_script_error(run_repeated(r, form, "2", OP_1, 997, "997 PICK 2 EQUALVERIFY"), full,
                            form, "PICK from the bottom");
        assert_script_error(run_repeated(r, form, "2", OP_1, 997, "998 PICK 2 EQUALVERIFY"),
                            SCRIPT_ERR_INVALID_STACK_OPERATION, form, "PICK from below");
        assert_script_error(run_repeated(r, form, "2", OP_1, 997, "DEPTH 998 EQUALVERIFY"), full,
                            form, "DEPTH");
    }
}

/* 200 in those that count, and very many where nothing does. */
static void test_nesting(void **state)
{
    struct runner *r = *state;

    assert_int_equal(run_repeated(r, FORM_TAPSCRIPT, "0", OP_IF, 1, ""),
                     SCRIPT_ERR_UNBALANCED_CONDITIONAL);
    for (enum script_form form = 0; form < FORMS; form++) {
        size_t depth = form == FORM_TAPSCRIPT ? 40000 : 100;
        struct script_builder b = script_builder_on(r->script, sizeof(r->script));

        script_op(&b, OP_0);
        for (size_t i = 0; i < depth; i++)
            script_op(&b, OP_IF);
        for (size_t i = 0; i < depth; i++)
            script_op(&b, OP_ENDIF);
        script_op(&b, OP_1);
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            SCRIPT_ERR_OK, form, "nested");
        /* The last ELSE is the outermost's, so what follows is executed. */
        b.size -= 2;
        script_op(&b, OP_ELSE);
        script_op(&b, OP_1);
        script_op(&b, OP_ENDIF);
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            SCRIPT_ERR_OK, form, "nested");
    }
}

static void test_sizes(void **state)
{
    struct runner *r = *state;
    static uint8_t data[521];

    for (enum script_form form = 0; form < FORMS; form++) {
        struct script_builder b = script_builder_on(r->script, sizeof(r->script));

        if (form == FORM_P2SH)
            continue;
        script_push(&b, bytes_of(data, 520));
        script_op(&b, OP_NOT);
        /* Behind the size, the number is too long for NOT. */
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            SCRIPT_ERR_SCRIPTNUM, form, "520");
        b.size = 0;
        script_op(&b, OP_0);
        script_op(&b, OP_IF);
        script_push(&b, bytes_of(data, 521));
        script_op(&b, OP_ENDIF);
        script_op(&b, OP_1);
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            SCRIPT_ERR_PUSH_SIZE, form, "521 not executed");

        b.size = 0;
        script_op(&b, OP_0);
        script_op(&b, OP_IF);
        while (b.size + 523 + 2 < MAX_SCRIPT_SIZE)
            script_push(&b, bytes_of(data, 520));
        while (b.size + 2 < MAX_SCRIPT_SIZE)
            script_op(&b, OP_1);
        script_op(&b, OP_ENDIF);
        script_op(&b, OP_1);
        assert_int_equal(b.size, MAX_SCRIPT_SIZE);
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            SCRIPT_ERR_OK, form, "10000");
        script_op(&b, OP_NOP);
        assert_script_error(runner_run(r, form, bytes_of(b.data, b.size), NULL, 0, 0),
                            form == FORM_TAPSCRIPT ? SCRIPT_ERR_OK : SCRIPT_ERR_SCRIPT_SIZE, form,
                            "10001");
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(SCRIPT_ERRORS, 55);
    for (int i = 0; i < SCRIPT_ERRORS; i++) {
        assert_non_null(script_error_name((enum script_error)i));
        assert_non_null(script_error_text((enum script_error)i));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(script_error_name((enum script_error)i),
                                    script_error_name((enum script_error)j));
    }
    assert_string_equal(script_error_name(SCRIPT_ERR_SIG_FINDANDDELETE), "SIG_FINDANDDELETE");
    assert_string_equal(script_error_text(SCRIPT_ERR_UNBALANCED_CONDITIONAL),
                        "Invalid OP_IF construction");
    for (unsigned bit = 0; bit < 21; bit++)
        assert_int_equal(script_flag_find(script_flag_name(bit)), 1u << bit);
    assert_int_equal(script_flag_find("P2SH"), SCRIPT_VERIFY_P2SH);
    assert_int_equal(script_flag_find("DISCOURAGE_UPGRADABLE_PUBKEYTYPE"),
                     SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE);
    assert_int_equal(script_flag_find("p2sh"), 0);
    assert_int_equal(script_flag_find(""), 0);
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
        cmocka_unit_test(test_stack),          cmocka_unit_test(test_alt_stack_is_each_scripts_own),
        cmocka_unit_test(test_numbers),        cmocka_unit_test(test_control),
        cmocka_unit_test(test_minimal_if),     cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_minimal_pushes), cmocka_unit_test(test_nops),
        cmocka_unit_test(test_locktime),       cmocka_unit_test(test_arity),
        cmocka_unit_test(test_not_executed),   cmocka_unit_test(test_operation_count),
        cmocka_unit_test(test_stack_size),     cmocka_unit_test(test_nesting),
        cmocka_unit_test(test_sizes),          cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
