/* mining.notify to headers: against block 1 of Bitcoin's chain, and against OpenSSL. */
#include "tests/unit/mining/support.h"

#include "base/hex.h"
#include "mining/stratum_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_1_COINB1                                                                             \
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704ffff00" \
    "1d"
#define BLOCK_1_COINB2                                                                             \
    "ffffffff0100f2052a0100000043410496b538e853519c726a2c91e61ec11600ae1390813a627c66fb8be7947be6" \
    "3c52da7589379515d4e0a604f8141781e62294721166bf621e73a82cbf2342c858eeac00000000"
#define BLOCK_1_PREVIOUS "0a8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d66800000000"
#define BLOCK_1_NONCE 0x9962e301
#define BLOCK_1_HASH "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048"

static const char block_1[] =
    "[\"b1\",\"" BLOCK_1_PREVIOUS "\",\"" BLOCK_1_COINB1 "\",\"" BLOCK_1_COINB2
    "\",[],\"00000001\",\"1d00ffff\",\"4966bc61\",true]";

static json_t *read_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json;
}

static struct stratum_job *parse(json_t *params, const struct stratum_extranonce *extranonce,
                                 double difficulty, char error[static STRATUM_JOB_ERROR_SIZE])
{
    bool clean = false;
    struct stratum_job *job =
        stratum_job_parse(support_kernels(), params, extranonce, difficulty, 5, &clean, error);

    json_decref(params);
    if (job)
        assert_int_equal(clean, true);
    return job;
}

/* The extranonce of block 1, a push of one byte, divided between the pool's part and ours. */
static void block_1_is_found(void **state)
{
    const struct stratum_extranonce extranonce = {.first = {1}, .first_size = 1, .second_size = 1};
    char error[STRATUM_JOB_ERROR_SIZE] = "", name[65];
    struct stratum_job *job = parse(read_json(block_1), &extranonce, 1, error);
    uint8_t header[80], hash[32];

    (void)state;
    assert_string_equal(error, "");
    assert_string_equal(job->id, "b1");
    assert_int_equal(job->received_ns, 5);
    memcpy(header, job->header, sizeof(header));
    stratum_job_header(job, 4, header);
    write_le32(header + 76, BLOCK_1_NONCE);
    support_sha256d(hash, header, sizeof(header));
    hex_encode_reversed(name, hash, sizeof(hash));
    assert_string_equal(name, BLOCK_1_HASH);
    assert_true(uint256_compare(uint256_from_le(hash), job->target) <= 0);
    assert_int_equal(uint256_compare(job->target, job->network_target), 0);
    stratum_job_unref(job);
}

/* A coinbase of parts that are random but the same each time, and a branch of 12 hashes. */
static void headers_are_what_openssl_says(void **state)
{
    enum { BRANCH = 12, HEAD = 61, FIRST = 5, TAIL = 140 };
    struct stratum_extranonce extranonce = {.first_size = FIRST};
    uint8_t coinbase[HEAD + FIRST + STRATUM_EXTRANONCE_MAX + TAIL], pair[64], header[80];
    char head[2 * HEAD + 1], tail[2 * TAIL + 1], hash[65], error[STRATUM_JOB_ERROR_SIZE];
    uint8_t seed[32] = {7};

    (void)state;
    for (size_t size = 1; size <= 16; size++) {
        json_t *branch = json_array();
        struct stratum_job *job;
        uint8_t branches[BRANCH][32];
        uint64_t number = UINT64_C(0x1122334455667788);

        for (size_t i = 0; i < sizeof(coinbase); i += 32) {
            support_sha256d(seed, seed, sizeof(seed));
            memcpy(coinbase + i, seed, sizeof(coinbase) - i < 32 ? sizeof(coinbase) - i : 32);
        }
        for (size_t i = 0; i < BRANCH; i++) {
            support_sha256d(branches[i], seed, sizeof(seed));
            memcpy(seed, branches[i], 32);
            hex_encode(hash, branches[i], 32);
            json_array_append_new(branch, json_string(hash));
        }
        extranonce.second_size = size;
        memcpy(extranonce.first, coinbase + HEAD, FIRST);
        memset(coinbase + HEAD + FIRST, 0, size);
        for (size_t i = 0; i < size && i < 8; i++)
            coinbase[HEAD + FIRST + i] = (uint8_t)(number >> 8 * i);
        hex_encode(head, coinbase, HEAD);
        hex_encode(tail, coinbase + HEAD + FIRST + size, TAIL);
        job = parse(json_pack("[s,s,s,s,o,s,s,s,b]", "id", BLOCK_1_PREVIOUS, head, tail, branch,
                              "20000000", "1d00ffff", "00000001", 1),
                    &extranonce, 1, error);
        assert_non_null(job);
        support_sha256d(pair, coinbase, HEAD + FIRST + size + TAIL);
        for (size_t i = 0; i < BRANCH; i++) {
            memcpy(pair + 32, branches[i], 32);
            support_sha256d(pair, pair, sizeof(pair));
        }
        memset(header, 0xee, sizeof(header));
        stratum_job_header(job, number, header);
        assert_memory_equal(header + 36, pair, 32);
        assert_int_equal(header[35], 0xee);
        assert_int_equal(header[68], 0xee);
        assert_int_equal(stratum_job_last_extranonce(job),
                         size < 8 ? ((uint64_t)1 << 8 * size) - 1 : UINT64_MAX);
        stratum_job_unref(job);
    }
}

/* Difficulties and the targets that exact arithmetic gives them. */
static const struct {
    double difficulty;
    const char *target;
} targets[] = {
    {1, "00000000ffff0000000000000000000000000000000000000000000000000000"},
    {0.001, "000003e7fc17fffffffa2405dc00000008c9f735fffffff2d10d2f00000013c6"},
    {1e-9, "3b9a8e6535fffef481b5fe088151b0791619e09d7e3f36fccfbaa4c14955fdb7"},
    {2.3283064365386963e-10, "ffff000000000000000000000000000000000000000000000000000000000000"},
    {2.3e-10, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {5e-324, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
    {0.5, "00000001fffe0000000000000000000000000000000000000000000000000000"},
    {3, "0000000055550000000000000000000000000000000000000000000000000000"},
    {65536, "000000000000ffff000000000000000000000000000000000000000000000000"},
    {1234.5678, "0000000000351556b5fb67e30b24364ee7cdd7c48b1e9e6f6298bc92dd251565"},
    {1e15, "00000000000000000000480e766cdedcb914316213b20a7a5f0d26cb45f4f354"},
    {1e60, "00000000000000000000000000000000000000000000000000000000019b5eaf"},
    {2.6959535291011309e67, "0000000000000000000000000000000000000000000000000000000000000001"},
    {3e67, "0000000000000000000000000000000000000000000000000000000000000000"},
};

static void difficulties_become_targets(void **state)
{
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(targets) / sizeof(*targets); i++) {
        struct stratum_job *job =
            parse(read_json(block_1), &extranonce, targets[i].difficulty, error);
        uint8_t target[32];

        assert_non_null(job);
        assert_true(hex_decode(target, 32, targets[i].target, 64));
        assert_int_equal(uint256_compare(job->target, uint256_from_be(target)), 0);
        stratum_job_unref(job);
    }
}

/* What a pool may get wrong: where, with what (as JSON), and a word of the complaint. */
static const struct {
    size_t at;
    const char *json;
    const char *word;
} faults[] = {
    {0, "5", "name"},
    {0, "null", "name"},
    {1, "null", "previous"},
    {1, "\"00\"", "previous"},
    {1, "\"0a8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d6680000000\"", "previous"},
    {1, "\"xa8ce26f72b3f1b646a2a6c14ff763ae65831e939c085ae10019d66800000000\"", "previous"},
    {2, "null", "strings"},
    {2, "\"0\"", "hex"},
    {2, "\"0g\"", "hex"},
    {3, "[]", "strings"},
    {3, "\"123\"", "hex"},
    {4, "null", "branch"},
    {4, "\"\"", "branch"},
    {4, "[\"00\"]", "branch"},
    {4, "[7]", "branch"},
    {5, "536870912", "8 hex"},
    {5, "\"2000000\"", "8 hex"},
    {5, "\"200000000\"", "8 hex"},
    {6, "\"\"", "8 hex"},
    {6, "\"1d00fffg\"", "8 hex"},
    {7, "\"0x4966bc\"", "8 hex"},
    {7, "null", "8 hex"},
    {8, "null", "void"},
    {8, "1", "void"},
};

static void bad_jobs_are_refused(void **state)
{
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE];
    json_t *params;

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        params = read_json(block_1);
        json_array_set_new(params, faults[i].at, json_loads(faults[i].json, JSON_DECODE_ANY, NULL));
        assert_null(parse(params, &extranonce, 1, error));
        if (!strstr(error, faults[i].word))
            fail_msg("case %zu: %s", i, error);
    }
    for (size_t size = 0; size < 9; size++) {
        params = read_json(block_1);
        while (json_array_size(params) > size)
            json_array_remove(params, json_array_size(params) - 1);
        assert_null(parse(params, &extranonce, 1, error));
    }
    assert_null(parse(read_json("{}"), &extranonce, 1, error));
    bool clean;
    assert_null(stratum_job_parse(support_kernels(), NULL, &extranonce, 1, 0, &clean, error));
}

static char *repeat(char c, size_t count)
{
    char *text = malloc(count + 1);

    assert_non_null(text);
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

static void limits_hold(void **state)
{
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE];
    struct stratum_job *job;
    char *text;

    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        json_t *params = read_json(block_1), *branch = json_array();

        text = repeat('j', STRATUM_JOB_ID_SIZE - 1 + over);
        json_array_set_new(params, 0, json_string(text));
        job = parse(params, &extranonce, 1, error);
        assert_int_equal(job != NULL, !over);
        if (job)
            assert_string_equal(job->id, text);
        stratum_job_unref(job);
        free(text);

        params = read_json(block_1);
        text = repeat('0', 2 * STRATUM_COINBASE_MAX + 2 * over - strlen(BLOCK_1_COINB1));
        json_array_set_new(params, 3, json_string(text));
        free(text);
        job = parse(params, &extranonce, 1, error);
        assert_int_equal(job != NULL, !over);
        stratum_job_unref(job);

        for (size_t i = 0; i < STRATUM_BRANCH_MAX + over; i++)
            json_array_append_new(branch, json_string(BLOCK_1_HASH));
        params = read_json(block_1);
        json_array_set_new(params, 4, branch);
        job = parse(params, &extranonce, 1, error);
        assert_int_equal(job != NULL, !over);
        stratum_job_unref(job);
    }
}

/* The first bytes of the coinbase's script, and the height that they say. */
static const struct {
    const char *script;
    int32_t height;
} heights[] = {
    {"0403ffff7f00", 8388607},
    {"0402e803", 1000},
    {"0351", 1},
    {"0360", 16},
    {"0300", 0},
    {"0361", 0},
    {"0301", 0},
    {"0603ffff", 0},
    {"0601ff", 255},
    {"0704ffffff7f", 2147483647},
    {"0704ffffffff", 0},
    {"0a0501020304", 0},
    {"", 0},
};

static void heights_are_read(void **state)
{
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE], text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(heights) / sizeof(*heights); i++) {
        json_t *params = read_json(block_1);
        struct stratum_job *job;

        snprintf(text, sizeof(text), "%.82s%s", BLOCK_1_COINB1, heights[i].script);
        json_array_set_new(params, 2, json_string(text));
        job = parse(params, &extranonce, 1, error);
        assert_non_null(job);
        if (job->height != heights[i].height)
            fail_msg("case %zu: %d", i, job->height);
        stratum_job_unref(job);
    }
}

static void bits_that_are_none_give_no_blocks(void **state)
{
    static const char *const bits[] = {"00000000", "1d80ffff", "ff00ffff", "2100ffff"};
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
        json_t *params = read_json(block_1);
        struct stratum_job *job;

        json_array_set_new(params, 6, json_string(bits[i]));
        job = parse(params, &extranonce, 1, error);
        assert_non_null(job);
        assert_int_equal(uint256_is_zero(job->network_target), i != 3);
        stratum_job_unref(job);
    }
}

static void extranonces_are_read(void **state)
{
    static const struct {
        const char *json;
        bool good;
        size_t first, second;
    } cases[] = {
        {"[\"\",1]", true, 0, 1},
        {"[\"00ff\",4]", true, 2, 4},
        {"[\"00FF\",32]", true, 2, 32},
        {"[\"00ff\",33]", false, 0, 0},
        {"[\"00ff\",0]", false, 0, 0},
        {"[\"00ff\",-1]", false, 0, 0},
        {"[\"00f\",4]", false, 0, 0},
        {"[\"zz\",4]", false, 0, 0},
        {"[7,4]", false, 0, 0},
        {"[\"00\",\"4\"]", false, 0, 0},
        {"[\"00\",4.0]", false, 0, 0},
        {"[\"00\"]", false, 0, 0},
        {"[]", false, 0, 0},
    };
    struct stratum_extranonce out = {.second_size = 9}, other;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *json = read_json(cases[i].json);
        bool good =
            stratum_extranonce_parse(&out, json_array_get(json, 0), json_array_get(json, 1));

        if (good != cases[i].good ||
            (good && (out.first_size != cases[i].first || out.second_size != cases[i].second)))
            fail_msg("case %zu", i);
        json_decref(json);
    }
    other = out;
    assert_true(stratum_extranonce_equal(&out, &other));
    other.first[0] ^= 1;
    assert_false(stratum_extranonce_equal(&out, &other));
    other = out;
    other.second_size--;
    assert_false(stratum_extranonce_equal(&out, &other));
}

static void bits_that_the_job_sets_are_not_rolled(void **state)
{
    const struct stratum_extranonce extranonce = {.second_size = 4};
    char error[STRATUM_JOB_ERROR_SIZE];
    json_t *params = read_json(block_1);
    struct stratum_job *job;

    (void)state;
    json_array_set_new(params, 5, json_string("2000a000"));
    job = parse(params, &extranonce, 1, error);
    assert_non_null(job);
    assert_int_equal(stratum_job_version_mask(job, 0x1fffe000), 0x1fff4000);
    stratum_job_unref(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(block_1_is_found),
        cmocka_unit_test(headers_are_what_openssl_says),
        cmocka_unit_test(difficulties_become_targets),
        cmocka_unit_test(bad_jobs_are_refused),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(heights_are_read),
        cmocka_unit_test(bits_that_are_none_give_no_blocks),
        cmocka_unit_test(extranonces_are_read),
        cmocka_unit_test(bits_that_the_job_sets_are_not_rolled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
