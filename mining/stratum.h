/*
 * Mining at pools: jobs of one or several Stratum V1 pools are searched by a
 * miner, and what is found goes to the pool whose job it was.
 *
 *     pool 0 <--lines--> session --\                     /--> miner (engine)
 *     pool 1 <--lines--> session ---> stratum_run --------> status_fn
 *     miner ---------------results--/                    \--> mining_control (any thread)
 *
 * One thread, the one in stratum_run, reads the pools, decides, and hands work to
 * the miner; names alone are resolved elsewhere, so that nothing keeps the search
 * waiting. A share is hashed and compared with its own job's target before it is
 * sent, and sent once. One that solves a block is sent even where its job was
 * replaced, and logged as a found block.
 *
 * A pool that can't be reached, refuses us, is silent, or speaks another
 * language is left and tried again, after a pause that doubles up to pause_s and
 * varies by a quarter, so that a pool's miners do not all return in one moment.
 */
#ifndef MINING_STRATUM_H
#define MINING_STRATUM_H

#include "base/clock.h"
#include "base/log.h"
#include "engine/miner.h"
#include "mining/status.h"
#include "mining/tally.h"

enum {
    STRATUM_MAX_POOLS = MINING_MAX_SOURCES,
    STRATUM_ERROR_SIZE = 512,
    STRATUM_DEFAULT_CONNECT_S = 15,
    STRATUM_DEFAULT_ANSWER_S = 60,
    STRATUM_DEFAULT_SILENT_S = 300,
    STRATUM_DEFAULT_PAUSE_S = 30,
    STRATUM_DEFAULT_ROTATE_S = 300,
};

struct stratum_pool {
    /*
     * stratum+tcp://[user[:password]@]host:port, with ssl or tls in tcp's place for
     * TLS; an IPv6 address in brackets. The user in it goes before the one below.
     */
    const char *url;
    const char *user;     /* NULL: the URL's, or "" */
    const char *password; /* NULL: the URL's, or "x" */
    unsigned quota;       /* with STRATUM_LOAD_BALANCE: its part of the work; 0: 1 */
};

enum stratum_strategy {
    STRATUM_FAILOVER, /* the first one that gives work; back to an earlier one that is well again */
    STRATUM_LOAD_BALANCE, /* all that give work, hashes as their quotas */
    STRATUM_ROUND_ROBIN,  /* all that give work, one after another, rotate_s each */
};

/* Zeros are what a program wants, but for pools, kernels and miner. */
struct stratum_options {
    const struct stratum_pool *pools; /* the preferred one first; copied */
    size_t pool_count;                /* 1 to STRATUM_MAX_POOLS */
    enum stratum_strategy strategy;
    unsigned rotate_s; /* of STRATUM_ROUND_ROBIN; 0: STRATUM_DEFAULT_ROTATE_S */
    /*
     * NULL for none, or socks5://[user:password@]host:port. With socks5h in its
     * place the proxy resolves the pools' names.
     */
    const char *proxy;
    const char
        *ca_file; /* certificates (PEM) to trust in place of the system's; NULL: the system's */
    bool any_certificate;     /* do not check TLS certificates and names at all */
    bool reconnect_elsewhere; /* follow client.reconnect to another host too */
    const char *agent;        /* "exs-miner/1.0"; NULL: "exs" */
    uint32_t
        version_mask; /* of BIP320's bits, those that may be rolled where a pool agrees; 0: none */
    double suggest_difficulty; /* asked of each pool; 0: none */
    unsigned connect_s;        /* for each of: name and TCP, proxy, TLS; 0: the default */
    unsigned answer_s;         /* how long an answer may take; 0: the default */
    unsigned silent_s;         /* a pool that sends no job for so long is left; 0: the default */
    unsigned pause_s;          /* the longest pause between tries; 0: the default */
    int retries;           /* end when every pool has failed so many times more than once in a row;
                              negative: go on trying */
    uint64_t shares;       /* end after so many accepted shares; 0: go on */
    uint64_t blocks;       /* end after so many accepted shares that solve a block; 0: go on */
    unsigned time_limit_s; /* end after so many seconds; 0: go on */
    const struct kernels *kernels;
    struct miner *miner;
    struct log *log;            /* NULL: silent; its category is LOG_STRATUM */
    struct mining_tally *tally; /* told of each lane's results; NULL: not */
    const struct clock *clock;  /* whose steady time all but I/O goes by; NULL: the real one */
    /*
     * Called on stratum_run's thread about once a second, and soon after something
     * changes; may call stratum_status and the control's functions. NULL: not.
     */
    void (*status_fn)(void *arg);
    void *status_arg;
};

enum stratum_end {
    STRATUM_STOPPED, /* by stratum_stop */
    STRATUM_DONE,    /* the shares or blocks that were asked for were accepted */
    STRATUM_TIME,    /* the time limit came */
    STRATUM_NO_POOL, /* no pool can be used: see stratum_error */
    STRATUM_FAILED,  /* memory or file descriptors lack: see stratum_error */
};

struct stratum;

/* Whether a URL is a Stratum pool's, by its scheme alone ("stratum+tcp://..."; case does not matter). */
bool stratum_is_url(const char *url);

/*
 * NULL, with the reason in text (which holds no password), where a URL is none,
 * the certificates can't be read, or memory lacks. Connects to nothing yet.
 * Strings and pools are copied; kernels, miner, log and clock must outlive the
 * stratum. The miner must not be given work by others meanwhile.
 */
struct stratum *stratum_create(const struct stratum_options *options,
                               char text[static STRATUM_ERROR_SIZE]);
void stratum_destroy(struct stratum *stratum);

/* Mines until something ends it. The work is taken from the miner before it returns. Once a stratum. */
enum stratum_end stratum_run(struct stratum *stratum);

/* Ends stratum_run, which first waits a little for answers to shares. Any thread, signal handlers too. */
void stratum_stop(struct stratum *stratum);

/* Why stratum_run ended; after it alone. */
const char *stratum_error(const struct stratum *stratum);

/* What it does now, and its counts. Any thread, before, during and after stratum_run. */
void stratum_status(struct stratum *stratum, struct mining_status *out);

/*
 * What may be asked of it, all of it on any thread; arg is the stratum, which must
 * outlive the control. A pool that is added is the last in preference; the one that is
 * switched to becomes the first. The last enabled pool cannot be disabled or removed.
 */
struct mining_control stratum_control(struct stratum *stratum);

#endif
