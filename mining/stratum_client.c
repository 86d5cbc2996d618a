#include "mining/stratum_client.h"

#include "base/hex.h"
#include "consensus/block.h"
#include "mining/stratum_client_impl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SECOND_NS UINT64_C(1000000000)
/* A pool from which nothing came for so long is asked for a sign of life. */
#define QUIET_NS (60 * SECOND_NS)

enum {
    /* A mask of fewer bits is no help: the search would have to change its job as often as without. */
    MIN_BIT_COUNT = 2,
};

bool stratum_client_fail(struct stratum_client *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(c->error, sizeof(c->error), format, args);
    va_end(args);
    return false;
}

struct stratum_client *stratum_client_create(const struct stratum_client_options *options,
                                             const struct stratum_client_owner *owner)
{
    struct stratum_client *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->options = *options;
    c->owner = *owner;
    c->difficulty = 1;
    return c;
}

void stratum_client_destroy(struct stratum_client *c)
{
    if (!c)
        return;
    stratum_shares_free(&c->shares);
    stratum_job_unref(c->job);
    free(c);
}

uint64_t stratum_client_open(struct stratum_client *c, struct stratum_request *r,
                             const char *method)
{
    uint64_t id = ++c->last_id;

    json_writer_init_buffer(&r->w, r->text, sizeof(r->text) - 1);
    json_writer_open_object(&r->w);
    json_writer_key(&r->w, "id");
    json_writer_uint(&r->w, id);
    json_writer_key(&r->w, "method");
    json_writer_string(&r->w, method);
    json_writer_key(&r->w, "params");
    json_writer_open_array(&r->w);
    return id;
}

bool stratum_client_send_line(struct stratum_client *c, struct stratum_request *r)
{
    struct bytes text;

    if (!json_writer_finish(&r->w))
        return stratum_client_fail(c, "a request is too long: shorten user and password");
    text = json_writer_text(&r->w);
    r->text[text.size] = '\n';
    if (!c->owner.send_fn(c->owner.arg, bytes_of(r->text, text.size + 1)))
        return stratum_client_fail(c, "the pool does not read what is sent to it");
    return true;
}

bool stratum_client_send(struct stratum_client *c, struct stratum_request *r)
{
    json_writer_close_array(&r->w);
    json_writer_close_object(&r->w);
    return stratum_client_send_line(c, r);
}

/* BIP310's: what we can do beyond plain Stratum. */
static bool send_configure(struct stratum_client *c)
{
    struct stratum_request r;
    uint32_t mask = c->options.version_mask;
    char hex[9];

    c->configure_id = stratum_client_open(c, &r, "mining.configure");
    json_writer_open_array(&r.w);
    if (mask)
        json_writer_string(&r.w, "version-rolling");
    json_writer_string(&r.w, "subscribe-extranonce");
    json_writer_close_array(&r.w);
    json_writer_open_object(&r.w);
    if (mask) {
        snprintf(hex, sizeof(hex), "%08" PRIx32, mask);
        json_writer_key(&r.w, "version-rolling.mask");
        json_writer_string(&r.w, hex);
        json_writer_key(&r.w, "version-rolling.min-bit-count");
        json_writer_int(&r.w, MIN_BIT_COUNT);
    }
    json_writer_close_object(&r.w);
    return stratum_client_send(c, &r);
}

static bool send_subscribe(struct stratum_client *c)
{
    struct stratum_request r;

    c->subscribe_id = stratum_client_open(c, &r, "mining.subscribe");
    json_writer_string(&r.w, c->options.agent);
    if (*c->session)
        json_writer_string(&r.w, c->session);
    return stratum_client_send(c, &r);
}

bool stratum_client_begin(struct stratum_client *c, uint64_t now_ns)
{
    c->state = STRATUM_SUBSCRIBING;
    c->state_ns = c->line_ns = c->job_ns = c->ping_ns = now_ns;
    c->configure_id = c->subscribe_id = c->authorize_id = 0;
    c->extranonce_id = c->suggest_id = c->ping_id = 0;
    c->sensible = c->pings_answered = c->extranonce_subscribed = false;
    c->refused = c->wants_reconnect = c->rolling = c->job_current = false;
    c->garbage = c->messages = c->unknown = 0;
    c->mask = 0;
    c->difficulty = 1;
    c->shares.lost_in_a_row = 0;
    *c->error = '\0';
    /* Not waiting for configure's answer: pools that do not know it may leave it unanswered. */
    return (c->no_configure || send_configure(c)) && send_subscribe(c);
}

bool stratum_client_authorize(struct stratum_client *c, uint64_t now_ns)
{
    struct stratum_request r;

    c->state = STRATUM_AUTHORISING;
    c->state_ns = now_ns;
    c->authorize_id = stratum_client_open(c, &r, "mining.authorize");
    json_writer_string(&r.w, c->options.user);
    json_writer_string(&r.w, c->options.password);
    return stratum_client_send(c, &r);
}

bool stratum_client_become_ready(struct stratum_client *c, uint64_t now_ns)
{
    struct stratum_request r;

    c->state = STRATUM_READY;
    c->state_ns = now_ns;
    c->revision++;
    if (!c->extranonce_subscribed) {
        c->extranonce_id = stratum_client_open(c, &r, "mining.extranonce.subscribe");
        if (!stratum_client_send(c, &r))
            return false;
    }
    if (c->options.suggest_difficulty > 0) {
        c->suggest_id = stratum_client_open(c, &r, "mining.suggest_difficulty");
        json_writer_double(&r.w, c->options.suggest_difficulty);
        if (!stratum_client_send(c, &r))
            return false;
    }
    return stratum_client_resume(c, now_ns);
}

static void give_up_share(struct stratum_client *c, struct stratum_share *share)
{
    struct stratum_job *job = stratum_job_ref(share->job);
    bool sent = share->id != 0;

    if (share->solves) {
        log_warning(c->options.log, LOG_STRATUM,
                    "%s: the connection was lost with a share that solves a block, and nothing is "
                    "known of its fate",
                    c->options.name);
        c->block_found = false; /* another one may win */
        c->revision++;
    }
    stratum_shares_lose(&c->shares, share);
    if (!sent) {
        c->shares.counts.lost--;
        stratum_shares_stale(&c->shares, job);
    }
    stratum_job_unref(job);
}

void stratum_client_give_up(struct stratum_client *c)
{
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++)
        if (c->shares.share[i].job)
            give_up_share(c, &c->shares.share[i]);
    /* That the connection broke with them says nothing of whether the next one's are answered. */
    c->shares.lost_in_a_row = 0;
    c->resuming = false;
}

void stratum_client_end(struct stratum_client *c, uint64_t now_ns)
{
    if (c->state == STRATUM_SUBSCRIBING && c->subscribe_id && !c->sensible) {
        /* Perhaps the greeting was too much: the next one is another. */
        c->no_configure = !c->no_configure;
        *c->session = '\0';
    }
    c->state = STRATUM_OFF;
    c->job_current = false;
    c->revision++;
    if (!*c->session)
        stratum_client_give_up(c);
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++)
        if (c->shares.share[i].job)
            c->shares.share[i].since_ns = now_ns;
}

static bool send_share(struct stratum_client *c, struct stratum_share *share, uint64_t now_ns)
{
    const struct stratum_job *job = share->job;
    uint8_t second[STRATUM_EXTRANONCE_MAX];
    struct stratum_request r;
    char hex[9];

    share->id = stratum_client_open(c, &r, "mining.submit");
    share->since_ns = now_ns;
    json_writer_string(&r.w, c->options.user);
    json_writer_string(&r.w, job->id);
    stratum_job_extranonce2(job, share->extranonce, second);
    json_writer_hex(&r.w, bytes_of(second, job->extranonce.second_size));
    snprintf(hex, sizeof(hex), "%08" PRIx32, read_le32(share->header + 68));
    json_writer_string(&r.w, hex);
    snprintf(hex, sizeof(hex), "%08" PRIx32, read_le32(share->header + 76));
    json_writer_string(&r.w, hex);
    if (c->rolling) {
        snprintf(hex, sizeof(hex), "%08" PRIx32, read_le32(share->header) & c->mask);
        json_writer_string(&r.w, hex);
    }
    if (stratum_client_send(c, &r))
        return true;
    share->id = 0;
    return false;
}

/* Whether the share has version bits that this connection's mask does not let it name. */
static bool rolls_other_bits(const struct stratum_client *c, const struct stratum_share *share)
{
    return ((read_le32(share->header) ^ share->job->version) & ~c->mask) != 0;
}

bool stratum_client_resume(struct stratum_client *c, uint64_t now_ns)
{
    if (!c->resuming || c->state != STRATUM_READY || !c->job_current)
        return true;
    c->resuming = false;
    for (size_t i = 0; i < STRATUM_SHARES_MAX; i++) {
        struct stratum_share *share = &c->shares.share[i];

        if (!share->job)
            continue;
        if (memcmp(share->header + 4, c->job->header + 4, 32) != 0 ||
            !stratum_extranonce_equal(&share->job->extranonce, &c->extranonce) ||
            rolls_other_bits(c, share)) {
            give_up_share(c, share);
            continue;
        }
        share->again = share->id != 0;
        if (!send_share(c, share, now_ns))
            return false;
    }
    c->shares.lost_in_a_row = 0; /* as in stratum_client_give_up */
    return true;
}

static bool send_ping(struct stratum_client *c, uint64_t now_ns)
{
    struct stratum_request r;

    c->ping_ns = now_ns;
    c->ping_id = stratum_client_open(c, &r, "mining.ping");
    return stratum_client_send(c, &r);
}

static bool check_life(struct stratum_client *c, uint64_t now_ns)
{
    uint64_t answer_s = c->options.answer_ns / SECOND_NS;
    uint64_t quiet = c->options.silent_ns / 4;

    if (c->state != STRATUM_READY && now_ns - c->state_ns > c->options.answer_ns)
        return stratum_client_fail(c, "no answer to mining.%s for %" PRIu64 " s",
                                   c->state == STRATUM_SUBSCRIBING ? "subscribe" : "authorize",
                                   answer_s);
    if (c->state == STRATUM_READY && now_ns - c->job_ns > c->options.silent_ns)
        return stratum_client_fail(c, "no job for %" PRIu64 " s", c->options.silent_ns / SECOND_NS);
    /* Those that wait to be sent again were lost to the last connection, not to this one. */
    if (c->state == STRATUM_READY && !c->resuming &&
        c->shares.lost_in_a_row >= STRATUM_CLIENT_LOST_MAX)
        return stratum_client_fail(c, "it does not answer shares");
    if (c->ping_id && c->pings_answered && now_ns - c->ping_ns > c->options.answer_ns)
        return stratum_client_fail(c, "no answer to a ping for %" PRIu64 " s", answer_s);
    if (quiet > QUIET_NS)
        quiet = QUIET_NS;
    if (c->state == STRATUM_READY && now_ns - c->line_ns > quiet && now_ns - c->ping_ns > quiet)
        return send_ping(c, now_ns);
    return true;
}

bool stratum_client_tick(struct stratum_client *c, uint64_t now_ns)
{
    char text[STRATUM_ALARM_SIZE];
    size_t lost = 0;

    if (now_ns > c->options.answer_ns)
        lost = stratum_shares_expire(&c->shares, now_ns - c->options.answer_ns);
    if (lost)
        log_warning(c->options.log, LOG_STRATUM, "%s: no answer to %zu share%s for %" PRIu64 " s",
                    c->options.name, lost, lost == 1 ? "" : "s", c->options.answer_ns / SECOND_NS);
    if (stratum_shares_alarm(&c->shares, now_ns, text))
        log_warning(c->options.log, LOG_STRATUM, "%s: %s", c->options.name, text);
    return c->state == STRATUM_OFF || check_life(c, now_ns);
}

/* Whether a block was found already on the predecessor of this header: another can win nothing more. */
static bool is_second(const struct stratum_client *c, const uint8_t header[static 80])
{
    return c->block_found && memcmp(c->block_previous, header + 4, sizeof(c->block_previous)) == 0;
}

/* Whether the share may be sent: not where the pool would surely refuse it. */
static bool is_sendable(const struct stratum_client *c, const struct stratum_share *share)
{
    if (share->job->epoch < c->session_epoch)
        return false;
    if (share->solves)
        return true;
    return share->job->epoch == c->epoch &&
           (c->state == STRATUM_OFF || !rolls_other_bits(c, share));
}

static void tell_block(struct stratum_client *c, const struct stratum_share *share)
{
    char name[65];

    hex_encode_reversed(name, share->hash, sizeof(share->hash));
    log_info(c->options.log, LOG_STRATUM, "found block %s of difficulty %.6g for %s", name,
             share->difficulty, c->options.name);
    c->block_found = true;
    memcpy(c->block_previous, share->header + 4, sizeof(c->block_previous));
    c->revision++;
}

enum stratum_submit stratum_client_submit(struct stratum_client *c, struct stratum_job *job,
                                          uint64_t extranonce, const uint8_t header[static 80],
                                          size_t lane, uint64_t now_ns)
{
    struct stratum_share share = {
        .job = job, .extranonce = extranonce, .lane = lane, .since_ns = now_ns};
    struct block_hash hash = block_raw_header_hash(job->compress, header);
    struct uint256 number = uint256_from_le(hash.bytes);
    struct stratum_share *placed;

    memcpy(share.header, header, sizeof(share.header));
    memcpy(share.hash, hash.bytes, sizeof(share.hash));
    share.difficulty = uint256_difficulty(number);
    share.solves = !uint256_is_zero(job->network_target) &&
                   uint256_compare(number, job->network_target) <= 0 && !is_second(c, header);
    if ((!share.solves || c->shares_alone) && uint256_compare(number, job->target) > 0)
        return STRATUM_LOW;
    if (c->shares.waiting == STRATUM_SHARES_MAX && !share.solves)
        return STRATUM_FULL;
    if (!is_sendable(c, &share)) {
        stratum_shares_stale(&c->shares, job);
        return STRATUM_STALE;
    }
    if (stratum_shares_known(&c->shares, share.hash))
        return STRATUM_DUPLICATE;
    if (share.solves) {
        tell_block(c, &share);
        stratum_shares_make_room(&c->shares);
    }
    placed = stratum_shares_add(&c->shares, &share);
    if (c->state != STRATUM_READY)
        return STRATUM_HELD;
    return send_share(c, placed, now_ns) ? STRATUM_SENT : STRATUM_BROKEN;
}

struct stratum_job *stratum_client_job(const struct stratum_client *c)
{
    return c->state == STRATUM_READY && c->job_current ? c->job : NULL;
}

uint32_t stratum_client_version_mask(const struct stratum_client *c)
{
    return c->job ? stratum_job_version_mask(c->job, c->mask) : 0;
}

uint64_t stratum_client_revision(const struct stratum_client *c) { return c->revision; }

struct uint256 stratum_client_target(const struct stratum_client *c)
{
    if (!c->shares_alone && !is_second(c, c->job->header) &&
        uint256_compare(c->job->network_target, c->job->target) > 0)
        return c->job->network_target;
    return c->job->target;
}

bool stratum_client_is_stale(const struct stratum_client *c, const struct stratum_job *job)
{
    return job->epoch != c->epoch;
}

bool stratum_client_take_reconnect(struct stratum_client *c, struct stratum_reconnect *out)
{
    bool wants = c->wants_reconnect;

    if (wants)
        *out = c->reconnect;
    c->wants_reconnect = false;
    return wants;
}

const char *stratum_client_error(const struct stratum_client *c) { return c->error; }
bool stratum_client_refused(const struct stratum_client *c) { return c->refused; }
struct stratum_shares *stratum_client_shares(struct stratum_client *c) { return &c->shares; }
uint64_t stratum_client_jobs(const struct stratum_client *c) { return c->jobs; }
double stratum_client_difficulty(const struct stratum_client *c) { return c->difficulty; }
