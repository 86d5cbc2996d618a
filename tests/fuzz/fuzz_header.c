/*
 * Headers through their fields and back, and what proof of work makes of them:
 * the input is a chain of headers whose last ones are the ancestors of the next.
 */
#include "consensus/pow.h"
#include "tests/fuzz/fuzz.h"

struct chain {
    const uint8_t *headers;
    int32_t count;
};

/* Heights are counted around, so that a short input is a chain of any length. */
static struct pow_ancestor ancestor(void *context, int32_t height)
{
    const struct chain *chain = context;
    struct block_header header;

    FUZZ_CHECK(height >= 0);
    header =
        block_header_read(chain->headers + (size_t)(height % chain->count) * BLOCK_HEADER_SIZE);
    return (struct pow_ancestor){header.time, header.bits};
}

static void check_target(const struct params *net, const struct block_header *header)
{
    struct block_hash hash = block_header_hash(kernels_generic.sha256_compress->run, header);
    struct uint256 target, number = uint256_from_le(hash.bytes);

    if (!pow_target(&target, header->bits, net->pow_limit)) {
        FUZZ_CHECK(!pow_check(hash, header->bits, net->pow_limit));
        return;
    }
    FUZZ_CHECK(!uint256_is_zero(target) && uint256_compare(target, net->pow_limit) <= 0);
    FUZZ_CHECK(pow_check(hash, header->bits, net->pow_limit) ==
               (uint256_compare(number, target) <= 0));
}

/* From a good target only a good one follows, by a step that is permitted. */
static void check_next(const struct params *net, struct chain *chain, int32_t tip, uint32_t time)
{
    uint32_t bits = ancestor(chain, tip).bits, next;
    struct uint256 target;

    next = pow_next_bits(net, ancestor, chain, tip, time);
    /* BIP94 goes on from a period's first bits; by the rules all of the period has them. */
    if (net->bip94 && (tip + 1) % params_retarget_interval(net) == 0)
        bits = ancestor(chain, tip + 1 - (int32_t)params_retarget_interval(net)).bits;
    if (net->pow_min_difficulty || !pow_target(&target, bits, net->pow_limit))
        return;
    /* Three bytes of precision, of which a quarter may be zero; nobody can do such work. */
    if (uint256_bits(target) < 26 || uint256_to_compact(target) != bits)
        return;
    FUZZ_CHECK(pow_target(&target, next, net->pow_limit));
    FUZZ_CHECK(pow_permitted_transition(net, (int64_t)tip + 1, bits, next));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct chain chain = {data, (int32_t)(size / BLOCK_HEADER_SIZE)};

    for (int32_t i = 0; i < chain.count; i++) {
        const uint8_t *raw = data + (size_t)i * BLOCK_HEADER_SIZE;
        struct block_header header = block_header_read(raw);
        uint8_t again[BLOCK_HEADER_SIZE];

        block_header_write(again, &header);
        FUZZ_CHECK(memcmp(again, raw, BLOCK_HEADER_SIZE) == 0);
        for (const struct params *const *p = params_all; *p; p++) {
            check_target(*p, &header);
            /* At a retarget, and wherever the nonce says. */
            check_next(*p, &chain, 2015 + 2016 * i, header.time);
            check_next(*p, &chain, (int32_t)(header.nonce % 1000000), header.time);
        }
    }
    return 0;
}
