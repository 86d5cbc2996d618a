/*
 * exs-miner: arguments and wiring; the work is done in mining/ and engine/.
 *
 *     settings -> sources -> log -> machine -> session: solo or pools
 */
#include "engine/topology.h"
#include "programs/background.h"
#include "programs/miner_options.h"
#include "programs/selftest.h"
#include "programs/session.h"
#include "programs/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    BENCHMARK_S = 10,
    SELFTEST_RATE_S = 2,
    MAINNET_PORT = 8332,
    SMALL_UNIT = 1 << 18, /* nonces, so that all threads share a small window */
};

static const char usage[] =
    "usage: exs-miner -o http://NODE --coinbase-addr ADDRESS [OPTION...]\n"
    "       exs-miner -o stratum+tcp://POOL -u WORKER [-p PASSWORD] [OPTION...]\n"
    "       exs-miner -c FILE [OPTION...]\n"
    "       exs-miner --selftest | --benchmark | --kernel help\n"
    "\n"
    "Mines bitcoin: blocks on the templates of one or several full nodes (getblocktemplate), or\n"
    "shares at one or several pools (Stratum).\n"
    "\n";

static const char exit_codes[] =
    "\n"
    "Exit codes: 0 done (or stopped by a signal), 1 wrong options, 2 no node or pool can be used,\n"
    "3 this machine fails (kernels, memory, threads, self-test), 4 the time limit came before\n"
    "the blocks or shares that were asked for.\n";

struct app {
    struct settings *settings;
    struct session session;
    struct signals signals;
    struct background background;
    int pid_fd;
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

static void on_stop(void *arg) { session_stop(&((struct app *)arg)->session); }

static bool on_hangup(void *arg) { return session_hangup(&((struct app *)arg)->session); }

static void on_suspend(void *arg) { session_suspend(&((struct app *)arg)->session); }

static void on_resume(void *arg) { session_resume(&((struct app *)arg)->session); }

/* After the log was opened: SIGHUP and Ctrl-Z concern it. */
static bool start_signals(struct app *app)
{
    struct signals_handler handler = {app, on_stop, on_hangup, on_suspend, on_resume};

    if (signals_start(&app->signals, &handler))
        return true;
    fail(EXIT_MACHINE, "cannot start a thread");
    return false;
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

static int start_machine(struct app *app, uint64_t unit_nonces)
{
    char error[MACHINE_ERROR_SIZE];

    switch (
        machine_start(&app->session.machine, app->settings, unit_nonces, app->session.log, error)) {
    case MACHINE_STARTED:
        return EXIT_DONE;
    case MACHINE_WRONG_OPTION:
        return fail(EXIT_USAGE, "%s", error);
    case MACHINE_FAILED:
        return fail(EXIT_MACHINE, "%s", error);
    }
    return EXIT_MACHINE;
}

/* What --selftest and --benchmark work with. */
static struct selftest selftest_of(struct app *app)
{
    return (struct selftest){app->session.machine.miner, &app->session.machine.kernels,
                             session_version_mask(app->settings), &app->session.stop, stdout};
}

static int run_benchmark(struct app *app)
{
    int64_t seconds = settings_int(app->settings, "time-limit");
    struct selftest t = selftest_of(app);

    return selftest_rate(&t, seconds ? (double)seconds : BENCHMARK_S) > 0 ? EXIT_DONE
                                                                          : EXIT_MACHINE;
}

static int run_selftest(struct app *app)
{
    const struct machine *machine = &app->session.machine;
    struct selftest t = selftest_of(app);
    char brand[49], features[128];
    double rate;

    cpu_brand(brand);
    cpu_features_text(features, sizeof(features), cpu_features());
    printf("exs-miner %s on %s (%s)\n\n", EXS_VERSION, brand, features);
    topology_print(stdout, &machine->topology);
    printf("\nsearch kernel: %s; with rolled versions: %s; SHA-256: %s\n\n",
           machine->kernels.search->name, machine->kernels.search_rolled->name,
           machine->kernels.sha256_compress->name);
    for (size_t i = 0; i < machine->device_count; i++)
        printf("OpenCL device: %s\n\n", opencl_info(machine->device[i])->name);
    rate = selftest_rate(&t, SELFTEST_RATE_S);
    puts("\nFinding the nonces of blocks of Bitcoin's main chain again:");
    if (!selftest_known_headers(&t, rate)) {
        if (atomic_load(&app->session.stop))
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

/* The network that --network names, NULL for none; false where it can't be mined on. */
static bool find_network(const struct params **network, const struct settings *s)
{
    const char *name = settings_string(s, "network");

    *network = *name ? params_find(name) : NULL;
    if (*name && !*network)
        fail(EXIT_USAGE, "--network %s is none of main, test, testnet4, regtest, excalibur", name);
    else if (*network && (*network)->signet_challenge.size)
        fail(EXIT_USAGE, "signet blocks can be made by that network's signers alone");
    else
        return true;
    return false;
}

/* What can be said of the options before anything is started. */
static bool check_options(const struct settings *s, const struct miner_sources *sources)
{
    enum stratum_strategy strategy;
    char error[SESSION_ERROR_SIZE];

    if (strcasecmp(settings_string(s, "algo"), "sha256d") != 0)
        fail(EXIT_USAGE, "--algo %.40s: sha256d, Bitcoin's, is the only one that is mined here",
             settings_string(s, "algo"));
    else if (sources->count == 0)
        fail(EXIT_USAGE,
             "no node and no pool: give a node's RPC with -o http://127.0.0.1:%d/, a pool with -o "
             "stratum+tcp://..., or try --selftest (--help explains)",
             MAINNET_PORT);
    else if (!sources->pools && !*settings_string(s, "coinbase-addr"))
        fail(EXIT_USAGE, "no payout: give an address of yours with --coinbase-addr");
    else if (!miner_sources_strategy(&strategy, NULL, s))
        fail(EXIT_USAGE, "--pool-strategy %.40s is none of failover, load-balance, round-robin",
             settings_string(s, "pool-strategy"));
    else if (!session_check(s, error))
        fail(EXIT_USAGE, "%s", error);
    else
        return true;
    return false;
}

static void on_started(void *arg) { background_started(&((struct app *)arg)->background); }

/* Until here nothing has been started; when it returns, nothing is any more. */
static int mine_here(struct app *app, const struct params *network,
                     const struct miner_sources *sources)
{
    int code = EXIT_MACHINE;

    if (session_open_log(&app->session) && start_signals(app))
        code = start_machine(app, 0);
    if (code == EXIT_DONE)
        code = session_mine(&app->session, network, sources, on_started, app);
    machine_stop(&app->session.machine);
    return code;
}

static int mine(struct app *app)
{
    const struct settings *s = app->settings;
    const char *pid_file = settings_string(s, "pid-file");
    const struct params *network;
    struct miner_sources sources;
    char error[MINER_SOURCES_ERROR_SIZE];
    int code = EXIT_USAGE;

    if (!find_network(&network, s))
        return EXIT_USAGE;
    if (!miner_sources_read(&sources, s, network ? network->rpc_port : (uint16_t)MAINNET_PORT,
                            error))
        fail(EXIT_USAGE, "%s", error);
    else if (check_options(s, &sources) &&
             (!settings_bool(s, "background") || background_fork(&app->background, &code))) {
        code = EXIT_USAGE;
        if (!*pid_file || background_note(&app->pid_fd, pid_file))
            code = mine_here(app, network, &sources);
        background_forget(app->pid_fd, pid_file);
    }
    miner_sources_free(&sources);
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
    if (!strcmp(settings_string(s, "device"), "help"))
        return machine_list_devices(stdout) ? EXIT_DONE : EXIT_MACHINE;
    if (settings_positional(s, 0))
        return fail(EXIT_USAGE, "what is \"%s\"? Options begin with a dash (--help lists them)",
                    settings_positional(s, 0));
    if (!signals_block())
        return fail(EXIT_MACHINE, "signals can't be blocked: %s", strerror(errno));
    if (!selftest && !benchmark)
        code = mine(app);
    else if (!start_signals(app))
        code = EXIT_MACHINE;
    else if ((code = start_machine(app, SMALL_UNIT)) == EXIT_DONE)
        code = selftest ? run_selftest(app) : run_benchmark(app);
    machine_stop(&app->session.machine);
    signals_stop(&app->signals);
    session_close_log(&app->session);
    return code;
}

int main(int argc, char **argv)
{
    static struct app app = {.session = {.version = EXS_VERSION, .lock = PTHREAD_MUTEX_INITIALIZER},
                             .background = {.told = -1},
                             .pid_fd = -1};
    char error[MINER_OPTIONS_ERROR_SIZE];
    int code;

    app.settings = miner_options_create();
    app.session.settings = app.settings;
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
