#include "kernels/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The compiler's library asks CPUID too, in its own way. */
static void features_are_the_compilers(void **unused)
{
    unsigned features = cpu_features();

    (void)unused;
#if defined(__x86_64__)
    __builtin_cpu_init();
    assert_int_equal(!!(features & CPU_SSE41), !!__builtin_cpu_supports("sse4.1"));
    assert_int_equal(!!(features & CPU_AVX2), !!__builtin_cpu_supports("avx2"));
    assert_int_equal(!!(features & CPU_AVX512), __builtin_cpu_supports("avx512f") &&
                                                    __builtin_cpu_supports("avx512bw") &&
                                                    __builtin_cpu_supports("avx512vl"));
#elif defined(EXS_EMULATED)
    /* The emulator was asked for all that it has: else tests would pass what they never ran. */
    assert_int_equal(features, CPU_ARMV8_SHA2);
#endif
    assert_int_equal(features, cpu_features());
}

static void text_names_each_feature(void **unused)
{
    static const struct {
        unsigned features;
        const char *text;
    } cases[] = {
        {0, ""},
        {CPU_SSE41, "sse4.1"},
        {CPU_SHANI, "sha-ni"},
        {CPU_AVX2 | CPU_SHANI, "avx2 sha-ni"},
        {CPU_SSE41 | CPU_AVX2 | CPU_AVX512 | CPU_SHANI, "sse4.1 avx2 avx512 sha-ni"},
        {CPU_ARMV8_SHA2, "sha2"},
    };
    char text[64];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cpu_features_text(text, sizeof(text), cases[i].features);
        assert_string_equal(text, cases[i].text);
    }
}

static void text_is_cut_at_its_size(void **unused)
{
    static const char whole[] = "sse4.1 avx2 avx512 sha-ni sha2";

    (void)unused;
    for (size_t size = 0; size <= sizeof(whole) + 1; size++) {
        char text[sizeof(whole) + 2];
        size_t shown = size == 0 ? 0 : size - 1;

        memset(text, '#', sizeof(text));
        cpu_features_text(text, size, CPU_ALL);
        if (shown > sizeof(whole) - 1)
            shown = sizeof(whole) - 1;
        assert_memory_equal(text, whole, shown);
        if (size)
            assert_int_equal(text[shown], '\0');
        for (size_t i = size; i < sizeof(text); i++)
            assert_int_equal(text[i], '#');
    }
}

static void brand_is_a_trimmed_line(void **unused)
{
    char brand[49 + 1];
    size_t length;

    (void)unused;
    memset(brand, '#', sizeof(brand));
    cpu_brand(brand);
    assert_int_equal(brand[49], '#');
    length = strnlen(brand, 49);
    assert_in_range(length, 1, 48);
    assert_int_not_equal(brand[0], ' ');
    assert_int_not_equal(brand[length - 1], ' ');
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_are_the_compilers),
        cmocka_unit_test(text_names_each_feature),
        cmocka_unit_test(text_is_cut_at_its_size),
        cmocka_unit_test(brand_is_a_trimmed_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
