#include "mining/solo.h"

#include "base/hex.h"
#include "consensus/address.h"
#include "mining/job.h"
#include "mining/solo_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
    JOBS = SOLO_BLOCKS, /* results of older work than this are dropped */
    TICK_MS = 1000,
};

#define SECOND_NS UINT64_C(1000000000)
/* How long the search rests for a verdict, and for the template that follows an accepted block. */
#define HOLD_NS (5 * SECOND_NS)
/* How long an accepted block's successor is waited for before a long poll is ended. */
#define INSIST_NS (2 * SECOND_NS)
/* When work is too old to be worth anything: several polls were missed. */
#define STALE_NS (180 * SECOND_NS)
/* How long the work of a node that fell silent is kept where others are behind it: they catch up, or it returns. */
#define KEEP_NS (60 * SECOND_NS)
/* How far the header's time may fall behind the clock. */
#define TIME_LAG_S 10
/* How long the end waits for a verdict. */
#define GRACE_NS (3 * SECOND_NS)

struct node {
    struct upstream *upstream;
    struct block_template *t; /* its latest, NULL where it gave none yet */
    uint64_t t_ns;            /* when that came */
    bool well;                /* the latest call succeeded, and it is on our network */
    bool wrong_network;
    bool hopeless; /* nothing will change until somebody changes a configuration */
    unsigned failures;
    uint64_t silent_ns; /* since when it is not well */
    char text[JSONRPC_TEXT_SIZE];
};

struct solo {
    struct solo_options options;
    struct node node[SOLO_MAX_NODES];
    const struct params *network; /* NULL: not known yet */
    uint8_t script[ADDRESS_SCRIPT_MAX];
    size_t script_size;

    /* What is mined. */
    struct job *job;
    size_t job_node;
    uint64_t job_ns;  /* when its template came */
    uint32_t time;    /* of the headers that are searched */
    uint64_t news_ns; /* when the latest template came in, of whatever node */
    bool searching;
    uint64_t tag;
    uint64_t extranonce;
    struct {
        uint64_t tag;
        struct job *job;
    } jobs[JOBS];
    struct solo_blocks blocks;
    struct solo_status status;
    struct solo_ledger ledger;
    bool ended;
    enum solo_end end;
    char error[SOLO_ERROR_SIZE];

    atomic_bool stop;
    struct solo_queue queue;
};

static void end(struct solo *solo, enum solo_end why)
{
    if (!solo->ended)
        solo->end = why;
    solo->ended = true;
}

/* What others may read follows what is known here. */
static void tell_status(struct solo *solo)
{
    struct mining_status *status = solo_ledger_open(&solo->ledger);

    status->height = solo->status.height;
    for (size_t i = 0; i < solo->options.node_count; i++) {
        struct mining_source_status *source = &status->source[i];

        source->alive = solo->node[i].well;
        source->active = solo->job && solo->job_node == i;
        snprintf(source->text, sizeof(source->text), "%.*s", (int)sizeof(source->text) - 1,
                 source->alive ? "" : solo->node[i].text);
    }
    solo_ledger_close(&solo->ledger);
}

static uint64_t now_s(void)
{
    static const struct clock real;

    return (uint64_t)clock_wall_s(&real);
}

static const char *name_of(const struct solo *solo, size_t node)
{
    return upstream_name(solo->node[node].upstream);
}

/*
 * Whether the search rests: a block on this predecessor is on its way or was
 * accepted just now, or those on their way may be all that were asked for.
 */
static bool held_back(const struct solo *solo, struct block_hash previous)
{
    uint64_t now = clock_monotonic_ns(), count = solo->status.accepted;

    for (size_t i = 0; i < SOLO_BLOCKS; i++) {
        const struct solo_block *f = &solo->blocks.under_way[i];

        if (!f->id || now - f->since_ns >= HOLD_NS)
            continue;
        if (block_hash_equal(f->previous, previous))
            return true;
        count += !f->accepted;
    }
    return solo->options.blocks && count >= solo->options.blocks;
}

/*
 * The template's time, gone on with the clock. Where a block that is late may
 * have another target (testnets), the template's bits hold for its own time alone.
 */
static uint32_t header_time(const struct solo *solo)
{
    const struct block_template *t = job_template(solo->job);
    uint64_t age_s = (clock_monotonic_ns() - solo->job_ns) / SECOND_NS;

    if (!t->time_mutable || solo->network->pow_min_difficulty)
        return t->time;
    return age_s < t->maxtime - t->time ? t->time + (uint32_t)age_s : t->maxtime;
}

static void search_root(void *arg, uint64_t extranonce, uint8_t header[static 80])
{
    job_set_root(arg, extranonce, header);
}

static void release_job(void *arg) { job_unref(arg); }

static void remember_job(struct solo *solo, uint64_t tag, struct job *job)
{
    size_t place = tag % JOBS;

    job_unref(solo->jobs[place].job);
    solo->jobs[place].tag = tag;
    solo->jobs[place].job = job_ref(job);
}

/* Gives the current job to the miner, with extranonces that no work has had. */
static void search(struct solo *solo)
{
    const struct block_template *t = job_template(solo->job);
    struct miner_work work = {
        .tag = ++solo->tag,
        .target = t->target,
        .version_mask = t->version_mask & solo->options.version_mask,
        .nonce_first = t->nonce_first,
        .nonce_count = (uint64_t)t->nonce_last - t->nonce_first + 1,
        .extranonce_first = solo->extranonce,
        .extranonce_last = solo->extranonce | UINT32_MAX,
        /* One block is enough; and the hits of a test network would be countless. */
        .stop_at_first = true,
        .header_fn = search_root,
        .release_fn = release_job,
        .arg = solo->job,
    };

    job_header(solo->job, work.extranonce_first, work.header);
    solo->time = header_time(solo);
    write_le32(work.header + 68, solo->time);
    job_ref(solo->job);
    if (!miner_set_work(solo->options.miner, &work)) {
        job_unref(solo->job);
        snprintf(solo->error, sizeof(solo->error), "out of memory");
        end(solo, SOLO_FAILED);
        return;
    }
    solo->extranonce += UINT64_C(1) << 32;
    remember_job(solo, work.tag, solo->job);
    solo->searching = true;
}

static void rest(struct solo *solo)
{
    miner_clear_work(solo->options.miner);
    solo->searching = false;
}

/* Goes on with the current job, unless a verdict is worth waiting for. */
static void search_if_free(struct solo *solo)
{
    if (solo->job && !solo->ended && !solo->searching &&
        !held_back(solo, job_template(solo->job)->previous))
        search(solo);
}

/* The node whose template is to be mined; node_count where there is none. */
static size_t best_node(const struct solo *solo)
{
    size_t best = solo->options.node_count;

    for (size_t i = 0; i < solo->options.node_count; i++) {
        const struct node *n = &solo->node[i];

        if (n->well &&
            (best == solo->options.node_count || n->t->height > solo->node[best].t->height))
            best = i;
    }
    return best;
}

static void log_work(struct solo *solo, bool new_tip, const struct block_template *t)
{
    struct amount a = t->coinbase_value;

    if (new_tip)
        log_info(solo->options.log, LOG_MINING,
                 "mining height %" PRId32 ": difficulty %.6g, %zu transactions, %" PRId64
                 ".%08" PRId64 " coins, from %s",
                 t->height, uint256_difficulty(t->target), t->count, a.sat / SATOSHIS_PER_COIN,
                 a.sat % SATOSHIS_PER_COIN, name_of(solo, solo->job_node));
    else
        log_debug(solo->options.log, LOG_MINING, "height %" PRId32 " anew: %zu transactions",
                  t->height, t->count);
}

static void mark_silent(struct node *n)
{
    if (n->well)
        n->silent_ns = clock_monotonic_ns();
    n->well = false;
}

/* Whether to stay with the work of a node that fell silent ahead of the best of the others. */
static bool stays(const struct solo *solo, const struct block_template *best)
{
    const struct node *n = &solo->node[solo->job_node];

    return solo->job && best->height < job_template(solo->job)->height && !n->well &&
           !n->wrong_network && clock_monotonic_ns() - n->silent_ns < KEEP_NS;
}

static struct job *make_job(struct solo *solo, size_t node)
{
    const struct job_payout payout = {.script = bytes_of(solo->script, solo->script_size)};
    struct node *n = &solo->node[node];
    char error[JOB_ERROR_SIZE];
    struct job *job = job_create(solo->options.kernels, n->t, &payout, 1, solo->options.tag, error);

    if (job)
        return job;
    snprintf(n->text, sizeof(n->text), "no work can be made of its template: %s", error);
    log_error(solo->options.log, LOG_MINING, "%s: %s", name_of(solo, node), n->text);
    mark_silent(n);
    n->hopeless = true;
    n->failures++;
    return NULL;
}

/* Takes up the best node's template, if it is not what is being mined. */
static void choose_work(struct solo *solo)
{
    const struct block_template *old = solo->job ? job_template(solo->job) : NULL, *t;
    struct job *job = NULL;
    size_t best;
    bool new_tip;

    do {
        best = best_node(solo);
        if (solo->ended || best == solo->options.node_count || solo->node[best].t == old ||
            stays(solo, solo->node[best].t))
            return;
        job = make_job(solo, best);
    } while (!job);
    t = job_template(job);
    new_tip = !old || !block_hash_equal(old->previous, t->previous);
    if (best != solo->job_node && old)
        log_info(solo->options.log, LOG_MINING, "changing to %s", name_of(solo, best));
    job_unref(solo->job);
    solo->job = job;
    solo->job_node = best;
    solo->job_ns = solo->node[best].t_ns;
    if (held_back(solo, t->previous))
        rest(solo);
    else
        search(solo);
    log_work(solo, new_tip, t);
    solo->status.node = name_of(solo, best);
    solo->status.height = t->height;
    solo->status.difficulty = uint256_difficulty(t->target);
    solo_ledger_work(&solo->ledger, t, solo->options.version_mask);
    tell_status(solo);
}

/* Core's names, and what others call the same networks. */
static const struct params *network_of(const char *chain)
{
    return params_find(strcmp(chain, "testnet") ? chain : "test");
}

static void set_network(struct solo *solo, const struct params *network)
{
    const char *text = solo->options.address;
    struct address address;
    enum address_error why = address_decode(solo->options.kernels->sha256_compress->run, network,
                                            &address, text, strlen(text));

    solo->network = network;
    if (why == ADDRESS_OK) {
        solo->script_size = address_to_script(solo->script, &address);
        return;
    }
    snprintf(solo->error, sizeof(solo->error),
             "cannot pay to \"%s\" on %s: %s; give an address of that network", text, network->name,
             address_error_text(why));
    end(solo, SOLO_BAD_PAYOUT);
}

/* Whether the chain that a node is on is ours; the first one tells which that is. */
static bool check_network(struct solo *solo, struct node *n, const char *chain)
{
    const struct params *network = network_of(chain);

    if (!network && !solo->options.network)
        snprintf(n->text, sizeof(n->text),
                 "it is on a chain called \"%.64s\", which is not known here", chain);
    else if (network && network->signet_challenge.size)
        snprintf(n->text, sizeof(n->text),
                 "it is on a signet, whose blocks only that network's signers can make");
    else if (network && solo->network && network != solo->network)
        snprintf(n->text, sizeof(n->text), "it is on the network %s, not on %s", network->name,
                 solo->network->name);
    else {
        n->wrong_network = false;
        if (!solo->network)
            set_network(solo, network);
        return !solo->ended;
    }
    if (!n->wrong_network)
        log_error(solo->options.log, LOG_MINING, "%s is not used: %s", upstream_name(n->upstream),
                  n->text);
    n->wrong_network = n->hopeless = true;
    mark_silent(n);
    n->failures++;
    return false;
}

/* Ends where every node has failed often enough, or before the first work where none can ever do. */
static void consider_giving_up(struct solo *solo)
{
    char text[SOLO_ERROR_SIZE];
    int at = snprintf(text, sizeof(text), "no node can be used");
    bool hopeless = !solo->job, often = solo->options.retries >= 0;

    for (size_t i = 0; i < solo->options.node_count; i++) {
        const struct node *n = &solo->node[i];

        if (n->well || n->failures == 0)
            return;
        hopeless = hopeless && n->hopeless;
        often = often && n->failures > (unsigned)solo->options.retries;
        if ((size_t)at < sizeof(text))
            at += snprintf(text + at, sizeof(text) - (size_t)at, "%s %s: %s", i ? ";" : ":",
                           name_of(solo, i), n->text);
    }
    if (solo->ended || (!hopeless && !often))
        return;
    memcpy(solo->error, text, sizeof(text));
    end(solo, SOLO_NO_NODE);
}

static void take_template(struct solo *solo, const struct solo_event *event)
{
    struct node *n = &solo->node[event->node];

    if (!check_network(solo, n, event->text)) {
        template_unref(event->t);
        solo_ledger_trouble(&solo->ledger, event->node);
        choose_work(solo);
        consider_giving_up(solo);
        return;
    }
    template_unref(n->t);
    n->t = event->t;
    n->t_ns = clock_monotonic_ns();
    n->well = true;
    n->hopeless = false;
    n->failures = 0;
    solo->news_ns = n->t_ns;
    solo_ledger_template(&solo->ledger, event->node, n->t);
    choose_work(solo);
    consider_giving_up(solo);
}

static void take_trouble(struct solo *solo, const struct solo_event *event)
{
    struct node *n = &solo->node[event->node];
    bool cookie = solo->options.nodes[event->node].rpc.cookie_file != NULL;

    mark_silent(n);
    solo_ledger_trouble(&solo->ledger, event->node);
    n->failures = event->failures;
    /* A cookie is written anew when the node starts; passwords stay as they are. */
    n->hopeless =
        event->trouble == UPSTREAM_REFUSED || (event->trouble == UPSTREAM_UNAUTHORISED && !cookie);
    snprintf(n->text, sizeof(n->text), "%s", event->text);
    choose_work(solo);
    consider_giving_up(solo);
}

/* The verdict on a block is complete: no node took it. */
static void close_refused(struct solo *solo, struct solo_block *f)
{
    const char *what = !f->answered ? "is lost: no node could be asked"
                       : f->late    ? "came too late"
                                    : "was rejected by every node";

    if (f->answered && f->late)
        solo->status.stale++;
    else
        solo->status.rejected++;
    solo_ledger_end(&solo->ledger, f->answered && f->late ? SOLO_FATE_STALE : SOLO_FATE_REJECTED,
                    f->difficulty);
    if (f->answered && !f->late)
        mining_tally_rejected(solo->options.tally, f->lane, f->difficulty);
    log_warning(solo->options.log, LOG_MINING, "block %s at height %" PRId32 " %s", f->name,
                f->height, what);
    f->id = 0;
    search_if_free(solo);
}

static void close_accepted(struct solo *solo, struct solo_block *f, size_t node)
{
    f->accepted = true;
    f->since_ns = clock_monotonic_ns();
    solo->status.accepted++;
    solo_ledger_end(&solo->ledger, SOLO_FATE_ACCEPTED, f->difficulty);
    mining_tally_accepted(solo->options.tally, f->lane, node, f->difficulty, now_s());
    log_info(solo->options.log, LOG_MINING, "accepted: block %s at height %" PRId32 " by %s",
             f->name, f->height, name_of(solo, node));
    if (solo->options.blocks && solo->status.accepted >= solo->options.blocks)
        end(solo, SOLO_DONE);
    for (size_t i = 0; i < solo->options.node_count; i++)
        upstream_refresh(solo->node[i].upstream, false);
}

static void take_verdict(struct solo *solo, const struct solo_event *event)
{
    static const char *const word[] = {[UPSTREAM_ACCEPTED] = "accepted",
                                       [UPSTREAM_INCONCLUSIVE] = "not in the best chain",
                                       [UPSTREAM_REJECTED] = "rejected",
                                       [UPSTREAM_LOST] = "lost"};
    struct solo_block *f = solo_blocks_find(&solo->blocks, event->block);

    if (!f)
        return;
    solo_ledger_verdict(&solo->ledger, event->node, f, event->verdict, event->text, now_s());
    f->unanswered &= ~(UINT32_C(1) << event->node);
    f->answered = f->answered || event->verdict != UPSTREAM_LOST;
    f->late = f->late || event->verdict == UPSTREAM_INCONCLUSIVE;
    if (event->verdict == UPSTREAM_ACCEPTED || event->verdict == UPSTREAM_INCONCLUSIVE)
        solo_blocks_keep(&solo->blocks, f);
    if (event->verdict != UPSTREAM_ACCEPTED)
        log_warning(solo->options.log, LOG_MINING, "%s: block %s is %s%s%s",
                    name_of(solo, event->node), f->name, word[event->verdict],
                    *event->text ? ": " : "", event->text);
    else if (!f->accepted)
        close_accepted(solo, f, event->node);
    if (!f->unanswered && !f->accepted)
        close_refused(solo, f);
    tell_status(solo);
}

static void take_events(struct solo *solo)
{
    struct solo_event event;

    while (solo_queue_pop(&solo->queue, &event)) {
        switch (event.type) {
        case SOLO_TEMPLATE:
            take_template(solo, &event);
            break;
        case SOLO_TROUBLE:
            take_trouble(solo, &event);
            break;
        case SOLO_VERDICT:
            take_verdict(solo, &event);
            break;
        }
    }
}

/* Hands the block to every node of our network, also to those that have no template just now. */
static void submit(struct solo *solo, const struct job *job, struct bytes raw, const char *name,
                   bool late, size_t lane, double reached)
{
    const struct block_template *t = job_template(job);
    struct solo_block *f = solo_blocks_add(&solo->blocks);
    struct upstream_block *block = upstream_block_create(f->id, raw, t->work_id);

    if (!block) {
        log_error(solo->options.log, LOG_MINING, "out of memory: block %s is lost", name);
        f->id = 0;
        return;
    }
    *f = (struct solo_block){.id = f->id,
                             .previous = t->previous,
                             .height = t->height,
                             .late = late,
                             .lane = lane,
                             .difficulty = uint256_difficulty(t->target),
                             .reached = reached,
                             .since_ns = clock_monotonic_ns()};
    memcpy(f->name, name, sizeof(f->name));
    for (size_t i = 0; i < solo->options.node_count; i++) {
        if (solo->node[i].wrong_network)
            continue;
        f->unanswered |= UINT32_C(1) << i;
        upstream_submit(solo->node[i].upstream, block);
    }
    upstream_block_unref(block);
}

static void take_found(struct solo *solo, const struct job *job, const struct miner_event *found,
                       bool late)
{
    const struct block_template *t = job_template(job);
    struct block_hash hash =
        block_raw_header_hash(solo->options.kernels->sha256_compress->run, found->header);
    double reached = uint256_difficulty(uint256_from_le(hash.bytes));
    size_t size = job_block_size(job);
    uint8_t *raw = malloc(size);
    char error[JOB_ERROR_SIZE], name[65];

    hex_encode_reversed(name, hash.bytes, sizeof(hash.bytes));
    solo_ledger_found(&solo->ledger, reached, now_s());
    mining_tally_found(solo->options.tally, found->lane,
                       uint256_compare(uint256_from_le(hash.bytes), t->target) <= 0, reached,
                       now_s());
    if (!raw) {
        log_error(solo->options.log, LOG_MINING, "out of memory: block %s is lost", name);
        return;
    }
    job_block(job, found->extranonce, found->header, raw);
    log_info(solo->options.log, LOG_MINING, "found block %s at height %" PRId32 " on lane %zu%s",
             name, t->height, found->lane, late ? ", when the node had changed to another" : "");
    /* Sent all the same: a node refuses a bad block at no cost, and a good one is worth a lot. */
    if (!job_check_block(job, bytes_of(raw, size), error))
        log_error(solo->options.log, LOG_MINING,
                  "block %s fails this program's own check: %s (please report this)", name, error);
    submit(solo, job, bytes_of(raw, size), name, late, found->lane, reached);
    free(raw);
}

/*
 * A hit on another predecessor than the current one's is sent too, where its
 * block would be at the tip's height or above: of two blocks at one height the
 * nodes keep the first that they saw, but which of them the next miner builds on
 * is open. One of ours on that predecessor is enough.
 */
static void take_hit(struct solo *solo, const struct miner_event *found)
{
    const struct job *job = solo->jobs[found->tag % JOBS].job;
    const struct block_template *now = solo->job ? job_template(solo->job) : NULL, *t;

    if (found->tag == solo->tag)
        solo->searching = false;
    t = job && solo->jobs[found->tag % JOBS].tag == found->tag ? job_template(job) : NULL;
    if (t && now && block_hash_equal(t->previous, now->previous)) {
        if (!held_back(solo, t->previous))
            take_found(solo, job, found, false);
    } else if (t && (!now || t->height >= now->height - 1)) {
        if (!solo_blocks_have(&solo->blocks, t->previous))
            take_found(solo, job, found, now != NULL);
    } else {
        solo->status.stale++;
        solo_ledger_end(&solo->ledger, SOLO_FATE_STALE, t ? uint256_difficulty(t->target) : 0);
        log_info(solo->options.log, LOG_MINING,
                 "a block was found for a height that is decided already; dropped");
    }
}

static void take_results(struct solo *solo)
{
    struct miner_event event;

    while (miner_poll(solo->options.miner, &event)) {
        if (event.type == MINER_FOUND)
            take_hit(solo, &event);
        else if (event.tag == solo->tag)
            solo->searching = false;
        search_if_free(solo);
    }
}

/* What time alone changes. */
static void tick(struct solo *solo)
{
    uint64_t now = clock_monotonic_ns();

    for (size_t i = 0; i < SOLO_BLOCKS; i++) {
        struct solo_block *f = &solo->blocks.under_way[i];

        if (f->id && f->accepted && solo->job && now - f->since_ns > INSIST_NS &&
            block_hash_equal(f->previous, job_template(solo->job)->previous))
            upstream_refresh(solo->node[solo->job_node].upstream, true);
        if (f->id && f->accepted && now - f->since_ns > HOLD_NS)
            f->id = 0;
    }
    if (solo->job && now - solo->news_ns > STALE_NS) {
        log_warning(solo->options.log, LOG_MINING,
                    "no node has given a template for %d s: the search rests",
                    (int)(STALE_NS / SECOND_NS));
        rest(solo);
        job_unref(solo->job);
        solo->job = NULL;
        for (size_t i = 0; i < solo->options.node_count; i++)
            mark_silent(&solo->node[i]);
        solo->status.node = NULL;
        solo->status.height = 0;
    }
    choose_work(solo);
    if (solo->searching && header_time(solo) - solo->time >= TIME_LAG_S)
        search(solo);
    search_if_free(solo);
    tell_status(solo);
}

/* Sleeps until something happens, or for ms. */
static void wait_for_news(struct solo *solo, int ms)
{
    struct pollfd fds[] = {{.fd = solo->queue.fd, .events = POLLIN},
                           {.fd = miner_fd(solo->options.miner), .events = POLLIN}};

    if (poll(fds, 2, ms) > 0)
        solo_queue_rest(&solo->queue);
}

/* A block that no node has taken yet, or that a node which is well has not answered yet. */
static bool awaits_verdict(const struct solo *solo)
{
    uint32_t well = 0;

    for (size_t i = 0; i < solo->options.node_count; i++)
        well |= (uint32_t)solo->node[i].well << i;
    for (size_t i = 0; i < SOLO_BLOCKS; i++) {
        const struct solo_block *f = &solo->blocks.under_way[i];

        if (f->id && f->unanswered && (!f->accepted || (f->unanswered & well)))
            return true;
    }
    return false;
}

/* A block that was just found is sent, and may still be accepted: the operator wants to know. */
static void settle(struct solo *solo)
{
    uint64_t start = clock_monotonic_ns();

    rest(solo);
    take_results(solo);
    while (awaits_verdict(solo) && clock_monotonic_ns() - start < GRACE_NS) {
        wait_for_news(solo, 100);
        take_events(solo);
    }
}

enum solo_end solo_run(struct solo *solo)
{
    uint64_t start = clock_monotonic_ns(), ticked = start;

    while (!solo->ended) {
        uint64_t now = clock_monotonic_ns();

        if (now - ticked >= TICK_MS * UINT64_C(1000000)) {
            ticked = now;
            tick(solo);
        }
        if (solo->options.time_limit_s && now - start >= solo->options.time_limit_s * SECOND_NS)
            end(solo, SOLO_TIME);
        if (atomic_load(&solo->stop))
            end(solo, SOLO_STOPPED);
        /* Results first: what was found before a new template came may still win. */
        take_results(solo);
        take_events(solo);
        if (!solo->ended)
            wait_for_news(solo, TICK_MS / 4);
    }
    settle(solo);
    tell_status(solo);
    return solo->end;
}

void solo_stop(struct solo *solo)
{
    atomic_store(&solo->stop, true);
    solo_queue_wake(&solo->queue);
}

const char *solo_error(const struct solo *solo) { return solo->error; }

struct solo_status solo_status(const struct solo *solo) { return solo->status; }

static void copy_status(void *arg, struct mining_status *out)
{
    struct solo *solo = arg;

    solo_ledger_copy(&solo->ledger, out);
}

struct mining_control solo_control(struct solo *solo)
{
    return (struct mining_control){.arg = solo, .status = copy_status};
}

static bool start_upstreams(struct solo *solo, char text[static SOLO_ERROR_SIZE])
{
    char why[JSONRPC_TEXT_SIZE];

    for (size_t i = 0; i < solo->options.node_count; i++) {
        struct upstream_options options = solo->options.nodes[i];
        struct upstream_owner owner = solo_queue_owner(&solo->queue, i);

        options.kernels = solo->options.kernels;
        options.log = options.rpc.log = solo->options.log;
        solo->node[i].upstream = upstream_create(&options, &owner, why);
        if (!solo->node[i].upstream) {
            snprintf(text, SOLO_ERROR_SIZE, "node %zu: %s", i + 1, why);
            return false;
        }
        solo_ledger_node(&solo->ledger, name_of(solo, i), options.rpc.user);
    }
    return true;
}

struct solo *solo_create(const struct solo_options *options, char text[static SOLO_ERROR_SIZE])
{
    struct solo *solo = calloc(1, sizeof(*solo));
    bool good;
    uint32_t random;

    assert(options->node_count >= 1 && options->node_count <= SOLO_MAX_NODES);
    snprintf(text, SOLO_ERROR_SIZE, "out of memory");
    if (!solo)
        return NULL;
    solo->options = *options;
    /* Two miners with the same address must not search the same coinbases. */
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = (uint32_t)clock_monotonic_ns();
    solo->extranonce = (uint64_t)random << 32;
    solo_ledger_init(&solo->ledger);
    good = solo_queue_init(&solo->queue);
    if (!good)
        snprintf(text, SOLO_ERROR_SIZE, "no file descriptor is left");
    if (options->network)
        set_network(solo, options->network);
    if (solo->ended)
        snprintf(text, SOLO_ERROR_SIZE, "%s", solo->error);
    if (good && !solo->ended && start_upstreams(solo, text))
        return solo;
    solo_destroy(solo);
    return NULL;
}

void solo_destroy(struct solo *solo)
{
    if (!solo)
        return;
    solo_queue_close(&solo->queue);
    for (size_t i = 0; i < solo->options.node_count; i++) {
        upstream_destroy(solo->node[i].upstream);
        template_unref(solo->node[i].t);
    }
    for (size_t i = 0; i < JOBS; i++)
        job_unref(solo->jobs[i].job);
    job_unref(solo->job);
    solo_queue_free(&solo->queue);
    solo_ledger_free(&solo->ledger);
    free(solo);
}
