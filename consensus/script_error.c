#include "consensus/script_error.h"

#include <assert.h>

static const struct {
    const char *name, *text;
} errors[SCRIPT_ERRORS] = {
#define ERROR(name, text) [SCRIPT_ERR_##name] = {#name, text}
    ERROR(OK, "No error"),
    ERROR(UNKNOWN_ERROR, "unknown error"),
    ERROR(EVAL_FALSE,
          "Script evaluated without error but finished with a false/empty top stack element"),
    ERROR(OP_RETURN, "OP_RETURN was encountered"),
    ERROR(SCRIPTNUM, "Script number overflowed or is non-minimally encoded"),
    ERROR(SCRIPT_SIZE, "Script is too big"),
    ERROR(PUSH_SIZE, "Push value size limit exceeded"),
    ERROR(OP_COUNT, "Operation limit exceeded"),
    ERROR(STACK_SIZE, "Stack size limit exceeded"),
    ERROR(SIG_COUNT, "Signature count negative or greater than pubkey count"),
    ERROR(PUBKEY_COUNT, "Pubkey count negative or limit exceeded"),
    ERROR(VERIFY, "Script failed an OP_VERIFY operation"),
    ERROR(EQUALVERIFY, "Script failed an OP_EQUALVERIFY operation"),
    ERROR(CHECKMULTISIGVERIFY, "Script failed an OP_CHECKMULTISIGVERIFY operation"),
    ERROR(CHECKSIGVERIFY, "Script failed an OP_CHECKSIGVERIFY operation"),
    ERROR(NUMEQUALVERIFY, "Script failed an OP_NUMEQUALVERIFY operation"),
    ERROR(BAD_OPCODE, "Opcode missing or not understood"),
    ERROR(DISABLED_OPCODE, "Attempted to use a disabled opcode"),
    ERROR(INVALID_STACK_OPERATION, "Operation not valid with the current stack size"),
    ERROR(INVALID_ALTSTACK_OPERATION, "Operation not valid with the current altstack size"),
    ERROR(UNBALANCED_CONDITIONAL, "Invalid OP_IF construction"),
    ERROR(NEGATIVE_LOCKTIME, "Negative locktime"),
    ERROR(UNSATISFIED_LOCKTIME, "Locktime requirement not satisfied"),
    ERROR(SIG_HASHTYPE, "Signature hash type missing or not understood"),
    ERROR(SIG_DER, "Non-canonical DER signature"),
    ERROR(MINIMALDATA, "Data push larger than necessary"),
    ERROR(SIG_PUSHONLY, "Only push operators allowed in signatures"),
    ERROR(SIG_HIGH_S, "Non-canonical signature: S value is unnecessarily high"),
    ERROR(SIG_NULLDUMMY, "Dummy CHECKMULTISIG argument must be zero"),
    ERROR(PUBKEYTYPE, "Public key is neither compressed or uncompressed"),
    ERROR(CLEANSTACK, "Stack size must be exactly one after execution"),
    ERROR(MINIMALIF, "OP_IF/NOTIF argument must be minimal"),
    ERROR(SIG_NULLFAIL, "Signature must be zero for failed CHECK(MULTI)SIG operation"),
    ERROR(DISCOURAGE_UPGRADABLE_NOPS, "NOPx reserved for soft-fork upgrades"),
    ERROR(DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM, "Witness version reserved for soft-fork upgrades"),
    ERROR(DISCOURAGE_UPGRADABLE_TAPROOT_VERSION, "Taproot version reserved for soft-fork upgrades"),
    ERROR(DISCOURAGE_OP_SUCCESS, "OP_SUCCESSx reserved for soft-fork upgrades"),
    ERROR(DISCOURAGE_UPGRADABLE_PUBKEYTYPE, "Public key version reserved for soft-fork upgrades"),
    ERROR(WITNESS_PROGRAM_WRONG_LENGTH, "Witness program has incorrect length"),
    ERROR(WITNESS_PROGRAM_WITNESS_EMPTY, "Witness program was passed an empty witness"),
    ERROR(WITNESS_PROGRAM_MISMATCH, "Witness program hash mismatch"),
    ERROR(WITNESS_MALLEATED, "Witness requires empty scriptSig"),
    ERROR(WITNESS_MALLEATED_P2SH, "Witness requires only-redeemscript scriptSig"),
    ERROR(WITNESS_UNEXPECTED, "Witness provided for non-witness script"),
    ERROR(WITNESS_PUBKEYTYPE, "Using non-compressed keys in segwit"),
    ERROR(SCHNORR_SIG_SIZE, "Invalid Schnorr signature size"),
    ERROR(SCHNORR_SIG_HASHTYPE, "Invalid Schnorr signature hash type"),
    ERROR(SCHNORR_SIG, "Invalid Schnorr signature"),
    ERROR(TAPROOT_WRONG_CONTROL_SIZE, "Invalid Taproot control block size"),
    ERROR(TAPSCRIPT_VALIDATION_WEIGHT, "Too much signature validation relative to witness weight"),
    ERROR(TAPSCRIPT_CHECKMULTISIG, "OP_CHECKMULTISIG(VERIFY) is not available in tapscript"),
    ERROR(TAPSCRIPT_MINIMALIF, "OP_IF/NOTIF argument must be minimal in tapscript"),
    ERROR(TAPSCRIPT_EMPTY_PUBKEY, "Empty public key in tapscript"),
    ERROR(OP_CODESEPARATOR, "Using OP_CODESEPARATOR in non-witness script"),
    ERROR(SIG_FINDANDDELETE, "Signature is found in scriptCode"),
#undef ERROR
};

const char *script_error_name(enum script_error error)
{
    assert((unsigned)error < SCRIPT_ERRORS);
    return errors[error].name;
}

const char *script_error_text(enum script_error error)
{
    assert((unsigned)error < SCRIPT_ERRORS);
    return errors[error].text;
}
