#include "tests/spends/keys.h"

#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

#include <stdlib.h>

static void derive(struct keys *keys, size_t i, size_t byte, uint8_t value)
{
    uint8_t *secret = keys->key[i].secret;
    secp256k1_pubkey key;
    size_t size = 33;

    secret[byte] = value;
    if (!secp256k1_ec_pubkey_create(keys->context, &key, secret))
        abort();
    secp256k1_ec_pubkey_serialize(keys->context, keys->key[i].compressed, &size, &key,
                                  SECP256K1_EC_COMPRESSED);
    size = 65;
    secp256k1_ec_pubkey_serialize(keys->context, keys->key[i].uncompressed, &size, &key,
                                  SECP256K1_EC_UNCOMPRESSED);
}

void keys_init(struct keys *keys)
{
    *keys = (struct keys){.context = secp256k1_context_create(SECP256K1_CONTEXT_NONE)};
    if (!keys->context)
        abort();
    derive(keys, 0, 31, 1);
    derive(keys, 1, 30, 1);
    derive(keys, 2, 29, 1);
    for (size_t i = 3; i < KEYS; i++)
        derive(keys, i, 0, (uint8_t)i);
}

void keys_free(struct keys *keys) { secp256k1_context_destroy(keys->context); }

static bool is_key(const struct keys *keys, size_t i, const struct signature_check *check)
{
    size_t x = check->kind == SIGNATURE_SCHNORR ? 0 : 1;

    return memcmp(check->key + x, keys->key[i].compressed + 1, 32) == 0;
}

static bool sign_ecdsa(const struct keys *keys, size_t i, struct signature_check *check)
{
    bool high_r = check->signature[0] >> 7, high_s = check->signature[32] >> 7;

    for (uint32_t n = 0; n < 64; n++) {
        uint8_t extra[32] = {0}, compact[64];
        secp256k1_ecdsa_signature signature;

        write_le32(extra, n);
        if (!secp256k1_ecdsa_sign(keys->context, &signature, check->message, keys->key[i].secret,
                                  NULL, extra))
            return false;
        secp256k1_ecdsa_signature_serialize_compact(keys->context, compact, &signature);
        if (compact[0] >> 7 != high_r)
            continue;
        /* s is low; what is high is its complement, n - s. */
        if (high_s && !secp256k1_ec_seckey_negate(keys->context, compact + 32))
            return false;
        memcpy(check->signature, compact, sizeof(compact));
        return true;
    }
    return false;
}

static bool sign_schnorr(const struct keys *keys, size_t i, struct signature_check *check)
{
    secp256k1_keypair pair;

    return secp256k1_keypair_create(keys->context, &pair, keys->key[i].secret) &&
           secp256k1_schnorrsig_sign32(keys->context, check->signature, check->message, &pair,
                                       NULL);
}

bool keys_sign(const struct keys *keys, struct signature_check *check)
{
    for (size_t i = 0; i < KEYS; i++)
        if (is_key(keys, i, check))
            return check->kind == SIGNATURE_ECDSA ? sign_ecdsa(keys, i, check)
                                                  : sign_schnorr(keys, i, check);
    return false;
}

bool keys_tweak(const struct keys *keys, struct signature_check *check)
{
    secp256k1_xonly_pubkey internal;
    secp256k1_pubkey output;
    int parity;

    if (!secp256k1_xonly_pubkey_parse(keys->context, &internal, check->signature) ||
        !secp256k1_xonly_pubkey_tweak_add(keys->context, &output, &internal, check->message) ||
        !secp256k1_xonly_pubkey_from_pubkey(keys->context, &internal, &parity, &output))
        return false;
    secp256k1_xonly_pubkey_serialize(keys->context, check->key, &internal);
    check->parity = (uint8_t)parity;
    return true;
}
