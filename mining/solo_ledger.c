#include "base/hex.h"
#include "base/uint256.h"
#include "mining/solo_impl.h"

#include <stdio.h>
#include <string.h>

void solo_ledger_init(struct solo_ledger *l) { pthread_mutex_init(&l->lock, NULL); }

void solo_ledger_free(struct solo_ledger *l) { pthread_mutex_destroy(&l->lock); }

struct mining_status *solo_ledger_open(struct solo_ledger *l)
{
    pthread_mutex_lock(&l->lock);
    return &l->status;
}

void solo_ledger_close(struct solo_ledger *l) { pthread_mutex_unlock(&l->lock); }

void solo_ledger_copy(struct solo_ledger *l, struct mining_status *out)
{
    const struct mining_status *status = solo_ledger_open(l);

    *out = *status;
    for (size_t i = 0; i < out->source_count; i++)
        mining_reasons_sort(out->source[i].reasons, status->source[i].reasons);
    solo_ledger_close(l);
}

void solo_ledger_node(struct solo_ledger *l, const char *url, const char *user)
{
    struct mining_status *status = solo_ledger_open(l);
    size_t i = status->source_count++;
    struct mining_source_status *source = &status->source[i];

    *source = (struct mining_source_status){.enabled = true, .priority = (unsigned)i};
    snprintf(source->url, sizeof(source->url), "%s", url);
    snprintf(source->user, sizeof(source->user), "%s", user ? user : "");
    solo_ledger_close(l);
}

void solo_ledger_template(struct solo_ledger *l, size_t node, const struct block_template *t)
{
    struct mining_source_status *source = &solo_ledger_open(l)->source[node];

    source->works++;
    source->difficulty = uint256_difficulty(t->target);
    source->has_long_poll = t->longpoll_id != NULL;
    solo_ledger_close(l);
}

void solo_ledger_trouble(struct solo_ledger *l, size_t node)
{
    solo_ledger_open(l)->source[node].failures++;
    solo_ledger_close(l);
}

void solo_ledger_work(struct solo_ledger *l, const struct block_template *t, uint32_t version_mask)
{
    struct mining_status *status = solo_ledger_open(l);

    status->height = t->height;
    status->network_difficulty = uint256_difficulty(t->target);
    status->version = t->version;
    status->version_mask = version_mask & t->version_mask;
    hex_encode_reversed(status->previous, t->previous.bytes, sizeof(t->previous.bytes));
    solo_ledger_close(l);
}

void solo_ledger_found(struct solo_ledger *l, double reached, uint64_t now_s)
{
    struct mining_status *status = solo_ledger_open(l);

    status->counts.blocks++;
    if (reached > status->best_difficulty) {
        status->best_difficulty = reached;
        status->best_s = now_s;
    }
    solo_ledger_close(l);
}

void solo_ledger_verdict(struct solo_ledger *l, size_t node, const struct solo_block *block,
                         enum upstream_verdict verdict, const char *text, uint64_t now_s)
{
    struct mining_source_status *source = &solo_ledger_open(l)->source[node];

    switch (verdict) {
    case UPSTREAM_ACCEPTED:
        source->counts.accepted++;
        source->counts.blocks++;
        source->counts.accepted_difficulty += block->difficulty;
        source->last_difficulty = block->difficulty;
        source->last_accepted_s = now_s;
        if (block->reached > source->best_difficulty)
            source->best_difficulty = block->reached;
        break;
    case UPSTREAM_INCONCLUSIVE:
        source->counts.stale++;
        source->counts.stale_difficulty += block->difficulty;
        break;
    case UPSTREAM_REJECTED:
        source->counts.rejected++;
        source->counts.rejected_difficulty += block->difficulty;
        mining_reasons_add(source->reasons, text);
        break;
    case UPSTREAM_LOST:
        source->counts.lost++;
        break;
    }
    solo_ledger_close(l);
}

void solo_ledger_end(struct solo_ledger *l, enum solo_fate fate, double difficulty)
{
    struct mining_counts *counts = &solo_ledger_open(l)->counts;

    switch (fate) {
    case SOLO_FATE_ACCEPTED:
        counts->accepted++;
        counts->accepted_difficulty += difficulty;
        break;
    case SOLO_FATE_REJECTED:
        counts->rejected++;
        counts->rejected_difficulty += difficulty;
        break;
    case SOLO_FATE_STALE:
        counts->stale++;
        counts->stale_difficulty += difficulty;
        break;
    }
    solo_ledger_close(l);
}
