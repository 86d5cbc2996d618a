/*
 * One input's scripts, run in both ways that there are: each signature verified
 * at once, or all of them at the end. One thread a struct.
 */
#ifndef TESTS_SPENDS_RUNS_H
#define TESTS_SPENDS_RUNS_H

#include "consensus/interpreter.h"

struct runs {
    struct script_workspace *workspace;
    struct runs_memory *memory;     /* of signatures that were verified: runs repeat each other's */
    struct signature_check *checks; /* what the last deferred run put off */
    size_t count, capacity;
    size_t again; /* deferred runs so far whose guesses were not all right */
};

/* Ends the program where there is no memory. */
void runs_init(struct runs *r);
void runs_free(struct runs *r);

/* Each signature verified where the script wants to know. */
enum script_error runs_direct(struct runs *r, const struct script_input *input);

/*
 * The same by guessing: what may be put off is recorded and believed, verified at the end, and the
 * input run again directly where one was bad. The answer must be runs_direct's.
 */
enum script_error runs_deferred(struct runs *r, const struct script_input *input);

/*
 * Answers that have nothing to do with the signatures, but are the same for the same check: scripts
 * get farther than signatures that are right would take them.
 */
enum script_error runs_arbitrary(struct runs *r, const struct script_input *input);

/* Fills the workspace with what no run leaves in it: it must not matter to the next one. */
void runs_spoil(struct runs *r);

#endif
