/*
 * The nonce search with ARMv8's SHA2 instructions, WAYS hashes side by side.
 * Built with -march=armv8-a+crypto.
 *
 * What bounds it is the one pipe that has these instructions, a start a cycle
 * (see sha256_armv8.h, and that this was reasoned, not measured). A hash takes 61
 * of them for its rounds: of the first hash's 16 quads one is precomputed, and of
 * the second's last one only what decides is computed, its last word being h
 * after all rounds, which sha256h2 alone gives. The schedules take 19 and 23 more:
 * sums and words that are zero or constant are left out. So 103 cycles a nonce
 * at best; 86 where 16 versions share the first schedule.
 *
 * Vectors of four lanes would take some 1 200 instructions a hash, three to six
 * times as long on two to four pipes, so there is no such search.
 */
#include "kernels/search_impls.h"

#define STREAMS 4
#include "kernels/sha256_armv8.h"

enum { WAYS = STREAMS };

/* The versions of the job as the instructions hold them. */
struct versions {
    struct armv8_state round4[SEARCH_MAX_VERSIONS], midstate[SEARCH_MAX_VERSIONS];
};

INLINE struct armv8_state column(const uint32_t rows[8][SEARCH_MAX_VERSIONS], size_t place)
{
    return (struct armv8_state){
        armv8_quad(rows[0][place], rows[1][place], rows[2][place], rows[3][place]),
        armv8_quad(rows[4][place], rows[5][place], rows[6][place], rows[7][place])};
}

static void versions_init(struct versions *versions, const struct search_job *job)
{
    for (size_t v = 0; v < job->versions; v++) {
        versions->round4[v] = column(job->round4, v);
        versions->midstate[v] = column(job->midstate, v);
    }
}

/* What of the first hash's quads 1 to 7 no nonce changes. */
struct fixed {
    uint32x4_t kw[3];        /* quads 1 to 3, the constants added */
    uint32x4_t quad1, quad3; /* as they are; quad 2 is zero */
    uint32x4_t quad7;        /* but for words 21 to 24 and sigma1 */
    uint32x4_t w16_17;       /* twice */
    uint32x4_t w18, w19;     /* but for what word 3 adds, in each lane */
};

INLINE uint32_t ror(uint32_t x, int n) { return x >> n | x << (32 - n); }
INLINE uint32_t small_sigma0(uint32_t x) { return ror(x, 7) ^ ror(x, 18) ^ x >> 3; }
INLINE uint32_t small_sigma1(uint32_t x) { return ror(x, 17) ^ ror(x, 19) ^ x >> 10; }

static void fixed_init(struct fixed *fixed, const struct search_job *job)
{
    const uint32_t w16 = job->w16, w17 = job->w17, length = SEARCH_HEADER_BITS;

    fixed->quad1 = armv8_quad(0x80000000, 0, 0, 0);
    fixed->quad3 = armv8_quad(0, 0, 0, length);
    fixed->kw[0] = vaddq_u32(fixed->quad1, vld1q_u32(sha256_k + 4));
    fixed->kw[1] = vld1q_u32(sha256_k + 8);
    fixed->kw[2] = vaddq_u32(fixed->quad3, vld1q_u32(sha256_k + 12));
    fixed->w16_17 = armv8_quad(w16, w17, w16, w17);
    fixed->w18 = vdupq_n_u32(small_sigma1(w16) + job->tail[2]);
    fixed->w19 = vdupq_n_u32(small_sigma1(w17) + small_sigma0(0x80000000));
    fixed->quad7 = armv8_quad(0, 0, small_sigma0(length), small_sigma0(w16) + length);
}

/* sigma0 of each lane; a shift right that inserts makes a rotation of a shift left. */
INLINE uint32x4_t lanes_small_sigma0(uint32x4_t x)
{
    uint32x4_t ror7 = vsriq_n_u32(vshlq_n_u32(x, 25), x, 7);
    uint32x4_t ror18 = vsriq_n_u32(vshlq_n_u32(x, 14), x, 18);

    return veorq_u32(veorq_u32(ror7, ror18), vshrq_n_u32(x, 3));
}

/* Quad 4 of each way; lane i of w3 is way i's word 3. */
INLINE void fourth_quad(uint32x4_t quad[WAYS], const struct fixed *fixed, uint32x4_t w3)
{
    uint32x4_t w18 = vaddq_u32(fixed->w18, lanes_small_sigma0(w3));
    uint32x4_t w19 = vaddq_u32(fixed->w19, w3);
    uint64x2_t low = vreinterpretq_u64_u32(vzip1q_u32(w18, w19));
    uint64x2_t high = vreinterpretq_u64_u32(vzip2q_u32(w18, w19));
    uint64x2_t w16_17 = vreinterpretq_u64_u32(fixed->w16_17);

    quad[0] = vreinterpretq_u32_u64(vzip1q_u64(w16_17, low));
    quad[1] = vreinterpretq_u32_u64(vzip2q_u64(w16_17, low));
    quad[2] = vreinterpretq_u32_u64(vzip1q_u64(w16_17, high));
    quad[3] = vreinterpretq_u32_u64(vzip2q_u64(w16_17, high));
}

/* The first hash's rounds from 16 on, and its words. */
INLINE void later_rounds(struct armv8_state s[WAYS], const struct fixed *fixed, uint32x4_t w3)
{
    uint32x4_t w[4][WAYS];

    fourth_quad(w[0], fixed, w3);
    armv8_4_rounds_of(s, w, 4);
    EACH_STREAM w[1][j] = vsha256su1q_u32(fixed->quad1, fixed->quad3, w[0][j]);
    armv8_4_rounds_of(s, w, 5);
    EACH_STREAM w[2][j] = vsha256su1q_u32(vdupq_n_u32(0), w[0][j], w[1][j]);
    armv8_4_rounds_of(s, w, 6);
    EACH_STREAM w[3][j] = vsha256su1q_u32(fixed->quad7, w[1][j], w[2][j]);
    armv8_4_rounds_of(s, w, 7);
    armv8_rounds(s, w, 8, 16);
}

/* Bit i is set where the last word of way i's hash may meet the target; h is the words e to h. */
INLINE uint32_t may_meet(const struct search_job *job, const uint32x4_t efgh[WAYS])
{
    uint64x2_t low = vreinterpretq_u64_u32(vzip2q_u32(efgh[0], efgh[1]));
    uint64x2_t high = vreinterpretq_u64_u32(vzip2q_u32(efgh[2], efgh[3]));
    uint32x4_t last = vreinterpretq_u32_u64(vzip2q_u64(low, high));
    uint32x4_t top = armv8_bswap(vaddq_u32(last, vdupq_n_u32(sha256_iv[7])));
    uint32x4_t met = vcleq_u32(top, vdupq_n_u32(job->target_top));

    return vaddvq_u32(vandq_u32(met, armv8_quad(1, 2, 4, 8)));
}

/* The second hash of the digests in s. */
INLINE uint32_t second_hash(const struct search_job *job, struct armv8_state s[WAYS])
{
    const uint32x4_t quad2 = armv8_quad(0x80000000, 0, 0, 0);
    const uint32x4_t quad3 = armv8_quad(0, 0, 0, SEARCH_DIGEST_BITS);
    const struct armv8_state start = armv8_load(sha256_iv);
    uint32x4_t w[4][WAYS], last[WAYS];

    EACH_STREAM
    {
        w[0][j] = s[j].abcd;
        w[1][j] = s[j].efgh;
        s[j] = start;
    }
    armv8_4_rounds_of(s, w, 0);
    armv8_4_rounds_of(s, w, 1);
    armv8_4_rounds_same(s, vld1q_u32(sha256_pad32_wk));
    armv8_4_rounds_same(s, vld1q_u32(sha256_pad32_wk + 4));
    EACH_STREAM w[0][j] = vsha256su1q_u32(vsha256su0q_u32(w[0][j], w[1][j]), quad2, quad3);
    armv8_4_rounds_of(s, w, 4);
    EACH_STREAM w[1][j] = vsha256su1q_u32(vsha256su0q_u32(w[1][j], quad2), quad3, w[0][j]);
    armv8_4_rounds_of(s, w, 5);
    EACH_STREAM w[2][j] = vsha256su1q_u32(quad2, w[0][j], w[1][j]); /* sigma0 of words 9 to 12: 0 */
    armv8_4_rounds_of(s, w, 6);
    EACH_STREAM w[3][j] = vsha256su1q_u32(vsha256su0q_u32(quad3, w[0][j]), w[1][j], w[2][j]);
    armv8_4_rounds_of(s, w, 7);
    armv8_rounds(s, w, 8, 15);
    EACH_STREAM
    {
        armv8_extend(w, 15, j);
        last[j] = vsha256h2q_u32(s[j].efgh, s[j].abcd, armv8_kw(w, 15, j));
    }
    return may_meet(job, last);
}

/* Round 4's state, and then the digest, of the hash under the version at place. */
INLINE struct armv8_state begin(const struct versions *versions, size_t place, uint32x4_t nonce)
{
    return (struct armv8_state){vaddq_u32(versions->round4[place].abcd, nonce),
                                vaddq_u32(versions->round4[place].efgh, nonce)};
}

/* What a nonce whose word is w3 adds to a and e. */
INLINE uint32x4_t nonce_sum(uint32_t w3) { return vsetq_lane_u32(w3, vdupq_n_u32(0), 0); }

/* WAYS nonces from first on, under the version at place: a bit each. */
__attribute__((noinline)) static uint32_t step_nonces(const struct search_job *job,
                                                      const struct versions *versions,
                                                      const struct fixed *fixed, size_t place,
                                                      uint32_t first)
{
    const uint32x4_t nonces = vaddq_u32(vdupq_n_u32(first), armv8_quad(0, 1, 2, 3));
    const uint32x4_t w3 = armv8_bswap(nonces), zero = vdupq_n_u32(0);
    struct armv8_state s[WAYS];

    s[0] = begin(versions, place, vcopyq_laneq_u32(zero, 0, w3, 0));
    s[1] = begin(versions, place, vcopyq_laneq_u32(zero, 0, w3, 1));
    s[2] = begin(versions, place, vcopyq_laneq_u32(zero, 0, w3, 2));
    s[3] = begin(versions, place, vcopyq_laneq_u32(zero, 0, w3, 3));
#pragma GCC unroll 4
    for (int q = 0; q < 3; q++)
        armv8_4_rounds_same(s, fixed->kw[q]);
    later_rounds(s, fixed, w3);
    EACH_STREAM s[j] = armv8_add(s[j], versions->midstate[place]);
    return second_hash(job, s);
}

/* Quads 1 to 15 of the first hash's schedule for one nonce, constants added. */
struct shared {
    uint32x4_t kw[15];
};

static void shared_init(struct shared *shared, const struct search_job *job, uint32_t w3)
{
    uint32x4_t w[4] = {
        armv8_quad(job->tail[0], job->tail[1], job->tail[2], w3),
        armv8_quad(0x80000000, 0, 0, 0),
        vdupq_n_u32(0),
        armv8_quad(0, 0, 0, SEARCH_HEADER_BITS),
    };

#pragma GCC unroll 16
    for (int q = 1; q < 16; q++) {
        if (q >= 4)
            w[q & 3] = vsha256su1q_u32(vsha256su0q_u32(w[q & 3], w[(q + 1) & 3]), w[(q + 2) & 3],
                                       w[(q + 3) & 3]);
        shared->kw[q - 1] = vaddq_u32(w[q & 3], vld1q_u32(sha256_k + 4 * q));
    }
}

/* One nonce, whose word is w3, under WAYS versions from place on: a bit each. */
__attribute__((noinline)) static uint32_t step_versions(const struct search_job *job,
                                                        const struct versions *versions,
                                                        size_t place, const struct shared *shared,
                                                        uint32_t w3)
{
    const uint32x4_t nonce = nonce_sum(w3);
    struct armv8_state s[WAYS];

    EACH_STREAM s[j] = begin(versions, place + (size_t)j, nonce);
#pragma GCC unroll 16
    for (int q = 0; q < 15; q++)
        armv8_4_rounds_same(s, shared->kw[q]);
    EACH_STREAM s[j] = armv8_add(s[j], versions->midstate[place + (size_t)j]);
    return second_hash(job, s);
}

#include "kernels/search_ways.h"

uint64_t search_armv8(struct search_hits *hits, const struct search_job *job, uint32_t first,
                      uint64_t count)
{
    return scan(hits, job, first, count);
}
