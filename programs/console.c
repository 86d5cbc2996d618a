#include "programs/console.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { LINE_SIZE = 512, CHUNK_SIZE = 8192, NARROW = 20, PATIENCE_MS = 2000 };

struct console {
    int fd;
    bool live, color;
    int pipe[2]; /* from the log to the thread; nobody waits for it to have room */
    int wake;    /* an eventfd: next was set */
    int ended;   /* an eventfd: the thread has nothing more to write */
    pthread_t thread;
    char line[LINE_SIZE]; /* what is shown; the thread's */
    pthread_mutex_t lock; /* guards next */
    char next[LINE_SIZE];
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

/* Erases the live line and leaves the cursor at its start. */
static void erase(struct console *console)
{
    static const char code[] = "\r\033[K";

    if (*console->line)
        write_all(console->fd, code, sizeof(code) - 1);
}

/* Writes the live line, cut so that it can't wrap. */
static void draw(struct console *console)
{
    struct winsize window = {0};
    char text[LINE_SIZE + 32];
    int width = 80, size;

    if (!*console->line)
        return;
    if (ioctl(console->fd, TIOCGWINSZ, &window) == 0 && window.ws_col >= NARROW)
        width = window.ws_col;
    size = snprintf(text, sizeof(text), console->color ? "\033[36m%.*s\033[0m" : "%.*s", width - 1,
                    console->line);
    if (size > 0)
        write_all(console->fd, text, (size_t)size);
}

static void signal_fd(int fd)
{
    const uint64_t one = 1;

    /* Where it is full it is readable already. */
    if (write(fd, &one, sizeof(one)) < 0)
        return;
}

static void show_next(struct console *console)
{
    uint64_t count;

    if (read(console->wake, &count, sizeof(count)) < 0)
        return;
    erase(console);
    pthread_mutex_lock(&console->lock);
    memcpy(console->line, console->next, sizeof(console->line));
    pthread_mutex_unlock(&console->lock);
    draw(console);
}

/* False where the log is at its end. */
static bool show_log(struct console *console)
{
    char chunk[CHUNK_SIZE];
    ssize_t size = read(console->pipe[0], chunk, sizeof(chunk));

    if (size <= 0)
        return size < 0 && errno == EINTR;
    erase(console);
    write_all(console->fd, chunk, (size_t)size);
    /* The log writes whole lines, each at once and shorter than PIPE_BUF, but a chunk may cut one. */
    if (chunk[size - 1] == '\n')
        draw(console);
    return true;
}

static void *console_main(void *arg)
{
    struct console *console = arg;
    struct pollfd fds[] = {{.fd = console->pipe[0], .events = POLLIN},
                           {.fd = console->wake, .events = POLLIN}};

    do {
        if (poll(fds, 2, -1) < 0)
            fds[0].revents = fds[1].revents = 0;
        if (fds[1].revents)
            show_next(console);
    } while (!fds[0].revents || show_log(console));
    erase(console);
    signal_fd(console->ended);
    return NULL;
}

static void free_console(struct console *console)
{
    if (console->ended >= 0)
        close(console->ended);
    if (console->pipe[0] >= 0)
        close(console->pipe[0]);
    if (console->wake >= 0)
        close(console->wake);
    pthread_mutex_destroy(&console->lock);
    free(console);
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
    console->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    console->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&console->lock, NULL);
    if (console->wake >= 0 && console->ended >= 0 && pipe2(console->pipe, O_CLOEXEC) == 0) {
        if (fcntl(console->pipe[1], F_SETFL, O_NONBLOCK) == 0 &&
            !pthread_create(&console->thread, NULL, console_main, console))
            return console;
        close(console->pipe[1]);
    }
    free_console(console);
    return NULL;
}

/* True where fd becomes readable within PATIENCE_MS. */
static bool wait_for(int fd)
{
    uint64_t end = clock_monotonic_ns() + PATIENCE_MS * UINT64_C(1000000), now;
    struct pollfd wanted = {.fd = fd, .events = POLLIN};

    while ((now = clock_monotonic_ns()) < end)
        if (poll(&wanted, 1, (int)((end - now) / 1000000) + 1) > 0)
            return true;
    return false;
}

void console_destroy(struct console *console)
{
    if (!console)
        return;
    close(console->pipe[1]);
    /* A terminal that was stopped would hold up the end: the thread is left to it, and to exit(). */
    if (!wait_for(console->ended))
        return;
    pthread_join(console->thread, NULL);
    free_console(console);
}

int console_log_fd(const struct console *console) { return console->pipe[1]; }

bool console_is_live(const struct console *console) { return console->live; }

void console_set_line(struct console *console, const char *text)
{
    if (!console->live)
        return;
    pthread_mutex_lock(&console->lock);
    snprintf(console->next, sizeof(console->next), "%s", text);
    pthread_mutex_unlock(&console->lock);
    signal_fd(console->wake);
}
