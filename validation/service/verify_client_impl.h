/* What the client's files share. */
#ifndef VALIDATION_SERVICE_VERIFY_CLIENT_IMPL_H
#define VALIDATION_SERVICE_VERIFY_CLIENT_IMPL_H

#include "include/exs/verify_client.h"
#include "validation/service/wire.h"

/* A question under way. */
struct verify_client_slot {
    uint64_t id;
    size_t signatures; /* that it asked for */
    uint8_t kind;
    bool dropped; /* nobody waits for its answer any more */
};

/* An answer that waits to be received. */
struct verify_client_frame {
    struct verify_client_frame *next;
    struct verify_client_slot slot;
    struct wire_header header;
    uint8_t payload[];
};

/* Bytes that come and go, of them [from, to). */
struct verify_client_buffer {
    uint8_t *data;
    size_t from, to, size;
};

struct exs_verify_client {
    int fd;
    enum exs_verify_status broken; /* OK, or why nothing more comes */
    struct exs_verify_service service;
    uint64_t last_id;
    struct verify_client_slot *slots; /* max_requests */
    size_t slot_count;
    struct verify_client_buffer out, in;
    struct verify_client_frame *first, *last; /* that wait to be received */
    size_t frame_count;
    struct verify_client_frame *given; /* what the last answer points into */
    char text[WIRE_TEXT_MAX + 1];
    char error[EXS_ERROR_SIZE];
};

/* Notes what went wrong; returns status. After the second nothing can be done with the connection. */
enum exs_verify_status verify_client_say(struct exs_verify_client *client,
                                         enum exs_verify_status status, const char *what);
enum exs_verify_status verify_client_give_up(struct exs_verify_client *client,
                                             enum exs_verify_status status, const char *what);

/* When a time is up, as verify_client_pump takes it; negative: never. */
int64_t verify_client_end_of(int timeout_ms);

/* Sends what the system takes at once. */
enum exs_verify_status verify_client_send(struct exs_verify_client *client);

/* Waits for the socket and does what it allows. TIMEOUT where nothing happened before the end. */
enum exs_verify_status verify_client_pump(struct exs_verify_client *client, int64_t end);

struct verify_client_slot *verify_client_find(struct exs_verify_client *client, uint64_t id);

/*
 * A frame at the end of what is sent; its payload is written by the caller, who then calls
 * verify_client_send. signatures: how many it asks for. Answers that were not received count like questions, so that their memory has
 * a bound.
 */
enum exs_verify_status verify_client_submit(struct exs_verify_client *client, uint64_t *id,
                                            uint8_t kind, size_t signatures, size_t size,
                                            uint8_t **payload);

#endif
