/*
 * The decisions of solo.c, one after another on one thread: upstreams, the
 * miner and the clock are stand-ins, and what a test does happens in steps, one
 * a round of solo_run's loop.
 */
#include "tests/unit/mining/support.h"

#include "base/hex.h"
#include "mining/solo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define SECOND_NS UINT64_C(1000000000)
#define REGTEST_ADDRESS "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
#define MAIN_ADDRESS "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"

enum { WORKS = 64, BLOCKS = 8, CURTIME = 1700000600 };

typedef void step_fn(void);

static struct {
    struct solo *solo;
    struct upstream_owner owner[2];
    struct miner_work work[WORKS]; /* all that were set, the latest last */
    size_t works;
    bool searching;
    struct miner_event hit;
    bool hit_waits, stepped;
    struct {
        uint64_t id;
        uint8_t header[80];
    } block[BLOCKS]; /* that were made */
    size_t blocks, submissions, refreshes, step;
    step_fn *const *steps;
    uint64_t now;
    int readable, log_fd;
    uint64_t wanted; /* blocks; kept from one play to the next */
    enum solo_end end;
    const char *chain;
} w;

uint64_t __wrap_clock_monotonic_ns(void);
/* It goes on a little by itself, so that waiting ends. */
uint64_t __wrap_clock_monotonic_ns(void) { return w.now += 100000; }

struct upstream {
    size_t index;
};

struct upstream *upstream_create(const struct upstream_options *options,
                                 const struct upstream_owner *owner,
                                 char text[static JSONRPC_TEXT_SIZE])
{
    struct upstream *u = calloc(1, sizeof(*u));

    (void)options;
    (void)text;
    assert_non_null(u);
    u->index = owner->index;
    w.owner[owner->index] = *owner;
    return u;
}

void upstream_destroy(struct upstream *u) { free(u); }

const char *upstream_name(const struct upstream *u) { return u->index ? "second" : "first"; }

struct upstream_block *upstream_block_create(uint64_t id, struct bytes raw, const char *work_id)
{
    (void)work_id;
    assert_true(w.blocks < BLOCKS && raw.size > 80);
    w.block[w.blocks].id = id;
    memcpy(w.block[w.blocks].header, raw.data, 80);
    return (struct upstream_block *)&w.block[w.blocks++];
}

void upstream_block_unref(struct upstream_block *block) { (void)block; }

void upstream_submit(struct upstream *u, struct upstream_block *block)
{
    (void)u;
    assert_ptr_equal(block, &w.block[w.blocks - 1]);
    w.submissions++;
}

void upstream_refresh(struct upstream *u, bool insist)
{
    (void)u;
    w.refreshes += insist;
}

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
    w.work[w.works++] = *work;
    w.searching = true;
    return true;
}

int miner_fd(const struct miner *miner)
{
    (void)miner;
    return w.readable;
}

bool miner_poll(struct miner *miner, struct miner_event *event)
{
    (void)miner;
    if (!w.stepped && !w.hit_waits) {
        w.stepped = true;
        w.steps[w.step++]();
    }
    if (w.hit_waits) {
        *event = w.hit;
        w.hit_waits = false;
        return true;
    }
    w.stepped = false;
    return false;
}

/* What a node does. Hashes of predecessors are a repeated byte, as 0xaa. */

static void give(size_t node, int32_t height, uint8_t previous, const char *field, json_t *value)
{
    json_t *json = support_template(height, 0);
    uint8_t bytes[32];
    char text[65];

    memset(bytes, previous, sizeof(bytes));
    hex_encode(text, bytes, sizeof(bytes));
    json_object_set_new(json, "previousblockhash", json_string(text));
    if (field)
        json_object_set_new(json, field, value);
    w.owner[node].template_fn(w.owner[node].arg, node, support_parse(json), w.chain);
}

static void judge(enum upstream_verdict verdict)
{
    w.owner[0].verdict_fn(w.owner[0].arg, 0, w.block[w.blocks - 1].id, verdict, "");
}

/* What the miner does: a hit of the index-th work. */
static void hit(size_t index)
{
    const struct miner_work *work = &w.work[index];

    w.hit = (struct miner_event){
        .type = MINER_FOUND, .tag = work->tag, .extranonce = work->extranonce_first};
    memcpy(w.hit.header, work->header, 80);
    w.hit_waits = true;
}

static void at_10(void) { give(0, 10, 0xaa, NULL, NULL); }
static void at_11(void) { give(0, 11, 0xbb, NULL, NULL); }
static void at_12(void) { give(0, 12, 0xcc, NULL, NULL); }
static void sibling_at_10(void) { give(0, 10, 0xdd, NULL, NULL); }
static void second_at_9(void) { give(1, 9, 0x99, NULL, NULL); }
static void other_network(void)
{
    w.chain = "main";
    give(0, 11, 0xee, NULL, NULL);
    w.chain = "regtest";
}

static void hit_first(void) { hit(0); }
static void hit_latest(void) { hit(w.works - 1); }
static void accept_it(void) { judge(UPSTREAM_ACCEPTED); }
static void accept_it_often(void)
{
    for (int i = 0; i < 16; i++)
        judge(UPSTREAM_ACCEPTED);
}

static void reject(void) { judge(UPSTREAM_REJECTED); }
static void leave_aside(void) { judge(UPSTREAM_INCONCLUSIVE); }
static void lose(void) { judge(UPSTREAM_LOST); }
static void a_second(void) { w.now += SECOND_NS; }
static void ten_seconds(void) { w.now += 10 * SECOND_NS; }
static void three_minutes(void) { w.now += 181 * SECOND_NS; }
static void nothing(void) {}
static void stop(void) { solo_stop(w.solo); }

static void not_mutable(void) { give(0, 10, 0xaa, "mutable", json_array()); }
static void increment(void) { give(0, 10, 0xaa, "mutable", json_pack("[s]", "time/increment")); }
static void with_maxtime(void) { give(0, 10, 0xaa, "maxtime", json_integer(CURTIME + 13)); }

static void trouble(void)
{
    w.owner[0].trouble_fn(w.owner[0].arg, 0, UPSTREAM_UNREACHABLE, 1, "gone");
}

/* Runs the steps, of which stop is the last; how it ended is in status. */
static struct solo_status play(const char *network, size_t nodes, step_fn *const *steps)
{
    const struct upstream_options upstream[2] = {{.scan_s = 1}, {.scan_s = 1}};
    static struct clock clock;
    struct log_options log_options = {.clock = &clock, .fd = w.log_fd};
    struct solo_options options = {
        .nodes = upstream,
        .node_count = nodes,
        .network = params_find(network),
        .address = strcmp(network, "main") ? REGTEST_ADDRESS : MAIN_ADDRESS,
        .blocks = w.wanted,
        .retries = -1,
        .kernels = support_kernels(),
        .log = log_create(&log_options),
    };
    char error[SOLO_ERROR_SIZE];
    struct solo_status status;
    int readable = w.readable, log_fd = w.log_fd;
    uint64_t wanted = w.wanted;

    memset(&w, 0, sizeof(w));
    w.readable = readable;
    w.log_fd = log_fd;
    w.wanted = wanted;
    w.now = 1000 * SECOND_NS;
    w.steps = steps;
    w.chain = network;
    assert_non_null(options.log);
    w.solo = solo_create(&options, error);
    assert_non_null(w.solo);
    w.end = solo_run(w.solo);
    status = solo_status(w.solo);
    solo_destroy(w.solo);
    log_destroy(options.log);
    return status;
}

static struct solo_status play_regtest(step_fn *const *steps) { return play("regtest", 1, steps); }

#define STEPS(...) ((step_fn *const[]){__VA_ARGS__, stop, nothing, nothing, nothing})

static uint32_t time_of(size_t work) { return read_le32(w.work[work].header + 68); }

static void assert_counts(struct solo_status s, uint64_t accepted, uint64_t rejected,
                          uint64_t stale)
{
    assert_int_equal(s.accepted, accepted);
    assert_int_equal(s.rejected, rejected);
    assert_int_equal(s.stale, stale);
}

/* Two blocks at one height: ours may still win, and one of ours is enough. */
static void a_late_hit_is_submitted(void **state)
{
    (void)state;
    assert_counts(play_regtest(STEPS(at_10, at_11, hit_first, hit_first, leave_aside, hit_first,
                                     ten_seconds, ten_seconds, hit_first)),
                  0, 0, 1);
    assert_int_equal(w.blocks, 1);
    assert_int_equal(w.submissions, 1);
    assert_memory_equal(w.block[0].header, w.work[0].header, 80);
    assert_true(w.works >= 2);
}

static void a_late_hit_may_win(void **state)
{
    (void)state;
    assert_counts(play_regtest(STEPS(at_10, at_11, hit_first, accept_it)), 1, 0, 0);
    assert_counts(play_regtest(STEPS(at_10, sibling_at_10, hit_first, accept_it)), 1, 0, 0);
    /* Of the node that was ahead, when the work is another's. */
    assert_counts(
        play("regtest", 2,
             STEPS(at_10, second_at_9, trouble, a_second, three_minutes, hit_first, accept_it)),
        1, 0, 0);
}

static void a_refused_late_hit_is_stale(void **state)
{
    (void)state;
    assert_counts(play_regtest(STEPS(at_10, at_11, hit_first, reject, hit_first, reject)), 0, 0, 2);
    assert_int_equal(w.blocks, 2);
    assert_counts(play_regtest(STEPS(at_10, at_11, hit_first, lose)), 0, 1, 0);
}

static void an_old_hit_is_dropped(void **state)
{
    (void)state;
    assert_counts(play_regtest(STEPS(at_10, at_12, hit_first)), 0, 0, 1);
    assert_int_equal(w.blocks, 0);
}

/* A test network's miner finds many more on the predecessor of its own block. */
static void late_hits_after_our_own_block_are_dropped(void **state)
{
    (void)state;
    assert_counts(play_regtest(STEPS(at_10, hit_first, hit_first, accept_it, hit_first, at_11,
                                     hit_first, ten_seconds, ten_seconds, hit_first)),
                  1, 0, 0);
    assert_int_equal(w.blocks, 1);
    /* However many nodes take the next one. */
    assert_counts(play_regtest(STEPS(at_10, hit_first, accept_it, at_11, hit_latest,
                                     accept_it_often, ten_seconds, nothing, hit_first)),
                  2, 0, 0);
    assert_int_equal(w.blocks, 2);
    /* Its verdict is still awaited when the tip changes. */
    assert_counts(play_regtest(STEPS(at_10, hit_first, at_11, hit_first, accept_it, hit_first)), 1,
                  0, 0);
    assert_int_equal(w.blocks, 1);
}

static void a_hit_of_forgotten_work_is_dropped(void **state)
{
    (void)state;
    assert_counts(
        play("main", 1,
             STEPS(at_10, ten_seconds, nothing, ten_seconds, nothing, ten_seconds, nothing,
                   ten_seconds, nothing, at_10, ten_seconds, nothing, ten_seconds, nothing,
                   ten_seconds, nothing, ten_seconds, nothing, ten_seconds, nothing, ten_seconds,
                   nothing, ten_seconds, nothing, ten_seconds, nothing, ten_seconds, nothing,
                   ten_seconds, nothing, ten_seconds, nothing, hit_first)),
        0, 0, 1);
    assert_true(w.works > 16);
    assert_int_equal(w.blocks, 0);
}

static void the_search_rests_without_news(void **state)
{
    struct solo_status status;

    (void)state;
    status = play_regtest(STEPS(at_10, three_minutes, nothing));
    assert_null(status.node);
    assert_int_equal(w.works, 1);
    /* What comes in then is sent none the less. */
    assert_counts(play_regtest(STEPS(at_10, three_minutes, nothing, hit_first, accept_it)), 1, 0,
                  0);
}

/* While a block is judged, and until the nodes have a template on it, the search rests; not for ever. */
static void the_search_rests_for_a_verdict(void **state)
{
    (void)state;
    play_regtest(STEPS(at_10, hit_first, a_second, a_second));
    assert_int_equal(w.works, 1);
    play_regtest(STEPS(at_10, hit_first, ten_seconds, nothing));
    assert_int_equal(w.works, 2);
    play_regtest(STEPS(at_10, hit_first, reject, nothing));
    assert_int_equal(w.works, 2);
    play_regtest(STEPS(at_10, hit_first, accept_it, a_second, nothing));
    assert_int_equal(w.works, 1);
    assert_int_equal(w.refreshes, 0);
    play_regtest(STEPS(at_10, hit_first, accept_it, a_second, a_second, a_second, nothing));
    assert_true(w.refreshes > 0);
    play_regtest(STEPS(at_10, hit_first, accept_it, at_11, hit_latest, accept_it));
    assert_int_equal(w.blocks, 2);
}

/* The end comes between a hit and its poll. */
static void a_hit_at_the_end_is_submitted(void **state)
{
    (void)state;
    play_regtest(STEPS(at_10, stop, hit_latest));
    assert_int_equal(w.submissions, 1);
    play_regtest(STEPS(at_10, stop, nothing, hit_latest));
    assert_int_equal(w.submissions, 1);
}

/* The work of a node that fell silent ahead of the other is kept for a minute; not that of another network's. */
static void a_silent_node_is_left_in_the_end(void **state)
{
    (void)state;
    assert_int_equal(play("regtest", 2, STEPS(at_10, second_at_9, trouble, ten_seconds)).height,
                     10);
    assert_int_equal(play("regtest", 2,
                          STEPS(at_10, second_at_9, trouble, ten_seconds, ten_seconds, ten_seconds,
                                ten_seconds, ten_seconds, ten_seconds, a_second, nothing))
                         .height,
                     9);
    assert_string_equal(play("regtest", 2, STEPS(at_10, second_at_9, other_network)).node,
                        "second");
    assert_int_equal(w.works, 2);
}

/* Of blocks under way that may be all that were asked for. */
static void no_more_blocks_than_wanted(void **state)
{
    (void)state;
    w.wanted = 1;
    assert_counts(play_regtest(STEPS(at_10, hit_first, at_11, hit_latest, accept_it)), 1, 0, 0);
    assert_int_equal(w.blocks, 1);
    assert_int_equal(w.works, 1);
    assert_int_equal(w.end, SOLO_DONE);
    assert_counts(play_regtest(STEPS(at_10, hit_first, at_11, reject, hit_latest, accept_it)), 1, 1,
                  0);
    assert_int_equal(w.blocks, 2);
    w.wanted = 0;
}

static void works_have_extranonces_of_their_own(void **state)
{
    (void)state;
    play_regtest(STEPS(at_10, at_11, at_12));
    assert_int_equal(w.works, 3);
    for (size_t i = 0; i < w.works; i++) {
        assert_true(w.work[i].extranonce_last - w.work[i].extranonce_first == UINT32_MAX);
        for (size_t j = 0; j < i; j++)
            assert_true(w.work[j].extranonce_last < w.work[i].extranonce_first ||
                        w.work[i].extranonce_last < w.work[j].extranonce_first);
    }
}

static void the_time_follows_the_clock(void **state)
{
    (void)state;
    play("main", 1, STEPS(at_10, ten_seconds, nothing, a_second, ten_seconds, nothing));
    assert_int_equal(w.works, 3);
    assert_int_equal(time_of(0), CURTIME);
    assert_int_equal(time_of(1), CURTIME + 10);
    assert_int_equal(time_of(2), CURTIME + 21);
    play("main", 1, STEPS(increment, ten_seconds, nothing));
    assert_int_equal(time_of(w.works - 1), CURTIME + 10);
    /* A block that is found then has that time. */
    assert_counts(play("main", 1, STEPS(at_10, ten_seconds, nothing, hit_latest, accept_it)), 1, 0,
                  0);
    assert_int_equal(read_le32(w.block[0].header + 68), CURTIME + 10);
}

static void the_time_stays_within_the_template(void **state)
{
    (void)state;
    play("main", 1, STEPS(not_mutable, ten_seconds, nothing, ten_seconds, nothing));
    assert_int_equal(w.works, 1);
    play("main", 1,
         STEPS(with_maxtime, ten_seconds, nothing, ten_seconds, nothing, ten_seconds, nothing,
               hit_latest, reject));
    assert_int_equal(time_of(w.works - 1), CURTIME + 13);
    /* Its bits would be wrong where a late block may have others. */
    play_regtest(STEPS(at_10, ten_seconds, nothing, ten_seconds, nothing));
    assert_int_equal(w.works, 1);
}

static int set_up(void **state)
{
    (void)state;
    w.readable = eventfd(1, EFD_CLOEXEC);
    w.log_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return w.readable < 0 || w.log_fd < 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(w.readable);
    close(w.log_fd);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_late_hit_is_submitted),
        cmocka_unit_test(a_late_hit_may_win),
        cmocka_unit_test(a_refused_late_hit_is_stale),
        cmocka_unit_test(an_old_hit_is_dropped),
        cmocka_unit_test(late_hits_after_our_own_block_are_dropped),
        cmocka_unit_test(a_hit_of_forgotten_work_is_dropped),
        cmocka_unit_test(the_search_rests_without_news),
        cmocka_unit_test(the_search_rests_for_a_verdict),
        cmocka_unit_test(a_hit_at_the_end_is_submitted),
        cmocka_unit_test(a_silent_node_is_left_in_the_end),
        cmocka_unit_test(no_more_blocks_than_wanted),
        cmocka_unit_test(works_have_extranonces_of_their_own),
        cmocka_unit_test(the_time_follows_the_clock),
        cmocka_unit_test(the_time_stays_within_the_template),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
