/*
 * The input as another miner's output, fed whole and in two pieces: both give
 * the same rate, which is finite and above zero where there is one.
 */
#include "bench/rate_text.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>

static double result_of(const char *text, size_t size, size_t split)
{
    static struct rate_text t;
    const char *rule;
    double rate;

    rate_text_init(&t);
    rate_text_feed(&t, text, split);
    rate_text_feed(&t, text + split, size - split);
    rate = rate_text_result(&t, &rule);
    FUZZ_CHECK(*rule);
    return rate;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    double whole = result_of((const char *)data, size, 0);
    double pieces = result_of((const char *)data, size, size ? data[0] % size : 0);

    FUZZ_CHECK(isnan(whole) == isnan(pieces));
    FUZZ_CHECK(isnan(whole) || (isfinite(whole) && whole > 0 && fabs(whole / pieces - 1) < 1e-12));
    return 0;
}
