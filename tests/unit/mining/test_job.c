/* Jobs: the coinbase, the branch, headers against the simplest recomputation, whole blocks as consensus/ reads them. */
#include "mining/job.h"

#include "base/hex.h"
#include "tests/unit/mining/support.h"
#include "tests/unit/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t p2wpkh[22] = {0x00, 0x14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
static const char tag[] = "/a tag/";

static struct job *make_job(struct block_template *t)
{
    const struct job_payout payout = {.script = {p2wpkh, sizeof(p2wpkh)}};
    char error[JOB_ERROR_SIZE] = "";
    struct job *job =
        job_create(support_kernels(), t, &payout, 1, bytes_of(tag, sizeof(tag) - 1), error);

    if (!job)
        fail_msg("no job: %s", error);
    template_unref(t);
    return job;
}

/* The coinbase's script, and the outputs behind it. */
static struct bytes script_of(const uint8_t *coinbase)
{
    return bytes_of(coinbase + 42, coinbase[41]);
}

/* Heights and what BIP34 wants a coinbase's script to begin with. */
static const struct {
    int32_t height;
    const char *push;
} heights[] = {
    {1, "51"},
    {2, "52"},
    {3, "53"},
    {4, "54"},
    {5, "55"},
    {6, "56"},
    {7, "57"},
    {8, "58"},
    {9, "59"},
    {10, "5a"},
    {11, "5b"},
    {12, "5c"},
    {13, "5d"},
    {14, "5e"},
    {15, "5f"},
    {16, "60"},
    {17, "0111"},
    {127, "017f"},
    {128, "028000"},
    {255, "02ff00"},
    {256, "020001"},
    {32767, "02ff7f"},
    {32768, "03008000"},
    {65535, "03ffff00"},
    {65536, "03000001"},
    {8388607, "03ffff7f"},
    {8388608, "0400008000"},
    {2147483647, "04ffffff7f"},
};

static void test_heights(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heights) / sizeof(*heights); i++) {
        struct job *job = make_job(support_parse(support_template(heights[i].height, 1)));
        uint8_t coinbase[JOB_COINBASE_MAX];
        size_t size = job_coinbase(job, 0x1122334455667788, coinbase);
        struct bytes script = script_of(coinbase);
        char text[201];

        assert_true(script.size >= 2 && script.size <= 100);
        hex_encode(text, script.data, script.size);
        assert_memory_equal(text, heights[i].push, strlen(heights[i].push));
        assert_memory_equal(text + strlen(heights[i].push), "07", 2); /* the tag's push */
        assert_string_equal(text + strlen(text) - 18, "088877665544332211");
        assert_int_equal(read_le32(coinbase + size - 4), (uint32_t)heights[i].height - 1);
        job_unref(job);
    }
}

/* The header of an extranonce, made without any of job.c's shortcuts. */
static void naive_header(const struct job *job, uint64_t extranonce, uint8_t header[static 80])
{
    const struct block_template *t = job_template(job);
    uint8_t(*leaves)[32] = calloc(t->count + 1, sizeof(*leaves));
    uint8_t coinbase[JOB_COINBASE_MAX];
    size_t size = job_coinbase(job, extranonce, coinbase);
    struct arena arena;

    assert_non_null(leaves);
    arena_init(&arena, 0);
    support_sha256d(leaves[0], coinbase, size);
    for (size_t i = 0; i < t->count; i++) {
        struct transaction tx;
        uint8_t raw[256];

        assert_int_equal(transaction_parse(&tx, &arena, t->data[i], TRANSACTION_WITH_WITNESS),
                         PARSE_OK);
        size = transaction_serialize(raw, &tx, TRANSACTION_WITHOUT_WITNESS);
        support_sha256d(leaves[i + 1], raw, size);
    }
    write_le32(header, t->version);
    memcpy(header + 4, t->previous.bytes, 32);
    support_merkle_root(header + 36, leaves, t->count + 1);
    write_le32(header + 68, t->time);
    write_le32(header + 72, t->bits);
    write_le32(header + 76, 0);
    arena_free(&arena);
    free(leaves);
}

/* Looks for a nonce with OpenSSL; half of them do on regtest. */
static void mine(uint8_t header[static 80])
{
    uint8_t hash[32];
    uint32_t nonce = 0;

    do {
        write_le32(header + 76, nonce++);
        support_sha256d(hash, header, 80);
    } while (hash[31] > 0x7e);
}

static struct bytes assemble(const struct job *job, uint64_t extranonce)
{
    size_t size = job_block_size(job);
    uint8_t *raw = malloc(size), header[80];

    assert_non_null(raw);
    job_header(job, extranonce, header);
    mine(header);
    job_block(job, extranonce, header, raw);
    return bytes_of(raw, size);
}

static void check_good(const struct job *job, struct bytes raw)
{
    char error[JOB_ERROR_SIZE] = "";

    if (!job_check_block(job, raw, error))
        fail_msg("a good block fails: %s", error);
    free((void *)raw.data);
}

static void test_headers_and_blocks(void **state)
{
    static const uint64_t extranonces[] = {0, 1, 0xff, UINT64_C(0x123456789abcdef0), UINT64_MAX};

    (void)state;
    for (size_t count = 0; count <= 20; count++) {
        struct job *job = make_job(support_parse(support_template(500, count)));

        for (size_t i = 0; i < sizeof(extranonces) / sizeof(*extranonces); i++) {
            uint8_t got[80], want[80];

            job_header(job, extranonces[i], got);
            naive_header(job, extranonces[i], want);
            assert_memory_equal(got, want, 80);
            memset(got + 36, 0, 32);
            job_set_root(job, extranonces[i], got);
            assert_memory_equal(got, want, 80);
            check_good(job, assemble(job, extranonces[i]));
        }
        job_unref(job);
    }
}

static void test_before_segwit(void **state)
{
    json_t *json = support_template(10, 0);
    struct job *job;
    struct bytes raw;
    struct block block;
    struct arena arena;

    (void)state;
    json_object_set_new(json, "rules", json_array());
    job = make_job(support_parse(json));
    raw = assemble(job, 7);
    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, raw, TRANSACTION_WITH_WITNESS), PARSE_OK);
    assert_false(transaction_has_witness(&block.transactions[0]));
    assert_int_equal(block.transactions[0].output_count, 1);
    arena_free(&arena);
    check_good(job, raw);
    job_unref(job);
}

/* The self-check sees every kind of damage. */
static void test_damage(void **state)
{
    struct job *job = make_job(support_parse(support_template(500, 4)));
    struct bytes raw = assemble(job, 1);
    uint8_t *data = (uint8_t *)raw.data;
    char error[JOB_ERROR_SIZE];
    size_t unseen = 0;

    (void)state;
    /* Version, time and nonce may be anything that meets the target; the rest not. */
    for (size_t i = 4; i < raw.size; i++) {
        if (i >= 68 && i < 72)
            continue;
        data[i] ^= 0x01;
        unseen += job_check_block(job, raw, error) && i < 76;
        if (i >= 80)
            assert_false(job_check_block(job, raw, error));
        data[i] ^= 0x01;
    }
    assert_int_equal(unseen, 0);
    for (size_t size = 0; size < raw.size; size++)
        assert_false(job_check_block(job, bytes_of(data, size), error));
    check_good(job, raw);
    job_unref(job);
}

static void test_payouts(void **state)
{
    static const uint8_t other[] = {0x51};
    struct job_payout payouts[] = {
        {.script = {p2wpkh, sizeof(p2wpkh)}, .amount = {123}},
        {.script = {other, sizeof(other)}, .amount = {1000}},
        {.script = {other, sizeof(other)}, .amount = {4999999000}},
    };
    struct block_template *t = support_parse(support_template(500, 1));
    char error[JOB_ERROR_SIZE];
    uint8_t coinbase[JOB_COINBASE_MAX];
    struct transaction tx;
    struct arena arena;
    struct job *job = job_create(support_kernels(), t, payouts, 3, bytes_of(NULL, 0), error);

    (void)state;
    assert_non_null(job);
    arena_init(&arena, 0);
    assert_int_equal(transaction_parse(&tx, &arena,
                                       bytes_of(coinbase, job_coinbase(job, 0, coinbase)),
                                       TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    assert_int_equal(tx.output_count, 4);
    assert_int_equal(tx.outputs[0].value.sat, 0);
    assert_int_equal(tx.outputs[1].value.sat, 1000);
    assert_int_equal(tx.outputs[2].value.sat, 4999999000);
    assert_true(bytes_equal(tx.outputs[0].script, payouts[0].script));
    arena_free(&arena);
    job_unref(job);
    payouts[2].amount.sat++;
    assert_null(job_create(support_kernels(), t, payouts, 3, bytes_of(NULL, 0), error));
    assert_non_null(strstr(error, "exceed"));
    payouts[2].amount.sat = -1;
    assert_null(job_create(support_kernels(), t, payouts, 3, bytes_of(NULL, 0), error));
    assert_null(job_create(support_kernels(), t, payouts, 0, bytes_of(NULL, 0), error));
    assert_null(job_create(support_kernels(), t, payouts, 65, bytes_of(NULL, 0), error));
    template_unref(t);
}

/* Tag and coinbaseaux share 100 bytes with height and extranonce; what has no room is left out. */
static void test_script_room(void **state)
{
    const struct job_payout payout = {.script = {p2wpkh, sizeof(p2wpkh)}};
    char text[JOB_TAG_MAX + 1], aux[2 * TEMPLATE_MAX_AUX + 1], error[JOB_ERROR_SIZE];
    uint8_t coinbase[JOB_COINBASE_MAX];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t aux_size = 0; aux_size <= TEMPLATE_MAX_AUX; aux_size++)
        for (size_t size = 0; size <= JOB_TAG_MAX; size += 8) {
            json_t *json = support_template(500000, 0);
            struct block_template *t;
            struct job *job;
            size_t want = 4 + 9 + (size ? size + 1 : 0);

            memset(aux, 'a', 2 * aux_size);
            aux[2 * aux_size] = '\0';
            json_object_set_new(json, "coinbaseaux", json_pack("{s:s}", "flags", aux));
            t = support_parse(json);
            job = job_create(support_kernels(), t, &payout, 1, bytes_of(text, size), error);
            assert_non_null(job);
            job_coinbase(job, 0, coinbase);
            if (aux_size && want + aux_size + 1 <= 100)
                want += aux_size + 1;
            assert_int_equal(script_of(coinbase).size, want);
            template_unref(t);
            job_unref(job);
        }
    {
        struct block_template *t = support_parse(support_template(1, 0));

        assert_null(
            job_create(support_kernels(), t, &payout, 1, bytes_of(text, sizeof(text)), error));
        assert_non_null(strstr(error, "tag"));
        template_unref(t);
    }
}

/* The weight and size that a template allows, to the byte. */
static void test_limits(void **state)
{
    const struct job_payout payout = {.script = {p2wpkh, sizeof(p2wpkh)}};
    struct job *job = make_job(support_parse(support_template(500, 3)));
    struct bytes raw = assemble(job, 1);
    size_t size = raw.size;
    char error[JOB_ERROR_SIZE];
    json_t *json;
    struct block_template *t;

    (void)state;
    for (int smaller = 0; smaller <= 1; smaller++) {
        json = support_template(500, 3);
        json_object_set_new(json, "sizelimit", json_integer((json_int_t)size - smaller));
        t = support_parse(json);
        job_unref(job);
        job = job_create(support_kernels(), t, &payout, 1, bytes_of(tag, sizeof(tag) - 1), error);
        assert_int_equal(job == NULL, smaller);
        template_unref(t);
    }
    assert_non_null(strstr(error, "sizelimit"));
    json = support_template(500, 3);
    json_object_set_new(json, "weightlimit", json_integer(500));
    t = support_parse(json);
    assert_null(job_create(support_kernels(), t, &payout, 1, bytes_of(NULL, 0), error));
    assert_non_null(strstr(error, "weightlimit"));
    template_unref(t);
    free((void *)raw.data);
}

static size_t weight_of(struct bytes raw)
{
    struct arena arena;
    struct block block;
    size_t weight;

    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, raw, TRANSACTION_WITH_WITNESS), PARSE_OK);
    weight = block_weight(&block);
    arena_free(&arena);
    return weight;
}

/* A block with a longer tag than the one that its template's limit was made for. */
static void test_check_sees_limits(void **state)
{
    const struct job_payout payout = {.script = {p2wpkh, sizeof(p2wpkh)}};
    struct job *job = make_job(support_parse(support_template(500, 3)));
    struct bytes long_one = assemble(job, 1);
    char error[JOB_ERROR_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        json_t *json = support_template(500, 3);
        struct block_template *t;

        json_object_set_new(
            json, i ? "sizelimit" : "weightlimit",
            json_integer(i ? (json_int_t)long_one.size - 1 : (json_int_t)weight_of(long_one) - 1));
        t = support_parse(json);
        job_unref(job);
        job = job_create(support_kernels(), t, &payout, 1, bytes_of(NULL, 0), error);
        assert_non_null(job);
        assert_false(job_check_block(job, long_one, error));
        assert_string_equal(error, "it is too large");
        template_unref(t);
    }
    job_unref(job);
    free((void *)long_one.data);
}

/* A template whose transactions are a real block's. */
static json_t *template_of_block(const struct block *block)
{
    json_t *json = support_template(800000, 0), *list = json_object_get(json, "transactions");
    char txid[65], wtxid[65];

    for (size_t i = 1; i < block->transaction_count; i++) {
        struct bytes raw = block->transactions[i].raw;
        char *data = malloc(2 * raw.size + 1);

        assert_non_null(data);
        hex_encode(data, raw.data, raw.size);
        hex_encode_reversed(txid, block->txids[i].bytes, 32);
        hex_encode_reversed(wtxid, block->wtxids[i].bytes, 32);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s}", "data", data, "txid", txid, "hash", wtxid));
        free(data);
    }
    return json;
}

static void check_real_block(const char *path)
{
    size_t size, output;
    uint8_t *raw = vectors_load(path, &size);
    struct block_template *t;
    struct hash256 leaf, root;
    struct block block;
    struct arena arena;
    struct job *job;

    arena_init(&arena, 0);
    assert_int_equal(block_parse(&block, &arena, bytes_of(raw, size), TRANSACTION_WITH_WITNESS),
                     PARSE_OK);
    assert_true(block_compute_ids(support_kernels(), &block, &arena));
    t = support_parse(template_of_block(&block));
    /* The real coinbase leads to the real root. */
    memcpy(leaf.bytes, block.txids[0].bytes, 32);
    root = merkle_root_from_branch(support_kernels()->sha256d_64->run, leaf, t->branch,
                                   t->branch_depth, 0);
    assert_true(hash256_equal(root, block.header.merkle_root));
    /* The commitment is the real one where the reserved value is zero, as pools leave it. */
    if (witness_commitment_find(&output, &block.transactions[0]) &&
        block.transactions[0].inputs[0].witness_count == 1) {
        static const uint8_t zeros[32];

        if (!memcmp(block.transactions[0].inputs[0].witness[0].data, zeros, 32))
            assert_memory_equal(block.transactions[0].outputs[output].script.data + 6,
                                t->commitment.bytes, 32);
    }
    /* With our own coinbase instead it is a block again. */
    if (size < 3900000) {
        job = make_job(template_ref(t));
        check_good(job, assemble(job, 42));
        job_unref(job);
    }
    template_unref(t);
    arena_free(&arena);
    free(raw);
}

static void test_real_blocks(void **state)
{
    static const char *const paths[] = {"blocks/mainnet-170.raw",    "blocks/mainnet-150013.raw",
                                        "blocks/mainnet-367891.raw", "blocks/mainnet-413567.raw",
                                        "blocks/mainnet-757753.raw", "blocks/mainnet-866342.raw",
                                        "blocks/testnet3-928816.raw"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        check_real_block(paths[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heights),       cmocka_unit_test(test_headers_and_blocks),
        cmocka_unit_test(test_before_segwit), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_payouts),       cmocka_unit_test(test_script_room),
        cmocka_unit_test(test_limits),        cmocka_unit_test(test_check_sees_limits),
        cmocka_unit_test(test_real_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
