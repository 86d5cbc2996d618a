#include "programs/miner_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct setting table[] = {
    {.name = "Nodes", .type = SETTING_HEADING},
    {.name = "url",
     .letter = 'o',
     .type = SETTING_LIST,
     .argument = "URL",
     .help =
         "A node's RPC: http://[user:password@]host:port/, whose user goes before the options "
         "below. Given again, further nodes: the one with the highest chain is mined, the first "
         "one of equals; blocks go to all"},
    {.name = "user",
     .letter = 'u',
     .type = SETTING_LIST,
     .argument = "NAME",
     .help =
         "The node's RPC user; given again, those of further nodes (the last one counts for the "
         "rest)"},
    {.name = "pass",
     .letter = 'p',
     .type = SETTING_LIST,
     .argument = "TEXT",
     .help = "The node's RPC password, likewise",
     .flags = SETTING_SECRET},
    {.name = "userpass",
     .letter = 'O',
     .type = SETTING_LIST,
     .argument = "NAME:TEXT",
     .help = "Both in one, likewise",
     .flags = SETTING_SECRET},
    {.name = "cookie",
     .type = SETTING_LIST,
     .argument = "FILE",
     .help = "The node's cookie file instead of a user (~/.bitcoin/.cookie, say), likewise; read "
             "anew at each call"},
    {.name = "network",
     .type = SETTING_STRING,
     .argument = "NAME",
     .help = "main, test, testnet4 or regtest (default: what the node is on)"},
    {.name = "longpoll",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Let the node say at once when there is a new block"},
    {.name = "scantime",
     .letter = 's',
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "5",
     .argument = "SECONDS",
     .help = "How often to ask for new work where long polling can't be had"},
    {.name = "retries",
     .letter = 'r',
     .type = SETTING_INT,
     .min = -1,
     .max = 1000000,
     .fallback = "-1",
     .argument = "N",
     .help = "Give up when every node has failed N times more after the first time; -1: never"},
    {.name = "retry-pause",
     .letter = 'R',
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "30",
     .argument = "SECONDS",
     .help = "The longest pause before a node is tried again; the first is half a second"},
    {.name = "timeout",
     .letter = 'T',
     .type = SETTING_INT,
     .min = 1,
     .max = 3600,
     .fallback = "30",
     .argument = "SECONDS",
     .help = "How long a node may take to answer"},
    {.name = "Payout", .type = SETTING_HEADING},
    {.name = "coinbase-addr",
     .type = SETTING_STRING,
     .argument = "ADDRESS",
     .help = "Where found coins go; an address of any type of the node's network"},
    {.name = "coinbase-tag",
     .type = SETTING_STRING,
     .fallback = "/exs-miner/",
     .argument = "TEXT",
     .help = "What the coinbase says, at most 64 bytes"},
    {.name = "coinbase-sig",
     .type = SETTING_STRING,
     .argument = "TEXT",
     .help = "Another name of coinbase-tag",
     .flags = SETTING_HIDDEN},
    {.name = "Machine", .type = SETTING_HEADING},
    {.name = "threads",
     .letter = 't',
     .type = SETTING_INT,
     .min = 0,
     .max = POOL_MAX_WORKERS,
     .fallback = "0",
     .argument = "N",
     .help = "Threads that search; 0: as many as make sense here"},
    {.name = "cpu-affinity",
     .type = SETTING_STRING,
     .argument = "CPUS",
     .help = "The only processors to use, as a list (0-3,8) or a mask (0x10f)"},
    {.name = "kernel",
     .type = SETTING_STRING,
     .fallback = "auto",
     .argument = "NAME",
     .help = "The implementation of the search; help lists them, auto measures"},
    {.name = "version-rolling",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Vary the header's version bits, which is faster (BIP320)"},
    {.name = "version-mask",
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
     .type = SETTING_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "0",
     .argument = "N",
     .help = "End after N accepted blocks; 0: go on"},
    {.name = "time-limit",
     .type = SETTING_INT,
     .min = 0,
     .max = INT32_MAX,
     .fallback = "0",
     .argument = "SECONDS",
     .help = "End after this time; 0: go on"},
    {.name = "help", .letter = 'h', .type = SETTING_BOOL, .help = "Print this"},
    {.name = "version", .letter = 'V', .type = SETTING_BOOL, .help = "Print version and kernels"},
    {.name = "Output", .type = SETTING_HEADING},
    {.name = "quiet", .letter = 'q', .type = SETTING_BOOL, .help = "No hash rates while mining"},
    {.name = "debug", .letter = 'D', .type = SETTING_BOOL, .help = "Log details"},
    {.name = "color", .type = SETTING_BOOL, .fallback = "1", .help = "Colours on a terminal"},
    {.name = "log-file",
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

static bool set_login(struct miner_nodes *nodes, const struct settings *s, size_t i, char *error)
{
    struct jsonrpc_options *rpc = &nodes->node[i].rpc;
    const char *both = value_for(s, "userpass", i), *colon = both ? strchr(both, ':') : NULL;

    rpc->cookie_file = value_for(s, "cookie", i);
    rpc->user = value_for(s, "user", i);
    rpc->password = value_for(s, "pass", i);
    if (!both)
        return true;
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

/* The user and password of a URL. */
static void hide_in_url(char *text)
{
    char *start = strstr(text, "://"), *end;

    if (!start)
        return;
    start += 3;
    end = start + strcspn(start, "/");
    for (char *at = end; at > start; at--)
        if (at[-1] == '@') {
            memset(start, '*', (size_t)(at - 1 - start));
            return;
        }
}

void miner_options_hide_secrets(int argc, char **argv)
{
    static const char *const names[] = {"pass", "userpass"};

    for (int i = 1; i < argc; i++) {
        char *text = argv[i], *name = text + strspn(text, "-");
        bool option = name != text;

        for (size_t n = 0; n < sizeof(names) / sizeof(*names) && option; n++) {
            size_t size = strlen(names[n]);

            if (!strncmp(name, names[n], size) && name[size] == '=')
                hide(name + size + 1);
            else if (!strcmp(name, names[n]) && i + 1 < argc)
                hide(argv[i + 1]);
        }
        if ((!strcmp(text, "-p") || !strcmp(text, "-O")) && i + 1 < argc)
            hide(argv[i + 1]);
        hide_in_url(text);
    }
}
