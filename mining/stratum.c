#include "mining/stratum.h"

#include "consensus/block.h"
#include "mining/stratum_impl.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    TICK_MS = 1000,
    TOLD_MS = 100,  /* between two calls of status_fn, at least */
    TIME_LAG_S = 5, /* how far the header's time may fall behind the clock */
    RESULTS = 256,  /* taken before the pools are looked at again */
    CHUNKS = 16,    /* of a small extranonce2's space */
};

/* How long the end waits for answers. */
#define GRACE_NS (3 * STRATUM_SECOND_NS)
/* Extranonces a chunk, where extranonce2 has room for CHUNKS of them. */
#define CHUNK_MAX (UINT64_C(1) << 32)

uint64_t stratum_now_ns(const struct stratum *s) { return clock_steady_ns(s->options.clock); }

int64_t stratum_now_s(const struct stratum *s) { return clock_wall_s(s->options.clock); }

uint32_t stratum_random(struct stratum *s)
{
    /* Marsaglia's xorshift64. */
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (uint32_t)(s->random >> 32);
}

void stratum_wake(struct stratum *s)
{
    uint64_t one = 1;
    ssize_t done = write(s->wake_fd, &one, sizeof(one));

    /* Where it is full it is readable already. */
    (void)done;
}

static void end(struct stratum *s, enum stratum_end why)
{
    if (!s->ended)
        s->end = why;
    s->ended = true;
}

/* The hashes since the last count are those of the current source. */
static void count_hashes(struct stratum *s)
{
    uint64_t hashes = miner_hashes(s->options.miner);
    size_t current = stratum_source_find(s, s->current);

    if (current < s->count)
        s->source[current]->hashes += (double)(hashes - s->hashes);
    s->hashes = hashes;
}

static void rest(struct stratum *s)
{
    miner_clear_work(s->options.miner);
    s->searching = false;
}

static void release_job(void *arg) { stratum_job_unref(arg); }

/*
 * The pool's time, gone on with the clock since the job came: pools refuse times
 * far from theirs, and this one needs no clock that is right.
 */
static uint32_t header_time(const struct stratum *s, const struct stratum_job *job)
{
    uint64_t age_s = (stratum_now_ns(s) - job->received_ns) / STRATUM_SECOND_NS;

    return age_s < UINT32_MAX - job->time ? job->time + (uint32_t)age_s : UINT32_MAX;
}

/* The next extranonces that were not searched in this second of the job; false where none are left. */
static bool take_chunk(struct stratum_source *source, const struct stratum_job *job, uint32_t time,
                       uint64_t *first, uint64_t *last)
{
    uint64_t largest = stratum_job_last_extranonce(job), size = largest / CHUNKS + 1;
    uint64_t chunks, jobs = stratum_client_jobs(source->client);

    if (size > CHUNK_MAX)
        size = CHUNK_MAX;
    chunks = largest / size + 1;
    if (source->chunk_job != jobs || source->chunk_time != time) {
        source->chunk_job = jobs;
        source->chunk_time = time;
        source->chunks_used = 0;
    }
    if (source->chunks_used == chunks)
        return false;
    source->chunks_used++;
    *first = source->chunk++ % chunks * size;
    *last = *first + (size - 1);
    return true;
}

static void remember_work(struct stratum *s, const struct stratum_source *source,
                          struct stratum_job *job, struct uint256 target)
{
    struct stratum_work *work = &s->work[s->tag % STRATUM_WORKS];

    stratum_job_unref(work->job);
    *work = (struct stratum_work){s->tag, source->serial, stratum_job_ref(job), target};
}

/* Gives the source's job to the miner. */
static void search(struct stratum *s, struct stratum_source *source)
{
    struct stratum_job *job = stratum_client_job(source->client);
    struct miner_work work = {
        .tag = ++s->tag,
        .target = stratum_client_target(source->client),
        .version_mask = stratum_client_version_mask(source->client),
        .header_fn = stratum_job_header,
        .release_fn = release_job,
        .arg = job,
    };

    s->revision = stratum_client_revision(source->client);
    s->time = header_time(s, job);
    s->used_up = !take_chunk(source, job, s->time, &work.extranonce_first, &work.extranonce_last);
    if (s->used_up) {
        rest(s);
        log_debug(s->options.log, LOG_STRATUM, "all extranonces were searched: the search rests");
        return;
    }
    memcpy(work.header, job->header, sizeof(work.header));
    stratum_job_header(job, work.extranonce_first, work.header);
    write_le32(work.header + 68, s->time);
    stratum_job_ref(job);
    remember_work(s, source, job, work.target);
    if (!miner_set_work(s->options.miner, &work)) {
        stratum_job_unref(job);
        snprintf(s->error, sizeof(s->error), "out of memory");
        end(s, STRATUM_FAILED);
        return;
    }
    s->mask = work.version_mask;
    s->searching = true;
}

void stratum_set_current(struct stratum *s, const struct stratum_source *source, uint64_t now_ns)
{
    count_hashes(s);
    s->current = source ? source->serial : 0;
    s->current_ns = now_ns;
    s->revision = UINT64_MAX;
    s->changed = true;
}

void stratum_choose(struct stratum *s, uint64_t now_ns)
{
    struct stratum_source *source;
    struct strategy view;
    size_t best;

    stratum_strategy_view(s, &view, now_ns);
    best = strategy_choose(&view, now_ns);
    source = best < s->count ? s->source[best] : NULL;
    if (best != view.current) {
        if (source && view.current < s->count)
            log_info(s->options.log, LOG_STRATUM, "changing to %s", source->name);
        stratum_set_current(s, source, now_ns);
    }
    if (!source) {
        if (s->searching)
            rest(s);
        return;
    }
    /* A round's end, where there is nobody else. */
    if (view.kind == STRATUM_ROUND_ROBIN && now_ns - s->current_ns > view.rotate_ns)
        s->current_ns = now_ns;
    if (stratum_client_revision(source->client) != s->revision)
        search(s, source);
}

/* Whether what the miner finds can be handed on: too many shares at once have to wait there. */
static bool has_room(const struct stratum *s)
{
    size_t current = stratum_source_find(s, s->current);

    return current == s->count ||
           stratum_client_shares(s->source[current]->client)->waiting < STRATUM_SHARES_MAX;
}

static void note_best(struct stratum *s, double difficulty)
{
    if (difficulty <= s->best_difficulty)
        return;
    s->best_difficulty = difficulty;
    s->best_s = (uint64_t)stratum_now_s(s);
}

static void take_hit(struct stratum *s, const struct miner_event *found, uint64_t now_ns)
{
    struct stratum_work *work = &s->work[found->tag % STRATUM_WORKS];
    size_t index =
        work->job && work->tag == found->tag ? stratum_source_find(s, work->serial) : s->count;
    struct stratum_source *source;
    struct uint256 hash;
    double reached;
    bool good;

    if (index == s->count)
        return;
    source = s->source[index];
    hash = uint256_from_le(block_raw_header_hash(work->job->compress, found->header).bytes);
    good = uint256_compare(hash, work->target) <= 0;
    reached = uint256_difficulty(hash);
    mining_tally_found(s->options.tally, found->lane, good, reached, (uint64_t)stratum_now_s(s));
    if (!good) {
        log_warning(s->options.log, LOG_STRATUM,
                    "lane %zu gave a result whose hash does not meet its target: dropped",
                    found->lane);
        return;
    }
    note_best(s, reached);
    s->changed = true;
    switch (stratum_client_submit(source->client, work->job, found->extranonce, found->header,
                                  found->lane, now_ns)) {
    case STRATUM_BROKEN:
        stratum_source_fail(source, stratum_source_error(source), now_ns);
        break;
    case STRATUM_DUPLICATE:
        log_debug(s->options.log, LOG_STRATUM, "a share was found twice");
        break;
    case STRATUM_FULL:
        stratum_shares_stale(stratum_client_shares(source->client), work->job);
        break;
    case STRATUM_SENT:
    case STRATUM_HELD:
    case STRATUM_STALE:
    case STRATUM_LOW:
        break;
    }
}

static bool take_results(struct stratum *s, uint64_t now_ns)
{
    struct miner_event event;
    size_t count = 0;

    while (count < RESULTS && has_room(s) && miner_poll(s->options.miner, &event)) {
        size_t current = stratum_source_find(s, s->current);

        count++;
        if (event.type == MINER_FOUND)
            take_hit(s, &event, now_ns);
        else if (event.tag == s->tag && s->searching && current < s->count &&
                 stratum_client_job(s->source[current]->client))
            search(s, s->source[current]);
    }
    return count == RESULTS;
}

static bool serve(struct stratum *s, uint64_t now_ns)
{
    struct strategy view;
    bool more = false;

    stratum_strategy_view(s, &view, now_ns);
    for (size_t i = 0; i < s->count; i++) {
        struct stratum_source *source = s->source[i];

        stratum_source_serve(source, strategy_wants(&view, i, now_ns), now_ns);
        more = more || (source->connection && connection_has_more(source->connection));
    }
    return more;
}

/* Ends where every pool has failed often enough. */
static void consider_giving_up(struct stratum *s)
{
    char text[STRATUM_ERROR_SIZE];
    size_t at = (size_t)snprintf(text, sizeof(text), "no pool can be used");
    bool first = true;

    if (s->options.retries < 0)
        return;
    for (size_t i = 0; i < s->count; i++) {
        const struct stratum_source *source = s->source[i];

        if (!source->enabled)
            continue;
        if (source->alive || source->failures <= (unsigned)s->options.retries)
            return;
        if (at < sizeof(text))
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s: %s", first ? ":" : ";",
                                   source->name, source->text);
        first = false;
    }
    memcpy(s->error, text, sizeof(s->error));
    end(s, STRATUM_NO_POOL);
}

static struct mining_counts total(const struct stratum *s)
{
    struct mining_counts sum = s->removed;

    for (size_t i = 0; i < s->count; i++) {
        const struct mining_counts *c = &stratum_client_shares(s->source[i]->client)->counts;

        sum.accepted += c->accepted;
        sum.blocks += c->blocks;
    }
    return sum;
}

/* What time alone changes. */
static void tick(struct stratum *s, uint64_t now_ns)
{
    size_t current;

    for (size_t i = 0; i < s->count; i++) {
        struct stratum_source *source = s->source[i];

        if (!stratum_client_tick(source->client, now_ns) && source->connection)
            stratum_source_fail(source, stratum_source_error(source), now_ns);
    }
    count_hashes(s);
    current = stratum_source_find(s, s->current);
    if (current < s->count && stratum_client_job(s->source[current]->client)) {
        uint32_t time = header_time(s, stratum_client_job(s->source[current]->client));

        if (time - s->time >= (s->used_up ? 1 : TIME_LAG_S))
            search(s, s->source[current]);
    }
    s->changed = true;
}

static void check_limits(struct stratum *s, uint64_t elapsed_ns)
{
    struct mining_counts sum = total(s);

    if (s->options.time_limit_s && elapsed_ns >= s->options.time_limit_s * STRATUM_SECOND_NS)
        end(s, STRATUM_TIME);
    if ((s->options.shares && sum.accepted >= s->options.shares) ||
        (s->options.blocks && sum.blocks >= s->options.blocks))
        end(s, STRATUM_DONE);
    if (atomic_load(&s->stop))
        end(s, STRATUM_STOPPED);
    consider_giving_up(s);
}

/* Sleeps until something happens, or for ms. */
static void wait_for_news(struct stratum *s, const struct pollfd *fds, nfds_t count, int ms)
{
    struct pollfd copy[STRATUM_MAX_POOLS + 2];
    uint64_t drained;
    ssize_t done;

    memcpy(copy, fds, count * sizeof(*fds));
    if (poll(copy, count, ms) > 0 && copy[0].revents) {
        done = read(s->wake_fd, &drained, sizeof(drained));
        /* It does not block: nothing to read is what is wanted. */
        (void)done;
    }
}

static nfds_t list_fds(const struct stratum *s, struct pollfd fds[static STRATUM_MAX_POOLS + 2])
{
    nfds_t count = 0;

    fds[count++] = (struct pollfd){.fd = s->wake_fd, .events = POLLIN};
    /* poll passes over negative ones. */
    fds[count++] =
        (struct pollfd){.fd = has_room(s) ? miner_fd(s->options.miner) : -1, .events = POLLIN};
    for (size_t i = 0; i < s->count; i++) {
        const struct connection *c = s->source[i]->connection;

        if (c)
            fds[count++] = (struct pollfd){.fd = connection_fd(c), .events = connection_events(c)};
    }
    return count;
}

static bool has_unanswered(const struct stratum *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->source[i]->begun && stratum_client_shares(s->source[i]->client)->waiting)
            return true;
    return false;
}

/* What was found is sent, and may still be accepted: the operator wants to know. */
static void settle(struct stratum *s)
{
    uint64_t start = clock_monotonic_ns();
    struct pollfd fds[STRATUM_MAX_POOLS + 2];
    bool more;

    rest(s);
    take_results(s, stratum_now_ns(s));
    do {
        nfds_t count;

        more = serve(s, stratum_now_ns(s));
        count = list_fds(s, fds);
        fds[1].fd = -1;
        if (!has_unanswered(s))
            break;
        pthread_mutex_unlock(&s->lock);
        wait_for_news(s, fds, count, more ? 0 : 100);
        pthread_mutex_lock(&s->lock);
    } while (clock_monotonic_ns() - start < GRACE_NS);
    for (size_t i = 0; i < s->count; i++)
        stratum_source_hang_up(s->source[i], stratum_now_ns(s));
}

static void tell(struct stratum *s, uint64_t *told_ns)
{
    uint64_t now = clock_monotonic_ns();

    if (!s->options.status_fn || !s->changed || now - *told_ns < TOLD_MS * UINT64_C(1000000))
        return;
    *told_ns = now;
    s->changed = false;
    pthread_mutex_unlock(&s->lock);
    s->options.status_fn(s->options.status_arg);
    pthread_mutex_lock(&s->lock);
}

enum stratum_end stratum_run(struct stratum *s)
{
    struct pollfd fds[STRATUM_MAX_POOLS + 2];
    uint64_t start = stratum_now_ns(s), ticked = start, told = 0;

    pthread_mutex_lock(&s->lock);
    s->hashes = miner_hashes(s->options.miner);
    while (!s->ended) {
        uint64_t now = stratum_now_ns(s);
        bool more = serve(s, now);
        nfds_t count;

        /* New work first: what was found before it came is none the worse for it. */
        stratum_choose(s, now);
        more = take_results(s, now) || more;
        if (now - ticked >= TICK_MS * UINT64_C(1000000)) {
            ticked = now;
            tick(s, now);
        }
        check_limits(s, now - start);
        tell(s, &told);
        if (s->ended)
            break;
        count = list_fds(s, fds);
        pthread_mutex_unlock(&s->lock);
        wait_for_news(s, fds, count, more ? 0 : TICK_MS / 4);
        pthread_mutex_lock(&s->lock);
    }
    settle(s);
    s->changed = true;
    told = 0;
    tell(s, &told);
    pthread_mutex_unlock(&s->lock);
    return s->end;
}

void stratum_stop(struct stratum *s)
{
    atomic_store(&s->stop, true);
    stratum_wake(s);
}

const char *stratum_error(const struct stratum *s) { return s->error; }

static unsigned or_default(unsigned value, unsigned fallback) { return value ? value : fallback; }

static void set_defaults(struct stratum *s)
{
    struct stratum_options *o = &s->options;

    o->rotate_s = or_default(o->rotate_s, STRATUM_DEFAULT_ROTATE_S);
    o->connect_s = or_default(o->connect_s, STRATUM_DEFAULT_CONNECT_S);
    o->answer_s = or_default(o->answer_s, STRATUM_DEFAULT_ANSWER_S);
    o->silent_s = or_default(o->silent_s, STRATUM_DEFAULT_SILENT_S);
    o->pause_s = or_default(o->pause_s, STRATUM_DEFAULT_PAUSE_S);
    if (!o->clock)
        o->clock = &s->real_clock;
}

static bool read_proxy(struct stratum *s, char text[static STRATUM_ERROR_SIZE])
{
    char why[CONNECTION_URL_ERROR_SIZE];

    if (!s->options.proxy)
        return true;
    if (!connection_url_parse(&s->proxy, s->options.proxy, why)) {
        snprintf(text, STRATUM_ERROR_SIZE, "the proxy's URL is none: %s", why);
        return false;
    }
    if (!strcmp(s->proxy.scheme, "socks5") || !strcmp(s->proxy.scheme, "socks5h"))
        return true;
    snprintf(text, STRATUM_ERROR_SIZE,
             "the proxy's URL begins with %s://, which is neither socks5 nor socks5h",
             s->proxy.scheme);
    return false;
}

static bool copy_options(struct stratum *s, const struct stratum_options *options,
                         char text[static STRATUM_ERROR_SIZE])
{
    s->options = *options;
    set_defaults(s);
    s->agent = strdup(options->agent ? options->agent : "exs");
    s->ca_file = options->ca_file ? strdup(options->ca_file) : NULL;
    if (!s->agent || (options->ca_file && !s->ca_file)) {
        snprintf(text, STRATUM_ERROR_SIZE, "out of memory");
        return false;
    }
    return read_proxy(s, text);
}

struct stratum *stratum_create(const struct stratum_options *options,
                               char text[static STRATUM_ERROR_SIZE])
{
    struct stratum *s = calloc(1, sizeof(*s));
    bool good = s != NULL;

    assert(options->pool_count >= 1 && options->pool_count <= STRATUM_MAX_POOLS);
    snprintf(text, STRATUM_ERROR_SIZE, "out of memory");
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->wake_fd < 0) {
        snprintf(text, STRATUM_ERROR_SIZE, "no file descriptor is left: %s", strerror(errno));
        good = false;
    }
    if (getrandom(&s->random, sizeof(s->random), GRND_NONBLOCK) != sizeof(s->random))
        s->random = clock_monotonic_ns();
    s->random |= 1; /* zero would stay zero */
    good = good && copy_options(s, options, text);
    for (size_t i = 0; good && i < options->pool_count; i++)
        good = stratum_source_create(s, &options->pools[i], text) != NULL;
    if (good)
        return s;
    stratum_destroy(s);
    return NULL;
}

void stratum_destroy(struct stratum *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        stratum_source_destroy(s->source[i]);
    for (size_t i = 0; i < STRATUM_WORKS; i++)
        stratum_job_unref(s->work[i].job);
    connection_trust_destroy(s->trust);
    if (s->wake_fd >= 0)
        close(s->wake_fd);
    pthread_mutex_destroy(&s->lock);
    free(s->agent);
    free(s->ca_file);
    free(s);
}
