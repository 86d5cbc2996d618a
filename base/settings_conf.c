/*
 * Settings from a file in the form of Core's bitcoin.conf (common/config.cpp):
 *
 *     # a comment, also behind a value
 *     server=1
 *     nolisten=1
 *     [regtest]
 *     rpcport=18443
 *     test.rpcport=18332
 */
#include "base/settings_impl.h"

#include <stdio.h>

static const char spaces[] = " \t\r\v\f";

static struct bytes trim(struct bytes text)
{
    while (text.size && strchr(spaces, text.data[0]) && text.data[0]) {
        text.data++;
        text.size--;
    }
    while (text.size && strchr(spaces, text.data[text.size - 1]) && text.data[text.size - 1])
        text.size--;
    return text;
}

/* The part before the byte; what follows it stays in *text. False, and all of it, where it is not there. */
static bool split(struct bytes *head, struct bytes *text, char byte)
{
    const uint8_t *at = text->size ? memchr(text->data, byte, text->size) : NULL;

    if (!at) {
        *head = *text;
        *text = bytes_of(text->data + text->size, 0);
        return false;
    }
    *head = bytes_of(text->data, (size_t)(at - text->data));
    *text = bytes_of(at + 1, text->size - head->size - 1);
    return true;
}

static bool starts_with(struct bytes text, const char *start)
{
    size_t size = strlen(start);

    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* As a string in the arena, or NULL with the error set. */
static const char *keep_text(struct settings *s, struct bytes text)
{
    const char *copy = arena_format(&s->arena, "%.*s", (int)text.size, (const char *)text.data);

    if (!copy)
        settings_fail_memory(s);
    return copy;
}

static bool read_section(struct settings *s, struct settings_place *place, struct bytes line)
{
    static const char *const known[] = {"main",   "test",    "testnet4",
                                        "signet", "regtest", "excalibur"};

    place->section = keep_text(s, bytes_of(line.data + 1, line.size - 2));
    if (!place->section)
        return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(place->section, known[i]) == 0)
            return true;
    settings_warn(s, place, "section [%.60s] is not recognized", place->section);
    return true;
}

/* "regtest.rpcport" is rpcport of the section regtest. */
static bool split_name(struct settings *s, struct settings_place *place, struct bytes *name)
{
    struct bytes section;
    struct bytes rest = *name;

    if (!split(&section, &rest, '.'))
        return true;
    place->section = keep_text(s, section);
    *name = rest;
    return place->section != NULL;
}

/* place is the caller's copy: a section in a name is for that line alone. */
static bool read_pair(struct settings *s, struct settings_place place, struct bytes name,
                      struct bytes value, bool commented)
{
    char hint[SETTINGS_HINT_SIZE];
    const struct setting *setting;
    const char *text;
    char shown[100];

    snprintf(shown, sizeof shown, "%.*s", name.size < 99 ? (int)name.size : 99,
             (const char *)name.data);
    if (!split_name(s, &place, &name))
        return false;
    setting = settings_find(s, name);
    if (setting && commented && (setting->flags & SETTING_SECRET))
        return settings_fail(s, &place, "%s: a # in it, or behind it, is ambiguous", shown);
    if (setting && setting->type == SETTING_BOOL && value.size == 0)
        value = bytes_of("1", 1);
    if (setting)
        return settings_add(s, &place, setting, shown, value);
    if (starts_with(name, "no"))
        setting = settings_find(s, bytes_of(name.data + 2, name.size - 2));
    if (setting) {
        text = keep_text(s, value);
        return text && settings_add_negated(s, &place, setting, shown, text);
    }
    if (bytes_equal(name, bytes_of("includeconf", 11)))
        return settings_fail(s, &place,
                             "includeconf is not supported: copy the lines of that "
                             "file to this one");
    settings_hint(hint, s, shown, "", false);
    settings_warn(s, &place, "unknown setting %s is ignored%s", shown, hint);
    return true;
}

/* Shows the first word alone: in "rpcpassword TEXT" the rest is a secret. */
static bool fail_no_value(struct settings *s, const struct settings_place *place, struct bytes line)
{
    int size = 0;

    while (size < 60 && (size_t)size < line.size && line.data[size] != ':' &&
           !strchr(spaces, line.data[size]))
        size++;
    return settings_fail(s, place, "\"%.*s\" has no value: %.*s=VALUE", size,
                         (const char *)line.data, size, (const char *)line.data);
}

static bool read_line(struct settings *s, struct settings_place *place, struct bytes line)
{
    struct bytes text, name;
    bool commented = split(&text, &line, '#');

    text = trim(text);
    if (text.size == 0)
        return true;
    if (text.size >= 2 && text.data[0] == '[' && text.data[text.size - 1] == ']')
        return read_section(s, place, text);
    if (text.data[0] == '-')
        return settings_fail(s, place, "settings in a configuration file have no dash before them");
    if (!split(&name, &text, '='))
        return fail_no_value(s, place, name);
    return read_pair(s, *place, trim(name), trim(text), commented);
}

bool settings_read_conf(struct settings *s, const char *origin, struct bytes text)
{
    struct settings_place place = {.origin = ORIGIN_CONF, .name = origin};

    s->error[0] = 0;
    s->files++;
    if (text.size > SETTINGS_FILE_SIZE_MAX)
        return settings_fail(s, &place, "more than %d bytes", SETTINGS_FILE_SIZE_MAX);
    if (text.size && memchr(text.data, 0, text.size))
        return settings_fail(s, &place, "a zero byte in it: not a text");
    while (text.size) {
        struct bytes line;

        place.line++;
        split(&line, &text, '\n');
        if (!read_line(s, &place, line))
            return false;
    }
    return true;
}

bool settings_read_conf_file(struct settings *s, const char *path)
{
    struct bytes text;

    return settings_load(s, &text, path) && settings_read_conf(s, path, text);
}
