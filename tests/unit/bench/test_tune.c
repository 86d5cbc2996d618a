/* The choices of tune, and that its profile says them when it is loaded. */
#include "bench/tune.h"
#include "engine/profile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void add(struct report *r, const char *name, const char *setting, double rate)
{
    report_add(r, "tune", name, setting, 1, "MH/s", &rate, 1);
}

static void expect_order(const struct tune_choice *c, const char *const *names, size_t n)
{
    assert_int_equal(c->count, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(c->candidate[i].name, names[i]);
}

static void the_fastest_is_chosen(void **unused)
{
    struct report r;
    struct tune_choice c;

    (void)unused;
    report_init(&r);
    add(&r, "search", "before", 99);
    add(&r, "search", "slow", 1);
    add(&r, "search", "fast", 3);
    add(&r, "other", "fastest", 4);
    add(&r, "search", "none", NAN);
    add(&r, "search", "middle", 2);
    c = tune_choose(&r, 1, "search", "search", NULL, 0);
    expect_order(&c, (const char *const[]){"fast", "middle", "slow"}, 3);
    assert_string_equal(c.key, "search");
    assert_string_equal(c.unit, "MH/s");
    assert_true(c.candidate[1].rate > 1.9 && c.candidate[1].rate < 2.1);
    c = tune_choose(&r, 1, "nothing", "search", "fast", 0.02);
    assert_int_equal(c.count, 0);
    report_free(&r);
}

/* A default is given up for more than noise alone. */
static void the_preferred_unless_another_is_faster(void **unused)
{
    static const struct {
        double other;
        const char *chosen;
    } cases[] = {{90, "true"},  {100, "true"},    {101.9, "true"},
                 {102, "true"}, {102.1, "false"}, {200, "false"}};

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct report r;
        struct tune_choice c;

        report_init(&r);
        add(&r, "pinned", "true", 100);
        add(&r, "pinned", "false", cases[i].other);
        add(&r, "pinned", "slow", 1);
        c = tune_choose(&r, 0, "pinned", "pinned", "true", 0.02);
        assert_int_equal(c.count, 3);
        assert_string_equal(c.candidate[0].name, cases[i].chosen);
        assert_string_equal(c.candidate[2].name, "slow");
        report_free(&r);
    }
}

/* Runs that overlap show nothing, whatever their medians. */
static void the_preferred_where_runs_overlap(void **unused)
{
    static const double calm[3] = {100, 101, 102}, wild[3] = {101.5, 150, 160},
                        fast[3] = {103, 150, 160};
    struct report r;

    (void)unused;
    report_init(&r);
    report_add(&r, "tune", "pinned", "true", 1, "MH/s", calm, 3);
    report_add(&r, "tune", "pinned", "false", 1, "MH/s", wild, 3);
    assert_string_equal(tune_choose(&r, 0, "pinned", "pinned", "true", 0.02).candidate[0].name,
                        "true");
    assert_string_equal(tune_choose(&r, 0, "pinned", "pinned", NULL, 0.02).candidate[0].name,
                        "false");
    report_add(&r, "tune", "pinned", "fast", 1, "MH/s", fast, 3);
    r.row[1].median = 1;
    assert_string_equal(tune_choose(&r, 0, "pinned", "pinned", "true", 0.02).candidate[0].name,
                        "fast");
    report_free(&r);
}

static void more_than_there_is_room_for(void **unused)
{
    struct report r;
    struct tune_choice c;

    (void)unused;
    report_init(&r);
    for (int i = 0; i < 3 * TUNE_CANDIDATES; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%d", i);
        add(&r, "search", name, i);
    }
    c = tune_choose(&r, 0, "search", "search", NULL, 0);
    assert_int_equal(c.count, TUNE_CANDIDATES);
    assert_string_equal(c.candidate[0].name, "n47");
    assert_string_equal(c.candidate[TUNE_CANDIDATES - 1].name, "n32");
    report_free(&r);
}

static struct tune_choice choice(const char *key, const char *first, const char *second)
{
    struct tune_choice c = {.key = key, .unit = "MH/s", .count = 2};

    snprintf(c.candidate[0].name, sizeof(c.candidate[0].name), "%s", first);
    snprintf(c.candidate[1].name, sizeof(c.candidate[1].name), "%s", second);
    c.candidate[0].rate = 12.5;
    c.candidate[1].rate = 1e-9;
    return c;
}

static struct tune_result some_result(const char *threads)
{
    return (struct tune_result){
        .kernels = {choice("sha256_compress", "generic", "x"), choice("sha256d_64", "generic", "x"),
                    choice("sha256d_many", "generic", "x"), choice("search", "generic", "x"),
                    choice("search_rolled", search_impls[0].name, "generic")},
        .threads = choice("threads", threads, "cores"),
        .pinned = choice("pinned", "false", "true"),
        .unit_nonces = choice("unit_nonces", "1048576", "65536"),
        .device = "A \"GPU\" \x1b[2J # 7",
        .versions = choice("versions", "4", "1"),
        .vector = choice("vector", "8", "16"),
        .batch_ms = choice("batch_ms", "160", "40"),
        .runs = 5,
        .disturbed = 2,
    };
}

static struct machine machine_called(const char *cpu)
{
    struct machine m = {.usable_cpus = 4,
                        .cores = 2,
                        .numa_nodes = 1,
                        .quota = 2.5,
                        .os = "Some\nsystem",
                        .kernel = "Linux\x1b[2J",
                        .started = "today",
                        .compiler = "c",
                        .build = "b",
                        .version = "v"};

    snprintf(m.cpu, sizeof(m.cpu), "%s", cpu);
    return m;
}

static char *written(const struct tune_result *result, const struct machine *m, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);

    assert_non_null(out);
    tune_write(out, result, m);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void what_is_written_loads_as_chosen(void **unused)
{
    static const char *const cpus[] = {"AMD EPYC 9R14",
                                       "Intel(R) Xeon(R) CPU @ 2.50GHz",
                                       "\"quoted\" \\ back: # no comment",
                                       "caf\xc3\xa9 \x1b[2J",
                                       "{x} [y] & *",
                                       "unknown"};
    static const struct {
        const char *threads;
        enum profile_place place;
        size_t count;
    } places[] = {{"all", PROFILE_PLACE_ALL, 0},
                  {"cores", PROFILE_PLACE_CORES, 0},
                  {"auto", PROFILE_PLACE_AUTO, 0},
                  {"7", PROFILE_PLACE_COUNT, 7}};

    (void)unused;
    for (size_t i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
        for (size_t k = 0; k < sizeof(places) / sizeof(places[0]); k++) {
            struct tune_result result = some_result(places[k].threads);
            struct machine m = machine_called(cpus[i]);
            char said[PROFILE_SAID_SIZE];
            struct profile p;
            size_t size;
            char *text = written(&result, &m, &size);

            assert_null(strchr(text, '\x1b'));
            if (profile_parse(&p, "tuned.yaml", bytes_of(text, size), m.cpu, CPU_ALL, said))
                fail_msg("%s", said);
            assert_true(p.measured);
            assert_string_equal(p.names.sha256_compress, "generic");
            assert_string_equal(p.names.sha256d_64, "generic");
            assert_string_equal(p.names.sha256d_many, "generic");
            assert_string_equal(p.names.search, "generic");
            assert_string_equal(p.names.search_rolled, search_impls[0].name);
            assert_int_equal(p.place, places[k].place);
            assert_int_equal(p.threads, places[k].count);
            assert_true(p.unpinned);
            assert_int_equal(p.unit_nonces, 1 << 20);
            assert_int_equal(p.opencl.versions, 4);
            assert_int_equal(p.opencl.vector, 8);
            assert_int_equal(p.opencl.batch_ms, 160);
            assert_true(profile_is_for_device(&p, result.device));
            assert_false(profile_is_for_device(&p, "A GPU"));
            profile_free(&p);
            assert_int_equal(
                profile_parse(&p, "tuned.yaml", bytes_of(text, size), "Another", CPU_ALL, said),
                PROFILE_UNFIT);
            free(text);
        }
    }
}

static void what_was_not_chosen_is_not_written(void **unused)
{
    struct tune_result result = {
        .kernels[3] = choice("search", "generic", "x"), .device = "a GPU that failed", .runs = 1};
    struct machine m = machine_called("A CPU");
    char said[PROFILE_SAID_SIZE];
    struct profile p;
    size_t size;
    char *text = written(&result, &m, &size);

    (void)unused;
    assert_null(strstr(text, "mining:"));
    assert_null(strstr(text, "opencl:"));
    assert_int_equal(profile_parse(&p, "tuned.yaml", bytes_of(text, size), "A CPU", CPU_ALL, said),
                     PROFILE_LOADED);
    assert_null(p.names.search_rolled);
    assert_string_equal(p.names.search, "generic");
    assert_int_equal(p.unit_nonces, 0);
    profile_free(&p);
    free(text);
}

static void a_profile_is_replaced_as_a_whole(void **unused)
{
    char folder[] = "/tmp/test_tune.XXXXXX", path[64], said[PROFILE_SAID_SIZE];
    struct tune_result result = some_result("all");
    struct machine m = machine_called("*");
    struct profile p;

    (void)unused;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/profile.yaml", folder);
    assert_true(tune_can_save(path));
    assert_int_equal(access(path, F_OK), -1);
    assert_true(tune_save(path, &result, &m));
    assert_int_equal(profile_load(&p, path, CPU_ALL, said), PROFILE_LOADED);
    assert_int_equal(p.place, PROFILE_PLACE_ALL);
    profile_free(&p);
    result = some_result("cores");
    assert_true(tune_can_save(path));
    assert_true(tune_save(path, &result, &m));
    assert_int_equal(profile_load(&p, path, CPU_ALL, said), PROFILE_LOADED);
    assert_int_equal(p.place, PROFILE_PLACE_CORES);
    profile_free(&p);
    assert_int_equal(unlink(path), 0);

    /* Something else stands there: it stays, and nothing is left beside it. */
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(tune_save(path, &result, &m));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_false(tune_can_save(path));
    assert_false(tune_save(path, &result, &m));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_is_chosen),
        cmocka_unit_test(the_preferred_unless_another_is_faster),
        cmocka_unit_test(the_preferred_where_runs_overlap),
        cmocka_unit_test(more_than_there_is_room_for),
        cmocka_unit_test(what_is_written_loads_as_chosen),
        cmocka_unit_test(what_was_not_chosen_is_not_written),
        cmocka_unit_test(a_profile_is_replaced_as_a_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
