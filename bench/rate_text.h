/*
 * Reads hash rates out of what other miners print.
 *
 * Known forms: a number, blanks or none, and a unit of H/s, hash/s or hashes/s
 * with k, M, G, T, P or none before it, in any case: "Total: 29.26 MH/s",
 * "Benchmark: 24.55 MH/s", "hash rate: 123 khash/s", "28700.5 kH/s". Colours
 * (ANSI escape sequences) are left out. Of a line, the last rate counts. What is
 * written with a decimal comma or with groups of digits ("28,700 kH/s") is no
 * number here, as nothing says which of the two it is.
 *
 * Which rates of a run count, the first of these that there is:
 *   1. lines with "total" in them, where there are two or more: the median of
 *      all but the first, which the start of the program makes too low;
 *   2. the last line with "benchmark" in it;
 *   3. the one line with "total" in it;
 *   4. other lines with a rate, except those of one thread ("thread 0",
 *      "CPU #0", "GPU #0"): the median of all but the first, or the only one.
 *
 * Feeding takes bytes as they come; a line is cut at RATE_TEXT_LINE bytes, and
 * no more than RATE_TEXT_RATES rates of a kind are kept (the latest). One
 * thread an object; it holds no memory.
 */
#ifndef BENCH_RATE_TEXT_H
#define BENCH_RATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    RATE_TEXT_LINE = 1024,
    RATE_TEXT_RATES = 1024,
};

/* Rates of one kind in the order of the lines, hashes a second. */
struct rate_text_list {
    double rate[RATE_TEXT_RATES];
    size_t count; /* seen so far; of more than RATE_TEXT_RATES the latest are kept, in a ring */
};

enum rate_text_escape { RATE_TEXT_PLAIN, RATE_TEXT_ESCAPE, RATE_TEXT_SEQUENCE };

struct rate_text {
    char line[RATE_TEXT_LINE + 1];
    size_t used;
    enum rate_text_escape escape;
    struct rate_text_list total, benchmark, other;
};

void rate_text_init(struct rate_text *t);
void rate_text_feed(struct rate_text *t, const char *data, size_t size);

/*
 * The rate that the text so far says, hashes a second, its last line counted
 * even without an end. NaN where it says none. rule, where not NULL, becomes
 * the name of the rule: "total", "benchmark" or "other".
 */
double rate_text_result(struct rate_text *t, const char **rule);

/* The last rate in a line of text, hashes a second; NaN where there is none. */
double rate_text_parse(const char *line);

#endif
