/*
 * The client's side of SOCKS5 (RFC 1928), with or without user and password (RFC 1929),
 * over bytes: no sockets.
 *
 *     start  -> greeting to send
 *     take   -> the proxy's bytes; what to send next, until it is done
 *
 * One thread an exchange.
 */
#ifndef MINING_CONNECTION_SOCKS5_H
#define MINING_CONNECTION_SOCKS5_H

#include "base/bytes.h"

enum {
    SOCKS5_OUT_SIZE = 520, /* the longest message: version, user and password of 255 bytes */
    SOCKS5_IN_SIZE = 262,  /* the longest answer: a bound name of 255 bytes */
};

struct socks5_login {
    const char *user, *password; /* NULL: none; at most 255 bytes each */
};

/* Where to connect to: an address of 4 or 16 bytes, or a name that the proxy resolves. */
struct socks5_target {
    struct bytes address; /* empty for a name */
    const char *name;     /* at most 255 bytes */
    uint16_t port;
};

enum socks5_step {
    SOCKS5_MORE, /* waits for further bytes of the proxy */
    SOCKS5_DONE, /* what follows is between the two ends */
    SOCKS5_FAILED,
};

struct socks5 {
    struct socks5_login login;
    struct socks5_target target;
    enum { SOCKS5_METHOD, SOCKS5_LOGIN, SOCKS5_REPLY } state;
    uint8_t in[SOCKS5_IN_SIZE];
    size_t in_size;
    uint8_t out[SOCKS5_OUT_SIZE]; /* to be sent; the caller zeroes out_size when it has */
    size_t out_size;
    const char *error; /* why it failed; a constant */
};

/* login's and target's strings must outlive s. */
void socks5_start(struct socks5 *s, const struct socks5_login *login,
                  const struct socks5_target *target);

/* How many bytes to read next, at most: not one more than the proxy's answer has. 0 at the end. */
size_t socks5_wants(const struct socks5 *s);

/* Takes bytes that came, at most socks5_wants. */
enum socks5_step socks5_take(struct socks5 *s, struct bytes bytes);

#endif
