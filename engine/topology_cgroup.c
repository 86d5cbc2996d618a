/*
 * Limits of control groups.
 *
 * /proc/self/cgroup has a line "ID:CONTROLLERS:PATH" a hierarchy. Version 2 is
 * the one with ID 0 and no controllers; it is mounted at the root, or at
 * "unified" below it where version 1 has the root. Version 1 has a directory a
 * set of controllers. A quota binds all groups below its own, so every ancestor
 * is asked. In a container PATH may be the host's while the mount shows the
 * container alone: what isn't found on the way up is passed over, and the walk
 * ends at the mount itself.
 *
 * Sources: Linux, Documentation/admin-guide/cgroup-v2.rst and
 * Documentation/scheduler/sched-bwc.rst; cgroups(7).
 */
#include "engine/topology_impl.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILE_SIZE = 16384, /* of what is read; a CPU list of 1024 odd CPUs has 5 KB */
    PATH_SIZE = 4096,
};

/* Reads a small file as text; false where that can't be done. */
static bool read_file(char text[static FILE_SIZE], const char *path)
{
    FILE *file = fopen(path, "re");
    size_t size;

    if (!file)
        return false;
    size = fread(text, 1, FILE_SIZE - 1, file);
    text[size] = 0;
    fclose(file);
    return size > 0;
}

/* Reads DIRECTORY/NAME. */
static bool read_in(char text[static FILE_SIZE], const char *directory, const char *name)
{
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof(path), "%s/%s", directory, name);

    return length > 0 && (size_t)length < sizeof(path) && read_file(text, path);
}

/* What has been found so far. */
struct limits {
    hwloc_bitmap_t allowed;
    double quota;
};

static void limit_quota(struct limits *limits, double quota, double period)
{
    double cpus = quota / period;

    if (quota > 0 && period > 0 && (limits->quota <= 0 || cpus < limits->quota))
        limits->quota = cpus;
}

static void limit_cpus(struct limits *limits, const char *text)
{
    hwloc_bitmap_t set = hwloc_bitmap_alloc();

    /* An empty set is one that nobody has filled in yet (version 1) and limits nothing. */
    if (set && topology_parse_cpus(set, text))
        hwloc_bitmap_and(limits->allowed, limits->allowed, set);
    hwloc_bitmap_free(set);
}

/* What one group's directory says; version 1's and version 2's files have different names. */
static void read_group(struct limits *limits, const char *directory)
{
    char text[FILE_SIZE], period[FILE_SIZE], *end;

    /* "200000 100000", or "max 100000" where nothing limits it */
    if (read_in(text, directory, "cpu.max") && isdigit((unsigned char)text[0])) {
        double quota = strtod(text, &end);

        limit_quota(limits, quota, strtod(end, NULL));
    }
    /* microseconds, the quota -1 where nothing limits it */
    if (read_in(text, directory, "cpu.cfs_quota_us") &&
        read_in(period, directory, "cpu.cfs_period_us"))
        limit_quota(limits, strtod(text, NULL), strtod(period, NULL));

    if (read_in(text, directory, "cpuset.cpus.effective") ||
        read_in(text, directory, "cpuset.effective_cpus") ||
        read_in(text, directory, "cpuset.cpus"))
        limit_cpus(limits, text);
}

/* Reads the group MOUNT PATH and all above it, up to MOUNT. */
static void read_groups(struct limits *limits, const char *mount, const char *path)
{
    char directory[PATH_SIZE];
    size_t mount_length = strlen(mount);
    int length;

    /* A group outside the namespace's root shows as "/../..": only the mount is ours to read. */
    if (strstr(path, "/.."))
        path = "";
    length = snprintf(directory, sizeof(directory), "%s%s", mount, path);
    if (length < 0 || (size_t)length >= sizeof(directory))
        return;
    for (;;) {
        char *slash;

        read_group(limits, directory);
        slash = strrchr(directory + mount_length, '/');
        if (!slash)
            return;
        *slash = 0;
    }
}

/* Whether a comma-separated list of controllers has name. */
static bool has_controller(const char *controllers, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = controllers; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0))
            return true;
    }
    return false;
}

/* Version 1 mounts a hierarchy under the names of all its controllers, and links each name to it. */
static void read_v1(struct limits *limits, const char *root, const char *controllers,
                    const char *path)
{
    static const char *const names[] = {"cpu", "cpuset"};
    char mount[PATH_SIZE];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!has_controller(controllers, names[i]))
            continue;
        snprintf(mount, sizeof(mount), "%s/%s", root, names[i]);
        read_groups(limits, mount, path);
        snprintf(mount, sizeof(mount), "%s/%s", root, controllers);
        read_groups(limits, mount, path);
    }
}

static void read_v2(struct limits *limits, const char *root, const char *path)
{
    char mount[PATH_SIZE];

    read_groups(limits, root, path);
    snprintf(mount, sizeof(mount), "%s/unified", root);
    read_groups(limits, mount, path);
}

double topology_cgroup_limits(hwloc_bitmap_t allowed, const char *root, const char *file)
{
    struct limits limits = {allowed, 0};
    char text[FILE_SIZE], *rest = text, *line;

    if (!read_file(text, file))
        return 0;
    while ((line = strsep(&rest, "\n"))) {
        char *id = strsep(&line, ":");
        char *controllers = strsep(&line, ":");
        const char *path = line; /* may hold colons itself */

        if (!controllers || !path)
            continue;
        if (strcmp(path, "/") == 0)
            path = "";
        if (strcmp(id, "0") == 0 && !*controllers)
            read_v2(&limits, root, path);
        else
            read_v1(&limits, root, controllers, path);
    }
    return limits.quota;
}
