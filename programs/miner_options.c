#include "programs/miner_options.h"

#include "programs/miner_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct settings *miner_options_create(void)
{
    return settings_create(miner_table, miner_table_size);
}

static bool on_command_line(const struct settings *s, const char *name)
{
    return !strcmp(settings_source(s, name), "command line");
}

const char *miner_options_tag(const struct settings *s)
{
    bool other = settings_given(s, "coinbase-sig") &&
                 (on_command_line(s, "coinbase-sig") || !on_command_line(s, "coinbase-tag"));

    return settings_string(s, other ? "coinbase-sig" : "coinbase-tag");
}

static void hide(char *text)
{
    for (; *text; text++)
        *text = '*';
}

/*
 * The user and password of a URL, which may lack its scheme and stand behind
 * "--url=". They end at the last at sign, since passwords may hold slashes.
 */
static void hide_in_url(char *text)
{
    char *scheme = strstr(text, "://"), *equals = *text == '-' ? strchr(text, '=') : NULL;
    char *start = scheme ? scheme + 3 : equals ? equals + 1 : text;
    char *at = strrchr(start, '@');

    if (at)
        memset(start, '*', (size_t)(at - start));
}

/* Overwrites passwords in argv, of which the settings have copies: other users read it in the list of processes. */
static void hide_secrets(int argc, char **argv)
{
    static const char *const names[] = {"p", "pass", "O", "userpass", "pool-pass"};

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
    good = settings_read_file(s, path);
    if (!good)
        snprintf(error, MINER_OPTIONS_ERROR_SIZE, "%s", settings_error(s));
    network = settings_string(s, "network");
    if (*network)
        settings_select_section(s, network);
    return good;
}
