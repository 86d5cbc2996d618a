#include "bench/stats.h"

#include "bench/bench_alloc.h"

#include <math.h>
#include <stdbool.h>
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

/* A value, and whether it is of the first of two groups. */
struct ranked {
    double value;
    size_t twice_rank; /* doubled, so that means of ranks are whole numbers */
    bool first;
};

static int compare_ranked(const void *a, const void *b)
{
    return compare(&((const struct ranked *)a)->value, &((const struct ranked *)b)->value);
}

/* Both groups in order, with ranks from 1 on; *ties becomes the sum of t^3 - t over t equal ones. */
static struct ranked *rank_all(const double *a, size_t n, const double *b, size_t m, double *ties)
{
    struct ranked *all = bench_alloc(n + m, sizeof(*all));
    size_t last;

    for (size_t i = 0; i < n + m; i++)
        all[i] = (struct ranked){i < n ? a[i] : b[i - n], 0, i < n};
    qsort(all, n + m, sizeof(*all), compare_ranked);
    *ties = 0;
    for (size_t i = 0; i < n + m; i = last) {
        double t;

        for (last = i; last < n + m && !(all[last].value > all[i].value); last++)
            ;
        for (size_t k = i; k < last; k++)
            all[k].twice_rank = i + 1 + last;
        t = (double)(last - i);
        *ties += t * t * t - t;
    }
    return all;
}

/*
 * ways[k][s]: in how many ways k of the ranked add up to s. Among all ways to
 * draw n, the part whose sum is as far from its mean as ours.
 */
static double count_ways(const struct ranked *all, size_t total, size_t n, size_t sum)
{
    size_t most = total * (total + 1), mean = n * (total + 1);
    double *ways = bench_alloc((n + 1) * (most + 1), sizeof(*ways)), far = 0, every = 0;
    size_t reached = 0; /* no sum is larger yet */

    ways[0] = 1;
    for (size_t i = 0; i < total; i++) {
        reached += all[i].twice_rank;
        for (size_t k = i + 1 < n ? i + 1 : n; k > 0; k--)
            for (size_t s = all[i].twice_rank; s <= reached; s++)
                ways[k * (most + 1) + s] += ways[(k - 1) * (most + 1) + s - all[i].twice_rank];
    }
    for (size_t s = 0; s <= most; s++) {
        double count = ways[n * (most + 1) + s];

        every += count;
        if ((s > mean ? s - mean : mean - s) >= (sum > mean ? sum - mean : mean - sum))
            far += count;
    }
    free(ways);
    return far / every;
}

static double approximate(double n, double m, double rank_sum, double ties)
{
    double total = n + m, away = fabs(rank_sum - n * (total + 1) / 2) - 0.5;
    double variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)));

    if (away <= 0 || variance <= 0)
        return 1;
    return erfc(away / sqrt(2 * variance));
}

double stats_rank_p(const double *a, size_t n, const double *b, size_t m)
{
    struct ranked *all;
    size_t sum = 0;
    double ties, p;

    if (n == 0 || m == 0)
        return 1;
    all = rank_all(a, n, b, m, &ties);
    for (size_t i = 0; i < n + m; i++)
        sum += all[i].first ? all[i].twice_rank : 0;
    if (n + m <= STATS_EXACT)
        p = count_ways(all, n + m, n, sum);
    else
        p = approximate((double)n, (double)m, (double)sum / 2, ties);
    free(all);
    return p;
}

double stats_rank_p_least(size_t n, size_t m)
{
    double ways = 1;

    if (n == 0 || m == 0)
        return 1;
    for (size_t i = 1; i <= n; i++)
        ways *= (double)(m + i) / (double)i;
    return 2 / ways;
}
