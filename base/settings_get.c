/*
 * Which of the values counts.
 *
 * Values come in groups, the foremost first: the command line's; then, of each
 * file in the order of reading, those of the selected section and those outside
 * sections. Within a group nothing before its last negation counts; then the
 * command line's last value does, a file's first (Core, common/settings.cpp).
 */
#include "base/settings_impl.h"

#include <assert.h>

static unsigned group_count(const struct settings *s) { return 1 + 2 * s->files; }

static bool in_group(const struct settings *s, const struct settings_value *v, unsigned group)
{
    bool sectioned = group % 2 == 1; /* of the groups from 1 on */

    if (group == 0)
        return v->origin == ORIGIN_COMMAND_LINE;
    if (v->file != (group + 1) / 2)
        return false;
    if (sectioned)
        return v->section && strcmp(v->section, s->section) == 0;
    if (v->section)
        return false;
    return v->origin != ORIGIN_CONF || !(v->setting->flags & SETTING_NETWORK) ||
           strcmp(s->section, "main") == 0;
}

/* The values of a setting in one group. */
struct group {
    size_t begin;                       /* where to look for the first that counts */
    const struct settings_value *first; /* behind the last negation; NULL: none */
    const struct settings_value *last;  /* a negation too; NULL: the group is empty */
    bool negated;                       /* there is a negation */
};

static struct group find_group(const struct settings *s, const struct setting *setting,
                               unsigned number)
{
    struct group g = {0};

    for (size_t i = 0; i < s->value_count; i++) {
        const struct settings_value *v = &s->values[i];

        if (v->setting != setting || !in_group(s, v, number))
            continue;
        g.last = v;
        if (v->negated) {
            g.negated = true;
            g.first = NULL;
        } else if (!g.first) {
            g.first = v;
            g.begin = i;
        }
    }
    return g;
}

/* The value that counts of a setting that has one; NULL: its default does. */
static const struct settings_value *find_value(const struct settings *s,
                                               const struct setting *setting)
{
    for (unsigned number = 0; number < group_count(s); number++) {
        struct group g = find_group(s, setting, number);

        if (g.last)
            return number == 0 || !g.first ? g.last : g.first;
    }
    return NULL;
}

/* The index-th value of a list, NULL behind the last; *replaced where the default does not count. */
static const struct settings_value *
find_element(const struct settings *s, const struct setting *setting, size_t index, bool *replaced)
{
    *replaced = false;
    for (unsigned number = 0; number < group_count(s); number++) {
        struct group g = find_group(s, setting, number);

        *replaced |= g.last != NULL;
        for (size_t i = g.begin; g.first && i < s->value_count; i++) {
            const struct settings_value *v = &s->values[i];

            if (v->setting == setting && in_group(s, v, number) && index-- == 0)
                return v;
        }
        if (g.negated || (g.last && (setting->flags & SETTING_REPLACES)))
            break;
    }
    return NULL;
}

const struct settings_value *settings_effective(const struct settings *s,
                                                const struct setting *setting, size_t index)
{
    const struct settings_value *v = NULL;
    bool replaced;

    if (setting->type == SETTING_LIST)
        v = find_element(s, setting, index, &replaced);
    return v || index > 0 ? v : find_value(s, setting);
}

static const struct setting *must_find(const struct settings *s, const char *name)
{
    const struct setting *setting = settings_find(s, bytes_of(name, strlen(name)));

    assert(setting);
    return setting;
}

/* The text that counts, the default's included. */
static const char *value_text(const struct settings *s, const struct setting *setting)
{
    const struct settings_value *v = find_value(s, setting);
    const char *none = setting->type == SETTING_STRING ? "" : "0";

    if (v)
        return v->text;
    return setting->fallback ? setting->fallback : none;
}

bool settings_bool(const struct settings *s, const char *name)
{
    const struct setting *setting = must_find(s, name);
    bool value = false;

    assert(setting->type == SETTING_BOOL);
    settings_value_bool(&value, value_text(s, setting));
    return value;
}

int64_t settings_int(const struct settings *s, const char *name)
{
    const struct setting *setting = must_find(s, name);
    int64_t value = 0;

    assert(setting->type == SETTING_INT || setting->type == SETTING_SIZE ||
           setting->type == SETTING_AMOUNT);
    settings_value_int(&value, setting, value_text(s, setting));
    return value;
}

double settings_double(const struct settings *s, const char *name)
{
    const struct setting *setting = must_find(s, name);
    double value = 0;

    assert(setting->type == SETTING_DOUBLE || setting->type == SETTING_PERCENT);
    settings_value_double(&value, setting, value_text(s, setting));
    return value;
}

const char *settings_string(const struct settings *s, const char *name)
{
    const struct setting *setting = must_find(s, name);

    assert(setting->type == SETTING_STRING);
    return value_text(s, setting);
}

const char *settings_list(const struct settings *s, const char *name, size_t index)
{
    const struct setting *setting = must_find(s, name);
    const struct settings_value *v;
    bool replaced;

    assert(setting->type == SETTING_LIST);
    v = find_element(s, setting, index, &replaced);
    if (v)
        return v->text;
    return index == 0 && !replaced ? setting->fallback : NULL;
}

size_t settings_list_size(const struct settings *s, const char *name)
{
    size_t size = 0;

    while (settings_list(s, name, size))
        size++;
    return size;
}

bool settings_given(const struct settings *s, const char *name)
{
    return settings_effective(s, must_find(s, name), 0) != NULL;
}

const char *settings_source(const struct settings *s, const char *name)
{
    const struct settings_value *v = settings_effective(s, must_find(s, name), 0);

    return v ? v->source : "default";
}
