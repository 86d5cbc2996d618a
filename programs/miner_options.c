#include "programs/miner_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct setting table[] = {
    {.name = "Configuration", .type = SETTING_HEADING},
    {.name = "config",
     .letter = 'c',
     .type = SETTING_STRING,
     .argument = "FILE",
     .help = "Options from a file, which those given here go before: YAML where its name ends in "
             ".yaml or .yml, else NAME=VALUE a line as in bitcoin.conf"},
    {.name = "Nodes", .type = SETTING_HEADING},
    {.name = "url",
     .letter = 'o',
     .path = "rpc.url",
     .type = SETTING_LIST,
     .argument = "URL",
     .help =
         "A node's RPC: http://[user:password@]host:port/, whose user goes before the options "
         "below. Given again, further nodes: the one with the highest chain is mined, the first "
         "one of equals; blocks go to all",
     .flags = SETTING_REPLACES},
    {.name = "user",
     .letter = 'u',
     .path = "rpc.user",
     .type = SETTING_LIST,
     .argument = "NAME",
     .help =
         "The node's RPC user; given again, those of further nodes (the last one counts for the "
         "rest)",
     .flags = SETTING_REPLACES},
    {.name = "pass",
     .letter = 'p',
     .path = "rpc.password",
     .type = SETTING_LIST,
     .argument = "TEXT",
     .help = "The node's RPC password, likewise",
     .flags = SETTING_SECRET | SETTING_REPLACES},
    {.name = "userpass",
     .letter = 'O',
     .path = "rpc.userpass",
     .type = SETTING_LIST,
     .argument = "NAME:TEXT",
     .help = "Both in one, likewise",
     .flags = SETTING_SECRET | SETTING_REPLACES},
    {.name = "cookie",
     .path = "rpc.cookie",
     .type = SETTING_LIST,
     .argument = "FILE",
     .help = "The node's cookie file instead of a user (~/.bitcoin/.cookie, say), likewise; read "
             "anew at each call",
     .flags = SETTING_REPLACES},
    {.name = "network",
     .type = SETTING_STRING,
     .argument = "NAME",
     .help = "main, test, testnet4 or regtest (default: what the node is on)"},
    {.name = "longpoll",
     .path = "rpc.longpoll",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Let the node say at once when there is a new block"},
    {.name = "scantime",
     .letter = 's',
     .path = "rpc.scan_seconds",
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "5",
     .argument = "SECONDS",
     .help = "How often to ask for new work where long polling can't be had"},
    {.name = "longpoll-timeout",
     .path = "rpc.longpoll_timeout_seconds",
     .type = SETTING_INT,
     .min = 1,
     .max = 120,
     .fallback = "90",
     .argument = "SECONDS",
     .help = "How long a long poll may take; then --scantime counts until there is a new block"},
    {.name = "retries",
     .letter = 'r',
     .path = "rpc.retries",
     .type = SETTING_INT,
     .min = -1,
     .max = 1000000,
     .fallback = "-1",
     .argument = "N",
     .help = "Give up when every node has failed N times more after the first time; -1: never"},
    {.name = "retry-pause",
     .letter = 'R',
     .path = "rpc.retry_pause_seconds",
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "30",
     .argument = "SECONDS",
     .help = "The longest pause before a node is tried again; the first is half a second"},
    {.name = "timeout",
     .letter = 'T',
     .path = "rpc.timeout_seconds",
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "30",
     .argument = "SECONDS",
     .help = "How long a node may take to answer"},
    {.name = "Payout", .type = SETTING_HEADING},
    {.name = "coinbase-addr",
     .path = "mining.address",
     .type = SETTING_STRING,
     .argument = "ADDRESS",
     .help = "Where found coins go; an address of any type of the node's network"},
    {.name = "coinbase-tag",
     .path = "mining.tag",
     .type = SETTING_STRING,
     .fallback = "/exs-miner/",
     .argument = "TEXT",
     .help = "What the coinbase says, at most 64 bytes"},
    {.name = "coinbase-sig",
     .path = "mining.coinbase_sig",
     .type = SETTING_STRING,
     .argument = "TEXT",
     .help = "Another name of coinbase-tag",
     .flags = SETTING_HIDDEN},
    {.name = "Machine", .type = SETTING_HEADING},
    {.name = "threads",
     .letter = 't',
     .path = "mining.threads",
     .type = SETTING_INT,
     .min = 0,
     .max = POOL_MAX_WORKERS,
     .fallback = "0",
     .argument = "N",
     .help = "Threads that search; 0: as many as make sense here"},
    {.name = "cpu-affinity",
     .path = "mining.cpus",
     .type = SETTING_STRING,
     .argument = "CPUS",
     .help = "The only processors to use, as a list (0-3,8) or a mask (0x10f)"},
    {.name = "kernel",
     .path = "mining.kernel",
     .type = SETTING_STRING,
     .fallback = "auto",
     .argument = "NAME",
     .help = "The implementation of the search; help lists them, auto measures"},
    {.name = "version-rolling",
     .path = "mining.version_rolling",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Vary the header's version bits, which is faster (BIP320)"},
    {.name = "version-mask",
     .path = "mining.version_mask",
     .type = SETTING_INT,
     .min = 0,
     .max = UINT32_MAX,
     .fallback = "0x1fffe000",
     .argument = "MASK",
     .help = "The version bits to vary, of BIP320's"},
    {.name = "What to do", .type = SETTING_HEADING},
    {.name = "selftest",
     .type = SETTING_BOOL,
     .help = "Show the machine, find the nonces of real blocks again, print the hash rate"},
    {.name = "benchmark",
     .type = SETTING_BOOL,
     .help = "Search without a node, for --time-limit seconds or 10, and print the hash rate"},
    {.name = "blocks",
     .path = "mining.blocks",
     .type = SETTING_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "0",
     .argument = "N",
     .help = "End after N accepted blocks; 0: go on"},
    {.name = "time-limit",
     .path = "mining.time_limit_seconds",
     .type = SETTING_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "0",
     .argument = "SECONDS",
     .help = "End after this time; 0: go on"},
    {.name = "help", .letter = 'h', .type = SETTING_BOOL, .help = "Print this"},
    {.name = "version", .letter = 'V', .type = SETTING_BOOL, .help = "Print version and kernels"},
    {.name = "Output", .type = SETTING_HEADING},
    {.name = "quiet",
     .letter = 'q',
     .path = "log.quiet",
     .type = SETTING_BOOL,
     .help = "No hash rates while mining"},
    {.name = "debug",
     .letter = 'D',
     .path = "log.debug",
     .type = SETTING_BOOL,
     .help = "Log details"},
    {.name = "color",
     .path = "log.color",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Colours on a terminal"},
    {.name = "log-file",
     .path = "log.file",
     .type = SETTING_STRING,
     .argument = "FILE",
     .help = "Log to this file too; SIGHUP opens it anew"},
};

struct settings *miner_options_create(void)
{
    return settings_create(table, sizeof(table) / sizeof(*table));
}

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

const char *miner_options_tag(const struct settings *s)
{
    bool other = settings_given(s, "coinbase-sig") &&
                 (on_command_line(s, "coinbase-sig") || !on_command_line(s, "coinbase-tag"));

    return settings_string(s, other ? "coinbase-sig" : "coinbase-tag");
}

static bool set_login(struct miner_nodes *nodes, const struct settings *s, size_t i, char *error)
{
    struct jsonrpc_options *rpc = &nodes->node[i].rpc;
    const char *both = NULL, *colon;

    if (login_counts(s, "cookie", "cookie"))
        rpc->cookie_file = value_for(s, "cookie", i);
    if (login_counts(s, "userpass", "userpass"))
        both = value_for(s, "userpass", i);
    if (login_counts(s, "user", "pass")) {
        rpc->user = value_for(s, "user", i);
        rpc->password = value_for(s, "pass", i);
    }
    if (!both)
        return true;
    colon = strchr(both, ':');
    if (!colon) {
        snprintf(error, MINER_OPTIONS_ERROR_SIZE,
                 "--userpass has no colon between name and password");
        return false;
    }
    nodes->name[i] = strndup(both, (size_t)(colon - both));
    if (!nodes->name[i]) {
        snprintf(error, MINER_OPTIONS_ERROR_SIZE, "out of memory");
        return false;
    }
    rpc->user = nodes->name[i];
    rpc->password = colon + 1;
    return true;
}

bool miner_options_nodes(struct miner_nodes *nodes, const struct settings *s, uint16_t port,
                         char error[static MINER_OPTIONS_ERROR_SIZE])
{
    *nodes = (struct miner_nodes){.count = settings_list_size(s, "url")};
    if (nodes->count > SOLO_MAX_NODES) {
        snprintf(error, MINER_OPTIONS_ERROR_SIZE, "--url is given more than %d times",
                 SOLO_MAX_NODES);
        nodes->count = 0;
        return false;
    }
    for (size_t i = 0; i < nodes->count; i++) {
        struct upstream_options *node = &nodes->node[i];

        node->rpc.url = settings_list(s, "url", i);
        node->rpc.default_port = port;
        node->no_longpoll = !settings_bool(s, "longpoll");
        node->scan_s = (unsigned)settings_int(s, "scantime");
        node->pause_s = (unsigned)settings_int(s, "retry-pause");
        node->longpoll_s = (unsigned)settings_int(s, "longpoll-timeout");
        node->timeout_s = (unsigned)settings_int(s, "timeout");
        if (!set_login(nodes, s, i, error))
            return false;
    }
    return true;
}

void miner_options_free_nodes(struct miner_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++)
        free(nodes->name[i]);
    *nodes = (struct miner_nodes){0};
}

static void hide(char *text)
{
    for (; *text; text++)
        *text = '*';
}

/* The user and password of a URL, which may lack its scheme and stand behind "--url=". */
static void hide_in_url(char *text)
{
    char *scheme = strstr(text, "://"), *equals = *text == '-' ? strchr(text, '=') : NULL;
    char *start = scheme ? scheme + 3 : equals ? equals + 1 : text;
    char *end = start + strcspn(start, "/");

    for (char *at = end; at > start; at--)
        if (at[-1] == '@') {
            memset(start, '*', (size_t)(at - 1 - start));
            return;
        }
}

/* Overwrites passwords in argv, of which the settings have copies: other users read it in the list of processes. */
static void hide_secrets(int argc, char **argv)
{
    static const char *const names[] = {"p", "pass", "O", "userpass"};

    for (int i = 1; i < argc; i++) {
        char *text = argv[i], *name = text + strspn(text, "-");
        size_t size = strcspn(name, "=");

        for (size_t n = 0; n < sizeof(names) / sizeof(*names) && name != text; n++) {
            if (size != strlen(names[n]) || memcmp(name, names[n], size) != 0)
                continue;
            if (name[size])
                hide(name + size + 1);
            else if (i + 1 < argc)
                hide(argv[i + 1]);
        }
        hide_in_url(text);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), want = strlen(end);

    return size >= want && !strcmp(text + size - want, end);
}

bool miner_options_read(struct settings *s, int argc, char **argv,
                        char error[static MINER_OPTIONS_ERROR_SIZE])
{
    const char *path, *network;
    bool good = false;

    if (!settings_read_arguments(s, argc, argv, SETTINGS_MIXED)) {
        snprintf(error, MINER_OPTIONS_ERROR_SIZE, "%s (--help lists the options)",
                 settings_error(s));
        return false;
    }
    hide_secrets(argc, argv);
    path = settings_string(s, "config");
    if (!*path)
        return true;
    if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
        good = settings_read_yaml_file(s, path);
    else
        good = settings_read_conf_file(s, path);
    if (!good)
        snprintf(error, MINER_OPTIONS_ERROR_SIZE, "%s", settings_error(s));
    network = settings_string(s, "network");
    if (*network)
        settings_select_section(s, network);
    return good;
}
