/* Signals: one thread takes them all, so that nothing is interrupted. */
#ifndef PROGRAMS_SIGNALS_H
#define PROGRAMS_SIGNALS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* What is told of signals, on that thread. A function may be NULL. */
struct signals_handler {
    void *arg;
    void (*stop)(void *arg);    /* SIGINT, SIGTERM, and SIGHUP where hangup says so */
    bool (*hangup)(void *arg);  /* SIGHUP; false: it means the end */
    void (*suspend)(void *arg); /* before SIGTSTP (Ctrl-Z) stops the process */
    void (*resume)(void *arg);  /* it goes on, or the terminal has another size */
};

struct signals {
    struct signals_handler handler;
    pthread_t thread;
    bool runs;
    atomic_bool end; /* the next SIGUSR1 is ours and ends the thread */
};

/* Blocks them, so before the first thread is made; SIGPIPE is ignored. */
bool signals_block(void);

/* Starts the thread. */
bool signals_start(struct signals *signals, const struct signals_handler *handler);

/* Ends it, if it was started. */
void signals_stop(struct signals *signals);

#endif
