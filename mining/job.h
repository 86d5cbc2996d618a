/*
 * A template made ready for hashing: the coinbase that pays us, with an
 * extranonce in it, and everything that does not change with the extranonce
 * worked out once.
 *
 *     template + payouts + tag --job_create--> job
 *     job + extranonce         --job_header--> the 80 bytes that are searched
 *     job + a found header     --job_block---> what submitblock takes
 *
 *     coinbase: | version | 1 input, null | script | sequence | outputs | lock time |
 *     script:   | height (BIP34) | tag | coinbaseaux | extranonce, 8 bytes |
 *
 * The height is a single byte up to 16; as the extranonce is always there, the
 * script is never shorter than the two bytes that the rules want. What precedes the
 * extranonce is kept as a midstate.
 */
#ifndef MINING_JOB_H
#define MINING_JOB_H

#include "consensus/script.h"
#include "mining/template.h"

enum {
    JOB_ERROR_SIZE = 256,
    JOB_TAG_MAX = 64, /* bytes */
    JOB_MAX_PAYOUTS = 64,
    JOB_EXTRANONCE_SIZE = 8,
    JOB_COINBASE_MAX = 8192, /* bytes, serialized without its witness */
};

struct job_payout {
    struct bytes script;
    struct amount amount; /* ignored in the first payout, which gets all that the others leave */
};

struct job;

/*
 * Makes a job of a template, of which it takes a reference of its own; scripts
 * and tag are copied. n is 1 to JOB_MAX_PAYOUTS. kernels must outlive the job.
 *
 * The tag, then the template's coinbaseaux, are left out where the coinbase's
 * script would exceed 100 bytes. NULL, with the reason in error, where the
 * payouts exceed the coinbase's value, the tag its limit, the block those of the
 * template, or memory lacks.
 */
struct job *job_create(const struct kernels *kernels, struct block_template *t,
                       const struct job_payout *payouts, size_t n, struct bytes tag,
                       char error[static JOB_ERROR_SIZE]);

struct job *job_ref(struct job *job);
void job_unref(struct job *job); /* NULL does nothing */

const struct block_template *job_template(const struct job *job);

/*
 * The header of this extranonce, its nonce zero, its version and time the
 * template's. job_set_root writes bytes 36 to 67, the Merkle root, alone. Any
 * number of threads; a Merkle branch's length of hashes each.
 */
void job_header(const struct job *job, uint64_t extranonce, uint8_t header[static 80]);
void job_set_root(const struct job *job, uint64_t extranonce, uint8_t header[static 80]);

/* The coinbase of this extranonce, without its witness, to out; returns its size. */
size_t job_coinbase(const struct job *job, uint64_t extranonce,
                    uint8_t out[static JOB_COINBASE_MAX]);

/* The whole block with this header, whose Merkle root is that of the extranonce. job_block_size bytes. */
size_t job_block_size(const struct job *job);
void job_block(const struct job *job, uint64_t extranonce, const uint8_t header[static 80],
               uint8_t *out);

/*
 * Looks at an assembled block with the eyes of consensus/ alone: it parses, its
 * Merkle root, commitment, height and weight are right, its hash meets its
 * bits. False, with the reason in error, where it does not.
 */
bool job_check_block(const struct job *job, struct bytes block, char error[static JOB_ERROR_SIZE]);

#endif
