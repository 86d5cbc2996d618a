/* TLS on a connected socket that does not block; OpenSSL is seen in connection_tls.c alone. */
#ifndef MINING_CONNECTION_TLS_H
#define MINING_CONNECTION_TLS_H

#include "mining/connection.h"

#include <sys/types.h>

struct connection_tls;

/* On a socket of the caller's; host is checked against the certificate and sent as SNI. NULL where memory lacks. */
struct connection_tls *connection_tls_create(const struct connection_trust *trust, int fd,
                                             const char *host);
void connection_tls_destroy(struct connection_tls *tls); /* NULL does nothing */

enum connection_io {
    CONNECTION_IO_DONE,
    CONNECTION_IO_READ,  /* wait until the socket can be read */
    CONNECTION_IO_WRITE, /* or written */
    CONNECTION_IO_END,   /* the peer closed it */
    CONNECTION_IO_ERROR,
};

/* Goes on with the handshake; the reason of an error to error. */
enum connection_io connection_tls_shake(struct connection_tls *tls,
                                        char error[static CONNECTION_ERROR_SIZE]);

/* Reads or writes some of size bytes; how many to done, more than 0 with CONNECTION_IO_DONE. */
enum connection_io connection_tls_read(struct connection_tls *tls, uint8_t *out, size_t size,
                                       size_t *done, char error[static CONNECTION_ERROR_SIZE]);
enum connection_io connection_tls_write(struct connection_tls *tls, const uint8_t *data,
                                        size_t size, size_t *done,
                                        char error[static CONNECTION_ERROR_SIZE]);

#endif
