#include "consensus/address.h"

#include "base/verify.h"
#include "consensus/base58.h"
#include "consensus/bech32.h"

#include <string.h>

enum {
    HASH160_SIZE = 20,
    WIF_PAYLOAD_SIZE = 1 + 32, /* one more where the public key is compressed */
    V0_SCRIPT_HASH_SIZE = 32,
    V1_KEY_SIZE = 32,
    V1_ANCHOR_SIZE = 2,
    P2PKH_SCRIPT_SIZE = 3 + HASH160_SIZE + 2,
};

static const uint8_t anchor_program[V1_ANCHOR_SIZE] = {0x4e, 0x73};

/* Which kind of output a witness program is. False for a version 0 that can never be spent. */
static bool witness_type(enum address_type *type, unsigned version, struct bytes program)
{
    if (version == 0) {
        *type = program.size == HASH160_SIZE ? ADDRESS_P2WPKH : ADDRESS_P2WSH;
        return program.size == HASH160_SIZE || program.size == V0_SCRIPT_HASH_SIZE;
    }
    if (version == 1 && program.size == V1_KEY_SIZE)
        *type = ADDRESS_P2TR;
    else if (version == 1 && bytes_equal(program, bytes_of(anchor_program, V1_ANCHOR_SIZE)))
        *type = ADDRESS_P2A;
    else
        *type = ADDRESS_FUTURE_WITNESS;
    return true;
}

static void set_program(struct address *out, enum address_type type, unsigned version,
                        struct bytes program)
{
    *out = (struct address){type, (uint8_t)version, (uint8_t)program.size, {0}};
    memcpy(out->program, program.data, program.size);
}

/* Base58 that is not this network's address: what else it may be. */
static enum address_error foreign_base58(struct bytes payload)
{
    for (const struct params *const *p = params_all; *p; p++) {
        bool key_size = payload.size == WIF_PAYLOAD_SIZE || payload.size == WIF_PAYLOAD_SIZE + 1;

        if (payload.data[0] == (*p)->base58_wif && key_size)
            return ADDRESS_PRIVATE_KEY;
        if (payload.data[0] == (*p)->base58_p2pkh || payload.data[0] == (*p)->base58_p2sh)
            return payload.size == 1 + HASH160_SIZE ? ADDRESS_WRONG_NETWORK : ADDRESS_BAD_LENGTH;
    }
    return ADDRESS_UNKNOWN_PREFIX;
}

static bool is_network_prefix(const char *prefix)
{
    for (const struct params *const *p = params_all; *p; p++)
        if (!strcmp(prefix, (*p)->bech32_prefix))
            return true;
    return false;
}

static enum address_error from_base58(const struct params *net, struct address *out,
                                      struct bytes payload)
{
    struct bytes hash;

    if (payload.size == 0)
        return ADDRESS_BAD_LENGTH;
    if (payload.data[0] != net->base58_p2pkh && payload.data[0] != net->base58_p2sh)
        return foreign_base58(payload);
    hash = bytes_of(payload.data + 1, payload.size - 1);
    if (hash.size != HASH160_SIZE)
        return ADDRESS_BAD_LENGTH;
    set_program(out, payload.data[0] == net->base58_p2pkh ? ADDRESS_P2PKH : ADDRESS_P2SH, 0, hash);
    return ADDRESS_OK;
}

static enum address_error from_bech32_error(enum bech32_error error)
{
    switch (error) {
    case BECH32_OK:
        return ADDRESS_OK;
    case BECH32_TOO_LONG:
        return ADDRESS_BAD_LENGTH;
    case BECH32_BAD_CHARACTER:
        return ADDRESS_BAD_CHARACTER;
    case BECH32_MIXED_CASE:
        return ADDRESS_MIXED_CASE;
    case BECH32_NO_SEPARATOR:
        return ADDRESS_BAD_SEPARATOR;
    case BECH32_BAD_CHECKSUM:
        return ADDRESS_BAD_CHECKSUM;
    }
    return ADDRESS_NOT_AN_ADDRESS;
}

/*
 * The order of the tests is Core's (DecodeDestination), and so is which error a text with
 * several has.
 */
static enum address_error from_bech32(const struct params *net, struct address *out,
                                      const struct bech32 *text)
{
    uint8_t data[BECH32_MAX_LENGTH];
    struct bytes program;
    enum address_type type;
    unsigned version;
    size_t size;

    if (text->count == 0)
        return ADDRESS_EMPTY_DATA;
    if (strcmp(text->prefix, net->bech32_prefix))
        return is_network_prefix(text->prefix) ? ADDRESS_WRONG_NETWORK : ADDRESS_UNKNOWN_PREFIX;
    version = text->values[0];
    if (version == 0 && text->encoding != BECH32)
        return ADDRESS_NEEDS_BECH32;
    if (version != 0 && text->encoding != BECH32M)
        return ADDRESS_NEEDS_BECH32M;
    if (!bech32_from_groups(data, &size, text->values + 1, text->count - 1))
        return ADDRESS_BAD_PADDING;
    if (version > 16)
        return ADDRESS_BAD_VERSION;
    program = bytes_of(data, size);
    if (size < WITNESS_PROGRAM_MIN || size > WITNESS_PROGRAM_MAX ||
        !witness_type(&type, version, program))
        return ADDRESS_BAD_PROGRAM_LENGTH;
    set_program(out, type, version, program);
    return ADDRESS_OK;
}

/* Core's test of which of the two encodings a text is meant to be in. */
static bool begins_with_prefix(const char *text, size_t length, const char *prefix)
{
    for (; *prefix; prefix++, text++, length--)
        if (length == 0 || (*text != *prefix && *text != *prefix - 'a' + 'A'))
            return false;
    return true;
}

static enum address_error decode_base58(sha256_compress_fn *compress, const struct params *net,
                                        struct address *out, const char *text, size_t length)
{
    uint8_t payload[BASE58_MAX_SIZE];
    size_t size, capacity = sizeof(payload) - BASE58_CHECKSUM_SIZE;
    enum address_error error = ADDRESS_NOT_AN_ADDRESS;

    if (base58_decode_check(compress, payload, &size, capacity, text, length))
        error = from_base58(net, out, bytes_of(payload, size));
    else if (length && base58_decode(payload, &size, sizeof(payload), text, length))
        error = ADDRESS_BAD_CHECKSUM;
    explicit_bzero(payload, sizeof(payload)); /* it may have been a private key */
    return error;
}

enum address_error address_decode(sha256_compress_fn *compress, const struct params *net,
                                  struct address *out, const char *text, size_t length)
{
    struct bech32 decoded;
    enum bech32_error bech32_error;
    enum address_error error;

    if (begins_with_prefix(text, length, net->bech32_prefix)) {
        bech32_error = bech32_decode(&decoded, text, length);
        if (bech32_error == BECH32_OK)
            return from_bech32(net, out, &decoded);
        /*
         * One in some 700 base58 addresses of excalibur begins with EXs or EXS, eXs or eXS. None
         * of Bitcoin's networks can begin with its prefix: there the answer is Core's.
         */
        if (decode_base58(compress, net, out, text, length) == ADDRESS_OK)
            return ADDRESS_OK;
        return from_bech32_error(bech32_error);
    }
    error = decode_base58(compress, net, out, text, length);
    if (error != ADDRESS_NOT_AN_ADDRESS && error != ADDRESS_BAD_CHECKSUM)
        return error;
    /* Only to say more of what is wrong: it does not have this network's prefix. */
    return bech32_decode(&decoded, text, length) == BECH32_OK ? from_bech32(net, out, &decoded)
                                                              : error;
}

const char *address_error_text(enum address_error error)
{
    switch (error) {
    case ADDRESS_OK:
        return "ok";
    case ADDRESS_NOT_AN_ADDRESS:
        return "neither base58 nor bech32";
    case ADDRESS_WRONG_NETWORK:
        return "an address of another network";
    case ADDRESS_UNKNOWN_PREFIX:
        return "a prefix that is no network's";
    case ADDRESS_PRIVATE_KEY:
        return "a private key, not an address: show it to nobody";
    case ADDRESS_BAD_CHECKSUM:
        return "the checksum does not match: a typing error?";
    case ADDRESS_BAD_LENGTH:
        return "too long or too short";
    case ADDRESS_BAD_CHARACTER:
        return "a character that addresses do not have";
    case ADDRESS_MIXED_CASE:
        return "lower and upper case are mixed";
    case ADDRESS_BAD_SEPARATOR:
        return "the separator \"1\" is missing or misplaced";
    case ADDRESS_EMPTY_DATA:
        return "nothing behind the prefix";
    case ADDRESS_NEEDS_BECH32:
        return "witness version 0 with the checksum of bech32m";
    case ADDRESS_NEEDS_BECH32M:
        return "witness version 1 or later with the checksum of bech32";
    case ADDRESS_BAD_VERSION:
        return "a witness version above 16";
    case ADDRESS_BAD_PROGRAM_LENGTH:
        return "a witness program of a length that may not be";
    case ADDRESS_BAD_PADDING:
        return "bits left over at the end";
    }
    return "unknown address error";
}

static size_t encode_base58(sha256_compress_fn *compress, char out[static ADDRESS_TEXT_SIZE],
                            uint8_t version, const struct address *address)
{
    char text[BASE58_TEXT_SIZE];
    uint8_t payload[1 + HASH160_SIZE];
    size_t length;

    payload[0] = version;
    memcpy(payload + 1, address->program, HASH160_SIZE);
    length = base58_encode_check(compress, text, bytes_of(payload, sizeof(payload)));
    VERIFY_CHECK(length < ADDRESS_TEXT_SIZE);
    memcpy(out, text, length + 1);
    return length;
}

size_t address_encode(sha256_compress_fn *compress, const struct params *net,
                      char out[static ADDRESS_TEXT_SIZE], const struct address *address)
{
    uint8_t values[1 + (8 * WITNESS_PROGRAM_MAX + 4) / 5];
    size_t count;
    bool fits;

    if (address->type == ADDRESS_P2PKH)
        return encode_base58(compress, out, net->base58_p2pkh, address);
    if (address->type == ADDRESS_P2SH)
        return encode_base58(compress, out, net->base58_p2sh, address);
    values[0] = address->version;
    count = 1 + bech32_to_groups(values + 1, bytes_of(address->program, address->size));
    fits = bech32_encode(out, address->version == 0 ? BECH32 : BECH32M, net->bech32_prefix, values,
                         count);
    VERIFY_CHECK(fits); /* the longest has 72 characters behind its prefix */
    return fits ? strlen(out) : 0;
}

size_t address_to_script(uint8_t out[static ADDRESS_SCRIPT_MAX], const struct address *address)
{
    struct script_builder b = script_builder_on(out, ADDRESS_SCRIPT_MAX);
    struct bytes program = bytes_of(address->program, address->size);

    if (address->type == ADDRESS_P2PKH) {
        script_op(&b, OP_DUP);
        script_op(&b, OP_HASH160);
        script_push(&b, program);
        script_op(&b, OP_EQUALVERIFY);
        script_op(&b, OP_CHECKSIG);
    } else if (address->type == ADDRESS_P2SH) {
        script_op(&b, OP_HASH160);
        script_push(&b, program);
        script_op(&b, OP_EQUAL);
    } else {
        script_push_number(&b, address->version);
        script_push(&b, program);
    }
    VERIFY_CHECK(!b.failed);
    return b.size;
}

static bool is_p2pkh(struct bytes script)
{
    return script.size == P2PKH_SCRIPT_SIZE && script.data[0] == OP_DUP &&
           script.data[1] == OP_HASH160 && script.data[2] == HASH160_SIZE &&
           script.data[P2PKH_SCRIPT_SIZE - 2] == OP_EQUALVERIFY &&
           script.data[P2PKH_SCRIPT_SIZE - 1] == OP_CHECKSIG;
}

bool address_from_script(struct address *out, struct bytes script)
{
    struct bytes program;
    enum address_type type;
    unsigned version;

    if (is_p2pkh(script)) {
        set_program(out, ADDRESS_P2PKH, 0, bytes_of(script.data + 3, HASH160_SIZE));
        return true;
    }
    if (script_is_p2sh(script)) {
        set_program(out, ADDRESS_P2SH, 0, bytes_of(script.data + 2, HASH160_SIZE));
        return true;
    }
    if (!script_witness_program(script, &version, &program) ||
        !witness_type(&type, version, program))
        return false;
    set_program(out, type, version, program);
    return true;
}
