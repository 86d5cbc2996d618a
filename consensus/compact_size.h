/*
 * Bitcoin's CompactSize, written: 1, 3, 5 or 9 bytes, always the shortest. It
 * is read by cursor_compact_size. Pure; any thread.
 */
#ifndef CONSENSUS_COMPACT_SIZE_H
#define CONSENSUS_COMPACT_SIZE_H

#include "base/bytes.h"

enum { COMPACT_SIZE_MAX = 9 };

/* How many bytes n takes. */
static inline size_t compact_size_length(uint64_t n)
{
    return n < 0xfd ? 1 : n <= 0xffff ? 3 : n <= 0xffffffff ? 5 : 9;
}

/* Writes compact_size_length(n) bytes to out and returns how many that are. */
static inline size_t compact_size_write(uint8_t *out, uint64_t n)
{
    if (n < 0xfd) {
        out[0] = (uint8_t)n;
        return 1;
    }
    if (n <= 0xffff) {
        out[0] = 0xfd;
        write_le16(out + 1, (uint16_t)n);
        return 3;
    }
    if (n <= 0xffffffff) {
        out[0] = 0xfe;
        write_le32(out + 1, (uint32_t)n);
        return 5;
    }
    out[0] = 0xff;
    write_le64(out + 1, n);
    return 9;
}

#endif
