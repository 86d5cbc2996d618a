#include "validation/service/service_impl.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    ACCEPT_AT_ONCE = 16,
    ACCEPT_AGAIN_MS = 100, /* after the system had no file descriptor left */
    REFUSED_MAX = 16,      /* clients that are being told that there are too many */
};

struct exs_verify_statistics service_statistics(struct service *service)
{
    return (struct exs_verify_statistics){
        .uptime_ms = (clock_monotonic_ns() - service->began_ns) / 1000000,
        .clients = atomic_load(&service->count.clients),
        .clients_total = atomic_load(&service->count.clients_total),
        .clients_refused = atomic_load(&service->count.clients_refused),
        .waiting = atomic_load(&service->count.waiting),
        .running = atomic_load(&service->count.running),
        .bytes = atomic_load(&service->count.bytes),
        .signatures = atomic_load(&service->count.signatures),
        .scripts = atomic_load(&service->count.scripts),
        .transactions = atomic_load(&service->count.transactions),
        .blocks = atomic_load(&service->count.blocks),
        .valid = atomic_load(&service->count.valid),
        .invalid = atomic_load(&service->count.invalid),
        .unanswered = atomic_load(&service->count.unanswered),
        .errors = atomic_load(&service->count.errors),
        .microseconds = atomic_load(&service->count.microseconds),
    };
}

/* ---------------------------------------------------------------- clients */

void service_left(struct service *service, struct service_client *client)
{
    log_debug(service->options.log, LOG_NET, "%s has gone", client->name);
    if (client->refused) {
        service->refused_count--;
        return;
    }
    service->client_count--;
    atomic_fetch_sub(&service->count.clients, 1);
}

void service_over(struct service *service, struct service_client *client)
{
    if (client->previous)
        client->previous->next = client->next;
    else
        service->clients = client->next;
    if (client->next)
        client->next->previous = client->previous;
    service_client_free(client);
    if (service->draining && !service->clients)
        event_base_loopbreak(service->base);
}

/* "client 7 (process 1234 of user 1000)", "client 8 (127.0.0.1:4242)" */
static void name_client(struct service_client *client, const struct sockaddr_storage *address)
{
    uint64_t number = ++client->service->number;
    char text[INET6_ADDRSTRLEN] = "?";
    struct ucred who = {0};
    socklen_t size = sizeof(who);

    if (address->ss_family == AF_UNIX) {
        getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
        snprintf(client->name, sizeof(client->name), "client %" PRIu64 " (process %ld of user %lu)",
                 number, (long)who.pid, (unsigned long)who.uid);
    } else if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;

        inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(client->name, sizeof(client->name), "client %" PRIu64 " (%s:%u)", number, text,
                 ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;

        inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
        snprintf(client->name, sizeof(client->name), "client %" PRIu64 " ([%s]:%u)", number, text,
                 ntohs(in->sin6_port));
    }
}

static void refuse(struct service_client *client)
{
    struct service *service = client->service;
    uint8_t frame[WIRE_HEADER_SIZE + WIRE_TEXT_MAX + 4];
    struct wire_header header = {.type = WIRE_ERROR};

    atomic_fetch_add(&service->count.clients_refused, 1);
    atomic_fetch_add(&service->count.errors, 1);
    log_warning(service->options.log, LOG_NET, "%s is one too many (--max-clients %zu)",
                client->name, service->options.max_clients);
    header.size = (uint32_t)wire_error_write(frame + WIRE_HEADER_SIZE, EXS_VERIFY_ERROR_CLIENTS,
                                             exs_verify_error_text(EXS_VERIFY_ERROR_CLIENTS));
    wire_header_write(frame, &header);
    evbuffer_add(client->output, frame, WIRE_HEADER_SIZE + header.size);
    client->ended = client->faulted = true;
}

static void add_client(struct service *service, int fd, const struct sockaddr_storage *address)
{
    bool refused = service->client_count >= service->options.max_clients;
    struct service_client *client = NULL;
    const int on = 1;

    if (!refused || service->refused_count < REFUSED_MAX)
        client = service_client_create(service, fd, refused);
    if (!client) {
        atomic_fetch_add(&service->count.clients_refused, 1);
        close(fd);
        return;
    }
    client->next = service->clients;
    if (client->next)
        client->next->previous = client;
    service->clients = client;
    name_client(client, address);
    if (address->ss_family != AF_UNIX)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (refused) {
        service->refused_count++;
        refuse(client);
    } else {
        service->client_count++;
        atomic_fetch_add(&service->count.clients, 1);
        atomic_fetch_add(&service->count.clients_total, 1);
        log_debug(service->options.log, LOG_NET, "%s has come", client->name);
    }
    service_client_proceed(client);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval again = {.tv_usec = ACCEPT_AGAIN_MS * 1000};
    struct service *service = arg;

    (void)what;
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        struct sockaddr_storage address = {0};
        socklen_t size = sizeof(address);
        int taken = accept4(fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (taken >= 0) {
            add_client(service, taken, &address);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return;
        /* The listener would stay readable, and be asked for ever. */
        log_warning(service->options.log, LOG_NET, "a connection can't be accepted: %s",
                    strerror(errno));
        for (size_t n = 0; n < service->options.listener_count; n++)
            event_del(service->accept[n]);
        event_add(service->accept_again, &again);
        return;
    }
}

static void on_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct service *service = arg;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < service->options.listener_count; i++)
        event_add(service->accept[i], NULL);
}

/* ---------------------------------------------------------------- answers */

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct service *service = arg;
    struct service_request *request, *next;
    struct service_client *touched = NULL;
    uint64_t count;

    (void)what;
    /* Before the list is taken: what comes later wakes us again. */
    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        log_error(service->options.log, LOG_NET, "eventfd: %s", strerror(errno));
    for (request = service_work_finished(service); request; request = next) {
        struct service_client *client = request->client;

        next = request->next;
        service_client_answer(client, request);
        if (client->touched)
            continue;
        client->touched = true;
        client->next_touched = touched;
        touched = client;
    }
    while (touched) {
        struct service_client *client = touched;

        touched = client->next_touched;
        client->touched = false;
        service_client_proceed(client);
    }
}

/* ---------------------------------------------------------------- begin and end */

static void close_listeners(struct service *service)
{
    for (size_t i = 0; i < SERVICE_MAX_LISTENERS; i++) {
        if (service->accept[i])
            event_free(service->accept[i]);
        service->accept[i] = NULL;
        listener_close(service->listeners[i]);
        service->listeners[i] = NULL;
    }
    service->options.listener_count = 0;
}

static void for_all_clients(struct service *service, void (*act)(struct service_client *client))
{
    struct service_client *client = service->clients, *next;

    for (; client; client = next) {
        next = client->next;
        act(client);
    }
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    struct service *service = arg;
    const struct timeval time = {.tv_sec = (time_t)service->options.drain_timeout_s};

    (void)fd;
    (void)what;
    event_del(service->stop);
    event_del(service->accept_again);
    close_listeners(service);
    for_all_clients(service, service_client_drain);
    service->draining = true;
    event_add(service->drain_over, &time);
    if (!service->clients)
        event_base_loopbreak(service->base);
}

static void on_drain_over(evutil_socket_t fd, short what, void *arg)
{
    struct service *service = arg;

    (void)fd;
    (void)what;
    log_warning(service->options.log, LOG_NET, "%" PRIuFAST64 " requests are left unanswered",
                atomic_load(&service->count.waiting));
    service->forced = true;
    for_all_clients(service, service_client_refuse_waiting);
}

static void *loop_main(void *arg)
{
    struct service *service = arg;

    event_base_dispatch(service->base);
    return NULL;
}

static void free_event(struct event *event)
{
    if (event)
        event_free(event);
}

static void free_service(struct service *service)
{
    close_listeners(service);
    free_event(service->accept_again);
    free_event(service->stop);
    free_event(service->done);
    free_event(service->drain_over);
    if (service->base)
        event_base_free(service->base);
    if (service->stop_fd >= 0)
        close(service->stop_fd);
    if (service->done_fd >= 0)
        close(service->done_fd);
    pthread_cond_destroy(&service->work);
    pthread_mutex_destroy(&service->lock);
    free(service);
}

static bool make_events(struct service *service)
{
    service->base = event_base_new();
    service->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    service->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!service->base || service->stop_fd < 0 || service->done_fd < 0)
        return false;
    service->stop = event_new(service->base, service->stop_fd, EV_READ, on_stop, service);
    service->done =
        event_new(service->base, service->done_fd, EV_READ | EV_PERSIST, on_done, service);
    service->drain_over = evtimer_new(service->base, on_drain_over, service);
    service->accept_again = evtimer_new(service->base, on_accept_again, service);
    if (!service->stop || !service->done || !service->drain_over || !service->accept_again ||
        event_add(service->stop, NULL) != 0 || event_add(service->done, NULL) != 0)
        return false;
    for (size_t i = 0; i < service->options.listener_count; i++) {
        service->accept[i] = event_new(service->base, listener_fd(service->listeners[i]),
                                       EV_READ | EV_PERSIST, on_accept, service);
        if (!service->accept[i] || event_add(service->accept[i], NULL) != 0)
            return false;
    }
    return true;
}

struct service *service_create(const struct service_options *options,
                               char error[static SERVICE_ERROR_SIZE])
{
    struct service *service = calloc(1, sizeof(*service));

    if (!service) {
        for (size_t i = 0; i < options->listener_count; i++)
            listener_close(options->listeners[i]);
        snprintf(error, SERVICE_ERROR_SIZE, "out of memory");
        return NULL;
    }
    service->options = *options;
    service->options.listeners = NULL; /* the caller's array; ours is below */
    for (size_t i = 0; i < options->listener_count; i++)
        service->listeners[i] = options->listeners[i];
    service->began_ns = clock_monotonic_ns();
    service->stop_fd = service->done_fd = -1;
    pthread_mutex_init(&service->lock, NULL);
    pthread_cond_init(&service->work, NULL);
    if (make_events(service) && service_work_start(service) &&
        pthread_create(&service->loop, NULL, loop_main, service) == 0)
        return service;
    snprintf(error, SERVICE_ERROR_SIZE, "cannot start: memory, threads or descriptors lack");
    service_work_stop(service);
    free_service(service);
    return NULL;
}

struct exs_verify_statistics service_destroy(struct service *service)
{
    struct exs_verify_statistics all = {0};
    const uint64_t one = 1;

    if (!service)
        return all;
    /* It is empty, so there is room. */
    if (write(service->stop_fd, &one, sizeof(one)) == sizeof(one))
        pthread_join(service->loop, NULL);
    service_work_stop(service);
    all = service_statistics(service);
    free_service(service);
    return all;
}
