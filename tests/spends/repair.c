#include "tests/spends/repair.h"

#include "consensus/script.h"
#include "kernels/kernels.h"
#include "kernels/ripemd160.h"

enum {
    PATCHES_MAX = 32, /* a run; there is another after it */
    ROUNDS_MAX = 5,   /* a new taproot output changes what is signed */
};

#define COMPRESS (kernels_generic.sha256_compress->run)

/* The last thing that a script pushes, where it does nothing but push; else no data. */
static struct bytes last_push(struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i = {0};

    while (script_read(&r, &i))
        if (i.opcode > OP_16)
            return (struct bytes){0};
    return script_reader_done(&r) ? i.data : (struct bytes){0};
}

static struct bytes sha256_copy(const struct spend *s, struct bytes data)
{
    struct sha256 hash;
    uint8_t *out = spend_alloc(s, 32);

    sha256_init(&hash, COMPRESS);
    sha256_update(&hash, data.data, data.size);
    sha256_final(&hash, out);
    return bytes_of(out, 32);
}

static struct bytes hash160_copy(const struct spend *s, struct bytes data)
{
    uint8_t *out = spend_alloc(s, 20);

    hash160(COMPRESS, out, data.data, data.size);
    return bytes_of(out, 20);
}

static struct bytes with_bytes(const struct spend *s, struct bytes script, size_t at,
                               struct bytes data)
{
    uint8_t *copy = spend_copy(s, script);

    memcpy(copy + at, data.data, data.size);
    return bytes_of(copy, script.size);
}

/* A v0 witness program, made to name the last item of the witness. */
static struct bytes commit_program(const struct spend *s, struct bytes script)
{
    const struct tx_input *input = spend_input(s);
    unsigned version;
    struct bytes program, last;

    if (!script_witness_program(script, &version, &program) || version != 0 ||
        input->witness_count == 0)
        return script;
    last = input->witness[input->witness_count - 1];
    if (program.size == WITNESS_V0_SCRIPTHASH_SIZE)
        return with_bytes(s, script, 2, sha256_copy(s, last));
    if (program.size == WITNESS_V0_KEYHASH_SIZE)
        return with_bytes(s, script, 2, hash160_copy(s, last));
    return script;
}

void spend_commit(struct spend *s)
{
    struct tx_input *input = spend_input(s);
    struct tx_output *output = spend_output(s);
    struct bytes script = output->script, pushed = last_push(input->script);

    if (script_is_p2sh(script)) {
        if (!pushed.data)
            return;
        input->script = with_bytes(s, input->script, (size_t)(pushed.data - input->script.data),
                                   commit_program(s, pushed));
        output->script = with_bytes(s, script, 2, hash160_copy(s, last_push(input->script)));
    } else if (script.size == 25 && script.data[0] == OP_DUP && script.data[1] == OP_HASH160 &&
               script.data[2] == 20) {
        if (pushed.data)
            output->script = with_bytes(s, script, 3, hash160_copy(s, pushed));
    } else {
        output->script = commit_program(s, script);
    }
}

/* size bytes that are to be replaced wherever they stand. */
struct patch {
    uint8_t before[32], after[32];
};

struct repair {
    const struct keys *keys;
    struct patch patches[PATCHES_MAX];
    size_t count;
    bool flip_parity; /* of the control block */
};

static void add_patch(struct repair *r, const uint8_t *before, const uint8_t *after)
{
    if (r->count == PATCHES_MAX || memcmp(before, after, 32) == 0)
        return;
    memcpy(r->patches[r->count].before, before, 32);
    memcpy(r->patches[r->count].after, after, 32);
    r->count++;
}

/* script_decide_fn: says "true" to what is, and to what will be after the patches. */
static bool repair_check(void *context, const struct signature_check *check,
                         enum script_decision decision)
{
    struct repair *r = context;
    struct signature_check good = *check;

    if (script_decide_directly(NULL, check, decision))
        return true;
    if (check->kind == SIGNATURE_TAPROOT_TWEAK) {
        if (!keys_tweak(r->keys, &good))
            return false;
        add_patch(r, check->key, good.key);
        r->flip_parity = check->parity != good.parity;
        return true;
    }
    /* Of several candidates the first is not always the right one; always the same, for the next round. */
    if (decision == SCRIPT_DECIDE_NOW && ((check->key[5] ^ check->message[0]) & 1))
        return false;
    if (!keys_sign(r->keys, &good))
        return decision == SCRIPT_MAY_DEFER;
    add_patch(r, check->signature, good.signature);
    add_patch(r, check->signature + 32, good.signature + 32);
    return true;
}

static struct bytes patched(const struct spend *s, const struct repair *r, struct bytes data)
{
    uint8_t *copy = NULL;

    for (size_t i = 0; i < r->count; i++) {
        const uint8_t *from = copy ? copy : data.data, *found;
        size_t left = data.size;

        while (left >= 32 && (found = memmem(from, left, r->patches[i].before, 32))) {
            size_t at = data.size - left + (size_t)(found - from);

            if (!copy)
                copy = spend_copy(s, data);
            memcpy(copy + at, r->patches[i].after, 32);
            left = data.size - at - 32;
            from = copy + at + 32;
        }
    }
    return copy ? bytes_of(copy, data.size) : data;
}

/* The control block is the last item but for an annex. */
static void flip_parity(const struct spend *s, struct bytes *witness, size_t count)
{
    if (count > 1 && witness[count - 1].size && witness[count - 1].data[0] == ANNEX_TAG)
        count--;
    if (count > 1 && witness[count - 1].size) {
        uint8_t *copy = spend_copy(s, witness[count - 1]);

        copy[0] ^= 1;
        witness[count - 1].data = copy;
    }
}

static void apply(struct spend *s, const struct repair *r)
{
    struct tx_input *input = spend_input(s);
    struct tx_output *output = spend_output(s);
    struct bytes *witness = spend_alloc(s, input->witness_count * sizeof(*witness));

    for (size_t i = 0; i < input->witness_count; i++)
        witness[i] = patched(s, r, input->witness[i]);
    if (r->flip_parity)
        flip_parity(s, witness, input->witness_count);
    input->witness = witness;
    input->script = patched(s, r, input->script);
    output->script = patched(s, r, output->script);
}

void spend_repair(struct spend *s, struct script_workspace *workspace, const struct keys *keys)
{
    for (int i = 0; i < ROUNDS_MAX; i++) {
        struct repair r = {.keys = keys};
        struct sighash_tx tx;
        struct script_input input;
        enum script_error unused;

        spend_commit(s);
        input = spend_prepare(s, &tx);
        unused = script_verify(workspace, &input, repair_check, &r);
        (void)unused;
        if (r.count == 0 && !r.flip_parity)
            break;
        apply(s, &r);
    }
}
