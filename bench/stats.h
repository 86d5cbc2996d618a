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

#endif
