/* A session's state, and what its two halves call of each other; for stratum_client*.c alone. */
#ifndef MINING_STRATUM_CLIENT_IMPL_H
#define MINING_STRATUM_CLIENT_IMPL_H

#include "base/json_writer.h"
#include "mining/stratum_client.h"

enum stratum_client_state { STRATUM_OFF, STRATUM_SUBSCRIBING, STRATUM_AUTHORISING, STRATUM_READY };

struct stratum_client {
    struct stratum_client_options options;
    struct stratum_client_owner owner;
    enum stratum_client_state state;
    uint64_t state_ns; /* since when */
    char error[STRATUM_CLIENT_TEXT_SIZE];
    bool refused;

    uint64_t last_id; /* of our requests */
    /* The requests of this connection that await an answer; 0: none. */
    uint64_t configure_id, subscribe_id, authorize_id, extranonce_id, suggest_id, ping_id;
    bool sensible;       /* something on this connection was Stratum */
    unsigned garbage;    /* lines that were none */
    unsigned messages;   /* of the pool's, that were shown */
    unsigned unknown;    /* shares in a row that were refused as a stranger's */
    bool pings_answered; /* on this connection */
    bool extranonce_subscribed;
    uint64_t line_ns, ping_ns; /* of the last line that came, and the last ping sent */
    uint64_t said_ns;          /* when an accepted share was last logged */
    uint64_t difficulty_ns;    /* when the difficulty last changed */

    /* Kept from one connection to the next. */
    bool no_configure;                         /* the pool hangs up on it */
    char session[STRATUM_CLIENT_SESSION_SIZE]; /* "": none */
    bool subscribed_once;
    struct stratum_extranonce subscribed; /* what the last subscribe answered */
    struct stratum_extranonce extranonce; /* of the next job */
    double difficulty;                    /* of the next job */
    bool rolling;                         /* submit names version bits */
    uint32_t mask;                        /* the pool's and ours */
    uint64_t epoch;                       /* grows with clean_jobs; jobs have theirs */
    uint64_t session_epoch;               /* jobs before it were of another session */
    bool resuming;                        /* shares wait for the next job, to be sent again */
    struct stratum_job *job;              /* the latest, or NULL */
    bool job_current;                     /* it came on this connection */
    uint64_t job_ns, jobs, revision;
    bool shares_alone; /* the pool refuses blocks that its own target does not admit */
    bool block_found;
    uint8_t block_previous[32]; /* the predecessor of the last block found */
    bool wants_reconnect;
    struct stratum_reconnect reconnect;
    struct stratum_shares shares;
};

/* Says why the connection is to be ended; returns false. */
bool stratum_client_fail(struct stratum_client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A request that is being written: begun with its method, ended with its parameters' array closed. */
struct stratum_request {
    struct json_writer w;
    char text[2048];
};

uint64_t stratum_client_open(struct stratum_client *c, struct stratum_request *r,
                             const char *method);
bool stratum_client_send(struct stratum_client *c, struct stratum_request *r);

/* Sends what a writer holds as a line; false, and the session failed, where that can't be. */
bool stratum_client_send_line(struct stratum_client *c, struct stratum_request *r);

/* What follows from the answers to subscribe and authorize. */
bool stratum_client_authorize(struct stratum_client *c, uint64_t now_ns);
bool stratum_client_become_ready(struct stratum_client *c, uint64_t now_ns);

/* Sends again, or gives up, what waits since before the connection; does nothing before it is ready and has a job. */
bool stratum_client_resume(struct stratum_client *c, uint64_t now_ns);

#endif
