/* A session with a made-up pool, on a made-up clock: for the tests of stratum_client. */
#ifndef TESTS_UNIT_MINING_SESSION_H
#define TESTS_UNIT_MINING_SESSION_H

#include "tests/unit/mining/support.h"

#include "mining/stratum_client.h"

#define SECOND_NS UINT64_C(1000000000)
#define MASK 0x1fffe000
/* No share solves a block of the first, every second hash one of the other. */
#define HARD_BITS "1800ffff"
#define EASY_BITS "207fffff"

enum { SESSION_SENT_MAX = 2048 };

extern struct session {
    struct stratum_client *client;
    json_t *sent[SESSION_SENT_MAX];
    size_t count, read; /* lines that were sent, and of those looked at */
    bool deaf;          /* nothing can be sent */
    uint64_t now;
    uint32_t nonce; /* where the next share is looked for */
    size_t accepted, rejected, lane;
} session;

/* Of every test; start_afresh is both in turn. */
int session_set_up(void **state);
int session_tear_down(void **state);
void session_start_afresh(void);
int session_set_up_with(const struct stratum_client_options *changed); /* NULL: the usual ones */

/* What the pool says; false where the client wants to hang up. */
bool session_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The next line that was sent, which must be a request of this method: its parameters, and then its id. */
json_t *session_expect(const char *method);
json_int_t session_last_id(void);
void session_expect_nothing(void);
const char *session_text_of(const json_t *list, size_t index);

/* Up to the point where the pool has authorised us; mask NULL: it does not know mining.configure. */
void session_greet(const char *extranonce1, const char *mask);

/* A job; and all up to the first one, whose shares have a difficulty of 1e-9. */
bool session_notify(const char *id, unsigned previous, const char *bits, bool clean);
void session_start(const char *bits);

/* The header of a share of this job that meets difficulty 1e-9, or misses it; one that is submitted. */
void session_find(uint8_t header[static 80], struct stratum_job *job, bool good);
enum stratum_submit session_submit(struct stratum_job *job);

struct stratum_job *session_job(void);
struct mining_counts session_counts(void);

#endif
