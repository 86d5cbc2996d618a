/*
 * Host names to addresses, on a thread of their own: getaddrinfo may take many
 * seconds and can't be ended. A lookup that nobody waits for any more ends by itself.
 *
 * A lookup belongs to one thread.
 */
#ifndef MINING_CONNECTION_RESOLVER_H
#define MINING_CONNECTION_RESOLVER_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

struct resolver;

/* Begins; NULL where threads or memory lack. host is copied. An address in figures needs no thread. */
struct resolver *resolver_start(const char *host, uint16_t port);

/* Readable once the lookup is done: for poll(2) alone. */
int resolver_fd(const struct resolver *r);

/* Whether it is done. Then list holds the addresses, or NULL and error a text of the system's. */
bool resolver_done(struct resolver *r, const struct addrinfo **list, const char **error);

/* Frees the addresses too. NULL does nothing. */
void resolver_destroy(struct resolver *r);

#endif
