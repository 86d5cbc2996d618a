#include "mining/stratum_shares.h"

#include "base/utf8.h"

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

/* Without control characters and broken ones, which are left out. */
static void clean_text(char out[static MINING_REASON_SIZE], const char *text)
{
    struct bytes rest = bytes_of(text, strlen(text));
    size_t at = 0;

    while (rest.size) {
        size_t size = utf8_size(rest), skip = size ? size : 1;

        if (size && !utf8_control_size(rest)) {
            if (at + size >= MINING_REASON_SIZE)
                break;
            memcpy(out + at, rest.data, size);
            at += size;
        }
        rest = bytes_of(rest.data + skip, rest.size - skip);
    }
    out[at] = '\0';
}

static void count_reason(struct stratum_shares *s, const char *reason)
{
    char text[MINING_REASON_SIZE];

    clean_text(text, reason);
    if (!*text)
        snprintf(text, sizeof(text), "no reason given");
    for (size_t i = 0; i < MINING_MAX_REASONS; i++) {
        if (i == MINING_MAX_REASONS - 1)
            snprintf(s->reasons[i].text, MINING_REASON_SIZE, "other reasons");
        else if (!s->reasons[i].count)
            memcpy(s->reasons[i].text, text, sizeof(text));
        else if (strcmp(s->reasons[i].text, text) != 0)
            continue;
        s->reasons[i].count++;
        return;
    }
}

void stratum_shares_reject(struct stratum_shares *s, struct stratum_share *share,
                           const char *reason)
{
    s->counts.rejected++;
    s->counts.rejected_difficulty += share->job->difficulty;
    s->lost_in_a_row = 0;
    count_reason(s, reason);
    release(s, share);
}

void stratum_shares_lose(struct stratum_shares *s, struct stratum_share *share)
{
    s->counts.lost++;
    s->lost_in_a_row++;
    release(s, share);
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

void stratum_shares_reasons(const struct stratum_shares *s, struct mining_source_status *out)
{
    size_t count = 0;

    for (size_t i = 0; i < MINING_MAX_REASONS && s->reasons[i].count; i++) {
        size_t at = count++;

        for (; at > 0 && out->reasons[at - 1].count < s->reasons[i].count; at--)
            out->reasons[at] = out->reasons[at - 1];
        memcpy(out->reasons[at].text, s->reasons[i].text, MINING_REASON_SIZE);
        out->reasons[at].count = s->reasons[i].count;
    }
}

bool stratum_shares_alarm(struct stratum_shares *s, uint64_t now_ns,
                          char text[static STRATUM_ALARM_SIZE])
{
    uint64_t accepted = s->counts.accepted - s->alarm_accepted;
    uint64_t rejected = s->counts.rejected - s->alarm_rejected;
    uint64_t answers = accepted + rejected;
    struct mining_source_status sorted = {0};
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
    stratum_shares_reasons(s, &sorted);
    for (size_t i = 0; i < MINING_MAX_REASONS && sorted.reasons[i].count; i++)
        if (at < STRATUM_ALARM_SIZE)
            at += (size_t)snprintf(text + at, STRATUM_ALARM_SIZE - at, "%s %" PRIu64 " \"%s\"",
                                   i ? "," : "", sorted.reasons[i].count, sorted.reasons[i].text);
    return true;
}
