/*
 * The small values that the rules are about. Each idea has a type of its own,
 * so that a block's hash can't be passed where a transaction's is wanted.
 */
#ifndef CONSENSUS_TYPES_H
#define CONSENSUS_TYPES_H

#include "base/bytes.h"

#ifndef MUST_USE
#define MUST_USE __attribute__((warn_unused_result))
#endif

/*
 * 32 bytes as they are hashed and sent; people are shown them in reverse order
 * (hex_encode_reversed).
 */
struct hash256 {
    uint8_t bytes[32];
};

/* Double SHA-256 of a transaction without its witness. */
struct txid {
    uint8_t bytes[32];
};

/* Double SHA-256 of a transaction with its witness (BIP141). */
struct wtxid {
    uint8_t bytes[32];
};

/* Double SHA-256 of a block header. */
struct block_hash {
    uint8_t bytes[32];
};

_Static_assert(sizeof(struct hash256) == 32 && sizeof(struct txid) == 32 &&
                   sizeof(struct wtxid) == 32 && sizeof(struct block_hash) == 32,
               "arrays of hashes are arrays of 32-byte strings");

/*
 * Money in satoshis, signed as on the wire: an amount that was parsed may be
 * anything, and is money only where amount_is_money says so.
 */
struct amount {
    int64_t sat;
};

#define SATOSHIS_PER_COIN INT64_C(100000000)
#define MAX_MONEY_SATOSHIS (21000000 * SATOSHIS_PER_COIN)

enum {
    MAX_BLOCK_WEIGHT = 4000000,
    MAX_BLOCK_SERIALIZED_SIZE = 4000000,
    MAX_BLOCK_SIGOPS_COST = 80000,
    COINBASE_MATURITY = 100,
    WITNESS_SCALE_FACTOR = 4,
};

/* From 0 to all the coins there can be (Core, MoneyRange). */
static inline bool amount_is_money(struct amount a)
{
    return a.sat >= 0 && a.sat <= MAX_MONEY_SATOSHIS;
}

/*
 * a + b and a - b. False, and out unchanged, where a, b or the result is not
 * money. Operands are values, so out may point to what they were copied from.
 */
static inline MUST_USE bool amount_add(struct amount *out, struct amount a, struct amount b)
{
    struct amount sum;

    if (!amount_is_money(a) || !amount_is_money(b))
        return false;
    sum.sat = a.sat + b.sat;
    if (!amount_is_money(sum))
        return false;
    *out = sum;
    return true;
}

static inline MUST_USE bool amount_subtract(struct amount *out, struct amount a, struct amount b)
{
    if (!amount_is_money(a) || !amount_is_money(b) || b.sat > a.sat)
        return false;
    out->sat = a.sat - b.sat;
    return true;
}

static inline bool hash256_equal(struct hash256 a, struct hash256 b)
{
    return memcmp(a.bytes, b.bytes, 32) == 0;
}

static inline bool txid_equal(struct txid a, struct txid b)
{
    return memcmp(a.bytes, b.bytes, 32) == 0;
}

static inline bool wtxid_equal(struct wtxid a, struct wtxid b)
{
    return memcmp(a.bytes, b.bytes, 32) == 0;
}

static inline bool block_hash_equal(struct block_hash a, struct block_hash b)
{
    return memcmp(a.bytes, b.bytes, 32) == 0;
}

/*
 * What became of parsing. PARSE_NO_MEMORY is ours and says nothing about the
 * input; everything else but PARSE_OK says that the input is not what it should be.
 */
enum parse_result {
    PARSE_OK,
    PARSE_MALFORMED,           /* ends too early, or holds a CompactSize that may not be */
    PARSE_SUPERFLUOUS_WITNESS, /* marked as having a witness, of which all stacks are empty */
    PARSE_UNKNOWN_FLAG,        /* flags of the extended format that nobody has defined */
    PARSE_TRAILING_DATA,       /* more bytes than the thing has */
    PARSE_NO_MEMORY,
};

/* One line for people. */
const char *parse_result_text(enum parse_result result);

#endif
