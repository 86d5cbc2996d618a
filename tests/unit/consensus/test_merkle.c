/* Roots against a plain recursive reading of the rule with OpenSSL's hash, and branches against roots. */
#include "consensus/merkle.h"

#include "tests/unit/consensus/support.h"

#include <string.h>

enum { MAX_LEAVES = 70 };

static void fill(struct hash256 *leaves, size_t n)
{
    struct random random = {n}; /* as good as any other leaves */

    random_fill(&random, leaves, n * sizeof(*leaves));
}

static struct hash256 naive_root(const struct hash256 *leaves, size_t n)
{
    struct hash256 next[(MAX_LEAVES + 1) / 2], pair[2];

    if (n == 1)
        return leaves[0];
    for (size_t i = 0; i < n; i += 2) {
        pair[0] = leaves[i];
        pair[1] = leaves[i + 1 < n ? i + 1 : i];
        next[i / 2] = oracle_sha256d(pair, sizeof(pair));
    }
    return naive_root(next, (n + 1) / 2);
}

static struct merkle_result root_of(const struct hash256 *leaves, size_t n)
{
    struct hash256 copy[2 * MAX_LEAVES];

    memcpy(copy, leaves, n * sizeof(*leaves));
    return merkle_root(HASH_64, copy, n);
}

static void test_root(void **state)
{
    struct hash256 leaves[MAX_LEAVES];

    (void)state;
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        struct hash256 want;
        struct merkle_result got;

        fill(leaves, n);
        want = naive_root(leaves, n);
        got = root_of(leaves, n);
        assert_memory_equal(got.root.bytes, want.bytes, 32);
        assert_false(got.mutated);
    }
}

static void test_no_leaves(void **state)
{
    static const struct hash256 zeros;
    struct merkle_result got = merkle_root(HASH_64, NULL, 0);

    (void)state;
    assert_memory_equal(got.root.bytes, zeros.bytes, 32);
    assert_false(got.mutated);
}

static void test_branch(void **state)
{
    struct hash256 leaves[MAX_LEAVES], copy[MAX_LEAVES], branch[MERKLE_MAX_DEPTH];

    (void)state;
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        struct hash256 root;

        fill(leaves, n);
        root = root_of(leaves, n).root;
        for (size_t position = 0; position < n; position++) {
            size_t depth;
            struct hash256 got;

            memcpy(copy, leaves, n * sizeof(*leaves));
            depth = merkle_branch(HASH_64, branch, copy, n, position);
            assert_true((size_t)1 << depth >= n && (depth == 0 || (size_t)1 << (depth - 1) < n));
            got = merkle_root_from_branch(HASH_64, leaves[position], branch, depth, position);
            assert_memory_equal(got.bytes, root.bytes, 32);
        }
    }
}

/* A miner has no coinbase yet when it works out the branch: what stands in its place must not matter. */
static void test_coinbase_branch(void **state)
{
    struct hash256 leaves[MAX_LEAVES], copy[MAX_LEAVES], branch[MERKLE_MAX_DEPTH];

    (void)state;
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        struct hash256 want, got;
        size_t depth;

        fill(leaves, n);
        want = root_of(leaves, n).root;
        memcpy(copy, leaves, n * sizeof(*leaves));
        memset(&copy[0], 0x5a, sizeof(copy[0]));
        depth = merkle_branch(HASH_64, branch, copy, n, 0);
        got = merkle_root_from_branch(HASH_64, leaves[0], branch, depth, 0);
        assert_memory_equal(got.bytes, want.bytes, 32);
    }
}

/*
 * CVE-2012-2459: whatever a list's odd levels would repeat may be written out,
 * with the same root; each such list must be seen.
 */
static void test_mutated(void **state)
{
    struct hash256 leaves[2 * MAX_LEAVES];

    (void)state;
    for (size_t n = 1; n <= MAX_LEAVES; n++) {
        struct hash256 root;

        fill(leaves, n);
        root = root_of(leaves, n).root;
        for (size_t width = 1; width < n; width *= 2) {
            struct merkle_result got;
            size_t tail = n % (2 * width);

            /* Only where the level of this width is odd and its last subtree is full. */
            if (n % width || tail != width)
                continue;
            memcpy(leaves + n, leaves + n - width, width * sizeof(*leaves));
            got = root_of(leaves, n + width);
            assert_memory_equal(got.root.bytes, root.bytes, 32);
            assert_true(got.mutated);
        }
    }
}

/* Core looks at every pair, not only at the end; and equal neighbours that are no pair are no mutation. */
static void test_equal_leaves(void **state)
{
    struct hash256 leaves[8];

    (void)state;
    fill(leaves, 8);
    leaves[3] = leaves[2];
    assert_true(root_of(leaves, 8).mutated);
    fill(leaves, 8);
    leaves[2] = leaves[1];
    assert_false(root_of(leaves, 8).mutated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),    cmocka_unit_test(test_no_leaves),
        cmocka_unit_test(test_branch),  cmocka_unit_test(test_coinbase_branch),
        cmocka_unit_test(test_mutated), cmocka_unit_test(test_equal_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
