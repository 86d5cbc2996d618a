/*
 * The loops of a nonce search that takes WAYS hashes at a time through
 * instructions made for SHA-256. Included by search_*.c after
 *
 *     struct versions, versions_init   the job's versions as the instructions hold them
 *     struct fixed, fixed_init         what no nonce changes
 *     struct shared, shared_init       a nonce's words, for all versions
 *     step_nonces, step_versions       WAYS hashes: a bit for each that may meet the target
 *
 * One version: a nonce a way. As many versions as WAYS, or a multiple: a version
 * a way, the first hash's schedule worked out once a nonce.
 */
#ifndef KERNELS_SEARCH_WAYS_H
#define KERNELS_SEARCH_WAYS_H

#include "kernels/search_impls.h"

/* Any number of versions, a nonce a way. */
static uint64_t scan_nonces(struct search_hits *hits, const struct search_job *job, uint32_t first,
                            uint64_t count)
{
    struct versions versions;
    struct fixed fixed;
    uint64_t done = 0;

    versions_init(&versions, job);
    fixed_init(&fixed, job);
    while (done < count) {
        size_t n = count - done < WAYS ? (size_t)(count - done) : WAYS, kept;
        uint32_t at = first + (uint32_t)done, passed[WAYS] = {0}, any = 0;

        for (size_t v = 0; v < job->versions; v++) {
            uint32_t ways = step_nonces(job, &versions, &fixed, v, at);

            any |= ways;
            for (; ways; ways &= ways - 1)
                passed[__builtin_ctz(ways)] |= UINT32_C(1) << v;
        }
        kept = any ? search_confirm_step(hits, job, at, passed, n) : n;
        done += kept;
        if (kept < n)
            break;
    }
    return done;
}

/* A multiple of WAYS versions, a version a way. */
static uint64_t scan_versions(struct search_hits *hits, const struct search_job *job,
                              uint32_t first, uint64_t count)
{
    struct versions versions;
    uint64_t done;

    versions_init(&versions, job);
    for (done = 0; done < count && search_room(hits, job); done++) {
        uint32_t nonce = first + (uint32_t)done, w3 = __builtin_bswap32(nonce), passed = 0;
        struct shared shared;

        shared_init(&shared, job, w3);
        for (size_t v = 0; v < job->versions; v += WAYS)
            passed |= step_versions(job, &versions, v, &shared, w3) << v;
        if (passed)
            search_confirm_step(hits, job, nonce, &passed, 1);
    }
    return done;
}

INLINE uint64_t scan(struct search_hits *hits, const struct search_job *job, uint32_t first,
                     uint64_t count)
{
    hits->count = 0;
    if (job->versions % WAYS == 0)
        return scan_versions(hits, job, first, count);
    return scan_nonces(hits, job, first, count);
}

#endif
