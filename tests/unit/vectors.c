#include "tests/unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

char *vectors_path(const char *path)
{
    const char *folder = getenv("EXS_VECTORS");
    char *whole = NULL;

    if (!folder || !*folder)
        folder = EXS_VECTORS_DEFAULT;
    if (asprintf(&whole, "%s/%s", folder, path) < 0)
        fail_msg("no memory");
    return whole;
}

/* Ends the test: there is no such file. */
static void missing(const char *path)
{
    const char *required = getenv("EXS_REQUIRE_VECTORS");

    if (required && strcmp(required, "1") == 0)
        fail_msg("no vectors: %s cannot be read (EXS_VECTORS names their folder)", path);
    print_message("skipped: no vectors (%s)\n", path);
    skip();
}

static uint8_t *read_all(FILE *file, size_t *size)
{
    struct stat status;
    uint8_t *data;

    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode))
        return NULL;
    *size = (size_t)status.st_size;
    data = malloc(*size + 1);
    if (!data)
        return NULL;
    data[*size] = 0;
    if (fread(data, 1, *size, file) != *size) {
        free(data);
        return NULL;
    }
    return data;
}

uint8_t *vectors_load(const char *path, size_t *size)
{
    char *whole = vectors_path(path);
    FILE *file = fopen(whole, "rb");
    uint8_t *data;

    free(whole);
    if (!file) {
        missing(path);
        return NULL;
    }
    data = read_all(file, size);
    fclose(file);
    if (!data)
        fail_msg("%s cannot be read", path);
    return data;
}

json_t *vectors_load_json(const char *path)
{
    size_t size;
    uint8_t *text = vectors_load(path, &size);
    json_error_t error;
    json_t *json = json_loadb((const char *)text, size, JSON_DECODE_ANY, &error);

    free(text);
    if (!json)
        fail_msg("%s:%d: %s", path, error.line, error.text);
    return json;
}
