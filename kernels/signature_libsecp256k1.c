/*
 * The reference: libsecp256k1, check by check. Its static context verifies and needs no making.
 */
#include "kernels/signature.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

static bool ecdsa(const struct signature_check *check)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_pubkey key;
    secp256k1_ecdsa_signature signature;

    /* Sizes other than 33 and 65 are refused here; so are r and s that are not below n. */
    if (!secp256k1_ec_pubkey_parse(context, &key, check->key, check->key_size) ||
        !secp256k1_ecdsa_signature_parse_compact(context, &signature, check->signature))
        return false;
    /* The library verifies low s alone; for consensus s and n - s are as good. */
    secp256k1_ecdsa_signature_normalize(context, &signature, &signature);
    return secp256k1_ecdsa_verify(context, &signature, check->message, &key);
}

static bool schnorr(const struct signature_check *check)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_xonly_pubkey key;

    return secp256k1_xonly_pubkey_parse(context, &key, check->key) &&
           secp256k1_schnorrsig_verify(context, check->signature, check->message,
                                       sizeof(check->message), &key);
}

static bool tweak(const struct signature_check *check)
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_xonly_pubkey internal;

    return secp256k1_xonly_pubkey_parse(context, &internal, check->signature) &&
           secp256k1_xonly_pubkey_tweak_add_check(context, check->key, check->parity, &internal,
                                                  check->message);
}

static bool verify(const struct signature_check *check)
{
    switch (check->kind) {
    case SIGNATURE_ECDSA:
        return ecdsa(check);
    case SIGNATURE_SCHNORR:
        return schnorr(check);
    case SIGNATURE_TAPROOT_TWEAK:
        return tweak(check);
    }
    return false;
}

void signature_verify_libsecp256k1(uint8_t *accepted, const struct signature_check *checks,
                                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        accepted[i] = verify(&checks[i]);
}
