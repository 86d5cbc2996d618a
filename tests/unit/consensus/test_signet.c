/*
 * Signet's block signatures: what is signed is put together here a second time, byte by byte and
 * hashed by OpenSSL, and signed with libsecp256k1.
 */
#include "consensus/signet.h"

#include "tests/unit/consensus/support.h"

#include <secp256k1.h>
#include <stdlib.h>
#include <string.h>

static struct world {
    secp256k1_context *secp;
    struct script_workspace *workspace;
    uint8_t secret[32], key[33];
    bool high_s; /* what sign makes */
} w;

/* Bytes that grow. */
struct text {
    uint8_t data[2000];
    size_t size;
};

static void put(struct text *t, const void *data, size_t size)
{
    assert_true(t->size + size <= sizeof(t->data));
    memcpy(t->data + t->size, data, size);
    t->size += size;
}

static void put_text(struct text *t, const struct text *other) { put(t, other->data, other->size); }

static void put_hex(struct text *t, const char *hex)
{
    size_t size;
    uint8_t *bytes = hex_bytes(hex, &size);

    put(t, bytes, size);
    free(bytes);
}

static void put_le(struct text *t, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++, value >>= 8)
        put(t, &(uint8_t){(uint8_t)value}, 1);
}

/* Behind its length, which is below 253. */
static void put_sized(struct text *t, const struct text *other)
{
    assert_true(other->size < 253);
    put_le(t, other->size, 1);
    put_text(t, other);
}

/* A coinbase of one input, a payment, and a commitment with more behind it. */
#define COMMITMENT                                                                                 \
    "6a24aa21a9ed"                                                                                 \
    "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"
static void put_coinbase(struct text *t, const struct text *commitment)
{
    put_hex(t, "02000000"
               "01"
               "0000000000000000000000000000000000000000000000000000000000000000ffffffff"
               "025100"
               "ffffffff"
               "02"
               "00f2052a01000000"
               "0151"
               "0000000000000000");
    put_sized(t, commitment);
    put_hex(t, "00000000");
}

#define OTHER                                                                                      \
    "0100000001"                                                                                   \
    "1111111111111111111111111111111111111111111111111111111111111111"                             \
    "00000000"                                                                                     \
    "00"                                                                                           \
    "ffffffff"                                                                                     \
    "01"                                                                                           \
    "e803000000000000"                                                                             \
    "0151"                                                                                         \
    "00000000"

/* A block of the coinbase alone, or of it and another transaction. */
struct shape {
    struct text commitment;
    bool other;
};

struct made {
    struct arena arena;
    struct block block;
    struct text raw;
};

static void make_block(struct made *m, const struct shape *shape)
{
    m->raw.size = 0;
    put_hex(&m->raw, "00000020"
                     "2222222222222222222222222222222222222222222222222222222222222222"
                     "3333333333333333333333333333333333333333333333333333333333333333");
    put_le(&m->raw, 1700000000, 4);
    put_hex(&m->raw, "ae77031e01020304");
    put_le(&m->raw, shape->other ? 2 : 1, 1);
    put_coinbase(&m->raw, &shape->commitment);
    if (shape->other)
        put_hex(&m->raw, OTHER);
}

static void parse(struct made *m)
{
    /* A count in a solution asks for no more memory than the solution has bytes for. */
    arena_init(&m->arena, 1 << 20);
    assert_int_equal(block_parse(&m->block, &m->arena, bytes_of(m->raw.data, m->raw.size),
                                 TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    assert_true(block_compute_ids(&kernels_generic, &m->block, &m->arena));
}

static bool decide(void *context, const struct signature_check *check,
                   enum script_decision decision)
{
    size_t *decided = context;
    uint8_t accepted;

    assert_int_equal(decision, SCRIPT_DECIDE_NOW);
    ++*decided;
    signature_verify_libsecp256k1(&accepted, check, 1);
    return accepted;
}

/* The verdict on the raw block. */
static enum reject check(struct made *m, const struct text *challenge)
{
    struct params params;
    size_t decided = 0;
    enum reject verdict;

    params_custom_signet(COMPRESS, &params, bytes_of(challenge->data, challenge->size));
    parse(m);
    verdict = signet_check(&kernels_generic, &params, &m->block, w.workspace, &m->arena, decide,
                           &decided);
    arena_free(&m->arena);
    return verdict;
}

static enum reject check_shape(const struct shape *shape, const char *challenge_hex)
{
    struct text challenge = {.size = 0};
    struct made m;

    put_hex(&challenge, challenge_hex);
    make_block(&m, shape);
    return check(&m, &challenge);
}

/* BIP325's first transaction, for the block of this shape, whose commitment has no solution. */
static struct hash256 to_spend(const struct shape *stripped, const struct text *challenge)
{
    struct made m;
    struct text coinbase = {.size = 0}, other = {.size = 0}, tx = {.size = 0}, pair = {.size = 0};
    struct hash256 root;

    make_block(&m, stripped);
    put_coinbase(&coinbase, &stripped->commitment);
    root = oracle_sha256d(coinbase.data, coinbase.size);
    if (stripped->other) {
        put_hex(&other, OTHER);
        put(&pair, root.bytes, 32);
        put(&pair, oracle_sha256d(other.data, other.size).bytes, 32);
        root = oracle_sha256d(pair.data, pair.size);
    }
    put_hex(&tx, "00000000"
                 "01"
                 "0000000000000000000000000000000000000000000000000000000000000000ffffffff"
                 "4a"
                 "00"
                 "48");
    put(&tx, m.raw.data, 36); /* version, previous block */
    put(&tx, root.bytes, 32);
    put(&tx, m.raw.data + 68, 4); /* time */
    put_hex(&tx, "00000000"
                 "01"
                 "0000000000000000");
    put_sized(&tx, challenge);
    put_hex(&tx, "00000000");
    return oracle_sha256d(tx.data, tx.size);
}

/* What a signature of SIGHASH_ALL signs in BIP325's second transaction, with the challenge as script code. */
static struct hash256 legacy_hash(struct hash256 spends, const struct text *challenge)
{
    struct text tx = {.size = 0};

    put_hex(&tx, "00000000"
                 "01");
    put(&tx, spends.bytes, 32);
    put_hex(&tx, "00000000");
    put_sized(&tx, challenge);
    put_hex(&tx, "00000000"
                 "01"
                 "0000000000000000"
                 "016a"
                 "00000000"
                 "01000000");
    return oracle_sha256d(tx.data, tx.size);
}

/* The same by BIP143. */
static struct hash256 segwit_hash(struct hash256 spends, const struct text *script_code)
{
    struct text previous = {.size = 0}, sequence = {.size = 0}, output = {.size = 0},
                all = {.size = 0};

    put(&previous, spends.bytes, 32);
    put_le(&previous, 0, 4);
    put_le(&sequence, 0, 4);
    put_hex(&output, "0000000000000000"
                     "016a");
    put_le(&all, 0, 4);
    put(&all, oracle_sha256d(previous.data, previous.size).bytes, 32);
    put(&all, oracle_sha256d(sequence.data, sequence.size).bytes, 32);
    put_text(&all, &previous);
    put_sized(&all, script_code);
    put_le(&all, 0, 8);
    put_text(&all, &sequence);
    put(&all, oracle_sha256d(output.data, output.size).bytes, 32);
    put_hex(&all, "00000000"
                  "01000000");
    return oracle_sha256d(all.data, all.size);
}

/* A DER signature and SIGHASH_ALL. */
static struct text sign(struct hash256 hash)
{
    secp256k1_ecdsa_signature signature;
    struct text out = {.size = 72};

    assert_true(secp256k1_ecdsa_sign(w.secp, &signature, hash.bytes, w.secret, NULL, NULL));
    if (w.high_s) {
        uint8_t rs[64];

        secp256k1_ecdsa_signature_serialize_compact(w.secp, rs, &signature);
        assert_true(secp256k1_ec_seckey_negate(w.secp, rs + 32));
        assert_true(secp256k1_ecdsa_signature_parse_compact(w.secp, &signature, rs));
    }
    assert_true(secp256k1_ecdsa_signature_serialize_der(w.secp, out.data, &out.size, &signature));
    put_le(&out, 1, 1);
    return out;
}

static void start_commitment(struct shape *shape)
{
    shape->commitment.size = 0;
    put_hex(&shape->commitment, COMMITMENT);
}

/* Appends the push that holds a solution of a scriptSig and a witness of count items. */
static void put_solution(struct shape *shape, const struct text *script,
                         const struct text *const *witness, size_t count)
{
    struct text push = {.size = 0};

    put_hex(&push, "ecc7daa2");
    put_sized(&push, script);
    put_le(&push, count, 1);
    for (size_t i = 0; i < count; i++)
        put_sized(&push, witness[i]);
    if (push.size > 75)
        put_le(&shape->commitment, OP_PUSHDATA1, 1);
    put_sized(&shape->commitment, &push);
}

/* The challenge <key> OP_CHECKSIG, solved for a block with or without a second transaction. */
static void solve_key(struct shape *shape, struct text *challenge, bool other)
{
    struct shape stripped = {.other = other};
    struct text signature, script = {.size = 0};

    challenge->size = 0;
    put_le(challenge, 33, 1);
    put(challenge, w.key, 33);
    put_le(challenge, OP_CHECKSIG, 1);
    start_commitment(&stripped);
    put_hex(&stripped.commitment, "04ecc7daa2");
    signature = sign(legacy_hash(to_spend(&stripped, challenge), challenge));
    put_sized(&script, &signature);
    *shape = (struct shape){.other = other};
    start_commitment(shape);
    put_solution(shape, &script, NULL, 0);
}

static void test_signed(void **state)
{
    struct shape shape;
    struct text challenge;
    struct made m;

    (void)state;
    for (int other = 0; other < 2; other++) {
        solve_key(&shape, &challenge, other);
        make_block(&m, &shape);
        assert_int_equal(check(&m, &challenge), REJECT_NONE);
        challenge.data[5] ^= 1; /* another key */
        assert_int_equal(check(&m, &challenge), REJECT_SIGNET_BLKSIG);
    }
}

/* What is policy elsewhere is no rule here. */
static void test_high_s(void **state)
{
    struct shape shape;
    struct text challenge;
    struct made m;

    (void)state;
    w.high_s = true;
    solve_key(&shape, &challenge, false);
    w.high_s = false;
    make_block(&m, &shape);
    assert_int_equal(check(&m, &challenge), REJECT_NONE);
}

/* Every byte of the block is signed but the nonce, the bits, the Merkle root, and marks of length. */
static void test_every_byte(void **state)
{
    struct shape shape;
    struct text challenge;
    struct made m;
    size_t free_bytes = 0;

    (void)state;
    solve_key(&shape, &challenge, true);
    make_block(&m, &shape);
    for (size_t i = 0; i < m.raw.size; i++) {
        struct block block;
        struct arena arena;
        bool parses, not_signed = (i >= 36 && i < 68) || (i >= 72 && i < 80);

        m.raw.data[i] ^= 4;
        arena_init(&arena, 0);
        parses = block_parse(&block, &arena, bytes_of(m.raw.data, m.raw.size),
                             TRANSACTION_WITH_WITNESS) == PARSE_OK;
        arena_free(&arena);
        if (parses)
            assert_int_equal(check(&m, &challenge),
                             not_signed ? REJECT_NONE : REJECT_SIGNET_BLKSIG);
        free_bytes += parses && not_signed;
        m.raw.data[i] ^= 4;
    }
    assert_int_equal(free_bytes, 40);
    assert_int_equal(check(&m, &challenge), REJECT_NONE);
}

/* P2WSH of a 1-of-2 multisignature, as the public signet's challenge is within. */
static void test_witness(void **state)
{
    struct shape shape = {.other = true}, stripped = {.other = true};
    struct text script = {.size = 0}, challenge = {.size = 0}, none = {.size = 0}, signature;
    struct text one = {.size = 0};
    const struct text *good[] = {&none, &signature, &script};
    const struct text *dummy[] = {&one, &signature, &script};
    struct sha256 hash;
    uint8_t digest[32];

    (void)state;
    put_hex(&script, "5121");
    put(&script, w.key, 33);
    put_hex(&script, "21"
                     "03ad5e0edad18cb1f0fc0d28a3d4f1f3e445640337489abb10404f2d1e086be430"
                     "52ae");
    sha256_init(&hash, COMPRESS);
    sha256_update(&hash, script.data, script.size);
    sha256_final(&hash, digest);
    put_hex(&challenge, "0020");
    put(&challenge, digest, 32);
    start_commitment(&stripped);
    put_hex(&stripped.commitment, "04ecc7daa2");
    signature = sign(segwit_hash(to_spend(&stripped, &challenge), &script));
    put_hex(&one, "01");
    for (int i = 0; i < 2; i++) {
        struct made m;

        start_commitment(&shape);
        put_solution(&shape, &none, i ? dummy : good, 3);
        make_block(&m, &shape);
        assert_int_equal(check(&m, &challenge), i ? REJECT_SIGNET_BLKSIG : REJECT_NONE);
    }
}

/* What stands behind the commitment, under OP_TRUE and other challenges that need no signature. */
static void test_solution_forms(void **state)
{
    static const struct {
        const char *what, *commitment, *challenge;
        bool good;
    } cases[] = {
        {"no commitment", "6a", "51", false},
        {"a commitment that is too short", "6a24aa21a9ed00", "51", false},
        {"no solution", COMMITMENT, "51", true},
        {"no solution of what needs one", COMMITMENT, "00", false},
        {"no solution of a script that fails", COMMITMENT, "6a", false},
        {"no solution of an empty challenge", COMMITMENT, "", false},
        {"the header alone is none", COMMITMENT "04ecc7daa2", "51", true},
        {"a solution of nothing", COMMITMENT "06ecc7daa20000", "51", true},
        {"no witness", COMMITMENT "05ecc7daa200", "51", false},
        {"more than a solution", COMMITMENT "07ecc7daa2000000", "51", false},
        {"a script that is cut short", COMMITMENT "06ecc7daa20200", "51", false},
        {"a witness that is cut short", COMMITMENT "07ecc7daa2000200", "51", false},
        {"an item that is cut short", COMMITMENT "08ecc7daa200010200", "51", false},
        {"an item of nothing", COMMITMENT "07ecc7daa2000100", "51", false},
        {"as many items as there is memory", COMMITMENT "0aecc7daa200feffffff01", "51", false},
        {"more than a size may be", COMMITMENT "0aecc7daa2feffffffff00", "51", false},
        {"a size that is not the shortest", COMMITMENT "08ecc7daa2fd000000", "51", false},
        {"a solution that is used", COMMITMENT "07ecc7daa2015100", "91", false},
        {"the same", COMMITMENT "07ecc7daa2010000", "91", true},
        {"by OP_PUSHDATA1", COMMITMENT "4c07ecc7daa2010000", "91", true},
        {"by OP_PUSHDATA2", COMMITMENT "4d0700ecc7daa2010000", "91", true},
        {"by OP_PUSHDATA4", COMMITMENT "4e07000000ecc7daa2010000", "91", true},
        {"the first of two counts", COMMITMENT "07ecc7daa201000007ecc7daa2015100", "91", true},
        {"the first of two counts, again", COMMITMENT "07ecc7daa201510007ecc7daa2010000", "91",
         false},
        {"the header alone before it", COMMITMENT "04ecc7daa207ecc7daa2010000", "91", true},
        {"opcodes before it", COMMITMENT "005100ac4c0007ecc7daa2010000", "91", true},
        {"nothing is read behind what can't be", COMMITMENT "4c0907ecc7daa2010000", "91", false},
        {"what can't be read behind it", COMMITMENT "07ecc7daa20100004dff", "91", true},
        {"a prefix that is another", COMMITMENT "07ecc7daa3010000", "91", false},
        /* BIP341's rules, BIP65's and BIP112's are not among those for a challenge. */
        {"taproot", COMMITMENT "06ecc7daa20000",
         "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", true},
        /* Nor is policy. */
        {"more on the stack than is needed", COMMITMENT "08ecc7daa202515100", "51", true},
        {"a script that does more than push", COMMITMENT "07ecc7daa2016100", "51", true},
        {"a push that is not the shortest", COMMITMENT "09ecc7daa2034c015100", "7551", true},
        {"lock times", COMMITMENT "06ecc7daa20000", "51b1b2", true},
        {"a witness that is not asked for", COMMITMENT "08ecc7daa200010101", "51", false},
        {"P2SH", COMMITMENT "08ecc7daa202015100", "a914da1745e9b549bd0bfa1a569971c77eba30cd5a4b87",
         true},
        {"P2SH of a script that fails", COMMITMENT "08ecc7daa202010000",
         "a9149f7fd096d37ed2c0e3f7f0cfc924beef4ffceb6887", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct shape shape = {.other = i & 1};
        enum reject verdict;

        put_hex(&shape.commitment, cases[i].commitment);
        verdict = check_shape(&shape, cases[i].challenge);
        if (verdict != (cases[i].good ? REJECT_NONE : REJECT_SIGNET_BLKSIG))
            fail_msg("%s: %s", cases[i].what, reject_text(verdict));
    }
}

#define SEVENTEEN "0000000000000000000000000000000000"
/* The script is written anew before it is signed: as Core writes it, oddities included. */
static void test_rewriting(void **state)
{
    static const struct {
        const char *before, *behind, *signed_as;
    } cases[] = {
        {"", "", "04ecc7daa2"},
        {"0011" SEVENTEEN, "", "0011" SEVENTEEN "04ecc7daa2"},
        {"4c0401020304", "",
         "0401020304"
         "04ecc7daa2"},
        {"4d0100ff", "4e0100000007",
         "01ff"
         "04ecc7daa2"
         "0107"},
        {"4c00", "4d0000",
         "4c"
         "04ecc7daa2"
         "4d"},
        {"0105", "0151",
         "0105"
         "04ecc7daa2"
         "0151"},
        {"ff51", "6a",
         "ff51"
         "04ecc7daa2"
         "6a"},
        {"", "05010203", "04ecc7daa2"},
        {"", "5105ecc7daa2aa4c",
         "04ecc7daa2"
         "51"
         "05ecc7daa2aa"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct shape shape = {.other = i & 1}, stripped = {.other = i & 1};
        struct text challenge = {.size = 0}, signature, script = {.size = 0};
        struct made m;

        put_le(&challenge, 33, 1);
        put(&challenge, w.key, 33);
        put_le(&challenge, OP_CHECKSIG, 1);
        start_commitment(&stripped);
        put_hex(&stripped.commitment, cases[i].signed_as);
        signature = sign(legacy_hash(to_spend(&stripped, &challenge), &challenge));
        put_sized(&script, &signature);
        start_commitment(&shape);
        put_hex(&shape.commitment, cases[i].before);
        put_solution(&shape, &script, NULL, 0);
        put_hex(&shape.commitment, cases[i].behind);
        make_block(&m, &shape);
        if (check(&m, &challenge) != REJECT_NONE)
            fail_msg("case %zu", i);
    }
}

static void test_no_memory_and_no_block(void **state)
{
    const struct params *signet = params_find("signet");
    struct block genesis = {.header = signet->genesis}, empty = {.header.version = 1};
    struct shape shape = {.other = true};
    struct text challenge;
    struct made m;
    struct params params;
    struct arena small;
    size_t decided = 0;

    (void)state;
    arena_init(&m.arena, 0);
    assert_int_equal(
        signet_check(&kernels_generic, signet, &genesis, w.workspace, &m.arena, decide, &decided),
        REJECT_NONE);
    assert_int_equal(
        signet_check(&kernels_generic, signet, &empty, w.workspace, &m.arena, decide, &decided),
        REJECT_SIGNET_BLKSIG);
    solve_key(&shape, &challenge, true);
    params_custom_signet(COMPRESS, &params, bytes_of(challenge.data, challenge.size));
    make_block(&m, &shape);
    parse(&m);
    arena_init(&small, 1);
    assert_int_equal(
        signet_check(&kernels_generic, &params, &m.block, w.workspace, &small, decide, &decided),
        REJECT_NO_MEMORY);
    assert_int_equal(decided, 0);
    arena_free(&small);
    arena_free(&m.arena);
}

static int set_up(void **state)
{
    secp256k1_pubkey key;
    size_t size = sizeof(w.key);

    (void)state;
    w.secp = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
    w.workspace = malloc(script_workspace_size());
    w.secret[31] = 7;
    if (!w.secp || !w.workspace || !secp256k1_ec_pubkey_create(w.secp, &key, w.secret))
        return -1;
    secp256k1_ec_pubkey_serialize(w.secp, w.key, &size, &key, SECP256K1_EC_COMPRESSED);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    secp256k1_context_destroy(w.secp);
    free(w.workspace);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_high_s),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_witness),
        cmocka_unit_test(test_solution_forms),
        cmocka_unit_test(test_rewriting),
        cmocka_unit_test(test_no_memory_and_no_block),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
