/*
 * Opcodes that check signatures, up to the point where only the curve can tell:
 * there the run's decide is asked.
 */
#include "consensus/interpreter_impl.h"
#include "consensus/signature_encoding.h"

/* What a signature of BASE or WITNESS_V0 commits to of the script, before FindAndDelete. */
static struct bytes script_code_of(const struct script_machine *m)
{
    return bytes_of(m->code_begin, (size_t)(m->reader.end - m->code_begin));
}

/*
 * Takes a signature out of the code that it signs, which it can't have signed: in BASE alone. An
 * empty one is a push too, OP_0.
 */
static enum script_error script_code_delete(struct script_machine *m, struct bytes *code,
                                            struct bytes signature)
{
    uint8_t push[MAX_SCRIPT_ELEMENT_SIZE + 3];
    struct script_builder b = script_builder_on(push, sizeof(push));
    size_t found;

    if (m->version != SIGVERSION_BASE || signature.size >= code->size)
        return SCRIPT_ERR_OK;
    script_push(&b, signature);
    assert(!b.failed);
    *code = script_find_and_delete(m->workspace->deleted, &found, *code, bytes_of(b.data, b.size));
    return found > 0 && machine_has(m, SCRIPT_VERIFY_CONST_SCRIPTCODE)
               ? SCRIPT_ERR_SIG_FINDANDDELETE
               : SCRIPT_ERR_OK;
}

/*
 * All of an ECDSA check but the key. False where the signature is none: empty, not to be read, or
 * without the amount that it signs.
 */
static bool prepare_ecdsa(const struct script_machine *m, struct signature_check *check,
                          struct bytes code, struct bytes signature)
{
    const struct script_input *input = m->input;
    int32_t hash_type;

    if (signature.size == 0)
        return false;
    signature.size--;
    hash_type = signature.data[signature.size];
    if (m->version == SIGVERSION_WITNESS_V0 && input->amount.sat < 0)
        return false;
    *check = (struct signature_check){.kind = SIGNATURE_ECDSA};
    if (!signature_parse_der_lax(check->signature, signature))
        return false;
    if (m->version == SIGVERSION_WITNESS_V0)
        sighash_segwit_v0(check->message, input->tx, input->index, code, input->amount, hash_type,
                          &m->workspace->cache);
    else
        sighash_legacy(check->message, input->tx, input->index, code, hash_type,
                       &m->workspace->cache);
    return true;
}

static bool decide_ecdsa(const struct script_machine *m, struct signature_check *check,
                         struct bytes key, enum script_decision decision)
{
    check->key_size = (uint8_t)key.size;
    memcpy(check->key, key.data, key.size);
    memset(check->key + key.size, 0, sizeof(check->key) - key.size);
    return m->decide(m->context, check, decision);
}

/* OP_CHECKSIG before tapscript (Core, EvalChecksigPreTapscript). */
static enum script_error checksig_ecdsa(struct script_machine *m, bool *good,
                                        struct bytes signature, struct bytes key)
{
    struct bytes code = script_code_of(m);
    struct signature_check check;
    enum script_error error;

    error = script_code_delete(m, &code, signature);
    if (!error)
        error = signature_check_encoding(signature, m->input->flags);
    if (!error)
        error =
            public_key_check_encoding(key, m->input->flags, m->version == SIGVERSION_WITNESS_V0);
    if (error)
        return error;
    *good = public_key_has_valid_size(key) && prepare_ecdsa(m, &check, code, signature) &&
            decide_ecdsa(m, &check, key, SCRIPT_MAY_DEFER);
    if (!*good && signature.size > 0 && machine_has(m, SCRIPT_VERIFY_NULLFAIL))
        return SCRIPT_ERR_SIG_NULLFAIL;
    return SCRIPT_ERR_OK;
}

enum script_error interpreter_signatures_schnorr(struct script_machine *m, struct bytes signature,
                                                 const uint8_t key[static 32])
{
    const struct script_input *input = m->input;
    struct signature_check check = {.kind = SIGNATURE_SCHNORR, .key_size = 32};
    uint8_t hash_type = SIGHASH_DEFAULT;

    if (signature.size != 64 && signature.size != 65)
        return SCRIPT_ERR_SCHNORR_SIG_SIZE;
    if (signature.size == 65) {
        hash_type = signature.data[64];
        if (hash_type == SIGHASH_DEFAULT)
            return SCRIPT_ERR_SCHNORR_SIG_HASHTYPE;
    }
    if (!sighash_taproot(check.message, input->tx, input->index, &m->taproot, hash_type))
        return SCRIPT_ERR_SCHNORR_SIG_HASHTYPE;
    memcpy(check.signature, signature.data, 64);
    memcpy(check.key, key, 32);
    return m->decide(m->context, &check, SCRIPT_MAY_DEFER) ? SCRIPT_ERR_OK : SCRIPT_ERR_SCHNORR_SIG;
}

/*
 * OP_CHECKSIG in tapscript (Core, EvalChecksigTapscript). A signature that is there must be good or
 * the script fails, and pays for itself from the witness' weight, whatever the key.
 */
static enum script_error checksig_schnorr(struct script_machine *m, bool *good,
                                          struct bytes signature, struct bytes key)
{
    *good = signature.size > 0;
    if (*good) {
        m->validation_weight_left -= VALIDATION_WEIGHT_PER_SIGOP_PASSED;
        if (m->validation_weight_left < 0)
            return SCRIPT_ERR_TAPSCRIPT_VALIDATION_WEIGHT;
    }
    if (key.size == 0)
        return SCRIPT_ERR_TAPSCRIPT_EMPTY_PUBKEY;
    if (key.size == 32)
        return *good ? interpreter_signatures_schnorr(m, signature, key.data) : SCRIPT_ERR_OK;
    return machine_has(m, SCRIPT_VERIFY_DISCOURAGE_UPGRADABLE_PUBKEYTYPE)
               ? SCRIPT_ERR_DISCOURAGE_UPGRADABLE_PUBKEYTYPE
               : SCRIPT_ERR_OK;
}

static enum script_error checksig(struct script_machine *m, bool *good,
                                  const struct stack_element *signature,
                                  const struct stack_element *key)
{
    if (m->version == SIGVERSION_TAPSCRIPT)
        return checksig_schnorr(m, good, element_bytes(signature), element_bytes(key));
    return checksig_ecdsa(m, good, element_bytes(signature), element_bytes(key));
}

enum script_error interpreter_signatures_checksig(struct script_machine *m, uint8_t opcode)
{
    enum script_error error;
    bool good;

    error = checksig(m, &good, m->top - 2, m->top - 1);
    if (error)
        return error;
    m->top -= 2;
    return machine_push_result(m, good, opcode == OP_CHECKSIGVERIFY, SCRIPT_ERR_CHECKSIGVERIFY);
}

/* ( signature number key -- number ), BIP342. */
enum script_error interpreter_signatures_checksigadd(struct script_machine *m, uint8_t opcode)
{
    enum script_error error;
    int64_t number;
    bool good;

    (void)opcode;
    if (m->version != SIGVERSION_TAPSCRIPT)
        return SCRIPT_ERR_BAD_OPCODE;
    if (machine_height(m) < 3)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    if (!element_number(m, &number, m->top - 2))
        return SCRIPT_ERR_SCRIPTNUM;
    error = checksig(m, &good, m->top - 3, m->top - 1);
    if (error)
        return error;
    m->top -= 3;
    element_set_number(machine_push(m), number + good);
    return SCRIPT_ERR_OK;
}

/* The arguments of OP_CHECKMULTISIG, of which the last of each lies uppermost and is tried first. */
struct multisig {
    const struct stack_element *key,
        *signature;          /* the next candidates; those after them lie below */
    size_t keys, signatures; /* how many are left */
    size_t size;             /* elements of all arguments */
};

/* ( dummy signatures... their number keys... their number -- ) */
static enum script_error multisig_read(struct script_machine *m, struct multisig *s)
{
    const size_t height = machine_height(m);
    int64_t n;

    if (height < 1)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    if (!element_number(m, &n, m->top - 1))
        return SCRIPT_ERR_SCRIPTNUM;
    if (n < 0 || n > MAX_PUBKEYS_PER_MULTISIG)
        return SCRIPT_ERR_PUBKEY_COUNT;
    s->keys = (size_t)n;
    m->op_count += (int)n;
    if (m->op_count > MAX_OPS_PER_SCRIPT)
        return SCRIPT_ERR_OP_COUNT;
    if (height < s->keys + 2)
        return SCRIPT_ERR_INVALID_STACK_OPERATION;
    s->key = m->top - 2;
    if (!element_number(m, &n, s->key - s->keys))
        return SCRIPT_ERR_SCRIPTNUM;
    if (n < 0 || (uint64_t)n > s->keys)
        return SCRIPT_ERR_SIG_COUNT;
    s->signatures = (size_t)n;
    s->signature = s->key - s->keys - 1;
    s->size = s->keys + s->signatures + 3;
    return height < s->size ? SCRIPT_ERR_INVALID_STACK_OPERATION : SCRIPT_ERR_OK;
}

/*
 * Walks both lists: a key that does not fit a signature is left behind, and the signature tries the
 * next. A check whose signature has no key to spare decides the whole, so it may wait.
 */
static enum script_error multisig_verify(struct script_machine *m, bool *good, struct multisig s,
                                         struct bytes code)
{
    const bool witness_v0 = m->version == SIGVERSION_WITNESS_V0;
    enum { UNREAD, GOOD, BAD } state = UNREAD;
    struct signature_check check;
    enum script_error error;

    while (s.signatures > 0 && s.signatures <= s.keys) {
        struct bytes signature = element_bytes(s.signature), key = element_bytes(s.key);

        error = signature_check_encoding(signature, m->input->flags);
        if (!error)
            error = public_key_check_encoding(key, m->input->flags, witness_v0);
        if (error)
            return error;
        if (public_key_has_valid_size(key)) {
            if (state == UNREAD)
                state = prepare_ecdsa(m, &check, code, signature) ? GOOD : BAD;
            if (state == GOOD &&
                decide_ecdsa(m, &check, key,
                             s.signatures == s.keys ? SCRIPT_MAY_DEFER : SCRIPT_DECIDE_NOW)) {
                state = UNREAD;
                s.signature--;
                s.signatures--;
            }
        }
        s.key--;
        s.keys--;
    }
    *good = s.signatures == 0;
    return SCRIPT_ERR_OK;
}

/* BIP146: where the whole is false, every signature must be empty, one that was good as well. */
static bool multisig_is_null(const struct multisig *s)
{
    for (size_t i = 0; i < s->signatures; i++)
        if (s->signature[-(ptrdiff_t)i].size > 0)
            return false;
    return true;
}

enum script_error interpreter_signatures_checkmultisig(struct script_machine *m, uint8_t opcode)
{
    struct bytes code = script_code_of(m);
    struct multisig s;
    enum script_error error;
    bool good;

    if (m->version == SIGVERSION_TAPSCRIPT)
        return SCRIPT_ERR_TAPSCRIPT_CHECKMULTISIG;
    error = multisig_read(m, &s);
    if (error)
        return error;
    for (size_t i = 0; i < s.signatures; i++) {
        error = script_code_delete(m, &code, element_bytes(s.signature - i));
        if (error)
            return error;
    }
    error = multisig_verify(m, &good, s, code);
    if (error)
        return error;
    if (!good && machine_has(m, SCRIPT_VERIFY_NULLFAIL) && !multisig_is_null(&s))
        return SCRIPT_ERR_SIG_NULLFAIL;
    m->top -= s.size;
    /* The dummy: one more than is needed, a bug that became a rule (BIP147). */
    if (m->top->size > 0 && machine_has(m, SCRIPT_VERIFY_NULLDUMMY))
        return SCRIPT_ERR_SIG_NULLDUMMY;
    return machine_push_result(m, good, opcode == OP_CHECKMULTISIGVERIFY,
                               SCRIPT_ERR_CHECKMULTISIGVERIFY);
}
