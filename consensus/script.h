/*
 * Scripts as bytes: their opcodes and limits, reading one instruction after
 * another, recognising forms, and building.
 *
 * A reader yields views into the script and never goes beyond its end:
 *
 *     struct script_reader r = script_reader_of(script);
 *     struct script_instruction i;
 *     while (script_read(&r, &i))
 *         ... i.opcode, i.data
 *     if (!script_reader_done(&r))
 *         ... the rest is a push that the script is too short for
 *
 * A builder writes into the caller's buffer and stays failed once something
 * did not fit:
 *
 *     struct script_builder b = script_builder_on(buffer, sizeof(buffer));
 *     script_push_number(&b, height);
 *     script_push(&b, bytes_of(tag, tag_size));
 *     if (b.failed)
 *         return false;
 *     ... b.data, b.size
 *
 * All functions are pure; any thread. A script may be empty, its data NULL then.
 */
#ifndef CONSENSUS_SCRIPT_H
#define CONSENSUS_SCRIPT_H

#include "base/bytes.h"

/* By Core's names. Bytes 01 to 4b push as many of the bytes behind them, and bb to fe have no name. */
enum {
    OP_0 = 0x00,
    OP_FALSE = OP_0,
    OP_PUSHDATA1 = 0x4c,
    OP_PUSHDATA2 = 0x4d,
    OP_PUSHDATA4 = 0x4e,
    OP_1NEGATE = 0x4f,
    OP_RESERVED = 0x50,
    OP_1 = 0x51,
    OP_TRUE = OP_1,
    OP_2,
    OP_3,
    OP_4,
    OP_5,
    OP_6,
    OP_7,
    OP_8,
    OP_9,
    OP_10,
    OP_11,
    OP_12,
    OP_13,
    OP_14,
    OP_15,
    OP_16 = 0x60,

    /* Control. */
    OP_NOP = 0x61,
    OP_VER,
    OP_IF,
    OP_NOTIF,
    OP_VERIF,
    OP_VERNOTIF,
    OP_ELSE,
    OP_ENDIF,
    OP_VERIFY,
    OP_RETURN = 0x6a,

    /* The stack. */
    OP_TOALTSTACK = 0x6b,
    OP_FROMALTSTACK,
    OP_2DROP,
    OP_2DUP,
    OP_3DUP,
    OP_2OVER,
    OP_2ROT,
    OP_2SWAP,
    OP_IFDUP,
    OP_DEPTH,
    OP_DROP,
    OP_DUP = 0x76,
    OP_NIP,
    OP_OVER,
    OP_PICK,
    OP_ROLL,
    OP_ROT,
    OP_SWAP,
    OP_TUCK = 0x7d,

    /* Strings; all but OP_SIZE are disabled. */
    OP_CAT = 0x7e,
    OP_SUBSTR,
    OP_LEFT,
    OP_RIGHT,
    OP_SIZE = 0x82,

    /* Bits; all but the two comparisons are disabled or reserved. */
    OP_INVERT = 0x83,
    OP_AND,
    OP_OR,
    OP_XOR,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_RESERVED1,
    OP_RESERVED2 = 0x8a,

    /* Numbers; the ones from OP_2MUL to OP_2DIV and from OP_MUL to OP_RSHIFT are disabled. */
    OP_1ADD = 0x8b,
    OP_1SUB,
    OP_2MUL,
    OP_2DIV,
    OP_NEGATE,
    OP_ABS,
    OP_NOT,
    OP_0NOTEQUAL,
    OP_ADD = 0x93,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_MOD,
    OP_LSHIFT,
    OP_RSHIFT = 0x99,
    OP_BOOLAND = 0x9a,
    OP_BOOLOR,
    OP_NUMEQUAL,
    OP_NUMEQUALVERIFY,
    OP_NUMNOTEQUAL,
    OP_LESSTHAN,
    OP_GREATERTHAN,
    OP_LESSTHANOREQUAL,
    OP_GREATERTHANOREQUAL,
    OP_MIN,
    OP_MAX,
    OP_WITHIN = 0xa5,

    /* Hashes and signatures. */
    OP_RIPEMD160 = 0xa6,
    OP_SHA1,
    OP_SHA256,
    OP_HASH160 = 0xa9,
    OP_HASH256,
    OP_CODESEPARATOR,
    OP_CHECKSIG = 0xac,
    OP_CHECKSIGVERIFY,
    OP_CHECKMULTISIG,
    OP_CHECKMULTISIGVERIFY = 0xaf,

    /* What was free for new rules. */
    OP_NOP1 = 0xb0,
    OP_CHECKLOCKTIMEVERIFY = 0xb1, /* OP_NOP2 before BIP65 */
    OP_CHECKSEQUENCEVERIFY = 0xb2, /* OP_NOP3 before BIP112 */
    OP_NOP4,
    OP_NOP5,
    OP_NOP6,
    OP_NOP7,
    OP_NOP8,
    OP_NOP9,
    OP_NOP10 = 0xb9,
    OP_CHECKSIGADD = 0xba, /* BIP342 */

    OP_INVALIDOPCODE = 0xff,
};

/* Core, script/script.h and script/interpreter.h. */
enum {
    MAX_SCRIPT_SIZE = 10000,       /* bytes of a script that is run, but for tapscript */
    MAX_SCRIPT_ELEMENT_SIZE = 520, /* bytes of a stack element */
    MAX_OPS_PER_SCRIPT = 201,      /* opcodes above OP_16, and the keys of multisignatures */
    MAX_PUBKEYS_PER_MULTISIG = 20,
    MAX_STACK_SIZE = 1000, /* elements, of both stacks together */

    SCRIPT_NUMBER_MAX = 9,          /* bytes of a 64-bit number in a script, without the push */
    SCRIPT_NUMBER_OPERAND_MAX = 4,  /* what arithmetic takes */
    SCRIPT_NUMBER_LOCKTIME_MAX = 5, /* what BIP65 and BIP112 take */

    WITNESS_PROGRAM_MIN = 2, /* BIP141 */
    WITNESS_PROGRAM_MAX = 40,
    WITNESS_V0_KEYHASH_SIZE = 20,
    WITNESS_V0_SCRIPTHASH_SIZE = 32,
    WITNESS_V1_TAPROOT_SIZE = 32, /* BIP341 */

    ANNEX_TAG = 0x50,         /* first byte of an annex */
    TAPROOT_LEAF_MASK = 0xfe, /* of a control block's first byte: the leaf version */
    TAPROOT_LEAF_TAPSCRIPT = 0xc0,
    TAPROOT_CONTROL_BASE_SIZE = 33, /* bytes of a control block without its path */
    TAPROOT_CONTROL_NODE_SIZE = 32,
    TAPROOT_CONTROL_MAX_NODES = 128,
    TAPROOT_CONTROL_MAX_SIZE =
        TAPROOT_CONTROL_BASE_SIZE + TAPROOT_CONTROL_NODE_SIZE * TAPROOT_CONTROL_MAX_NODES,
    VALIDATION_WEIGHT_PER_SIGOP_PASSED = 50, /* BIP342's budget */
    VALIDATION_WEIGHT_OFFSET = 50,

    P2SH_SCRIPT_SIZE = 23,
    COINBASE_SCRIPT_MIN = 2, /* Core, bad-cb-length */
    COINBASE_SCRIPT_MAX = 100,
};

struct script_instruction {
    uint8_t opcode;
    struct bytes data; /* what a push of OP_0 to OP_PUSHDATA4 pushes; else empty */
};

struct script_reader {
    const uint8_t *at, *end;
};

static inline struct script_reader script_reader_of(struct bytes script)
{
    return (struct script_reader){script.data,
                                  script.size ? script.data + script.size : script.data};
}

/* Whether nothing is left. */
static inline bool script_reader_done(const struct script_reader *r) { return r->at == r->end; }

/* What is left. What begins behind an OP_CODESEPARATOR is what signatures after it commit to. */
static inline struct bytes script_reader_rest(const struct script_reader *r)
{
    return bytes_of(r->at, (size_t)(r->end - r->at));
}

/* How a push above 75 bytes, or one that is written as such, is read; for script_read alone. */
bool script_read_pushdata(struct script_reader *r, struct script_instruction *out);

/*
 * The next instruction (Core, GetScriptOp). False, and nothing moves, where nothing is left or where
 * a push is cut short by the script's end; out is unspecified then.
 */
static inline bool script_read(struct script_reader *r, struct script_instruction *out)
{
    size_t size;

    if (r->at == r->end)
        return false;
    size = r->at[0];
    if (size >= OP_PUSHDATA1 && size <= OP_PUSHDATA4)
        return script_read_pushdata(r, out);
    out->opcode = (uint8_t)size;
    if (size > OP_PUSHDATA4)
        size = 0;
    if ((size_t)(r->end - r->at) - 1 < size)
        return false;
    out->data = bytes_of(r->at + 1, size);
    r->at += 1 + size;
    return true;
}

/* The number of OP_0 and OP_1 to OP_16; opcode is one of them. */
static inline unsigned script_small_number(uint8_t opcode)
{
    return opcode == OP_0 ? 0 : opcode - OP_1 + 1u;
}

/* What BIP342 makes succeed at once where it stands in a tapscript. */
bool script_is_op_success(uint8_t opcode);

/* Nothing above OP_16, and no push that is cut short (Core, CScript::IsPushOnly). */
bool script_is_push_only(struct bytes script);

/* BIP16's form, whose bytes 2 to 21 are the script's hash. */
static inline bool script_is_p2sh(struct bytes script)
{
    return script.size == P2SH_SCRIPT_SIZE && script.data[0] == OP_HASH160 &&
           script.data[1] == 20 && script.data[22] == OP_EQUAL;
}

/* No input can ever spend it: it begins with OP_RETURN, or is too long to be run. */
static inline bool script_is_unspendable(struct bytes script)
{
    return (script.size > 0 && script.data[0] == OP_RETURN) || script.size > MAX_SCRIPT_SIZE;
}

/*
 * True, with the version (0 to 16) and a view of the program, where script is a witness
 * program (BIP141).
 */
bool script_witness_program(struct bytes script, unsigned *version, struct bytes *program);

/*
 * Whether a push of OP_0 to OP_PUSHDATA4 was written the shortest way, OP_1NEGATE and OP_1 to OP_16
 * included (Core, CheckMinimalPush).
 */
bool script_push_is_minimal(const struct script_instruction *push);

/*
 * The script without every instruction boundary's occurrences of part, as Core's FindAndDelete
 * leaves it: at each boundary of the script as it was, occurrences are taken out as long as one
 * begins there, and reading goes on behind them. found is how many there were.
 *
 * Where there are none, the script itself is returned and out is not written. Else what is returned
 * lies in out, which has room for script.size bytes; it may be script.data, and overlaps neither
 * otherwise.
 */
struct bytes script_find_and_delete(uint8_t *out, size_t *found, struct bytes script,
                                    struct bytes part);

/*
 * Core's name of an opcode (GetOpName): "OP_CHECKSIG", but "0", "-1", "1" to "16" for the numbers.
 * "OP_UNKNOWN" where there is none, pushes of 1 to 75 bytes included.
 */
const char *script_opcode_name(uint8_t opcode);

struct script_builder {
    uint8_t *data;
    size_t size, capacity;
    bool failed;
};

static inline struct script_builder script_builder_on(void *buffer, size_t capacity)
{
    return (struct script_builder){buffer, 0, capacity, false};
}

/* One opcode. */
void script_op(struct script_builder *b, uint8_t opcode);

/* Bytes as they are, without a push. */
void script_raw(struct script_builder *b, struct bytes data);

/*
 * A push of data by the shortest push opcode of its size; never OP_1 to OP_16 (Core, CScript
 * << bytes).
 */
void script_push(struct script_builder *b, struct bytes data);

/*
 * A push of a number: OP_0, OP_1NEGATE, OP_1 to OP_16, else its bytes (Core,
 * CScript << int64_t). With a block's height it is what BIP34 wants a
 * coinbase's script to begin with; it is one byte for heights 0 to 16, and a
 * coinbase's script has at least COINBASE_SCRIPT_MIN.
 */
void script_push_number(struct script_builder *b, int64_t number);

/*
 * A number's bytes (CScriptNum): little-endian, shortest, the sign in the top bit. Returns
 * how many; 0 for 0.
 */
size_t script_number_encode(uint8_t out[static SCRIPT_NUMBER_MAX], int64_t number);

/*
 * Reads what script_number_encode writes; where minimal is false, longer forms too, and zeros with
 * a sign. False where data has more than max bytes (at most 8) or is not the shortest form.
 */
bool script_number_decode(int64_t *out, struct bytes data, bool minimal, size_t max);

#endif
