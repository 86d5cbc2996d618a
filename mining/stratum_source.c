/* One pool of a run: its connection, and when there is to be one. */
#include "mining/stratum_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* A connection that is not wanted any more is kept so long for answers. */
#define LINGER_NS (10 * STRATUM_SECOND_NS)
/* One that lasted so long makes good for earlier failures. */
#define GOOD_NS (10 * STRATUM_SECOND_NS)

/* A pool may send us on a few times before it gives work; one that goes on with it is no use. */
enum { RECONNECTS_MAX = 3 };

bool stratum_is_url(const char *url)
{
    return strncasecmp(url, "stratum", 7) == 0 && strchr("+:", url[7]) && url[7];
}

/* A line for the log, where it wants the protocol itself: sent '>', received '<'. */
static void dump(const struct stratum_source *source, char direction, struct bytes line)
{
    static const char secret[] = "\"mining.authorize\"";
    size_t size = line.size < LOG_LINE_SIZE ? line.size : LOG_LINE_SIZE;

    while (size > 0 && line.data[size - 1] == '\n')
        size--;
    if (line.size > 0 && memmem(line.data, line.size, secret, sizeof(secret) - 1))
        log_trace(source->stratum->options.log, LOG_STRATUM, "%s %c mining.authorize, not shown",
                  source->name, direction);
    else
        log_trace(source->stratum->options.log, LOG_STRATUM, "%s %c %.*s", source->name, direction,
                  (int)size, line.size ? (const char *)line.data : "");
}

static bool send_line(void *arg, struct bytes line)
{
    struct stratum_source *source = arg;

    dump(source, '>', line);
    return connection_send(source->connection, line);
}

static void take_answer(void *arg, const struct stratum_share *share, bool accepted)
{
    struct stratum_source *source = arg;
    struct stratum *s = source->stratum;
    uint64_t now_s = (uint64_t)stratum_now_s(s);

    s->changed = true;
    if (accepted) {
        source->last_accepted_s = now_s;
        mining_tally_accepted(s->options.tally, share->lane, stratum_source_find(s, source->serial),
                              share->job->difficulty, now_s);
    } else {
        mining_tally_rejected(s->options.tally, share->lane, share->job->difficulty);
    }
}

static bool read_url(struct stratum_source *source, const char *text,
                     char error[static STRATUM_ERROR_SIZE])
{
    char why[CONNECTION_URL_ERROR_SIZE];

    if (!connection_url_parse(&source->url, text, why)) {
        snprintf(error, STRATUM_ERROR_SIZE, "a pool's URL is none: %s", why);
        return false;
    }
    source->tls =
        !strcmp(source->url.scheme, "stratum+ssl") || !strcmp(source->url.scheme, "stratum+tls");
    if (!source->tls && strcmp(source->url.scheme, "stratum+tcp") != 0) {
        snprintf(error, STRATUM_ERROR_SIZE,
                 "a pool's URL begins with %s://, which is none of stratum+tcp, stratum+ssl and "
                 "stratum+tls",
                 source->url.scheme);
        return false;
    }
    connection_url_name(source->name, sizeof(source->name), &source->url);
    return true;
}

/* User and password: the URL's, or else those beside it. */
static bool read_login(struct stratum_source *source, const struct stratum_pool *pool,
                       char error[static STRATUM_ERROR_SIZE])
{
    struct connection_url *url = &source->url;
    const char *user = pool->user ? pool->user : "";
    const char *password = pool->password ? pool->password : "x";

    if (strlen(user) >= sizeof(url->user) || strlen(password) >= sizeof(url->password)) {
        snprintf(error, STRATUM_ERROR_SIZE, "the user or password of %s is longer than %d bytes",
                 source->name, CONNECTION_LOGIN_SIZE - 1);
        return false;
    }
    if (!url->has_user)
        snprintf(url->user, sizeof(url->user), "%s", user);
    if (!url->has_password)
        snprintf(url->password, sizeof(url->password), "%s", password);
    return true;
}

static bool make_client(struct stratum_source *source)
{
    const struct stratum *s = source->stratum;
    struct stratum_client_options options = {
        .name = source->name,
        .user = source->url.user,
        .password = source->url.password,
        .agent = s->agent,
        .version_mask = s->options.version_mask,
        .suggest_difficulty = s->options.suggest_difficulty,
        .answer_ns = s->options.answer_s * STRATUM_SECOND_NS,
        .silent_ns = s->options.silent_s * STRATUM_SECOND_NS,
        .kernels = s->options.kernels,
        .log = s->options.log,
    };
    struct stratum_client_owner owner = {source, send_line, take_answer};

    source->client = stratum_client_create(&options, &owner);
    return source->client != NULL;
}

/* The first pool that wants TLS brings the certificates. */
static bool have_trust(struct stratum *s, char text[static STRATUM_ERROR_SIZE])
{
    char why[CONNECTION_ERROR_SIZE];

    if (s->trust)
        return true;
    s->trust = connection_trust_create(s->ca_file, s->options.any_certificate, why);
    if (!s->trust)
        snprintf(text, STRATUM_ERROR_SIZE, "%s", why);
    return s->trust != NULL;
}

struct stratum_source *stratum_source_create(struct stratum *s, const struct stratum_pool *pool,
                                             char text[static STRATUM_ERROR_SIZE])
{
    struct stratum_source *source = calloc(1, sizeof(*source));

    snprintf(text, STRATUM_ERROR_SIZE, "out of memory");
    if (!source)
        return NULL;
    source->stratum = s;
    source->enabled = true;
    source->quota = pool->quota ? pool->quota : 1;
    source->chunk = (uint64_t)stratum_random(s) << 32 | stratum_random(s);
    if (!read_url(source, pool->url, text) || !read_login(source, pool, text) ||
        (source->tls && !have_trust(s, text)) || !make_client(source)) {
        free(source);
        return NULL;
    }
    source->serial = ++s->serials;
    source->priority = (unsigned)s->count;
    s->source[s->count++] = source;
    return source;
}

void stratum_source_destroy(struct stratum_source *source)
{
    connection_destroy(source->connection);
    stratum_client_destroy(source->client);
    free(source);
}

size_t stratum_source_find(const struct stratum *s, uint64_t serial)
{
    size_t i = 0;

    while (i < s->count && s->source[i]->serial != serial)
        i++;
    return i;
}

static void drop_connection(struct stratum_source *source, uint64_t now_ns)
{
    if (source->begun)
        stratum_client_end(source->client, now_ns);
    connection_destroy(source->connection);
    source->connection = NULL;
    source->begun = source->alive = false;
    source->unwanted_ns = 0;
    source->stratum->changed = true;
}

void stratum_source_hang_up(struct stratum_source *source, uint64_t now_ns)
{
    if (!source->connection)
        return;
    drop_connection(source, now_ns);
    *source->text = '\0';
}

void stratum_source_fail(struct stratum_source *source, const char *why, uint64_t now_ns)
{
    struct stratum *s = source->stratum;
    uint64_t longest = s->options.pause_s * STRATUM_SECOND_NS, pause;

    if (source->alive && now_ns - source->alive_ns >= GOOD_NS)
        source->failures = 0;
    source->failures++;
    source->all_failures++;
    snprintf(source->text, sizeof(source->text), "%s", why);
    /* What a wrong password is answered with does not change soon. */
    pause = strategy_pause_ns(stratum_client_refused(source->client) ? 32 : source->failures,
                              longest, stratum_random(s));
    source->retry_ns = now_ns + pause;
    *source->elsewhere.host = '\0';
    source->elsewhere.port = 0;
    drop_connection(source, now_ns);
    log_warning(s->options.log, LOG_STRATUM, "%s: %s; trying again in %" PRIu64 ".%" PRIu64 " s",
                source->name, source->text, pause / STRATUM_SECOND_NS,
                pause / (STRATUM_SECOND_NS / 10) % 10);
}

const char *stratum_source_error(const struct stratum_source *source)
{
    const char *broken = connection_error(source->connection);

    return *broken ? broken : stratum_client_error(source->client);
}

static void start(struct stratum_source *source, uint64_t now_ns)
{
    struct stratum *s = source->stratum;
    const struct stratum_reconnect *elsewhere = &source->elsewhere;
    struct connection_options options = {
        .host = *elsewhere->host ? elsewhere->host : source->url.host,
        .port = elsewhere->port ? elsewhere->port : source->url.port,
        .trust = source->tls ? s->trust : NULL,
        .proxy = s->options.proxy ? &s->proxy : NULL,
        .stage_ns = s->options.connect_s * STRATUM_SECOND_NS,
        .line_max = STRATUM_CLIENT_LINE_MAX,
    };

    source->tried_ns = now_ns;
    source->connection = connection_create(&options, now_ns);
    if (!source->connection)
        stratum_source_fail(source, "no memory, thread or file descriptor is left", now_ns);
}

/* client.reconnect: obeyed within the pool's own host, and elsewhere where that is allowed. */
static bool take_reconnect(struct stratum_source *source, uint64_t now_ns)
{
    struct stratum *s = source->stratum;
    struct stratum_reconnect r;
    bool same;

    if (!stratum_client_take_reconnect(source->client, &r))
        return false;
    same = !*r.host || !strcasecmp(r.host, source->url.host);
    if (!same && !s->options.reconnect_elsewhere) {
        log_warning(s->options.log, LOG_STRATUM,
                    "%s wants us to go to another host, %s:%u; that is not done unless it is "
                    "allowed",
                    source->name, r.host, r.port);
        return false;
    }
    if (!*r.host)
        memcpy(r.host, source->elsewhere.host, sizeof(r.host));
    if (same && *r.host)
        *r.host = '\0';
    if (++source->reconnects > RECONNECTS_MAX) {
        stratum_source_fail(source, "it asks to reconnect again and again", now_ns);
        return true;
    }
    log_info(s->options.log, LOG_STRATUM, "%s: reconnecting as it asks%s%s, in %u s", source->name,
             *r.host ? ", to " : "", r.host, r.wait_s);
    source->elsewhere = r;
    source->retry_ns = now_ns + r.wait_s * STRATUM_SECOND_NS;
    snprintf(source->text, sizeof(source->text), "it asked to reconnect");
    drop_connection(source, now_ns);
    return true;
}

static void update_alive(struct stratum_source *source, uint64_t now_ns)
{
    struct stratum *s = source->stratum;
    bool alive = stratum_client_job(source->client) != NULL;
    struct strategy view;

    if (alive && !source->alive) {
        stratum_strategy_view(s, &view, now_ns);
        source->hashes = strategy_entry_hashes(&view, stratum_source_find(s, source->serial));
        /* One that the operator chose need not prove itself first. */
        source->alive_ns =
            source->chosen && now_ns > STRATUM_STEADY_NS ? now_ns - STRATUM_STEADY_NS : now_ns;
        source->chosen = false;
        *source->text = '\0';
        log_info(s->options.log, LOG_STRATUM, "%s gives work, difficulty %.6g", source->name,
                 stratum_client_job(source->client)->difficulty);
        s->changed = true;
    }
    if (alive && now_ns - source->alive_ns >= GOOD_NS)
        source->failures = source->reconnects = 0;
    source->alive = alive;
}

/* Reads and answers; false where the connection was ended. */
static bool converse(struct stratum_source *source, uint64_t now_ns)
{
    struct connection *c = source->connection;
    enum connection_state state = connection_advance(c, now_ns);
    struct bytes line;
    bool good = true;

    if (state == CONNECTION_OPEN && !source->begun) {
        source->begun = true;
        good = stratum_client_begin(source->client, now_ns);
    }
    while (good && source->begun && connection_line(c, &line)) {
        dump(source, '<', line);
        good = stratum_client_line(source->client, line, now_ns);
    }
    if (!good)
        stratum_source_fail(source, stratum_source_error(source), now_ns);
    else if (!take_reconnect(source, now_ns) && state == CONNECTION_FAILED)
        stratum_source_fail(source, connection_error(c), now_ns);
    return source->connection != NULL;
}

void stratum_source_serve(struct stratum_source *source, bool wanted, uint64_t now_ns)
{
    if (!source->connection) {
        if (!wanted || now_ns < source->retry_ns)
            return;
        start(source, now_ns);
    }
    if (!source->connection || !converse(source, now_ns))
        return;
    update_alive(source, now_ns);
    if (wanted) {
        source->unwanted_ns = 0;
        return;
    }
    if (!source->unwanted_ns)
        source->unwanted_ns = now_ns;
    if (!stratum_client_shares(source->client)->waiting || now_ns - source->unwanted_ns > LINGER_NS)
        stratum_source_hang_up(source, now_ns);
}

void stratum_strategy_view(const struct stratum *s, struct strategy *out, uint64_t now_ns)
{
    *out = (struct strategy){.kind = s->options.strategy,
                             .rotate_ns = s->options.rotate_s * STRATUM_SECOND_NS,
                             .count = s->count,
                             .current = stratum_source_find(s, s->current),
                             .current_ns = s->current_ns};
    for (size_t i = 0; i < s->count; i++) {
        const struct stratum_source *source = s->source[i];
        bool fresh = source->tried_ns == 0 ||
                     (source->connection && now_ns - source->tried_ns < STRATUM_HOPE_NS);

        out->pool[i] = (struct strategy_pool){
            .enabled = source->enabled,
            .priority = source->priority,
            .quota = source->quota,
            .alive = source->alive,
            .alive_ns = source->alive_ns,
            .hopeful = !source->alive && source->failures == 0 && fresh,
            .hashes = source->hashes,
        };
    }
}
