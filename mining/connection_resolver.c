#include "mining/connection_resolver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct resolver {
    char host[256], port[8];
    int fd;
    struct addrinfo *list; /* this and code: the thread's until done */
    int code;
    atomic_bool done;
    atomic_uint references; /* the owner's and the thread's */
};

static void unref(struct resolver *r)
{
    if (atomic_fetch_sub(&r->references, 1) != 1)
        return;
    if (r->list)
        freeaddrinfo(r->list);
    close(r->fd);
    free(r);
}

static int look_up(struct resolver *r, int flags)
{
    struct addrinfo hints = {.ai_flags = flags, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(r->host, r->port, &hints, &r->list);
}

static void finish(struct resolver *r, int code)
{
    uint64_t one = 1;
    ssize_t written;

    r->code = code;
    atomic_store(&r->done, true);
    written = write(r->fd, &one, sizeof(one));
    /* It cannot fail: nothing else is ever written. */
    (void)written;
}

static void *resolver_main(void *arg)
{
    finish(arg, look_up(arg, AI_NUMERICSERV));
    unref(arg);
    return NULL;
}

static bool start_thread(struct resolver *r)
{
    pthread_attr_t attr;
    pthread_t thread;
    bool good;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    atomic_fetch_add(&r->references, 1);
    good = pthread_create(&thread, &attr, resolver_main, r) == 0;
    if (!good)
        atomic_fetch_sub(&r->references, 1);
    pthread_attr_destroy(&attr);
    return good;
}

struct resolver *resolver_start(const char *host, uint16_t port)
{
    struct resolver *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    atomic_init(&r->references, 1);
    snprintf(r->host, sizeof(r->host), "%s", host);
    snprintf(r->port, sizeof(r->port), "%u", port);
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->fd < 0) {
        free(r);
        return NULL;
    }
    if (look_up(r, AI_NUMERICSERV | AI_NUMERICHOST) == 0) {
        finish(r, 0);
        return r;
    }
    if (start_thread(r))
        return r;
    unref(r);
    return NULL;
}

int resolver_fd(const struct resolver *r) { return r->fd; }

bool resolver_done(struct resolver *r, const struct addrinfo **list, const char **error)
{
    if (!atomic_load(&r->done))
        return false;
    *list = r->code ? NULL : r->list;
    *error = r->code ? gai_strerror(r->code) : "";
    return true;
}

void resolver_destroy(struct resolver *r)
{
    if (r)
        unref(r);
}
