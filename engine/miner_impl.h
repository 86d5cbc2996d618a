/* The search space of one work, for miner*.c alone. */
#ifndef ENGINE_MINER_IMPL_H
#define ENGINE_MINER_IMPL_H

#include "engine/miner.h"

/* What a lane takes at once: these nonces, each with all these versions. */
struct miner_unit {
    uint64_t extranonce;
    uint32_t time;
    uint32_t nonce_first;
    uint64_t nonce_count;
    size_t versions;
    uint32_t version[SEARCH_MAX_VERSIONS];
};

/*
 * A work's space as a number of mixed radix: extranonce, time, set of versions,
 * chunk of nonces, the last the fastest. Units are its values from 0 on, so
 * that handing out each number once searches everything once.
 */
struct miner_space {
    const struct search_impl *search; /* what scans it */
    uint32_t version;                 /* the template's */
    uint32_t version_mask;
    uint64_t version_count; /* 2^(bits of the mask) */
    size_t set_size;        /* versions a set; the last set may have fewer */
    uint32_t time_first;
    uint64_t nonce_first, nonce_count;
    uint64_t chunk_size; /* nonces a unit; the last chunk may have fewer */
    uint64_t extranonce_first;
    uint64_t chunks, sets, times;
    uint64_t units; /* at most 2^64 - 1, beyond which nobody gets */
};

/* False where the nonces go beyond 2^32. */
bool miner_space_init(struct miner_space *space, const struct miner_work *work,
                      const struct kernels *kernels, uint64_t unit_nonces);

/* The unit of a number below space->units. */
void miner_space_unit(const struct miner_space *space, struct miner_unit *unit, uint64_t number);

#endif
