#include "tests/spends/spend.h"

#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>

void *spend_alloc(const struct spend *s, size_t size)
{
    void *memory = arena_alloc(s->arena, size);

    if (!memory) {
        fputs("no memory\n", stderr);
        abort();
    }
    return memory;
}

uint8_t *spend_copy(const struct spend *s, struct bytes data)
{
    uint8_t *copy = spend_alloc(s, data.size);

    if (data.size)
        memcpy(copy, data.data, data.size);
    return copy;
}

uint32_t spend_flags_filled(uint32_t flags)
{
    flags &= SCRIPT_VERIFY_ALL;
    if (flags & SCRIPT_VERIFY_CLEANSTACK)
        flags |= SCRIPT_VERIFY_WITNESS;
    if (flags & SCRIPT_VERIFY_WITNESS)
        flags |= SCRIPT_VERIFY_P2SH;
    return flags;
}

bool spend_read(struct spend *s, struct arena *arena, struct bytes data)
{
    struct cursor in = cursor_of(data.data, data.size);

    *s = (struct spend){.arena = arena};
    s->flags = spend_flags_filled(cursor_le32(&in));
    s->input = cursor_le16(&in);
    if (transaction_read(&s->tx, arena, &in, TRANSACTION_WITH_WITNESS) != PARSE_OK ||
        s->input >= s->tx.input_count)
        return false;
    s->tx.raw = s->tx.body = (struct bytes){0};
    s->spent = spend_alloc(s, s->tx.input_count * sizeof(*s->spent));
    for (size_t i = 0; i < s->tx.input_count; i++)
        s->spent[i] = tx_output_read(&in);
    return cursor_done(&in);
}

struct bytes spend_transaction(const struct spend *s)
{
    size_t size = transaction_size(&s->tx, TRANSACTION_WITH_WITNESS);
    uint8_t *raw = spend_alloc(s, size);

    transaction_serialize(raw, &s->tx, TRANSACTION_WITH_WITNESS);
    return bytes_of(raw, size);
}

struct bytes spend_write(const struct spend *s)
{
    struct bytes raw = spend_transaction(s);
    size_t size = 4 + 2 + raw.size;
    uint8_t *out, *at;

    for (size_t i = 0; i < s->tx.input_count; i++)
        size += tx_output_size(&s->spent[i]);
    at = out = spend_alloc(s, size);
    write_le32(at, s->flags);
    write_le16(at + 4, (uint16_t)s->input);
    memcpy(at + 6, raw.data, raw.size);
    at += 6 + raw.size;
    for (size_t i = 0; i < s->tx.input_count; i++)
        at += tx_output_serialize(at, &s->spent[i]);
    return bytes_of(out, size);
}

struct script_input spend_prepare(const struct spend *s, struct sighash_tx *tx)
{
    const struct tx_output *output = spend_output(s);

    sighash_tx_init(tx, kernels_generic.sha256_compress->run, &s->tx, s->spent, false);
    return (struct script_input){tx, s->input, output->script, output->value, s->flags};
}
