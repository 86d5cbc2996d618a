/*
 * Building and recognising scripts, as far as coinbases and addresses need it.
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
 */
#ifndef CONSENSUS_SCRIPT_H
#define CONSENSUS_SCRIPT_H

#include "base/bytes.h"

enum {
    OP_0 = 0x00,
    OP_PUSHDATA1 = 0x4c,
    OP_PUSHDATA2 = 0x4d,
    OP_PUSHDATA4 = 0x4e,
    OP_1NEGATE = 0x4f,
    OP_1 = 0x51,
    OP_16 = 0x60,
    OP_RETURN = 0x6a,
    OP_DUP = 0x76,
    OP_EQUAL = 0x87,
    OP_EQUALVERIFY = 0x88,
    OP_HASH160 = 0xa9,
    OP_CHECKSIG = 0xac,
};

enum {
    SCRIPT_NUMBER_MAX = 9,   /* bytes of a 64-bit number in a script, without the push */
    WITNESS_PROGRAM_MIN = 2, /* BIP141 */
    WITNESS_PROGRAM_MAX = 40,
    COINBASE_SCRIPT_MIN = 2, /* Core, bad-cb-length */
    COINBASE_SCRIPT_MAX = 100,
};

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
 * True, with the version (0 to 16) and a view of the program, where script is a witness
 * program (BIP141).
 */
bool script_witness_program(struct bytes script, unsigned *version, struct bytes *program);

#endif
