/* The command line of exs-bench. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "bench/bench.h"
#include "bench/page.h"

struct settings;

enum options_result {
    OPTIONS_RUN,
    OPTIONS_SHOWN, /* help, version or list was printed: nothing more to do */
    OPTIONS_WRONG, /* the reason was printed */
};

/* What is to be done. */
enum options_task {
    OPTIONS_MEASURE, /* and, where page is set, written as a page */
    OPTIONS_COMPARE, /* two files */
    OPTIONS_REPORT,  /* files, as a page */
};

struct options {
    struct settings *settings;
    enum options_task task;
    const struct bench_command *command; /* that is measured; NULL: all of them */
    /* Where things go: a path, "-" for standard output, NULL for nowhere. */
    const char *json, *svg, *page;
    const char *file[PAGE_DOCUMENTS]; /* to read */
    size_t files;
    struct compare_rule rule;
    bool quiet;
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
