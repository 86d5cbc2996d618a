#include "tests/unit/signatures.h"

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_schnorrsig.h>

/* What can't fail with a secret key that is random. */
static void must(int ok)
{
    if (!ok)
        abort();
}

/* n - s for a big-endian s below n, the order of the group (SEC 2, 2.4.1). */
static void negate(uint8_t s[32])
{
    static const uint8_t order[32] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
        0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
    };
    int borrow = 0;

    for (int i = 31; i >= 0; i--) {
        int difference = order[i] - s[i] - borrow;

        borrow = difference < 0;
        s[i] = (uint8_t)difference;
    }
}

static void sign_ecdsa(struct random *random, secp256k1_context *context,
                       struct signature_check *check, const uint8_t secret[32])
{
    size_t form = random_below(random, 3), size = sizeof(check->key);
    secp256k1_ecdsa_signature signature;
    secp256k1_pubkey key;

    must(secp256k1_ec_pubkey_create(context, &key, secret));
    must(secp256k1_ec_pubkey_serialize(context, check->key, &size, &key,
                                       form ? SECP256K1_EC_UNCOMPRESSED : SECP256K1_EC_COMPRESSED));
    check->key_size = (uint8_t)size;
    if (form == 2) /* hybrid: the form tells y's parity, too */
        check->key[0] = (uint8_t)(6 + (check->key[64] & 1));
    must(secp256k1_ecdsa_sign(context, &signature, check->message, secret, NULL, NULL));
    must(secp256k1_ecdsa_signature_serialize_compact(context, check->signature, &signature));
    if (random_below(random, 2))
        negate(check->signature + 32);
}

static void sign_schnorr(secp256k1_context *context, struct signature_check *check,
                         const secp256k1_keypair *pair, const secp256k1_xonly_pubkey *key)
{
    must(secp256k1_xonly_pubkey_serialize(context, check->key, key));
    must(secp256k1_schnorrsig_sign32(context, check->signature, check->message, pair, NULL));
    check->key_size = 32;
}

static void tweak(secp256k1_context *context, struct signature_check *check,
                  const secp256k1_xonly_pubkey *internal)
{
    secp256k1_pubkey tweaked;
    secp256k1_xonly_pubkey key;
    int parity;

    must(secp256k1_xonly_pubkey_serialize(context, check->signature, internal));
    must(secp256k1_xonly_pubkey_tweak_add(context, &tweaked, internal, check->message));
    must(secp256k1_xonly_pubkey_from_pubkey(context, &key, &parity, &tweaked));
    must(secp256k1_xonly_pubkey_serialize(context, check->key, &key));
    check->key_size = 32;
    check->parity = (uint8_t)parity;
}

struct signature_check signatures_good(struct random *random, enum signature_kind kind)
{
    secp256k1_context *context = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    struct signature_check check = {.kind = (uint8_t)kind};
    secp256k1_xonly_pubkey key;
    secp256k1_keypair pair;
    uint8_t secret[32];

    random_fill(random, secret, sizeof(secret));
    random_fill(random, check.message, sizeof(check.message));
    must(secp256k1_keypair_create(context, &pair, secret));
    must(secp256k1_keypair_xonly_pub(context, &key, NULL, &pair));
    switch (kind) {
    case SIGNATURE_ECDSA:
        sign_ecdsa(random, context, &check, secret);
        break;
    case SIGNATURE_SCHNORR:
        sign_schnorr(context, &check, &pair, &key);
        break;
    case SIGNATURE_TAPROOT_TWEAK:
        tweak(context, &check, &key);
        break;
    }
    secp256k1_context_destroy(context);
    return check;
}

struct signature_check signatures_bad(struct random *random, enum signature_kind kind)
{
    struct signature_check check = signatures_good(random, kind);
    size_t size = kind == SIGNATURE_TAPROOT_TWEAK ? 32 : 64;
    uint8_t bit = (uint8_t)(1 << random_below(random, 8));

    switch (random_below(random, 3)) {
    case 0: /* not the first byte: a key may be good in more than one form */
        check.key[1 + random_below(random, check.key_size - 1u)] ^= bit;
        break;
    case 1:
        check.message[random_below(random, 32)] ^= bit;
        break;
    default:
        check.signature[random_below(random, size)] ^= bit;
    }
    return check;
}

struct signature_check signatures_any(struct random *random, bool good)
{
    enum signature_kind kind = (enum signature_kind)random_below(random, 3);

    return good ? signatures_good(random, kind) : signatures_bad(random, kind);
}
