/* What an input must satisfy: its scripts, the one hashed in P2SH, its witness program (Core, VerifyScript). */
#include "consensus/interpreter.h"
#include "consensus/compact_size.h"
#include "consensus/interpreter_impl.h"

size_t script_workspace_size(void) { return sizeof(struct script_workspace); }

static bool is_true(const struct script_machine *m)
{
    return machine_height(m) > 0 && element_is_true(m->top - 1);
}

/* Runs a legacy script that must leave a true value on the stack. */
static enum script_error run_to_true(struct script_machine *m, struct bytes script)
{
    enum script_error error = interpreter_eval_script(m, script, SIGVERSION_BASE);

    if (error)
        return error;
    return is_true(m) ? SCRIPT_ERR_OK : SCRIPT_ERR_EVAL_FALSE;
}

/*
 * Runs a witness' script on the items before it (Core, ExecuteWitnessScript). Of a v0 witness with
 * very many of them only as many are put on the stack as one opcode may reach.
 */
static enum script_error run_witness_script(struct script_machine *m, const struct bytes *items,
                                            size_t count, struct bytes script,
                                            enum sigversion version)
{
    enum script_error error;

    if (version == SIGVERSION_TAPSCRIPT && count > MAX_STACK_SIZE)
        return SCRIPT_ERR_STACK_SIZE;
    for (size_t i = 0; i < count; i++)
        if (items[i].size > MAX_SCRIPT_ELEMENT_SIZE)
            return SCRIPT_ERR_PUSH_SIZE;
    m->buried = count > MAX_STACK_SIZE + STACK_REACH ? count - MAX_STACK_SIZE - STACK_REACH : 0;
    m->top = m->workspace->stack;
    m->alt_count = 0;
    for (size_t i = m->buried; i < count; i++)
        machine_push_view(m, items[i]);
    error = interpreter_eval_script(m, script, version);
    if (error)
        return error;
    if (machine_height(m) + m->buried != 1)
        return SCRIPT_ERR_CLEANSTACK;
    return is_true(m) ? SCRIPT_ERR_OK : SCRIPT_ERR_EVAL_FALSE;
}

static enum script_error run_witness_v0(struct script_machine *m, struct bytes program,
                                        const struct bytes *witness, size_t count)
{
    uint8_t p2pkh[25] = {OP_DUP, OP_HASH160, WITNESS_V0_KEYHASH_SIZE};
    struct sha256 s;
    uint8_t hash[32];

    if (program.size == WITNESS_V0_KEYHASH_SIZE) {
        if (count != 2)
            return SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH;
        memcpy(p2pkh + 3, program.data, WITNESS_V0_KEYHASH_SIZE);
        p2pkh[23] = OP_EQUALVERIFY;
        p2pkh[24] = OP_CHECKSIG;
        return run_witness_script(m, witness, count, bytes_of(p2pkh, sizeof(p2pkh)),
                                  SIGVERSION_WITNESS_V0);
    }
    if (program.size != WITNESS_V0_SCRIPTHASH_SIZE)
        return SCRIPT_ERR_WITNESS_PROGRAM_WRONG_LENGTH;
    if (count == 0)
        return SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY;
    count--;
    sha256_init(&s, m->input->tx->compress);
    sha256_update(&s, witness[count].data, witness[count].size);
    sha256_final(&s, hash);
    if (memcmp(hash, program.data, sizeof(hash)) != 0)
        return SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH;
    return run_witness_script(m, witness, count, witness[count], SIGVERSION_WITNESS_V0);
}

/*
 * An OP_SUCCESS anywhere before the first push that is cut short makes a tapscript succeed (BIP342):
 * true, with the answer, where the script's bytes alone decide it.
 */
static bool decided_by_op_success(const struct script_machine *m, enum script_error *answer,
                                  struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;

    while (script_read(&r, &i))
        if (script_is_op_success(i.opcode)) {
            *answer = machine_has(m, SCRIPT_VERIFY_DISCOURAGE_OP_SUCCESS)
                          ? SCRIPT_ERR_DISCOURAGE_OP_SUCCESS
                          : SCRIPT_ERR_OK;
            return true;
        }
    *answer = SCRIPT_ERR_BAD_OPCODE;
    return !script_reader_done(&r);
}

/* Bytes of a witness as it is serialized in a transaction. */
static size_t witness_size(const struct bytes *witness, size_t count)
{
    size_t size = compact_size_length(count);

    for (size_t i = 0; i < count; i++)
        size += compact_size_length(witness[i].size) + witness[i].size;
    return size;
}

/*
 * Whether the program is the control block's internal key, tweaked by the tree that the leaf is in
 * (Core, VerifyTaprootCommitment). The control block's size was checked.
 */
static bool commits_to_leaf(struct script_machine *m, struct bytes program, struct bytes control)
{
    sha256_compress_fn *compress = m->input->tx->compress;
    struct signature_check check = {.kind = SIGNATURE_TAPROOT_TWEAK, .key_size = 32};
    struct hash256 node, sibling, tweak;

    node = m->taproot.tapleaf_hash;
    for (size_t i = TAPROOT_CONTROL_BASE_SIZE; i < control.size; i += TAPROOT_CONTROL_NODE_SIZE) {
        memcpy(sibling.bytes, control.data + i, sizeof(sibling.bytes));
        node = taproot_branch_hash(compress, node, sibling);
    }
    tweak = taproot_tweak(compress, control.data + 1, &node);
    check.parity = control.data[0] & 1;
    memcpy(check.key, program.data, 32);
    memcpy(check.message, tweak.bytes, 32);
    memcpy(check.signature, control.data + 1, 32);
    return m->decide(m->context, &check, SCRIPT_MAY_DEFER);
}

/* count is without the annex; all_count with it: the budget of signatures counts it. */
static enum script_error run_taproot_script(struct script_machine *m, struct bytes program,
                                            const struct bytes *witness, size_t count,
                                            size_t all_count)
{
    const struct bytes control = witness[count - 1], script = witness[count - 2];
    enum script_error error;
    uint8_t leaf_version;

    if (control.size < TAPROOT_CONTROL_BASE_SIZE || control.size > TAPROOT_CONTROL_MAX_SIZE ||
        (control.size - TAPROOT_CONTROL_BASE_SIZE) % TAPROOT_CONTROL_NODE_SIZE != 0)
        return SCRIPT_ERR_TAPROOT_WRONG_CONTROL_SIZE;
    leaf_version = control.data[0] & TAPROOT_LEAF_MASK;
    m->taproot.tapscript = true;
    m->taproot.tapleaf_hash = taproot_leaf_hash(m->input->tx->compress, leaf_version, script);
    if (!commits_to_leaf(m, program, control))
        return SCRIPT_ERR_WITNESS_PROGRAM_MISMATCH;
    if (leaf_version != TAPROOT_LEAF_TAPSCRIPT)
        return machine_has(m, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION)
                   ? SCRIPT_ERR_DISCOURAGE_UPGRADABLE_TAPROOT_VERSION
                   : SCRIPT_ERR_OK;
    if (decided_by_op_success(m, &error, script))
        return error;
    m->validation_weight_left =
        (int64_t)witness_size(witness, all_count) + VALIDATION_WEIGHT_OFFSET;
    return run_witness_script(m, witness, count - 2, script, SIGVERSION_TAPSCRIPT);
}

static enum script_error run_taproot(struct script_machine *m, struct bytes program,
                                     const struct bytes *witness, size_t count)
{
    const size_t all_count = count;

    if (!machine_has(m, SCRIPT_VERIFY_TAPROOT))
        return SCRIPT_ERR_OK;
    if (count == 0)
        return SCRIPT_ERR_WITNESS_PROGRAM_WITNESS_EMPTY;
    if (count >= 2 && witness[count - 1].size > 0 && witness[count - 1].data[0] == ANNEX_TAG) {
        count--;
        m->taproot.annex_present = true;
        m->taproot.annex_hash = sighash_annex(m->input->tx->compress, witness[count]);
    }
    if (count == 1)
        return interpreter_signatures_schnorr(m, witness[0], program.data);
    return run_taproot_script(m, program, witness, count, all_count);
}

/* BIP433's: OP_1 and a push of 4e 73, which anyone may spend. */
static bool is_pay_to_anchor(unsigned version, struct bytes program)
{
    return version == 1 && program.size == 2 && program.data[0] == 0x4e && program.data[1] == 0x73;
}

static enum script_error run_witness_program(struct script_machine *m, unsigned version,
                                             struct bytes program, const struct bytes *witness,
                                             size_t count, bool is_p2sh)
{
    if (version == 0)
        return run_witness_v0(m, program, witness, count);
    if (version == 1 && program.size == WITNESS_V1_TAPROOT_SIZE && !is_p2sh)
        return run_taproot(m, program, witness, count);
    if (!is_p2sh && is_pay_to_anchor(version, program))
        return SCRIPT_ERR_OK;
    return machine_has(m, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM)
               ? SCRIPT_ERR_DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM
               : SCRIPT_ERR_OK;
}

/* Whether scriptSig is the shortest push of a witness program, one byte and it, and nothing else. */
static bool is_push_of(struct bytes script_sig, struct bytes redeem)
{
    return script_sig.size == redeem.size + 1 && script_sig.data[0] == redeem.size &&
           memcmp(script_sig.data + 1, redeem.data, redeem.size) == 0;
}

/* Most inputs are so small that zeroing it all would show: the rest is set before it is read. */
static void machine_init(struct script_machine *m, struct script_workspace *workspace,
                         const struct script_input *input, script_decide_fn *decide, void *context)
{
    m->workspace = workspace;
    m->input = input;
    m->decide = decide;
    m->context = context;
    m->top = workspace->stack;
    m->buried = 0;
    m->taproot.annex_present = false;
    m->taproot.tapscript = false;
    m->taproot.output_ready = false;
    sighash_cache_clear(&workspace->cache);
}

/* The rest of script_verify_with. had_witness: a witness program was run. */
static enum script_error verify_on(struct script_machine *m, struct bytes script_sig,
                                   const struct bytes *witness, size_t witness_count,
                                   bool *had_witness)
{
    const struct bytes script_pubkey = m->input->script_pubkey;
    const bool segwit = machine_has(m, SCRIPT_VERIFY_WITNESS);
    const bool p2sh = machine_has(m, SCRIPT_VERIFY_P2SH) && script_is_p2sh(script_pubkey);
    struct stack_element redeem_element;
    enum script_error error;
    struct bytes program, redeem;
    unsigned version;

    error = interpreter_eval_script(m, script_sig, SIGVERSION_BASE);
    if (error)
        return error;
    if (p2sh && machine_height(m) > 0)
        redeem_element = m->top[-1];
    error = run_to_true(m, script_pubkey);
    if (error)
        return error;
    if (segwit && script_witness_program(script_pubkey, &version, &program)) {
        *had_witness = true;
        if (script_sig.size > 0)
            return SCRIPT_ERR_WITNESS_MALLEATED;
        return run_witness_program(m, version, program, witness, witness_count, false);
    }
    if (!p2sh)
        return SCRIPT_ERR_OK;

    if (!script_is_push_only(script_sig))
        return SCRIPT_ERR_SIG_PUSHONLY;
    /* P2SH's form put a truth value in the place of the redeem script, and that is all it did. */
    m->top--;
    redeem = element_bytes(&redeem_element);
    error = run_to_true(m, redeem);
    if (error)
        return error;
    if (segwit && script_witness_program(redeem, &version, &program)) {
        *had_witness = true;
        if (!is_push_of(script_sig, redeem))
            return SCRIPT_ERR_WITNESS_MALLEATED_P2SH;
        return run_witness_program(m, version, program, witness, witness_count, true);
    }
    return SCRIPT_ERR_OK;
}

enum script_error script_verify_with(struct script_workspace *workspace,
                                     const struct script_input *input, struct bytes script_sig,
                                     const struct bytes *witness, size_t witness_count,
                                     script_decide_fn *decide, void *context)
{
    struct script_machine m;
    enum script_error error;
    bool had_witness = false;

    assert(input->index < input->tx->tx->input_count);
    machine_init(&m, workspace, input, decide, context);
    if (machine_has(&m, SCRIPT_VERIFY_SIGPUSHONLY) && !script_is_push_only(script_sig))
        return SCRIPT_ERR_SIG_PUSHONLY;
    error = verify_on(&m, script_sig, witness, witness_count, &had_witness);
    if (error)
        return error;
    if (machine_has(&m, SCRIPT_VERIFY_CLEANSTACK)) {
        assert(machine_has(&m, SCRIPT_VERIFY_P2SH) && machine_has(&m, SCRIPT_VERIFY_WITNESS));
        if (!had_witness && machine_height(&m) != 1)
            return SCRIPT_ERR_CLEANSTACK;
    }
    if (machine_has(&m, SCRIPT_VERIFY_WITNESS)) {
        assert(machine_has(&m, SCRIPT_VERIFY_P2SH));
        if (!had_witness && witness_count > 0)
            return SCRIPT_ERR_WITNESS_UNEXPECTED;
    }
    return SCRIPT_ERR_OK;
}

enum script_error script_verify(struct script_workspace *workspace,
                                const struct script_input *input, script_decide_fn *decide,
                                void *context)
{
    const struct tx_input *in = &input->tx->tx->inputs[input->index];

    return script_verify_with(workspace, input, in->script, in->witness, in->witness_count, decide,
                              context);
}
