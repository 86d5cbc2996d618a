#include "consensus/versionbits.h"

#include "base/verify.h"

/* A chain as one deployment sees it. */
struct view {
    const struct params_deployment *deployment;
    versionbits_ancestor_fn *ancestor;
    void *context;
    const struct versionbits_memory *memory;
};

struct finding {
    enum versionbits_state state;
    int32_t since;
};

bool versionbits_signals(int32_t version, int bit)
{
    uint32_t bits = (uint32_t)version;

    VERIFY_CHECK(bit >= 0 && bit <= 28);
    return (bits & VERSIONBITS_TOP_MASK) == VERSIONBITS_TOP_BITS && (bits >> bit & 1);
}

/* How many of the count blocks up to tip signal. */
static uint32_t count_signals(const struct params_deployment *deployment,
                              versionbits_ancestor_fn *ancestor, void *context, int32_t tip,
                              uint32_t count)
{
    uint32_t signals = 0;

    for (uint32_t i = 0; i < count; i++)
        signals +=
            versionbits_signals(ancestor(context, tip - (int32_t)i).version, deployment->bit);
    return signals;
}

static int64_t median_time_at(const struct view *v, int64_t height)
{
    return v->ancestor(v->context, (int32_t)height).median_time_past;
}

static bool recall(const struct view *v, int64_t height, enum versionbits_state *state)
{
    return v->memory && v->memory->find(v->memory->context, (int32_t)height, state);
}

static void remember(const struct view *v, int64_t height, enum versionbits_state state)
{
    if (v->memory)
        v->memory->keep(v->memory->context, (int32_t)height, state);
}

/* The state after the period that ends with height, state being the one in it. */
static enum versionbits_state next_state(const struct view *v, int64_t height,
                                         enum versionbits_state state)
{
    const struct params_deployment *d = v->deployment;

    switch (state) {
    case VERSIONBITS_DEFINED:
        return median_time_at(v, height) >= d->start ? VERSIONBITS_STARTED : VERSIONBITS_DEFINED;
    case VERSIONBITS_STARTED:
        /* Enough signals count even where the time is over. */
        if (count_signals(d, v->ancestor, v->context, (int32_t)height, d->period) >= d->threshold)
            return VERSIONBITS_LOCKED_IN;
        return median_time_at(v, height) >= d->timeout ? VERSIONBITS_FAILED : VERSIONBITS_STARTED;
    case VERSIONBITS_LOCKED_IN:
        return height + 1 >= d->min_activation_height ? VERSIONBITS_ACTIVE : VERSIONBITS_LOCKED_IN;
    case VERSIONBITS_ACTIVE:
    case VERSIONBITS_FAILED:
        break;
    }
    return state;
}

/*
 * The last block of a period, not behind height, after which the state is known: it is remembered,
 * or it is before the start. The genesis block's parent (-1) if there is none. only_defined: the
 * last one after which the state is DEFINED.
 */
static int64_t last_known(const struct view *v, int64_t height, bool only_defined,
                          enum versionbits_state *state)
{
    for (; height >= 0; height -= v->deployment->period) {
        if (recall(v, height, state)) {
            if (*state == VERSIONBITS_DEFINED || !only_defined)
                return height;
        } else if (median_time_at(v, height) < v->deployment->start) {
            /* Median times never fall, so no earlier period can have begun it. */
            *state = VERSIONBITS_DEFINED;
            remember(v, height, *state);
            return height;
        }
    }
    *state = VERSIONBITS_DEFINED;
    return height;
}

/* The state after tip_height; since is right only with want_since, which may take a longer walk. */
static struct finding walk(const struct view *v, int32_t tip_height, bool want_since)
{
    const int64_t period = v->deployment->period;
    const int64_t last = tip_height - ((int64_t)tip_height + 1) % period;
    struct finding found = {VERSIONBITS_DEFINED, 0};
    int64_t height = last_known(v, last, want_since, &found.state);

    VERIFY_CHECK(tip_height >= -1);
    for (height += period; height <= last; height += period) {
        enum versionbits_state state;

        if (!recall(v, height, &state)) {
            state = next_state(v, height, found.state);
            remember(v, height, state);
        }
        if (state != found.state)
            found = (struct finding){state, (int32_t)(height + 1)};
    }
    return found;
}

static bool is_fixed(const struct params_deployment *deployment)
{
    return deployment->start == PARAMS_ALWAYS_ACTIVE || deployment->start == PARAMS_NEVER_ACTIVE;
}

enum versionbits_state versionbits_state(const struct params_deployment *deployment,
                                         versionbits_ancestor_fn *ancestor, void *context,
                                         int32_t tip_height,
                                         const struct versionbits_memory *memory)
{
    const struct view view = {deployment, ancestor, context, memory};

    if (deployment->start == PARAMS_ALWAYS_ACTIVE)
        return VERSIONBITS_ACTIVE;
    if (deployment->start == PARAMS_NEVER_ACTIVE)
        return VERSIONBITS_FAILED;
    return walk(&view, tip_height, false).state;
}

int32_t versionbits_since(const struct params_deployment *deployment,
                          versionbits_ancestor_fn *ancestor, void *context, int32_t tip_height,
                          const struct versionbits_memory *memory)
{
    const struct view view = {deployment, ancestor, context, memory};

    return is_fixed(deployment) ? 0 : walk(&view, tip_height, true).since;
}

struct versionbits_statistics versionbits_statistics(const struct params_deployment *deployment,
                                                     versionbits_ancestor_fn *ancestor,
                                                     void *context, int32_t tip_height)
{
    struct versionbits_statistics s = {.period = deployment->period,
                                       .threshold = deployment->threshold};

    if (tip_height < 0)
        return s;
    s.elapsed = (uint32_t)tip_height % s.period + 1;
    s.count = count_signals(deployment, ancestor, context, tip_height, s.elapsed);
    s.possible = s.period - s.threshold >= s.elapsed - s.count;
    return s;
}

int32_t versionbits_block_version(const struct params *params,
                                  const enum versionbits_state states[static PARAMS_DEPLOYMENTS])
{
    uint32_t version = VERSIONBITS_TOP_BITS;

    for (size_t i = 0; i < PARAMS_DEPLOYMENTS; i++)
        if (states[i] == VERSIONBITS_STARTED || states[i] == VERSIONBITS_LOCKED_IN)
            version |= UINT32_C(1) << params->deployments[i].bit;
    return (int32_t)version;
}

const char *versionbits_state_name(enum versionbits_state state)
{
    switch (state) {
    case VERSIONBITS_DEFINED:
        return "defined";
    case VERSIONBITS_STARTED:
        return "started";
    case VERSIONBITS_LOCKED_IN:
        return "locked_in";
    case VERSIONBITS_ACTIVE:
        return "active";
    case VERSIONBITS_FAILED:
        return "failed";
    }
    return "invalid";
}
