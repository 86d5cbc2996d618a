/* How kernels_choose works inside. For kernels*.c and their tests alone. */
#ifndef KERNELS_KERNELS_IMPL_H
#define KERNELS_KERNELS_IMPL_H

#include "kernels/kernels.h"

/* What is chosen from, each ended by a row without a name: this binary's tables, or a test's. */
struct kernels_tables {
    const struct sha256_compress_impl *sha256_compress;
    const struct sha256d_64_impl *sha256d_64;
    const struct sha256d_many_impl *sha256d_many;
    const struct search_impl *search;
};

/* kernels_choose, with the tables as an argument. */
bool kernels_choose_from(struct kernels *out, const struct kernels_tables *tables, unsigned cpu,
                         const struct kernel_names *names, uint64_t (*now_ns)(void),
                         char error[static KERNELS_ERROR_SIZE]);

/*
 * True where row i of the operation's table gives what the generic
 * implementation gives, on every count up to two of the widest steps, at odd
 * addresses, on extreme input, writing nothing beside its output.
 */
bool kernels_check_sha256_compress(const struct kernels_tables *tables, size_t i);
bool kernels_check_sha256d_64(const struct kernels_tables *tables, size_t i);
bool kernels_check_sha256d_many(const struct kernels_tables *tables, size_t i);
bool kernels_check_search(const struct kernels_tables *tables, size_t i);

/* How much more work than the least is enough to tell implementations apart. */
enum { KERNELS_FULL_SCALE = 8 };

/*
 * Does a little of the operation's usual work with row i, more of it the larger
 * scale is (1 to KERNELS_FULL_SCALE). Returns how much that was, in a unit that
 * is the same for all rows of the table.
 */
typedef unsigned kernels_work_fn(const struct kernels_tables *tables, size_t i, unsigned scale);

kernels_work_fn kernels_work_sha256_compress, kernels_work_sha256d_64, kernels_work_sha256d_many,
    kernels_work_search, kernels_work_search_rolled;

#endif
