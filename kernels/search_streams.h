/*
 * The nonce search in STREAMS vectors of lanes side by side: a single one spends
 * most of its time waiting, because each round needs the last one's result.
 * Included by search_*.c after lanes_*.h; STREAMS is defined before.
 *
 * One version: lane l holds the nonce first + l. Where a job has as many
 * versions as a step holds, or a multiple: each lane holds a version, and the
 * message schedule of the first hash, which no version changes, is worked out
 * once a nonce, for LANES nonces at a time, and broadcast.
 *
 * Schedules first, K added, then rounds: two loops that are short, so that they
 * stay in the cache of decoded instructions. The schedules are written in C; the
 * rounds of two streams are written by search_rounds.py, because they need more
 * registers than there are, and compilers choose badly which values to spill.
 *
 * Of the second hash only what decides is computed: its last word is e after
 * round 60, so rounds 57 to 60 need no a, and the schedule ends at word 60.
 * Lanes whose last word may meet the target are few; they are hashed again in
 * full by search_confirm.
 */
#ifndef KERNELS_SEARCH_STREAMS_H
#define KERNELS_SEARCH_STREAMS_H

#include "kernels/search_lanes.h"

enum {
    HASHES = STREAMS * LANES,                                               /* in a step */
    VERSIONS = HASHES < SEARCH_MAX_VERSIONS ? HASHES : SEARCH_MAX_VERSIONS, /* of them */
    NONCES = HASHES / VERSIONS,                                             /* each */
};

/*
 * The states of a step's hashes, rows a to h. Round 4 finds them turned by four
 * places, e to h and a to d, as the rounds before it leave them.
 */
struct states {
    _Alignas(64) uint32_t row[8][STREAMS][LANES];
};

/* K + w of each hash, a row a round. */
struct rows {
    _Alignas(64) uint32_t of[64][STREAMS][LANES];
};

struct rounds {
    /* Rounds 4 to 63; kw is the row of round 0. */
    void (*own)(struct states *s, const struct rows *kw);
    /* The same where lanes share words: from kw, that of round 4, the rows are LANES words apart.
     * Stream n has the word at its row's start, or n words on where a step has several nonces. */
    void (*shared)(struct states *s, const uint32_t *kw);
    /* Rounds 0 to 60, but only for e, which is left in row 0. */
    void (*second)(struct states *s, const struct rows *kw);
};

/* What a scan keeps from step to step. */
struct scan {
    const struct search_job *job;
    const struct rounds *rounds;
    struct first_kw shared;
    struct rows first, second;
};

/* One bit a lane: may the hash whose e after round 60 is x meet the target? */
INLINE uint32_t may_meet(const struct search_job *job, vec x)
{
    x = lanes_add(x, lanes_set1(sha256_iv[7]));
    return lanes_le(lanes_bswap(x), lanes_set1(job->target_top));
}

/* The second hash of the digests, whose rows are w: one bit for each that may meet the target. */
INLINE uint32_t second_hash(struct scan *scan, struct states *digest)
{
    uint32_t passed = 0;

#pragma GCC unroll 1
    for (size_t n = 0; n < STREAMS; n++) {
        uint32_t *kw = (uint32_t *)&scan->second + n * LANES;
        vec w[64];

        for (int i = 0; i < 8; i++) {
            w[i] = lanes_load(digest->row[i][n]);
            lanes_store(kw + i * HASHES, lanes_add(w[i], lanes_set1(sha256_k[i])));
            lanes_store(digest->row[i][n], lanes_set1(sha256_iv[i]));
        }
        second_schedule(w);
        schedule_rows(kw, HASHES, w, 62);
    }
    scan->rounds->second(digest, &scan->second);
    for (size_t n = 0; n < STREAMS; n++)
        passed |= may_meet(scan->job, lanes_load(digest->row[0][n])) << n * LANES;
    return passed;
}

/* The schedules of HASHES nonces from first on. */
INLINE void prepare_nonces(struct scan *scan, uint32_t first)
{
#pragma GCC unroll 1
    for (size_t n = 0; n < STREAMS; n++) {
        vec w[64];

        first_schedule(w, scan->job, nonce_words(first + (uint32_t)(n * LANES)));
        schedule_rows((uint32_t *)&scan->first + n * LANES, HASHES, w, 64);
    }
}

/* Those nonces under the version at place: one bit for each that may meet the target. */
INLINE uint32_t step_nonces(struct scan *scan, size_t place, uint32_t first)
{
    const struct search_job *job = scan->job;
    struct states s;

    for (size_t n = 0; n < STREAMS; n++) {
        vec w3 = nonce_words(first + (uint32_t)(n * LANES));

        for (int i = 0; i < 8; i++) {
            vec x = lanes_set1(job->round4[i][place]);

            lanes_store(s.row[(i + 4) & 7][n], i & 3 ? x : lanes_add(x, w3));
        }
    }
    scan->rounds->own(&s, &scan->first);
    for (size_t n = 0; n < STREAMS; n++) {
        for (int i = 0; i < 8; i++) {
            vec x = lanes_load(s.row[i][n]);

            lanes_store(s.row[i][n], lanes_add(x, lanes_set1(job->midstate[i][place])));
        }
    }
    return second_hash(scan, &s);
}

/*
 * The NONCES nonces from first on, whose schedules are the columns of scan's shared
 * words from column on, under VERSIONS versions from place on: a nonce's bits after another's.
 */
INLINE uint32_t step_versions(struct scan *scan, size_t place, uint32_t first, size_t column)
{
    const struct search_job *job = scan->job;
    struct states s;

    for (size_t n = 0; n < STREAMS; n++) {
        size_t v = place + n * LANES % VERSIONS, nonce = first + n * LANES / VERSIONS;
        vec w3 = lanes_set1(__builtin_bswap32((uint32_t)nonce));

        for (int i = 0; i < 8; i++) {
            vec x = lanes_load(&job->round4[i][v]);

            lanes_store(s.row[(i + 4) & 7][n], i & 3 ? x : lanes_add(x, w3));
        }
    }
    scan->rounds->shared(&s, (const uint32_t *)&scan->shared + column);
    for (size_t n = 0; n < STREAMS; n++) {
        size_t v = place + n * LANES % VERSIONS;

        for (int i = 0; i < 8; i++) {
            vec x = lanes_load(s.row[i][n]);

            lanes_store(s.row[i][n], lanes_add(x, lanes_load(&job->midstate[i][v])));
        }
    }
    return second_hash(scan, &s);
}

/* Sets passed[i], one bit a version, of HASHES nonces; false where no bit is set. */
INLINE bool pass_nonces(struct scan *scan, uint32_t first, uint32_t passed[HASHES])
{
    uint32_t any = 0;

    prepare_nonces(scan, first);
    memset(passed, 0, HASHES * sizeof(passed[0]));
    for (size_t v = 0; v < scan->job->versions; v++) {
        uint32_t lanes = step_nonces(scan, v, first);

        any |= lanes;
        for (; lanes; lanes &= lanes - 1)
            passed[__builtin_ctz(lanes)] |= UINT32_C(1) << v;
    }
    return any != 0;
}

/* The same of n nonces, LANES at most, where there is a multiple of VERSIONS versions. */
INLINE bool pass_versions(struct scan *scan, uint32_t first, size_t n, uint32_t passed[LANES])
{
    const uint32_t mask = UINT32_MAX >> (32 - VERSIONS);
    uint32_t any = 0;

    first_kw_fill(&scan->shared, scan->job, nonce_words(first));
    memset(passed, 0, LANES * sizeof(passed[0]));
    for (size_t l = 0; l < n; l += NONCES) {
        for (size_t v = 0; v < scan->job->versions; v += VERSIONS) {
            uint32_t lanes = step_versions(scan, v, first + (uint32_t)l, l);

            any |= lanes;
            for (size_t i = 0; i < NONCES; i++)
                passed[l + i] |= (lanes >> i * VERSIONS & mask) << v;
        }
    }
    return any != 0;
}

INLINE void scan_init(struct scan *scan, const struct search_job *job, const struct rounds *rounds)
{
    scan->job = job;
    scan->rounds = rounds;
    for (size_t n = 0; n < STREAMS; n++) {
        for (int i = 4; i < 16; i++)
            lanes_store(scan->first.of[i][n], lanes_set1(first_constant(i)));
        for (int i = 8; i < 16; i++)
            lanes_store(scan->second.of[i][n], lanes_set1(sha256_pad32_wk[i - 8]));
    }
}

INLINE uint64_t scan_run(struct search_hits *hits, const struct search_job *job, uint32_t first,
                         uint64_t count, const struct rounds *rounds)
{
    struct scan scan;
    bool versions = job->versions % VERSIONS == 0;
    size_t step = versions ? LANES : HASHES;
    uint64_t done = 0;

    scan_init(&scan, job, rounds);
    hits->count = 0;
    while (done < count) {
        size_t n = count - done < step ? (size_t)(count - done) : step, kept = n;
        uint32_t at = first + (uint32_t)done, passed[HASHES];

        if (versions ? pass_versions(&scan, at, n, passed) : pass_nonces(&scan, at, passed))
            kept = search_confirm_step(hits, job, at, passed, n);
        done += kept;
        if (kept < n)
            break;
    }
    return done;
}

#endif
