#include "mining/stratum_strategy.h"

static bool usable(const struct strategy_pool *p) { return p->enabled && p->alive; }

/* The alive pool with the lowest priority that is at least from; count where there is none. */
static size_t first_alive(const struct strategy *s, unsigned from)
{
    size_t best = s->count;

    for (size_t i = 0; i < s->count; i++) {
        const struct strategy_pool *p = &s->pool[i];

        if (usable(p) && p->priority >= from &&
            (best == s->count || p->priority < s->pool[best].priority))
            best = i;
    }
    return best;
}

static bool current_is_usable(const struct strategy *s)
{
    return s->current < s->count && usable(&s->pool[s->current]);
}

static size_t choose_failover(const struct strategy *s, uint64_t now_ns)
{
    size_t best = first_alive(s, 0);

    if (!current_is_usable(s) || best == s->current)
        return best;
    /* The preferred one may come and go: it is waited for, unless it is less preferred. */
    if (s->pool[best].priority < s->pool[s->current].priority &&
        now_ns - s->pool[best].alive_ns < STRATUM_STEADY_NS)
        return s->current;
    return best;
}

static size_t choose_round_robin(const struct strategy *s, uint64_t now_ns)
{
    size_t next;

    if (current_is_usable(s) && now_ns - s->current_ns < s->rotate_ns)
        return s->current;
    next = s->current < s->count ? first_alive(s, s->pool[s->current].priority + 1) : s->count;
    return next < s->count ? next : first_alive(s, 0);
}

static size_t choose_balanced(const struct strategy *s, uint64_t now_ns)
{
    size_t best = s->count;

    if (current_is_usable(s) && now_ns - s->current_ns < STRATUM_SLICE_NS)
        return s->current;
    for (size_t i = 0; i < s->count; i++)
        if (usable(&s->pool[i]) &&
            (best == s->count ||
             s->pool[i].hashes / s->pool[i].quota < s->pool[best].hashes / s->pool[best].quota))
            best = i;
    return best;
}

size_t strategy_choose(const struct strategy *s, uint64_t now_ns)
{
    switch (s->kind) {
    case STRATUM_FAILOVER:
        return choose_failover(s, now_ns);
    case STRATUM_LOAD_BALANCE:
        return choose_balanced(s, now_ns);
    case STRATUM_ROUND_ROBIN:
        return choose_round_robin(s, now_ns);
    }
    return s->count;
}

bool strategy_wants(const struct strategy *s, size_t index, uint64_t now_ns)
{
    const struct strategy_pool *p = &s->pool[index];

    if (!p->enabled || s->kind != STRATUM_FAILOVER || index == s->current)
        return p->enabled;
    for (size_t i = 0; i < s->count; i++) {
        const struct strategy_pool *q = &s->pool[i];

        if (q->priority < p->priority && q->enabled &&
            (q->hopeful ||
             (q->alive && (i == s->current || now_ns - q->alive_ns >= STRATUM_STEADY_NS))))
            return false;
    }
    return true;
}

double strategy_entry_hashes(const struct strategy *s, size_t index)
{
    double least = -1, own = s->pool[index].hashes;

    for (size_t i = 0; i < s->count; i++) {
        double share = s->pool[i].hashes / s->pool[i].quota;

        if (i != index && usable(&s->pool[i]) && (least < 0 || share < least))
            least = share;
    }
    return least * s->pool[index].quota > own ? least * s->pool[index].quota : own;
}

uint64_t strategy_pause_ns(unsigned failures, uint64_t longest_ns, uint32_t random)
{
    uint64_t pause = STRATUM_FIRST_PAUSE_NS;

    for (unsigned i = 1; i < failures && pause < longest_ns; i++)
        pause *= 2;
    if (pause > longest_ns)
        pause = longest_ns;
    /* Three quarters to five quarters of it. */
    return pause - pause / 4 + (uint64_t)((double)(pause / 2) * ((double)random / UINT32_MAX));
}
