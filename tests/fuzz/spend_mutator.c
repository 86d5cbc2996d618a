/*
 * How inputs that are spends are mutated: as spends, not as bytes, with their signatures and hashes
 * made right again. What can't be read as one becomes a new one.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/spends/mutate.h"

enum { FRESH_IN = 100, MUTATIONS_MAX = 3 };

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static struct keys keys;
    static struct script_workspace *workspace;
    struct random random = {seed};
    struct mutator m = {{&random, &keys}, NULL, LLVMFuzzerMutate};
    struct arena arena;
    struct spend s;
    struct bytes out;

    if (!workspace) {
        keys_init(&keys);
        workspace = malloc(script_workspace_size());
        FUZZ_CHECK(workspace);
    }
    m.workspace = workspace;
    arena_init(&arena, 0);
    if (!spend_read(&s, &arena, bytes_of(data, size)) || random_below(&random, FRESH_IN) == 0) {
        make_spend(&m.maker, &s, &arena);
        spend_repair(&s, workspace, &keys);
    } else {
        for (size_t i = 1 + random_below(&random, MUTATIONS_MAX); i > 0; i--)
            spend_mutate(&m, &s);
    }
    out = spend_write(&s);
    if (out.size <= max) {
        memcpy(data, out.data, out.size);
        size = out.size;
    }
    arena_free(&arena);
    return size;
}
