#include "base/cursor.h"

enum { COMPACT_SIZE_MAX = 0x02000000 }; /* Core's MAX_SIZE, serialize.h */

uint8_t cursor_u8(struct cursor *c)
{
    struct bytes b = cursor_bytes(c, 1);

    return b.size ? b.data[0] : 0;
}

uint16_t cursor_le16(struct cursor *c)
{
    struct bytes b = cursor_bytes(c, 2);

    return b.size ? read_le16(b.data) : 0;
}

uint32_t cursor_le32(struct cursor *c)
{
    struct bytes b = cursor_bytes(c, 4);

    return b.size ? read_le32(b.data) : 0;
}

uint64_t cursor_le64(struct cursor *c)
{
    struct bytes b = cursor_bytes(c, 8);

    return b.size ? read_le64(b.data) : 0;
}

void cursor_copy(struct cursor *c, uint8_t *out, size_t size)
{
    struct bytes b = cursor_bytes(c, size);

    if (size == 0)
        return;
    if (b.size)
        memcpy(out, b.data, size);
    else
        memset(out, 0, size);
}

uint64_t cursor_compact_number(struct cursor *c)
{
    uint8_t first = cursor_u8(c);
    uint64_t value, least; /* least: what the shorter forms cannot hold */

    switch (first) {
    case 0xfd:
        value = cursor_le16(c);
        least = 0xfd;
        break;
    case 0xfe:
        value = cursor_le32(c);
        least = 0x10000;
        break;
    case 0xff:
        value = cursor_le64(c);
        least = 0x100000000;
        break;
    default:
        return first;
    }
    if (value < least) {
        cursor_fail(c);
        return 0;
    }
    return value;
}

uint64_t cursor_compact_size(struct cursor *c)
{
    uint64_t value = cursor_compact_number(c);

    if (value > COMPACT_SIZE_MAX) {
        cursor_fail(c);
        return 0;
    }
    return value;
}
