#include "consensus/block.h"

#include "base/verify.h"
#include "consensus/compact_size.h"

/*
 * Version, an empty list of inputs and one of outputs, lock time (Core,
 * MIN_SERIALIZABLE_TRANSACTION_WEIGHT).
 */
enum { MIN_TRANSACTION_SIZE = 4 + 1 + 1 + 4 };

struct block_header block_header_read(const uint8_t in[static BLOCK_HEADER_SIZE])
{
    struct block_header header;

    header.version = (int32_t)read_le32(in);
    memcpy(header.previous.bytes, in + 4, 32);
    memcpy(header.merkle_root.bytes, in + 36, 32);
    header.time = read_le32(in + 68);
    header.bits = read_le32(in + 72);
    header.nonce = read_le32(in + 76);
    return header;
}

void block_header_write(uint8_t out[static BLOCK_HEADER_SIZE], const struct block_header *header)
{
    write_le32(out, (uint32_t)header->version);
    memcpy(out + 4, header->previous.bytes, 32);
    memcpy(out + 36, header->merkle_root.bytes, 32);
    write_le32(out + 68, header->time);
    write_le32(out + 72, header->bits);
    write_le32(out + 76, header->nonce);
}

struct block_hash block_raw_header_hash(sha256_compress_fn *compress,
                                        const uint8_t header[static BLOCK_HEADER_SIZE])
{
    struct block_hash hash;

    sha256d(compress, hash.bytes, header, BLOCK_HEADER_SIZE);
    return hash;
}

struct block_hash block_header_hash(sha256_compress_fn *compress, const struct block_header *header)
{
    uint8_t raw[BLOCK_HEADER_SIZE];

    block_header_write(raw, header);
    return block_raw_header_hash(compress, raw);
}

enum parse_result block_parse(struct block *out, struct arena *arena, struct bytes raw,
                              enum transaction_format format)
{
    struct cursor in = cursor_of(raw.data, raw.size);
    struct bytes header = cursor_bytes(&in, BLOCK_HEADER_SIZE);
    uint64_t count = cursor_compact_size(&in);

    if (in.failed || count > cursor_left(&in) / MIN_TRANSACTION_SIZE)
        return PARSE_MALFORMED;
    *out = (struct block){.header = block_header_read(header.data), .raw = raw};
    out->transaction_count = (size_t)count;
    out->transactions = arena_array(arena, out->transaction_count, sizeof(*out->transactions));
    if (!out->transactions)
        return PARSE_NO_MEMORY;
    for (size_t i = 0; i < out->transaction_count; i++) {
        enum parse_result result = transaction_read(&out->transactions[i], arena, &in, format);

        if (result != PARSE_OK)
            return result;
    }
    return cursor_done(&in) ? PARSE_OK : PARSE_TRAILING_DATA;
}

size_t block_size(const struct block *block, enum transaction_format format)
{
    size_t size = BLOCK_HEADER_SIZE + compact_size_length(block->transaction_count);

    for (size_t i = 0; i < block->transaction_count; i++)
        size += transaction_size(&block->transactions[i], format);
    return size;
}

size_t block_serialize(uint8_t *out, const struct block *block, enum transaction_format format)
{
    size_t size = BLOCK_HEADER_SIZE;

    block_header_write(out, &block->header);
    size += compact_size_write(out + size, block->transaction_count);
    for (size_t i = 0; i < block->transaction_count; i++)
        size += transaction_serialize(out + size, &block->transactions[i], format);
    VERIFY_CHECK(size == block_size(block, format));
    return size;
}

size_t block_weight(const struct block *block)
{
    return block_size(block, TRANSACTION_WITHOUT_WITNESS) * (WITNESS_SCALE_FACTOR - 1) +
           block_size(block, TRANSACTION_WITH_WITNESS);
}

/*
 * The bytes whose double hash names a transaction in this format. Where they
 * do not lie in one piece already they are written to *room, which moves on.
 */
static struct bytes named_bytes(const struct transaction *tx, enum transaction_format format,
                                uint8_t **room)
{
    size_t size = transaction_size(tx, format);
    uint8_t *at = *room;

    if (size == tx->raw.size)
        return tx->raw;
    if (tx->raw.data && format == TRANSACTION_WITHOUT_WITNESS) {
        write_le32(at, tx->version);
        memcpy(at + 4, tx->body.data, tx->body.size);
        write_le32(at + size - 4, tx->lock_time);
    } else {
        transaction_serialize(at, tx, format);
    }
    *room = at + size;
    return bytes_of(at, size);
}

/* How many bytes named_bytes writes for all transactions, and how many of these have a witness. */
static size_t room_needed(const struct block *block, size_t *witnesses)
{
    size_t room = 0;

    *witnesses = 0;
    for (size_t i = 0; i < block->transaction_count; i++) {
        const struct transaction *tx = &block->transactions[i];
        bool has_witness = transaction_has_witness(tx);

        *witnesses += has_witness;
        if (has_witness || !tx->raw.data)
            room += transaction_size(tx, TRANSACTION_WITHOUT_WITNESS);
        if (has_witness && !tx->raw.data)
            room += transaction_size(tx, TRANSACTION_WITH_WITNESS);
    }
    return room;
}

bool block_compute_ids(const struct kernels *kernels, struct block *block, struct arena *arena)
{
    size_t n = block->transaction_count, witnesses, room_size = room_needed(block, &witnesses);
    struct bytes *messages = arena_array(arena, n + witnesses, sizeof(*messages));
    struct hash256 *digests = arena_array(arena, n + witnesses, sizeof(*digests));
    struct txid *txids = arena_array(arena, n, sizeof(*txids));
    struct wtxid *wtxids = arena_array(arena, n, sizeof(*wtxids));
    uint8_t *room = arena_alloc(arena, room_size), *room_end;
    size_t next = n;

    if (!messages || !digests || !txids || !wtxids || !room)
        return false;
    room_end = room + room_size;
    for (size_t i = 0; i < n; i++) {
        const struct transaction *tx = &block->transactions[i];

        messages[i] = named_bytes(tx, TRANSACTION_WITHOUT_WITNESS, &room);
        if (transaction_has_witness(tx))
            messages[next++] = named_bytes(tx, TRANSACTION_WITH_WITNESS, &room);
    }
    VERIFY_CHECK(room == room_end && next == n + witnesses);
    (void)room_end;

    /* One call for both kinds of names fills the lanes best. */
    kernels->sha256d_many->run(digests[0].bytes, messages, n + witnesses);
    next = n;
    for (size_t i = 0; i < n; i++) {
        bool has_witness = transaction_has_witness(&block->transactions[i]);

        memcpy(txids[i].bytes, digests[i].bytes, 32);
        memcpy(wtxids[i].bytes, digests[has_witness ? next++ : i].bytes, 32);
    }
    block->txids = txids;
    block->wtxids = wtxids;
    return true;
}

bool block_merkle_root(const struct kernels *kernels, struct merkle_result *out,
                       const struct block *block, struct arena *arena)
{
    size_t n = block->transaction_count;
    struct hash256 *leaves = arena_array(arena, n, sizeof(*leaves));

    if (!leaves)
        return false;
    if (n)
        memcpy(leaves, block->txids, n * sizeof(*leaves));
    *out = merkle_root(kernels->sha256d_64->run, leaves, n);
    return true;
}

bool block_witness_root(const struct kernels *kernels, struct hash256 *out,
                        const struct block *block, struct arena *arena)
{
    size_t n = block->transaction_count;
    struct hash256 *leaves = arena_array(arena, n, sizeof(*leaves));

    if (!leaves)
        return false;
    /* The first stays zero: the coinbase's witness holds what the commitment is made with. */
    if (n > 1)
        memcpy(leaves + 1, block->wtxids + 1, (n - 1) * sizeof(*leaves));
    *out = merkle_root(kernels->sha256d_64->run, leaves, n).root;
    return true;
}
