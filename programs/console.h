/*
 * Where log lines and the live line meet: one thread writes both. On a terminal
 * it owns the last line, and what is logged is written above it; elsewhere there
 * is no live line. Nobody else ever waits for the terminal, which may be stopped
 * (Ctrl-S) or a pipe that is not read: a found block would wait, too. Then lines
 * beyond what a pipe holds are lost.
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

/*
 * Writes all that was logged, takes the live line away, and frees the console.
 * Destroy the log before. What can't be written within two seconds is left.
 */
void console_destroy(struct console *console);

/* The file descriptor for the log. */
int console_log_fd(const struct console *console);

/* Whether there is a live line. */
bool console_is_live(const struct console *console);

/* Replaces the live line; cut to the terminal's width. Any thread; copied. */
void console_set_line(struct console *console, const char *text);

#endif
