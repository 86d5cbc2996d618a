#include "mining/upstream.h"

#include "base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    SCAN_S = 5,
    PAUSE_S = 30,
    TIMEOUT_S = 30,
    LONGPOLL_S = 90,
    /* A node that answers long polls faster than this, with nothing new, does not really have them. */
    LONGPOLL_MIN_MS = 1000,
    FIRST_PAUSE_MS = 500,
    /* Core's codes for "not now": in warm-up, without peers, syncing. */
    RPC_IN_WARMUP = -28,
    RPC_NOT_CONNECTED = -9,
    RPC_IN_DOWNLOAD = -10,
};

struct upstream_block {
    uint64_t id;
    char *params; /* of submitblock */
    atomic_uint references;
};

struct upstream {
    struct upstream_options options; /* without rpc, whose strings are the caller's */
    struct upstream_owner owner;
    struct jsonrpc *watch_rpc, *submit_rpc;
    pthread_t watcher, submitter;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;  /* of both threads; on CLOCK_MONOTONIC */
    bool stopping;
    bool refresh;
    bool long_polling;
    size_t queued;
    struct {
        struct upstream_block *block;
        uint64_t since_ns;
    } queue[UPSTREAM_QUEUE_SIZE];
};

/* What the watcher knows from one call to the next. */
struct watch {
    char chain[UPSTREAM_CHAIN_SIZE]; /* "" where it must be asked (again) */
    struct block_template *last;     /* NULL: the next call must not wait */
    unsigned failures;
    long pause_ms;
    /*
     * Core does not notice that who polled long has gone: each such call holds one
     * of its few threads until the tip or the mempool changes, and when all are held
     * no block can be submitted. So of each tip one long poll is given up, at most.
     */
    bool gave_up;
    struct block_hash gave_up_on;
};

struct upstream_block *upstream_block_create(uint64_t id, struct bytes raw, const char *work_id)
{
    static const char digit[] = "0123456789abcdef";
    struct upstream_block *block = calloc(1, sizeof(*block));
    /* json_dumps quotes what a server gave us; without a workid there is nothing to quote. */
    json_t *extra = work_id ? json_pack("{s:s}", "workid", work_id) : NULL;
    char *tail = extra ? json_dumps(extra, JSON_COMPACT) : NULL;
    size_t room = 2 * raw.size + (tail ? strlen(tail) : 0) + 8, at = 2;

    json_decref(extra);
    if (!block || (work_id && !tail) || !(block->params = malloc(room))) {
        free(tail);
        free(block);
        return NULL;
    }
    block->id = id;
    atomic_init(&block->references, 1);
    memcpy(block->params, "[\"", 2);
    for (size_t i = 0; i < raw.size; i++) {
        block->params[at++] = digit[raw.data[i] >> 4];
        block->params[at++] = digit[raw.data[i] & 15];
    }
    snprintf(block->params + at, room - at, tail ? "\",%s]" : "\"]", tail);
    free(tail);
    return block;
}

static struct upstream_block *block_ref(struct upstream_block *block)
{
    /* Relaxed: the caller has a reference already. */
    atomic_fetch_add_explicit(&block->references, 1, memory_order_relaxed);
    return block;
}

void upstream_block_unref(struct upstream_block *block)
{
    if (!block || atomic_fetch_sub(&block->references, 1) != 1)
        return;
    free(block->params);
    free(block);
}

/* Sleeps with the lock held until somebody signals or ms have passed. */
static void sleep_locked(struct upstream *u, long ms)
{
    uint64_t until = clock_monotonic_ns() + (uint64_t)(ms > 0 ? ms : 0) * 1000000;
    struct timespec at = {(time_t)(until / 1000000000), (long)(until % 1000000000)};

    pthread_cond_timedwait(&u->wake, &u->lock, &at);
}

static long elapsed_ms(uint64_t since_ns)
{
    return (long)((clock_monotonic_ns() - since_ns) / 1000000);
}

/* Waits ms, or until a template is wanted at once. False where the end has come. */
static bool watcher_wait(struct upstream *u, long ms)
{
    uint64_t start = clock_monotonic_ns();
    bool go_on;

    pthread_mutex_lock(&u->lock);
    while (!u->stopping && !u->refresh && elapsed_ms(start) < ms)
        sleep_locked(u, ms - elapsed_ms(start));
    u->refresh = false;
    go_on = !u->stopping;
    pthread_mutex_unlock(&u->lock);
    return go_on;
}

static bool stopping(struct upstream *u)
{
    bool yes;

    pthread_mutex_lock(&u->lock);
    yes = u->stopping;
    pthread_mutex_unlock(&u->lock);
    return yes;
}

static void forget_template(struct watch *w)
{
    template_unref(w->last);
    w->last = NULL;
}

/* Tells what went wrong, and waits before the next try. */
static void report(struct upstream *u, struct watch *w, enum upstream_trouble trouble,
                   const char *text)
{
    long longest = 1000L * u->options.pause_s;

    forget_template(w);
    *w->chain = '\0';
    w->failures++;
    w->pause_ms = w->pause_ms ? 2 * w->pause_ms : (long)FIRST_PAUSE_MS;
    if (w->pause_ms > longest)
        w->pause_ms = longest;
    log_warning(u->options.log, LOG_MINING, "%s: %s; trying again in %ld.%ld s", upstream_name(u),
                text, w->pause_ms / 1000, w->pause_ms % 1000 / 100);
    u->owner.trouble_fn(u->owner.arg, u->owner.index, trouble, w->failures, text);
    watcher_wait(u, w->pause_ms);
}

static enum upstream_trouble trouble_of(const struct jsonrpc_error *error)
{
    if (error->kind == JSONRPC_UNAUTHORISED)
        return UPSTREAM_UNAUTHORISED;
    if (error->kind == JSONRPC_RPC || (error->kind == JSONRPC_HTTP && error->status == 503))
        return UPSTREAM_NOT_READY;
    return UPSTREAM_UNREACHABLE;
}

static void report_call(struct upstream *u, struct watch *w, const char *method,
                        const struct jsonrpc_error *error)
{
    char text[JSONRPC_TEXT_SIZE + 64];

    if (error->kind == JSONRPC_RPC)
        snprintf(text, sizeof(text), "%s: %s (code %" PRId64 ")", method, error->text, error->code);
    else
        snprintf(text, sizeof(text), "%s: %s", method, error->text);
    report(u, w, trouble_of(error), text);
}

static bool learn_chain(struct upstream *u, struct watch *w)
{
    struct jsonrpc_error error;
    json_t *info =
        jsonrpc_call(u->watch_rpc, "getblockchaininfo", NULL, 1000L * u->options.timeout_s, &error);
    const char *chain = json_string_value(json_object_get(info, "chain"));

    if (!info && !stopping(u))
        report_call(u, w, "getblockchaininfo", &error);
    else if (info && (!chain || strlen(chain) >= sizeof(w->chain)))
        report(u, w, UPSTREAM_UNREACHABLE, "getblockchaininfo names no chain");
    else if (info)
        memcpy(w->chain, chain, strlen(chain) + 1);
    json_decref(info);
    return *w->chain != '\0';
}

/* Calls getblocktemplate; waits for something new where longpoll_id is not NULL. */
static json_t *call_template(struct upstream *u, const char *longpoll_id,
                             struct jsonrpc_error *error)
{
    long timeout = 1000L * (longpoll_id ? u->options.longpoll_s : u->options.timeout_s);
    char *params = template_request(longpoll_id);
    json_t *json = NULL;

    if (!params) {
        *error = (struct jsonrpc_error){.kind = JSONRPC_MEMORY, .text = "out of memory"};
        return NULL;
    }
    pthread_mutex_lock(&u->lock);
    u->long_polling = longpoll_id != NULL;
    if (!u->stopping)
        jsonrpc_reset(u->watch_rpc);
    pthread_mutex_unlock(&u->lock);
    json = jsonrpc_call(u->watch_rpc, "getblocktemplate", params, timeout, error);
    pthread_mutex_lock(&u->lock);
    u->long_polling = false;
    if (!u->stopping)
        jsonrpc_reset(u->watch_rpc);
    pthread_mutex_unlock(&u->lock);
    free(params);
    return json;
}

static bool may_poll_long(const struct upstream *u, const struct watch *w,
                          const struct block_template *t)
{
    return t->longpoll_id && !u->options.no_longpoll &&
           !(w->gave_up && block_hash_equal(w->gave_up_on, t->previous));
}

static bool same_template(const struct block_template *a, const struct block_template *b)
{
    return block_hash_equal(a->previous, b->previous) && a->longpoll_id && b->longpoll_id &&
           !strcmp(a->longpoll_id, b->longpoll_id);
}

/* Takes in a template; how long to wait before the next call. */
static long take_template(struct upstream *u, struct watch *w, json_t *json, long took_ms)
{
    char error[TEMPLATE_ERROR_SIZE], text[TEMPLATE_ERROR_SIZE + 32];
    struct block_template *t = template_parse(u->options.kernels, json, error);
    bool too_fast, nothing_new;

    if (!t) {
        snprintf(text, sizeof(text), "its block template: %s", error);
        report(u, w, UPSTREAM_REFUSED, text);
        return 0;
    }
    too_fast =
        w->last && block_hash_equal(w->last->previous, t->previous) && took_ms < LONGPOLL_MIN_MS;
    nothing_new = too_fast && same_template(w->last, t);
    if (w->failures)
        log_info(u->options.log, LOG_MINING, "%s: gives templates again", upstream_name(u));
    forget_template(w);
    w->last = template_ref(t);
    w->failures = 0;
    w->pause_ms = 0;
    u->owner.template_fn(u->owner.arg, u->owner.index, t, w->chain);
    if (nothing_new || !may_poll_long(u, w, t))
        return 1000L * u->options.scan_s;
    return too_fast ? (long)LONGPOLL_MIN_MS : 0;
}

static void *watcher_main(void *arg)
{
    struct upstream *u = arg;
    struct watch w = {0};

    while (!stopping(u)) {
        const char *id = w.last && may_poll_long(u, &w, w.last) ? w.last->longpoll_id : NULL;
        uint64_t start = clock_monotonic_ns();
        struct jsonrpc_error error;
        long pause = 0;
        json_t *json;

        if (!*w.chain && !learn_chain(u, &w))
            continue;
        json = call_template(u, id, &error);
        if (json) {
            pause = take_template(u, &w, json, elapsed_ms(start));
            json_decref(json);
        } else if (id) {
            /* A long poll may end for many reasons; whether the node is well, an ordinary call tells. */
            log_debug(u->options.log, LOG_MINING, "%s: long poll: %s", upstream_name(u),
                      error.text);
            if (error.kind == JSONRPC_TIMEOUT) {
                w.gave_up = true;
                w.gave_up_on = w.last->previous;
            }
            forget_template(&w);
            if (error.kind != JSONRPC_CANCELLED && elapsed_ms(start) < LONGPOLL_MIN_MS)
                pause = LONGPOLL_MIN_MS;
        } else if (error.kind != JSONRPC_CANCELLED) {
            report_call(u, &w, "getblocktemplate", &error);
        }
        if (pause)
            watcher_wait(u, pause);
    }
    forget_template(&w);
    return NULL;
}

/* submitblock's results: null, or a reject reason (BIP22). */
static enum upstream_verdict verdict_of(const json_t *result, const char **text)
{
    *text = json_is_string(result) ? json_string_value(result) : "";
    if (json_is_null(result) || !strcmp(*text, "duplicate"))
        return UPSTREAM_ACCEPTED;
    if (!strcmp(*text, "inconclusive") || !strcmp(*text, "duplicate-inconclusive"))
        return UPSTREAM_INCONCLUSIVE;
    if (!**text)
        *text = "an answer that says nothing";
    return UPSTREAM_REJECTED;
}

/* One try. False where it is worth another. */
static bool try_submit(struct upstream *u, const struct upstream_block *block, long *pause_ms,
                       bool last)
{
    struct jsonrpc_error error = {0};
    json_t *result = jsonrpc_call(u->submit_rpc, "submitblock", block->params,
                                  2000L * u->options.timeout_s, &error);
    bool refused = error.kind == JSONRPC_RPC && error.code != RPC_IN_WARMUP &&
                   error.code != RPC_NOT_CONNECTED && error.code != RPC_IN_DOWNLOAD;
    enum upstream_verdict verdict;
    const char *text;

    if (!result && !refused && !last) {
        *pause_ms = *pause_ms ? 2 * *pause_ms : (long)FIRST_PAUSE_MS / 2;
        if (*pause_ms > 1000L * u->options.pause_s)
            *pause_ms = 1000L * u->options.pause_s;
        log_warning(u->options.log, LOG_MINING,
                    "%s: submitblock: %s; the block is kept and sent again in %ld.%ld s",
                    upstream_name(u), error.text, *pause_ms / 1000, *pause_ms % 1000 / 100);
        return false;
    }
    if (result)
        verdict = verdict_of(result, &text);
    else {
        verdict = refused ? UPSTREAM_REJECTED : UPSTREAM_LOST;
        text = error.text;
    }
    u->owner.verdict_fn(u->owner.arg, u->owner.index, block->id, verdict, text);
    json_decref(result);
    return true;
}

/* Takes the first block of the queue, waiting for one; NULL at the end. */
static struct upstream_block *next_block(struct upstream *u, uint64_t *since_ns)
{
    struct upstream_block *block = NULL;

    pthread_mutex_lock(&u->lock);
    while (!u->stopping && u->queued == 0)
        pthread_cond_wait(&u->wake, &u->lock);
    if (!u->stopping) {
        block = u->queue[0].block;
        *since_ns = u->queue[0].since_ns;
        memmove(u->queue, u->queue + 1, --u->queued * sizeof(*u->queue));
    }
    pthread_mutex_unlock(&u->lock);
    return block;
}

static void *submitter_main(void *arg)
{
    struct upstream *u = arg;
    struct upstream_block *block;
    uint64_t since = 0, tried;

    while ((block = next_block(u, &since))) {
        long pause = 0;

        while (!try_submit(u, block, &pause, elapsed_ms(since) > UPSTREAM_GIVE_UP_MS)) {
            tried = clock_monotonic_ns();
            pthread_mutex_lock(&u->lock);
            while (!u->stopping && elapsed_ms(tried) < pause)
                sleep_locked(u, pause - elapsed_ms(tried));
            pthread_mutex_unlock(&u->lock);
            if (stopping(u))
                break;
        }
        upstream_block_unref(block);
    }
    return NULL;
}

static bool start_threads(struct upstream *u)
{
    if (pthread_create(&u->watcher, NULL, watcher_main, u))
        return false;
    if (!pthread_create(&u->submitter, NULL, submitter_main, u))
        return true;
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    jsonrpc_cancel(u->watch_rpc);
    pthread_cond_broadcast(&u->wake);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->watcher, NULL);
    return false;
}

static void free_upstream(struct upstream *u)
{
    for (size_t i = 0; i < u->queued; i++)
        upstream_block_unref(u->queue[i].block);
    jsonrpc_destroy(u->watch_rpc);
    jsonrpc_destroy(u->submit_rpc);
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

struct upstream *upstream_create(const struct upstream_options *options,
                                 const struct upstream_owner *owner,
                                 char text[static JSONRPC_TEXT_SIZE])
{
    struct upstream *u = calloc(1, sizeof(*u));
    pthread_condattr_t attr;

    if (!u) {
        snprintf(text, JSONRPC_TEXT_SIZE, "out of memory");
        return NULL;
    }
    u->options = *options;
    u->options.rpc = (struct jsonrpc_options){0};
    u->options.scan_s = options->scan_s ? options->scan_s : (unsigned)SCAN_S;
    u->options.pause_s = options->pause_s ? options->pause_s : (unsigned)PAUSE_S;
    u->options.longpoll_s = options->longpoll_s ? options->longpoll_s : (unsigned)LONGPOLL_S;
    u->options.timeout_s = options->timeout_s ? options->timeout_s : (unsigned)TIMEOUT_S;
    u->owner = *owner;
    pthread_mutex_init(&u->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&u->wake, &attr);
    pthread_condattr_destroy(&attr);
    u->watch_rpc = jsonrpc_create(&options->rpc, text);
    u->submit_rpc = u->watch_rpc ? jsonrpc_create(&options->rpc, text) : NULL;
    if (u->submit_rpc && start_threads(u))
        return u;
    if (u->submit_rpc)
        snprintf(text, JSONRPC_TEXT_SIZE, "cannot start a thread");
    free_upstream(u);
    return NULL;
}

void upstream_destroy(struct upstream *u)
{
    if (!u)
        return;
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    jsonrpc_cancel(u->watch_rpc);
    jsonrpc_cancel(u->submit_rpc);
    pthread_cond_broadcast(&u->wake);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->watcher, NULL);
    pthread_join(u->submitter, NULL);
    free_upstream(u);
}

const char *upstream_name(const struct upstream *u) { return jsonrpc_name(u->watch_rpc); }

void upstream_submit(struct upstream *u, struct upstream_block *block)
{
    struct upstream_block *gone = NULL;

    pthread_mutex_lock(&u->lock);
    if (u->queued == UPSTREAM_QUEUE_SIZE) {
        gone = u->queue[0].block;
        memmove(u->queue, u->queue + 1, --u->queued * sizeof(*u->queue));
    }
    u->queue[u->queued].block = block_ref(block);
    u->queue[u->queued++].since_ns = clock_monotonic_ns();
    pthread_cond_broadcast(&u->wake);
    pthread_mutex_unlock(&u->lock);
    if (gone)
        log_warning(u->options.log, LOG_MINING, "%s: too many blocks wait; the oldest is dropped",
                    upstream_name(u));
    upstream_block_unref(gone);
}

void upstream_refresh(struct upstream *u, bool insist)
{
    pthread_mutex_lock(&u->lock);
    u->refresh = true;
    if (insist && u->long_polling)
        jsonrpc_cancel(u->watch_rpc);
    pthread_cond_broadcast(&u->wake);
    pthread_mutex_unlock(&u->lock);
}
