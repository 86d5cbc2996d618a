/*
 * Signature hashes: what a signature signs. The three versions of it: legacy,
 * BIP143 (segwit v0), BIP341 with BIP342's extension (taproot).
 *
 * What does not depend on the input is computed once a transaction and kept in
 * struct sighash_tx, const from then on, so that inputs may be verified on many
 * threads at once. What may be shared inside one input (the legacy form's
 * quadratic case) is kept in struct sighash_cache, one an input, as Core's
 * SigHashCache.
 */
#ifndef CONSENSUS_SIGHASH_H
#define CONSENSUS_SIGHASH_H

#include "consensus/transaction.h"

enum {
    SIGHASH_DEFAULT = 0, /* taproot alone: as ALL, in 64 bytes of signature */
    SIGHASH_ALL = 1,
    SIGHASH_NONE = 2,
    SIGHASH_SINGLE = 3,
    SIGHASH_ANYONECANPAY = 0x80,
    SIGHASH_OUTPUT_MASK = 3, /* taproot's; the older versions mask with 0x1f */
};

struct sighash_tx {
    const struct transaction *tx;
    const struct tx_output *spent; /* one an input, or NULL where they are not known */
    sha256_compress_fn *compress;
    bool bip143_ready, bip341_ready;
    /* BIP341's are single SHA-256; BIP143's three are these, hashed once more. */
    struct hash256 prevouts, sequences, outputs, spent_amounts, spent_scripts;
    struct hash256 prevouts_twice, sequences_twice, outputs_twice;
};

/*
 * Prepares tx for signature hashes: what its inputs may need, as Core's
 * PrecomputedTransactionData::Init decides it, or everything where all is true (for signing, or
 * where witnesses are not filled in yet). tx and spent must outlive out. Writes no memory but out.
 */
void sighash_tx_init(struct sighash_tx *out, sha256_compress_fn *compress,
                     const struct transaction *tx, const struct tx_output *spent, bool all);

enum { SIGHASH_CACHE_ENTRIES = 6 };

/* Of one input, while its scripts run. Zero initialised it is empty. */
struct sighash_cache {
    struct {
        bool used;
        struct bytes script_code; /* a view: the same bytes while the cache is in use */
        struct sha256 midstate;   /* before the hash type itself */
    } entries[SIGHASH_CACHE_ENTRIES];
};

/*
 * The legacy hash of input (Satoshi's, with OP_CODESEPARATOR left out of script_code; whoever needs
 * FindAndDelete did it before). hash_type is the signature's last byte, but as wide as Core's: some
 * tests have more. An input that is not there, and SIGHASH_SINGLE without the output of its index,
 * give the number one. cache may be NULL.
 */
void sighash_legacy(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                    struct bytes script_code, int32_t hash_type, struct sighash_cache *cache);

/* BIP143's. amount is that of the output that input spends. cache may be NULL. */
void sighash_segwit_v0(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                       struct bytes script_code, struct amount amount, int32_t hash_type,
                       struct sighash_cache *cache);

/* What a taproot spend adds to the hash, and what is computed once for it. */
struct sighash_taproot {
    bool annex_present;
    struct hash256 annex_hash; /* of the annex with its length */
    bool tapscript;            /* a script path spend: the two below are hashed too (BIP342) */
    struct hash256 tapleaf_hash;
    uint32_t codeseparator_position; /* of the last one executed; 0xffffffff for none */
};

/*
 * BIP341's. False, and nothing written, where the hash type is none of the seven, or SIGHASH_SINGLE
 * has no output of its index. s must have all spent outputs.
 */
MUST_USE bool sighash_taproot(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                              const struct sighash_taproot *spend, uint8_t hash_type);

/*
 * The tagged hashes of BIP340 and BIP341: SHA-256 that begins with SHA256(tag) twice. tag is text.
 */
void sighash_tagged_init(struct sha256 *out, sha256_compress_fn *compress, const char *tag);

/* BIP341's TapLeaf, TapBranch and TapTweak. */
struct hash256 taproot_leaf_hash(sha256_compress_fn *compress, uint8_t leaf_version,
                                 struct bytes script);
struct hash256 taproot_branch_hash(sha256_compress_fn *compress, struct hash256 a,
                                   struct hash256 b);
struct hash256 taproot_tweak(sha256_compress_fn *compress, const uint8_t internal_key[static 32],
                             const struct hash256 *merkle_root); /* NULL: no script tree */

#endif
