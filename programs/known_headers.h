/* Headers of Bitcoin's main chain: what a search must be able to find again. */
#ifndef PROGRAMS_KNOWN_HEADERS_H
#define PROGRAMS_KNOWN_HEADERS_H

#include <stddef.h>

struct known_header {
    int height;
    const char *header; /* 80 bytes in hexadecimal */
    const char *hash;   /* as people write it */
};

/* By height, ended by one without a header. */
extern const struct known_header known_headers[];

#endif
