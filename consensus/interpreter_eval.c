/*
 * The loop over a script's opcodes, and those that steer it, compare and hash.
 *
 * The order of the checks is Core's (EvalScript), because the first that fails
 * names the error: size of the push, number of operations, opcodes that may not
 * even stand in a branch that is not taken, then the opcode itself, then the
 * height of the stacks.
 */
#include "consensus/interpreter_impl.h"
#include "consensus/transaction_rules.h"
#include "kernels/ripemd160.h"
#include "kernels/sha1.h"

static bool conditions_all_true(const struct conditions *c)
{
    return c->first_false == CONDITIONS_ALL_TRUE;
}

static void conditions_push(struct conditions *c, bool value)
{
    if (conditions_all_true(c) && !value)
        c->first_false = c->depth;
    c->depth++;
}

static void conditions_pop(struct conditions *c)
{
    c->depth--;
    if (c->first_false == c->depth)
        c->first_false = CONDITIONS_ALL_TRUE;
}

/* A level below one that is false can't be told from its opposite. */
static void conditions_toggle(struct conditions *c)
{
    if (conditions_all_true(c))
        c->first_false = c->depth - 1;
    else if (c->first_false == c->depth - 1)
        c->first_false = CONDITIONS_ALL_TRUE;
}

static enum script_error push_small_number(struct script_machine *m, uint8_t opcode)
{
    struct stack_element *e = machine_push(m);

    e->is_view = false;
    e->size = 1;
    e->value[0] = opcode == OP_1NEGATE ? 0x81 : (uint8_t)script_small_number(opcode);
    return SCRIPT_ERR_OK;
}

static enum script_error nop(struct script_machine *m, uint8_t opcode)
{
    if (opcode != OP_NOP && machine_has(m, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_NOPS))
        return SCRIPT_ERR_DISCOURAGE_UPGRADABLE_NOPS;
    return SCRIPT_ERR_OK;
}

/* Whether the argument of OP_IF is what the script's version wants of it: empty, or one byte 01. */
static enum script_error check_minimal_if(const struct script_machine *m,
                                          const struct stack_element *e)
{
    struct bytes b = element_bytes(e);

    if (b.size == 0 || (b.size == 1 && b.data[0] == 1))
        return SCRIPT_ERR_OK;
    if (m->version == SIGVERSION_TAPSCRIPT)
        return SCRIPT_ERR_TAPSCRIPT_MINIMALIF;
    if (m->version == SIGVERSION_WITNESS_V0 && machine_has(m, SCRIPT_VERIFY_MINIMALIF))
        return SCRIPT_ERR_MINIMALIF;
    return SCRIPT_ERR_OK;
}

static enum script_error if_or_notif(struct script_machine *m, uint8_t opcode)
{
    enum script_error error;
    bool value = false;

    if (conditions_all_true(&m->conditions)) {
        if (machine_height(m) < 1)
            return SCRIPT_ERR_INVALID_STACK_OPERATION;
        error = check_minimal_if(m, m->top - 1);
        if (error)
            return error;
        value = element_is_true(m->top - 1) == (opcode == OP_IF);
        m->top--;
    }
    conditions_push(&m->conditions, value);
    return SCRIPT_ERR_OK;
}

static enum script_error else_or_endif(struct script_machine *m, uint8_t opcode)
{
    if (m->conditions.depth == 0)
        return SCRIPT_ERR_UNBALANCED_CONDITIONAL;
    if (opcode == OP_ELSE)
        conditions_toggle(&m->conditions);
    else
        conditions_pop(&m->conditions);
    return SCRIPT_ERR_OK;
}

static enum script_error verify(struct script_machine *m, uint8_t opcode)
{
    (void)opcode;
    if (!element_is_true(m->top - 1))
        return SCRIPT_ERR_VERIFY;
    m->top--;
    return SCRIPT_ERR_OK;
}

static enum script_error op_return(struct script_machine *m, uint8_t opcode)
{
    (void)m;
    (void)opcode;
    return SCRIPT_ERR_OP_RETURN;
}

/* BIP65's and BIP112's operand: five bytes, so that it may be as large as their fields. */
static enum script_error read_locktime(const struct script_machine *m, int64_t *out)
{
    if (machine_height(m) < 1)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    if (!script_number_decode(out, element_bytes(m->top - 1),
                              machine_has(m, SCRIPT_VERIFY_MINIMALDATA),
                              SCRIPT_NUMBER_LOCKTIME_MAX))
        return SCRIPT_ERR_SCRIPTNUM;
    return *out < 0 ? SCRIPT_ERR_NEGATIVE_LOCKTIME : SCRIPT_ERR_OK;
}

/* Both below the threshold between two units, or both not, and the wanted one reached. */
static bool locktime_reached(int64_t wanted, int64_t have, int64_t threshold)
{
    return (wanted < threshold) == (have < threshold) && wanted <= have;
}

static enum script_error check_locktime(struct script_machine *m, uint8_t opcode)
{
    const struct transaction *tx = m->input->tx->tx;
    enum script_error error;
    int64_t wanted;

    (void)opcode;
    if (!machine_has(m, SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY))
        return SCRIPT_ERR_OK;
    error = read_locktime(m, &wanted);
    if (error)
        return error;
    /* An input that is final takes the lock time's effect from the whole transaction. */
    if (!locktime_reached(wanted, tx->lock_time, LOCK_TIME_THRESHOLD) ||
        tx->inputs[m->input->index].sequence == SEQUENCE_FINAL)
        return SCRIPT_ERR_UNSATISFIED_LOCKTIME;
    return SCRIPT_ERR_OK;
}

static enum script_error check_sequence(struct script_machine *m, uint8_t opcode)
{
    const struct transaction *tx = m->input->tx->tx;
    const uint32_t sequence = tx->inputs[m->input->index].sequence;
    const uint32_t mask = SEQUENCE_LOCK_TIME_FLAG | SEQUENCE_LOCK_MASK;
    enum script_error error;
    int64_t wanted;

    (void)opcode;
    if (!machine_has(m, SCRIPT_VERIFY_CHECKSEQUENCEVERIFY))
        return SCRIPT_ERR_OK;
    error = read_locktime(m, &wanted);
    if (error)
        return error;
    if (wanted & SEQUENCE_LOCK_DISABLE_FLAG)
        return SCRIPT_ERR_OK;
    if (tx->version < 2 || (sequence & SEQUENCE_LOCK_DISABLE_FLAG) ||
        !locktime_reached(wanted & mask, sequence & mask, SEQUENCE_LOCK_TIME_FLAG))
        return SCRIPT_ERR_UNSATISFIED_LOCKTIME;
    return SCRIPT_ERR_OK;
}

static enum script_error equal(struct script_machine *m, uint8_t opcode)
{
    bool same = bytes_equal(element_bytes(m->top - 2), element_bytes(m->top - 1));

    m->top -= 2;
    return machine_push_result(m, same, opcode == OP_EQUALVERIFY, SCRIPT_ERR_EQUALVERIFY);
}

static enum script_error hash(struct script_machine *m, uint8_t opcode)
{
    sha256_compress_fn *compress = m->input->tx->compress;
    struct stack_element *e = m->top - 1;
    struct bytes b = element_bytes(e);
    uint8_t digest[32];
    struct sha256 s;

    switch (opcode) {
    case OP_RIPEMD160:
        ripemd160(digest, b.data, b.size);
        break;
    case OP_SHA1:
        sha1(digest, b.data, b.size);
        break;
    case OP_HASH160:
        hash160(compress, digest, b.data, b.size);
        break;
    case OP_SHA256:
        sha256_init(&s, compress);
        sha256_update(&s, b.data, b.size);
        sha256_final(&s, digest);
        break;
    default: /* OP_HASH256 */
        sha256d(compress, digest, b.data, b.size);
    }
    e->is_view = false;
    e->size = opcode == OP_SHA256 || opcode == OP_HASH256 ? 32 : 20;
    memcpy(e->value, digest, e->size);
    return SCRIPT_ERR_OK;
}

static enum script_error codeseparator(struct script_machine *m, uint8_t opcode)
{
    (void)opcode;
    m->code_begin = m->reader.at;
    m->taproot.codeseparator_position = m->position;
    return SCRIPT_ERR_OK;
}

/*
 * What each opcode above the pushes does, and how many elements it wants on the main stack before
 * anything else: 0 also where something else comes first. Those that are not here are bad where
 * they are executed, and OP_VERIF and OP_VERNOTIF even where not.
 */
static const struct operation {
    script_operation_fn *run;
    uint8_t arity;
} operations[256] = {
    [OP_1NEGATE] = {push_small_number, 0},
    [OP_1] = {push_small_number, 0},
    [OP_2] = {push_small_number, 0},
    [OP_3] = {push_small_number, 0},
    [OP_4] = {push_small_number, 0},
    [OP_5] = {push_small_number, 0},
    [OP_6] = {push_small_number, 0},
    [OP_7] = {push_small_number, 0},
    [OP_8] = {push_small_number, 0},
    [OP_9] = {push_small_number, 0},
    [OP_10] = {push_small_number, 0},
    [OP_11] = {push_small_number, 0},
    [OP_12] = {push_small_number, 0},
    [OP_13] = {push_small_number, 0},
    [OP_14] = {push_small_number, 0},
    [OP_15] = {push_small_number, 0},
    [OP_16] = {push_small_number, 0},

    [OP_NOP] = {nop, 0},
    [OP_NOP1] = {nop, 0},
    [OP_NOP4] = {nop, 0},
    [OP_NOP5] = {nop, 0},
    [OP_NOP6] = {nop, 0},
    [OP_NOP7] = {nop, 0},
    [OP_NOP8] = {nop, 0},
    [OP_NOP9] = {nop, 0},
    [OP_NOP10] = {nop, 0},
    [OP_CHECKLOCKTIMEVERIFY] = {check_locktime, 0},
    [OP_CHECKSEQUENCEVERIFY] = {check_sequence, 0},

    [OP_IF] = {if_or_notif, 0},
    [OP_NOTIF] = {if_or_notif, 0},
    [OP_ELSE] = {else_or_endif, 0},
    [OP_ENDIF] = {else_or_endif, 0},
    [OP_VERIFY] = {verify, 1},
    [OP_RETURN] = {op_return, 0},

    [OP_TOALTSTACK] = {interpreter_stack_operate, 1},
    [OP_FROMALTSTACK] = {interpreter_stack_operate, 0},
    [OP_2DROP] = {interpreter_stack_operate, 2},
    [OP_2DUP] = {interpreter_stack_operate, 2},
    [OP_3DUP] = {interpreter_stack_operate, 3},
    [OP_2OVER] = {interpreter_stack_operate, 4},
    [OP_2ROT] = {interpreter_stack_operate, 6},
    [OP_2SWAP] = {interpreter_stack_operate, 4},
    [OP_IFDUP] = {interpreter_stack_operate, 1},
    [OP_DEPTH] = {interpreter_stack_operate, 0},
    [OP_DROP] = {interpreter_stack_operate, 1},
    [OP_DUP] = {interpreter_stack_operate, 1},
    [OP_NIP] = {interpreter_stack_operate, 2},
    [OP_OVER] = {interpreter_stack_operate, 2},
    [OP_PICK] = {interpreter_stack_operate, 2},
    [OP_ROLL] = {interpreter_stack_operate, 2},
    [OP_ROT] = {interpreter_stack_operate, 3},
    [OP_SWAP] = {interpreter_stack_operate, 2},
    [OP_TUCK] = {interpreter_stack_operate, 2},
    [OP_SIZE] = {interpreter_stack_operate, 1},

    [OP_EQUAL] = {equal, 2},
    [OP_EQUALVERIFY] = {equal, 2},

    [OP_1ADD] = {interpreter_number_operate_unary, 1},
    [OP_1SUB] = {interpreter_number_operate_unary, 1},
    [OP_NEGATE] = {interpreter_number_operate_unary, 1},
    [OP_ABS] = {interpreter_number_operate_unary, 1},
    [OP_NOT] = {interpreter_number_operate_unary, 1},
    [OP_0NOTEQUAL] = {interpreter_number_operate_unary, 1},
    [OP_ADD] = {interpreter_number_operate_binary, 2},
    [OP_SUB] = {interpreter_number_operate_binary, 2},
    [OP_BOOLAND] = {interpreter_number_operate_binary, 2},
    [OP_BOOLOR] = {interpreter_number_operate_binary, 2},
    [OP_NUMEQUAL] = {interpreter_number_operate_binary, 2},
    [OP_NUMEQUALVERIFY] = {interpreter_number_operate_binary, 2},
    [OP_NUMNOTEQUAL] = {interpreter_number_operate_binary, 2},
    [OP_LESSTHAN] = {interpreter_number_operate_binary, 2},
    [OP_GREATERTHAN] = {interpreter_number_operate_binary, 2},
    [OP_LESSTHANOREQUAL] = {interpreter_number_operate_binary, 2},
    [OP_GREATERTHANOREQUAL] = {interpreter_number_operate_binary, 2},
    [OP_MIN] = {interpreter_number_operate_binary, 2},
    [OP_MAX] = {interpreter_number_operate_binary, 2},
    [OP_WITHIN] = {interpreter_number_operate_within, 3},

    [OP_RIPEMD160] = {hash, 1},
    [OP_SHA1] = {hash, 1},
    [OP_SHA256] = {hash, 1},
    [OP_HASH160] = {hash, 1},
    [OP_HASH256] = {hash, 1},
    [OP_CODESEPARATOR] = {codeseparator, 0},
    [OP_CHECKSIG] = {interpreter_signatures_checksig, 2},
    [OP_CHECKSIGVERIFY] = {interpreter_signatures_checksig, 2},
    [OP_CHECKSIGADD] = {interpreter_signatures_checksigadd, 0},
    [OP_CHECKMULTISIG] = {interpreter_signatures_checkmultisig, 0},
    [OP_CHECKMULTISIGVERIFY] = {interpreter_signatures_checkmultisig, 0},
};

/* CVE-2010-5137. */
static bool is_disabled(uint8_t opcode)
{
    switch (opcode) {
    case OP_CAT:
    case OP_SUBSTR:
    case OP_LEFT:
    case OP_RIGHT:
    case OP_INVERT:
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_2MUL:
    case OP_2DIV:
    case OP_MUL:
    case OP_DIV:
    case OP_MOD:
    case OP_LSHIFT:
    case OP_RSHIFT:
        return true;
    default:
        return false;
    }
}

/* What holds for an opcode above OP_16 in a branch that is not taken, too. */
static enum script_error check_opcode(struct script_machine *m, uint8_t opcode)
{
    if (m->version != SIGVERSION_TAPSCRIPT && ++m->op_count > MAX_OPS_PER_SCRIPT)
        return SCRIPT_ERR_OP_COUNT;
    if (is_disabled(opcode))
        return SCRIPT_ERR_DISABLED_OPCODE;
    if (opcode == OP_CODESEPARATOR && m->version == SIGVERSION_BASE &&
        machine_has(m, SCRIPT_VERIFY_CONST_SCRIPTCODE))
        return SCRIPT_ERR_OP_CODESEPARATOR;
    return SCRIPT_ERR_OK;
}

static enum script_error operate(struct script_machine *m, uint8_t opcode)
{
    const struct operation *operation = &operations[opcode];
    enum script_error error;

    if (opcode > OP_16) {
        error = check_opcode(m, opcode);
        if (error)
            return error;
    }
    if (!conditions_all_true(&m->conditions) && (opcode < OP_IF || opcode > OP_ENDIF))
        return SCRIPT_ERR_OK;
    if (!operation->run)
        return SCRIPT_ERR_BAD_OPCODE;
    if (machine_height(m) < operation->arity)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    return operation->run(m, opcode);
}

static enum script_error push(struct script_machine *m, const struct script_instruction *i)
{
    if (i->data.size > MAX_SCRIPT_ELEMENT_SIZE)
        return SCRIPT_ERR_PUSH_SIZE;
    if (!conditions_all_true(&m->conditions))
        return SCRIPT_ERR_OK;
    if (machine_has(m, SCRIPT_VERIFY_MINIMALDATA) && !script_push_is_minimal(i))
        return SCRIPT_ERR_MINIMALDATA;
    machine_push_view(m, i->data);
    return SCRIPT_ERR_OK;
}

static void start(struct script_machine *m, struct bytes script, enum sigversion version)
{
    m->version = version;
    m->reader = script_reader_of(script);
    m->code_begin = m->reader.at;
    m->conditions = (struct conditions){0, CONDITIONS_ALL_TRUE};
    m->op_count = 0;
    m->position = 0;
    m->alt_count = 0;
    m->taproot.codeseparator_position = UINT32_MAX;
}

enum script_error interpreter_eval_script(struct script_machine *m, struct bytes script,
                                          enum sigversion version)
{
    struct script_instruction i;
    enum script_error error;

    if (version != SIGVERSION_TAPSCRIPT && script.size > MAX_SCRIPT_SIZE)
        return SCRIPT_ERR_SCRIPT_SIZE;
    for (start(m, script, version); !script_reader_done(&m->reader); m->position++) {
        if (!script_read(&m->reader, &i))
            return SCRIPT_ERR_BAD_OPCODE;
        error = i.opcode <= OP_PUSHDATA4 ? push(m, &i) : operate(m, i.opcode);
        if (error)
            return error;
        if (machine_height(m) + m->alt_count + m->buried > MAX_STACK_SIZE)
            return SCRIPT_ERR_STACK_SIZE;
    }
    return m->conditions.depth ? SCRIPT_ERR_UNBALANCED_CONDITIONAL : SCRIPT_ERR_OK;
}
