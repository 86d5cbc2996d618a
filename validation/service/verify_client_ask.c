/* The questions and answers of include/exs/verify_client.h; what carries them is verify_client.c. */
#include "validation/service/verify_client_impl.h"

#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------- asking */

static enum exs_verify_status wrong_argument(struct exs_verify_client *client)
{
    return verify_client_say(client, EXS_VERIFY_ARGUMENT,
                             "an argument is NULL or beyond its limits");
}

enum exs_verify_status
exs_verify_client_submit_signatures(struct exs_verify_client *client, uint64_t *id,
                                    const struct exs_verify_signature *signatures, size_t n)
{
    enum exs_verify_status status;
    uint8_t *payload;

    if (n > UINT32_MAX || (n && !signatures))
        return wrong_argument(client);
    for (size_t i = 0; i < n; i++)
        if (!wire_signature_fits(&signatures[i]))
            return wrong_argument(client);
    status = verify_client_submit(client, id, EXS_VERIFY_SIGNATURES, n,
                                  wire_signatures_write(NULL, signatures, n), &payload);
    if (status != EXS_VERIFY_OK)
        return status;
    wire_signatures_write(payload, signatures, n);
    return verify_client_send(client);
}

enum exs_verify_status exs_verify_client_submit_script(struct exs_verify_client *client,
                                                       uint64_t *id,
                                                       const struct exs_verify_script_question *q)
{
    enum exs_verify_status status;
    uint8_t *payload;

    if (!q || q->tx_size > UINT32_MAX || (q->tx_size && !q->tx) ||
        !wire_spent_fits(q->spent, q->spent_count))
        return wrong_argument(client);
    status = verify_client_submit(client, id, EXS_VERIFY_SCRIPT, 0, wire_script_write(NULL, q),
                                  &payload);
    if (status != EXS_VERIFY_OK)
        return status;
    wire_script_write(payload, q);
    return verify_client_send(client);
}

enum exs_verify_status
exs_verify_client_submit_transaction(struct exs_verify_client *client, uint64_t *id,
                                     const struct exs_verify_transaction_question *q)
{
    enum exs_verify_status status;
    uint8_t *payload;

    if (!q || q->tx_size > UINT32_MAX || (q->tx_size && !q->tx) || !wire_place_fits(q->place) ||
        !wire_spent_fits(q->spent, q->spent_count))
        return wrong_argument(client);
    status = verify_client_submit(client, id, EXS_VERIFY_TRANSACTION, 0,
                                  wire_transaction_write(NULL, q), &payload);
    if (status != EXS_VERIFY_OK)
        return status;
    wire_transaction_write(payload, q);
    return verify_client_send(client);
}

enum exs_verify_status exs_verify_client_submit_block(struct exs_verify_client *client,
                                                      uint64_t *id,
                                                      const struct exs_verify_block_question *q)
{
    enum exs_verify_status status;
    uint8_t *payload;

    if (!q || q->block_size > UINT32_MAX || (q->block_size && !q->block) || !q->place ||
        !wire_place_fits(q->place) || !wire_spent_fits(q->spent, q->spent_count))
        return wrong_argument(client);
    status =
        verify_client_submit(client, id, EXS_VERIFY_BLOCK, 0, wire_block_write(NULL, q), &payload);
    if (status != EXS_VERIFY_OK)
        return status;
    wire_block_write(payload, q);
    return verify_client_send(client);
}

/* ---------------------------------------------------------------- receiving */

/* Takes the frame that waits for an id, or the first for id 0; NULL where there is none. */
static struct verify_client_frame *take_waiting(struct exs_verify_client *client, uint64_t id)
{
    struct verify_client_frame **at = &client->first, *before = NULL, *frame;

    while (*at && id && (*at)->slot.id != id) {
        before = *at;
        at = &before->next;
    }
    frame = *at;
    if (!frame)
        return NULL;
    *at = frame->next;
    if (client->last == frame)
        client->last = before;
    client->frame_count--;
    free(client->given);
    client->given = frame;
    return frame;
}

/* What a frame says. */
static enum exs_verify_status read_frame(struct exs_verify_client *client,
                                         struct verify_client_frame *frame,
                                         struct exs_verify_answer *out)
{
    struct bytes payload = bytes_of(frame->payload, frame->header.size);
    struct bytes text = {0}, name, good = {0};
    enum wire_result result = WIRE_OK;

    *out = (struct exs_verify_answer){
        .id = frame->slot.id, .kind = (enum exs_verify_kind)frame->slot.kind, .text = client->text};
    if (frame->header.type == WIRE_ERROR) {
        result = wire_error_read(&out->error, &text, payload);
    } else if (frame->slot.kind == EXS_VERIFY_SIGNATURES) {
        result = wire_good_read(&good, payload);
        if (good.size != frame->slot.signatures)
            result = WIRE_MALFORMED;
        out->good = good.data;
        out->good_count = good.size;
    } else if (frame->slot.kind >= EXS_VERIFY_SCRIPT) {
        result = wire_verdict_read(&out->verdict, &text, &name, payload);
    }
    if (result != WIRE_OK)
        return verify_client_give_up(client, EXS_VERIFY_PROTOCOL, "an answer that can't be read");
    snprintf(client->text, sizeof(client->text), "%.*s", (int)text.size,
             text.size ? (const char *)text.data : "");
    if (!out->error)
        return EXS_VERIFY_OK;
    return verify_client_say(client, EXS_VERIFY_REFUSED, client->text);
}

enum exs_verify_status exs_verify_client_receive(struct exs_verify_client *client,
                                                 struct exs_verify_answer *answer, int timeout_ms)
{
    int64_t end = verify_client_end_of(timeout_ms);
    enum exs_verify_status status;
    struct verify_client_frame *frame;

    while (!(frame = take_waiting(client, 0))) {
        if (client->broken == EXS_VERIFY_OK && exs_verify_client_pending(client) == 0)
            return verify_client_say(client, EXS_VERIFY_EMPTY, "there is no answer to wait for");
        status = verify_client_pump(client, end);
        if (status != EXS_VERIFY_OK && !client->first)
            return status;
    }
    return read_frame(client, frame, answer);
}

/* Waits for the answer to one question. */
static enum exs_verify_status await(struct exs_verify_client *client, uint64_t id,
                                    struct exs_verify_answer *answer, int timeout_ms)
{
    int64_t end = verify_client_end_of(timeout_ms);
    enum exs_verify_status status;
    struct verify_client_frame *frame;

    while (!(frame = take_waiting(client, id))) {
        status = verify_client_pump(client, end);
        if (status == EXS_VERIFY_TIMEOUT)
            verify_client_find(client, id)->dropped = true;
        if (status != EXS_VERIFY_OK && !(frame = take_waiting(client, id)))
            return status;
        if (frame)
            break;
    }
    return read_frame(client, frame, answer);
}

/* ---------------------------------------------------------------- one at a time */

enum exs_verify_status exs_verify_client_signatures(struct exs_verify_client *client, uint8_t *good,
                                                    const struct exs_verify_signature *signatures,
                                                    size_t n, int timeout_ms)
{
    struct exs_verify_answer answer;
    enum exs_verify_status status;
    uint64_t id;

    if (n && !good)
        return wrong_argument(client);
    status = exs_verify_client_submit_signatures(client, &id, signatures, n);
    if (status == EXS_VERIFY_OK)
        status = await(client, id, &answer, timeout_ms);
    if (status == EXS_VERIFY_OK && n)
        memcpy(good, answer.good, n);
    return status;
}

/* The verdict of a question that was submitted with this status. */
static enum exs_verify_status await_verdict(struct exs_verify_client *client,
                                            enum exs_verify_status status, uint64_t id,
                                            struct exs_verdict *verdict, int timeout_ms)
{
    struct exs_verify_answer answer;

    if (status == EXS_VERIFY_OK)
        status = await(client, id, &answer, timeout_ms);
    if (status == EXS_VERIFY_OK)
        *verdict = answer.verdict;
    return status;
}

enum exs_verify_status exs_verify_client_script(struct exs_verify_client *client,
                                                struct exs_verdict *verdict,
                                                const struct exs_verify_script_question *question,
                                                int timeout_ms)
{
    uint64_t id = 0;
    enum exs_verify_status status = exs_verify_client_submit_script(client, &id, question);

    return await_verdict(client, status, id, verdict, timeout_ms);
}

enum exs_verify_status
exs_verify_client_transaction(struct exs_verify_client *client, struct exs_verdict *verdict,
                              const struct exs_verify_transaction_question *question,
                              int timeout_ms)
{
    uint64_t id = 0;
    enum exs_verify_status status = exs_verify_client_submit_transaction(client, &id, question);

    return await_verdict(client, status, id, verdict, timeout_ms);
}

enum exs_verify_status exs_verify_client_block(struct exs_verify_client *client,
                                               struct exs_verdict *verdict,
                                               const struct exs_verify_block_question *question,
                                               int timeout_ms)
{
    uint64_t id = 0;
    enum exs_verify_status status = exs_verify_client_submit_block(client, &id, question);

    return await_verdict(client, status, id, verdict, timeout_ms);
}

/* A question without a payload. */
static enum exs_verify_status ask(struct exs_verify_client *client, uint8_t kind,
                                  struct exs_verify_answer *answer, int timeout_ms)
{
    enum exs_verify_status status;
    uint8_t *payload;
    uint64_t id;

    status = verify_client_submit(client, &id, kind, 0, 0, &payload);
    if (status == EXS_VERIFY_OK)
        status = verify_client_send(client);
    return status == EXS_VERIFY_OK ? await(client, id, answer, timeout_ms) : status;
}

enum exs_verify_status exs_verify_client_ping(struct exs_verify_client *client, int timeout_ms)
{
    struct exs_verify_answer answer;

    return ask(client, EXS_VERIFY_PING, &answer, timeout_ms);
}

enum exs_verify_status exs_verify_client_statistics(struct exs_verify_client *client,
                                                    struct exs_verify_statistics *statistics,
                                                    int timeout_ms)
{
    struct exs_verify_answer answer;
    enum exs_verify_status status = ask(client, EXS_VERIFY_STATISTICS, &answer, timeout_ms);

    if (status != EXS_VERIFY_OK)
        return status;
    if (wire_statistics_read(
            statistics, bytes_of(client->given->payload, client->given->header.size)) != WIRE_OK)
        return verify_client_give_up(client, EXS_VERIFY_PROTOCOL, "statistics that can't be read");
    return EXS_VERIFY_OK;
}
