/* What the files of the service share; for service*.c alone. */
#ifndef VALIDATION_SERVICE_SERVICE_IMPL_H
#define VALIDATION_SERVICE_SERVICE_IMPL_H

#include "validation/service/service.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
    SERVICE_INPUT_SIZE = 16384,   /* what is read at once where no long frame is under way */
    SERVICE_UNSENT_MAX = 1 << 18, /* bytes of answers beyond which a client is not read */
    SERVICE_NAME_SIZE = 96,
    SERVICE_LINGER_MS = 500, /* that a hung-up client has to read what it was told last */
};

/* A question, from its header on; the memory of its client's payload. */
struct service_request {
    struct service_request *next;
    struct service_client *client;
    struct wire_header header;
    struct service_answer answer;
    bool dropped; /* not answered by answer_fn: the service ends */
    uint8_t payload[];
};

struct service_queue {
    struct service_request *first, *last;
};

struct service_client {
    struct service *service;
    struct service_client *next, *previous; /* in the service's list */
    char name[SERVICE_NAME_SIZE];
    int fd; /* -1 once it is gone; then it only waits for its questions to come back */
    struct event *readable, *writable, *deadline;
    bool greeted;    /* said hello */
    bool refused;    /* one too many: told so and hung up on; counts among no limits */
    bool ended;      /* nothing more is read from it: the peer's end, a fault, the service's end */
    bool peer_ended; /* the peer sends nothing more */
    bool faulted;    /* was told of a fault: it may still be sending */
    bool lingers;    /* all was said; what still comes is dropped */
    bool touched;    /* in the list of those that were answered just now */
    struct service_client *next_touched;

    uint8_t input[SERVICE_INPUT_SIZE];
    size_t from, to;                 /* what of input was read and not looked at */
    struct service_request *reading; /* a frame whose payload is not all there */
    size_t got;                      /* bytes of it */
    struct evbuffer *output;
    size_t pending; /* questions that were read and have not come back answered */
    size_t held;    /* bytes of them, and of the one being read */

    /* Under the service's lock. */
    struct service_queue waiting;
    size_t running;
    bool ready; /* in the ring */
    struct service_client *next_ready;
};

struct service {
    struct service_options options; /* but for its listeners */
    struct listener *listeners[SERVICE_MAX_LISTENERS];
    struct event_base *base;
    struct event *accept[SERVICE_MAX_LISTENERS], *accept_again;
    int stop_fd, done_fd; /* eventfds: the end; answered questions */
    struct event *stop, *done, *drain_over;
    bool draining;
    bool forced; /* the time for draining is over */
    pthread_t loop;
    struct service_client *clients; /* the gone ones that still wait included */
    size_t client_count, refused_count;
    uint64_t began_ns, number;

    pthread_mutex_t lock;
    pthread_cond_t work;
    bool stopping; /* dispatchers: when nothing waits */
    struct service_client *ready_first, *ready_last;
    struct service_queue finished;
    pthread_t dispatcher[SERVICE_MAX_DISPATCHERS];
    size_t dispatchers;

    struct {
        atomic_uint_fast64_t clients, clients_total, clients_refused, waiting, running, bytes,
            signatures, scripts, transactions, blocks, valid, invalid, unanswered, errors,
            microseconds;
    } count;
};

/* service_work.c */
bool service_work_start(struct service *service);
void service_work_stop(struct service *service); /* once nothing is waiting */
void service_work_add(struct service_client *client, struct service_request *request);

/* Takes what waits of a client's from the queue; a list. */
struct service_request *service_work_take_back(struct service_client *client);

/* Takes what was answered; a list. */
struct service_request *service_work_finished(struct service *service);

/* service_client.c; the loop's thread alone. The last three may free the client. */
struct service_client *service_client_create(struct service *service, int fd, bool refused);
void service_client_answer(struct service_client *client, struct service_request *request);
void service_client_proceed(struct service_client *client); /* after its state has changed */
void service_client_drain(
    struct service_client *client); /* reads nothing more; ends when all is answered */
void service_client_refuse_waiting(
    struct service_client *client); /* what waits gets an error frame */

/* Its memory. */
void service_client_free(struct service_client *client);

/* service.c: a client has hung up; and its last question has come back. */
void service_left(struct service *service, struct service_client *client);
void service_over(struct service *service, struct service_client *client);

#endif
