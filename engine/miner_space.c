#include "base/verify.h"
#include "engine/miner_impl.h"

static const uint64_t all_nonces = (uint64_t)1 << 32;

static uint64_t minimum(uint64_t a, uint64_t b) { return a < b ? a : b; }

static uint64_t divide_up(uint64_t a, uint64_t b) { return a / b + (a % b != 0); }

/* The product, or 2^64 - 1 where it is larger. */
static uint64_t multiply_up_to_max(uint64_t a, uint64_t b)
{
    uint64_t product;

    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

/* The lowest bits of number, spread to where mask has ones. */
static uint32_t spread_bits(uint64_t number, uint32_t mask)
{
    uint32_t spread = 0;

    for (; mask; mask &= mask - 1, number >>= 1)
        if (number & 1)
            spread |= mask & -mask;
    return spread;
}

/* Which search scans the space, and in sets of how many versions. */
static void choose_search(struct miner_space *space, const struct kernels *kernels,
                          bool with_devices)
{
    size_t rolled = with_devices ? SEARCH_MAX_VERSIONS : kernels->search_rolled->versions;

    space->search = kernels->search;
    space->set_size = 1;
    if (space->version_count > 1 && space->version_count >= rolled) {
        space->search = kernels->search_rolled;
        space->set_size = rolled;
    }
}

bool miner_space_init(struct miner_space *space, const struct miner_work *work,
                      const struct kernels *kernels, uint64_t unit_nonces, bool with_devices)
{
    uint64_t extranonces = work->extranonce_last - work->extranonce_first;

    *space = (struct miner_space){
        .version = read_le32(work->header),
        .version_mask = work->version_mask,
        .version_count = (uint64_t)1 << __builtin_popcount(work->version_mask),
        .time_first = read_le32(work->header + 68),
        .nonce_first = work->nonce_first,
        .nonce_count = work->nonce_count ? work->nonce_count : all_nonces - work->nonce_first,
        .extranonce_first = work->extranonce_first,
    };
    if (space->nonce_count > all_nonces - space->nonce_first ||
        work->extranonce_last < work->extranonce_first)
        return false;
    choose_search(space, kernels, with_devices);
    VERIFY_CHECK(space->set_size >= 1 && space->set_size <= SEARCH_MAX_VERSIONS);
    if (!work->header_fn)
        extranonces = 0; /* beyond the first: they would all be the same header */
    space->chunk_size = unit_nonces;
    space->chunks = divide_up(space->nonce_count, unit_nonces);
    space->sets = divide_up(space->version_count, space->set_size);
    space->times = 1 + minimum(work->extra_seconds, UINT32_MAX - space->time_first);
    space->units = multiply_up_to_max(space->chunks, space->sets);
    space->units = multiply_up_to_max(space->units, space->times);
    space->units =
        multiply_up_to_max(space->units, extranonces == UINT64_MAX ? UINT64_MAX : extranonces + 1);
    return true;
}

void miner_space_units(const struct miner_space *space, struct miner_unit *unit, uint64_t number,
                       uint64_t count)
{
    uint64_t chunk = number % space->chunks, first;
    uint64_t nonces_before = chunk * space->chunk_size;

    VERIFY_CHECK(count > 0 && number < space->units && count <= space->chunks - chunk);
    number /= space->chunks;
    first = number % space->sets * space->set_size;
    number /= space->sets;
    *unit = (struct miner_unit){
        .extranonce = space->extranonce_first + number / space->times,
        .time = space->time_first + (uint32_t)(number % space->times),
        .nonce_first = (uint32_t)(space->nonce_first + nonces_before),
        .nonce_count = minimum(count * space->chunk_size, space->nonce_count - nonces_before),
        .weight = count,
        .versions = minimum(space->set_size, space->version_count - first),
    };
    /* By exclusive or, so that the first version is the template's own. */
    for (size_t i = 0; i < unit->versions; i++)
        unit->version[i] = space->version ^ spread_bits(first + i, space->version_mask);
}
