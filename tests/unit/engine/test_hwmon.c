#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/hwmon.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void put(const char *folder, const char *name, const char *text)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", root, folder);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_root(void **state)
{
    (void)state;
    snprintf(root, sizeof(root), "test-hwmon-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    static const char *const files[] = {"name", "temp1_input"};
    char path[256];

    (void)state;
    for (int i = 0; i < 6; i++) {
        for (size_t f = 0; f < sizeof(files) / sizeof(*files); f++) {
            snprintf(path, sizeof(path), "%s/hwmon%d/%s", root, i, files[f]);
            unlink(path);
        }
        snprintf(path, sizeof(path), "%s/hwmon%d", root, i);
        rmdir(path);
    }
    return rmdir(root);
}

static void finds_the_processors(void **state)
{
    struct hwmon hwmon;
    double celsius = 0;

    (void)state;
    put("hwmon0", "name", "nvme\n");
    put("hwmon0", "temp1_input", "90000\n");
    put("hwmon1", "name", "coretemp\n");
    put("hwmon1", "temp1_input", "61500\n");
    put("hwmon2", "name", "coretemp\n");
    put("hwmon2", "temp1_input", "63250\n");
    put("hwmon3", "name", "k10temp\n");
    put("hwmon3", "temp1_input", "broken\n");
    put("hwmon4", "name", "coretemp\n");
    put("hwmon5", "name", "cpu_thermal\n");
    put("hwmon5", "temp1_input", "9999000\n");
    hwmon_find(&hwmon, root);
    assert_int_equal(hwmon.count, 2);
    assert_true(hwmon_temperature(&hwmon, &celsius));
    assert_true(celsius == 63.25);
    put("hwmon2", "temp1_input", "12000\n");
    assert_true(hwmon_temperature(&hwmon, &celsius));
    assert_true(celsius == 61.5);
    put("hwmon1", "temp1_input", "");
    put("hwmon2", "temp1_input", "-99000\n");
    assert_false(hwmon_temperature(&hwmon, &celsius));
}

static void finds_nothing(void **state)
{
    struct hwmon hwmon;
    double celsius;

    (void)state;
    hwmon_find(&hwmon, "no/such/folder");
    assert_int_equal(hwmon.count, 0);
    assert_false(hwmon_temperature(&hwmon, &celsius));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_the_processors, make_root, remove_root),
        cmocka_unit_test(finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
