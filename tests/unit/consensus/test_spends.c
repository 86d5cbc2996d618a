/*
 * Random spends, most of them with signatures that are right: deferring gives what direct running
 * gives, fewer flags never make a good one bad, and where EXS_REFERENCE_CONSENSUS names another
 * libbitcoinconsensus, it says the same, and ours takes calls, wrong ones too, as it does. EXS_SEED chooses which spends, EXS_LONG makes them many.
 */
#include "consensus/interpreter.h"

#include "base/hex.h"
#include "tests/spends/drop_in.h"
#include "tests/spends/mutate.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>

enum { SPENDS = 600, SPENDS_LONG = 200000, MUTATIONS = 6 };

struct tried {
    size_t errors[SCRIPT_ERRORS];
    size_t count, again;
};

static void check(const struct spend *s, struct runs *runs, const struct reference *reference,
                  struct random *random, struct tried *tried)
{
    char text[SPEND_DIFFERENCE_SIZE];
    enum script_error error;

    if (!spend_compare(s, runs, reference, &error, text) ||
        !drop_in_compare(s, reference, random, text)) {
        struct bytes data = spend_write(s);
        char *hex = spend_alloc(s, 2 * data.size + 1);

        hex_encode(hex, data.data, data.size);
        fail_msg("%s: %s", text, hex);
    }
    tried->errors[error]++;
    tried->count++;
}

static void try_many(const struct reference *reference, const char *what, struct tried *tried)
{
    struct random random = random_create(what), calls = random;
    size_t spends = getenv("EXS_LONG") ? SPENDS_LONG : SPENDS;
    struct keys keys;
    struct runs runs;
    struct mutator m = {.maker = {&random, &keys}};

    keys_init(&keys);
    runs_init(&runs);
    m.workspace = runs.workspace;
    for (size_t i = 0; i < spends; i++) {
        struct arena arena;
        struct spend s;

        arena_init(&arena, 0);
        make_spend(&m.maker, &s, &arena);
        spend_repair(&s, runs.workspace, &keys);
        check(&s, &runs, reference, &calls, tried);
        for (size_t j = 0; j < MUTATIONS; j++) {
            spend_mutate(&m, &s);
            check(&s, &runs, reference, &calls, tried);
        }
        arena_free(&arena);
    }
    tried->again = runs.again;
    runs_free(&runs);
    keys_free(&keys);
}

static void print_tried(const struct tried *tried)
{
    size_t kinds = 0;

    for (size_t i = 0; i < SCRIPT_ERRORS; i++) {
        kinds += tried->errors[i] != 0;
        if (tried->errors[i])
            print_message("%7zu %s\n", tried->errors[i], script_error_name((enum script_error)i));
    }
    print_message("%zu spends, %zu of them good, %zu kinds of answers, %zu deferred runs had to be "
                  "run again\n",
                  tried->count, tried->errors[SCRIPT_ERR_OK], kinds, tried->again);
}

static void test_deferred(void **state)
{
    const struct reference none = {0};
    struct tried tried = {0};

    (void)state;
    try_many(&none, "deferred", &tried);
    print_tried(&tried);
    /* Were they all bad, or their signatures, nothing would have been tried. */
    assert_true(tried.errors[SCRIPT_ERR_OK] > tried.count / 16);
    assert_true(tried.again > 0);
}

static void test_reference(void **state)
{
    struct reference reference;
    struct tried tried = {0};

    (void)state;
    if (!reference_open(&reference))
        fail_msg("EXS_REFERENCE_CONSENSUS can't be used");
    if (!reference.library) {
        print_message("skipped: EXS_REFERENCE_CONSENSUS names no library to compare with\n");
        skip();
    }
    try_many(&reference, "reference", &tried);
    print_tried(&tried);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
