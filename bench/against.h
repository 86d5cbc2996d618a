/*
 * Other miners' benchmarks, run in turns with ours.
 *
 * A command line is split as a shell would (blanks, '...', "...", \), without
 * variables, patterns and pipes. In it "{threads}" becomes the number of threads
 * that is being measured, "{cpus}" and "{mask}" the CPUs as a list, "0,2", and
 * as a mask, "0x5".
 *
 * The program runs in a process group of its own, pinned to the CPUs that ours
 * used; where it chooses others by itself, its row says "pinned": "no". Its
 * standard input is empty; what it prints is read for hash rates (rate_text.h)
 * and thrown away. When it has not ended by itself in time it is told to
 * (SIGTERM, then SIGKILL to the group), and what it had printed counts; so it is
 * when the user interrupts, and nothing counts. A program that prints no rate,
 * fails, or prints more than AGAINST_OUTPUT bytes, is given up with the reason.
 */
#ifndef BENCH_AGAINST_H
#define BENCH_AGAINST_H

#include "bench/bench.h"

enum {
    AGAINST_OUTPUT = 16 << 20, /* bytes that one run may print */
    AGAINST_WORDS = 128,       /* words of a command line */
};

/* A command line in words. */
struct against_words {
    char *word[AGAINST_WORDS + 1]; /* ended by NULL */
    size_t count;
};

/*
 * Splits a command line. False, with the reason in error and nothing to free,
 * where a quote is not closed, or there are no words, or too many.
 */
bool against_split(struct against_words *words, const char *command,
                   char error[static BENCH_ERROR_SIZE]);
void against_free(struct against_words *words);

/* Puts the CPUs, one a thread, in the place of "{threads}", "{cpus}" and "{mask}". */
void against_fill_in(struct against_words *words, const unsigned *cpus, size_t n);

/*
 * Adds a case for each of the user's other programs and number of threads.
 * False, said on stderr, where a command line is malformed.
 */
bool against_plan(struct bench_plan *plan, const struct bench *b, const char *bench);

/* Adds to the row of such a case what was run, and which rates counted. */
void against_describe(struct report_row *row, const struct measure_case *c);

#endif
