/*
 * The nonce search: double SHA-256 of 80-byte block headers that differ in
 * their nonce, and in their version where version bits may roll (BIP320).
 *
 * What the nonce does not change is worked out once, in a search_job. The
 * second half of a header does not hold the version, so versions of one job
 * share the message schedule of every nonce ("version rolling").
 */
#ifndef KERNELS_SEARCH_H
#define KERNELS_SEARCH_H

#include "base/uint256.h"
#include "kernels/sha256.h"

enum {
    SEARCH_MAX_VERSIONS = 16,
    SEARCH_MAX_HITS = 64,
};

/*
 * Everything that a scan needs. Written by search_job_init alone, read by any
 * number of threads. Words are as SHA-256 reads them, big-endian; a column is
 * one version's.
 */
struct search_job {
    size_t versions;
    uint32_t version[SEARCH_MAX_VERSIONS];
    uint32_t tail[3];    /* bytes 64 to 75 of the header: w0 to w2 of its second block */
    uint32_t target_top; /* the target's most significant 32 bits */
    struct uint256 target;
    _Alignas(64) uint32_t midstate[8][SEARCH_MAX_VERSIONS]; /* after the first 64 bytes */
    /* a to h after round 3 of the second block, the nonce's word yet to be added to a and e. */
    uint32_t round4[8][SEARCH_MAX_VERSIONS];
    uint32_t w16, w17; /* the message schedule's words that no nonce changes */
};

struct search_hit {
    uint32_t nonce;   /* as the header's last word holds it, little-endian */
    uint32_t version; /* as the header's first word holds it */
};

struct search_hits {
    size_t count;
    struct search_hit hit[SEARCH_MAX_HITS];
};

/*
 * Tries the nonces first, first + 1, ... with every version of the job. Fills
 * hits, from its start, with those whose hash, read as a little-endian number,
 * is at most the target, in order of nonce and then of the version's place in
 * the job. Each was compared in full: nothing is left to check.
 *
 * Returns how many nonces were done, all versions of each: count, or fewer
 * where hits has no room for what one more nonce might find; the caller takes
 * the hits and goes on from there. At least one nonce is done where count is
 * not zero. first + count must be at most 2^32.
 */
typedef uint64_t search_fn(struct search_hits *hits, const struct search_job *job, uint32_t first,
                           uint64_t count);

struct search_impl {
    const char *name;
    unsigned needs; /* CPU_* bits, all of them */
    search_fn *run;
    unsigned versions; /* how many a job should have where it may roll them: 1 or 16 */
};

/* Every implementation in this binary, the last "generic", ended by one without a name. */
extern const struct search_impl search_impls[];

/*
 * Prepares the search of header (whose version and nonce are ignored) under n
 * versions, 1 to SEARCH_MAX_VERSIONS of them, each once. compress is used once a
 * version; a job costs some microseconds.
 */
void search_job_init(struct search_job *job, const uint8_t header[static 80],
                     const uint32_t *versions, size_t n, struct uint256 target,
                     sha256_compress_fn *compress);

#endif
