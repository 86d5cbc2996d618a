#include "programs/console.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_SIZE = 512, CHUNK_SIZE = 8192, NARROW = 20 };

struct console {
    int fd;
    bool live, color;
    int pipe[2]; /* from the log to the thread; -1 without a live line */
    pthread_t thread;
    pthread_mutex_t lock; /* guards the line and writing */
    char line[LINE_SIZE];
};

static void write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return;
        data += done;
        size -= (size_t)done;
    }
}

/* Erases the live line and leaves the cursor at its start; with the lock held. */
static void erase(struct console *console)
{
    static const char code[] = "\r\033[K";

    if (*console->line)
        write_all(console->fd, code, sizeof(code) - 1);
}

/* Writes the live line, cut so that it can't wrap; with the lock held. */
static void draw(struct console *console)
{
    struct winsize window = {0};
    char text[LINE_SIZE + 32];
    int width = 80, size;

    if (ioctl(console->fd, TIOCGWINSZ, &window) == 0 && window.ws_col >= NARROW)
        width = window.ws_col;
    size = snprintf(text, sizeof(text), console->color ? "\033[36m%.*s\033[0m" : "%.*s", width - 1,
                    console->line);
    if (size > 0)
        write_all(console->fd, text, (size_t)size);
}

static void *console_main(void *arg)
{
    struct console *console = arg;
    char chunk[CHUNK_SIZE];
    ssize_t size;

    /* The log writes whole lines, each at once and shorter than PIPE_BUF, so chunks end with one. */
    while ((size = read(console->pipe[0], chunk, sizeof(chunk))) > 0 ||
           (size < 0 && errno == EINTR)) {
        if (size < 0)
            continue;
        pthread_mutex_lock(&console->lock);
        erase(console);
        write_all(console->fd, chunk, (size_t)size);
        if (chunk[size - 1] == '\n')
            draw(console);
        pthread_mutex_unlock(&console->lock);
    }
    return NULL;
}

struct console *console_create(int fd, bool live, bool color)
{
    const char *term = getenv("TERM");
    struct console *console = calloc(1, sizeof(*console));
    bool dumb = !term || !*term || !strcmp(term, "dumb");

    if (!console)
        return NULL;
    console->fd = fd;
    console->live = live && isatty(fd) && !dumb;
    console->color = color && !getenv("NO_COLOR");
    console->pipe[0] = console->pipe[1] = -1;
    pthread_mutex_init(&console->lock, NULL);
    if (!console->live)
        return console;
    if (pipe2(console->pipe, O_CLOEXEC) == 0) {
        if (!pthread_create(&console->thread, NULL, console_main, console))
            return console;
        close(console->pipe[0]);
        close(console->pipe[1]);
    }
    pthread_mutex_destroy(&console->lock);
    free(console);
    return NULL;
}

void console_destroy(struct console *console)
{
    if (!console)
        return;
    if (console->live) {
        close(console->pipe[1]);
        pthread_join(console->thread, NULL);
        erase(console);
        close(console->pipe[0]);
    }
    pthread_mutex_destroy(&console->lock);
    free(console);
}

int console_log_fd(const struct console *console)
{
    return console->live ? console->pipe[1] : console->fd;
}

bool console_is_live(const struct console *console) { return console->live; }

void console_set_line(struct console *console, const char *text)
{
    if (!console->live)
        return;
    pthread_mutex_lock(&console->lock);
    erase(console);
    snprintf(console->line, sizeof(console->line), "%s", text);
    draw(console);
    pthread_mutex_unlock(&console->lock);
}
