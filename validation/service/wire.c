#include "validation/service/wire.h"

#include "base/cursor.h"

/* ---------------------------------------------------------------- writing */

/* Writes to out, or only counts where that is NULL. */
struct writer {
    uint8_t *out;
    size_t size;
};

static void put_bytes(struct writer *w, const void *data, size_t size)
{
    if (w->out && size)
        memcpy(w->out + w->size, data, size);
    w->size += size;
}

static void put_u8(struct writer *w, unsigned x)
{
    const uint8_t byte = (uint8_t)x;

    put_bytes(w, &byte, 1);
}

static void put_u16(struct writer *w, unsigned x)
{
    uint8_t bytes[2];

    write_le16(bytes, (uint16_t)x);
    put_bytes(w, bytes, sizeof(bytes));
}

static void put_u32(struct writer *w, uint32_t x)
{
    uint8_t bytes[4];

    write_le32(bytes, x);
    put_bytes(w, bytes, sizeof(bytes));
}

static void put_u64(struct writer *w, uint64_t x)
{
    uint8_t bytes[8];

    write_le64(bytes, x);
    put_bytes(w, bytes, sizeof(bytes));
}

/* A text's size, in a byte; the text itself follows later. */
static size_t text_size(const char *text)
{
    size_t size = strlen(text);

    return size < WIRE_TEXT_MAX ? size : WIRE_TEXT_MAX;
}

/* ---------------------------------------------------------------- reading */

/* Bytes that must be zero. */
static void take_zeros(struct cursor *in, size_t size)
{
    struct bytes zeros = cursor_bytes(in, size);

    for (size_t i = 0; i < zeros.size; i++)
        if (zeros.data[i])
            cursor_fail(in);
}

static enum wire_result finish(const struct cursor *in)
{
    return cursor_done(in) ? WIRE_OK : WIRE_MALFORMED;
}

/* ---------------------------------------------------------------- header, hello, error */

void wire_header_write(uint8_t out[static WIRE_HEADER_SIZE], const struct wire_header *header)
{
    write_le32(out, header->size);
    out[4] = header->type;
    memset(out + 5, 0, 3);
    write_le64(out + 8, header->id);
}

bool wire_header_read(struct wire_header *out, const uint8_t in[static WIRE_HEADER_SIZE])
{
    *out = (struct wire_header){read_le32(in), in[4], read_le64(in + 8)};
    return !(in[5] | in[6] | in[7]);
}

static const uint8_t magic[4] = {'E', 'X', 'S', 'V'};

size_t wire_hello_write(uint8_t *out, uint16_t version)
{
    struct writer w = {out, 0};

    put_bytes(&w, magic, sizeof(magic));
    put_u16(&w, version);
    put_u16(&w, 0);
    return w.size;
}

static void take_magic(struct cursor *in)
{
    struct bytes said = cursor_bytes(in, sizeof(magic));

    if (!bytes_equal(said, bytes_of(magic, sizeof(magic))))
        cursor_fail(in);
}

enum wire_result wire_hello_read(uint16_t *version, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    take_magic(&in);
    *version = cursor_le16(&in);
    take_zeros(&in, 2);
    /* What follows is of versions to come. */
    return in.failed || !*version ? WIRE_MALFORMED : WIRE_OK;
}

size_t wire_service_write(uint8_t *out, const struct exs_verify_service *service)
{
    struct writer w = {out, 0};

    put_bytes(&w, magic, sizeof(magic));
    put_u16(&w, service->version);
    put_u16(&w, 0);
    put_u32(&w, service->workers);
    put_u32(&w, service->max_payload);
    put_u32(&w, service->max_requests);
    put_u32(&w, 0);
    put_u64(&w, service->max_bytes);
    put_u8(&w, (unsigned)strlen(service->program));
    put_bytes(&w, service->program, strlen(service->program));
    return w.size;
}

enum wire_result wire_service_read(struct exs_verify_service *out, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);
    struct bytes program;

    *out = (struct exs_verify_service){0};
    take_magic(&in);
    out->version = cursor_le16(&in);
    take_zeros(&in, 2);
    out->workers = cursor_le32(&in);
    out->max_payload = cursor_le32(&in);
    out->max_requests = cursor_le32(&in);
    take_zeros(&in, 4);
    out->max_bytes = cursor_le64(&in);
    program = cursor_bytes(&in, cursor_u8(&in));
    if (program.size >= sizeof(out->program))
        cursor_fail(&in);
    else if (program.size)
        memcpy(out->program, program.data, program.size);
    /* What follows is of versions to come. */
    return in.failed ? WIRE_MALFORMED : WIRE_OK;
}

size_t wire_error_write(uint8_t *out, enum exs_verify_error code, const char *text)
{
    struct writer w = {out, 0};

    put_u16(&w, code);
    put_u8(&w, 0);
    put_u8(&w, (unsigned)text_size(text));
    put_bytes(&w, text, text_size(text));
    return w.size;
}

enum wire_result wire_error_read(enum exs_verify_error *code, struct bytes *text,
                                 struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    *code = (enum exs_verify_error)cursor_le16(&in);
    take_zeros(&in, 1);
    *text = cursor_bytes(&in, cursor_u8(&in));
    if (*code == EXS_VERIFY_ERROR_NONE)
        cursor_fail(&in);
    return finish(&in);
}

/* ---------------------------------------------------------------- signatures */

bool wire_signature_fits(const struct exs_verify_signature *s)
{
    return s->kind <= UINT8_MAX && s->parity <= UINT8_MAX && s->key_size <= UINT8_MAX &&
           s->signature_size <= UINT8_MAX && s->hash32 && (s->key || !s->key_size) &&
           (s->signature || !s->signature_size);
}

size_t wire_signatures_write(uint8_t *out, const struct exs_verify_signature *signatures, size_t n)
{
    struct writer w = {out, 0};

    put_u32(&w, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        const struct exs_verify_signature *s = &signatures[i];

        put_u8(&w, s->kind);
        put_u8(&w, s->parity);
        put_u8(&w, s->key_size);
        put_u8(&w, s->signature_size);
        put_bytes(&w, s->hash32, 32);
        put_bytes(&w, s->key, s->key_size);
        put_bytes(&w, s->signature, s->signature_size);
    }
    return w.size;
}

/* Sizes of keys that no rule knows are a bad signature's, but what has one size alone must have that. */
static bool signature_is_plausible(const struct exs_verify_signature *s)
{
    switch (s->kind) {
    case EXS_SIGNATURE_ECDSA:
        return s->parity == 0 && s->signature_size == 64;
    case EXS_SIGNATURE_ECDSA_DER:
        return s->parity == 0;
    case EXS_SIGNATURE_SCHNORR:
        return s->parity == 0 && s->key_size == 32 && s->signature_size == 64;
    case EXS_SIGNATURE_TWEAK:
        return s->parity <= 1 && s->key_size == 32 && s->signature_size == 32;
    default:
        return false;
    }
}

enum wire_result wire_signatures_read(struct exs_verify_signature **out, size_t *n,
                                      struct arena *arena, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);
    size_t count = cursor_le32(&in);

    if (count > cursor_left(&in) / WIRE_SIGNATURE_SIZE)
        return WIRE_MALFORMED;
    *n = count;
    *out = arena_array(arena, count, sizeof(**out));
    if (!*out)
        return WIRE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct exs_verify_signature *s = &(*out)[i];

        s->kind = cursor_u8(&in);
        s->parity = cursor_u8(&in);
        s->key_size = cursor_u8(&in);
        s->signature_size = cursor_u8(&in);
        s->hash32 = cursor_bytes(&in, 32).data;
        s->key = cursor_bytes(&in, s->key_size).data;
        s->signature = cursor_bytes(&in, s->signature_size).data;
        if (in.failed || !signature_is_plausible(s))
            return WIRE_MALFORMED;
    }
    return finish(&in);
}

size_t wire_good_write(uint8_t *out, const uint8_t *good, size_t n)
{
    struct writer w = {out, 0};

    put_u32(&w, (uint32_t)n);
    put_bytes(&w, good, n);
    return w.size;
}

enum wire_result wire_good_read(struct bytes *good, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    *good = cursor_bytes(&in, cursor_le32(&in));
    for (size_t i = 0; i < good->size; i++)
        if (good->data[i] > 1)
            cursor_fail(&in);
    return finish(&in);
}

/* ---------------------------------------------------------------- places and spent outputs */

bool wire_place_fits(const struct exs_block_place *place)
{
    return !place || (place->size == sizeof(*place) && place->network &&
                      strlen(place->network) <= WIRE_NETWORK_SIZE &&
                      place->signet_challenge_size <= WIRE_CHALLENGE_MAX &&
                      (place->signet_challenge || !place->signet_challenge_size));
}

static void put_place(struct writer *w, const struct exs_block_place *place)
{
    static const struct exs_block_place nowhere = {.network = "", .height = EXS_UNKNOWN_HEIGHT};
    uint8_t network[WIRE_NETWORK_SIZE] = {0};

    place = place ? place : &nowhere;
    memcpy(network, place->network, strlen(place->network));
    put_bytes(w, network, sizeof(network));
    put_u32(w, (uint32_t)place->height);
    put_u32(w, place->bits);
    put_u64(w, (uint64_t)place->median_time_past);
    put_u64(w, (uint64_t)place->previous_time);
    put_u64(w, (uint64_t)place->now);
    put_u32(w, (uint32_t)place->signet_challenge_size);
    put_bytes(w, place->signet_challenge, place->signet_challenge_size);
}

static void take_place(struct cursor *in, struct wire_place *out)
{
    struct exs_block_place *place = &out->place;
    size_t end;

    *out = (struct wire_place){.place = {.size = sizeof(*place), .network = out->network}};
    cursor_copy(in, (uint8_t *)out->network, WIRE_NETWORK_SIZE);
    end = strlen(out->network);
    while (end < WIRE_NETWORK_SIZE)
        if (out->network[end++])
            cursor_fail(in);
    place->height = (int32_t)cursor_le32(in);
    place->bits = cursor_le32(in);
    place->median_time_past = (int64_t)cursor_le64(in);
    place->previous_time = (int64_t)cursor_le64(in);
    place->now = (int64_t)cursor_le64(in);
    place->signet_challenge_size = cursor_le32(in);
    if (place->signet_challenge_size > WIRE_CHALLENGE_MAX)
        cursor_fail(in);
    place->signet_challenge = cursor_bytes(in, place->signet_challenge_size).data;
}

bool wire_spent_fits(const struct exs_spent *spent, size_t n)
{
    if (n > UINT32_MAX || (n && !spent))
        return false;
    for (size_t i = 0; i < n; i++)
        if (spent[i].script_size > UINT32_MAX || (spent[i].script_size && !spent[i].script) ||
            spent[i].coinbase > EXS_UNKNOWN_COINBASE || spent[i].height < EXS_UNKNOWN_HEIGHT)
            return false;
    return true;
}

static void put_spent(struct writer *w, const struct exs_spent *spent, size_t n)
{
    put_u32(w, (uint32_t)n);
    for (size_t i = 0; i < n; i++) {
        put_u64(w, (uint64_t)spent[i].amount);
        put_u64(w, (uint64_t)spent[i].median_time_past);
        put_u32(w, (uint32_t)spent[i].height);
        put_u32(w, spent[i].coinbase);
        put_u32(w, (uint32_t)spent[i].script_size);
        put_bytes(w, spent[i].script, spent[i].script_size);
    }
}

/* The list that a question ends with. */
static enum wire_result take_spent(struct cursor *in, struct arena *arena,
                                   const struct exs_spent **out, size_t *n)
{
    size_t count = cursor_le32(in);
    struct exs_spent *spent;

    *n = count;
    if (in->failed || count > cursor_left(in) / WIRE_COIN_SIZE)
        return WIRE_MALFORMED;
    spent = arena_array(arena, count, sizeof(*spent));
    *out = spent;
    if (!spent)
        return WIRE_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct exs_spent *s = &spent[i];

        s->amount = (int64_t)cursor_le64(in);
        s->median_time_past = (int64_t)cursor_le64(in);
        s->height = (int32_t)cursor_le32(in);
        s->coinbase = cursor_le32(in);
        s->script_size = cursor_le32(in);
        s->script = cursor_bytes(in, s->script_size).data;
        if (s->coinbase > EXS_UNKNOWN_COINBASE || s->height < EXS_UNKNOWN_HEIGHT)
            cursor_fail(in);
    }
    return finish(in);
}

/* ---------------------------------------------------------------- questions */

/* A transaction or a block, behind its size. */
static void put_raw(struct writer *w, const uint8_t *data, size_t size)
{
    put_u32(w, (uint32_t)size);
    put_bytes(w, data, size);
}

static const uint8_t *take_raw(struct cursor *in, size_t *size)
{
    struct bytes raw = cursor_bytes(in, cursor_le32(in));

    *size = raw.size;
    return raw.data;
}

size_t wire_script_write(uint8_t *out, const struct exs_verify_script_question *q)
{
    struct writer w = {out, 0};

    put_u32(&w, q->flags);
    put_u32(&w, q->input);
    put_raw(&w, q->tx, q->tx_size);
    put_spent(&w, q->spent, q->spent_count);
    return w.size;
}

enum wire_result wire_script_read(struct exs_verify_script_question *out, struct arena *arena,
                                  struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    *out = (struct exs_verify_script_question){.flags = cursor_le32(&in)};
    out->input = cursor_le32(&in);
    out->tx = take_raw(&in, &out->tx_size);
    return take_spent(&in, arena, &out->spent, &out->spent_count);
}

size_t wire_transaction_write(uint8_t *out, const struct exs_verify_transaction_question *q)
{
    struct writer w = {out, 0};

    put_u32(&w, q->flags);
    put_place(&w, q->place);
    put_raw(&w, q->tx, q->tx_size);
    put_spent(&w, q->spent, q->spent_count);
    return w.size;
}

enum wire_result wire_transaction_read(struct exs_verify_transaction_question *out,
                                       struct wire_place *place, struct arena *arena,
                                       struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    *out =
        (struct exs_verify_transaction_question){.flags = cursor_le32(&in), .place = &place->place};
    take_place(&in, place);
    out->tx = take_raw(&in, &out->tx_size);
    return take_spent(&in, arena, &out->spent, &out->spent_count);
}

size_t wire_block_write(uint8_t *out, const struct exs_verify_block_question *q)
{
    struct writer w = {out, 0};

    put_u32(&w, q->options);
    put_place(&w, q->place);
    put_raw(&w, q->block, q->block_size);
    put_spent(&w, q->spent, q->spent_count);
    return w.size;
}

enum wire_result wire_block_read(struct exs_verify_block_question *out, struct wire_place *place,
                                 struct arena *arena, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);

    *out = (struct exs_verify_block_question){.options = cursor_le32(&in), .place = &place->place};
    take_place(&in, place);
    out->block = take_raw(&in, &out->block_size);
    return take_spent(&in, arena, &out->spent, &out->spent_count);
}

/* ---------------------------------------------------------------- verdicts, statistics */

size_t wire_verdict_write(uint8_t *out, const struct exs_verdict *verdict, const char *reason,
                          const char *script_error)
{
    struct writer w = {out, 0};

    put_u32(&w, verdict->result);
    put_u32(&w, verdict->reject);
    put_u32(&w, (uint32_t)(verdict->reject == EXS_REJECT_VERSION ? verdict->version
                                                                 : verdict->script_error));
    put_u32(&w, verdict->unchecked);
    put_u64(&w, verdict->transaction);
    put_u64(&w, verdict->input);
    put_u64(&w, (uint64_t)verdict->fees);
    put_u64(&w, verdict->sigop_cost);
    put_u8(&w, (unsigned)text_size(reason));
    put_u8(&w, (unsigned)text_size(script_error));
    put_u16(&w, 0);
    put_bytes(&w, reason, text_size(reason));
    put_bytes(&w, script_error, text_size(script_error));
    return w.size;
}

enum wire_result wire_verdict_read(struct exs_verdict *out, struct bytes *reason,
                                   struct bytes *script_error, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);
    size_t reason_size, error_size;
    int32_t detail;

    *out = (struct exs_verdict){.result = (enum exs_result)cursor_le32(&in)};
    out->reject = (enum exs_reject)cursor_le32(&in);
    detail = (int32_t)cursor_le32(&in);
    *(out->reject == EXS_REJECT_VERSION ? &out->version : &out->script_error) = detail;
    out->unchecked = cursor_le32(&in);
    out->transaction = cursor_le64(&in);
    out->input = cursor_le64(&in);
    out->fees = (int64_t)cursor_le64(&in);
    out->sigop_cost = cursor_le64(&in);
    reason_size = cursor_u8(&in);
    error_size = cursor_u8(&in);
    take_zeros(&in, 2);
    *reason = cursor_bytes(&in, reason_size);
    *script_error = cursor_bytes(&in, error_size);
    if ((int)out->result < EXS_VALID || (int)out->result > EXS_ERROR_MEMORY)
        cursor_fail(&in);
    return finish(&in);
}

enum { STATISTICS = sizeof(struct exs_verify_statistics) / sizeof(uint64_t) };

size_t wire_statistics_write(uint8_t *out, const struct exs_verify_statistics *statistics)
{
    struct writer w = {out, 0};
    uint64_t numbers[STATISTICS];

    memcpy(numbers, statistics, sizeof(numbers));
    put_u32(&w, STATISTICS);
    for (size_t i = 0; i < STATISTICS; i++)
        put_u64(&w, numbers[i]);
    return w.size;
}

enum wire_result wire_statistics_read(struct exs_verify_statistics *out, struct bytes payload)
{
    struct cursor in = cursor_of(payload.data, payload.size);
    uint64_t numbers[STATISTICS] = {0};
    size_t count = cursor_le32(&in);

    if (count > cursor_left(&in) / sizeof(uint64_t))
        return WIRE_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = cursor_le64(&in);

        if (i < STATISTICS)
            numbers[i] = number;
    }
    memcpy(out, numbers, sizeof(*out));
    return finish(&in);
}
