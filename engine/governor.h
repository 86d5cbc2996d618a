/*
 * The governor: keeps mining within a budget of CPU time.
 *
 *     lanes' CPU time, /proc/stat --> budget in CPUs --> lanes at full, one at a part, the rest asleep
 *
 * off      the miner runs as it was made
 * percent  mining uses that share of the CPUs that the process may use: the
 *          topology's, and no more than the quota of its control group
 * credits  on a burstable EC2 instance: mining uses what the instance earns and
 *          others leave. Everything that runs on the machine spends credits, so
 *          all of it is counted. A small reserve is kept for others' bursts.
 *
 * The budget goes to as few lanes as can use it, in the order of workers: one
 * hardware thread a core first. Two threads of a core busy at once cost twice
 * the CPU time (and credits) for far less than twice the hashes, so whole lanes
 * on separate cores give the most for the budget. One lane gets what remains as
 * a duty cycle of some 50 Hz (miner_set_duty). Where others keep the lanes from
 * running, more of them are used; what mining didn't get is not saved up for
 * more than some seconds.
 *
 * Time that the hypervisor takes (steal) is what an instance without credits
 * sees of being throttled: where it lasts, the budget goes down until it ends.
 *
 * Validation is not mining: tasks of the pool's higher classes are neither
 * limited nor delayed. Nor are devices; the CPU time that their drivers use is
 * others' use.
 */
#ifndef ENGINE_GOVERNOR_H
#define ENGINE_GOVERNOR_H

#include "base/log.h"
#include "engine/miner.h"

enum {
    GOVERNOR_ERROR_SIZE = 256,
    GOVERNOR_TEXT_SIZE = 160,
    GOVERNOR_NAME_SIZE = 32, /* of an instance type's */
};

enum governor_mode {
    GOVERNOR_OFF,
    GOVERNOR_PERCENT,
    GOVERNOR_CREDITS,
};

struct governor_budget {
    enum governor_mode mode;
    double percent; /* with GOVERNOR_PERCENT: above 0, at most 100 */
};

/*
 * Reads "off", "credits", "40%" or "40". False, with the reason in error, where
 * text is none of them. 100 percent is GOVERNOR_PERCENT too: a quota still counts.
 */
bool governor_budget_parse(struct governor_budget *budget, const char *text,
                           char error[static GOVERNOR_ERROR_SIZE]);

/* A burstable type, as tuning/ec2-burstable.yaml has it. One credit is one vCPU for a minute. */
struct governor_instance {
    char name[GOVERNOR_NAME_SIZE]; /* "t3.xlarge" */
    unsigned vcpus;
    double credits_per_hour;
    double max_credits;    /* that can be accrued */
    double launch_credits; /* given at each start in standard mode, beyond max_credits */
    double surplus_usd;    /* a vCPU-hour beyond what is earned, in unlimited mode, with Linux */
    bool unlimited;        /* that mode is its default */
};

/* The table; NULL from its size on. */
const struct governor_instance *governor_instance_at(size_t index);

/* The type of that name; NULL where it isn't in the table. */
const struct governor_instance *governor_instance_find(const char *name);

/*
 * The name of the EC2 instance type that this machine is, by the firmware's
 * words under dmi (NULL: "/sys/devices/virtual/dmi/id"); no network is used. False, and name
 * empty, where it isn't one or doesn't say (t2, being Xen's, doesn't).
 */
bool governor_instance_name(char name[static GOVERNOR_NAME_SIZE], const char *dmi);

/* All zero but topology and clock mines without limit. */
struct governor_options {
    struct governor_budget budget;
    const struct topology *topology; /* which CPUs, and the quota; copied from */
    const struct clock *clock;       /* its steady time is the governor's; must outlive it */
    struct log *log;                 /* or NULL; must outlive it */
    const char *instance;            /* "t3.xlarge"; NULL or "": asked of the firmware */
    /*
     * Credits that the instance has now, as CloudWatch's CPUCreditBalance says.
     * 0 where that isn't known: then mining begins with what is earned from now on.
     */
    double initial_credits;
    const char *proc_stat; /* NULL: "/proc/stat" */
    const char *dmi;       /* as above */
    bool manual;           /* no thread: the caller calls governor_tick twice a second */
};

struct governor;

/*
 * Governs the miner from now on, and starts the thread for that unless the mode
 * is off or options say manual. The miner must outlive the governor, which
 * gives the lanes back their full duty at its end.
 *
 * NULL, with the reason in error: credits on a machine that isn't a known
 * burstable instance, or without a readable /proc/stat; an unknown name in
 * options->instance, or credits that it can't have; memory or a thread that
 * can't be had.
 */
struct governor *governor_create(const struct governor_options *options, struct miner *miner,
                                 char error[static GOVERNOR_ERROR_SIZE]);
void governor_destroy(struct governor *g);

/* Measures and adjusts, where options say manual. One thread at a time. */
void governor_tick(struct governor *g);

/* For displays, the API and metrics. Averages are weighted by age over the last minute. */
struct governor_status {
    enum governor_mode mode;
    double cpus;        /* that the process may use */
    double budget_cpus; /* that mining may use now, in CPUs; off: all lanes */
    double used_cpus;   /* that mining used, on average */
    double other_cpus;  /* that all else on the machine used, on average; 0 where unknown */
    double steal;       /* the share of wanted CPU time that the hypervisor took, 0 to 1 */
    bool throttled;     /* because of steal the budget is lower than it would be */
    bool has_credits;   /* the machine is a known burstable type; else the rest is empty */
    struct governor_instance instance;
    double credits; /* the estimated balance; below 0: surplus that unlimited mode has lent */
    double credits_earned;         /* since the start */
    double credits_spent;          /* since the start, by everything on the machine */
    double unlimited_usd_per_hour; /* what all vCPUs flat out would cost in unlimited mode */
    char cost[GOVERNOR_TEXT_SIZE]; /* the same in words */
};

/* May be called on any thread. */
void governor_status(struct governor *g, struct governor_status *status);

/* "off", "40%", "credits". */
const char *governor_mode_text(char text[static GOVERNOR_NAME_SIZE],
                               const struct governor_budget *budget);

#endif
