#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t read_clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t); /* cannot fail: these clocks exist on every Linux */
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void clock_init(struct clock *c)
{
    atomic_init(&c->wall_ms, 0);
    atomic_init(&c->steady_ns, 0);
    atomic_init(&c->steady_skip, 0);
}

int64_t clock_wall_ms(const struct clock *c)
{
    int64_t mocked = atomic_load(&c->wall_ms);

    return mocked ? mocked : (int64_t)(read_clock_ns(CLOCK_REALTIME) / 1000000);
}

int64_t clock_wall_s(const struct clock *c) { return clock_wall_ms(c) / 1000; }

uint64_t clock_steady_ns(const struct clock *c)
{
    uint64_t mocked = atomic_load(&c->steady_ns);

    return (mocked ? mocked : clock_monotonic_ns()) + atomic_load(&c->steady_skip);
}

void clock_mock_wall_ms(struct clock *c, int64_t ms) { atomic_store(&c->wall_ms, ms); }

void clock_mock_steady_ns(struct clock *c, uint64_t ns) { atomic_store(&c->steady_ns, ns); }

void clock_advance_steady(struct clock *c, uint64_t ns) { atomic_fetch_add(&c->steady_skip, ns); }

uint64_t clock_monotonic_ns(void) { return read_clock_ns(CLOCK_MONOTONIC); }

uint64_t clock_thread_cpu_ns(void) { return read_clock_ns(CLOCK_THREAD_CPUTIME_ID); }

enum {
    SECONDS_A_DAY = 86400,
};
static const int64_t first_second = -62167219200; /* 0000-01-01T00:00:00Z */
static const int64_t last_second = 253402300799;  /* 9999-12-31T23:59:59Z */

/* A day of the proleptic Gregorian calendar as a date. */
struct date {
    unsigned year, month, day;
};

/*
 * The date of a day counted from 0000-03-01, a calendar whose years end with
 * February and so with the leap day: 400 years have 146097 days, and the months
 * from March on follow 31 30 31 30 31, which is (153 m + 2) / 5.
 */
static struct date date_of_day(uint64_t day)
{
    uint64_t era = day / 146097;
    uint64_t in_era = day % 146097;
    uint64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * in_year + 2) / 153; /* March is 0 */
    struct date d;

    d.day = (unsigned)(in_year - (153 * month + 2) / 5) + 1;
    d.month = (unsigned)(month < 10 ? month + 3 : month - 9);
    d.year = (unsigned)(era * 400 + year + (month >= 10));
    return d;
}

/* gmtime_r is not used, as it takes a lock and reads the zone's files. */
static void format_date(char out[static CLOCK_TEXT_SIZE], int64_t seconds, const char *fraction)
{
    /* The 60 days of January and February of the year 0 come before 0000-03-01; an era more keeps
     * them positive, and leaves again with its 400 years. */
    uint64_t since = (uint64_t)(seconds - first_second) + (uint64_t)(146097 - 60) * SECONDS_A_DAY;
    struct date d = date_of_day(since / SECONDS_A_DAY);
    unsigned rest = (unsigned)(since % SECONDS_A_DAY);

    snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u%sZ", (d.year - 400) % 10000,
             d.month % 100, d.day % 100, rest / 3600 % 100, rest / 60 % 60, rest % 60, fraction);
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void clock_format_s(char out[static CLOCK_TEXT_SIZE], int64_t seconds)
{
    format_date(out, clamp(seconds, first_second, last_second), "");
}

void clock_format_ms(char out[static CLOCK_TEXT_SIZE], int64_t ms)
{
    int64_t limited = clamp(ms, first_second * 1000, last_second * 1000 + 999);
    int64_t seconds = limited / 1000 - (limited % 1000 < 0);
    char fraction[5];

    snprintf(fraction, sizeof fraction, ".%03u", (unsigned)(limited - seconds * 1000) % 1000);
    format_date(out, seconds, fraction);
}
