#include "consensus/witness_commitment.h"

#include "consensus/script.h"

/* OP_RETURN, a push of 36 bytes, and the four that BIP141 chose. */
static const uint8_t commitment_header[6] = {OP_RETURN, 36, 0xaa, 0x21, 0xa9, 0xed};

static bool is_commitment(struct bytes script)
{
    return script.size >= WITNESS_COMMITMENT_SCRIPT_SIZE &&
           memcmp(script.data, commitment_header, sizeof(commitment_header)) == 0;
}

bool witness_commitment_find(size_t *output, const struct transaction *tx)
{
    for (size_t i = tx->output_count; i-- > 0;) {
        if (is_commitment(tx->outputs[i].script)) {
            *output = i;
            return true;
        }
    }
    return false;
}

struct hash256 witness_commitment_hash(sha256d_64_fn *hash, struct hash256 witness_root,
                                       const uint8_t reserved[static WITNESS_RESERVED_SIZE])
{
    struct hash256 pair[2] = {witness_root}, commitment;

    memcpy(pair[1].bytes, reserved, WITNESS_RESERVED_SIZE);
    hash(commitment.bytes, pair[0].bytes, 1);
    return commitment;
}

void witness_commitment_script(uint8_t out[static WITNESS_COMMITMENT_SCRIPT_SIZE],
                               struct hash256 commitment)
{
    memcpy(out, commitment_header, sizeof(commitment_header));
    memcpy(out + sizeof(commitment_header), commitment.bytes, 32);
}

static enum reject check_commitment(const struct kernels *kernels, const struct block *block,
                                    struct arena *arena, size_t output)
{
    const struct transaction *coinbase = &block->transactions[0];
    const struct tx_input *input = coinbase->inputs;
    struct hash256 root, commitment;

    if (coinbase->input_count == 0 || input->witness_count != 1 ||
        input->witness[0].size != WITNESS_RESERVED_SIZE)
        return REJECT_WITNESS_NONCE_SIZE;
    if (!block_witness_root(kernels, &root, block, arena))
        return REJECT_NO_MEMORY;
    commitment = witness_commitment_hash(kernels->sha256d_64->run, root, input->witness[0].data);
    if (memcmp(coinbase->outputs[output].script.data + sizeof(commitment_header), commitment.bytes,
               32))
        return REJECT_WITNESS_MERKLE_MATCH;
    return REJECT_NONE;
}

struct rejection witness_commitment_check(const struct kernels *kernels, const struct block *block,
                                          struct arena *arena, bool active)
{
    size_t output;

    if (active && block->transaction_count &&
        witness_commitment_find(&output, &block->transactions[0]))
        return rejection_of(check_commitment(kernels, block, arena, output));
    for (size_t i = 0; i < block->transaction_count; i++)
        if (transaction_has_witness(&block->transactions[i]))
            return rejection_at(REJECT_UNEXPECTED_WITNESS, i, REJECT_NO_INDEX);
    return rejection_of(REJECT_NONE);
}
