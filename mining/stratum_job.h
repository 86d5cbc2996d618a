/*
 * A job of a Stratum V1 pool made ready for hashing.
 *
 *     mining.notify's parameters + extranonce1 + difficulty --stratum_job_parse--> job
 *     job + extranonce  --stratum_job_header------> the 80 bytes that are searched
 *     job + extranonce  --stratum_job_extranonce2-> what mining.submit names
 *
 *     coinbase: | coinb1 | extranonce1 | extranonce2 | coinb2 |
 *               '--- taken in once --' '-- an extranonce --'
 *
 * The engine's extranonce is a number of 64 bits. It is written to extranonce2
 * with the least significant byte first; further bytes of extranonce2 are zero, and
 * the numbers end where a shorter extranonce2 does.
 *
 * Jobs are immutable and counted, so a search may go on with one that its pool has replaced.
 */
#ifndef MINING_STRATUM_JOB_H
#define MINING_STRATUM_JOB_H

#include "base/uint256.h"
#include "kernels/kernels.h"

#include <jansson.h>
#include <stdatomic.h>

enum {
    STRATUM_JOB_ID_SIZE = 129,   /* with its terminating zero */
    STRATUM_EXTRANONCE_MAX = 32, /* bytes of extranonce1, and of extranonce2 */
    STRATUM_BRANCH_MAX = 32,     /* a block of 4 MB has fewer than 2^17 transactions */
    STRATUM_COINBASE_MAX = 200000,
    STRATUM_JOB_ERROR_SIZE = 128,
};

/* What a pool gave us to tell our coinbases from those of others. */
struct stratum_extranonce {
    uint8_t first[STRATUM_EXTRANONCE_MAX]; /* extranonce1 */
    size_t first_size;                     /* 0 to STRATUM_EXTRANONCE_MAX */
    size_t second_size;                    /* of extranonce2: 1 to STRATUM_EXTRANONCE_MAX */
};

bool stratum_extranonce_equal(const struct stratum_extranonce *a,
                              const struct stratum_extranonce *b);

/* Reads extranonce1 (a string of hex digits) and extranonce2's size; false where they are none. */
bool stratum_extranonce_parse(struct stratum_extranonce *out, const json_t *first,
                              const json_t *second_size);

struct stratum_job {
    atomic_uint references;
    char id[STRATUM_JOB_ID_SIZE];
    struct stratum_extranonce extranonce;
    uint8_t header[80]; /* Merkle root and nonce zero; the time is the pool's */
    uint32_t version, time, bits;
    double difficulty; /* in force when the job came */
    struct uint256 target;
    struct uint256 network_target; /* zero where bits mean no target */
    int32_t height;                /* that the coinbase names (BIP34); 0 where it can't be told */
    uint64_t received_ns;          /* the caller's clock */
    uint64_t epoch;                /* the owner's: which clean_jobs it came with or after */
    sha256_compress_fn *compress;
    struct sha256 before; /* has taken coinb1 and extranonce1 */
    size_t branch_count;
    uint8_t branch[STRATUM_BRANCH_MAX][32];
    size_t tail_size;
    uint8_t tail[]; /* coinb2 */
};

/*
 * Reads mining.notify's parameters. difficulty is that of its shares, above
 * zero. NULL, with the reason in error, where they are not what they should be or
 * memory lacks; clean tells whether earlier jobs are void. One reference is the caller's.
 */
struct stratum_job *stratum_job_parse(const struct kernels *kernels, const json_t *params,
                                      const struct stratum_extranonce *extranonce,
                                      double difficulty, uint64_t now_ns, bool *clean,
                                      char error[static STRATUM_JOB_ERROR_SIZE]);

struct stratum_job *stratum_job_ref(struct stratum_job *job);
void stratum_job_unref(struct stratum_job *job); /* NULL does nothing */

/* Writes the Merkle root, bytes 36 to 67: a miner_header_fn, arg being the job. Any thread. */
void stratum_job_header(void *arg, uint64_t extranonce, uint8_t header[static 80]);

/* extranonce2 of this extranonce, extranonce.second_size bytes. */
void stratum_job_extranonce2(const struct stratum_job *job, uint64_t extranonce,
                             uint8_t out[static STRATUM_EXTRANONCE_MAX]);

/* The largest extranonce that extranonce2 can hold. */
uint64_t stratum_job_last_extranonce(const struct stratum_job *job);

/*
 * The bits of mask that may be rolled in this job: those that are zero in its
 * version. BIP310 lets a pool replace the bits of the mask by those that a share
 * names; some or them in instead, and where the job's are zero both say the same.
 */
uint32_t stratum_job_version_mask(const struct stratum_job *job, uint32_t mask);

#endif
