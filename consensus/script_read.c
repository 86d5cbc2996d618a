#include "consensus/script.h"

/* How many bytes of length follow OP_PUSHDATA1, 2 and 4. */
static const uint8_t length_sizes[] = {1, 2, 4};

bool script_read_pushdata(struct script_reader *r, struct script_instruction *out)
{
    uint8_t opcode = r->at[0], head = length_sizes[opcode - OP_PUSHDATA1];
    size_t left = (size_t)(r->end - r->at) - 1, size = 0;

    if (left < head)
        return false;
    left -= head;
    for (size_t i = 0; i < head; i++)
        size |= (size_t)r->at[1 + i] << 8 * i;
    if (left < size)
        return false;
    out->opcode = opcode;
    out->data = bytes_of(r->at + 1 + head, size);
    r->at += 1 + head + size;
    return true;
}

/* BIP342: 80, 98, 126-129, 131-134, 137-138, 141-142, 149-153, 187-254. */
bool script_is_op_success(uint8_t opcode)
{
    return opcode == OP_RESERVED || opcode == OP_VER || (opcode >= OP_CAT && opcode <= OP_RIGHT) ||
           (opcode >= OP_INVERT && opcode <= OP_XOR) ||
           (opcode >= OP_RESERVED1 && opcode <= OP_RESERVED2) ||
           (opcode >= OP_2MUL && opcode <= OP_2DIV) || (opcode >= OP_MUL && opcode <= OP_RSHIFT) ||
           (opcode > OP_CHECKSIGADD && opcode < OP_INVALIDOPCODE);
}

bool script_is_push_only(struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;

    while (script_read(&r, &i))
        if (i.opcode > OP_16)
            return false;
    return script_reader_done(&r);
}

bool script_witness_program(struct bytes script, unsigned *version, struct bytes *program)
{
    if (script.size < 2 + WITNESS_PROGRAM_MIN || script.size > 2 + WITNESS_PROGRAM_MAX)
        return false;
    if (script.data[0] != OP_0 && (script.data[0] < OP_1 || script.data[0] > OP_16))
        return false;
    if ((size_t)script.data[1] + 2 != script.size)
        return false;
    *version = script_small_number(script.data[0]);
    *program = bytes_of(script.data + 2, script.size - 2);
    return true;
}

bool script_push_is_minimal(const struct script_instruction *push)
{
    const struct bytes data = push->data;

    if (data.size == 0)
        return push->opcode == OP_0;
    if (data.size == 1 && ((data.data[0] >= 1 && data.data[0] <= 16) || data.data[0] == 0x81))
        return false; /* OP_1 to OP_16 and OP_1NEGATE are shorter */
    if (data.size < OP_PUSHDATA1)
        return push->opcode == data.size;
    if (data.size <= 0xff)
        return push->opcode == OP_PUSHDATA1;
    return data.size > 0xffff || push->opcode == OP_PUSHDATA2;
}

struct bytes script_find_and_delete(uint8_t *out, size_t *found, struct bytes script,
                                    struct bytes part)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    const uint8_t *kept = script.data; /* what is read and not yet copied begins here */
    size_t size = 0;

    *found = 0;
    if (part.size == 0)
        return script;
    do {
        const uint8_t *boundary = r.at;

        while ((size_t)(r.end - r.at) >= part.size && memcmp(r.at, part.data, part.size) == 0) {
            r.at += part.size;
            ++*found;
        }
        if (r.at != boundary) {
            memmove(out + size, kept, (size_t)(boundary - kept));
            size += (size_t)(boundary - kept);
            kept = r.at;
        }
    } while (script_read(&r, &i));
    if (*found == 0)
        return script;
    memmove(out + size, kept, (size_t)(r.end - kept));
    return bytes_of(out, size + (size_t)(r.end - kept));
}
