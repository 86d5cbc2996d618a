#include "programs/signals.h"

#include <signal.h>
#include <stddef.h>

static sigset_t our_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    sigaddset(&set, SIGWINCH);
    return set;
}

bool signals_block(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set = our_signals();

    /* In the background, setting the terminal's modes would stop us; whoever does it looks first. */
    sigaddset(&set, SIGTTOU);
    return sigaction(SIGPIPE, &ignore, NULL) == 0 && pthread_sigmask(SIG_BLOCK, &set, NULL) == 0;
}

/* As nohup and a shell's background arrange it: a blocked signal comes even then. */
static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/* Stops the process as if the signal had never been blocked; returns when it goes on. */
static void stop_process(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    pthread_kill(pthread_self(), SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void call(const struct signals *signals, void (*function)(void *arg))
{
    if (function)
        function(signals->handler.arg);
}

static void take(struct signals *signals, int number)
{
    const struct signals_handler *handler = &signals->handler;

    switch (number) {
    case SIGWINCH:
    case SIGCONT:
        call(signals, handler->resume);
        break;
    case SIGTSTP:
        if (is_ignored(SIGTSTP))
            break;
        call(signals, handler->suspend);
        stop_process();
        call(signals, handler->resume);
        break;
    case SIGHUP:
        if ((handler->hangup && handler->hangup(handler->arg)) || is_ignored(SIGHUP))
            break;
        call(signals, handler->stop);
        break;
    case SIGINT:
    case SIGTERM:
        if (!is_ignored(number))
            call(signals, handler->stop);
        break;
    }
}

static void *signals_main(void *arg)
{
    struct signals *signals = arg;
    sigset_t set = our_signals();
    int number;

    while (sigwait(&set, &number) == 0 && !atomic_load(&signals->end))
        take(signals, number);
    return NULL;
}

bool signals_start(struct signals *signals, const struct signals_handler *handler)
{
    signals->handler = *handler;
    signals->runs = pthread_create(&signals->thread, NULL, signals_main, signals) == 0;
    return signals->runs;
}

void signals_stop(struct signals *signals)
{
    if (!signals->runs)
        return;
    atomic_store(&signals->end, true);
    pthread_kill(signals->thread, SIGUSR1);
    pthread_join(signals->thread, NULL);
    signals->runs = false;
}
