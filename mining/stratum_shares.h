/*
 * The shares of one pool: those that were sent and await an answer, what has
 * been sent lately, and what became of all. Plain data of one thread.
 */
#ifndef MINING_STRATUM_SHARES_H
#define MINING_STRATUM_SHARES_H

#include "base/log.h"
#include "mining/status.h"
#include "mining/stratum_job.h"

enum {
    STRATUM_SHARES_MAX = 512, /* that await their answers */
    STRATUM_SHARES_REMEMBERED = 2048,
};

struct stratum_share {
    uint64_t id;             /* of its mining.submit; 0 where it could not be sent yet */
    struct stratum_job *job; /* with a reference; NULL in a free place */
    uint64_t extranonce;
    uint8_t header[80];
    uint8_t hash[32];
    double difficulty; /* that the hash reached */
    bool solves;       /* its hash meets the network's target, the first one on its predecessor */
    bool again;        /* sent a second time, after the connection was lost */
    size_t lane;
    uint64_t since_ns; /* of its sending, or of the loss of the connection */
};

struct stratum_shares {
    struct mining_counts counts;
    struct mining_reason reasons[MINING_MAX_REASONS];
    double last_difficulty, best_difficulty;
    size_t waiting;
    struct stratum_share share[STRATUM_SHARES_MAX];
    uint64_t remembered;                      /* so many were put below */
    uint64_t sent[STRATUM_SHARES_REMEMBERED]; /* of each hash, the half that is no zeros; a ring */
    uint64_t alarm_accepted, alarm_rejected;  /* counts when the reject rate was last looked at */
    uint64_t alarm_ns;
    unsigned lost_in_a_row;
};

/* Drops what waits, uncounted. */
void stratum_shares_free(struct stratum_shares *s);

/* Whether a share with this hash was remembered; if not, it is now. */
bool stratum_shares_known(struct stratum_shares *s, const uint8_t hash[static 32]);

/* A copy of share in a free place, with a reference of its own to the job; NULL where all are taken. */
struct stratum_share *stratum_shares_add(struct stratum_shares *s,
                                         const struct stratum_share *share);

/* Where all places are taken, the oldest share is lost, one that solves a block last: nobody waits for its answer. */
void stratum_shares_make_room(struct stratum_shares *s);

/* The one that was sent with this id, not 0; NULL where there is none. */
struct stratum_share *stratum_shares_find(struct stratum_shares *s, uint64_t id);

/* Each of these counts the share and frees its place. reason is shown to people: no control characters stay. */
void stratum_shares_accept(struct stratum_shares *s, struct stratum_share *share);
void stratum_shares_reject(struct stratum_shares *s, struct stratum_share *share,
                           const char *reason);
void stratum_shares_lose(struct stratum_shares *s, struct stratum_share *share);

/* Counts a share of this job that is not sent. */
void stratum_shares_stale(struct stratum_shares *s, const struct stratum_job *job);

/* Those sent or kept since before since_ns are lost; how many. */
size_t stratum_shares_expire(struct stratum_shares *s, uint64_t since_ns);

enum {
    STRATUM_ALARM_SHARES = 20, /* answers before a rate means something */
    STRATUM_ALARM_PERCENT = 10,
    STRATUM_ALARM_PAUSE_S = 600, /* between two alarms */
    STRATUM_ALARM_SIZE = 512,
};

/*
 * Whether more than STRATUM_ALARM_PERCENT of the answers since the last look were
 * refusals, which text then says with the reasons. Looks where there were
 * STRATUM_ALARM_SHARES answers, and not within STRATUM_ALARM_PAUSE_S of an alarm.
 */
bool stratum_shares_alarm(struct stratum_shares *s, uint64_t now_ns,
                          char text[static STRATUM_ALARM_SIZE]);

#endif
