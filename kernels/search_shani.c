/*
 * The nonce search with SHA-NI: WAYS hashes side by side, because
 * sha256rnds2 takes several cycles but can start every one or two.
 * Of the second hash only what decides is computed: its last word is f after
 * round 61. Built with -msha -msse4.1.
 */
#include "kernels/search_impls.h"
#include "kernels/sha256_constants.h"

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

enum { WAYS = 4 };

/* Words in the order of the instructions: f e b a and h g d c, the lowest first. */
struct ways {
    __m128i abef[WAYS], cdgh[WAYS];
};

INLINE __m128i constants(int quad) { return _mm_loadu_si128((const __m128i *)&sha256_k[4 * quad]); }

/* Four rounds of every way; wk[i] is the sum of way i's words and the constants. */
INLINE void four_rounds(struct ways *s, const __m128i wk[WAYS])
{
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        s->cdgh[i] = _mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], wk[i]);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        s->abef[i] = _mm_sha256rnds2_epu32(s->abef[i], s->cdgh[i], _mm_shuffle_epi32(wk[i], 0x0e));
}

/* m[q mod 4] of way i becomes quad q of the schedule, words 4q to 4q + 3. */
INLINE void extend(__m128i m[4][WAYS], int q, int i)
{
    __m128i w = _mm_sha256msg1_epu32(m[q & 3][i], m[(q + 1) & 3][i]);

    w = _mm_add_epi32(w, _mm_alignr_epi8(m[(q + 3) & 3][i], m[(q + 2) & 3][i], 4));
    m[q & 3][i] = _mm_sha256msg2_epu32(w, m[(q + 3) & 3][i]);
}

/* The rounds of quad q, which is m. */
INLINE void quad_rounds(struct ways *s, const __m128i m[WAYS], int q)
{
    __m128i wk[WAYS];

#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        wk[i] = _mm_add_epi32(m[i], constants(q));
    four_rounds(s, wk);
}

/*
 * Rounds of quads from to to - 1, whose words are worked out from the last four
 * quads: each way's just before its rounds, as gcc keeps this order.
 */
INLINE void rounds(struct ways *s, __m128i m[4][WAYS], int from, int to)
{
#pragma GCC unroll 16
    for (int q = from; q < to; q++) {
        __m128i wk[WAYS];

#pragma GCC unroll 8
        for (int i = 0; i < WAYS; i++) {
            extend(m, q, i);
            wk[i] = _mm_add_epi32(m[q & 3][i], constants(q));
            s->cdgh[i] = _mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], wk[i]);
        }
#pragma GCC unroll 8
        for (int i = 0; i < WAYS; i++)
            s->abef[i] =
                _mm_sha256rnds2_epu32(s->abef[i], s->cdgh[i], _mm_shuffle_epi32(wk[i], 0x0e));
    }
}

/* The rounds of a quad and constants that all ways share. */
INLINE void shared_rounds(struct ways *s, __m128i wk)
{
    __m128i same[WAYS];

#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        same[i] = wk;
    four_rounds(s, same);
}

/* The state's words a to h from their rows. */
INLINE void load_state(__m128i *abef, __m128i *cdgh, const uint32_t rows[8][SEARCH_MAX_VERSIONS],
                       size_t place)
{
    *abef = _mm_setr_epi32((int)rows[5][place], (int)rows[4][place], (int)rows[1][place],
                           (int)rows[0][place]);
    *cdgh = _mm_setr_epi32((int)rows[7][place], (int)rows[6][place], (int)rows[3][place],
                           (int)rows[2][place]);
}

/* The second hash of the digests in s: bit i is set where way i's last word may meet the target. */
INLINE uint32_t second_hash(const struct search_job *job, struct ways *s)
{
    __m128i m[4][WAYS];
    uint32_t passed = 0;

#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        /* b a d c, then f e h g; then turned to a b c d, e f g h. */
        m[0][i] = _mm_unpackhi_epi64(s->abef[i], s->cdgh[i]);
        m[1][i] = _mm_unpacklo_epi64(s->abef[i], s->cdgh[i]);
        m[0][i] = _mm_shuffle_epi32(m[0][i], 0xb1);
        m[1][i] = _mm_shuffle_epi32(m[1][i], 0xb1);
        m[2][i] = _mm_setr_epi32((int)0x80000000, 0, 0, 0);
        m[3][i] = _mm_setr_epi32(0, 0, 0, SEARCH_DIGEST_BITS);
        s->abef[i] = _mm_setr_epi32((int)sha256_iv[5], (int)sha256_iv[4], (int)sha256_iv[1],
                                    (int)sha256_iv[0]);
        s->cdgh[i] = _mm_setr_epi32((int)sha256_iv[7], (int)sha256_iv[6], (int)sha256_iv[3],
                                    (int)sha256_iv[2]);
    }
    quad_rounds(s, m[0], 0);
    quad_rounds(s, m[1], 1);
    shared_rounds(s, _mm_loadu_si128((const __m128i *)sha256_pad32_wk));
    shared_rounds(s, _mm_loadu_si128((const __m128i *)(sha256_pad32_wk + 4)));
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) /* words 9 to 12 are zero */
        m[0][i] = _mm_sha256msg2_epu32(_mm_sha256msg1_epu32(m[0][i], m[1][i]), m[3][i]);
    quad_rounds(s, m[0], 4);
    rounds(s, m, 5, 6);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) { /* and so is sigma0 of them */
        __m128i w = _mm_add_epi32(m[2][i], _mm_alignr_epi8(m[1][i], m[0][i], 4));

        m[2][i] = _mm_sha256msg2_epu32(w, m[1][i]);
    }
    quad_rounds(s, m[2], 6);
    rounds(s, m, 7, 15);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        __m128i wk;
        uint32_t last;

        extend(m, 15, i);
        wk = _mm_add_epi32(m[3][i], constants(15));
        last = (uint32_t)_mm_cvtsi128_si32(_mm_sha256rnds2_epu32(s->cdgh[i], s->abef[i], wk));

        passed |= (uint32_t)(__builtin_bswap32(last + sha256_iv[7]) <= job->target_top) << i;
    }
    return passed;
}

/* The versions of the job as the instructions hold them. */
struct versions {
    __m128i round4[SEARCH_MAX_VERSIONS][2], midstate[SEARCH_MAX_VERSIONS][2];
};

static void versions_init(struct versions *versions, const struct search_job *job)
{
    for (size_t v = 0; v < job->versions; v++) {
        load_state(&versions->round4[v][0], &versions->round4[v][1], job->round4, v);
        load_state(&versions->midstate[v][0], &versions->midstate[v][1], job->midstate, v);
    }
}

/* Quad 0 of the first hash's schedule, for the nonce whose word is in each lane of w3. */
INLINE __m128i first_quad(const struct search_job *job, __m128i w3)
{
    const __m128i tail = _mm_setr_epi32((int)job->tail[0], (int)job->tail[1], (int)job->tail[2], 0);

    return _mm_blend_epi16(tail, w3, 0xc0);
}

/* What that nonce adds to a and e. */
INLINE __m128i nonce_sum(__m128i w3) { return _mm_blend_epi16(_mm_setzero_si128(), w3, 0xcc); }

/* What of the first hash's quads 1 to 7 no nonce changes, the constants of quads 1 to 3 added. */
struct fixed {
    __m128i wk[3];
    __m128i w16_17;       /* twice */
    __m128i w18, w19;     /* but for what word 3 adds, in each lane */
    __m128i quad5, quad7; /* but for sigma1, and in quad 7 for words 21 to 24 */
};

INLINE uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }
INLINE uint32_t small_sigma0(uint32_t x) { return ror(x, 7) ^ ror(x, 18) ^ x >> 3; }
INLINE uint32_t small_sigma1(uint32_t x) { return ror(x, 17) ^ ror(x, 19) ^ x >> 10; }

static void fixed_init(struct fixed *fixed, const struct search_job *job)
{
    const int w16 = (int)job->w16, w17 = (int)job->w17, bit = (int)0x80000000;
    const uint32_t length = SEARCH_HEADER_BITS;

    fixed->wk[0] = _mm_add_epi32(_mm_setr_epi32(bit, 0, 0, 0), constants(1));
    fixed->wk[1] = constants(2);
    fixed->wk[2] = _mm_add_epi32(_mm_setr_epi32(0, 0, 0, (int)length), constants(3));
    fixed->w16_17 = _mm_setr_epi32(w16, w17, w16, w17);
    fixed->w18 = _mm_set1_epi32((int)(small_sigma1(job->w16) + job->tail[2]));
    fixed->w19 = _mm_set1_epi32((int)(small_sigma1(job->w17) + small_sigma0(0x80000000)));
    fixed->quad5 = _mm_setr_epi32(bit, 0, (int)length, w16);
    fixed->quad7 =
        _mm_setr_epi32(0, 0, (int)small_sigma0(length), (int)(small_sigma0(job->w16) + length));
}

/* sigma0 of each lane, by shifts: there is no rotation before AVX-512. */
INLINE __m128i lanes_small_sigma0(__m128i x)
{
    __m128i right = _mm_xor_si128(_mm_srli_epi32(x, 7), _mm_srli_epi32(x, 18));
    __m128i left = _mm_xor_si128(_mm_slli_epi32(x, 25), _mm_slli_epi32(x, 14));

    return _mm_xor_si128(_mm_xor_si128(right, left), _mm_srli_epi32(x, 3));
}

/* Quad 4 of each way; lane i of w3 is way i's word 3. */
INLINE void fourth_quad(__m128i m[4], const struct fixed *fixed, __m128i w3)
{
    __m128i w18 = _mm_add_epi32(fixed->w18, lanes_small_sigma0(w3));
    __m128i w19 = _mm_add_epi32(fixed->w19, w3);
    __m128i low = _mm_unpacklo_epi32(w18, w19), high = _mm_unpackhi_epi32(w18, w19);

    m[0] = _mm_unpacklo_epi64(fixed->w16_17, low);
    m[1] = _mm_unpackhi_epi64(fixed->w16_17, low);
    m[2] = _mm_unpacklo_epi64(fixed->w16_17, high);
    m[3] = _mm_unpackhi_epi64(fixed->w16_17, high);
}

/* The first hash's rounds from 16 on, and its words. */
INLINE void later_rounds(struct ways *s, const struct fixed *fixed, __m128i w3)
{
    __m128i m[4][WAYS];

    fourth_quad(m[0], fixed, w3);
    quad_rounds(s, m[0], 4);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        m[1][i] = _mm_sha256msg2_epu32(fixed->quad5, m[0][i]);
    quad_rounds(s, m[1], 5);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++)
        m[2][i] = _mm_sha256msg2_epu32(_mm_alignr_epi8(m[1][i], m[0][i], 4), m[1][i]);
    quad_rounds(s, m[2], 6);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        __m128i w = _mm_add_epi32(fixed->quad7, _mm_alignr_epi8(m[2][i], m[1][i], 4));

        m[3][i] = _mm_sha256msg2_epu32(w, m[2][i]);
    }
    quad_rounds(s, m[3], 7);
    rounds(s, m, 8, 16);
}

/* WAYS nonces from first on, under the version at place: a bit each. */
INLINE uint32_t step_nonces(const struct search_job *job, const struct versions *versions,
                            const struct fixed *fixed, size_t place, uint32_t first)
{
    struct ways s;
    uint32_t w3[WAYS];

#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        w3[i] = __builtin_bswap32(first + (uint32_t)i);
        s.abef[i] =
            _mm_add_epi32(versions->round4[place][0], nonce_sum(_mm_set1_epi32((int)w3[i])));
        s.cdgh[i] = versions->round4[place][1];
    }
#pragma GCC unroll 8
    for (int q = 0; q < 3; q++)
        shared_rounds(&s, fixed->wk[q]);
    later_rounds(&s, fixed, _mm_setr_epi32((int)w3[0], (int)w3[1], (int)w3[2], (int)w3[3]));
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        s.abef[i] = _mm_add_epi32(s.abef[i], versions->midstate[place][0]);
        s.cdgh[i] = _mm_add_epi32(s.cdgh[i], versions->midstate[place][1]);
    }
    return second_hash(job, &s);
}

/* Quads 1 to 15 of the first hash's schedule for one nonce, constants added. */
struct shared {
    __m128i wk[15];
};

INLINE void shared_init(struct shared *shared, const struct search_job *job, uint32_t w3)
{
    __m128i m[4] = {
        first_quad(job, _mm_set1_epi32((int)w3)),
        _mm_setr_epi32((int)0x80000000, 0, 0, 0),
        _mm_setzero_si128(),
        _mm_setr_epi32(0, 0, 0, SEARCH_HEADER_BITS),
    };

#pragma GCC unroll 16
    for (int q = 1; q < 16; q++) {
        if (q >= 4) {
            __m128i w = _mm_sha256msg1_epu32(m[q & 3], m[(q + 1) & 3]);

            w = _mm_add_epi32(w, _mm_alignr_epi8(m[(q + 3) & 3], m[(q + 2) & 3], 4));
            m[q & 3] = _mm_sha256msg2_epu32(w, m[(q + 3) & 3]);
        }
        shared->wk[q - 1] = _mm_add_epi32(m[q & 3], constants(q));
    }
}

/* One nonce, whose word is w3, under WAYS versions from place on: a bit each. */
INLINE uint32_t step_versions(const struct search_job *job, const struct versions *versions,
                              size_t place, const struct shared *shared, uint32_t w3)
{
    const __m128i nonce = nonce_sum(_mm_set1_epi32((int)w3));
    struct ways s;

#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        s.abef[i] = _mm_add_epi32(versions->round4[place + (size_t)i][0], nonce);
        s.cdgh[i] = versions->round4[place + (size_t)i][1];
    }
#pragma GCC unroll 16
    for (int q = 0; q < 15; q++)
        shared_rounds(&s, shared->wk[q]);
#pragma GCC unroll 8
    for (int i = 0; i < WAYS; i++) {
        s.abef[i] = _mm_add_epi32(s.abef[i], versions->midstate[place + (size_t)i][0]);
        s.cdgh[i] = _mm_add_epi32(s.cdgh[i], versions->midstate[place + (size_t)i][1]);
    }
    return second_hash(job, &s);
}

#include "kernels/search_ways.h"

uint64_t search_shani(struct search_hits *hits, const struct search_job *job, uint32_t first,
                      uint64_t count)
{
    return scan(hits, job, first, count);
}
