/*
 * exs-verify: arguments and wiring; the work is done in validation/.
 *
 *     settings -> log -> workers, kernels, validator -> listeners -> service
 */
#include "base/clock.h"
#include "engine/topology.h"
#include "programs/signals.h"
#include "programs/verify_table.h"
#include "validation/service/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_ADDRESS = 2,
    EXIT_MACHINE = 3,
    EXIT_AT_ONCE = 4,
};

static const char usage[] =
    "usage: exs-verify [-s PATH] [-l [ADDRESS:]PORT] [OPTION...]\n"
    "       exs-verify -c FILE [OPTION...]\n"
    "\n"
    "Serves other programs of this machine: verifies signatures, scripts, transactions and blocks\n"
    "by Bitcoin's rules, with Bitcoin Core's answers. docs/verify-protocol.md says how to ask.\n"
    "\n";

static const char exit_codes[] =
    "\n"
    "Exit codes: 0 stopped by a signal, 1 wrong options, 2 an address to listen on can't be had,\n"
    "3 this machine fails (kernels, memory, threads), 4 stopped at once by a second signal.\n";

struct app {
    struct settings *settings;
    struct signals signals;
    struct clock clock;
    struct log *log;
    struct topology topology;
    struct kernels kernels;
    struct pool *pool;
    struct validator *validator;
    struct answer_source source;
    struct listener *listeners[SERVICE_MAX_LISTENERS];
    size_t listener_count;
    sem_t stop;
    atomic_bool stopping;
};

static int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(int code, const char *format, ...)
{
    va_list args;

    fputs("exs-verify: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    return code;
}

/* ---------------------------------------------------------------- what needs nothing */

static int print_help(const struct app *app)
{
    char *text = settings_help(app->settings, "--", false);

    if (!text)
        return fail(EXIT_MACHINE, "out of memory");
    fputs(usage, stdout);
    fputs(text, stdout);
    fputs(exit_codes, stdout);
    free(text);
    return EXIT_DONE;
}

static int print_version(void)
{
    printf("exs-verify %s (protocol %d)\n", EXS_VERSION, WIRE_VERSION);
    return EXIT_DONE;
}

static int list_verifiers(void)
{
    unsigned cpu = cpu_features();

    puts("Implementations of signature verification:");
    for (const struct signature_verify_impl *impl = signature_verify_impls; impl->name; impl++)
        printf("  %-16s %s\n", impl->name,
               (impl->needs & cpu) == impl->needs ? "runs here" : "not on this processor");
    return EXIT_DONE;
}

/* The command line, then the file that it names. */
static bool read_settings(struct settings *s, int argc, char **argv)
{
    const char *path;
    bool good;

    if (!settings_read_arguments(s, argc, argv, SETTINGS_MIXED)) {
        fail(EXIT_USAGE, "%s (--help lists the options)", settings_error(s));
        return false;
    }
    path = settings_string(s, "config");
    if (!*path)
        return true;
    good = settings_read_file(s, path);
    if (!good)
        fail(EXIT_USAGE, "%s", settings_error(s));
    return good;
}

/* Permissions in octal. */
static bool read_mode(unsigned *mode, const char *text)
{
    if (!*text || strlen(text) > 4 || strspn(text, "01234567") != strlen(text))
        return false;
    *mode = (unsigned)strtoul(text, NULL, 8);
    return *mode <= 0777;
}

/* What can be said of the options before anything is started. */
static bool check_options(const struct settings *s)
{
    unsigned mode;

    if (settings_positional(s, 0))
        fail(EXIT_USAGE, "what is \"%.80s\"? Options begin with a dash (--help lists them)",
             settings_positional(s, 0));
    else if (!*settings_string(s, "socket") && !settings_list_size(s, "listen"))
        fail(EXIT_USAGE, "nowhere to listen: give a path with --socket, or a port with --listen "
                         "(--help explains)");
    else if (settings_list_size(s, "listen") >= SERVICE_MAX_LISTENERS)
        fail(EXIT_USAGE, "--listen is given more than %d times", SERVICE_MAX_LISTENERS - 1);
    else if (!read_mode(&mode, settings_string(s, "socket-mode")))
        fail(EXIT_USAGE, "--socket-mode \"%.20s\" is no octal number of permissions, as 0660",
             settings_string(s, "socket-mode"));
    else if (settings_int(s, "max-bytes") < settings_int(s, "max-frame"))
        fail(EXIT_USAGE, "--max-bytes is below --max-frame, so no request of that size could "
                         "ever be taken");
    else
        return true;
    return false;
}

/* ---------------------------------------------------------------- what serves */

static bool open_log(struct app *app)
{
    const struct settings *s = app->settings;
    const char *path = settings_string(s, "log-file");
    struct log_options options = {.clock = &app->clock,
                                  .path = *path ? path : NULL,
                                  .fd = 2,
                                  .json = settings_bool(s, "log-json")};

    app->log = log_create(&options);
    if (!app->log) {
        fail(EXIT_USAGE, "--log-file %s: %s", path, strerror(errno));
        return false;
    }
    if (settings_bool(s, "debug"))
        log_enable(app->log, LOG_ALL);
    return true;
}

static int start_machine(struct app *app)
{
    const struct settings *s = app->settings;
    const char *cpus = settings_string(s, "cpu-affinity"),
               *verifier = settings_string(s, "verifier");
    struct topology_source source = {.cpus = *cpus ? cpus : NULL};
    struct pool_options pool = {.workers = (size_t)settings_int(s, "threads")};
    struct validator_options validator = {
        .kernels = &app->kernels,
        .verifier = strcmp(verifier, "auto") ? verifier : NULL,
        .signature_cache_bytes = (size_t)settings_int(s, "signature-cache"),
    };
    char error[256];

    _Static_assert(sizeof(error) >= POOL_ERROR_SIZE && sizeof(error) >= TOPOLOGY_ERROR_SIZE &&
                       sizeof(error) >= KERNELS_ERROR_SIZE && sizeof(error) >= VALIDATOR_ERROR_SIZE,
                   "one buffer for all");
    if (!topology_load(&app->topology, &source, error))
        return fail(*cpus ? EXIT_USAGE : EXIT_MACHINE, "%s", error);
    if (!kernels_choose(&app->kernels, cpu_features(), NULL, clock_monotonic_ns, error))
        return fail(EXIT_MACHINE, "%s", error);
    app->pool = pool_create(&app->topology, &pool, error);
    if (!app->pool)
        return fail(EXIT_MACHINE, "%s", error);
    validator.pool = app->pool;
    app->validator = validator_create(&validator, error);
    if (!app->validator)
        return fail(validator.verifier ? EXIT_USAGE : EXIT_MACHINE, "%s", error);
    return EXIT_DONE;
}

static void stop_machine(struct app *app)
{
    if (app->validator)
        validator_destroy(app->validator);
    if (app->pool)
        pool_destroy(app->pool, POOL_DRAIN);
}

static bool add_listener(struct app *app, struct listener *listener, const char *option,
                         const char *error)
{
    if (!listener) {
        fail(EXIT_ADDRESS, "--%s: %s", option, error);
        return false;
    }
    app->listeners[app->listener_count++] = listener;
    return true;
}

static bool open_listeners(struct app *app)
{
    const struct settings *s = app->settings;
    const char *path = settings_string(s, "socket");
    char error[LISTENER_ERROR_SIZE];
    unsigned mode = 0;
    bool good = read_mode(&mode, settings_string(s, "socket-mode"));

    if (good && *path)
        good = add_listener(app, listener_unix(path, mode, error), "socket", error);
    for (size_t i = 0; good && i < settings_list_size(s, "listen"); i++)
        good = add_listener(app, listener_tcp(settings_list(s, "listen", i), 0, true, error),
                            "listen", error);
    return good;
}

/* The listeners are the service's from here on. */
static struct service *start_service(struct app *app)
{
    const struct settings *s = app->settings;
    struct service_options options = {
        .listeners = app->listeners,
        .listener_count = app->listener_count,
        .log = app->log,
        .program = "exs-verify " EXS_VERSION,
        .workers = (uint32_t)pool_workers(app->pool),
        .dispatchers = (size_t)settings_int(s, "dispatchers"),
        .max_clients = (size_t)settings_int(s, "max-clients"),
        .max_requests = (uint32_t)settings_int(s, "max-requests"),
        .max_payload = (uint32_t)settings_int(s, "max-frame") - WIRE_HEADER_SIZE,
        .max_bytes = (uint64_t)settings_int(s, "max-bytes"),
        .frame_timeout_s = (unsigned)settings_int(s, "frame-timeout"),
        .drain_timeout_s = (unsigned)settings_int(s, "drain-timeout"),
        .answer_fn = answer_question,
        .arg = &app->source,
    };
    char error[SERVICE_ERROR_SIZE];
    struct service *service;

    for (size_t i = 0; i < app->listener_count; i++)
        log_info(app->log, LOG_NET, "listening on %s", listener_name(app->listeners[i]));
    app->source = (struct answer_source){app->validator, &app->kernels};
    service = service_create(&options, error);
    app->listener_count = 0;
    if (!service)
        fail(EXIT_MACHINE, "%s", error);
    return service;
}

/* The second time whoever sends it does not want to wait: a request under way may take minutes. */
static void on_stop(void *arg)
{
    struct app *app = arg;

    if (!atomic_exchange(&app->stopping, true)) {
        sem_post(&app->stop);
        return;
    }
    log_warning(app->log, LOG_GENERAL, "stopped at once: requests under way are lost");
    _exit(EXIT_AT_ONCE);
}

/* True: it is no end. */
static bool on_hangup(void *arg)
{
    struct app *app = arg;

    if (!*settings_string(app->settings, "log-file"))
        return false;
    if (!log_reopen(app->log))
        log_error(app->log, LOG_GENERAL, "--log-file: %s", strerror(errno));
    return true;
}

/* Each client takes a descriptor, and the usual soft limit is there for what calls select(2). */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int serve(struct app *app)
{
    struct exs_verify_statistics n;
    struct service *service;
    int code;

    raise_descriptor_limit();
    code = start_machine(app);

    if (code != EXIT_DONE)
        return code;
    if (!open_listeners(app))
        return EXIT_ADDRESS;
    service = start_service(app);
    if (!service)
        return EXIT_MACHINE;
    log_info(app->log, LOG_GENERAL, "exs-verify %s serves with %zu threads (%s)", EXS_VERSION,
             pool_workers(app->pool), validator_verifier_name(app->validator));
    while (sem_wait(&app->stop) != 0 && errno == EINTR)
        ;
    log_info(app->log, LOG_GENERAL, "stopping: requests under way are answered first");
    n = service_destroy(service);
    log_info(app->log, LOG_GENERAL,
             "stopped: answered %" PRIu64 " requests (%" PRIu64 " valid, %" PRIu64
             " invalid) of %" PRIu64 " clients",
             n.valid + n.invalid + n.unanswered, n.valid, n.invalid, n.clients_total);
    return EXIT_DONE;
}

static int run(struct app *app)
{
    const struct signals_handler handler = {.arg = app, .stop = on_stop, .hangup = on_hangup};
    const struct settings *s = app->settings;
    int code = EXIT_USAGE;

    if (settings_bool(s, "help"))
        return print_help(app);
    if (settings_bool(s, "version"))
        return print_version();
    if (!strcmp(settings_string(s, "verifier"), "help"))
        return list_verifiers();
    if (!check_options(s))
        return EXIT_USAGE;
    if (!signals_block() || sem_init(&app->stop, 0, 0) != 0)
        return fail(EXIT_MACHINE, "signals can't be blocked: %s", strerror(errno));
    if (open_log(app)) {
        code = signals_start(&app->signals, &handler) ? serve(app)
                                                      : fail(EXIT_MACHINE, "cannot start a thread");
        for (size_t i = 0; i < app->listener_count; i++)
            listener_close(app->listeners[i]);
        stop_machine(app);
        signals_stop(&app->signals);
    }
    log_destroy(app->log);
    sem_destroy(&app->stop);
    return code;
}

int main(int argc, char **argv)
{
    static struct app app;
    int code = EXIT_USAGE;

    app.settings = settings_create(verify_table, verify_table_size);
    if (!app.settings)
        return fail(EXIT_MACHINE, "out of memory");
    if (read_settings(app.settings, argc, argv)) {
        for (size_t i = 0; settings_warning(app.settings, i); i++)
            fprintf(stderr, "exs-verify: warning: %s\n", settings_warning(app.settings, i));
        code = run(&app);
    }
    settings_destroy(app.settings);
    if (fflush(stdout) || ferror(stdout))
        code = code ? code : fail(EXIT_MACHINE, "cannot write the output");
    return code;
}
