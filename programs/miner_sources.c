#include "programs/miner_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

_Static_assert((int)SOLO_MAX_NODES == (int)STRATUM_MAX_POOLS, "one limit for both");

/* The index-th value of a list, or its last one; NULL for an empty list. */
static const char *value_for(const struct settings *s, const char *name, size_t index)
{
    size_t count = settings_list_size(s, name);

    if (count == 0)
        return NULL;
    return settings_list(s, name, index < count ? index : count - 1);
}

static bool on_command_line(const struct settings *s, const char *name)
{
    return !strcmp(settings_source(s, name), "command line");
}

/*
 * The ways to log in exclude each other, so one that the command line takes
 * also goes before another one that the file takes.
 */
static bool login_counts(const struct settings *s, const char *name, const char *companion)
{
    bool chosen = on_command_line(s, "user") || on_command_line(s, "pass") ||
                  on_command_line(s, "userpass") || on_command_line(s, "cookie");

    return !chosen || on_command_line(s, name) || on_command_line(s, companion);
}

/* Who calls the i-th source, but for a cookie. */
static bool find_login(struct miner_sources *sources, const struct settings *s, size_t i,
                       const char **user, const char **password, char *error)
{
    const char *both = NULL, *colon;

    if (login_counts(s, "userpass", "userpass"))
        both = value_for(s, "userpass", i);
    if (login_counts(s, "user", "pass")) {
        *user = value_for(s, "user", i);
        *password = value_for(s, "pass", i);
    }
    if (!both)
        return true;
    colon = strchr(both, ':');
    if (!colon) {
        snprintf(error, MINER_SOURCES_ERROR_SIZE,
                 "--userpass has no colon between name and password");
        return false;
    }
    sources->name[i] = strndup(both, (size_t)(colon - both));
    if (!sources->name[i]) {
        snprintf(error, MINER_SOURCES_ERROR_SIZE, "out of memory");
        return false;
    }
    *user = sources->name[i];
    *password = colon + 1;
    return true;
}

static bool set_node(struct miner_sources *sources, const struct settings *s, size_t i,
                     uint16_t port, char *error)
{
    struct upstream_options *node = &sources->node[i];
    const char *proxy = settings_string(s, "proxy"), *cert = settings_string(s, "cert");

    *node = (struct upstream_options){
        .rpc = {.url = settings_list(s, "url", i),
                .default_port = port,
                .proxy = *proxy ? proxy : NULL,
                .ca_file = *cert ? cert : NULL,
                .any_certificate = !settings_bool(s, "check-cert")},
        .no_longpoll = !settings_bool(s, "longpoll"),
        .scan_s = (unsigned)settings_int(s, "scantime"),
        .pause_s = (unsigned)settings_int(s, "retry-pause"),
        .longpoll_s = (unsigned)settings_int(s, "longpoll-timeout"),
        .timeout_s = (unsigned)settings_int(s, "timeout"),
    };
    if (login_counts(s, "cookie", "cookie"))
        node->rpc.cookie_file = value_for(s, "cookie", i);
    return find_login(sources, s, i, &node->rpc.user, &node->rpc.password, error);
}

static bool read_quota(unsigned *quota, const struct settings *s, size_t i, char *error)
{
    const char *text = i < settings_list_size(s, "quota") ? settings_list(s, "quota", i) : "1";
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    *quota = (unsigned)value;
    if (*text >= '0' && *text <= '9' && !*end && value >= 1 && value <= 1000000)
        return true;
    snprintf(error, MINER_SOURCES_ERROR_SIZE, "--quota \"%.40s\" is not a number from 1 to 1000000",
             text);
    return false;
}

static bool set_pool(struct miner_sources *sources, const struct settings *s, size_t i,
                     const char *urls, char *error)
{
    struct stratum_pool *pool = &sources->pool[i];

    *pool = (struct stratum_pool){.url = settings_list(s, urls, i)};
    if (!read_quota(&pool->quota, s, i, error) ||
        !find_login(sources, s, i, &pool->user, &pool->password, error))
        return false;
    if (strcmp(urls, "url") != 0 && settings_given(s, "pool-user") && !on_command_line(s, "user"))
        pool->user = value_for(s, "pool-user", i);
    if (strcmp(urls, "url") != 0 && settings_given(s, "pool-pass") && !on_command_line(s, "pass"))
        pool->password = value_for(s, "pool-pass", i);
    return true;
}

/* Which list of URLs counts: what the command line says goes before what a file does. */
static const char *list_of_urls(const struct settings *s, char *error)
{
    bool url = settings_list_size(s, "url") > 0, pool = settings_list_size(s, "pool-url") > 0;

    if (url && pool && on_command_line(s, "url") == on_command_line(s, "pool-url")) {
        snprintf(error, MINER_SOURCES_ERROR_SIZE,
                 "both rpc.url (--url) and pool.url (--pool-url) are given: they exclude each "
                 "other, as one mines either on nodes or at pools");
        return NULL;
    }
    return pool && (!url || on_command_line(s, "pool-url")) ? "pool-url" : "url";
}

/* All of them must be of one kind. */
static bool find_kind(struct miner_sources *sources, const struct settings *s, const char *urls,
                      char *error)
{
    sources->pools = sources->count > 0 && stratum_is_url(settings_list(s, urls, 0));
    for (size_t i = 1; i < sources->count; i++)
        if (stratum_is_url(settings_list(s, urls, i)) != sources->pools) {
            snprintf(error, MINER_SOURCES_ERROR_SIZE,
                     "--url names nodes (http://...) and pools (stratum+tcp://...): mine on nodes "
                     "or at pools, one of the two");
            return false;
        }
    if (sources->count > 0 && !sources->pools && strcmp(urls, "url") != 0) {
        snprintf(error, MINER_SOURCES_ERROR_SIZE,
                 "pool.url holds no stratum+tcp:// or stratum+ssl:// URL; nodes stand in rpc.url");
        return false;
    }
    return true;
}

bool miner_sources_read(struct miner_sources *sources, const struct settings *s, uint16_t port,
                        char error[static MINER_SOURCES_ERROR_SIZE])
{
    const char *urls = list_of_urls(s, error);
    size_t count = urls ? settings_list_size(s, urls) : 0;

    memset(sources, 0, sizeof(*sources));
    if (!urls)
        return false;
    if (count > SOLO_MAX_NODES) {
        snprintf(error, MINER_SOURCES_ERROR_SIZE, "--url is given more than %d times",
                 SOLO_MAX_NODES);
        return false;
    }
    sources->count = count;
    if (!find_kind(sources, s, urls, error))
        return false;
    for (size_t i = 0; i < count; i++)
        if (sources->pools ? !set_pool(sources, s, i, urls, error)
                           : !set_node(sources, s, i, port, error))
            return false;
    return true;
}

void miner_sources_free(struct miner_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        free(sources->name[i]);
    memset(sources, 0, sizeof(*sources));
}

bool miner_sources_strategy(enum stratum_strategy *strategy, const char **name,
                            const struct settings *s)
{
    static const struct {
        const char *option, *cgminers;
        enum stratum_strategy strategy;
    } known[] = {
        {"failover", "Failover", STRATUM_FAILOVER},
        {"load-balance", "Load Balance", STRATUM_LOAD_BALANCE},
        {"round-robin", "Round Robin", STRATUM_ROUND_ROBIN},
    };
    const char *given = settings_string(s, "pool-strategy");

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcasecmp(given, known[i].option)) {
            *strategy = known[i].strategy;
            if (name)
                *name = known[i].cgminers;
            return true;
        }
    return false;
}
