#include "engine/meter.h"

#include "base/verify.h"

#include <math.h>

void meter_init(struct meter *m, uint64_t now_ns, uint64_t count, double tau_seconds)
{
    VERIFY_CHECK(tau_seconds > 0);
    *m = (struct meter){
        .start_ns = now_ns,
        .start_count = count,
        .last_ns = now_ns,
        .last_count = count,
        .tau_seconds = tau_seconds,
    };
}

struct meter_rate meter_read(struct meter *m, uint64_t now_ns, uint64_t count)
{
    double total = (double)(now_ns - m->start_ns) * 1e-9;
    double passed = (double)(now_ns - m->last_ns) * 1e-9;
    struct meter_rate rate = {.count = count - m->start_count};

    VERIFY_CHECK(now_ns >= m->last_ns && count >= m->last_count);
    if (passed > 0) {
        /*
         * The weight of a reading is the part of the exponential window that
         * it covers, so that rates don't depend on how often one looks. The
         * window begins with the meter: dividing by what of it has passed
         * makes the first rates averages instead of ramps from zero.
         */
        double weight = -expm1(-passed / m->tau_seconds);

        m->recent += ((double)(count - m->last_count) / passed - m->recent) * weight;
        m->last_ns = now_ns;
        m->last_count = count;
    }
    if (total > 0) {
        rate.average = (double)rate.count / total;
        rate.recent = m->recent / -expm1(-total / m->tau_seconds);
    }
    return rate;
}
