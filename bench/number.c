#include "bench/number.h"

#include <math.h>
#include <stdio.h>

void number_format(char out[static NUMBER_SIZE], double x)
{
    double size = fabs(x);
    int decimals = 6; /* from 0.001 on, one less for each power of ten */

    for (double power = 0.01; decimals > 0 && size >= power; power *= 10)
        decimals--;
    if (isnan(x))
        snprintf(out, NUMBER_SIZE, "-");
    else if (size <= 0)
        snprintf(out, NUMBER_SIZE, "0");
    else if (size >= 1e7 || size < 0.001)
        snprintf(out, NUMBER_SIZE, "%.3e", x);
    else
        snprintf(out, NUMBER_SIZE, "%.*f", decimals, x);
}

void number_format_field(char out[static NUMBER_SIZE], double x)
{
    if (x >= 0 && x < 1e9 && floor(x) >= x)
        snprintf(out, NUMBER_SIZE, "%.0f", x);
    else
        number_format(out, x);
}

void number_format_spread(char out[static NUMBER_SIZE], double median, double min, double max,
                          size_t runs)
{
    double percent = 50 * (max - min) / fabs(median);

    if (isnan(percent) || isinf(percent) || runs < 2)
        snprintf(out, NUMBER_SIZE, "-");
    else if (percent >= 1000)
        snprintf(out, NUMBER_SIZE, "%.1e%%", percent);
    else
        snprintf(out, NUMBER_SIZE, "%.1f%%", percent);
}
