/* The nonce search with SSE4.1. */
#include "kernels/lanes_sse41.h"

enum { STREAMS = 1 }; /* two would need twice the registers that there are */

#include "kernels/search_streams.h"

INLINE void load(vec s[8], const struct states *states)
{
    for (int i = 0; i < 8; i++)
        s[i] = lanes_load(states->row[i][0]);
}

INLINE void store(struct states *states, const vec s[8])
{
    for (int i = 0; i < 8; i++)
        lanes_store(states->row[i][0], s[i]);
}

static void rounds_own(struct states *states, const struct rows *kw)
{
    vec s[8];

#define STEP(j) lanes_round(s, j, lanes_load(kw->of[i + (j)][0]))
    load(s, states);
    for (int i = 0, j = 4; j < 8; j++)
        STEP(j);
#pragma GCC unroll 1
    for (int i = 8; i < 64; i += 8)
        REPEAT_8(STEP);
    store(states, s);
#undef STEP
}

static void rounds_shared(struct states *states, const uint32_t *kw)
{
    vec s[8];

    load(s, states);
    for (int j = 4; j < 8; j++, kw += LANES)
        lanes_round(s, j, lanes_set1(*kw));
#define STEP(j) lanes_round(s, j, lanes_set1(kw[i + (j)*LANES]))
#pragma GCC unroll 1
    for (int i = 0; i < 56 * LANES; i += 8 * LANES)
        REPEAT_8(STEP);
    store(states, s);
#undef STEP
}

static void rounds_second(struct states *states, const struct rows *kw)
{
    vec s[8];

    load(s, states);
#define STEP(j) lanes_round(s, j, lanes_load(kw->of[i + (j)][0]))
#pragma GCC unroll 1
    for (int i = 0; i < 56; i += 8)
        REPEAT_8(STEP);
    for (int i = 56, j = 0; j < 5; j++)
        STEP(j);
    lanes_store(states->row[0][0], s[7]); /* e has turned to h's place */
#undef STEP
}

uint64_t search_sse41(struct search_hits *hits, const struct search_job *job, uint32_t first,
                      uint64_t count)
{
    static const struct rounds rounds = {rounds_own, rounds_shared, rounds_second};

    return scan_run(hits, job, first, count, &rounds);
}
