/* The two kinds of mining, each from its options to an exit code. */
#include "programs/session_impl.h"

#include "consensus/params.h"
#include "mining/job.h"
#include "programs/miner_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool start_governor(struct session *session)
{
    const struct settings *s = session->settings;
    struct governor_options options = {.topology = &session->machine.topology,
                                       .clock = &session->clock,
                                       .log = session->log,
                                       .instance = settings_string(s, "instance-type"),
                                       .initial_credits = settings_double(s, "cpu-credits")};
    struct governor_status status;
    char error[GOVERNOR_ERROR_SIZE];

    if (!governor_budget_parse(&options.budget, settings_string(s, "cpu-budget"), error)) {
        log_error(session->log, LOG_GENERAL, "--cpu-budget: %s", error);
        return false;
    }
    session->governor = governor_create(&options, session->machine.miner, error);
    if (!session->governor) {
        log_error(session->log, LOG_GENERAL, "%s", error);
        return false;
    }
    governor_status(session->governor, &status);
    if (status.has_credits && *status.cost)
        log_info(session->log, LOG_GENERAL, "%s", status.cost);
    return true;
}

static void log_counts(const struct session *session, const char *what)
{
    struct mining_status *status = calloc(1, sizeof(*status));

    if (!status)
        return;
    session->control.status(session->control.arg, status);
    log_info(session->log, LOG_GENERAL,
             "accepted %" PRIu64 ", rejected %" PRIu64 ", stale %" PRIu64 " %s",
             status->counts.accepted, status->counts.rejected, status->counts.stale, what);
    free(status);
}

static int conclude_solo(const struct session *session, enum solo_end end, const struct solo *solo)
{
    log_counts(session, "blocks");
    switch (end) {
    case SOLO_STOPPED:
    case SOLO_DONE:
        return EXIT_DONE;
    case SOLO_TIME:
        return settings_int(session->settings, "blocks") ? EXIT_TOO_LATE : EXIT_DONE;
    case SOLO_NO_NODE:
        log_error(session->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_NO_NODE;
    case SOLO_BAD_PAYOUT:
        log_error(session->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_USAGE;
    case SOLO_FAILED:
        log_error(session->log, LOG_GENERAL, "%s", solo_error(solo));
        return EXIT_MACHINE;
    }
    return EXIT_MACHINE;
}

static void stop_solo(void *arg) { solo_stop(arg); }

static int run_solo(struct session *session, const struct params *network,
                    const struct miner_sources *sources, void (*started)(void *arg), void *arg)
{
    const struct settings *s = session->settings;
    const char *tag = miner_options_tag(s);
    struct solo_options options = {
        .nodes = sources->node,
        .node_count = sources->count,
        .network = network,
        .address = settings_string(s, "coinbase-addr"),
        .tag = bytes_of(tag, strlen(tag)),
        .version_mask = session_version_mask(s),
        .blocks = (uint64_t)settings_int(s, "blocks"),
        .time_limit_s = (unsigned)settings_int(s, "time-limit"),
        .retries = (int)settings_int(s, "retries"),
        .kernels = &session->machine.kernels,
        .miner = session->machine.miner,
        .log = session->log,
        .tally = session->tally,
    };
    char error[SOLO_ERROR_SIZE];
    struct mining_control control;
    struct solo *solo;
    int code;

    if (options.tag.size > JOB_TAG_MAX) {
        log_error(session->log, LOG_GENERAL, "--coinbase-tag is longer than %d bytes", JOB_TAG_MAX);
        return EXIT_USAGE;
    }
    solo = solo_create(&options, error);
    if (!solo) {
        log_error(session->log, LOG_GENERAL, "%s", error);
        return EXIT_USAGE;
    }
    control = solo_control(solo);
    if (session_begin(session, &control, stop_solo, solo, &code)) {
        if (started)
            started(arg);
        code = conclude_solo(session, solo_run(solo), solo);
    }
    session_end(session);
    solo_destroy(solo);
    return code;
}

static int conclude_pools(const struct session *session, enum stratum_end end,
                          const struct stratum *stratum)
{
    const struct settings *s = session->settings;

    log_counts(session, "shares");
    switch (end) {
    case STRATUM_STOPPED:
    case STRATUM_DONE:
        return EXIT_DONE;
    case STRATUM_TIME:
        return settings_int(s, "blocks") || settings_int(s, "shares") ? EXIT_TOO_LATE : EXIT_DONE;
    case STRATUM_NO_POOL:
        log_error(session->log, LOG_GENERAL, "%s", stratum_error(stratum));
        return EXIT_NO_NODE;
    case STRATUM_FAILED:
        log_error(session->log, LOG_GENERAL, "%s", stratum_error(stratum));
        return EXIT_MACHINE;
    }
    return EXIT_MACHINE;
}

static void stop_pools(void *arg) { stratum_stop(arg); }

static int run_pools(struct session *session, const struct miner_sources *sources,
                     void (*started)(void *arg), void *arg)
{
    const struct settings *s = session->settings;
    const char *proxy = settings_string(s, "proxy"), *cert = settings_string(s, "cert");
    char agent[64], error[STRATUM_ERROR_SIZE];
    struct stratum_options options = {
        .pools = sources->pool,
        .pool_count = sources->count,
        .rotate_s = (unsigned)settings_int(s, "rotate"),
        .proxy = *proxy ? proxy : NULL,
        .ca_file = *cert ? cert : NULL,
        .any_certificate = !settings_bool(s, "check-cert"),
        .reconnect_elsewhere = settings_bool(s, "follow-reconnect"),
        .agent = agent,
        .version_mask = session_version_mask(s),
        .suggest_difficulty = settings_double(s, "suggest-diff"),
        .connect_s = settings_given(s, "timeout") ? (unsigned)settings_int(s, "timeout") : 0,
        .answer_s = settings_given(s, "timeout") ? (unsigned)settings_int(s, "timeout") : 0,
        .pause_s = (unsigned)settings_int(s, "retry-pause"),
        .retries = (int)settings_int(s, "retries"),
        .shares = (uint64_t)settings_int(s, "shares"),
        .blocks = (uint64_t)settings_int(s, "blocks"),
        .time_limit_s = (unsigned)settings_int(s, "time-limit"),
        .kernels = &session->machine.kernels,
        .miner = session->machine.miner,
        .log = session->log,
        .tally = session->tally,
        .clock = &session->clock,
    };
    struct mining_control control;
    struct stratum *stratum;
    int code;

    snprintf(agent, sizeof(agent), "exs-miner/%s", session->version);
    /* Its name was checked with the other options. */
    if (!miner_sources_strategy(&options.strategy, &session->strategy, s))
        return EXIT_USAGE;
    stratum = stratum_create(&options, error);
    if (!stratum) {
        log_error(session->log, LOG_GENERAL, "%s", error);
        return EXIT_USAGE;
    }
    control = stratum_control(stratum);
    if (session_begin(session, &control, stop_pools, stratum, &code)) {
        if (started)
            started(arg);
        code = conclude_pools(session, stratum_run(stratum), stratum);
    }
    session_end(session);
    stratum_destroy(stratum);
    return code;
}

int session_mine(struct session *session, const struct params *network,
                 const struct miner_sources *sources, void (*started)(void *arg), void *arg)
{
    const struct kernels *kernels = &session->machine.kernels;
    size_t lanes = miner_lanes(session->machine.miner);
    size_t devices = miner_devices(session->machine.miner);
    int code;

    session->strategy = "Failover";
    snprintf(session->title, sizeof(session->title), "exs-miner %s", session->version);
    log_info(
        session->log, LOG_GENERAL, "%s: %zu threads, %zu devices, search kernel %s", session->title,
        lanes - devices, devices,
        (session_version_mask(session->settings) ? kernels->search_rolled : kernels->search)->name);
    session->tally = mining_tally_create(lanes);
    if (!session->tally)
        log_error(session->log, LOG_GENERAL, "out of memory");
    if (!session->tally || !start_governor(session))
        code = session->tally ? EXIT_USAGE : EXIT_MACHINE;
    else if (sources->pools)
        code = run_pools(session, sources, started, arg);
    else
        code = run_solo(session, network, sources, started, arg);
    if (session->governor)
        governor_destroy(session->governor);
    session->governor = NULL;
    mining_tally_destroy(session->tally);
    session->tally = NULL;
    return code;
}
