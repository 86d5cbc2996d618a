/*
 * What must come out right before any signature is verified: one good check of each form, and bad ones made of
 * them. Short, for it runs at every start; the unit tests go on from here.
 */
#include "engine/verifier_impl.h"

#include "base/hex.h"
#include "base/verify.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MOST_COUNTS = 64, /* counts from zero up that are tried */
    GUARD = 0xa5,     /* what lies behind the answers */
};

struct good {
    enum signature_kind kind;
    uint8_t parity;
    const char *key, *message, *signature;
};

/* Made for this table: secret keys and messages are arithmetic progressions of bytes. */
static const struct good good[] = {
    /* 0: compressed, even y */
    {SIGNATURE_ECDSA, 0,
     "020a36a9a284c5d31af81f6347a0a81e9fabf074cbae735677a18d0a80126262"
     "02",
     "1d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6",
     "a5ff42c0413c0ddc28b99a4b5a57fe35cc0ccb96919de8c0fb76412a297b364c"
     "2ff66f0d5e02891619deea2725d011d99fd11739b9f68d1072a314b94868fd65"},
    /* 1: compressed, odd y */
    {SIGNATURE_ECDSA, 0,
     "033a6ac5c8a357934a3a8b3acf29fc8fd9015bba31354d2e26b337f4a1758b5d"
     "af",
     "575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930",
     "50e418b3b9dd22fc6b5a860f9c5896a11e27b21f3c11703d983f8373f09b43b3"
     "11e2527a670a951b35b9f1b02ce781c749dea0aba8028f1f2ec6df8223ea2357"},
    /* 2: uncompressed */
    {SIGNATURE_ECDSA, 0,
     "0438eb456eba08f8854eca09d83693880f33233f4d794a678d4cd2061a646736"
     "0367a2681a8ba5093943ced3f0e4b7178bc15118b73cb5ecfc9f1e2d4508f989"
     "fc",
     "3a41484f565d646b727980878e959ca3aab1b8bfc6cdd4dbe2e9f0f7fe050c13",
     "a3fe16c172c2cdece3e0eb74cb604a9d04da8241f59f3a4fc68fb5b5a321cd83"
     "38053671dd07a26129918aee2e797f75f2c1e091344a666d73f16e83f2730571"},
    /* 3: hybrid, even y */
    {SIGNATURE_ECDSA, 0,
     "06b1ce900344f782a03f006fec945b88e0a219c7a6115f6467a952b32aa59637"
     "51f5885da8856e0beaf0ea9a5a93040b6962a78e7a52da967f83c99d8b0c1c61"
     "c0",
     "747b828990979ea5acb3bac1c8cfd6dde4ebf2f900070e151c232a31383f464d",
     "d568a470a37667f073a2fa187bcaf17af247f07f42bf3b37cdfa6d17b4c939fe"
     "3c26015a80e623d412a181458ad1a2e78a248362f569a3c5148af135931d0b02"},
    /* 4: hybrid, odd y */
    {SIGNATURE_ECDSA, 0,
     "073a6ac5c8a357934a3a8b3acf29fc8fd9015bba31354d2e26b337f4a1758b5d"
     "af5320447569c830dbb1a98d2858cd1f075b17cf5466bcab18e7fa2652227884"
     "e3",
     "575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930",
     "50e418b3b9dd22fc6b5a860f9c5896a11e27b21f3c11703d983f8373f09b43b3"
     "11e2527a670a951b35b9f1b02ce781c749dea0aba8028f1f2ec6df8223ea2357"},
    /* 5: s above n / 2 */
    {SIGNATURE_ECDSA, 0,
     "02a96f766bc6857945f1ae6c0815433d6acd74959e931647224f15b8f1339773"
     "52",
     "91989fa6adb4bbc2c9d0d7dee5ecf3fa01080f161d242b323940474e555c636a",
     "d65f476c5c8866fe679654d3e80009e03db4ff1704a38e09a8bb857534c371fa"
     "ce2b566681520d4af43ce85c900b8daf4aa5387100545651a49d3e8e02f2d123"},
    /* 6: BIP340 */
    {SIGNATURE_SCHNORR, 0, "0a36a9a284c5d31af81f6347a0a81e9fabf074cbae735677a18d0a8012626202",
     "1d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6",
     "a87eaa1696758b0f9919167b9f7caa2f6fd2f42c8a978ae803c0e6a752cf8fa9"
     "08c37b7086f2c84416863736014d25745ee4d2f13413a0bd481bd0457bce2f40"},
    /* 7: BIP340 */
    {SIGNATURE_SCHNORR, 0, "2940a8842eed7b4f9adfe473267eadc28862dda9b3b79c8e063cc54aea5525b8",
     "aeb5bcc3cad1d8dfe6edf4fb020910171e252c333a41484f565d646b72798087",
     "cdd03fff8e837a403a34b63294a5adb16e732c46be42ce91fe296721ba43e9b0"
     "e4f9972a5fa259f765b33d74bd21d89614cb163ce1410feaa9a43d7dae045b6f"},
    /* 8: tweaked key with odd y */
    {SIGNATURE_TAPROOT_TWEAK, 1, "64db5528c4f0dacf723128481437aac36c3ae1f94fce47b2547bdbaa86bba321",
     "1d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6",
     "0a36a9a284c5d31af81f6347a0a81e9fabf074cbae735677a18d0a8012626202"
     "0000000000000000000000000000000000000000000000000000000000000000"},
    /* 9: with even y */
    {SIGNATURE_TAPROOT_TWEAK, 0, "c4ffbdb920fc004481c637244b12232036a41af8eb7c268be4cc0c9d262a544e",
     "575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930",
     "3a6ac5c8a357934a3a8b3acf29fc8fd9015bba31354d2e26b337f4a1758b5daf"
     "0000000000000000000000000000000000000000000000000000000000000000"},
};

enum { GOOD = sizeof(good) / sizeof(good[0]) };

#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ORDER "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define PRIME "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
#define NO_POINT "0000000000000000000000000000000000000000000000000000000000000005"

enum part { KEY, MESSAGE, SIGNATURE, PARITY };

/* A good one with some bytes replaced. */
static const struct bad {
    size_t of;
    enum part part;
    size_t at;
    const char *bytes;
} bad[] = {
    {0, KEY, 0, "03"},                                                         /* the other y */
    {0, KEY, 0, "05"},                                                         /* no such form */
    {0, KEY, 1, NO_POINT},     {0, KEY, 1, PRIME},          {2, KEY, 0, "07"}, /* y is even */
    {2, KEY, 64, "00"},        {3, KEY, 0, "07"},           {4, KEY, 0, "06"},
    {0, SIGNATURE, 0, ZERO},   {0, SIGNATURE, 32, ZERO},    {1, SIGNATURE, 0, ORDER},
    {1, SIGNATURE, 32, ORDER}, {5, SIGNATURE, 32, ORDER},   {0, MESSAGE, 0, ZERO},
    {5, MESSAGE, 31, "00"},    {6, KEY, 0, NO_POINT},       {6, KEY, 0, PRIME},
    {6, SIGNATURE, 0, PRIME},  {6, SIGNATURE, 0, NO_POINT}, {6, SIGNATURE, 32, ORDER},
    {7, SIGNATURE, 32, ZERO},  {7, MESSAGE, 31, "00"},      {8, PARITY, 0, "00"},
    {8, KEY, 0, PRIME},        {8, SIGNATURE, 0, NO_POINT}, {8, MESSAGE, 0, ORDER},
    {9, PARITY, 0, "01"},      {9, MESSAGE, 0, ZERO},       {9, KEY, 31, "00"},
};

enum { KNOWN = GOOD + sizeof(bad) / sizeof(bad[0]) };

static size_t decode(uint8_t *out, const char *text)
{
    size_t size = strlen(text) / 2;
    bool digits = hex_decode(out, size, text, 2 * size);

    VERIFY_CHECK(digits);
    return size;
}

static struct signature_check check_of(const struct good *from)
{
    struct signature_check check = {.kind = (uint8_t)from->kind, .parity = from->parity};

    check.key_size = (uint8_t)decode(check.key, from->key);
    decode(check.message, from->message);
    decode(check.signature, from->signature);
    return check;
}

static struct signature_check spoiled(const struct bad *how)
{
    struct signature_check check = check_of(&good[how->of]);
    uint8_t *parts[] = {[KEY] = check.key,
                        [MESSAGE] = check.message,
                        [SIGNATURE] = check.signature,
                        [PARITY] = &check.parity};

    decode(parts[how->part] + how->at, how->bytes);
    return check;
}

/* The known checks again and again, in an order that mixes good and bad. */
static void fill(struct signature_check *checks, uint8_t *want, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t which = i * 11 % KNOWN;

        want[i] = which < GOOD;
        checks[i] = want[i] ? check_of(&good[which]) : spoiled(&bad[which - GOOD]);
    }
}

_Static_assert(KNOWN % 11, "every known check comes up");

/* n checks: a false accept is never right, a false reject where the implementation is not exact. */
static bool agrees(const struct signature_verify_impl *impl, const struct signature_check *checks,
                   const uint8_t *want, uint8_t *accepted, size_t n)
{
    memset(accepted, GUARD, n + 1);
    impl->run(accepted, checks, n);
    for (size_t i = 0; i < n; i++)
        if (accepted[i] != want[i] && (accepted[i] || impl->exact))
            return false;
    return accepted[n] == GUARD;
}

static bool agrees_at_every_count(const struct signature_verify_impl *impl,
                                  const struct signature_check *checks, const uint8_t *want,
                                  uint8_t *accepted, size_t all)
{
    for (size_t n = 0; n <= MOST_COUNTS && n <= 2 * (size_t)impl->best_batch; n++) {
        size_t from = n * 7 % (all - n);

        if (!agrees(impl, checks + from, want + from, accepted, n))
            return false;
    }
    return agrees(impl, checks, want, accepted, all);
}

bool verifier_check(const struct signature_verify_impl *impl,
                    char error[static VERIFIER_ERROR_SIZE])
{
    static const struct signature_verify_impl reference = {.name = "libsecp256k1",
                                                           .exact = true,
                                                           .best_batch = 1,
                                                           .run = signature_verify_libsecp256k1};
    size_t twice = 2 * (size_t)impl->best_batch + 1, n = twice > KNOWN ? twice : KNOWN;
    struct signature_check *checks = calloc(n, sizeof(*checks));
    uint8_t *want = calloc(n, 1), *accepted = calloc(n + 1, 1);
    const struct signature_verify_impl *wrong = NULL;
    bool memory = checks && want && accepted;

    if (memory) {
        fill(checks, want, n);
        if (!agrees(&reference, checks, want, accepted, KNOWN))
            wrong = &reference;
        else if (!agrees_at_every_count(impl, checks, want, accepted, n))
            wrong = impl;
    }
    free(checks);
    free(want);
    free(accepted);
    if (!memory)
        snprintf(error, VERIFIER_ERROR_SIZE, "out of memory for the check of signatures");
    else if (wrong)
        snprintf(error, VERIFIER_ERROR_SIZE,
                 "the signature verification %.100s is wrong about known signatures: it must not "
                 "be trusted",
                 wrong->name);
    return memory && !wrong;
}
