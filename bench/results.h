/*
 * A document of report_write_json, read back: what is compared and drawn, be it
 * of this run or of a file. A file is somebody else's: everything in it is
 * checked against the limits below, and an error says where it is.
 *
 * Plain data once read; any thread may read it.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "base/bytes.h"
#include "bench/report.h"

#include <jansson.h>

enum {
    RESULTS_SIZE_MAX = 8 << 20, /* bytes of a document */
    RESULTS_ROWS_MAX = 5000,
    RESULTS_RUNS_MAX = 1000,
    RESULTS_THREADS_MAX = 1 << 20,
    RESULTS_TEXT_MAX = 4096,  /* bytes of a text */
    RESULTS_MEMBERS_MAX = 64, /* of the machine, and of a row */
    RESULTS_ERROR_SIZE = 256,
};

/* No number is larger than this; only shares may be below 0. */
#define RESULTS_NUMBER_MAX 1e15

struct results_row {
    const char *bench, *name, *kernel, *unit;
    size_t threads;
    bool lower_is_better;
    double median, min, max; /* NaN where no sample is a number */
    double *samples;         /* those that are numbers, in the order of the runs */
    size_t count;            /* of them */
    size_t runs;
    double steal_ms, cpu_share; /* NaN where not known */
    size_t repeated, disturbed;
    json_t *json; /* the whole row: results_is_field tells which of its members are fields */
};

struct results {
    json_t *root; /* holds the texts */
    json_t *machine;
    bool interrupted;
    struct results_row *row;
    size_t count;
};

/*
 * Reads a document. False, with the reason in error and nothing to free, where
 * it is no such document. Free with results_free.
 */
bool results_parse(struct results *r, struct bytes json, char error[static RESULTS_ERROR_SIZE]);

/* The same of the file at path, which the reason names. */
bool results_load(struct results *r, const char *path, char error[static RESULTS_ERROR_SIZE]);

/* The same of what has just been measured. */
bool results_take(struct results *r, const struct report *report, const struct machine *machine,
                  char error[static RESULTS_ERROR_SIZE]);

void results_free(struct results *r);

/* Of the machine, a text; "" where it is not known or no text. */
const char *results_machine_text(const struct results *r, const char *key);

/* Of the machine, a number; NaN where it is not known or no number. */
double results_machine_number(const struct results *r, const char *key);

/*
 * Whether a member of a row's JSON is a field of that row's own: not one of those
 * that every row has and that are in the struct. It is text, a number or null.
 */
bool results_is_field(const char *key);

/* A number among a row's fields; NaN where it has none of that name. */
double results_field(const struct results_row *row, const char *key);

/* By bench, name, kernel, threads, unit and direction, which together name a row; as strcmp. */
int results_compare_names(const struct results_row *a, const struct results_row *b);

/* Whether it is another program's figure: see against.h. */
bool results_is_peer(const struct results_row *row);

#endif
