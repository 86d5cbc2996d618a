/*
 * The nonce search in vector lanes. Included by each search_*.c after the
 * header of its vector operations (lanes_*.h), and compiled with the flags of
 * its instruction set.
 *
 * One version: lane l holds the nonce first + l. Where a job has as many
 * versions as lanes, or a multiple: lane l holds a version, and the message
 * schedule of the first hash, which no version changes, is worked out once a
 * nonce, for LANES nonces at a time, and broadcast.
 *
 * Of the second hash only what decides is computed: its last word is e after
 * round 60, so rounds 57 to 60 need no a, and the schedule ends at word 60.
 * Lanes whose last word may meet the target are few; they are hashed again in
 * full by search_confirm.
 */
#include "kernels/search_impls.h"
#include "kernels/sha256_constants.h"

#define INLINE static inline __attribute__((always_inline))

INLINE vec big_sigma0(vec x)
{
    return lanes_xor3(lanes_ror(x, 2), lanes_ror(x, 13), lanes_ror(x, 22));
}

INLINE vec big_sigma1(vec x)
{
    return lanes_xor3(lanes_ror(x, 6), lanes_ror(x, 11), lanes_ror(x, 25));
}

INLINE vec small_sigma0(vec x)
{
    return lanes_xor3(lanes_ror(x, 7), lanes_ror(x, 18), lanes_shr(x, 3));
}

INLINE vec small_sigma1(vec x)
{
    return lanes_xor3(lanes_ror(x, 17), lanes_ror(x, 19), lanes_shr(x, 10));
}

/* h + Sigma1(e) + Ch(e, f, g) + kw, of the state that has turned by r places. */
INLINE vec round_t1(const vec s[8], int r, vec kw)
{
    vec e = s[(4 - r) & 7], f = s[(5 - r) & 7], g = s[(6 - r) & 7], h = s[(7 - r) & 7];

    return lanes_add(lanes_add(h, kw), lanes_add(big_sigma1(e), lanes_ch(e, f, g)));
}

/* One round of FIPS 180-4 in place: the state turns by one place instead of moving. */
INLINE void lanes_round(vec s[8], int r, vec kw)
{
    vec a = s[(0 - r) & 7], b = s[(1 - r) & 7], c = s[(2 - r) & 7];
    vec t1 = round_t1(s, r, kw);

    s[(3 - r) & 7] = lanes_add(s[(3 - r) & 7], t1);
    s[(7 - r) & 7] = lanes_add(t1, lanes_add(big_sigma0(a), lanes_maj(a, b, c)));
}

/* The same where nobody will ask for a. */
INLINE void lanes_round_e(vec s[8], int r, vec kw)
{
    s[(3 - r) & 7] = lanes_add(s[(3 - r) & 7], round_t1(s, r, kw));
}

/* w[i mod 16] becomes word i of the schedule. */
INLINE vec lanes_extend(vec w[16], int i)
{
    vec x = lanes_add(lanes_add(w[i & 15], small_sigma0(w[(i + 1) & 15])),
                      lanes_add(w[(i + 9) & 15], small_sigma1(w[(i + 14) & 15])));

    w[i & 15] = x;
    return x;
}

INLINE vec lanes_k(int i) { return lanes_set1(sha256_k[i]); }

/*
 * Words 16 to 31 of the first hash's schedule, of which the nonce's word w3,
 * constants and each other are all there is.
 */
INLINE void first_schedule(vec w[16], const struct search_job *job, vec w3)
{
    vec w16 = lanes_set1(job->w16), w17 = lanes_set1(job->w17);
    vec length = lanes_set1(SEARCH_HEADER_BITS);

    w[0] = w16;
    w[1] = w17;
    w[2] = lanes_add(lanes_add(small_sigma1(w16), lanes_set1(job->tail[2])), small_sigma0(w3));
    w[3] = lanes_add(lanes_add(small_sigma1(w17), small_sigma0(lanes_set1(0x80000000))), w3);
    w[4] = lanes_add(small_sigma1(w[2]), lanes_set1(0x80000000));
    w[5] = small_sigma1(w[3]);
    w[6] = lanes_add(small_sigma1(w[4]), length);
    for (int i = 7; i < 14; i++)
        w[i] = lanes_add(small_sigma1(w[i - 2]), w[i - 7]);
    w[14] = lanes_add(small_sigma1(w[12]), lanes_add(w[7], small_sigma0(length)));
    w[15] = lanes_add(lanes_add(small_sigma1(w[13]), w[8]), lanes_add(small_sigma0(w16), length));
}

/* Words 16 to 31 of the second hash's, whose words 8 to 15 are padding. */
INLINE void second_schedule(vec w[16])
{
    vec length = lanes_set1(SEARCH_DIGEST_BITS), bit = lanes_set1(0x80000000);

    w[0] = lanes_add(w[0], small_sigma0(w[1]));
    w[1] = lanes_add(lanes_add(w[1], small_sigma0(w[2])), small_sigma1(length));
    for (int i = 2; i < 7; i++)
        w[i] = lanes_add(lanes_add(w[i], small_sigma0(w[i + 1])), small_sigma1(w[i - 2]));
    w[6] = lanes_add(w[6], length);
    w[7] = lanes_add(lanes_add(w[7], small_sigma0(bit)), lanes_add(small_sigma1(w[5]), w[0]));
    w[8] = lanes_add(lanes_add(small_sigma1(w[6]), w[1]), bit);
    for (int i = 9; i < 14; i++)
        w[i] = lanes_add(small_sigma1(w[i - 2]), w[i - 7]);
    w[14] = lanes_add(lanes_add(small_sigma1(w[12]), w[7]), small_sigma0(length));
    w[15] = lanes_add(lanes_add(small_sigma1(w[13]), w[8]), lanes_add(small_sigma0(w[0]), length));
}

/* The second hash of the digest in w[0] to w[7]: its last word, which is e after round 60. */
INLINE vec second_hash(vec w[16])
{
    vec s[8];

    for (int i = 0; i < 8; i++)
        s[i] = lanes_set1(sha256_iv[i]);
    for (int i = 0; i < 8; i++)
        lanes_round(s, i, lanes_add(lanes_k(i), w[i]));
    lanes_round(s, 8, lanes_set1(sha256_k[8] + 0x80000000));
    for (int i = 9; i < 15; i++)
        lanes_round(s, i, lanes_k(i));
    lanes_round(s, 15, lanes_set1(sha256_k[15] + SEARCH_DIGEST_BITS));
    second_schedule(w);
    for (int i = 16; i < 32; i++)
        lanes_round(s, i, lanes_add(lanes_k(i), w[i & 15]));
    for (int i = 32; i < 48; i += 16)
        for (int j = 0; j < 16; j++)
            lanes_round(s, j, lanes_add(lanes_k(i + j), lanes_extend(w, j)));
    for (int i = 48; i < 57; i++)
        lanes_round(s, i, lanes_add(lanes_k(i), lanes_extend(w, i)));
    for (int i = 57; i < 61; i++)
        lanes_round_e(s, i, lanes_add(lanes_k(i), lanes_extend(w, i)));
    return lanes_add(s[(4 - 61) & 7], lanes_set1(sha256_iv[7]));
}

/* One bit a lane: may the hash whose last word is x meet the target? */
INLINE uint32_t may_meet(const struct search_job *job, vec x)
{
    return lanes_le(lanes_bswap(x), lanes_set1(job->target_top));
}

/* The words of the nonces first, first + 1, ... */
INLINE vec nonce_words(uint32_t first)
{
    return lanes_bswap(lanes_add(lanes_set1(first), lanes_index()));
}

/* LANES nonces from first on, under the version at place: one bit for each that may meet the target. */
INLINE uint32_t step_nonces(const struct search_job *job, size_t place, uint32_t first)
{
    vec s[8], w[16], w3 = nonce_words(first);

    /* The state has turned by four places before round 4. */
    for (int i = 0; i < 8; i++)
        s[(i - 4) & 7] = lanes_set1(job->round4[i][place]);
    s[4] = lanes_add(s[4], w3);
    s[0] = lanes_add(s[0], w3);
    lanes_round(s, 4, lanes_set1(sha256_k[4] + 0x80000000));
    for (int i = 5; i < 15; i++)
        lanes_round(s, i, lanes_k(i));
    lanes_round(s, 15, lanes_set1(sha256_k[15] + SEARCH_HEADER_BITS));
    first_schedule(w, job, w3);
    for (int i = 16; i < 32; i++)
        lanes_round(s, i, lanes_add(lanes_k(i), w[i & 15]));
    for (int i = 32; i < 64; i += 16)
        for (int j = 0; j < 16; j++)
            lanes_round(s, j, lanes_add(lanes_k(i + j), lanes_extend(w, j)));
    for (int i = 0; i < 8; i++)
        w[i] = lanes_add(s[i], lanes_set1(job->midstate[i][place]));
    return may_meet(job, second_hash(w));
}

/* K + w of rounds 4 to 63 of the first hash, for LANES nonces whose words are w3. */
struct first_kw {
    _Alignas(64) uint32_t of[60][LANES];
};

INLINE void first_kw_fill(struct first_kw *kw, const struct search_job *job, vec w3)
{
    vec w[16];

    lanes_store(kw->of[0], lanes_set1(sha256_k[4] + 0x80000000));
    for (int i = 5; i < 15; i++)
        lanes_store(kw->of[i - 4], lanes_k(i));
    lanes_store(kw->of[11], lanes_set1(sha256_k[15] + SEARCH_HEADER_BITS));
    first_schedule(w, job, w3);
    for (int i = 16; i < 32; i++)
        lanes_store(kw->of[i - 4], lanes_add(lanes_k(i), w[i & 15]));
    for (int i = 32; i < 64; i += 16)
        for (int j = 0; j < 16; j++)
            lanes_store(kw->of[i + j - 4], lanes_add(lanes_k(i + j), lanes_extend(w, j)));
}

/* The nonce of column l of kw, whose word is w3, under the versions from place on. */
INLINE uint32_t step_versions(const struct search_job *job, size_t place, const struct first_kw *kw,
                              int l, uint32_t w3)
{
    vec s[8], w[16];

    for (int i = 0; i < 8; i++)
        s[(i - 4) & 7] = lanes_load(&job->round4[i][place]);
    s[4] = lanes_add(s[4], lanes_set1(w3));
    s[0] = lanes_add(s[0], lanes_set1(w3));
    for (int i = 4; i < 8; i++)
        lanes_round(s, i, lanes_set1(kw->of[i - 4][l]));
    for (int i = 8; i < 64; i += 8)
        for (int j = 0; j < 8; j++)
            lanes_round(s, j, lanes_set1(kw->of[i + j - 4][l]));
    for (int i = 0; i < 8; i++)
        w[i] = lanes_add(s[i], lanes_load(&job->midstate[i][place]));
    return may_meet(job, second_hash(w));
}

/* Any number of versions, a nonce a lane. */
INLINE uint64_t scan_nonces(struct search_hits *hits, const struct search_job *job, uint32_t first,
                            uint64_t count)
{
    uint64_t done = 0;

    while (done < count) {
        size_t n = count - done < LANES ? (size_t)(count - done) : LANES, kept;
        uint32_t at = first + (uint32_t)done, passed[LANES] = {0}, any = 0;

        for (size_t v = 0; v < job->versions; v++) {
            uint32_t lanes = step_nonces(job, v, at);

            any |= lanes;
            for (; lanes; lanes &= lanes - 1)
                passed[__builtin_ctz(lanes)] |= UINT32_C(1) << v;
        }
        kept = any ? search_confirm_step(hits, job, at, passed, n) : n;
        done += kept;
        if (kept < n)
            break;
    }
    return done;
}

/* A multiple of LANES versions, a version a lane. */
INLINE uint64_t scan_versions(struct search_hits *hits, const struct search_job *job,
                              uint32_t first, uint64_t count)
{
    struct first_kw kw;
    uint64_t done = 0;

    while (done < count) {
        size_t n = count - done < LANES ? (size_t)(count - done) : LANES, kept;
        uint32_t at = first + (uint32_t)done, passed[LANES] = {0}, any = 0;

        first_kw_fill(&kw, job, nonce_words(at));
        for (size_t l = 0; l < n; l++) {
            uint32_t w3 = __builtin_bswap32(at + (uint32_t)l);

            for (size_t v = 0; v < job->versions; v += LANES)
                passed[l] |= step_versions(job, v, &kw, (int)l, w3) << v;
            any |= passed[l];
        }
        kept = any ? search_confirm_step(hits, job, at, passed, n) : n;
        done += kept;
        if (kept < n)
            break;
    }
    return done;
}

INLINE uint64_t scan(struct search_hits *hits, const struct search_job *job, uint32_t first,
                     uint64_t count)
{
    hits->count = 0;
    if (job->versions % LANES == 0)
        return scan_versions(hits, job, first, count);
    return scan_nonces(hits, job, first, count);
}
