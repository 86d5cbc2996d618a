/* What the governor's files share: the controller, which knows no clock and no file, and what it is fed. */
#ifndef ENGINE_GOVERNOR_IMPL_H
#define ENGINE_GOVERNOR_IMPL_H

#include "base/bytes.h"
#include "engine/governor.h"
#include "engine/meter.h"

/* ---- governor_stat.c: /proc/stat and the firmware's words ---- */

/* The machine's CPU time since its start, in ticks of 1/sysconf(_SC_CLK_TCK) seconds, all CPUs' together. */
struct governor_stat {
    uint64_t busy;
    uint64_t idle; /* waiting for disks included */
    uint64_t steal;
    unsigned cpus; /* that are online; at least 1 */
};

/* Reads the text of /proc/stat; false where it isn't that. */
bool governor_stat_parse(struct governor_stat *stat, struct bytes text);

/*
 * The instance type that a DMI product name of an Amazon EC2 machine is: "t3.xlarge",
 * with or without the newline of sysfs. False, and name empty, where it isn't the name of one.
 */
bool governor_stat_type(char name[static GOVERNOR_NAME_SIZE], struct bytes product,
                        struct bytes vendor);

/* ---- governor_control.c ---- */

/* What was measured at one moment. */
struct governor_sample {
    uint64_t now_ns;    /* steady time */
    uint64_t mining_ns; /* CPU time that the search and the governor have used so far */
    bool has_stat;      /* stat could be read */
    struct governor_stat stat;
};

/* What a step noticed, to be logged. */
struct governor_news {
    bool gap;             /* the clock jumped, or nothing ran for long: that time doesn't count */
    bool throttled_began; /* steal has lasted */
    bool throttled_ended;
};

struct governor_control {
    /* Set by init: */
    struct governor_budget budget;
    const struct governor_instance *instance; /* NULL: no credits are counted */
    double cpus;                              /* that the process may use */
    double cut;                               /* CPUs that mining may use at most */
    double tick_ns;
    size_t lanes;
    double reserve; /* credits */
    /* The last sample, and what followed from all of them: */
    bool has_last, has_rates;
    struct governor_sample last;
    uint64_t stat_ns;               /* when last.stat was read */
    double mining_cpus, other_cpus; /* over the last interval, others' smoothed */
    double steal;                   /* the share, smoothed */
    double steal_s, calm_s;         /* how long it has been high, and low */
    bool throttled;
    double factor; /* what steal leaves of the budget, 0 to 1 */
    double owed;   /* percent: CPU seconds that mining may still use (or has used too much) */
    double credits, earned, spent;
    double budget_cpus;                       /* what mining may use now */
    uint64_t time_ns;                         /* that counted */
    uint64_t other_ns, wanted_ns, stolen_ns;  /* sums for the averages */
    struct meter used, other, wanted, stolen; /* averages of a minute */
};

/* tick_hz: sysconf(_SC_CLK_TCK). instance may be NULL unless the mode is credits. */
void governor_control_init(struct governor_control *c, const struct governor_budget *budget,
                           const struct governor_instance *instance, double initial_credits,
                           double cpus, size_t lanes, double tick_hz);

/* Takes a sample and works out c->budget_cpus anew. The first one only begins the measuring. */
struct governor_news governor_control_step(struct governor_control *c,
                                           const struct governor_sample *sample);

/* The duty of a lane under the present budget, in thousandths. */
unsigned governor_control_duty(const struct governor_control *c, size_t lane);

/* Fills in what the controller knows. */
void governor_control_status(const struct governor_control *c, struct governor_status *status);

#endif
