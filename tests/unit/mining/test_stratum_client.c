/* A pool's session: what the pool says, and what it is told. */
#include "tests/unit/mining/session.h"

#include <stdlib.h>
#include <string.h>

static void a_session_is_made(void **state)
{
    const json_t *params;
    struct stratum_job *held;

    (void)state;
    assert_null(session_job());
    assert_true(stratum_client_begin(session.client, session.now));
    params = session_expect("mining.configure");
    assert_string_equal(session_text_of(json_array_get(params, 0), 0), "version-rolling");
    assert_string_equal(session_text_of(json_array_get(params, 0), 1), "subscribe-extranonce");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(params, 1), "version-rolling.mask")),
        "1fffe000");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(params, 1),
                                                        "version-rolling.min-bit-count")),
                     2);
    params = session_expect("mining.subscribe");
    assert_int_equal(json_array_size(params), 1);
    assert_string_equal(session_text_of(params, 0), "agent/1");
    assert_true(
        session_say("{\"id\":1,\"result\":{\"version-rolling\":true,\"version-rolling.mask\":"
                    "\"0000e000\",\"subscribe-extranonce\":true},\"error\":null}"));
    assert_true(
        session_say("{\"id\":2,\"result\":[[[\"mining.set_difficulty\",\"x\"],[\"mining.notify\","
                    "\"session\"]],\"aabb\",4],\"error\":null}\r"));
    params = session_expect("mining.authorize");
    assert_string_equal(session_text_of(params, 0), "user.1");
    assert_string_equal(session_text_of(params, 1), "secret");
    /* A job may come before the answer, and is not searched before it. */
    assert_true(session_notify("early", 1, HARD_BITS, true));
    assert_null(session_job());
    assert_true(session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
    held = session_job();
    assert_non_null(held);
    assert_string_equal(held->id, "early");
    assert_true(held->difficulty == 1);
    assert_int_equal(stratum_client_version_mask(session.client), 0xe000);
    session_expect_nothing();
}

static void pools_that_hang_up_on_configure_are_greeted_without(void **state)
{
    (void)state;
    assert_true(stratum_client_begin(session.client, session.now));
    stratum_client_end(session.client, session.now);
    session.read = session.count;
    assert_true(stratum_client_begin(session.client, session.now));
    session_expect("mining.subscribe");
    session_expect_nothing();
    stratum_client_end(session.client, session.now);
    assert_true(stratum_client_begin(session.client, session.now));
    session_expect("mining.configure");
}

static void refused_greetings_end_it(void **state)
{
    static const char *const answers[] = {
        "\"result\":null,\"error\":[20,\"full\",null]",
        "\"result\":true",
        "\"result\":[]",
        "\"result\":[[],\"aabb\",0]",
        "\"result\":[[],\"aabb\",33]",
        "\"result\":[[],\"xy\",4]",
        "\"result\":[[],null,4]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
        assert_true(stratum_client_begin(session.client, session.now));
        session.read = session.count;
        assert_false(session_say("{\"id\":%d,%s}", (int)session_last_id(), answers[i]));
        assert_non_null(strstr(stratum_client_error(session.client), "mining.subscribe"));
        assert_false(stratum_client_refused(session.client));
        stratum_client_end(session.client, session.now);
    }
    assert_true(stratum_client_begin(session.client, session.now));
    session.read = session.count;
    assert_true(session_say("{\"id\":%d,\"result\":[null,\"aabb\",4]}", (int)session_last_id()));
    session_expect("mining.authorize");
    assert_false(session_say("{\"id\":%d,\"result\":false,\"error\":[24,\"who?\"]}",
                             (int)session_last_id()));
    assert_true(stratum_client_refused(session.client));
    assert_non_null(strstr(stratum_client_error(session.client), "user.1"));
    assert_non_null(strstr(stratum_client_error(session.client), "24 who?"));
    assert_null(strstr(stratum_client_error(session.client), "secret"));
}

static void silence_ends_it(void **state)
{
    (void)state;
    assert_true(stratum_client_begin(session.client, session.now));
    assert_true(stratum_client_tick(session.client, session.now + 60 * SECOND_NS));
    assert_false(stratum_client_tick(session.client, session.now + 61 * SECOND_NS));
    assert_non_null(strstr(stratum_client_error(session.client), "mining.subscribe"));
    session_start_afresh();
    session_greet("aabb", NULL);
    assert_true(session_notify("job1", 1, HARD_BITS, true));
    session.now += 299 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    assert_true(session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[5]}"));
    session.now += 2 * SECOND_NS;
    assert_false(stratum_client_tick(session.client, session.now));
    assert_non_null(strstr(stratum_client_error(session.client), "no job for 300 s"));
}

static void quiet_pools_are_pinged(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    session.now += 60 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    session_expect_nothing();
    session.now += SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    session_expect("mining.ping");
    /* A pool that does not know pings may leave them unanswered. */
    session.now += 61 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    session_expect("mining.ping");
    assert_true(session_say("{\"id\":%d,\"result\":\"pong\"}", (int)session_last_id()));
    session.now += 61 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    session_expect("mining.ping");
    /* One that has answered before may not. */
    session.now += 61 * SECOND_NS;
    assert_false(stratum_client_tick(session.client, session.now));
    assert_non_null(strstr(stratum_client_error(session.client), "ping"));
}

static void the_pools_requests_are_answered(void **state)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        {"{\"id\":5,\"method\":\"mining.ping\",\"params\":[]}",
         "{\"id\":5,\"result\":\"pong\",\"error\":null}"},
        {"{\"id\":\"x\",\"method\":\"client.ping\"}",
         "{\"id\":\"x\",\"result\":\"pong\",\"error\":null}"},
        {"{\"id\":0,\"method\":\"client.get_version\",\"params\":[]}",
         "{\"id\":0,\"result\":\"agent/1\",\"error\":null}"},
        {"{\"id\":7,\"method\":\"client.explode\",\"params\":[]}",
         "{\"id\":7,\"result\":null,\"error\":[20,\"Unknown method\",null]}"},
        {"{\"id\":null,\"method\":\"client.explode\",\"params\":[]}", NULL},
        {"{\"id\":null,\"method\":\"mining.ping\",\"params\":[]}", NULL},
        {"{\"id\":[1],\"method\":\"mining.ping\",\"params\":[]}", NULL},
        {"{\"id\":null,\"method\":\"client.show_message\",\"params\":[\"hi \\u001b[2J\"]}", NULL},
    };

    (void)state;
    session_start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *text;

        assert_true(session_say("%s", cases[i].request));
        if (!cases[i].answer) {
            session_expect_nothing();
            continue;
        }
        assert_true(session.read < session.count);
        text = json_dumps(session.sent[session.read++], JSON_COMPACT);
        assert_string_equal(text, cases[i].answer);
        free(text);
    }
}

static void reconnects_are_passed_on(void **state)
{
    static const struct {
        const char *params, *host;
        uint16_t port;
        unsigned wait;
        bool good;
    } cases[] = {
        {"[]", "", 0, 0, true},
        {"null", "", 0, 0, true},
        {"[\"other.example\",3334,7]", "other.example", 3334, 7, true},
        {"[\"other.example\",\"3334\",\"7\"]", "other.example", 3334, 7, true},
        {"[\"\",65535,100000]", "", 65535, STRATUM_CLIENT_RECONNECT_MAX_S, true},
        {"[null,null,null]", "", 0, 0, true},
        {"[\"a\",65536]", "", 0, 0, false},
        {"[\"a\",-1]", "", 0, 0, false},
        {"[\"a\",\"33x\"]", "", 0, 0, false},
        {"[5]", "", 0, 0, false},
    };
    struct stratum_reconnect r;

    (void)state;
    session_start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (i % STRATUM_CLIENT_GARBAGE_MAX == 0)
            assert_true(stratum_client_begin(session.client, session.now));
        session_say("{\"id\":null,\"method\":\"client.reconnect\",\"params\":%s}", cases[i].params);
        if (stratum_client_take_reconnect(session.client, &r) != cases[i].good)
            fail_msg("case %zu", i);
        assert_false(stratum_client_take_reconnect(session.client, &r));
        if (cases[i].good) {
            assert_string_equal(r.host, cases[i].host);
            assert_int_equal(r.port, cases[i].port);
            assert_int_equal(r.wait_s, cases[i].wait);
        }
    }
}

/* Lines that change nothing, and of which a connection survives a few. */
static const char *const garbage[] = {
    "GET / HTTP/1.1",
    "{",
    "[]",
    "null",
    "{}",
    "{\"id\":5}",
    "{\"result\":true}",
    "{\"id\":null,\"method\":\"mining.notify\",\"params\":[]}",
    "{\"id\":null,\"method\":\"mining.notify\",\"params\":null}",
    "{\"id\":null,\"method\":\"mining.notify\"}",
    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[]}",
    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[0]}",
    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[-1]}",
    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[\"5\"]}",
    "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e999]}",
    "{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[\"aabb\",0]}",
    "{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[\"aabb\"]}",
    "{\"id\":null,\"method\":\"mining.set_version_mask\",\"params\":[\"123456789\"]}",
    "{\"id\":null,\"method\":\"mining.set_version_mask\",\"params\":[\"12:4\"]}",
    "{\"id\":null,\"method\":\"mining.set_version_mask\",\"params\":[7]}",
    "{\"id\":null,\"method\":\"client.show_message\",\"params\":[]}",
    "\xff\xfe{\"id\":1}",
};

/* What is no JSON, and what is no request, is another protocol where nothing sensible came before. */
static void garbage_at_first_ends_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        bool request = strstr(garbage[i], "\"method\"") && !strstr(garbage[i], "1e999");

        session_start_afresh();
        assert_true(stratum_client_begin(session.client, session.now));
        if (session_say("%s", garbage[i]) != request)
            fail_msg("case %zu", i);
    }
}

static void garbage_is_survived_for_a_while(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        uint64_t revision;

        session_start_afresh();
        session_start(HARD_BITS);
        revision = stratum_client_revision(session.client);
        for (unsigned n = 1; n < STRATUM_CLIENT_GARBAGE_MAX; n++)
            assert_true(session_say("%s", garbage[i]));
        assert_int_equal(stratum_client_revision(session.client), revision);
        assert_int_equal(stratum_client_version_mask(session.client), MASK);
        assert_true(stratum_client_difficulty(session.client) == 1e-9);
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        if (session_say("%s", garbage[i]))
            fail_msg("case %zu is endured for ever", i);
        assert_non_null(strstr(stratum_client_error(session.client), "not Stratum"));
    }
}

static void empty_lines_are_nothing(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    for (unsigned i = 0; i < 100; i++)
        assert_true(session_say(i % 2 ? "\r" : " "));
}

static void a_difficulty_is_suggested(void **state)
{
    const struct stratum_client_options options = {.name = "pool",
                                                   .user = "u",
                                                   .password = "",
                                                   .agent = "a",
                                                   .suggest_difficulty = 0.25,
                                                   .answer_ns = SECOND_NS,
                                                   .silent_ns = SECOND_NS,
                                                   .kernels = support_kernels()};
    const json_t *params;

    (void)state;
    session_tear_down(NULL);
    assert_int_equal(session_set_up_with(&options), 0);
    assert_true(stratum_client_begin(session.client, session.now));
    /* Nothing is to be rolled, so that is not asked for. */
    params = session_expect("mining.configure");
    assert_int_equal(json_array_size(json_array_get(params, 0)), 1);
    session_expect("mining.subscribe");
    assert_true(session_say("{\"id\":%d,\"result\":[[],\"\",4]}", (int)session_last_id()));
    session_expect("mining.authorize");
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    session_expect("mining.extranonce.subscribe");
    assert_true(json_number_value(json_array_get(session_expect("mining.suggest_difficulty"), 0)) ==
                0.25);
    /* A mask that nobody asked for changes nothing. */
    assert_true(session_notify("job1", 1, HARD_BITS, true));
    assert_true(session_say("{\"method\":\"mining.set_version_mask\",\"params\":[\"1fffe000\"]}"));
    assert_int_equal(stratum_client_version_mask(session.client), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, session_set_up, session_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_made),
        TEST(pools_that_hang_up_on_configure_are_greeted_without),
        TEST(refused_greetings_end_it),
        TEST(silence_ends_it),
        TEST(quiet_pools_are_pinged),
        TEST(the_pools_requests_are_answered),
        TEST(reconnects_are_passed_on),
        TEST(garbage_at_first_ends_it),
        TEST(garbage_is_survived_for_a_while),
        TEST(empty_lines_are_nothing),
        TEST(a_difficulty_is_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
