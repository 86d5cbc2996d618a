/*
 * Core's libbitcoinconsensus, over consensus/: the same symbols, checks and order of checks.
 *
 * It links libc and libsecp256k1 and nothing else, so it must not touch the tables of kernels/, nor what needs a thread
 * or a file.
 */
#include "include/bitcoinconsensus.h"

#include "consensus/interpreter.h"
#include "kernels/cpu.h"
#include "kernels/sha256_native.h"

#include <secp256k1.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert((int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_P2SH == (int)SCRIPT_VERIFY_P2SH &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_DERSIG == (int)SCRIPT_VERIFY_DERSIG &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_NULLDUMMY ==
                       (int)SCRIPT_VERIFY_NULLDUMMY &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKLOCKTIMEVERIFY ==
                       (int)SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_CHECKSEQUENCEVERIFY ==
                       (int)SCRIPT_VERIFY_CHECKSEQUENCEVERIFY &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_WITNESS ==
                       (int)SCRIPT_VERIFY_WITNESS &&
                   (int)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_TAPROOT == (int)SCRIPT_VERIFY_TAPROOT,
               "the interface's flags are the interpreter's");

/* The arguments of a call. */
struct call {
    struct bytes script_pubkey;
    struct amount amount;
    struct bytes raw; /* the transaction */
    const UTXO *spent;
    unsigned spent_count;
    unsigned input;
    unsigned flags;
};

/* A machine that hashes wrongly must not judge about money; libsecp256k1 ends the process there, too. */
static sha256_compress_fn *choose_compress(void)
{
    sha256_compress_fn *compress = sha256_native(cpu_features());

    secp256k1_selftest();
    if (!compress) {
        fputs("libbitcoinconsensus: this processor computes SHA-256 wrongly\n", stderr);
        abort();
    }
    return compress;
}

/* The SHA-256 that this processor runs, checked at the first call. */
static sha256_compress_fn *compress(void)
{
    static _Atomic(sha256_compress_fn *) chosen;
    /* Relaxed: it points at code, which was there before; threads that choose at once choose the same. */
    sha256_compress_fn *it = atomic_load_explicit(&chosen, memory_order_relaxed);

    if (!it) {
        it = choose_compress();
        atomic_store_explicit(&chosen, it, memory_order_relaxed);
    }
    return it;
}

/* Copies the caller's outputs; NULL where memory is exhausted. */
static struct tx_output *copy_spent(struct arena *arena, const struct call *call)
{
    struct tx_output *outputs = arena_array(arena, call->spent_count, sizeof(*outputs));

    for (unsigned i = 0; outputs && i < call->spent_count; i++)
        outputs[i] = (struct tx_output){
            .value = {call->spent[i].value},
            .script = bytes_of(call->spent[i].scriptPubKey, call->spent[i].scriptPubKeySize),
        };
    return outputs;
}

/*
 * WITNESS without P2SH: Core fails what the scripts themselves fail, and stops at an assertion where all else
 * is done. P2SH changes neither of a script that is not its pattern, and WITNESS not of one that is.
 */
static bitcoinconsensus_error judge_witness_alone(struct script_workspace *workspace,
                                                  struct script_input *input)
{
    enum script_error error;

    if (script_is_p2sh(input->script_pubkey))
        input->flags &= ~(uint32_t)SCRIPT_VERIFY_WITNESS;
    else
        input->flags |= SCRIPT_VERIFY_P2SH;
    error = script_verify(workspace, input, script_decide_directly, NULL);
    return error == SCRIPT_ERR_OK || error == SCRIPT_ERR_WITNESS_UNEXPECTED
               ? bitcoinconsensus_ERR_INVALID_FLAGS
               : bitcoinconsensus_ERR_OK;
}

/* The scripts' own verdict. */
static bool judge(bitcoinconsensus_error *err, const struct call *call,
                  struct script_workspace *workspace, const struct sighash_tx *tx)
{
    struct script_input input = {
        .tx = tx,
        .index = call->input,
        .script_pubkey = call->script_pubkey,
        .amount = call->amount,
        .flags = call->flags,
    };

    *err = bitcoinconsensus_ERR_OK;
    if (call->flags & SCRIPT_VERIFY_WITNESS && !(call->flags & SCRIPT_VERIFY_P2SH)) {
        *err = judge_witness_alone(workspace, &input);
        return false;
    }
    return script_verify(workspace, &input, script_decide_directly, NULL) == SCRIPT_ERR_OK;
}

/* Core's checks of the transaction, in its order. */
static bitcoinconsensus_error read_transaction(struct transaction *tx, struct arena *arena,
                                               const struct call *call)
{
    struct cursor in = cursor_of(call->raw.data, call->raw.size);

    if (transaction_read(tx, arena, &in, TRANSACTION_WITH_WITNESS) != PARSE_OK)
        return bitcoinconsensus_ERR_TX_DESERIALIZE;
    if (call->spent && call->spent_count != tx->input_count)
        return bitcoinconsensus_ERR_SPENT_OUTPUTS_MISMATCH;
    if (call->input >= tx->input_count)
        return bitcoinconsensus_ERR_TX_INDEX;
    if (cursor_left(&in) > 0)
        return bitcoinconsensus_ERR_TX_SIZE_MISMATCH;
    return bitcoinconsensus_ERR_OK;
}

static bool verify_in(bitcoinconsensus_error *err, const struct call *call, struct arena *arena,
                      struct script_workspace *workspace)
{
    bool taproot = call->flags & SCRIPT_VERIFY_TAPROOT;
    struct tx_output *spent = NULL;
    struct transaction tx;
    struct sighash_tx hashes;

    *err = read_transaction(&tx, arena, call);
    if (*err)
        return false;
    if (taproot)
        spent = copy_spent(arena, call);
    if (!workspace || (taproot && !spent)) {
        *err = bitcoinconsensus_ERR_TX_DESERIALIZE; /* as Core's calls every exception */
        return false;
    }
    sighash_tx_init(&hashes, compress(), &tx, spent, false);
    return judge(err, call, workspace, &hashes);
}

static int verify(bitcoinconsensus_error *err, const struct call *call)
{
    bitcoinconsensus_error error = bitcoinconsensus_ERR_OK;
    bool good = false;

    if (call->flags & ~(unsigned)bitcoinconsensus_SCRIPT_FLAGS_VERIFY_ALL) {
        error = bitcoinconsensus_ERR_INVALID_FLAGS;
    } else if (call->flags & SCRIPT_VERIFY_TAPROOT && !call->spent) {
        error = bitcoinconsensus_ERR_SPENT_OUTPUTS_REQUIRED;
    } else {
        struct script_workspace *workspace = malloc(script_workspace_size());
        struct arena arena;

        arena_init(&arena, 0);
        good = verify_in(&error, call, &arena, workspace);
        arena_free(&arena);
        free(workspace);
    }
    if (err)
        *err = error;
    return good;
}

int bitcoinconsensus_verify_script_with_spent_outputs(
    const unsigned char *scriptPubKey, unsigned int scriptPubKeyLen, int64_t amount,
    const unsigned char *txTo, unsigned int txToLen, const UTXO *spentOutputs,
    unsigned int spentOutputsLen, unsigned int nIn, unsigned int flags, bitcoinconsensus_error *err)
{
    const struct call call = {
        .script_pubkey = bytes_of(scriptPubKey, scriptPubKeyLen),
        .amount = {amount},
        .raw = bytes_of(txTo, txTo ? txToLen : 0), /* NULL is no transaction */
        .spent = spentOutputs,
        .spent_count = spentOutputsLen,
        .input = nIn,
        .flags = flags,
    };

    return verify(err, &call);
}

int bitcoinconsensus_verify_script_with_amount(const unsigned char *scriptPubKey,
                                               unsigned int scriptPubKeyLen, int64_t amount,
                                               const unsigned char *txTo, unsigned int txToLen,
                                               unsigned int nIn, unsigned int flags,
                                               bitcoinconsensus_error *err)
{
    return bitcoinconsensus_verify_script_with_spent_outputs(
        scriptPubKey, scriptPubKeyLen, amount, txTo, txToLen, NULL, 0, nIn, flags, err);
}

int bitcoinconsensus_verify_script(const unsigned char *scriptPubKey, unsigned int scriptPubKeyLen,
                                   const unsigned char *txTo, unsigned int txToLen,
                                   unsigned int nIn, unsigned int flags,
                                   bitcoinconsensus_error *err)
{
    if (flags & SCRIPT_VERIFY_WITNESS) {
        if (err)
            *err = bitcoinconsensus_ERR_AMOUNT_REQUIRED;
        return 0;
    }
    return bitcoinconsensus_verify_script_with_amount(scriptPubKey, scriptPubKeyLen, 0, txTo,
                                                      txToLen, nIn, flags, err);
}

unsigned int bitcoinconsensus_version(void) { return BITCOINCONSENSUS_API_VER; }
