/*
 * The table, the messages, and the values as the sources give them:
 *
 *     settings_arguments.c --+
 *     settings_yaml.c -------+--> settings_add --> values --> settings_get.c
 *     settings_conf.c -------+
 *
 * Every value is kept with its source, in the order of reading; which of them
 * counts is decided when one is asked for, because the section of bitcoin.conf
 * that applies is known only after the files have been read.
 */
#include "base/settings_impl.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Asserts what settings.h asks of a table. */
static void check_table(const struct settings *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct setting *a = &s->table[i];
        char problem[160];

        assert(a->name && *a->name != '-' && !(a->min > a->max));
        if (a->type == SETTING_HEADING)
            continue;
        assert(!strpbrk(a->name, "= .") && strlen(a->name) > 1);
        assert(a->help);
        assert(!a->fallback || settings_value_check(problem, sizeof problem, a, a->fallback));
        for (size_t j = 0; j < i; j++) {
            const struct setting *b = &s->table[j];

            if (b->type == SETTING_HEADING)
                continue;
            assert(strcmp(a->name, b->name) != 0);
            assert(!a->letter || a->letter != b->letter);
            assert(strcmp(settings_yaml_path(a), settings_yaml_path(b)) != 0);
        }
    }
}

struct settings *settings_create(const struct setting *table, size_t count)
{
    struct settings *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->table = table;
    s->count = count;
    s->section = "main";
    arena_init(&s->arena, 64 * (size_t)SETTINGS_FILE_SIZE_MAX);
    check_table(s);
    return s;
}

void settings_destroy(struct settings *s)
{
    if (!s)
        return;
    arena_free(&s->arena);
    free(s);
}

void settings_blank_controls(char *text)
{
    struct bytes left = bytes_of(text, strlen(text));

    while (left.size) {
        size_t control = utf8_control_size(left);
        size_t size = control ? control : 1;

        if (control)
            memset(text, '?', control);
        text += size;
        left = bytes_of(text, left.size - size);
    }
}

/* The place, then what happened. */
__attribute__((format(printf, 4, 0))) static void print_message(char *out, size_t size,
                                                                const struct settings_place *place,
                                                                const char *format, va_list args)
{
    int head = 0;

    if (place && place->name)
        head = place->line ? snprintf(out, size, "%.200s:%zu: ", place->name, place->line)
                           : snprintf(out, size, "%.200s: ", place->name);
    vsnprintf(out + head, size - (size_t)head, format, args);
    settings_blank_controls(out);
}

bool settings_fail(struct settings *s, const struct settings_place *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_message(s->error, sizeof s->error, place, format, args);
    va_end(args);
    return false;
}

bool settings_fail_memory(struct settings *s)
{
    return settings_fail(s, NULL, "no memory for the settings");
}

void *settings_grow(struct settings *s, void *array, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *larger;

    if (count < *capacity)
        return array;
    larger = arena_array(&s->arena, wanted, size);
    if (!larger)
        return NULL;
    if (count)
        memcpy(larger, array, count * size);
    *capacity = wanted;
    return larger;
}

void settings_warn(struct settings *s, const struct settings_place *place, const char *format, ...)
{
    char text[sizeof s->error];
    const char **warnings;
    va_list args;

    va_start(args, format);
    print_message(text, sizeof text, place, format, args);
    va_end(args);
    warnings = settings_grow(s, (void *)s->warnings, s->warning_count, &s->warning_capacity,
                             sizeof *warnings);
    if (!warnings || s->warning_count >= SETTINGS_VALUES_MAX)
        return;
    s->warnings = warnings;
    s->warnings[s->warning_count] = arena_string(&s->arena, text);
    s->warning_count += s->warnings[s->warning_count] != NULL;
}

const char *settings_error(const struct settings *s) { return s->error; }

const char *settings_warning(const struct settings *s, size_t index)
{
    return index < s->warning_count ? s->warnings[index] : NULL;
}

const char *settings_positional(const struct settings *s, size_t index)
{
    return index < s->positional_count ? s->positional[index] : NULL;
}

void settings_select_section(struct settings *s, const char *section) { s->section = section; }

const char *settings_yaml_path(const struct setting *setting)
{
    return setting->path ? setting->path : setting->name;
}

const struct setting *settings_find(const struct settings *s, struct bytes name)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->table[i].type != SETTING_HEADING &&
            bytes_equal(name, bytes_of(s->table[i].name, strlen(s->table[i].name))))
            return &s->table[i];
    return NULL;
}

enum { NAME_SIZE = 64 }; /* names that are longer resemble none */

/* How many characters must be put in, taken out or changed to make b of a (Levenshtein). */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_SIZE + 1];
    size_t length = strlen(b);

    if (length > NAME_SIZE || strlen(a) > NAME_SIZE)
        return SIZE_MAX;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[length];
}

void settings_hint(char out[static SETTINGS_HINT_SIZE], const struct settings *s, const char *name,
                   const char *dashes, bool paths)
{
    size_t nearest = 2 + strlen(name) / 4; /* farther than that is no misspelling */
    const char *best = NULL;

    for (size_t i = 0; i < s->count; i++) {
        const struct setting *setting = &s->table[i];
        const char *known = paths ? settings_yaml_path(setting) : setting->name;
        size_t distance;

        if (setting->type == SETTING_HEADING)
            continue;
        distance = edit_distance(name, known);
        if (distance < nearest && distance < strlen(known)) {
            nearest = distance;
            best = known;
        }
    }
    out[0] = 0;
    if (best)
        snprintf(out, SETTINGS_HINT_SIZE, "; did you mean %s%.100s?", dashes, best);
}

/* Keeps a value that has been checked. */
static bool keep_value(struct settings *s, const struct settings_place *place,
                       struct settings_value value)
{
    struct settings_value *values;

    if (s->value_count >= SETTINGS_VALUES_MAX)
        return settings_fail(s, place, "more than %d values", SETTINGS_VALUES_MAX);
    values = settings_grow(s, s->values, s->value_count, &s->value_capacity, sizeof *values);
    if (!values)
        return settings_fail_memory(s);
    s->values = values;
    value.origin = place->origin;
    value.section = place->section;
    value.file = place->origin == ORIGIN_COMMAND_LINE ? 0 : s->files;
    value.source =
        place->name ? arena_format(&s->arena, "%s:%zu", place->name, place->line) : "command line";
    if (!value.source || !value.text)
        return settings_fail_memory(s);
    s->values[s->value_count++] = value;
    return true;
}

bool settings_add(struct settings *s, const struct settings_place *place,
                  const struct setting *setting, const char *shown, struct bytes text)
{
    char problem[300];
    char *copy;

    if (text.size > SETTINGS_VALUE_SIZE_MAX)
        return settings_fail(s, place, "%s: a value of more than %d bytes", shown,
                             SETTINGS_VALUE_SIZE_MAX);
    if (text.size && memchr(text.data, 0, text.size))
        return settings_fail(s, place, "%s: a value with a zero byte in it", shown);
    copy = arena_alloc(&s->arena, text.size + 1);
    if (!copy)
        return settings_fail_memory(s);
    if (text.size)
        memcpy(copy, text.data, text.size);
    if (!settings_value_check(problem, sizeof problem, setting, copy))
        return settings_fail(s, place, "%s: %s", shown, problem);
    return keep_value(s, place, (struct settings_value){.setting = setting, .text = copy});
}

bool settings_add_negated(struct settings *s, const struct settings_place *place,
                          const struct setting *setting, const char *shown, const char *text)
{
    bool textual = setting->type == SETTING_STRING || setting->type == SETTING_LIST;
    struct settings_value value = {.setting = setting, .text = textual ? "" : "0", .negated = true};
    char problem[300];
    bool negated = true;

    if (text && *text && !settings_value_bool(&negated, text))
        return settings_fail(s, place, "%s: it negates, so its value can be 1 or 0 only", shown);
    if (!negated && setting->type != SETTING_BOOL)
        return settings_fail(s, place, "%s: a double negation says no value", shown);
    if (!negated) {
        value.text = "1";
        value.negated = false;
    }
    if (!settings_value_check(problem, sizeof problem, setting, value.text))
        return settings_fail(s, place, "%s: %s", shown, problem);
    return keep_value(s, place, value);
}
