/*
 * Sockets that listen: on TCP, and on a path as Unix sockets.
 *
 * A Unix socket's file outlives a program that was killed. Such a file, to which
 * nobody listens, is replaced; one of a program that lives, or one that is no
 * socket, is left alone and is an error.
 *
 * Functions may be called on any thread; a listener belongs to one at a time.
 */
#ifndef BASE_LISTENER_H
#define BASE_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LISTENER_ERROR_SIZE = 256,
    LISTENER_HOST_SIZE = 64,
    LISTENER_BACKLOG = 128,
};

struct listener;

/*
 * Splits "host:port", "[v6]:port", "host" or "port" (digits alone). host gets
 * "127.0.0.1" where there is none; port is left alone where there is none. False where the text is
 * none of them.
 */
bool listener_parse_address(char host[static LISTENER_HOST_SIZE], uint16_t *port, const char *text);

/*
 * Listens on an address as above; port 0 is any that is free. loopback: refuse every other address,
 * for what must not leave the machine. NULL, with the reason in error, where that can't be.
 */
struct listener *listener_tcp(const char *address, uint16_t port, bool loopback,
                              char error[static LISTENER_ERROR_SIZE]);

/*
 * Listens on a path, whose file gets the permissions given (0600, say: connecting takes the right to
 * write). NULL, with the reason in error, where that can't be.
 */
struct listener *listener_unix(const char *path, unsigned mode,
                               char error[static LISTENER_ERROR_SIZE]);

/* Non-blocking, and closed on exec. */
int listener_fd(const struct listener *listener);

/* "127.0.0.1:4028", "[::1]:4028", or the path. */
const char *listener_name(const struct listener *listener);

/* Stops listening; the file goes, where it still is this listener's. NULL is nothing. */
void listener_close(struct listener *listener);

#endif
