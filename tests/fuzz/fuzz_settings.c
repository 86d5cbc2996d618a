/*
 * Hostile configuration: the first byte says whether the rest is YAML,
 * bitcoin.conf or a command line, an argument a line. Whatever is accepted must
 * be within its limits, whatever is refused must say why in one line, and no
 * report may show a secret.
 */
#include "base/settings.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>

static const struct setting table[] = {
    {.name = "A heading", .type = SETTING_HEADING},
    {.name = "flag", .letter = 'f', .path = "a.flag", .type = SETTING_BOOL, .help = "A flag"},
    {.name = "int",
     .letter = 'i',
     .path = "a.int",
     .type = SETTING_INT,
     .min = -10,
     .max = 1000,
     .fallback = "7",
     .help = "A number"},
    {.name = "size",
     .path = "a.size",
     .type = SETTING_SIZE,
     .min = 0,
     .max = 1 << 30,
     .help = "A size",
     .flags = SETTING_NETWORK},
    {.name = "fee", .path = "b.c.fee", .type = SETTING_AMOUNT, .min = 0, .max = 100, .help = "Fee"},
    {.name = "real", .path = "b.real", .type = SETTING_DOUBLE, .min = -1, .max = 1, .help = "R"},
    {.name = "part", .type = SETTING_PERCENT, .min = 0, .max = 100, .help = "A part"},
    {.name = "text", .letter = 't', .path = "b.text", .type = SETTING_STRING, .help = "A text"},
    {.name = "pass", .type = SETTING_STRING, .help = "Secret", .flags = SETTING_SECRET},
    {.name = "list", .letter = 'l', .path = "b.list", .type = SETTING_LIST, .help = "A list"},
    {.name = "last",
     .path = "last",
     .type = SETTING_LIST,
     .fallback = "x",
     .help = "A list",
     .flags = SETTING_REPLACES | SETTING_HIDDEN},
};

enum { ARGUMENTS_MAX = 64 };

static bool read_arguments(struct settings *s, const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char *argv[ARGUMENTS_MAX] = {text};
    int argc = 1;
    bool good;

    FUZZ_CHECK(text);
    memcpy(text, data, size);
    text[size] = 0;
    for (char *at = text; at && argc < ARGUMENTS_MAX; argc++) {
        argv[argc] = at;
        at = strchr(at, '\n');
        if (at)
            *at++ = 0;
    }
    good =
        settings_read_arguments(s, argc, argv, size % 2 ? SETTINGS_MIXED : SETTINGS_OPTIONS_FIRST);
    free(text);
    return good;
}

static void check_line(const char *text)
{
    for (; *text; text++)
        FUZZ_CHECK(!iscntrl((unsigned char)*text));
}

static void check_lists(const struct settings *s, const char *name)
{
    size_t count = settings_list_size(s, name);

    FUZZ_CHECK(count <= SETTINGS_VALUES_MAX);
    for (size_t i = 0; i < count; i++)
        FUZZ_CHECK(strlen(settings_list(s, name, i)) <= SETTINGS_VALUE_SIZE_MAX);
    FUZZ_CHECK(!settings_list(s, name, count));
}

static void check_values(const struct settings *s)
{
    FUZZ_CHECK(settings_int(s, "int") >= -10 && settings_int(s, "int") <= 1000);
    FUZZ_CHECK(settings_int(s, "size") >= 0 && settings_int(s, "size") <= 1 << 30);
    FUZZ_CHECK(settings_int(s, "fee") >= 0 && settings_int(s, "fee") <= 100);
    FUZZ_CHECK(settings_double(s, "real") >= -1 && settings_double(s, "real") <= 1);
    FUZZ_CHECK(settings_double(s, "part") >= 0 && settings_double(s, "part") <= 100);
    FUZZ_CHECK(strlen(settings_string(s, "text")) <= SETTINGS_VALUE_SIZE_MAX);
    settings_bool(s, "flag");
    check_lists(s, "list");
    check_lists(s, "last");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *name = table[i].name;

        if (table[i].type == SETTING_HEADING)
            continue;
        FUZZ_CHECK(settings_given(s, name) == (strcmp(settings_source(s, name), "default") != 0));
    }
}

static void check_report(const struct settings *s)
{
    const char *secret = settings_string(s, "pass");
    char *text = settings_report(s);
    char *line, *rest;

    FUZZ_CHECK(text);
    for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        check_line(line);
        if (*secret && strncmp(line, "pass=", 5) == 0)
            FUZZ_CHECK(strncmp(line, "pass=**** (", 11) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *s = settings_create(table, sizeof table / sizeof *table);
    bool good;

    FUZZ_CHECK(s);
    if (size == 0 || data[0] % 3 == 0)
        good = settings_read_yaml(s, "config.yaml", bytes_of(data + (size > 0), size - (size > 0)));
    else if (data[0] % 3 == 1)
        good = settings_read_conf(s, "bitcoin.conf", bytes_of(data + 1, size - 1));
    else
        good = read_arguments(s, data + 1, size - 1);
    FUZZ_CHECK(good == !*settings_error(s));
    check_line(settings_error(s));
    for (size_t i = 0; settings_warning(s, i); i++)
        check_line(settings_warning(s, i));
    check_values(s);
    check_report(s);
    settings_select_section(s, "regtest");
    check_values(s);
    settings_destroy(s);
    return 0;
}
