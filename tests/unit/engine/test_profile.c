/* Profiles: what is in them, what is refused and how, and where they are looked for. */
#include "engine/pool.h"
#include "engine/profile.h"

#include <dirent.h>
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

#define BRAND "Test CPU 1234 @ 2.50GHz"
#define HEAD "basis: measured\nmachine:\n  cpu: " BRAND "\n"

static enum profile_result parse(struct profile *p, const char *text, unsigned cpu,
                                 char said[static PROFILE_SAID_SIZE])
{
    memset(said, '#', PROFILE_SAID_SIZE);
    return profile_parse(p, "test.yaml", bytes_of(text, strlen(text)), BRAND, cpu, said);
}

static void expect_nothing(const struct profile *p)
{
    assert_null(p->path);
    assert_null(p->names.sha256_compress);
    assert_null(p->names.sha256d_64);
    assert_null(p->names.sha256d_many);
    assert_null(p->names.search);
    assert_null(p->names.search_rolled);
    assert_false(p->measured);
    assert_false(p->unpinned);
    assert_int_equal(p->place, PROFILE_PLACE_AUTO);
    assert_int_equal(p->unit_nonces, 0);
    assert_null(p->opencl.device);
    assert_int_equal(p->opencl.versions + p->opencl.vector + p->opencl.batch_ms, 0);
}

static void expect_unfit(const char *text, const char *why)
{
    char said[PROFILE_SAID_SIZE];
    struct profile p;

    if (parse(&p, text, CPU_ALL, said) != PROFILE_UNFIT || !strstr(said, why))
        fail_msg("expected \"%s\" of \"%s\"; said: %.200s", why, text, said);
    for (const char *c = said; *c; c++)
        assert_true(*c >= ' ' && *c != 0x7f);
    expect_nothing(&p);
}

static void all_that_one_says(void **unused)
{
    static const char text[] = "basis: measured\n"
                               "machine:\n"
                               "  cpu:\n"
                               "    - Another CPU\n"
                               "    - Test CPU *\n"
                               "kernels:\n"
                               "  sha256_compress: generic\n"
                               "  sha256d_64: generic\n"
                               "  sha256d_many: auto\n"
                               "  search: generic\n"
                               "  search_rolled: auto\n"
                               "mining:\n"
                               "  threads: 3\n"
                               "  pinned: no\n"
                               "  unit_nonces: 4294967296\n"
                               "opencl:\n"
                               "  device: NVIDIA *\n"
                               "  versions: 4\n"
                               "  vector: 16\n"
                               "  batch_ms: 1000\n";
    char said[PROFILE_SAID_SIZE];
    struct profile p;

    (void)unused;
    assert_int_equal(parse(&p, text, 0, said), PROFILE_LOADED);
    assert_string_equal(said, "");
    assert_string_equal(p.path, "test.yaml");
    assert_true(p.measured);
    assert_string_equal(p.names.sha256_compress, "generic");
    assert_string_equal(p.names.sha256d_64, "generic");
    assert_null(p.names.sha256d_many);
    assert_string_equal(p.names.search, "generic");
    assert_null(p.names.search_rolled);
    assert_int_equal(p.place, PROFILE_PLACE_COUNT);
    assert_int_equal(p.threads, 3);
    assert_true(p.unpinned);
    assert_int_equal(p.unit_nonces, UINT64_C(1) << 32);
    assert_string_equal(p.opencl.device, "NVIDIA *");
    assert_int_equal(p.opencl.versions, 4);
    assert_int_equal(p.opencl.vector, 16);
    assert_int_equal(p.opencl.batch_ms, 1000);
    profile_free(&p);
    expect_nothing(&p);
}

static void what_is_left_out_is_default(void **unused)
{
    char said[PROFILE_SAID_SIZE];
    struct profile p;

    (void)unused;
    assert_int_equal(parse(&p, "basis: reasoned\nmachine:\n  cpu: '*'\n", 0, said), PROFILE_LOADED);
    free(p.path);
    p.path = NULL;
    expect_nothing(&p);
}

static void another_processors(void **unused)
{
    static const struct {
        const char *pattern;
        bool fits;
    } cases[] = {
        {BRAND, true},          {"*", true},
        {"**", true},           {"Test*", true},
        {"*2.50GHz", true},     {"*CPU*@*GHz*", true},
        {"*1234 @*", true},     {"T*t*C*1*3*@*G*z", true},
        {"Test CPU", false},    {"test*", false},
        {"est*", false},        {"*2.50", false},
        {"*X*", false},         {BRAND "x", false},
        {BRAND "*", true},      {"Test CPU ???? @ 2.50GHz", false},
        {"[T]est CPU*", false}, {"*z*z", false},
    };
    char text[256], said[PROFILE_SAID_SIZE];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct profile p;
        enum profile_result result;

        snprintf(text, sizeof(text), "basis: reasoned\nmachine:\n  cpu: '%s'\n", cases[i].pattern);
        result = parse(&p, text, 0, said);
        if (result != (cases[i].fits ? PROFILE_LOADED : PROFILE_UNFIT))
            fail_msg("%s: %d, %s", cases[i].pattern, (int)result, said);
        profile_free(&p);
    }
    expect_unfit("basis: measured\nmachine:\n  cpu: Test CPU 4321\n",
                 "test.yaml is for another processor than this one, \"" BRAND "\"");
    expect_unfit("basis: measured\n", "does not say which processors it is for (machine.cpu)");
}

/* Many stars against a text that nearly fits: no pattern takes long. */
static void no_pattern_takes_long(void **unused)
{
    char text[16200] = "basis: measured\nmachine:\n  cpu: '";
    size_t at = strlen(text);

    (void)unused;
    for (; at < sizeof(text) - 8; at += 2) {
        text[at] = '*';
        text[at + 1] = "Tes 1CPU2"[at / 2 % 9];
    }
    memcpy(text + at, "*#'\n", sizeof("*#'\n"));
    expect_unfit(text, "another processor");
}

static void what_can_not_be(void **unused)
{
    (void)unused;
    expect_unfit("", "does not say");
    expect_unfit("]", "test.yaml:1");
    expect_unfit(HEAD "mining:\n  thread: 3\n",
                 "test.yaml:5: unknown setting mining.thread; did you mean mining.threads?");
    expect_unfit(HEAD "gpu: 1\n", "test.yaml:4: unknown setting gpu");
    expect_unfit("basis: guessed\nmachine:\n  cpu: '*'\n", "neither measured nor reasoned");
    expect_unfit("machine:\n  cpu: '*'\n", "neither measured nor reasoned");
    expect_unfit(HEAD "kernels:\n  search: sse9\n",
                 "test.yaml:5: this program has no such implementation: sse9");
    expect_unfit(HEAD "kernels:\n  sha256d_64: Generic\n", "no such implementation: Generic");
    expect_unfit(HEAD "kernels:\n  sha256d_many: ''\n", "no such implementation");
    expect_unfit(HEAD "kernels:\n  search_rolled: \"a\\e[2Jb\\x7f\"\n",
                 "no such implementation: a?[2Jb?");
    expect_unfit(HEAD "kernels:\n  sha256_compress: [generic]\n", "test.yaml:5");
    for (const char *const *bad =
             (const char *const[]){"0", "-1", "1025", "3x", "''", "All", "99999999999999999999",
                                   "\"\\e\"", "' 1'", "+1", NULL};
         *bad; bad++) {
        char text[256];

        snprintf(text, sizeof(text), HEAD "mining:\n  threads: %s\n", *bad);
        expect_unfit(text, "is neither auto, all, cores nor 1 to 1024");
    }
    expect_unfit(HEAD "mining:\n  unit_nonces: 4095\n", "4096 to 4294967296");
    expect_unfit(HEAD "mining:\n  unit_nonces: 4294967297\n", "4096 to 4294967296");
    expect_unfit(HEAD "mining:\n  pinned: maybe\n", "test.yaml:5: mining.pinned");
}

/* What the OpenCL search has a form for, and what it has not. */
static void forms_of_devices(void **unused)
{
    static const struct {
        const char *key;
        unsigned good[5], bad[8];
        const char *why;
    } cases[] = {
        {"versions", {1, 2, 4}, {3}, "test.yaml:5: opencl.versions: 3 is none of 1, 2 and 4"},
        {"versions", {0}, {5, 8, UINT32_MAX}, "1 to 4"},
        {"vector", {1, 4, 8, 16}, {2, 3, 5, 7, 9, 15}, "is none of 1, 4, 8 and 16"},
        {"vector", {0}, {17, 32, UINT32_MAX}, "1 to 16"},
        {"batch_ms", {1, 40, 999, 1000}, {1001, 60000, UINT32_MAX}, "1 to 1000"},
    };
    char text[256], said[PROFILE_SAID_SIZE];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (const unsigned *n = cases[i].good; *n; n++) {
            struct profile p;

            snprintf(text, sizeof(text), HEAD "opencl:\n  %s: %u\n", cases[i].key, *n);
            if (parse(&p, text, 0, said) != PROFILE_LOADED)
                fail_msg("%s: %s", text, said);
            assert_int_equal(p.opencl.versions + p.opencl.vector + p.opencl.batch_ms, *n);
            profile_free(&p);
        }
        for (const unsigned *n = cases[i].bad; *n; n++) {
            snprintf(text, sizeof(text), HEAD "opencl:\n  %s: %u\n", cases[i].key, *n);
            expect_unfit(text, cases[i].why);
        }
        for (const char *const *bad = (const char *const[]){"0", "-1", "x", "''", "1.5", NULL};
             *bad; bad++) {
            snprintf(text, sizeof(text), HEAD "opencl:\n  %s: %s\n", cases[i].key, *bad);
            expect_unfit(text, "test.yaml:5");
        }
    }
    expect_unfit(HEAD "opencl:\n  vectors: 1\n", "did you mean opencl.vector?");
    /* What was read before something that can't be is freed. */
    expect_unfit(HEAD "opencl:\n  device: x\n  versions: 3\n", "none of 1, 2 and 4");
}

static void devices_by_name(void **unused)
{
    static const struct {
        const char *line, *name;
        bool is_for;
    } cases[] = {
        {"  device: NVIDIA A10G\n", "NVIDIA A10G", true},
        {"  device: NVIDIA A10G\n", "NVIDIA A10", false},
        {"  device: 'NVIDIA *'\n", "NVIDIA T4", true},
        {"  device: 'NVIDIA *'\n", "gfx1100", false},
        {"  device: ''\n", "gfx1100", true},
        {"", "gfx1100", true},
    };
    char text[256], said[PROFILE_SAID_SIZE];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct profile p;

        snprintf(text, sizeof(text), HEAD "opencl:\n%s  batch_ms: 10\n", cases[i].line);
        assert_int_equal(parse(&p, text, 0, said), PROFILE_LOADED);
        assert_int_equal(p.opencl.batch_ms, 10);
        assert_int_equal(profile_is_for_device(&p, cases[i].name), cases[i].is_for);
        profile_free(&p);
    }
}

/* An implementation that needs what the processor lacks. */
static void what_can_not_run_here(void **unused)
{
    (void)unused;
    for (const struct search_impl *impl = search_impls; impl->name; impl++) {
        char text[256], said[PROFILE_SAID_SIZE], why[128];
        struct profile p;

        snprintf(text, sizeof(text), HEAD "kernels:\n  search_rolled: %s\n", impl->name);
        snprintf(why, sizeof(why), "this processor can't run the implementation %s", impl->name);
        if (impl->needs) {
            assert_int_equal(parse(&p, text, 0, said), PROFILE_UNFIT);
            assert_non_null(strstr(said, why));
        }
        assert_int_equal(parse(&p, text, impl->needs, said), PROFILE_LOADED);
        assert_string_equal(p.names.search_rolled, impl->name);
        profile_free(&p);
    }
}

static void threads_here(void **unused)
{
    static const struct {
        const char *machine, *threads;
        size_t want;
    } cases[] = {
        {"pack:2 core:4 pu:2", "auto", 0},  {"pack:2 core:4 pu:2", "all", 16},
        {"pack:2 core:4 pu:2", "cores", 8}, {"pack:2 core:4 pu:2", "5", 5},
        {"core:1 pu:1", "all", 1},          {"core:1 pu:1", "cores", 1},
        {"core:2 pu:1", "1024", 1024},
    };
    char text[256], said[PROFILE_SAID_SIZE], error[TOPOLOGY_ERROR_SIZE];
    struct topology *t = calloc(1, sizeof(*t));

    (void)unused;
    assert_non_null(t);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct topology_source source = {.synthetic = cases[i].machine};
        struct profile p;

        assert_true(topology_load(t, &source, error));
        snprintf(text, sizeof(text), HEAD "mining:\n  threads: %s\n", cases[i].threads);
        assert_int_equal(parse(&p, text, 0, said), PROFILE_LOADED);
        assert_int_equal(profile_threads(&p, t), cases[i].want);
        profile_free(&p);
    }
    /* Where a cgroup gives two CPUs, "cores" is no more than that. */
    t->core_count = 8;
    t->workers = 2;
    assert_int_equal(profile_threads(&(struct profile){.place = PROFILE_PLACE_CORES}, t), 2);
    free(t);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void where_they_are_looked_for(void **unused)
{
    static const char good[] = "basis: measured\nmachine:\n  cpu: '*'\n";
    char folder[] = "/tmp/test_profile.XXXXXX", path[256], said[PROFILE_SAID_SIZE];
    bool system_has_one = access("/etc/excalibur-exs/profile.yaml", F_OK) == 0;
    struct profile p;

    (void)unused;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(setenv("HOME", folder, 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
    if (!system_has_one) {
        assert_int_equal(profile_load(&p, NULL, 0, said), PROFILE_NONE);
        assert_string_equal(said, "");
        expect_nothing(&p);
    }
    snprintf(path, sizeof(path), "%s/.config", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/.config/excalibur-exs", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/.config/excalibur-exs/profile.yaml", folder);
    write_file(path, good);
    assert_int_equal(profile_load(&p, "", 0, said), PROFILE_LOADED);
    assert_string_equal(p.path, path);
    profile_free(&p);
    assert_int_equal(profile_load(&p, "none", 0, said), PROFILE_NONE);
    expect_nothing(&p);
    assert_int_equal(profile_load(&p, path, 0, said), PROFILE_LOADED);
    profile_free(&p);

    /* XDG_CONFIG_HOME goes before HOME; one that is wrong is told, not passed over. */
    snprintf(path, sizeof(path), "%s/.config", folder);
    assert_int_equal(setenv("XDG_CONFIG_HOME", path, 1), 0);
    assert_int_equal(setenv("HOME", "/nowhere", 1), 0);
    assert_int_equal(profile_load(&p, NULL, 0, said), PROFILE_LOADED);
    profile_free(&p);
    snprintf(path, sizeof(path), "%s/.config/excalibur-exs/profile.yaml", folder);
    write_file(path, "basis: measured\nmachine:\n  cpu: no such processor\n");
    assert_int_equal(profile_load(&p, NULL, 0, said), PROFILE_UNFIT);
    assert_non_null(strstr(said, path));
    expect_nothing(&p);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(profile_load(&p, path, 0, said), PROFILE_FAILED);
    assert_non_null(strstr(said, path));
    assert_non_null(strstr(said, "No such file"));
    expect_nothing(&p);
    *strrchr(path, '/') = '\0';
    assert_int_equal(profile_load(&p, path, 0, said), PROFILE_UNFIT); /* a folder */
    assert_int_equal(rmdir(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

/* The processor that a profile names first, with something for each star. */
static bool first_cpu(char out[static 128], const char *text)
{
    const char *at = strstr(text, "\n    - ");
    size_t size = 0;

    for (at = at ? at + 7 : ""; *at && *at != '\n' && size < 127; at++)
        if (*at != '"')
            out[size++] = *at == '*' ? 'x' : *at;
    out[size] = '\0';
    return size > 0;
}

/* Each profile that is shipped can be loaded by the programs, on processors that they are built for. */
static void those_that_are_shipped(void **unused)
{
    const char *mine =
#if defined(__x86_64__)
        "ARM";
#else
        "x86";
#endif
    DIR *folder = opendir(EXS_TUNING);
    size_t profiles = 0;

    (void)unused;
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[512], text[8192], brand[128], said[PROFILE_SAID_SIZE];
        struct profile p;
        FILE *file;
        size_t size;

        if (!strstr(entry->d_name, ".yaml"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", EXS_TUNING, entry->d_name);
        file = fopen(path, "r");
        assert_non_null(file);
        size = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        text[size] = '\0';
        if (!strstr(text, "\nbasis:"))
            continue; /* other data */
        assert_true(size < sizeof(text) - 1);
        assert_true(first_cpu(brand, text));
        profiles++;
        if ((strncmp(brand, "ARM", 3) == 0) == (strcmp(mine, "ARM") == 0))
            continue;
        if (profile_parse(&p, entry->d_name, bytes_of(text, size), brand, CPU_ALL, said))
            fail_msg("%s", said);
        profile_free(&p);
    }
    closedir(folder);
    assert_true(profiles >= 10);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_one_says),      cmocka_unit_test(what_is_left_out_is_default),
        cmocka_unit_test(another_processors),     cmocka_unit_test(no_pattern_takes_long),
        cmocka_unit_test(what_can_not_be),        cmocka_unit_test(forms_of_devices),
        cmocka_unit_test(devices_by_name),        cmocka_unit_test(what_can_not_run_here),
        cmocka_unit_test(threads_here),           cmocka_unit_test(where_they_are_looked_for),
        cmocka_unit_test(those_that_are_shipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
