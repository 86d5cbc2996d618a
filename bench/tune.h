/*
 * tune: what suits this machine, measured, and the profile that says so
 * (engine/profile.h), with the figures behind each choice as comments.
 *
 * Each choice is made between settings that were measured in turns, by their
 * medians. A default gives way only to what is faster beyond noise.
 */
#ifndef BENCH_TUNE_H
#define BENCH_TUNE_H

#include "bench/machine.h"
#include "bench/report.h"

enum {
    TUNE_OPERATIONS = 5,
    TUNE_CANDIDATES = 16, /* of one choice */
    TUNE_DEVICE_SIZE = 128,
};

/* One of the settings that a choice is between, as the profile names it, and its figure. */
struct tune_candidate {
    char name[REPORT_NAME_SIZE];
    double rate;     /* the median; more is better */
    double min, max; /* of its runs */
};

/* A choice: the settings that were measured, the chosen one first, then by their figures. */
struct tune_choice {
    const char *key;  /* below kernels, mining or opencl in the profile */
    const char *unit; /* of the figures */
    size_t count;     /* 0: there was nothing to choose */
    struct tune_candidate candidate[TUNE_CANDIDATES];
};

/* All that a profile says. */
struct tune_result {
    struct tune_choice kernels[TUNE_OPERATIONS];
    struct tune_choice threads, pinned, unit_nonces;
    char device[TUNE_DEVICE_SIZE]; /* the OpenCL device's name; "": none was measured */
    struct tune_choice versions, vector, batch_ms;
    size_t runs;      /* of each setting */
    size_t disturbed; /* of all runs, those that others disturbed */
};

/*
 * Makes a choice between the rows from index first on that are of that name,
 * whose kernels are the settings. preferred is the setting that is chosen
 * unless the fastest was faster in every run than it ever was, and by more than
 * margin (0.02: 2 %) in the median; NULL: none is.
 */
struct tune_choice tune_choose(const struct report *r, size_t first, const char *name,
                               const char *key, const char *preferred, double margin);

/* Writes the profile. What is measured on this machine is for processors of its name alone. */
void tune_write(FILE *out, const struct tune_result *result, const struct machine *machine);

/*
 * The same to a path, or for "-" to standard output. What is there already is
 * replaced by a whole profile, or stays. False, said on stderr, where that fails.
 */
bool tune_save(const char *path, const struct tune_result *result, const struct machine *machine);

/* Whether there is hope of that: the folder is there and may be written to. False is said too. */
bool tune_can_save(const char *path);

#endif
