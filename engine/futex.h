/* Linux's futex: sleep on a word until somebody who changed it says so. For files of this folder. */
#ifndef ENGINE_FUTEX_H
#define ENGINE_FUTEX_H

#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(atomic_uint) == 4, "the kernel compares 32 bits");

/* Sleeps while *word is value. May return early: look again. */
static inline void futex_wait(const atomic_uint *word, unsigned value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

/*
 * Wakes at most count sleepers. The kernel doesn't read the word, so the memory
 * may have been freed by who saw its last value: at worst a later futex there
 * is woken early.
 */
static inline void futex_wake(const atomic_uint *word, int count)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

#endif
