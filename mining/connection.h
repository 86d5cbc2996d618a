/*
 * A bounded connection that carries lines: TCP or TLS, directly or through a
 * SOCKS5 proxy. Nothing here waits: the owner calls connection_advance when
 * connection_fd is ready for connection_events, and takes the lines that came.
 *
 *     name -> TCP -> [proxy] -> [TLS] -> lines
 *
 * Each stage has the same time limit. A line longer than its limit, an answer
 * that is not read for too long, a certificate that does not hold: the
 * connection has failed, and says why. The peer's bytes are otherwise the owner's
 * to judge.
 *
 * Programs that use it must ignore SIGPIPE (TLS writes may raise it). One thread a
 * connection; a struct connection_trust may be shared by many threads.
 */
#ifndef MINING_CONNECTION_H
#define MINING_CONNECTION_H

#include "base/bytes.h"
#include "mining/connection_url.h"

enum {
    CONNECTION_ERROR_SIZE = 256,
    CONNECTION_OUT_MAX = 256 << 10, /* bytes that may wait to be sent */
};

/* Whose certificates are trusted. */
struct connection_trust;

/*
 * ca_file: certificates in PEM to trust, a server's own included, in place of the
 * system's; NULL for the system's. With any, nothing is checked. NULL, with the
 * reason in error, where the file can't be read or memory lacks.
 */
struct connection_trust *connection_trust_create(const char *ca_file, bool any,
                                                 char error[static CONNECTION_ERROR_SIZE]);
void connection_trust_destroy(struct connection_trust *trust); /* NULL does nothing */

struct connection_options {
    const char *host; /* a name or an address */
    uint16_t port;
    const struct connection_trust *trust; /* NULL: TCP without TLS */
    const struct connection_url *proxy;   /* NULL: none; its scheme is socks5 or socks5h */
    uint64_t stage_ns;                    /* for each stage before lines can go */
    size_t line_max;                      /* bytes, without the end */
};

struct connection;

/* Begins to connect. Strings are copied, trust and proxy must outlive it. NULL where memory or threads lack. */
struct connection *connection_create(const struct connection_options *options, uint64_t now_ns);
void connection_destroy(struct connection *c); /* NULL does nothing */

/* What to wait for with poll(2). connection_has_more: there is something to do at once. */
int connection_fd(const struct connection *c);
short connection_events(const struct connection *c);
bool connection_has_more(const struct connection *c);

enum connection_state {
    CONNECTION_OPENING,
    CONNECTION_OPEN,
    CONNECTION_FAILED, /* see connection_error; lines that came before may still be taken */
};

/* Goes on as far as it can without waiting. Also to be called about once a second, for its time limits. */
enum connection_state connection_advance(struct connection *c, uint64_t now_ns);

/* Takes the next line, without its end; valid until the next call. False where none is complete. */
bool connection_line(struct connection *c, struct bytes *line);

/*
 * Sends what goes at once, and keeps the rest for connection_advance. False, and
 * the connection failed, where it broke or more than CONNECTION_OUT_MAX bytes
 * would be kept. It must have been open.
 */
bool connection_send(struct connection *c, struct bytes data);

/* Why it failed; "" before. */
const char *connection_error(const struct connection *c);

#endif
