#include "consensus/params.h"

#include "consensus/compact_size.h"

/* 64-bit words of a number as people write it, the most significant first. */
#define NUMBER(a, b, c, d)                                                                         \
    {                                                                                              \
        {                                                                                          \
            d, c, b, a                                                                             \
        }                                                                                          \
    }
#define BYTES_LE(x)                                                                                \
    (x) & 255, (x) >> 8 & 255, (x) >> 16 & 255, (x) >> 24 & 255, (x) >> 32 & 255, (x) >> 40 & 255, \
        (x) >> 48 & 255, (x) >> 56 & 255
#define HASH(a, b, c, d)                                                                           \
    {                                                                                              \
        {                                                                                          \
            BYTES_LE(UINT64_C(d)), BYTES_LE(UINT64_C(c)), BYTES_LE(UINT64_C(b)),                   \
                BYTES_LE(UINT64_C(a))                                                              \
        }                                                                                          \
    }

/* A coinbase up to its script: version 1, one input, the null outpoint. */
#define COINBASE_HEAD                                                                              \
    "\x01\0\0\0"                                                                                   \
    "\x01"                                                                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                             \
    "\xff\xff\xff\xff"
/* From behind its script: the sequence, one output of 50 coins. */
#define COINBASE_TAIL                                                                              \
    "\xff\xff\xff\xff"                                                                             \
    "\x01"                                                                                         \
    "\x00\xf2\x05\x2a\x01\0\0\0"
/* Pushes of 0x1d00ffff and of 4 begin the script of every network's genesis block. */
#define GENESIS_PUSHES "\x04\xff\xff\x00\x1d\x01\x04"

static const char satoshi_coinbase[] = COINBASE_HEAD
    "\x4d" GENESIS_PUSHES "\x45"
    "The Times 03/Jan/2009 Chancellor on brink of second bailout for banks" COINBASE_TAIL "\x43\x41"
    "\x04\x67\x8a\xfd\xb0\xfe\x55\x48\x27\x19\x67\xf1\xa6\x71\x30\xb7\x10\x5c\xd6\xa8"
    "\x28\xe0\x39\x09\xa6\x79\x62\xe0\xea\x1f\x61\xde\xb6\x49\xf6\xbc\x3f\x4c\xef\x38"
    "\xc4\xf3\x55\x04\xe5\x1e\xc1\x12\xde\x5c\x38\x4d\xf7\xba\x0b\x8d\x57\x8a\x4c\x70"
    "\x2b\x6b\xf1\x1d\x5f"
    "\xac"
    "\0\0\0\0";

static const char testnet4_coinbase[] = COINBASE_HEAD
    "\x55" GENESIS_PUSHES "\x4c\x4c"
    "03/May/2024 000000000000000000001ebd58c244970b3aa9d783bb001011fbe8ea8e98e00e" COINBASE_TAIL
    "\x23\x21"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\xac"
    "\0\0\0\0";

/* Its output can be spent by nobody by any program's rules: OP_RETURN alone. */
static const char excalibur_coinbase[] = COINBASE_HEAD
    "\x4e" GENESIS_PUSHES "\x46"
    "23/Nov/2026 Excalibur-EXS: difficulty follows the hash rate once a day" COINBASE_TAIL "\x01"
    "\x6a"
    "\0\0\0\0";

/* A multisignature of one of two keys. */
static const uint8_t signet_challenge[] = {
    0x51, 0x21, 0x03, 0xad, 0x5e, 0x0e, 0xda, 0xd1, 0x8c, 0xb1, 0xf0, 0xfc, 0x0d, 0x28, 0xa3,
    0xd4, 0xf1, 0xf3, 0xe4, 0x45, 0x64, 0x03, 0x37, 0x48, 0x9a, 0xbb, 0x10, 0x40, 0x4f, 0x2d,
    0x1e, 0x08, 0x6b, 0xe4, 0x30, 0x21, 0x03, 0x59, 0xef, 0x50, 0x21, 0x96, 0x4f, 0xe2, 0x2d,
    0x6f, 0x8e, 0x05, 0xb2, 0x46, 0x3c, 0x95, 0x40, 0xce, 0x96, 0x88, 0x3f, 0xe3, 0xb2, 0x78,
    0x76, 0x0f, 0x04, 0x8f, 0x51, 0x89, 0xf2, 0xe6, 0xc4, 0x52, 0xae};

#define TEXT_BYTES(text)                                                                           \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }
#define SATOSHI_ROOT                                                                               \
    HASH(0x4a5e1e4baab89f3a, 0x32518a88c31bc87f, 0x618f76673e2cc77a, 0xb2127b7afdeda33b)
#define TWO_WEEKS (14 * 24 * 60 * 60)

/* Bit 28, for tests of version bits; only regtest ever starts it. */
#define TESTDUMMY(start, threshold, period)                                                        \
    {                                                                                              \
        {                                                                                          \
            "testdummy", 28, start, PARAMS_NO_TIMEOUT, 0, threshold, period                        \
        }                                                                                          \
    }

/* What all of Bitcoin's test networks share. */
#define TEST_PREFIXES                                                                              \
    .base58_p2pkh = 111, .base58_p2sh = 196, .base58_wif = 239,                                    \
    .base58_xpub = {0x04, 0x35, 0x87, 0xcf}, .base58_xprv = {0x04, 0x35, 0x83, 0x94},              \
    .coin_type = 1

static const struct params main_params = {
    .name = "main",
    .magic = {0xf9, 0xbe, 0xb4, 0xd9},
    .p2p_port = 8333,
    .rpc_port = 8332,
    .base58_p2pkh = 0,
    .base58_p2sh = 5,
    .base58_wif = 128,
    .base58_xpub = {0x04, 0x88, 0xb2, 0x1e},
    .base58_xprv = {0x04, 0x88, 0xad, 0xe4},
    .bech32_prefix = "bc",
    .genesis = {1, {{0}}, SATOSHI_ROOT, 1231006505, 0x1d00ffff, 2083236893},
    .genesis_hash =
        HASH(0x000000000019d668, 0x9c085ae165831e93, 0x4ff763ae46a2a6c1, 0x72b3f1b60a8ce26f),
    .genesis_coinbase = TEXT_BYTES(satoshi_coinbase),
    .halving_interval = 210000,
    .pow_limit = NUMBER(0x00000000ffffffff, UINT64_MAX, UINT64_MAX, UINT64_MAX),
    .pow_spacing = 600,
    .pow_timespan = TWO_WEEKS,
    .bip34_height = 227931,
    .bip34_hash =
        HASH(0x000000000000024b, 0x89b42a942fe0d9fe, 0xa3bb44ab7bd1b191, 0x15dd6a759c0808b8),
    .bip65_height = 388381,
    .bip66_height = 363725,
    .csv_height = 419328,
    .segwit_height = 481824,
    .deployments = TESTDUMMY(PARAMS_NEVER_ACTIVE, 1815, 2016),
    .exceptions =
        {
            /* A spend that P2SH would refuse, and one that taproot would. */
            {HASH(0x00000000000002dc, 0x756eebf4f49723ed, 0x8d30cc28a5f108eb, 0x94b1ba88ac4f9c22),
             0},
            {HASH(0x0000000000000000, 0x000f14c35b2d841e, 0x986ab5441de8c585, 0xd5ffe55ea1e395ad),
             PARAMS_RULE_P2SH | PARAMS_RULE_WITNESS},
        },
    .exception_count = 2,
    .min_bip9_warning_height = 711648,
    .minimum_chain_work = NUMBER(0, 0, 0x00000001128750f8, 0x2f4c366153a3a030),
    .assume_valid =
        HASH(0x0000000000000000, 0x0000ccebd6d74d91, 0x94d8dcdc1d177c47, 0x8e094bfad51ba5ac),
};

static const struct params test_params = {
    .name = "test",
    .test_chain = true,
    .magic = {0x0b, 0x11, 0x09, 0x07},
    .p2p_port = 18333,
    .rpc_port = 18332,
    TEST_PREFIXES,
    .bech32_prefix = "tb",
    .genesis = {1, {{0}}, SATOSHI_ROOT, 1296688602, 0x1d00ffff, 414098458},
    .genesis_hash =
        HASH(0x000000000933ea01, 0xad0ee984209779ba, 0xaec3ced90fa3f408, 0x719526f8d77f4943),
    .genesis_coinbase = TEXT_BYTES(satoshi_coinbase),
    .halving_interval = 210000,
    .pow_limit = NUMBER(0x00000000ffffffff, UINT64_MAX, UINT64_MAX, UINT64_MAX),
    .pow_spacing = 600,
    .pow_timespan = TWO_WEEKS,
    .pow_min_difficulty = true,
    .bip34_height = 21111,
    .bip34_hash =
        HASH(0x0000000023b3a96d, 0x3484e5abb3755c41, 0x3e7d41500f8e2a5c, 0x3f0dd01299cd8ef8),
    .bip65_height = 581885,
    .bip66_height = 330776,
    .csv_height = 770112,
    .segwit_height = 834624,
    .deployments = TESTDUMMY(PARAMS_NEVER_ACTIVE, 1512, 2016),
    .exceptions = {{HASH(0x00000000dd30457c, 0x001f4095d208cc12, 0x96b0eed002427aa5,
                         0x99874af7a432b105),
                    0}},
    .exception_count = 1,
    .min_bip9_warning_height = 2013984,
    .minimum_chain_work = NUMBER(0, 0, 0x00000000000017dd, 0xe1c649f3708d14b6),
    .assume_valid =
        HASH(0x000000007a61e423, 0x0b28ac5cb6b5e5a0, 0x130de37ac1faf2f8, 0x987d2fa6505b67f4),
};

static const struct params testnet4_params = {
    .name = "testnet4",
    .test_chain = true,
    .magic = {0x1c, 0x16, 0x3f, 0x28},
    .p2p_port = 48333,
    .rpc_port = 48332,
    TEST_PREFIXES,
    .bech32_prefix = "tb",
    .genesis = {1,
                {{0}},
                HASH(0x7aa0a7ae1e223414, 0xcb807e40cd57e667, 0xb718e42aaf9306db,
                     0x9102fe28912b7b4e),
                1714777860,
                0x1d00ffff,
                393743547},
    .genesis_hash =
        HASH(0x00000000da84f2ba, 0xfbbc53dee25a72ae, 0x507ff4914b867c56, 0x5be350b0da8bf043),
    .genesis_coinbase = TEXT_BYTES(testnet4_coinbase),
    .halving_interval = 210000,
    .pow_limit = NUMBER(0x00000000ffffffff, UINT64_MAX, UINT64_MAX, UINT64_MAX),
    .pow_spacing = 600,
    .pow_timespan = TWO_WEEKS,
    .pow_min_difficulty = true,
    .bip94 = true,
    .bip34_height = 1,
    .bip65_height = 1,
    .bip66_height = 1,
    .csv_height = 1,
    .segwit_height = 1,
    .deployments = TESTDUMMY(PARAMS_NEVER_ACTIVE, 1512, 2016),
    .minimum_chain_work = NUMBER(0, 0, 0x00000000000009a0, 0xfe15d0177d086304),
    .assume_valid =
        HASH(0x0000000002368b1e, 0x4ee27e2e85676ae6, 0xf9f9e69579b29093, 0xe9a82c170bf7cf8a),
};

static const struct params signet_params = {
    .name = "signet",
    .test_chain = true,
    .magic = {0x0a, 0x03, 0xcf, 0x40}, /* of the challenge: params_custom_signet */
    .p2p_port = 38333,
    .rpc_port = 38332,
    TEST_PREFIXES,
    .bech32_prefix = "tb",
    .genesis = {1, {{0}}, SATOSHI_ROOT, 1598918400, 0x1e0377ae, 52613770},
    .genesis_hash =
        HASH(0x00000008819873e9, 0x25422c1ff0f99f7c, 0xc9bbb232af63a077, 0xa480a3633bee1ef6),
    .genesis_coinbase = TEXT_BYTES(satoshi_coinbase),
    .halving_interval = 210000,
    .pow_limit = NUMBER(0x00000377ae000000, 0, 0, 0),
    .pow_spacing = 600,
    .pow_timespan = TWO_WEEKS,
    .bip34_height = 1,
    .bip65_height = 1,
    .bip66_height = 1,
    .csv_height = 1,
    .segwit_height = 1,
    .deployments = TESTDUMMY(PARAMS_NEVER_ACTIVE, 1815, 2016),
    .signet_challenge = {signet_challenge, sizeof(signet_challenge)},
    .minimum_chain_work = NUMBER(0, 0, 0, 0x00000b463ea0a4b8),
    .assume_valid =
        HASH(0x00000008414aab61, 0x092ef93f1aacc54c, 0xf9e9f16af29ddad4, 0x93b908a01ff5c329),
};

static const struct params regtest_params = {
    .name = "regtest",
    .test_chain = true,
    .magic = {0xfa, 0xbf, 0xb5, 0xda},
    .p2p_port = 18444,
    .rpc_port = 18443,
    TEST_PREFIXES,
    .bech32_prefix = "bcrt",
    .genesis = {1, {{0}}, SATOSHI_ROOT, 1296688602, 0x207fffff, 2},
    .genesis_hash =
        HASH(0x0f9188f13cb7b2c7, 0x1f2a335e3a4fc328, 0xbf5beb436012afca, 0x590b1a11466e2206),
    .genesis_coinbase = TEXT_BYTES(satoshi_coinbase),
    .halving_interval = 150,
    .pow_limit = NUMBER(0x7fffffffffffffff, UINT64_MAX, UINT64_MAX, UINT64_MAX),
    .pow_spacing = 600,
    .pow_timespan = 24 * 60 * 60,
    .pow_min_difficulty = true,
    .pow_no_retargeting = true,
    .bip34_height = 1,
    .bip65_height = 1,
    .bip66_height = 1,
    .csv_height = 1,
    .segwit_height = 0,
    .deployments = TESTDUMMY(0, 108, 144),
};

/*
 * This project's own: Bitcoin's rules, with a retarget every 144 blocks (a day) by BIP94, and
 * everything that was ever a soft fork in force from the first block on.
 */
static const struct params excalibur_params = {
    .name = "excalibur",
    .test_chain = true,
    .magic = {0xe5, 0xc3, 0x5b, 0x0d},
    .p2p_port = 8433,
    .rpc_port = 8432,
    .base58_p2pkh = 33,
    .base58_p2sh = 93,
    .base58_wif = 161,
    .base58_xpub = {0x04, 0x35, 0x87, 0xcf},
    .base58_xprv = {0x04, 0x35, 0x83, 0x94},
    .coin_type = 1,
    .bech32_prefix = "exs",
    .genesis = {1,
                {{0}},
                HASH(0x4b1b79ea4124a061, 0xfe18c5909b23f8ac, 0xb5738809d52f8f78,
                     0x41a78782e1ac64a2),
                1795392000, /* 23 November 2026, midnight UTC */
                0x1d7fffff,
                5141480},
    .genesis_hash =
        HASH(0x0000001daee8aaba, 0x4d9abb1fe167f923, 0x1b9f9cad21f24acf, 0x803da5ddac6feca4),
    .genesis_coinbase = TEXT_BYTES(excalibur_coinbase),
    .halving_interval = 210000,
    .pow_limit = NUMBER(0x0000007fffffffff, UINT64_MAX, UINT64_MAX, UINT64_MAX),
    .pow_spacing = 600,
    .pow_timespan = 24 * 60 * 60,
    .bip94 = true,
    .bip34_height = 1,
    .bip65_height = 1,
    .bip66_height = 1,
    .csv_height = 1,
    .segwit_height = 1,
    .deployments = TESTDUMMY(PARAMS_NEVER_ACTIVE, 108, 144),
};

const struct params *const params_all[] = {
    &main_params,      &test_params, &testnet4_params, &signet_params, &regtest_params,
    &excalibur_params, NULL,
};

const struct params *params_find(const char *name)
{
    for (const struct params *const *p = params_all; *p; p++)
        if (!strcmp((*p)->name, name))
            return *p;
    return NULL;
}

struct amount params_subsidy(const struct params *p, int32_t height)
{
    uint32_t halvings = (uint32_t)height / p->halving_interval;

    /* From the 33rd on it is nothing; C does not define shifts of 64 and more. */
    return (struct amount){halvings < 64 ? (50 * SATOSHIS_PER_COIN) >> halvings : 0};
}

unsigned params_script_rules(const struct params *p, struct block_hash block)
{
    for (size_t i = 0; i < p->exception_count; i++)
        if (block_hash_equal(block, p->exceptions[i].block))
            return p->exceptions[i].rules;
    return PARAMS_RULE_P2SH | PARAMS_RULE_WITNESS | PARAMS_RULE_TAPROOT;
}

void params_custom_signet(sha256_compress_fn *compress, struct params *out, struct bytes challenge)
{
    uint8_t size[COMPACT_SIZE_MAX], digest[32];
    struct sha256 hash;

    *out = signet_params;
    out->signet_challenge = challenge;
    out->minimum_chain_work = (struct uint256){{0}};
    out->assume_valid = (struct block_hash){{0}};
    sha256_init(&hash, compress);
    sha256_update(&hash, size, compact_size_write(size, challenge.size));
    sha256_update(&hash, challenge.data, challenge.size);
    sha256d_final(&hash, digest);
    memcpy(out->magic, digest, sizeof(out->magic));
}
