/* Going on in the background (-B), and the file with the process's number. */
#ifndef PROGRAMS_BACKGROUND_H
#define PROGRAMS_BACKGROUND_H

#include <stdbool.h>

struct background {
    int told; /* where the foreground process listens; -1: there is none */
};

/*
 * Forks, so before the first thread is made. The child returns true with a session of its own and
 * its terminal still there; the parent waits until background_started, which ends it
 * with 0, or for the child's end, whose exit code becomes *code, and returns false.
 */
bool background_fork(struct background *background, int *code);

/* All is up: the parent ends, and standard input, output and errors are /dev/null from now on. */
void background_started(struct background *background);

/*
 * Writes the number of the process there and keeps the file locked; an old file whose
 * process is gone is replaced. False with the reason on stderr where it can't be
 * written, or another process holds it. *fd keeps the lock: hand it to background_forget.
 */
bool background_note(int *fd, const char *path);
void background_forget(int fd, const char *path);

#endif
