/* Where results go: files that are opened before anything is measured, and standard output. */
#ifndef BENCH_OUTPUT_H
#define BENCH_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *path; /* the caller's; NULL: it is not asked for */
    FILE *file;
};

/*
 * Opens path for writing; "-" is standard output, and NULL opens nothing, which
 * is no failure. False, said on stderr, where it fails.
 */
bool output_open(struct output *o, const char *path);

/*
 * Closes it, unless nothing is open. False, said on stderr, where written is
 * false or not all has reached the file.
 */
bool output_close(struct output *o, bool written);

#endif
