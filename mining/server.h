/*
 * A small TCP server for questions with one answer: a client connects, asks, is
 * answered, and the connection is closed. What the API and the metrics stand on.
 *
 *     client --bytes--> server --request_fn--> answer --bytes--> client
 *
 * One thread a server, on libevent. Everything has a limit: connections at a
 * time, bytes of a question, and the time that a connection may last; a client
 * that keeps to none of them costs a place for that time, and nothing else.
 */
#ifndef MINING_SERVER_H
#define MINING_SERVER_H

#include "base/bytes.h"
#include "base/log.h"

enum {
    SERVER_ERROR_SIZE = 256,
    SERVER_NAME_SIZE = 64, /* "[2001:db8::1]:65535" */
    SERVER_MAX_CONNECTIONS = 32,
    SERVER_REQUEST_MAX = 8192,
    SERVER_ANSWER_MAX = 8 << 20,
    SERVER_LIFE_S = 10,   /* that a connection may last */
    SERVER_QUIET_MS = 250 /* after which a client that stopped in mid-question has said all */
};

/* Who asks: an IPv6 address, in which an IPv4 one is mapped (::ffff:a.b.c.d). */
struct server_peer {
    uint8_t address[16];
    char name[SERVER_NAME_SIZE];
};

enum server_verdict {
    SERVER_MORE,   /* the question is not complete; not to be said where all has come */
    SERVER_ANSWER, /* answer holds what to send */
    SERVER_DROP,   /* close without an answer */
};

/* What is sent. */
struct server_answer {
    char *data; /* from malloc; the server frees it */
    size_t size;
};

/*
 * Looks at what a peer has sent so far. all: nothing more is to be expected,
 * since the peer has closed its side, is quiet, or has sent SERVER_REQUEST_MAX
 * bytes. Called on the server's thread.
 */
typedef enum server_verdict server_request_fn(void *arg, const struct server_peer *peer,
                                              struct bytes request, bool all,
                                              struct server_answer *answer);

/* Whether a peer may ask at all: one that may not is hung up on, and takes no place. Called on the server's thread. */
typedef bool server_admit_fn(void *arg, const struct server_peer *peer);

struct server_options {
    const char *bind; /* "127.0.0.1:4028", "[::1]:4028", "localhost"; the port may lack */
    uint16_t port;    /* where bind has none */
    struct log *log;
    const char *what;          /* it serves, for the log: "API" */
    server_admit_fn *admit_fn; /* NULL: everybody may */
    server_request_fn *request_fn;
    void *arg;
};

struct server;

/*
 * Binds and starts the thread. What options point to but bind must outlive the
 * server. NULL, with the reason in error, where the address is none, is taken or
 * not of this machine, or memory or a thread can't be had.
 */
struct server *server_create(const struct server_options *options,
                             char error[static SERVER_ERROR_SIZE]);

/* Closes everything, after a moment for answers under way; request_fn is not called any more after it returns. */
void server_destroy(struct server *server);

/* Where it listens: "127.0.0.1:4028". */
const char *server_name(const struct server *server);

#endif
