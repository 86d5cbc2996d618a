#include "mining/connection.h"

#include "mining/connection_resolver.h"
#include "mining/connection_socks5.h"
#include "mining/connection_tls.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FIRST_SIZE = 4096,       /* of each buffer */
    READ_BUDGET = 256 << 10, /* bytes read before others get their turn */
    KEEP_IDLE_S = 30,        /* a connection on which nothing was said for so long is probed */
    KEEP_INTERVAL_S = 10,
    KEEP_COUNT = 6,
    UNACKNOWLEDGED_MS = 60000, /* what was sent and not acknowledged for so long breaks it */
};

enum stage {
    STAGE_TARGET,  /* resolving the far end's name, where the proxy is not to do it */
    STAGE_RESOLVE, /* resolving the name of what TCP connects to */
    STAGE_CONNECT,
    STAGE_PROXY,
    STAGE_TLS,
    STAGE_OPEN,
    STAGE_FAILED,
};

struct buffer {
    uint8_t *data;
    size_t start, end, capacity; /* what is in use is from start to end */
};

struct connection {
    struct connection_options options;
    char host[CONNECTION_HOST_SIZE];
    enum stage stage;
    uint64_t stage_ns;
    char error[CONNECTION_ERROR_SIZE];
    struct resolver *resolver;
    const struct addrinfo *address; /* being tried; the resolver's */
    uint64_t address_ns, address_limit_ns;
    uint8_t target[16]; /* the far end's address, where it was resolved here */
    size_t target_size;
    int fd;
    bool writes; /* what is under way waits for the socket to take bytes */
    bool more;
    struct socks5 socks;
    struct connection_tls *tls;
    struct buffer in, out;
    size_t scanned;     /* bytes of in, from its start, that hold no line's end */
    uint64_t moving_ns; /* when something was last sent, or there was nothing to send */
    uint64_t now_ns;    /* of the latest connection_advance */
};

static bool fail(struct connection *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct connection *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->error, sizeof(c->error), format, args);
    va_end(args);
    c->stage = STAGE_FAILED;
    return false;
}

static bool go_to(struct connection *c, enum stage stage, uint64_t now_ns)
{
    c->stage = stage;
    c->stage_ns = now_ns;
    c->writes = false;
    return true;
}

static void close_socket(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* Room for size more bytes at the end; false where that exceeds limit or memory. */
static bool buffer_reserve(struct buffer *b, size_t size, size_t limit)
{
    size_t used = b->end - b->start, capacity = b->capacity ? b->capacity : (size_t)FIRST_SIZE;
    uint8_t *data;

    if (size > limit || used > limit - size)
        return false;
    if (size <= b->capacity - b->end)
        return true;
    if (used)
        memmove(b->data, b->data + b->start, used);
    b->start = 0;
    b->end = used;
    while (capacity < used + size)
        capacity *= 2;
    if (capacity == b->capacity)
        return true;
    data = realloc(b->data, capacity);
    if (!data)
        return false;
    b->data = data;
    b->capacity = capacity;
    return true;
}

/* One call of the socket's or of TLS's; what it says. */

static enum connection_io io_of_errno(struct connection *c, bool writing)
{
    char text[128];

    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return writing ? CONNECTION_IO_WRITE : CONNECTION_IO_READ;
    snprintf(c->error, sizeof(c->error), "the connection broke: %s",
             strerror_r(errno, text, sizeof(text)));
    return CONNECTION_IO_ERROR;
}

static enum connection_io read_some(struct connection *c, uint8_t *out, size_t size, size_t *done)
{
    ssize_t got;

    if (c->tls)
        return connection_tls_read(c->tls, out, size, done, c->error);
    got = recv(c->fd, out, size, 0);
    if (got < 0)
        return io_of_errno(c, false);
    *done = (size_t)got;
    return got ? CONNECTION_IO_DONE : CONNECTION_IO_END;
}

static enum connection_io write_some(struct connection *c, const uint8_t *data, size_t size,
                                     size_t *done)
{
    ssize_t sent;

    if (c->tls)
        return connection_tls_write(c->tls, data, size, done, c->error);
    sent = send(c->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0)
        return io_of_errno(c, true);
    *done = (size_t)sent;
    return CONNECTION_IO_DONE;
}

/* The stages. Each goes on and returns true where it moved, and false where it waits or failed. */

static bool start_lookup(struct connection *c, enum stage stage, uint64_t now_ns)
{
    const struct connection_url *proxy = c->options.proxy;
    bool far = stage == STAGE_TARGET || !proxy;

    resolver_destroy(c->resolver);
    c->resolver = resolver_start(far ? c->host : proxy->host, far ? c->options.port : proxy->port);
    if (!c->resolver)
        return fail(c, "no thread or memory is left to resolve a name");
    return go_to(c, stage, now_ns);
}

static bool take_target(struct connection *c, uint64_t now_ns)
{
    const struct addrinfo *list;
    const char *error;

    if (!resolver_done(c->resolver, &list, &error))
        return false;
    if (!list)
        return fail(c, "its name can't be resolved: %s", error);
    if (list->ai_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)list->ai_addr;

        c->target_size = 4;
        memcpy(c->target, &in->sin_addr, 4);
    } else if (list->ai_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)list->ai_addr;

        c->target_size = 16;
        memcpy(c->target, &in6->sin6_addr, 16);
    }
    return start_lookup(c, STAGE_RESOLVE, now_ns);
}

static void set_options(int fd)
{
    int one = 1, idle = KEEP_IDLE_S, interval = KEEP_INTERVAL_S, count = KEEP_COUNT;
    unsigned limit = UNACKNOWLEDGED_MS;

    /* Each is of help and none is needed. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof(limit));
}

/* Begins with the address, or the first one after it that allows to; false, and failed, where none does. */
static bool start_address(struct connection *c, uint64_t now_ns, int number)
{
    char text[128];

    close_socket(c);
    for (; c->address; c->address = c->address->ai_next) {
        c->fd = socket(c->address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c->fd >= 0) {
            set_options(c->fd);
            c->address_ns = now_ns;
            if (connect(c->fd, c->address->ai_addr, c->address->ai_addrlen) == 0 ||
                errno == EINPROGRESS)
                return true;
        }
        number = errno;
        close_socket(c);
    }
    return fail(c, "%s can't be reached: %s", c->options.proxy ? "the proxy" : "it",
                strerror_r(number, text, sizeof(text)));
}

static bool take_addresses(struct connection *c, uint64_t now_ns)
{
    const char *error;
    unsigned count = 0;

    if (!resolver_done(c->resolver, &c->address, &error))
        return false;
    if (!c->address)
        return fail(c, "%s name can't be resolved: %s", c->options.proxy ? "the proxy's" : "its",
                    error);
    for (const struct addrinfo *a = c->address; a; a = a->ai_next)
        count++;
    /* A name may have an address that swallows packets: the others get their share of the time. */
    c->address_limit_ns = c->options.stage_ns / count;
    go_to(c, STAGE_CONNECT, now_ns);
    return start_address(c, now_ns, EHOSTUNREACH);
}

static bool after_tcp(struct connection *c, uint64_t now_ns)
{
    if (!c->options.trust) {
        c->moving_ns = now_ns;
        return go_to(c, STAGE_OPEN, now_ns);
    }
    c->tls = connection_tls_create(c->options.trust, c->fd, c->host);
    if (!c->tls)
        return fail(c, "TLS can't be begun: out of memory, or the host's name is none");
    return go_to(c, STAGE_TLS, now_ns);
}

static bool start_proxy(struct connection *c, uint64_t now_ns)
{
    const struct connection_url *proxy = c->options.proxy;
    const struct socks5_login login = {.user = proxy->has_user ? proxy->user : NULL,
                                       .password = proxy->password};
    const struct socks5_target target = {
        .address = bytes_of(c->target, c->target_size), .name = c->host, .port = c->options.port};

    socks5_start(&c->socks, &login, &target);
    return go_to(c, STAGE_PROXY, now_ns);
}

static bool take_connect(struct connection *c, uint64_t now_ns)
{
    struct pollfd p = {.fd = c->fd, .events = POLLOUT};
    socklen_t size = sizeof(int);
    int number = 0;

    if (poll(&p, 1, 0) <= 0) {
        if (now_ns - c->address_ns < c->address_limit_ns || !c->address->ai_next)
            return false;
        number = ETIMEDOUT;
    } else if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) {
        number = errno;
    }
    if (number == 0)
        return c->options.proxy ? start_proxy(c, now_ns) : after_tcp(c, now_ns);
    c->address = c->address->ai_next;
    return start_address(c, now_ns, number);
}

static bool run_proxy(struct connection *c, uint64_t now_ns)
{
    uint8_t in[SOCKS5_IN_SIZE];
    enum connection_io io;
    size_t done;

    if (c->socks.out_size) {
        io = write_some(c, c->socks.out, c->socks.out_size, &done);
        c->writes = io == CONNECTION_IO_WRITE;
        if (io == CONNECTION_IO_DONE) {
            c->socks.out_size -= done;
            memmove(c->socks.out, c->socks.out + done, c->socks.out_size);
            return true;
        }
    } else {
        io = read_some(c, in, socks5_wants(&c->socks), &done);
        if (io == CONNECTION_IO_DONE) {
            switch (socks5_take(&c->socks, bytes_of(in, done))) {
            case SOCKS5_MORE:
                return true;
            case SOCKS5_DONE:
                return after_tcp(c, now_ns);
            case SOCKS5_FAILED:
                return fail(c, "%s", c->socks.error);
            }
        }
    }
    if (io == CONNECTION_IO_END)
        return fail(c, "the proxy closed the connection");
    if (io == CONNECTION_IO_ERROR)
        c->stage = STAGE_FAILED;
    return false;
}

static bool run_handshake(struct connection *c, uint64_t now_ns)
{
    enum connection_io io = connection_tls_shake(c->tls, c->error);

    c->writes = io == CONNECTION_IO_WRITE;
    c->moving_ns = now_ns;
    if (io == CONNECTION_IO_DONE)
        return go_to(c, STAGE_OPEN, now_ns);
    if (io == CONNECTION_IO_END)
        return fail(c, "it closed the connection during the TLS handshake");
    if (io == CONNECTION_IO_ERROR)
        c->stage = STAGE_FAILED;
    return false;
}

static void write_out(struct connection *c, uint64_t now_ns)
{
    enum connection_io io = CONNECTION_IO_DONE;
    size_t done;

    while (io == CONNECTION_IO_DONE && c->out.start < c->out.end) {
        io = write_some(c, c->out.data + c->out.start, c->out.end - c->out.start, &done);
        if (io == CONNECTION_IO_DONE) {
            c->out.start += done;
            c->moving_ns = now_ns;
        }
    }
    if (c->out.start == c->out.end) {
        c->out.start = c->out.end = 0;
        c->moving_ns = now_ns;
    }
    c->writes = io == CONNECTION_IO_WRITE;
    if (io == CONNECTION_IO_END)
        fail(c, "it closed the connection");
    else if (io == CONNECTION_IO_ERROR)
        c->stage = STAGE_FAILED;
}

static void read_in(struct connection *c)
{
    size_t limit = c->options.line_max + 1, budget = READ_BUDGET, done;
    enum connection_io io = CONNECTION_IO_DONE;

    while (io == CONNECTION_IO_DONE && budget) {
        size_t room;

        /* Full, and the owner has not taken its lines yet. */
        if (!buffer_reserve(&c->in, 1, limit)) {
            if (c->scanned == c->in.end - c->in.start)
                fail(c, "it sends a line of more than %zu bytes", c->options.line_max);
            else
                c->more = true;
            return;
        }
        room = c->in.capacity - c->in.end;
        if (room > limit - (c->in.end - c->in.start))
            room = limit - (c->in.end - c->in.start);
        if (room > budget)
            room = budget;
        io = read_some(c, c->in.data + c->in.end, room, &done);
        if (io == CONNECTION_IO_DONE) {
            c->in.end += done;
            budget -= done;
        }
    }
    c->more = budget == 0;
    c->writes = c->writes || io == CONNECTION_IO_WRITE;
    if (io == CONNECTION_IO_END)
        fail(c, "it closed the connection");
    else if (io == CONNECTION_IO_ERROR)
        c->stage = STAGE_FAILED;
}

static bool run_open(struct connection *c, uint64_t now_ns)
{
    write_out(c, now_ns);
    if (c->stage == STAGE_OPEN)
        read_in(c);
    if (c->stage == STAGE_OPEN && now_ns - c->moving_ns > c->options.stage_ns)
        fail(c, "it has not read what was sent to it for %u s",
             (unsigned)(c->options.stage_ns / 1000000000));
    return false;
}

static bool step(struct connection *c, uint64_t now_ns)
{
    switch (c->stage) {
    case STAGE_TARGET:
        return take_target(c, now_ns);
    case STAGE_RESOLVE:
        return take_addresses(c, now_ns);
    case STAGE_CONNECT:
        return take_connect(c, now_ns);
    case STAGE_PROXY:
        return run_proxy(c, now_ns);
    case STAGE_TLS:
        return run_handshake(c, now_ns);
    case STAGE_OPEN:
        return run_open(c, now_ns);
    case STAGE_FAILED:
        return false;
    }
    return false;
}

static void check_time(struct connection *c, uint64_t now_ns)
{
    static const char *const what[] = {
        [STAGE_TARGET] = "its name can't be resolved",
        [STAGE_RESOLVE] = "the name can't be resolved",
        [STAGE_CONNECT] = "no connection",
        [STAGE_PROXY] = "no answer of the proxy",
        [STAGE_TLS] = "no TLS handshake",
    };

    if (c->stage < STAGE_OPEN && now_ns - c->stage_ns > c->options.stage_ns)
        fail(c, "%s within %u s", what[c->stage], (unsigned)(c->options.stage_ns / 1000000000));
}

enum connection_state connection_advance(struct connection *c, uint64_t now_ns)
{
    c->more = false;
    c->now_ns = now_ns;
    while (step(c, now_ns))
        ;
    check_time(c, now_ns);
    if (c->stage == STAGE_FAILED)
        return CONNECTION_FAILED;
    return c->stage == STAGE_OPEN ? CONNECTION_OPEN : CONNECTION_OPENING;
}

struct connection *connection_create(const struct connection_options *options, uint64_t now_ns)
{
    struct connection *c = calloc(1, sizeof(*c));
    bool near_name;

    if (!c)
        return NULL;
    c->options = *options;
    c->now_ns = now_ns;
    c->fd = -1;
    snprintf(c->host, sizeof(c->host), "%s", options->host);
    near_name = options->proxy && strcmp(options->proxy->scheme, "socks5h") != 0;
    if (start_lookup(c, near_name ? STAGE_TARGET : STAGE_RESOLVE, now_ns))
        return c;
    connection_destroy(c);
    return NULL;
}

void connection_destroy(struct connection *c)
{
    if (!c)
        return;
    connection_tls_destroy(c->tls);
    close_socket(c);
    resolver_destroy(c->resolver);
    free(c->in.data);
    free(c->out.data);
    free(c);
}

int connection_fd(const struct connection *c)
{
    return c->stage < STAGE_CONNECT ? resolver_fd(c->resolver) : c->fd;
}

short connection_events(const struct connection *c)
{
    if (c->stage == STAGE_CONNECT)
        return POLLOUT;
    return c->writes ? POLLIN | POLLOUT : POLLIN;
}

bool connection_has_more(const struct connection *c) { return c->more; }

bool connection_line(struct connection *c, struct bytes *line)
{
    const uint8_t *start = c->in.data + c->in.start, *end;
    size_t size = c->in.end - c->in.start;

    end = size > c->scanned ? memchr(start + c->scanned, '\n', size - c->scanned) : NULL;
    if (!end) {
        c->scanned = size;
        return false;
    }
    *line = bytes_of(start, (size_t)(end - start));
    c->in.start += line->size + 1;
    c->scanned = 0;
    return true;
}

bool connection_send(struct connection *c, struct bytes data)
{
    assert(c->stage == STAGE_OPEN || c->stage == STAGE_FAILED);
    if (c->stage == STAGE_FAILED)
        return false;
    if (!buffer_reserve(&c->out, data.size, CONNECTION_OUT_MAX))
        return fail(c, "it does not read what is sent to it");
    memcpy(c->out.data + c->out.end, data.data, data.size);
    c->out.end += data.size;
    write_out(c, c->now_ns);
    return c->stage == STAGE_OPEN;
}

const char *connection_error(const struct connection *c) { return c->error; }
