#include "bench/measure.h"

#include "bench/bench_alloc.h"
#include "bench/counters.h"
#include "bench/interrupt.h"
#include "bench/stats.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Of its time, what a thread must have had its CPU for: the kernel's own work on
 * an idle machine takes less than this leaves.
 */
static const double full_share = 0.98;

static bool is_disturbed(const struct measure_sample *sample)
{
    return sample->steal_ms > 0 || sample->cpu_share < full_share;
}

/* Whether a was disturbed less than b. Steal comes in steps, so the share decides between equals. */
static bool is_calmer(const struct measure_sample *a, const struct measure_sample *b)
{
    if (a->steal_ms < b->steal_ms || a->steal_ms > b->steal_ms)
        return a->steal_ms < b->steal_ms;
    return a->cpu_share > b->cpu_share;
}

static bool run_once(struct measure_case *c, const struct measure_options *options,
                     struct measure_sample *sample)
{
    struct counters_stat before = counters_stat(c->cpus, c->cpu_count);

    *sample = (struct measure_sample){.cpu_share = NAN};
    for (size_t i = 0; i < MEASURE_METRICS; i++)
        sample->value[i] = NAN;
    if (!c->run(c->arg, options, sample, c->error)) {
        if (!c->error[0])
            snprintf(c->error, sizeof(c->error), "failed");
        return false;
    }
    sample->steal_ms = counters_stat(c->cpus, c->cpu_count).steal_ms - before.steal_ms;
    return !interrupt_came();
}

/* One run of a case, with its repetitions. False where it failed or was interrupted. */
static bool run_round(struct measure_case *c, const struct measure_options *options)
{
    struct measure_sample best, sample;

    if (!run_once(c, options, &best))
        return false;
    for (size_t i = 0; i < options->repeats && is_disturbed(&best) && !c->sifts; i++) {
        if (!run_once(c, options, &sample)) {
            if (c->error[0])
                return false;
            break;
        }
        c->repeated++;
        if (is_calmer(&sample, &best))
            best = sample;
    }
    best.disturbed = is_disturbed(&best) && !c->sifts;
    c->sample[c->runs++] = best;
    return true;
}

static void show_progress(const struct measure_case *c, size_t round,
                          const struct measure_options *options)
{
    if (options->progress && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Krun %zu of %zu: %s %s, %zu %s", round + 1, options->runs, c->name,
                c->kernel, c->threads, c->threads == 1 ? "thread" : "threads");
}

static void clear_progress(const struct measure_options *options)
{
    if (options->progress && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

bool measure_alternate(struct measure_case *cases, size_t n, const struct measure_options *options)
{
    bool good = true;

    for (size_t i = 0; i < n; i++) {
        assert(cases[i].metrics >= 1 && cases[i].metrics <= MEASURE_METRICS);
        assert(cases[i].metric[0].unit);
        cases[i].sample = bench_alloc(options->runs, sizeof(*cases[i].sample));
        cases[i].runs = cases[i].repeated = 0;
        cases[i].error[0] = 0;
    }
    for (size_t round = 0; round < options->runs && !interrupt_came(); round++) {
        for (size_t i = 0; i < n && !interrupt_came(); i++) {
            if (cases[i].error[0])
                continue;
            show_progress(&cases[i], round, options);
            if (run_round(&cases[i], options) || !cases[i].error[0])
                continue;
            clear_progress(options);
            fprintf(stderr, "error: %s %s: %s\n", cases[i].name, cases[i].kernel, cases[i].error);
            good = false;
        }
    }
    clear_progress(options);
    return good;
}

static void value_column(double *out, const struct measure_case *c, size_t metric)
{
    for (size_t i = 0; i < c->runs; i++)
        out[i] = c->sample[i].value[metric];
}

static double sum_of(const double *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

static struct report_row *add_row(struct report *r, const char *bench, const struct measure_case *c,
                                  size_t metric, const double *values)
{
    const struct measure_metric *m = &c->metric[metric];
    double *share = bench_alloc(c->runs, sizeof(*share));
    char name[2 * REPORT_NAME_SIZE];
    struct report_row *row;

    snprintf(name, sizeof(name), "%s%s%s", c->name, m->name ? " " : "", m->name ? m->name : "");
    row = report_add(r, bench, name, c->kernel, c->threads, m->unit, values, c->runs);
    row->lower_is_better = m->lower_is_better;
    row->repeated = c->repeated;
    for (size_t i = 0; i < c->runs; i++) {
        row->steal_ms += c->sample[i].steal_ms;
        share[i] = c->sample[i].cpu_share;
        if (c->sample[i].disturbed)
            report_mark(row, i);
    }
    row->cpu_share = stats_median_of(share, c->runs);
    free(share);
    return row;
}

size_t measure_report(struct report *r, const char *bench, const struct measure_case *c)
{
    size_t first = r->count;
    double *values;
    struct report_row *row = NULL;

    if (c->runs == 0 || c->error[0])
        return SIZE_MAX;
    values = bench_alloc(c->runs, sizeof(*values));
    for (size_t i = 0; i < c->metrics; i++) {
        value_column(values, c, i);
        if (c->metric[i].unit)
            row = add_row(r, bench, c, i, values);
        else
            report_number(row, c->metric[i].name,
                          c->metric[i].counts ? sum_of(values, c->runs)
                                              : stats_median_of(values, c->runs));
    }
    free(values);
    return first;
}

void measure_free(struct measure_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(cases[i].sample);
        cases[i].sample = NULL;
        cases[i].runs = 0;
    }
}
