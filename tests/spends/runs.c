#include "tests/spends/runs.h"

#include <stdio.h>
#include <stdlib.h>

static void *grown(void *memory, size_t size)
{
    memory = realloc(memory, size);
    if (!memory) {
        fputs("no memory\n", stderr);
        abort();
    }
    return memory;
}

enum { MEMORY = 16384 }; /* signatures, each of which has one place */

struct runs_memory {
    struct {
        bool used, good;
        struct signature_check check;
    } at[MEMORY];
};

void runs_init(struct runs *r)
{
    *r = (struct runs){.workspace = grown(NULL, script_workspace_size()),
                       .memory = grown(NULL, sizeof(struct runs_memory))};
    memset(r->memory, 0, sizeof(*r->memory));
}

void runs_free(struct runs *r)
{
    free(r->workspace);
    free(r->memory);
    free(r->checks);
}

/* FNV-1a (Fowler, Noll, Vo, 1991), folded. */
static uint32_t hash_of(const struct signature_check *check)
{
    const uint8_t *byte = (const uint8_t *)check;
    uint32_t hash = 2166136261;

    for (size_t i = 0; i < sizeof(*check); i++)
        hash = (hash ^ byte[i]) * 16777619;
    return hash ^ hash >> 16;
}

static bool is_good(struct runs *r, const struct signature_check *check)
{
    size_t at = hash_of(check) % MEMORY;

    if (!r->memory->at[at].used || memcmp(&r->memory->at[at].check, check, sizeof(*check)) != 0) {
        r->memory->at[at].used = true;
        r->memory->at[at].check = *check;
        r->memory->at[at].good = script_decide_directly(NULL, check, SCRIPT_DECIDE_NOW);
    }
    return r->memory->at[at].good;
}

static bool decide(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    (void)decision;
    return is_good(context, check);
}

enum script_error runs_direct(struct runs *r, const struct script_input *input)
{
    return script_verify(r->workspace, input, decide, r);
}

/* Keeps what may be put off, and believes it. */
static bool keep(void *context, const struct signature_check *check, enum script_decision decision)
{
    struct runs *r = context;

    if (decision == SCRIPT_DECIDE_NOW)
        return is_good(r, check);
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 16;
        r->checks = grown(r->checks, r->capacity * sizeof(*r->checks));
    }
    r->checks[r->count++] = *check;
    return true;
}

enum script_error runs_deferred(struct runs *r, const struct script_input *input)
{
    enum script_error error;

    r->count = 0;
    error = script_verify(r->workspace, input, keep, r);
    for (size_t i = 0; i < r->count; i++) {
        if (!is_good(r, &r->checks[i])) {
            r->again++;
            return runs_direct(r, input);
        }
    }
    return error;
}

/* Three of four are good. */
static bool decide_arbitrarily(void *context, const struct signature_check *check,
                               enum script_decision decision)
{
    (void)context;
    (void)decision;
    return hash_of(check) % 4 != 0;
}

enum script_error runs_arbitrary(struct runs *r, const struct script_input *input)
{
    return script_verify(r->workspace, input, decide_arbitrarily, NULL);
}

void runs_spoil(struct runs *r) { memset(r->workspace, 0xfe, script_workspace_size()); }
