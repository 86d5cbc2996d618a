/*
 * A terminal taken as a whole, and given back as it was, at a crash too. Escape
 * sequences as every terminal since the VT100 and xterm has them; ncurses would
 * bring globals and signal handlers of its own beside the one thread that takes
 * signals here, for a dozen sequences.
 */
#ifndef PROGRAMS_TERMINAL_H
#define PROGRAMS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#define TERMINAL_HOME "\033[H"
#define TERMINAL_ERASE_LINE "\033[K"
#define TERMINAL_ERASE_BELOW "\033[J"

/* Writes all of it, waiting where the terminal makes one wait; gives up at an error. */
void terminal_write(int fd, const char *data, size_t size);

/* Whether this process is in the foreground of the terminal, where it may write and be typed at. */
bool terminal_is_ours(int fd);

/*
 * Takes the screen: the other buffer, no cursor, no line editing and echo where keys
 * is a terminal; Ctrl-C and the like still are signals. Fatal signals give it back
 * before they end the process. One at a time.
 */
void terminal_enter(int fd, int keys);

/* Sets it up again and clears it, if it is taken: after another size, or another's use of it. */
void terminal_refresh(void);

/* Gives it back, if it was taken. */
void terminal_leave(void);

#endif
