#include "bench/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

/* A handler has no argument to get its state from. */
static atomic_bool came;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&came, true);
}

void interrupt_catch(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
        sigaction(signals[i], &action, NULL);
}

bool interrupt_came(void) { return atomic_load_explicit(&came, memory_order_relaxed); }

void interrupt_sleep(unsigned long long ns)
{
    struct timespec t = {(time_t)(ns / 1000000000), (long)(ns % 1000000000)};

    if (!interrupt_came())
        clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}
