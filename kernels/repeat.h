/*
 * Loops written out: compilers disagree about when to unroll, and an array only
 * becomes registers where its subscripts are constants.
 */
#ifndef KERNELS_REPEAT_H
#define KERNELS_REPEAT_H

/* step(0); ... step(7); for a macro step. */
#define REPEAT_8(step)                                                                             \
    do {                                                                                           \
        step(0);                                                                                   \
        step(1);                                                                                   \
        step(2);                                                                                   \
        step(3);                                                                                   \
        step(4);                                                                                   \
        step(5);                                                                                   \
        step(6);                                                                                   \
        step(7);                                                                                   \
    } while (0)

/* step(0); ... step(15); */
#define REPEAT_16(step)                                                                            \
    do {                                                                                           \
        REPEAT_8(step);                                                                            \
        step(8);                                                                                   \
        step(9);                                                                                   \
        step(10);                                                                                  \
        step(11);                                                                                  \
        step(12);                                                                                  \
        step(13);                                                                                  \
        step(14);                                                                                  \
        step(15);                                                                                  \
    } while (0)

#endif
