#include "consensus/script.h"

static uint8_t *reserve(struct script_builder *b, size_t size)
{
    uint8_t *at;

    if (b->failed || size > b->capacity - b->size) {
        b->failed = true;
        return NULL;
    }
    at = b->data + b->size;
    b->size += size;
    return at;
}

void script_op(struct script_builder *b, uint8_t opcode)
{
    uint8_t *at = reserve(b, 1);

    if (at)
        *at = opcode;
}

void script_raw(struct script_builder *b, struct bytes data)
{
    uint8_t *at = reserve(b, data.size);

    if (at && data.size)
        memcpy(at, data.data, data.size);
}

void script_push(struct script_builder *b, struct bytes data)
{
    uint8_t head[5];
    size_t size = 1;

    if (data.size < OP_PUSHDATA1) {
        head[0] = (uint8_t)data.size;
    } else if (data.size <= 0xff) {
        head[0] = OP_PUSHDATA1;
        head[1] = (uint8_t)data.size;
        size = 2;
    } else if (data.size <= 0xffff) {
        head[0] = OP_PUSHDATA2;
        write_le16(head + 1, (uint16_t)data.size);
        size = 3;
    } else if (data.size <= 0xffffffff) {
        head[0] = OP_PUSHDATA4;
        write_le32(head + 1, (uint32_t)data.size);
        size = 5;
    } else {
        b->failed = true;
    }
    script_raw(b, bytes_of(head, size));
    script_raw(b, data);
}

size_t script_number_encode(uint8_t out[static SCRIPT_NUMBER_MAX], int64_t number)
{
    /* Negated as unsigned: the lowest number has no positive twin. */
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    size_t size = 0;

    for (; rest; rest >>= 8)
        out[size++] = (uint8_t)rest;
    if (size == 0)
        return 0;
    if (out[size - 1] & 0x80)
        out[size++] = 0;
    if (number < 0)
        out[size - 1] |= 0x80;
    return size;
}

void script_push_number(struct script_builder *b, int64_t number)
{
    uint8_t text[SCRIPT_NUMBER_MAX];

    if (number == -1 || (number >= 1 && number <= 16))
        script_op(b, (uint8_t)(OP_1 - 1 + number));
    else
        script_push(b, bytes_of(text, script_number_encode(text, number)));
}

bool script_number_decode(int64_t *out, struct bytes data, bool minimal, size_t max)
{
    uint64_t magnitude = 0, sign;

    if (data.size > max || data.size > 8)
        return false;
    *out = 0;
    if (data.size == 0)
        return true;
    /* The top byte may hold nothing but the sign only where the next one needs its top bit. */
    if (minimal && (data.data[data.size - 1] & 0x7f) == 0 &&
        (data.size == 1 || !(data.data[data.size - 2] & 0x80)))
        return false;
    for (size_t i = 0; i < data.size; i++)
        magnitude |= (uint64_t)data.data[i] << 8 * i;
    sign = UINT64_C(0x80) << 8 * (data.size - 1);
    *out = magnitude & sign ? -(int64_t)(magnitude & ~sign) : (int64_t)magnitude;
    return true;
}
