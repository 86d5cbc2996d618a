/*
 * One input's scripts (tests/spends/spend.h): deferring signatures gives what verifying them at once
 * gives, and fewer flags never refuse what more of them allow.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/spends/reference.h"

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
    if (spend_read(&s, &arena, bytes_of(data, size)) &&
        !spend_compare(&s, &runs, &none, &error, text)) {
        fprintf(stderr, "%s\n", text);
        abort();
    }
    arena_free(&arena);
    return 0;
}
