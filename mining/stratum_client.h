/*
 * One pool's session in Stratum V1: lines in, lines out, and what they mean.
 *
 *     connection --line--> stratum_client --send_fn--> connection
 *                                 |  job, version mask, revision
 *     miner's results --submit--> |--share_fn--> whoever counts
 *
 * No sockets, no clock, no threads: the owner brings lines and the time, and ends
 * the connection when a call returns false. The client itself lasts from one
 * connection to the next, so that a session can be resumed.
 *
 *     begin -> configure and subscribe -> authorize -> ready: jobs are worth searching
 *
 * What a pool may send: mining.notify, set_difficulty, set_extranonce,
 * set_version_mask, ping; client.reconnect, show_message, get_version, ping.
 * Requests beyond these are answered with an error. Lines that make no sense
 * are said and left; STRATUM_CLIENT_GARBAGE_MAX of them on one connection end
 * it, and the first one at once if nothing sensible came before.
 *
 * Sources: BIP310 (configure, set_version_mask), the Stratum V1 of slush's pool,
 * NiceHash's extranonce subscription.
 */
#ifndef MINING_STRATUM_CLIENT_H
#define MINING_STRATUM_CLIENT_H

#include "mining/stratum_shares.h"

enum {
    STRATUM_CLIENT_TEXT_SIZE = 192,
    STRATUM_CLIENT_GARBAGE_MAX = 8,
    STRATUM_CLIENT_LINE_MAX =
        1 << 20, /* bytes: a coinbase of 200000, hexadecimal, and its branch */
    STRATUM_CLIENT_SESSION_SIZE = 129,
    STRATUM_CLIENT_HOST_SIZE = 256,
    STRATUM_CLIENT_RECONNECT_MAX_S = 600,
    STRATUM_CLIENT_LOST_MAX =
        5, /* shares without an answer, one after another: the pool is silent */
    STRATUM_CLIENT_UNKNOWN_MAX = 3, /* refusals as of a stranger, likewise */
};

struct stratum_client_options {
    const char *name; /* of the pool, for logs */
    const char *user, *password;
    const char *agent;
    uint32_t version_mask;     /* the bits that we can roll; 0: rolling is not asked for */
    double suggest_difficulty; /* 0: none */
    uint64_t answer_ns;        /* how long an answer may take */
    uint64_t silent_ns;        /* without a job for so long, the pool is left */
    const struct kernels *kernels;
    struct log *log;
};

/* Called within the functions below. */
struct stratum_client_owner {
    void *arg;
    /* A line to send, its end included. False where it can't be; then the session fails. */
    bool (*send_fn)(void *arg, struct bytes line);
    /* A share was answered; NULL: not of interest. */
    void (*share_fn)(void *arg, const struct stratum_share *share, bool accepted);
};

struct stratum_client;

/* What a pool asked for by client.reconnect. */
struct stratum_reconnect {
    char host[STRATUM_CLIENT_HOST_SIZE]; /* "" for the same */
    uint16_t port;                       /* 0 for the same */
    unsigned wait_s;
};

enum stratum_submit {
    STRATUM_SENT,
    STRATUM_HELD,      /* there is no connection: sent after it has been resumed, perhaps */
    STRATUM_STALE,     /* its job was replaced, or the version bits may not be rolled any more */
    STRATUM_DUPLICATE, /* it was sent already */
    STRATUM_LOW, /* its hash does not meet the target: the search is wrong, or the target changed */
    STRATUM_FULL,   /* too many await answers: not taken, unless it solves a block */
    STRATUM_BROKEN, /* the connection is to be ended, see stratum_client_error; the share is held */
};

/* Options' strings, and what the owner points to, must outlive the client. NULL where memory lacks. */
struct stratum_client *stratum_client_create(const struct stratum_client_options *options,
                                             const struct stratum_client_owner *owner);
void stratum_client_destroy(struct stratum_client *c); /* NULL does nothing */

/*
 * A connection was made: greets the pool. Each of these three returns false
 * where the connection is to be ended; stratum_client_error says why.
 */
bool stratum_client_begin(struct stratum_client *c, uint64_t now_ns);
bool stratum_client_line(struct stratum_client *c, struct bytes line, uint64_t now_ns);
bool stratum_client_tick(struct stratum_client *c, uint64_t now_ns); /* about once a second */

/* The connection is gone. Without a session to resume, shares that wait are lost. */
void stratum_client_end(struct stratum_client *c, uint64_t now_ns);

/*
 * A result of the search on a job of this client; lane is for share_fn. The share is
 * counted here, but for STRATUM_FULL; STRATUM_LOW is counted nowhere. One that
 * solves a block is sent even where it is stale or low.
 */
enum stratum_submit stratum_client_submit(struct stratum_client *c, struct stratum_job *job,
                                          uint64_t extranonce, const uint8_t header[static 80],
                                          size_t lane, uint64_t now_ns);

/* The job to search: NULL until the pool has authorised us and given one. The client's; take a reference. */
struct stratum_job *stratum_client_job(const struct stratum_client *c);

/* The bits that may be rolled in that job. */
uint32_t stratum_client_version_mask(const struct stratum_client *c);

/* Grows whenever one of the two above, or the target to search for, may have changed. */
uint64_t stratum_client_revision(const struct stratum_client *c);

/*
 * What results of the current job must meet: its own target; or the network's
 * while that is easier, as on test networks, no block was found on this
 * predecessor, and the pool has not refused such a block.
 */
struct uint256 stratum_client_target(const struct stratum_client *c);

/* Whether the job's work is void: another job came with clean_jobs, or the session is another. */
bool stratum_client_is_stale(const struct stratum_client *c, const struct stratum_job *job);

/* Takes what client.reconnect asked for; false where nothing. */
bool stratum_client_take_reconnect(struct stratum_client *c, struct stratum_reconnect *out);

/* Why a call returned false. */
const char *stratum_client_error(const struct stratum_client *c);

/* Whether the pool refused user and password: trying again soon is no use. */
bool stratum_client_refused(const struct stratum_client *c);

/* Counts all that waits as lost, or as stale where it was never sent: no answer is expected any more. */
void stratum_client_give_up(struct stratum_client *c);

/* Shares and counts. */
struct stratum_shares *stratum_client_shares(struct stratum_client *c);

/* Jobs that came, in all; the difficulty of the next one. */
uint64_t stratum_client_jobs(const struct stratum_client *c);
double stratum_client_difficulty(const struct stratum_client *c);

#endif
