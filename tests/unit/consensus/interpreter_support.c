#include "tests/unit/consensus/interpreter_support.h"

#include "tests/unit/consensus/script_assembler.h"

#include <stdlib.h>

static const char *const form_names[FORMS] = {"legacy", "P2SH", "witness v0", "tapscript"};

struct runner *runner_create(void)
{
    struct runner *r = calloc(1, sizeof(*r));

    assert_non_null(r);
    r->workspace = malloc(script_workspace_size());
    assert_non_null(r->workspace);
    r->tx = (struct transaction){.version = 2,
                                 .inputs = &r->input,
                                 .input_count = 1,
                                 .outputs = &r->output,
                                 .output_count = 1};
    r->spent.value.sat = 1000;
    r->answers = "";
    return r;
}

void runner_destroy(struct runner *r)
{
    free(r->workspace);
    free(r);
}

static bool answer(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    static const char letters[] = {
        [SIGNATURE_ECDSA] = 'e', [SIGNATURE_SCHNORR] = 's', [SIGNATURE_TAPROOT_TWEAK] = 't'};
    struct runner *r = context;
    char letter = letters[check->kind];

    r->last = *check;
    if (r->calls < RUNNER_ASKED)
        r->asked[r->calls] = (char)(decision == SCRIPT_DECIDE_NOW ? letter - 'a' + 'A' : letter);
    r->calls++;
    if (check->kind == SIGNATURE_TAPROOT_TWEAK || *r->answers == '\0')
        return true;
    return *r->answers++ != '0';
}

enum script_error runner_verify(struct runner *r, struct bytes script_sig,
                                struct bytes script_pubkey, const struct bytes *witness,
                                size_t witness_count, uint32_t flags)
{
    enum script_error error;
    struct sighash_tx hashes;
    struct script_input input = {
        .tx = &hashes, .script_pubkey = script_pubkey, .amount = r->spent.value, .flags = flags};

    r->calls = 0;
    memset(r->asked, 0, sizeof(r->asked));
    r->input.script = script_sig;
    r->input.witness = witness;
    r->input.witness_count = witness_count;
    r->spent.script = script_pubkey;
    sighash_tx_init(&hashes, COMPRESS, &r->tx, r->spent_unknown ? NULL : &r->spent, false);
    error = script_verify(r->workspace, &input, answer, r);
    /* The forms make theirs on their own stack, and the caller may hash what is spent. */
    if (script_pubkey.size <= sizeof(r->script_pubkey)) {
        if (script_pubkey.size)
            memmove(r->script_pubkey, script_pubkey.data, script_pubkey.size);
        r->spent.script = bytes_of(r->script_pubkey, script_pubkey.size);
    }
    return error;
}

static struct bytes push_all(struct runner *r, const struct bytes *items, size_t count,
                             const struct bytes *script)
{
    struct script_builder b = script_builder_on(r->script_sig, sizeof(r->script_sig));

    for (size_t i = 0; i < count; i++)
        script_push(&b, items[i]);
    if (script)
        script_push(&b, *script);
    assert_false(b.failed);
    return bytes_of(b.data, b.size);
}

static enum script_error run_p2sh(struct runner *r, struct bytes script, const struct bytes *items,
                                  size_t count, uint32_t flags)
{
    uint8_t pubkey[P2SH_SCRIPT_SIZE] = {OP_HASH160, 20, [22] = OP_EQUAL};

    hash160(COMPRESS, pubkey + 2, script.data, script.size);
    return runner_verify(r, push_all(r, items, count, &script), bytes_of(pubkey, sizeof(pubkey)),
                         NULL, 0, flags | SCRIPT_VERIFY_P2SH);
}

static enum script_error run_witness_v0(struct runner *r, struct bytes script, size_t count,
                                        uint32_t flags)
{
    uint8_t pubkey[34] = {OP_0, 32};
    struct sha256 s;

    sha256_init(&s, COMPRESS);
    sha256_update(&s, script.data, script.size);
    sha256_final(&s, pubkey + 2);
    r->items[count] = script;
    return runner_verify(r, (struct bytes){0}, bytes_of(pubkey, sizeof(pubkey)), r->items,
                         count + 1, flags | SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS);
}

static enum script_error run_tapscript(struct runner *r, struct bytes script, size_t count,
                                       uint32_t flags)
{
    static const uint8_t pubkey[34] = {OP_1, 32, 7}, control[33] = {TAPROOT_LEAF_TAPSCRIPT, 9};

    r->items[count] = script;
    r->items[count + 1] = bytes_of(control, sizeof(control));
    return runner_verify(
        r, (struct bytes){0}, bytes_of(pubkey, sizeof(pubkey)), r->items, count + 2,
        flags | SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_TAPROOT);
}

enum script_error runner_run(struct runner *r, enum script_form form, struct bytes script,
                             const struct bytes *items, size_t count, uint32_t flags)
{
    assert_true(count <= RUNNER_ITEMS);
    if (items != r->items && count > 0)
        memcpy(r->items, items, count * sizeof(*items));
    switch (form) {
    case FORM_LEGACY:
        return runner_verify(r, push_all(r, r->items, count, NULL), script, NULL, 0, flags);
    case FORM_P2SH:
        return run_p2sh(r, script, r->items, count, flags);
    case FORM_WITNESS_V0:
        return run_witness_v0(r, script, count, flags);
    case FORM_TAPSCRIPT:
        return run_tapscript(r, script, count, flags);
    case FORMS:
        break;
    }
    fail();
    return SCRIPT_ERRORS;
}

struct bytes runner_script(struct runner *r, const char *text)
{
    struct script_builder b = script_builder_on(r->script, sizeof(r->script));

    if (!script_assemble(&b, text) || b.failed)
        fail_msg("not a script: %s", text);
    return bytes_of(b.data, b.size);
}

enum script_error runner_run_text(struct runner *r, enum script_form form, const char *text,
                                  uint32_t flags)
{
    return runner_run(r, form, runner_script(r, text), NULL, 0, flags);
}

void assert_script_error(enum script_error got, enum script_error want, enum script_form form,
                         const char *what)
{
    if (got != want)
        fail_msg("%s, %s: %s, not %s", what, form_names[form], script_error_name(got),
                 script_error_name(want));
}
