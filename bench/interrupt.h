/* Ctrl-C and its like: what is measured so far is reported, and nothing more is measured. */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

#include <stdbool.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP set the flag below; the second one of
 * a kind ends the program as it does by default. Other programs that are
 * started get the default handling. Call once, before any thread is started.
 */
void interrupt_catch(void);

/* Whether such a signal has come. Any thread. */
bool interrupt_came(void);

/* Sleeps for so many nanoseconds, or until such a signal comes to this thread. */
void interrupt_sleep(unsigned long long ns);

#endif
