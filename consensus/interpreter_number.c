/*
 * Arithmetic: operands of at most four bytes, results that may be longer and
 * are then no operands any more (Core, CScriptNum).
 */
#include "consensus/interpreter_impl.h"

enum script_error interpreter_number_operate_unary(struct script_machine *m, uint8_t opcode)
{
    struct stack_element *e = m->top - 1;
    int64_t n;

    if (!element_number(m, &n, e))
        return SCRIPT_ERR_SCRIPTNUM;
    switch (opcode) {
    case OP_1ADD:
        n++;
        break;
    case OP_1SUB:
        n--;
        break;
    case OP_NEGATE:
        n = -n;
        break;
    case OP_ABS:
        n = n < 0 ? -n : n;
        break;
    case OP_NOT:
        n = n == 0;
        break;
    default: /* OP_0NOTEQUAL */
        n = n != 0;
    }
    element_set_number(e, n);
    return SCRIPT_ERR_OK;
}

static int64_t operate(uint8_t opcode, int64_t a, int64_t b)
{
    switch (opcode) {
    case OP_ADD:
        return a + b;
    case OP_SUB:
        return a - b;
    case OP_BOOLAND:
        return a != 0 && b != 0;
    case OP_BOOLOR:
        return a != 0 || b != 0;
    case OP_NUMEQUAL:
        return a == b;
    case OP_NUMNOTEQUAL:
        return a != b;
    case OP_LESSTHAN:
        return a < b;
    case OP_GREATERTHAN:
        return a > b;
    case OP_LESSTHANOREQUAL:
        return a <= b;
    case OP_GREATERTHANOREQUAL:
        return a >= b;
    case OP_MIN:
        return a < b ? a : b;
    default: /* OP_MAX */
        return a > b ? a : b;
    }
}

enum script_error interpreter_number_operate_binary(struct script_machine *m, uint8_t opcode)
{
    int64_t a, b;

    if (!element_number(m, &a, m->top - 2) || !element_number(m, &b, m->top - 1))
        return SCRIPT_ERR_SCRIPTNUM;
    m->top -= 2;
    if (opcode == OP_NUMEQUALVERIFY)
        return a == b ? SCRIPT_ERR_OK : SCRIPT_ERR_NUMEQUALVERIFY;
    element_set_number(machine_push(m), operate(opcode, a, b));
    return SCRIPT_ERR_OK;
}

enum script_error interpreter_number_operate_within(struct script_machine *m, uint8_t opcode)
{
    int64_t x, min, max;

    (void)opcode;
    if (!element_number(m, &x, m->top - 3) || !element_number(m, &min, m->top - 2) ||
        !element_number(m, &max, m->top - 1))
        return SCRIPT_ERR_SCRIPTNUM;
    m->top -= 3;
    element_set_bool(machine_push(m), min <= x && x < max);
    return SCRIPT_ERR_OK;
}
