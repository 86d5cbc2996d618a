#include "consensus/merkle.h"

#include "base/verify.h"

/* Replaces n > 1 hashes of a level by those of the next; returns their number. */
static size_t fold(sha256d_64_fn *hash, struct hash256 *level, size_t n)
{
    hash(level[0].bytes, level[0].bytes, n / 2);
    if (n % 2) {
        struct hash256 pair[2] = {level[n - 1], level[n - 1]};

        hash(level[n / 2].bytes, pair[0].bytes, 1);
    }
    return n / 2 + n % 2;
}

static bool has_equal_pair(const struct hash256 *level, size_t n)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        if (hash256_equal(level[i], level[i + 1]))
            return true;
    return false;
}

struct merkle_result merkle_root(sha256d_64_fn *hash, struct hash256 *leaves, size_t n)
{
    struct merkle_result result = {0};

    if (n == 0)
        return result;
    while (n > 1) {
        result.mutated |= has_equal_pair(leaves, n);
        n = fold(hash, leaves, n);
    }
    result.root = leaves[0];
    return result;
}

size_t merkle_branch(sha256d_64_fn *hash, struct hash256 branch[static MERKLE_MAX_DEPTH],
                     struct hash256 *leaves, size_t n, size_t position)
{
    size_t depth = 0;

    VERIFY_CHECK(position < n);
    for (; n > 1; position /= 2) {
        size_t sibling = position ^ 1;

        VERIFY_CHECK(depth < MERKLE_MAX_DEPTH);
        branch[depth++] = leaves[sibling < n ? sibling : position];
        n = fold(hash, leaves, n);
    }
    return depth;
}

struct hash256 merkle_root_from_branch(sha256d_64_fn *hash, struct hash256 leaf,
                                       const struct hash256 *branch, size_t depth, size_t position)
{
    for (size_t i = 0; i < depth; i++, position /= 2) {
        struct hash256 pair[2];

        pair[position % 2] = leaf;
        pair[1 - position % 2] = branch[i];
        hash(leaf.bytes, pair[0].bytes, 1);
    }
    return leaf;
}
