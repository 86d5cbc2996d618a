#include "consensus/sigops.h"

#include "base/verify.h"
#include "consensus/script.h"
#include "consensus/script_flags.h"

uint32_t sigops_script(struct bytes script, bool accurate)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    uint8_t before = OP_INVALIDOPCODE;
    uint32_t n = 0;

    for (; script_read(&r, &i); before = i.opcode) {
        if (i.opcode == OP_CHECKSIG || i.opcode == OP_CHECKSIGVERIFY)
            n++;
        else if (i.opcode == OP_CHECKMULTISIG || i.opcode == OP_CHECKMULTISIGVERIFY)
            n += accurate && before >= OP_1 && before <= OP_16 ? script_small_number(before)
                                                               : MAX_PUBKEYS_PER_MULTISIG;
    }
    return n;
}

uint64_t sigops_legacy(const struct transaction *tx)
{
    uint64_t n = 0;

    for (size_t i = 0; i < tx->input_count; i++)
        n += sigops_script(tx->inputs[i].script, false);
    for (size_t i = 0; i < tx->output_count; i++)
        n += sigops_script(tx->outputs[i].script, false);
    return n;
}

/* What a scriptSig pushes last: a P2SH output's script. Empty where it does more than push. */
static struct bytes last_push(struct bytes script_sig)
{
    struct script_reader r = script_reader_of(script_sig);
    struct script_instruction i = {0};

    while (script_read(&r, &i))
        if (i.opcode > OP_16)
            return (struct bytes){0};
    return script_reader_done(&r) ? i.data : (struct bytes){0};
}

uint64_t sigops_p2sh(const struct transaction *tx, const struct tx_output *spent)
{
    uint64_t n = 0;

    if (transaction_is_coinbase(tx))
        return 0;
    for (size_t i = 0; i < tx->input_count; i++)
        if (script_is_p2sh(spent[i].script))
            n += sigops_script(last_push(tx->inputs[i].script), true);
    return n;
}

static uint64_t sigops_program(const struct tx_input *input, unsigned version, struct bytes program)
{
    if (version != 0)
        return 0;
    if (program.size == WITNESS_V0_KEYHASH_SIZE)
        return 1;
    if (program.size == WITNESS_V0_SCRIPTHASH_SIZE && input->witness_count > 0)
        return sigops_script(input->witness[input->witness_count - 1], true);
    return 0;
}

uint64_t sigops_witness(const struct tx_input *input, struct bytes script_pubkey, uint32_t flags)
{
    struct bytes program;
    unsigned version;

    if (!(flags & SCRIPT_VERIFY_WITNESS))
        return 0;
    VERIFY_CHECK(flags & SCRIPT_VERIFY_P2SH);
    if (script_witness_program(script_pubkey, &version, &program))
        return sigops_program(input, version, program);
    if (script_is_p2sh(script_pubkey) &&
        script_witness_program(last_push(input->script), &version, &program))
        return sigops_program(input, version, program);
    return 0;
}

uint64_t sigops_transaction_cost(const struct transaction *tx, const struct tx_output *spent,
                                 uint32_t flags)
{
    uint64_t cost = sigops_legacy(tx) * WITNESS_SCALE_FACTOR;

    if (transaction_is_coinbase(tx))
        return cost;
    if (flags & SCRIPT_VERIFY_P2SH)
        cost += sigops_p2sh(tx, spent) * WITNESS_SCALE_FACTOR;
    for (size_t i = 0; i < tx->input_count; i++)
        cost += sigops_witness(&tx->inputs[i], spent[i].script, flags);
    return cost;
}
