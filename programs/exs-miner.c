/*
 * exs-miner: the solo miner. Arguments and wiring; the work is done in mining/
 * and engine/.
 *
 *     settings -> topology -> pool -> kernels -> miner -> solo
 */
#include "base/log.h"
#include "base/settings.h"
#include "engine/meter.h"
#include "mining/job.h"
#include "mining/solo.h"
#include "programs/console.h"
#include "programs/miner_options.h"
#include "programs/selftest.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* As --help explains them. */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_NO_NODE = 2,
    EXIT_MACHINE = 3,
    EXIT_TOO_LATE = 4,
};

enum {
    RATE_TAU_S = 10,
    REPORT_S = 60, /* between two hash rates in the log, where there is no live line */
    BENCHMARK_S = 10,
    SELFTEST_RATE_S = 2,
    MAINNET_PORT = 8332,
    LANES_SHOWN = 16,     /* threads whose rates the live line shows, if there are no more */
    SMALL_UNIT = 1 << 18, /* nonces, so that all threads share a small window */
};

static const char usage[] =
    "usage: exs-miner -o URL --coinbase-addr ADDRESS [OPTION...]\n"
    "       exs-miner -c FILE [OPTION...]\n"
    "       exs-miner --selftest | --benchmark | --kernel help\n"
    "\n"
    "Mines Bitcoin blocks on the templates of one or several full nodes (getblocktemplate).\n"
    "\n";

static const char exit_codes[] =
    "\n"
    "Exit codes: 0 done (or stopped by a signal), 1 wrong options, 2 no node can be used,\n"
    "3 this machine fails (kernels, memory, threads, self-test), 4 the time limit came before\n"
    "the blocks that were asked for.\n";

struct app {
    struct settings *settings;
    struct topology topology;
    struct kernels kernels;
    struct pool *pool;
    struct miner *miner;
    struct console *console;
    struct clock clock;
    struct log *log;
    struct meter meter, lane_meter[LANES_SHOWN];
    uint64_t start_ns, reported_ns;
    bool quiet;
    pthread_t signals;
    bool signals_run;
    atomic_bool signals_end; /* the next SIGUSR1 is ours and ends that thread */
    atomic_bool stop;
    pthread_mutex_t lock; /* guards solo */
    struct solo *solo;    /* what a signal stops besides, or NULL */
};

static int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int fail(int code, const char *format, ...)
{
    va_list args;

    fputs("exs-miner: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\n", stderr);
    return code;
}

static sigset_t our_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    return set;
}

/* Blocks signals before the first thread is made, so that one thread alone gets them and nothing is interrupted. */
static bool block_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t set = our_signals();

    return sigaction(SIGPIPE, &ignore, NULL) == 0 && pthread_sigmask(SIG_BLOCK, &set, NULL) == 0;
}

/* As nohup and a shell's background arrange it: a blocked signal comes even then. */
static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void *signals_main(void *arg)
{
    struct app *app = arg;
    sigset_t set = our_signals();
    int number;

    while (sigwait(&set, &number) == 0 && !atomic_load(&app->signals_end)) {
        bool reopens = number == SIGHUP && *settings_string(app->settings, "log-file") && app->log;

        if (reopens && !log_reopen(app->log))
            log_warning(app->log, LOG_GENERAL, "the log file can't be opened anew: %s",
                        strerror(errno));
        /* Without a log file, SIGHUP says that the terminal is gone. */
        if (reopens || number == SIGUSR1 || is_ignored(number))
            continue;
        atomic_store(&app->stop, true);
        pthread_mutex_lock(&app->lock);
        if (app->solo)
            solo_stop(app->solo);
        pthread_mutex_unlock(&app->lock);
    }
    return NULL;
}

/* After open_log: SIGHUP concerns the log. */
static bool start_signals(struct app *app)
{
    app->signals_run = pthread_create(&app->signals, NULL, signals_main, app) == 0;
    if (!app->signals_run)
        fail(EXIT_MACHINE, "cannot start a thread");
    return app->signals_run;
}

static void stop_signals(struct app *app)
{
    if (!app->signals_run)
        return;
    atomic_store(&app->signals_end, true);
    pthread_kill(app->signals, SIGUSR1);
    pthread_join(app->signals, NULL);
}

static int list_kernels(void)
{
    unsigned cpu = cpu_features();
    char needs[64];

    puts("Kernels of the nonce search:");
    for (const struct search_impl *impl = search_impls; impl->name; impl++) {
        cpu_features_text(needs, sizeof(needs), impl->needs);
        if ((impl->needs & cpu) == impl->needs)
            printf("  %-16s runs here\n", impl->name);
        else
            printf("  %-16s not on this processor (needs %s)\n", impl->name, needs);
    }
    return EXIT_DONE;
}

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
    printf("exs-miner %s\n", EXS_VERSION);
    return list_kernels();
}

static bool open_log(struct app *app)
{
    const struct settings *s = app->settings;
    const char *path = settings_string(s, "log-file");
    struct log_options options = {.clock = &app->clock, .path = *path ? path : NULL};
    bool live = !settings_bool(s, "quiet");

    app->console = console_create(STDERR_FILENO, live, settings_bool(s, "color"));
    if (!app->console) {
        fail(EXIT_MACHINE, "the output can't be opened: %s", strerror(errno));
        return false;
    }
    options.fd = console_log_fd(app->console);
    app->log = log_create(&options);
    if (!app->log)
        fprintf(stderr, "exs-miner: the log file %s can't be opened: %s\n", path, strerror(errno));
    else if (settings_bool(s, "debug"))
        log_enable(app->log, LOG_MINING | LOG_ENGINE);
    return app->log != NULL;
}

static void close_log(struct app *app)
{
    log_destroy(app->log);
    console_destroy(app->console);
    app->log = NULL;
    app->console = NULL;
}

/* Everything that searches. */
static int start_machine(struct app *app, uint64_t unit_nonces)
{
    const struct settings *s = app->settings;
    const char *cpus = settings_string(s, "cpu-affinity");
    struct topology_source source = {.cpus = *cpus ? cpus : NULL};
    struct kernel_names names = {.search = settings_string(s, "kernel")};
    struct pool_options options = {.workers = (size_t)settings_int(s, "threads")};
    struct miner_options miner = {.kernels = &app->kernels, .unit_nonces = unit_nonces};
    char error[256];

    _Static_assert(sizeof(error) >= KERNELS_ERROR_SIZE && sizeof(error) >= POOL_ERROR_SIZE &&
                       sizeof(error) >= MINER_ERROR_SIZE && sizeof(error) >= TOPOLOGY_ERROR_SIZE,
                   "one buffer for all");
    if (!topology_load(&app->topology, &source, error))
        return fail(*cpus ? EXIT_USAGE : EXIT_MACHINE, "%s", error);
    if (!kernels_choose(&app->kernels, cpu_features(), &names, clock_monotonic_ns, error))
        return fail(strcmp(names.search, "auto") ? EXIT_USAGE : EXIT_MACHINE,
                    "%s (--kernel help lists the kernels)", error);
    app->pool = pool_create(&app->topology, &options, error);
    if (app->pool)
        app->miner = miner_create(app->pool, &miner, error);
    if (!app->miner)
        return fail(EXIT_MACHINE, "%s", error);
    return EXIT_DONE;
}

static void stop_machine(struct app *app)
{
    if (app->miner)
        miner_destroy(app->miner);
    if (app->pool)
        pool_destroy(app->pool, POOL_CANCEL);
}

/* The bits that may be rolled. */
static uint32_t version_mask(const struct settings *s)
{
    return settings_bool(s, "version-rolling")
               ? (uint32_t)settings_int(s, "version-mask") & TEMPLATE_VERSION_MASK
               : 0;
}

static int run_benchmark(struct app *app)
{
    int64_t seconds = settings_int(app->settings, "time-limit");
    struct selftest t = {app->miner, &app->kernels, version_mask(app->settings), &app->stop,
                         stdout};

    return selftest_rate(&t, seconds ? (double)seconds : BENCHMARK_S) > 0 ? EXIT_DONE
                                                                          : EXIT_MACHINE;
}

static int run_selftest(struct app *app)
{
    struct selftest t = {app->miner, &app->kernels, version_mask(app->settings), &app->stop,
                         stdout};
    char brand[49], features[128];
    double rate;

    cpu_brand(brand);
    cpu_features_text(features, sizeof(features), cpu_features());
    printf("exs-miner %s on %s (%s)\n\n", EXS_VERSION, brand, features);
    topology_print(stdout, &app->topology);
    printf("\nsearch kernel: %s; with rolled versions: %s; SHA-256: %s\n\n",
           app->kernels.search->name, app->kernels.search_rolled->name,
           app->kernels.sha256_compress->name);
    rate = selftest_rate(&t, SELFTEST_RATE_S);
    puts("\nFinding the nonces of blocks of Bitcoin's main chain again:");
    if (!selftest_known_headers(&t, rate)) {
        if (atomic_load(&app->stop))
            return EXIT_DONE;
        return fail(EXIT_MACHINE, "the search misses a real block: do not mine on this machine, "
                                  "and please report it with the output above");
    }
    puts("\nAll were found. To mine for yourself on your own node (Bitcoin Core or a compatible "
         "one):\n"
         "  exs-miner -o http://127.0.0.1:8332/ --cookie ~/.bitcoin/.cookie --coinbase-addr "
         "ADDRESS\n"
         "To try it without a cost, start bitcoind -regtest, and use port 18443 and the cookie\n"
         "~/.bitcoin/regtest/.cookie. exs-miner --help lists the options.");
    return EXIT_DONE;
}

/* Each thread's rate in MH/s, where there are not too many for a line. */
static void format_lanes(char *out, size_t size, struct app *app, uint64_t now)
{
    size_t at = 0, lanes = miner_lanes(app->miner);

    *out = '\0';
    for (size_t i = 0; i < lanes && at < size && lanes <= LANES_SHOWN; i++) {
        uint64_t hashes = miner_lane_stats(app->miner, i).hashes;
        double rate = meter_read(&app->lane_meter[i], now, hashes).recent;

        at += (size_t)snprintf(out + at, size - at, "%s%.4g", i ? " " : " (", rate / 1e6);
    }
    if (at && at + 1 < size)
        snprintf(out + at, size - at, ")");
}

static void start_meters(struct app *app)
{
    uint64_t now = clock_monotonic_ns();
    size_t lanes = miner_lanes(app->miner);

    app->start_ns = app->reported_ns = now;
    meter_init(&app->meter, now, miner_hashes(app->miner), RATE_TAU_S);
    for (size_t i = 0; i < lanes && i < LANES_SHOWN; i++)
        meter_init(&app->lane_meter[i], now, miner_lane_stats(app->miner, i).hashes, RATE_TAU_S);
}

/* Once a second, and when something changes: the live line, or a line in the log now and then. */
static void show_status(void *arg, const struct solo_status *status)
{
    struct app *app = arg;
    uint64_t now = clock_monotonic_ns(), up = (now - app->start_ns) / 1000000000;
    struct meter_rate rate = meter_read(&app->meter, now, miner_hashes(app->miner));
    char total[32], lanes[160], line[512];

    if (app->quiet)
        return;
    selftest_format_rate(total, sizeof(total), rate.recent);
    if (console_is_live(app->console)) {
        format_lanes(lanes, sizeof(lanes), app, now);
        snprintf(line, sizeof(line),
                 "%s%s | height %" PRId32 " difficulty %.4g | accepted %" PRIu64
                 " rejected %" PRIu64 " stale %" PRIu64 " | %" PRIu64 ":%02" PRIu64 ":%02" PRIu64,
                 total, lanes, status->height, status->difficulty, status->accepted,
                 status->rejected, status->stale, up / 3600, up / 60 % 60, up % 60);
        console_set_line(app->console, line);
    } else if (now - app->reported_ns >= REPORT_S * UINT64_C(1000000000)) {
        app->reported_ns = now;
        log_info(app->log, LOG_GENERAL,
                 "%s, height %" PRId32 ", accepted %" PRIu64 ", rejected %" PRIu64
                 ", stale %" PRIu64,
                 total, status->height, status->accepted, status->rejected, status->stale);
    }
}

/* Ends with what happened. */
static int conclude(const struct app *app, enum solo_end end, const struct solo *solo)
{
    struct solo_status status = solo_status(solo);

    log_info(app->log, LOG_GENERAL,
             "accepted %" PRIu64 ", rejected %" PRIu64 ", stale %" PRIu64 " blocks",
             status.accepted, status.rejected, status.stale);
    switch (end) {
    case SOLO_STOPPED:
    case SOLO_DONE:
        return EXIT_DONE;
    case SOLO_TIME:
        return settings_int(app->settings, "blocks") ? EXIT_TOO_LATE : EXIT_DONE;
    case SOLO_NO_NODE:
        log_error(app->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_NO_NODE;
    case SOLO_BAD_PAYOUT:
        log_error(app->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_USAGE;
    case SOLO_FAILED:
        log_error(app->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_MACHINE;
    }
    return EXIT_MACHINE;
}

static void set_solo(struct app *app, struct solo *solo)
{
    pthread_mutex_lock(&app->lock);
    app->solo = solo;
    if (solo && atomic_load(&app->stop))
        solo_stop(solo);
    pthread_mutex_unlock(&app->lock);
}

static int run_solo(struct app *app, const struct params *network, const struct miner_nodes *nodes)
{
    const struct settings *s = app->settings;
    const char *tag = miner_options_tag(s);
    struct solo_options options = {
        .nodes = nodes->node,
        .node_count = nodes->count,
        .network = network,
        .address = settings_string(s, "coinbase-addr"),
        .tag = bytes_of(tag, strlen(tag)),
        .version_mask = version_mask(s),
        .blocks = (uint64_t)settings_int(s, "blocks"),
        .time_limit_s = (unsigned)settings_int(s, "time-limit"),
        .retries = (int)settings_int(s, "retries"),
        .kernels = &app->kernels,
        .miner = app->miner,
        .log = app->log,
        .status_fn = show_status,
        .status_arg = app,
    };
    char error[SOLO_ERROR_SIZE];
    struct solo *solo;
    int code;

    if (options.tag.size > JOB_TAG_MAX) {
        log_error(app->log, LOG_GENERAL, "--coinbase-tag is longer than %d bytes", JOB_TAG_MAX);
        return EXIT_USAGE;
    }
    log_info(app->log, LOG_GENERAL, "exs-miner %s: %zu threads, search kernel %s", EXS_VERSION,
             miner_lanes(app->miner),
             (options.version_mask ? app->kernels.search_rolled : app->kernels.search)->name);
    start_meters(app);
    solo = solo_create(&options, error);
    if (!solo) {
        log_error(app->log, LOG_GENERAL, "%s", error);
        return EXIT_USAGE;
    }
    set_solo(app, solo);
    code = conclude(app, solo_run(solo), solo);
    set_solo(app, NULL);
    solo_destroy(solo);
    return code;
}

static int mine(struct app *app)
{
    const struct settings *s = app->settings;
    const char *name = settings_string(s, "network");
    const struct params *network = *name ? params_find(name) : NULL;
    struct miner_nodes nodes;
    char error[MINER_OPTIONS_ERROR_SIZE];
    int code;

    if (*name && !network)
        return fail(EXIT_USAGE, "--network %s is none of main, test, testnet4, regtest", name);
    if (network && network->signet_challenge.size)
        return fail(EXIT_USAGE, "signet blocks can be made by that network's signers alone");
    if (settings_list_size(s, "url") == 0)
        return fail(EXIT_USAGE,
                    "no node: give its RPC with -o http://127.0.0.1:%d/, or try "
                    "--selftest (--help explains)",
                    MAINNET_PORT);
    if (!*settings_string(s, "coinbase-addr"))
        return fail(EXIT_USAGE, "no payout: give an address of yours with --coinbase-addr");
    if (!miner_options_nodes(&nodes, s, network ? network->rpc_port : (uint16_t)MAINNET_PORT,
                             error))
        code = fail(EXIT_USAGE, "%s", error);
    else if (!open_log(app) || !start_signals(app))
        code = EXIT_MACHINE;
    else if ((code = start_machine(app, 0)) == EXIT_DONE)
        code = run_solo(app, network, &nodes);
    miner_options_free_nodes(&nodes);
    return code;
}

static int run(struct app *app)
{
    const struct settings *s = app->settings;
    bool selftest = settings_bool(s, "selftest"), benchmark = settings_bool(s, "benchmark");
    int code;

    if (settings_bool(s, "help"))
        return print_help(app);
    if (settings_bool(s, "version"))
        return print_version();
    if (!strcmp(settings_string(s, "kernel"), "help"))
        return list_kernels();
    if (settings_positional(s, 0))
        return fail(EXIT_USAGE, "what is \"%s\"? Options begin with a dash (--help lists them)",
                    settings_positional(s, 0));
    if (!block_signals())
        return fail(EXIT_MACHINE, "signals can't be blocked: %s", strerror(errno));
    app->quiet = settings_bool(s, "quiet");
    if (!selftest && !benchmark)
        code = mine(app);
    else if (!start_signals(app))
        code = EXIT_MACHINE;
    else if ((code = start_machine(app, SMALL_UNIT)) == EXIT_DONE)
        code = selftest ? run_selftest(app) : run_benchmark(app);
    stop_machine(app);
    stop_signals(app);
    close_log(app);
    return code;
}

int main(int argc, char **argv)
{
    static struct app app = {.lock = PTHREAD_MUTEX_INITIALIZER};
    char error[MINER_OPTIONS_ERROR_SIZE];
    int code;

    app.settings = miner_options_create();
    if (!app.settings)
        return fail(EXIT_MACHINE, "out of memory");
    if (miner_options_read(app.settings, argc, argv, error)) {
        for (size_t i = 0; settings_warning(app.settings, i); i++)
            fprintf(stderr, "exs-miner: warning: %s\n", settings_warning(app.settings, i));
        code = run(&app);
    } else {
        code = fail(EXIT_USAGE, "%s", error);
    }
    settings_destroy(app.settings);
    /* A full disk must not pass for a self-test that was read. */
    if (fflush(stdout) || ferror(stdout))
        code = code ? code : fail(EXIT_MACHINE, "cannot write the output");
    return code;
}
