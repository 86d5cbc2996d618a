/*
 * Bitcoin's Merkle tree: pairs are hashed with double SHA-256, and a level of
 * odd length repeats its last hash.
 *
 *     level 2          AB+CC
 *     level 1      AB         CC
 *     level 0    A    B    C    (C)
 *
 * Leaves are folded in place, a whole level in one call of the kernel, so
 * nothing is allocated and the caller's array is used up. Pure; any thread.
 */
#ifndef CONSENSUS_MERKLE_H
#define CONSENSUS_MERKLE_H

#include "consensus/types.h"
#include "kernels/sha256.h"

/* Levels above the leaves; as many as 2^32 leaves have. */
enum { MERKLE_MAX_DEPTH = 32 };

struct merkle_result {
    struct hash256 root;
    /*
     * Two equal hashes met as a pair. Lists of which the end was repeated have
     * the root of the list without (CVE-2012-2459), so such a block must not be
     * remembered as invalid by its hash.
     */
    bool mutated;
};

/* The root of n leaves, which are overwritten; zeros for no leaves. */
struct merkle_result merkle_root(sha256d_64_fn *hash, struct hash256 *leaves, size_t n);

/*
 * The hashes that lead from the leaf at position to the root, the lowest first.
 * Overwrites the leaves. position must be below n, and n at most 2^32. For
 * position 0 the leaf there is not used: for a coinbase that is yet to be made,
 * pass anything in its place. Returns the number of hashes, 0 for a single leaf.
 */
size_t merkle_branch(sha256d_64_fn *hash, struct hash256 branch[static MERKLE_MAX_DEPTH],
                     struct hash256 *leaves, size_t n, size_t position);

/* The root that a leaf at position has by its branch of depth hashes. */
struct hash256 merkle_root_from_branch(sha256d_64_fn *hash, struct hash256 leaf,
                                       const struct hash256 *branch, size_t depth, size_t position);

#endif
