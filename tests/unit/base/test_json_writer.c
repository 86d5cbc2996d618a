#include "base/json_writer.h"

#include "tests/unit/random.h"

#include <jansson.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

/* Compares the finished document and frees the writer. */
static void assert_document(struct json_writer *w, const char *expected)
{
    struct bytes text;

    assert_true(json_writer_finish(w));
    text = json_writer_text(w);
    assert_int_equal(text.size, strlen(expected));
    assert_string_equal((const char *)text.data, expected);
    json_writer_free(w);
}

static void write_sample(struct json_writer *w)
{
    json_writer_open_object(w);
    json_writer_key(w, "name");
    json_writer_string(w, "value");
    json_writer_key(w, "list");
    json_writer_open_array(w);
    json_writer_int(w, 1);
    json_writer_open_object(w);
    json_writer_close_object(w);
    json_writer_open_array(w);
    json_writer_close_array(w);
    json_writer_null(w);
    json_writer_close_array(w);
    json_writer_key(w, "good");
    json_writer_bool(w, true);
    json_writer_close_object(w);
}

static void writes_structures(void **state)
{
    struct json_writer w;

    (void)state;
    json_writer_init(&w, 0);
    write_sample(&w);
    assert_document(&w, "{\"name\":\"value\",\"list\":[1,{},[],null],\"good\":true}");
}

/* As UniValue::write(2) has it, empty objects and arrays included. */
static void indents(void **state)
{
    struct json_writer w;

    (void)state;
    json_writer_init(&w, 0);
    json_writer_set_indent(&w, 2);
    write_sample(&w);
    assert_document(&w, "{\n"
                        "  \"name\": \"value\",\n"
                        "  \"list\": [\n"
                        "    1,\n"
                        "    {\n"
                        "    },\n"
                        "    [\n"
                        "    ],\n"
                        "    null\n"
                        "  ],\n"
                        "  \"good\": true\n"
                        "}");
}

static void writes_lone_values(void **state)
{
    struct json_writer w;

    (void)state;
    json_writer_init(&w, 0);
    json_writer_null(&w);
    assert_document(&w, "null");
    json_writer_init(&w, 0);
    json_writer_bool(&w, false);
    assert_document(&w, "false");
    json_writer_init(&w, 0);
    json_writer_raw(&w, bytes_of("{\"id\":1}", 8));
    assert_document(&w, "{\"id\":1}");
    json_writer_init(&w, 0);
    json_writer_raw(&w, bytes_of(NULL, 0));
    assert_document(&w, "");
    json_writer_init(&w, 0);
    json_writer_string_bytes(&w, bytes_of(NULL, 0));
    assert_document(&w, "\"\"");
}

static void writes_integers(void **state)
{
    struct json_writer w;

    (void)state;
    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    json_writer_int(&w, 0);
    json_writer_int(&w, INT64_MIN);
    json_writer_int(&w, INT64_MAX);
    json_writer_uint(&w, UINT64_MAX);
    json_writer_close_array(&w);
    assert_document(&w, "[0,-9223372036854775808,9223372036854775807,18446744073709551615]");
}

/* Core, rpc_tests.cpp (rpc_format_monetary_values), and the limits of the type. */
static void writes_amounts(void **state)
{
    static const struct {
        int64_t satoshis;
        const char *text;
    } cases[] = {
        {0, "0.00000000"},
        {1, "0.00000001"},
        {-1, "-0.00000001"},
        {17622195, "0.17622195"},
        {50000000, "0.50000000"},
        {89898989, "0.89898989"},
        {100000000, "1.00000000"},
        {2099999999999990, "20999999.99999990"},
        {2099999999999999, "20999999.99999999"},
        {-2099999999999999, "-20999999.99999999"},
        {INT64_MAX, "92233720368.54775807"},
        {INT64_MIN + 1, "-92233720368.54775807"},
        {INT64_MIN, "-92233720368.54775808"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_writer w;

        json_writer_init(&w, 0);
        json_writer_amount(&w, cases[i].satoshis);
        assert_document(&w, cases[i].text);
    }
}

/* What an ostream with setprecision(16) prints, which is what UniValue does. */
static void writes_doubles(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {16307.420938523983, "16307.42093852398"},
        {4.656542373906925e-10, "4.656542373906925e-10"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {1e15, "1000000000000000"},
        {1e16, "1e+16"},
        {5913134931067755359633408.0, "5.913134931067755e+24"},
        {DBL_MAX, "1.797693134862316e+308"},
        {DBL_TRUE_MIN, "4.940656458412465e-324"},
        {(double)NAN, "null"},
        {(double)INFINITY, "null"},
        {-(double)INFINITY, "null"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_writer w;

        json_writer_init(&w, 0);
        json_writer_double(&w, cases[i].value);
        assert_document(&w, cases[i].text);
    }
}

static void writes_hex(void **state)
{
    struct json_writer w;
    uint8_t data[200];

    (void)state;
    json_writer_init(&w, 0);
    json_writer_open_array(&w);
    json_writer_hex(&w, bytes_of("\x01\xab\xff", 3));
    json_writer_hex_reversed(&w, bytes_of("\x01\xab\xff", 3));
    json_writer_hex(&w, bytes_of(NULL, 0));
    json_writer_close_array(&w);
    assert_document(&w, "[\"01abff\",\"ffab01\",\"\"]");

    for (size_t size = 60; size < sizeof data; size++) { /* across the pieces it is written in */
        struct json_writer v;

        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)(i + size);
        json_writer_init(&v, 0);
        json_writer_hex_reversed(&v, bytes_of(data, size));
        assert_true(json_writer_finish(&v));
        assert_int_equal(json_writer_text(&v).size, 2 * size + 2);
        for (size_t i = 0; i < size; i++) {
            char digits[3];

            snprintf(digits, sizeof digits, "%02x", data[size - 1 - i]);
            assert_memory_equal(json_writer_text(&v).data + 1 + 2 * i, digits, 2);
        }
        json_writer_free(&v);
    }
}

static void escapes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *json;
    } cases[] = {
        {"plain / text", 12, "\"plain / text\""},
        {"\"\\", 2, "\"\\\"\\\\\""},
        {"\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"x\xe2\x82", 3, "\"x\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes text = bytes_of(cases[i].text, cases[i].size);
        struct json_writer w;
        char keyed[100];

        json_writer_init(&w, 0);
        json_writer_string_bytes(&w, text);
        assert_document(&w, cases[i].json);
        json_writer_init(&w, 0);
        json_writer_open_object(&w);
        json_writer_key_bytes(&w, text);
        json_writer_null(&w);
        json_writer_close_object(&w);
        snprintf(keyed, sizeof keyed, "{%s:null}", cases[i].json);
        assert_document(&w, keyed);
    }
}

/* What another parser reads is what was written. */
static void round_trips(void **state)
{
    struct random r = random_create("json_writer");

    (void)state;
    for (int i = 0; i < 2000; i++) {
        size_t size = random_below(&r, 60);
        struct json_writer w;
        char text[60];
        json_t *json;

        for (size_t j = 0; j < size; j++)
            text[j] = (char)random_below(&r, 128);
        json_writer_init(&w, 0);
        json_writer_string_bytes(&w, bytes_of(text, size));
        assert_true(json_writer_finish(&w));
        json = json_loadb((const char *)json_writer_text(&w).data, json_writer_text(&w).size,
                          JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(json);
        assert_int_equal(json_string_length(json), size);
        assert_memory_equal(json_string_value(json), text, size);
        json_decref(json);
        json_writer_free(&w);
    }
}

struct sink {
    char *text;
    size_t size, largest, calls;
    size_t fail_at; /* the call that fails, from 1; 0: none */
};

static bool sink_take(void *context, const char *text, size_t size)
{
    struct sink *sink = context;
    char *larger;

    assert_true(size > 0);
    if (++sink->calls == sink->fail_at)
        return false;
    larger = realloc(sink->text, sink->size + size);
    assert_non_null(larger);
    sink->text = larger;
    memcpy(sink->text + sink->size, text, size);
    sink->size += size;
    if (size > sink->largest)
        sink->largest = size;
    return true;
}

static void write_much(struct json_writer *w, struct bytes block)
{
    json_writer_open_array(w);
    for (int i = 0; i < 1000; i++) {
        json_writer_hex(w, bytes_of(block.data, block.size / 1000));
        json_writer_string(w, "an element");
    }
    json_writer_hex(w, block);
    json_writer_close_array(w);
}

/* Four megabytes, as a block is: the same through a sink as in memory, and never held whole. */
static void streams(void **state)
{
    const size_t size = 2000000;
    uint8_t *block = malloc(size);
    struct json_writer w, memory;
    struct sink sink = {0};
    struct random r = random_create("stream");

    (void)state;
    assert_non_null(block);
    random_fill(&r, block, size);
    json_writer_init(&memory, 0);
    json_writer_init_sink(&w, sink_take, &sink);
    write_much(&memory, bytes_of(block, size));
    write_much(&w, bytes_of(block, size));
    assert_true(json_writer_finish(&memory));
    assert_true(json_writer_finish(&w));
    assert_int_equal(sink.size, json_writer_text(&memory).size);
    assert_memory_equal(sink.text, json_writer_text(&memory).data, sink.size);
    assert_true(sink.largest <= 16384);
    assert_true(w.capacity <= 2 * 16384);
    json_writer_free(&w);
    json_writer_free(&memory);
    free(sink.text);
    free(block);
}

static void stays_failed(void **state)
{
    uint8_t block[100000] = {0};

    (void)state;
    for (size_t fail_at = 1; fail_at < 15; fail_at++) {
        struct sink sink = {.fail_at = fail_at};
        struct json_writer w;
        bool good;

        json_writer_init_sink(&w, sink_take, &sink);
        json_writer_open_array(&w);
        json_writer_hex(&w, bytes_of(block, sizeof block));
        json_writer_close_array(&w);
        good = json_writer_finish(&w);
        assert_int_equal(good, sink.calls < fail_at);
        assert_true(good || sink.calls == fail_at); /* never called again */
        assert_int_equal(json_writer_finish(&w), good);
        json_writer_free(&w);
        free(sink.text);
    }
}

static void keeps_the_limit(void **state)
{
    struct json_writer w;
    char buffer[8];

    (void)state;
    json_writer_init(&w, 5);
    json_writer_string(&w, "abc");
    assert_document(&w, "\"abc\"");
    json_writer_init(&w, 4);
    json_writer_string(&w, "abc");
    assert_false(json_writer_finish(&w));
    json_writer_free(&w);

    json_writer_init_buffer(&w, buffer, 6);
    json_writer_string(&w, "abc");
    assert_true(json_writer_finish(&w));
    assert_string_equal(buffer, "\"abc\"");
    json_writer_free(&w);
    json_writer_init_buffer(&w, buffer, 5);
    json_writer_string(&w, "abc");
    assert_false(json_writer_finish(&w));
    json_writer_free(&w);

    /* An unfinished document is no misuse once it has failed. */
    json_writer_init(&w, 1);
    json_writer_open_array(&w);
    json_writer_int(&w, 10);
    assert_false(json_writer_finish(&w));
    json_writer_free(&w);
}

static void nests(void **state)
{
    struct json_writer w;
    char expected[2 * JSON_WRITER_DEPTH + 1] = {0};

    (void)state;
    json_writer_init(&w, 0);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_writer_open_array(&w);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_writer_close_array(&w);
    memset(expected, '[', JSON_WRITER_DEPTH);
    memset(expected + JSON_WRITER_DEPTH, ']', JSON_WRITER_DEPTH);
    assert_document(&w, expected);
}

static void indents_deeply(void **state)
{
    struct json_writer w;
    const char *line;

    (void)state;
    json_writer_init(&w, 0);
    json_writer_set_indent(&w, 3);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_writer_open_array(&w);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        json_writer_close_array(&w);
    assert_true(json_writer_finish(&w));
    line = (const char *)json_writer_text(&w).data;
    for (size_t i = 0; i < 2 * JSON_WRITER_DEPTH; i++) {
        size_t level = i < JSON_WRITER_DEPTH ? i : 2 * JSON_WRITER_DEPTH - 1 - i;

        assert_int_equal(strspn(line, " "), 3 * level);
        assert_int_equal(line[3 * level], i < JSON_WRITER_DEPTH ? '[' : ']');
        line += 3 * level + 2;
    }
    json_writer_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_structures),
        cmocka_unit_test(indents),
        cmocka_unit_test(writes_lone_values),
        cmocka_unit_test(writes_integers),
        cmocka_unit_test(writes_amounts),
        cmocka_unit_test(writes_doubles),
        cmocka_unit_test(writes_hex),
        cmocka_unit_test(escapes),
        cmocka_unit_test(round_trips),
        cmocka_unit_test(streams),
        cmocka_unit_test(stays_failed),
        cmocka_unit_test(keeps_the_limit),
        cmocka_unit_test(nests),
        cmocka_unit_test(indents_deeply),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
