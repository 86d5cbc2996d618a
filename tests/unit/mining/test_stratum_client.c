/* A pool's session: what it is told, what it says, and what becomes of shares; a made-up pool and clock. */
#include "tests/unit/mining/support.h"

#include "base/hex.h"
#include "mining/stratum_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define MASK 0x1fffe000
#define NOTIFY                                                                                     \
    "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%s\",\"%064x\",\"01000000010000\","   \
    "\"ffff\",[],\"20000000\",\"%s\",\"65000000\",%s]}"
/* No share solves a block of the first, every second hash one of the other. */
#define HARD_BITS "1800ffff"
#define EASY_BITS "207fffff"

enum { SENT_MAX = 2048 };

static struct {
    struct stratum_client *client;
    json_t *sent[SENT_MAX];
    size_t count, read;
    bool deaf; /* nothing can be sent */
    uint64_t now;
    uint32_t nonce; /* where the next share is looked for */
    size_t accepted, rejected, lane;
} w;

static bool take_sent(void *arg, struct bytes line)
{
    (void)arg;
    if (w.deaf)
        return false;
    assert_true(w.count < SENT_MAX && line.size > 0 && line.data[line.size - 1] == '\n');
    assert_null(memchr(line.data, '\n', line.size - 1));
    w.sent[w.count] = json_loadb((const char *)line.data, line.size - 1, 0, NULL);
    assert_non_null(w.sent[w.count++]);
    return true;
}

static void take_verdict(void *arg, const struct stratum_share *share, bool accepted)
{
    (void)arg;
    w.accepted += accepted;
    w.rejected += !accepted;
    w.lane = share->lane;
}

static int set_up_with(const struct stratum_client_options *changed)
{
    struct stratum_client_options options = {.name = "pool",
                                             .user = "user.1",
                                             .password = "secret",
                                             .agent = "agent/1",
                                             .version_mask = MASK,
                                             .answer_ns = 60 * SECOND_NS,
                                             .silent_ns = 300 * SECOND_NS,
                                             .kernels = support_kernels()};
    const struct stratum_client_owner owner = {NULL, take_sent, take_verdict};

    if (changed)
        options = *changed;
    memset(&w, 0, sizeof(w));
    w.now = 1000 * SECOND_NS;
    w.client = stratum_client_create(&options, &owner);
    return w.client ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    return set_up_with(NULL);
}

static int tear_down(void **state)
{
    (void)state;
    stratum_client_destroy(w.client);
    for (size_t i = 0; i < w.count; i++)
        json_decref(w.sent[i]);
    return 0;
}

static void start_afresh(void)
{
    tear_down(NULL);
    assert_int_equal(set_up(NULL), 0);
}

/* What the pool says; false where the client wants to hang up. */
static bool say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool say(const char *format, ...)
{
    char line[4096];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    assert_true(size >= 0 && (size_t)size < sizeof(line));
    return stratum_client_line(w.client, bytes_of(line, (size_t)size), w.now);
}

/* The next line that was sent, which must be a request of this method. */
static json_t *expect(const char *method)
{
    assert_true(w.read < w.count);
    assert_string_equal(json_string_value(json_object_get(w.sent[w.read], "method")), method);
    return json_object_get(w.sent[w.read++], "params");
}

static json_int_t last_id(void)
{
    return json_integer_value(json_object_get(w.sent[w.read - 1], "id"));
}

static void expect_nothing(void) { assert_int_equal(w.read, w.count); }

static const char *text_of(const json_t *list, size_t index)
{
    return json_string_value(json_array_get(list, index));
}

/* Up to the point where the pool has authorised us. */
static void greet(const char *extranonce1, const char *mask)
{
    json_int_t configure;

    assert_true(stratum_client_begin(w.client, w.now));
    expect("mining.configure");
    configure = last_id();
    expect("mining.subscribe");
    if (mask)
        assert_true(say("{\"id\":%d,\"result\":{\"version-rolling\":true,"
                        "\"version-rolling.mask\":\"%s\"},\"error\":null}",
                        (int)configure, mask));
    assert_true(say("{\"id\":%d,\"result\":[[[\"mining.notify\",\"session\"]],\"%s\",4],"
                    "\"error\":null}",
                    (int)last_id(), extranonce1));
    expect("mining.authorize");
    assert_true(say("{\"id\":%d,\"result\":true,\"error\":null}", (int)last_id()));
    expect("mining.extranonce.subscribe");
    assert_true(
        say("{\"id\":%d,\"result\":null,\"error\":[20,\"Not supported.\",null]}", (int)last_id()));
    expect_nothing();
}

static bool notify(const char *id, unsigned previous, const char *bits, bool clean)
{
    return say(NOTIFY, id, previous, bits, clean ? "true" : "false");
}

static void start(const char *bits)
{
    greet("aabb", "ffffffff");
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
    assert_true(notify("job1", 1, bits, true));
}

/* The header of a share of this job that meets difficulty 1e-9, or misses it. */
static void find(uint8_t header[static 80], struct stratum_job *job, bool good)
{
    struct uint256 hash;
    uint8_t bytes[32];

    memcpy(header, job->header, 80);
    stratum_job_header(job, 5, header);
    do {
        write_le32(header + 76, w.nonce++);
        support_sha256d(bytes, header, 80);
        hash = uint256_from_le(bytes);
    } while ((uint256_compare(hash, uint256_from_difficulty(1e-9)) <= 0) != good);
}

static enum stratum_submit submit(struct stratum_job *job)
{
    uint8_t header[80];

    find(header, job, true);
    return stratum_client_submit(w.client, job, 5, header, 3, w.now);
}

static struct stratum_job *job(void) { return stratum_client_job(w.client); }
static struct mining_counts counts(void) { return stratum_client_shares(w.client)->counts; }

static void a_session_is_made(void **state)
{
    const json_t *params;
    struct stratum_job *held;

    (void)state;
    assert_null(job());
    assert_true(stratum_client_begin(w.client, w.now));
    params = expect("mining.configure");
    assert_string_equal(text_of(json_array_get(params, 0), 0), "version-rolling");
    assert_string_equal(text_of(json_array_get(params, 0), 1), "subscribe-extranonce");
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(params, 1), "version-rolling.mask")),
        "1fffe000");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(params, 1),
                                                        "version-rolling.min-bit-count")),
                     2);
    params = expect("mining.subscribe");
    assert_int_equal(json_array_size(params), 1);
    assert_string_equal(text_of(params, 0), "agent/1");
    assert_true(say("{\"id\":1,\"result\":{\"version-rolling\":true,\"version-rolling.mask\":"
                    "\"0000e000\",\"subscribe-extranonce\":true},\"error\":null}"));
    assert_true(say("{\"id\":2,\"result\":[[[\"mining.set_difficulty\",\"x\"],[\"mining.notify\","
                    "\"session\"]],\"aabb\",4],\"error\":null}\r"));
    params = expect("mining.authorize");
    assert_string_equal(text_of(params, 0), "user.1");
    assert_string_equal(text_of(params, 1), "secret");
    /* A job may come before the answer, and is not searched before it. */
    assert_true(notify("early", 1, HARD_BITS, true));
    assert_null(job());
    assert_true(say("{\"id\":%d,\"result\":true,\"error\":null}", (int)last_id()));
    held = job();
    assert_non_null(held);
    assert_string_equal(held->id, "early");
    assert_true(held->difficulty == 1);
    assert_int_equal(stratum_client_version_mask(w.client), 0xe000);
    expect_nothing();
}

static void a_share_is_sent_and_accepted(void **state)
{
    const json_t *params;
    uint8_t header[80];

    (void)state;
    start(HARD_BITS);
    find(header, job(), true);
    assert_int_equal(stratum_client_submit(w.client, job(), 5, header, 3, w.now), STRATUM_SENT);
    params = expect("mining.submit");
    assert_int_equal(json_array_size(params), 6);
    assert_string_equal(text_of(params, 0), "user.1");
    assert_string_equal(text_of(params, 1), "job1");
    assert_string_equal(text_of(params, 2), "05000000");
    assert_string_equal(text_of(params, 3), "65000000");
    assert_int_equal(strtoul(text_of(params, 4), NULL, 16), read_le32(header + 76));
    assert_string_equal(text_of(params, 5), "00000000");
    assert_true(say("{\"id\":%d,\"result\":true,\"error\":null}", (int)last_id()));
    assert_int_equal(counts().accepted, 1);
    assert_true(counts().accepted_difficulty == 1e-9);
    assert_int_equal(w.accepted, 1);
    assert_int_equal(w.lane, 3);
    /* The answer again, and one to nothing. */
    assert_true(say("{\"id\":%d,\"result\":true,\"error\":null}", (int)last_id()));
    assert_true(say("{\"id\":999999,\"result\":true,\"error\":null}"));
    assert_true(say("{\"id\":null,\"result\":true,\"error\":null}"));
    assert_int_equal(counts().accepted, 1);
}

static void version_bits_are_named(void **state)
{
    uint8_t header[80];

    (void)state;
    start(HARD_BITS);
    do {
        find(header, job(), true);
        write_le32(header, read_le32(header) ^ 0x00a0e000);
    } while (stratum_client_submit(w.client, job(), 5, header, 0, w.now) == STRATUM_LOW);
    assert_string_equal(text_of(expect("mining.submit"), 5), "00a0e000");
    /* The pool takes bits back: what was rolled in them is void. */
    assert_true(say("{\"method\":\"mining.set_version_mask\",\"params\":[\"E000\"]}"));
    assert_int_equal(stratum_client_version_mask(w.client), 0xe000);
    find(header, job(), true);
    write_le32(header, read_le32(header) ^ 0x00a00000);
    while (stratum_client_submit(w.client, job(), 5, header, 0, w.now) == STRATUM_LOW)
        write_le32(header + 76, w.nonce++);
    expect_nothing();
    assert_int_equal(counts().stale, 1);
}

static void without_rolling_none_are(void **state)
{
    (void)state;
    greet("aabb", NULL);
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
    assert_true(notify("job1", 1, HARD_BITS, true));
    assert_int_equal(stratum_client_version_mask(w.client), 0);
    assert_int_equal(submit(job()), STRATUM_SENT);
    assert_int_equal(json_array_size(expect("mining.submit")), 5);
}

static void nothing_is_sent_twice_or_in_vain(void **state)
{
    uint8_t header[80];

    (void)state;
    start(HARD_BITS);
    find(header, job(), true);
    assert_int_equal(stratum_client_submit(w.client, job(), 5, header, 0, w.now), STRATUM_SENT);
    assert_int_equal(stratum_client_submit(w.client, job(), 5, header, 0, w.now),
                     STRATUM_DUPLICATE);
    find(header, job(), false);
    assert_int_equal(stratum_client_submit(w.client, job(), 5, header, 0, w.now), STRATUM_LOW);
    expect("mining.submit");
    expect_nothing();
}

static void stale_shares_stay_here(void **state)
{
    struct stratum_job *old;

    (void)state;
    start(HARD_BITS);
    old = stratum_job_ref(job());
    /* Another job beside it leaves it valid; one that cleans does not. */
    assert_true(notify("job2", 1, HARD_BITS, false));
    assert_false(stratum_client_is_stale(w.client, old));
    assert_int_equal(submit(old), STRATUM_SENT);
    assert_string_equal(text_of(expect("mining.submit"), 1), "job1");
    assert_true(notify("job3", 2, HARD_BITS, true));
    assert_true(stratum_client_is_stale(w.client, old));
    assert_int_equal(submit(old), STRATUM_STALE);
    assert_int_equal(counts().stale, 1);
    expect_nothing();
    stratum_job_unref(old);
}

static void stale_shares_that_solve_a_block_are_sent(void **state)
{
    struct stratum_job *old;
    uint8_t header[80], bytes[32];

    (void)state;
    start(EASY_BITS);
    old = stratum_job_ref(job());
    assert_true(notify("job2", 2, EASY_BITS, true));
    do
        find(header, old, true);
    while (support_sha256d(bytes, header, 80),
           uint256_compare(uint256_from_le(bytes), old->network_target) > 0);
    assert_int_equal(stratum_client_submit(w.client, old, 5, header, 0, w.now), STRATUM_SENT);
    assert_string_equal(text_of(expect("mining.submit"), 1), "job1");
    assert_true(say("{\"id\":%d,\"result\":true,\"error\":null}", (int)last_id()));
    assert_int_equal(counts().blocks, 1);
    /* A second one for the same place can win nothing. */
    assert_int_equal(submit(old), STRATUM_STALE);
    stratum_job_unref(old);
}

static void blocks_that_are_easier_than_shares_are_looked_for(void **state)
{
    uint8_t header[80], bytes[32];
    uint64_t revision;

    (void)state;
    greet("aabb", NULL);
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1000]}"));
    assert_true(notify("job1", 1, EASY_BITS, true));
    assert_int_equal(uint256_compare(stratum_client_target(w.client), job()->network_target), 0);
    memcpy(header, job()->header, 80);
    stratum_job_header(job(), 5, header);
    do {
        write_le32(header + 76, w.nonce++);
        support_sha256d(bytes, header, 80);
    } while (uint256_compare(uint256_from_le(bytes), job()->network_target) > 0);
    revision = stratum_client_revision(w.client);
    assert_int_equal(stratum_client_submit(w.client, job(), 5, header, 0, w.now), STRATUM_SENT);
    expect("mining.submit");
    assert_true(stratum_client_revision(w.client) > revision);
    assert_int_equal(uint256_compare(stratum_client_target(w.client), job()->target), 0);
    /* Where the pool refuses that block, another one is welcome. */
    assert_true(say("{\"id\":%d,\"result\":false,\"error\":null}", (int)last_id()));
    assert_int_equal(uint256_compare(stratum_client_target(w.client), job()->network_target), 0);
    assert_int_equal(counts().rejected, 1);
}

static void difficulty_and_extranonce_hold_for_the_next_job(void **state)
{
    struct stratum_job *old;

    (void)state;
    start(HARD_BITS);
    old = stratum_job_ref(job());
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[7]}"));
    assert_true(say("{\"id\":null,\"method\":\"mining.set_extranonce\",\"params\":[\"cc\",6]}"));
    assert_ptr_equal(job(), old);
    assert_true(job()->difficulty == 1e-9);
    assert_int_equal(submit(old), STRATUM_SENT);
    assert_true(notify("job2", 1, HARD_BITS, false));
    assert_true(job()->difficulty == 7);
    assert_int_equal(job()->extranonce.first_size, 1);
    assert_int_equal(job()->extranonce.first[0], 0xcc);
    assert_int_equal(job()->extranonce.second_size, 6);
    assert_int_equal(submit(old), STRATUM_SENT);
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
    start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        assert_int_equal(submit(job()), STRATUM_SENT);
        expect("mining.submit");
        assert_true(say("{\"id\":%d,%s}", (int)last_id(), cases[i].answer));
    }
    assert_int_equal(counts().rejected, 9);
    assert_int_equal(w.rejected, 9);
    mining_reasons_sort(sorted, stratum_client_shares(w.client)->reasons);
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
    struct stratum_shares *shares = stratum_client_shares(w.client);
    char text[STRATUM_ALARM_SIZE];

    (void)state;
    start(HARD_BITS);
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(submit(job()), STRATUM_SENT);
        expect("mining.submit");
        if (i == 19 || i == 39)
            assert_false(stratum_shares_alarm(shares, w.now, text));
        /* The first twenty: two refused, exactly a tenth. Then three of twenty. */
        if (i % 10 == 3 || i == 30)
            assert_true(say("{\"id\":%d,\"error\":[21,\"stale\"]}", (int)last_id()));
        else
            assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
        if (i == 19)
            assert_false(stratum_shares_alarm(shares, w.now, text));
    }
    assert_true(stratum_shares_alarm(shares, w.now, text));
    assert_non_null(strstr(text, "3 of the last 20 shares"));
    assert_non_null(strstr(text, "5 \"21 stale\""));
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(submit(job()), STRATUM_SENT);
        expect("mining.submit");
        assert_true(say("{\"id\":%d,\"error\":[21,\"stale\"]}", (int)last_id()));
    }
    assert_false(stratum_shares_alarm(shares, w.now + 599 * SECOND_NS, text));
    assert_true(stratum_shares_alarm(shares, w.now + 600 * SECOND_NS, text));
    assert_non_null(strstr(text, "30 of the last 30"));
}

static void unanswered_shares_are_lost(void **state)
{
    json_int_t id;

    (void)state;
    start(HARD_BITS);
    assert_int_equal(submit(job()), STRATUM_SENT);
    expect("mining.submit");
    id = last_id();
    w.now += 59 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    assert_int_equal(counts().lost, 0);
    w.now += SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    assert_int_equal(counts().lost, 1);
    /* It comes after all: nobody waits for it. */
    assert_true(say("{\"id\":%d,\"result\":true}", (int)id));
    assert_int_equal(counts().accepted, 0);
    for (unsigned i = 1; i < STRATUM_CLIENT_LOST_MAX; i++)
        assert_int_equal(submit(job()), STRATUM_SENT);
    w.now += 60 * SECOND_NS;
    assert_false(stratum_client_tick(w.client, w.now));
    assert_non_null(strstr(stratum_client_error(w.client), "does not answer shares"));
}

static void too_many_shares_wait(void **state)
{
    (void)state;
    start(HARD_BITS);
    for (unsigned i = 0; i < STRATUM_SHARES_MAX; i++)
        assert_int_equal(submit(job()), STRATUM_SENT);
    assert_int_equal(submit(job()), STRATUM_FULL);
    for (unsigned i = 0; i < STRATUM_SHARES_MAX; i++) {
        expect("mining.submit");
        if (i % 2)
            assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
    }
    assert_int_equal(counts().accepted, STRATUM_SHARES_MAX / 2);
    assert_int_equal(submit(job()), STRATUM_SENT);
}

/* The connection is lost with an unanswered share, and one more is found before it is back. */
static struct stratum_job *interrupt(void)
{
    struct stratum_job *held;

    start(HARD_BITS);
    held = stratum_job_ref(job());
    assert_int_equal(submit(held), STRATUM_SENT);
    expect("mining.submit");
    stratum_client_end(w.client, w.now);
    assert_null(job());
    assert_int_equal(submit(held), STRATUM_HELD);
    expect_nothing();
    return held;
}

static void greet_again(const char *extranonce1)
{
    assert_true(stratum_client_begin(w.client, w.now));
    expect("mining.configure");
    assert_true(say("{\"id\":%d,\"result\":{\"version-rolling\":true,"
                    "\"version-rolling.mask\":\"1fffe000\"}}",
                    (int)last_id()));
    assert_string_equal(text_of(expect("mining.subscribe"), 1), "session");
    assert_true(say("{\"id\":%d,\"result\":[[[\"mining.notify\",\"session\"]],\"%s\",4]}",
                    (int)last_id(), extranonce1));
    expect("mining.authorize");
    assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
    expect("mining.extranonce.subscribe");
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
}

static void a_session_is_resumed(void **state)
{
    (void)state;
    stratum_job_unref(interrupt());
    greet_again("aabb");
    expect_nothing();
    assert_true(notify("job2", 1, HARD_BITS, true));
    assert_string_equal(text_of(expect("mining.submit"), 1), "job1");
    /* The first one had arrived before. */
    assert_true(say("{\"id\":%d,\"error\":[22,\"Duplicate share\"]}", (int)last_id()));
    assert_string_equal(text_of(expect("mining.submit"), 1), "job1");
    assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
    expect_nothing();
    assert_int_equal(counts().accepted, 2);
    assert_int_equal(counts().lost + counts().stale, 0);
}

static void a_resumed_session_on_another_block(void **state)
{
    struct stratum_job *old = interrupt();

    (void)state;
    greet_again("aabb");
    assert_true(notify("job2", 2, HARD_BITS, true));
    expect_nothing();
    assert_int_equal(counts().lost, 1);
    assert_int_equal(counts().stale, 1);
    assert_int_equal(submit(old), STRATUM_STALE);
    stratum_job_unref(old);
}

static void another_session_begins_anew(void **state)
{
    struct stratum_job *old = interrupt();

    (void)state;
    greet_again("aabc");
    assert_int_equal(counts().lost, 1);
    assert_int_equal(counts().stale, 1);
    assert_true(notify("job1", 1, HARD_BITS, false));
    expect_nothing();
    assert_int_equal(submit(old), STRATUM_STALE);
    assert_int_equal(submit(job()), STRATUM_SENT);
    stratum_job_unref(old);
}

static void what_waits_too_long_for_the_connection_is_lost(void **state)
{
    (void)state;
    stratum_job_unref(interrupt());
    w.now += 60 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    assert_int_equal(counts().lost, 2);
}

static void pools_that_hang_up_on_configure_are_greeted_without(void **state)
{
    (void)state;
    assert_true(stratum_client_begin(w.client, w.now));
    stratum_client_end(w.client, w.now);
    w.read = w.count;
    assert_true(stratum_client_begin(w.client, w.now));
    expect("mining.subscribe");
    expect_nothing();
    stratum_client_end(w.client, w.now);
    assert_true(stratum_client_begin(w.client, w.now));
    expect("mining.configure");
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
        assert_true(stratum_client_begin(w.client, w.now));
        w.read = w.count;
        assert_false(say("{\"id\":%d,%s}", (int)last_id(), answers[i]));
        assert_non_null(strstr(stratum_client_error(w.client), "mining.subscribe"));
        assert_false(stratum_client_refused(w.client));
        stratum_client_end(w.client, w.now);
    }
    assert_true(stratum_client_begin(w.client, w.now));
    w.read = w.count;
    assert_true(say("{\"id\":%d,\"result\":[null,\"aabb\",4]}", (int)last_id()));
    expect("mining.authorize");
    assert_false(say("{\"id\":%d,\"result\":false,\"error\":[24,\"who?\"]}", (int)last_id()));
    assert_true(stratum_client_refused(w.client));
    assert_non_null(strstr(stratum_client_error(w.client), "user.1"));
    assert_non_null(strstr(stratum_client_error(w.client), "24 who?"));
    assert_null(strstr(stratum_client_error(w.client), "secret"));
}

static void silence_ends_it(void **state)
{
    (void)state;
    assert_true(stratum_client_begin(w.client, w.now));
    assert_true(stratum_client_tick(w.client, w.now + 60 * SECOND_NS));
    assert_false(stratum_client_tick(w.client, w.now + 61 * SECOND_NS));
    assert_non_null(strstr(stratum_client_error(w.client), "mining.subscribe"));
    start_afresh();
    greet("aabb", NULL);
    assert_true(notify("job1", 1, HARD_BITS, true));
    w.now += 299 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    assert_true(say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[5]}"));
    w.now += 2 * SECOND_NS;
    assert_false(stratum_client_tick(w.client, w.now));
    assert_non_null(strstr(stratum_client_error(w.client), "no job for 300 s"));
}

static void quiet_pools_are_pinged(void **state)
{
    (void)state;
    start(HARD_BITS);
    w.now += 60 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    expect_nothing();
    w.now += SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    expect("mining.ping");
    /* A pool that does not know pings may leave them unanswered. */
    w.now += 61 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    expect("mining.ping");
    assert_true(say("{\"id\":%d,\"result\":\"pong\"}", (int)last_id()));
    w.now += 61 * SECOND_NS;
    assert_true(stratum_client_tick(w.client, w.now));
    expect("mining.ping");
    /* One that has answered before may not. */
    w.now += 61 * SECOND_NS;
    assert_false(stratum_client_tick(w.client, w.now));
    assert_non_null(strstr(stratum_client_error(w.client), "ping"));
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
    start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *text;

        assert_true(say("%s", cases[i].request));
        if (!cases[i].answer) {
            expect_nothing();
            continue;
        }
        assert_true(w.read < w.count);
        text = json_dumps(w.sent[w.read++], JSON_COMPACT);
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
    start(HARD_BITS);
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        if (i % STRATUM_CLIENT_GARBAGE_MAX == 0)
            assert_true(stratum_client_begin(w.client, w.now));
        say("{\"id\":null,\"method\":\"client.reconnect\",\"params\":%s}", cases[i].params);
        if (stratum_client_take_reconnect(w.client, &r) != cases[i].good)
            fail_msg("case %zu", i);
        assert_false(stratum_client_take_reconnect(w.client, &r));
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

        start_afresh();
        assert_true(stratum_client_begin(w.client, w.now));
        if (say("%s", garbage[i]) != request)
            fail_msg("case %zu", i);
    }
}

static void garbage_is_survived_for_a_while(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
        uint64_t revision;

        start_afresh();
        start(HARD_BITS);
        revision = stratum_client_revision(w.client);
        for (unsigned n = 1; n < STRATUM_CLIENT_GARBAGE_MAX; n++)
            assert_true(say("%s", garbage[i]));
        assert_int_equal(stratum_client_revision(w.client), revision);
        assert_int_equal(stratum_client_version_mask(w.client), MASK);
        assert_true(stratum_client_difficulty(w.client) == 1e-9);
        assert_int_equal(submit(job()), STRATUM_SENT);
        if (say("%s", garbage[i]))
            fail_msg("case %zu is endured for ever", i);
        assert_non_null(strstr(stratum_client_error(w.client), "not Stratum"));
    }
}

static void empty_lines_are_nothing(void **state)
{
    (void)state;
    start(HARD_BITS);
    for (unsigned i = 0; i < 100; i++)
        assert_true(say(i % 2 ? "\r" : " "));
}

static void strangers_connect_anew(void **state)
{
    (void)state;
    start(HARD_BITS);
    for (unsigned i = 1; i <= STRATUM_CLIENT_UNKNOWN_MAX; i++) {
        assert_int_equal(submit(job()), STRATUM_SENT);
        expect("mining.submit");
        assert_int_equal(say("{\"id\":%d,\"error\":[24,\"Unauthorized worker\"]}", (int)last_id()),
                         i < STRATUM_CLIENT_UNKNOWN_MAX);
    }
    assert_non_null(strstr(stratum_client_error(w.client), "know us"));
}

static void a_connection_that_breaks_keeps_the_share(void **state)
{
    (void)state;
    start(HARD_BITS);
    w.deaf = true;
    assert_int_equal(submit(job()), STRATUM_BROKEN);
    stratum_client_end(w.client, w.now);
    w.deaf = false;
    greet_again("aabb");
    assert_true(notify("job2", 1, HARD_BITS, true));
    assert_string_equal(text_of(expect("mining.submit"), 1), "job1");
    assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
    assert_int_equal(counts().accepted, 1);
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
    tear_down(NULL);
    assert_int_equal(set_up_with(&options), 0);
    assert_true(stratum_client_begin(w.client, w.now));
    /* Nothing is to be rolled, so that is not asked for. */
    params = expect("mining.configure");
    assert_int_equal(json_array_size(json_array_get(params, 0)), 1);
    expect("mining.subscribe");
    assert_true(say("{\"id\":%d,\"result\":[[],\"\",4]}", (int)last_id()));
    expect("mining.authorize");
    assert_true(say("{\"id\":%d,\"result\":true}", (int)last_id()));
    expect("mining.extranonce.subscribe");
    assert_true(json_number_value(json_array_get(expect("mining.suggest_difficulty"), 0)) == 0.25);
    /* A mask that nobody asked for changes nothing. */
    assert_true(notify("job1", 1, HARD_BITS, true));
    assert_true(say("{\"method\":\"mining.set_version_mask\",\"params\":[\"1fffe000\"]}"));
    assert_int_equal(stratum_client_version_mask(w.client), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_made),
        TEST(a_share_is_sent_and_accepted),
        TEST(version_bits_are_named),
        TEST(without_rolling_none_are),
        TEST(nothing_is_sent_twice_or_in_vain),
        TEST(stale_shares_stay_here),
        TEST(stale_shares_that_solve_a_block_are_sent),
        TEST(blocks_that_are_easier_than_shares_are_looked_for),
        TEST(difficulty_and_extranonce_hold_for_the_next_job),
        TEST(refusals_are_counted_by_reason),
        TEST(a_high_reject_rate_is_said_once_in_a_while),
        TEST(unanswered_shares_are_lost),
        TEST(too_many_shares_wait),
        TEST(a_session_is_resumed),
        TEST(a_resumed_session_on_another_block),
        TEST(another_session_begins_anew),
        TEST(what_waits_too_long_for_the_connection_is_lost),
        TEST(pools_that_hang_up_on_configure_are_greeted_without),
        TEST(refused_greetings_end_it),
        TEST(silence_ends_it),
        TEST(quiet_pools_are_pinged),
        TEST(the_pools_requests_are_answered),
        TEST(reconnects_are_passed_on),
        TEST(garbage_at_first_ends_it),
        TEST(garbage_is_survived_for_a_while),
        TEST(empty_lines_are_nothing),
        TEST(strangers_connect_anew),
        TEST(a_connection_that_breaks_keeps_the_share),
        TEST(a_difficulty_is_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
