/*
 * Metrics of a mining run for Prometheus: its text format 0.0.4 at GET /metrics.
 *
 * Names begin with exs_miner_, units are base units (seconds, hashes, degrees
 * Celsius), counters end in _total. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 *
 * The HTTP is the least that a scraper needs, and strict: GET and HEAD of
 * /metrics, one request a connection; anything else is refused with a status.
 */
#ifndef MINING_METRICS_H
#define MINING_METRICS_H

#include "mining/monitor.h"
#include "mining/server.h"

enum { METRICS_PORT = 9332 };

struct metrics_source {
    const char *version;
    void *arg;
    struct monitor_report *(*report_fn)(void *arg); /* as monitor_read; on the server's thread */
};

struct metrics;

/*
 * Serves on bind ("127.0.0.1:9332"; the port may lack). What source points to must
 * outlive the metrics. NULL, with the reason in error, as server_create.
 */
struct metrics *metrics_create(const char *bind, const struct metrics_source *source,
                               struct log *log, char error[static SERVER_ERROR_SIZE]);
void metrics_destroy(struct metrics *metrics);

/* Where it listens: "127.0.0.1:9332". */
const char *metrics_name(const struct metrics *metrics);

/* The page itself, zero-terminated; free() it. NULL where memory lacks. */
char *metrics_text(const struct monitor_report *report, const char *version);

/* Answers an HTTP request, or says that it is not complete; as server_request_fn. */
enum server_verdict metrics_answer(const struct metrics_source *source, struct bytes request,
                                   bool all, struct server_answer *answer);

#endif
