/* The work that kernels_choose times: like the real thing, and some 100 microseconds at most. */
#include "kernels/kernels_impl.h"

#include "kernels/search_impls.h"
#include "kernels/sha256_impls.h"

/* Headers and transactions are a few blocks long, so that is how compress is called. */
unsigned kernels_work_sha256_compress(const struct kernels_tables *tables, size_t i)
{
    enum { CALLS = 64, BLOCKS = 4 };
    uint8_t blocks[64 * BLOCKS] = {0};
    uint32_t state[8] = {0};

    for (int call = 0; call < CALLS; call++)
        tables->sha256_compress[i].run(state, blocks, BLOCKS);
    return CALLS * BLOCKS;
}

unsigned kernels_work_sha256d_64(const struct kernels_tables *tables, size_t i)
{
    enum { MESSAGES = 128 };
    uint8_t buffer[64 * MESSAGES] = {0};

    tables->sha256d_64[i].run(buffer, buffer, MESSAGES);
    return MESSAGES;
}

/* Lengths as transactions have them: most between 110 and 400 bytes, a few far longer. */
unsigned kernels_work_sha256d_many(const struct kernels_tables *tables, size_t i)
{
    enum { MESSAGES = 64, LONGEST = 2000 };
    uint8_t text[LONGEST] = {0}, out[32 * MESSAGES];
    struct bytes messages[MESSAGES];

    for (size_t m = 0; m < MESSAGES; m++) {
        size_t size = m % 16 == 7 ? LONGEST - m : 110 + m * 37 % 290;

        messages[m] = bytes_of(text, size);
    }
    tables->sha256d_many[i].run(out, messages, MESSAGES);
    return MESSAGES;
}

/* Against a target that nothing meets: hits are too rare to count. */
static unsigned search_for(const struct search_impl *impl, size_t versions)
{
    enum { HASHES = 512 };
    uint8_t header[80] = {0};
    uint32_t version[SEARCH_MAX_VERSIONS];
    struct search_job job;
    struct search_hits hits = {0};

    for (uint32_t v = 0; v < SEARCH_MAX_VERSIONS; v++)
        version[v] = 0x20000000 + (v << 13);
    search_job_init(&job, header, version, versions, (struct uint256){{0}},
                    sha256_compress_generic);
    impl->run(&hits, &job, 0, HASHES / versions);
    return (unsigned)(HASHES / versions * versions);
}

unsigned kernels_work_search(const struct kernels_tables *tables, size_t i)
{
    return search_for(&tables->search[i], 1);
}

unsigned kernels_work_search_rolled(const struct kernels_tables *tables, size_t i)
{
    return search_for(&tables->search[i], tables->search[i].versions);
}
