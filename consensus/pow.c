#include "consensus/pow.h"

#include "base/verify.h"

bool pow_target(struct uint256 *target, uint32_t bits, struct uint256 limit)
{
    struct compact_flags flags;
    struct uint256 number = uint256_from_compact(bits, &flags);

    if (flags.negative || flags.overflow || uint256_is_zero(number) ||
        uint256_compare(number, limit) > 0)
        return false;
    *target = number;
    return true;
}

bool pow_check(struct block_hash hash, uint32_t bits, struct uint256 limit)
{
    struct uint256 target;

    return pow_target(&target, bits, limit) &&
           uint256_compare(uint256_from_le(hash.bytes), target) <= 0;
}

/* bits' target scaled by timespan over what it should have been, not above the limit. */
static struct uint256 scaled_target(const struct params *p, uint32_t bits, int64_t timespan)
{
    struct uint256 target = uint256_from_compact(bits, NULL);

    target = uint256_mul_u32(target, (uint32_t)timespan);
    target = uint256_div(target, uint256_from_u64((uint64_t)p->pow_timespan));
    return uint256_compare(target, p->pow_limit) > 0 ? p->pow_limit : target;
}

static uint32_t retarget(const struct params *p, pow_ancestor_fn *ancestor, void *context,
                         int32_t tip_height, struct pow_ancestor tip)
{
    int64_t first_height = tip_height - (params_retarget_interval(p) - 1), timespan;
    struct pow_ancestor first;

    if (p->pow_no_retargeting)
        return tip.bits;
    /*
     * Bitcoin measures over one interval less than there are blocks: an old mistake that is
     * the rule.
     */
    first = ancestor(context, (int32_t)first_height);
    timespan = (int64_t)tip.time - (int64_t)first.time;
    if (timespan < p->pow_timespan / 4)
        timespan = p->pow_timespan / 4;
    if (timespan > p->pow_timespan * 4)
        timespan = p->pow_timespan * 4;
    /* BIP94: the first block of a period can't have had minimum difficulty by exception. */
    return uint256_to_compact(scaled_target(p, p->bip94 ? first.bits : tip.bits, timespan));
}

/* The bits of the last block that did not have minimum difficulty by exception. */
static uint32_t last_real_bits(const struct params *p, pow_ancestor_fn *ancestor, void *context,
                               int32_t height, struct pow_ancestor block)
{
    uint32_t limit_bits = uint256_to_compact(p->pow_limit);

    while (height > 0 && height % params_retarget_interval(p) != 0 && block.bits == limit_bits)
        block = ancestor(context, --height);
    return block.bits;
}

uint32_t pow_next_bits(const struct params *p, pow_ancestor_fn *ancestor, void *context,
                       int32_t tip_height, uint32_t time)
{
    struct pow_ancestor tip;

    VERIFY_CHECK(tip_height >= 0);
    tip = ancestor(context, tip_height);
    if (((int64_t)tip_height + 1) % params_retarget_interval(p) == 0)
        return retarget(p, ancestor, context, tip_height, tip);
    if (!p->pow_min_difficulty)
        return tip.bits;
    if ((int64_t)time > (int64_t)tip.time + 2 * p->pow_spacing)
        return uint256_to_compact(p->pow_limit);
    return last_real_bits(p, ancestor, context, tip_height, tip);
}

bool pow_permitted_transition(const struct params *p, int64_t height, uint32_t old_bits,
                              uint32_t new_bits)
{
    struct uint256 target = uint256_from_compact(new_bits, NULL), easiest, hardest;

    if (p->pow_min_difficulty)
        return true;
    if (height % params_retarget_interval(p) != 0)
        return old_bits == new_bits;
    /* Rounded as bits round, else a retarget to the very edge would look forbidden. */
    easiest = uint256_from_compact(
        uint256_to_compact(scaled_target(p, old_bits, p->pow_timespan * 4)), NULL);
    hardest = uint256_from_compact(
        uint256_to_compact(scaled_target(p, old_bits, p->pow_timespan / 4)), NULL);
    return uint256_compare(target, easiest) <= 0 && uint256_compare(target, hardest) >= 0;
}
