/*
 * One input's scripts (tests/spends/spend.h): deferring signatures gives what verifying them at once
 * gives, and fewer flags never refuse what more of them allow. Whatever signatures are said to be,
 * an answer does not depend on what ran before.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/spends/reference.h"

static void run_arbitrarily(const struct spend *s, struct runs *runs)
{
    struct sighash_tx tx;
    struct script_input input = spend_prepare(s, &tx);
    enum script_error error = runs_arbitrary(runs, &input);

    runs_spoil(runs);
    FUZZ_CHECK(runs_arbitrary(runs, &input) == error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct runs runs;
    static const struct reference none;
    char text[SPEND_DIFFERENCE_SIZE];
    enum script_error error;
    struct arena arena;
    struct spend s;

    if (!runs.workspace)
        runs_init(&runs);
    arena_init(&arena, 0);
    if (spend_read(&s, &arena, bytes_of(data, size))) {
        if (!spend_compare(&s, &runs, &none, &error, text)) {
            fprintf(stderr, "%s\n", text);
            abort();
        }
        run_arbitrarily(&s, &runs);
    }
    arena_free(&arena);
    return 0;
}
