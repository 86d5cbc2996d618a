/*
 * The nonce search for OpenCL devices: its source, and a job as it reads it.
 *
 * The source is OpenCL C 1.2 and is built at run time with these definitions:
 *     VECTOR    nonces a work item tries side by side: 1, 4, 8 or 16
 *     VERSIONS  versions it tries each of them with: 1, 2 or 4
 *     LOCAL     work items a group
 *     ROOM      results that the output has room for
 *
 * Its kernel is
 *     search(global uint *found, constant uint *job, uint first, uint count, uint versions, uint mask)
 * over two dimensions: at least count / VECTOR items in groups of LOCAL, times
 * versions / VERSIONS, both rounded up. It tries count nonces from first on with
 * the job's first versions. found has 1 + 2 * ROOM words, the first of them 0
 * before; after that it counts the results, of which ROOM at most follow, as
 * pairs of a nonce and a version's place in the job.
 */
#ifndef KERNELS_OPENCL_SEARCH_CL_H
#define KERNELS_OPENCL_SEARCH_CL_H

#include "kernels/search.h"

enum {
    SEARCH_CL_HEAD = 8,
    SEARCH_CL_COLUMN = 16,
    SEARCH_CL_JOB_WORDS = SEARCH_CL_HEAD + SEARCH_CL_COLUMN * SEARCH_MAX_VERSIONS,
};

/* The text of search.cl, ended by a zero that its size does not count. */
extern const char search_cl_source[];
extern const size_t search_cl_source_size;

/* Writes the job as the kernel reads it, in this machine's byte order. */
void search_cl_job(uint32_t out[static SEARCH_CL_JOB_WORDS], const struct search_job *job);

/* The mask for hashes that begin, as numbers, with so many zero bits, 0 to 32. */
uint32_t search_cl_mask(unsigned zero_bits);

#endif
