#include "tests/unit/mining/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill_lane(struct monitor_lane *lane, enum monitor_kind kind, unsigned id)
{
    lane->device = (struct monitor_device){.kind = kind, .id = id, .place = 4 + id};
    snprintf(lane->device.name, sizeof(lane->device.name), "%s \"%u\"\\",
             kind == MONITOR_GPU ? "GPU" : "Processor", id);
    snprintf(lane->device.kernel, sizeof(lane->device.kernel), "avx2");
    snprintf(lane->device.driver, sizeof(lane->device.driver), "cpu");
    lane->condition = (struct monitor_condition){
        .alive = true, .has_temperature = id == 0, .temperature = 61.5, .power = 99};
    lane->hashes = (UINT64_C(10) << 32) * (id + 1);
    lane->works = 7;
    lane->last_switch_ns = 1500000;
    lane->max_switch_ns = 2500000;
    lane->rates = (struct monitor_rates){12345678, 12e6, 11e6, 10e6, 9e6};
    lane->tally = (struct mining_lane_tally){.found = 9,
                                             .errors = 1,
                                             .accepted = 6,
                                             .rejected = 2,
                                             .accepted_difficulty = 6,
                                             .rejected_difficulty = 2,
                                             .last_difficulty = 1.5,
                                             .best_difficulty = 1234.5,
                                             .last_found_s = 1700000050,
                                             .last_accepted_s = 1700000040,
                                             .last_source = 1};
}

static void fill_source(struct mining_source_status *source, unsigned i)
{
    *source = (struct mining_source_status){.is_pool = i < 2,
                                            .alive = i == 0,
                                            .active = i == 0,
                                            .enabled = i != 2,
                                            .priority = i,
                                            .works = 100 + i,
                                            .failures = i,
                                            .difficulty = 0.125,
                                            .last_difficulty = 0.0625,
                                            .best_difficulty = 77.9,
                                            .last_accepted_s = 1700000040,
                                            .has_long_poll = true};

    snprintf(source->url, sizeof(source->url),
             i < 2 ? "stratum+tcp://pool%u.example:3333" : "http://node%u.example:8332/", i);
    snprintf(source->user, sizeof(source->user), "worker,%u", i);
    source->counts = (struct mining_counts){.accepted = 10,
                                            .rejected = 2,
                                            .stale = 3,
                                            .lost = 1,
                                            .blocks = 1,
                                            .accepted_difficulty = 1.25,
                                            .rejected_difficulty = 0.25,
                                            .stale_difficulty = 0.5};
    snprintf(source->reasons[0].text, sizeof(source->reasons[0].text), "Low|difficulty=share");
    source->reasons[0].count = 2;
    if (i == 1)
        snprintf(source->text, sizeof(source->text), "Connection refused");
}

struct monitor_report *report_example(void)
{
    size_t lanes = REPORT_CPUS + REPORT_GPUS;
    struct monitor_report *r = calloc(1, sizeof(*r) + lanes * sizeof(r->lane[0]));

    if (!r)
        return NULL;
    r->now_s = 1700000060;
    r->started_s = 1700000000;
    r->elapsed_s = 60.4;
    r->hashes = UINT64_C(40) << 32;
    r->blocks = 2;
    r->block_s = 1700000020;
    r->work_s = 1700000030;
    r->best_difficulty = 1234.5;
    r->rates = (struct monitor_rates){24e6, 23e6, 22e6, 21e6, 20e6};
    r->lane_count = lanes;
    r->cpu_count = REPORT_CPUS;
    r->gpu_count = REPORT_GPUS;
    for (unsigned i = 0; i < REPORT_CPUS; i++)
        fill_lane(&r->lane[i], MONITOR_CPU, i);
    for (unsigned i = 0; i < REPORT_GPUS; i++)
        fill_lane(&r->lane[REPORT_CPUS + i], MONITOR_GPU, i);
    r->status = (struct mining_status){.height = 800000,
                                       .network_difficulty = 1e12,
                                       .best_difficulty = 2000,
                                       .version_mask = 0x1fffe000,
                                       .version = 0x20000000,
                                       .source_count = REPORT_POOLS};
    memset(r->status.previous, 'a', 64);
    r->status.counts = (struct mining_counts){30, 6, 9, 3, 3, 3.75, 0.75, 1.5};
    for (unsigned i = 0; i < REPORT_POOLS; i++)
        fill_source(&r->status.source[i], i);
    r->budget = (struct monitor_budget){.present = true,
                                        .mode = "credits",
                                        .limit_percent = 40,
                                        .used_percent = 39,
                                        .steal_percent = 1,
                                        .has_credits = true,
                                        .credits = 100,
                                        .credits_max = 2304,
                                        .earned_per_hour = 96};
    return r;
}

static bool note(struct report_control *c, const char *what, size_t index, char *text)
{
    size_t at = strlen(c->asked);

    snprintf(c->asked + at, sizeof(c->asked) - at, "%s%s %zu", at ? "; " : "", what, index);
    if (!c->succeeds)
        snprintf(text, MINING_CONTROL_TEXT_SIZE, "not now");
    return c->succeeds;
}

static void get_status(void *arg, struct mining_status *out)
{
    *out = ((struct report_control *)arg)->status;
}

static bool switch_source(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE])
{
    return note(arg, "switch", index, text);
}

static bool enable_source(void *arg, size_t index, bool enable,
                          char text[static MINING_CONTROL_TEXT_SIZE])
{
    return note(arg, enable ? "enable" : "disable", index, text);
}

static bool remove_source(void *arg, size_t index, char text[static MINING_CONTROL_TEXT_SIZE])
{
    return note(arg, "remove", index, text);
}

static bool add_source(void *arg, const char *url, const char *user, const char *password,
                       char text[static MINING_CONTROL_TEXT_SIZE])
{
    struct report_control *c = arg;
    struct mining_source_status *last;

    snprintf(c->asked, sizeof(c->asked), "add %s as %s with %s", url, user, password);
    if (!c->succeeds) {
        snprintf(text, MINING_CONTROL_TEXT_SIZE, "not now");
        return false;
    }
    last = &c->status.source[c->status.source_count++];
    *last = (struct mining_source_status){.enabled = true};
    snprintf(last->url, sizeof(last->url), "stratum+tcp://added:1");
    return true;
}

struct mining_control report_control(struct report_control *c)
{
    return (struct mining_control){
        .arg = c,
        .status = get_status,
        .switch_source = switch_source,
        .enable_source = enable_source,
        .add_source = add_source,
        .remove_source = remove_source,
    };
}
