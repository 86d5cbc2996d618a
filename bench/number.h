/* Numbers as tables and plots show them. Pure; any thread. */
#ifndef BENCH_NUMBER_H
#define BENCH_NUMBER_H

#include <stddef.h>

enum { NUMBER_SIZE = 24 };

/* Four significant digits, "12.35"; what is small or large has an exponent. "-" where x is NaN. */
void number_format(char out[static NUMBER_SIZE], double x);

/* The same; a whole number below a thousand million, such as a count, keeps all of its digits. */
void number_format_field(char out[static NUMBER_SIZE], double x);

/*
 * The spread, "0.4%": half the way from the smallest to the largest, as a part
 * of the median; "-" where the median is 0 or NaN or there are not two runs.
 */
void number_format_spread(char out[static NUMBER_SIZE], double median, double min, double max,
                          size_t runs);

#endif
