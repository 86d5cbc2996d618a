/* The run's state; for stratum*.c alone. */
#ifndef MINING_STRATUM_IMPL_H
#define MINING_STRATUM_IMPL_H

#include "mining/connection.h"
#include "mining/stratum.h"
#include "mining/stratum_client.h"
#include "mining/stratum_strategy.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    STRATUM_WORKS = 64, /* results of older ones than these are dropped */
};

#define STRATUM_SECOND_NS UINT64_C(1000000000)

/* A pool, and our connection to it if there is one. */
struct stratum_source {
    struct stratum *stratum;
    uint64_t serial; /* its own for ever: indexes change */
    struct connection_url url;
    char name[MINING_URL_SIZE];
    bool tls;
    bool enabled;
    bool chosen; /* the operator switched to it, and it gives no work yet */
    unsigned priority, quota;

    struct stratum_client *client;
    struct connection *connection;      /* NULL: none */
    bool begun;                         /* the client was told of the connection */
    struct stratum_reconnect elsewhere; /* where the pool sent us; host "" : its own */
    uint64_t tried_ns;                  /* when the try under way, or the last one, began */
    uint64_t retry_ns;                  /* no try before this */
    uint64_t unwanted_ns;               /* since when the connection is not wanted; 0: it is */
    unsigned failures;                  /* in a row */
    unsigned reconnects;                /* that the pool asked for in a row */
    uint64_t all_failures;
    bool alive;
    uint64_t alive_ns; /* since when */
    double hashes;     /* for load balancing */
    uint64_t last_accepted_s;
    char text[MINING_CONTROL_TEXT_SIZE];

    /* Extranonces are given to the search in chunks, so that none is searched twice in one second of a job. */
    uint64_t chunk;     /* the next one */
    uint64_t chunk_job; /* the job (of stratum_client_jobs) and time that the next number is of */
    uint32_t chunk_time;
    uint64_t chunks_used;
};

struct stratum_work {
    uint64_t tag, serial;
    struct stratum_job *job;
    struct uint256 target;
};

struct stratum {
    struct stratum_options options;
    char *agent;
    struct connection_url proxy;
    struct connection_trust *trust; /* NULL where no pool wants TLS */
    char *ca_file;
    struct clock real_clock;
    uint64_t random; /* state of a generator for pauses and first extranonces: nothing secret */

    atomic_bool stop;
    int wake_fd;
    char error[STRATUM_ERROR_SIZE];
    bool ended; /* this and end: of stratum_run's thread alone */
    enum stratum_end end;

    pthread_mutex_t lock; /* guards all below; held but for polling and status_fn */
    struct stratum_source *source[STRATUM_MAX_POOLS];
    size_t count;
    uint64_t serials;
    struct mining_counts removed; /* of sources that are no more */
    double best_difficulty;
    uint64_t best_s;
    bool changed; /* the status */

    /* What is searched. */
    uint64_t current; /* the source's serial; 0: none */
    uint64_t current_ns;
    uint64_t revision; /* of the client, when its work was set */
    bool searching;
    bool used_up;  /* all extranonces of this second were searched */
    uint32_t time; /* of the headers that are searched */
    uint32_t mask;
    uint64_t tag;
    uint64_t hashes; /* of the miner, when they were last counted for a source */
    struct stratum_work work[STRATUM_WORKS];
};

uint64_t stratum_now_ns(const struct stratum *s);
int64_t stratum_now_s(const struct stratum *s);
uint32_t stratum_random(struct stratum *s);

/* A source for a pool, at the end of the list; NULL, with the reason in text, where it is none. */
struct stratum_source *stratum_source_create(struct stratum *s, const struct stratum_pool *pool,
                                             char text[static STRATUM_ERROR_SIZE]);
void stratum_source_destroy(struct stratum_source *source);

/* Its index; count where the serial is of none. */
size_t stratum_source_find(const struct stratum *s, uint64_t serial);

/* Does what can be done now: connects, reads, writes, gives up. wanted is the strategy's word. */
void stratum_source_serve(struct stratum_source *source, bool wanted, uint64_t now_ns);

/* Ends the connection with a reason, and waits before the next. */
void stratum_source_fail(struct stratum_source *source, const char *why, uint64_t now_ns);

/* Why the client's last call failed: the connection's reason goes before its own. */
const char *stratum_source_error(const struct stratum_source *source);

/* Ends the connection, if there is one, as it is not wanted any more. */
void stratum_source_hang_up(struct stratum_source *source, uint64_t now_ns);

/* How the sources look to the strategy. */
void stratum_strategy_view(const struct stratum *s, struct strategy *out, uint64_t now_ns);

/* Takes up the chosen source's latest job, or rests. */
void stratum_choose(struct stratum *s, uint64_t now_ns);

/* Searches another source's work from now on, at the next stratum_choose; NULL: none's. */
void stratum_set_current(struct stratum *s, const struct stratum_source *source, uint64_t now_ns);

/* Wakes stratum_run. */
void stratum_wake(struct stratum *s);

#endif
