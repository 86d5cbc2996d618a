/* Settings as text for people: the help, and what has been set. */
#include "base/settings_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WIDTH = 79,
    INDENT = 7, /* of what explains an option, as in Core's help */
};

/* Words, wrapped; ends of line in the text stay. */
static void print_wrapped(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t word = strcspn(text, " \n");
        size_t space = column > 0;

        if (word && column && INDENT + column + space + word > WIDTH) {
            fputc('\n', out);
            column = space = 0;
        }
        if (word) {
            fprintf(out, "%*s%.*s", column ? (int)space : INDENT, "", (int)word, text);
            column += space + word;
        }
        text += word;
        if (*text == '\n') {
            fputc('\n', out);
            column = 0;
        }
        text += *text != 0;
    }
    fputc('\n', out);
}

/* Whether the limits are worth saying: those of amounts and sizes, and of a whole type, are not. */
static bool has_bounds(const struct setting *setting)
{
    bool plain = setting->type == SETTING_INT || setting->type == SETTING_DOUBLE ||
                 setting->type == SETTING_PERCENT;

    return plain && (setting->min != 0 || setting->max != 0) && setting->max < INT32_MAX;
}

/* The explanation with its "(0 to 1024; default: 0)". */
static char *explain(const struct setting *setting)
{
    const char *before = " (";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs(setting->help, out);
    if (has_bounds(setting)) {
        fprintf(out, "%s%" PRId64 " to %" PRId64, before, setting->min, setting->max);
        before = "; ";
    }
    if (setting->fallback && *setting->fallback) {
        fprintf(out, "%sdefault: %s", before, setting->fallback);
        before = "; ";
    }
    if (*before == ';')
        fputc(')', out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* False where memory lacks. */
static bool print_setting(FILE *out, const struct setting *setting, const char *dashes)
{
    const char *argument = setting->argument ? setting->argument : "VALUE";
    char *text = explain(setting);

    if (!text)
        return false;
    fputs("  ", out);
    if (setting->letter)
        fprintf(out, "-%c, ", setting->letter);
    fprintf(out, "%s%s", dashes, setting->name);
    if (setting->type != SETTING_BOOL)
        fprintf(out, "=%s", argument);
    fputc('\n', out);
    print_wrapped(out, text);
    fputc('\n', out);
    free(text);
    return true;
}

/* The text of a memory stream; NULL, and nothing left to free, where anything failed. */
static char *close_text(FILE *out, char **text, bool good)
{
    good = fclose(out) == 0 && good;
    if (good)
        return *text;
    free(*text);
    return NULL;
}

char *settings_help(const struct settings *s, const char *dashes, bool all)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool good = true;

    if (!out)
        return NULL;
    for (size_t i = 0; i < s->count && good; i++) {
        const struct setting *setting = &s->table[i];

        if ((setting->flags & SETTING_HIDDEN) && !all)
            continue;
        if (setting->type == SETTING_HEADING)
            fprintf(out, "%s:\n\n", setting->name);
        else
            good = print_setting(out, setting, dashes);
    }
    return close_text(out, &text, good);
}

static void report_value(FILE *out, const struct setting *setting, const struct settings_value *v)
{
    char shown[256];

    settings_value_show(shown, sizeof shown, setting, v->text);
    settings_blank_controls(shown);
    fprintf(out, "%s=%s (%s)\n", setting->name, shown, v->source);
}

char *settings_report(const struct settings *s)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    for (size_t i = 0; i < s->count; i++) {
        const struct setting *setting = &s->table[i];
        const struct settings_value *v;

        if (setting->type == SETTING_HEADING)
            continue;
        for (size_t j = 0; (v = settings_effective(s, setting, j)) != NULL; j++)
            report_value(out, setting, v);
    }
    return close_text(out, &text, true);
}
