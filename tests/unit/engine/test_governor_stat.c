/* What the governor reads: budgets, /proc/stat, the firmware's words, the table of instance types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/governor_impl.h"

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct bytes text(const char *s) { return bytes_of(s, strlen(s)); }

/* ---- budgets ---- */

static void reads_budgets(void **state)
{
    static const struct {
        const char *text;
        enum governor_mode mode;
        double percent;
    } good[] = {
        {"off", GOVERNOR_OFF, 0},          {"credits", GOVERNOR_CREDITS, 0},
        {"40%", GOVERNOR_PERCENT, 40},     {"40", GOVERNOR_PERCENT, 40},
        {"12.5%", GOVERNOR_PERCENT, 12.5}, {"100%", GOVERNOR_PERCENT, 100},
        {"0.1", GOVERNOR_PERCENT, 0.1},
    };
    static const char *const bad[] = {
        "",       "0",      "0%",   "-1",
        "101%",   "100.1",  "40%%", "40 %",
        " 40",    "+40",    "4e1",  "0x10",
        "nan",    "inf",    "%",    "Credits",
        "OFF",    "credit", "40%x", "1..2",
        "1e999%", "4,5%",   ".",    "999999999999999999999999999999999999999999999",
    };
    struct governor_budget b;
    char error[GOVERNOR_ERROR_SIZE], name[GOVERNOR_NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct governor_budget again;

        assert_true(governor_budget_parse(&b, good[i].text, error));
        assert_int_equal(b.mode, good[i].mode);
        assert_true(fabs(b.percent - good[i].percent) < 1e-12);
        assert_string_equal(error, "");
        assert_true(governor_budget_parse(&again, governor_mode_text(name, &b), error));
        assert_int_equal(again.mode, b.mode);
        assert_true(fabs(again.percent - b.percent) < 1e-12);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (governor_budget_parse(&b, bad[i], error))
            fail_msg("\"%s\" is taken for a budget", bad[i]);
        assert_int_equal(b.mode, GOVERNOR_OFF);
        assert_non_null(strstr(error, "percentage"));
    }
}

/* ---- /proc/stat ---- */

static void reads_stat(void **state)
{
    static const char usual[] = "cpu  1000 20 300 40000 500 6 70 800 90 10\n"
                                "cpu0 500 10 150 20000 250 3 35 400 45 5\n"
                                "cpu1 500 10 150 20000 250 3 35 400 45 5\n"
                                "intr 12345 0 0\nctxt 1\nbtime 2\n";
    struct governor_stat s;

    (void)state;
    assert_true(governor_stat_parse(&s, text(usual)));
    assert_int_equal(s.busy, 1000 + 20 + 300 + 6 + 70); /* guests are part of user */
    assert_int_equal(s.idle, 40000 + 500);
    assert_int_equal(s.steal, 800);
    assert_int_equal(s.cpus, 2);
    /* Kernels before 2.6.11 have no column for steal; the last line may lack its newline. */
    assert_true(governor_stat_parse(&s, text("cpu  1 2 3 4\ncpu0 1 2 3 4")));
    assert_int_equal(s.busy, 6);
    assert_int_equal(s.idle, 4);
    assert_int_equal(s.steal, 0);
    assert_int_equal(s.cpus, 1);
    /* Numbers with holes: CPUs that are not online have no line. */
    assert_true(governor_stat_parse(&s, text("cpu 1 2 3 4 5 6 7 8 9 10 11\ncpu0 1\ncpu17 1\n")));
    assert_int_equal(s.cpus, 2);
}

static void refuses_what_is_no_stat(void **state)
{
    static const char *const bad[] = {
        "",
        "\n",
        "cpu",
        "cpu \n",
        "cpu  1 2 3\ncpu0 1 2 3\n",
        "cpu0 1 2 3 4\n",
        "cpu  1 2 3 4\n",
        "cpu  1 2 3 4\nintr 1\n",
        "cpu  1 2 x 4\ncpu0 1 2 3 4\n",
        "cpu  1 2 3 4 x\ncpu0 1 2 3 4\n",
        "cpu  1 2 3 -4\ncpu0 1 2 3 4\n",
        "cpu  1 2 3 18446744073709551616\ncpu0 1 2 3 4\n",
        "cpu  1 2 3 18446744073709551615\ncpu0 1 2 3 4\n",
        "cpux 1 2 3 4\ncpu0 1 2 3 4\n",
        "CPU  1 2 3 4\ncpu0 1 2 3 4\n",
    };
    struct governor_stat s;
    char many[16384] = "cpu  1 2 3 4\n";
    size_t at = strlen(many);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (governor_stat_parse(&s, text(bad[i])))
            fail_msg("\"%s\" is taken for /proc/stat", bad[i]);
    assert_false(governor_stat_parse(&s, bytes_of(NULL, 0)));
    for (int i = 0; i <= TOPOLOGY_MAX_CPUS; i++)
        at += (size_t)snprintf(many + at, sizeof(many) - at, "cpu%d 1\n", i);
    assert_false(governor_stat_parse(&s, bytes_of(many, at)));
}

static void reads_this_machines_stat(void **state)
{
    static char all[1 << 17];
    FILE *file = fopen("/proc/stat", "re");
    struct governor_stat s;
    size_t size;

    (void)state;
    if (!file) {
        print_message("skipped: no /proc/stat\n");
        skip();
    }
    size = fread(all, 1, sizeof(all), file);
    fclose(file);
    assert_true(governor_stat_parse(&s, bytes_of(all, size)));
    assert_in_range(s.cpus, 1, TOPOLOGY_MAX_CPUS);
    assert_true(s.busy + s.idle > 0);
}

/* ---- which instance ---- */

static void knows_instances_by_their_firmware(void **state)
{
    static const struct {
        const char *product, *vendor, *name;
    } cases[] = {
        {"t3.xlarge\n", "Amazon EC2\n", "t3.xlarge"},
        {"t3.xlarge", "Amazon EC2", "t3.xlarge"},
        {"c6i.32xlarge\n", "Amazon EC2\n", "c6i.32xlarge"},
        {"u-6tb1.112xlarge\n", "Amazon EC2\n", "u-6tb1.112xlarge"},
        {"HVM domU\n", "Xen\n", ""},
        {"HVM domU\n", "Amazon EC2\n", ""},
        {"t3.xlarge\n", "Somebody\n", ""},
        {"t3.xlarge\n", "", ""},
        {"t3.xlarge\n", "Amazon EC2 \\", ""},
        {"", "Amazon EC2\n", ""},
        {"t3\n", "Amazon EC2\n", ""},
        {"t3.\n", "Amazon EC2\n", ""},
        {".t3\n", "Amazon EC2\n", ""},
        {"t3.x.y\n", "Amazon EC2\n", ""},
        {"t3.\x1b[2J\n", "Amazon EC2\n", ""},
        {"T3.XLARGE\n", "Amazon EC2\n", ""},
        {"t3.xlargexlargexlargexlargexlargexlarge\n", "Amazon EC2\n", ""},
    };
    char name[GOVERNOR_NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool known = governor_stat_type(name, text(cases[i].product), text(cases[i].vendor));

        assert_string_equal(name, cases[i].name);
        assert_int_equal(known, *cases[i].name != 0);
    }
    assert_false(governor_stat_type(name, bytes_of(NULL, 0), bytes_of(NULL, 0)));
}

static void write_file(const char *directory, const char *name, const char *content)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void reads_the_firmwares_files(void **state)
{
    char directory[] = "/tmp/test_governor_XXXXXX", name[GOVERNOR_NAME_SIZE], path[256];
    static const char *const files[] = {"product_name", "board_vendor", "sys_vendor"};

    (void)state;
    assert_non_null(mkdtemp(directory));
    assert_false(governor_instance_name(name, directory));
    write_file(directory, "product_name", "t4g.large\n");
    assert_false(governor_instance_name(name, directory));
    write_file(directory, "board_vendor", "Somebody\n");
    write_file(directory, "sys_vendor", "Amazon EC2\n");
    assert_true(governor_instance_name(name, directory));
    assert_string_equal(name, "t4g.large");
    write_file(directory, "board_vendor", "Amazon EC2\n");
    write_file(directory, "sys_vendor", "");
    assert_true(governor_instance_name(name, directory));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
        unlink(path);
    }
    rmdir(directory);
    assert_false(governor_instance_name(name, directory));
    assert_string_equal(name, "");
}

/* The figures as AWS's table has them, written down a second time. */
static void has_all_burstable_types(void **state)
{
    static const struct {
        const char *size;
        unsigned vcpus;
        double percent, credits, most;
    } t2[] = {{"nano", 1, 5, 3, 72},           {"micro", 1, 10, 6, 144},
              {"small", 1, 20, 12, 288},       {"medium", 2, 20, 24, 576},
              {"large", 2, 30, 36, 864},       {"xlarge", 4, 22.5, 54, 1296},
              {"2xlarge", 8, 17, 81.6, 1958.4}},
      t3[] = {{"nano", 2, 5, 6, 144},       {"micro", 2, 10, 12, 288}, {"small", 2, 20, 24, 576},
              {"medium", 2, 20, 24, 576},   {"large", 2, 30, 36, 864}, {"xlarge", 4, 40, 96, 2304},
              {"2xlarge", 8, 40, 192, 4608}};
    static const char *const families[] = {"t2", "t3", "t3a", "t4g"};
    size_t count = 0;

    (void)state;
    for (size_t f = 0; f < 4; f++)
        for (size_t i = 0; i < 7; i++, count++) {
            char name[GOVERNOR_NAME_SIZE];
            const struct governor_instance *type;
            bool is_t2 = f == 0, is_t4g = f == 3;

            snprintf(name, sizeof(name), "%s.%s", families[f], is_t2 ? t2[i].size : t3[i].size);
            type = governor_instance_find(name);
            assert_non_null(type);
            assert_int_equal(type->vcpus, is_t2 ? t2[i].vcpus : t3[i].vcpus);
            assert_true(fabs(type->credits_per_hour - (is_t2 ? t2 : t3)[i].credits) < 1e-9);
            assert_true(fabs(type->max_credits - (is_t2 ? t2 : t3)[i].most) < 1e-9);
            assert_true(fabs(type->credits_per_hour / type->vcpus / 60 * 100 -
                             (is_t2 ? t2 : t3)[i].percent) < 1e-9);
            assert_true(fabs(type->launch_credits - (is_t2 ? 30 * type->vcpus : 0)) < 1e-9);
            assert_true(fabs(type->surplus_usd - (is_t4g ? 0.04 : 0.05)) < 1e-9);
            assert_int_equal(type->unlimited, !is_t2);
        }
    assert_non_null(governor_instance_at(count - 1));
    assert_null(governor_instance_at(count));
    assert_null(governor_instance_find("t3.xlarg"));
    assert_null(governor_instance_find("c6i.large"));
    assert_null(governor_instance_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_budgets),
        cmocka_unit_test(reads_stat),
        cmocka_unit_test(refuses_what_is_no_stat),
        cmocka_unit_test(reads_this_machines_stat),
        cmocka_unit_test(knows_instances_by_their_firmware),
        cmocka_unit_test(reads_the_firmwares_files),
        cmocka_unit_test(has_all_burstable_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
