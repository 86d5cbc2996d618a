#include "bench/rate.h"

#include "base/clock.h"
#include "bench/bench_alloc.h"
#include "bench/counters.h"
#include "bench/interrupt.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* One call takes at least this long, so that reading the clock costs nothing. */
static const uint64_t call_ns = 200000;

/* Where threads wait for each other after their warm-up. */
struct rate_gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    size_t missing; /* threads that have not come yet */
    bool cancelled; /* some will never come */
};

struct rate_thread {
    const struct rate_case *rate;
    const struct measure_options *options;
    struct rate_gate *gate;
    pthread_t handle;
    size_t index;
    uint64_t done, wall_ns, cpu_ns, reference, core;
    bool has_core;
};

/* Works until the clock says so. Returns how many things were done. */
static uint64_t work_until(const struct rate_work *work, void *data, uint64_t size, uint64_t end_ns)
{
    uint64_t done = 0;

    do
        done += work->run(data, size);
    while (clock_monotonic_ns() < end_ns && !interrupt_came());
    return done;
}

/* Doubles the size of a call until it takes long enough. */
static uint64_t find_size(const struct rate_work *work, void *data)
{
    uint64_t size = 1;

    while (size < work->size_max && !interrupt_came()) {
        uint64_t began = clock_monotonic_ns();

        work->run(data, size);
        if (clock_monotonic_ns() - began >= call_ns)
            break;
        size *= 2;
    }
    return size;
}

/* False where the run is off. */
static bool gate_pass(struct rate_gate *gate)
{
    bool open;

    pthread_mutex_lock(&gate->lock);
    if (--gate->missing == 0)
        pthread_cond_broadcast(&gate->opened);
    while (gate->missing && !gate->cancelled)
        pthread_cond_wait(&gate->opened, &gate->lock);
    open = !gate->cancelled;
    pthread_mutex_unlock(&gate->lock);
    return open;
}

static void gate_cancel(struct rate_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->cancelled = true;
    pthread_cond_broadcast(&gate->opened);
    pthread_mutex_unlock(&gate->lock);
}

static void count_work(struct rate_thread *t, void *data, uint64_t size)
{
    const struct rate_work *work = &t->rate->work;
    uint64_t began, reference, cpu, before = 0, after = 0;
    int core = counters_open_core();

    counters_read_core(core, &before);
    cpu = counters_thread_cpu_ns();
    reference = counters_reference();
    began = clock_monotonic_ns();
    t->done = work_until(work, data, size, began + (uint64_t)(t->options->seconds * 1e9));
    t->wall_ns = clock_monotonic_ns() - began;
    t->reference = counters_reference() - reference;
    t->cpu_ns = counters_thread_cpu_ns() - cpu;
    t->has_core = counters_read_core(core, &after);
    t->core = after - before;

    counters_close_core(core);
}

static void *thread_main(void *arg)
{
    struct rate_thread *t = arg;
    const struct rate_work *work = &t->rate->work;
    void *data = work->open(work->arg, t->index);
    uint64_t began = clock_monotonic_ns(), size = find_size(work, data);

    work_until(work, data, size, began + (uint64_t)(t->options->warmup * 1e9));
    if (gate_pass(t->gate))
        count_work(t, data, size);
    work->close(data);
    return NULL;
}

/* Starts a thread on its CPU. It leaves signals to the main thread. */
static int start_thread(struct rate_thread *t, unsigned cpu)
{
    size_t set_size = CPU_ALLOC_SIZE(cpu + 1);
    cpu_set_t *set = bench_alloc(1, set_size);
    sigset_t all, old;
    pthread_attr_t attr;
    int result;

    CPU_SET_S(cpu, set_size, set);
    pthread_attr_init(&attr);
    pthread_attr_setaffinity_np(&attr, set_size, set);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    result = pthread_create(&t->handle, &attr, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    free(set);
    return result;
}

static void sum_up(struct measure_sample *sample, const struct rate_thread *t,
                   const struct rate_case *rate)
{
    double per_second = 0, done = 0, wall = 0, cpu = 0, reference = 0, core = 0;
    bool has_core = true;

    for (size_t i = 0; i < rate->threads; i++) {
        per_second += (double)t[i].done * 1e9 / (double)t[i].wall_ns;
        done += (double)t[i].done;
        wall += (double)t[i].wall_ns;
        cpu += (double)t[i].cpu_ns;
        reference += (double)t[i].reference;
        core += (double)t[i].core;
        has_core = has_core && t[i].has_core;
    }
    sample->value[0] = per_second / rate->scale;
    sample->value[1] = wall / done;
    sample->value[2] = counters_have_reference() ? reference / done : NAN;
    sample->value[3] = has_core ? core / done : NAN;
    sample->cpu_share = cpu / wall;
}

bool rate_run(void *arg, const struct measure_options *options, struct measure_sample *sample,
              char error[static MEASURE_ERROR_SIZE])
{
    const struct rate_case *rate = arg;
    struct rate_thread *threads = bench_alloc(rate->threads, sizeof(*threads));
    struct rate_gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, rate->threads, 0};
    size_t started = 0;
    int result = 0;

    while (started < rate->threads && !result) {
        threads[started] =
            (struct rate_thread){.rate = rate, .options = options, .gate = &gate, .index = started};
        result = start_thread(&threads[started], rate->cpus[started]);
        started += !result;
    }
    if (result) {
        snprintf(error, MEASURE_ERROR_SIZE, "can't start thread %zu on CPU %u: %s", started + 1,
                 rate->cpus[started], strerror(result));
        gate_cancel(&gate);
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i].handle, NULL);
    if (!result)
        sum_up(sample, threads, rate);
    free(threads);
    return result == 0;
}
