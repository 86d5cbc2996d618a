/* scheme://[user[:password]@]host:port[/], as pools and proxies are named. Pure. */
#ifndef MINING_CONNECTION_URL_H
#define MINING_CONNECTION_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONNECTION_HOST_SIZE = 256,  /* a name of at most 255 bytes (RFC 1035), and what ends it */
    CONNECTION_LOGIN_SIZE = 256, /* RFC 1929 carries 255 bytes */
    CONNECTION_URL_ERROR_SIZE = 128,
};

struct connection_url {
    char scheme[16];                 /* in small letters */
    char host[CONNECTION_HOST_SIZE]; /* without the brackets of an IPv6 address */
    uint16_t port;
    bool has_user, has_password;
    char user[CONNECTION_LOGIN_SIZE]; /* %40 and the like replaced */
    char password[CONNECTION_LOGIN_SIZE];
};

/*
 * Reads a URL. False, with the reason in error (which holds nothing of the URL), where
 * something lacks, is too long, or follows the port but a single slash.
 */
bool connection_url_parse(struct connection_url *out, const char *text,
                          char error[static CONNECTION_URL_ERROR_SIZE]);

/* "scheme://host:port" to out, cut to size: a name for people, without user and password. */
void connection_url_name(char *out, size_t size, const struct connection_url *url);

#endif
