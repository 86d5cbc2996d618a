/*
 * Settings: one table a program, read from the command line, from a
 * configuration file in YAML and from one in the form of bitcoin.conf.
 *
 *     static const struct setting table[] = {
 *         {.name = "Mining options", .type = SETTING_HEADING},
 *         {.name = "threads", .letter = 't', .path = "mining.threads", .type = SETTING_INT,
 *          .min = 0, .max = 1024, .fallback = "0", .argument = "N", .help = "Threads (0: all)"},
 *     };
 *     struct settings *s = settings_create(table, sizeof table / sizeof *table);
 *     if (!settings_read_arguments(s, argc, argv, SETTINGS_MIXED) ||
 *         !settings_read_yaml_file(s, settings_string(s, "config")))
 *         fail(settings_error(s));
 *     int64_t threads = settings_int(s, "threads");
 *
 * On the command line: -name=value, --name=value, --name value, -t value, -t4
 * (numbers only), --flag, -noflag, --no-flag; "--" ends the options. -noname of
 * a setting that is no flag empties it (a list, a string) or makes it 0. A
 * flag's value may be 1, 0, true, false, yes, no, on, off, and follows "=" only.
 *
 * The command line goes before files, of files the one that was read first,
 * and last comes the default. Of a name that is given again, the command line's
 * last counts and a bitcoin.conf's first, as in Core; in YAML it is an error.
 * Lists gather the values of all sources in that order, unless the setting says
 * SETTING_REPLACES.
 *
 * An unknown name is an error that says the nearest known one; in bitcoin.conf,
 * which other programs share, it is a warning. Errors say where they are:
 * "config.yaml:12: rpc.port: 70000 is not within 1 to 65535". Values are checked
 * when they are read, so the typed getters cannot fail.
 *
 * A struct settings may be read from many threads once nothing writes it.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/bytes.h"

enum {
    SETTINGS_FILE_SIZE_MAX = 1 << 20, /* bytes of a configuration file */
    SETTINGS_VALUE_SIZE_MAX = 16384,  /* bytes of one value */
    SETTINGS_VALUES_MAX = 10000,      /* values from all sources */
};

enum setting_type {
    SETTING_BOOL,
    SETTING_INT,     /* decimal or 0x...; "false" is 0 where 0 is allowed */
    SETTING_SIZE,    /* bytes: 10, 10k (1000), 10K (1024), then m M g G t T */
    SETTING_AMOUNT,  /* coins with up to 8 decimals; read as satoshis */
    SETTING_DOUBLE,  /* finite */
    SETTING_PERCENT, /* "40%" or "40"; read as a double, 40 */
    SETTING_STRING,
    SETTING_LIST,    /* strings: given again, or a YAML sequence */
    SETTING_HEADING, /* not a setting: a title in the help */
};

enum setting_flags {
    SETTING_SECRET = 1,   /* its value appears in no error and no report */
    SETTING_HIDDEN = 2,   /* not in the help unless all is asked for */
    SETTING_REPLACES = 4, /* of a list: values of the foremost source alone count */
    SETTING_OPTIONAL = 8, /* without a value it is "1", as Core's -debug; one follows "=" only */
    SETTING_NETWORK = 16, /* as Core's rpcport: outside sections, bitcoin.conf sets main's only */
};

struct setting {
    const char *name; /* without dashes, '=', '.' and spaces; two characters or more; unique */
    char letter;      /* the short option, or 0 */
    const char *path; /* in YAML, dotted; NULL: the name */
    enum setting_type type;
    int64_t min, max;     /* of numbers, sizes and satoshis; both 0: any */
    const char *fallback; /* the default as text; NULL: false, 0, "" or an empty list */
    const char *argument; /* what the help calls its value: "PORT" */
    const char *help;
    unsigned flags;
};

struct settings;

/* The table must outlive the settings; its mistakes are asserted. NULL where memory lacks. */
struct settings *settings_create(const struct setting *table, size_t count);
void settings_destroy(struct settings *s);

enum settings_order {
    SETTINGS_MIXED,         /* options may follow positional arguments */
    SETTINGS_OPTIONS_FIRST, /* the first positional argument ends the options, as in bitcoin-cli */
};

/* argv[1] and on. False, with settings_error, where anything in it cannot be; so the following. */
bool settings_read_arguments(struct settings *s, int argc, char *const *argv,
                             enum settings_order order);

/*
 * The file at path, which errors and settings_source call by that path. YAML has
 * mappings, scalars and sequences of scalars, no aliases, one document. In the
 * other form a [section], or a name with its "section." before it, holds for
 * that network alone; includeconf is refused.
 */
bool settings_read_yaml_file(struct settings *s, const char *path);
bool settings_read_conf_file(struct settings *s, const char *path);

/* The same in the form that its name tells: YAML where it ends in .yaml or .yml, else bitcoin.conf's. */
bool settings_read_file(struct settings *s, const char *path);

/* The same from text in memory, called origin. */
bool settings_read_yaml(struct settings *s, const char *origin, struct bytes text);
bool settings_read_conf(struct settings *s, const char *origin, struct bytes text);

/*
 * Which section of bitcoin.conf counts besides what is in none: "main", "test",
 * "testnet4", "signet", "regtest", "excalibur" or another that the program knows. "main"
 * until this is called; the name must outlive the settings.
 */
void settings_select_section(struct settings *s, const char *section);

/* Why the last reading was false, in one line; "" where it was true. Lives until the next. */
const char *settings_error(const struct settings *s);

/* Warnings in the order in which they arose; NULL from their number on. */
const char *settings_warning(const struct settings *s, size_t index);

/*
 * Values. The name must be in the table with that type (asserted): bool BOOL;
 * int INT, SIZE and AMOUNT; double DOUBLE and PERCENT; string STRING; list LIST.
 * Texts live as long as the settings.
 */
bool settings_bool(const struct settings *s, const char *name);
int64_t settings_int(const struct settings *s, const char *name);
double settings_double(const struct settings *s, const char *name);
const char *settings_string(const struct settings *s, const char *name);
size_t settings_list_size(const struct settings *s, const char *name);
const char *settings_list(const struct settings *s, const char *name, size_t index);

/* Whether any source but the default gives it. */
bool settings_given(const struct settings *s, const char *name);

/* Where the value comes from: "command line", "config.yaml:12", "default". */
const char *settings_source(const struct settings *s, const char *name);

/* The positional arguments in their order; NULL from their number on. */
const char *settings_positional(const struct settings *s, size_t index);

/*
 * The help: the headings and settings of the table in its order, at most 79
 * columns wide, names behind the given dashes ("-" or "--"); hidden ones where
 * all is true. The caller frees it; NULL where memory lacks.
 */
char *settings_help(const struct settings *s, const char *dashes, bool all);

/*
 * "name=value (source)", a line for each value that is not a default, secrets
 * as "****". As settings_help.
 */
char *settings_report(const struct settings *s);

#endif
