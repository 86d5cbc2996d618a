#include "programs/session.h"

#include "programs/session_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    REPORT_S = 60, /* between two hash rates in the log, where nothing is shown */
};

/* What --display and where the log goes make of it; false where --display is none that is known. */
static bool kind_of(enum console_kind *kind, const struct settings *s)
{
    static const struct {
        const char *name;
        enum console_kind kind;
    } known[] = {{"none", CONSOLE_PLAIN}, {"line", CONSOLE_LINE}, {"full", CONSOLE_SCREEN}};
    const char *display = settings_string(s, "display");
    bool away = settings_bool(s, "background"), file = *settings_string(s, "log-file");

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(display, known[i].name)) {
            *kind = settings_bool(s, "quiet") ? CONSOLE_PLAIN : known[i].kind;
            if (away)
                *kind = CONSOLE_PLAIN;
            if (settings_bool(s, "syslog") || (away && !file))
                *kind = CONSOLE_SYSLOG;
            return true;
        }
    return false;
}

bool session_check(const struct settings *s, char error[static SESSION_ERROR_SIZE])
{
    struct governor_budget budget;
    struct api_access access;
    enum console_kind kind;
    char why[API_ERROR_SIZE];

    _Static_assert(sizeof(why) >= GOVERNOR_ERROR_SIZE, "one buffer for both");
    if (!kind_of(&kind, s))
        snprintf(error, SESSION_ERROR_SIZE, "--display %.40s is none of line, full, none",
                 settings_string(s, "display"));
    else if (!governor_budget_parse(&budget, settings_string(s, "cpu-budget"), why))
        snprintf(error, SESSION_ERROR_SIZE, "--cpu-budget: %s", why);
    else if (!api_access_parse(&access, settings_string(s, "api-allow"), why))
        snprintf(error, SESSION_ERROR_SIZE, "--api-allow: %s", why);
    else
        return true;
    return false;
}

/* Changes to the enabled source after the one that is searched now; whether it gives work shows then. */
static void next_source(struct session *session)
{
    struct mining_status *status = calloc(1, sizeof(*status));
    char text[MINING_CONTROL_TEXT_SIZE] = "";
    size_t active = 0, next;

    if (!status)
        return;
    session->control.status(session->control.arg, status);
    for (size_t i = status->source_count; i-- > 0;)
        if (status->source[i].active)
            active = i;
    for (size_t i = 1; i < status->source_count; i++) {
        next = (active + i) % status->source_count;
        if (!status->source[next].enabled)
            continue;
        if (!session->control.switch_source)
            log_warning(session->log, LOG_GENERAL,
                        "nodes are chosen by their chains, not by a key");
        else if (!session->control.switch_source(session->control.arg, next, text))
            log_warning(session->log, LOG_GENERAL, "%s", text);
        break;
    }
    free(status);
}

static void draw_now(struct session *session);

static void on_key(void *arg, char key)
{
    struct session *session = arg;

    switch (display_key(&session->display, key)) {
    case DISPLAY_QUIT:
        session_stop(session);
        break;
    case DISPLAY_NEXT_SOURCE:
        pthread_mutex_lock(&session->lock);
        if (session->mines)
            next_source(session);
        pthread_mutex_unlock(&session->lock);
        break;
    case DISPLAY_REDRAW:
        draw_now(session);
        break;
    case DISPLAY_NONE:
        break;
    }
}

bool session_open_log(struct session *session)
{
    const struct settings *s = session->settings;
    const char *path = settings_string(s, "log-file");
    struct log_options options = {.clock = &session->clock, .path = *path ? path : NULL};
    struct console_options console = {.fd = STDERR_FILENO,
                                      .keys = STDIN_FILENO,
                                      .color = settings_bool(s, "color"),
                                      .arg = session,
                                      .key_fn = on_key};

    if (!kind_of(&console.kind, s))
        return false;
    session->console = console_create(&console);
    if (!session->console) {
        fprintf(stderr, "exs-miner: the output can't be opened: %s\n", strerror(errno));
        return false;
    }
    options.fd = console_log_fd(session->console);
    session->log = log_create(&options);
    if (!session->log) {
        fprintf(stderr, "exs-miner: the log file %s can't be opened: %s\n", path, strerror(errno));
        return false;
    }
    if (settings_bool(s, "debug"))
        log_enable(session->log, LOG_MINING | LOG_ENGINE | LOG_STRATUM | LOG_HTTP | LOG_RPC);
    if (settings_bool(s, "protocol-dump")) {
        log_enable(session->log, LOG_STRATUM | LOG_RPC);
        log_enable_trace(session->log, LOG_STRATUM | LOG_RPC);
    }
    return true;
}

void session_close_log(struct session *session)
{
    log_destroy(session->log);
    console_destroy(session->console);
    session->log = NULL;
    session->console = NULL;
}

uint32_t session_version_mask(const struct settings *s)
{
    return settings_bool(s, "version-rolling")
               ? (uint32_t)settings_int(s, "version-mask") & TEMPLATE_VERSION_MASK
               : 0;
}

void session_stop(struct session *session)
{
    atomic_store(&session->stop, true);
    pthread_mutex_lock(&session->lock);
    if (session->stop_fn)
        session->stop_fn(session->stop_arg);
    pthread_mutex_unlock(&session->lock);
}

bool session_hangup(struct session *session)
{
    if (!*settings_string(session->settings, "log-file") || !session->log)
        return false;
    if (!log_reopen(session->log))
        log_warning(session->log, LOG_GENERAL, "the log file can't be opened anew: %s",
                    strerror(errno));
    return true;
}

void session_suspend(struct session *session)
{
    if (session->console)
        console_suspend(session->console);
}

void session_resume(struct session *session)
{
    if (session->console)
        console_resume(session->console);
}

static void show(struct session *session, const struct monitor_report *report)
{
    char *text = malloc(CONSOLE_TEXT_SIZE);
    int rows, columns;

    if (!text)
        return;
    console_size(session->console, &rows, &columns);
    if (console_kind(session->console) == CONSOLE_SCREEN)
        display_screen(text, CONSOLE_TEXT_SIZE, report, &session->display, session->title, rows,
                       columns);
    else
        display_line(text, CONSOLE_TEXT_SIZE, report);
    console_show(session->console, text);
    free(text);
}

/* After a key, on the console's thread. */
static void draw_now(struct session *session)
{
    struct monitor_report *report = NULL;

    pthread_mutex_lock(&session->lock);
    if (session->mines)
        report = monitor_read(session->monitor);
    pthread_mutex_unlock(&session->lock);
    if (report)
        show(session, report);
    free(report);
}

/* A line in the log now and then, where nobody sees anything else. */
static void log_summary(struct session *session, const struct monitor_report *report)
{
    bool meter = settings_bool(session->settings, "hash-meter");
    uint64_t now = clock_monotonic_ns();
    char *text;

    if (now - session->reported_ns < REPORT_S * UINT64_C(1000000000))
        return;
    session->reported_ns = now;
    text = malloc(CONSOLE_TEXT_SIZE);
    if (!text)
        return;
    if (console_kind(session->console) == CONSOLE_PLAIN ||
        console_kind(session->console) == CONSOLE_SYSLOG || meter) {
        display_summary(text, CONSOLE_TEXT_SIZE, report);
        log_info(session->log, LOG_GENERAL, "%s", text);
    }
    if (meter) {
        display_lanes(text, CONSOLE_TEXT_SIZE, report);
        log_info(session->log, LOG_GENERAL, "%s", text);
    }
    free(text);
}

/* Once a second, on the monitor's thread. */
static void on_tick(void *arg, const struct monitor_report *report)
{
    struct session *session = arg;

    if (settings_bool(session->settings, "quiet"))
        return;
    if (console_kind(session->console) == CONSOLE_LINE ||
        console_kind(session->console) == CONSOLE_SCREEN)
        show(session, report);
    log_summary(session, report);
}

/* With the monitor's lock held, so on one thread at a time. */
static void get_condition(void *arg, size_t lane, struct monitor_condition *out)
{
    machine_condition(&((struct session *)arg)->machine, lane, out);
}

static void get_budget(void *arg, struct monitor_budget *out)
{
    struct session *session = arg;
    struct governor_status status;

    if (!session->governor)
        return;
    governor_status(session->governor, &status);
    out->present = status.mode != GOVERNOR_OFF || status.has_credits;
    snprintf(out->mode, sizeof(out->mode), "%s", settings_string(session->settings, "cpu-budget"));
    out->limit_percent = status.cpus > 0 ? status.budget_cpus / status.cpus * 100 : 0;
    out->used_percent = status.cpus > 0 ? status.used_cpus / status.cpus * 100 : 0;
    out->steal_percent = status.steal * 100;
    out->has_credits = status.has_credits;
    out->credits = status.credits;
    out->credits_max = status.instance.max_credits;
    out->earned_per_hour = status.instance.credits_per_hour;
}

static bool start_monitor(struct session *session)
{
    struct monitor_device *devices =
        machine_devices(&session->machine, session_version_mask(session->settings) != 0);
    struct monitor_options options = {.miner = session->machine.miner,
                                      .clock = &session->clock,
                                      .tally = session->tally,
                                      .control = &session->control,
                                      .devices = devices,
                                      .arg = session,
                                      .condition_fn = get_condition,
                                      .budget_fn = get_budget,
                                      .tick_fn = on_tick};

    session->reported_ns = clock_monotonic_ns();
    if (devices)
        session->monitor = monitor_create(&options);
    free(devices);
    if (!session->monitor)
        log_error(session->log, LOG_GENERAL, "out of memory or threads");
    return session->monitor != NULL;
}

static struct monitor_report *read_report(void *arg)
{
    return monitor_read(((struct session *)arg)->monitor);
}

static void zero_counts(void *arg, bool best_alone)
{
    monitor_zero(((struct session *)arg)->monitor, best_alone);
}

static void quit(void *arg)
{
    struct session *session = arg;

    log_info(session->log, LOG_GENERAL, "the API asks for the end");
    session_stop(session);
}

/* Where the API is to listen; "" for nowhere. */
static const char *api_address(const struct settings *s)
{
    const char *bind = settings_string(s, "api-bind");

    return *bind || !settings_bool(s, "api-listen") ? bind : "127.0.0.1";
}

static bool start_api(struct session *session)
{
    const struct settings *s = session->settings;
    const char *bind = api_address(s);
    struct api_source source = {.control = &session->control,
                                .version = session->version,
                                .description = session->title,
                                .strategy = session->strategy,
                                .arg = session,
                                .report_fn = read_report,
                                .zero_fn = zero_counts,
                                .quit_fn = quit};
    struct api_access access;
    char error[API_ERROR_SIZE];

    /* cpuminer's way to say "off". */
    if (!*bind || !strcmp(bind, "0"))
        return true;
    if (!api_access_parse(&access, settings_string(s, "api-allow"), error)) {
        log_error(session->log, LOG_GENERAL, "--api-allow: %s", error);
        return false;
    }
    session->api = api_create(bind, &access, &source, session->log, error);
    if (session->api)
        log_info(session->log, LOG_GENERAL, "the API listens on %s", api_name(session->api));
    else
        log_error(session->log, LOG_GENERAL, "--api-bind: %s", error);
    return session->api != NULL;
}

static bool start_metrics(struct session *session)
{
    const char *bind = settings_string(session->settings, "metrics-bind");
    struct metrics_source source = {
        .version = session->version, .arg = session, .report_fn = read_report};
    char error[SERVER_ERROR_SIZE];

    if (!*bind)
        return true;
    session->metrics = metrics_create(bind, &source, session->log, error);
    if (session->metrics)
        log_info(session->log, LOG_GENERAL, "metrics for Prometheus are at http://%s/metrics",
                 metrics_name(session->metrics));
    else
        log_error(session->log, LOG_GENERAL, "--metrics-bind: %s", error);
    return session->metrics != NULL;
}

bool session_begin(struct session *session, const struct mining_control *control,
                   void (*stop_fn)(void *arg), void *stop_arg, int *code)
{
    session->control = *control;
    *code = EXIT_MACHINE;
    if (!start_monitor(session))
        return false;
    *code = EXIT_USAGE;
    if (!start_api(session) || !start_metrics(session))
        return false;
    pthread_mutex_lock(&session->lock);
    session->mines = true;
    session->stop_fn = stop_fn;
    session->stop_arg = stop_arg;
    if (atomic_load(&session->stop))
        stop_fn(stop_arg);
    pthread_mutex_unlock(&session->lock);
    return true;
}

void session_end(struct session *session)
{
    pthread_mutex_lock(&session->lock);
    session->mines = false;
    session->stop_fn = NULL;
    pthread_mutex_unlock(&session->lock);
    api_destroy(session->api);
    metrics_destroy(session->metrics);
    monitor_destroy(session->monitor);
    session->api = NULL;
    session->metrics = NULL;
    session->monitor = NULL;
}
