/* Rules for headers at both sides of every limit; real headers; which script rules hold where. */
#include "consensus/block_rules.h"

#include "consensus/pow.h"
#include "consensus/script_flags.h"
#include "tests/unit/consensus/block_builder.h"

#include <stdlib.h>

static void test_work(void **state)
{
    (void)state;
    for (const struct params *const *p = params_all; *p; p++) {
        struct block_header header = (*p)->genesis;

        assert_int_equal(header_check(*p, &header, (*p)->genesis_hash), REJECT_NONE);
        header.nonce ^= 1u << 31;
        if (*p != params_find("regtest")) /* any second hash will do there */
            assert_int_equal(header_check(*p, &header, block_header_hash(COMPRESS, &header)),
                             REJECT_HIGH_HASH);
        /* Bits that nobody may claim: easier than the limit, zero, negative, too large. */
        header = (*p)->genesis;
        for (size_t i = 0; i < 4; i++) {
            header.bits = (uint32_t[]){0x21010000, 0, 0x04800001, 0xff123456}[i];
            assert_int_equal(header_check(*p, &header, (struct block_hash){{0}}), REJECT_HIGH_HASH);
        }
    }
}

enum { MTP = 1600000000, BITS = 0x207fffff, HOUR = 3600 };

static const struct header_context usual = {BITS, MTP + 500, MTP + 1000};

/* Times count from the median time past. */
static const struct {
    const char *network;
    int32_t height;
    int64_t time;
    uint32_t bits;
    int32_t version;
    int64_t previous_time, now; /* of the context; INT64_MIN: there is none */
    enum reject want;
} headers[] = {
#define ROW(network, height, time, want)                                                           \
    {                                                                                              \
        network, height, time, BITS, 4, 500, 1000, want                                            \
    }
#define NO_CONTEXT INT64_MIN
    ROW("main", 800000, 1, REJECT_NONE),
    ROW("main", 800000, 0, REJECT_TIME_TOO_OLD),
    ROW("main", 800000, -1, REJECT_TIME_TOO_OLD),
    ROW("main", 800000, 1000 + 2 * HOUR, REJECT_NONE),
    ROW("main", 800000, 1001 + 2 * HOUR, REJECT_TIME_TOO_NEW),
    /* Before the one before it: no matter but where a BIP94 network retargets. */
    {"testnet4", 2016, 100, BITS, 4, 700, 1000, REJECT_NONE},
    {"testnet4", 2016, 100, BITS, 4, 701, 1000, REJECT_TIME_TIMEWARP_ATTACK},
    {"testnet4", 2017, 100, BITS, 4, 701, 1000, REJECT_NONE},
    {"testnet4", 4032, 100, BITS, 4, 701, 1000, REJECT_TIME_TIMEWARP_ATTACK},
    {"testnet4", 2016, 100, BITS, 4, INT64_MAX - MTP, 1000, REJECT_TIME_TIMEWARP_ATTACK},
    {"excalibur", 144, 100, BITS, 4, 701, 1000, REJECT_TIME_TIMEWARP_ATTACK},
    {"excalibur", 144, 100, BITS, 4, 700, 1000, REJECT_NONE},
    {"excalibur", 145, 100, BITS, 4, 701, 1000, REJECT_NONE},
    {"main", 2016 * 300, 100, BITS, 4, 5000, 1000, REJECT_NONE},
    {"test", 2016 * 300, 100, BITS, 4, 5000, 1000, REJECT_NONE},
    /* Difficulty first. */
    {"main", 800000, 1, BITS - 1, 4, 500, 1000, REJECT_DIFFBITS},
    {"main", 800000, 0, BITS - 1, 0, 500, 1000, REJECT_DIFFBITS},
    {"main", 800000, 0, BITS, 0, 500, 1000, REJECT_TIME_TOO_OLD},
    {"main", 800000, 9000, BITS, 0, 500, 1000, REJECT_TIME_TOO_NEW},
    {"testnet4", 2016, 100, BITS, 4, 701, -8000, REJECT_TIME_TIMEWARP_ATTACK},
    /* Without a context what the place tells. */
    {"main", 800000, 1, BITS - 1, 4, 0, NO_CONTEXT, REJECT_NONE},
    {"main", 800000, 10000000, BITS - 1, 4, 0, NO_CONTEXT, REJECT_NONE},
    {"main", 800000, 0, BITS - 1, 4, 0, NO_CONTEXT, REJECT_TIME_TOO_OLD},
    {"main", 800000, 1, BITS - 1, 3, 0, NO_CONTEXT, REJECT_VERSION},
    /* BIP34, BIP66 and BIP65, each from its height on. */
    {"main", 227930, 1, BITS, 1, 500, 1000, REJECT_NONE},
    {"main", 227931, 1, BITS, 1, 500, 1000, REJECT_VERSION},
    {"main", 227931, 1, BITS, 2, 500, 1000, REJECT_NONE},
    {"main", 363724, 1, BITS, 2, 500, 1000, REJECT_NONE},
    {"main", 363725, 1, BITS, 2, 500, 1000, REJECT_VERSION},
    {"main", 363725, 1, BITS, 3, 500, 1000, REJECT_NONE},
    {"main", 388380, 1, BITS, 3, 500, 1000, REJECT_NONE},
    {"main", 388381, 1, BITS, 3, 500, 1000, REJECT_VERSION},
    {"main", 388381, 1, BITS, 4, 500, 1000, REJECT_NONE},
    {"main", 1, 1, BITS, 0, 500, 1000, REJECT_NONE},
    {"main", 1, 1, BITS, INT32_MIN, 500, 1000, REJECT_NONE},
    {"main", 800000, 1, BITS, 0x20000000, 500, 1000, REJECT_NONE},
    {"main", 800000, 1, BITS, INT32_MAX, 500, 1000, REJECT_NONE},
    {"main", 800000, 1, BITS, -1, 500, 1000, REJECT_VERSION},
    {"main", 800000, 1, BITS, INT32_MIN, 500, 1000, REJECT_VERSION},
};

static void test_contextual(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct block_place place = {params_find(headers[i].network), headers[i].height, MTP};
        struct header_context context = {BITS, MTP + headers[i].previous_time,
                                         headers[i].now == NO_CONTEXT ? 0 : MTP + headers[i].now};
        struct block_header header = {.version = headers[i].version,
                                      .time = (uint32_t)(MTP + headers[i].time),
                                      .bits = headers[i].bits};
        struct rejection got = header_check_contextual(
            &place, &header, headers[i].now == NO_CONTEXT ? NULL : &context);

        if (got.reason != headers[i].want)
            fail_msg("row %zu: %s", i, reject_text(got.reason));
        assert_int_equal(got.version, got.reason == REJECT_VERSION ? header.version : 0);
        assert_true(got.transaction == REJECT_NO_INDEX && got.input == REJECT_NO_INDEX);
    }
}

/* Clocks and medians that are no times at all. */
static void test_absurd_times(void **state)
{
    struct block_place place = {params_find("testnet4"), 2016, INT64_MIN};
    struct block_header header = {.version = 4, .bits = BITS, .time = UINT32_MAX};
    struct header_context context = {BITS, INT64_MIN, INT64_MAX};

    (void)state;
    assert_int_equal(header_check_contextual(&place, &header, &context).reason, REJECT_NONE);
    context.now = INT64_MIN;
    assert_int_equal(header_check_contextual(&place, &header, &context).reason,
                     REJECT_TIME_TOO_NEW);
    context.previous_time = INT64_MAX;
    assert_int_equal(header_check_contextual(&place, &header, &context).reason,
                     REJECT_TIME_TIMEWARP_ATTACK);
    place.median_time_past = INT64_MAX;
    assert_int_equal(header_check_contextual(&place, &header, &context).reason,
                     REJECT_TIME_TOO_OLD);
    place.median_time_past = UINT32_MAX;
    assert_int_equal(header_check_contextual(&place, &header, &usual).reason, REJECT_TIME_TOO_OLD);
}

static int compare_times(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void test_median(void **state)
{
    struct random random = random_create("median");

    (void)state;
    assert_int_equal(median_time_past((uint32_t[]){7}, 1), 7);
    assert_int_equal(median_time_past((uint32_t[]){7, 5}, 2), 7); /* of an even number the later */
    assert_int_equal(median_time_past((uint32_t[]){5, 9, 7, 8}, 4), 8);
    assert_int_equal(median_time_past((uint32_t[]){5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, 11), 5);
    assert_int_equal(median_time_past((uint32_t[]){UINT32_MAX, 0, UINT32_MAX}, 3), UINT32_MAX);
    for (int round = 0; round < 2000; round++) {
        uint32_t times[MEDIAN_TIME_SPAN];
        size_t n = 1 + random_below(&random, MEDIAN_TIME_SPAN);
        int64_t got;

        for (size_t i = 0; i < n; i++)
            times[i] = (uint32_t)random_below(&random, 1 + (size_t)round);
        got = median_time_past(times, n);
        qsort(times, n, sizeof(times[0]), compare_times);
        assert_int_equal(got, times[n / 2]);
    }
}

/* The first 10 237 headers of the main network, each by the rules that need no clock. */
static void test_real_headers(void **state)
{
    const struct params *params = params_find("main");
    uint32_t times[MEDIAN_TIME_SPAN] = {params->genesis.time};
    size_t size;
    uint8_t *raw = vectors_load("blocks/mainnet-0-to-10236.headers", &size);

    (void)state;
    assert_int_equal(size, 10237 * BLOCK_HEADER_SIZE);
    for (int32_t height = 1; height < 10237; height++) {
        const uint8_t *at = raw + BLOCK_HEADER_SIZE * height;
        struct block_header header = block_header_read(at);
        size_t n = height < MEDIAN_TIME_SPAN ? (size_t)height : MEDIAN_TIME_SPAN;
        struct block_place place = {params, height, median_time_past(times, n)};
        struct header_context context = {header.bits, 0, header.time};

        assert_int_equal(header_check(params, &header, block_raw_header_hash(COMPRESS, at)),
                         REJECT_NONE);
        assert_int_equal(header_check_contextual(&place, &header, &context).reason, REJECT_NONE);
        times[height % MEDIAN_TIME_SPAN] = header.time;
    }
    free(raw);
}

#define ALWAYS (SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS | SCRIPT_VERIFY_TAPROOT)
#define DERSIG SCRIPT_VERIFY_DERSIG
#define CLTV SCRIPT_VERIFY_CHECKLOCKTIMEVERIFY
#define CSV SCRIPT_VERIFY_CHECKSEQUENCEVERIFY
#define NULLDUMMY SCRIPT_VERIFY_NULLDUMMY

static const struct {
    const char *network;
    int32_t height;
    const char *hash; /* NULL: one that is no exception */
    uint32_t flags;
} flags[] = {
    {"main", 0, NULL, ALWAYS},
    {"main", 363724, NULL, ALWAYS},
    {"main", 363725, NULL, ALWAYS | DERSIG},
    {"main", 388380, NULL, ALWAYS | DERSIG},
    {"main", 388381, NULL, ALWAYS | DERSIG | CLTV},
    {"main", 419327, NULL, ALWAYS | DERSIG | CLTV},
    {"main", 419328, NULL, ALWAYS | DERSIG | CLTV | CSV},
    {"main", 481823, NULL, ALWAYS | DERSIG | CLTV | CSV},
    {"main", 481824, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"main", INT32_MAX, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"main", 170060, "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22", 0},
    {"main", 692261, "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad",
     SCRIPT_VERIFY_P2SH | SCRIPT_VERIFY_WITNESS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"test", 21111, "00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105", 0},
    /* Another network's exception is none. */
    {"test", 170060, "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22", ALWAYS},
    {"regtest", 0, NULL, ALWAYS | NULLDUMMY},
    {"regtest", 1, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"excalibur", 1, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"testnet4", 1, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
    {"signet", 1, NULL, ALWAYS | DERSIG | CLTV | CSV | NULLDUMMY},
};

static struct block_hash block_hash_of_text(const char *text)
{
    struct block_hash hash;
    struct hash256 h = hash_of_text(text);

    memcpy(hash.bytes, h.bytes, 32);
    return hash;
}

static void test_flags(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct block_hash hash = {{1}};
        uint32_t got;

        if (flags[i].hash)
            hash = block_hash_of_text(flags[i].hash);
        got = block_script_flags(params_find(flags[i].network), hash, flags[i].height);
        if (got != flags[i].flags)
            fail_msg("row %zu: %x", i, got);
    }
}

#define REPEAT_91842 "00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec"
#define REPEAT_91880 "00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721"

static void test_bip30(void **state)
{
    static const struct {
        int32_t height;
        const char *hash;
        bool known, want;
    } rows[] = {
        {1, NULL, false, true},
        {91842, NULL, false, true},
        {91842, REPEAT_91842, false, false},
        {91842, REPEAT_91880, false, true},
        {91880, REPEAT_91880, false, false},
        {91880, REPEAT_91842, false, true},
        {91843, REPEAT_91842, false, true},
        {227931, NULL, false, true},
        {227931, NULL, true, true}, /* a block is no ancestor of its own */
        {227932, NULL, true, false},
        {227932, NULL, false, true},
        {1983701, NULL, true, false},
        {1983701, NULL, false, true},
        {1983702, NULL, true, true},
        {INT32_MAX, NULL, true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct block_hash hash = {{1}};

        if (rows[i].hash)
            hash = block_hash_of_text(rows[i].hash);
        if (block_enforces_bip30(params_find("main"), hash, rows[i].height, rows[i].known) !=
            rows[i].want)
            fail_msg("row %zu", i);
    }
}

/* Every reason has a text of its own and a class, and no text grows too long. */
static void test_texts(void **state)
{
    char text[REJECTION_TEXT_SIZE];
    struct rejection rejection;

    (void)state;
    for (int i = 0; i <= REJECT_NO_MEMORY; i++) {
        assert_non_null(reject_text((enum reject)i));
        assert_int_equal(reject_class((enum reject)i) == REJECT_CLASS_NONE, i == REJECT_NONE);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(reject_text((enum reject)i), reject_text((enum reject)j));
    }
    for (int i = 0; i < SCRIPT_ERRORS; i++) {
        rejection = rejection_of_script((enum script_error)i, 0, 0);
        rejection_text(text, &rejection);
        assert_non_null(strstr(text, script_error_text((enum script_error)i)));
        assert_int_equal(text[strlen(text) - 1], ')');
    }
    rejection = rejection_of_script(SCRIPT_ERR_SIG_NULLFAIL, 1, 2);
    assert_string_equal(rejection_text(text, &rejection),
                        "block-script-verify-flag-failed (Signature must be zero for failed "
                        "CHECK(MULTI)SIG operation)");
    assert_int_equal(rejection.transaction, 1);
    assert_int_equal(rejection.input, 2);
    rejection = rejection_of(REJECT_VERSION);
    rejection.version = -2;
    assert_string_equal(rejection_text(text, &rejection), "bad-version(0xfffffffe)");
    rejection.version = 0x20a0c3;
    assert_string_equal(rejection_text(text, &rejection), "bad-version(0x0020a0c3)");
    rejection = rejection_of(REJECT_NONE);
    assert_string_equal(rejection_text(text, &rejection), "");
    rejection = rejection_of(REJECT_TXNS_BIP30);
    assert_string_equal(rejection_text(text, &rejection), "bad-txns-BIP30");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work),         cmocka_unit_test(test_contextual),
        cmocka_unit_test(test_absurd_times), cmocka_unit_test(test_median),
        cmocka_unit_test(test_real_headers), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_bip30),        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
