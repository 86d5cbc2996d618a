/*
 * A transaction and all that it spends (tests/spends/spend.h): every input's scripts give what the
 * library that EXS_REFERENCE_CONSENSUS names gives, and our drop-in for it answers calls, wrong ones
 * too, as it does. Without one, deferring is compared with verifying at once, and that is all.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/spends/drop_in.h"

enum { INPUTS_MAX = 8, CALLS = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct reference reference;
static struct runs runs;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (!reference_open(&reference))
        exit(1);
    if (!reference.library)
        fputs("EXS_REFERENCE_CONSENSUS names no library: deferred is compared with direct only\n",
              stderr);
    else if (!reference.error)
        fputs("the reference names no errors: verdicts alone are compared\n", stderr);
    runs_init(&runs);
    return 0;
}

static void compare_one(const struct spend *s)
{
    char text[SPEND_DIFFERENCE_SIZE];
    enum script_error error;

    if (!spend_compare(s, &runs, &reference, &error, text)) {
        fprintf(stderr, "input %zu: %s\n", s->input, text);
        abort();
    }
}

/* What is wrong with the calls follows from the input, so that it shows again when run again. */
static void compare_calls(const struct spend *s, const uint8_t *data, size_t size)
{
    struct random random = {size};
    char text[SPEND_DIFFERENCE_SIZE];

    for (size_t i = 0; i < size; i++)
        random.state = random.state * 31 + data[i];
    for (int i = 0; i < CALLS; i++)
        if (!drop_in_compare(s, &reference, &random, text)) {
            fprintf(stderr, "%s\n", text);
            abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct spend s;

    arena_init(&arena, 0);
    if (spend_read(&s, &arena, bytes_of(data, size))) {
        size_t chosen = s.input;

        compare_one(&s);
        compare_calls(&s, data, size);
        for (s.input = 0; s.input < s.tx.input_count && s.input < INPUTS_MAX; s.input++)
            if (s.input != chosen)
                compare_one(&s);
    }
    arena_free(&arena);
    return 0;
}
