/*
 * What one thread runs scripts in: room for the interpreter, the hashes of the
 * transaction at hand, and the signature checks that were kept for later.
 *
 *     decide ->  in the cache?  good
 *                may defer?     kept, guessed to be good -> full: verified together
 *                else           verified at once
 *
 * A worker of the pool has one, on its own node; threads of callers borrow one
 * from the validator. Internal to validation/.
 */
#ifndef VALIDATION_WORKSPACE_H
#define VALIDATION_WORKSPACE_H

#include "engine/verifier.h"
#include "validation/signature_cache.h"
#include "validation/validator.h"

/* The input that a kept check is of. */
struct kept_check {
    size_t input;
    size_t made, cached;      /* how many checks its run made, and found in the cache */
    struct signature_key key; /* where there is a cache */
};

/* An input with a check that was wrongly guessed to be good. */
struct wrong_guess {
    size_t input;
    size_t made, cached; /* what its run added to signatures and cached */
};

struct workspace {
    struct workspace *next; /* of those that nobody uses */
    size_t size;            /* of all of it, in bytes */
    struct validator *validator;
    struct script_workspace *script;

    /* The transaction that sighash was prepared for; SIZE_MAX: none. */
    size_t prepared;
    struct sighash_tx sighash;

    /* How checks are decided. */
    bool direct;          /* at once */
    bool keep_signatures; /* remember good ones; else forget those that are met */
    enum pool_class class;

    /* The input at hand. */
    size_t input;
    size_t made;   /* checks so far, */
    size_t cached; /* and how many of them were found in the cache */
    size_t first;  /* of the kept ones, the first of its own */
    bool guessed;  /* some were kept */
    bool wrong;    /* a kept one turned out bad already */

    /* Checks that were kept, in the order of their inputs. */
    size_t count, capacity;
    struct signature_check *checks;
    struct kept_check *kept;
    uint8_t *accepted;
    struct verifier_batch batch;

    /* Inputs that have to be run again: never more than checks can be kept. */
    size_t wrong_count;
    struct wrong_guess *wrong_guesses;
};

/* On the node of that number, or MEMORY_ANY_NODE; NULL where memory is exhausted. */
struct workspace *workspace_create(struct validator *validator, int node);
void workspace_destroy(struct workspace *w);

/* One of the validator's that nobody uses, or a new one, and its return. NULL: no memory. */
struct workspace *workspace_take(struct validator *validator);
void workspace_return(struct workspace *w);

/* Ready for a new run: nothing prepared, nothing kept. */
void workspace_begin(struct workspace *w, bool direct, bool keep_signatures, enum pool_class class);

/*
 * Runs input, which is called number; the checks that it makes are decided as said above. The answer
 * is right if all guesses are.
 */
MUST_USE enum script_error workspace_run(struct workspace *w, const struct script_input *input,
                                         size_t number);

/* Forgets the checks that the input at hand had kept. */
void workspace_drop(struct workspace *w);

/* Verifies all that is kept. Inputs other than the one at hand go to wrong_guesses. */
void workspace_flush(struct workspace *w);

#endif
