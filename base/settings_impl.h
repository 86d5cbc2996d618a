/* What the settings' files share: see settings.h for what it is about. */
#ifndef BASE_SETTINGS_IMPL_H
#define BASE_SETTINGS_IMPL_H

#include "base/arena.h"
#include "base/settings.h"

enum settings_origin {
    ORIGIN_COMMAND_LINE,
    ORIGIN_YAML,
    ORIGIN_CONF,
};

/* One value as some source gave it. All texts are in the arena. */
struct settings_value {
    const struct setting *setting;
    const char *text; /* has passed settings_value_check */
    const char *source;
    const char *section; /* of bitcoin.conf; NULL: none */
    enum settings_origin origin;
    unsigned file; /* which of the files that were read, from 1; 0: none */
    bool negated;  /* -noname: what the same source said before is void */
};

struct settings {
    const struct setting *table;
    size_t count;
    struct arena arena;
    struct settings_value *values; /* in the order in which they were read */
    size_t value_count, value_capacity;
    const char **positional;
    size_t positional_count, positional_capacity;
    const char **warnings;
    size_t warning_count, warning_capacity;
    const char *section;
    unsigned files;
    char error[512];
};

/* Where a reader is: what a message begins with, and what a value's source will be. */
struct settings_place {
    enum settings_origin origin;
    const char *name;    /* the file; NULL on the command line */
    const char *section; /* or NULL */
    size_t line;
};

/* Sets the error, behind the place where that is not NULL; always false. Control characters become '?'. */
bool settings_fail(struct settings *s, const struct settings_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void settings_warn(struct settings *s, const struct settings_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool settings_fail_memory(struct settings *s);

/* Makes '?' of control characters, with which a file could command the terminal. */
void settings_blank_controls(char *text);

const struct setting *settings_find(const struct settings *s, struct bytes name);

/* "; did you mean X?" in out with the known name that is nearest, or "" where none is near. */
enum { SETTINGS_HINT_SIZE = 160 };
void settings_hint(char out[static SETTINGS_HINT_SIZE], const struct settings *s, const char *name,
                   const char *dashes, bool paths);

/* The name in YAML. */
const char *settings_yaml_path(const struct setting *setting);

/* Grows an array of the arena's so that it holds one element more; the array, or NULL. */
void *settings_grow(struct settings *s, void *array, size_t count, size_t *capacity, size_t size);

/*
 * Checks a value and keeps a copy. shown is the name as the user wrote it, for
 * errors. False with the error set.
 */
bool settings_add(struct settings *s, const struct settings_place *place,
                  const struct setting *setting, const char *shown, struct bytes text);

/* The same for -noname, whose own value ("-noname=0") is text, or NULL. */
bool settings_add_negated(struct settings *s, const struct settings_place *place,
                          const struct setting *setting, const char *shown, const char *text);

/*
 * settings_get.c: the index-th value that counts, of what is no list only that
 * of index 0; a negation where that is all there is. NULL: the default counts,
 * or there are no more.
 */
const struct settings_value *settings_effective(const struct settings *s,
                                                const struct setting *setting, size_t index);

/* settings_value.c: values as text; false where the text is none. */
bool settings_value_bool(bool *value, const char *text);
bool settings_value_int(int64_t *value, const struct setting *setting, const char *text);
bool settings_value_double(double *value, const struct setting *setting, const char *text);

/* Whether text is a value of the setting, else why not, as "... is not ...", in problem. */
bool settings_value_check(char *problem, size_t size, const struct setting *setting,
                          const char *text);

/* The value as it may be shown: secrets, and the password in a URL, are "****". */
void settings_value_show(char *out, size_t size, const struct setting *setting, const char *text);

/* What of a file fits; false with the error set. The bytes are in the arena. */
bool settings_load(struct settings *s, struct bytes *text, const char *path);

#endif
