#include "bench/figures.h"

#include "bench/bench.h"
#include "bench/bench_alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void figures_free(struct figures *f)
{
    for (size_t i = 0; i < f->count; i++)
        plot_free(&f->plot[i]);
    free(f->plot);
    *f = (struct figures){0};
}

struct plot *figures_new(struct figures *f, enum plot_kind kind, const char *title)
{
    struct plot *p;

    f->plot = bench_grow(f->plot, f->count + 1, sizeof(*f->plot));
    p = &f->plot[f->count++];
    *p = (struct plot){.kind = kind};
    snprintf(p->title, sizeof(p->title), "%s", title);
    return p;
}

static bool same(const char *a, const char *b) { return strcmp(a, b) == 0; }

static bool is_ratio(const struct results_row *row) { return same(row->unit, "ratio"); }

static bool is_drawn(const struct results_row *row) { return !isnan(row->median); }

/* Whether the names of both say how the threads were placed, and not what they did. */
static bool are_placements(const struct results_row *a, const struct results_row *b)
{
    return same(a->bench, "topology") && same(b->bench, "topology");
}

static bool same_kind(const struct results_row *a, const struct results_row *b)
{
    return same(a->bench, b->bench) && same(a->unit, b->unit) &&
           a->lower_is_better == b->lower_is_better;
}

/* Whether two rows differ in their implementation at most. */
static bool same_group(const struct results_row *a, const struct results_row *b)
{
    return same_kind(a, b) && a->threads == b->threads && same(a->name, b->name);
}

/* "p50" of "wake p50": what is pooled with the same of other names. */
static const char *suffix_of(const struct results_row *row)
{
    static const char *const suffixes[] = {"p50", "p99", "max"};
    const char *space = strrchr(row->name, ' ');

    for (size_t i = 0; space && i < sizeof(suffixes) / sizeof(*suffixes); i++)
        if (same(space + 1, suffixes[i]))
            return suffixes[i];
    return "";
}

/* threads: 0 where the plot's marks differ in it. */
static void describe_unit(struct plot *p, const struct results_row *row, size_t threads)
{
    char count[32] = "";

    if (threads)
        snprintf(count, sizeof(count), ", %zu %s", threads, threads == 1 ? "thread" : "threads");
    snprintf(p->unit, sizeof(p->unit), "%.60s", is_ratio(row) ? "" : row->unit);
    if (is_ratio(row))
        snprintf(p->subtitle, sizeof(p->subtitle), "%.30s%s; times as fast; dashed: 1", row->bench,
                 count);
    else
        snprintf(p->subtitle, sizeof(p->subtitle), "%.30s%s; %.30s, %s is better", row->bench,
                 count, row->unit, row->lower_is_better ? "less" : "more");
}

static struct plot_mark *add_row(struct plot *p, const struct results_row *row)
{
    struct plot_mark *m = plot_add(p);
    char spread[NUMBER_SIZE];

    number_format_spread(spread, row->median, row->min, row->max, row->runs);
    m->value = row->median;
    m->low = row->min;
    m->high = row->max;
    m->x = (double)row->threads;
    m->tone = results_is_peer(row) ? PLOT_OTHER : PLOT_PLAIN;
    if (spread[0] != '-')
        snprintf(m->note, sizeof(m->note), "\302\261%.20s", spread);
    return m;
}

/* Of several that are ours, the best gets its tone. */
static void mark_best(struct plot *p, bool lower_is_better)
{
    struct plot_mark *best = NULL;
    size_t ours = 0;

    for (size_t i = 0; i < p->marks; i++) {
        struct plot_mark *m = &p->mark[i];

        if (m->tone == PLOT_OTHER)
            continue;
        ours++;
        if (!best || (lower_is_better ? m->value < best->value : m->value > best->value))
            best = m;
    }
    if (ours > 1)
        best->tone = PLOT_BEST;
}

/* --- bars: implementations --- */

/* How many rows of the group have a number; peers not counted. *first: of the lowest index. */
static size_t count_group(const struct results *r, size_t row, size_t *first)
{
    size_t count = 0;

    *first = row;
    for (size_t i = 0; i < r->count; i++) {
        if (!is_drawn(&r->row[i]) || !same_group(&r->row[i], &r->row[row]))
            continue;
        *first = i < *first ? i : *first;
        count++;
    }
    return count;
}

/* The other programs' rows go beside each of ours that they were measured with. */
static void add_peers(struct plot *p, const struct results *r, const struct results_row *like)
{
    size_t peers = 0;

    for (size_t i = 0; i < r->count && peers < BENCH_PEERS; i++) {
        const struct results_row *row = &r->row[i];

        if (!results_is_peer(row) || !is_drawn(row) || row->threads != like->threads ||
            !same_kind(row, like))
            continue;
        snprintf(add_row(p, row)->label, PLOT_TEXT_SIZE, "%s", row->kernel);
        peers++;
    }
}

static void add_group(struct figures *f, const struct results *r, size_t first)
{
    const struct results_row *like = &r->row[first];
    struct plot *p = figures_new(f, PLOT_BARS, like->name);

    describe_unit(p, like, like->threads);
    p->reference = is_ratio(like) ? 1 : 0;
    for (size_t i = first; i < r->count; i++)
        if (is_drawn(&r->row[i]) && same_group(&r->row[i], like))
            snprintf(add_row(p, &r->row[i])->label, PLOT_TEXT_SIZE, "%s", r->row[i].kernel);
    add_peers(p, r, like);
    mark_best(p, like->lower_is_better);
}

/* --- bars: what stands alone --- */

/* Whether a row shares its group with no other, and so is pooled. */
static bool is_alone(const struct results *r, size_t row)
{
    size_t first;

    return is_drawn(&r->row[row]) && !results_is_peer(&r->row[row]) &&
           count_group(r, row, &first) == 1;
}

static bool same_pool(const struct results_row *a, const struct results_row *b)
{
    return same_kind(a, b) && same(suffix_of(a), suffix_of(b));
}

/* The parts of its name that tell a row from the others of its pool. */
static void label_pooled(struct plot_mark *m, const struct results_row *row, bool kernels,
                         bool threads)
{
    size_t suffix = strlen(suffix_of(row)), size = strlen(row->name);
    size_t used;

    snprintf(m->label, sizeof(m->label), "%.*s", (int)(suffix ? size - suffix - 1 : size),
             row->name);
    used = strlen(m->label);
    if (kernels && row->kernel[0])
        snprintf(m->label + used, sizeof(m->label) - used, ", %s", row->kernel);
    used = strlen(m->label);
    if (threads)
        snprintf(m->label + used, sizeof(m->label) - used, ", %zu %s", row->threads,
                 row->threads == 1 ? "thread" : "threads");
}

/* alone: of each row, whether it is pooled and not yet drawn. */
static void add_pool(struct figures *f, const struct results *r, size_t first, bool *alone)
{
    const struct results_row *like = &r->row[first];
    const char *suffix = suffix_of(like), *kernel = "";
    struct plot *p = figures_new(f, PLOT_BARS, suffix[0] ? suffix : like->bench);
    bool kernels = false, threads = false;

    for (size_t i = first; i < r->count; i++) {
        if (!alone[i] || !same_pool(&r->row[i], like))
            continue;
        threads = threads || r->row[i].threads != like->threads;
        kernels = kernels || (kernel[0] && r->row[i].kernel[0] && !same(kernel, r->row[i].kernel));
        kernel = r->row[i].kernel[0] ? r->row[i].kernel : kernel;
    }
    describe_unit(p, like, threads ? 0 : like->threads);
    p->reference = is_ratio(like) ? 1 : 0;
    for (size_t i = first; i < r->count; i++) {
        if (!alone[i] || !same_pool(&r->row[i], like))
            continue;
        label_pooled(add_row(p, &r->row[i]), &r->row[i], kernels, threads);
        alone[i] = false;
    }
    if (p->marks == 1)
        snprintf(p->title, sizeof(p->title), "%s", like->name);
    if (!threads)
        add_peers(p, r, like);
}

/* --- lines --- */

static bool same_curves(const struct results_row *a, const struct results_row *b)
{
    return same_kind(a, b) && (are_placements(a, b) || same(a->name, b->name));
}

static const char *series_name(const struct results_row *row)
{
    return are_placements(row, row) ? row->name : row->kernel;
}

/* The series of this name, a new one where there is room; PLOT_SERIES where there is none. */
static size_t find_series(struct plot *p, const char *name)
{
    size_t i = 0;

    while (i < PLOT_SERIES && p->series[i][0] && strncmp(p->series[i], name, PLOT_TEXT_SIZE - 1))
        i++;
    if (i < PLOT_SERIES)
        snprintf(p->series[i], PLOT_TEXT_SIZE, "%s", name[0] ? name : "all");
    return i;
}

static int compare_marks(const void *a, const void *b)
{
    const struct plot_mark *x = a, *y = b;

    if (x->series != y->series)
        return x->series < y->series ? -1 : 1;
    return (x->x > y->x) - (x->x < y->x);
}

static bool takes_part(const struct results_row *row, const struct results_row *like)
{
    return is_drawn(row) && !results_is_peer(row) && !is_ratio(row) && same_curves(row, like);
}

/* Whether the row is the first of curves that reach over several numbers of threads. */
static bool begins_curves(const struct results *r, size_t row)
{
    const struct results_row *like = &r->row[row];
    bool several = false;

    if (!takes_part(like, like))
        return false;
    for (size_t i = 0; i < r->count && !several; i++) {
        if (!takes_part(&r->row[i], like))
            continue;
        if (i < row)
            return false;
        several = r->row[i].threads != like->threads;
    }
    return several;
}

static void add_curves(struct figures *f, const struct results *r, size_t first)
{
    const struct results_row *like = &r->row[first];
    char title[PLOT_TEXT_SIZE];
    bool left_out = false;
    struct plot *p;

    if (are_placements(like, like))
        snprintf(title, sizeof(title), "%.100s over threads", like->kernel);
    else
        snprintf(title, sizeof(title), "%.100s over threads", like->name);
    p = figures_new(f, PLOT_LINES, title);
    describe_unit(p, like, 0);
    for (size_t i = first; i < r->count; i++) {
        const struct results_row *row = &r->row[i];
        size_t series = PLOT_SERIES;
        struct plot_mark *m;

        if (takes_part(row, like)) {
            series = find_series(p, series_name(row));
            left_out = left_out || series == PLOT_SERIES;
        }
        if (series == PLOT_SERIES)
            continue;
        m = add_row(p, row);
        m->series = series;
        if (row->threads == 1 && !row->lower_is_better)
            p->reference = fmax(p->reference, row->median);
    }
    if (left_out)
        snprintf(p->subtitle + strlen(p->subtitle), sizeof(p->subtitle) - strlen(p->subtitle),
                 "; the first %d", PLOT_SERIES);
    qsort(p->mark, p->marks, sizeof(*p->mark), compare_marks);
}

/* What each thread was worth beside one alone, which topology works out. */
static void add_efficiency(struct figures *f, const struct results *r, const char *bench)
{
    struct plot *p = NULL;

    for (size_t i = 0; i < r->count; i++) {
        const struct results_row *row = &r->row[i];
        struct plot_mark *m;
        double efficiency;

        if (!same(row->bench, bench))
            continue;
        efficiency = 100 * results_field(row, "efficiency");
        if (!(efficiency >= 0 && efficiency <= RESULTS_NUMBER_MAX))
            continue;
        if (!p) {
            p = figures_new(f, PLOT_BARS, "a thread beside one alone");
            snprintf(p->unit, sizeof(p->unit), "%%");
            snprintf(p->subtitle, sizeof(p->subtitle), "%.30s; %%, more is better", bench);
            p->reference = 100;
        }
        m = plot_add(p);
        m->value = m->low = m->high = efficiency;
        label_pooled(m, row, false, true);
    }
}

bool figures_begins_bench(const struct results *r, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (same(r->row[i].bench, r->row[row].bench))
            return false;
    return true;
}

static void add_bench(struct figures *f, const struct results *r, const char *bench)
{
    bool *alone = bench_alloc(r->count, sizeof(*alone));

    for (size_t i = 0; i < r->count; i++)
        if (same(r->row[i].bench, bench) && begins_curves(r, i))
            add_curves(f, r, i);
    add_efficiency(f, r, bench);
    for (size_t i = 0; i < r->count; i++)
        alone[i] = same(r->row[i].bench, bench) && is_alone(r, i);
    for (size_t i = 0; i < r->count; i++) {
        size_t first;

        if (!same(r->row[i].bench, bench) || !is_drawn(&r->row[i]) || results_is_peer(&r->row[i]))
            continue;
        if (alone[i])
            add_pool(f, r, i, alone);
        else if (count_group(r, i, &first) > 1 && first == i)
            add_group(f, r, i);
    }
    free(alone);
}

void figures_add(struct figures *f, const struct results *r, const char *bench)
{
    if (bench)
        add_bench(f, r, bench);
    for (size_t i = 0; i < r->count && !bench; i++)
        if (figures_begins_bench(r, i))
            add_bench(f, r, r->row[i].bench);
}
