/*
 * Signature hashes: what a signature signs. The three versions of it: legacy,
 * BIP143 (segwit v0), BIP341 with BIP342's extension (taproot).
 *
 * What does not depend on the input is computed once a transaction and kept in
 * struct sighash_tx, const from then on, so that inputs may be verified on many
 * threads at once. What may be shared inside one input (the legacy form's
 * quadratic case) is kept in struct sighash_cache, one an input, as Core's
 * SigHashCache.
 *
 * Nothing here allocates. Functions are pure apart from what they write to.
 */
#ifndef CONSENSUS_SIGHASH_H
#define CONSENSUS_SIGHASH_H

#include "consensus/script.h"
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
    struct bytes raw_outputs; /* of a parsed transaction: all outputs as they are hashed */
    bool bip143_ready, bip341_ready;
    /* BIP341's are single SHA-256; BIP143's three are these, hashed once more. */
    struct hash256 prevouts, sequences, outputs, spent_amounts, spent_scripts;
    struct hash256 prevouts_twice, sequences_twice, outputs_twice;
};

/*
 * Prepares tx for signature hashes: what its inputs may need, as Core's
 * PrecomputedTransactionData::Init decides it, or everything where all is true (for signing, or
 * where witnesses are not filled in yet). BIP341's needs spent. tx and spent must outlive out and
 * stay as they are. Writes no memory but out.
 */
void sighash_tx_init(struct sighash_tx *out, sha256_compress_fn *compress,
                     const struct transaction *tx, const struct tx_output *spent, bool all);

enum { SIGHASH_CACHE_ENTRIES = 6 };

/*
 * Of one input, while its scripts run, by one thread: one hash that is almost done for each way that
 * inputs and outputs are chosen, of the script code that came last. Script codes are copied, since
 * FindAndDelete's are in passing memory; so this is large, some 60 KB of which few are touched.
 */
struct sighash_cache {
    bool used[SIGHASH_CACHE_ENTRIES]; /* together, so that emptying touches one line */
    struct sighash_cache_entry {
        size_t script_code_size;
        struct sha256 midstate; /* before the hash type itself */
        uint8_t script_code[MAX_SCRIPT_SIZE];
    } entries[SIGHASH_CACHE_ENTRIES];
};

/* Makes a cache ready for an input: the first, or the next. */
void sighash_cache_clear(struct sighash_cache *cache);

/*
 * The legacy hash of input (Satoshi's, with OP_CODESEPARATOR left out of script_code; whoever needs
 * FindAndDelete did it before). hash_type is the signature's last byte, but as wide as Core's: some
 * tests have more. An input that is not there, and SIGHASH_SINGLE without the output of its index,
 * give the number one. cache may be NULL; it is not used for more than MAX_SCRIPT_SIZE of
 * script_code, which no script that runs has.
 */
void sighash_legacy(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                    struct bytes script_code, int32_t hash_type, struct sighash_cache *cache);

/*
 * BIP143's. amount is that of the output that input spends; input must be there. cache as above; an
 * input uses it for one of the two versions only, as no input can have both (Core, SigHashCache).
 */
void sighash_segwit_v0(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                       struct bytes script_code, struct amount amount, int32_t hash_type,
                       struct sighash_cache *cache);

/* What a taproot spend adds to the hash, and what is computed once for it. */
struct sighash_taproot {
    bool annex_present;
    struct hash256 annex_hash; /* of the annex with its length: sighash_annex */
    bool tapscript;            /* a script path spend: the two below are hashed too (BIP342) */
    struct hash256 tapleaf_hash;
    uint32_t codeseparator_position; /* of the last one executed; 0xffffffff for none */
    bool output_ready;     /* false at first; sighash_taproot fills in this and the next */
    struct hash256 output; /* SIGHASH_SINGLE's */
};

/*
 * BIP341's; input must be there, and spend belong to it alone. False, and nothing written to out,
 * where the hash type is none of the seven, where SIGHASH_SINGLE has no output of its index, and
 * where s is not bip341_ready, because spent outputs were not known (Core, HandleMissingData).
 */
MUST_USE bool sighash_taproot(uint8_t out[static 32], const struct sighash_tx *s, size_t input,
                              struct sighash_taproot *spend, uint8_t hash_type);

/* BIP341's hash of an annex, whose first byte is ANNEX_TAG. */
struct hash256 sighash_annex(sha256_compress_fn *compress, struct bytes annex);

/* BIP341's TapLeaf, TapBranch and TapTweak. leaf_version is as hashed: without the parity bit. */
struct hash256 taproot_leaf_hash(sha256_compress_fn *compress, uint8_t leaf_version,
                                 struct bytes script);
struct hash256 taproot_branch_hash(sha256_compress_fn *compress, struct hash256 a,
                                   struct hash256 b);
struct hash256 taproot_tweak(sha256_compress_fn *compress, const uint8_t internal_key[static 32],
                             const struct hash256 *merkle_root); /* NULL: no script tree */

#endif
