#include "bench/stats.h"

#include "bench/bench_alloc.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void stats_sort(double *values, size_t n)
{
    if (n)
        qsort(values, n, sizeof(*values), compare);
}

double stats_median(const double *sorted, size_t n)
{
    if (n == 0)
        return NAN;
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

double stats_percentile(const double *sorted, size_t n, double percent)
{
    size_t rank;

    if (n == 0)
        return NAN;
    rank = (size_t)ceil(percent / 100 * (double)n);
    return sorted[rank < 1 ? 0 : rank > n ? n - 1 : rank - 1];
}

double stats_median_of(const double *values, size_t n)
{
    double *kept = bench_alloc(n, sizeof(*kept)), median;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            kept[count++] = values[i];
    stats_sort(kept, count);
    median = stats_median(kept, count);
    free(kept);
    return median;
}
