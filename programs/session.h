/*
 * One run of the miner, from its log to its end: wires what the settings ask for.
 *
 *     log, console <- monitor <- machine, solo or stratum -> API, metrics
 */
#ifndef PROGRAMS_SESSION_H
#define PROGRAMS_SESSION_H

#include "engine/governor.h"
#include "mining/api.h"
#include "mining/metrics.h"
#include "programs/console.h"
#include "programs/display.h"
#include "programs/machine.h"
#include "programs/miner_sources.h"

#include <pthread.h>

/* As --help explains them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_NO_NODE = 2,
    EXIT_MACHINE = 3,
    EXIT_TOO_LATE = 4,
};

/* All zero but settings and lock before its first use. */
struct session {
    const struct settings *settings;
    const char *version;
    struct clock clock;
    struct log *log;
    struct console *console;
    struct machine machine;
    struct governor *governor;
    struct mining_tally *tally;
    struct monitor *monitor;
    struct api *api;
    struct metrics *metrics;
    struct display_options display;
    const char *strategy; /* cgminer's name of it */
    char title[64];
    uint64_t reported_ns;
    atomic_bool stop;
    struct mining_control control; /* of solo or stratum */
    pthread_mutex_t lock;          /* guards what follows */
    void (*stop_fn)(void *arg);    /* ends the mining under way; or NULL */
    void *stop_arg;
    bool mines; /* control may be used */
};

enum { SESSION_ERROR_SIZE = 384 };

/* Whether the settings that a session reads make sense; else the reason is in error. */
bool session_check(const struct settings *s, char error[static SESSION_ERROR_SIZE]);

/* Opens console and log as the settings say; false with the reason on stderr. */
bool session_open_log(struct session *session);
void session_close_log(struct session *session);

/*
 * Mines where sources say on the machine, which was started, until something ends it. network
 * is NULL where the nodes tell it. started, where not NULL, is called once when all is
 * up. An exit code.
 */
int session_mine(struct session *session, const struct params *network,
                 const struct miner_sources *sources, void (*started)(void *arg), void *arg);

/* Ends it. Any thread. */
void session_stop(struct session *session);

/* SIGHUP: opens the log anew, or is false where there is no file. Any thread. */
bool session_hangup(struct session *session);

/* Before and after the process is stopped; after the terminal's size has changed. Any one thread. */
void session_suspend(struct session *session);
void session_resume(struct session *session);

/* Of BIP320's version bits, those that may be rolled. */
uint32_t session_version_mask(const struct settings *s);

#endif
