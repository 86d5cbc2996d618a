/*
 * What changed from one document to another beyond the noise.
 *
 * Rows that both have, by bench, name, kernel, threads, unit and direction, are
 * compared. A change is beyond the noise where both hold:
 *
 *   1. the rank sum test (stats_rank_p) of the two rows' samples, every run one,
 *      gives a probability of at most the significance. It takes no distribution
 *      for granted, so that one run that a neighbour disturbed does not decide;
 *   2. the medians differ by more than the threshold: what differs between two
 *      starts of one program on one machine (the clock, where memory came to
 *      lie) falls on all runs of a document alike, and no test of them sees it.
 *
 * Where so few runs could not reach the significance whatever they say, the row
 * is undecided. One row in 1 / significance passes the test by chance, at most.
 *
 * Pure; any thread.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include "bench/results.h"

/* No ratio is larger; what grew by more grew from next to nothing. */
#define COMPARE_RATIO_MAX 1e12

enum compare_verdict {
    COMPARE_SAME, /* within the noise */
    COMPARE_BETTER,
    COMPARE_WORSE,
    COMPARE_PEER,      /* another program's own rate changed, to either side: nothing of ours did */
    COMPARE_UNDECIDED, /* too few runs, or no number */
    COMPARE_ONLY_A,
    COMPARE_ONLY_B,
    COMPARE_AMBIGUOUS, /* one of the documents has the row more than once */
    COMPARE_VERDICTS,  /* how many there are */
};

struct compare_rule {
    double threshold;    /* percent */
    double significance; /* above 0, below 1 */
};

struct compare_row {
    const struct results_row *a, *b; /* NULL where it has none, or where the other is ambiguous */
    double ratio; /* b's median / a's; NaN where there is none, or beyond the largest */
    double p;     /* of the rank test; NaN where there is nothing to test */
    enum compare_verdict verdict;
};

struct comparison {
    struct compare_row *row; /* in the order of a, then those that b alone has */
    size_t count;
    size_t verdicts[COMPARE_VERDICTS]; /* how many rows have it */
    struct compare_rule rule;
};

/* a and b must outlive what it gives. Free with compare_free. */
void compare_documents(struct comparison *c, const struct results *a, const struct results *b,
                       struct compare_rule rule);
void compare_free(struct comparison *c);

/* How many rows were compared and decided. */
size_t compare_decided(const struct comparison *c);

/* "worse", as tables and the JSON call it. */
const char *compare_name(enum compare_verdict verdict);

/* The row's change in percent; NaN where there is no ratio. */
double compare_change(const struct compare_row *row);

/* Whichever of the two rows there is, a's first. */
const struct results_row *compare_either(const struct compare_row *row);

/* In what two machines, or the programs that measured on them, differ. */
struct compare_difference {
    const char *key; /* the document's */
    char *a, *b;     /* as JSON */
};

struct compare_differences {
    struct compare_difference *item;
    size_t count;
};

/* What differs by nature (the date, the clock of the moment) is left out. */
void compare_machines(struct compare_differences *d, const struct results *a,
                      const struct results *b);
void compare_differences_free(struct compare_differences *d);

#endif
