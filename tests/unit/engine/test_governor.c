/* The governor's controller on a simulated machine: days of it, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/governor_impl.h"

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double tick_hz = 100;
static const double hour = 3600;

/* ---- chance ---- */

static uint64_t chance_state;

static double chance(void) /* from 0 to below 1 */
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (double)(chance_state >> 11) / 9007199254740992.0;
}

static double between(double low, double high) { return low + (high - low) * chance(); }

/* cmocka's own is for floats. */
#define expect_near(a, b, tolerance) expect_near_at((a), (b), (tolerance), __LINE__)

static void expect_near_at(double a, double b, double tolerance, int line)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("line %d: %g is not within %g of %g", line, a, tolerance, b);
}

/* ---- a machine ---- */

struct machine {
    unsigned cpus;
    double now, up;             /* seconds: of the steady clock, and that the machine ran */
    double busy, idle, steal;   /* CPU seconds since it started */
    double mining;              /* of busy */
    double others;              /* CPUs that others want now */
    double stolen;              /* the share of wanted time that the hypervisor takes now */
    double credits, low, limit; /* the true balance, its lowest, what can be accrued */
    double rate;                /* credits a second that it truly earns */
    double lost;                /* earned, and not accrued for want of room */
    bool has_work;
};

static struct machine new_machine(unsigned cpus, const struct governor_instance *instance)
{
    struct machine m = {.cpus = cpus, .now = 1000, .busy = 100, .idle = 1000, .has_work = true};

    if (instance) {
        m.rate = instance->credits_per_hour / hour;
        m.limit = instance->max_credits;
    }
    return m;
}

/*
 * Lets it run. Of a CPU that others want too a lane gets half, as from a fair
 * scheduler; others move to the CPUs that mining leaves.
 */
static void run_machine(struct machine *m, const struct governor_control *c, double seconds)
{
    double lanes = 0, others = fmin(m->others, m->cpus), mining, wanted, stolen;

    for (size_t i = 0; m->has_work && i < c->lanes; i++)
        lanes += governor_control_duty(c, i) / 1000.0;
    mining = fmin(lanes, fmax(m->cpus - others, fmin(lanes, m->cpus / 2.0)));
    others = fmin(others, m->cpus - mining);
    wanted = (mining + others) * seconds;
    stolen = wanted * m->stolen;
    m->mining += mining * seconds * (1 - m->stolen);
    m->busy += wanted - stolen;
    m->steal += stolen;
    m->idle += m->cpus * seconds - wanted;
    m->now += seconds;
    m->up += seconds;
    m->credits += m->rate * seconds - (wanted - stolen) / 60;
    m->low = fmin(m->low, m->credits);
    if (m->rate > 0 && m->credits > m->limit) {
        m->lost += m->credits - m->limit;
        m->credits = m->limit;
    }
}

static struct governor_sample sample(const struct machine *m)
{
    return (struct governor_sample){
        .now_ns = (uint64_t)(m->now * 1e9),
        .mining_ns = (uint64_t)(m->mining * 1e9),
        .has_stat = true,
        .stat = {.busy = (uint64_t)(m->busy * tick_hz),
                 .idle = (uint64_t)(m->idle * tick_hz),
                 .steal = (uint64_t)(m->steal * tick_hz),
                 .cpus = m->cpus},
    };
}

static struct governor_news step(struct governor_control *c, const struct machine *m)
{
    struct governor_sample s = sample(m);

    return governor_control_step(c, &s);
}

/* Runs in ticks of some half a second until the machine has run so long. */
static void run_until(struct governor_control *c, struct machine *m, double up)
{
    while (m->up < up) {
        run_machine(m, c, between(0.45, 0.6));
        step(c, m);
    }
}

static struct governor_control credits_control(const struct governor_instance *instance,
                                               double initial)
{
    struct governor_control c;

    governor_control_init(&c, &(struct governor_budget){.mode = GOVERNOR_CREDITS}, instance,
                          initial, instance->vcpus, instance->vcpus, tick_hz);
    return c;
}

static struct governor_control percent_control(double percent, double cpus, size_t lanes)
{
    struct governor_control c;

    governor_control_init(&c, &(struct governor_budget){GOVERNOR_PERCENT, percent}, NULL, 0, cpus,
                          lanes, tick_hz);
    return c;
}

/* ---- credits ---- */

/* A clock that jumps, a process that is stopped, ticks that come late: what a day may bring. */
static void something_odd(struct governor_control *c, struct machine *m)
{
    double what = chance();

    if (what < 0.25) {
        m->now += between(10, 3 * hour); /* suspended: nothing runs, nothing is earned */
    } else if (what < 0.5) {
        m->now -= between(0.1, 100); /* no steady clock does that; it must not harm */
    } else if (what < 0.75) {
        run_machine(m, c, between(1, 20)); /* nobody looked for a while */
    } else {
        m->has_work = false; /* the whole process was stopped */
        run_machine(m, c, between(1, 600));
        m->has_work = true;
    }
}

/* Others: a little all the time, and bursts on all CPUs that cost less than half of the reserve. */
static void change_others(const struct governor_control *c, struct machine *m, double *burst_until)
{
    double earned = m->rate * 60;

    if (m->up < *burst_until) {
        m->others = m->cpus;
        return;
    }
    if (chance() < 0.02 || m->others > earned)
        m->others = chance() < 0.3 ? 0 : between(0, 0.5 * earned);
    /* The first hours fill the reserve, and it must fill again. */
    if (m->up > 4 * hour && m->up > *burst_until + 2 * hour && chance() < 1e-4)
        *burst_until = m->up + between(0.2, 0.5) * c->reserve * 60 / (m->cpus - earned);
}

static void check_day(const struct governor_instance *instance)
{
    struct governor_control c = credits_control(instance, 0);
    struct machine m = new_machine(instance->vcpus, instance);
    double burst_until = 0, earned, used;
    struct governor_status status;

    step(&c, &m);
    while (m.up < 24 * hour) {
        change_others(&c, &m, &burst_until);
        run_machine(&m, &c, between(0.45, 0.6));
        if (m.up >= burst_until && chance() < 2e-4)
            something_odd(&c, &m);
        step(&c, &m);
    }
    earned = m.rate * m.up;
    used = (m.busy - 100) / 60;
    governor_control_status(&c, &status);
    if (m.low < 0 || m.lost > 0 || used > earned || used < earned * 0.98 - c.reserve * 1.05 ||
        m.mining / 60 < 0.4 * earned)
        fail_msg("%s: lowest %.3f, lost %.3f, earned %.1f, used %.1f, mined with %.1f",
                 instance->name, m.low, m.lost, earned, used, m.mining / 60);
    /* What it says is what is, but for the margin that it keeps. */
    assert_true(fabs(status.credits - m.credits) < 0.015 * earned);
    assert_true(status.credits <= m.credits + 0.001 * earned);
    assert_true(fabs(status.credits_spent - used) < 0.005 * earned);
}

static void lives_on_what_it_earns(void **state)
{
    const struct governor_instance *instance;

    (void)state;
    chance_state = 20260104;
    for (size_t i = 0; (instance = governor_instance_at(i)); i++)
        check_day(instance);
}

/* What was accrued before is spent, all lanes at once, and then it lives on what it earns. */
static void spends_what_was_accrued(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.xlarge");
    struct governor_control c = credits_control(instance, 500);
    struct machine m = new_machine(4, instance);
    double flat_out;

    (void)state;
    chance_state = 7;
    m.credits = 500;
    step(&c, &m);
    run_until(&c, &m, hour);
    flat_out = m.mining;
    assert_true(flat_out > 0.99 * 4 * hour);
    run_until(&c, &m, 24 * hour);
    assert_true(m.low >= 0);
    assert_true(m.mining / 60 > 0.985 * 96 * 24 + 500 - c.reserve * 1.1);
    /* Steady in the end: what is earned, all but the margin. */
    assert_true(fabs(c.budget_cpus - 1.6) < 0.03);
    assert_int_equal(governor_control_duty(&c, 0), 1000);
    assert_in_range(governor_control_duty(&c, 1), 550, 610);
    assert_int_equal(governor_control_duty(&c, 2), 0);
}

/* Launch credits stand above what can be accrued: they aren't cut, and nothing is added. */
static void keeps_launch_credits(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t2.micro");
    struct governor_control c = credits_control(instance, 144 + 30);
    struct machine m = new_machine(1, instance);

    (void)state;
    c.budget.mode = GOVERNOR_PERCENT; /* counts, and spends little */
    c.budget.percent = 1;
    m.has_work = false;
    step(&c, &m);
    run_until(&c, &m, hour);
    expect_near(c.credits, 174, 0.01);
    m.others = 1;
    run_until(&c, &m, 2 * hour);
    expect_near(c.credits, 174 - 60 + 6 * 0.99, 0.2);
    m.others = 0;
    run_until(&c, &m, 24 * hour);
    expect_near(c.credits, 144, 0.01);
}

/* Others who use more than is earned empty the balance; mining has no part in it. */
static void leaves_credits_to_others(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.medium");
    struct governor_control c = credits_control(instance, 0);
    struct machine m = new_machine(2, instance);
    double mined;

    (void)state;
    chance_state = 99;
    step(&c, &m);
    run_until(&c, &m, 4 * hour);
    m.others = 0.6; /* 0.4 are earned */
    run_until(&c, &m, 4 * hour + 30);
    mined = m.mining;
    run_until(&c, &m, 8 * hour);
    assert_true(m.mining - mined < 1);
    /* What they took beyond that is earned back first. */
    m.others = 0.1;
    run_until(&c, &m, 12 * hour);
    assert_true(m.mining - mined > 100);
}

/* More surplus than a day's earnings is charged at once: it needs no second day to be earned back. */
static void owes_no_more_than_a_day(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.nano");
    struct governor_control c = credits_control(instance, 0);
    struct machine m = new_machine(2, instance);

    (void)state;
    chance_state = 3;
    m.others = 2;
    step(&c, &m);
    run_until(&c, &m, 6 * hour);
    expect_near(c.credits, -144, 0.1);
    m.others = 0;
    m.has_work = false;
    run_until(&c, &m, 31 * hour);
    assert_true(c.credits > 0);
}

/* Without /proc/stat nobody knows what is spent: then nothing is. */
static void spends_nothing_unmeasured(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.large");
    struct governor_control c = credits_control(instance, 100);
    struct machine m = new_machine(2, instance);
    struct governor_sample s;

    (void)state;
    step(&c, &m);
    run_until(&c, &m, 100);
    assert_true(c.budget_cpus > 1);
    run_machine(&m, &c, 0.5);
    s = sample(&m);
    s.has_stat = false;
    governor_control_step(&c, &s);
    assert_true(c.budget_cpus <= 0);
    /* It is made up for when it can be read again. */
    run_until(&c, &m, 200);
    expect_near(c.spent, (m.busy - 100) / 60, 0.01);
    assert_true(c.budget_cpus > 1);
}

/* A view of /proc/stat that becomes another one, as of a container that is moved: it says nothing. */
static void believes_only_what_can_be(void **state)
{
    static const double jump[][3] = {
        /* busy, idle and steal, CPU seconds */
        {1e6, 0, 0},  {-1e6, 0, 0}, {0, 1e6, 0},   {0, -1e6, 0},     {0, 0, 1e6},
        {0, 0, -1e6}, {1e6, -1e6},  {-1e6, 1e6},   {1e5, 1e6, 1e4},  {-3e5, -1e6, -1e4},
        {-500, 0, 0}, {0, 500, 0},  {0, -500, 0},  {500, -500, 0},   {0, 500, -500},
        {1e12, 0, 0}, {0, 1e12, 0}, {-1e12, 0, 0}, {-1e12, 1e12, 0}, {0, 0, 1e12},
    };
    const struct governor_instance *instance = governor_instance_find("t3.xlarge");
    struct governor_control c = credits_control(instance, 100);
    struct machine m = new_machine(4, instance);

    (void)state;
    chance_state = 5;
    m.credits = 100;
    m.others = 0.2;
    m.busy = m.idle = m.steal = 1e13;
    step(&c, &m);
    run_until(&c, &m, 60);
    for (size_t i = 0; i < sizeof(jump) / sizeof(jump[0]); i++) {
        double credits = c.credits, spent = c.spent, earned = c.earned;

        m.busy += jump[i][0];
        m.idle += jump[i][1];
        m.steal += jump[i][2];
        run_machine(&m, &c, 0.5);
        assert_false(step(&c, &m).throttled_began);
        assert_true(c.credits == credits && c.spent == spent && c.earned == earned);
        assert_true(c.budget_cpus <= 0); /* what can't be measured isn't spent */
        /* From there on it counts again. */
        run_until(&c, &m, m.up + 20);
        assert_true(c.budget_cpus > 1 && c.steal < 0.01);
    }
    /* Each time half a second went uncounted, and a margin all the time. */
    expect_near(c.credits, m.credits, 1);
}

/* It couldn't be read for long, and that it went on meanwhile is no jump. */
static void believes_what_was_not_read(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.large");
    struct governor_control c = credits_control(instance, 100);
    struct machine m = new_machine(2, instance);

    (void)state;
    m.others = 0.5;
    step(&c, &m);
    for (size_t i = 0; i < 200; i++) {
        struct governor_sample s;

        run_machine(&m, &c, 0.5);
        s = sample(&m);
        s.has_stat = i % 100 == 99;
        governor_control_step(&c, &s);
    }
    expect_near(c.spent, (m.busy - 100) / 60, 0.01);
}

/* ---- percent ---- */

/* Whatever the machine and the budget: over an hour it is held within a hundredth. */
static void holds_its_percentage(void **state)
{
    static const double percents[] = {1, 5, 10, 33.3, 40, 50, 75, 99, 100};
    static const struct {
        unsigned cpus;
        double quota;
        size_t lanes;
    } machines[] = {{1, 1, 1}, {2, 2, 2}, {4, 1.5, 4}, {4, 4, 4}, {16, 16, 16}};

    (void)state;
    chance_state = 4242;
    for (size_t p = 0; p < sizeof(percents) / sizeof(percents[0]); p++)
        for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
            double budget = machines[i].quota * percents[p] / 100, used;
            struct governor_control c =
                percent_control(percents[p], machines[i].quota, machines[i].lanes);
            struct machine m = new_machine(machines[i].cpus, NULL);

            step(&c, &m);
            while (m.up < hour) {
                /* Others, at times so many that lanes don't get what they may. */
                if (chance() < 0.05)
                    m.others = chance() < 0.5 ? 0 : between(0, m.cpus - budget);
                run_machine(&m, &c, between(0.45, 0.6));
                step(&c, &m);
            }
            used = m.mining / (budget * m.up);
            if (used < 0.99 || used > 1.01)
                fail_msg("%g %% of %g CPUs: used %.4f of it", percents[p], machines[i].quota, used);
        }
}

/* Few lanes at full and one at a part, in the order of workers. */
static void uses_few_lanes(void **state)
{
    struct governor_control c = percent_control(40, 4, 4);

    (void)state;
    assert_int_equal(governor_control_duty(&c, 0), 1000);
    assert_int_equal(governor_control_duty(&c, 1), 600);
    assert_int_equal(governor_control_duty(&c, 2), 0);
    assert_int_equal(governor_control_duty(&c, 3), 0);
    c = percent_control(100, 1.5, 4);
    assert_int_equal(governor_control_duty(&c, 0), 1000);
    assert_int_equal(governor_control_duty(&c, 1), 500);
    assert_int_equal(governor_control_duty(&c, 2), 0);
    c = percent_control(100, 4, 2); /* fewer lanes than CPUs */
    expect_near(c.budget_cpus, 2, 1e-9);
}

/* A lane whose CPU others use too gets less than its duty: other lanes make up for it. */
static void goes_where_there_is_room(void **state)
{
    struct governor_control c = percent_control(40, 2, 2);
    struct governor_sample s = {.now_ns = 1};
    double mining = 0;

    (void)state;
    governor_control_step(&c, &s);
    for (int i = 0; i < 240; i++) {
        mining += 0.5 * (fmin(governor_control_duty(&c, 0) / 1000.0, 0.5) +
                         governor_control_duty(&c, 1) / 1000.0);
        s.now_ns += 500000000;
        s.mining_ns = (uint64_t)(mining * 1e9);
        governor_control_step(&c, &s);
    }
    assert_true(fabs(mining / (0.8 * 120) - 1) < 0.02);
    assert_in_range(governor_control_duty(&c, 1), 250, 350);
}

/* Time without work, time that didn't happen and time that nobody looked at save nothing up. */
static void saves_nothing_up(void **state)
{
    struct governor_control c = percent_control(50, 2, 2);
    struct machine m = new_machine(2, NULL);
    double before;

    (void)state;
    chance_state = 5;
    step(&c, &m);
    m.has_work = false;
    run_until(&c, &m, 600);
    m.has_work = true;
    before = m.mining;
    run_until(&c, &m, 660);
    assert_true(fabs((m.mining - before) / 60 - 1) < 0.02);

    m.now += 2 * hour;
    assert_true(step(&c, &m).gap);
    before = m.mining;
    run_until(&c, &m, 720);
    assert_true(fabs((m.mining - before) / 60 - 1) < 0.02);

    run_machine(&m, &c, 1000);
    assert_true(step(&c, &m).gap);
    before = m.mining;
    run_until(&c, &m, 1780);
    assert_true(fabs((m.mining - before) / 60 - 1) < 0.02);

    m.now -= 500;
    assert_true(step(&c, &m).gap);
    before = m.mining;
    run_until(&c, &m, 1840);
    assert_true(fabs((m.mining - before) / 60 - 1) < 0.02);
}

/* What others kept from mining for long is not caught up on but for some seconds of it. */
static void catches_up_on_seconds(void **state)
{
    struct governor_control c = percent_control(50, 2, 2);
    struct governor_sample s = {.now_ns = 1};
    double mining = 0, before = 0;

    (void)state;
    governor_control_step(&c, &s);
    for (int i = 0; i < 1320; i++) {
        if (i == 1200)
            before = mining;
        mining += 0.5 * (i < 1200 ? 0.4 : c.budget_cpus);
        s.now_ns += 500000000;
        s.mining_ns = (uint64_t)(mining * 1e9);
        governor_control_step(&c, &s);
    }
    assert_true(mining - before >= 60 && mining - before < 66);
}

/* ---- steal ---- */

static void gives_way_to_the_hypervisor(void **state)
{
    struct governor_control c = percent_control(80, 4, 4);
    struct machine m = new_machine(4, NULL);
    unsigned began = 0, ended = 0;
    struct governor_status status;

    (void)state;
    chance_state = 11;
    step(&c, &m);
    /* A moment of it is nothing. */
    m.stolen = 0.5;
    run_until(&c, &m, 10);
    m.stolen = 0;
    run_until(&c, &m, 100);
    assert_false(c.throttled);
    expect_near(c.budget_cpus, 3.2, 0.1);
    /* It lasts. */
    m.stolen = 0.4;
    while (m.up < 400) {
        run_machine(&m, &c, 0.5);
        began += step(&c, &m).throttled_began;
    }
    governor_control_status(&c, &status);
    assert_int_equal(began, 1);
    assert_true(c.throttled && status.throttled);
    assert_true(c.budget_cpus < 0.5);
    expect_near(status.steal, 0.4, 0.05);
    /* It ends. */
    m.stolen = 0;
    while (m.up < 1000) {
        run_machine(&m, &c, 0.5);
        ended += step(&c, &m).throttled_ended;
    }
    assert_int_equal(ended, 1);
    assert_false(c.throttled);
    expect_near(c.budget_cpus, 3.2, 0.1);
}

/* On a burstable instance lasting steal means that there are no credits, whatever was thought. */
static void believes_the_hypervisor(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t3.xlarge");
    struct governor_control c = credits_control(instance, 1000);
    struct machine m = new_machine(4, instance);

    (void)state;
    chance_state = 12;
    step(&c, &m);
    m.stolen = 0.6;
    run_until(&c, &m, 120);
    assert_true(c.throttled);
    assert_true(c.credits < 5);
    assert_true(c.budget_cpus < 0.5);
}

/* ---- determinism ---- */

static void does_the_same_again(void **state)
{
    const struct governor_instance *instance = governor_instance_find("t4g.small");
    double budget[2][2000];

    (void)state;
    for (size_t round = 0; round < 2; round++) {
        struct governor_control c = credits_control(instance, 3);
        struct machine m = new_machine(2, instance);

        chance_state = 1;
        step(&c, &m);
        for (size_t i = 0; i < 2000; i++) {
            m.others = between(0, 0.5);
            run_machine(&m, &c, between(0.4, 0.7));
            step(&c, &m);
            budget[round][i] = c.budget_cpus;
        }
    }
    assert_memory_equal(budget[0], budget[1], sizeof(budget[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_on_what_it_earns),    cmocka_unit_test(spends_what_was_accrued),
        cmocka_unit_test(keeps_launch_credits),      cmocka_unit_test(leaves_credits_to_others),
        cmocka_unit_test(owes_no_more_than_a_day),   cmocka_unit_test(spends_nothing_unmeasured),
        cmocka_unit_test(believes_only_what_can_be), cmocka_unit_test(believes_what_was_not_read),
        cmocka_unit_test(holds_its_percentage),      cmocka_unit_test(uses_few_lanes),
        cmocka_unit_test(goes_where_there_is_room),  cmocka_unit_test(saves_nothing_up),
        cmocka_unit_test(catches_up_on_seconds),     cmocka_unit_test(gives_way_to_the_hypervisor),
        cmocka_unit_test(believes_the_hypervisor),   cmocka_unit_test(does_the_same_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
