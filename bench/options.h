/* The command line of exs-bench. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "bench/bench.h"

struct settings;

enum options_result {
    OPTIONS_RUN,
    OPTIONS_SHOWN, /* help, version or list was printed: nothing more to do */
    OPTIONS_WRONG, /* the reason was printed */
};

struct options {
    struct settings *settings;
    const struct bench_command *command; /* NULL: all of them */
    const char *json; /* where the JSON goes: a path, "-" for standard output, NULL for nowhere */
    struct topology *topology;
    struct bench bench; /* all but its kernels and its report */
};

/*
 * Reads the command line and what of the machine it depends on. argv is not
 * changed. Free with options_free, whatever the result.
 */
enum options_result options_read(struct options *o, int argc, char *const *argv);
void options_free(struct options *o);

/*
 * A list of numbers of threads, "1", "all", "1,2,all", with at most most of
 * them, into counts, ascending and each once. Returns how many they are, or 0
 * with the reason in error.
 */
size_t options_parse_threads(size_t counts[static BENCH_COUNTS], const char *text, size_t most,
                             char error[static BENCH_ERROR_SIZE]);

#endif
