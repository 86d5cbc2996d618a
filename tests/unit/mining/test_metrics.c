#include "mining/metrics.h"
#include "tests/unit/mining/report.h"
#include "tests/unit/mining/support.h"

#include <stdio.h>
#include <stdlib.h>

static struct monitor_report *give_report(void *arg)
{
    (void)arg;
    return report_example();
}

static const struct metrics_source source = {.version = "1.2\"3\\\n", .report_fn = give_report};

static void values_are_there(void **state)
{
    static const char *const lines[] = {
        "exs_miner_build_info{version=\"1.2\\\"3\\\\\\n\"} 1\n",
        "exs_miner_start_time_seconds 1700000000\n",
        "exs_miner_device_info{device=\"cpu1\",kind=\"cpu\",name=\"Processor \\\"1\\\"\\\\\","
        "kernel=\"avx2\",driver=\"cpu\"} 1\n",
        "exs_miner_hashes_total{device=\"cpu0\"} 42949672960\n",
        "exs_miner_hash_rate{device=\"gpu0\"} 12000000\n",
        "exs_miner_temperature_celsius{device=\"cpu0\"} 61.5\n",
        "exs_miner_pool_up{pool=\"1\",url=\"stratum+tcp://pool1.example:3333\"} 0\n",
        "exs_miner_shares_total{pool=\"0\",url=\"stratum+tcp://pool0.example:3333\","
        "result=\"rejected\"} 2\n",
        "exs_miner_share_difficulty_total{pool=\"2\",url=\"http://node2.example:8332/\","
        "result=\"stale\"} 0.5\n",
        "exs_miner_block_height 800000\n",
        "exs_miner_network_difficulty 1000000000000\n",
        "exs_miner_best_difficulty 1234.5\n",
        "exs_miner_cpu_budget_ratio 0.4\n",
        "exs_miner_cpu_credits 100\n",
    };
    struct monitor_report *report = report_example();
    char *text = metrics_text(report, source.version);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        if (!strstr(text, lines[i]))
            fail_msg("\"%s\" is missing in\n%s", lines[i], text);
    /* A sensor that there is not has no sample. */
    assert_null(strstr(text, "exs_miner_temperature_celsius{device=\"cpu1\"}"));
    assert_null(strstr(text, "exs_miner_power_watts{"));
    free(text);
    free(report);
}

/* Each family has HELP and TYPE, once and before its samples; each line is one of the three kinds. */
static void format_is_well_formed(void **state)
{
    struct monitor_report *report = report_example();
    char *text = metrics_text(report, "1"), *line, *rest = text;
    char family[128] = "";
    size_t samples = 0;

    (void)state;
    while ((line = strsep(&rest, "\n")) && rest) {
        if (!strncmp(line, "# HELP ", 7)) {
            size_t size = strcspn(line + 7, " ");

            snprintf(family, sizeof(family), "%.*s", (int)size, line + 7);
            assert_true(line[7 + size] == ' ' && line[8 + size]);
        } else if (!strncmp(line, "# TYPE ", 7)) {
            size_t size = strlen(family);

            assert_true(!strncmp(line + 7, family, size) && line[7 + size] == ' ');
            assert_true(!strcmp(line + 8 + size, "gauge") || !strcmp(line + 8 + size, "counter"));
            /* Prometheus' convention. */
            assert_int_equal(!strcmp(line + 8 + size, "counter"),
                             size > 6 && !strcmp(family + size - 6, "_total"));
        } else {
            size_t size = strcspn(line, "{ ");

            assert_true(size == strlen(family) && !memcmp(line, family, size));
            samples++;
        }
    }
    assert_true(samples > 40);
    free(text);
    free(report);
}

/* The status line's code; 0 where more is awaited, -1 where there is no answer. */
static int ask(const char *request, bool all, char *body, size_t size)
{
    struct server_answer answer = {0};
    const char *end;
    int code;

    switch (metrics_answer(&source, bytes_of(request, strlen(request)), all, &answer)) {
    case SERVER_MORE:
        return 0;
    case SERVER_DROP:
        return -1;
    case SERVER_ANSWER:
        break;
    }
    assert_true(answer.size > 16 && !memcmp(answer.data, "HTTP/1.1 ", 9));
    code = (int)strtol(answer.data + 9, NULL, 10);
    assert_non_null(memmem(answer.data, answer.size, "\r\nConnection: close\r\n", 21));
    end = memmem(answer.data, answer.size, "\r\n\r\n", 4);
    assert_non_null(end);
    if (body)
        snprintf(body, size, "%.*s", (int)(answer.size - (size_t)(end + 4 - answer.data)), end + 4);
    free(answer.data);
    return code;
}

static void http_is_strict(void **state)
{
    static const struct {
        const char *request;
        int code;
    } cases[] = {
        {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET /metrics HTTP/1.0\r\n\r\n", 200},
        {"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\n\r\n", 404},
        {"GET /metrics?x HTTP/1.1\r\n\r\n", 404},
        {"GET /metrics HTTP/2.0\r\n\r\n", 404},
        {"GET  /metrics HTTP/1.1\r\n\r\n", 404},
        {"POST /metrics HTTP/1.1\r\n\r\n", 405},
        {"get /metrics HTTP/1.1\r\n\r\n", 405},
        {"\r\n\r\n", 405},
        {"GET /metrics HTTP/1.1\r\n", 400},
        {"nonsense", 400},
    };
    static char body[65536];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(ask(cases[i].request, true, NULL, 0), cases[i].code);
    assert_int_equal(ask("GET /metrics HTTP/1.1\r\nHost: x\r\n", false, NULL, 0), 0);
    assert_int_equal(ask("", false, NULL, 0), 0);
    assert_int_equal(ask("", true, NULL, 0), -1);
    ask(cases[0].request, true, body, sizeof(body));
    assert_non_null(strstr(body, "# TYPE exs_miner_hashes_total counter\n"));
    ask(cases[2].request, true, body, sizeof(body));
    assert_string_equal(body, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_there),
        cmocka_unit_test(format_is_well_formed),
        cmocka_unit_test(http_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
