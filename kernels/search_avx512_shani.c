/*
 * The nonce search with SHA-NI and AVX-512 at once. The inner loops are written
 * by search_avx512_shani.py, where their idea stands; this file feeds them.
 *
 * A set is eight hashes: one nonce under eight versions, or eight nonces under
 * one version. Sets go through a pipeline that is some steps long, so a call
 * of an inner loop reports on sets that earlier calls put in, and some steps
 * with repeated input push out the last ones. Built with
 * AVX-512's flags alone; SHA-NI is the assembler's.
 */
#include "kernels/lanes_avx512.h"
#include "kernels/search_lanes.h"

#include <assert.h>
#include <stddef.h>

enum {
    SET = 8,
    BATCH = 16,         /* nonces whose schedules are worked out at once */
    CHUNK = 2048,       /* nonces between two looks at what passed */
    DELAY_VERSIONS = 3, /* steps from a set's start to its report */
    DELAY_NONCES = 4,
    DRAIN = 4, /* steps, even, that are no less than either */
    HALF = 3712,
};

/*
 * Where hashes start: the state before round 4 as SHA-NI holds it (f e b a,
 * h g d c), and the midstate, of which the words are added at the end.
 */
struct start {
    uint32_t round4[8], midstate[8];
};

/* The same of a set of versions, the midstates in rows. */
struct set_start {
    uint32_t round4[SET][8], midstate[8][SET];
};

/* Where the two streams of instructions meet. The generator knows the layout. */
struct search_sets {
    _Alignas(64) uint8_t halves[2][HALF];
    const void *previous;              /* where the set before started */
    _Alignas(32) uint32_t target[SET]; /* the target's top word */
    uint32_t last[SET]; /* the last words of the second hashes, before the initial value is added */
    uint32_t job[8];    /* constants of the first hash's schedule, for nonces */
    uint32_t words[64][SET];
    struct start start[SEARCH_MAX_VERSIONS];
    struct set_start set_start[SEARCH_MAX_VERSIONS / SET];
};

/* The generator's Context has the same numbers. */
static_assert(offsetof(struct search_sets, words) == 2 * HALF + 128, "Context.WORDS");
static_assert(offsetof(struct search_sets, job) == 2 * HALF + 128 - 32, "Context.JOB");
static_assert(offsetof(struct search_sets, last) == 2 * HALF + 128 - 64, "Context.LAST");
static_assert(offsetof(struct search_sets, target) == 2 * HALF + 128 - 96, "Context.TARGET");
static_assert(offsetof(struct search_sets, previous) == 2 * HALF + 128 - 128, "Context.PREVIOUS");
static_assert(HALF % 64 == 0 && offsetof(struct search_sets, set_start) % 64 == 0,
              "vectors are aligned");

/* What versions share: words 16 to 63 of the first hash's schedule and K, two by two, a column a nonce. */
struct shared_words {
    _Alignas(64) uint64_t pairs[24][BATCH];
    uint32_t nonce[BATCH][4]; /* 0, w3, 0, w3 */
};

/* The words of BATCH nonces, behind those of the set before. */
struct lane_words {
    _Alignas(64) uint32_t row[BATCH / SET][SET];
    uint32_t lane[BATCH / SET + 1][SET][4]; /* 0, w3, 0, w3 */
};

/*
 * Run steps of the pipeline, an even number. Of each, masks receives one byte,
 * one bit a hash of the set that entered some steps before, and one byte beyond
 * the last is written. Read one column of words (one row and one set of lanes)
 * a step.
 */
void search_avx512_shani_versions(struct search_sets *sets, const uint64_t *pairs,
                                  const uint32_t (*nonce)[4], uint32_t steps, uint8_t *masks,
                                  const struct set_start *start);
void search_avx512_shani_nonces(struct search_sets *sets, const uint32_t (*row)[SET],
                                const uint32_t (*lane)[SET][4], uint32_t steps, uint8_t *masks,
                                const struct start *start);

static void sets_init(struct search_sets *sets, const struct search_job *job)
{
    static const uint8_t order[8] = {5, 4, 1, 0, 7, 6, 3, 2};
    vec length = lanes_set1(SEARCH_HEADER_BITS), w16 = lanes_set1(job->w16);
    vec w17 = lanes_set1(job->w17);
    const vec constants[6] = {
        lanes_add(small_sigma1(w16), lanes_set1(job->tail[2])),
        lanes_add(small_sigma1(w17), small_sigma0(lanes_set1(0x80000000))),
        w16,
        w17,
        lanes_add(small_sigma0(w16), length),
        lanes_add(small_sigma0(w17), w16),
    };

    memset(sets, 0, offsetof(struct search_sets, start));
    sets->previous = &sets->set_start[0];
    for (int l = 0; l < SET; l++)
        sets->target[l] = job->target_top;
    for (int i = 0; i < 6; i++)
        sets->job[i] = (uint32_t)_mm512_cvtsi512_si32(constants[i]);
    sets->job[6] = job->w16 + sha256_k[16];
    sets->job[7] = job->w17 + sha256_k[17];
    for (size_t v = 0; v < job->versions; v++) {
        for (int i = 0; i < 8; i++) {
            sets->start[v].round4[i] = job->round4[order[i]][v];
            sets->start[v].midstate[i] = job->midstate[i][v];
            sets->set_start[v / SET].round4[v % SET][i] = job->round4[order[i]][v];
            sets->set_start[v / SET].midstate[i][v % SET] = job->midstate[i][v];
        }
    }
}

static void put_nonce(uint32_t lane[4], uint32_t nonce)
{
    uint32_t w3 = __builtin_bswap32(nonce);

    lane[0] = lane[2] = 0;
    lane[1] = lane[3] = w3;
}

static void shared_words_fill(struct shared_words *words, const struct search_job *job,
                              uint32_t first)
{
    /* Unpacking within 128-bit blocks puts lane l into column l of this order. */
    const vec order = _mm512_setr_epi32(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    struct first_kw kw;

    first_kw_fill(&kw, job, lanes_bswap(lanes_add(lanes_set1(first), order)));
    for (int p = 0; p < 24; p++) {
        vec even = lanes_load(kw.of[12 + 2 * p]), odd = lanes_load(kw.of[13 + 2 * p]);

        lanes_store(&words->pairs[p][0], _mm512_unpacklo_epi32(even, odd));
        lanes_store(&words->pairs[p][8], _mm512_unpackhi_epi32(even, odd));
    }
    for (uint32_t i = 0; i < BATCH; i++)
        put_nonce(words->nonce[i], first + i);
}

static bool any_set(const uint8_t *masks, size_t n)
{
    uint8_t any = 0;

    for (size_t i = 0; i < n; i++)
        any |= masks[i];
    return any != 0;
}

/*
 * One bit a version in passed[i] for nonce first + i, for n nonces, a multiple
 * of BATCH. False, and passed not written, where there is none.
 */
static bool pass_versions(struct search_sets *sets, const struct search_job *job, uint32_t first,
                          size_t n, uint32_t *passed)
{
    struct shared_words words;
    uint8_t masks[CHUNK * SEARCH_MAX_VERSIONS / SET + DRAIN + 1];
    size_t groups = job->versions / SET, at = 0;

    for (size_t i = 0; i < n; i += BATCH) {
        shared_words_fill(&words, job, first + (uint32_t)i);
        for (size_t g = 0; g < groups; g++, at += BATCH)
            search_avx512_shani_versions(sets, words.pairs[0], words.nonce, BATCH, masks + at,
                                         sets->set_start + g);
    }
    search_avx512_shani_versions(sets, words.pairs[0], words.nonce, DRAIN, masks + at,
                                 sets->set_start);

    if (!any_set(masks + DELAY_VERSIONS, n * groups))
        return false;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *mask = masks + DELAY_VERSIONS + i / BATCH * BATCH * groups + i % BATCH;

        passed[i] = 0;
        for (size_t g = 0; g < groups; g++)
            passed[i] |= (uint32_t)mask[g * BATCH] << (g * SET);
    }
    return true;
}

/* The same for the version at place alone: its bit is added to those in passed. */
static bool pass_nonces(struct search_sets *sets, size_t place, uint32_t first, size_t n,
                        uint32_t *passed)
{
    struct lane_words words;
    uint8_t masks[CHUNK / SET + DRAIN + 1];

    memset(&words, 0, sizeof(words));
    for (size_t i = 0; i < n; i += BATCH) {
        for (uint32_t l = 0; l < BATCH; l++) {
            uint32_t nonce = first + (uint32_t)i + l;

            words.row[l / SET][l % SET] = __builtin_bswap32(nonce);
            put_nonce(words.lane[l / SET + 1][l % SET], nonce);
        }
        search_avx512_shani_nonces(sets, words.row, words.lane, BATCH / SET, masks + i / SET,
                                   sets->start + place);
        memcpy(words.lane[0], words.lane[BATCH / SET], sizeof(words.lane[0]));
    }
    for (size_t i = 0; i < DRAIN; i += BATCH / SET) {
        search_avx512_shani_nonces(sets, words.row, words.lane, BATCH / SET, masks + n / SET + i,
                                   sets->start + place);
    }
    if (!any_set(masks + DELAY_NONCES, n / SET))
        return false;
    for (size_t i = 0; i < n; i++)
        passed[i] |= (uint32_t)(masks[DELAY_NONCES + i / SET] >> (i % SET) & 1) << place;
    return true;
}

/* So many nonces that hits has room for what they may find, most of the time. */
static size_t chunk_size(const struct search_job *job)
{
    uint64_t hits_in_2_32 = ((uint64_t)job->target_top + 1) * job->versions;
    uint64_t n = (UINT64_C(1) << 32) * (SEARCH_MAX_HITS / 4) / hits_in_2_32;

    return n >= CHUNK ? CHUNK : n < BATCH ? BATCH : (size_t)n / BATCH * BATCH;
}

uint64_t search_avx512_shani(struct search_hits *hits, const struct search_job *job, uint32_t first,
                             uint64_t count)
{
    struct search_sets sets;
    uint32_t passed[CHUNK];
    size_t chunk = chunk_size(job);
    uint64_t done = 0;

    sets_init(&sets, job);
    hits->count = 0;
    while (done < count) {
        size_t n = count - done < chunk ? (size_t)(count - done) : chunk, kept;
        size_t whole = (n + BATCH - 1) / BATCH * BATCH;
        uint32_t at = first + (uint32_t)done;
        bool any = false;

        if (job->versions % SET == 0) {
            any = pass_versions(&sets, job, at, whole, passed);
        } else {
            memset(passed, 0, whole * sizeof(passed[0]));
            for (size_t v = 0; v < job->versions; v++)
                any |= pass_nonces(&sets, v, at, whole, passed);
        }
        kept = any ? search_confirm_step(hits, job, at, passed, n) : n;
        done += kept;
        if (kept < n)
            break;
    }
    return done;
}
