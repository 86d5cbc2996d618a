/*
 * Soft forks by version bits (BIP9, with BIP341's minimum activation height):
 * in which state a deployment is (Core, versionbits.cpp). Pure; any thread.
 *
 *     DEFINED --start--> STARTED --threshold--> LOCKED_IN --a period, the height--> ACTIVE
 *                           `-----timeout-----> FAILED
 *
 * A state holds for whole periods of blocks, and is decided by the blocks
 * before them.
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

/* The block at height, of the chain in question. Called with heights from 0 to tip_height. */
typedef struct versionbits_block versionbits_ancestor_fn(void *context, int32_t height);

/*
 * Where the caller remembers states of one deployment on one chain, so that it is not walked again
 * for each block. height is a period's last block; state is that of the blocks after it. find is
 * false where it is not known: any may be forgotten at any time. Who keeps memory for several
 * chains keys it by the block's hash, which the height on the chain in question stands for.
 */
struct versionbits_memory {
    bool (*find)(void *context, int32_t height, enum versionbits_state *state);
    void (*keep)(void *context, int32_t height, enum versionbits_state state);
    void *context;
};

/*
 * The state for the block after tip_height (-1: for the genesis block). The deployment's period
 * must not be zero. memory may be NULL; then ancestors are asked for back to the deployment's
 * start.
 */
enum versionbits_state versionbits_state(const struct params_deployment *deployment,
                                         versionbits_ancestor_fn *ancestor, void *context,
                                         int32_t tip_height,
                                         const struct versionbits_memory *memory);

/*
 * The height of the first block that has that state; 0 for DEFINED and for deployments that are
 * always or never active.
 */
int32_t versionbits_since(const struct params_deployment *deployment,
                          versionbits_ancestor_fn *ancestor, void *context, int32_t tip_height,
                          const struct versionbits_memory *memory);

/* Signals of the period that tip_height is in, that block's included (Core, BIP9Stats). */
struct versionbits_statistics {
    uint32_t period, threshold, elapsed, count;
    bool possible; /* the threshold can still be reached */
};

/* All but period and threshold are zero for a tip_height of -1. */
struct versionbits_statistics versionbits_statistics(const struct params_deployment *deployment,
                                                     versionbits_ancestor_fn *ancestor,
                                                     void *context, int32_t tip_height);

/* Whether a version signals the bit, 0 to 28. */
bool versionbits_signals(int32_t version, int bit);

/*
 * The version that a new block should have, given the states for it of params' deployments, in
 * their order (Core, ComputeBlockVersion).
 */
int32_t versionbits_block_version(const struct params *params,
                                  const enum versionbits_state states[static PARAMS_DEPLOYMENTS]);

/* "defined", "started", "locked_in", "active", "failed": as getdeploymentinfo shows it. */
const char *versionbits_state_name(enum versionbits_state state);

#endif
