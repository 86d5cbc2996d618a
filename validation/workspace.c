#include "validation/workspace.h"

#include "engine/memory.h"
#include "validation/validator_impl.h"

#include <assert.h>

enum {
    CACHE_LINE = 64,
    /*
     * Kept even where the verifier is as fast with less: a worker that has run out of inputs helps
     * with another's, and the interpreter and the curve take turns less often.
     */
    MIN_KEPT = 64,
    MAX_KEPT = 1 << 14, /* however large the verifier's batches: some 4 MB a thread */
};

static size_t whole_lines(size_t size) { return (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE; }

/* The next of the parts that a workspace is cut into; NULL for memory only counts. */
static void *part(uint8_t *memory, size_t *used, size_t size)
{
    void *at = memory ? memory + *used : NULL;

    *used += whole_lines(size);
    return at;
}

/* Cuts memory into the parts of w, and returns how much they take. */
static size_t lay_out(struct workspace *w, uint8_t *memory, size_t kept)
{
    size_t used = whole_lines(sizeof(*w));

    w->script = part(memory, &used, script_workspace_size());
    w->checks = part(memory, &used, kept * sizeof(*w->checks));
    w->kept = part(memory, &used, kept * sizeof(*w->kept));
    w->accepted = part(memory, &used, kept);
    w->wrong_guesses = part(memory, &used, kept * sizeof(*w->wrong_guesses));
    w->capacity = kept;
    w->size = used;
    return used;
}

struct workspace *workspace_create(struct validator *validator, int node)
{
    size_t kept = verifier_impl(validator->verifier)->best_batch;
    struct workspace sizes, *w;

    kept = kept < MIN_KEPT ? MIN_KEPT : kept > MAX_KEPT ? MAX_KEPT : kept;
    w = memory_alloc(lay_out(&sizes, NULL, kept), node, false);
    if (!w)
        return NULL;
    lay_out(w, (uint8_t *)w, kept);
    w->validator = validator;
    return w;
}

void workspace_destroy(struct workspace *w)
{
    if (w)
        memory_free(w, w->size);
}

struct workspace *workspace_take(struct validator *validator)
{
    struct workspace *w;

    pthread_mutex_lock(&validator->lock);
    w = validator->spare;
    if (w)
        validator->spare = w->next;
    pthread_mutex_unlock(&validator->lock);
    return w ? w : workspace_create(validator, MEMORY_ANY_NODE);
}

void workspace_return(struct workspace *w)
{
    struct validator *validator = w->validator;

    pthread_mutex_lock(&validator->lock);
    w->next = validator->spare;
    validator->spare = w;
    pthread_mutex_unlock(&validator->lock);
}

void workspace_begin(struct workspace *w, bool direct, bool keep_signatures, enum pool_class class)
{
    w->prepared = SIZE_MAX;
    w->direct = direct;
    w->keep_signatures = keep_signatures;
    w->class = class;
    w->input = SIZE_MAX;
    w->count = 0;
    w->wrong_count = 0;
}

static void remember(struct workspace *w, const struct signature_key *key)
{
    if (w->validator->cache && w->keep_signatures)
        signature_cache_add(w->validator->cache, key);
}

static void note_wrong(struct workspace *w, const struct kept_check *kept)
{
    struct wrong_guess *last = w->wrong_count ? &w->wrong_guesses[w->wrong_count - 1] : NULL;

    if (kept->input == w->input) {
        w->wrong = true;
    } else if (!last || last->input != kept->input) {
        assert(w->wrong_count < w->capacity);
        w->wrong_guesses[w->wrong_count++] =
            (struct wrong_guess){kept->input, kept->made, kept->cached};
    }
}

void workspace_flush(struct workspace *w)
{
    size_t count = w->count;

    if (!count)
        return;
    w->batch.checks = w->checks;
    w->batch.accepted = w->accepted;
    w->batch.count = count;
    w->batch.class = w->class;
    verifier_run(w->validator->verifier, &w->batch);
    assert(!w->batch.cancelled);
    for (size_t i = 0; i < count; i++)
        if (w->accepted[i])
            remember(w, &w->kept[i].key);
        else
            note_wrong(w, &w->kept[i]);
    w->count = 0;
    w->first = 0;
}

static bool verify_now(struct workspace *w, const struct signature_check *check,
                       const struct signature_key *key)
{
    uint8_t good;

    signature_verify_libsecp256k1(&good, check, 1);
    if (good)
        remember(w, key);
    return good;
}

static bool decide(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    struct workspace *w = context;
    struct signature_cache *cache = w->validator->cache;
    struct signature_key key = {{0}};

    w->made++;
    if (w->wrong) /* the run comes to nothing already */
        return true;
    if (cache) {
        key = signature_cache_key(cache, check);
        if (signature_cache_find(cache, &key, !w->keep_signatures)) {
            w->cached++;
            return true;
        }
    }
    if (w->direct || decision == SCRIPT_DECIDE_NOW)
        return verify_now(w, check, &key);
    if (w->count == w->capacity)
        workspace_flush(w);
    if (w->wrong)
        return true;
    w->checks[w->count] = *check;
    w->kept[w->count++] = (struct kept_check){.input = w->input, .key = key};
    w->guessed = true;
    return true;
}

enum script_error workspace_run(struct workspace *w, const struct script_input *input,
                                size_t number)
{
    enum script_error error;

    w->input = number;
    w->made = 0;
    w->cached = 0;
    w->first = w->count;
    w->guessed = false;
    w->wrong = false;
    error = script_verify(w->script, input, decide, w);
    for (size_t i = w->first; i < w->count; i++) {
        w->kept[i].made = w->made;
        w->kept[i].cached = w->cached;
    }
    return error;
}

void workspace_drop(struct workspace *w) { w->count = w->first; }
