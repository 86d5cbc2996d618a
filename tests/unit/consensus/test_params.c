/* The tables: each genesis block is put together and hashed again, all other numbers are compared with a second writing. */
#include "consensus/params.h"

#include "base/hex.h"
#include "consensus/pow.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

/*
 * Core's numbers once more, in the notation of its own source, and those of our own network: what
 * no genesis block depends on.
 */
static const struct numbers {
    const char *name, *magic, *xpub, *xprv, *prefix;
    uint16_t p2p_port, rpc_port;
    uint8_t base58[3]; /* P2PKH, P2SH, private keys */
    uint32_t halving_interval, threshold, period;
    int64_t timespan, start;
    bool min_difficulty, no_retargeting, bip94;
    int32_t heights[6]; /* BIP34, 65, 66, CSV, segwit, warnings of BIP9 */
    size_t exceptions;
    const char *pow_limit, *bip34_hash, *minimum_work, *assume_valid;
} numbers[] = {
    {.name = "main",
     .magic = "f9beb4d9",
     .xpub = "0488b21e",
     .xprv = "0488ade4",
     .prefix = "bc",
     .p2p_port = 8333,
     .rpc_port = 8332,
     .base58 = {0, 5, 128},
     .halving_interval = 210000,
     .threshold = 1815,
     .period = 2016,
     .timespan = 1209600,
     .start = PARAMS_NEVER_ACTIVE,
     .heights = {227931, 388381, 363725, 419328, 481824, 711648},
     .exceptions = 2,
     .pow_limit = "00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .bip34_hash = "000000000000024b89b42a942fe0d9fea3bb44ab7bd1b19115dd6a759c0808b8",
     .minimum_work = "0000000000000000000000000000000000000001128750f82f4c366153a3a030",
     .assume_valid = "00000000000000000000ccebd6d74d9194d8dcdc1d177c478e094bfad51ba5ac"},
    {.name = "test",
     .magic = "0b110907",
     .xpub = "043587cf",
     .xprv = "04358394",
     .prefix = "tb",
     .p2p_port = 18333,
     .rpc_port = 18332,
     .base58 = {111, 196, 239},
     .halving_interval = 210000,
     .threshold = 1512,
     .period = 2016,
     .timespan = 1209600,
     .start = PARAMS_NEVER_ACTIVE,
     .min_difficulty = true,
     .heights = {21111, 581885, 330776, 770112, 834624, 2013984},
     .exceptions = 1,
     .pow_limit = "00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .bip34_hash = "0000000023b3a96d3484e5abb3755c413e7d41500f8e2a5c3f0dd01299cd8ef8",
     .minimum_work = "0000000000000000000000000000000000000000000017dde1c649f3708d14b6",
     .assume_valid = "000000007a61e4230b28ac5cb6b5e5a0130de37ac1faf2f8987d2fa6505b67f4"},
    {.name = "testnet4",
     .magic = "1c163f28",
     .xpub = "043587cf",
     .xprv = "04358394",
     .prefix = "tb",
     .p2p_port = 48333,
     .rpc_port = 48332,
     .base58 = {111, 196, 239},
     .halving_interval = 210000,
     .threshold = 1512,
     .period = 2016,
     .timespan = 1209600,
     .start = PARAMS_NEVER_ACTIVE,
     .min_difficulty = true,
     .bip94 = true,
     .heights = {1, 1, 1, 1, 1, 0},
     .pow_limit = "00000000ffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .bip34_hash = ZEROS,
     .minimum_work = "0000000000000000000000000000000000000000000009a0fe15d0177d086304",
     .assume_valid = "0000000002368b1e4ee27e2e85676ae6f9f9e69579b29093e9a82c170bf7cf8a"},
    {.name = "signet",
     .magic = "0a03cf40",
     .xpub = "043587cf",
     .xprv = "04358394",
     .prefix = "tb",
     .p2p_port = 38333,
     .rpc_port = 38332,
     .base58 = {111, 196, 239},
     .halving_interval = 210000,
     .threshold = 1815,
     .period = 2016,
     .timespan = 1209600,
     .start = PARAMS_NEVER_ACTIVE,
     .heights = {1, 1, 1, 1, 1, 0},
     .pow_limit = "00000377ae000000000000000000000000000000000000000000000000000000",
     .bip34_hash = ZEROS,
     .minimum_work = "00000000000000000000000000000000000000000000000000000b463ea0a4b8",
     .assume_valid = "00000008414aab61092ef93f1aacc54cf9e9f16af29ddad493b908a01ff5c329"},
    {.name = "regtest",
     .magic = "fabfb5da",
     .xpub = "043587cf",
     .xprv = "04358394",
     .prefix = "bcrt",
     .p2p_port = 18444,
     .rpc_port = 18443,
     .base58 = {111, 196, 239},
     .halving_interval = 150,
     .threshold = 108,
     .period = 144,
     .timespan = 86400,
     .start = 0,
     .min_difficulty = true,
     .no_retargeting = true,
     .heights = {1, 1, 1, 1, 0, 0},
     .pow_limit = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .bip34_hash = ZEROS,
     .minimum_work = ZEROS,
     .assume_valid = ZEROS},
    {.name = "excalibur",
     .magic = "e5c35b0d",
     .xpub = "043587cf",
     .xprv = "04358394",
     .prefix = "exs",
     .p2p_port = 8433,
     .rpc_port = 8432,
     .base58 = {33, 93, 161},
     .halving_interval = 210000,
     .threshold = 108,
     .period = 144,
     .timespan = 86400,
     .start = PARAMS_NEVER_ACTIVE,
     .bip94 = true,
     .heights = {1, 1, 1, 1, 1, 0},
     .pow_limit = "0000007fffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     .bip34_hash = ZEROS,
     .minimum_work = ZEROS,
     .assume_valid = ZEROS},
};

static void assert_bytes_text(const uint8_t *data, size_t size, const char *text)
{
    char hex[2 * 32 + 1];

    hex_encode(hex, data, size);
    assert_string_equal(hex, text);
}

static void assert_number_text(struct uint256 number, const char *text)
{
    uint8_t bytes[32];

    uint256_to_be(bytes, number);
    assert_bytes_text(bytes, sizeof(bytes), text);
}

static void check_wire(const struct params *net, const struct numbers *want)
{
    assert_bytes_text(net->magic, 4, want->magic);
    assert_bytes_text(net->base58_xpub, 4, want->xpub);
    assert_bytes_text(net->base58_xprv, 4, want->xprv);
    assert_string_equal(net->bech32_prefix, want->prefix);
    assert_int_equal(net->p2p_port, want->p2p_port);
    assert_int_equal(net->rpc_port, want->rpc_port);
    assert_int_equal(net->base58_p2pkh, want->base58[0]);
    assert_int_equal(net->base58_p2sh, want->base58[1]);
    assert_int_equal(net->base58_wif, want->base58[2]);
}

static void check_rules(const struct params *net, const struct numbers *want)
{
    const struct params_deployment *dummy = &net->deployments[0];
    const int32_t heights[6] = {net->bip34_height,  net->bip65_height,
                                net->bip66_height,  net->csv_height,
                                net->segwit_height, net->min_bip9_warning_height};

    assert_memory_equal(heights, want->heights, sizeof(heights));
    assert_int_equal(net->halving_interval, want->halving_interval);
    assert_int_equal(net->pow_spacing, 600);
    assert_int_equal(net->pow_timespan, want->timespan);
    assert_int_equal(net->pow_min_difficulty, want->min_difficulty);
    assert_int_equal(net->pow_no_retargeting, want->no_retargeting);
    assert_int_equal(net->bip94, want->bip94);
    assert_int_equal(net->exception_count, want->exceptions);
    assert_int_equal(dummy->bit, 28);
    assert_int_equal(dummy->start, want->start);
    assert_true(dummy->timeout == PARAMS_NO_TIMEOUT);
    assert_int_equal(dummy->min_activation_height, 0);
    assert_int_equal(dummy->threshold, want->threshold);
    assert_int_equal(dummy->period, want->period);
    assert_number_text(net->pow_limit, want->pow_limit);
    assert_number_text(net->minimum_chain_work, want->minimum_work);
    assert_hash_text(net->bip34_hash.bytes, want->bip34_hash);
    assert_hash_text(net->assume_valid.bytes, want->assume_valid);
}

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct params *net = params_find(numbers[i].name);

        assert_non_null(net);
        check_wire(net, &numbers[i]);
        check_rules(net, &numbers[i]);
    }
}

static void check_genesis(const struct params *p)
{
    struct arena arena;
    struct transaction coinbase;
    struct block block = {.header = p->genesis, .transactions = &coinbase, .transaction_count = 1};
    struct block_hash hash = block_header_hash(COMPRESS, &p->genesis);
    struct merkle_result root;

    assert_true(block_hash_equal(hash, p->genesis_hash));
    assert_true(pow_check(hash, p->genesis.bits, p->pow_limit));
    arena_init(&arena, 0);
    assert_int_equal(
        transaction_parse(&coinbase, &arena, p->genesis_coinbase, TRANSACTION_WITH_WITNESS),
        PARSE_OK);
    assert_true(transaction_is_coinbase(&coinbase));
    assert_int_equal(coinbase.outputs[0].value.sat, params_subsidy(p, 0).sat);
    assert_true(block_compute_ids(&kernels_generic, &block, &arena));
    assert_true(block_merkle_root(&kernels_generic, &root, &block, &arena));
    assert_true(hash256_equal(root.root, p->genesis.merkle_root));
    arena_free(&arena);
}

static void test_genesis(void **state)
{
    static const struct {
        const char *name, *hash;
    } known[] = {
        {"main", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"},
        {"test", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943"},
        {"testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"},
        {"signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6"},
        {"regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"},
        {"excalibur", "0000001daee8aaba4d9abb1fe167f9231b9f9cad21f24acf803da5ddac6feca4"},
    };
    size_t count = sizeof(known) / sizeof(known[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(params_all[i]->name, known[i].name);
        assert_hash_text(params_all[i]->genesis_hash.bytes, known[i].hash);
        check_genesis(params_all[i]);
    }
    assert_null(params_all[count]);
}

/*
 * excalibur's first block, written down apart from the table: its bytes, its name and work, and an
 * output that no program lets anybody spend. Core's rules for a header begin behind it, so that its
 * bits are the limit's is nowhere else checked.
 */
static void test_excalibur_genesis(void **state)
{
    static const char coinbase[] =
        "0100000001" ZEROS "ffffffff4e04ffff001d010446"
        "32332f4e6f762f3230323620457863616c696275722d4558533a2064696666696375"
        "6c747920666f6c6c6f77732074686520686173682072617465206f6e636520612064"
        "6179ffffffff0100f2052a01000000016a00000000";
    static const char header[] =
        "01000000" ZEROS "a264ace18287a741788f2fd5098873b5acf8239b90c518fe61a02441ea791b4b"
        "0082036b"
        "ffff7f1d"
        "e8734e00";
    const struct params *net = params_find("excalibur");
    uint8_t raw[BLOCK_HEADER_SIZE], *want;
    struct hash256 hash, root;
    struct uint256 target;
    size_t size;

    (void)state;
    want = hex_bytes(coinbase, &size);
    assert_int_equal(size, net->genesis_coinbase.size);
    assert_memory_equal(want, net->genesis_coinbase.data, size);
    root = oracle_sha256d(want, size);
    assert_memory_equal(root.bytes, net->genesis.merkle_root.bytes, 32);
    free(want);
    want = hex_bytes(header, &size);
    block_header_write(raw, &net->genesis);
    assert_int_equal(size, BLOCK_HEADER_SIZE);
    assert_memory_equal(raw, want, size);
    free(want);
    hash = oracle_sha256d(raw, sizeof(raw));
    assert_memory_equal(hash.bytes, net->genesis_hash.bytes, 32);
    assert_int_equal(uint256_to_compact(net->pow_limit), net->genesis.bits);
    assert_true(pow_target(&target, net->genesis.bits, net->pow_limit));
    /* 2^256 / (7fffff * 2^208 + 1): 2^25 and a little, since compact bits round the limit down. */
    assert_true(uint256_compare(uint256_work(target), uint256_from_u64((UINT64_C(1) << 25) + 4)) ==
                0);
}

/* What the tables must be among themselves, whatever their numbers. */
static void test_sanity(void **state)
{
    (void)state;
    for (const struct params *const *p = params_all; *p; p++) {
        const struct params *net = *p;
        bool is_main = !strcmp(net->name, "main");
        bool daily = !strcmp(net->name, "regtest") || !strcmp(net->name, "excalibur");

        assert_ptr_equal(params_find(net->name), net);
        assert_int_equal(net->test_chain, !is_main);
        assert_int_equal(net->coin_type, is_main ? 0 : 1);
        assert_int_equal(net->pow_timespan % net->pow_spacing, 0);
        assert_int_equal(params_retarget_interval(net), daily ? 144 : 2016);
        assert_true(net->exception_count <= PARAMS_MAX_EXCEPTIONS);
        for (size_t i = 0; i < PARAMS_DEPLOYMENTS; i++)
            assert_true(net->deployments[i].threshold <= net->deployments[i].period);
        /* Retargeting multiplies by four timespans before it divides: that must not overflow. */
        if (!net->pow_no_retargeting) {
            struct uint256 most = uint256_not(uint256_from_u64(0));
            struct uint256 factor = uint256_from_u64((uint64_t)net->pow_timespan * 4);

            assert_true(uint256_compare(net->pow_limit, uint256_div(most, factor)) <= 0);
        }
        for (const struct params *const *q = params_all; *q != net; q++) {
            assert_memory_not_equal((*q)->magic, net->magic, 4);
            assert_int_not_equal((*q)->p2p_port, net->p2p_port);
            assert_int_not_equal((*q)->rpc_port, net->rpc_port);
        }
    }
}

static void test_unknown(void **state)
{
    (void)state;
    assert_null(params_find(""));
    assert_null(params_find("Main"));
    assert_null(params_find("mainnet"));
    assert_null(params_find("testnet3"));
}

static void test_subsidy(void **state)
{
    static const struct {
        const char *chain;
        int32_t height;
        int64_t satoshis;
    } cases[] = {
        {"main", 0, 5000000000},      {"main", 209999, 5000000000},
        {"main", 210000, 2500000000}, {"main", 419999, 2500000000},
        {"main", 420000, 1250000000}, {"main", 840000, 312500000},
        {"main", 6720000, 1},         {"main", 6929999, 1},
        {"main", 6930000, 0},         {"main", 13440000, 0},
        {"main", INT32_MAX, 0},       {"regtest", 149, 5000000000},
        {"regtest", 150, 2500000000}, {"regtest", 9600, 0},
        {"excalibur", 1, 5000000000}, {"excalibur", 210000, 2500000000},
    };
    int64_t sum = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(params_subsidy(params_find(cases[i].chain), cases[i].height).sat,
                         cases[i].satoshis);
    for (int32_t era = 0; era < 64; era++)
        sum += params_subsidy(params_find("main"), era * 210000).sat * 210000;
    assert_int_equal(sum, INT64_C(2099999997690000));
}

static void test_script_rules(void **state)
{
    const struct params *net = params_find("main");
    struct block_hash hash;
    unsigned all = PARAMS_RULE_P2SH | PARAMS_RULE_WITNESS | PARAMS_RULE_TAPROOT;
    struct hash256 bip16 =
        hash_of_text("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22");
    struct hash256 test_bip16 =
        hash_of_text("00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105");
    struct hash256 taproot =
        hash_of_text("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad");

    (void)state;
    assert_int_equal(params_script_rules(net, net->genesis_hash), all);
    memcpy(hash.bytes, bip16.bytes, 32);
    assert_int_equal(params_script_rules(net, hash), 0);
    assert_int_equal(params_script_rules(params_find("test"), hash), all);
    memcpy(hash.bytes, taproot.bytes, 32);
    assert_int_equal(params_script_rules(net, hash), PARAMS_RULE_P2SH | PARAMS_RULE_WITNESS);
    memcpy(hash.bytes, test_bip16.bytes, 32);
    assert_int_equal(params_script_rules(params_find("test"), hash), 0);
    /* Networks without exceptions have room for some, which is all zeros. */
    memset(hash.bytes, 0, 32);
    assert_int_equal(params_script_rules(params_find("regtest"), hash), all);
}

/* The default challenge gives the default magic; one of our own (OP_TRUE) another. */
static void test_custom_signet(void **state)
{
    const struct params *signet = params_find("signet");
    uint8_t op_true = 0x51, framed[2] = {1, 0x51};
    struct hash256 digest = oracle_sha256d(framed, sizeof(framed));
    struct params p;

    (void)state;
    params_custom_signet(COMPRESS, &p, signet->signet_challenge);
    assert_memory_equal(p.magic, signet->magic, 4);
    assert_true(uint256_is_zero(p.minimum_chain_work));
    assert_hash_text(p.assume_valid.bytes, ZEROS);
    params_custom_signet(COMPRESS, &p, bytes_of(&op_true, 1));
    assert_memory_equal(p.magic, digest.bytes, 4);
    assert_true(block_hash_equal(p.genesis_hash, signet->genesis_hash));
    assert_int_equal(p.signet_challenge.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis),       cmocka_unit_test(test_excalibur_genesis),
        cmocka_unit_test(test_sanity),        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_subsidy),       cmocka_unit_test(test_script_rules),
        cmocka_unit_test(test_custom_signet), cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
