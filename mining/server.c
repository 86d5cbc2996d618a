#include "mining/server.h"

#include "base/listener.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { GRACE_MS = 500 };

struct connection {
    struct server *server;
    struct bufferevent *io;
    struct event *life, *quiet; /* timers */
    bool answered;
    struct server_peer peer;
};

struct server {
    struct server_options options;
    struct event_base *base;
    struct listener *listener;
    struct evconnlistener *accept;
    int stop_fd; /* an eventfd: readable where the thread is to end */
    struct event *stop;
    pthread_t thread;
    bool stopping;
    size_t count;
    struct connection *connection[SERVER_MAX_CONNECTIONS];
};

static void close_connection(struct connection *c)
{
    struct server *server = c->server;

    for (size_t i = 0; i < SERVER_MAX_CONNECTIONS; i++)
        if (server->connection[i] == c)
            server->connection[i] = NULL;
    server->count--;
    if (c->life)
        event_free(c->life);
    if (c->quiet)
        event_free(c->quiet);
    if (c->io)
        bufferevent_free(c->io);
    free(c);
    if (!server->stopping)
        evconnlistener_enable(server->accept); /* a place is free again */
    else if (server->count == 0)
        event_base_loopbreak(server->base);
}

static void free_answer(const void *data, size_t size, void *arg)
{
    (void)data;
    (void)size;
    free(arg);
}

static void send_answer(struct connection *c, struct server_answer *answer)
{
    c->answered = true;
    event_del(c->quiet);
    /* What else the client says is read and dropped: closing with unread bytes would lose the answer. */
    if (!answer->data || answer->size > SERVER_ANSWER_MAX ||
        evbuffer_add_reference(bufferevent_get_output(c->io), answer->data, answer->size,
                               free_answer, answer->data)) {
        free(answer->data);
        close_connection(c);
    }
}

/* Asks for an answer; all: nothing more is to be expected. */
static void consider(struct connection *c, bool all)
{
    static const struct timeval quiet = {.tv_usec = SERVER_QUIET_MS * 1000};
    struct evbuffer *in = bufferevent_get_input(c->io);
    struct server_answer answer = {0};
    size_t size = evbuffer_get_length(in);
    uint8_t text[SERVER_REQUEST_MAX];

    if (c->answered) {
        evbuffer_drain(in, size);
        return;
    }
    if (size >= SERVER_REQUEST_MAX) {
        size = SERVER_REQUEST_MAX;
        all = true;
    }
    if (size > 0 && evbuffer_copyout(in, text, size) != (ev_ssize_t)size) {
        close_connection(c);
        return;
    }
    switch (c->server->options.request_fn(c->server->options.arg, &c->peer, bytes_of(text, size),
                                          all, &answer)) {
    case SERVER_MORE:
        if (all)
            close_connection(c);
        else if (size > 0)
            event_add(c->quiet, &quiet);
        break;
    case SERVER_ANSWER:
        evbuffer_drain(in, evbuffer_get_length(in));
        send_answer(c, &answer);
        break;
    case SERVER_DROP:
        close_connection(c);
        break;
    }
}

static void on_read(struct bufferevent *io, void *arg)
{
    (void)io;
    consider(arg, false);
}

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    consider(arg, true);
}

/* All of an answer is with the system. */
static void on_written(struct bufferevent *io, void *arg)
{
    struct connection *c = arg;

    if (!c->answered || evbuffer_get_length(bufferevent_get_output(io)) > 0)
        return;
    close_connection(c);
}

static void on_event(struct bufferevent *io, short what, void *arg)
{
    struct connection *c = arg;

    (void)io;
    /* A client may close its side after the question and still wait for the answer. */
    if (what == (BEV_EVENT_READING | BEV_EVENT_EOF)) {
        if (!c->answered)
            consider(c, true);
        return;
    }
    close_connection(c);
}

static void on_old(evutil_socket_t fd, short what, void *arg)
{
    struct connection *c = arg;

    (void)fd;
    (void)what;
    log_debug(c->server->options.log, LOG_HTTP, "%s: %s took too long", c->server->options.what,
              c->peer.name);
    close_connection(c);
}

/* An address as server_peer and people have it. */
static void set_peer(struct server_peer *peer, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    unsigned port = 0;

    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        memset(peer->address, 0, 10);
        memset(peer->address + 10, 0xff, 2);
        memcpy(peer->address + 12, &in->sin_addr, 4);
        port = ntohs(in->sin_port);
        evutil_inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(peer->name, sizeof(peer->name), "%s:%u", text, port);
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;

        memcpy(peer->address, &in->sin6_addr, 16);
        port = ntohs(in->sin6_port);
        evutil_inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
        snprintf(peer->name, sizeof(peer->name), "[%s]:%u", text, port);
    }
}

static struct connection *open_connection(struct server *server, evutil_socket_t fd)
{
    static const struct timeval life = {.tv_sec = SERVER_LIFE_S};
    struct connection *c = calloc(1, sizeof(*c));
    size_t place = 0;

    if (!c) {
        evutil_closesocket(fd);
        return NULL;
    }
    while (server->connection[place])
        place++;
    server->connection[place] = c;
    server->count++;
    c->server = server;
    c->io = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
    if (!c->io)
        evutil_closesocket(fd);
    c->life = evtimer_new(server->base, on_old, c);
    c->quiet = evtimer_new(server->base, on_quiet, c);
    if (c->io && c->life && c->quiet && event_add(c->life, &life) == 0)
        return c;
    close_connection(c);
    return NULL;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int size, void *arg)
{
    struct server *server = arg;
    struct server_peer peer;
    struct connection *c;

    (void)size;
    set_peer(&peer, address);
    if (server->options.admit_fn && !server->options.admit_fn(server->options.arg, &peer)) {
        evutil_closesocket(fd);
        return;
    }
    c = open_connection(server, fd);
    if (!c)
        return;
    c->peer = peer;
    bufferevent_setwatermark(c->io, EV_READ, 0, SERVER_REQUEST_MAX);
    bufferevent_setcb(c->io, on_read, on_written, on_event, c);
    bufferevent_enable(c->io, EV_READ | EV_WRITE);
    /* Others wait in the system's queue until a place is free. */
    if (server->count == SERVER_MAX_CONNECTIONS)
        evconnlistener_disable(listener);
}

/* As where no file descriptor is left: the listener would try again at once, and for ever. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct server *server = arg;

    log_warning(server->options.log, LOG_HTTP, "%s: a connection can't be accepted: %s",
                server->options.what, strerror(errno));
    if (server->count > 0)
        evconnlistener_disable(listener);
    else
        usleep(10000);
}

/* Answers under way are still sent, if their readers take them: the one to "quit" is among them. */
static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval grace = {.tv_usec = GRACE_MS * 1000};
    struct server *server = arg;

    (void)fd;
    (void)what;
    event_del(server->stop);
    evconnlistener_disable(server->accept);
    server->stopping = true;
    for (size_t i = 0; i < SERVER_MAX_CONNECTIONS; i++)
        if (server->connection[i] && !server->connection[i]->answered)
            close_connection(server->connection[i]);
    if (server->count == 0)
        event_base_loopbreak(server->base);
    else
        event_base_loopexit(server->base, &grace);
}

static void *server_main(void *arg)
{
    struct server *server = arg;

    event_base_dispatch(server->base);
    return NULL;
}

static bool listen_on(struct server *server, char *error)
{
    server->listener = listener_tcp(server->options.bind, server->options.port, false, error);
    if (!server->listener)
        return false;
    server->accept = evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_EXEC, 0,
                                        listener_fd(server->listener));
    if (!server->accept)
        return false;
    evconnlistener_set_error_cb(server->accept, on_accept_error);
    return true;
}

static void free_server(struct server *server)
{
    server->stopping = true;
    for (size_t i = 0; i < SERVER_MAX_CONNECTIONS; i++)
        if (server->connection[i])
            close_connection(server->connection[i]);
    if (server->accept)
        evconnlistener_free(server->accept);
    listener_close(server->listener);
    if (server->stop)
        event_free(server->stop);
    if (server->base)
        event_base_free(server->base);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server);
}

struct server *server_create(const struct server_options *options,
                             char error[static SERVER_ERROR_SIZE])
{
    struct server *server = calloc(1, sizeof(*server));

    snprintf(error, SERVER_ERROR_SIZE, "out of memory, threads or file descriptors");
    if (!server)
        return NULL;
    server->options = *options;
    server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->base = event_base_new();
    if (server->stop_fd >= 0 && server->base)
        server->stop = event_new(server->base, server->stop_fd, EV_READ, on_stop, server);
    if (server->stop && event_add(server->stop, NULL) == 0 && listen_on(server, error)) {
        server->options.bind = NULL; /* the caller's, and not needed any more */
        if (pthread_create(&server->thread, NULL, server_main, server) == 0)
            return server;
        snprintf(error, SERVER_ERROR_SIZE, "cannot start a thread");
    }
    free_server(server);
    return NULL;
}

void server_destroy(struct server *server)
{
    const uint64_t one = 1;

    if (!server)
        return;
    /* It is empty, so there is room. */
    if (write(server->stop_fd, &one, sizeof(one)) == sizeof(one))
        pthread_join(server->thread, NULL);
    free_server(server);
}

const char *server_name(const struct server *server) { return listener_name(server->listener); }
