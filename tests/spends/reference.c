#include "tests/spends/reference.h"

#include "consensus/sigops.h"
#include "consensus/transaction_rules.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void *symbol(void *library, const char *name)
{
    return library ? dlsym(library, name) : NULL;
}

bool reference_open(struct reference *r)
{
    const char *path = getenv("EXS_REFERENCE_CONSENSUS");

    *r = (struct reference){0};
    if (!path || !*path)
        return true;
    r->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    *(void **)&r->verify = symbol(r->library, "bitcoinconsensus_verify_script_with_spent_outputs");
    *(void **)&r->with_amount = symbol(r->library, "bitcoinconsensus_verify_script_with_amount");
    *(void **)&r->without_amount = symbol(r->library, "bitcoinconsensus_verify_script");
    *(void **)&r->error = symbol(r->library, "reference_verify_script_error");
    *(void **)&r->check = symbol(r->library, "reference_check_transaction");
    if (r->verify && r->with_amount && r->without_amount)
        return true;
    fprintf(stderr, "EXS_REFERENCE_CONSENSUS=%s is no libbitcoinconsensus of API version 2\n",
            path);
    return false;
}

static enum script_error run(const struct spend *s, struct runs *runs, uint32_t flags)
{
    struct sighash_tx tx;
    struct script_input input = spend_prepare(s, &tx);

    input.flags = flags;
    return runs_direct(runs, &input);
}

/* Deferred, and all else other than in the direct run too, as far as that may not matter. */
static bool compare_deferred(const struct spend *s, struct runs *runs, enum script_error direct,
                             char text[static SPEND_DIFFERENCE_SIZE])
{
    struct sighash_tx tx;
    struct script_input input = spend_prepare(s, &tx);
    struct transaction parsed;
    enum script_error deferred;

    if (transaction_parse(&parsed, s->arena, spend_transaction(s), TRANSACTION_WITH_WITNESS) !=
        PARSE_OK) {
        snprintf(text, SPEND_DIFFERENCE_SIZE, "the transaction can't be read again");
        return false;
    }
    sighash_tx_init(&tx, tx.compress, &parsed, s->spent, true);
    runs_spoil(runs);
    deferred = runs_deferred(runs, &input);
    if (deferred == direct)
        return true;
    snprintf(text, SPEND_DIFFERENCE_SIZE, "flags %#x: %s directly, %s deferred", (unsigned)s->flags,
             script_error_name(direct), script_error_name(deferred));
    return false;
}

/* Every flag is a restriction: without some of them, good stays good. */
static bool compare_fewer_flags(const struct spend *s, struct runs *runs,
                                char text[static SPEND_DIFFERENCE_SIZE])
{
    const uint32_t fewer[] = {
        s->flags & SPEND_CONSENSUS_FLAGS,
        s->flags & ~(uint32_t)SCRIPT_VERIFY_TAPROOT,
        s->flags & (SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS),
        s->flags & SCRIPT_VERIFY_P2SH,
        SCRIPT_VERIFY_NONE,
    };

    for (size_t i = 0; i < sizeof(fewer) / sizeof(*fewer); i++) {
        enum script_error error;

        if (spend_flags_filled(fewer[i]) != fewer[i])
            continue;
        error = run(s, runs, fewer[i]);
        if (error != SCRIPT_ERR_OK) {
            snprintf(text, SPEND_DIFFERENCE_SIZE, "good with flags %#x, %s with %#x",
                     (unsigned)s->flags, script_error_name(error), (unsigned)fewer[i]);
            return false;
        }
    }
    return true;
}

static bool compare_transaction(const struct spend *s, const struct reference *reference,
                                struct bytes tx, const UTXO *spent,
                                char text[static SPEND_DIFFERENCE_SIZE])
{
    const char *ours = reject_text(transaction_check(&s->tx, s->arena)), *theirs;
    uint64_t cost = sigops_transaction_cost(&s->tx, s->spent, s->flags);
    int64_t their_cost = -1;

    theirs = reference->check(tx.data, (unsigned)tx.size, spent, (unsigned)s->tx.input_count,
                              s->flags, &their_cost);
    if (strcmp(ours, theirs) == 0 && (int64_t)cost == their_cost)
        return true;
    snprintf(text, SPEND_DIFFERENCE_SIZE,
             "flags %#x: \"%s\", cost %" PRIu64 " of ours, \"%s\", cost %" PRId64
             " of the reference",
             (unsigned)s->flags, ours, cost, theirs, their_cost);
    return false;
}

static bool compare_reference(const struct spend *s, struct runs *runs,
                              const struct reference *reference, enum script_error direct,
                              char text[static SPEND_DIFFERENCE_SIZE])
{
    struct bytes tx = spend_transaction(s), script = spend_output(s)->script;
    uint32_t flags = spend_flags_filled(s->flags & SPEND_CONSENSUS_FLAGS);
    unsigned count = (unsigned)s->tx.input_count;
    UTXO *spent = spend_alloc(s, count * sizeof(*spent));
    bool ours = flags == s->flags ? direct == SCRIPT_ERR_OK : run(s, runs, flags) == SCRIPT_ERR_OK;
    bitcoinconsensus_error error = bitcoinconsensus_ERR_TX_INDEX;
    int theirs;

    for (size_t i = 0; i < count; i++)
        spent[i] = (UTXO){s->spent[i].script.data, (unsigned)s->spent[i].script.size,
                          s->spent[i].value.sat};
    theirs =
        reference->verify(script.data, (unsigned)script.size, spend_output(s)->value.sat, tx.data,
                          (unsigned)tx.size, spent, count, (unsigned)s->input, flags, &error);
    if (theirs != ours || error != bitcoinconsensus_ERR_OK) {
        snprintf(text, SPEND_DIFFERENCE_SIZE, "flags %#x: %d of ours, %d (%d) of the reference",
                 (unsigned)flags, ours, theirs, (int)error);
        return false;
    }
    if (reference->error) {
        const char *name = reference->error(script.data, (unsigned)script.size,
                                            spend_output(s)->value.sat, tx.data, (unsigned)tx.size,
                                            spent, count, (unsigned)s->input, s->flags);

        if (strcmp(script_error_name(direct), name) != 0) {
            snprintf(text, SPEND_DIFFERENCE_SIZE, "flags %#x: %s of ours, %s of the reference",
                     (unsigned)s->flags, script_error_name(direct), name);
            return false;
        }
    }
    return !reference->check || compare_transaction(s, reference, tx, spent, text);
}

bool spend_compare(const struct spend *s, struct runs *runs, const struct reference *reference,
                   enum script_error *error, char text[static SPEND_DIFFERENCE_SIZE])
{
    *error = run(s, runs, s->flags);
    return compare_deferred(s, runs, *error, text) &&
           (*error != SCRIPT_ERR_OK || compare_fewer_flags(s, runs, text)) &&
           (!reference->library || compare_reference(s, runs, reference, *error, text));
}
