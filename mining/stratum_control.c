/* What a run tells of itself, and what may be asked of it, on any thread. */
#include "base/hex.h"
#include "mining/stratum_impl.h"

#include <stdio.h>

static void fill_source(struct mining_source_status *out, const struct stratum *s,
                        const struct stratum_source *source)
{
    const struct stratum_shares *shares = stratum_client_shares(source->client);
    const struct stratum_job *job = stratum_client_job(source->client);

    snprintf(out->url, sizeof(out->url), "%s", source->name);
    snprintf(out->user, sizeof(out->user), "%.127s", source->url.user);
    snprintf(out->text, sizeof(out->text), "%s", source->alive ? "" : source->text);
    out->is_pool = true;
    out->alive = source->alive;
    out->active = s->searching && source->serial == s->current;
    out->enabled = source->enabled;
    out->priority = source->priority;
    out->works = stratum_client_jobs(source->client);
    out->failures = source->all_failures;
    out->difficulty = job ? job->difficulty : 0;
    out->last_difficulty = shares->last_difficulty;
    out->best_difficulty = shares->best_difficulty;
    out->last_accepted_s = source->last_accepted_s;
    out->has_long_poll = source->alive;
    out->counts = shares->counts;
    mining_reasons_sort(out->reasons, shares->reasons);
}

void stratum_status(struct stratum *s, struct mining_status *out)
{
    const struct stratum_job *job = NULL;
    size_t current;

    *out = (struct mining_status){0};
    pthread_mutex_lock(&s->lock);
    out->counts = s->removed;
    out->source_count = s->count;
    for (size_t i = 0; i < s->count; i++) {
        fill_source(&out->source[i], s, s->source[i]);
        mining_counts_add(&out->counts, &out->source[i].counts);
    }
    current = stratum_source_find(s, s->current);
    if (current < s->count)
        job = stratum_client_job(s->source[current]->client);
    if (job) {
        hex_encode_reversed(out->previous, job->header + 4, 32);
        out->version = job->version;
        out->height = job->height;
        out->version_mask = s->searching ? s->mask : 0;
        if (!uint256_is_zero(job->network_target))
            out->network_difficulty = uint256_difficulty(job->network_target);
    }
    out->best_difficulty = s->best_difficulty;
    out->best_s = s->best_s;
    pthread_mutex_unlock(&s->lock);
}

/* The controls: each looks, changes and wakes under the lock. */

static bool end_control(struct stratum *s, bool good)
{
    if (good) {
        s->changed = true;
        stratum_wake(s);
    }
    pthread_mutex_unlock(&s->lock);
    return good;
}

static bool is_index(const struct stratum *s, size_t index,
                     char text[static MINING_CONTROL_TEXT_SIZE])
{
    if (index < s->count)
        return true;
    snprintf(text, MINING_CONTROL_TEXT_SIZE, "there is no pool %zu", index);
    return false;
}

/* Whether another one than index is enabled. */
static bool has_other(const struct stratum *s, size_t index,
                      char text[static MINING_CONTROL_TEXT_SIZE])
{
    for (size_t i = 0; i < s->count; i++)
        if (i != index && s->source[i]->enabled)
            return true;
    snprintf(text, MINING_CONTROL_TEXT_SIZE, "it is the only pool that is enabled");
    return false;
}

static void enable(struct stratum_source *source)
{
    source->enabled = true;
    source->retry_ns = 0;
    source->failures = 0;
}

static void control_status(void *arg, struct mining_status *out) { stratum_status(arg, out); }

static bool control_switch(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE])
{
    struct stratum *s = arg;
    bool good;

    pthread_mutex_lock(&s->lock);
    good = is_index(s, index, text);
    if (good) {
        struct stratum_source *source = s->source[index];

        for (size_t i = 0; i < s->count; i++)
            if (s->source[i]->priority < source->priority)
                s->source[i]->priority++;
        source->priority = 0;
        enable(source);
        /* What the operator wants is not waited for. */
        if (source->alive)
            stratum_set_current(s, source, stratum_now_ns(s));
        for (size_t i = 0; i < s->count; i++)
            s->source[i]->chosen = s->source[i] == source && !source->alive;
    }
    return end_control(s, good);
}

static bool control_enable(void *arg, size_t index, bool wanted,
                           char text[static MINING_CONTROL_TEXT_SIZE])
{
    struct stratum *s = arg;
    bool good;

    pthread_mutex_lock(&s->lock);
    good = is_index(s, index, text) && (wanted || has_other(s, index, text));
    if (good && wanted)
        enable(s->source[index]);
    else if (good)
        s->source[index]->enabled = false;
    return end_control(s, good);
}

static bool control_add(void *arg, const char *url, const char *user, const char *password,
                        char text[static MINING_CONTROL_TEXT_SIZE])
{
    struct stratum *s = arg;
    const struct stratum_pool pool = {.url = url, .user = user, .password = password};
    char error[STRATUM_ERROR_SIZE];
    bool good = false;

    pthread_mutex_lock(&s->lock);
    if (s->count == STRATUM_MAX_POOLS)
        snprintf(text, MINING_CONTROL_TEXT_SIZE, "there are %d pools already", STRATUM_MAX_POOLS);
    else if (stratum_source_create(s, &pool, error))
        good = true;
    else
        snprintf(text, MINING_CONTROL_TEXT_SIZE, "%.200s", error);
    return end_control(s, good);
}

static bool control_remove(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE])
{
    struct stratum *s = arg;
    bool good;

    pthread_mutex_lock(&s->lock);
    good = is_index(s, index, text) && has_other(s, index, text);
    if (good) {
        struct stratum_source *source = s->source[index];

        if (source->serial == s->current)
            stratum_set_current(s, NULL, stratum_now_ns(s));
        stratum_source_hang_up(source, stratum_now_ns(s));
        stratum_client_give_up(source->client);
        mining_counts_add(&s->removed, &stratum_client_shares(source->client)->counts);
        for (size_t i = 0; i < s->count; i++)
            if (s->source[i]->priority > source->priority)
                s->source[i]->priority--;
        memmove(&s->source[index], &s->source[index + 1],
                (--s->count - index) * sizeof(s->source[0]));
        stratum_source_destroy(source);
    }
    return end_control(s, good);
}

struct mining_control stratum_control(struct stratum *s)
{
    return (struct mining_control){.arg = s,
                                   .status = control_status,
                                   .switch_source = control_switch,
                                   .enable_source = control_enable,
                                   .add_source = control_add,
                                   .remove_source = control_remove};
}
