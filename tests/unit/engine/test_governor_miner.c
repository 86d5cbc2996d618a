/* Duty cycles and the governor on a real miner, in real time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/governor.h"
#include "tests/unit/engine/miner_support.h"

#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const uint64_t ms = 1000000;

/* A work that nothing is found in, and that does not end. */
static void mine_for_ever(struct miner *miner)
{
    struct miner_work work = make_work(1, 255);

    work.extra_seconds = UINT32_MAX;
    assert_true(miner_set_work(miner, &work));
}

static void set_duties(struct miner *miner, const unsigned *duty)
{
    for (size_t lane = 0; lane < miner_lanes(miner); lane++)
        assert_true(miner_set_duty(miner, lane, duty[lane]));
}

/* ---- duty cycles ---- */

/* What a lane uses of its CPU over some tenths of a second. */
static double use_of(const struct miner *miner, size_t lane)
{
    uint64_t start = clock_monotonic_ns(), before = miner_lane_stats(miner, lane).cpu_ns;
    double used;

    sleep_ms(300);
    used = (double)(miner_lane_stats(miner, lane).cpu_ns - before);
    return used / (double)(clock_monotonic_ns() - start);
}

/*
 * Never more than a lane may, but for what a turn is; and all of it, as soon as
 * others let it: of what a fair share on a loaded machine may not be nothing is
 * asked.
 */
static void keeps_to_its_duty(void **state)
{
    static const unsigned duties[] = {20, 100, 250, 700};
    struct miner *miner = make_miner(&support_fastest, 0);

    (void)state;
    mine_for_ever(miner);
    for (size_t i = 0; i < sizeof(duties) / sizeof(duties[0]); i++) {
        double duty = duties[i] / 1000.0, least = duty > 0.15 ? duty : 0;

        set_duties(miner, (unsigned[POOL_MAX_WORKERS]){duties[i]});
        sleep_ms(100); /* what was begun before ends */
        for (int tries = 0; tries < 100 && least < 0.95 * duty; tries++) {
            double used = use_of(miner, 0);

            /* Two turns saved up, and two slices of a slow machine. */
            if (used > duty + (duty * 0.04 + 0.004) / 0.3)
                fail_msg("a lane at %u used %.0f thousandths", duties[i], used * 1000);
            least = fmax(least, used);
        }
        if (least < 0.95 * duty)
            fail_msg("a lane at %u used no more than %.0f thousandths", duties[i], least * 1000);
    }
    miner_destroy(miner);
    forget_seen();
}

/* Limited lanes sleep like others: without work, while paused, and at a duty of nothing. */
static void sleeps_when_it_may(void **state)
{
    struct miner *miner = make_miner(&support_fastest, 0);
    uint64_t hashes;

    (void)state;
    set_duties(miner, (unsigned[POOL_MAX_WORKERS]){500, 300, 10});
    assert_true(becomes_idle());
    mine_for_ever(miner);
    while (!miner_hashes(miner))
        sleep_ms(1);
    miner_pause(miner);
    assert_true(becomes_idle());
    miner_resume(miner);
    hashes = miner_hashes(miner);
    for (int i = 0; miner_hashes(miner) == hashes; i++) {
        assert_true(i < 30000);
        sleep_ms(1);
    }
    set_duties(miner, (unsigned[POOL_MAX_WORKERS]){0});
    assert_true(becomes_idle());
    hashes = miner_hashes(miner);
    sleep_ms(50);
    assert_int_equal(miner_hashes(miner), hashes);
    miner_clear_work(miner);
    assert_true(becomes_idle());
    miner_destroy(miner);
    forget_seen();
}

/* A lane that sleeps lets go of old work at once, and has the new one when it wakes. */
static void takes_work_in_its_sleep(void **state)
{
    struct miner *miner = make_miner(&support_fastest, 0);

    (void)state;
    atomic_store(&releases, 0);
    set_duties(miner, (unsigned[POOL_MAX_WORKERS]){1, 1, 0});
    for (uint64_t tag = 1; tag <= 50; tag++) {
        struct miner_work work = make_work(tag, 255);

        assert_true(miner_set_work(miner, &work));
        for (int i = 0; atomic_load(&releases) != tag - 1; i++) {
            assert_true(i < 30000);
            sleep_ms(1);
        }
    }
    miner_destroy(miner);
    assert_int_equal(atomic_load(&releases), 50);
    forget_seen();
}

/* Whatever the lanes' duties do meanwhile: every nonce once, with every version. */
static void searches_all_of_it_once(void **state)
{
    static const unsigned duties[] = {0, 0, 1, 300, 700, 1000};
    struct miner *miner = make_miner(&support_fastest, 1 << 12);
    struct miner_work work = make_work(5, 255);
    uint64_t dice = 88172645463325252, end = clock_monotonic_ns() + 1000 * ms, nonces = 0;
    struct miner_event event;

    (void)state;
    work.version_mask = 0x6000;
    work.nonce_count = 1 << 20;
    assert_true(miner_set_work(miner, &work));
    while (clock_monotonic_ns() < end) {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        assert_true(miner_set_duty(miner, dice % miner_lanes(miner), duties[(dice >> 20) % 6]));
        if (dice >> 40 & 1)
            sleep_ms(1);
    }
    /* One alone finishes what the others have left. */
    for (size_t lane = 1; lane < miner_lanes(miner); lane++)
        assert_true(miner_set_duty(miner, lane, 0));
    assert_true(miner_set_duty(miner, 0, 1000));
    event = next_event(miner);
    assert_int_equal(event.type, MINER_EXHAUSTED);
    miner_destroy(miner);
    sort_seen();
    for (size_t i = 0; i < seen.count; i++) {
        const struct miner_range *r = &seen.ranges[i], *last = i ? r - 1 : NULL;
        bool follows = last && same_place(last, r);

        assert_int_equal(r->nonce_first, follows ? last->nonce_first + last->nonce_count : 0);
        nonces += r->nonce_count * r->versions;
    }
    assert_int_equal(nonces, (uint64_t)4 << 20);
    forget_seen();
}

/* A lane that sleeps in the middle of a unit, and is then not to run any more. */
static void leaves_what_it_has_begun(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        struct miner *miner = make_miner(&support_fastest, 1 << 18);
        struct miner_work work = make_work(6, 255);
        struct miner_event event;

        for (size_t lane = 0; lane < miner_lanes(miner); lane++)
            assert_true(miner_set_duty(miner, lane, lane == 1 ? 20 : 0));
        work.nonce_count = 2 << 18;
        assert_true(miner_set_work(miner, &work));
        while (!miner_lane_stats(miner, 1).hashes)
            sleep_ms(1);
        sleep_ms(5);
        assert_true(miner_set_duty(miner, 1, 0));
        assert_true(miner_set_duty(miner, 0, 1000));
        event = next_event(miner);
        assert_int_equal(event.type, MINER_EXHAUSTED);
        assert_int_equal(miner_hashes(miner), work.nonce_count);
        miner_destroy(miner);
        forget_seen();
    }
}

/* The end comes while lanes leave their units, and would wake those that sleep. */
static void ends_while_lanes_leave(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) {
        struct miner *miner = make_miner(&support_fastest, 0);

        assert_true(miner_set_duty(miner, 0, 1));
        mine_for_ever(miner);
        while (!miner_lane_stats(miner, 1).hashes)
            sleep_ms(1);
        for (size_t lane = 1; lane < miner_lanes(miner); lane++)
            assert_true(miner_set_duty(miner, lane, 0));
        miner_destroy(miner);
        forget_seen();
    }
}

/* ---- the governor ---- */

struct stage {
    struct topology topology;
    struct pool *pool;
    struct miner *miner;
    struct clock clock;
};

static void open_stage(struct stage *s)
{
    char error[256];

    memset(s, 0, sizeof(*s));
    if (!topology_load(&s->topology, &(struct topology_source){0}, error))
        fail_msg("%s", error);
    s->pool = pool_create(&s->topology, NULL, error);
    if (!s->pool)
        fail_msg("%s", error);
    s->miner = miner_create(s->pool, &(struct miner_options){.kernels = &support_fastest}, error);
    if (!s->miner)
        fail_msg("%s", error);
}

static void close_stage(struct stage *s)
{
    miner_destroy(s->miner);
    pool_destroy(s->pool, POOL_DRAIN);
}

static struct governor *govern(struct stage *s, struct governor_options options)
{
    char error[GOVERNOR_ERROR_SIZE];
    struct governor *g;

    options.topology = &s->topology;
    options.clock = &s->clock;
    g = governor_create(&options, s->miner, error);
    if (!g)
        fail_msg("%s", error);
    return g;
}

static struct governor_budget percent(double n)
{
    return (struct governor_budget){GOVERNOR_PERCENT, n};
}

/* How many CPUs mining has of those that the process may use. */
static double cpus_of(const struct stage *s)
{
    double cpus = (double)s->topology.cpu_count;

    return s->topology.quota > 0 ? fmin(cpus, s->topology.quota) : cpus;
}

static double process_cpu_s(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/*
 * 40 % of this machine, and never more, whatever others keep from it at times.
 * With EXS_LONG=1 no less either: for a minute, on a machine that has nothing
 * else to do.
 */
static void holds_forty_percent(void **state)
{
    bool is_long = getenv("EXS_LONG") != NULL;
    struct governor_status status;
    double used, elapsed, budget;
    struct governor *g;
    uint64_t start;
    struct stage s;

    (void)state;
    open_stage(&s);
    budget = 0.4 * cpus_of(&s);
    start = clock_monotonic_ns();
    used = process_cpu_s();
    g = govern(&s, (struct governor_options){.budget = percent(40)});
    sleep_ms(20); /* it has set the duties */
    mine_for_ever(s.miner);
    sleep_ms(is_long ? 60000 : 3000);
    used = process_cpu_s() - used;
    elapsed = (double)(clock_monotonic_ns() - start) / 1e9;
    governor_status(g, &status);
    print_message("used %.4f of %.2f CPUs, the budget is %.2f: %.4f of it; status says %.4f\n",
                  used / elapsed, cpus_of(&s), budget, used / elapsed / budget, status.used_cpus);
    /* A tenth of a second for what isn't mining: threads that begin, and this one. */
    assert_true(used < budget * elapsed * 1.01 + 0.1);
    if (is_long)
        assert_true(used / elapsed > budget * 0.99);
    assert_int_equal(status.mode, GOVERNOR_PERCENT);
    assert_true(fabs(status.cpus - cpus_of(&s)) < 1e-9);
    governor_destroy(g);
    close_stage(&s);
}

/* A control group's quota is less than its CPUs: the budget is a share of it. */
static void counts_a_quota(void **state)
{
    struct governor_status status;
    struct governor *g;
    struct stage s;

    (void)state;
    open_stage(&s);
    s.topology.quota = 0.5;
    g = govern(&s, (struct governor_options){.budget = percent(40), .manual = true});
    governor_status(g, &status);
    assert_true(fabs(status.cpus - 0.5) < 1e-9);
    assert_true(fabs(status.budget_cpus - 0.2) < 1e-9);
    governor_destroy(g);
    close_stage(&s);
}

/* Fails unless each lane goes on by itself, at its full duty again. */
static void expect_full_lanes(const struct miner *miner)
{
    for (size_t lane = 0; lane < miner_lanes(miner); lane++) {
        uint64_t before = miner_lane_stats(miner, lane).hashes;

        for (int i = 0; miner_lane_stats(miner, lane).hashes == before; i++) {
            assert_true(i < 30000);
            sleep_ms(1);
        }
    }
}

static void gives_the_lanes_back(void **state)
{
    struct governor *g;
    struct stage s;

    (void)state;
    open_stage(&s);
    mine_for_ever(s.miner);
    for (int i = 0; i < 20; i++) {
        g = govern(&s, (struct governor_options){.budget = percent(1)});
        sleep_ms(i);
        governor_destroy(g);
    }
    expect_full_lanes(s.miner);
    g = govern(&s, (struct governor_options){0}); /* off */
    expect_full_lanes(s.miner);
    governor_destroy(g);
    close_stage(&s);
}

/* ---- what it is told, and tells ---- */

static void write_file(const char *directory, const char *name, const char *content)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_files(const char *directory)
{
    static const char *const names[] = {"product_name", "board_vendor", "stat"};
    char path[256];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
        unlink(path);
    }
    rmdir(directory);
}

static void refuses_what_cannot_be(void **state)
{
    char directory[] = "/tmp/test_governor_XXXXXX", error[GOVERNOR_ERROR_SIZE];
    struct governor_options options = {.budget = {.mode = GOVERNOR_CREDITS}, .dmi = directory};
    struct governor *g;
    struct stage s;

    (void)state;
    assert_non_null(mkdtemp(directory));
    open_stage(&s);
    options.topology = &s.topology;
    options.clock = &s.clock;
    assert_null(governor_create(&options, s.miner, error));
    assert_non_null(strstr(error, "name its type"));
    write_file(directory, "product_name", "c6i.large\n");
    write_file(directory, "board_vendor", "Amazon EC2\n");
    assert_null(governor_create(&options, s.miner, error));
    assert_non_null(strstr(error, "c6i.large, which has no CPU credits"));
    options.instance = "t3.huge";
    assert_null(governor_create(&options, s.miner, error));
    assert_non_null(strstr(error, "t3.huge is no burstable"));
    options.budget = percent(40);
    assert_null(governor_create(&options, s.miner, error));
    options.budget.mode = GOVERNOR_CREDITS;
    options.instance = "t2.micro"; /* accrues 144, and has 30 at its launch */
    options.initial_credits = 174.1;
    assert_null(governor_create(&options, s.miner, error));
    assert_non_null(strstr(error, "0 to 174 CPU credits, not 174.1"));
    options.initial_credits = -1;
    assert_null(governor_create(&options, s.miner, error));
    options.initial_credits = 0;
    options.instance = "t3.large";
    options.proc_stat = "/nonexistent/stat";
    assert_null(governor_create(&options, s.miner, error));
    assert_non_null(strstr(error, "/nonexistent/stat can't be read"));
    /* A percentage needs none of these. */
    options.budget = percent(40);
    options.instance = NULL;
    g = governor_create(&options, s.miner, error);
    assert_non_null(g);
    governor_destroy(g);
    remove_files(directory);
    close_stage(&s);
}

/* An hour on a mocked clock and a mocked /proc/stat, on a t3.xlarge by its firmware's words. */
static void follows_the_credits(void **state)
{
    char directory[] = "/tmp/test_governor_XXXXXX", path[64], text[128];
    struct governor_status status;
    struct governor *g;
    struct stage s;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/stat", directory);
    write_file(directory, "product_name", "t3.xlarge\n");
    write_file(directory, "board_vendor", "Amazon EC2\n");
    write_file(directory, "stat", "cpu  0 0 0 0\ncpu0 0\ncpu1 0\ncpu2 0\ncpu3 0\n");
    open_stage(&s);
    clock_mock_steady_ns(&s.clock, 1);
    g = govern(&s, (struct governor_options){.budget = {.mode = GOVERNOR_CREDITS},
                                             .dmi = directory,
                                             .proc_stat = path,
                                             .initial_credits = 10,
                                             .manual = true});
    governor_tick(g);
    /* Every four seconds, while 1 of 4 CPUs is busy. */
    for (unsigned second = 4; second <= 3600; second += 4) {
        snprintf(text, sizeof(text), "cpu  %u 0 0 %u\ncpu0 0\ncpu1 0\ncpu2 0\ncpu3 0\n",
                 second * 100, second * 300);
        write_file(directory, "stat", text);
        clock_advance_steady(&s.clock, 4000 * ms);
        governor_tick(g);
    }
    governor_status(g, &status);
    assert_true(status.has_credits);
    assert_string_equal(status.instance.name, "t3.xlarge");
    assert_true(fabs(status.credits_earned - 96 * 0.99) < 0.1);
    assert_true(fabs(status.credits_spent - 60) < 0.1);
    assert_true(fabs(status.credits - (10 + 96 * 0.99 - 60)) < 0.1);
    assert_true(fabs(status.other_cpus - 1) < 0.01);
    assert_true(fabs(status.unlimited_usd_per_hour - 0.12) < 1e-9);
    assert_non_null(strstr(status.cost, "0.120 USD an hour"));
    /* The reserve is full nearly: what is earned beyond others' use, nearly. */
    assert_true(status.budget_cpus > 0.5 || status.budget_cpus >= cpus_of(&s));
    governor_destroy(g);
    remove_files(directory);
    close_stage(&s);
}

/* ---- validation goes first ---- */

enum { PROBES = 200 };

struct probe {
    struct pool_task task;
    uint64_t started_ns;
};

static enum pool_result run_probe(struct pool_worker *worker, void *arg)
{
    struct probe *probe = arg;

    (void)worker;
    probe->started_ns = clock_monotonic_ns();
    return POOL_DONE;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* How long tasks of validation wait for the worker whose lane mines, in ns: the 99th percentile. */
static uint64_t delay_of_tasks(struct pool *pool, uint64_t *dice)
{
    uint64_t delay[PROBES];
    struct pool_group group = {0};

    for (size_t i = 0; i < PROBES; i++) {
        enum pool_class class = i % 2 ? POOL_BLOCK : POOL_TRANSACTION;
        struct probe probe;
        uint64_t began;

        /* At no fixed distance, so as not to fall into step with slices and turns. */
        *dice = *dice * 6364136223846793005 + 1442695040888963407;
        nanosleep(&(struct timespec){.tv_nsec = 200000 + (long)(*dice >> 40) % 800000}, NULL);
        pool_task_init(&probe.task, class, run_probe, &probe, &group);
        began = clock_monotonic_ns();
        assert_true(pool_submit_to(pool, 0, &probe.task));
        pool_group_wait(&group);
        delay[i] = probe.started_ns - began;
    }
    qsort(delay, PROBES, sizeof(*delay), compare_u64);
    return delay[PROBES * 99 / 100];
}

/* How long this process's threads have waited for a CPU that others had, in ns; 0 where the kernel doesn't say. */
static uint64_t waited_ns(void)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    uint64_t sum = 0;

    while (tasks && (task = readdir(tasks))) {
        char path[300], text[100] = "", *end;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", task->d_name);
        file = fopen(path, "re");
        if (!file)
            continue;
        if (fgets(text, sizeof(text), file)) {
            strtoull(text, &end, 10); /* that it ran */
            sum += strtoull(end, NULL, 10);
        }
        fclose(file);
    }
    if (tasks)
        closedir(tasks);
    return sum;
}

/*
 * Within a millisecond, also on the worker that mines nearly all the time. One
 * good round will do. A round counts against it where others on this machine
 * took next to nothing from it; without such rounds nothing can be said.
 */
static void validation_goes_first(void **state)
{
    enum { ROUNDS = 30, QUIET_ROUNDS = 3 };
    uint64_t dice = 20260104, best = UINT64_MAX;
    int quiet = 0;
    struct governor *g;
    struct stage s;

    (void)state;
    open_stage(&s);
    g = govern(&s, (struct governor_options){.budget = percent(40)});
    mine_for_ever(s.miner);
    sleep_ms(20);
    for (int i = 0; i < ROUNDS && best >= ms && quiet < QUIET_ROUNDS; i++) {
        uint64_t start = clock_monotonic_ns(), waited = waited_ns(), delay;

        delay = delay_of_tasks(s.pool, &dice);
        best = delay < best ? delay : best;
        waited = waited_ns() - waited;
        quiet += waited > 0 && waited < (clock_monotonic_ns() - start) / 100;
    }
    print_message("99 of 100 tasks start within %.0f us\n", (double)best / 1000);
    governor_destroy(g);
    close_stage(&s);
    if (best >= ms && quiet < QUIET_ROUNDS) {
        print_message("skipped: others keep this machine too busy to say\n");
        skip();
    }
    assert_true(best < ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_to_its_duty),        cmocka_unit_test(sleeps_when_it_may),
        cmocka_unit_test(takes_work_in_its_sleep),  cmocka_unit_test(searches_all_of_it_once),
        cmocka_unit_test(leaves_what_it_has_begun), cmocka_unit_test(ends_while_lanes_leave),
        cmocka_unit_test(holds_forty_percent),      cmocka_unit_test(counts_a_quota),
        cmocka_unit_test(gives_the_lanes_back),     cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(follows_the_credits),      cmocka_unit_test(validation_goes_first),
    };

    return cmocka_run_group_tests(tests, support_start, support_end);
}
