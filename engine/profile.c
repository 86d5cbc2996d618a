#include "engine/profile.h"

#include "base/settings.h"
#include "engine/opencl/opencl.h"
#include "engine/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNEL(option, key)                                                                        \
    {                                                                                              \
        .name = option, .path = "kernels." key, .type = SETTING_STRING, .fallback = "auto",        \
        .help = "The implementation, or auto: measured at the start"                               \
    }

static const struct setting table[] = {
    {.name = "basis", .type = SETTING_STRING, .help = "measured or reasoned"},
    {.name = "cpu",
     .path = "machine.cpu",
     .type = SETTING_LIST,
     .help = "The names of the processors it is for; * stands for anything"},
    KERNEL("sha256-compress", "sha256_compress"),
    KERNEL("sha256d-64", "sha256d_64"),
    KERNEL("sha256d-many", "sha256d_many"),
    KERNEL("search", "search"),
    KERNEL("search-rolled", "search_rolled"),
    {.name = "threads",
     .path = "mining.threads",
     .type = SETTING_STRING,
     .fallback = "auto",
     .help = "auto, all, cores or how many"},
    {.name = "pinned",
     .path = "mining.pinned",
     .type = SETTING_BOOL,
     .fallback = "1",
     .help = "Whether each thread keeps to its CPU"},
    {.name = "unit-nonces",
     .path = "mining.unit_nonces",
     .type = SETTING_INT,
     .min = PROFILE_MIN_UNIT,
     .max = INT64_C(1) << 32,
     .help = "What a thread takes at a time"},
    {.name = "opencl-device",
     .path = "opencl.device",
     .type = SETTING_STRING,
     .help = "The name of the OpenCL devices that this is for; * stands for anything"},
    {.name = "opencl-versions",
     .path = "opencl.versions",
     .type = SETTING_INT,
     .min = 1,
     .max = 4,
     .help = "Versions a work item tries: 1, 2 or 4"},
    {.name = "opencl-vector",
     .path = "opencl.vector",
     .type = SETTING_INT,
     .min = 1,
     .max = 16,
     .help = "Nonces a work item tries side by side: 1, 4, 8 or 16"},
    {.name = "opencl-batch-ms",
     .path = "opencl.batch_ms",
     .type = SETTING_INT,
     .min = 1,
     .max = PROFILE_MAX_BATCH_MS,
     .help = "How long a batch shall take"},
};

/* Rows of any table of implementations, by index; NULL from their number on. */
typedef const char *row_fn(size_t i, unsigned *needs);

static const char *compress_row(size_t i, unsigned *needs)
{
    *needs = sha256_compress_impls[i].needs;
    return sha256_compress_impls[i].name;
}

static const char *d64_row(size_t i, unsigned *needs)
{
    *needs = sha256d_64_impls[i].needs;
    return sha256d_64_impls[i].name;
}

static const char *many_row(size_t i, unsigned *needs)
{
    *needs = sha256d_many_impls[i].needs;
    return sha256d_many_impls[i].name;
}

static const char *search_row(size_t i, unsigned *needs)
{
    *needs = search_impls[i].needs;
    return search_impls[i].name;
}

enum { SHOWN_SIZE = 41 };

/* Where a profile is read into. */
struct reading {
    struct profile *profile;
    struct settings *settings;
    unsigned cpu;
    char *said;
};

__attribute__((format(printf, 2, 3))) static bool say(const struct reading *r, const char *format,
                                                      ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->said, PROFILE_SAID_SIZE, format, args);
    va_end(args);
    return false;
}

/* The beginning of a value, fit to be shown: it may command a terminal otherwise. */
static const char *plain(char out[static SHOWN_SIZE], const char *text)
{
    size_t size = strnlen(text, SHOWN_SIZE - 1);

    for (size_t i = 0; i < size; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[size] = '\0';
    return out;
}

/* The setting's value as an implementation that runs here: its name, or NULL for auto. */
static bool read_name(const struct reading *r, const char **name, const char *setting, row_fn *row)
{
    const struct settings *s = r->settings;
    const char *text = settings_string(s, setting), *have;
    char shown[SHOWN_SIZE];
    unsigned needs;

    *name = NULL;
    if (strcmp(text, "auto") == 0)
        return true;
    for (size_t i = 0; (have = row(i, &needs)); i++) {
        if (strcmp(have, text) != 0)
            continue;
        if (needs & ~r->cpu)
            return say(r, "%s: this processor can't run the implementation %s",
                       settings_source(s, setting), have);
        *name = have;
        return true;
    }
    return say(r, "%s: this program has no such implementation: %s", settings_source(s, setting),
               plain(shown, text));
}

static bool read_names(const struct reading *r)
{
    struct kernel_names *names = &r->profile->names;

    return read_name(r, &names->sha256_compress, "sha256-compress", compress_row) &&
           read_name(r, &names->sha256d_64, "sha256d-64", d64_row) &&
           read_name(r, &names->sha256d_many, "sha256d-many", many_row) &&
           read_name(r, &names->search, "search", search_row) &&
           read_name(r, &names->search_rolled, "search-rolled", search_row);
}

static bool read_threads(const struct reading *r)
{
    const struct settings *s = r->settings;
    const char *text = settings_string(s, "threads");
    struct profile *p = r->profile;
    char *end, shown[SHOWN_SIZE];
    unsigned long count;

    if (strcmp(text, "auto") == 0) {
        p->place = PROFILE_PLACE_AUTO;
    } else if (strcmp(text, "all") == 0) {
        p->place = PROFILE_PLACE_ALL;
    } else if (strcmp(text, "cores") == 0) {
        p->place = PROFILE_PLACE_CORES;
    } else {
        errno = 0;
        count = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
        if (count < 1 || count > POOL_MAX_WORKERS || errno || *end)
            return say(r, "%s: mining.threads: \"%s\" is neither auto, all, cores nor 1 to %d",
                       settings_source(s, "threads"), plain(shown, text), POOL_MAX_WORKERS);
        p->place = PROFILE_PLACE_COUNT;
        p->threads = count;
    }
    return true;
}

static bool read_basis(const struct reading *r)
{
    const char *text = settings_string(r->settings, "basis");

    r->profile->measured = strcmp(text, "measured") == 0;
    return r->profile->measured || strcmp(text, "reasoned") == 0 ||
           say(r, "%s: basis is neither measured nor reasoned",
               settings_source(r->settings, "basis"));
}

/* Whether text is as the pattern, in which * stands for anything. Takes pattern times text steps at most. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *retry = text;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            retry = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++retry;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool is_for(const struct reading *r, const char *origin, const char *brand)
{
    const struct settings *s = r->settings;
    size_t count = settings_list_size(s, "cpu");

    for (size_t i = 0; i < count; i++)
        if (matches(settings_list(s, "cpu", i), brand))
            return true;
    if (count == 0)
        return say(r, "%s does not say which processors it is for (machine.cpu)", origin);
    return say(r, "%s is for another processor than this one, \"%s\"", origin, brand);
}

/* A number that can be left out, which is 0 then. */
static unsigned read_number(const struct reading *r, const char *setting)
{
    return settings_given(r->settings, setting) ? (unsigned)settings_int(r->settings, setting) : 0;
}

static bool read_opencl(const struct reading *r)
{
    struct profile_opencl *o = &r->profile->opencl;
    const char *device = settings_string(r->settings, "opencl-device");

    o->versions = read_number(r, "opencl-versions");
    o->vector = read_number(r, "opencl-vector");
    o->batch_ms = read_number(r, "opencl-batch-ms");
    if (o->versions && !opencl_has_versions(o->versions))
        return say(r, "%s: opencl.versions: %u is none of 1, 2 and 4",
                   settings_source(r->settings, "opencl-versions"), o->versions);
    if (o->vector && !opencl_has_vector(o->vector))
        return say(r, "%s: opencl.vector: %u is none of 1, 4, 8 and 16",
                   settings_source(r->settings, "opencl-vector"), o->vector);
    if (*device)
        o->device = strdup(device);
    return !*device || o->device || say(r, "out of memory");
}

static bool read_all(const struct reading *r, const char *origin, const char *brand)
{
    const struct settings *s = r->settings;

    if (!is_for(r, origin, brand) || !read_basis(r) || !read_names(r) || !read_threads(r) ||
        !read_opencl(r))
        return false;
    r->profile->unpinned = !settings_bool(s, "pinned");
    if (settings_given(s, "unit-nonces"))
        r->profile->unit_nonces = (uint64_t)settings_int(s, "unit-nonces");
    return true;
}

/* Begins a reading. False where memory lacks. */
static bool begin(struct reading *r, struct profile *profile, const char *path, unsigned cpu,
                  char *said)
{
    *said = '\0';
    *profile = (struct profile){.path = strdup(path)};
    *r = (struct reading){profile, settings_create(table, sizeof(table) / sizeof(*table)), cpu,
                          said};
    if (profile->path && r->settings)
        return true;
    if (r->settings)
        settings_destroy(r->settings);
    profile_free(profile);
    return say(r, "out of memory");
}

/* Ends it: syntax says whether the settings could be read. */
static enum profile_result end(const struct reading *r, bool syntax, const char *brand)
{
    bool good =
        syntax ? read_all(r, r->profile->path, brand) : say(r, "%s", settings_error(r->settings));

    settings_destroy(r->settings);
    if (!good)
        profile_free(r->profile);
    return good ? PROFILE_LOADED : PROFILE_UNFIT;
}

enum profile_result profile_parse(struct profile *profile, const char *origin, struct bytes text,
                                  const char *brand, unsigned cpu,
                                  char said[static PROFILE_SAID_SIZE])
{
    struct reading r;

    if (!begin(&r, profile, origin, cpu, said))
        return PROFILE_FAILED;
    return end(&r, settings_read_yaml(r.settings, origin, text), brand);
}

static enum profile_result load_file(struct profile *profile, const char *path, unsigned cpu,
                                     char *said)
{
    struct reading r;
    char brand[49];

    cpu_brand(brand);
    if (!begin(&r, profile, path, cpu, said))
        return PROFILE_FAILED;
    return end(&r, settings_read_yaml_file(r.settings, path), brand);
}

/* The place in a user's configuration; NULL where there is none, or memory lacks. */
static char *user_path(void)
{
    static const char name[] = "excalibur-exs/profile.yaml";
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    char *path = NULL;

    /* XDG base directories: a relative path is to be ignored. */
    if (config && *config == '/') {
        if (asprintf(&path, "%s/%s", config, name) < 0)
            return NULL;
    } else if (home && *home) {
        if (asprintf(&path, "%s/.config/%s", home, name) < 0)
            return NULL;
    }
    return path;
}

enum profile_result profile_load(struct profile *profile, const char *path, unsigned cpu,
                                 char said[static PROFILE_SAID_SIZE])
{
    static const char system_path[] = "/etc/excalibur-exs/profile.yaml";
    enum profile_result result = PROFILE_NONE;
    char *own;

    *profile = (struct profile){0};
    *said = '\0';
    if (path && strcmp(path, "none") == 0)
        return PROFILE_NONE;
    if (path && *path) {
        if (access(path, R_OK) == 0)
            return load_file(profile, path, cpu, said);
        snprintf(said, PROFILE_SAID_SIZE, "the profile %s can't be read: %s", path,
                 strerror(errno));
        return PROFILE_FAILED;
    }
    own = user_path();
    if (own && access(own, F_OK) == 0)
        result = load_file(profile, own, cpu, said);
    else if (access(system_path, F_OK) == 0)
        result = load_file(profile, system_path, cpu, said);
    free(own);
    return result;
}

void profile_free(struct profile *profile)
{
    free(profile->path);
    free(profile->opencl.device);
    *profile = (struct profile){0};
}

size_t profile_threads(const struct profile *profile, const struct topology *topology)
{
    switch (profile->place) {
    case PROFILE_PLACE_AUTO:
        return 0;
    case PROFILE_PLACE_ALL:
        return topology->cpu_count;
    case PROFILE_PLACE_CORES:
        return topology->core_count < topology->workers ? topology->core_count : topology->workers;
    case PROFILE_PLACE_COUNT:
        return profile->threads;
    }
    return 0;
}

bool profile_is_for_device(const struct profile *profile, const char *name)
{
    return !profile->opencl.device || matches(profile->opencl.device, name);
}
