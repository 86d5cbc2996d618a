/* The tables: each genesis block is put together and hashed again, so a wrong digit is found. */
#include "consensus/params.h"

#include "consensus/pow.h"
#include "tests/unit/consensus/support.h"

#include <stdlib.h>
#include <string.h>

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

/* What the tables must be among themselves, whatever their numbers. */
static void test_sanity(void **state)
{
    (void)state;
    for (const struct params *const *p = params_all; *p; p++) {
        const struct params *net = *p;
        bool is_main = !strcmp(net->name, "main");

        assert_ptr_equal(params_find(net->name), net);
        assert_int_equal(net->test_chain, !is_main);
        assert_int_equal(net->pow_timespan % net->pow_spacing, 0);
        assert_int_equal(params_retarget_interval(net), strcmp(net->name, "regtest") ? 2016 : 144);
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
        {"main", 0, 5000000000},      {"main", 209999, 5000000000}, {"main", 210000, 2500000000},
        {"main", 419999, 2500000000}, {"main", 420000, 1250000000}, {"main", 840000, 312500000},
        {"main", 6720000, 1},         {"main", 6929999, 1},         {"main", 6930000, 0},
        {"main", 13440000, 0},        {"main", INT32_MAX, 0},       {"regtest", 149, 5000000000},
        {"regtest", 150, 2500000000}, {"regtest", 9600, 0},
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
    struct hash256 taproot =
        hash_of_text("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad");

    (void)state;
    assert_int_equal(params_script_rules(net, net->genesis_hash), all);
    memcpy(hash.bytes, bip16.bytes, 32);
    assert_int_equal(params_script_rules(net, hash), 0);
    assert_int_equal(params_script_rules(params_find("test"), hash), all);
    memcpy(hash.bytes, taproot.bytes, 32);
    assert_int_equal(params_script_rules(net, hash), PARAMS_RULE_P2SH | PARAMS_RULE_WITNESS);
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
    params_custom_signet(COMPRESS, &p, bytes_of(&op_true, 1));
    assert_memory_equal(p.magic, digest.bytes, 4);
    assert_true(block_hash_equal(p.genesis_hash, signet->genesis_hash));
    assert_int_equal(p.signet_challenge.size, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_genesis),      cmocka_unit_test(test_sanity),
        cmocka_unit_test(test_unknown),      cmocka_unit_test(test_subsidy),
        cmocka_unit_test(test_script_rules), cmocka_unit_test(test_custom_signet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
