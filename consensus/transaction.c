#include "consensus/transaction.h"

#include "base/verify.h"
#include "consensus/compact_size.h"

enum {
    FLAG_WITNESS = 1,
    /* The fewest bytes of each thing: what is left of the input bounds how many can follow. */
    MIN_INPUT_SIZE = 32 + 4 + 1 + 4,
    MIN_OUTPUT_SIZE = 8 + 1,
};

static struct bytes read_script(struct cursor *in)
{
    return cursor_bytes(in, cursor_compact_size(in));
}

static enum parse_result fail(struct cursor *in, enum parse_result result)
{
    cursor_fail(in);
    return result;
}

/*
 * A number of things of at least min_size bytes each. Fails where so many can't follow,
 * before memory is asked for.
 */
static size_t read_count(struct cursor *in, size_t min_size)
{
    uint64_t count = cursor_compact_size(in);

    if (count > cursor_left(in) / min_size)
        cursor_fail(in);
    return in->failed ? 0 : (size_t)count;
}

static bool read_inputs(struct transaction *tx, struct arena *arena, struct cursor *in)
{
    tx->input_count = read_count(in, MIN_INPUT_SIZE);
    tx->inputs = arena_array(arena, tx->input_count, sizeof(*tx->inputs));
    if (!tx->inputs)
        return false;
    for (size_t i = 0; i < tx->input_count; i++) {
        struct tx_input *input = &tx->inputs[i];

        cursor_copy(in, input->previous.txid.bytes, 32);
        input->previous.index = cursor_le32(in);
        input->script = read_script(in);
        input->sequence = cursor_le32(in);
    }
    return true;
}

struct tx_output tx_output_read(struct cursor *in)
{
    struct tx_output output;

    output.value.sat = (int64_t)cursor_le64(in);
    output.script = read_script(in);
    return output;
}

static bool read_outputs(struct transaction *tx, struct arena *arena, struct cursor *in)
{
    tx->output_count = read_count(in, MIN_OUTPUT_SIZE);
    tx->outputs = arena_array(arena, tx->output_count, sizeof(*tx->outputs));
    if (!tx->outputs)
        return false;
    for (size_t i = 0; i < tx->output_count; i++)
        tx->outputs[i] = tx_output_read(in);
    return true;
}

/*
 * How many items the stacks at the copy of the cursor hold together; 0 where they do not end
 * well.
 */
static size_t count_witness_items(struct cursor in, size_t stacks)
{
    size_t total = 0;

    for (size_t i = 0; i < stacks; i++) {
        size_t count = read_count(&in, 1);

        total += count;
        for (size_t j = 0; j < count && !in.failed; j++)
            read_script(&in);
    }
    return in.failed ? 0 : total;
}

/*
 * Counts first, so that all stacks lie in one array and nothing is allocated for bytes that
 * are not there.
 */
static bool read_witness(struct transaction *tx, struct arena *arena, struct cursor *in)
{
    size_t total = count_witness_items(*in, tx->input_count);
    struct bytes *items = arena_array(arena, total, sizeof(*items));

    if (!items)
        return false;
    for (size_t i = 0; i < tx->input_count; i++) {
        size_t count = read_count(in, 1);

        if (count > total)
            cursor_fail(in);
        if (in->failed)
            return true;
        tx->inputs[i].witness = items;
        tx->inputs[i].witness_count = count;
        for (size_t j = 0; j < count; j++)
            *items++ = read_script(in);
        total -= count;
    }
    return true;
}

enum parse_result transaction_read(struct transaction *out, struct arena *arena, struct cursor *in,
                                   enum transaction_format format)
{
    const uint8_t *start = in->at, *body = NULL;
    bool extended_allowed = format == TRANSACTION_WITH_WITNESS;
    uint8_t flags = 0;

    *out = (struct transaction){0};
    out->version = cursor_le32(in);
    body = in->at;
    if (!read_inputs(out, arena, in))
        return fail(in, PARSE_NO_MEMORY);
    if (out->input_count == 0 && extended_allowed) {
        /*
         * No inputs: that was BIP144's marker, and here are its flags; or zero, and that no
         * outputs.
         */
        flags = cursor_u8(in);
        if (flags) {
            body = in->at;
            if (!read_inputs(out, arena, in))
                return fail(in, PARSE_NO_MEMORY);
        }
    }
    if ((flags || out->input_count || !extended_allowed) && !read_outputs(out, arena, in))
        return fail(in, PARSE_NO_MEMORY);
    if (in->failed)
        return PARSE_MALFORMED;
    out->body = bytes_of(body, (size_t)(in->at - body));

    if (flags & FLAG_WITNESS) {
        if (!read_witness(out, arena, in))
            return fail(in, PARSE_NO_MEMORY);
        if (in->failed)
            return PARSE_MALFORMED;
        if (!transaction_has_witness(out))
            return fail(in, PARSE_SUPERFLUOUS_WITNESS);
    }
    if (flags & ~FLAG_WITNESS)
        return fail(in, PARSE_UNKNOWN_FLAG);
    out->lock_time = cursor_le32(in);
    if (in->failed)
        return PARSE_MALFORMED;
    out->raw = bytes_of(start, (size_t)(in->at - start));
    return PARSE_OK;
}

enum parse_result transaction_parse(struct transaction *out, struct arena *arena, struct bytes raw,
                                    enum transaction_format format)
{
    struct cursor in = cursor_of(raw.data, raw.size);
    enum parse_result result = transaction_read(out, arena, &in, format);

    if (result != PARSE_OK)
        return result;
    return cursor_done(&in) ? PARSE_OK : PARSE_TRAILING_DATA;
}

bool transaction_has_witness(const struct transaction *tx)
{
    if (tx->raw.data)
        return tx->raw.size != 4 + tx->body.size + 4;
    for (size_t i = 0; i < tx->input_count; i++)
        if (tx->inputs[i].witness_count)
            return true;
    return false;
}

/*
 * Where a transaction's bytes go: to memory, to a hash, or nowhere but into the sum of their
 * sizes.
 */
struct sink {
    uint8_t *out;
    struct sha256 *hash;
    size_t size;
};

static void put(struct sink *s, const void *data, size_t size)
{
    if (s->out && size)
        memcpy(s->out + s->size, data, size);
    if (s->hash)
        sha256_update(s->hash, data, size);
    s->size += size;
}

static void put_le32(struct sink *s, uint32_t x)
{
    uint8_t word[4];

    write_le32(word, x);
    put(s, word, sizeof(word));
}

static void put_count(struct sink *s, size_t n)
{
    uint8_t text[COMPACT_SIZE_MAX];

    put(s, text, compact_size_write(text, n));
}

static void put_sized(struct sink *s, struct bytes data)
{
    put_count(s, data.size);
    put(s, data.data, data.size);
}

static void put_output(struct sink *s, const struct tx_output *output)
{
    uint8_t value[8];

    write_le64(value, (uint64_t)output->value.sat);
    put(s, value, sizeof(value));
    put_sized(s, output->script);
}

static void put_body(struct sink *s, const struct transaction *tx)
{
    put_count(s, tx->input_count);
    for (size_t i = 0; i < tx->input_count; i++) {
        const struct tx_input *input = &tx->inputs[i];

        put(s, input->previous.txid.bytes, 32);
        put_le32(s, input->previous.index);
        put_sized(s, input->script);
        put_le32(s, input->sequence);
    }
    put_count(s, tx->output_count);
    for (size_t i = 0; i < tx->output_count; i++)
        put_output(s, &tx->outputs[i]);
}

static void put_witness(struct sink *s, const struct transaction *tx)
{
    for (size_t i = 0; i < tx->input_count; i++) {
        const struct tx_input *input = &tx->inputs[i];

        put_count(s, input->witness_count);
        for (size_t j = 0; j < input->witness_count; j++)
            put_sized(s, input->witness[j]);
    }
}

static void put_transaction(struct sink *s, const struct transaction *tx,
                            enum transaction_format format)
{
    static const uint8_t marker_and_flags[2] = {0, FLAG_WITNESS};
    bool extended = format == TRANSACTION_WITH_WITNESS && transaction_has_witness(tx);

    put_le32(s, tx->version);
    if (extended)
        put(s, marker_and_flags, sizeof(marker_and_flags));
    put_body(s, tx);
    if (extended)
        put_witness(s, tx);
    put_le32(s, tx->lock_time);
}

size_t transaction_size(const struct transaction *tx, enum transaction_format format)
{
    struct sink count = {0};

    if (tx->raw.data)
        return format == TRANSACTION_WITH_WITNESS ? tx->raw.size : 4 + tx->body.size + 4;
    put_transaction(&count, tx, format);
    return count.size;
}

size_t transaction_serialize(uint8_t *out, const struct transaction *tx,
                             enum transaction_format format)
{
    struct sink memory = {.out = out};

    put_transaction(&memory, tx, format);
    VERIFY_CHECK(memory.size == transaction_size(tx, format));
    return memory.size;
}

size_t transaction_weight(const struct transaction *tx)
{
    return transaction_size(tx, TRANSACTION_WITHOUT_WITNESS) * (WITNESS_SCALE_FACTOR - 1) +
           transaction_size(tx, TRANSACTION_WITH_WITNESS);
}

size_t transaction_virtual_size(const struct transaction *tx)
{
    return (transaction_weight(tx) + WITNESS_SCALE_FACTOR - 1) / WITNESS_SCALE_FACTOR;
}

struct txid transaction_txid(sha256_compress_fn *compress, const struct transaction *tx)
{
    struct sha256 hash;
    struct sink s = {.hash = &hash};
    struct txid txid;

    sha256_init(&hash, compress);
    if (tx->raw.data) {
        put_le32(&s, tx->version);
        put(&s, tx->body.data, tx->body.size);
        put_le32(&s, tx->lock_time);
    } else {
        put_transaction(&s, tx, TRANSACTION_WITHOUT_WITNESS);
    }
    sha256d_final(&hash, txid.bytes);
    return txid;
}

struct wtxid transaction_wtxid(sha256_compress_fn *compress, const struct transaction *tx)
{
    struct sha256 hash;
    struct sink s = {.hash = &hash};
    struct wtxid wtxid;

    sha256_init(&hash, compress);
    if (tx->raw.data)
        put(&s, tx->raw.data, tx->raw.size);
    else
        put_transaction(&s, tx, TRANSACTION_WITH_WITNESS);
    sha256d_final(&hash, wtxid.bytes);
    return wtxid;
}

bool outpoint_is_null(struct outpoint o)
{
    static const struct txid zeros;

    return o.index == OUTPOINT_NULL_INDEX && txid_equal(o.txid, zeros);
}

bool transaction_is_coinbase(const struct transaction *tx)
{
    return tx->input_count == 1 && outpoint_is_null(tx->inputs[0].previous);
}

size_t tx_output_size(const struct tx_output *output)
{
    return 8 + compact_size_length(output->script.size) + output->script.size;
}

size_t tx_output_serialize(uint8_t *out, const struct tx_output *output)
{
    struct sink memory = {.out = out};

    put_output(&memory, output);
    return memory.size;
}
