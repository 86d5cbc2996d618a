#include "bench/child.h"

#include "base/clock.h"
#include "bench/bench_alloc.h"
#include "bench/interrupt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    POLL_MS = 20,      /* how often an end or an interruption is looked for */
    LOOK_MS = 500,     /* how often its CPUs are looked at */
    GRACE_MS = 2000,   /* from being told to end to being killed */
    PIECE = 64 * 1024, /* bytes read at a time */
    CPUS_MAX = 8192,   /* that Linux can be built for */
};

struct child {
    pid_t pid;
    int fd; /* the reading end of its output; -1 once that has ended */
    size_t left;
    child_output_fn *output;
    void *context;
    const unsigned *cpus;
    size_t cpu_count;
    uint64_t looked_ns; /* when its CPUs were last looked at */
    bool unpinned;
};

static int prepare_files(posix_spawn_file_actions_t *files, const int pipe[static 2])
{
    int result = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

    if (!result)
        result = posix_spawn_file_actions_adddup2(files, pipe[1], 1);
    if (!result)
        result = posix_spawn_file_actions_adddup2(files, pipe[1], 2);
    return result;
}

static int prepare_signals(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int result = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);

    sigemptyset(&none);
    sigfillset(&all);
    if (!result)
        result = posix_spawnattr_setpgroup(attr, 0);
    if (!result)
        result = posix_spawnattr_setsigmask(attr, &none);
    if (!result)
        result = posix_spawnattr_setsigdefault(attr, &all);
    return result;
}

/* Starts words with the affinity of this thread. Returns 0 or an errno value. */
static int spawn(pid_t *pid, char *const *words, const int pipe[static 2])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int result = posix_spawn_file_actions_init(&files);

    if (result)
        return result;
    result = posix_spawnattr_init(&attr);
    if (!result) {
        result = prepare_files(&files, pipe);
        if (!result)
            result = prepare_signals(&attr);
        if (!result)
            result = posix_spawnp(pid, words[0], &files, &attr, words, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&files);
    return result;
}

/* The same on given CPUs: a child inherits the affinity of the thread that starts it. */
static int spawn_on(pid_t *pid, char *const *words, const int pipe[static 2], const unsigned *cpus,
                    size_t cpu_count)
{
    size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
    cpu_set_t *old = bench_alloc(1, size), *set = bench_alloc(1, size);
    int result = 0;

    for (size_t i = 0; i < cpu_count; i++)
        CPU_SET_S(cpus[i], size, set);
    if (sched_getaffinity(0, size, old) || sched_setaffinity(0, size, set))
        result = errno;
    if (!result) {
        result = spawn(pid, words, pipe);
        sched_setaffinity(0, size, old);
    }
    free(old);
    free(set);
    return result;
}

/* Reads what is there, waiting wait_ms at most. False where more than the limit has come. */
static bool read_output(struct child *c, int wait_ms)
{
    static const size_t piece = PIECE;
    struct pollfd ready = {.fd = c->fd, .events = POLLIN};
    bool fits = true;
    char *data;
    ssize_t size;

    if (poll(&ready, 1, wait_ms) <= 0 || c->fd < 0)
        return true;
    data = bench_alloc(piece, 1);
    size = read(c->fd, data, piece);
    if (size > 0) {
        fits = (size_t)size <= c->left;
        c->left -= fits ? (size_t)size : 0;
        c->output(c->context, data, fits ? (size_t)size : 0);
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        close(c->fd);
        c->fd = -1;
    }
    free(data);
    return fits;
}

/* Whether the child has ended; it is not reaped yet, so that its group's number stays its own. */
static bool has_ended(const struct child *c)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Whether a thread may use CPUs beyond ours. One that has ended may not. */
static bool is_unpinned(const struct child *c, pid_t thread)
{
    size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
    cpu_set_t *set = bench_alloc(1, size);
    int result = sched_getaffinity(thread, size, set);
    bool beyond;

    for (size_t i = 0; i < c->cpu_count; i++)
        CPU_CLR_S(c->cpus[i], size, set);
    beyond = result == 0 && CPU_COUNT_S(size, set) > 0;
    free(set);
    return beyond;
}

/* Miners like to choose their CPUs themselves, which makes a comparison something else. */
static void look_at_cpus(struct child *c)
{
    char path[64];
    struct dirent *entry;
    DIR *threads;

    if (c->unpinned || clock_monotonic_ns() - c->looked_ns < (uint64_t)LOOK_MS * 1000000)
        return;
    c->looked_ns = clock_monotonic_ns();
    snprintf(path, sizeof(path), "/proc/%d/task", (int)c->pid);
    threads = opendir(path);
    while (threads && (entry = readdir(threads))) {
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

        c->unpinned = c->unpinned || (thread > 0 && is_unpinned(c, thread));
    }
    if (threads)
        closedir(threads);
}

/* Asks the group to end and waits a little, reading on; its output may tell more. */
static void ask_to_end(struct child *c)
{
    uint64_t deadline = clock_monotonic_ns() + (uint64_t)GRACE_MS * 1000000;

    kill(-c->pid, SIGTERM);
    while (!has_ended(c) && clock_monotonic_ns() < deadline && read_output(c, POLL_MS))
        continue;
}

/* Waits for the end, one way or another. */
static enum child_how follow(struct child *c, uint64_t deadline_ns)
{
    while (!has_ended(c)) {
        if (interrupt_came())
            return CHILD_INTERRUPTED;
        if (clock_monotonic_ns() >= deadline_ns)
            return CHILD_TIMEOUT;
        if (!read_output(c, POLL_MS))
            return CHILD_TOO_MUCH;
        look_at_cpus(c);
    }
    /* What is left in the pipe; others may hold it open without writing. */
    for (size_t left = c->left + 1; c->fd >= 0 && c->left != left;) {
        left = c->left;
        if (!read_output(c, 0))
            return CHILD_TOO_MUCH;
    }
    return CHILD_EXITED;
}

static void reap(struct child *c, struct child_end *end)
{
    struct rusage usage = {0};
    int status = 0;

    kill(-c->pid, SIGKILL);
    while (wait4(c->pid, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    if (c->fd >= 0)
        close(c->fd);
    end->cpu_seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    if (end->how != CHILD_EXITED)
        return;
    end->how = WIFSIGNALED(status) ? CHILD_KILLED : CHILD_EXITED;
    end->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

bool child_run(struct child_end *end, char *const *words, const unsigned *cpus, size_t cpu_count,
               double seconds, size_t output_limit, child_output_fn *output, void *context,
               char error[static BENCH_ERROR_SIZE])
{
    uint64_t began = clock_monotonic_ns();
    struct child c = {.left = output_limit,
                      .output = output,
                      .context = context,
                      .cpus = cpus,
                      .cpu_count = cpu_count,
                      .looked_ns = began};
    int pipe[2], result;

    *end = (struct child_end){0};
    if (pipe2(pipe, O_CLOEXEC)) {
        snprintf(error, BENCH_ERROR_SIZE, "can't make a pipe: %s", strerror(errno));
        return false;
    }
    fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    result = spawn_on(&c.pid, words, pipe, cpus, cpu_count);
    close(pipe[1]);
    if (result) {
        close(pipe[0]);
        snprintf(error, BENCH_ERROR_SIZE, "can't run %.100s: %s", words[0], strerror(result));
        return false;
    }
    c.fd = pipe[0];
    end->how = follow(&c, began + (uint64_t)(seconds * 1e9));
    if (end->how != CHILD_EXITED && end->how != CHILD_TOO_MUCH)
        ask_to_end(&c);
    reap(&c, end);
    end->unpinned = c.unpinned;
    end->seconds = (double)(clock_monotonic_ns() - began) / 1e9;
    return true;
}
