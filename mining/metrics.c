#include "mining/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A page that grows. Once memory lacks it stays failed. */
struct page {
    char *text;
    size_t size, capacity;
    bool failed;
};

static void add(struct page *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct page *p, const char *format, ...)
{
    va_list args;
    int size;

    for (;;) {
        size_t room = p->capacity - p->size;
        char *more;

        if (p->failed)
            return;
        va_start(args, format);
        size = vsnprintf(p->text ? p->text + p->size : NULL, room, format, args);
        va_end(args);
        if (size >= 0 && (size_t)size < room)
            break;
        more = size < 0 ? NULL : realloc(p->text, 2 * p->capacity + (size_t)size + 4096);
        if (!more) {
            p->failed = true;
            return;
        }
        p->text = more;
        p->capacity = 2 * p->capacity + (size_t)size + 4096;
    }
    p->size += (size_t)size;
}

/* name="value" with what the format wants escaped. */
static void add_label(struct page *p, bool first, const char *name, const char *value)
{
    add(p, "%s%s=\"", first ? "{" : ",", name);
    for (; *value; value++)
        if (*value == '\\' || *value == '"')
            add(p, "\\%c", *value);
        else if (*value == '\n')
            add(p, "\\n");
        else
            add(p, "%c", *value);
    add(p, "\"");
}

static void head(struct page *p, const char *name, const char *type, const char *help)
{
    add(p, "# HELP exs_miner_%s %s\n# TYPE exs_miner_%s %s\n", name, help, name, type);
}

/* With as few digits as say the number exactly, or nearly so. */
static void add_value(struct page *p, double value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.15g", value);
    if (isnan(value))
        add(p, " NaN\n");
    else if (isinf(value))
        add(p, value > 0 ? " +Inf\n" : " -Inf\n");
    else if (strtod(text, NULL) == value)
        add(p, " %s\n", text);
    else
        add(p, " %.17g\n", value);
}

static void single(struct page *p, const char *name, const char *type, const char *help,
                   double value)
{
    head(p, name, type, help);
    add(p, "exs_miner_%s", name);
    add_value(p, value);
}

static void add_lane_labels(struct page *p, const char *name, const struct monitor_device *d)
{
    char id[32];

    snprintf(id, sizeof(id), "%s%u", d->kind == MONITOR_GPU ? "gpu" : "cpu", d->id);
    add(p, "exs_miner_%s", name);
    add_label(p, true, "device", id);
}

/* One number of every lane. */
static void per_lane(struct page *p, const struct monitor_report *r, const char *name,
                     const char *type, const char *help,
                     bool (*value_fn)(const struct monitor_lane *lane, double *value))
{
    double value;

    head(p, name, type, help);
    for (size_t i = 0; i < r->lane_count; i++) {
        if (!value_fn(&r->lane[i], &value))
            continue;
        add_lane_labels(p, name, &r->lane[i].device);
        add(p, "}");
        add_value(p, value);
    }
}

static bool lane_hashes(const struct monitor_lane *lane, double *value)
{
    *value = (double)lane->hashes;
    return true;
}

static bool lane_rate(const struct monitor_lane *lane, double *value)
{
    *value = lane->rates.m1;
    return true;
}

static bool lane_temperature(const struct monitor_lane *lane, double *value)
{
    *value = lane->condition.temperature;
    return lane->condition.has_temperature;
}

static bool lane_power(const struct monitor_lane *lane, double *value)
{
    *value = lane->condition.power;
    return lane->condition.has_power;
}

static bool lane_alive(const struct monitor_lane *lane, double *value)
{
    *value = lane->condition.alive;
    return true;
}

static bool lane_errors(const struct monitor_lane *lane, double *value)
{
    *value = (double)lane->tally.errors;
    return true;
}

static void add_lanes(struct page *p, const struct monitor_report *r)
{
    head(p, "device_info", "gauge", "What a device is.");
    for (size_t i = 0; i < r->lane_count; i++) {
        const struct monitor_device *d = &r->lane[i].device;

        add_lane_labels(p, "device_info", d);
        add_label(p, false, "kind", d->kind == MONITOR_GPU ? "gpu" : "cpu");
        add_label(p, false, "name", d->name);
        add_label(p, false, "kernel", d->kernel);
        add_label(p, false, "driver", d->driver);
        add(p, "} 1\n");
    }
    per_lane(p, r, "hashes_total", "counter", "Headers hashed.", lane_hashes);
    per_lane(p, r, "hash_rate", "gauge", "Hashes a second, over about a minute.", lane_rate);
    per_lane(p, r, "device_up", "gauge", "Whether the device works.", lane_alive);
    per_lane(p, r, "device_errors_total", "counter", "Results of the device that were wrong.",
             lane_errors);
    per_lane(p, r, "temperature_celsius", "gauge", "Temperature of the device.", lane_temperature);
    per_lane(p, r, "power_watts", "gauge", "Power that the device draws.", lane_power);
}

/* A pool may be given twice, with other users or the same: its number tells them apart. */
static void add_source_labels(struct page *p, const char *name, const struct monitor_report *r,
                              size_t i)
{
    char number[24];

    snprintf(number, sizeof(number), "%zu", i);
    add(p, "exs_miner_%s", name);
    add_label(p, true, "pool", number);
    add_label(p, false, "url", r->status.source[i].url);
}

static void add_shares(struct page *p, const struct monitor_report *r)
{
    static const char *const results[] = {"accepted", "rejected", "stale", "lost"};

    head(p, "shares_total", "counter", "Shares (of a node: blocks) by what became of them.");
    for (size_t i = 0; i < r->status.source_count; i++) {
        const struct mining_counts *c = &r->status.source[i].counts;
        const uint64_t count[] = {c->accepted, c->rejected, c->stale, c->lost};

        for (size_t n = 0; n < sizeof(results) / sizeof(*results); n++) {
            add_source_labels(p, "shares_total", r, i);
            add_label(p, false, "result", results[n]);
            add(p, "} %" PRIu64 "\n", count[n]);
        }
    }
    head(p, "share_difficulty_total", "counter", "Sum of the shares' difficulties.");
    for (size_t i = 0; i < r->status.source_count; i++) {
        const struct mining_counts *c = &r->status.source[i].counts;
        const double sum[] = {c->accepted_difficulty, c->rejected_difficulty, c->stale_difficulty};

        for (size_t n = 0; n < sizeof(sum) / sizeof(*sum); n++) {
            add_source_labels(p, "share_difficulty_total", r, i);
            add_label(p, false, "result", results[n]);
            add(p, "}");
            add_value(p, sum[n]);
        }
    }
}

/* One number of every source. */
static void per_source(struct page *p, const struct monitor_report *r, const char *name,
                       const char *type, const char *help,
                       double (*value_fn)(const struct mining_source_status *source))
{
    head(p, name, type, help);
    for (size_t i = 0; i < r->status.source_count; i++) {
        add_source_labels(p, name, r, i);
        add(p, "}");
        add_value(p, value_fn(&r->status.source[i]));
    }
}

static double source_alive(const struct mining_source_status *s) { return s->alive; }
static double source_active(const struct mining_source_status *s) { return s->active; }
static double source_works(const struct mining_source_status *s) { return (double)s->works; }
static double source_failures(const struct mining_source_status *s) { return (double)s->failures; }
static double source_difficulty(const struct mining_source_status *s) { return s->difficulty; }

static void add_sources(struct page *p, const struct monitor_report *r)
{
    per_source(p, r, "pool_up", "gauge", "Whether the pool or node gives work.", source_alive);
    per_source(p, r, "pool_active", "gauge", "Whether its work is searched.", source_active);
    per_source(p, r, "pool_works_total", "counter", "Jobs or templates received.", source_works);
    per_source(p, r, "pool_failures_total", "counter", "Connections and calls that failed.",
               source_failures);
    per_source(p, r, "pool_difficulty", "gauge", "Difficulty that a share must have.",
               source_difficulty);
    add_shares(p, r);
}

/* The difficulty of what is worth sending now; 0 where nothing is searched. */
static double share_difficulty(const struct monitor_report *r)
{
    for (size_t i = 0; i < r->status.source_count; i++)
        if (r->status.source[i].active)
            return r->status.source[i].difficulty;
    return 0;
}

static void add_network(struct page *p, const struct monitor_report *r)
{
    double share = share_difficulty(r), block = r->status.network_difficulty;

    single(p, "block_height", "gauge", "Height of the block that is sought; 0: not known.",
           r->status.height);
    single(p, "network_difficulty", "gauge", "Difficulty of that block; 0: not known.", block);
    single(p, "best_difficulty", "gauge", "The best difficulty that a hash reached.",
           r->best_difficulty);
    single(p, "blocks_found_total", "counter", "Results that met the network's target.",
           (double)r->status.counts.blocks);
    single(p, "expected_share_seconds", "gauge", "Time to a share that is to be expected.",
           share > 0 ? monitor_expected_s(share, r->rates.m5) : NAN);
    single(p, "expected_block_seconds", "gauge", "Time to a block that is to be expected.",
           block > 0 ? monitor_expected_s(block, r->rates.m5) : NAN);
}

static void add_budget(struct page *p, const struct monitor_budget *b)
{
    if (!b->present)
        return;
    head(p, "cpu_budget_info", "gauge", "How the governor works.");
    add(p, "exs_miner_cpu_budget_info");
    add_label(p, true, "mode", b->mode);
    add(p, "} 1\n");
    single(p, "cpu_budget_ratio", "gauge", "The part of the processors that may be used now.",
           b->limit_percent / 100);
    single(p, "cpu_used_ratio", "gauge", "The part of the processors that is used.",
           b->used_percent / 100);
    single(p, "cpu_steal_ratio", "gauge", "The part of the processors that the hypervisor takes.",
           b->steal_percent / 100);
    if (!b->has_credits)
        return;
    single(p, "cpu_credits", "gauge", "CPU credits of the instance, as far as they are known.",
           b->credits);
    single(p, "cpu_credits_max", "gauge", "CPU credits that the instance can hold.",
           b->credits_max);
    single(p, "cpu_credits_per_hour", "gauge", "CPU credits that the instance earns an hour.",
           b->earned_per_hour);
}

char *metrics_text(const struct monitor_report *report, const char *version)
{
    struct page p = {0};

    head(&p, "build_info", "gauge", "What this is.");
    add(&p, "exs_miner_build_info");
    add_label(&p, true, "version", version);
    add(&p, "} 1\n");
    single(&p, "start_time_seconds", "gauge", "When the mining began, Unix time.",
           (double)report->started_s);
    single(&p, "uptime_seconds", "gauge", "How long it has been mining.", report->elapsed_s);
    add_lanes(&p, report);
    add_sources(&p, report);
    add_network(&p, report);
    add_budget(&p, &report->budget);
    if (!p.failed)
        return p.text;
    free(p.text);
    return NULL;
}

static enum server_verdict respond(struct server_answer *answer, const char *status,
                                   const char *extra, const char *type, const char *body,
                                   bool with_body)
{
    struct page p = {0};

    add(&p,
        "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
        status, type, strlen(body), extra, with_body ? body : "");
    if (p.failed) {
        free(p.text);
        return SERVER_DROP;
    }
    *answer = (struct server_answer){.data = p.text, .size = p.size};
    return SERVER_ANSWER;
}

static enum server_verdict refuse(struct server_answer *answer, const char *status,
                                  const char *extra)
{
    char body[64];

    snprintf(body, sizeof(body), "%s\n", status);
    return respond(answer, status, extra, "text/plain; charset=utf-8", body, true);
}

/* The end of the header, after its empty line; 0 where it has not come. */
static size_t header_size(struct bytes request)
{
    const uint8_t *end = memmem(request.data, request.size, "\r\n\r\n", 4);

    return end ? (size_t)(end - request.data) + 4 : 0;
}

/* Takes text from the start of what is left. */
static bool skip(struct bytes *rest, const char *text)
{
    size_t size = strlen(text);

    if (rest->size < size || memcmp(rest->data, text, size) != 0)
        return false;
    rest->data += size;
    rest->size -= size;
    return true;
}

static enum server_verdict serve(const struct metrics_source *source, bool with_body,
                                 struct server_answer *answer)
{
    struct monitor_report *report = source->report_fn(source->arg);
    char *text = report ? metrics_text(report, source->version) : NULL;
    enum server_verdict verdict = SERVER_DROP;

    if (text)
        verdict = respond(answer, "200 OK", "", "text/plain; version=0.0.4; charset=utf-8", text,
                          with_body);
    free(text);
    free(report);
    return verdict;
}

enum server_verdict metrics_answer(const struct metrics_source *source, struct bytes request,
                                   bool all, struct server_answer *answer)
{
    struct bytes rest;
    bool get, head;

    if (request.size == 0)
        return all ? SERVER_DROP : SERVER_MORE;
    rest = bytes_of(request.data, header_size(request));
    if (rest.size == 0) {
        if (!all)
            return SERVER_MORE;
        return refuse(answer,
                      request.size >= SERVER_REQUEST_MAX ? "431 Request Header Fields Too Large"
                                                         : "400 Bad Request",
                      "");
    }
    if (memchr(rest.data, '\0', rest.size))
        return refuse(answer, "400 Bad Request", "");
    get = skip(&rest, "GET ");
    head = !get && skip(&rest, "HEAD ");
    if (!get && !head)
        return refuse(answer, "405 Method Not Allowed", "Allow: GET, HEAD\r\n");
    if (skip(&rest, "/metrics HTTP/1.1\r\n") || skip(&rest, "/metrics HTTP/1.0\r\n"))
        return serve(source, get, answer);
    return refuse(answer, "404 Not Found", "");
}

struct metrics {
    struct metrics_source source;
    struct server *server;
};

static enum server_verdict on_request(void *arg, const struct server_peer *peer,
                                      struct bytes request, bool all, struct server_answer *answer)
{
    struct metrics *metrics = arg;

    (void)peer;
    return metrics_answer(&metrics->source, request, all, answer);
}

struct metrics *metrics_create(const char *bind, const struct metrics_source *source,
                               struct log *log, char error[static SERVER_ERROR_SIZE])
{
    struct metrics *metrics = calloc(1, sizeof(*metrics));
    struct server_options options = {.bind = bind,
                                     .port = METRICS_PORT,
                                     .log = log,
                                     .what = "metrics",
                                     .request_fn = on_request,
                                     .arg = metrics};

    snprintf(error, SERVER_ERROR_SIZE, "out of memory");
    if (!metrics)
        return NULL;
    metrics->source = *source;
    metrics->server = server_create(&options, error);
    if (metrics->server)
        return metrics;
    free(metrics);
    return NULL;
}

void metrics_destroy(struct metrics *metrics)
{
    if (!metrics)
        return;
    server_destroy(metrics->server);
    free(metrics);
}

const char *metrics_name(const struct metrics *metrics) { return server_name(metrics->server); }
