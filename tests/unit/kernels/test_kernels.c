#include "kernels/kernels.h"

#include "base/clock.h"
#include "kernels/kernels_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool needs_within(const struct kernels *k, unsigned cpu)
{
    return ((k->sha256_compress->needs | k->sha256d_64->needs | k->sha256d_many->needs |
             k->search->needs | k->search_rolled->needs) &
            ~cpu) == 0;
}

static void every_mask_of_the_processor_works(void **unused)
{
    (void)unused;
    for (unsigned cpu = 0; cpu <= CPU_ALL; cpu++) {
        char error[KERNELS_ERROR_SIZE] = "";
        struct kernels k;

        if (cpu & ~cpu_features())
            continue;
        assert_true(kernels_choose(&k, cpu, NULL, NULL, error));
        assert_true(needs_within(&k, cpu));
        if (cpu != cpu_features())
            continue;
        assert_true(kernels_choose(&k, cpu, NULL, clock_monotonic_ns, error));
        assert_true(needs_within(&k, cpu));
        print_message("    measured: %s %s %s %s %s\n", k.sha256_compress->name, k.sha256d_64->name,
                      k.sha256d_many->name, k.search->name, k.search_rolled->name);
    }
}

static void without_a_clock_the_first_that_runs(void **unused)
{
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;
    size_t i = 0;

    (void)unused;
    assert_true(kernels_choose(&k, cpu_features(), NULL, NULL, error));
    while (sha256d_64_impls[i].needs & ~cpu_features())
        i++;
    assert_ptr_equal(k.sha256d_64, &sha256d_64_impls[i]);
    assert_true(kernels_choose(&k, 0, NULL, NULL, error));
    assert_string_equal(k.sha256d_64->name, "generic");
    assert_string_equal(k.sha256d_many->name, "generic");
    assert_string_equal(k.search->name, "generic");
    assert_string_equal(k.search_rolled->name, "generic");
}

/* "generic" ends each table and needs nothing; names are unique, so that each can be asked for. */
#define EXPECT_TABLE(table)                                                                        \
    do {                                                                                           \
        size_t n = 0;                                                                              \
                                                                                                   \
        for (; (table)[n].name; n++) {                                                             \
            assert_non_null((table)[n].run);                                                       \
            for (size_t i = 0; i < n; i++)                                                         \
                assert_string_not_equal((table)[i].name, (table)[n].name);                         \
        }                                                                                          \
        assert_true(n > 0);                                                                        \
        assert_string_equal((table)[n - 1].name, "generic");                                       \
        assert_int_equal((table)[n - 1].needs, 0);                                                 \
    } while (0)

static void tables_end_with_generic(void **unused)
{
    (void)unused;
    EXPECT_TABLE(sha256_compress_impls);
    EXPECT_TABLE(sha256d_64_impls);
    EXPECT_TABLE(sha256d_many_impls);
    EXPECT_TABLE(search_impls);
    assert_string_equal(kernels_generic.sha256_compress->name, "generic");
    assert_string_equal(kernels_generic.sha256d_64->name, "generic");
    assert_string_equal(kernels_generic.sha256d_many->name, "generic");
    assert_string_equal(kernels_generic.search->name, "generic");
    assert_string_equal(kernels_generic.search_rolled->name, "generic");
}

static const struct search_impl *first_that_runs(void)
{
    const struct search_impl *impl = search_impls;

    while (impl->needs & ~cpu_features())
        impl++;
    return impl;
}

static void names_override(void **unused)
{
    static const struct kernel_names names = {.sha256_compress = "generic",
                                              .sha256d_64 = "generic",
                                              .sha256d_many = "auto",
                                              .search = "generic"};
    static const struct kernel_names apart = {.search = "auto", .search_rolled = "generic"};
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;

    (void)unused;
    assert_true(kernels_choose(&k, cpu_features(), &names, clock_monotonic_ns, error));
    assert_string_equal(k.sha256_compress->name, "generic");
    assert_string_equal(k.sha256d_64->name, "generic");
    assert_string_equal(k.search->name, "generic");
    assert_string_equal(k.search_rolled->name, "generic");
    assert_true(kernels_choose(&k, cpu_features(), &apart, NULL, error));
    assert_ptr_equal(k.search->run, first_that_runs()->run);
    assert_string_equal(k.search_rolled->name, "generic");
}

static void expect_refusal(unsigned cpu, const struct kernel_names *names, const char *want)
{
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;

    memset(error, '#', sizeof(error));
    assert_false(kernels_choose(&k, cpu, names, NULL, error));
    assert_non_null(memchr(error, '\0', sizeof(error)));
    if (!strstr(error, want))
        fail_msg("\"%s\" does not say \"%s\"", error, want);
}

static void unknown_names_are_refused(void **unused)
{
    char long_name[1000];

    (void)unused;
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    expect_refusal(0, &(struct kernel_names){.sha256_compress = "sse9"},
                   "sha256_compress has no implementation \"sse9\"; it has: auto");
    expect_refusal(0, &(struct kernel_names){.sha256d_64 = ""}, "generic");
    expect_refusal(0, &(struct kernel_names){.sha256d_many = long_name}, "generic");
    expect_refusal(0, &(struct kernel_names){.search = "Generic"}, "search has no implementation");
}

static void names_that_cannot_run_are_refused(void **unused)
{
    (void)unused;
    for (size_t i = 0; sha256d_64_impls[i].name; i++) {
        if (sha256d_64_impls[i].needs)
            expect_refusal(0, &(struct kernel_names){.sha256d_64 = sha256d_64_impls[i].name},
                           "can't run");
    }
    for (size_t i = 0; search_impls[i].name; i++) {
        if (search_impls[i].needs)
            expect_refusal(0, &(struct kernel_names){.search = search_impls[i].name}, "can't run");
    }
}

/* Implementations with one fault each. */

static void compress_wrong_at_9(uint32_t state[static 8], const uint8_t *blocks, size_t n)
{
    kernels_generic.sha256_compress->run(state, blocks, n);
    state[7] ^= n == 9;
}

static void d64_wrong_last_bit(uint8_t *out, const uint8_t *in, size_t n)
{
    kernels_generic.sha256d_64->run(out, in, n);
    if (n == 33)
        out[32 * n - 1] ^= 1;
}

static void d64_writes_beside(uint8_t *out, const uint8_t *in, size_t n)
{
    kernels_generic.sha256d_64->run(out, in, n);
    if (n % 16)
        out[32 * n] = 0;
}

static void d64_not_in_place(uint8_t *out, const uint8_t *in, size_t n)
{
    memset(out, 0, 32 * n);
    kernels_generic.sha256d_64->run(out, in, n);
}

static void many_forgets_a_length(uint8_t *out, const struct bytes *messages, size_t n)
{
    kernels_generic.sha256d_many->run(out, messages, n);
    for (size_t i = 0; i < n; i++) {
        if (messages[i].size % 64 == 55)
            out[32 * i] ^= 1;
    }
}

static void many_writes_beside(uint8_t *out, const struct bytes *messages, size_t n)
{
    kernels_generic.sha256d_many->run(out, messages, n);
    out[32 * n] ^= 1;
}

static uint64_t search_misses_the_last(struct search_hits *hits, const struct search_job *job,
                                       uint32_t first, uint64_t count)
{
    uint64_t done = kernels_generic.search->run(hits, job, first, count);

    if (hits->count && hits->hit[hits->count - 1].nonce == 0xffffffff)
        hits->count--;
    return done;
}

static uint64_t search_wrong_version(struct search_hits *hits, const struct search_job *job,
                                     uint32_t first, uint64_t count)
{
    uint64_t done = kernels_generic.search->run(hits, job, first, count);

    if (job->versions == 16 && hits->count)
        hits->hit[0].version ^= 1;
    return done;
}

static uint64_t search_stands_still(struct search_hits *hits, const struct search_job *job,
                                    uint32_t first, uint64_t count)
{
    (void)job, (void)first, (void)count;
    hits->count = 0;
    return 0;
}

/* Tables of one implementation under test and the generic one. */
struct tables {
    struct sha256_compress_impl compress[3];
    struct sha256d_64_impl d64[3];
    struct sha256d_many_impl many[3];
    struct search_impl search[3];
};

static struct kernels_tables tables_of(struct tables *t)
{
    t->compress[1] = *kernels_generic.sha256_compress;
    t->d64[1] = *kernels_generic.sha256d_64;
    t->many[1] = *kernels_generic.sha256d_many;
    t->search[1] = *kernels_generic.search;
    return (struct kernels_tables){
        t->compress[0].name ? t->compress : t->compress + 1,
        t->d64[0].name ? t->d64 : t->d64 + 1,
        t->many[0].name ? t->many : t->many + 1,
        t->search[0].name ? t->search : t->search + 1,
    };
}

static void wrong_implementations_are_refused(void **unused)
{
    struct tables wrong[] = {
        {.compress[0] = {"faulty", 0, compress_wrong_at_9}},
        {.d64[0] = {"faulty", 0, d64_wrong_last_bit}},
        {.d64[0] = {"faulty", 0, d64_writes_beside}},
        {.d64[0] = {"faulty", 0, d64_not_in_place}},
        {.many[0] = {"faulty", 0, many_forgets_a_length}},
        {.many[0] = {"faulty", 0, many_writes_beside}},
        {.search[0] = {"faulty", 0, search_misses_the_last, 1}},
        {.search[0] = {"faulty", 0, search_wrong_version, 16}},
        {.search[0] = {"faulty", 0, search_stands_still, 1}},
    };
    static const char *operations[] = {
        "sha256_compress", "sha256d_64", "sha256d_64", "sha256d_64", "sha256d_many",
        "sha256d_many",    "search",     "search",     "search",
    };
    /* Not even a name that avoids it helps. */
    static const struct kernel_names generic = {"generic", "generic", "generic", "generic", NULL};

    (void)unused;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct kernels_tables tables = tables_of(&wrong[i]);
        char error[KERNELS_ERROR_SIZE] = "";
        struct kernels k;

        assert_false(kernels_choose_from(&k, &tables, 0, NULL, NULL, error));
        assert_ptr_equal(strstr(error, operations[i]), error);
        assert_non_null(strstr(error, "\"faulty\" gives wrong answers"));
        assert_false(kernels_choose_from(&k, &tables, 0, &generic, NULL, error));
    }
}

static void wrong_ones_that_cannot_run_do_not_matter(void **unused)
{
    struct tables t = {.d64[0] = {"faulty", CPU_AVX2, d64_wrong_last_bit}};
    struct kernels_tables tables = tables_of(&t);
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;

    (void)unused;
    assert_true(kernels_choose_from(&k, &tables, CPU_SHANI, NULL, NULL, error));
    assert_string_equal(k.sha256d_64->name, "generic");
}

/* A clock that only the implementations under test move. */
static uint64_t fake_now;

static uint64_t fake_clock(void) { return fake_now; }

static void d64_slow(uint8_t *out, const uint8_t *in, size_t n)
{
    fake_now += 3 * n;
    kernels_generic.sha256d_64->run(out, in, n);
}

/* Slower than d64_slow now and then, which the median overlooks. */
static void d64_fast(uint8_t *out, const uint8_t *in, size_t n)
{
    static int calls;

    fake_now += ++calls % 4 == 0 ? 1000 * n : 2 * n;
    kernels_generic.sha256d_64->run(out, in, n);
}

static void the_fastest_is_chosen(void **unused)
{
    static const struct sha256d_64_impl slow_first[] = {
        {"slow", 0, d64_slow}, {"fast", 0, d64_fast}, {NULL, 0, NULL}};
    static const struct sha256d_64_impl fast_first[] = {
        {"fast", 0, d64_fast}, {"slow", 0, d64_slow}, {NULL, 0, NULL}};
    struct tables t = {0};
    struct kernels_tables tables = tables_of(&t);
    char error[KERNELS_ERROR_SIZE];
    struct kernels k;

    (void)unused;
    tables.sha256d_64 = slow_first;
    assert_true(kernels_choose_from(&k, &tables, 0, NULL, fake_clock, error));
    assert_string_equal(k.sha256d_64->name, "fast");
    assert_true(kernels_choose_from(&k, &tables, 0, NULL, NULL, error));
    assert_string_equal(k.sha256d_64->name, "slow");
    tables.sha256d_64 = fast_first;
    assert_true(kernels_choose_from(&k, &tables, 0, NULL, fake_clock, error));
    assert_string_equal(k.sha256d_64->name, "fast");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_mask_of_the_processor_works),
        cmocka_unit_test(without_a_clock_the_first_that_runs),
        cmocka_unit_test(tables_end_with_generic),
        cmocka_unit_test(names_override),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test(names_that_cannot_run_are_refused),
        cmocka_unit_test(wrong_implementations_are_refused),
        cmocka_unit_test(wrong_ones_that_cannot_run_do_not_matter),
        cmocka_unit_test(the_fastest_is_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
