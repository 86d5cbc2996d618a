#include "tests/unit/mining/session.h"

#include <stdio.h>
#include <string.h>

#define NOTIFY                                                                                     \
    "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%s\",\"%064x\",\"01000000010000\","   \
    "\"ffff\",[],\"20000000\",\"%s\",\"65000000\",%s]}"

struct session session;

static bool take_sent(void *arg, struct bytes line)
{
    (void)arg;
    if (session.deaf)
        return false;
    assert_true(session.count < SESSION_SENT_MAX && line.size > 0 &&
                line.data[line.size - 1] == '\n');
    assert_null(memchr(line.data, '\n', line.size - 1));
    session.sent[session.count] = json_loadb((const char *)line.data, line.size - 1, 0, NULL);
    assert_non_null(session.sent[session.count++]);
    return true;
}

static void take_verdict(void *arg, const struct stratum_share *share, bool accepted)
{
    (void)arg;
    session.accepted += accepted;
    session.rejected += !accepted;
    session.lane = share->lane;
}

int session_set_up_with(const struct stratum_client_options *changed)
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
    memset(&session, 0, sizeof(session));
    session.now = 1000 * SECOND_NS;
    session.client = stratum_client_create(&options, &owner);
    return session.client ? 0 : -1;
}

int session_set_up(void **state)
{
    (void)state;
    return session_set_up_with(NULL);
}

int session_tear_down(void **state)
{
    (void)state;
    stratum_client_destroy(session.client);
    for (size_t i = 0; i < session.count; i++)
        json_decref(session.sent[i]);
    return 0;
}

void session_start_afresh(void)
{
    session_tear_down(NULL);
    assert_int_equal(session_set_up(NULL), 0);
}

bool session_say(const char *format, ...)
{
    char line[4096];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    assert_true(size >= 0 && (size_t)size < sizeof(line));
    return stratum_client_line(session.client, bytes_of(line, (size_t)size), session.now);
}

json_t *session_expect(const char *method)
{
    assert_true(session.read < session.count);
    assert_string_equal(json_string_value(json_object_get(session.sent[session.read], "method")),
                        method);
    return json_object_get(session.sent[session.read++], "params");
}

json_int_t session_last_id(void)
{
    return json_integer_value(json_object_get(session.sent[session.read - 1], "id"));
}

void session_expect_nothing(void) { assert_int_equal(session.read, session.count); }

const char *session_text_of(const json_t *list, size_t index)
{
    return json_string_value(json_array_get(list, index));
}

void session_greet(const char *extranonce1, const char *mask)
{
    json_int_t configure;

    assert_true(stratum_client_begin(session.client, session.now));
    session_expect("mining.configure");
    configure = session_last_id();
    session_expect("mining.subscribe");
    if (mask)
        assert_true(session_say("{\"id\":%d,\"result\":{\"version-rolling\":true,"
                                "\"version-rolling.mask\":\"%s\"},\"error\":null}",
                                (int)configure, mask));
    assert_true(session_say("{\"id\":%d,\"result\":[[[\"mining.notify\",\"session\"]],\"%s\",4],"
                            "\"error\":null}",
                            (int)session_last_id(), extranonce1));
    session_expect("mining.authorize");
    assert_true(session_say("{\"id\":%d,\"result\":true,\"error\":null}", (int)session_last_id()));
    session_expect("mining.extranonce.subscribe");
    assert_true(session_say("{\"id\":%d,\"result\":null,\"error\":[20,\"Not supported.\",null]}",
                            (int)session_last_id()));
    session_expect_nothing();
}

bool session_notify(const char *id, unsigned previous, const char *bits, bool clean)
{
    return session_say(NOTIFY, id, previous, bits, clean ? "true" : "false");
}

void session_start(const char *bits)
{
    session_greet("aabb", "ffffffff");
    assert_true(
        session_say("{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-9]}"));
    assert_true(session_notify("job1", 1, bits, true));
}

void session_find(uint8_t header[static 80], struct stratum_job *job, bool good)
{
    struct uint256 hash;
    uint8_t bytes[32];

    memcpy(header, job->header, 80);
    stratum_job_header(job, 5, header);
    do {
        write_le32(header + 76, session.nonce++);
        support_sha256d(bytes, header, 80);
        hash = uint256_from_le(bytes);
    } while ((uint256_compare(hash, uint256_from_difficulty(1e-9)) <= 0) != good);
}

enum stratum_submit session_submit(struct stratum_job *job)
{
    uint8_t header[80];

    session_find(header, job, true);
    return stratum_client_submit(session.client, job, 5, header, 3, session.now);
}

struct stratum_job *session_job(void) { return stratum_client_job(session.client); }
struct mining_counts session_counts(void) { return stratum_client_shares(session.client)->counts; }
