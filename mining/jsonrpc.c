#include "mining/jsonrpc.h"

#include <curl/curl.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { COOKIE_MAX = 512 };

struct jsonrpc {
    CURL *easy;
    CURLM *multi;
    struct curl_slist *headers;
    char *name, *user, *password, *cookie_file;
    size_t answer_max;
    struct log *log;
    atomic_bool cancelled;
    /* Of the call under way. */
    uint64_t id;
    char *answer;
    size_t answer_size, answer_capacity;
    bool too_large, no_memory;
};

static void fail(struct jsonrpc_error *error, enum jsonrpc_kind kind, long status,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void fail(struct jsonrpc_error *error, enum jsonrpc_kind kind, long status,
                 const char *format, ...)
{
    va_list args;

    error->kind = kind;
    error->status = status;
    error->code = 0;
    va_start(args, format);
    vsnprintf(error->text, sizeof(error->text), format, args);
    va_end(args);
    for (char *c = error->text; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
}

/* Memory that held a password is not left to whoever gets it next. */
static void free_secret(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct jsonrpc *rpc = arg;
    size_t more = size * count, capacity = rpc->answer_capacity;

    if (more > rpc->answer_max - rpc->answer_size) {
        rpc->too_large = true;
        return 0;
    }
    while (capacity < rpc->answer_size + more)
        capacity = capacity ? 2 * capacity : 16384;
    if (capacity != rpc->answer_capacity) {
        char *larger = realloc(rpc->answer, capacity);

        if (!larger) {
            rpc->no_memory = true;
            return 0;
        }
        rpc->answer = larger;
        rpc->answer_capacity = capacity;
    }
    memcpy(rpc->answer + rpc->answer_size, data, more);
    rpc->answer_size += more;
    return more;
}

/* Splits user and password off the URL, which is then safe to be shown. */
static bool read_url(struct jsonrpc *rpc, const struct jsonrpc_options *options, char *text)
{
    static const CURLUPart secret[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS};
    CURLU *url = curl_url();
    char *scheme = NULL, *user = NULL, *password = NULL, *port = NULL, *name = NULL;
    char number[8];
    bool good = false;

    if (!url || curl_url_set(url, CURLUPART_URL, options->url, CURLU_GUESS_SCHEME) ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) ||
        (strcmp(scheme, "http") && strcmp(scheme, "https"))) {
        snprintf(text, JSONRPC_TEXT_SIZE, "not a URL of the form http://host:port/");
        goto done;
    }
    curl_url_get(url, CURLUPART_USER, &user, CURLU_URLDECODE);
    curl_url_get(url, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
    for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
        curl_url_set(url, secret[i], NULL, 0);
    snprintf(number, sizeof(number), "%u", (unsigned)options->default_port);
    if (options->default_port && curl_url_get(url, CURLUPART_PORT, &port, 0) &&
        curl_url_set(url, CURLUPART_PORT, number, 0))
        goto memory;
    if (curl_url_get(url, CURLUPART_URL, &name, 0))
        goto memory;
    rpc->name = strdup(name);
    if (!user && options->cookie_file && !(rpc->cookie_file = strdup(options->cookie_file)))
        goto memory;
    rpc->user = strdup(user ? user : options->user ? options->user : "");
    rpc->password = strdup(user                ? (password ? password : "")
                           : options->password ? options->password
                                               : "");
    good = rpc->name && rpc->user && rpc->password;
memory:
    if (!good)
        snprintf(text, JSONRPC_TEXT_SIZE, "out of memory");
done:
    if (password)
        explicit_bzero(password, strlen(password));
    curl_free(scheme);
    curl_free(user);
    curl_free(password);
    curl_free(port);
    curl_free(name);
    curl_url_cleanup(url);
    return good;
}

/* How it is reached: never by a proxy of the environment's. */
static bool set_route(CURL *e, const struct jsonrpc_options *options)
{
    const char *proxy = options->proxy ? options->proxy : "";
    long checks = options->any_certificate ? 0 : 1;

    return !curl_easy_setopt(e, CURLOPT_PROXY, proxy) &&
           (!options->ca_file ||
            (!curl_easy_setopt(e, CURLOPT_CAINFO, options->ca_file) &&
             /* Else the system's folder of certificates would count beside it. */
             !curl_easy_setopt(e, CURLOPT_CAPATH, NULL))) &&
           !curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, checks) &&
           !curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2 * checks);
}

/* Everything that all calls have in common. */
static bool set_options(struct jsonrpc *rpc, const struct jsonrpc_options *options)
{
    long connect_ms = options->connect_timeout_ms ? options->connect_timeout_ms
                                                  : (long)JSONRPC_CONNECT_TIMEOUT_MS;
    CURL *e = rpc->easy;

    rpc->headers = curl_slist_append(NULL, "Content-Type: application/json");
    /* Without this, libcurl waits a second for "100 Continue" before it sends a large block. */
    if (!rpc->headers || !curl_slist_append(rpc->headers, "Expect:"))
        return false;
    return !curl_easy_setopt(e, CURLOPT_URL, rpc->name) &&
           !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(e, CURLOPT_HTTPHEADER, rpc->headers) &&
           !curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) &&
           !curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
           !curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L) &&
           /* A name that can't be resolved must not hold up a cancelled call, or the program's end. */
           !curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L) &&
           /* A node whose machine vanished must be noticed during a long poll. */
           !curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 20L) &&
           !curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 5L) &&
           !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) &&
           !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer) &&
           !curl_easy_setopt(e, CURLOPT_WRITEDATA, rpc);
}

struct jsonrpc *jsonrpc_create(const struct jsonrpc_options *options,
                               char text[static JSONRPC_TEXT_SIZE])
{
    struct jsonrpc *rpc = calloc(1, sizeof(*rpc));

    snprintf(text, JSONRPC_TEXT_SIZE, "out of memory");
    if (!rpc)
        return NULL;
    if (!read_url(rpc, options, text))
        goto failed;
    rpc->answer_max = options->answer_max ? options->answer_max : (size_t)JSONRPC_ANSWER_MAX;
    rpc->log = options->log;
    rpc->easy = curl_easy_init();
    rpc->multi = curl_multi_init();
    if (!rpc->easy || !rpc->multi || !set_options(rpc, options) || !set_route(rpc->easy, options))
        goto failed;
    return rpc;
failed:
    jsonrpc_destroy(rpc);
    return NULL;
}

void jsonrpc_destroy(struct jsonrpc *rpc)
{
    if (!rpc)
        return;
    curl_easy_cleanup(rpc->easy);
    curl_multi_cleanup(rpc->multi);
    curl_slist_free_all(rpc->headers);
    free(rpc->name);
    free_secret(rpc->user);
    free_secret(rpc->password);
    free(rpc->cookie_file);
    free(rpc->answer);
    free(rpc);
}

const char *jsonrpc_name(const struct jsonrpc *rpc) { return rpc->name; }

void jsonrpc_cancel(struct jsonrpc *rpc)
{
    atomic_store(&rpc->cancelled, true);
    curl_multi_wakeup(rpc->multi);
}

void jsonrpc_reset(struct jsonrpc *rpc) { atomic_store(&rpc->cancelled, false); }

/* The file is read at each call, because a node that starts anew writes a new one. */
static bool set_cookie(struct jsonrpc *rpc, struct jsonrpc_error *error)
{
    char cookie[COOKIE_MAX + 1];
    int fd = open(rpc->cookie_file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t size = fd < 0 ? -1 : read(fd, cookie, sizeof(cookie) - 1);
    int why = errno;
    bool good = false;

    if (fd >= 0)
        close(fd);
    if (size < 0) {
        fail(error, JSONRPC_UNAUTHORISED, 0,
             "cannot read the cookie file %s: %s (is the node running, and as whom?)",
             rpc->cookie_file, strerror(why));
        return false;
    }
    cookie[size] = '\0';
    cookie[strcspn(cookie, "\r\n")] = '\0';
    if (!strchr(cookie, ':'))
        fail(error, JSONRPC_UNAUTHORISED, 0, "no cookie in the cookie file %s", rpc->cookie_file);
    else if (curl_easy_setopt(rpc->easy, CURLOPT_USERPWD, cookie))
        fail(error, JSONRPC_MEMORY, 0, "out of memory");
    else
        good = true;
    explicit_bzero(cookie, sizeof(cookie));
    return good;
}

static bool set_login(struct jsonrpc *rpc, struct jsonrpc_error *error)
{
    if (rpc->cookie_file)
        return set_cookie(rpc, error);
    if (!*rpc->user && !*rpc->password)
        return true;
    if (!curl_easy_setopt(rpc->easy, CURLOPT_USERNAME, rpc->user) &&
        !curl_easy_setopt(rpc->easy, CURLOPT_PASSWORD, rpc->password))
        return true;
    fail(error, JSONRPC_MEMORY, 0, "out of memory");
    return false;
}

/* Runs the transfer until it ends or is cancelled. */
static CURLcode transfer(struct jsonrpc *rpc)
{
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    CURLMsg *message;
    int running = 1, left;

    if (curl_multi_add_handle(rpc->multi, rpc->easy))
        return CURLE_OUT_OF_MEMORY;
    while (running && !atomic_load(&rpc->cancelled)) {
        if (curl_multi_perform(rpc->multi, &running)) {
            result = CURLE_OUT_OF_MEMORY;
            break;
        }
        if (running)
            curl_multi_poll(rpc->multi, NULL, 0, 1000, NULL);
    }
    while ((message = curl_multi_info_read(rpc->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            result = message->data.result;
    curl_multi_remove_handle(rpc->multi, rpc->easy);
    return result;
}

static void explain_transfer(const struct jsonrpc *rpc, CURLcode result, long timeout_ms,
                             struct jsonrpc_error *error)
{
    if (atomic_load(&rpc->cancelled))
        fail(error, JSONRPC_CANCELLED, 0, "cancelled");
    else if (rpc->too_large)
        fail(error, JSONRPC_MALFORMED, 0, "the answer is larger than %zu bytes", rpc->answer_max);
    else if (rpc->no_memory || result == CURLE_OUT_OF_MEMORY)
        fail(error, JSONRPC_MEMORY, 0, "out of memory");
    else if (result == CURLE_OPERATION_TIMEDOUT)
        fail(error, JSONRPC_TIMEOUT, 0, "no complete answer within %ld.%ld s", timeout_ms / 1000,
             timeout_ms % 1000 / 100);
    else
        fail(error, JSONRPC_TRANSPORT, 0, "%s", curl_easy_strerror(result));
}

json_t *jsonrpc_call(struct jsonrpc *rpc, const char *method, const char *params, long timeout_ms,
                     struct jsonrpc_error *error)
{
    static const char form[] = "{\"jsonrpc\":\"1.0\",\"id\":%llu,\"method\":\"%s\",\"params\":%s}";
    char *body = NULL;
    CURLcode result;
    long status = 0;
    int size;

    if (!timeout_ms)
        timeout_ms = JSONRPC_TIMEOUT_MS;
    rpc->answer_size = 0;
    rpc->too_large = rpc->no_memory = false;
    if (!set_login(rpc, error))
        return NULL;
    rpc->id++;
    size = asprintf(&body, form, (unsigned long long)rpc->id, method, params ? params : "[]");
    if (size < 0 || curl_easy_setopt(rpc->easy, CURLOPT_POSTFIELDS, body) ||
        curl_easy_setopt(rpc->easy, CURLOPT_POSTFIELDSIZE, (long)size) ||
        curl_easy_setopt(rpc->easy, CURLOPT_TIMEOUT_MS, timeout_ms)) {
        fail(error, JSONRPC_MEMORY, 0, "out of memory");
        free(size < 0 ? NULL : body);
        return NULL;
    }
    log_trace(rpc->log, LOG_RPC, "%s > %s", rpc->name, body);
    result = transfer(rpc);
    free(body);
    if (result) {
        explain_transfer(rpc, result, timeout_ms, error);
        log_trace(rpc->log, LOG_RPC, "%s < %s", rpc->name, error->text);
        return NULL;
    }
    log_trace(rpc->log, LOG_RPC, "%s < %.*s", rpc->name,
              (int)(rpc->answer_size < LOG_LINE_SIZE ? rpc->answer_size : LOG_LINE_SIZE),
              rpc->answer_size ? rpc->answer : "");
    curl_easy_getinfo(rpc->easy, CURLINFO_RESPONSE_CODE, &status);
    return jsonrpc_parse(bytes_of(rpc->answer, rpc->answer_size), rpc->id, status, error);
}

/* What is to be said of a status that came without a JSON-RPC answer. */
static void explain_status(long status, struct jsonrpc_error *error)
{
    if (status == 401)
        fail(error, JSONRPC_UNAUTHORISED, status,
             "unauthorised (HTTP 401): check user and password, or the cookie file");
    else if (status == 403)
        fail(error, JSONRPC_UNAUTHORISED, status,
             "forbidden (HTTP 403): does the node's rpcallowip allow this address?");
    else if (status == 503)
        fail(error, JSONRPC_HTTP, status, "busy (HTTP 503): the node's work queue is full");
    else
        fail(error, JSONRPC_HTTP, status, "HTTP status %ld instead of an answer", status);
}

/* A JSON-RPC error: an object with code and message, or whatever else a server says instead. */
static void read_error(const json_t *said, long status, struct jsonrpc_error *error)
{
    const char *message = json_string_value(json_object_get(said, "message"));
    json_t *code = json_object_get(said, "code");

    if (!message)
        message = json_string_value(said);
    fail(error, JSONRPC_RPC, status, "%s",
         message && *message ? message : "an error without a message");
    error->code = json_integer_value(code);
}

/* True where the answer is to the request: servers that could not read the id answer with null. */
static bool id_matches(const json_t *id, uint64_t want, bool failed)
{
    if (json_is_integer(id))
        return (uint64_t)json_integer_value(id) == want;
    return failed && (!id || json_is_null(id));
}

json_t *jsonrpc_parse(struct bytes answer, uint64_t id, long status, struct jsonrpc_error *error)
{
    json_error_t why;
    json_t *root = json_loadb((const char *)answer.data, answer.size, JSON_REJECT_DUPLICATES, &why);
    json_t *said = json_object_get(root, "error"), *result = json_object_get(root, "result");
    bool failed = said && !json_is_null(said);

    error->kind = JSONRPC_OK;
    if (status == 401 || status == 403 || (!json_is_object(root) && status != 200))
        explain_status(status, error);
    else if (!root)
        fail(error, JSONRPC_MALFORMED, status,
             "an answer of %zu bytes that is not JSON: %s (byte %d)", answer.size, why.text,
             why.position);
    else if (!json_is_object(root) || (!failed && !result))
        fail(error, status == 200 ? JSONRPC_MALFORMED : JSONRPC_HTTP, status,
             "an answer that is not JSON-RPC (HTTP %ld)", status);
    else if (!id_matches(json_object_get(root, "id"), id, failed))
        fail(error, JSONRPC_MALFORMED, status, "the answer to another request");
    else if (failed)
        read_error(said, status, error);
    else
        json_incref(result);
    json_decref(root);
    return error->kind == JSONRPC_OK ? result : NULL;
}
