/*
 * What tells the networks apart: const tables. Bitcoin's are facts from Core's
 * kernel/chainparams.cpp as of February 2026; "excalibur" is this project's own.
 *
 * Pass a const struct params * to whatever depends on the network. A program
 * with options that change one (regtest heights, a signet of its own) copies
 * the struct and changes the copy.
 */
#ifndef CONSENSUS_PARAMS_H
#define CONSENSUS_PARAMS_H

#include "base/uint256.h"
#include "consensus/block.h"

/*
 * Script rules that hold from the genesis block on, but for the exceptions below (Core,
 * GetBlockScriptFlags).
 */
enum {
    PARAMS_RULE_P2SH = 1 << 0,
    PARAMS_RULE_WITNESS = 1 << 1,
    PARAMS_RULE_TAPROOT = 1 << 2,
};

/* A block that is in the chain and breaks a rule that came later. */
struct params_exception {
    struct block_hash block;
    unsigned rules; /* PARAMS_RULE_* that do hold for it */
};

/*
 * A soft fork by version bits (BIP9, with BIP341's minimum activation height). Times are
 * median times past.
 */
struct params_deployment {
    const char *name;
    int bit;
    int64_t start; /* or one of the two below */
    int64_t timeout;
    int32_t min_activation_height;
    uint32_t threshold; /* blocks of a period that must signal */
    uint32_t period;
};

#define PARAMS_ALWAYS_ACTIVE INT64_C(-1)
#define PARAMS_NEVER_ACTIVE INT64_C(-2)
#define PARAMS_NO_TIMEOUT INT64_MAX

enum {
    PARAMS_MAX_EXCEPTIONS = 2,
    PARAMS_DEPLOYMENTS = 1,
};

struct params {
    const char *name; /* as -chain= takes it: main, test, testnet4, signet, regtest, excalibur */
    bool test_chain;  /* coins are worth nothing; a lone node may mine */

    /* The wire and people's text. */
    uint8_t magic[4];
    uint16_t p2p_port, rpc_port;
    uint8_t base58_p2pkh, base58_p2sh, base58_wif;
    uint8_t base58_xpub[4], base58_xprv[4];
    uint32_t coin_type; /* of BIP44's paths: 0, and 1 on every test network (SLIP 44) */
    const char *bech32_prefix;

    /* The first block. Its one transaction is given as bytes. */
    struct block_header genesis;
    struct block_hash genesis_hash;
    struct bytes genesis_coinbase;

    /* Money and proof of work. Times in seconds. */
    uint32_t halving_interval;
    struct uint256 pow_limit;
    int64_t pow_spacing;
    int64_t pow_timespan;
    bool pow_min_difficulty; /* a block that is late by two spacings may have pow_limit */
    bool pow_no_retargeting;
    bool bip94; /* retarget from a period's first block, whose time must be near its parent's */

    /* The first height at which a rule holds. */
    int32_t bip34_height, bip65_height, bip66_height, csv_height, segwit_height;
    struct block_hash bip34_hash; /* the block at bip34_height; zeros where that proves nothing */
    struct params_deployment deployments[PARAMS_DEPLOYMENTS];
    struct params_exception exceptions[PARAMS_MAX_EXCEPTIONS];
    size_t exception_count;
    int32_t min_bip9_warning_height;

    struct bytes signet_challenge; /* empty: not a signet (BIP325) */

    /*
     * What a good chain has: never a rule, only what is worth looking at and worth verifying
     * again.
     */
    struct uint256 minimum_chain_work;
    struct block_hash assume_valid; /* zeros: none */
};

/* Every network, the main one first, ended by NULL. */
extern const struct params *const params_all[];

/* The network of a chain name; NULL where there is none of that name. */
const struct params *params_find(const char *name);

/* The number of blocks between retargets: 2016, but 144 on regtest and excalibur. */
static inline int64_t params_retarget_interval(const struct params *p)
{
    return p->pow_timespan / p->pow_spacing;
}

/* What a block at this height may create, fees aside. Height must not be negative. */
struct amount params_subsidy(const struct params *p, int32_t height);

/* PARAMS_RULE_* that hold for the block of this hash. */
unsigned params_script_rules(const struct params *p, struct block_hash block);

/*
 * The parameters of the signet with this challenge (BIP325): signet's, with
 * magic from the challenge, and no assumptions about its chain. challenge must
 * outlive out.
 */
void params_custom_signet(sha256_compress_fn *compress, struct params *out, struct bytes challenge);

#endif
