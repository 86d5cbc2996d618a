/*
 * The frames of docs/verify-protocol.md: from structs to bytes and back, for
 * both sides.
 *
 *     | size 4 | type 1 | zeros 3 | id 8 |  payload: size bytes  |
 *
 * Everything is little-endian. Writers take a payload's place, or NULL, and return its size; readers
 * take exactly one payload, whose bytes the result points to. Pure; any thread.
 */
#ifndef VALIDATION_SERVICE_WIRE_H
#define VALIDATION_SERVICE_WIRE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "include/exs/verify_client.h"

enum {
    WIRE_VERSION = 1,
    WIRE_HEADER_SIZE = 16,
    WIRE_HELLO_MAX = 64,      /* bytes of a client's hello */
    WIRE_PING_MAX = 1024,     /* that are sent back */
    WIRE_TEXT_MAX = 255,      /* bytes of a text */
    WIRE_NETWORK_SIZE = 16,   /* a name and the zeros behind it */
    WIRE_COIN_SIZE = 28,      /* of a spent output without its script */
    WIRE_SIGNATURE_SIZE = 36, /* of a signature without key and signature */
    WIRE_CHALLENGE_MAX = 10000,
    WIRE_ANSWER_MAX = 4096, /* of an answer, beside a byte for each signature that was asked */
};

/* Requests are enum exs_verify_kind and a hello; the answer to one has the high bit set. */
enum {
    WIRE_HELLO = 1,
    WIRE_ANSWER = 0x80,
    WIRE_ERROR = 0xff,
};

struct wire_header {
    uint32_t size; /* of the payload */
    uint8_t type;
    uint64_t id;
};

void wire_header_write(uint8_t out[static WIRE_HEADER_SIZE], const struct wire_header *header);

/* False where the bytes that must be zero are not. */
bool wire_header_read(struct wire_header *out, const uint8_t in[static WIRE_HEADER_SIZE]);

enum wire_result {
    WIRE_OK,
    WIRE_MALFORMED, /* too short, too long, or something in it may not be */
    WIRE_NO_MEMORY, /* the arena is exhausted */
};

/* Hello: the client's, and the service's. */
size_t wire_hello_write(uint8_t *out, uint16_t version);
enum wire_result wire_hello_read(uint16_t *version, struct bytes payload);
size_t wire_service_write(uint8_t *out, const struct exs_verify_service *service);
enum wire_result wire_service_read(struct exs_verify_service *out, struct bytes payload);

/* An error frame. Text is cut at WIRE_TEXT_MAX bytes. */
size_t wire_error_write(uint8_t *out, enum exs_verify_error code, const char *text);
enum wire_result wire_error_read(enum exs_verify_error *code, struct bytes *text,
                                 struct bytes payload);

/* Signatures. Keys and signatures that are read point into the payload, the array lies in the arena. */
size_t wire_signatures_write(uint8_t *out, const struct exs_verify_signature *signatures, size_t n);
enum wire_result wire_signatures_read(struct exs_verify_signature **out, size_t *n,
                                      struct arena *arena, struct bytes payload);

/* Whether a signature can be written: no size beyond its field, no pointer that lacks. */
bool wire_signature_fits(const struct exs_verify_signature *signature);

/* Their answer: good holds n times 0 or 1. */
size_t wire_good_write(uint8_t *out, const uint8_t *good, size_t n);
enum wire_result wire_good_read(struct bytes *good, struct bytes payload);

/* A place as it is read: the network's name is copied, so that it ends. */
struct wire_place {
    char network[WIRE_NETWORK_SIZE + 1];
    struct exs_block_place place; /* its network is the one above */
};

/*
 * Questions. In those that are read, spent lies in the arena and place points to the wire_place
 * given; a place that was NULL is written as no network and an unknown height, and read as that.
 */
size_t wire_script_write(uint8_t *out, const struct exs_verify_script_question *q);
enum wire_result wire_script_read(struct exs_verify_script_question *out, struct arena *arena,
                                  struct bytes payload);
size_t wire_transaction_write(uint8_t *out, const struct exs_verify_transaction_question *q);
enum wire_result wire_transaction_read(struct exs_verify_transaction_question *out,
                                       struct wire_place *place, struct arena *arena,
                                       struct bytes payload);
size_t wire_block_write(uint8_t *out, const struct exs_verify_block_question *q);
enum wire_result wire_block_read(struct exs_verify_block_question *out, struct wire_place *place,
                                 struct arena *arena, struct bytes payload);

/* Whether the parts of a question can be written: as wire_signature_fits. */
bool wire_place_fits(const struct exs_block_place *place);
bool wire_spent_fits(const struct exs_spent *spent, size_t n);

/*
 * The answer to them: a verdict and, for people, Core's reject reason and the name of its script
 * error; "" where there is none.
 */
size_t wire_verdict_write(uint8_t *out, const struct exs_verdict *verdict, const char *reason,
                          const char *script_error);
enum wire_result wire_verdict_read(struct exs_verdict *out, struct bytes *reason,
                                   struct bytes *script_error, struct bytes payload);

/* Statistics: numbers in the order of the struct. A reader takes more of them than it knows, or fewer. */
size_t wire_statistics_write(uint8_t *out, const struct exs_verify_statistics *statistics);
enum wire_result wire_statistics_read(struct exs_verify_statistics *out, struct bytes payload);

#endif
