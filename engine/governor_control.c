/*
 * The controller: samples in, a budget out. It knows no clock, thread or file,
 * so that a day of it can be tested in a moment.
 *
 * How long an interval was is the steady clock's to say, unless /proc/stat says
 * that the machine ran for another time: then the clock jumped, or the machine
 * was suspended, and what /proc/stat says counts for the credits. But where it
 * says what cannot have been in that time, as where a container's view of it
 * becomes another, it is not believed: that interval counts as not measured.
 *
 * What was busy is worked out from what was idle: kernels measure a CPU's idle
 * time, but count its busy time by sampling, which misses short tasks.
 */
#include "engine/governor_impl.h"

#include <math.h>
#include <stdio.h>

/* Of what the instance earns, this much is not counted: the hypervisor's clock isn't ours. */
#define MARGIN 0.01

/* Credits that are kept for others' bursts: what is earned in so many hours. */
#define RESERVE_HOURS 0.5

/* Below what the whole machine burns in this time, mining waits: others may begin at any moment. */
#define FLOOR_S 3.0

/* Excess is spent, and unused percent are caught up on, over these times. */
#define SPEND_S 600.0
#define CATCH_UP_S 2.0

/* Of the budget: a miner that uses less has no work, and saves nothing up. */
#define IDLE_SHARE 0.1

/* An interval longer than this was none of ours. */
#define GAP_S 5.0

/* /proc/stat isn't believed where it says more than these times the interval, and so much besides. */
#define BELIEVED 2.0
#define BELIEVED_S 1.0

/* How others' use, and steal, are smoothed. */
#define OTHER_TAU_S 3.0
#define STEAL_TAU_S 10.0

/* Steal above HIGH for LASTING_S lowers the budget; below CALM for as long, it begins to recover. */
#define STEAL_HIGH 0.10
#define STEAL_CALM 0.02
#define LASTING_S 30.0
#define LOWER_S 10.0
#define RECOVER_S 300.0
#define FACTOR_MIN 0.05

#define AVERAGE_S 60.0

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* vCPUs that may be busy all the time. */
static double earned_cpus(const struct governor_instance *i) { return i->credits_per_hour / 60; }

void governor_control_init(struct governor_control *c, const struct governor_budget *budget,
                           const struct governor_instance *instance, double initial_credits,
                           double cpus, size_t lanes, double tick_hz)
{
    *c = (struct governor_control){
        .budget = *budget,
        .instance = instance,
        .cpus = cpus,
        .cut = cpus < (double)lanes ? cpus : (double)lanes,
        .tick_ns = 1e9 / tick_hz,
        .lanes = lanes,
        .reserve = instance ? instance->credits_per_hour * RESERVE_HOURS : 0,
        .factor = 1,
        .credits = initial_credits,
    };
    if (budget->mode == GOVERNOR_OFF)
        c->budget_cpus = (double)lanes;
    else if (budget->mode == GOVERNOR_PERCENT)
        c->budget_cpus = clamp(cpus * budget->percent / 100, 0, c->cut);
    meter_init(&c->used, 0, 0, AVERAGE_S);
    meter_init(&c->other, 0, 0, AVERAGE_S);
    meter_init(&c->wanted, 0, 0, AVERAGE_S);
    meter_init(&c->stolen, 0, 0, AVERAGE_S);
}

/* What an interval was, in seconds and CPU seconds. */
struct interval {
    double elapsed; /* that counts */
    bool gap;
    double mining;
    bool has_stat;
    double busy; /* everything on the machine; rounding may make it negative, its sum is right */
    double steal;
};

/* Counters that went back, as the kernel's idle time does at times, count when they come forward again. */
static double difference(uint64_t now, uint64_t before) { return (double)(int64_t)(now - before); }

/* Whether so many CPU seconds, forward or back, can be of the time since /proc/stat was last read. */
static bool is_possible(const struct governor_control *c, const struct governor_sample *s,
                        double seconds)
{
    double passed = fmax(0, difference(s->now_ns, c->stat_ns) / 1e9);

    return fabs(seconds) <= s->stat.cpus * (BELIEVED * passed + BELIEVED_S);
}

static void measure_stat(const struct governor_control *c, const struct governor_sample *s,
                         struct interval *i)
{
    const struct governor_stat *stat = &s->stat, *last = &c->last.stat;
    double tick = c->tick_ns / 1e9, cpus = stat->cpus;
    double idle = difference(stat->idle, last->idle) * tick;
    double busy = difference(stat->busy, last->busy) * tick;
    double steal = difference(stat->steal, last->steal) * tick;
    double machine = fmax(0, (idle + busy + steal) / cpus);

    i->has_stat = is_possible(c, s, idle) && is_possible(c, s, busy) && is_possible(c, s, steal);
    if (!i->has_stat)
        return;
    if (fabs(machine - i->elapsed) > 0.1 + 0.05 * i->elapsed) {
        i->gap = true;
        i->elapsed = machine;
    }
    i->steal = steal;
    i->busy = i->elapsed * cpus - idle - steal;
}

static struct interval measure(const struct governor_control *c, const struct governor_sample *s)
{
    struct interval i = {
        .elapsed = fmax(0, difference(s->now_ns, c->last.now_ns) / 1e9),
        .mining = difference(s->mining_ns, c->last.mining_ns) / 1e9,
    };

    i.gap = s->now_ns < c->last.now_ns;
    if (s->has_stat && c->last.has_stat && s->stat.cpus == c->last.stat.cpus)
        measure_stat(c, s, &i);
    i.gap |= i.elapsed > GAP_S;
    return i;
}

static void smooth(double *average, double value, double elapsed, double tau)
{
    *average += (value - *average) * (1 - exp(-elapsed / tau));
}

static void count_credits(struct governor_control *c, const struct interval *i)
{
    double earned, most;

    if (!c->instance || !i->has_stat)
        return;
    earned = earned_cpus(c->instance) * i->elapsed / 60 * (1 - MARGIN);
    /* Launch credits may stand above what can be accrued; nothing is added to them. */
    most = fmax(c->credits, c->instance->max_credits);
    c->earned += earned;
    c->spent += i->busy / 60;
    c->credits = fmin(c->credits + earned - i->busy / 60, most);
    /* More surplus than a day earns is charged at once, and no longer owed. */
    c->credits = fmax(c->credits, -c->instance->max_credits);
}

static void watch_others(struct governor_control *c, const struct interval *i, uint64_t mining_ns)
{
    double other;

    c->time_ns += (uint64_t)(i->elapsed * 1e9);
    if (i->elapsed <= 0)
        return;
    c->mining_cpus = i->mining / i->elapsed;
    meter_read(&c->used, c->time_ns, mining_ns);
    if (!i->has_stat)
        return;
    other = (i->busy - i->mining) / i->elapsed;
    if (c->has_rates)
        smooth(&c->other_cpus, other, i->elapsed, OTHER_TAU_S);
    else
        c->other_cpus = other;
    c->has_rates = true;
    c->other_ns += (uint64_t)(fmax(0, other * i->elapsed) * 1e9);
    c->stolen_ns += (uint64_t)(fmax(0, i->steal) * 1e9);
    c->wanted_ns += (uint64_t)((fmax(0, i->busy) + fmax(0, i->steal)) * 1e9);
    meter_read(&c->other, c->time_ns, c->other_ns);
    meter_read(&c->stolen, c->time_ns, c->stolen_ns);
    meter_read(&c->wanted, c->time_ns, c->wanted_ns);
}

static void watch_steal(struct governor_control *c, const struct interval *i,
                        struct governor_news *news)
{
    double wanted = fmax(0, i->busy) + fmax(0, i->steal);

    if (!i->has_stat || i->gap)
        return;
    smooth(&c->steal, wanted > 0 ? fmax(0, i->steal) / wanted : 0, i->elapsed, STEAL_TAU_S);
    c->steal_s = c->steal > STEAL_HIGH ? c->steal_s + i->elapsed : 0;
    c->calm_s = c->steal < STEAL_CALM ? c->calm_s + i->elapsed : 0;
    if (c->steal_s >= LASTING_S) {
        if (!c->throttled) {
            news->throttled_began = true;
            /* That is what an instance in standard mode gets whose credits are spent. */
            c->credits = fmin(c->credits, 0);
        }
        c->throttled = true;
        c->factor = fmax(FACTOR_MIN, c->factor * (1 - c->steal * i->elapsed / LOWER_S));
    } else if (c->throttled && c->calm_s >= LASTING_S) {
        c->factor += i->elapsed / RECOVER_S;
        if (c->factor >= 1) {
            c->factor = 1;
            c->throttled = false;
            news->throttled_ended = true;
        }
    }
}

static double percent_budget(struct governor_control *c, const struct interval *i)
{
    double share = c->cpus * c->budget.percent / 100 * c->factor;
    double unused = share * i->elapsed - i->mining;

    /* Of a time that wasn't watched only what was used too much counts. */
    c->owed += i->gap ? fmin(unused, 0) : unused;
    /* Nothing saved up by a miner without work, or by one that others keep from it for long. */
    if (i->mining < IDLE_SHARE * share * i->elapsed)
        c->owed = fmin(c->owed, 0);
    c->owed = fmin(c->owed, c->cut * CATCH_UP_S);
    return share + c->owed / CATCH_UP_S;
}

/*
 * What the instance earns less what others use: of that, half while the balance
 * is at its floor, more as the reserve fills, all when it is full. What is above
 * the reserve is spent besides. Where others use more than is earned, only
 * excess lets mining run at all.
 */
static double credits_budget(const struct governor_control *c, const struct interval *i)
{
    double floor = FLOOR_S / 60 * c->instance->vcpus;
    double net = earned_cpus(c->instance) * (1 - MARGIN) - fmax(0, c->other_cpus);
    double filled = clamp((c->credits - floor) / (c->reserve - floor), 0, 1);
    double excess = fmax(0, c->credits - c->reserve) * 60;

    /* What can't be measured isn't spent. */
    if (!i->has_stat || !c->has_rates || c->credits < floor)
        return 0;
    if (net > 0)
        net *= (1 + filled) / 2;
    return c->factor * (net + excess / SPEND_S);
}

/* Where /proc/stat couldn't be read, the next interval begins at what was read before. */
static void keep(struct governor_control *c, const struct governor_sample *sample)
{
    struct governor_stat stat = c->last.stat;
    bool has_stat = c->last.has_stat;

    c->last = *sample;
    if (sample->has_stat)
        c->stat_ns = sample->now_ns;
    if (!sample->has_stat && has_stat) {
        c->last.stat = stat;
        c->last.has_stat = true;
    }
}

struct governor_news governor_control_step(struct governor_control *c,
                                           const struct governor_sample *sample)
{
    struct governor_news news = {0};
    struct interval i;
    double budget = c->budget_cpus;

    if (!c->has_last) {
        c->has_last = true;
        keep(c, sample);
        meter_init(&c->used, 0, sample->mining_ns, AVERAGE_S);
        return news;
    }
    i = measure(c, sample);
    keep(c, sample);
    news.gap = i.gap;
    count_credits(c, &i);
    watch_others(c, &i, sample->mining_ns);
    watch_steal(c, &i, &news);
    if (c->budget.mode == GOVERNOR_PERCENT)
        budget = percent_budget(c, &i);
    else if (c->budget.mode == GOVERNOR_CREDITS)
        budget = credits_budget(c, &i);
    c->budget_cpus = clamp(budget, 0, c->cut);
    return news;
}

unsigned governor_control_duty(const struct governor_control *c, size_t lane)
{
    double share = clamp(c->budget_cpus - (double)lane, 0, 1);

    return (unsigned)lround(share * MINER_DUTY_FULL);
}

/* The average that a meter had at its last reading. */
static double average(struct meter meter, uint64_t time_ns)
{
    return meter_read(&meter, time_ns, meter.last_count).recent / 1e9;
}

void governor_control_status(const struct governor_control *c, struct governor_status *status)
{
    double wanted = average(c->wanted, c->time_ns);

    *status = (struct governor_status){
        .mode = c->budget.mode,
        .cpus = c->cpus,
        .budget_cpus = c->budget_cpus,
        .used_cpus = average(c->used, c->time_ns),
        .other_cpus = average(c->other, c->time_ns),
        .steal = wanted > 0 ? average(c->stolen, c->time_ns) / wanted : 0,
        .throttled = c->throttled,
    };
    if (!c->instance)
        return;
    status->has_credits = true;
    status->instance = *c->instance;
    status->credits = c->credits;
    status->credits_earned = c->earned;
    status->credits_spent = c->spent;
    status->unlimited_usd_per_hour =
        (c->instance->vcpus - earned_cpus(c->instance)) * c->instance->surplus_usd;
    snprintf(status->cost, sizeof(status->cost),
             "flat out in unlimited mode, the %u vCPUs of %s would cost %.3f USD an hour "
             "(%.2f a day) beyond its price",
             c->instance->vcpus, c->instance->name, status->unlimited_usd_per_hour,
             status->unlimited_usd_per_hour * 24);
}
