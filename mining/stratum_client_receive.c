/* What a pool's lines say. */
#include "mining/stratum_client_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define SECOND_NS UINT64_C(1000000000)

enum {
    ERROR_OTHER = 20,
    ERROR_DUPLICATE = 22,
    ERROR_UNAUTHORIZED = 24,
    ERROR_NOT_SUBSCRIBED = 25,
    ID_MAX = 64,       /* bytes of a request's id that is given back */
    MESSAGES_MAX = 20, /* shown of one connection */
    MESSAGE_MAX = 200, /* bytes shown of one */
    EXCERPT = 40,
};

/* A line that makes no sense; false where it was one too many. */
static bool take_garbage(struct stratum_client *c, const char *what)
{
    if (!c->sensible || ++c->garbage >= STRATUM_CLIENT_GARBAGE_MAX)
        return stratum_client_fail(c, "what it sends is not Stratum: %s", what);
    log_warning(c->options.log, LOG_STRATUM, "%s: a line makes no sense: %s", c->options.name,
                what);
    return true;
}

/* A pool's error in one line: "21 job not found", from [21, "Job not found", null], {"code":, "message":} or a text. */
static int64_t read_error(char out[static STRATUM_CLIENT_TEXT_SIZE], const json_t *error,
                          const json_t *other)
{
    const json_t *code =
        json_is_object(error) ? json_object_get(error, "code") : json_array_get(error, 0);
    const json_t *text =
        json_is_object(error) ? json_object_get(error, "message") : json_array_get(error, 1);
    const char *said;
    char number[32] = "";

    if (json_is_string(error))
        text = error;
    if (!json_is_string(text))
        text = other;
    said = json_is_string(text) ? json_string_value(text) : "";
    if (json_is_integer(code))
        snprintf(number, sizeof(number), "%" PRId64 "%s", (int64_t)json_integer_value(code),
                 *said ? " " : "");
    memcpy(out, number, sizeof(number));
    mining_clean_text(out + strlen(number), STRATUM_CLIENT_TEXT_SIZE - strlen(number), said);
    return json_is_integer(code) ? (int64_t)json_integer_value(code) : 0;
}

/* The pool's mask as up to 8 hex digits. */
static bool read_mask(uint32_t *out, const json_t *json)
{
    const char *text = json_string_value(json);
    uint32_t mask = 0;

    if (!json_is_string(json) || !*text || json_string_length(json) > 8)
        return false;
    for (; *text; text++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, *text | 32);

        /* The bit that makes letters small leaves digits as they are, and makes some others digits. */
        if (!at || (*text < '0') || (*text > '9' && *text < 'A'))
            return false;
        mask = mask << 4 | (uint32_t)(at - digits);
    }
    *out = mask;
    return true;
}

static void set_mask(struct stratum_client *c, uint32_t mask)
{
    c->rolling = true;
    if (c->mask != (mask & c->options.version_mask))
        c->revision++;
    c->mask = mask & c->options.version_mask;
    log_debug(c->options.log, LOG_STRATUM, "%s: version bits %08" PRIx32 " may be rolled",
              c->options.name, c->mask);
}

static bool take_configure(struct stratum_client *c, const json_t *result)
{
    uint32_t mask;

    c->configure_id = 0;
    c->extranonce_subscribed = json_is_true(json_object_get(result, "subscribe-extranonce"));
    if (!c->options.version_mask || !json_is_true(json_object_get(result, "version-rolling")))
        return true;
    if (!read_mask(&mask, json_object_get(result, "version-rolling.mask")))
        return take_garbage(c, "version-rolling.mask is no mask");
    set_mask(c, mask);
    return true;
}

/* The session's name is beside "mining.notify", in a list of such pairs or alone. */
static void read_session(struct stratum_client *c, const json_t *list)
{
    const char *name = json_string_value(json_array_get(list, 0));
    const json_t *value = json_array_get(list, 1);

    *c->session = '\0';
    for (size_t i = 0; !name && i < json_array_size(list) && i < 8; i++) {
        const json_t *pair = json_array_get(list, i);
        const char *key = json_string_value(json_array_get(pair, 0));

        if (!key || strcmp(key, "mining.notify") != 0)
            continue;
        name = key;
        value = json_array_get(pair, 1);
    }
    if (name && !strcmp(name, "mining.notify") && json_is_string(value) &&
        json_string_length(value) < sizeof(c->session))
        memcpy(c->session, json_string_value(value), json_string_length(value) + 1);
}

static bool take_subscribe(struct stratum_client *c, const json_t *result, const json_t *error,
                           uint64_t now_ns)
{
    char text[STRATUM_CLIENT_TEXT_SIZE];
    struct stratum_extranonce extranonce;
    bool same;

    c->subscribe_id = 0;
    if (!json_is_array(result)) {
        *c->session = '\0';
        read_error(text, error, NULL);
        return stratum_client_fail(c, "it refuses mining.subscribe: %.100s", text);
    }
    if (!stratum_extranonce_parse(&extranonce, json_array_get(result, 1),
                                  json_array_get(result, 2))) {
        *c->session = '\0';
        return stratum_client_fail(c, "its answer to mining.subscribe has no extranonce1 of at "
                                      "most 32 bytes and extranonce2 of 1 to 32 bytes");
    }
    same =
        c->subscribed_once && *c->session && stratum_extranonce_equal(&extranonce, &c->subscribed);
    read_session(c, json_array_get(result, 0));
    c->subscribed = c->extranonce = extranonce;
    c->subscribed_once = true;
    if (same) {
        c->resuming = c->shares.waiting > 0;
        log_debug(c->options.log, LOG_STRATUM, "%s: the session is resumed", c->options.name);
    } else {
        stratum_client_give_up(c);
        c->session_epoch = ++c->epoch;
    }
    return stratum_client_authorize(c, now_ns);
}

static bool take_authorize(struct stratum_client *c, const json_t *result, const json_t *error,
                           uint64_t now_ns)
{
    char text[STRATUM_CLIENT_TEXT_SIZE];

    c->authorize_id = 0;
    if (json_is_true(result) && (!error || json_is_null(error)))
        return stratum_client_become_ready(c, now_ns);
    c->refused = true;
    read_error(text, error, NULL);
    return stratum_client_fail(c, "it refuses the user \"%.60s\"%s%.100s", c->options.user,
                               *text ? ": " : "", text);
}

static void tell_accepted(struct stratum_client *c, const struct stratum_share *share,
                          uint64_t now_ns)
{
    double latency_ms = (double)(now_ns - share->since_ns) / 1e6;
    bool seldom = now_ns - c->said_ns >= SECOND_NS;

    if (seldom || share->solves)
        log_info(c->options.log, LOG_STRATUM,
                 "accepted: a share of difficulty %.4g (its hash reached %.4g) by %s in %.0f ms%s",
                 share->job->difficulty, share->difficulty, c->options.name, latency_ms,
                 share->solves ? "; it solves a block" : "");
    else
        log_debug(c->options.log, LOG_STRATUM, "accepted: a share of difficulty %.4g",
                  share->job->difficulty);
    if (seldom)
        c->said_ns = now_ns;
}

/* Another block on that predecessor is welcome; but not one below the pool's difficulty, where it wants none such. */
static void take_refused_block(struct stratum_client *c, const struct stratum_share *share)
{
    if (uint256_compare(uint256_from_le(share->hash), share->job->target) > 0) {
        log_info(c->options.log, LOG_STRATUM,
                 "%s takes no blocks below its own difficulty: they are not looked for any more",
                 c->options.name);
        c->shares_alone = true;
    }
    c->block_found = false;
    c->revision++;
}

static bool take_share(struct stratum_client *c, struct stratum_share *share, const json_t *answer,
                       uint64_t now_ns)
{
    const json_t *result = json_object_get(answer, "result");
    const json_t *error = json_object_get(answer, "error");
    char text[STRATUM_CLIENT_TEXT_SIZE];
    bool accepted = json_is_true(result) && (!error || json_is_null(error));
    int64_t code = read_error(text, error, json_object_get(answer, "reject-reason"));

    /* It had arrived the first time, before the connection was lost with the answer. */
    if (share->again && (code == ERROR_DUPLICATE || strstr(text, "uplicate")))
        accepted = true;
    if (c->owner.share_fn)
        c->owner.share_fn(c->owner.arg, share, accepted);
    if (accepted) {
        c->unknown = 0;
        tell_accepted(c, share, now_ns);
        stratum_shares_accept(&c->shares, share);
        return true;
    }
    log_warning(c->options.log, LOG_STRATUM, "rejected: a share of difficulty %.4g%s by %s: %s",
                share->job->difficulty, share->solves ? " that solves a block" : "",
                c->options.name, *text ? text : "no reason given");
    if (share->solves)
        take_refused_block(c, share);
    stratum_shares_reject(&c->shares, share, text);
    if (code != ERROR_UNAUTHORIZED && code != ERROR_NOT_SUBSCRIBED)
        c->unknown = 0;
    else if (++c->unknown >= STRATUM_CLIENT_UNKNOWN_MAX)
        return stratum_client_fail(c, "it does not know us any more: %.100s", text);
    return true;
}

static bool take_answer(struct stratum_client *c, const json_t *answer, uint64_t now_ns)
{
    const json_t *result = json_object_get(answer, "result");
    const json_t *error = json_object_get(answer, "error");
    const json_t *number = json_object_get(answer, "id");
    uint64_t id = json_integer_value(number) > 0 ? (uint64_t)json_integer_value(number) : 0;
    struct stratum_share *share;

    if (!number || (!result && !error))
        return take_garbage(c, "it is neither a request nor an answer");
    c->sensible = true;
    if (!id)
        ;
    else if (id == c->configure_id)
        return take_configure(c, result);
    else if (id == c->subscribe_id)
        return take_subscribe(c, result, error, now_ns);
    else if (id == c->authorize_id)
        return take_authorize(c, result, error, now_ns);
    else if (id == c->extranonce_id || id == c->suggest_id)
        return true; /* asked for, and as good without */
    else if (id == c->ping_id) {
        c->ping_id = 0;
        c->pings_answered = true;
        return true;
    }
    share = id ? stratum_shares_find(&c->shares, id) : NULL;
    if (share)
        return take_share(c, share, answer, now_ns);
    log_debug(c->options.log, LOG_STRATUM, "%s: an answer to nothing that waits for one",
              c->options.name);
    return true;
}

static bool take_notify(struct stratum_client *c, const json_t *params, uint64_t now_ns)
{
    char error[STRATUM_JOB_ERROR_SIZE];
    struct stratum_job *job;
    bool cleans;

    if (c->state < STRATUM_AUTHORISING)
        return take_garbage(c, "mining.notify before the answer to mining.subscribe");
    job = stratum_job_parse(c->options.kernels, params, &c->extranonce, c->difficulty, now_ns,
                            &cleans, error);
    if (!job)
        return take_garbage(c, error);
    if (cleans)
        c->epoch++;
    job->epoch = c->epoch;
    stratum_job_unref(c->job);
    c->job = job;
    c->job_current = true;
    c->job_ns = now_ns;
    c->jobs++;
    c->revision++;
    log_debug(c->options.log, LOG_STRATUM, "%s: job %s%s, difficulty %.6g", c->options.name,
              job->id, cleans ? ", earlier ones are void" : "", job->difficulty);
    return stratum_client_resume(c, now_ns);
}

static void tell_difficulty(struct stratum_client *c, double difficulty, uint64_t now_ns)
{
    /* Not of a pool that changes its mind all the time. */
    if (now_ns - c->difficulty_ns >= SECOND_NS)
        log_info(c->options.log, LOG_STRATUM, "%s: difficulty %.6g from the next job on",
                 c->options.name, difficulty);
    c->difficulty_ns = now_ns;
}

static bool take_difficulty(struct stratum_client *c, const json_t *params, uint64_t now_ns)
{
    const json_t *json = json_array_get(params, 0);
    double difficulty = json_number_value(json);

    if (!json_is_number(json) || !isfinite(difficulty) || difficulty <= 0)
        return take_garbage(c, "mining.set_difficulty without a number above zero");
    if (difficulty != c->difficulty)
        tell_difficulty(c, difficulty, now_ns);
    c->difficulty = difficulty;
    return true;
}

static bool take_extranonce(struct stratum_client *c, const json_t *params)
{
    if (!stratum_extranonce_parse(&c->extranonce, json_array_get(params, 0),
                                  json_array_get(params, 1)))
        return take_garbage(c, "mining.set_extranonce without an extranonce");
    return true;
}

static bool take_version_mask(struct stratum_client *c, const json_t *params)
{
    uint32_t mask;

    if (!read_mask(&mask, json_array_get(params, 0)))
        return take_garbage(c, "mining.set_version_mask without a mask");
    if (c->options.version_mask)
        set_mask(c, mask);
    return true;
}

/* Host, port and seconds to wait, each of which may be missing; numbers come as strings too. */
static bool read_number(unsigned long *out, const json_t *json, unsigned long most)
{
    const char *text = json_string_value(json);
    unsigned long number = 0;

    *out = 0;
    if (!json || json_is_null(json))
        return true;
    if (json_is_integer(json)) {
        *out = (unsigned long)json_integer_value(json);
        return json_integer_value(json) >= 0 && *out <= most;
    }
    if (!text || strlen(text) > 6)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = 10 * number + (unsigned long)(*text - '0');
    }
    *out = number;
    return number <= most;
}

static bool take_reconnect(struct stratum_client *c, const json_t *params)
{
    const json_t *host = json_array_get(params, 0);
    struct stratum_reconnect r = {0};
    unsigned long port, wait;

    if ((host && !json_is_string(host) && !json_is_null(host)) ||
        json_string_length(host) >= sizeof(r.host) ||
        !read_number(&port, json_array_get(params, 1), UINT16_MAX) ||
        !read_number(&wait, json_array_get(params, 2), 999999))
        return take_garbage(c, "client.reconnect to no address");
    if (json_is_string(host))
        mining_clean_text(r.host, sizeof(r.host), json_string_value(host));
    r.port = (uint16_t)port;
    r.wait_s = wait < STRATUM_CLIENT_RECONNECT_MAX_S ? (unsigned)wait
                                                     : (unsigned)STRATUM_CLIENT_RECONNECT_MAX_S;
    c->reconnect = r;
    c->wants_reconnect = true;
    return true;
}

static bool take_message(struct stratum_client *c, const json_t *params)
{
    const char *text = json_string_value(json_array_get(params, 0));
    char shown[MESSAGE_MAX];

    if (!text)
        return take_garbage(c, "client.show_message without a message");
    mining_clean_text(shown, sizeof(shown), text);
    if (c->messages++ < MESSAGES_MAX)
        log_info(c->options.log, LOG_STRATUM, "%s says: %s", c->options.name, shown);
    return true;
}

/* Begins an answer to a request; false where it wants none. */
static bool open_answer(struct stratum_request *r, const json_t *request)
{
    const json_t *id = json_object_get(request, "id");

    if (!json_is_integer(id) && !(json_is_string(id) && json_string_length(id) <= ID_MAX))
        return false;
    json_writer_init_buffer(&r->w, r->text, sizeof(r->text) - 1);
    json_writer_open_object(&r->w);
    json_writer_key(&r->w, "id");
    if (json_is_integer(id))
        json_writer_int(&r->w, json_integer_value(id));
    else
        json_writer_string(&r->w, json_string_value(id));
    return true;
}

/* Answers a request with result, or with an error where that is NULL. */
static bool answer(struct stratum_client *c, const json_t *request, const char *result)
{
    struct stratum_request r;

    if (!open_answer(&r, request))
        return true;
    json_writer_key(&r.w, "result");
    if (result)
        json_writer_string(&r.w, result);
    else
        json_writer_null(&r.w);
    json_writer_key(&r.w, "error");
    if (result) {
        json_writer_null(&r.w);
    } else {
        json_writer_open_array(&r.w);
        json_writer_int(&r.w, ERROR_OTHER);
        json_writer_string(&r.w, "Unknown method");
        json_writer_null(&r.w);
        json_writer_close_array(&r.w);
    }
    json_writer_close_object(&r.w);
    return stratum_client_send_line(c, &r);
}

static bool take_request(struct stratum_client *c, const json_t *request, uint64_t now_ns)
{
    const char *method = json_string_value(json_object_get(request, "method"));
    const json_t *params = json_object_get(request, "params");
    char excerpt[EXCERPT];

    c->sensible = true;
    if (!strcmp(method, "mining.notify"))
        return take_notify(c, params, now_ns);
    if (!strcmp(method, "mining.set_difficulty"))
        return take_difficulty(c, params, now_ns);
    if (!strcmp(method, "mining.set_extranonce"))
        return take_extranonce(c, params);
    if (!strcmp(method, "mining.set_version_mask"))
        return take_version_mask(c, params);
    if (!strcmp(method, "mining.ping") || !strcmp(method, "client.ping"))
        return answer(c, request, "pong");
    if (!strcmp(method, "client.get_version"))
        return answer(c, request, c->options.agent);
    if (!strcmp(method, "client.reconnect"))
        return take_reconnect(c, params);
    if (!strcmp(method, "client.show_message"))
        return take_message(c, params);
    mining_clean_text(excerpt, sizeof(excerpt), method);
    log_debug(c->options.log, LOG_STRATUM, "%s: a request that is not known here: %s",
              c->options.name, excerpt);
    return answer(c, request, NULL);
}

bool stratum_client_line(struct stratum_client *c, struct bytes line, uint64_t now_ns)
{
    json_error_t error;
    json_t *json;
    bool go_on;

    while (line.size && strchr(" \t\r", line.data[line.size - 1]))
        line.size--;
    if (!line.size)
        return true;
    c->line_ns = now_ns;
    json = json_loadb((const char *)line.data, line.size, 0, &error);
    if (!json_is_object(json))
        go_on = take_garbage(c, json ? "it is JSON, but no object" : "it is not JSON");
    else if (json_is_string(json_object_get(json, "method")))
        go_on = take_request(c, json, now_ns);
    else
        go_on = take_answer(c, json, now_ns);
    json_decref(json);
    return go_on;
}
