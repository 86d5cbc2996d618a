#include "programs/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child's end means to whoever started it. */
static int await(int told, pid_t child)
{
    char byte;
    int status;
    ssize_t got;

    do
        got = read(told, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got == 1)
        return 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 3;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

bool background_fork(struct background *background, int *code)
{
    int pair[2];
    pid_t child;

    *code = 3;
    background->told = -1;
    if (pipe2(pair, O_CLOEXEC) != 0) {
        fprintf(stderr, "exs-miner: cannot go into the background: %s\n", strerror(errno));
        return false;
    }
    fflush(NULL);
    child = fork();
    if (child == 0) {
        close(pair[0]);
        background->told = pair[1];
        setsid();
        return true;
    }
    close(pair[1]);
    if (child < 0)
        fprintf(stderr, "exs-miner: cannot go into the background: %s\n", strerror(errno));
    else
        *code = await(pair[0], child);
    close(pair[0]);
    return false;
}

void background_started(struct background *background)
{
    int null;

    if (background->told < 0)
        return;
    /* It stays in its folder, so that relative paths mean what they did. */
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        if (null > STDERR_FILENO)
            close(null);
    }
    if (write(background->told, "", 1) < 0 && errno != EPIPE)
        return;
    close(background->told);
    background->told = -1;
}

bool background_note(int *fd, const char *path)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (*fd < 0) {
        fprintf(stderr, "exs-miner: --pid-file %s: %s\n", path, strerror(errno));
        return false;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "exs-miner: --pid-file %s: %s\n", path,
                errno == EWOULDBLOCK ? "another exs-miner that runs has it" : strerror(errno));
        close(*fd);
        *fd = -1;
        return false;
    }
    if (ftruncate(*fd, 0) == 0 && write(*fd, text, (size_t)size) == size)
        return true;
    fprintf(stderr, "exs-miner: --pid-file %s: %s\n", path, strerror(errno));
    background_forget(*fd, path);
    *fd = -1;
    return false;
}

void background_forget(int fd, const char *path)
{
    if (fd < 0)
        return;
    unlink(path);
    close(fd);
}
