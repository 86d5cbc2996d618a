/* What a run looks like on a terminal and in the log: text from a report, and nothing else. */
#ifndef PROGRAMS_DISPLAY_H
#define PROGRAMS_DISPLAY_H

#include "mining/monitor.h"

#include <stdatomic.h>

/* What the operator has chosen with keys: written by one thread, read by any. */
struct display_options {
    atomic_bool hide_devices; /* a sum instead of a line a device */
    atomic_bool hide_sources;
    atomic_bool help;
};

/* What a key does besides; the caller does it. */
enum display_action { DISPLAY_NONE, DISPLAY_QUIT, DISPLAY_NEXT_SOURCE, DISPLAY_REDRAW };

/* d and s change options, q and p are for the caller. */
enum display_action display_key(struct display_options *options, char key);

/* "12.34 MH/s" to out. */
void display_rate(char *out, size_t size, double rate);

/* "3 d 4 h", "5 min 6 s", "1234 years"; "never" where it is infinite. */
void display_duration(char *out, size_t size, double seconds);

/* The live line. */
void display_line(char *out, size_t size, const struct monitor_report *report);

/* The upper part of the full screen, for a terminal of this size: lines ended by '\n'. */
void display_screen(char *out, size_t size, const struct monitor_report *report,
                    const struct display_options *options, const char *title, int rows,
                    int columns);

/* A line for the log: the rates and counts; and one with each lane's rate (--hash-meter). */
void display_summary(char *out, size_t size, const struct monitor_report *report);
void display_lanes(char *out, size_t size, const struct monitor_report *report);

#endif
