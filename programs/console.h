/*
 * Where log lines and the live line meet. On a terminal one thread owns the
 * last line: what is logged is written above it. Elsewhere log lines go straight
 * to the file descriptor and there is no live line.
 */
#ifndef PROGRAMS_CONSOLE_H
#define PROGRAMS_CONSOLE_H

#include <stdbool.h>

struct console;

/*
 * fd is what to write to (2, say); live is whether a live line is wanted where
 * it is a terminal. NULL where memory, a pipe or a thread can't be had.
 */
struct console *console_create(int fd, bool live, bool color);

/* Writes all that was logged, takes the live line away, and frees the console. Destroy the log before. */
void console_destroy(struct console *console);

/* The file descriptor for the log. */
int console_log_fd(const struct console *console);

/* Whether there is a live line. */
bool console_is_live(const struct console *console);

/* Replaces the live line; cut to the terminal's width. Any thread; copied. */
void console_set_line(struct console *console, const char *text);

#endif
