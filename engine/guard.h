/*
 * Calls that may never return: a thread that makes them, for another one that
 * must not wait for ever. Meant for drivers of devices, whose functions can
 * hang with their device.
 *
 * A call that does not return in time is left behind with its thread and its
 * memory: if it ever does return, both end then. Everything that the call uses
 * must therefore lie in the guard's memory or live as long as the process.
 */
#ifndef ENGINE_GUARD_H
#define ENGINE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guard;

/* Runs on the guard's thread; arg is the guard's memory. */
typedef void guard_fn(void *arg);

/*
 * A guard with its thread and size bytes of memory, zeroed and aligned as for
 * any type of this project (64 bytes). NULL, and errno set, where either can't
 * be had.
 */
struct guard *guard_create(size_t size);

/* The memory. Only for the caller of guard_call, and not after one that was left behind. */
void *guard_memory(struct guard *guard);

/*
 * Calls fn on the guard's thread and waits until it returns, at most limit_ns.
 * False where it did not: the guard is then good for guard_destroy alone. By one
 * thread at a time.
 */
bool guard_call(struct guard *guard, guard_fn *fn, uint64_t limit_ns)
    __attribute__((warn_unused_result));

/* From now on calls, the one under way included, have at most limit_ns. Any thread. */
void guard_hurry(struct guard *guard, uint64_t limit_ns);

/* Ends the thread, or leaves it behind. The same thread as guard_call, or after it. */
void guard_destroy(struct guard *guard);

#endif
