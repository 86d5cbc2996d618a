#include "programs/console.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "programs/terminal.h"

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
#include <syslog.h>
#include <unistd.h>

enum {
    CHUNK_SIZE = 8192,
    LOG_SIZE = 4200, /* a line of the log's */
    LOG_LINES = 128, /* kept to be shown again */
    LAST_LINES = 10, /* left on the terminal at the end */
    NARROW = 20,
    PATIENCE_MS = 2000,
    SUSPEND_MS = 500,
};

struct console {
    struct console_options options;
    int pipe[2];   /* from the log to the thread; nobody waits for it to have room */
    int wake;      /* an eventfd: something below has changed */
    int ended;     /* an eventfd: the thread has nothing more to write */
    int suspended; /* an eventfd: the terminal is given back */
    pthread_t thread;
    /* The thread's: */
    char text[CONSOLE_TEXT_SIZE]; /* what is shown */
    bool taken;                   /* the terminal is ours */
    bool away;                    /* between suspend and resume */
    bool shown;                   /* the live line is there */
    char part[LOG_SIZE];          /* a line of the log that is not complete */
    size_t part_size;
    char *lines[LOG_LINES]; /* a ring: the n-th line is at n % LOG_LINES */
    size_t line_count;
    pthread_mutex_t lock; /* guards what follows */
    char next[CONSOLE_TEXT_SIZE];
    bool has_next, suspend, resume;
};

static void signal_fd(int fd)
{
    const uint64_t one = 1;

    /* Where it is full it is readable already. */
    if (write(fd, &one, sizeof(one)) < 0)
        return;
}

void console_size(const struct console *console, int *rows, int *columns)
{
    struct winsize window = {0};

    *rows = 24;
    *columns = 80;
    if (ioctl(console->options.fd, TIOCGWINSZ, &window) != 0)
        return;
    if (window.ws_row > 0)
        *rows = window.ws_row;
    if (window.ws_col >= NARROW)
        *columns = window.ws_col;
}

/* Erases the live line and leaves the cursor at its start. */
static void erase_line(struct console *console)
{
    static const char code[] = "\r" TERMINAL_ERASE_LINE;

    if (console->shown)
        terminal_write(console->options.fd, code, sizeof(code) - 1);
    console->shown = false;
}

/* Writes the live line, cut so that it can't wrap. */
static void draw_line(struct console *console)
{
    char text[512 + 32];
    int rows, columns, size;

    if (!*console->text || console->away || console->options.kind != CONSOLE_LINE)
        return;
    console_size(console, &rows, &columns);
    columns = columns < 512 ? columns : 512;
    size = snprintf(text, sizeof(text), console->options.color ? "\033[36m%.*s\033[0m" : "%.*s",
                    columns - 1, console->text);
    if (size > 0)
        terminal_write(console->options.fd, text, (size_t)size);
    console->shown = true;
}

/* A frame that is put together before it is written, so that it does not flicker. */
struct frame {
    char *text;
    size_t size, capacity;
};

static void add(struct frame *f, const char *text, size_t size)
{
    if (f->size + size > f->capacity)
        return;
    memcpy(f->text + f->size, text, size);
    f->size += size;
}

/* A line, cut to the terminal's width; what may be wide or no character at all is a '?'. */
static void add_line(struct frame *f, const char *text, size_t size, int columns)
{
    struct bytes rest = bytes_of(text, size);

    for (int column = 0; rest.size > 0 && column < columns; column++) {
        size_t step = utf8_size(rest);
        bool plain = step == 1 ? rest.data[0] >= 0x20 && rest.data[0] < 0x7f
                               : step == 2 && utf8_control_size(rest) == 0 && rest.data[0] < 0xcc;

        add(f, plain ? (const char *)rest.data : "?", plain ? step : 1);
        step = step ? step : 1;
        rest.data += step;
        rest.size -= step;
    }
    add(f, TERMINAL_ERASE_LINE, strlen(TERMINAL_ERASE_LINE));
}

/* The text's lines from the top, then as many of the log's last as there is room for. */
static void compose(const struct console *console, struct frame *f, int rows, int columns)
{
    const char *at = console->text;
    size_t room, first;
    int row = 0;

    add(f, TERMINAL_HOME, strlen(TERMINAL_HOME));
    for (; *at && row < rows; row++) {
        size_t size = strcspn(at, "\n");

        if (row)
            add(f, "\r\n", 2);
        add_line(f, at, size, columns);
        at += size + (at[size] == '\n');
    }
    room = (size_t)(rows - row);
    room = room < LOG_LINES ? room : LOG_LINES;
    first = console->line_count > room ? console->line_count - room : 0;
    for (size_t i = first; i < console->line_count; i++, row++) {
        const char *line = console->lines[i % LOG_LINES];

        if (row)
            add(f, "\r\n", 2);
        add_line(f, line ? line : "", line ? strlen(line) : 0, columns);
    }
    if (row < rows)
        add(f, "\r\n" TERMINAL_ERASE_BELOW, strlen(TERMINAL_ERASE_BELOW) + 2);
}

static void draw_screen(struct console *console)
{
    struct frame f = {0};
    int rows, columns;

    if (console->away || !terminal_is_ours(console->options.fd))
        return;
    if (!console->taken)
        terminal_enter(console->options.fd, console->options.keys);
    console->taken = true;
    console_size(console, &rows, &columns);
    f.capacity = ((size_t)rows + 1) * ((size_t)columns * 2 + 16) + 64;
    f.text = malloc(f.capacity);
    if (!f.text)
        return;
    compose(console, &f, rows, columns);
    terminal_write(console->options.fd, f.text, f.size);
    free(f.text);
}

static void draw(struct console *console)
{
    if (console->options.kind == CONSOLE_SCREEN)
        draw_screen(console);
    else
        draw_line(console);
}

static void give_back(struct console *console)
{
    if (console->options.kind == CONSOLE_SCREEN)
        terminal_leave();
    erase_line(console);
    console->taken = false;
}

/* From "2026-01-02T03:04:05.678Z [mining:warning] text"; syslog dates lines itself. */
static void hand_to_syslog(const char *line)
{
    const char *tag = strchr(line, '['), *end = tag ? strchr(tag, ']') : NULL;
    const char *text = end && end[1] == ' ' ? tag : line;
    int priority = LOG_INFO;

    for (const char *at = tag; at && at < end; at++)
        if (!strncmp(at, "error]", 6))
            priority = LOG_ERR;
        else if (!strncmp(at, "warning]", 8))
            priority = LOG_WARNING;
        else if (!strncmp(at, "debug]", 6) || !strncmp(at, "trace]", 6))
            priority = LOG_DEBUG;
    syslog(priority, "%s", text);
}

static void take_line(struct console *console, const char *line)
{
    char **place = &console->lines[console->line_count % LOG_LINES];

    if (console->options.kind == CONSOLE_SYSLOG) {
        hand_to_syslog(line);
        return;
    }
    free(*place);
    *place = strdup(line);
    console->line_count++;
}

/* Cuts what the log wrote into its lines. */
static void take_chunk(struct console *console, const char *chunk, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (chunk[i] == '\n' || console->part_size == LOG_SIZE - 1) {
            console->part[console->part_size] = '\0';
            console->part_size = 0;
            take_line(console, console->part);
        }
        if (chunk[i] != '\n')
            console->part[console->part_size++] = chunk[i];
    }
}

/* False where the log is at its end. */
static bool show_log(struct console *console)
{
    char chunk[CHUNK_SIZE];
    ssize_t size = read(console->pipe[0], chunk, sizeof(chunk));

    if (size <= 0)
        return size < 0 && errno == EINTR;
    if (console->options.kind >= CONSOLE_SCREEN) {
        take_chunk(console, chunk, (size_t)size);
        draw(console);
        return true;
    }
    erase_line(console);
    terminal_write(console->options.fd, chunk, (size_t)size);
    /* The log writes whole lines, each at once and shorter than PIPE_BUF, but a chunk may cut one. */
    if (chunk[size - 1] == '\n')
        draw(console);
    return true;
}

static void take_news(struct console *console)
{
    bool suspend, resume;
    uint64_t count;

    if (read(console->wake, &count, sizeof(count)) < 0)
        return;
    pthread_mutex_lock(&console->lock);
    if (console->has_next)
        memcpy(console->text, console->next, sizeof(console->text));
    suspend = console->suspend;
    resume = console->resume;
    console->has_next = console->suspend = console->resume = false;
    pthread_mutex_unlock(&console->lock);
    if (suspend) {
        give_back(console);
        console->away = true;
        signal_fd(console->suspended);
    }
    if (resume) {
        console->away = false;
        if (console->taken && terminal_is_ours(console->options.fd))
            terminal_refresh();
    }
    erase_line(console);
    draw(console);
}

static void take_keys(struct console *console)
{
    char keys[64];
    ssize_t size;

    if (!terminal_is_ours(console->options.keys))
        return;
    size = read(console->options.keys, keys, sizeof(keys));
    /* A terminal that is gone would be readable for ever. */
    if (size <= 0 && !(size < 0 && errno == EINTR))
        console->options.keys = -1;
    /* Arrows and the like begin with an escape; none of them means anything here. */
    for (ssize_t i = 0; i < size && keys[i] != '\033'; i++)
        if (console->options.key_fn)
            console->options.key_fn(console->options.arg, keys[i]);
}

/* What was logged last stays readable where the full screen was. */
static void leave_last_lines(struct console *console)
{
    size_t count = console->line_count < LAST_LINES ? console->line_count : LAST_LINES;

    for (size_t i = console->line_count - count; i < console->line_count; i++) {
        const char *line = console->lines[i % LOG_LINES];

        if (!line)
            continue;
        terminal_write(console->options.fd, line, strlen(line));
        terminal_write(console->options.fd, "\n", 1);
    }
}

static void *console_main(void *arg)
{
    struct console *console = arg;
    struct pollfd fds[3] = {{.fd = console->pipe[0], .events = POLLIN},
                            {.fd = console->wake, .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};

    do {
        bool listens = console->taken && !console->away &&
                       (console->options.keys < 0 || terminal_is_ours(console->options.keys));

        fds[2].fd = listens ? console->options.keys : -1;
        if (poll(fds, 3, -1) < 0)
            fds[0].revents = fds[1].revents = fds[2].revents = 0;
        if (fds[1].revents)
            take_news(console);
        if (fds[2].revents)
            take_keys(console);
    } while (!fds[0].revents || show_log(console));
    give_back(console);
    if (console->options.kind == CONSOLE_SCREEN)
        leave_last_lines(console);
    signal_fd(console->ended);
    return NULL;
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void free_console(struct console *console)
{
    close_fd(console->ended);
    close_fd(console->suspended);
    close_fd(console->wake);
    close_fd(console->pipe[0]);
    for (size_t i = 0; i < LOG_LINES; i++)
        free(console->lines[i]);
    pthread_mutex_destroy(&console->lock);
    free(console);
}

struct console *console_create(const struct console_options *options)
{
    const char *term = getenv("TERM");
    struct console *console = calloc(1, sizeof(*console));
    bool dumb = !term || !*term || !strcmp(term, "dumb");

    if (!console)
        return NULL;
    console->options = *options;
    if (options->kind == CONSOLE_SYSLOG)
        openlog("exs-miner", LOG_PID, LOG_DAEMON);
    else if (dumb || !isatty(options->fd))
        console->options.kind = CONSOLE_PLAIN;
    console->options.color = options->color && !getenv("NO_COLOR");
    console->pipe[0] = console->pipe[1] = -1;
    console->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    console->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    console->suspended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&console->lock, NULL);
    if (console->wake >= 0 && console->ended >= 0 && console->suspended >= 0 &&
        pipe2(console->pipe, O_CLOEXEC) == 0) {
        if (fcntl(console->pipe[1], F_SETFL, O_NONBLOCK) == 0 &&
            !pthread_create(&console->thread, NULL, console_main, console))
            return console;
        close(console->pipe[1]);
    }
    free_console(console);
    return NULL;
}

/* True where fd becomes readable in that time. */
static bool wait_for(int fd, unsigned ms)
{
    uint64_t end = clock_monotonic_ns() + ms * UINT64_C(1000000), now;
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
    if (!wait_for(console->ended, PATIENCE_MS))
        return;
    pthread_join(console->thread, NULL);
    free_console(console);
}

int console_log_fd(const struct console *console) { return console->pipe[1]; }

/* Set before the thread started, and not changed by it. */
enum console_kind console_kind(const struct console *console) { return console->options.kind; }

void console_show(struct console *console, const char *text)
{
    if (console->options.kind != CONSOLE_LINE && console->options.kind != CONSOLE_SCREEN)
        return;
    pthread_mutex_lock(&console->lock);
    snprintf(console->next, sizeof(console->next), "%s", text);
    console->has_next = true;
    pthread_mutex_unlock(&console->lock);
    signal_fd(console->wake);
}

void console_suspend(struct console *console)
{
    uint64_t count;

    pthread_mutex_lock(&console->lock);
    console->suspend = true;
    pthread_mutex_unlock(&console->lock);
    signal_fd(console->wake);
    if (wait_for(console->suspended, SUSPEND_MS) &&
        read(console->suspended, &count, sizeof(count)) < 0)
        return;
}

void console_resume(struct console *console)
{
    pthread_mutex_lock(&console->lock);
    console->resume = true;
    pthread_mutex_unlock(&console->lock);
    signal_fd(console->wake);
}
