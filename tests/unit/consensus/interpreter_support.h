/*
 * Running a script in each of the versions that there are, with a decide that
 * answers as the test says and writes down what it was asked.
 */
#ifndef TESTS_UNIT_CONSENSUS_INTERPRETER_SUPPORT_H
#define TESTS_UNIT_CONSENSUS_INTERPRETER_SUPPORT_H

#include "consensus/interpreter.h"
#include "consensus/script.h"
#include "kernels/ripemd160.h"
#include "tests/unit/consensus/support.h"

enum { RUNNER_ASKED = 256, RUNNER_ITEMS = 2000 };

enum script_form { FORM_LEGACY, FORM_P2SH, FORM_WITNESS_V0, FORM_TAPSCRIPT, FORMS };

/* A transaction of one input and one output, and what its last run left. */
struct runner {
    struct script_workspace *workspace;
    struct transaction tx;
    struct tx_input input;
    struct tx_output output, spent;
    uint8_t script_pubkey[42]; /* of spent after a run, where it is one of the usual forms */
    bool spent_unknown;
    const char *answers; /* of decide: '0' is false, anything else and the end true */
    /*
     * What was asked: e for ECDSA, s for Schnorr, t for taproot's tweak; a capital letter where the
     * answer had to be right at once. The first RUNNER_ASKED calls.
     */
    char asked[RUNNER_ASKED + 1];
    size_t calls;
    struct signature_check last;
    struct bytes items[RUNNER_ITEMS + 3];
    uint8_t script_sig[20000], script[100000];
};

/* Zeroed but for the transaction; ends the program where there is no memory. */
struct runner *runner_create(void);
void runner_destroy(struct runner *r);

/* Runs with a given scriptSig, witness and scriptPubKey. */
enum script_error runner_verify(struct runner *r, struct bytes script_sig,
                                struct bytes script_pubkey, const struct bytes *witness,
                                size_t witness_count, uint32_t flags);

/*
 * Runs script on a stack of items, in one of the forms. P2SH, WITNESS and TAPROOT are added to flags
 * where the form needs them. decide's answer about a tapscript's commitment is always true, and is
 * not among answers.
 */
enum script_error runner_run(struct runner *r, enum script_form form, struct bytes script,
                             const struct bytes *items, size_t count, uint32_t flags);

/* The same for script's text and no items. */
enum script_error runner_run_text(struct runner *r, enum script_form form, const char *text,
                                  uint32_t flags);

/* A script of text, in r->script. */
struct bytes runner_script(struct runner *r, const char *text);

/* Fails the test, with all names, where they differ. */
void assert_script_error(enum script_error got, enum script_error want, enum script_form form,
                         const char *what);

#endif
