/* Where to mine: what the settings say about nodes and pools. */
#ifndef PROGRAMS_MINER_SOURCES_H
#define PROGRAMS_MINER_SOURCES_H

#include "base/settings.h"
#include "mining/solo.h"
#include "mining/stratum.h"

enum { MINER_SOURCES_ERROR_SIZE = 512 };

/* Nodes or pools, and who is calling them. */
struct miner_sources {
    bool pools; /* else nodes */
    size_t count;
    union {
        struct upstream_options node[SOLO_MAX_NODES];
        struct stratum_pool pool[STRATUM_MAX_POOLS];
    };
    char *name[SOLO_MAX_NODES]; /* the first half of --userpass, or NULL */
};

/*
 * Reads them from settings, which must outlive them. port is for nodes' URLs
 * without one. False, with the reason in error, where they make no sense; none at all
 * is a count of 0.
 */
bool miner_sources_read(struct miner_sources *sources, const struct settings *s, uint16_t port,
                        char error[static MINER_SOURCES_ERROR_SIZE]);

void miner_sources_free(struct miner_sources *sources);

/* --pool-strategy; false where its name is none. name, where not NULL, gets cgminer's for it. */
bool miner_sources_strategy(enum stratum_strategy *strategy, const char **name,
                            const struct settings *s);

#endif
