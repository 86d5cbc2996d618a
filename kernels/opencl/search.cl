/*
 * The nonce search for OpenCL devices (OpenCL C 1.2, no extension needed).
 *
 * The build defines
 *     VECTOR    nonces a work item tries side by side: 1 (GPUs), 4, 8 or 16 (CPUs)
 *     VERSIONS  versions it tries each of them with: 1, 2 or 4, which share a message schedule
 *     LOCAL     work items a group
 *     ROOM      results that the output has room for
 *
 * What the nonce does not change was worked out by the host (search_cl.h); the
 * second hash ends with the word that decides. GPUs get straight code, in which
 * every constant is part of an instruction; CPUs loops, which they build in half
 * the time and run as fast.
 */
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#if VECTOR == 1
typedef uint word;
#else
typedef PASTE(uint, VECTOR) word;
#endif

#define RIGHT(x, n) rotate((x), (word)(32 - (n)))
#define BIG0(x) (RIGHT(x, 2) ^ RIGHT(x, 13) ^ RIGHT(x, 22))
#define BIG1(x) (RIGHT(x, 6) ^ RIGHT(x, 11) ^ RIGHT(x, 25))
#define SMALL0(x) (RIGHT(x, 7) ^ RIGHT(x, 18) ^ (x) >> (word)3)
#define SMALL1(x) (RIGHT(x, 17) ^ RIGHT(x, 19) ^ (x) >> (word)10)
/*
 * Written with exclusive or, as compilers know these for a bit field insert (AMD:
 * one instruction and two), one of three-input logic (NVIDIA) or one with a truth
 * table (AVX-512); of bitselect some make three and four.
 */
#define CHOICE(x, y, z) ((z) ^ ((x) & ((y) ^ (z))))
#define MAJORITY(x, y, z) ((x) ^ (((x) ^ (y)) & ((x) ^ (z))))

/* FIPS 180-4, section 4.2.2. Every index is known when this is compiled, so none is looked up. */
__constant uint K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/*
 * Round r (FIPS 180-4, section 6.2.2). The state does not move: a is in place
 * -r mod 8, b in the next, and the new e and a go where d and h were.
 */
#define AT(r, i) (((i) - (r)) & 7)
#define ROUND_E(s, r, kw)                                                                          \
    (s)[AT(r, 7)] +=                                                                               \
        BIG1((s)[AT(r, 4)]) + CHOICE((s)[AT(r, 4)], (s)[AT(r, 5)], (s)[AT(r, 6)]) + (kw);          \
    (s)[AT(r, 3)] += (s)[AT(r, 7)]
#define ROUND(s, r, kw)                                                                            \
    ROUND_E(s, r, kw);                                                                             \
    (s)[AT(r, 7)] += BIG0((s)[AT(r, 0)]) + MAJORITY((s)[AT(r, 0)], (s)[AT(r, 1)], (s)[AT(r, 2)])

/* The next word of the message schedule, i modulo 16, in the place of the one 16 before it. */
#define NEXT(w, i)                                                                                 \
    ((w)[i] += SMALL1((w)[((i) + 14) & 15]) + (w)[((i) + 9) & 15] + SMALL0((w)[((i) + 1) & 15]))

/* The same round for every version: the word is the same. */
#if VERSIONS == 1
#define EACH(r, kw) ROUND(s[0], r, kw)
#elif VERSIONS == 2
#define EACH(r, kw)                                                                                \
    ROUND(s[0], r, kw);                                                                            \
    ROUND(s[1], r, kw)
#else
#define EACH(r, kw)                                                                                \
    ROUND(s[0], r, kw);                                                                            \
    ROUND(s[1], r, kw);                                                                            \
    ROUND(s[2], r, kw);                                                                            \
    ROUND(s[3], r, kw)
#endif

/*
 * Sixteen rounds on w, and the next sixteen words. Both ask for each of their
 * parts by number, as arrays that are looked into at run time are no registers.
 */
#define SIXTEEN(DO, r)                                                                             \
    DO(r, 0);                                                                                      \
    DO(r, 1);                                                                                      \
    DO(r, 2);                                                                                      \
    DO(r, 3);                                                                                      \
    DO(r, 4);                                                                                      \
    DO(r, 5);                                                                                      \
    DO(r, 6);                                                                                      \
    DO(r, 7);                                                                                      \
    DO(r, 8);                                                                                      \
    DO(r, 9);                                                                                      \
    DO(r, 10);                                                                                     \
    DO(r, 11);                                                                                     \
    DO(r, 12);                                                                                     \
    DO(r, 13);                                                                                     \
    DO(r, 14);                                                                                     \
    DO(r, 15)
#define NEXT_OF_W(r, i) NEXT(w, i)
#define ALL_VERSIONS(r, i)                                                                         \
    kw = K[(r) + (i)] + w[i];                                                                      \
    EACH(i, kw)
#define ONE_VERSION(r, i) ROUND(t, i, K[(r) + (i)] + w[i])
#define ONE_VERSION_NEXT(r, i) ROUND(t, i, K[(r) + (i)] + NEXT(w, i))

/* The job, as search_cl_job writes it. */
#define JOB_W16 0 /* the words of the message schedule that no nonce changes ... */
#define JOB_W17 1
#define JOB_W18 2 /* ... and the parts of these */
#define JOB_W19 3
#define JOB_W31 4
#define JOB_W32 5
#define JOB_COLUMNS 8 /* a version's: midstate, then the state after round 3 */
#define COLUMN 16

/*
 * The second hash of s, whose state was added to midstate: the last of its
 * words, whose low bytes are the most significant of the hash as a number. In
 * round 60 it becomes e, three rounds later it is h.
 */
__attribute__((always_inline)) static word second_hash(const word *s, __constant const uint *midstate)
{
    word t[8], w[16];

    t[0] = 0x6a09e667;
    t[1] = 0xbb67ae85;
    t[2] = 0x3c6ef372;
    t[3] = 0xa54ff53a;
    t[4] = 0x510e527f;
    t[5] = 0x9b05688c;
    t[6] = 0x1f83d9ab;
    t[7] = 0x5be0cd19;
    w[0] = s[0] + midstate[0];
    w[1] = s[1] + midstate[1];
    w[2] = s[2] + midstate[2];
    w[3] = s[3] + midstate[3];
    w[4] = s[4] + midstate[4];
    w[5] = s[5] + midstate[5];
    w[6] = s[6] + midstate[6];
    w[7] = s[7] + midstate[7];
    w[8] = 0x80000000;
    w[9] = w[10] = w[11] = w[12] = w[13] = w[14] = 0;
    w[15] = 256; /* bits */
    SIXTEEN(ONE_VERSION, 0);
#if VECTOR == 1
    SIXTEEN(ONE_VERSION_NEXT, 16);
    SIXTEEN(ONE_VERSION_NEXT, 32);
    ONE_VERSION_NEXT(48, 0);
    ONE_VERSION_NEXT(48, 1);
    ONE_VERSION_NEXT(48, 2);
    ONE_VERSION_NEXT(48, 3);
    ONE_VERSION_NEXT(48, 4);
    ONE_VERSION_NEXT(48, 5);
    ONE_VERSION_NEXT(48, 6);
    ONE_VERSION_NEXT(48, 7);
    ONE_VERSION_NEXT(48, 8);
    ROUND_E(t, 9, K[57] + NEXT(w, 9));
    ROUND_E(t, 10, K[58] + NEXT(w, 10));
    ROUND_E(t, 11, K[59] + NEXT(w, 11));
    ROUND_E(t, 12, K[60] + NEXT(w, 12));
    return t[AT(61, 4)] + (word)0x5be0cd19;
#else
    for (uint r = 16; r < 64; r += 16) {
        SIXTEEN(ONE_VERSION_NEXT, r);
    }
    return t[7] + (word)0x5be0cd19;
#endif
}

/* found[0] counts; a result is a nonce and the place of a version. */
static void report(__global uint *found, uint nonce, uint place)
{
    uint i = atomic_inc(found);

    if (i < ROOM) {
        found[1 + 2 * i] = nonce;
        found[2 + 2 * i] = place;
    }
}

/* A version's state after round 3, but for the nonce's word. */
#define BEGIN(v)                                                                                   \
    s[v][AT(4, 0)] = column[COLUMN * v + 8] + w[3];                                                \
    s[v][AT(4, 1)] = column[COLUMN * v + 9];                                                       \
    s[v][AT(4, 2)] = column[COLUMN * v + 10];                                                      \
    s[v][AT(4, 3)] = column[COLUMN * v + 11];                                                      \
    s[v][AT(4, 4)] = column[COLUMN * v + 12] + w[3];                                               \
    s[v][AT(4, 5)] = column[COLUMN * v + 13];                                                      \
    s[v][AT(4, 6)] = column[COLUMN * v + 14];                                                      \
    s[v][AT(4, 7)] = column[COLUMN * v + 15]

/* Items and lanes beyond the nonces and versions that were asked for try something as well. */
#define REPORT(hash, nonce, place)                                                                 \
    if (((hash)&mask) == 0 && (nonce)-first < count && (place) < versions)                         \
    report(found, nonce, place)
#if VECTOR == 1
#define CHECK(v)                                                                                   \
    last = second_hash(s[v], column + COLUMN * v);                                                 \
    REPORT(last, nonce, place + v)
#else
#define CHECK(v)                                                                                   \
    last = second_hash(s[v], column + COLUMN * v);                                                 \
    if (any((last & (word)mask) == (word)0))                                                       \
    report_lanes(found, last, first, at, count, place + v, versions, mask)

static void report_lanes(__global uint *found, word last, uint first, uint at, uint count,
                         uint place, uint versions, uint mask)
{
    union {
        word all;
        uint lane[VECTOR];
    } hash;

    hash.all = last;
    for (uint i = 0; i < VECTOR; i++)
        REPORT(hash.lane[i], first + at + i, place);
}
#endif

/*
 * Tries count nonces from first on with versions first_version on, VERSIONS of
 * them for each row of the second dimension, up to versions. mask has ones
 * where the last word of a hash has to have zeros.
 */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
search(__global uint *found, __constant const uint *job, const uint first, const uint count,
       const uint versions, const uint mask)
{
    const uint at = (uint)get_global_id(0) * VECTOR;
    const uint place = (uint)get_global_id(1) * VERSIONS;
    __constant const uint *column = job + JOB_COLUMNS + COLUMN * place;
    word s[VERSIONS][8], w[16], kw, last, nonce;

    nonce = (word)(first + at);
#if VECTOR == 4
    nonce += (word)(0, 1, 2, 3);
#elif VECTOR == 8
    nonce += (word)(0, 1, 2, 3, 4, 5, 6, 7);
#elif VECTOR == 16
    nonce += (word)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#endif
    /* The header holds it little-endian. */
    w[3] = bitselect(rotate(nonce, (word)24), rotate(nonce, (word)8), (word)0x00ff00ff);

    BEGIN(0);
#if VERSIONS > 1
    BEGIN(1);
#endif
#if VERSIONS > 2
    BEGIN(2);
    BEGIN(3);
#endif

    /* Rounds 4 to 15: padding. */
    EACH(4, K[4] + 0x80000000);
    EACH(5, K[5]);
    EACH(6, K[6]);
    EACH(7, K[7]);
    EACH(8, K[8]);
    EACH(9, K[9]);
    EACH(10, K[10]);
    EACH(11, K[11]);
    EACH(12, K[12]);
    EACH(13, K[13]);
    EACH(14, K[14]);
    EACH(15, K[15] + 640); /* bits */

    /* The words of the schedule; most of what they are the sums of is zero or the same for every nonce. */
    w[0] = job[JOB_W16];
    w[1] = job[JOB_W17];
    w[2] = SMALL0(w[3]) + job[JOB_W18];
    w[3] += job[JOB_W19];
    w[4] = SMALL1(w[2]) + (word)0x80000000;
    w[5] = SMALL1(w[3]);
    w[6] = SMALL1(w[4]) + (word)640;
    w[7] = SMALL1(w[5]) + w[0];
    w[8] = SMALL1(w[6]) + w[1];
    w[9] = SMALL1(w[7]) + w[2];
    w[10] = SMALL1(w[8]) + w[3];
    w[11] = SMALL1(w[9]) + w[4];
    w[12] = SMALL1(w[10]) + w[5];
    w[13] = SMALL1(w[11]) + w[6];
    w[14] = SMALL1(w[12]) + w[7] + SMALL0((word)640);
    w[15] = SMALL1(w[13]) + w[8] + job[JOB_W31];
#if VECTOR == 1
    SIXTEEN(ALL_VERSIONS, 16);
    w[0] = SMALL1(w[14]) + w[9] + job[JOB_W32];
    NEXT(w, 1);
    NEXT(w, 2);
    NEXT(w, 3);
    NEXT(w, 4);
    NEXT(w, 5);
    NEXT(w, 6);
    NEXT(w, 7);
    NEXT(w, 8);
    NEXT(w, 9);
    NEXT(w, 10);
    NEXT(w, 11);
    NEXT(w, 12);
    NEXT(w, 13);
    NEXT(w, 14);
    NEXT(w, 15);
    SIXTEEN(ALL_VERSIONS, 32);
    SIXTEEN(NEXT_OF_W, 48);
    SIXTEEN(ALL_VERSIONS, 48);
#else
    for (uint r = 16;; r += 16) {
        SIXTEEN(ALL_VERSIONS, r);
        if (r == 48)
            break;
        SIXTEEN(NEXT_OF_W, r);
    }
#endif

    CHECK(0);
#if VERSIONS > 1
    CHECK(1);
#endif
#if VERSIONS > 2
    CHECK(2);
    CHECK(3);
#endif
}
