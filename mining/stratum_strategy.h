/*
 * Which pools to be connected to, which one's work to search, and how long to
 * wait before the next try: decisions on plain data, without clock or sockets.
 */
#ifndef MINING_STRATUM_STRATEGY_H
#define MINING_STRATUM_STRATEGY_H

#include "mining/stratum.h"

/* How long an earlier pool must have been well before it is taken again. */
#define STRATUM_STEADY_NS (UINT64_C(10) * 1000000000)
/* How long a first try may take before later pools are tried too. */
#define STRATUM_HOPE_NS (UINT64_C(5) * 1000000000)
/* How long the search stays with a pool where several share it. */
#define STRATUM_SLICE_NS (UINT64_C(1) * 1000000000)
/* The first pause after a failure; it doubles with each. */
#define STRATUM_FIRST_PAUSE_NS (UINT64_C(500) * 1000000)

struct strategy_pool {
    bool enabled;
    unsigned priority; /* different in each pool; 0 is the preferred one */
    unsigned quota;    /* 1 and more */
    bool alive;        /* has a job to search */
    uint64_t alive_ns; /* since when; where alive */
    bool hopeful;      /* not alive yet, but the first try has just begun */
    double hashes;     /* spent on it, of those that load balancing counts */
};

struct strategy {
    enum stratum_strategy kind;
    uint64_t rotate_ns;
    size_t count;
    struct strategy_pool pool[STRATUM_MAX_POOLS];
    size_t current;      /* whose work is searched; count: none */
    uint64_t current_ns; /* since when */
};

/* The pool to search now; count where there is none. */
size_t strategy_choose(const struct strategy *s, uint64_t now_ns);

/* Whether a connection to this pool is wanted. */
bool strategy_wants(const struct strategy *s, size_t index, uint64_t now_ns);

/*
 * What hashes of a pool should be set to when it becomes alive, so that it gets its
 * quota from now on and nothing for the time that it was away.
 */
double strategy_entry_hashes(const struct strategy *s, size_t index);

/* The pause after so many failures in a row, 1 and more; random is any number. */
uint64_t strategy_pause_ns(unsigned failures, uint64_t longest_ns, uint32_t random);

#endif
