/*
 * Verifying secp256k1 signatures: the operation, and the implementations of it.
 *
 * A check is plain data: what the script gave, copied, so that it may be
 * verified later, elsewhere, and together with others. Encodings were already
 * judged where the script was run (consensus/signature_encoding.h).
 *
 * Implementations are total functions of bytes: any count, zero included, no
 * memory, no state, any thread. One that is not the reference may only accept
 * what the reference accepts, and may leave the rest to it: see
 * signature_verify_impl.
 */
#ifndef KERNELS_SIGNATURE_H
#define KERNELS_SIGNATURE_H

#include "base/bytes.h"

enum signature_kind {
    /*
     * ECDSA as consensus takes it: a key of 33 bytes (02, 03) or 65 (04, hybrid 06 and 07), r and s
     * of which s may be high. False for a key that is none, or r or s that is zero or not below n.
     */
    SIGNATURE_ECDSA,
    /* BIP340: an x-only key of 32 bytes. */
    SIGNATURE_SCHNORR,
    /*
     * BIP341: whether key is the x of signature[0..31] (the internal key) + message (the tweak) * G,
     * and parity that of its y.
     */
    SIGNATURE_TAPROOT_TWEAK,
};

struct signature_check {
    uint8_t kind;     /* enum signature_kind */
    uint8_t key_size; /* 33 or 65 for ECDSA, else 32 */
    uint8_t parity;   /* of a tweak: 0 or 1; else 0 */
    uint8_t key[65];  /* zeros behind key_size */
    uint8_t message[32];
    uint8_t signature
        [64]; /* ECDSA: r, s, big-endian; Schnorr: as it is; tweak: see above, zeros behind */
};

/*
 * Sets accepted[i] to 1 where checks[i] is good, else to 0. accepted overlaps nothing.
 */
typedef void signature_verify_fn(uint8_t *accepted, const struct signature_check *checks, size_t n);

struct signature_verify_impl {
    const char *name; /* what logs print and options accept */
    unsigned needs;   /* CPU_* bits, all of them; zero runs anywhere */
    /*
     * Whether a 0 is a verdict. Where not, only a 1 is, and the caller asks the reference about the
     * rest.
     */
    bool exact;
    uint32_t best_batch; /* checks a call from which on more a call is not faster a check */
    uint32_t latency_us; /* about how long a call of best_batch checks takes */
    signature_verify_fn *run;
};

/* The fastest first, the reference ("libsecp256k1") last, ended by one without a name. */
extern const struct signature_verify_impl signature_verify_impls[];

/* The reference itself: libsecp256k1, one by one. */
signature_verify_fn signature_verify_libsecp256k1;

#endif
