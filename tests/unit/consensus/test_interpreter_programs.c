/*
 * What stands around scripts: P2SH, witness programs of every version, taproot's
 * two ways, and the stack as a whole afterwards.
 */
#include "tests/unit/consensus/interpreter_support.h"
#include "tests/unit/consensus/script_assembler.h"

#include <stdio.h>

enum {
    SEGWIT = SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS,
    TAPROOT = SEGWIT | SCRIPT_VERIFY_TAPROOT,
};

static enum script_error run(struct runner *r, struct bytes script_sig, struct bytes script_pubkey,
                             uint32_t flags)
{
    return runner_verify(r, script_sig, script_pubkey, NULL, 0, flags);
}

#define BYTES(array) bytes_of(array, sizeof(array))

static void test_p2sh(void **state)
{
    static const uint8_t redeem[] = {OP_0}, push_redeem[] = {1, OP_0};
    static const uint8_t not_pushes[] = {OP_NOP, 1, OP_0};
    static const uint8_t number_redeem[] = {OP_16}; /* the script 10, a push of 16 bytes */
    uint8_t pubkey[] = {OP_HASH160, 20, [22] = OP_EQUAL};
    struct runner *r = *state;

    hash160(COMPRESS, pubkey + 2, redeem, 1);
    assert_int_equal(run(r, BYTES(push_redeem), BYTES(pubkey), 0), SCRIPT_ERR_OK);
    assert_int_equal(run(r, BYTES(push_redeem), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(run(r, BYTES(not_pushes), BYTES(pubkey), 0), SCRIPT_ERR_OK);
    assert_int_equal(run(r, BYTES(not_pushes), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_SIG_PUSHONLY);
    assert_int_equal(run(r, BYTES(not_pushes), BYTES(pubkey), SCRIPT_VERIFY_SIGPUSHONLY),
                     SCRIPT_ERR_SIG_PUSHONLY);
    /* Another script. Nothing at all. */
    assert_int_equal(run(r, BYTES(redeem), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(run(r, (struct bytes){0}, BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_INVALID_STACK_OPERATION);
    /* The form is one of bytes: the hash pushed otherwise is no P2SH. */
    {
        uint8_t longer[] = {OP_HASH160, OP_PUSHDATA1, 20, [23] = OP_EQUAL};

        hash160(COMPRESS, longer + 3, redeem, 1);
        assert_int_equal(run(r, BYTES(push_redeem), BYTES(longer), SCRIPT_VERIFY_P2SH),
                         SCRIPT_ERR_OK);
    }
    /* A redeem script that a number wrote. */
    hash160(COMPRESS, pubkey + 2, "\x10", 1);
    assert_int_equal(run(r, BYTES(number_redeem), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_BAD_OPCODE);
    /* The empty one leaves what was below it. */
    hash160(COMPRESS, pubkey + 2, "", 0);
    assert_int_equal(run(r, bytes_of("\x51\x00", 2), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_OK);
    assert_int_equal(run(r, bytes_of("\x00\x00", 2), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(run(r, bytes_of("\x00", 1), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_EVAL_FALSE);
}

/* P2SH's form needs room for one element more, its script none. */
static void test_p2sh_on_a_full_stack(void **state)
{
    uint8_t pubkey[] = {OP_HASH160, 20, [22] = OP_EQUAL}, sig[1000];
    struct runner *r = *state;

    memset(sig, OP_1, sizeof(sig));
    sig[999] = OP_0;
    hash160(COMPRESS, pubkey + 2, "", 0);
    assert_int_equal(run(r, bytes_of(sig, 1000), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run(r, bytes_of(sig + 1, 999), BYTES(pubkey), SCRIPT_VERIFY_P2SH),
                     SCRIPT_ERR_OK);
}

static void test_clean_stack(void **state)
{
    static const uint8_t one[] = {OP_1}, two[] = {OP_1, OP_1};
    const uint32_t clean = SEGWIT | SCRIPT_VERIFY_CLEANSTACK;
    struct runner *r = *state;

    assert_int_equal(run(r, (struct bytes){0}, BYTES(one), clean), SCRIPT_ERR_OK);
    assert_int_equal(run(r, (struct bytes){0}, BYTES(two), SEGWIT), SCRIPT_ERR_OK);
    assert_int_equal(run(r, (struct bytes){0}, BYTES(two), clean), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run(r, BYTES(one), BYTES(one), clean), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run(r, (struct bytes){0}, (struct bytes){0}, clean), SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(runner_run_text(r, FORM_P2SH, "1", clean), SCRIPT_ERR_OK);
    assert_int_equal(runner_run_text(r, FORM_P2SH, "1 1", clean), SCRIPT_ERR_CLEANSTACK);
    /* Witness scripts are always clean, whatever the flags. */
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "1", clean), SCRIPT_ERR_OK);
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "1 1", 0), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "", 0), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "0 0", 0), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(runner_run_text(r, FORM_WITNESS_V0, "0", 0), SCRIPT_ERR_EVAL_FALSE);
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, "1 1", 0), SCRIPT_ERR_CLEANSTACK);
}

static void test_witness_where_none_belongs(void **state)
{
    static const uint8_t one[] = {OP_1};
    struct bytes item = {0};
    struct runner *r = *state;

    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(one), &item, 1, SEGWIT),
                     SCRIPT_ERR_WITNESS_UNEXPECTED);
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(one), &item, 1, 0), SCRIPT_ERR_OK);
    /* CLEANSTACK comes before it. */
    assert_int_equal(
        runner_verify(r, BYTES(one), BYTES(one), &item, 1, SEGWIT | SCRIPT_VERIFY_CLEANSTACK),
        SCRIPT_ERR_CLEANSTACK);
    /* A P2SH input without a program. */
    {
        uint8_t pubkey[] = {OP_HASH160, 20, [22] = OP_EQUAL};

        hash160(COMPRESS, pubkey + 2, one, 1);
        assert_int_equal(runner_verify(r, bytes_of("\x01\x51", 2), BYTES(pubkey), &item, 1, SEGWIT),
                         SCRIPT_ERR_WITNESS_UNEXPECTED);
    }
}

/* Programs of all versions and lengths: which are known, and which are for later. */
static void test_versions(void **state)
{
    struct runner *r = *state;
    char what[64];

    for (unsigned version = 0; version <= 16; version++)
        for (unsigned size = 1; size <= 41; size++)
            for (int p2sh = 0; p2sh < 2; p2sh++) {
                uint8_t program[43], sig[44], wrapped[] = {OP_HASH160, 20, [22] = OP_EQUAL};
                bool is_program = size >= 2 && size <= 40;
                enum script_error want = SCRIPT_ERR_OK, discouraged, got;
                struct bytes script_sig = {0}, pubkey;
                uint32_t flags = TAPROOT;

                program[0] = (uint8_t)(version ? OP_1 + version - 1 : OP_0);
                program[1] = (uint8_t)size;
                memset(program + 2, 1, size);
                pubkey = bytes_of(program, size + 2);
                if (p2sh) {
                    sig[0] = (uint8_t)pubkey.size;
                    memcpy(sig + 1, program, pubkey.size);
                    script_sig = bytes_of(sig, pubkey.size + 1);
                    hash160(COMPRESS, wrapped + 2, program, pubkey.size);
                    pubkey = BYTES(wrapped);
                }
                if (is_program && version == 0)
                    want = size == 32   ? SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY
                           : size == 20 ? SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH
                                        : SCRIPT_ERR_WITNESS_PROGRAM_WRONG_LENGTH;
                discouraged = want;
                if (version == 1 && size == 32 && !p2sh)
                    discouraged = want = SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY;
                else if (is_program && version > 0)
                    discouraged = SCRIPT_ERR_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM;
                snprintf(what, sizeof(what), "version %u, %u bytes, %d", version, size, p2sh);
                got = run(r, script_sig, pubkey, flags);
                assert_script_error(got, want, FORM_WITNESS_V0, what);
                flags |= SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM;
                got = run(r, script_sig, pubkey, flags);
                assert_script_error(got, discouraged, FORM_WITNESS_V0, what);
            }
}

static void test_pay_to_anchor(void **state)
{
    static const uint8_t anchor[] = {OP_1, 2, 0x4e, 0x73}, other[] = {OP_1, 2, 0x4e, 0x74};
    static const uint8_t later[] = {OP_2, 2, 0x4e, 0x73}, push[] = {4, OP_1, 2, 0x4e, 0x73};
    const uint32_t flags = TAPROOT | SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM;
    uint8_t wrapped[] = {OP_HASH160, 20, [22] = OP_EQUAL};
    struct bytes item = {0};
    struct runner *r = *state;

    assert_int_equal(run(r, (struct bytes){0}, BYTES(anchor), flags), SCRIPT_ERR_OK);
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(anchor), &item, 1, flags),
                     SCRIPT_ERR_OK);
    assert_int_equal(run(r, bytes_of("\x51", 1), BYTES(anchor), flags),
                     SCRIPT_ERR_WITNESS_MALLEATED);
    assert_int_equal(run(r, (struct bytes){0}, BYTES(other), flags),
                     SCRIPT_ERR_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM);
    assert_int_equal(run(r, (struct bytes){0}, BYTES(later), flags),
                     SCRIPT_ERR_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM);
    hash160(COMPRESS, wrapped + 2, anchor, sizeof(anchor));
    assert_int_equal(run(r, BYTES(push), BYTES(wrapped), flags),
                     SCRIPT_ERR_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM);
}

static void test_malleated(void **state)
{
    static const uint8_t one[] = {OP_1};
    uint8_t program[34] = {OP_0, 32}, wrapped[] = {OP_HASH160, 20, [22] = OP_EQUAL};
    uint8_t sig[40] = {34}, longer[40] = {OP_PUSHDATA1, 34}, two[40] = {OP_0, 34};
    struct runner *r = *state;
    struct bytes item = BYTES(one);
    struct sha256 s;

    sha256_init(&s, COMPRESS);
    sha256_update(&s, one, 1);
    sha256_final(&s, program + 2);
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(program), &item, 1, SEGWIT),
                     SCRIPT_ERR_OK);
    assert_int_equal(runner_verify(r, BYTES(one), BYTES(program), &item, 1, SEGWIT),
                     SCRIPT_ERR_WITNESS_MALLEATED);
    assert_int_equal(runner_verify(r, BYTES(one), BYTES(program), &item, 1, 0), SCRIPT_ERR_OK);

    hash160(COMPRESS, wrapped + 2, program, sizeof(program));
    memcpy(sig + 1, program, sizeof(program));
    memcpy(longer + 2, program, sizeof(program));
    memcpy(two + 2, program, sizeof(program));
    assert_int_equal(runner_verify(r, bytes_of(sig, 35), BYTES(wrapped), &item, 1, SEGWIT),
                     SCRIPT_ERR_OK);
    assert_int_equal(runner_verify(r, bytes_of(longer, 36), BYTES(wrapped), &item, 1, SEGWIT),
                     SCRIPT_ERR_WITNESS_MALLEATED_P2SH);
    assert_int_equal(runner_verify(r, bytes_of(two, 36), BYTES(wrapped), &item, 1, SEGWIT),
                     SCRIPT_ERR_WITNESS_MALLEATED_P2SH);
    assert_int_equal(
        runner_verify(r, bytes_of(longer, 36), BYTES(wrapped), NULL, 0, SCRIPT_VERIFY_P2SH),
        SCRIPT_ERR_OK);
}

static void test_key_hash(void **state)
{
    static const uint8_t key[33] = {2, 1}, signature[9] = {0x30, 6, 2, 1, 1, 2, 1, 1, 1};
    static uint8_t large[521];
    struct bytes witness[3] = {BYTES(signature), BYTES(key), {0}};
    uint8_t program[22] = {OP_0, 20};
    struct runner *r = *state;

    hash160(COMPRESS, program + 2, key, sizeof(key));
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(program), witness, 2, SEGWIT),
                     SCRIPT_ERR_OK);
    assert_string_equal(r->asked, "e");
    for (size_t count = 0; count <= 3; count++)
        if (count != 2)
            assert_int_equal(
                runner_verify(r, (struct bytes){0}, BYTES(program), witness, count, SEGWIT),
                SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH);
    witness[1].size--;
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(program), witness, 2, SEGWIT),
                     SCRIPT_ERR_EQUALVERIFY);
    witness[1] = BYTES(large);
    assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(program), witness, 2, SEGWIT),
                     SCRIPT_ERR_PUSH_SIZE);
}

static void test_script_hash(void **state)
{
    static uint8_t large[521];
    struct runner *r = *state;
    struct bytes item = bytes_of(large, 520);

    assert_int_equal(runner_run(r, FORM_WITNESS_V0, bytes_of("\x75\x51", 2), &item, 1, 0),
                     SCRIPT_ERR_OK);
    item.size = 521;
    for (enum script_form form = FORM_WITNESS_V0; form <= FORM_TAPSCRIPT; form++)
        assert_int_equal(runner_run(r, form, bytes_of("\x75\x51", 2), &item, 1, 0),
                         SCRIPT_ERR_PUSH_SIZE);
    /* An item's size comes before the script's. */
    assert_int_equal(runner_run(r, FORM_WITNESS_V0, bytes_of(r->script, 10001), &item, 1, 0),
                     SCRIPT_ERR_PUSH_SIZE);
    assert_int_equal(runner_run(r, FORM_WITNESS_V0, bytes_of(r->script, 10001), NULL, 0, 0),
                     SCRIPT_ERR_SCRIPT_SIZE);
    r->items[0] = bytes_of("\x51", 1);
    {
        static const uint8_t program[34] = {OP_0, 32, 1};

        assert_int_equal(runner_verify(r, (struct bytes){0}, BYTES(program), r->items, 1, SEGWIT),
                         SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH);
    }
}

/* Runs script on so many items, each a byte 01 but for the uppermost. */
static enum script_error run_on(struct runner *r, enum script_form form, const char *script,
                                size_t count, struct bytes top)
{
    for (size_t i = 0; i < count; i++)
        r->items[i] = bytes_of("\x01", 1);
    if (count > 0 && top.data)
        r->items[count - 1] = top;
    return runner_run(r, form, runner_script(r, script), r->items, count, 0);
}

/*
 * A v0 witness may have any number of items; only once an opcode has run is the stack too high. So
 * one opcode may bring it down, and what it says itself comes first.
 */
static void test_many_items(void **state)
{
    struct runner *r = *state;
    const struct bytes none = {0};
    uint8_t index[2];

    assert_int_equal(run_on(r, FORM_WITNESS_V0, "", 1001, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "", 1999, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "NOP", 1000, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "NOP", 1001, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "DROP", 1001, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "DROP", 1002, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "2DROP", 1002, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "2DROP", 1003, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "TOALTSTACK", 1001, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "3DUP", 1043, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "3DUP", 1999, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "RETURN", 1999, none), SCRIPT_ERR_OP_RETURN);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "CAT", 1999, none), SCRIPT_ERR_DISABLED_OPCODE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "IF", 1001, none),
                     SCRIPT_ERR_UNBALANCED_CONDITIONAL);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "IF", 1002, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "0 IF", 1001, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "DEPTH", 1999, none), SCRIPT_ERR_STACK_SIZE);
    /* Which of them are out of reach makes no difference. */
    for (unsigned n = 1030; n <= 1050; n++) {
        write_le16(index, (uint16_t)n);
        assert_int_equal(run_on(r, FORM_WITNESS_V0, "PICK", 1999, BYTES(index)),
                         SCRIPT_ERR_STACK_SIZE);
        assert_int_equal(run_on(r, FORM_WITNESS_V0, "ROLL", 1999, BYTES(index)),
                         SCRIPT_ERR_STACK_SIZE);
    }
    /* PICK and ROLL see how many there are, and reach the lowest. */
    for (unsigned n = 1990; n <= 2000; n++) {
        enum script_error want =
            n < 1998 ? SCRIPT_ERR_STACK_SIZE : SCRIPT_ERR_INVALID_STACK_OPERATION;

        write_le16(index, (uint16_t)n);
        assert_int_equal(run_on(r, FORM_WITNESS_V0, "PICK", 1999, BYTES(index)), want);
        assert_int_equal(run_on(r, FORM_WITNESS_V0, "ROLL", 1999, BYTES(index)), want);
    }
    write_le16(index, 1001);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "ROLL", 1001, BYTES(index)),
                     SCRIPT_ERR_INVALID_STACK_OPERATION);
    write_le16(index, 999);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "ROLL", 1001, BYTES(index)), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "ROLL", 1002, BYTES(index)), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_WITNESS_V0, "PICK", 1001, BYTES(index)), SCRIPT_ERR_STACK_SIZE);
    /* In tapscript the items themselves are limited, before their sizes and after OP_SUCCESS. */
    assert_int_equal(run_on(r, FORM_TAPSCRIPT, "NOP", 1000, none), SCRIPT_ERR_CLEANSTACK);
    assert_int_equal(run_on(r, FORM_TAPSCRIPT, "2DROP", 1001, none), SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_TAPSCRIPT, "NOP", 1001, bytes_of(r->script, 521)),
                     SCRIPT_ERR_STACK_SIZE);
    assert_int_equal(run_on(r, FORM_TAPSCRIPT, "RESERVED", 1001, none), SCRIPT_ERR_OK);
}

/* count empty items, the uppermost 42 of them a multisignature of 20 of 20, without its dummy. */
static void put_multisig(struct runner *r, size_t count)
{
    static const uint8_t key[33] = {2, 1}, signature[9] = {0x30, 6, 2, 1, 1, 2, 1, 1, 1};
    static const uint8_t twenty[] = {20};
    struct bytes *end = r->items + count;

    memset(r->items, 0, count * sizeof(*r->items));
    for (size_t i = 2; i < 22; i++)
        end[-(ptrdiff_t)i] = BYTES(key);
    for (size_t i = 23; i < 43; i++)
        end[-(ptrdiff_t)i] = BYTES(signature);
    end[-1] = end[-22] = BYTES(twenty);
}

/* It is the most that one opcode can take away. */
static void test_many_items_taken(void **state)
{
    struct runner *r = *state;

    for (size_t count = 1040; count <= 1046; count++)
        for (int verify = 0; verify < 2; verify++) {
            size_t left = count - 43 + (verify ? 0 : 1);

            put_multisig(r, count);
            assert_int_equal(
                runner_run(r, FORM_WITNESS_V0,
                           runner_script(r, verify ? "CHECKMULTISIGVERIFY" : "CHECKMULTISIG"),
                           r->items, count, SCRIPT_VERIFY_NULLDUMMY),
                left <= 1000 ? SCRIPT_ERR_CLEANSTACK : SCRIPT_ERR_STACK_SIZE);
            assert_string_equal(r->asked, "eeeeeeeeeeeeeeeeeeee");
        }
}

/* Where it brings them down to what is allowed, the lowest of all is still there. */
static void test_many_items_are_all_there(void **state)
{
    static const uint8_t index[] = {998 & 0xff, 998 >> 8};
    struct runner *r = *state;

    for (size_t lowest = 0; lowest < 2; lowest++) {
        put_multisig(r, 1043);
        r->items[lowest] = bytes_of("\x01", 1);
        r->items[999] = BYTES(index); /* below the dummy */
        assert_int_equal(runner_run(r, FORM_WITNESS_V0,
                                    runner_script(r, "CHECKMULTISIGVERIFY ROLL VERIFY"), r->items,
                                    1043, 0),
                         lowest == 0 ? SCRIPT_ERR_CLEANSTACK : SCRIPT_ERR_VERIFY);
    }
}

static const uint8_t taproot_pubkey[34] = {OP_1, 32, 7};

static enum script_error run_taproot(struct runner *r, size_t count, uint32_t flags)
{
    return runner_verify(r, (struct bytes){0}, BYTES(taproot_pubkey), r->items, count, flags);
}

static void test_taproot_key(void **state)
{
    static const uint8_t signature[65] = {3}, annex[] = {ANNEX_TAG, 1};
    struct sighash_taproot spend = {.annex_present = false};
    struct runner *r = *state;
    struct sighash_tx hashes;
    uint8_t plain[32];

    r->items[0] = bytes_of(signature, 64);
    assert_int_equal(run_taproot(r, 0, SEGWIT), SCRIPT_ERR_OK);
    assert_int_equal(run_taproot(r, 0, TAPROOT), SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY);
    assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_OK);
    assert_string_equal(r->asked, "s");
    assert_memory_equal(r->last.key, taproot_pubkey + 2, 32);
    assert_int_equal(r->last.signature[0], 3);
    sighash_tx_init(&hashes, COMPRESS, &r->tx, &r->spent, false);
    assert_true(sighash_taproot(plain, &hashes, 0, &spend, SIGHASH_DEFAULT));
    assert_memory_equal(r->last.message, plain, 32);
    r->answers = "0";
    assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_SCHNORR_SIG);
    r->answers = "";
    r->items[0] = bytes_of(signature, 65);
    assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_HASHTYPE);
    for (size_t size = 0; size < 64; size++) {
        r->items[0] = bytes_of(signature, size);
        assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_SIZE);
    }
    /* An annex is signed too; alone it is a signature like any other. */
    r->items[0] = bytes_of(signature, 64);
    r->items[1] = BYTES(annex);
    assert_int_equal(run_taproot(r, 2, TAPROOT), SCRIPT_ERR_OK);
    assert_string_equal(r->asked, "s");
    assert_memory_not_equal(r->last.message, plain, 32);
    r->items[0].size = 0;
    assert_int_equal(run_taproot(r, 2, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_SIZE);
    r->items[0] = BYTES(annex);
    assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_SIZE);
    r->items[0] = bytes_of(signature, 64);
    r->items[1].size = 0; /* no annex but a control block */
    assert_int_equal(run_taproot(r, 2, TAPROOT), SCRIPT_ERR_TAPROOT_WRONG_CONTROL_SIZE);
    /* The spent outputs are signed. */
    r->items[0] = bytes_of(signature, 64);
    r->spent_unknown = true;
    assert_int_equal(run_taproot(r, 1, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_HASHTYPE);
    r->spent_unknown = false;
    assert_int_equal(r->calls, 0);
}

/* The tweak by which control, of a good size, commits to a script. */
static struct hash256 tweak_of(struct bytes script, const uint8_t *control, size_t size)
{
    struct hash256 node = taproot_leaf_hash(COMPRESS, control[0] & TAPROOT_LEAF_MASK, script);

    for (size_t i = 33; i < size; i += 32) {
        struct hash256 sibling;

        memcpy(sibling.bytes, control + i, 32);
        node = taproot_branch_hash(COMPRESS, sibling, node);
    }
    return taproot_tweak(COMPRESS, control + 1, &node);
}

static void test_taproot_script(void **state)
{
    static const uint8_t annex[] = {ANNEX_TAG};
    static uint8_t control[33 + 32 * 129];
    struct runner *r = *state;

    for (size_t i = 0; i < sizeof(control); i++)
        control[i] = (uint8_t)(i * 7);
    control[0] = TAPROOT_LEAF_TAPSCRIPT | 1;
    r->items[0] = bytes_of("\x51", 1);
    r->items[2] = BYTES(annex);
    for (size_t size = 0; size <= sizeof(control); size++) {
        bool good = size >= 33 && size <= 33 + 32 * 128 && (size - 33) % 32 == 0;

        r->items[1] = bytes_of(control, size);
        assert_int_equal(run_taproot(r, 2, TAPROOT),
                         good ? SCRIPT_ERR_OK : SCRIPT_ERR_TAPROOT_WRONG_CONTROL_SIZE);
        if (good) {
            assert_string_equal(r->asked, "t");
            assert_int_equal(r->last.parity, 1);
            assert_memory_equal(r->last.key, taproot_pubkey + 2, 32);
            assert_memory_equal(r->last.signature, control + 1, 32);
            assert_memory_equal(r->last.message, tweak_of(r->items[0], control, size).bytes, 32);
        }
    }
    r->items[1] = bytes_of(control, 33);
    assert_int_equal(run_taproot(r, 3, TAPROOT), SCRIPT_ERR_OK);
    /* The annex goes first; a second one is a control block, and not a good one. */
    r->items[3] = BYTES(annex);
    assert_int_equal(run_taproot(r, 4, TAPROOT), SCRIPT_ERR_TAPROOT_WRONG_CONTROL_SIZE);
    /* A control block that begins as an annex does is one where something is below it. */
    control[0] = ANNEX_TAG;
    assert_int_equal(run_taproot(r, 2, TAPROOT), SCRIPT_ERR_SCHNORR_SIG_SIZE);

    /* Other leaf versions: anything goes. Without parity's bit: 02 to fe. */
    r->items[0] = bytes_of("\x6a", 1);
    for (unsigned version = 0; version < 256; version++) {
        bool tapscript = (version & TAPROOT_LEAF_MASK) == TAPROOT_LEAF_TAPSCRIPT;

        if (version == ANNEX_TAG)
            continue;
        control[0] = (uint8_t)version;
        assert_int_equal(run_taproot(r, 2, TAPROOT),
                         tapscript ? SCRIPT_ERR_OP_RETURN : SCRIPT_ERR_OK);
        assert_int_equal(
            run_taproot(r, 2, TAPROOT | SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION),
            tapscript ? SCRIPT_ERR_OP_RETURN : SCRIPT_ERR_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION);
    }
}

static bool refuse(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    (void)context;
    assert_int_equal(check->kind, SIGNATURE_TAPROOT_TWEAK);
    assert_int_equal(decision, SCRIPT_MAY_DEFER);
    return false;
}

/* A wrong commitment fails before anything of the script is looked at, but its control block. */
static void test_taproot_commitment(void **state)
{
    static const uint8_t control[33] = {TAPROOT_LEAF_TAPSCRIPT}, other[33] = {2};
    struct bytes witness[2] = {bytes_of("\x50", 1), BYTES(control)};
    struct runner *r = *state;
    struct sighash_tx hashes;
    struct script_input input = {.tx = &hashes,
                                 .script_pubkey = BYTES(taproot_pubkey),
                                 .amount = r->spent.value,
                                 .flags = TAPROOT};

    sighash_tx_init(&hashes, COMPRESS, &r->tx, NULL, false);
    assert_int_equal(
        script_verify_with(r->workspace, &input, (struct bytes){0}, witness, 2, refuse, NULL),
        SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH);
    witness[1] = BYTES(other);
    assert_int_equal(
        script_verify_with(r->workspace, &input, (struct bytes){0}, witness, 2, refuse, NULL),
        SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH);
    witness[1].size--;
    assert_int_equal(
        script_verify_with(r->workspace, &input, (struct bytes){0}, witness, 2, refuse, NULL),
        SCRIPT_ERR_TAPROOT_WRONG_CONTROL_SIZE);
}

/* BIP342's list, written out. */
static bool is_success(unsigned opcode)
{
    return opcode == 80 || opcode == 98 || (opcode >= 126 && opcode <= 129) ||
           (opcode >= 131 && opcode <= 134) || opcode == 137 || opcode == 138 || opcode == 141 ||
           opcode == 142 || (opcode >= 149 && opcode <= 153) || (opcode >= 187 && opcode <= 254);
}

static void test_op_success(void **state)
{
    const uint32_t discourage = SCRIPT_VERIFY_DISCOURAGE_OP_SUCCESS;
    static uint8_t large[600];
    struct bytes item = BYTES(large);
    struct runner *r = *state;

    for (unsigned opcode = 79; opcode < 256; opcode++) {
        /* Behind it and before it all is allowed that can be read up to there. */
        uint8_t script[] = {OP_RETURN, OP_ENDIF, (uint8_t)opcode, 75};

        assert_int_equal(runner_run(r, FORM_TAPSCRIPT, BYTES(script), &item, 1, 0),
                         is_success(opcode) ? SCRIPT_ERR_OK : SCRIPT_ERR_BAD_OPCODE);
        assert_int_equal(runner_run(r, FORM_TAPSCRIPT, BYTES(script), &item, 1, discourage),
                         is_success(opcode) ? SCRIPT_ERR_DISCOURAGE_OP_SUCCESS
                                            : SCRIPT_ERR_BAD_OPCODE);
    }
    /* One that is pushed is none, nor is one behind a push that is cut short. */
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, "0x01 0x50", 0), SCRIPT_ERR_OK);
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, "0 0x03 0x5050", 0), SCRIPT_ERR_BAD_OPCODE);
    assert_int_equal(runner_run_text(r, FORM_TAPSCRIPT, "0x4d 0x50", 0), SCRIPT_ERR_BAD_OPCODE);
    /* A push of more than 520 bytes is no matter before it. */
    {
        struct script_builder b = script_builder_on(r->script, sizeof(r->script));

        script_push(&b, BYTES(large));
        script_op(&b, OP_1);
        assert_int_equal(runner_run(r, FORM_TAPSCRIPT, bytes_of(b.data, b.size), NULL, 0, 0),
                         SCRIPT_ERR_PUSH_SIZE);
        script_op(&b, OP_RESERVED);
        assert_int_equal(runner_run(r, FORM_TAPSCRIPT, bytes_of(b.data, b.size), NULL, 0, 0),
                         SCRIPT_ERR_OK);
    }
}

/* Hashes and decisions of one input must not reach the next: the same workspace, another input. */
static void test_workspace_is_used_again(void **state)
{
    static const char script[] = "0x09 0x300602010102010101 0x21 "
                                 "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8"
                                 "1798 CHECKSIG";
    struct runner *r = *state;
    uint8_t first[32];

    for (enum script_form form = FORM_LEGACY; form <= FORM_WITNESS_V0; form++) {
        assert_int_equal(runner_run_text(r, form, script, 0), SCRIPT_ERR_OK);
        memcpy(first, r->last.message, 32);
        r->output.value.sat++;
        assert_int_equal(runner_run_text(r, form, script, 0), SCRIPT_ERR_OK);
        assert_memory_not_equal(r->last.message, first, 32);
        r->output.value.sat--;
        assert_int_equal(runner_run_text(r, form, script, 0), SCRIPT_ERR_OK);
        assert_memory_equal(r->last.message, first, 32);
    }
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
        cmocka_unit_test(test_p2sh),
        cmocka_unit_test(test_p2sh_on_a_full_stack),
        cmocka_unit_test(test_clean_stack),
        cmocka_unit_test(test_witness_where_none_belongs),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_pay_to_anchor),
        cmocka_unit_test(test_malleated),
        cmocka_unit_test(test_key_hash),
        cmocka_unit_test(test_script_hash),
        cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_many_items_taken),
        cmocka_unit_test(test_many_items_are_all_there),
        cmocka_unit_test(test_taproot_key),
        cmocka_unit_test(test_taproot_script),
        cmocka_unit_test(test_taproot_commitment),
        cmocka_unit_test(test_op_success),
        cmocka_unit_test(test_workspace_is_used_again),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
