#include "mining/stratum_shares.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define SECOND_NS UINT64_C(1000000000)

static void release(struct stratum_shares *s, struct stratum_share *share)
{
    assert(share->job && s->waiting > 0);
    stratum_job_unref(share->job);
    *share = (struct stratum_share){0};
    s->waiting--;
}

void stratum_shares_free(struct stratum_shares *s)
{
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++)
        if (s->share[i].job)
            release(s, &s->share[i]);
}

bool stratum_shares_known(struct stratum_shares *s, const uint8_t hash[static 32])
{
    /* A hash's zeros are at its end; any 64 bits of the rest tell shares apart. */
    uint64_t name = read_le64(hash);
    size_t count =
        s->remembered < STRATUM_SHARES_REMEMBERED ? s->remembered : STRATUM_SHARES_REMEMBERED;

    for (size_t i = 0; i < count; i++)
        if (s->sent[i] == name)
            return true;
    s->sent[s->remembered++ % STRATUM_SHARES_REMEMBERED] = name;
    return false;
}

struct stratum_share *stratum_shares_add(struct stratum_shares *s,
                                         const struct stratum_share *share)
{
    if (s->waiting == STRATUM_SHARES_MAX)
        return NULL;
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++) {
        /* Ids are given out one after another, so that the first look mostly succeeds. */
        struct stratum_share *place = &s->share[(share->id + i) % STRATUM_SHARES_MAX];

        if (place->job)
            continue;
        *place = *share;
        stratum_job_ref(place->job);
        s->waiting++;
        return place;
    }
    return NULL;
}

struct stratum_share *stratum_shares_find(struct stratum_shares *s, uint64_t id)
{
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++) {
        struct stratum_share *share = &s->share[(id + i) % STRATUM_SHARES_MAX];

        if (share->job && share->id == id)
            return share;
    }
    return NULL;
}

void stratum_shares_accept(struct stratum_shares *s, struct stratum_share *share)
{
    s->counts.accepted++;
    s->counts.accepted_difficulty += share->job->difficulty;
    s->counts.blocks += share->solves;
    s->last_difficulty = share->job->difficulty;
    if (share->difficulty > s->best_difficulty)
        s->best_difficulty = share->difficulty;
    s->lost_in_a_row = 0;
    release(s, share);
}

void stratum_shares_reject(struct stratum_shares *s, struct stratum_share *share,
                           const char *reason)
{
    s->counts.rejected++;
    s->counts.rejected_difficulty += share->job->difficulty;
    s->lost_in_a_row = 0;
    mining_reasons_add(s->reasons, reason);
    release(s, share);
}

void stratum_shares_lose(struct stratum_shares *s, struct stratum_share *share)
{
    s->counts.lost++;
    s->lost_in_a_row++;
    release(s, share);
}

void stratum_shares_make_room(struct stratum_shares *s)
{
    struct stratum_share *oldest = &s->share[0];

    if (s->waiting < STRATUM_SHARES_MAX)
        return;
    for (size_t i = 1; i < STRATUM_SHARES_MAX; i++) {
        struct stratum_share *share = &s->share[i];

        if (share->solves != oldest->solves ? oldest->solves : share->since_ns < oldest->since_ns)
            oldest = share;
    }
    stratum_shares_lose(s, oldest);
}

void stratum_shares_stale(struct stratum_shares *s, const struct stratum_job *job)
{
    s->counts.stale++;
    s->counts.stale_difficulty += job->difficulty;
}

size_t stratum_shares_expire(struct stratum_shares *s, uint64_t since_ns)
{
    size_t count = 0;

    for (size_t i = 0; i < STRATUM_SHARES_MAX && s->waiting; i++) {
        if (!s->share[i].job || s->share[i].since_ns > since_ns)
            continue;
        stratum_shares_lose(s, &s->share[i]);
        count++;
    }
    return count;
}

bool stratum_shares_alarm(struct stratum_shares *s, uint64_t now_ns,
                          char text[static STRATUM_ALARM_SIZE])
{
    uint64_t accepted = s->counts.accepted - s->alarm_accepted;
    uint64_t rejected = s->counts.rejected - s->alarm_rejected;
    uint64_t answers = accepted + rejected;
    struct mining_reason sorted[MINING_MAX_REASONS];
    size_t at;

    if (answers < STRATUM_ALARM_SHARES ||
        (s->alarm_ns && now_ns - s->alarm_ns < STRATUM_ALARM_PAUSE_S * SECOND_NS))
        return false;
    s->alarm_accepted = s->counts.accepted;
    s->alarm_rejected = s->counts.rejected;
    if (rejected * 100 <= answers * STRATUM_ALARM_PERCENT)
        return false;
    s->alarm_ns = now_ns;
    at = (size_t)snprintf(
        text, STRATUM_ALARM_SIZE,
        "%" PRIu64 " of the last %" PRIu64 " shares were rejected; so far:", rejected, answers);
    mining_reasons_sort(sorted, s->reasons);
    for (size_t i = 0; i < MINING_MAX_REASONS && sorted[i].count; i++)
        if (at < STRATUM_ALARM_SIZE)
            at += (size_t)snprintf(text + at, STRATUM_ALARM_SIZE - at, "%s %" PRIu64 " \"%s\"",
                                   i ? "," : "", sorted[i].count, sorted[i].text);
    return true;
}
