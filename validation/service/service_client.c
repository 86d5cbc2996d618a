/*
 * One client: its bytes become frames, its frames questions, and answers bytes
 * again. All on the loop's thread.
 *
 *     input -> next_frame -> take_frame -> queue ...  service_client_answer -> output
 *
 * Functions only set the client's state; whoever was called by the loop ends with service_client_proceed,
 * which does what the state asks for and frees the client where that is all over.
 */
#include "validation/service/service_impl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    READ_AT_ONCE = 1 << 20, /* of a long frame, so that other clients get their turn */
};

static struct timeval frame_timeout(const struct service_client *client)
{
    return (struct timeval){.tv_sec = (time_t)client->service->options.frame_timeout_s};
}

/* ---------------------------------------------------------------- memory of questions */

/* What a frame counts for. */
static uint64_t cost_of(uint32_t size) { return (uint64_t)size + WIRE_HEADER_SIZE; }

static void request_free(struct service_client *client, struct service_request *request)
{
    uint64_t cost = cost_of(request->header.size);

    client->held -= cost;
    atomic_fetch_sub(&client->service->count.bytes, cost);
    free(request->answer.payload);
    free(request);
}

static struct service_request *request_create(struct service_client *client,
                                              const struct wire_header *header)
{
    struct service_request *request = malloc(sizeof(*request) + header->size);

    if (!request)
        return NULL;
    *request = (struct service_request){.client = client, .header = *header};
    client->held += cost_of(header->size);
    atomic_fetch_add(&client->service->count.bytes, cost_of(header->size));
    return request;
}

/* Whether the header of the next frame was read. */
static bool has_header(const struct service_client *client)
{
    return client->to - client->from >= WIRE_HEADER_SIZE;
}

/*
 * Whether the next frame, whose size is known where its header was read, may be read now. One of a
 * client that has nothing under way always may.
 */
static bool has_room(const struct service_client *client)
{
    const struct service_options *options = &client->service->options;
    uint32_t size = has_header(client) ? read_le32(client->input + client->from) : 0;

    if (evbuffer_get_length(client->output) > SERVICE_UNSENT_MAX)
        return false;
    return client->held == 0 || (client->pending < options->max_requests &&
                                 client->held + cost_of(size) <= options->max_bytes);
}

/* ---------------------------------------------------------------- out */

/* Hung up: by the peer, or by us. What waits is nobody's any more; what runs comes back. */
static void hang_up(struct service_client *client)
{
    struct service_request *request;

    if (client->fd < 0)
        return;
    request = service_work_take_back(client);
    while (request) {
        struct service_request *next = request->next;

        request_free(client, request);
        client->pending--;
        request = next;
    }
    if (client->reading)
        request_free(client, client->reading);
    client->reading = NULL;
    event_del(client->readable);
    event_del(client->writable);
    event_del(client->deadline);
    close(client->fd);
    client->fd = -1;
    service_left(client->service, client);
}

static void send_frame(struct service_client *client, uint8_t type, uint64_t id,
                       const uint8_t *payload, size_t size)
{
    const struct wire_header header = {(uint32_t)size, type, id};
    uint8_t head[WIRE_HEADER_SIZE];

    if (client->fd < 0)
        return;
    wire_header_write(head, &header);
    if (evbuffer_add(client->output, head, sizeof(head)) != 0 ||
        evbuffer_add(client->output, payload, size) != 0)
        hang_up(client); /* a frame that lacks would be waited for, a part of one mistaken */
}

static void send_error(struct service_client *client, uint64_t id, enum exs_verify_error code,
                       const char *text)
{
    uint8_t payload[WIRE_TEXT_MAX + 4];
    size_t size = wire_error_write(payload, code, text);

    atomic_fetch_add(&client->service->count.errors, 1);
    log_debug(client->service->options.log, LOG_NET, "%s: request %" PRIu64 ": %s", client->name,
              id, text);
    send_frame(client, WIRE_ERROR, id, payload, size);
}

/* The last frame that it gets, but for answers to what was read before. */
static void fault(struct service_client *client, uint64_t id, enum exs_verify_error code,
                  const char *text)
{
    client->ended = client->faulted = true;
    if (client->reading)
        request_free(client, client->reading);
    client->reading = NULL;
    send_error(client, id, code, text);
}

/* Sends what the system takes. */
static void flush(struct service_client *client)
{
    const struct timeval timeout = frame_timeout(client);

    if (evbuffer_get_length(client->output) > 0 && evbuffer_write(client->output, client->fd) < 0 &&
        errno != EAGAIN && errno != EINTR) {
        hang_up(client);
        return;
    }
    if (evbuffer_get_length(client->output) == 0)
        event_del(client->writable);
    else if (!event_pending(client->writable, EV_WRITE, NULL))
        event_add(client->writable, &timeout);
}

/* ---------------------------------------------------------------- frames */

static void answer_hello(struct service_client *client, const struct service_request *request)
{
    const struct service_options *options = &client->service->options;
    struct exs_verify_service said = {.version = WIRE_VERSION,
                                      .workers = options->workers,
                                      .max_payload = options->max_payload,
                                      .max_requests = options->max_requests,
                                      .max_bytes = options->max_bytes};
    uint8_t payload[128];
    uint16_t version;

    snprintf(said.program, sizeof(said.program), "%s", options->program);
    if (wire_hello_read(&version, bytes_of(request->payload, request->header.size)) != WIRE_OK) {
        fault(client, request->header.id, EXS_VERIFY_ERROR_HELLO,
              "the first frame is no hello of this protocol");
        return;
    }
    client->greeted = true;
    send_frame(client, WIRE_HELLO | WIRE_ANSWER, request->header.id, payload,
               wire_service_write(payload, &said));
}

static void answer_ping(struct service_client *client, const struct service_request *request)
{
    if (request->header.size > WIRE_PING_MAX)
        send_error(client, request->header.id, EXS_VERIFY_ERROR_PAYLOAD,
                   "a ping has at most 1024 bytes");
    else
        send_frame(client, EXS_VERIFY_PING | WIRE_ANSWER, request->header.id, request->payload,
                   request->header.size);
}

static void answer_statistics(struct service_client *client, const struct service_request *request)
{
    const struct exs_verify_statistics statistics = service_statistics(client->service);
    uint8_t payload[sizeof(statistics) + 4];

    if (request->header.size != 0)
        send_error(client, request->header.id, EXS_VERIFY_ERROR_PAYLOAD,
                   "a request for statistics has no payload");
    else
        send_frame(client, EXS_VERIFY_STATISTICS | WIRE_ANSWER, request->header.id, payload,
                   wire_statistics_write(payload, &statistics));
}

/* A whole frame. What takes no work is answered at once. */
static void take_frame(struct service_client *client, struct service_request *request)
{
    event_del(client->deadline);
    switch (request->header.type) {
    case EXS_VERIFY_SIGNATURES:
    case EXS_VERIFY_SCRIPT:
    case EXS_VERIFY_TRANSACTION:
    case EXS_VERIFY_BLOCK:
        client->pending++;
        service_work_add(client, request);
        return;
    case WIRE_HELLO:
        answer_hello(client, request);
        break;
    case EXS_VERIFY_PING:
        answer_ping(client, request);
        break;
    case EXS_VERIFY_STATISTICS:
        answer_statistics(client, request);
        break;
    default:
        send_error(client, request->header.id, EXS_VERIFY_ERROR_TYPE,
                   "there is no request of this type");
        break;
    }
    request_free(client, request);
}

/* What is wrong with a header; NONE for nothing. */
static enum exs_verify_error judge_header(const struct service_client *client,
                                          const struct wire_header *header, bool readable)
{
    if (!readable)
        return EXS_VERIFY_ERROR_FRAME;
    if (!client->greeted && (header->type != WIRE_HELLO || header->size > WIRE_HELLO_MAX))
        return EXS_VERIFY_ERROR_HELLO;
    if (client->greeted && header->type == WIRE_HELLO)
        return EXS_VERIFY_ERROR_HELLO;
    if (header->size > client->service->options.max_payload)
        return EXS_VERIFY_ERROR_TOO_LARGE;
    return EXS_VERIFY_ERROR_NONE;
}

/* Begins a frame, if its header is there and it may be read now. */
static bool begin_frame(struct service_client *client)
{
    enum exs_verify_error wrong;
    struct wire_header header;
    bool readable;

    if (!has_header(client))
        return false;
    readable = wire_header_read(&header, client->input + client->from);
    wrong = judge_header(client, &header, readable);
    if (wrong != EXS_VERIFY_ERROR_NONE) {
        fault(client, header.id, wrong, exs_verify_error_text(wrong));
        return false;
    }
    if (!has_room(client))
        return false;
    client->from += WIRE_HEADER_SIZE;
    client->got = 0;
    client->reading = request_create(client, &header);
    if (!client->reading)
        fault(client, header.id, EXS_VERIFY_ERROR_MEMORY, "no memory for this frame");
    return client->reading != NULL;
}

/* Takes the next frame from what was read; false where it is not all there. */
static bool next_frame(struct service_client *client)
{
    struct service_request *request;
    size_t lacks, have;

    if (!client->reading && !begin_frame(client))
        return false;
    request = client->reading;
    lacks = request->header.size - client->got;
    have = client->to - client->from;
    have = have < lacks ? have : lacks;
    if (have)
        memcpy(request->payload + client->got, client->input + client->from, have);
    client->from += have;
    client->got += have;
    if (have < lacks)
        return false;
    client->reading = NULL;
    take_frame(client, request);
    return true;
}

/* ---------------------------------------------------------------- in */

/* Where the next bytes go: into a long frame itself, else into input. */
static ssize_t receive(struct service_client *client)
{
    struct service_request *request = client->reading;
    ssize_t n;

    if (client->from == client->to)
        client->from = client->to = 0;
    if (request && client->to == 0) {
        size_t lacks = request->header.size - client->got;

        n = recv(client->fd, request->payload + client->got,
                 lacks < READ_AT_ONCE ? lacks : READ_AT_ONCE, 0);
        client->got += n > 0 ? (size_t)n : 0;
        return n;
    }
    if (client->from > 0) {
        memmove(client->input, client->input + client->from, client->to - client->from);
        client->to -= client->from;
        client->from = 0;
    }
    n = recv(client->fd, client->input + client->to, sizeof(client->input) - client->to, 0);
    client->to += n > 0 ? (size_t)n : 0;
    return n;
}

/* The peer sends nothing more. It may still read, unless its socket is gone altogether. */
static void on_end(struct service_client *client)
{
    struct pollfd now = {.fd = client->fd};

    if (poll(&now, 1, 0) > 0 && now.revents & (POLLHUP | POLLERR)) {
        hang_up(client);
        return;
    }
    client->peer_ended = true;
    if (client->reading || client->to > client->from)
        fault(client, client->reading ? client->reading->header.id : 0, EXS_VERIFY_ERROR_FRAME,
              "the connection ended within a frame");
    client->ended = true;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct service_client *client = arg;
    uint8_t dropped[4096];
    ssize_t n = client->lingers ? recv(fd, dropped, sizeof(dropped), 0) : receive(client);

    (void)what;
    if (n == 0 && !client->lingers)
        on_end(client);
    else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        hang_up(client);
    service_client_proceed(client);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct service_client *client = arg;

    (void)fd;
    if (what & EV_TIMEOUT) {
        log_debug(client->service->options.log, LOG_NET, "%s does not take its answers",
                  client->name);
        hang_up(client);
    }
    service_client_proceed(client);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct service_client *client = arg;

    (void)fd;
    (void)what;
    if (client->lingers)
        hang_up(client);
    else
        fault(client, client->reading ? client->reading->header.id : 0, EXS_VERIFY_ERROR_SLOW,
              exs_verify_error_text(EXS_VERIFY_ERROR_SLOW));
    service_client_proceed(client);
}

/* ---------------------------------------------------------------- state */

/*
 * All was said. Closing a socket while bytes for it arrive may cost the peer what it was told last,
 * so one that may still send is read until it has seen the end, but not for long.
 */
static void part(struct service_client *client)
{
    const struct timeval linger = {.tv_usec = SERVICE_LINGER_MS * 1000};
    int unread = 0;

    if (client->peer_ended || shutdown(client->fd, SHUT_WR) != 0 ||
        (!client->faulted && client->to == client->from &&
         ioctl(client->fd, FIONREAD, &unread) == 0 && unread == 0)) {
        hang_up(client);
        return;
    }
    client->lingers = true;
    event_add(client->deadline, &linger);
}

/* Waits for what the state says. */
static void watch(struct service_client *client)
{
    const struct timeval timeout = frame_timeout(client);
    bool reads = !client->ended && (client->reading || has_room(client));
    bool within = client->reading || client->to > client->from || !client->greeted;

    if (client->lingers || reads)
        event_add(client->readable, NULL);
    else
        event_del(client->readable);
    if (client->lingers)
        return;
    /* It is the client that is waited for, where we read and something has begun. */
    if (!reads || !within)
        event_del(client->deadline);
    else if (!event_pending(client->deadline, EV_TIMEOUT, NULL))
        event_add(client->deadline, &timeout);
}

void service_client_proceed(struct service_client *client)
{
    struct service *service = client->service;

    /* What is sent may make room for what was read; that is little, so this comes to an end soon. */
    do {
        while (client->fd >= 0 && !client->ended && next_frame(client))
            ;
        if (client->fd >= 0)
            flush(client);
    } while (client->fd >= 0 && !client->ended && !client->reading && has_header(client) &&
             has_room(client));
    if (client->fd >= 0 && client->ended && !client->lingers && client->pending == 0 &&
        evbuffer_get_length(client->output) == 0)
        part(client);
    if (client->fd >= 0 && service->forced && client->pending == 0)
        hang_up(client);
    if (client->fd >= 0)
        watch(client);
    else if (client->pending == 0)
        service_over(service, client);
}

void service_client_answer(struct service_client *client, struct service_request *request)
{
    const struct service_answer *answer = &request->answer;
    uint64_t id = request->header.id;

    client->pending--;
    if (client->fd < 0)
        ; /* nobody waits for it */
    else if (request->dropped)
        send_error(client, id, EXS_VERIFY_ERROR_END, exs_verify_error_text(EXS_VERIFY_ERROR_END));
    else if (!answer->payload)
        send_error(client, id, EXS_VERIFY_ERROR_MEMORY,
                   exs_verify_error_text(EXS_VERIFY_ERROR_MEMORY));
    else
        send_frame(client, answer->type, id, answer->payload, answer->size);
    if (answer->payload && answer->type == WIRE_ERROR)
        atomic_fetch_add(&client->service->count.errors, 1);
    request_free(client, request);
}

void service_client_drain(struct service_client *client)
{
    if (client->reading)
        request_free(client, client->reading);
    client->reading = NULL;
    client->ended = true;
    service_client_proceed(client);
}

void service_client_refuse_waiting(struct service_client *client)
{
    struct service_request *request = service_work_take_back(client), *next;

    for (; request; request = next) {
        next = request->next;
        request->dropped = true;
        atomic_fetch_add(&client->service->count.unanswered, 1);
        service_client_answer(client, request);
    }
    service_client_proceed(client);
}

void service_client_free(struct service_client *client)
{
    if (client->readable)
        event_free(client->readable);
    if (client->writable)
        event_free(client->writable);
    if (client->deadline)
        event_free(client->deadline);
    if (client->output)
        evbuffer_free(client->output);
    free(client);
}

struct service_client *service_client_create(struct service *service, int fd, bool refused)
{
    struct service_client *client = calloc(1, sizeof(*client));

    if (!client)
        return NULL;
    client->service = service;
    client->fd = fd;
    client->refused = refused;
    client->output = evbuffer_new();
    client->readable = event_new(service->base, fd, EV_READ | EV_PERSIST, on_readable, client);
    client->writable = event_new(service->base, fd, EV_WRITE | EV_PERSIST, on_writable, client);
    client->deadline = evtimer_new(service->base, on_deadline, client);
    if (client->output && client->readable && client->writable && client->deadline)
        return client;
    service_client_free(client);
    return NULL;
}
