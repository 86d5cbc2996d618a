/*
 * Any bytes as a script: what is read is all of it, in order, and built again; what FindAndDelete
 * leaves is what a plain copy of its rule leaves; counts agree with each other; and the bytes as a
 * signature: what is strict is read leniently too.
 */
#include "consensus/script.h"
#include "consensus/sighash.h"
#include "consensus/signature_encoding.h"
#include "consensus/sigops.h"
#include "kernels/kernels.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

/* Instructions lie one behind another, each as long as its form says, and end where the script does. */
static void check_reading(struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    const uint8_t *at = r.at;
    bool push_only = true;

    for (; script_read(&r, &i); at = r.at) {
        size_t head = i.opcode == OP_PUSHDATA1   ? 2
                      : i.opcode == OP_PUSHDATA2 ? 3
                      : i.opcode == OP_PUSHDATA4 ? 5
                                                 : 1;

        FUZZ_CHECK(i.opcode == at[0]);
        FUZZ_CHECK(r.at == at + head + i.data.size);
        FUZZ_CHECK(i.data.data == at + head);
        FUZZ_CHECK(i.opcode <= OP_PUSHDATA4 || i.data.size == 0);
        FUZZ_CHECK(script_opcode_name(i.opcode));
        push_only = push_only && i.opcode <= OP_16;
    }
    FUZZ_CHECK(r.at == at);
    FUZZ_CHECK(script_reader_rest(&r).size == (size_t)(r.end - at));
    FUZZ_CHECK(script_is_push_only(script) == (push_only && script_reader_done(&r)));
}

/* A push that is minimal is what the builder makes of its data, and the other way round. */
static void check_pushes(struct bytes script)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    uint8_t *out = malloc(script.size + 8);

    FUZZ_CHECK(out);
    for (const uint8_t *at = r.at; script_read(&r, &i); at = r.at) {
        struct script_builder b = script_builder_on(out, script.size + 8);
        int64_t number;

        if (i.opcode > OP_PUSHDATA4)
            continue;
        script_push(&b, i.data);
        FUZZ_CHECK(!b.failed);
        if (script_push_is_minimal(&i))
            FUZZ_CHECK(bytes_equal(bytes_of(at, (size_t)(r.at - at)), bytes_of(b.data, b.size)));
        if (script_number_decode(&number, i.data, true, 8)) {
            b.size = 0;
            script_push_number(&b, number);
            FUZZ_CHECK(!b.failed && b.size <= (size_t)(r.at - at));
            if (script_push_is_minimal(&i))
                FUZZ_CHECK(bytes_equal(bytes_of(at, b.size), bytes_of(b.data, b.size)));
        }
    }
    free(out);
}

/* FindAndDelete by its rule, byte after byte. */
static size_t delete_plainly(uint8_t *out, size_t *size, struct bytes script, struct bytes part)
{
    struct script_reader r = script_reader_of(script);
    struct script_instruction i;
    size_t found = 0;

    *size = 0;
    while (part.size) {
        const uint8_t *at;

        while (script_reader_rest(&r).size >= part.size &&
               bytes_equal(bytes_of(r.at, part.size), part)) {
            r.at += part.size;
            found++;
        }
        at = r.at;
        if (!script_read(&r, &i))
            break;
        while (at < r.at)
            out[(*size)++] = *at++;
    }
    for (struct bytes rest = script_reader_rest(&r); rest.size; rest.data++, rest.size--)
        out[(*size)++] = *rest.data;
    return found;
}

static void check_delete(struct bytes script, struct bytes part)
{
    uint8_t *want = malloc(script.size + 1), *got = malloc(script.size + 1);
    size_t size, found, again;
    struct bytes left;

    FUZZ_CHECK(want && got);
    left = script_find_and_delete(got, &found, script, part);
    FUZZ_CHECK(found == delete_plainly(want, &size, script, part));
    FUZZ_CHECK(bytes_equal(left, bytes_of(want, size)));
    FUZZ_CHECK(left.data == (found ? got : script.data));
    FUZZ_CHECK(left.size == script.size - found * part.size);

    /* In place. */
    if (script.size)
        memcpy(got, script.data, script.size);
    left = script_find_and_delete(got, &again, bytes_of(got, script.size), part);
    FUZZ_CHECK(again == found && bytes_equal(left, bytes_of(want, size)));
    free(got);
    free(want);
}

static void check_sigops(struct bytes script)
{
    uint32_t rough = sigops_script(script, false), accurate = sigops_script(script, true);

    FUZZ_CHECK(accurate <= rough);
    FUZZ_CHECK(rough <= MAX_PUBKEYS_PER_MULTISIG * script.size);
    FUZZ_CHECK((rough == 0) == (accurate == 0));
}

/* The hash of a script code is the same from a cache, and not that of another one. */
static void check_sighash(struct bytes code, int32_t type)
{
    static struct sighash_cache cache;
    struct tx_input input = {.sequence = SEQUENCE_FINAL};
    struct tx_output output = {{1}, code};
    struct transaction tx = {
        .version = 1, .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
    struct sighash_tx s;
    uint8_t plain[32], cached[32];

    sighash_tx_init(&s, kernels_generic.sha256_compress->run, &tx, NULL, false);
    sighash_cache_clear(&cache);
    sighash_legacy(plain, &s, 0, code, type, NULL);
    for (int i = 0; i < 2; i++) {
        sighash_legacy(cached, &s, 0, code, type, &cache);
        FUZZ_CHECK(memcmp(plain, cached, 32) == 0);
    }
    sighash_legacy(cached, &s, 0, code, (int32_t)((uint32_t)type ^ 0x40000000), &cache);
    FUZZ_CHECK(memcmp(plain, cached, 32) != 0);
}

static void check_signature(struct bytes signature)
{
    const uint32_t strict = SCRIPT_VERIFY_DERSIG | SCRIPT_VERIFY_STRICTENC;
    uint8_t r_s[64];

    if (signature_is_strict_der(signature)) {
        FUZZ_CHECK(signature_parse_der_lax(r_s, bytes_of(signature.data, signature.size - 1)));
        FUZZ_CHECK(signature_check_encoding(signature, SCRIPT_VERIFY_LOW_S) ==
                   (signature_is_low_s(r_s) ? SCRIPT_ERR_OK : SCRIPT_ERR_SIG_HIGH_S));
        FUZZ_CHECK(
            signature_check_encoding(signature, strict) ==
            (signature_has_defined_hash_type(signature) ? SCRIPT_ERR_OK : SCRIPT_ERR_SIG_HASHTYPE));
    } else if (signature.size) {
        FUZZ_CHECK(signature_check_encoding(signature, strict) == SCRIPT_ERR_SIG_DER);
    }
    if (signature_parse_der_lax(r_s, signature)) /* what follows is not looked at */
        FUZZ_CHECK(signature.size >= 6);
    FUZZ_CHECK(signature_check_encoding(signature, 0) == SCRIPT_ERR_OK);
    FUZZ_CHECK(!public_key_is_compressed_or_uncompressed(signature) ||
               public_key_has_valid_size(signature));
}

/* The first byte says how many of the others are the part that is looked for. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes script, part;

    if (size == 0)
        return 0;
    part = bytes_of(data + 1, data[0] < size - 1 ? data[0] : size - 1);
    script = bytes_of(data + 1 + part.size, size - 1 - part.size);
    check_reading(script);
    check_pushes(script);
    check_delete(script, part);
    check_sigops(script);
    check_sighash(script, (int32_t)(data[0] * UINT32_C(0x01010101)));
    check_signature(part);
    check_signature(script);
    return 0;
}
