#include "engine/guard.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MEMORY_ALIGNMENT = 64 };

/* Of two owners, the caller and the thread: who leaves last frees it. */
struct guard {
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    pthread_t thread;
    /* Under the lock: */
    guard_fn *fn;          /* to be called, or under way; NULL: nothing */
    uint64_t hurry_ns;     /* no call may go on beyond this moment; 0: as long as its own limit */
    bool abandoned, ended; /* by the caller; the thread's end */
    void *memory;
};

static void free_guard(struct guard *g)
{
    pthread_cond_destroy(&g->asked);
    pthread_cond_destroy(&g->answered);
    pthread_mutex_destroy(&g->lock);
    free(g->memory);
    free(g);
}

static void *serve(void *arg)
{
    struct guard *g = arg;
    bool abandoned;

    pthread_mutex_lock(&g->lock);
    while (!g->ended && !g->abandoned) {
        guard_fn *fn = g->fn;

        if (!fn) {
            pthread_cond_wait(&g->asked, &g->lock);
            continue;
        }
        pthread_mutex_unlock(&g->lock);
        fn(g->memory);
        pthread_mutex_lock(&g->lock);
        g->fn = NULL;
        pthread_cond_signal(&g->answered);
    }
    abandoned = g->abandoned;
    pthread_mutex_unlock(&g->lock);
    if (abandoned)
        free_guard(g);
    return NULL;
}

static bool start_thread(struct guard *g)
{
    sigset_t all, old;
    int error;

    /* Signals are the program's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    error = pthread_create(&g->thread, NULL, serve, g);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error)
        errno = error;
    return error == 0;
}

struct guard *guard_create(size_t size)
{
    size_t room = (size + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    struct guard *g = calloc(1, sizeof(*g));
    pthread_condattr_t attributes;

    if (!g)
        return NULL;
    g->memory = aligned_alloc(MEMORY_ALIGNMENT, room);
    if (!g->memory) {
        free(g);
        return NULL;
    }
    memset(g->memory, 0, room);
    /* With these attributes none of them can fail in glibc. */
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->asked, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&g->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    if (!start_thread(g)) {
        int error = errno;

        free_guard(g);
        errno = error;
        return NULL;
    }
    return g;
}

void *guard_memory(struct guard *g) { return g->memory; }

/* Under the lock: waits for the answer until end, or until guard_hurry's moment. */
static bool wait_until(struct guard *g, uint64_t end)
{
    while (g->fn) {
        uint64_t until = g->hurry_ns && g->hurry_ns < end ? g->hurry_ns : end;
        struct timespec t = {(time_t)(until / 1000000000), (long)(until % 1000000000)};

        if (clock_monotonic_ns() >= until)
            return false;
        pthread_cond_timedwait(&g->answered, &g->lock, &t);
    }
    return true;
}

bool guard_call(struct guard *g, guard_fn *fn, uint64_t limit_ns)
{
    bool answered;

    pthread_mutex_lock(&g->lock);
    assert(!g->fn && !g->ended);
    g->fn = fn;
    pthread_cond_signal(&g->asked);
    answered = wait_until(g, clock_monotonic_ns() + limit_ns);
    pthread_mutex_unlock(&g->lock);
    return answered;
}

void guard_hurry(struct guard *g, uint64_t limit_ns)
{
    pthread_mutex_lock(&g->lock);
    g->hurry_ns = clock_monotonic_ns() + limit_ns;
    pthread_cond_signal(&g->answered);
    pthread_mutex_unlock(&g->lock);
}

void guard_destroy(struct guard *g)
{
    bool answered;

    pthread_mutex_lock(&g->lock);
    answered = !g->fn;
    if (answered) {
        g->ended = true;
        pthread_cond_signal(&g->asked);
    } else {
        g->abandoned = true;
        pthread_detach(g->thread);
    }
    pthread_mutex_unlock(&g->lock);
    if (answered) {
        pthread_join(g->thread, NULL);
        free_guard(g);
    }
}
