/* Templates that are good, and everything that a node may say instead. */
#include "mining/template.h"

#include "base/hex.h"
#include "tests/unit/mining/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void test_good(void **state)
{
    struct block_template *t = support_parse(support_template(700000, 5));

    (void)state;
    assert_int_equal(t->version, 0x20000000);
    assert_int_equal(t->version_mask, 0x1fffe000);
    assert_true(t->segwit);
    assert_true(t->time_mutable);
    assert_int_equal(t->height, 700000);
    assert_int_equal(t->bits, 0x207fffff);
    assert_int_equal(t->time, 1700000600);
    assert_int_equal(t->mintime, 1700000000);
    assert_int_equal(t->maxtime, UINT32_MAX);
    assert_int_equal(t->nonce_first, 0);
    assert_int_equal(t->nonce_last, UINT32_MAX);
    assert_int_equal(t->coinbase_value.sat, 5000000000);
    assert_int_equal(t->count, 5);
    assert_int_equal(t->previous.bytes[31], 0x0f);
    assert_int_equal(t->previous.bytes[0], 0x06);
    assert_null(t->work_id);
    assert_non_null(t->longpoll_id);
    template_ref(t);
    template_unref(t);
    template_unref(t);
    template_unref(NULL);
}

/* Fields that may be missing, and what stands for them. */
static void test_defaults(void **state)
{
    static const char *const optional[] = {
        "capabilities", "rules",     "vbavailable", "vbrequired", "coinbaseaux",
        "longpollid",   "target",    "mintime",     "mutable",    "noncerange",
        "sigoplimit",   "sizelimit", "weightlimit"};
    json_t *json = support_template(1, 1);
    struct block_template *t;

    (void)state;
    for (size_t i = 0; i < sizeof(optional) / sizeof(*optional); i++)
        json_object_del(json, optional[i]);
    t = support_parse(json);
    assert_false(t->segwit);
    assert_false(t->time_mutable);
    assert_null(t->longpoll_id);
    assert_int_equal(t->nonce_last, UINT32_MAX);
    assert_int_equal(t->size_limit, MAX_BLOCK_SERIALIZED_SIZE);
    assert_int_equal(t->weight_limit, MAX_BLOCK_WEIGHT);
    template_unref(t);
}

/* field is replaced by value (JSON; NULL: taken away), and the error holds this text; NULL: it is good. */
static const struct {
    const char *field, *value, *error;
} fields[] = {
    {"version", NULL, "version is missing"},
    {"version", "\"1\"", "version is not a whole number"},
    {"version", "4294967296", "version is 4294967296"},
    {"version", "-2147483649", "version is -2147483649"},
    {"version", "-1", NULL},
    {"version", "1.5", "version is not a whole number"},
    {"rules", "[\"segwit\"]", NULL},
    {"rules", "[\"!segwit\",\"newrule\"]", NULL},
    {"rules", "[\"!segwit\",\"!newrule\"]", "the rule \"newrule\" is required"},
    {"rules", "[\"!segwit\",\"!signet\"]", "signet blocks must be signed"},
    {"rules", "[1]", "rules has a member that is not a string"},
    {"rules", "\"segwit\"", "rules is not an array"},
    {"signet_challenge", "\"51\"", "signet blocks must be signed"},
    {"vbavailable", "{\"a\":28}", NULL},
    {"vbavailable", "{\"a\":32}", "vbavailable gives \"a\" no bit"},
    {"vbavailable", "{\"a\":-1}", "vbavailable gives \"a\" no bit"},
    {"vbavailable", "{\"a\":\"1\"}", "vbavailable gives \"a\" no bit"},
    {"vbavailable", "[]", "vbavailable is not an object"},
    {"vbrequired", "-1", "vbrequired is -1"},
    {"previousblockhash", NULL, "previousblockhash is missing"},
    {"previousblockhash", "\"00\"", "previousblockhash is not 32 bytes"},
    {"previousblockhash", "5", "previousblockhash is not 32 bytes"},
    {"previousblockhash", "\"zz9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206\"",
     "previousblockhash is not 32 bytes"},
    {"bits", NULL, "bits are missing"},
    {"bits", "\"207fff\"", "bits is not 4 bytes"},
    {"bits", "\"00000000\"", "no target"},
    {"bits", "\"20800001\"", "no target"},
    {"bits", "\"ff7fffff\"", "no target"},
    {"bits", "\"1d00ffff\"", "target is not the one"},
    {"target", "\"7fffff0000000000000000000000000000000000000000000000000000000001\"",
     "target is not the one"},
    {"target", "\"7f\"", "target is not 32 bytes"},
    {"curtime", NULL, "curtime is missing"},
    {"curtime", "0", "curtime is 0"},
    {"curtime", "4294967296", "curtime is 4294967296"},
    {"mintime", "4294967295", NULL},
    {"mintime", "-5", "mintime is -5"},
    {"maxtime", "1", "maxtime is before"},
    {"mutable", "[null]", "mutable has a member"},
    {"mutable", "{}", "mutable is not an array"},
    {"noncerange", "\"0000000100000000\"", "noncerange ends before"},
    {"noncerange", "\"00\"", "noncerange is not 8 bytes"},
    {"sizelimit", "0", "sizelimit is 0"},
    {"sizelimit", "9223372036854775807", NULL},
    {"weightlimit", "\"x\"", "weightlimit is not a whole number"},
    {"height", NULL, "height is missing"},
    {"height", "0", "height is 0"},
    {"height", "2147483648", "height is 2147483648"},
    {"coinbasevalue", NULL, "coinbasevalue is missing"},
    {"coinbasevalue", "-1", "coinbasevalue is -1"},
    {"coinbasevalue", "2100000000000001", "coinbasevalue is 2100000000000001"},
    {"coinbasevalue", "50.0", "coinbasevalue is not a whole number"},
    {"coinbaseaux", "[]", "coinbaseaux is not an object"},
    {"coinbaseaux", "{\"flags\":\"0g\"}", "coinbaseaux's \"flags\" is not hexadecimal"},
    {"coinbaseaux", "{\"flags\":\"012\"}", "coinbaseaux's \"flags\" is not hexadecimal"},
    {"coinbaseaux", "{\"flags\":17}", NULL},
    {"coinbaseaux", "{\"flags\":\"\"}", NULL},
    {"longpollid", "{}", "longpollid is not a string"},
    {"workid", "7", "workid is not a string"},
    {"workid", "\"w1\"", NULL},
    {"transactions", NULL, "transactions are missing"},
    {"transactions", "{}", "transactions is not an array"},
    {"transactions", "[1]", "transaction 1 has no data"},
    {"transactions", "[{\"data\":\"\"}]", "transaction 1 has no data"},
    {"transactions", "[{\"data\":\"0\"}]", "transaction 1 has no data"},
    {"transactions", "[{\"data\":\"zz\"}]", "transaction 1 is not hexadecimal"},
    {"transactions", "[{\"data\":\"01000000\"}]", "transaction 1 is no transaction"},
    {"default_witness_commitment", "\"6a24\"", "is no commitment"},
    {"default_witness_commitment", "1", "is no commitment"},
    {"default_witness_commitment",
     "\"6a24aa21a9ed0000000000000000000000000000000000000000000000000000000000000000\"",
     "is not the one of these transactions"},
};

static void test_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        json_t *json = support_template(100, 3);
        char error[TEMPLATE_ERROR_SIZE] = "";
        struct block_template *t;

        if (fields[i].value)
            json_object_set_new(json, fields[i].field,
                                json_loads(fields[i].value, JSON_DECODE_ANY, NULL));
        else
            json_object_del(json, fields[i].field);
        t = template_parse(support_kernels(), json, error);
        if (!fields[i].error && !t)
            fail_msg("%s %s: refused: %s", fields[i].field, fields[i].value, error);
        if (fields[i].error && (t || !strstr(error, fields[i].error)))
            fail_msg("%s %s: \"%s\" instead of \"%s\"", fields[i].field, fields[i].value, error,
                     fields[i].error);
        template_unref(t);
        json_decref(json);
    }
}

static void test_not_an_object(void **state)
{
    static const char *const texts[] = {"null", "[]", "1", "\"x\"", "true"};
    char error[TEMPLATE_ERROR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        json_t *json = json_loads(texts[i], JSON_DECODE_ANY, NULL);

        assert_null(template_parse(support_kernels(), json, error));
        assert_string_equal(error, "it is not an object");
        json_decref(json);
    }
}

static void refused(json_t *json, const char *want)
{
    char error[TEMPLATE_ERROR_SIZE] = "";

    assert_null(template_parse(support_kernels(), json, error));
    if (!strstr(error, want))
        fail_msg("\"%s\" instead of \"%s\"", error, want);
    json_decref(json);
}

/* What a transaction's members may be wrong about. */
static void test_transactions(void **state)
{
    static const char other[] = "00000000000000000000000000000000000000000000000000000000000000ff";
    json_t *json = support_template(100, 3), *list = json_object_get(json, "transactions");
    json_t *second = json_array_get(list, 1);

    (void)state;
    json_object_set_new(second, "txid", json_string(other));
    refused(json, "the txid of transaction 2");

    json = support_template(100, 3);
    second = json_array_get(json_object_get(json, "transactions"), 1);
    json_object_set_new(second, "hash", json_string(other));
    refused(json, "the hash of transaction 2");

    /* Without txid, hash is the txid; this one is the wtxid of a transaction with a witness. */
    json = support_template(100, 3);
    json_object_del(json_array_get(json_object_get(json, "transactions"), 1), "txid");
    refused(json, "the hash of transaction 2");

    json = support_template(100, 3);
    second = json_array_get(json_object_get(json, "transactions"), 1);
    json_object_set_new(second, "depends", json_pack("[i]", 2));
    refused(json, "transaction 2 depends on one that is not before it");

    json = support_template(100, 3);
    json_array_append_new(json_object_get(json, "transactions"), support_transaction(1, false));
    refused(json, "listed twice");

    json = support_template(100, 3);
    json_object_set_new(json, "rules", json_pack("[s]", "csv"));
    refused(json, "transaction 2 has a witness");
}

static void test_coinbase_among_transactions(void **state)
{
    json_t *json = support_template(100, 0);

    (void)state;
    json_array_append_new(
        json_object_get(json, "transactions"),
        json_pack("{s:s}", "data",
                  "010000000100000000000000000000000000000000000000000000000000000000000000"
                  "00ffffffff0704ffff001d0104ffffffff0100f2052a0100000001510000000000"));
    refused(json, "transaction 1 is no transaction");
    json = support_template(100, 0);
    json_array_append_new(
        json_object_get(json, "transactions"),
        json_pack("{s:s}", "data",
                  "010000000100000000000000000000000000000000000000000000000000000000000000"
                  "00ffffffff0704ffff001d0104ffffffff0100f2052a01000000015100000000"));
    refused(json, "transaction 1 is a coinbase");
}

static void test_too_many_transactions(void **state)
{
    json_t *json = support_template(100, 0), *list = json_object_get(json, "transactions");

    (void)state;
    for (size_t i = 0; i <= TEMPLATE_MAX_TRANSACTIONS; i++)
        json_array_append_new(list, json_null());
    refused(json, "transactions has");
}

static void test_coinbasetxn(void **state)
{
    json_t *json = support_template(100, 0);

    (void)state;
    json_object_set_new(json, "coinbasetxn", json_object());
    json_object_del(json, "coinbasevalue");
    refused(json, "coinbasetxn");
}

static void test_request(void **state)
{
    char *plain = template_request(NULL), *polling = template_request("a\"b");

    (void)state;
    assert_string_equal(plain, "[{\"rules\":[\"segwit\"],\"capabilities\":[\"coinbasevalue\","
                               "\"longpoll\",\"workid\"]}]");
    assert_non_null(strstr(polling, "\"longpollid\":\"a\\\"b\""));
    free(plain);
    free(polling);
}

/* A node may say less than the rules allow, not more. */
static void test_generous_limits(void **state)
{
    json_t *json = support_template(1, 1);
    struct block_template *t;

    (void)state;
    json_object_set_new(json, "sizelimit", json_integer(MAX_BLOCK_SERIALIZED_SIZE + 1));
    json_object_set_new(json, "weightlimit", json_integer(INT64_MAX));
    t = support_parse(json);
    assert_int_equal(t->size_limit, MAX_BLOCK_SERIALIZED_SIZE);
    assert_int_equal(t->weight_limit, MAX_BLOCK_WEIGHT);
    template_unref(t);
}

/* Bits that mean something are not rolled. */
static void test_version_bits(void **state)
{
    json_t *json = support_template(100, 0);
    struct block_template *t;

    (void)state;
    json_object_set_new(json, "vbavailable", json_pack("{s:i, s:i}", "a", 28, "b", 1));
    json_object_set_new(json, "vbrequired", json_integer(0x2000));
    t = support_parse(json);
    assert_int_equal(t->version_mask, 0x0fffc000);
    template_unref(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_generous_limits),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_not_an_object),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_coinbase_among_transactions),
        cmocka_unit_test(test_too_many_transactions),
        cmocka_unit_test(test_coinbasetxn),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_version_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
