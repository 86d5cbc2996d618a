/* Settings from the command line. */
#include "base/settings_impl.h"

#include <ctype.h>
#include <stdio.h>

static const struct setting *find_letter(const struct settings *s, char letter)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->table[i].type != SETTING_HEADING && letter && s->table[i].letter == letter)
            return &s->table[i];
    return NULL;
}

/* An argument in its parts. */
struct argument {
    char shown[100];   /* as the user wrote it, without its value */
    char name[100];    /* without dashes */
    const char *value; /* behind '='; NULL: none */
    const char *next;  /* the argument behind; NULL: none */
    bool two_dashes;
};

static bool split_argument(struct argument *a, const char *text, const char *next)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);

    a->two_dashes = text[1] == '-';
    a->value = equals ? equals + 1 : NULL;
    a->next = next;
    if (length >= sizeof a->shown)
        return false;
    memcpy(a->shown, text, length);
    a->shown[length] = 0;
    snprintf(a->name, sizeof a->name, "%s", a->shown + (a->two_dashes ? 2 : 1));
    return true;
}

/* An option whose value is behind '=' or, where that is allowed, the next argument. */
static bool read_valued(struct settings *s, const struct argument *a, const struct setting *setting,
                        bool may_follow, bool *used_next)
{
    const struct settings_place place = {.origin = ORIGIN_COMMAND_LINE};
    const char *value = a->value;
    const char *name = setting->argument ? setting->argument : "VALUE";

    if (!value && (setting->type == SETTING_BOOL || (setting->flags & SETTING_OPTIONAL)))
        value = "1";
    if (!value && may_follow) {
        value = a->next;
        *used_next = value != NULL;
    }
    if (!value)
        return settings_fail(s, NULL, "%s needs a value: %s%c%s", a->shown, a->shown,
                             strlen(a->name) == 1 ? ' ' : '=', name);
    if (!*value && setting->type == SETTING_BOOL)
        value = "1"; /* Core: -name= is true */
    return settings_add(s, &place, setting, a->shown, bytes_of(value, strlen(value)));
}

/* -noname, --noname, --no-name. NULL where it is none of them. */
static const struct setting *find_negated(const struct settings *s, const struct argument *a)
{
    const char *name = a->name + 2;

    if (strncmp(a->name, "no", 2) != 0)
        return NULL;
    if (a->two_dashes && *name == '-')
        name++;
    return settings_find(s, bytes_of(name, strlen(name)));
}

static bool is_number(enum setting_type type)
{
    return type == SETTING_INT || type == SETTING_SIZE || type == SETTING_DOUBLE ||
           type == SETTING_PERCENT;
}

static bool read_option(struct settings *s, const char *text, const char *next, bool *used_next)
{
    const struct settings_place place = {.origin = ORIGIN_COMMAND_LINE};
    char hint[SETTINGS_HINT_SIZE];
    const struct setting *setting;
    struct argument a;

    if (!split_argument(&a, text, next))
        return settings_fail(s, NULL, "unknown option %.40s...", text);
    setting = settings_find(s, bytes_of(a.name, strlen(a.name)));
    if (setting)
        return read_valued(s, &a, setting, a.two_dashes, used_next);
    setting = a.two_dashes ? NULL : find_letter(s, a.name[0]);
    if (setting && !a.name[1])
        return read_valued(s, &a, setting, true, used_next);
    if (setting && is_number(setting->type) && isdigit((unsigned char)a.name[1]) && !a.value)
        return settings_add(s, &place, setting, a.shown, bytes_of(a.name + 1, strlen(a.name + 1)));
    setting = find_negated(s, &a);
    if (setting)
        return settings_add_negated(s, &place, setting, a.shown, a.value);
    setting = a.two_dashes ? NULL : find_letter(s, a.name[0]);
    if (setting && (setting->flags & SETTING_SECRET)) /* -pTEXT, of which no error shows the TEXT */
        return settings_fail(s, NULL, "unknown option -%c...; a value follows as -%c %s",
                             setting->letter, setting->letter,
                             setting->argument ? setting->argument : "VALUE");
    settings_hint(hint, s, a.name, a.two_dashes ? "--" : "-", false);
    return settings_fail(s, NULL, "unknown option %s%s", a.shown, hint);
}

static bool add_positional(struct settings *s, const char *text)
{
    const char **positional = settings_grow(s, (void *)s->positional, s->positional_count,
                                            &s->positional_capacity, sizeof *positional);

    if (!positional)
        return settings_fail_memory(s);
    s->positional = positional;
    s->positional[s->positional_count] = arena_string(&s->arena, text);
    if (!s->positional[s->positional_count])
        return settings_fail_memory(s);
    s->positional_count++;
    return true;
}

bool settings_read_arguments(struct settings *s, int argc, char *const *argv,
                             enum settings_order order)
{
    bool options = true;

    s->error[0] = 0;
    for (int i = 1; i < argc; i++) {
        bool used_next = false;

        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (!options || argv[i][0] != '-' || !argv[i][1]) {
            if (!add_positional(s, argv[i]))
                return false;
            options = options && order == SETTINGS_MIXED;
            continue;
        }
        if (!read_option(s, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used_next))
            return false;
        i += used_next;
    }
    return true;
}
