/* Calls that return, calls that do not, and who frees what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "engine/guard.h"

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

static const uint64_t second = 1000000000;

struct sum {
    int a, b, result;
};

static void add(void *memory)
{
    struct sum *sum = memory;

    sum->result = sum->a + sum->b;
}

static void answers(void **state)
{
    struct guard *guard = guard_create(sizeof(struct sum));
    struct sum *sum;

    (void)state;
    assert_non_null(guard);
    sum = guard_memory(guard);
    assert_int_equal((uintptr_t)sum % 64, 0);
    assert_int_equal(sum->a | sum->b | sum->result, 0);
    for (int i = 0; i < 1000; i++) {
        sum->a = i;
        sum->b = 2 * i;
        assert_true(guard_call(guard, add, 600 * second));
        assert_int_equal(sum->result, 3 * i);
    }
    guard_destroy(guard);
}

static void ends_unused(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        struct guard *guard = guard_create(0);

        assert_non_null(guard);
        guard_destroy(guard);
    }
}

static sem_t stuck, freed;

static void hang(void *memory)
{
    (void)memory;
    while (sem_wait(&stuck))
        ;
    sem_post(&freed);
}

static void await(sem_t *semaphore)
{
    while (sem_wait(semaphore))
        ;
}

static void leaves_a_hanging_call_behind(void **state)
{
    struct guard *guard = guard_create(100);
    uint64_t start = clock_monotonic_ns();

    (void)state;
    assert_non_null(guard);
    assert_false(guard_call(guard, hang, second / 100));
    assert_true(clock_monotonic_ns() - start >= second / 100);
    guard_destroy(guard);
    sem_post(&stuck); /* it returns, to a thread that frees what is left */
    await(&freed);
}

static void *hurry(void *guard)
{
    guard_hurry(guard, second / 100);
    return NULL;
}

static void can_be_hurried(void **state)
{
    struct guard *guard = guard_create(100);
    pthread_t thread;

    (void)state;
    assert_non_null(guard);
    assert_int_equal(pthread_create(&thread, NULL, hurry, guard), 0);
    assert_false(guard_call(guard, hang, 3600 * second));
    pthread_join(thread, NULL);
    guard_destroy(guard);
    sem_post(&stuck);
    await(&freed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(ends_unused),
        cmocka_unit_test(leaves_a_hanging_call_behind),
        cmocka_unit_test(can_be_hurried),
    };

    sem_init(&stuck, 0, 0);
    sem_init(&freed, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
