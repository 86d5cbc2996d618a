/*
 * include/exs/verify_client.h. Questions are written to a buffer and sent as the
 * socket takes them; whole frames that come are kept in a list until they are
 * received or dropped.
 *
 *     submit -> out -> socket -> in -> take_frames -> answers -> receive
 *
 * What is asked and answered is in verify_client_ask.c.
 */
#include "validation/service/verify_client_impl.h"

#include "base/clock.h"
#include "base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_SIZE = 65536,
    REQUESTS_MAX = 1 << 16, /* that a service may allow */
    ADDRESSES_TRIED = 4,
    BUSY_MS = 10, /* between two tries to connect where many wait to be accepted */
};

const char *exs_verify_status_text(enum exs_verify_status status)
{
    switch (status) {
    case EXS_VERIFY_OK:
        return "all is well";
    case EXS_VERIFY_REFUSED:
        return "the service did not answer this question";
    case EXS_VERIFY_TIMEOUT:
        return "the time is up";
    case EXS_VERIFY_FULL:
        return "answers must be received before more is asked";
    case EXS_VERIFY_EMPTY:
        return "there is no answer to wait for";
    case EXS_VERIFY_ARGUMENT:
        return "an argument is NULL or beyond its limits";
    case EXS_VERIFY_TOO_LARGE:
        return "the question is larger than the service takes";
    case EXS_VERIFY_MEMORY:
        return "out of memory";
    case EXS_VERIFY_CLOSED:
        return "the service has closed the connection";
    case EXS_VERIFY_PROTOCOL:
        return "what came is no answer of this protocol";
    case EXS_VERIFY_SYSTEM:
        return "the system failed to read, write or wait";
    }
    return "unknown status";
}

const char *exs_verify_error_text(enum exs_verify_error error)
{
    switch (error) {
    case EXS_VERIFY_ERROR_NONE:
        return "no error";
    case EXS_VERIFY_ERROR_FRAME:
        return "the frame is malformed";
    case EXS_VERIFY_ERROR_TOO_LARGE:
        return "the frame is larger than the limit that the hello tells";
    case EXS_VERIFY_ERROR_HELLO:
        return "the first frame must be a hello, and no other may be one";
    case EXS_VERIFY_ERROR_VERSION:
        return "this version of the protocol is not spoken here";
    case EXS_VERIFY_ERROR_TYPE:
        return "there is no request of this type";
    case EXS_VERIFY_ERROR_PAYLOAD:
        return "the request's payload is malformed";
    case EXS_VERIFY_ERROR_CLIENTS:
        return "there are too many clients";
    case EXS_VERIFY_ERROR_SLOW:
        return "the frame did not come to its end in time";
    case EXS_VERIFY_ERROR_MEMORY:
        return "the service has no memory for this request";
    case EXS_VERIFY_ERROR_END:
        return "the service ends";
    }
    return "unknown error";
}

enum exs_verify_status verify_client_say(struct exs_verify_client *client,
                                         enum exs_verify_status status, const char *what)
{
    snprintf(client->error, sizeof(client->error), "%s", what);
    return status;
}

/* Nothing more can be done with this connection. */
enum exs_verify_status verify_client_give_up(struct exs_verify_client *client,
                                             enum exs_verify_status status, const char *what)
{
    client->broken = status;
    return verify_client_say(client, status, what);
}

/* ---------------------------------------------------------------- time */

static int64_t now_ms(void) { return (int64_t)(clock_monotonic_ns() / 1000000); }

int64_t verify_client_end_of(int timeout_ms) { return timeout_ms < 0 ? -1 : now_ms() + timeout_ms; }

/* What is left of it, for poll. */
static int left_of(int64_t end)
{
    int64_t left;

    if (end < 0)
        return -1;
    left = end - now_ms();
    return left > 0 ? (int)left : 0;
}

/* ---------------------------------------------------------------- bytes */

/* Room for size more bytes at the end; false where memory lacks. */
static bool make_room(struct verify_client_buffer *b, size_t size)
{
    size_t have = b->to - b->from, wanted = have + size, larger = b->size * 2;
    uint8_t *moved;

    if (b->size - b->to >= size)
        return true;
    if (have && b->from)
        memmove(b->data, b->data + b->from, have);
    b->from = 0;
    b->to = have;
    if (b->size >= wanted)
        return true;
    larger = larger > wanted ? larger : wanted;
    moved = realloc(b->data, larger);
    if (!moved)
        return false;
    b->data = moved;
    b->size = larger;
    return true;
}

/* Sends what the system takes at once. */
enum exs_verify_status verify_client_send(struct exs_verify_client *client)
{
    while (client->out.from < client->out.to) {
        ssize_t n = send(client->fd, client->out.data + client->out.from,
                         client->out.to - client->out.from, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return EXS_VERIFY_OK;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            /* There may still be something to read: why. */
            client->out.from = client->out.to;
            return EXS_VERIFY_OK;
        }
        if (n < 0)
            return verify_client_give_up(client, EXS_VERIFY_SYSTEM, strerror(errno));
        client->out.from += (size_t)n;
    }
    client->out.from = client->out.to = 0;
    return EXS_VERIFY_OK;
}

struct verify_client_slot *verify_client_find(struct exs_verify_client *client, uint64_t id)
{
    for (size_t i = 0; i < client->slot_count; i++)
        if (client->slots[i].id == id)
            return &client->slots[i];
    return NULL;
}

/* Whether a frame can be the answer to a question. */
static bool answers(const struct wire_header *header, const struct verify_client_slot *slot)
{
    return header->type == WIRE_ERROR || header->type == (slot->kind | WIRE_ANSWER);
}

/* The service says why it hangs up, and to no question of ours. */
static enum exs_verify_status take_fault(struct exs_verify_client *client, struct bytes payload)
{
    enum exs_verify_error code;
    struct bytes text;

    if (wire_error_read(&code, &text, payload) != WIRE_OK)
        return verify_client_give_up(client, EXS_VERIFY_PROTOCOL, "a malformed error frame");
    client->broken = EXS_VERIFY_CLOSED;
    snprintf(client->error, sizeof(client->error), "%.*s", (int)text.size, (const char *)text.data);
    return EXS_VERIFY_CLOSED;
}

/* Keeps one frame for whoever waits for it. */
static enum exs_verify_status take_frame(struct exs_verify_client *client,
                                         const struct wire_header *header, const uint8_t *payload)
{
    struct verify_client_slot *slot = verify_client_find(client, header->id);
    struct verify_client_frame *frame;

    if (!slot && header->type == WIRE_ERROR)
        return take_fault(client, bytes_of(payload, header->size));
    if (!slot || !answers(header, slot))
        return verify_client_give_up(client, EXS_VERIFY_PROTOCOL,
                                     "an answer to what was not asked");
    frame = slot->dropped ? NULL : malloc(sizeof(*frame) + header->size);
    if (!slot->dropped && !frame)
        return verify_client_give_up(client, EXS_VERIFY_MEMORY, "out of memory");
    if (frame) {
        *frame = (struct verify_client_frame){.slot = *slot, .header = *header};
        if (header->size)
            memcpy(frame->payload, payload, header->size);
        if (client->last)
            client->last->next = frame;
        else
            client->first = frame;
        client->last = frame;
        client->frame_count++;
    }
    *slot = client->slots[--client->slot_count];
    return EXS_VERIFY_OK;
}

/* Whether a frame may be so long: so a service that is none can't make us keep what nobody asked. */
static bool is_too_long(struct exs_verify_client *client, const struct wire_header *header)
{
    const struct verify_client_slot *slot;

    if (header->size <= WIRE_ANSWER_MAX)
        return false;
    slot = verify_client_find(client, header->id);
    return !slot || header->size - WIRE_ANSWER_MAX > slot->signatures;
}

/* Takes the whole frames of what was read. */
static enum exs_verify_status take_frames(struct exs_verify_client *client)
{
    enum exs_verify_status status = EXS_VERIFY_OK;
    struct wire_header header;

    while (status == EXS_VERIFY_OK && client->in.to - client->in.from >= WIRE_HEADER_SIZE) {
        if (!wire_header_read(&header, client->in.data + client->in.from) ||
            is_too_long(client, &header))
            return verify_client_give_up(client, EXS_VERIFY_PROTOCOL, "a frame that is none");
        if (client->in.to - client->in.from - WIRE_HEADER_SIZE < header.size)
            break;
        status = take_frame(client, &header, client->in.data + client->in.from + WIRE_HEADER_SIZE);
        client->in.from += WIRE_HEADER_SIZE + header.size;
    }
    return status;
}

/* Reads what there is. */
static enum exs_verify_status receive_some(struct exs_verify_client *client)
{
    enum exs_verify_status status = EXS_VERIFY_OK;

    while (status == EXS_VERIFY_OK) {
        ssize_t n;

        if (!make_room(&client->in, READ_SIZE))
            return verify_client_give_up(client, EXS_VERIFY_MEMORY, "out of memory");
        n = recv(client->fd, client->in.data + client->in.to, client->in.size - client->in.to, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return EXS_VERIFY_OK;
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return verify_client_give_up(client, EXS_VERIFY_CLOSED,
                                         "the service has closed the connection");
        if (n < 0)
            return verify_client_give_up(client, EXS_VERIFY_SYSTEM, strerror(errno));
        client->in.to += (size_t)n;
        status = take_frames(client);
    }
    return status;
}

/* Waits for the socket and does what it allows. TIMEOUT where nothing happened in time. */
enum exs_verify_status verify_client_pump(struct exs_verify_client *client, int64_t end)
{
    struct pollfd wait = {.fd = client->fd, .events = exs_verify_client_events(client)};
    enum exs_verify_status status;
    int n;

    if (client->broken != EXS_VERIFY_OK)
        return client->broken;
    do
        n = poll(&wait, 1, left_of(end));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return verify_client_give_up(client, EXS_VERIFY_SYSTEM, strerror(errno));
    if (n == 0)
        return verify_client_say(client, EXS_VERIFY_TIMEOUT, "the time is up");
    status = verify_client_send(client);
    if (status == EXS_VERIFY_OK)
        status = receive_some(client);
    return status;
}

enum exs_verify_status verify_client_submit(struct exs_verify_client *client, uint64_t *id,
                                            uint8_t kind, size_t signatures, size_t size,
                                            uint8_t **payload)
{
    struct wire_header header = {.type = kind};

    free(client->given);
    client->given = NULL;
    if (client->broken != EXS_VERIFY_OK)
        return client->broken;
    if (size > client->service.max_payload)
        return verify_client_say(client, EXS_VERIFY_TOO_LARGE,
                                 "the question is larger than the service takes");
    if (client->slot_count + client->frame_count >= client->service.max_requests ||
        (client->out.to > client->out.from &&
         client->out.to - client->out.from + size > client->service.max_bytes))
        return verify_client_say(client, EXS_VERIFY_FULL,
                                 "answers must be received before more is asked");
    if (!make_room(&client->out, WIRE_HEADER_SIZE + size))
        return verify_client_say(client, EXS_VERIFY_MEMORY, "out of memory");
    header.size = (uint32_t)size;
    header.id = *id = ++client->last_id;
    wire_header_write(client->out.data + client->out.to, &header);
    *payload = client->out.data + client->out.to + WIRE_HEADER_SIZE;
    client->out.to += WIRE_HEADER_SIZE + size;
    client->slots[client->slot_count++] =
        (struct verify_client_slot){.id = header.id, .signatures = signatures, .kind = kind};
    return EXS_VERIFY_OK;
}

/* ---------------------------------------------------------------- connection */

/* Begins to connect: 0, EINPROGRESS, or why it can't be. */
static int begin_connect(int fd, const struct sockaddr *address, socklen_t size, int64_t end)
{
    const struct timespec busy = {.tv_nsec = BUSY_MS * 1000000L};

    for (;;) {
        if (connect(fd, address, size) == 0)
            return 0;
        /* A Unix socket whose backlog is full says EAGAIN, and can't be waited for. */
        if (errno != EAGAIN || left_of(end) == 0)
            return errno == EINTR ? EINPROGRESS : errno;
        nanosleep(&busy, NULL);
    }
}

/* Waits for what was begun: 0, or why it failed. */
static int end_connect(int fd, int64_t end)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int why = 0, n;
    socklen_t size = sizeof(why);

    do
        n = poll(&wait, 1, left_of(end));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return ETIMEDOUT;
    if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) != 0)
        return errno;
    return why;
}

/* A connected socket, or -1 with the reason. */
static int connect_to(const struct sockaddr *address, socklen_t size, int64_t end, char *error)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int why = fd < 0 ? errno : begin_connect(fd, address, size, end);
    const int on = 1;

    if (why == EINPROGRESS)
        why = end_connect(fd, end);
    if (why == 0) {
        if (address->sa_family != AF_UNIX)
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return fd;
    }
    snprintf(error, EXS_ERROR_SIZE, "%s", strerror(why));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_tcp(const char *address, int64_t end, char *error)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[LISTENER_HOST_SIZE], number[8];
    uint16_t port = 0;
    int fd = -1, why, tried = 0;

    if (!listener_parse_address(host, &port, address) || port == 0) {
        snprintf(error, EXS_ERROR_SIZE, "\"%.100s\" is neither a path nor an address:port",
                 address);
        return -1;
    }
    snprintf(number, sizeof(number), "%u", (unsigned)port);
    why = getaddrinfo(host, number, &hints, &found);
    if (why) {
        snprintf(error, EXS_ERROR_SIZE, "%s: %s", host, gai_strerror(why));
        return -1;
    }
    for (const struct addrinfo *at = found; at && fd < 0 && tried < ADDRESSES_TRIED;
         at = at->ai_next, tried++)
        fd = connect_to(at->ai_addr, at->ai_addrlen, end, error);
    freeaddrinfo(found);
    return fd;
}

static int connect_any(const char *address, int64_t end, char *error)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};

    if (!strchr(address, '/'))
        return connect_tcp(address, end, error);
    if (strlen(address) >= sizeof(path.sun_path)) {
        snprintf(error, EXS_ERROR_SIZE, "the path is longer than a socket's may be");
        return -1;
    }
    memcpy(path.sun_path, address, strlen(address));
    return connect_to((const struct sockaddr *)&path, sizeof(path), end, error);
}

/* Says hello and waits for the answer. */
static enum exs_verify_status greet(struct exs_verify_client *client, int64_t end)
{
    enum exs_verify_status status;
    struct verify_client_frame *frame;
    uint8_t *payload;
    uint64_t id;

    client->service.max_requests = 1;
    client->service.max_payload = WIRE_HELLO_MAX;
    status = verify_client_submit(client, &id, WIRE_HELLO, 0, wire_hello_write(NULL, WIRE_VERSION),
                                  &payload);
    if (status != EXS_VERIFY_OK)
        return status;
    wire_hello_write(payload, WIRE_VERSION);
    while (!client->first) {
        status = verify_client_pump(client, end);
        /* The peer's end may have come with its answer. */
        if (status != EXS_VERIFY_OK && !client->first)
            return status;
    }
    status = EXS_VERIFY_OK;
    frame = client->first;
    client->first = client->last = NULL;
    client->frame_count = 0;
    if (frame->header.type == WIRE_ERROR)
        status = take_fault(client, bytes_of(frame->payload, frame->header.size));
    else if (wire_service_read(&client->service, bytes_of(frame->payload, frame->header.size)) !=
                 WIRE_OK ||
             client->service.version != WIRE_VERSION || client->service.max_requests == 0 ||
             client->service.max_requests > REQUESTS_MAX)
        status = verify_client_give_up(client, EXS_VERIFY_PROTOCOL,
                                       "its hello is none of this protocol");
    free(frame);
    return status;
}

/* With what the service's hello says. */
static bool make_slots(struct exs_verify_client *client)
{
    struct verify_client_slot *slots =
        realloc(client->slots, client->service.max_requests * sizeof(*slots));

    if (!slots)
        return false;
    client->slots = slots;
    return true;
}

struct exs_verify_client *exs_verify_client_connect(const char *address, int timeout_ms,
                                                    char error[EXS_ERROR_SIZE])
{
    struct exs_verify_client *client = calloc(1, sizeof(*client));
    int64_t end = verify_client_end_of(timeout_ms);

    snprintf(error, EXS_ERROR_SIZE, "out of memory");
    if (!client)
        return NULL;
    client->fd = address ? connect_any(address, end, error) : -1;
    client->service.max_requests = 1;
    if (!address)
        snprintf(error, EXS_ERROR_SIZE, "no address");
    else if (client->fd >= 0 && make_slots(client)) {
        if (greet(client, end) == EXS_VERIFY_OK && make_slots(client))
            return client;
        snprintf(error, EXS_ERROR_SIZE, "%s", client->error);
    }
    exs_verify_client_close(client);
    return NULL;
}

void exs_verify_client_close(struct exs_verify_client *client)
{
    if (!client)
        return;
    if (client->fd >= 0)
        close(client->fd);
    while (client->first) {
        struct verify_client_frame *next = client->first->next;

        free(client->first);
        client->first = next;
    }
    free(client->given);
    free(client->slots);
    free(client->in.data);
    free(client->out.data);
    free(client);
}

const struct exs_verify_service *exs_verify_client_service(const struct exs_verify_client *client)
{
    return &client->service;
}

int exs_verify_client_fd(const struct exs_verify_client *client) { return client->fd; }

short exs_verify_client_events(const struct exs_verify_client *client)
{
    return client->out.from < client->out.to ? POLLIN | POLLOUT : POLLIN;
}

const char *exs_verify_client_error(const struct exs_verify_client *client)
{
    return client->error;
}

size_t exs_verify_client_pending(const struct exs_verify_client *client)
{
    size_t count = client->frame_count;

    for (size_t i = 0; i < client->slot_count; i++)
        count += !client->slots[i].dropped;
    return count;
}
