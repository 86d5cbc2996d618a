/*
 * The signature of a signet's block, with any bytes as the challenge and as what the coinbase commits to:
 *
 *     size of the challenge, challenge, whether to wrap what follows, and it: a commitment's script, or a block
 *
 * Nothing is verified: every signature is as good as its last bit. The answer must not depend on
 * nonce, bits and root, and a challenge of OP_TRUE is met by a block without a solution.
 */
#include "consensus/signet.h"
#include "consensus/witness_commitment.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

static bool decide(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    (void)context;
    FUZZ_CHECK(decision == SCRIPT_DECIDE_NOW);
    return check->signature[63] & 1;
}

static enum reject check(const struct params *net, const struct block *block,
                         struct script_workspace *workspace, size_t limit)
{
    struct arena arena;
    enum reject verdict;

    arena_init(&arena, limit);
    verdict = signet_check(&kernels_generic, net, block, workspace, &arena, decide, NULL);
    FUZZ_CHECK(verdict == REJECT_NONE || verdict == REJECT_SIGNET_BLKSIG ||
               (verdict == REJECT_NO_MEMORY && limit));
    arena_free(&arena);
    return verdict;
}

static void check_block(const struct params *net, struct block *block,
                        struct script_workspace *workspace)
{
    static const uint8_t header[] = {0xec, 0xc7, 0xda, 0xa2}, op_true = OP_1;
    enum reject verdict = check(net, block, workspace, 0),
                limited = check(net, block, workspace, 1);
    struct params open = *net;
    struct bytes script;
    size_t output;

    FUZZ_CHECK(limited == verdict || limited == REJECT_NO_MEMORY);
    block->header.nonce++;
    block->header.bits++;
    block->header.merkle_root.bytes[0]++;
    FUZZ_CHECK(check(net, block, workspace, 0) == verdict);
    open.signet_challenge = bytes_of(&op_true, 1);
    verdict = check(&open, block, workspace, 0);
    if (!witness_commitment_find(&output, block->transactions)) {
        FUZZ_CHECK(verdict == REJECT_SIGNET_BLKSIG);
        return;
    }
    script = block->transactions[0].outputs[output].script;
    if (!memmem(script.data, script.size, header, sizeof(header)))
        FUZZ_CHECK(verdict == REJECT_NONE);
}

/* A coinbase with this commitment's script, and a second transaction. */
static void check_commitment(const struct params *net, struct bytes script, struct arena *arena,
                             struct script_workspace *workspace)
{
    struct tx_input input = {.previous.index = OUTPOINT_NULL_INDEX};
    struct tx_output output = {.script = script};
    struct transaction transactions[] = {
        {.inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1},
        {.inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1},
    };
    struct block block = {
        .header.version = 1, .transactions = transactions, .transaction_count = 2};

    if (block_compute_ids(&kernels_generic, &block, arena))
        check_block(net, &block, workspace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct script_workspace *workspace;
    struct cursor in = cursor_of(data, size);
    struct bytes challenge = cursor_bytes(&in, cursor_u8(&in)), rest;
    bool wrapped = cursor_u8(&in) & 1;
    struct params net;
    struct arena arena;
    struct block block;

    rest = cursor_bytes(&in, cursor_left(&in));
    if (in.failed)
        return 0;
    if (!workspace)
        workspace = malloc(script_workspace_size());
    FUZZ_CHECK(workspace);
    params_custom_signet(kernels_generic.sha256_compress->run, &net, challenge);
    arena_init(&arena, 0);
    if (wrapped)
        check_commitment(&net, rest, &arena, workspace);
    else if (block_parse(&block, &arena, rest, TRANSACTION_WITH_WITNESS) == PARSE_OK &&
             block_compute_ids(&kernels_generic, &block, &arena) && block.transaction_count &&
             block.transactions[0].input_count)
        check_block(&net, &block, workspace);
    arena_free(&arena);
    return 0;
}
