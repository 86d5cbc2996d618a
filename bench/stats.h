/* The few statistics that the reports use. Pure; any thread. */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

#include <stddef.h>

/* Sorts n values, the smallest first. NaN must not be among them. */
void stats_sort(double *values, size_t n);

/* Of sorted values: the middle one, or the mean of the two in the middle; NaN where n is 0. */
double stats_median(const double *sorted, size_t n);

/*
 * Of sorted values: the smallest one that at least percent (0 to 100) of them
 * do not exceed; NaN where n is 0.
 */
double stats_percentile(const double *sorted, size_t n, double percent);

/* The median of values in any order, those that are NaN left out; NaN where none is left. */
double stats_median_of(const double *values, size_t n);

/*
 * The rank sum test of Wilcoxon, Mann and Whitney: how probable it is, if a and b
 * were drawn from one distribution, that their ranks differ by as much as they
 * do, in either direction. Equal values share the mean of their ranks. Exact,
 * by counting all ways to draw, for up to STATS_EXACT values together; beyond,
 * the normal approximation with its correction for continuity. NaN must not be
 * among them. 1 where a or b is empty.
 */
double stats_rank_p(const double *a, size_t n, const double *b, size_t m);

/* The smallest that it can be, exactly counted, for so many values: two ways of all. */
double stats_rank_p_least(size_t n, size_t m);

enum { STATS_EXACT = 30 };

#endif
