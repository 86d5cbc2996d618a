#include "base/verify.h"
#include "consensus/block_rules.h"
#include "consensus/pow.h"

enum reject header_check(const struct params *params, const struct block_header *header,
                         struct block_hash hash)
{
    return pow_check(hash, header->bits, params->pow_limit) ? REJECT_NONE : REJECT_HIGH_HASH;
}

/* BIP94: the first block of a period may not be far before the last of the one before. */
static bool is_timewarp(const struct block_place *place, int64_t time, int64_t previous_time)
{
    return place->params->bip94 && place->height % params_retarget_interval(place->params) == 0 &&
           time + MAX_TIMEWARP < previous_time;
}

/* The versions that BIP34, BIP66 and BIP65 have put out of use. */
static bool is_version_outdated(const struct block_place *place, int32_t version)
{
    const struct params *p = place->params;

    return (version < 2 && place->height >= p->bip34_height) ||
           (version < 3 && place->height >= p->bip66_height) ||
           (version < 4 && place->height >= p->bip65_height);
}

struct rejection header_check_contextual(const struct block_place *place,
                                         const struct block_header *header,
                                         const struct header_context *context)
{
    int64_t time = header->time;
    struct rejection outdated;

    if (context && header->bits != context->bits)
        return rejection_of(REJECT_DIFFBITS);
    if (time <= place->median_time_past)
        return rejection_of(REJECT_TIME_TOO_OLD);
    if (context && is_timewarp(place, time, context->previous_time))
        return rejection_of(REJECT_TIME_TIMEWARP_ATTACK);
    if (context && time - MAX_FUTURE_BLOCK_TIME > context->now)
        return rejection_of(REJECT_TIME_TOO_NEW);
    if (is_version_outdated(place, header->version)) {
        outdated = rejection_of(REJECT_VERSION);
        outdated.version = header->version;
        return outdated;
    }
    return rejection_of(REJECT_NONE);
}

int64_t median_time_past(const uint32_t *times, size_t n)
{
    uint32_t sorted[MEDIAN_TIME_SPAN];

    VERIFY_CHECK(n >= 1 && n <= MEDIAN_TIME_SPAN);
    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        for (; at > 0 && sorted[at - 1] > times[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = times[i];
    }
    return sorted[n / 2];
}
