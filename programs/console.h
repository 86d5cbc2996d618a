/*
 * Where the log and what is shown meet: one thread writes both. On a terminal it
 * keeps the last line up to date, with what is logged above it, or takes the
 * whole screen, with what was logged last below; elsewhere it writes the log
 * alone, or hands it to syslog. Nobody else ever waits for the terminal, which
 * may be stopped (Ctrl-S) or a pipe that is not read: a found block would wait,
 * too. Then lines beyond what a pipe holds are lost.
 */
#ifndef PROGRAMS_CONSOLE_H
#define PROGRAMS_CONSOLE_H

#include <stdbool.h>

enum { CONSOLE_TEXT_SIZE = 32768 };

enum console_kind {
    CONSOLE_PLAIN,  /* the log alone */
    CONSOLE_LINE,   /* the log, and a live line below */
    CONSOLE_SCREEN, /* the whole terminal, and keys */
    CONSOLE_SYSLOG, /* the log to syslog(3), as exs-miner */
};

struct console_options {
    int fd;   /* what to write to: 2, say */
    int keys; /* where keys come from: 0, say; only with CONSOLE_SCREEN */
    enum console_kind kind;
    bool color;
    void *arg;
    void (*key_fn)(void *arg, char key); /* on the console's thread; or NULL */
};

struct console;

/*
 * What fd is no terminal for becomes CONSOLE_PLAIN. NULL where memory, a pipe or a
 * thread can't be had. One console with CONSOLE_SCREEN a process.
 */
struct console *console_create(const struct console_options *options);

/*
 * Writes all that was logged, gives the terminal back as it was, and frees the
 * console. Destroy the log before. What can't be written within two seconds is left.
 */
void console_destroy(struct console *console);

/* The file descriptor for the log. */
int console_log_fd(const struct console *console);

enum console_kind console_kind(const struct console *console);

/* The terminal's size; 24 rows of 80 where it doesn't say. */
void console_size(const struct console *console, int *rows, int *columns);

/*
 * Replaces what is shown: with CONSOLE_LINE a line, with CONSOLE_SCREEN lines, what
 * the terminal has beyond which shows the log. Cut to the terminal's size, and to
 * CONSOLE_TEXT_SIZE. Any thread; copied.
 */
void console_show(struct console *console, const char *text);

/*
 * Gives the terminal back, until console_resume, which also draws all of it anew, as
 * after another size. On one thread at a time. The first waits for half a second
 * at most.
 */
void console_suspend(struct console *console);
void console_resume(struct console *console);

#endif
