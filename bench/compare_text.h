/* A comparison as a table for people and as JSON for programs. One thread a comparison. */
#ifndef BENCH_COMPARE_TEXT_H
#define BENCH_COMPARE_TEXT_H

#include "bench/compare.h"
#include "bench/figures.h"

#include <stdio.h>

/* Two documents and what came of comparing them. */
struct compare_report {
    const char *a_path, *b_path;
    const struct results *a, *b;
    const struct comparison *comparison;
    const struct compare_differences *differences;
};

/* The whole table, with what differs between the machines above it and the count of verdicts below. */
void compare_print(FILE *out, const struct compare_report *c);

/* "2 worse, 1 better, 180 same, 3 only in A", without those that none has. */
void compare_print_counts(FILE *out, const struct comparison *c);

/*
 * One document: {"a": {"file", "interrupted", "machine"}, "b": {...}, "threshold_percent",
 * "significance", "differences": [{"key", "a", "b"}], "counts": {...}, "rows": [{"bench",
 * "name", "kernel", "threads", "unit", "better", "a", "b", "ratio", "change_percent", "p",
 * "disturbed_a", "disturbed_b", "verdict"}]}. False, errno set, where out does not take it.
 */
bool compare_write_json(FILE *out, const struct compare_report *c);

/* Adds a plot a bench of what changed beyond the noise. */
void compare_draw(struct figures *f, const struct comparison *c);

#endif
