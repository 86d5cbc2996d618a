/*
 * Requests to the API and to the metrics: whatever is asked, an answer is well
 * formed, a reader changes nothing, and nobody is told a password.
 */
#include "mining/api_impl.h"
#include "mining/metrics.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>

/* What the control was asked to change. */
static size_t changes;

static struct monitor_report *give_report(void *arg)
{
    struct monitor_report *r = calloc(1, sizeof(*r) + 2 * sizeof(r->lane[0]));

    (void)arg;
    if (!r)
        return NULL;
    r->now_s = 1;
    r->lane_count = 2;
    r->cpu_count = r->gpu_count = 1;
    r->lane[1].device.kind = MONITOR_GPU;
    r->status.source_count = 2;
    snprintf(r->status.source[0].url, sizeof(r->status.source[0].url), "stratum+tcp://a|,=\\:1");
    r->status.source[0].enabled = r->status.source[1].enabled = true;
    return r;
}

static void get_status(void *arg, struct mining_status *out)
{
    (void)arg;
    memset(out, 0, sizeof(*out));
    out->source_count = 3;
}

static bool change(char *text)
{
    changes++;
    snprintf(text, MINING_CONTROL_TEXT_SIZE, "no");
    return changes % 2 == 0;
}

static bool switch_source(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE])
{
    (void)arg;
    FUZZ_CHECK(index < 2);
    return change(text);
}

static bool enable_source(void *arg, size_t index, bool enable,
                          char text[static MINING_CONTROL_TEXT_SIZE])
{
    (void)arg;
    (void)enable;
    FUZZ_CHECK(index < 2);
    return change(text);
}

static bool add_source(void *arg, const char *url, const char *user, const char *password,
                       char text[static MINING_CONTROL_TEXT_SIZE])
{
    (void)arg;
    FUZZ_CHECK(*url && strlen(user) < API_PARAMETER_SIZE && strlen(password) < API_PARAMETER_SIZE);
    return change(text);
}

static void note_zero(void *arg, bool best_alone)
{
    (void)arg;
    (void)best_alone;
    changes++;
}

static void note_quit(void *arg)
{
    (void)arg;
    changes++;
}

static void check_json(const struct server_answer *answer)
{
    json_t *root = json_loadb(answer->data, answer->size - 1, 0, NULL);

    FUZZ_CHECK(json_is_object(root));
    FUZZ_CHECK(json_integer_value(json_object_get(root, "id")) == 1);
    json_decref(root);
}

static void ask_api(struct bytes request, enum api_right right, bool all)
{
    static const struct mining_control control = {.status = get_status,
                                                  .switch_source = switch_source,
                                                  .enable_source = enable_source,
                                                  .add_source = add_source,
                                                  .remove_source = switch_source};
    static const struct api_source source = {.control = &control,
                                             .version = "1",
                                             .description = "fuzz",
                                             .strategy = "Failover",
                                             .report_fn = give_report,
                                             .zero_fn = note_zero,
                                             .quit_fn = note_quit};
    struct server_answer answer = {0};
    size_t before = changes;
    enum server_verdict verdict = api_answer(&source, right, request, all, &answer);

    FUZZ_CHECK(verdict != SERVER_MORE || !all);
    FUZZ_CHECK(right == API_WRITE || changes == before);
    if (verdict != SERVER_ANSWER)
        return;
    FUZZ_CHECK(answer.size > 0 && answer.data[answer.size - 1] == '\0');
    FUZZ_CHECK(strlen(answer.data) == answer.size - 1);
    if (answer.data[0] == '{')
        check_json(&answer);
    free(answer.data);
}

static void ask_metrics(struct bytes request, bool all)
{
    static const struct metrics_source source = {.version = "1", .report_fn = give_report};
    struct server_answer answer = {0};
    enum server_verdict verdict = metrics_answer(&source, request, all, &answer);

    FUZZ_CHECK(verdict != SERVER_MORE || !all);
    if (verdict == SERVER_ANSWER)
        FUZZ_CHECK(answer.size > 9 && !memcmp(answer.data, "HTTP/1.1 ", 9));
    free(answer.data);
}

static void parse_access(struct bytes text)
{
    char copy[512], error[API_ERROR_SIZE];
    struct api_access access;
    uint8_t address[16] = {0};

    if (text.size >= sizeof(copy))
        return;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (!api_access_parse(&access, copy, error))
        return;
    FUZZ_CHECK(access.count >= 1 && access.count <= API_MAX_RULES);
    api_access_of(&access, address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data + 1, size - 1);

    if (size < 2 || size > SERVER_REQUEST_MAX)
        return 0;
    switch (data[0] % 4) {
    case 0:
        ask_api(input, API_WRITE, data[0] & 4);
        break;
    case 1:
        ask_api(input, API_READ, data[0] & 4);
        break;
    case 2:
        ask_metrics(input, data[0] & 4);
        break;
    case 3:
        parse_access(input);
        break;
    }
    return 0;
}
