#include "mining/monitor.h"
#include "tests/unit/mining/report.h"
#include "tests/unit/mining/support.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A miner whose counts the tests set, in place of the engine's. */
enum { LANES = 2 };
static _Atomic uint64_t hashes[LANES];

size_t miner_lanes(const struct miner *miner)
{
    (void)miner;
    return LANES;
}

struct miner_lane_stats miner_lane_stats(const struct miner *miner, size_t lane)
{
    (void)miner;
    return (struct miner_lane_stats){.hashes = hashes[lane], .works = 3 + lane};
}

uint64_t miner_hashes(const struct miner *miner)
{
    (void)miner;
    return hashes[0] + hashes[1];
}

struct fixture {
    struct report_control control;
    struct mining_control functions;
    struct clock clock;
    struct mining_tally *tally;
    struct monitor *monitor;
    atomic_int ticks;
    pthread_mutex_t lock; /* guards control.status */
};

static struct fixture f;

static void get_status(void *arg, struct mining_status *out)
{
    (void)arg;
    pthread_mutex_lock(&f.lock);
    *out = f.control.status;
    pthread_mutex_unlock(&f.lock);
}

static void get_condition(void *arg, size_t lane, struct monitor_condition *out)
{
    (void)arg;
    out->has_temperature = lane == 1;
    out->temperature = 50;
    out->errors = lane;
}

static void get_budget(void *arg, struct monitor_budget *out)
{
    (void)arg;
    *out = (struct monitor_budget){.present = true, .limit_percent = 40};
}

static void on_tick(void *arg, const struct monitor_report *report)
{
    (void)arg;
    assert_int_equal(report->lane_count, LANES);
    atomic_fetch_add(&f.ticks, 1);
}

static int start(void **state)
{
    static const struct monitor_device devices[LANES] = {{.kind = MONITOR_CPU, .id = 0},
                                                         {.kind = MONITOR_GPU, .id = 0}};
    struct monitor_report *example = report_example();
    struct monitor_options options = {.clock = &f.clock,
                                      .control = &f.functions,
                                      .devices = devices,
                                      .condition_fn = get_condition,
                                      .budget_fn = get_budget,
                                      .tick_fn = on_tick};

    (void)state;
    hashes[0] = 1000;
    hashes[1] = 5000;
    f = (struct fixture){.functions = {.status = get_status}};
    pthread_mutex_init(&f.lock, NULL);
    f.control.status = example->status;
    free(example);
    clock_mock_wall_ms(&f.clock, 1700000000000);
    f.tally = options.tally = mining_tally_create(LANES);
    f.monitor = monitor_create(&options);
    return f.monitor ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    monitor_destroy(f.monitor);
    mining_tally_destroy(f.tally);
    return 0;
}

static void gathers(void **state)
{
    struct monitor_report *r;

    (void)state;
    hashes[0] += 10;
    hashes[1] += 20;
    mining_tally_found(f.tally, 1, true, 9, 1);
    mining_tally_accepted(f.tally, 1, 0, 2, 1);
    r = monitor_read(f.monitor);
    assert_non_null(r);
    assert_int_equal(r->started_s, 1700000000);
    assert_int_equal(r->hashes, 30);
    assert_int_equal(r->lane[1].hashes, 20);
    assert_int_equal(r->lane[1].works, 4);
    assert_int_equal(r->cpu_count, 1);
    assert_int_equal(r->gpu_count, 1);
    assert_true(r->rates.average > 0 && r->lane[0].rates.s5 > 0);
    assert_int_equal(r->lane[1].tally.accepted, 1);
    assert_true(r->best_difficulty == 9);
    assert_true(!r->lane[0].condition.has_temperature && r->lane[1].condition.has_temperature);
    assert_true(r->lane[0].condition.alive);
    assert_true(r->lane[0].tally.errors == 0 && r->lane[1].tally.errors == 1);
    assert_true(r->budget.present && r->budget.limit_percent == 40);
    assert_int_equal(r->status.counts.accepted, 30);
    free(r);
}

static void follows_the_chain(void **state)
{
    struct monitor_report *r = monitor_read(f.monitor);

    (void)state;
    assert_int_equal(r->blocks, 1);
    assert_int_equal(r->block_s, 1700000000);
    free(r);
    clock_mock_wall_ms(&f.clock, 1700000100000);
    pthread_mutex_lock(&f.lock);
    f.control.status.height++;
    pthread_mutex_unlock(&f.lock);
    free(monitor_read(f.monitor));
    clock_mock_wall_ms(&f.clock, 1700000200000);
    pthread_mutex_lock(&f.lock);
    f.control.status.source[0].works++;
    pthread_mutex_unlock(&f.lock);
    r = monitor_read(f.monitor);
    assert_int_equal(r->blocks, 2);
    assert_int_equal(r->block_s, 1700000100);
    assert_int_equal(r->work_s, 1700000200);
    free(r);
}

static void zeroes(void **state)
{
    struct monitor_report *r;

    (void)state;
    hashes[0] += 10;
    mining_tally_found(f.tally, 0, true, 9, 1);
    monitor_zero(f.monitor, true);
    r = monitor_read(f.monitor);
    assert_true(r->best_difficulty == 0);
    assert_int_equal(r->hashes, 10);
    assert_int_equal(r->lane[0].tally.found, 1);
    free(r);
    clock_mock_wall_ms(&f.clock, 1700000300000);
    monitor_zero(f.monitor, false);
    hashes[0] += 5;
    pthread_mutex_lock(&f.lock);
    f.control.status.counts.accepted += 2;
    f.control.status.source[1].counts.accepted++;
    /* One was removed since: the others are still known. */
    f.control.status.source[0] = f.control.status.source[1];
    f.control.status.source_count = 1;
    pthread_mutex_unlock(&f.lock);
    r = monitor_read(f.monitor);
    assert_int_equal(r->started_s, 1700000300);
    assert_int_equal(r->hashes, 5);
    assert_int_equal(r->lane[0].tally.found, 0);
    assert_int_equal(r->status.counts.accepted, 2);
    assert_int_equal(r->status.counts.rejected, 0);
    assert_int_equal(r->status.source[0].counts.accepted, 1);
    assert_int_equal(r->status.source[0].counts.stale, 0);
    free(r);
}

static void ticks(void **state)
{
    (void)state;
    while (atomic_load(&f.ticks) < 2)
        usleep(10000);
}

static void *read_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++) {
        hashes[0]++;
        free(monitor_read(f.monitor));
        if (i % 50 == 0)
            monitor_zero(f.monitor, i % 100 == 0);
    }
    return NULL;
}

static void many_at_once(void **state)
{
    pthread_t thread[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, read_often, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
}

static void expectations(void **state)
{
    (void)state;
    /* One in 2^48 / 0xffff hashes has difficulty 1. */
    assert_true(fabs(monitor_expected_s(1, 281474976710656.0 / 65535) - 1) < 1e-12);
    assert_true(isinf(monitor_expected_s(1, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gathers, start, stop),
        cmocka_unit_test_setup_teardown(follows_the_chain, start, stop),
        cmocka_unit_test_setup_teardown(zeroes, start, stop),
        cmocka_unit_test_setup_teardown(ticks, start, stop),
        cmocka_unit_test_setup_teardown(many_at_once, start, stop),
        cmocka_unit_test(expectations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
