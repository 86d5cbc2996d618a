/*
 * The verification service's sockets: clients, their frames, and who is served
 * next.
 *
 *     client --\                     / dispatcher --> answer_fn \
 *     client ----> one loop: frames ---- dispatcher --> answer_fn --> the client that asked
 *     client --/    (libevent)
 *
 * One thread reads and writes all sockets. A question waits in its client's queue until a dispatcher
 * takes it; clients take turns, and none has more than half of the dispatchers. What
 * answers is the caller's answer_fn.
 *
 * Everything has a limit. A client whose questions reach theirs is not read any further until
 * some are answered, so the memory of all clients together is at most max_clients times max_bytes,
 * and what a client does costs no other one anything but its turn. A client that
 * begins a frame and does not end it, or does not take its answers, is hung up on.
 *
 * The protocol is docs/verify-protocol.md. The program ignores SIGPIPE.
 */
#ifndef VALIDATION_SERVICE_SERVICE_H
#define VALIDATION_SERVICE_SERVICE_H

#include "base/listener.h"
#include "base/log.h"
#include "validation/service/wire.h"

enum {
    SERVICE_ERROR_SIZE = 256,
    SERVICE_MAX_LISTENERS = 8,
    SERVICE_MAX_DISPATCHERS = 64,
    SERVICE_MAX_CLIENTS = 1024,
};

/* What became of a question, for the statistics. */
enum service_outcome {
    SERVICE_VALID,
    SERVICE_INVALID,
    SERVICE_UNANSWERED,
};

/* An answer's payload, from malloc; the service frees it. NULL is "no memory". */
struct service_answer {
    uint8_t type; /* of its frame: the question's with WIRE_ANSWER, or WIRE_ERROR */
    uint8_t *payload;
    size_t size;
    enum service_outcome outcome;
};

/*
 * Answers a question of EXS_VERIFY_SIGNATURES, SCRIPT, TRANSACTION or BLOCK, whatever its payload. Called
 * on several dispatchers at once.
 */
typedef void service_answer_fn(void *arg, struct service_answer *answer, enum exs_verify_kind kind,
                               struct bytes payload);

struct service_options {
    struct listener *const *listeners; /* 1 to SERVICE_MAX_LISTENERS; the service closes them */
    size_t listener_count;
    struct log *log;
    const char *program; /* what the hello says: "exs-verify 0.1.0"; at most 63 bytes */
    uint32_t workers;    /* that the hello tells of */
    size_t dispatchers;  /* 1 to SERVICE_MAX_DISPATCHERS */
    size_t max_clients;  /* 1 to SERVICE_MAX_CLIENTS */
    uint32_t max_requests;
    uint32_t max_payload;
    uint64_t max_bytes; /* of one client; at least max_payload and a header */
    unsigned
        frame_timeout_s; /* in which a frame must have come, the hello too, and answers be taken */
    unsigned drain_timeout_s; /* that the end waits for questions */
    service_answer_fn *answer_fn;
    void *arg;
};

struct service;

/*
 * Begins. options and the array of listeners may go afterwards, the rest must outlive the service.
 * NULL, with the reason in error, where memory or threads can't be had: then the listeners are
 * closed, too.
 */
struct service *service_create(const struct service_options *options,
                               char error[static SERVICE_ERROR_SIZE]);

/*
 * Ends: accepts nobody and reads nothing more, answers what was read, in drain_timeout_s at the longest
 * (what waits then gets an error frame; what runs is waited for), and frees all. Returns what it did in its
 * life. NULL is nothing.
 */
struct exs_verify_statistics service_destroy(struct service *service);

/* Any thread. */
struct exs_verify_statistics service_statistics(struct service *service);

#endif
