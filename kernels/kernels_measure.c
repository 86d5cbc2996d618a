/*
 * The work that kernels_choose times: like the real thing, and some tens of
 * microseconds for an implementation that may be chosen.
 */
#include "kernels/kernels_impl.h"

#include "kernels/search_impls.h"
#include "kernels/sha256_impls.h"

#include <assert.h>

/* Headers and transactions are a few blocks long, so that is how compress is called. */
unsigned kernels_work_sha256_compress(const struct kernels_tables *tables, size_t i, unsigned scale)
{
    enum { CALLS = 16, BLOCKS = 4 };
    uint8_t blocks[64 * BLOCKS] = {0};
    uint32_t state[8] = {0};

    for (unsigned call = 0; call < CALLS * scale; call++)
        tables->sha256_compress[i].run(state, blocks, BLOCKS);
    return CALLS * scale * BLOCKS;
}

unsigned kernels_work_sha256d_64(const struct kernels_tables *tables, size_t i, unsigned scale)
{
    enum { MESSAGES = 16 };
    uint8_t buffer[64 * MESSAGES * KERNELS_FULL_SCALE] = {0};

    assert(scale <= KERNELS_FULL_SCALE);
    tables->sha256d_64[i].run(buffer, buffer, MESSAGES * scale);
    return MESSAGES * scale;
}

/* Lengths as transactions have them: most between 110 and 400 bytes, a few far longer. */
unsigned kernels_work_sha256d_many(const struct kernels_tables *tables, size_t i, unsigned scale)
{
    enum { MESSAGES = 16, LONGEST = 2000 };
    uint8_t text[LONGEST] = {0}, out[32 * MESSAGES * KERNELS_FULL_SCALE];
    struct bytes messages[MESSAGES * KERNELS_FULL_SCALE];

    assert(scale <= KERNELS_FULL_SCALE);
    for (size_t m = 0; m < MESSAGES * scale; m++) {
        size_t size = m % 32 == 15 ? LONGEST - m : 110 + m * 37 % 290;

        messages[m] = bytes_of(text, size);
    }
    tables->sha256d_many[i].run(out, messages, MESSAGES * scale);
    return MESSAGES * scale;
}

/* Against a target that nothing meets: hits are too rare to count. */
static unsigned search_for(const struct search_impl *impl, size_t versions, unsigned scale)
{
    enum { HASHES = 256 };
    uint8_t header[80] = {0};
    uint32_t version[SEARCH_MAX_VERSIONS];
    struct search_job job;
    struct search_hits hits = {0};
    uint64_t nonces = HASHES * scale / versions;

    for (uint32_t v = 0; v < SEARCH_MAX_VERSIONS; v++)
        version[v] = 0x20000000 + (v << 13);
    search_job_init(&job, header, version, versions, (struct uint256){{0}},
                    sha256_compress_generic);
    impl->run(&hits, &job, 0, nonces);
    return (unsigned)(nonces * versions);
}

unsigned kernels_work_search(const struct kernels_tables *tables, size_t i, unsigned scale)
{
    return search_for(&tables->search[i], 1, scale);
}

unsigned kernels_work_search_rolled(const struct kernels_tables *tables, size_t i, unsigned scale)
{
    return search_for(&tables->search[i], tables->search[i].versions, scale);
}
