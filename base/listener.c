#include "base/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct listener {
    int fd;
    bool has_file;
    dev_t device; /* of the file */
    ino_t inode;
    char name[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

enum {
    FOLDER_TRIES = 100, /* to have the folder for oneself */
    FOLDER_PAUSE_MS = 20,
};

int listener_fd(const struct listener *listener) { return listener->fd; }

const char *listener_name(const struct listener *listener) { return listener->name; }

static struct listener *create(int family, char *error)
{
    struct listener *listener = calloc(1, sizeof(*listener));

    if (!listener) {
        snprintf(error, LISTENER_ERROR_SIZE, "out of memory");
        return NULL;
    }
    listener->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener->fd >= 0)
        return listener;
    snprintf(error, LISTENER_ERROR_SIZE, "no socket can be had: %s", strerror(errno));
    free(listener);
    return NULL;
}

/* ---------------------------------------------------------------- TCP */

bool listener_parse_address(char host[static LISTENER_HOST_SIZE], uint16_t *port, const char *text)
{
    const char *start = text, *end, *number = NULL;
    char *stop;
    unsigned long value;

    if (*text && strspn(text, "0123456789") == strlen(text)) {
        start = end = "127.0.0.1";
        end += strlen(end);
        number = text;
    } else if (*text == '[') {
        start = text + 1;
        end = strchr(start, ']');
        if (!end || (end[1] && end[1] != ':'))
            return false;
        number = end[1] ? end + 2 : NULL;
    } else {
        end = strchr(text, ':');
        /* More than one colon: an IPv6 address without brackets, or nothing that could be told apart. */
        if (end && strchr(end + 1, ':'))
            return false;
        number = end ? end + 1 : NULL;
        end = end ? end : text + strlen(text);
    }
    if (start == end || (size_t)(end - start) >= LISTENER_HOST_SIZE)
        return false;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    if (!number)
        return true;
    value = strtoul(number, &stop, 10);
    if (*number < '0' || *number > '9' || *stop || value > 65535)
        return false;
    *port = (uint16_t)value;
    return true;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 ==
               IN_LOOPBACKNET;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static void name_tcp(struct listener *listener)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    char text[INET6_ADDRSTRLEN] = "?";

    if (getsockname(listener->fd, (struct sockaddr *)&bound, &size) != 0)
        return;
    if (bound.ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)&bound;

        inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text));
        snprintf(listener->name, sizeof(listener->name), "%s:%u", text, ntohs(in->sin_port));
    } else {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)&bound;

        inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof(text));
        snprintf(listener->name, sizeof(listener->name), "[%s]:%u", text, ntohs(in->sin6_port));
    }
}

static struct listener *listen_on(const struct addrinfo *found, const char *host, const char *port,
                                  char *error)
{
    struct listener *listener = create(found->ai_family, error);
    const int on = 1;

    if (!listener)
        return NULL;
    /* Else a port could not be taken again for minutes after its connections were closed. */
    if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(listener->fd, found->ai_addr, found->ai_addrlen) == 0 &&
        listen(listener->fd, LISTENER_BACKLOG) == 0) {
        name_tcp(listener);
        return listener;
    }
    snprintf(error, LISTENER_ERROR_SIZE, "cannot listen on %s port %s: %s", host, port,
             strerror(errno));
    listener_close(listener);
    return NULL;
}

struct listener *listener_tcp(const char *address, uint16_t port, bool loopback,
                              char error[static LISTENER_ERROR_SIZE])
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct listener *listener = NULL;
    char host[LISTENER_HOST_SIZE], number[8];
    int why;

    if (!listener_parse_address(host, &port, address)) {
        snprintf(error, LISTENER_ERROR_SIZE, "\"%.100s\" is not an address:port", address);
        return NULL;
    }
    snprintf(number, sizeof(number), "%u", (unsigned)port);
    why = getaddrinfo(host, number, &hints, &found);
    if (why) {
        snprintf(error, LISTENER_ERROR_SIZE, "%s: %s", host, gai_strerror(why));
        return NULL;
    }
    if (loopback && !is_loopback(found->ai_addr))
        snprintf(error, LISTENER_ERROR_SIZE,
                 "%s is no loopback address (127.0.0.1 and [::1] are), and nobody else is served",
                 host);
    else
        listener = listen_on(found, host, number, error);
    freeaddrinfo(found);
    return listener;
}

/* ---------------------------------------------------------------- Unix */

/*
 * The folder of a path, locked, so that of two programs that begin at once one sees the other's
 * socket. -1, with the reason, where it can't be had.
 */
static int lock_folder(const char *path, char *error)
{
    const struct timespec pause = {.tv_nsec = FOLDER_PAUSE_MS * 1000000L};
    char folder[sizeof(((struct listener *)0)->name) + 1];
    const char *slash = strrchr(path, '/');
    int fd;

    if (slash)
        snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
    else
        snprintf(folder, sizeof(folder), ".");
    fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(error, LISTENER_ERROR_SIZE, "%s: %s", folder, strerror(errno));
        return -1;
    }
    for (int i = 0; i < FOLDER_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        nanosleep(&pause, NULL);
    }
    snprintf(error, LISTENER_ERROR_SIZE, "%s: another program keeps this folder locked", folder);
    close(fd);
    return -1;
}

/* Whether the socket's file has nobody who listens to it; else, and where it can't be known, the reason. */
static bool is_stale(const struct sockaddr_un *address, char *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int why = 0;

    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        why = errno;
    if (fd >= 0)
        close(fd);
    if (why == ECONNREFUSED)
        return true;
    if (why == 0 || why == EAGAIN) /* EAGAIN: many wait to be accepted */
        snprintf(error, LISTENER_ERROR_SIZE, "%.160s: another program listens there",
                 address->sun_path);
    else
        snprintf(error, LISTENER_ERROR_SIZE, "%.160s: cannot tell whether somebody listens: %s",
                 address->sun_path, strerror(why));
    return false;
}

/* Removes what a program that was killed has left. */
static bool make_way(const struct sockaddr_un *address, char *error)
{
    const char *path = address->sun_path;
    struct stat s;

    if (lstat(path, &s) != 0) {
        if (errno == ENOENT)
            return true;
        snprintf(error, LISTENER_ERROR_SIZE, "%.160s: %s", path, strerror(errno));
        return false;
    }
    if (!S_ISSOCK(s.st_mode)) {
        snprintf(error, LISTENER_ERROR_SIZE, "%.160s is there, and no socket: it was left alone",
                 path);
        return false;
    }
    if (!is_stale(address, error))
        return false;
    if (unlink(path) == 0)
        return true;
    snprintf(error, LISTENER_ERROR_SIZE, "%.160s, a socket to which nobody listens: %s", path,
             strerror(errno));
    return false;
}

/* Nobody can connect before listen, so nobody does with other permissions than these. */
static bool bind_and_listen(struct listener *listener, const struct sockaddr_un *address,
                            unsigned mode)
{
    struct stat s = {0};

    if (bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) != 0)
        return false;
    listener->has_file = lstat(address->sun_path, &s) == 0;
    listener->device = s.st_dev;
    listener->inode = s.st_ino;
    return listener->has_file && chmod(address->sun_path, mode) == 0 &&
           listen(listener->fd, LISTENER_BACKLOG) == 0;
}

struct listener *listener_unix(const char *path, unsigned mode,
                               char error[static LISTENER_ERROR_SIZE])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct listener *listener;
    int folder;
    bool good = false;

    if (!*path || strlen(path) >= sizeof(address.sun_path)) {
        snprintf(error, LISTENER_ERROR_SIZE, "a socket's path has 1 to %zu bytes, not %zu",
                 sizeof(address.sun_path) - 1, strlen(path));
        return NULL;
    }
    listener = create(AF_UNIX, error);
    if (!listener)
        return NULL;
    memcpy(address.sun_path, path, strlen(path));
    memcpy(listener->name, path, strlen(path));
    folder = lock_folder(path, error);
    if (folder >= 0 && make_way(&address, error)) {
        good = bind_and_listen(listener, &address, mode);
        if (!good)
            snprintf(error, LISTENER_ERROR_SIZE, "cannot listen on %.160s: %s", path,
                     strerror(errno));
    }
    if (folder >= 0)
        close(folder);
    if (good)
        return listener;
    listener_close(listener);
    return NULL;
}

void listener_close(struct listener *listener)
{
    struct stat s;

    if (!listener)
        return;
    if (listener->has_file && lstat(listener->name, &s) == 0 && s.st_dev == listener->device &&
        s.st_ino == listener->inode)
        unlink(listener->name);
    close(listener->fd);
    free(listener);
}
