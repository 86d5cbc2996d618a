/*
 * Everything that a mining run shows, gathered in one place: what the display,
 * the API and the metrics tell is read here, so that they agree.
 *
 *     miner (lanes) ----\
 *     tally ------------+--> monitor --report--> display, API, metrics
 *     mining_control ---+
 *     governor, sensors-/
 *
 * A thread of the monitor's reads the counters once a second, whether anybody
 * asks or not, so that rates mean the same to everyone.
 */
#ifndef MINING_MONITOR_H
#define MINING_MONITOR_H

#include "base/clock.h"
#include "engine/miner.h"
#include "mining/status.h"
#include "mining/tally.h"

enum {
    MONITOR_TEXT_SIZE = 64,
    MONITOR_MAX_DEVICES = POOL_MAX_WORKERS + 64,
};

enum monitor_kind {
    MONITOR_CPU, /* a worker of the pool */
    MONITOR_GPU, /* an OpenCL device */
};

/* What a lane of the miner is; all that does not change. */
struct monitor_device {
    enum monitor_kind kind;
    unsigned id;                  /* among those of its kind, from 0 */
    unsigned place;               /* of a CPU: the system's number of its logical processor */
    char name[MONITOR_TEXT_SIZE]; /* what people call it: "Intel Xeon ...", "NVIDIA H100" */
    char kernel[MONITOR_TEXT_SIZE];
    char driver[MONITOR_TEXT_SIZE]; /* "cpu"; an OpenCL device's platform */
};

/* What of a device changes. */
struct monitor_condition {
    uint64_t errors;      /* wrong results that never came as far as the tally, since the start */
    bool alive;           /* it searches, or would if there were work */
    bool has_temperature; /* else temperature says nothing */
    double temperature;   /* degrees Celsius */
    bool has_power;
    double power; /* watts */
};

/* Hashes a second: exponentially weighted over these times, and since the start. */
struct monitor_rates {
    double s5, m1, m5, m15, average;
};

struct monitor_lane {
    struct monitor_device device;
    struct monitor_condition condition;
    uint64_t hashes;
    uint64_t works;                         /* taken up */
    uint64_t last_switch_ns, max_switch_ns; /* from new work to its first hash, as the miner says */
    struct monitor_rates rates;
    struct mining_lane_tally tally;
};

/* How much of the machine is used, where something limits it. */
struct monitor_budget {
    bool present;
    char mode[MONITOR_TEXT_SIZE]; /* "percent", "credits", "off" */
    double limit_percent;         /* what may be used now, of all processors */
    double used_percent;          /* what was used of late */
    double steal_percent;         /* what the hypervisor took of late */
    bool has_credits;
    double credits, credits_max, earned_per_hour; /* CPU credits: a core for a minute each */
};

struct monitor_report {
    int64_t now_s;          /* the date */
    int64_t started_s;      /* of the mining, or of the last monitor_zero */
    double elapsed_s;       /* since then */
    uint64_t hashes;        /* of all lanes */
    uint64_t blocks;        /* of the network: how often the height or the block before changed */
    int64_t block_s;        /* when it last did; 0: not known */
    int64_t work_s;         /* when a source last gave work; 0: never */
    double best_difficulty; /* that a hash reached since then */
    struct monitor_rates rates;
    struct mining_status status;
    struct monitor_budget budget;
    size_t lane_count, cpu_count, gpu_count;
    struct monitor_lane lane[]; /* CPUs first */
};

struct monitor_options {
    struct miner *miner;
    const struct clock *clock;
    struct mining_tally *tally;           /* or NULL */
    const struct mining_control *control; /* its status function is used */
    const struct monitor_device *devices; /* one for each lane of the miner; copied */
    void *arg;                            /* of what follows, each of which may be NULL */
    void (*condition_fn)(void *arg, size_t lane, struct monitor_condition *out);
    void (*budget_fn)(void *arg, struct monitor_budget *out);
    /* Told of each second's report, on the monitor's thread. */
    void (*tick_fn)(void *arg, const struct monitor_report *report);
};

struct monitor;

/* Starts the thread. What options point to must outlive the monitor. NULL where memory or a thread can't be had. */
struct monitor *monitor_create(const struct monitor_options *options);

/* tick_fn is not called any more after it returns. */
void monitor_destroy(struct monitor *monitor);

/* How things are now; free() it. NULL where memory lacks. Any thread. */
struct monitor_report *monitor_read(struct monitor *monitor);

/*
 * Begins counting anew, as cgminer's zero: everything but the sources' best
 * difficulties, or the run's own best difficulty alone. Any thread.
 */
void monitor_zero(struct monitor *monitor, bool best_alone);

/* Seconds until a result of this difficulty is to be expected at this rate; infinite where it never is. */
double monitor_expected_s(double difficulty, double rate);

#endif
