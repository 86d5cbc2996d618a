#include "tests/spends/drop_in.h"

#include <stdio.h>

#define UNSET ((bitcoinconsensus_error)99)

enum function { WITHOUT_AMOUNT, WITH_AMOUNT, WITH_SPENT_OUTPUTS };

struct call {
    enum function function;
    struct bytes script, tx;
    int64_t amount;
    UTXO *spent;
    unsigned spent_count, input, flags;
};

static size_t below(struct random *random, size_t n) { return random_below(random, n); }

/* The transaction's bytes, now and then with too many, too few, or one changed. */
static struct bytes twisted(const struct spend *s, struct random *random)
{
    struct bytes raw = spend_transaction(s);
    uint8_t *copy = spend_alloc(s, raw.size + 1);

    memcpy(copy, raw.data, raw.size);
    switch (below(random, 16)) {
    case 0:
        copy[raw.size] = (uint8_t)random_u64(random);
        raw.size++;
        break;
    case 1:
        raw.size = below(random, raw.size);
        break;
    case 2:
    case 3:
        copy[below(random, raw.size)] = (uint8_t)random_u64(random);
        break;
    default:
        break;
    }
    return bytes_of(copy, raw.size);
}

static unsigned any_flags(const struct spend *s, struct random *random)
{
    unsigned flags = s->flags & SPEND_CONSENSUS_FLAGS;

    if (below(random, 4) == 0)
        flags = (unsigned)random_u64(random) & SPEND_CONSENSUS_FLAGS;
    if (below(random, 16) == 0)
        flags |= 1u << below(random, 32);
    /* Core's ends the program where it comes to the witness without it. */
    if (flags & SCRIPT_VERIFY_WITNESS)
        flags |= SCRIPT_VERIFY_P2SH;
    return flags;
}

static struct call make_call(const struct spend *s, struct random *random)
{
    size_t count = s->tx.input_count;
    struct call call = {.function = WITH_SPENT_OUTPUTS,
                        .script = spend_output(s)->script,
                        .tx = twisted(s, random),
                        .amount = spend_output(s)->value.sat,
                        .spent = spend_alloc(s, (count + 1) * sizeof(*call.spent)),
                        .spent_count = (unsigned)count,
                        .input = (unsigned)s->input,
                        .flags = any_flags(s, random)};

    for (size_t i = 0; i < count; i++)
        call.spent[i] = (UTXO){s->spent[i].script.data, (unsigned)s->spent[i].script.size,
                               s->spent[i].value.sat};
    if (below(random, 8) == 0)
        call.function = (enum function)below(random, 3);
    if (below(random, 16) == 0)
        call.spent_count = (unsigned)below(random, count + 2);
    if (below(random, 16) == 0)
        call.amount = (int64_t)random_u64(random);
    if (below(random, 16) == 0)
        call.spent = NULL;
    if (below(random, 16) == 0)
        call.input = (unsigned)below(random, count + 2);
    return call;
}

static int run_call(const struct call *c, const struct reference *r, bitcoinconsensus_error *error)
{
    switch (c->function) {
    case WITHOUT_AMOUNT:
        return r->without_amount(c->script.data, (unsigned)c->script.size, c->tx.data,
                                 (unsigned)c->tx.size, c->input, c->flags, error);
    case WITH_AMOUNT:
        return r->with_amount(c->script.data, (unsigned)c->script.size, c->amount, c->tx.data,
                              (unsigned)c->tx.size, c->input, c->flags, error);
    case WITH_SPENT_OUTPUTS:
        break;
    }
    return r->verify(c->script.data, (unsigned)c->script.size, c->amount, c->tx.data,
                     (unsigned)c->tx.size, c->spent, c->spent_count, c->input, c->flags, error);
}

bool drop_in_compare(const struct spend *s, const struct reference *reference,
                     struct random *random, char text[static SPEND_DIFFERENCE_SIZE])
{
    struct call call = make_call(s, random);
    const struct reference own = {.verify = bitcoinconsensus_verify_script_with_spent_outputs,
                                  .with_amount = bitcoinconsensus_verify_script_with_amount,
                                  .without_amount = bitcoinconsensus_verify_script};
    bitcoinconsensus_error our_error = UNSET, their_error = UNSET;
    int ours, theirs;

    if (!reference->library)
        return true;
    ours = run_call(&call, &own, &our_error);
    theirs = run_call(&call, reference, &their_error);
    if (ours == theirs && our_error == their_error)
        return true;
    snprintf(text, SPEND_DIFFERENCE_SIZE,
             "function %d, %zu bytes, input %u, %u outputs%s, flags %#x: %d with error %d of our "
             "library, %d with error %d of the reference",
             (int)call.function, call.tx.size, call.input, call.spent_count,
             call.spent ? "" : " (NULL)", call.flags, ours, (int)our_error, theirs,
             (int)their_error);
    return false;
}
