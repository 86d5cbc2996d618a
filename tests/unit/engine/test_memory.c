/* Memory is where it was asked to be, as the kernel itself tells. */
#include "engine/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/topology.h"

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct topology t;

static int load_machine(void **state)
{
    char error[TOPOLOGY_ERROR_SIZE];

    (void)state;
    return topology_load(&t, &(struct topology_source){0}, error) ? 0 : -1;
}

/* True, and the reason printed, where placement can't be asked for or read back here. */
static bool cannot_place(void)
{
    if (!memory_has_numa()) {
        print_message("skipped: this kernel has no NUMA policies, or forbids them\n");
        return true;
    }
    if (t.node_os[0] < 0) {
        print_message("skipped: hwloc knows no NUMA node here\n");
        return true;
    }
    return false;
}

static void gives_zeroed_pages(void **state)
{
    static const size_t sizes[] = {1, 64, 4095, 4096, 4097, 100000, 3 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        for (int huge = 0; huge <= 1; huge++) {
            unsigned char *p = memory_alloc(sizes[i], MEMORY_ANY_NODE, huge);

            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 4096, 0);
            if (huge)
                assert_int_equal((uintptr_t)p % (2 << 20), 0);
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[k], 0);
            memset(p, 0xff, sizes[i]);
            memory_free(p, sizes[i]);
        }
}

static void survives_what_cannot_be(void **state)
{
    void *p = memory_alloc(4096, 1023, false); /* no machine here has so many nodes */

    (void)state;
    assert_non_null(p);
    memset(p, 1, 4096);
    memory_free(p, 4096);
    p = memory_alloc(4096, 1 << 20, true);
    assert_non_null(p);
    memory_free(p, 4096);
    assert_null(memory_alloc(SIZE_MAX, MEMORY_ANY_NODE, false));
    assert_null(memory_alloc(SIZE_MAX / 2, MEMORY_ANY_NODE, true));
    memory_free(NULL, 4096);
}

static void places_on_each_node(void **state)
{
    (void)state;
    if (cannot_place())
        skip();
    for (size_t i = 0; i < t.node_count; i++) {
        size_t size = 5 * 4096;
        unsigned char *p = memory_alloc(size, t.node_os[i], false);

        assert_non_null(p);
        memset(p, 1, size);
        for (size_t at = 0; at < size; at += 4096) {
            int lies = memory_page_node(p + at + 17);

            assert_int_equal(memory_policy_node(p + at), t.node_os[i]);
            /* move_pages may be forbidden where get_mempolicy is not */
            if (lies != MEMORY_UNKNOWN_NODE)
                assert_int_equal(lies, t.node_os[i]);
        }
        memory_free(p, size);
    }
}

static void leaves_the_rest_alone(void **state)
{
    void *p;

    (void)state;
    if (cannot_place())
        skip();
    p = memory_alloc(4096, MEMORY_ANY_NODE, false);
    assert_non_null(p);
    assert_int_equal(memory_policy_node(p), MEMORY_ANY_NODE);
    assert_int_equal(memory_page_node(p), MEMORY_UNKNOWN_NODE); /* not touched yet */
    memory_free(p, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_pages),
        cmocka_unit_test(survives_what_cannot_be),
        cmocka_unit_test(places_on_each_node),
        cmocka_unit_test(leaves_the_rest_alone),
    };

    return cmocka_run_group_tests(tests, load_machine, NULL);
}
