/*
 * Duty cycles: buckets of CPU time, and the thread that fills them.
 *
 *     pacer, every PERIOD_NS --elapsed * duty--> credit --CPU time of slices--> lane
 *
 * A lane runs while it has credit and parks when that is spent, at most a slice
 * too late; the debt is kept, so that over time it uses what it may to the
 * nanosecond. Credit is measured in CPU time: a lane that others keep from
 * running has not used it.
 *
 * The period is short, so that nothing that looks at the machine sees it go on
 * and off, and is no multiple of 1, 4 or 10 ms: kernels count CPU time by
 * sampling at such ticks, and would count a lane in step with them wrongly.
 */
#include "base/clock.h"
#include "engine/miner_impl.h"

#include <assert.h>
#include <signal.h>
#include <time.h>

enum {
    PERIOD_NS = 18700000,
    /* Of a pacer that was itself kept from running, suspended say, so much counts. */
    ELAPSED_MAX_NS = 4 * PERIOD_NS,
    FULL = MINER_DUTY_FULL,
};

void miner_duty_init(struct miner_duty *d)
{
    atomic_init(&d->permille, FULL);
    atomic_init(&d->credit_ns, 0);
}

/* Relaxed throughout: numbers alone; the miner's lock orders what they lead to. */

static unsigned permille(const struct miner_duty *d)
{
    return atomic_load_explicit(&d->permille, memory_order_relaxed);
}

bool miner_duty_limited(const struct miner_duty *d)
{
    unsigned share = permille(d);

    return share > 0 && share < FULL;
}

bool miner_duty_none(const struct miner_duty *d) { return permille(d) == 0; }

bool miner_duty_spent(const struct miner_duty *d)
{
    unsigned share = permille(d);

    return share < FULL &&
           (share == 0 || atomic_load_explicit(&d->credit_ns, memory_order_relaxed) <= 0);
}

void miner_duty_set(struct miner_duty *d, unsigned share)
{
    bool was_limited = miner_duty_limited(d);

    assert(share <= FULL);
    atomic_store_explicit(&d->permille, share, memory_order_relaxed);
    /* Elsewhere nothing counts it, and what is left there is old. */
    if (!was_limited)
        atomic_store_explicit(&d->credit_ns, 0, memory_order_relaxed);
}

void miner_duty_take(struct miner_duty *d, uint64_t ns)
{
    if (miner_duty_limited(d))
        atomic_fetch_sub_explicit(&d->credit_ns, (int64_t)ns, memory_order_relaxed);
}

void miner_duty_fill(struct miner_duty *d, uint64_t elapsed_ns)
{
    int64_t share = permille(d), most = 2 * PERIOD_NS * share / FULL, credit;

    /* What a lane without work saves up must not become a burst. */
    credit = atomic_fetch_add_explicit(&d->credit_ns, (int64_t)elapsed_ns * share / FULL,
                                       memory_order_relaxed) +
             (int64_t)elapsed_ns * share / FULL;
    if (credit > most)
        atomic_fetch_sub_explicit(&d->credit_ns, credit - most, memory_order_relaxed);
}

/* ---- the pacer ---- */

/* Sleeps a period, or until the pacer ends. Under its lock. */
static void sleep_a_period(struct miner_pacer *p)
{
    uint64_t end = clock_monotonic_ns() + PERIOD_NS;
    struct timespec until = {(time_t)(end / 1000000000), (long)(end % 1000000000)};

    while (!p->ending && pthread_cond_timedwait(&p->wake, &p->lock, &until) == 0)
        ;
}

static void *pace(void *arg)
{
    struct miner_pacer *p = arg;
    uint64_t last = clock_monotonic_ns();

    pthread_mutex_lock(&p->lock);
    while (!p->ending) {
        uint64_t now, elapsed;

        if (!p->wanted) {
            pthread_cond_wait(&p->wake, &p->lock);
            last = clock_monotonic_ns();
            continue;
        }
        sleep_a_period(p);
        p->wanted = false; /* before it looks: whoever wants it meanwhile isn't forgotten */
        pthread_mutex_unlock(&p->lock);
        now = clock_monotonic_ns();
        elapsed = now - last < ELAPSED_MAX_NS ? now - last : ELAPSED_MAX_NS;
        last = now;
        if (p->fill(p->arg, elapsed))
            miner_pacer_want(p);
        meter_add(&p->cpu_ns, clock_thread_cpu_ns() - meter_count(&p->cpu_ns));
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static bool start_thread(struct miner_pacer *p)
{
    sigset_t all, old;
    bool started;

    /* Signals are the program's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    started = pthread_create(&p->thread, NULL, pace, p) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

void miner_pacer_init(struct miner_pacer *p, miner_pacer_fn *fill, void *arg)
{
    pthread_condattr_t attributes;

    *p = (struct miner_pacer){.fill = fill, .arg = arg};
    /* With these attributes none of them can fail in glibc. */
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

bool miner_pacer_start(struct miner_pacer *p)
{
    bool started;

    pthread_mutex_lock(&p->lock);
    if (!p->started)
        p->started = start_thread(p);
    started = p->started;
    pthread_mutex_unlock(&p->lock);
    return started;
}

void miner_pacer_want(struct miner_pacer *p)
{
    pthread_mutex_lock(&p->lock);
    if (!p->wanted) {
        p->wanted = true;
        pthread_cond_signal(&p->wake);
    }
    pthread_mutex_unlock(&p->lock);
}

void miner_pacer_end(struct miner_pacer *p)
{
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    if (p->started)
        pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
}
