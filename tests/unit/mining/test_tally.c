#include "mining/tally.h"
#include "tests/unit/mining/support.h"

#include <pthread.h>

static void counts_by_lane(void **state)
{
    struct mining_tally *tally = mining_tally_create(3);
    struct mining_lane_tally lane;

    (void)state;
    assert_non_null(tally);
    mining_tally_found(tally, 1, true, 7, 100);
    mining_tally_found(tally, 1, true, 5, 100);
    mining_tally_found(tally, 1, false, 9, 200);
    mining_tally_accepted(tally, 1, 4, 2.5, 101);
    mining_tally_accepted(tally, 1, 5, 1.5, 102);
    mining_tally_rejected(tally, 1, 8);
    lane = mining_tally_read(tally, 1);
    assert_int_equal(lane.found, 2);
    assert_int_equal(lane.errors, 1);
    assert_int_equal(lane.last_found_s, 100);
    assert_int_equal(lane.accepted, 2);
    assert_int_equal(lane.rejected, 1);
    assert_true(lane.accepted_difficulty == 4 && lane.rejected_difficulty == 8);
    assert_true(lane.last_difficulty == 1.5 && lane.best_difficulty == 7);
    assert_int_equal(lane.last_accepted_s, 102);
    assert_int_equal(lane.last_source, 5);
    assert_int_equal(mining_tally_read(tally, 0).found, 0);
    assert_int_equal(mining_tally_read(tally, 2).accepted, 0);
    mining_tally_zero(tally, true);
    assert_true(mining_tally_read(tally, 1).best_difficulty == 0);
    assert_int_equal(mining_tally_read(tally, 1).accepted, 2);
    mining_tally_zero(tally, false);
    assert_int_equal(mining_tally_read(tally, 1).accepted, 0);
    mining_tally_destroy(tally);
}

static void takes_what_is_none(void **state)
{
    struct mining_tally *tally = mining_tally_create(1);

    (void)state;
    mining_tally_found(NULL, 0, true, 1, 1);
    mining_tally_accepted(NULL, 0, 0, 1, 1);
    mining_tally_rejected(NULL, 0, 1);
    mining_tally_zero(NULL, false);
    assert_int_equal(mining_tally_read(NULL, 0).accepted, 0);
    mining_tally_accepted(tally, 1, 0, 1, 1);
    mining_tally_rejected(tally, SIZE_MAX, 1);
    assert_int_equal(mining_tally_read(tally, 1).accepted, 0);
    assert_int_equal(mining_tally_read(tally, 0).accepted, 0);
    mining_tally_destroy(tally);
}

enum { THREADS = 4, ROUNDS = 2000 };

static void *count(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        mining_tally_accepted(arg, 0, 0, 1, 1);
        mining_tally_rejected(arg, 1, 1);
    }
    return NULL;
}

static void counts_on_many_threads(void **state)
{
    struct mining_tally *tally = mining_tally_create(2);
    pthread_t thread[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, count, tally), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(mining_tally_read(tally, 0).accepted, THREADS * ROUNDS);
    assert_int_equal(mining_tally_read(tally, 1).rejected, THREADS * ROUNDS);
    mining_tally_destroy(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_lane),
        cmocka_unit_test(takes_what_is_none),
        cmocka_unit_test(counts_on_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
