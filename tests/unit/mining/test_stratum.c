/*
 * The decisions of stratum.c, one after another on one thread: connections, the
 * miner, the clock and poll(2) are stand-ins, and what a test does happens in
 * steps, one where each round of stratum_run's loop would sleep.
 */
#include "tests/unit/mining/support.h"

#include "mining/connection.h"
#include "mining/stratum.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)

enum { POOLS = 3, LINES = 64, WORKS = 256, ROUNDS_MAX = 10000 };

typedef void step_fn(void);

/* A pool by its port, 1 and more. */
struct pool {
    bool up;
    unsigned dials, submissions;
    bool refuses_shares, sends_away;
    unsigned extranonce2_size; /* 0: 4 */
    struct connection *connection;
};

struct connection {
    struct pool *pool;
    char host[64];
    bool broken;
    size_t first, count;
    char line[LINES][512];
};

static struct {
    struct stratum *stratum;
    struct clock clock;
    struct pool pool[POOLS + 1];
    char dialled[64]; /* the host of the latest connection */
    struct miner_work work[WORKS];
    int owner[WORKS]; /* the index of the pool that each work is of */
    unsigned quota[POOLS];
    size_t works;
    bool searching, hit_waits;
    struct miner_event hit;
    uint64_t hashes;
    unsigned rounds, jobs;
    step_fn *const *steps;
    size_t step;
    int fd;
    enum stratum_end end;
} w;

/* Connections. */

struct connection *connection_create(const struct connection_options *options, uint64_t now_ns)
{
    struct connection *c = calloc(1, sizeof(*c));

    (void)now_ns;
    assert_non_null(c);
    assert_true(options->port >= 1 && options->port <= POOLS);
    c->pool = &w.pool[options->port];
    c->pool->dials++;
    c->pool->connection = c;
    snprintf(w.dialled, sizeof(w.dialled), "%s", options->host);
    return c;
}

void connection_destroy(struct connection *c)
{
    if (!c)
        return;
    if (c->pool->connection == c)
        c->pool->connection = NULL;
    free(c);
}

int connection_fd(const struct connection *c)
{
    (void)c;
    return w.fd;
}

short connection_events(const struct connection *c)
{
    (void)c;
    return 1;
}

bool connection_has_more(const struct connection *c)
{
    (void)c;
    return false;
}

enum connection_state connection_advance(struct connection *c, uint64_t now_ns)
{
    (void)now_ns;
    return c->pool->up && !c->broken ? CONNECTION_OPEN : CONNECTION_FAILED;
}

const char *connection_error(const struct connection *c)
{
    return c->pool->up && !c->broken ? "" : "down";
}

bool connection_line(struct connection *c, struct bytes *line)
{
    if (!c->count)
        return false;
    *line = bytes_of(c->line[c->first], strlen(c->line[c->first]));
    c->first = (c->first + 1) % LINES;
    c->count--;
    return true;
}

static void say(struct connection *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct connection *c, const char *format, ...)
{
    va_list args;

    assert_non_null(c);
    assert_true(c->count < LINES);
    va_start(args, format);
    vsnprintf(c->line[(c->first + c->count++) % LINES], sizeof(c->line[0]), format, args);
    va_end(args);
}

static void notify(struct connection *c)
{
    w.jobs++;
    say(c,
        "{\"id\":null,\"method\":\"mining.notify\",\"params\":[\"%u\",\"%02x%062x\",\"0100\","
        "\"ff\","
        "[],\"20000000\",\"1800ffff\",\"65000000\",true]}",
        w.jobs, (unsigned)(c->pool - w.pool) - 1, w.jobs);
}

bool connection_send(struct connection *c, struct bytes data)
{
    json_t *json = json_loadb((const char *)data.data, data.size, 0, NULL);
    const char *method = json_string_value(json_object_get(json, "method"));
    int id = (int)json_integer_value(json_object_get(json, "id"));
    struct pool *pool = c->pool;

    assert_non_null(method);
    if (!strcmp(method, "mining.subscribe") && pool->sends_away) {
        say(c, "{\"id\":null,\"method\":\"client.reconnect\",\"params\":[]}");
    } else if (!strcmp(method, "mining.subscribe")) {
        say(c, "{\"id\":%d,\"result\":[null,\"aa\",%u]}", id,
            pool->extranonce2_size ? pool->extranonce2_size : 4);
    } else if (!strcmp(method, "mining.authorize")) {
        say(c, "{\"id\":%d,\"result\":true}", id);
        say(c, "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[1e-10]}");
        notify(c);
    } else if (!strcmp(method, "mining.submit")) {
        pool->submissions++;
        say(c,
            pool->refuses_shares ? "{\"id\":%d,\"error\":[23,\"no\"]}"
                                 : "{\"id\":%d,\"result\":true}",
            id);
    }
    json_decref(json);
    return true;
}

/* The miner. */

void miner_clear_work(struct miner *miner)
{
    (void)miner;
    if (w.searching)
        w.work[w.works - 1].release_fn(w.work[w.works - 1].arg);
    w.searching = false;
}

bool miner_set_work(struct miner *miner, const struct miner_work *work)
{
    miner_clear_work(miner);
    assert_true(w.works < WORKS);
    w.owner[w.works] = work->header[7]; /* as notify wrote it, its words turned around */
    w.work[w.works++] = *work;
    w.searching = true;
    return true;
}

uint64_t miner_hashes(const struct miner *miner)
{
    (void)miner;
    return w.hashes;
}

int miner_fd(const struct miner *miner)
{
    (void)miner;
    return w.fd;
}

bool miner_poll(struct miner *miner, struct miner_event *event)
{
    (void)miner;
    if (!w.hit_waits)
        return false;
    *event = w.hit;
    w.hit_waits = false;
    return true;
}

/* Nothing sleeps: the time is ours. */

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int ms, size_t size);

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
    (void)fds;
    (void)count;
    (void)ms;
    assert_true(++w.rounds < ROUNDS_MAX);
    if (w.steps[w.step])
        w.steps[w.step++]();
    return 0;
}

/* What a fortified build calls instead. */
int __wrap___poll_chk(struct pollfd *fds, nfds_t count, int ms, size_t size)
{
    (void)size;
    return __wrap_poll(fds, count, ms);
}

/* Steps. */

static void pass(uint64_t ns) { clock_advance_steady(&w.clock, ns); }
static void nothing(void) {}
static void a_second(void) { pass(SECOND_NS); }
static void three_seconds(void) { pass(3 * SECOND_NS); }
static void ten_seconds(void) { pass(10 * SECOND_NS); }
static void a_minute(void) { pass(60 * SECOND_NS); }
static void a_while(void) { pass(SECOND_NS * 301); }
static void up_1(void) { w.pool[1].up = true; }
static void down_1(void) { w.pool[1].up = false; }
static void down_2(void) { w.pool[2].up = false; }
static void notify_1(void) { notify(w.pool[1].connection); }
static void stop(void) { stratum_stop(w.stratum); }

/* A hit of the latest work, which every header is, its difficulty being what it is. */
static void hit(void)
{
    const struct miner_work *work = &w.work[w.works - 1];

    w.hit = (struct miner_event){
        .type = MINER_FOUND, .tag = work->tag, .extranonce = work->extranonce_first};
    memcpy(w.hit.header, work->header, 80);
    write_le32(w.hit.header + 76, w.rounds);
    w.hit_waits = true;
}

static void exhaust(void)
{
    w.hit = (struct miner_event){.type = MINER_EXHAUSTED, .tag = w.work[w.works - 1].tag};
    w.hit_waits = true;
}

static struct mining_status status(void)
{
    static struct mining_status out;

    stratum_status(w.stratum, &out);
    return out;
}

/* The index of the pool whose work is searched; -1: none. */
static int active(void)
{
    struct mining_status s = status();

    assert_int_equal(s.source_count > 0, 1);
    for (size_t i = 0; i < s.source_count; i++)
        if (s.source[i].active)
            return (int)i;
    return -1;
}

static void on_none(void)
{
    assert_int_equal(active(), -1);
    assert_false(w.searching);
}

static void on_1(void) { assert_int_equal(active(), 0); }
static void on_2(void) { assert_int_equal(active(), 1); }

/* Plays the steps, of which stop is the last; the options have pools count. */
static void play_with(struct stratum_options *options, size_t count, step_fn *const *steps)
{
    struct stratum_pool pools[POOLS] = {{.url = "stratum+tcp://one:1", .user = "u"},
                                        {.url = "stratum+tcp://two:2", .user = "u"},
                                        {.url = "stratum+tcp://three:3", .user = "u"}};
    char error[STRATUM_ERROR_SIZE];

    w.steps = steps;
    clock_mock_steady_ns(&w.clock, 1000 * SECOND_NS);
    for (size_t i = 0; i < POOLS; i++)
        pools[i].quota = w.quota[i];
    options->pools = pools;
    options->pool_count = count;
    options->kernels = support_kernels();
    options->clock = &w.clock;
    w.stratum = stratum_create(options, error);
    assert_non_null(w.stratum);
    w.end = stratum_run(w.stratum);
    assert_false(w.searching);
}

static void play(size_t count, step_fn *const *steps)
{
    struct stratum_options options = {.retries = -1, .pause_s = 1};

    play_with(&options, count, steps);
}

#define STEPS(...) ((step_fn *const[]){__VA_ARGS__, stop, NULL})

static int set_up(void **state)
{
    (void)state;
    memset(&w, 0, sizeof(w));
    w.fd = eventfd(1, EFD_NONBLOCK);
    return w.fd >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    stratum_destroy(w.stratum);
    close(w.fd);
    return 0;
}

static void shares_are_handed_on(void **state)
{
    (void)state;
    w.pool[1].up = true;
    play(1, STEPS(nothing, nothing, on_1, hit, nothing, nothing));
    assert_int_equal(w.pool[1].submissions, 1);
    assert_int_equal(status().counts.accepted, 1);
    assert_int_equal(w.end, STRATUM_STOPPED);
}

static void failover_and_back(void **state)
{
    (void)state;
    w.pool[2].up = true;
    play(2, STEPS(nothing, nothing, nothing, on_2, up_1, three_seconds, nothing, nothing, on_2,
                  ten_seconds, nothing, on_1, ten_seconds, nothing, nothing, down_1, nothing,
                  nothing, nothing, on_2));
    /* The second one was left while the first one worked. */
    assert_int_equal(w.pool[2].dials, 2);
}

static void later_pools_are_not_bothered(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[2].up = true;
    play(2, STEPS(nothing, nothing, on_1, a_minute, notify_1, nothing, on_1));
    assert_int_equal(w.pool[2].dials, 0);
}

static void without_a_pool_the_search_rests(void **state)
{
    (void)state;
    w.pool[1].up = true;
    play(1, STEPS(nothing, nothing, on_1, down_1, nothing, on_none, three_seconds, nothing, on_none,
                  up_1, three_seconds, nothing, nothing, on_1));
}

static void a_silent_pool_is_left(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[2].up = true;
    play(2, STEPS(nothing, nothing, on_1, a_while, nothing, nothing, nothing, nothing, on_2));
    assert_true(status().source[0].failures >= 1);
    assert_non_null(strstr(status().source[0].text, "no job"));
}

static void a_pool_that_is_down_is_not_hammered(void **state)
{
    (void)state;
    play(1, STEPS(nothing, nothing, nothing, nothing, nothing, nothing, nothing, three_seconds,
                  nothing, nothing, nothing, three_seconds, nothing, nothing));
    assert_int_equal(w.pool[1].dials, 3);
}

static void retries_end(void **state)
{
    struct stratum_options options = {.retries = 2, .pause_s = 1};
    step_fn *const steps[] = {three_seconds, three_seconds, three_seconds, three_seconds,
                              three_seconds, three_seconds, NULL};

    (void)state;
    play_with(&options, 2, steps);
    assert_int_equal(w.end, STRATUM_NO_POOL);
    /* The second one was called when the first one had failed once. */
    assert_int_equal(w.pool[1].dials, 4);
    assert_int_equal(w.pool[2].dials, 3);
    assert_non_null(strstr(stratum_error(w.stratum), "stratum+tcp://one:1: down"));
}

static void limits_end(void **state)
{
    struct stratum_options shares = {.shares = 2, .retries = -1};
    struct stratum_options seconds = {.time_limit_s = 60, .retries = -1};
    step_fn *const two[] = {nothing, nothing, nothing, hit, hit, nothing, nothing, NULL};
    step_fn *const minute[] = {nothing, a_minute, NULL};

    (void)state;
    w.pool[1].up = true;
    play_with(&shares, 1, two);
    assert_int_equal(w.end, STRATUM_DONE);
    tear_down(NULL);
    set_up(NULL);
    play_with(&seconds, 1, minute);
    assert_int_equal(w.end, STRATUM_TIME);
}

static void ask_elsewhere(void)
{
    say(w.pool[1].connection,
        "{\"id\":null,\"method\":\"client.reconnect\",\"params\":[\"evil\",2,0]}");
}

static void ask_here(void)
{
    say(w.pool[1].connection,
        "{\"id\":null,\"method\":\"client.reconnect\",\"params\":[\"ONE\",2,5]}");
}

static void reconnects_stay_at_home(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[2].up = true;
    play(1, STEPS(nothing, nothing, on_1, ask_elsewhere, nothing, nothing, on_1, ask_here, nothing,
                  on_none, three_seconds, nothing, nothing, on_none, three_seconds, nothing,
                  nothing, on_1));
    assert_int_equal(w.pool[1].dials, 1);
    assert_int_equal(w.pool[2].dials, 1);
    assert_string_equal(w.dialled, "one");
}

static void reconnects_go_elsewhere_where_that_is_allowed(void **state)
{
    struct stratum_options options = {.retries = -1, .reconnect_elsewhere = true, .pause_s = 1};

    (void)state;
    w.pool[1].up = w.pool[2].up = true;
    play_with(&options, 1,
              STEPS(nothing, nothing, on_1, ask_elsewhere, nothing, nothing, nothing, on_1, down_2,
                    nothing, three_seconds, nothing, nothing, on_1));
    /* Where that ends, the pool's own address counts again. */
    assert_int_equal(w.pool[2].dials, 1);
    assert_int_equal(w.pool[1].dials, 2);
}

/* One that only ever sends us away must neither be dialled without a pause nor keep us from the next. */
static void endless_reconnects_are_a_failure(void **state)
{
    step_fn *steps[64] = {NULL};

    (void)state;
    for (size_t i = 0; i < 40; i++)
        steps[i] = nothing;
    steps[40] = on_2;
    steps[41] = stop;
    w.pool[1].up = w.pool[2].up = w.pool[1].sends_away = true;
    play(2, steps);
    assert_in_range(w.pool[1].dials, 2, 4);
}

/* 256 extranonces in chunks of 16, and a second of the header's time for each round of them. */
static void small_extranonces_wait_for_time(void **state)
{
    step_fn *steps[32];
    size_t n = 0;

    (void)state;
    w.pool[1].up = true;
    w.pool[1].extranonce2_size = 1;
    for (size_t i = 0; i < 3; i++)
        steps[n++] = nothing;
    for (size_t i = 0; i < 17; i++)
        steps[n++] = exhaust;
    steps[n++] = nothing;
    steps[n++] = on_none;
    steps[n++] = a_second;
    steps[n++] = nothing;
    steps[n++] = on_1;
    steps[n++] = stop;
    steps[n++] = NULL;
    play(1, steps);
    assert_int_equal(w.works, 17);
    for (size_t i = 0; i < 16; i++) {
        assert_int_equal(w.work[i].extranonce_last - w.work[i].extranonce_first, 15);
        assert_int_equal(read_le32(w.work[i].header + 68), 0x65000000);
        for (size_t k = 0; k < i; k++)
            assert_int_not_equal(w.work[i].extranonce_first, w.work[k].extranonce_first);
    }
    assert_int_equal(read_le32(w.work[16].header + 68), 0x65000001);
}

static void the_headers_time_goes_on(void **state)
{
    (void)state;
    w.pool[1].up = true;
    play(1, STEPS(nothing, nothing, on_1, three_seconds, nothing, three_seconds, nothing, notify_1,
                  nothing));
    assert_int_equal(w.works, 3);
    assert_int_equal(read_le32(w.work[0].header + 68), 0x65000000);
    assert_int_equal(read_le32(w.work[1].header + 68), 0x65000006);
    assert_int_equal(read_le32(w.work[2].header + 68), 0x65000000);
}

/* What others ask of it. */

static char said[MINING_CONTROL_TEXT_SIZE];

static void switch_to_second(void)
{
    struct mining_control c = stratum_control(w.stratum);

    assert_true(c.switch_source(c.arg, 1, said));
    assert_false(c.switch_source(c.arg, 7, said));
    assert_string_equal(said, "there is no pool 7");
}

static void disable_second(void)
{
    struct mining_control c = stratum_control(w.stratum);

    assert_true(c.enable_source(c.arg, 1, false, said));
    assert_false(c.enable_source(c.arg, 0, false, said));
    assert_non_null(strstr(said, "only pool"));
    assert_false(c.remove_source(c.arg, 0, said));
}

static void add_third_and_remove_first(void)
{
    struct mining_control c = stratum_control(w.stratum);

    assert_false(c.add_source(c.arg, "http://x:1", "u", "p", said));
    assert_false(c.add_source(c.arg, "stratum+tcp://x", "u", "p", said));
    assert_true(c.add_source(c.arg, "stratum+tcp://three:3", "u", "p", said));
    assert_true(c.remove_source(c.arg, 0, said));
}

static void pools_are_switched(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[2].up = true;
    play(2, STEPS(nothing, nothing, on_1, switch_to_second, nothing, nothing, nothing, ten_seconds,
                  nothing, nothing, on_2, ten_seconds, nothing, on_2, down_2, nothing, nothing,
                  nothing, nothing, on_1));
    assert_int_equal(status().source[0].priority, 1);
    assert_int_equal(status().source[1].priority, 0);
}

static void pools_are_disabled(void **state)
{
    (void)state;
    w.pool[2].up = true;
    play(2, STEPS(nothing, nothing, nothing, on_2, disable_second, nothing, nothing, on_none, up_1,
                  three_seconds, nothing, nothing, nothing, on_1));
    assert_false(status().source[1].enabled);
}

static void pools_come_and_go(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[3].up = true;
    play(1, STEPS(nothing, nothing, on_1, hit, nothing, nothing, add_third_and_remove_first,
                  nothing, nothing, nothing, on_1, hit, nothing, nothing));
    assert_int_equal(status().source_count, 1);
    assert_string_equal(status().source[0].url, "stratum+tcp://three:3");
    assert_int_equal(status().source[0].priority, 0);
    assert_int_equal(status().counts.accepted, 2);
    assert_int_equal(status().source[0].counts.accepted, 1);
    assert_null(w.pool[1].connection);
}

static unsigned spent[POOLS];

/* A hundred hashes a second, and a second a round. */
static void search_on(void)
{
    if (w.searching)
        spent[w.owner[w.works - 1]]++;
    w.hashes += 100;
    a_second();
}

static void quotas_are_kept(void **state)
{
    struct stratum_options options = {.retries = -1, .strategy = STRATUM_LOAD_BALANCE};
    step_fn *steps[WORKS];
    size_t n = 0;

    (void)state;
    w.pool[1].up = w.pool[2].up = w.pool[3].up = true;
    for (size_t i = 0; i < 200; i++)
        steps[n++] = search_on;
    steps[n++] = stop;
    steps[n] = NULL;
    w.quota[1] = 2;
    play_with(&options, 3, steps);
    assert_true(spent[0] + spent[1] + spent[2] >= 190);
    assert_true(spent[1] >= 2 * spent[0] - 6 && spent[1] <= 2 * spent[0] + 6);
    assert_true(spent[2] >= spent[0] - 3 && spent[2] <= spent[0] + 3);
}

static void rejects_are_told(void **state)
{
    (void)state;
    w.pool[1].up = w.pool[1].refuses_shares = true;
    play(1, STEPS(nothing, nothing, on_1, hit, nothing, hit, nothing, nothing));
    assert_int_equal(status().counts.rejected, 2);
    assert_string_equal(status().source[0].reasons[0].text, "23 no");
    assert_int_equal(status().source[0].reasons[0].count, 2);
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        const char *url, *proxy, *word;
    } cases[] = {
        {"http://h:1", NULL, "http://"},
        {"stratum+tcp://h", NULL, "port"},
        {"stratum+tcp://user:secret@h", NULL, "port"},
        {"stratum+tcp://h:1", "http://h:1", "socks5"},
        {"stratum+tcp://h:1", "socks5://h", "proxy"},
        {"stratum+ssl://h:1", NULL, "/nonexistent"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct stratum_pool pool = {.url = cases[i].url};
        const struct stratum_options options = {.pools = &pool,
                                                .pool_count = 1,
                                                .proxy = cases[i].proxy,
                                                .ca_file = "/nonexistent",
                                                .kernels = support_kernels()};
        char error[STRATUM_ERROR_SIZE];

        assert_null(stratum_create(&options, error));
        if (!strstr(error, cases[i].word) || strstr(error, "secret"))
            fail_msg("case %zu: %s", i, error);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shares_are_handed_on),
        TEST(failover_and_back),
        TEST(later_pools_are_not_bothered),
        TEST(without_a_pool_the_search_rests),
        TEST(a_silent_pool_is_left),
        TEST(a_pool_that_is_down_is_not_hammered),
        TEST(retries_end),
        TEST(limits_end),
        TEST(reconnects_stay_at_home),
        TEST(reconnects_go_elsewhere_where_that_is_allowed),
        TEST(endless_reconnects_are_a_failure),
        TEST(small_extranonces_wait_for_time),
        TEST(the_headers_time_goes_on),
        TEST(pools_are_switched),
        TEST(pools_are_disabled),
        TEST(pools_come_and_go),
        TEST(quotas_are_kept),
        TEST(rejects_are_told),
        TEST(bad_options_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
