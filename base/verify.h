/*
 * VERIFY_CHECK(cond): an invariant that the code states, executed where
 * EXS_VERIFY is defined (the "verify" preset, which the tests also run in) and
 * type-checked but not evaluated elsewhere. For what cannot be false unless the
 * code is wrong, in places too hot for assert; never for input.
 */
#ifndef BASE_VERIFY_H
#define BASE_VERIFY_H

#ifdef EXS_VERIFY

#include <stdio.h>
#include <stdlib.h>

_Noreturn static inline void verify_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: invariant does not hold: %s\n", file, line, condition);
    abort();
}

#define VERIFY_CHECK(cond)                                                                         \
    do {                                                                                           \
        if (!(cond))                                                                               \
            verify_fail(__FILE__, __LINE__, #cond);                                                \
    } while (0)

#else

#define VERIFY_CHECK(cond) ((void)sizeof((cond) ? 1 : 0))

#endif

#endif
