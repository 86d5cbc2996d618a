#include "consensus/signet.h"

#include "consensus/witness_commitment.h"

/* How the push that holds a solution begins. */
static const uint8_t solution_header[4] = {0xec, 0xc7, 0xda, 0xa2};

/* BIP325's rules for the challenge, whatever holds for the block's own scripts. */
static const uint32_t challenge_flags =
    SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_NULLDUMMY;

enum {
    SIGNED_HEADER_SIZE = 4 + 32 + 32 + 4,
    TO_SPEND_SCRIPT_SIZE = 2 + SIGNED_HEADER_SIZE,
};

/* What a coinbase holds for the challenge, and the coinbase's commitment without it. */
struct solution {
    struct bytes script;
    struct bytes *witness;
    size_t witness_count;
    struct bytes commitment;
};

static bool holds_solution(struct bytes push)
{
    /* With nothing behind the header it is a push as any other. */
    return push.size > sizeof(solution_header) &&
           memcmp(push.data, solution_header, sizeof(solution_header)) == 0;
}

/*
 * Writes the commitment's script to out, which has room for all of it, and leaves out what the
 * first solution holds behind its header. Returns that; it is empty where there is none.
 *
 * The script is written anew, so that pushes become the shortest of their size, a push of nothing
 * by OP_PUSHDATA keeps its opcode alone, and nothing stays from an opcode on that cannot be read:
 * that is what Core signs.
 */
static struct bytes strip_solution(struct script_builder *out, struct bytes script)
{
    struct script_reader in = script_reader_of(script);
    struct script_instruction op;
    struct bytes solution = {0};

    while (script_read(&in, &op)) {
        if (op.data.size == 0) {
            script_op(out, op.opcode);
        } else if (solution.size == 0 && holds_solution(op.data)) {
            solution = bytes_of(op.data.data + sizeof(solution_header),
                                op.data.size - sizeof(solution_header));
            script_push(out, bytes_of(op.data.data, sizeof(solution_header)));
        } else {
            script_push(out, op.data);
        }
    }
    return solution;
}

/* A scriptSig and a witness, serialized, and nothing behind them. */
static enum reject parse_solution(struct solution *out, struct bytes raw, struct arena *arena)
{
    struct cursor in = cursor_of(raw.data, raw.size);
    uint64_t count;

    out->script = cursor_bytes(&in, cursor_compact_size(&in));
    count = cursor_compact_size(&in);
    if (in.failed || count > cursor_left(&in))
        return REJECT_SIGNET_BLKSIG;
    out->witness_count = (size_t)count;
    out->witness = arena_array(arena, out->witness_count, sizeof(*out->witness));
    if (!out->witness)
        return REJECT_NO_MEMORY;
    for (size_t i = 0; i < out->witness_count; i++)
        out->witness[i] = cursor_bytes(&in, cursor_compact_size(&in));
    return cursor_done(&in) ? REJECT_NONE : REJECT_SIGNET_BLKSIG;
}

/* What the commitment's script of a coinbase holds. */
static enum reject find_solution(struct solution *out, struct bytes script, struct arena *arena)
{
    uint8_t *buffer = arena_alloc(arena, script.size);
    struct script_builder stripped = script_builder_on(buffer, script.size);
    struct bytes raw;

    *out = (struct solution){.commitment = script};
    if (!buffer)
        return REJECT_NO_MEMORY;
    raw = strip_solution(&stripped, script);
    if (raw.size == 0)
        return REJECT_NONE;
    out->commitment = bytes_of(stripped.data, stripped.size);
    return parse_solution(out, raw, arena);
}

/* The block's Merkle root if its commitment had been without the solution. */
static bool stripped_root(const struct kernels *kernels, struct hash256 *out,
                          const struct block *block, size_t output, struct bytes commitment,
                          struct arena *arena)
{
    struct transaction coinbase = block->transactions[0];
    struct hash256 *leaves = arena_array(arena, block->transaction_count, sizeof(*leaves));
    struct txid id;

    coinbase.raw = coinbase.body = (struct bytes){0};
    coinbase.outputs =
        arena_copy(arena, coinbase.outputs, coinbase.output_count * sizeof(*coinbase.outputs));
    if (!leaves || !coinbase.outputs)
        return false;
    coinbase.outputs[output].script = commitment;
    id = transaction_txid(kernels->sha256_compress->run, &coinbase);
    memcpy(leaves, block->txids, block->transaction_count * sizeof(*leaves));
    memcpy(leaves[0].bytes, id.bytes, sizeof(id.bytes));
    *out = merkle_root(kernels->sha256d_64->run, leaves, block->transaction_count).root;
    return true;
}

/* The name of the transaction whose only output is the challenge, and which commits to the block. */
static struct txid to_spend_id(sha256_compress_fn *compress, const struct block_header *header,
                               struct hash256 root, struct tx_output *challenge)
{
    uint8_t script[TO_SPEND_SCRIPT_SIZE] = {OP_0, SIGNED_HEADER_SIZE}, *at = script + 2;
    struct tx_input input = {.previous.index = OUTPOINT_NULL_INDEX,
                             .script = bytes_of(script, sizeof(script))};
    const struct transaction to_spend = {
        .inputs = &input, .input_count = 1, .outputs = challenge, .output_count = 1};

    write_le32(at, (uint32_t)header->version);
    memcpy(at + 4, header->previous.bytes, 32);
    memcpy(at + 36, root.bytes, 32);
    write_le32(at + 68, header->time);
    return transaction_txid(compress, &to_spend);
}

struct decision {
    script_decide_fn *decide;
    void *context;
};

static bool decide_now(void *context, const struct signature_check *check,
                       enum script_decision decision)
{
    const struct decision *d = context;

    (void)decision;
    return d->decide(d->context, check, SCRIPT_DECIDE_NOW);
}

/* Whether the solution lets a transaction spend the challenge. */
static bool solves(sha256_compress_fn *compress, struct txid to_spend, struct tx_output challenge,
                   const struct solution *solution, struct script_workspace *workspace,
                   struct decision decision)
{
    const uint8_t op_return = OP_RETURN;
    struct tx_input input = {.previous = {to_spend, 0},
                             .script = solution->script,
                             .witness = solution->witness,
                             .witness_count = solution->witness_count};
    struct tx_output nothing = {.script = bytes_of(&op_return, 1)};
    const struct transaction to_sign = {
        .inputs = &input, .input_count = 1, .outputs = &nothing, .output_count = 1};
    struct sighash_tx hashes;
    const struct script_input run = {
        .tx = &hashes, .script_pubkey = challenge.script, .flags = challenge_flags};

    sighash_tx_init(&hashes, compress, &to_sign, &challenge, false);
    return script_verify(workspace, &run, decide_now, &decision) == SCRIPT_ERR_OK;
}

enum reject signet_check(const struct kernels *kernels, const struct params *params,
                         const struct block *block, struct script_workspace *workspace,
                         struct arena *arena, script_decide_fn *decide, void *context)
{
    sha256_compress_fn *compress = kernels->sha256_compress->run;
    struct tx_output challenge = {.script = params->signet_challenge};
    const struct transaction *coinbase = block->transactions;
    struct solution solution;
    struct hash256 root;
    enum reject why;
    size_t output;

    if (block_hash_equal(block_header_hash(compress, &block->header), params->genesis_hash))
        return REJECT_NONE;
    if (block->transaction_count == 0 || !witness_commitment_find(&output, coinbase))
        return REJECT_SIGNET_BLKSIG;
    why = find_solution(&solution, coinbase->outputs[output].script, arena);
    if (why != REJECT_NONE)
        return why;
    if (!stripped_root(kernels, &root, block, output, solution.commitment, arena))
        return REJECT_NO_MEMORY;
    return solves(compress, to_spend_id(compress, &block->header, root, &challenge), challenge,
                  &solution, workspace, (struct decision){decide, context})
               ? REJECT_NONE
               : REJECT_SIGNET_BLKSIG;
}
