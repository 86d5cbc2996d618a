/*
 * Soft forks by version bits (BIP9, with BIP341's minimum activation height):
 * in which state a deployment is (Core, versionbits.cpp). Pure; any thread.
 */
#ifndef CONSENSUS_VERSIONBITS_H
#define CONSENSUS_VERSIONBITS_H

#include "consensus/params.h"

enum versionbits_state {
    VERSIONBITS_DEFINED,
    VERSIONBITS_STARTED,
    VERSIONBITS_LOCKED_IN,
    VERSIONBITS_ACTIVE, /* final */
    VERSIONBITS_FAILED, /* final */
};

#define VERSIONBITS_TOP_BITS UINT32_C(0x20000000)
#define VERSIONBITS_TOP_MASK UINT32_C(0xe0000000)

/* What a deployment looks at in a block of the chain. */
struct versionbits_block {
    int32_t version;
    int64_t median_time_past; /* its own: of it and the ten before it */
};
typedef struct versionbits_block versionbits_ancestor_fn(void *context, int32_t height);

/*
 * States of the last block of each period, so that a chain is not walked twice. known and find may
 * both be NULL: then nothing is remembered, and the walk goes back to the deployment's start.
 */
struct versionbits_memory {
    bool (*find)(void *context, int32_t height, enum versionbits_state *state);
    void (*keep)(void *context, int32_t height, enum versionbits_state state);
    void *context;
};

/* The state for the block after tip_height (-1: for the genesis block). */
enum versionbits_state versionbits_state(const struct params_deployment *deployment,
                                         versionbits_ancestor_fn *ancestor, void *context,
                                         int32_t tip_height,
                                         const struct versionbits_memory *memory);

/* The height at which the present state began; 0 for DEFINED. */
int32_t versionbits_since(const struct params_deployment *deployment,
                          versionbits_ancestor_fn *ancestor, void *context, int32_t tip_height,
                          const struct versionbits_memory *memory);

/* Signals of the period that tip_height is in (Core, BIP9Stats). */
struct versionbits_statistics {
    uint32_t period, threshold, elapsed, count;
    bool possible; /* the threshold can still be reached */
};
struct versionbits_statistics versionbits_statistics(const struct params_deployment *deployment,
                                                     versionbits_ancestor_fn *ancestor,
                                                     void *context, int32_t tip_height);

/* Whether a version signals the bit. */
bool versionbits_signals(int32_t version, int bit);

/* "defined", "started", "locked_in", "active", "failed": as getdeploymentinfo shows it. */
const char *versionbits_state_name(enum versionbits_state state);

#endif
