/*
 * Settings from YAML: mappings make a path, scalars and sequences of scalars
 * are values.
 *
 *     rpc:
 *       port: 8332          path "rpc.port"
 *       allow:
 *         - 127.0.0.1       a value of the list "rpc.allow"
 *
 * libyaml's events come one by one, so what cannot be (an alias, a sequence in
 * a sequence) ends the reading before anything is built from it.
 */
#include "base/settings_impl.h"

#include <yaml.h>

#include <stdio.h>

enum {
    DEPTH_MAX = 8,
    PATH_SIZE = 256,
};

/* A key that has been read, so that the second is noticed. */
struct seen {
    struct seen *next;
    size_t line;
    char path[];
};

struct reader {
    struct settings *s;
    struct settings_place place;
    yaml_parser_t parser;
    struct seen *seen;
    char path[PATH_SIZE];       /* of the mappings that are open, and of the key that was read */
    size_t levels[DEPTH_MAX];   /* the path's size in each open mapping */
    unsigned depth;             /* how many are open */
    bool keyed;                 /* a key has been read, its value comes */
    const struct setting *list; /* a sequence is open */
    bool document;              /* one has begun */
};

static bool fail(struct reader *r, const char *what)
{
    return settings_fail(r->s, &r->place, "%s%s%s", r->path, *r->path ? ": " : "", what);
}

static const struct setting *find_path(const struct reader *r)
{
    for (size_t i = 0; i < r->s->count; i++)
        if (r->s->table[i].type != SETTING_HEADING &&
            strcmp(settings_yaml_path(&r->s->table[i]), r->path) == 0)
            return &r->s->table[i];
    return NULL;
}

/* Whether settings lie below the path. */
static bool is_branch(const struct reader *r)
{
    size_t length = strlen(r->path);

    for (size_t i = 0; i < r->s->count; i++) {
        const char *path = settings_yaml_path(&r->s->table[i]);

        if (r->s->table[i].type != SETTING_HEADING && strncmp(path, r->path, length) == 0 &&
            path[length] == '.')
            return true;
    }
    return false;
}

static bool fail_unknown(struct reader *r)
{
    char hint[SETTINGS_HINT_SIZE];

    settings_hint(hint, r->s, r->path, "", true);
    return settings_fail(r->s, &r->place, "unknown setting %s%s", r->path, hint);
}

/* YAML forbids two equal keys in a mapping; so does this, across mappings of one path too. */
static bool note_path(struct reader *r)
{
    size_t size = strlen(r->path) + 1;
    struct seen *seen;

    for (seen = r->seen; seen; seen = seen->next)
        if (strcmp(seen->path, r->path) == 0)
            return settings_fail(r->s, &r->place, "%s is given twice, first in line %zu", r->path,
                                 seen->line);
    seen = arena_alloc(&r->s->arena, sizeof *seen + size);
    if (!seen)
        return settings_fail_memory(r->s);
    memcpy(seen->path, r->path, size);
    seen->line = r->place.line;
    seen->next = r->seen;
    r->seen = seen;
    return true;
}

static bool read_key(struct reader *r, struct bytes key)
{
    size_t length = r->levels[r->depth - 1];
    const char *dot = length ? "." : "";
    int size;

    if (key.size == 0 || memchr(key.data, 0, key.size))
        return fail(r, "an empty key, or one that is no text");
    size = snprintf(r->path + length, PATH_SIZE - length, "%s%.*s", dot,
                    key.size < PATH_SIZE ? (int)key.size : PATH_SIZE, (const char *)key.data);
    r->keyed = true;
    if (size < 0 || (size_t)size >= PATH_SIZE - length || (!find_path(r) && !is_branch(r)))
        return fail_unknown(r);
    return note_path(r);
}

/* The value has been read: the path is its mapping's again. */
static void end_value(struct reader *r)
{
    r->keyed = false;
    r->path[r->depth ? r->levels[r->depth - 1] : 0] = 0;
}

static bool is_null(const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;

    return event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static bool read_scalar(struct reader *r, const yaml_event_t *event)
{
    struct bytes text = bytes_of(event->data.scalar.value, event->data.scalar.length);
    const struct setting *setting;

    if (r->depth == 0)
        return is_null(event) ? true : fail(r, "not a mapping of settings");
    if (!r->keyed)
        return read_key(r, text);
    setting = r->list ? r->list : find_path(r);
    if (!setting && is_null(event)) { /* a title without settings below it */
        end_value(r);
        return true;
    }
    if (!setting)
        return fail(r, "settings must follow, not a value");
    if (is_null(event))
        return fail(r, "has no value");
    if (!settings_add(r->s, &r->place, setting, r->path, text))
        return false;
    if (!r->list)
        end_value(r);
    return true;
}

static bool begin_mapping(struct reader *r)
{
    if (r->list || (r->depth > 0 && !r->keyed))
        return fail(r, "a mapping where a text must be");
    if (r->depth > 0 && !is_branch(r))
        return fail(r, "a value must follow, not further settings");
    if (r->depth == DEPTH_MAX)
        return fail(r, "nested too deeply");
    r->levels[r->depth++] = strlen(r->path);
    r->keyed = false;
    return true;
}

static void end_mapping(struct reader *r)
{
    r->depth--;
    end_value(r);
}

static bool begin_sequence(struct reader *r)
{
    const struct setting *setting = r->keyed && !r->list ? find_path(r) : NULL;

    if (!setting || setting->type != SETTING_LIST)
        return fail(r, "a sequence where none can be");
    r->list = setting;
    return true;
}

static bool begin_document(struct reader *r)
{
    if (r->document)
        return fail(r, "a second document");
    r->document = true;
    return true;
}

static bool read_event(struct reader *r, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return begin_document(r);
    case YAML_ALIAS_EVENT:
        return fail(r, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        return read_scalar(r, event);
    case YAML_SEQUENCE_START_EVENT:
        return begin_sequence(r);
    case YAML_SEQUENCE_END_EVENT:
        r->list = NULL;
        end_value(r);
        return true;
    case YAML_MAPPING_START_EVENT:
        return begin_mapping(r);
    case YAML_MAPPING_END_EVENT:
        end_mapping(r);
        return true;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return true;
}

static bool fail_parser(struct reader *r)
{
    const char *problem = r->parser.problem ? r->parser.problem : "no memory";

    r->place.line = r->parser.problem_mark.line + 1;
    if (r->parser.error == YAML_READER_ERROR)
        return settings_fail(r->s, &r->place, "not YAML: %s at byte %zu", problem,
                             r->parser.problem_offset);
    return settings_fail(r->s, &r->place, "not YAML: %s", problem);
}

static bool read_stream(struct reader *r)
{
    bool going = true;

    while (going) {
        yaml_event_t event;
        bool good;

        if (!yaml_parser_parse(&r->parser, &event))
            return fail_parser(r);
        r->place.line = event.start_mark.line + 1;
        going = event.type != YAML_STREAM_END_EVENT;
        good = read_event(r, &event);
        yaml_event_delete(&event);
        if (!good)
            return false;
    }
    return true;
}

bool settings_read_yaml(struct settings *s, const char *origin, struct bytes text)
{
    struct reader r = {.s = s, .place = {.origin = ORIGIN_YAML, .name = origin}};
    bool good;

    s->error[0] = 0;
    s->files++;
    if (text.size > SETTINGS_FILE_SIZE_MAX)
        return settings_fail(s, &r.place, "more than %d bytes", SETTINGS_FILE_SIZE_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return settings_fail_memory(s);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, text.data, text.size);
    good = read_stream(&r);
    yaml_parser_delete(&r.parser);
    return good;
}

bool settings_read_yaml_file(struct settings *s, const char *path)
{
    struct bytes text;

    return settings_load(s, &text, path) && settings_read_yaml(s, path, text);
}
