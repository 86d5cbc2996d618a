#include "programs/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* The other buffer, no cursor, lines that don't wrap; and back. */
static const char take[] = "\033[?1049h\033[?25l\033[?7l\033[2J";
static const char give[] = "\033[0m\033[?7h\033[?25h\033[?1049l";

static const int fatal[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGQUIT};

/* A signal handler has no argument of ours: the one thing here that every thread may see. */
static struct {
    volatile sig_atomic_t taken;
    int fd, keys;
    bool has_modes;
    struct termios modes;
} terminal;

void terminal_write(int fd, const char *data, size_t size)
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

bool terminal_is_ours(int fd)
{
    pid_t group = tcgetpgrp(fd);

    /* No job control, no other group: as in a container's terminal. */
    return group < 0 || group == getpgrp();
}

/* Async-signal-safe. A terminal that is stopped keeps nothing from ending. */
static void on_fatal(int number)
{
    struct pollfd ready = {.fd = terminal.fd, .events = POLLOUT};

    if (terminal.taken) {
        terminal.taken = 0;
        if (terminal.has_modes)
            tcsetattr(terminal.keys, TCSANOW, &terminal.modes);
        if (poll(&ready, 1, 200) > 0 && write(terminal.fd, give, sizeof(give) - 1) < 0)
            return;
    }
    raise(number);
}

static void catch_fatal(bool on)
{
    /* Once, and then as without us; a stack that has overflowed has no room for more. */
    struct sigaction action = {.sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

    action.sa_handler = on ? on_fatal : SIG_DFL;
    for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
        sigaction(fatal[i], &action, NULL);
}

static void set_up(void)
{
    struct termios modes = terminal.modes;

    modes.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    modes.c_cc[VMIN] = 1;
    modes.c_cc[VTIME] = 0;
    if (terminal.has_modes)
        tcsetattr(terminal.keys, TCSANOW, &modes);
    terminal_write(terminal.fd, take, sizeof(take) - 1);
}

void terminal_enter(int fd, int keys)
{
    if (terminal.taken)
        return;
    terminal.fd = fd;
    terminal.keys = keys;
    terminal.has_modes = isatty(keys) && tcgetattr(keys, &terminal.modes) == 0;
    catch_fatal(true);
    terminal.taken = 1;
    set_up();
}

void terminal_refresh(void)
{
    if (terminal.taken)
        set_up();
}

void terminal_leave(void)
{
    if (!terminal.taken)
        return;
    terminal.taken = 0;
    if (terminal.has_modes)
        tcsetattr(terminal.keys, TCSANOW, &terminal.modes);
    terminal_write(terminal.fd, give, sizeof(give) - 1);
    catch_fatal(false);
}
