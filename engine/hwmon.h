/*
 * The processor's temperature, as Linux' hwmon tells it. Virtual machines mostly
 * have none.
 *
 * Source: Documentation/hwmon/sysfs-interface.rst of Linux; drivers coretemp
 * (Intel), k10temp and zenpower (AMD), and those of ARM boards.
 */
#ifndef ENGINE_HWMON_H
#define ENGINE_HWMON_H

#include <stdbool.h>
#include <stddef.h>

enum { HWMON_MAX_SENSORS = 16, HWMON_PATH_SIZE = 256 };

/* The sensors of the processor's packages; plain data. */
struct hwmon {
    size_t count;
    char path[HWMON_MAX_SENSORS][HWMON_PATH_SIZE];
};

/* Finds them below root (NULL: "/sys/class/hwmon"); none is no failure. */
void hwmon_find(struct hwmon *hwmon, const char *root);

/* The highest of them in degrees Celsius; false where none can be read. Reads files; any thread. */
bool hwmon_temperature(const struct hwmon *hwmon, double *celsius);

#endif
