/*
 * What every subcommand yields: rows, and the machine that they were measured
 * on. A table for people, and one JSON document for programs:
 *
 *     {"machine": {...},
 *      "rows": [{"bench": "search", "name": "rolled-16", "kernel": "avx512", "threads": 1,
 *                "unit": "MH/s", "better": "higher", "median": 78.1, "min": 77.9, "max": 78.3,
 *                "runs": 5, "steal_ms": 0, "cpu_share": 1, "repeated": 0, "disturbed": 0,
 *                "samples": [...], ...}]}
 *
 * bench, name, kernel and threads together name a row, and no two rows of a
 * report have all of them in common. Rows may have fields of their own after
 * these. A number that this machine does not give (core cycles in a virtual
 * machine, say) is null.
 *
 * One thread a report.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    REPORT_NAME_SIZE = 96,
    REPORT_FIELDS = 12,
};

struct machine;

struct report_field {
    const char *key; /* the caller's, as long as the report lives */
    char *text;      /* the report's own; NULL: it is a number */
    double number;   /* NaN for null */
};

struct report_row {
    const char *bench, *unit; /* the caller's, as long as the report lives */
    char name[REPORT_NAME_SIZE];
    char kernel[REPORT_NAME_SIZE]; /* the implementation, or the other program's name; may be "" */
    size_t threads;
    bool lower_is_better;
    double *samples; /* one a run, in their order; the report's own */
    bool *marks;     /* of each run: whether it counts although it was disturbed; likewise */
    size_t runs;
    double median, min, max; /* of the samples that are not NaN; NaN where there is none */
    double steal_ms;         /* CPU time that the hypervisor took during the runs that count */
    double cpu_share;        /* the part of its time that the measuring code had its CPUs, median */
    size_t repeated;         /* runs that were disturbed, and thrown away for a repetition */
    size_t disturbed;        /* how many of the marks are set */
    struct report_field field[REPORT_FIELDS];
    size_t fields;
};

struct report {
    struct report_row *row;
    size_t count;
    bool interrupted; /* ended before all was measured */
};

void report_init(struct report *r);
void report_free(struct report *r);

/*
 * Adds a row and works out its statistics. samples are copied, runs of them;
 * names that are too long are cut. The row is valid until the next one is added;
 * the members after max are zero and the caller's to fill in (cpu_share: NaN).
 */
struct report_row *report_add(struct report *r, const char *bench, const char *name,
                              const char *kernel, size_t threads, const char *unit,
                              const double *samples, size_t runs);

/* Marks a run as disturbed. */
void report_mark(struct report_row *row, size_t run);

/* Adds a field; asserts that there is room. text is copied. */
void report_number(struct report_row *row, const char *key, double number);
void report_text(struct report_row *row, const char *key, const char *text);

/* The field's number; NaN where the row has no such number. */
double report_field_number(const struct report_row *row, const char *key);

/*
 * Adds the row top / bottom, run by run: both must have been measured in the
 * same alternated runs; top and bottom are their indices. More is better.
 */
struct report_row *report_add_ratio(struct report *r, size_t top, size_t bottom);

/* The rows from index first on as a table. */
void report_print(FILE *out, const struct report *r, size_t first);

/* The whole document, with a newline at its end. False, errno set, where out does not take it. */
bool report_write_json(FILE *out, const struct report *r, const struct machine *machine);

#endif
