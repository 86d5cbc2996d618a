/* A pool's session: what becomes of shares. */
#include "tests/unit/mining/session.h"

#include <stdlib.h>
#include <string.h>

static void a_share_is_sent_and_accepted(void **state)
{
    const json_t *params;
    uint8_t header[80];

    (void)state;
    session_start(HARD_BITS);
    session_find(header, session_job(), true);
    assert_int_equal(
        stratum_client_submit(session.client, session_job(), 5, header, 3, session.now),
        STRATUM_SENT);
    params = session_expect("mining.submit");
    assert_int_equal(json_array_size(params), 6);
    assert_string_equal(session_text_of(params, 0), "user.1");
    assert_string_equal(session_text_of(params, 1), "job1");
    assert_string_equal(session_text_of(params, 2), "05000000");
    assert_string_equal(session_text_of(params, 3), "65000000");
    assert_int_equal(strtoul(session_text_of(params, 4), NULL, 16), read_le32(header + 76));
    assert_string_equal(session_text_of(params, 5), "00000000");
    assert_true(session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
    assert_int_equal(session_counts().accepted, 1);
    assert_true(session_counts().accepted_difficulty == 1e-9);
    assert_int_equal(session.accepted, 1);
    assert_int_equal(session.lane, 3);
    /* The answer again, and one to nothing. */
    assert_true(session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
    assert_true(session_say("{\"id\":999999,\"result\":true,\"error\":null}"));
    assert_true(session_say("{\"id\":null,\"result\":true,\"error\":null}"));
    assert_int_equal(session_counts().accepted, 1);
}

static void version_bits_are_named(void **state)
{
    uint8_t header[80];

    (void)state;
    session_start(HARD_BITS);
    do {
        session_find(header, session_job(), true);
        write_le32(header, read_le32(header) ^ 0x00a0e000);
    } while (stratum_client_submit(session.client, session_job(), 5, header, 0, session.now) ==
             STRATUM_LOW);
    assert_string_equal(session_text_of(session_expect("mining.submit"), 5), "00a0e000");
    /* The pool takes bits back: what was rolled in them is void. */
    assert_true(session_say("{\"method\":\"mining.set_version_mask\",\"params\":[\"E000\"]}"));
    assert_int_equal(stratum_client_version_mask(session.client), 0xe000);
    session_find(header, session_job(), true);
    write_le32(header, read_le32(header) ^ 0x00a00000);
    while (stratum_client_submit(session.client, session_job(), 5, header, 0, session.now) ==
           STRATUM_LOW)
        write_le32(header + 76, session.nonce++);
    session_expect_nothing();
    assert_int_equal(session_counts().stale, 1);
}

static void without_rolling_none_are(void **state)
{
    (void)state;
    session_greet("aabb", NULL);
    assert_true(
        session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
    assert_true(session_notify("job1", 1, HARD_BITS, true));
    assert_int_equal(stratum_client_version_mask(session.client), 0);
    assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    assert_int_equal(json_array_size(session_expect("mining.submit")), 5);
}

static void nothing_is_sent_twice_or_in_vain(void **state)
{
    uint8_t header[80];

    (void)state;
    session_start(HARD_BITS);
    session_find(header, session_job(), true);
    assert_int_equal(
        stratum_client_submit(session.client, session_job(), 5, header, 0, session.now),
        STRATUM_SENT);
    assert_int_equal(
        stratum_client_submit(session.client, session_job(), 5, header, 0, session.now),
        STRATUM_DUPLICATE);
    session_find(header, session_job(), false);
    assert_int_equal(
        stratum_client_submit(session.client, session_job(), 5, header, 0, session.now),
        STRATUM_LOW);
    session_expect("mining.submit");
    session_expect_nothing();
}

static void stale_shares_stay_here(void **state)
{
    struct stratum_job *old;

    (void)state;
    session_start(HARD_BITS);
    old = stratum_job_ref(session_job());
    /* Another job beside it leaves it valid; one that cleans does not. */
    assert_true(session_notify("job2", 1, HARD_BITS, false));
    assert_false(stratum_client_is_stale(session.client, old));
    assert_int_equal(session_submit(old), STRATUM_SENT);
    assert_string_equal(session_text_of(session_expect("mining.submit"), 1), "job1");
    assert_true(session_notify("job3", 2, HARD_BITS, true));
    assert_true(stratum_client_is_stale(session.client, old));
    assert_int_equal(session_submit(old), STRATUM_STALE);
    assert_int_equal(session_counts().stale, 1);
    session_expect_nothing();
    stratum_job_unref(old);
}

static void find_block(uint8_t header[static 80], struct stratum_job *job)
{
    uint8_t bytes[32];

    do
        session_find(header, job, true);
    while (support_sha256d(bytes, header, 80),
           uint256_compare(uint256_from_le(bytes), job->network_target) > 0);
}

/* Where a network is so easy that most shares solve a block, one on each predecessor wins. */
static void one_block_on_a_predecessor_counts(void **state)
{
    uint8_t header[80];

    (void)state;
    session_start(EASY_BITS);
    for (unsigned i = 1; i <= 3; i++) {
        find_block(header, session_job());
        assert_int_equal(
            stratum_client_submit(session.client, session_job(), 5, header, 0, session.now),
            STRATUM_SENT);
        session_expect("mining.submit");
        assert_true(
            session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
        assert_int_equal(session_counts().accepted, i);
        assert_int_equal(session_counts().blocks, 1);
    }
}

static void stale_shares_that_solve_a_block_are_sent(void **state)
{
    struct stratum_job *old;
    uint8_t header[80];

    (void)state;
    session_start(EASY_BITS);
    old = stratum_job_ref(session_job());
    assert_true(session_notify("job2", 2, EASY_BITS, true));
    find_block(header, old);
    assert_int_equal(stratum_client_submit(session.client, old, 5, header, 0, session.now),
                     STRATUM_SENT);
    assert_string_equal(session_text_of(session_expect("mining.submit"), 1), "job1");
    assert_true(session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
    assert_int_equal(session_counts().blocks, 1);
    /* A second one for the same place can win nothing. */
    assert_int_equal(session_submit(old), STRATUM_STALE);
    stratum_job_unref(old);
}

static void blocks_that_are_easier_than_shares_are_looked_for(void **state)
{
    uint8_t header[80], bytes[32];
    uint64_t revision;

    (void)state;
    session_greet("aabb", NULL);
    assert_true(
        session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1000]}"));
    assert_true(session_notify("job1", 1, EASY_BITS, true));
    assert_int_equal(
        uint256_compare(stratum_client_target(session.client), session_job()->network_target), 0);
    memcpy(header, session_job()->header, 80);
    stratum_job_header(session_job(), 5, header);
    do {
        write_le32(header + 76, session.nonce++);
        support_sha256d(bytes, header, 80);
    } while (uint256_compare(uint256_from_le(bytes), session_job()->network_target) > 0);
    revision = stratum_client_revision(session.client);
    assert_int_equal(
        stratum_client_submit(session.client, session_job(), 5, header, 0, session.now),
        STRATUM_SENT);
    session_expect("mining.submit");
    assert_true(stratum_client_revision(session.client) > revision);
    assert_int_equal(uint256_compare(stratum_client_target(session.client), session_job()->target),
                     0);
    /* Where the pool refuses that block, no other one below its difficulty is looked for. */
    assert_true(session_say("{\"id\":%d,\"result\":false,\"error\":null}", (int)session_last_id()));
    assert_int_equal(uint256_compare(stratum_client_target(session.client), session_job()->target),
                     0);
    assert_int_equal(session_counts().rejected, 1);
    assert_true(session_notify("job2", 2, EASY_BITS, true));
    assert_int_equal(uint256_compare(stratum_client_target(session.client), session_job()->target),
                     0);
    assert_int_equal(session_submit(session_job()), STRATUM_LOW);
}

static void difficulty_and_extranonce_hold_for_the_next_job(void **state)
{
    struct stratum_job *old;

    (void)state;
    session_start(HARD_BITS);
    old = stratum_job_ref(session_job());
    assert_true(session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[7]}"));
    assert_true(
        session_say("{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[\"cc\",6]}"));
    assert_ptr_equal(session_job(), old);
    assert_true(session_job()->difficulty == 1e-9);
    assert_int_equal(session_submit(old), STRATUM_SENT);
    assert_true(session_notify("job2", 1, HARD_BITS, false));
    assert_true(session_job()->difficulty == 7);
    assert_int_equal(session_job()->extranonce.first_size, 1);
    assert_int_equal(session_job()->extranonce.first[0], 0xcc);
    assert_int_equal(session_job()->extranonce.second_size, 6);
    assert_int_equal(session_submit(old), STRATUM_SENT);
    stratum_job_unref(old);
}

static void refusals_are_counted_by_reason(void **state)
{
    static const struct {
        const char *answer, *reason;
    } cases[] = {
        {"\"result\":null,\"error\":[23,\"Low difficulty share\",null]", "23 Low difficulty share"},
        {"\"result\":false,\"error\":null", "no reason given"},
        {"\"result\":false,\"error\":null,\"reject-reason\":\"Above target\"", "Above target"},
        {"\"error\":{\"code\":-3,\"message\":\"a\\u001b[2Jb\\u0085c\"}", "-3 a[2Jbc"},
        {"\"error\":\"plain\"", "plain"},
        {"\"result\":true,\"error\":[21]", "21"},
        {"\"result\":1,\"error\":null", "no reason given"},
        {"\"error\":[23,\"Low difficulty share\"]", "23 Low difficulty share"},
        {"\"error\":[23,\"Low difficulty share\"]", "23 Low difficulty share"},
    };
    struct mining_reason sorted[MINING_MAX_REASONS];

    (void)state;
    session_start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
        assert_true(session_say("{\"id\":%d,%s}", (int)session_last_id(), cases[i].answer));
    }
    assert_int_equal(session_counts().rejected, 9);
    assert_int_equal(session.rejected, 9);
    mining_reasons_sort(sorted, stratum_client_shares(session.client)->reasons);
    assert_string_equal(sorted[0].text, "23 Low difficulty share");
    assert_int_equal(sorted[0].count, 3);
    assert_string_equal(sorted[1].text, "no reason given");
    assert_int_equal(sorted[1].count, 2);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        bool found = false;

        for (size_t k = 0; k < MINING_MAX_REASONS; k++)
            found = found || !strcmp(sorted[k].text, cases[i].reason);
        if (!found)
            fail_msg("case %zu is not among the reasons", i);
    }
}

static void a_high_reject_rate_is_said_once_in_a_while(void **state)
{
    struct stratum_shares *shares = stratum_client_shares(session.client);
    char text[STRATUM_ALARM_SIZE];

    (void)state;
    session_start(HARD_BITS);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
        if (i == 19 || i == 39)
            assert_false(stratum_shares_alarm(shares, session.now, text));
        /* The first twenty: two refused, exactly a tenth. Then three of twenty. */
        if (i % 10 == 3 || i == 30)
            assert_true(
                session_say("{\"id\":%d,\"error\":[21,\"stale\"]}", (int)session_last_id()));
        else
            assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
        if (i == 19)
            assert_false(stratum_shares_alarm(shares, session.now, text));
    }
    assert_true(stratum_shares_alarm(shares, session.now, text));
    assert_non_null(strstr(text, "3 of the last 20 shares"));
    assert_non_null(strstr(text, "5 \"21 stale\""));
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
        assert_true(session_say("{\"id\":%d,\"error\":[21,\"stale\"]}", (int)session_last_id()));
    }
    assert_false(stratum_shares_alarm(shares, session.now + 599 * SECOND_NS, text));
    assert_true(stratum_shares_alarm(shares, session.now + 600 * SECOND_NS, text));
    assert_non_null(strstr(text, "30 of the last 30"));
}

static void unanswered_shares_are_lost(void **state)
{
    json_int_t id;

    (void)state;
    session_start(HARD_BITS);
    assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    session_expect("mining.submit");
    id = session_last_id();
    session.now += 59 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    assert_int_equal(session_counts().lost, 0);
    session.now += SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    assert_int_equal(session_counts().lost, 1);
    /* It comes after all: nobody waits for it. */
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)id));
    assert_int_equal(session_counts().accepted, 0);
    for (unsigned i = 1; i < STRATUM_CLIENT_LOST_MAX; i++)
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    session.now += 60 * SECOND_NS;
    assert_false(stratum_client_tick(session.client, session.now));
    assert_non_null(strstr(stratum_client_error(session.client), "does not answer shares"));
}

static void too_many_shares_wait(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    for (unsigned i = 0; i < STRATUM_SHARES_MAX; i++)
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    assert_int_equal(session_submit(session_job()), STRATUM_FULL);
    for (unsigned i = 0; i < STRATUM_SHARES_MAX; i++) {
        session_expect("mining.submit");
        if (i % 2)
            assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    }
    assert_int_equal(session_counts().accepted, STRATUM_SHARES_MAX / 2);
    assert_int_equal(session_submit(session_job()), STRATUM_SENT);
}

static void a_block_does_not_wait_for_room(void **state)
{
    json_int_t first;

    (void)state;
    session_start(HARD_BITS);
    assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    session_expect("mining.submit");
    first = session_last_id();
    session.now++;
    for (unsigned i = 1; i < STRATUM_SHARES_MAX; i++)
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    assert_true(session_notify("job2", 2, EASY_BITS, false));
    while (session_counts().lost == 0)
        assert_true(session_submit(session_job()) != STRATUM_STALE);
    /* The oldest gave its place, and an answer to it finds nothing. */
    assert_int_equal(session_counts().lost, 1);
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)first));
    assert_int_equal(session_counts().accepted, 0);
    for (unsigned i = 0; i < STRATUM_SHARES_MAX; i++)
        session_expect("mining.submit");
    session_expect_nothing();
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    assert_int_equal(session_counts().blocks, 1);
}

/* The connection is lost with an unanswered share, and one more is found before it is back. */
static struct stratum_job *interrupt(void)
{
    struct stratum_job *held;

    session_start(HARD_BITS);
    held = stratum_job_ref(session_job());
    assert_int_equal(session_submit(held), STRATUM_SENT);
    session_expect("mining.submit");
    stratum_client_end(session.client, session.now);
    assert_null(session_job());
    assert_int_equal(session_submit(held), STRATUM_HELD);
    session_expect_nothing();
    return held;
}

static void greet_again(const char *extranonce1)
{
    assert_true(stratum_client_begin(session.client, session.now));
    session_expect("mining.configure");
    assert_true(session_say("{\"id\":%d,\"result\":{\"version-rolling\":true,"
                            "\"version-rolling.mask\":\"1fffe000\"}}",
                            (int)session_last_id()));
    assert_string_equal(session_text_of(session_expect("mining.subscribe"), 1), "session");
    assert_true(session_say("{\"id\":%d,\"result\":[[[\"mining.notify\",\"session\"]],\"%s\",4]}",
                            (int)session_last_id(), extranonce1));
    session_expect("mining.authorize");
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    session_expect("mining.extranonce.subscribe");
    assert_true(
        session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
}

static void a_session_is_resumed(void **state)
{
    (void)state;
    stratum_job_unref(interrupt());
    greet_again("aabb");
    session_expect_nothing();
    assert_true(session_notify("job2", 1, HARD_BITS, true));
    assert_string_equal(session_text_of(session_expect("mining.submit"), 1), "job1");
    /* The first one had arrived before. */
    assert_true(
        session_say("{\"id\":%d,\"error\":[22,\"Duplicate share\"]}", (int)session_last_id()));
    assert_string_equal(session_text_of(session_expect("mining.submit"), 1), "job1");
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    session_expect_nothing();
    assert_int_equal(session_counts().accepted, 2);
    assert_int_equal(session_counts().lost + session_counts().stale, 0);
}

static void a_resumed_session_on_another_block(void **state)
{
    struct stratum_job *old = interrupt();

    (void)state;
    greet_again("aabb");
    assert_true(session_notify("job2", 2, HARD_BITS, true));
    session_expect_nothing();
    assert_int_equal(session_counts().lost, 1);
    assert_int_equal(session_counts().stale, 1);
    assert_int_equal(session_submit(old), STRATUM_STALE);
    stratum_job_unref(old);
}

/* The pool has taken version bits back meanwhile: what was rolled in them could not be named. */
static void a_resumed_session_with_another_mask(void **state)
{
    enum stratum_submit done;
    uint8_t header[80];

    (void)state;
    session_start(HARD_BITS);
    do {
        session_find(header, session_job(), true);
        write_le32(header, read_le32(header) ^ 0x00a0e000);
        done = stratum_client_submit(session.client, session_job(), 5, header, 0, session.now);
    } while (done == STRATUM_LOW);
    assert_int_equal(done, STRATUM_SENT);
    session_expect("mining.submit");
    stratum_client_end(session.client, session.now);
    greet_again("aabb");
    assert_true(session_say("{\"method\":\"mining.set_version_mask\",\"params\":[\"e000\"]}"));
    assert_true(session_notify("job2", 1, HARD_BITS, true));
    session_expect_nothing();
    assert_int_equal(session_counts().lost, 1);
}

static void another_session_begins_anew(void **state)
{
    struct stratum_job *old = interrupt();

    (void)state;
    greet_again("aabc");
    assert_int_equal(session_counts().lost, 1);
    assert_int_equal(session_counts().stale, 1);
    assert_true(session_notify("job1", 1, HARD_BITS, false));
    session_expect_nothing();
    assert_int_equal(session_submit(old), STRATUM_STALE);
    assert_int_equal(session_submit(session_job()), STRATUM_SENT);
    stratum_job_unref(old);
}

/* What the last connection took with it is no reason to leave the next one. */
static void shares_lost_with_a_connection_are_no_silence(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    for (int i = 0; i < 2 * STRATUM_CLIENT_LOST_MAX; i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
    }
    stratum_client_end(session.client, session.now);
    greet_again("aabc");
    assert_int_equal(session_counts().lost, 2 * STRATUM_CLIENT_LOST_MAX);
    assert_true(stratum_client_tick(session.client, session.now));
    assert_true(session_notify("job2", 1, HARD_BITS, true));
    assert_true(stratum_client_tick(session.client, session.now));
}

static void shares_that_expire_while_resuming_are_no_silence(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    for (int i = 0; i < STRATUM_CLIENT_LOST_MAX; i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
    }
    stratum_client_end(session.client, session.now);
    session.now += 59 * SECOND_NS;
    greet_again("aabb");
    session.now += 2 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    assert_int_equal(session_counts().lost, STRATUM_CLIENT_LOST_MAX);
    assert_true(session_notify("job2", 1, HARD_BITS, true));
    assert_true(stratum_client_tick(session.client, session.now));
}

static void what_waits_too_long_for_the_connection_is_lost(void **state)
{
    (void)state;
    stratum_job_unref(interrupt());
    session.now += 60 * SECOND_NS;
    assert_true(stratum_client_tick(session.client, session.now));
    assert_int_equal(session_counts().lost, 2);
}

static void strangers_connect_anew(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    for (unsigned i = 1; i <= STRATUM_CLIENT_UNKNOWN_MAX; i++) {
        assert_int_equal(session_submit(session_job()), STRATUM_SENT);
        session_expect("mining.submit");
        assert_int_equal(session_say("{\"id\":%d,\"error\":[24,\"Unauthorized worker\"]}",
                                     (int)session_last_id()),
                         i < STRATUM_CLIENT_UNKNOWN_MAX);
    }
    assert_non_null(strstr(stratum_client_error(session.client), "know us"));
}

static void a_connection_that_breaks_keeps_the_share(void **state)
{
    (void)state;
    session_start(HARD_BITS);
    session.deaf = true;
    assert_int_equal(session_submit(session_job()), STRATUM_BROKEN);
    stratum_client_end(session.client, session.now);
    session.deaf = false;
    greet_again("aabb");
    assert_true(session_notify("job2", 1, HARD_BITS, true));
    assert_string_equal(session_text_of(session_expect("mining.submit"), 1), "job1");
    assert_true(session_say("{\"id\":%d,\"result\":true}", (int)session_last_id()));
    assert_int_equal(session_counts().accepted, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, session_set_up, session_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_share_is_sent_and_accepted),
        TEST(version_bits_are_named),
        TEST(without_rolling_none_are),
        TEST(nothing_is_sent_twice_or_in_vain),
        TEST(stale_shares_stay_here),
        TEST(one_block_on_a_predecessor_counts),
        TEST(stale_shares_that_solve_a_block_are_sent),
        TEST(blocks_that_are_easier_than_shares_are_looked_for),
        TEST(difficulty_and_extranonce_hold_for_the_next_job),
        TEST(refusals_are_counted_by_reason),
        TEST(a_high_reject_rate_is_said_once_in_a_while),
        TEST(unanswered_shares_are_lost),
        TEST(too_many_shares_wait),
        TEST(a_block_does_not_wait_for_room),
        TEST(a_session_is_resumed),
        TEST(a_resumed_session_on_another_block),
        TEST(a_resumed_session_with_another_mask),
        TEST(shares_lost_with_a_connection_are_no_silence),
        TEST(shares_that_expire_while_resuming_are_no_silence),
        TEST(another_session_begins_anew),
        TEST(what_waits_too_long_for_the_connection_is_lost),
        TEST(strangers_connect_anew),
        TEST(a_connection_that_breaks_keeps_the_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
