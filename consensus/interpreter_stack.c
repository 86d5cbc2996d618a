/* Opcodes that move, copy and count elements and look at none but to index others. */
#include "consensus/interpreter_impl.h"

static void swap(struct stack_element *a, struct stack_element *b)
{
    struct stack_element t = *a;

    *a = *b;
    *b = t;
}

/* Copies count elements that begin depth below the top onto it. */
static void copy(struct script_machine *m, size_t depth, size_t count)
{
    struct stack_element *from = m->top - depth;

    for (size_t i = 0; i < count; i++)
        *machine_push(m) = from[i];
}

/* Takes out count elements that begin depth below the top, and puts them on it. */
static void roll(struct script_machine *m, size_t depth, size_t count)
{
    struct stack_element taken[2], *from = m->top - depth;

    assert(count <= 2);
    memcpy(taken, from, count * sizeof(*from));
    memmove(from, from + count, (depth - count) * sizeof(*from));
    memcpy(m->top - count, taken, count * sizeof(*from));
}

static enum script_error pick_or_roll(struct script_machine *m, uint8_t opcode)
{
    int64_t n;

    if (!element_number(m, &n, m->top - 1))
        return SCRIPT_ERR_SCRIPTNUM;
    m->top--;
    if (n < 0 || (uint64_t)n >= machine_height(m) + m->buried)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    /* An item that is out of reach: it could be had, but then the stack is too high all the same. */
    if ((uint64_t)n >= machine_height(m))
        return SCRIPT_ERR_STACK_SIZE;
    if (opcode == OP_PICK)
        copy(m, (size_t)n + 1, 1);
    else
        roll(m, (size_t)n + 1, 1);
    return SCRIPT_ERR_OK;
}

static enum script_error to_alt_stack(struct script_machine *m)
{
    m->top--;
    m->alt_count++;
    m->workspace->stack[STACK_CAPACITY - m->alt_count] = *m->top;
    return SCRIPT_ERR_OK;
}

static enum script_error from_alt_stack(struct script_machine *m)
{
    if (m->alt_count == 0)
        return SCRIPT_ERR_INVALID_ALTSTACK_OPERATION;
    *m->top = m->workspace->stack[STACK_CAPACITY - m->alt_count];
    m->top++;
    m->alt_count--;
    return SCRIPT_ERR_OK;
}

enum script_error interpreter_stack_operate(struct script_machine *m, uint8_t opcode)
{
    size_t size;

    switch (opcode) {
    case OP_TOALTSTACK:
        return to_alt_stack(m);
    case OP_FROMALTSTACK:
        return from_alt_stack(m);
    case OP_PICK:
    case OP_ROLL:
        return pick_or_roll(m, opcode);
    case OP_DROP:
        m->top--;
        break;
    case OP_2DROP:
        m->top -= 2;
        break;
    case OP_DUP:
        copy(m, 1, 1);
        break;
    case OP_2DUP:
        copy(m, 2, 2);
        break;
    case OP_3DUP:
        copy(m, 3, 3);
        break;
    case OP_OVER:
        copy(m, 2, 1);
        break;
    case OP_2OVER:
        copy(m, 4, 2);
        break;
    case OP_IFDUP:
        if (element_is_true(m->top - 1))
            copy(m, 1, 1);
        break;
    case OP_NIP:
        m->top[-2] = m->top[-1];
        m->top--;
        break;
    case OP_TUCK:
        swap(m->top - 2, m->top - 1);
        copy(m, 2, 1);
        break;
    case OP_SWAP:
        swap(m->top - 2, m->top - 1);
        break;
    case OP_2SWAP:
        swap(m->top - 4, m->top - 2);
        swap(m->top - 3, m->top - 1);
        break;
    case OP_ROT:
        roll(m, 3, 1);
        break;
    case OP_2ROT:
        roll(m, 6, 2);
        break;
    case OP_DEPTH:
        size = machine_height(m) + m->buried;
        element_set_number(machine_push(m), (int64_t)size);
        break;
    default: /* OP_SIZE */
        size = m->top[-1].size;
        element_set_number(machine_push(m), (int64_t)size);
    }
    return SCRIPT_ERR_OK;
}
