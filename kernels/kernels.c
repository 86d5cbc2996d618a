#include "kernels/kernels_impl.h"

#include "kernels/search_impls.h"
#include "kernels/sha256_impls.h"

#include <assert.h>
#include <stdio.h>

enum {
    MAX_ROWS = 16, /* of one table */
    SAMPLES = 5,   /* of each row's speed, of which the median counts */
    FAR = 2,       /* times as slow as the fastest in a short try: not worth a longer one */
};

static const struct sha256_compress_impl compress_generic = {"generic", 0, sha256_compress_generic};
static const struct sha256d_64_impl d64_generic = {"generic", 0, sha256d_64_generic};
static const struct sha256d_many_impl many_generic = {"generic", 0, sha256d_many_generic};
static const struct search_impl searching_generic = {"generic", 0, search_generic, 16};

const struct kernels kernels_generic = {
    .sha256_compress = &compress_generic,
    .sha256d_64 = &d64_generic,
    .sha256d_many = &many_generic,
    .search = &searching_generic,
    .search_rolled = &searching_generic,
};

/* What choosing needs to know of a row, whatever its table. */
struct row {
    const char *name;
    unsigned needs;
};

/* One choice to make. */
struct operation {
    const char *name;
    struct row (*row)(const struct kernels_tables *tables, size_t i);
    bool (*check)(const struct kernels_tables *tables, size_t i);
    kernels_work_fn *work;
};

static struct row row_of_compress(const struct kernels_tables *tables, size_t i)
{
    return (struct row){tables->sha256_compress[i].name, tables->sha256_compress[i].needs};
}

static struct row row_of_d64(const struct kernels_tables *tables, size_t i)
{
    return (struct row){tables->sha256d_64[i].name, tables->sha256d_64[i].needs};
}

static struct row row_of_many(const struct kernels_tables *tables, size_t i)
{
    return (struct row){tables->sha256d_many[i].name, tables->sha256d_many[i].needs};
}

static struct row row_of_search(const struct kernels_tables *tables, size_t i)
{
    return (struct row){tables->search[i].name, tables->search[i].needs};
}

static const struct operation operations[] = {
    {"sha256_compress", row_of_compress, kernels_check_sha256_compress,
     kernels_work_sha256_compress},
    {"sha256d_64", row_of_d64, kernels_check_sha256d_64, kernels_work_sha256d_64},
    {"sha256d_many", row_of_many, kernels_check_sha256d_many, kernels_work_sha256d_many},
    {"search", row_of_search, kernels_check_search, kernels_work_search},
    {"search", row_of_search, NULL, kernels_work_search_rolled}, /* already checked as "search" */
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* The rows that this processor runs, by their place in the table. */
struct runnable {
    size_t count;
    size_t row[MAX_ROWS];
};

static struct runnable find_runnable(const struct operation *op,
                                     const struct kernels_tables *tables, unsigned cpu)
{
    struct runnable found = {0};

    for (size_t i = 0; op->row(tables, i).name; i++) {
        assert(i < MAX_ROWS);
        if ((op->row(tables, i).needs & ~cpu) == 0)
            found.row[found.count++] = i;
    }
    return found;
}

static bool check_all(const struct operation *op, const struct kernels_tables *tables,
                      const struct runnable *can, char *error)
{
    for (size_t i = 0; op->check && i < can->count; i++) {
        if (op->check(tables, can->row[i]))
            continue;
        snprintf(error, KERNELS_ERROR_SIZE,
                 "%s \"%s\" gives wrong answers on this machine: the processor, its memory or the "
                 "compiler of this program is faulty, so nothing here is to be trusted",
                 op->name, op->row(tables, can->row[i]).name);
        return false;
    }
    return true;
}

/* The row called name, or how else to go on. */
static bool choose_named(size_t *row, const struct operation *op,
                         const struct kernels_tables *tables, unsigned cpu, const char *name,
                         char *error)
{
    char text[64];
    size_t at;
    int n;

    for (size_t i = 0; op->row(tables, i).name; i++) {
        if (strcmp(op->row(tables, i).name, name) != 0)
            continue;
        if ((op->row(tables, i).needs & ~cpu) == 0) {
            *row = i;
            return true;
        }
        cpu_features_text(text, sizeof(text), op->row(tables, i).needs & ~cpu);
        snprintf(error, KERNELS_ERROR_SIZE,
                 "%s \"%s\" can't run: this processor lacks, or may not use, %s", op->name, name,
                 text);
        return false;
    }
    n = snprintf(error, KERNELS_ERROR_SIZE, "%s has no implementation \"%.32s\"; it has: auto",
                 op->name, name);
    at = n < 0 ? 0 : (size_t)n;
    for (size_t i = 0; op->row(tables, i).name && at < KERNELS_ERROR_SIZE; i++) {
        n = snprintf(error + at, KERNELS_ERROR_SIZE - at, " %s", op->row(tables, i).name);
        at += n < 0 ? 0 : (size_t)n;
    }
    return false;
}

static double median(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t j = i; j && x[j] < x[j - 1]; j--) {
            double swap = x[j];

            x[j] = x[j - 1];
            x[j - 1] = swap;
        }
    }
    return x[n / 2];
}

/* What a unit of work costs in nanoseconds. */
static double cost_of(const struct operation *op, const struct kernels_tables *tables, size_t row,
                      unsigned scale, uint64_t (*now_ns)(void))
{
    uint64_t start = now_ns();
    unsigned work = op->work(tables, row, scale);

    return (double)(now_ns() - start) / work;
}

/*
 * Leaves those that a short try does not show to be far from the fastest. The
 * better of two tries counts: the first one wakes caches, predictors and wide
 * registers, and either may be interrupted.
 */
static void keep_contenders(struct runnable *can, const struct operation *op,
                            const struct kernels_tables *tables, uint64_t (*now_ns)(void))
{
    double cost[MAX_ROWS], least = 0;
    size_t kept = 0;

    for (size_t i = 0; i < can->count; i++) {
        double first = cost_of(op, tables, can->row[i], 1, now_ns);
        double second = cost_of(op, tables, can->row[i], 1, now_ns);

        cost[i] = first < second ? first : second;
        if (i == 0 || cost[i] < least)
            least = cost[i];
    }
    for (size_t i = 0; i < can->count; i++) {
        if (cost[i] <= FAR * least)
            can->row[kept++] = can->row[i];
    }
    can->count = kept;
}

/* The rows take turns, so that what slows the machine for a while slows all of them. */
static size_t choose_fastest(const struct operation *op, const struct kernels_tables *tables,
                             struct runnable can, uint64_t (*now_ns)(void))
{
    double cost[MAX_ROWS][SAMPLES], least = 0;
    size_t best = 0;

    keep_contenders(&can, op, tables, now_ns);
    for (size_t sample = 0; sample < SAMPLES; sample++) {
        for (size_t i = 0; i < can.count; i++)
            cost[i][sample] = cost_of(op, tables, can.row[i], KERNELS_FULL_SCALE, now_ns);
    }
    for (size_t i = 0; i < can.count; i++) {
        double m = median(cost[i], SAMPLES);

        if (i == 0 || m < least) {
            least = m;
            best = i;
        }
    }
    return can.row[best];
}

static bool choose(size_t *row, const struct operation *op, const struct kernels_tables *tables,
                   unsigned cpu, const char *name, uint64_t (*now_ns)(void), char *error)
{
    struct runnable can = find_runnable(op, tables, cpu);

    if (can.count == 0) {
        snprintf(error, KERNELS_ERROR_SIZE, "%s: nothing runs on this processor", op->name);
        return false;
    }
    if (!check_all(op, tables, &can, error))
        return false;
    if (name && strcmp(name, "auto") != 0)
        return choose_named(row, op, tables, cpu, name, error);
    *row = now_ns && can.count > 1 ? choose_fastest(op, tables, can, now_ns) : can.row[0];
    return true;
}

bool kernels_choose_from(struct kernels *out, const struct kernels_tables *tables, unsigned cpu,
                         const struct kernel_names *names, uint64_t (*now_ns)(void),
                         char error[static KERNELS_ERROR_SIZE])
{
    static const struct kernel_names automatic;
    size_t row[OPERATIONS];

    if (!names)
        names = &automatic;
    const char *name[OPERATIONS] = {names->sha256_compress, names->sha256d_64, names->sha256d_many,
                                    names->search,
                                    names->search_rolled ? names->search_rolled : names->search};
    for (size_t i = 0; i < OPERATIONS; i++) {
        if (!choose(&row[i], &operations[i], tables, cpu, name[i], now_ns, error))
            return false;
    }
    out->sha256_compress = &tables->sha256_compress[row[0]];
    out->sha256d_64 = &tables->sha256d_64[row[1]];
    out->sha256d_many = &tables->sha256d_many[row[2]];
    out->search = &tables->search[row[3]];
    out->search_rolled = &tables->search[row[4]];
    return true;
}

bool kernels_choose(struct kernels *out, unsigned cpu, const struct kernel_names *names,
                    uint64_t (*now_ns)(void), char error[static KERNELS_ERROR_SIZE])
{
    static const struct kernels_tables tables = {
        sha256_compress_impls,
        sha256d_64_impls,
        sha256d_many_impls,
        search_impls,
    };

    return kernels_choose_from(out, &tables, cpu, names, now_ns, error);
}
