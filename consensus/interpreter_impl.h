/*
 * What the files of the interpreter share: the machine that scripts run on.
 *
 *     workspace->stack   | main stack ->                <- alternate stack |
 *                        0           top                    STACK_CAPACITY
 *
 * An element is a view into the script or witness that it was pushed from, or,
 * where an opcode computed it, its bytes themselves: nothing that a script can
 * compute is longer than a hash. So pushes copy nothing, and nothing is
 * allocated. A view is good as long as the run, because every script of an
 * input outlives it.
 */
#ifndef CONSENSUS_INTERPRETER_IMPL_H
#define CONSENSUS_INTERPRETER_IMPL_H

#include "consensus/interpreter.h"
#include "consensus/script.h"

#include <assert.h>

/* Core's, but for TAPROOT: spending by key runs no script. */
enum sigversion { SIGVERSION_BASE, SIGVERSION_WITNESS_V0, SIGVERSION_TAPSCRIPT };

enum {
    /* The most that one opcode takes: OP_CHECKMULTISIGVERIFY, 20 of 20, two counts and the dummy. */
    STACK_REACH = 2 * MAX_PUBKEYS_PER_MULTISIG + 3,
    STACK_GROWTH = 3, /* and the most that one adds: OP_3DUP */
    STACK_CAPACITY = MAX_STACK_SIZE + STACK_REACH + STACK_GROWTH,
    ELEMENT_VALUE_MAX = 32,
};

struct stack_element {
    union {
        const uint8_t *view;
        uint8_t value[ELEMENT_VALUE_MAX];
    };
    uint32_t size;
    bool is_view;
};

struct script_workspace {
    struct stack_element stack[STACK_CAPACITY];
    struct sighash_cache cache;
    uint8_t deleted[MAX_SCRIPT_SIZE]; /* what FindAndDelete left of a script, for one opcode */
};

/* OP_IF's nesting without a stack, as Core's ConditionStack: all that matters is the first false. */
struct conditions {
    uint32_t depth;
    uint32_t first_false; /* depth at which it was put; CONDITIONS_ALL_TRUE for none */
};

#define CONDITIONS_ALL_TRUE UINT32_MAX

struct script_machine {
    struct script_workspace *workspace;
    const struct script_input *input;
    script_decide_fn *decide;
    void *context;

    struct stack_element *top; /* behind the main stack's last */
    size_t alt_count;
    /*
     * Items of a v0 witness below those that are on the stack. Where there are any, the stack is
     * above MAX_STACK_SIZE whatever the first opcode does, and nothing runs after it.
     */
    size_t buried;

    /* Of the script that is run. */
    enum sigversion version;
    struct script_reader reader;
    const uint8_t *code_begin; /* behind the last OP_CODESEPARATOR that was executed */
    struct conditions conditions;
    int op_count;
    uint32_t position; /* of the opcode, counted in opcodes */

    /* Of a taproot spend. */
    struct sighash_taproot taproot;
    int64_t validation_weight_left;
};

/*
 * Runs a script on the machine's stack as it is (Core, EvalScript); the alternate stack starts
 * empty. For tapscript, taproot and validation_weight_left were filled in.
 */
enum script_error interpreter_eval_script(struct script_machine *m, struct bytes script,
                                          enum sigversion version);

/*
 * Opcodes, by family; opcode is one of the family's, and the main stack is as high as the table in
 * interpreter_eval.c says.
 */
typedef enum script_error script_operation_fn(struct script_machine *m, uint8_t opcode);

script_operation_fn interpreter_stack_operate;        /* what moves elements */
script_operation_fn interpreter_number_operate_unary; /* OP_1ADD to OP_0NOTEQUAL */
script_operation_fn interpreter_number_operate_binary;
script_operation_fn interpreter_number_operate_within;
script_operation_fn interpreter_signatures_checksig; /* OP_CHECKSIG, OP_CHECKSIGVERIFY */
script_operation_fn interpreter_signatures_checksigadd;
script_operation_fn interpreter_signatures_checkmultisig; /* and OP_CHECKMULTISIGVERIFY */

/*
 * A Schnorr signature of a taproot spend, by its key or in a tapscript (Core,
 * CheckSchnorrSignature): SCRIPT_ERR_OK where it is good.
 */
enum script_error interpreter_signatures_schnorr(struct script_machine *m, struct bytes signature,
                                                 const uint8_t key[static 32]);

static inline bool machine_has(const struct script_machine *m, uint32_t flag)
{
    return (m->input->flags & flag) != 0;
}

/* Elements of the main stack that opcodes can reach. */
static inline size_t machine_height(const struct script_machine *m)
{
    return (size_t)(m->top - m->workspace->stack);
}

static inline struct bytes element_bytes(const struct stack_element *e)
{
    return bytes_of(e->is_view ? e->view : e->value, e->size);
}

/* An element as a truth value: zeros are false, one with a sign too (Core, CastToBool). */
static inline bool element_is_true(const struct stack_element *e)
{
    struct bytes b = element_bytes(e);

    for (size_t i = 0; i < b.size; i++)
        if (b.data[i] != 0)
            return i + 1 < b.size || b.data[i] != 0x80;
    return false;
}

/* An element as an operand of arithmetic. False: SCRIPT_ERR_SCRIPTNUM. */
static inline MUST_USE bool element_number(const struct script_machine *m, int64_t *out,
                                           const struct stack_element *e)
{
    return script_number_decode(out, element_bytes(e), machine_has(m, SCRIPT_VERIFY_MINIMALDATA),
                                SCRIPT_NUMBER_OPERAND_MAX);
}

static inline void element_set_bool(struct stack_element *e, bool value)
{
    e->is_view = false;
    e->size = value;
    e->value[0] = value;
}

static inline void element_set_number(struct stack_element *e, int64_t number)
{
    _Static_assert((int)SCRIPT_NUMBER_MAX <= (int)ELEMENT_VALUE_MAX, "numbers fit");
    e->is_view = false;
    e->size = (uint32_t)script_number_encode(e->value, number);
}

/* A new element on the main stack, to be filled in. */
static inline struct stack_element *machine_push(struct script_machine *m)
{
    assert(machine_height(m) + m->alt_count < STACK_CAPACITY);
    return m->top++;
}

static inline void machine_push_view(struct script_machine *m, struct bytes b)
{
    struct stack_element *e = machine_push(m);

    e->is_view = true;
    e->size = (uint32_t)b.size;
    e->view = b.data;
}

/* What an opcode answers that comes in two forms, of which VERIFY's leaves nothing on the stack. */
static inline enum script_error machine_push_result(struct script_machine *m, bool value,
                                                    bool verify, enum script_error error)
{
    if (verify)
        return value ? SCRIPT_ERR_OK : error;
    element_set_bool(machine_push(m), value);
    return SCRIPT_ERR_OK;
}

#endif
