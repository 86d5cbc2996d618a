#include "consensus/block_rules.h"

#include "consensus/script.h"
#include "consensus/script_flags.h"
#include "consensus/sigops.h"
#include "consensus/witness_commitment.h"

static enum reject check_root(const struct kernels *kernels, const struct block *block,
                              struct arena *arena)
{
    struct merkle_result merkle;

    if (!block_merkle_root(kernels, &merkle, block, arena))
        return REJECT_NO_MEMORY;
    if (!hash256_equal(merkle.root, block->header.merkle_root))
        return REJECT_TXNMRKLROOT;
    return merkle.mutated ? REJECT_TXNS_DUPLICATE : REJECT_NONE;
}

/* Without witnesses, which nothing has been compared with yet. */
static bool is_length_bad(const struct block *block)
{
    size_t most = MAX_BLOCK_WEIGHT / WITNESS_SCALE_FACTOR;

    return block->transaction_count == 0 || block->transaction_count > most ||
           block_size(block, TRANSACTION_WITHOUT_WITNESS) > most;
}

static struct rejection check_coinbase(const struct block *block)
{
    if (!transaction_is_coinbase(&block->transactions[0]))
        return rejection_at(REJECT_CB_MISSING, 0, REJECT_NO_INDEX);
    for (size_t i = 1; i < block->transaction_count; i++)
        if (transaction_is_coinbase(&block->transactions[i]))
            return rejection_at(REJECT_CB_MULTIPLE, i, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}

static struct rejection check_transactions(const struct block *block, struct arena *arena)
{
    for (size_t i = 0; i < block->transaction_count; i++) {
        enum reject reason = transaction_check(&block->transactions[i], arena);

        if (reason != REJECT_NONE)
            return rejection_at(reason, i, REJECT_NO_INDEX);
    }
    return rejection_of(REJECT_NONE);
}

/* Fewer than there are: those that only the spent outputs show are counted where it connects. */
static bool are_sigops_too_many(const struct block *block)
{
    uint64_t sigops = 0;

    for (size_t i = 0; i < block->transaction_count; i++)
        sigops += sigops_legacy(&block->transactions[i]);
    return sigops * WITNESS_SCALE_FACTOR > MAX_BLOCK_SIGOPS_COST;
}

struct rejection block_check(const struct kernels *kernels, const struct block *block,
                             struct arena *arena)
{
    /*
     * The root comes first: until these are known to be the transactions that the header commits
     * to, nothing that they do is the header's fault.
     */
    struct rejection rejection = rejection_of(check_root(kernels, block, arena));

    if (rejection.reason != REJECT_NONE)
        return rejection;
    if (is_length_bad(block))
        return rejection_of(REJECT_BLK_LENGTH);
    rejection = check_coinbase(block);
    if (rejection.reason == REJECT_NONE)
        rejection = check_transactions(block, arena);
    if (rejection.reason == REJECT_NONE && are_sigops_too_many(block))
        rejection = rejection_of(REJECT_BLK_SIGOPS);
    return rejection;
}

/* BIP113: from csv_height on lock times are compared with the median time past. */
static struct rejection check_finality(const struct block_place *place, const struct block *block)
{
    int64_t time = place->height >= place->params->csv_height ? place->median_time_past
                                                              : (int64_t)block->header.time;

    for (size_t i = 0; i < block->transaction_count; i++)
        if (!transaction_is_final(&block->transactions[i], place->height, time))
            return rejection_at(REJECT_TXNS_NONFINAL, i, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}

/* BIP34: a coinbase's script begins with the height, pushed as a script would. */
static bool begins_with_height(struct bytes script, int32_t height)
{
    uint8_t buffer[SCRIPT_NUMBER_MAX + 1];
    struct script_builder push = script_builder_on(buffer, sizeof(buffer));

    script_push_number(&push, height);
    return script.size >= push.size && memcmp(script.data, push.data, push.size) == 0;
}

struct rejection block_check_contextual(const struct kernels *kernels,
                                        const struct block_place *place, const struct block *block,
                                        struct arena *arena)
{
    const struct params *params = place->params;
    struct rejection rejection = check_finality(place, block);

    if (rejection.reason != REJECT_NONE)
        return rejection;
    if (place->height >= params->bip34_height &&
        !begins_with_height(block->transactions[0].inputs[0].script, place->height))
        return rejection_at(REJECT_CB_HEIGHT, 0, REJECT_NO_INDEX);
    rejection =
        witness_commitment_check(kernels, block, arena, place->height >= params->segwit_height);
    /*
     * After the witnesses: a coinbase's that nobody committed to could make any block too heavy.
     */
    if (rejection.reason == REJECT_NONE && block_weight(block) > MAX_BLOCK_WEIGHT)
        rejection = rejection_of(REJECT_BLK_WEIGHT);
    return rejection;
}

/* As large as two hashes: what looks like such a transaction may be an inner node of the tree. */
static bool has_node_like_transaction(const struct block *block)
{
    for (size_t i = 0; i < block->transaction_count; i++)
        if (transaction_size(&block->transactions[i], TRANSACTION_WITHOUT_WITNESS) ==
            2 * sizeof(struct hash256))
            return true;
    return false;
}

bool block_is_mutated(bool *mutated, const struct kernels *kernels, const struct block *block,
                      bool segwit, struct arena *arena)
{
    enum reject reason = check_root(kernels, block, arena);

    if (reason == REJECT_NONE) {
        if (block->transaction_count == 0 || !transaction_is_coinbase(&block->transactions[0])) {
            *mutated = has_node_like_transaction(block);
            return true;
        }
        reason = witness_commitment_check(kernels, block, arena, segwit).reason;
    }
    *mutated = reason != REJECT_NONE;
    return reason != REJECT_NO_MEMORY;
}

uint32_t block_script_flags(const struct params *params, struct block_hash hash, int32_t height)
{
    unsigned rules = params_script_rules(params, hash);
    uint32_t flags = SCRIPT_VERIFY_NONE;

    if (rules & PARAMS_RULE_P2SH)
        flags |= SCRIPT_VERIFY_P2SH;
    if (rules & PARAMS_RULE_WITNESS)
        flags |= SCRIPT_VERIFY_WITNESS;
    if (rules & PARAMS_RULE_TAPROOT)
        flags |= SCRIPT_VERIFY_TAPROOT;
    if (height >= params->bip66_height)
        flags |= SCRIPT_VERIFY_DERSIG;
    if (height >= params->bip65_height)
        flags |= SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY;
    if (height >= params->csv_height)
        flags |= SCRIPT_VERIFY_CHECKSEQUENCEVERIFY;
    if (height >= params->segwit_height)
        flags |= SCRIPT_VERIFY_NULLDUMMY;
    return flags;
}
