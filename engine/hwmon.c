#include "engine/hwmon.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Drivers whose first sensor is the processor's, or its package's. */
static const char *const drivers[] = {"coretemp",    "k10temp",     "zenpower",
                                      "cpu_thermal", "cpu-thermal", "soc_thermal"};

/* What lies colder or hotter is no temperature of a processor that runs. */
enum { COLDEST = -50, HOTTEST = 150 };

/* The first line of a small file; false where it can't be read. */
static bool read_line(char *out, size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, out, size - 1) : -1;

    if (fd >= 0)
        close(fd);
    if (got < 0)
        return false;
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return true;
}

static bool read_celsius(double *celsius, const char *path)
{
    char text[32], *end;
    long value;

    if (!read_line(text, sizeof(text), path))
        return false;
    value = strtol(text, &end, 10);
    *celsius = (double)value / 1000;
    return end != text && !*end && *celsius > COLDEST && *celsius < HOTTEST;
}

static bool is_processors(const char *folder)
{
    char path[HWMON_PATH_SIZE], name[64];
    int size = snprintf(path, sizeof(path), "%s/name", folder);

    if (size < 0 || (size_t)size >= sizeof(path) || !read_line(name, sizeof(name), path))
        return false;
    for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
        if (!strcmp(name, drivers[i]))
            return true;
    return false;
}

void hwmon_find(struct hwmon *hwmon, const char *root)
{
    const char *top = root ? root : "/sys/class/hwmon";
    DIR *dir = opendir(top);
    const struct dirent *entry;
    double celsius;

    hwmon->count = 0;
    while (dir && hwmon->count < HWMON_MAX_SENSORS && (entry = readdir(dir))) {
        char folder[HWMON_PATH_SIZE], *path = hwmon->path[hwmon->count];
        int size = snprintf(folder, sizeof(folder), "%s/%s", top, entry->d_name);

        if (entry->d_name[0] == '.' || size < 0 || (size_t)size >= sizeof(folder) ||
            !is_processors(folder))
            continue;
        size = snprintf(path, HWMON_PATH_SIZE, "%s/temp1_input", folder);
        if (size > 0 && size < HWMON_PATH_SIZE && read_celsius(&celsius, path))
            hwmon->count++;
    }
    if (dir)
        closedir(dir);
}

bool hwmon_temperature(const struct hwmon *hwmon, double *celsius)
{
    bool found = false;
    double one;

    for (size_t i = 0; i < hwmon->count; i++)
        if (read_celsius(&one, hwmon->path[i]) && (!found || one > *celsius)) {
            *celsius = one;
            found = true;
        }
    return found;
}
