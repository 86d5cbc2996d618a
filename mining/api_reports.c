/* The commands that tell something. Names, order and types of fields are those of cgminer 4.11's api.c. */
#include "mining/api_impl.h"

#include <inttypes.h>
#include <stdio.h>

enum { MHS = 2, MH_TOTAL = 4, DIFFICULTY = 8, PERCENT = 4, TEMPERATURE = 2 };

static double percent(double part, double whole) { return whole > 0 ? part / whole * 100 : 0; }

static void add_rates(struct api_reply *r, const struct monitor_rates *rates)
{
    api_reply_fixed(r, "MHS av", rates->average / 1e6, MHS);
    api_reply_fixed(r, "MHS 5s", rates->s5 / 1e6, MHS);
    api_reply_fixed(r, "MHS 1m", rates->m1 / 1e6, MHS);
    api_reply_fixed(r, "MHS 5m", rates->m5 / 1e6, MHS);
    api_reply_fixed(r, "MHS 15m", rates->m15 / 1e6, MHS);
}

/* What the hashes are worth: one in about 2^32 has difficulty 1. */
static double diff1(uint64_t hashes) { return (double)hashes / 4294967296.0; }

/* Without its fraction; a pool may have set any difficulty, and C defines no cast of what does not fit. */
static int64_t whole(double value) { return value < 9e18 ? (int64_t)value : INT64_MAX; }

void api_version(struct api_call *call)
{
    struct api_reply *r = call->reply;

    api_status(call, API_SUCCESS, API_CODE_VERSION, "CGMiner versions");
    api_reply_section(r, "VERSION");
    api_reply_item(r, "VERSION");
    api_reply_string(r, "Miner", call->source->description);
    api_reply_string(r, "CGMiner", call->source->version);
    api_reply_string(r, "API", "3.7");
    api_reply_end_item(r);
    api_reply_end_section(r);
}

void api_config(struct api_call *call)
{
    struct api_reply *r = call->reply;
    const struct monitor_report *report = call->report;

    api_status(call, API_SUCCESS, API_CODE_MINECONFIG, "CGMiner config");
    api_reply_section(r, "CONFIG");
    api_reply_item(r, "CONFIG");
    api_reply_uint(r, "CPU Count", report->cpu_count);
    api_reply_uint(r, "GPU Count", report->gpu_count);
    api_reply_int(r, "ASC Count", 0);
    api_reply_int(r, "PGA Count", 0);
    api_reply_uint(r, "Pool Count", report->status.source_count);
    api_reply_string(r, "Strategy", call->source->strategy);
    api_reply_int(r, "Log Interval", 5);
    api_reply_string(r, "Device Code", report->gpu_count ? "CPU GPU " : "CPU ");
    api_reply_string(r, "OS", "Linux");
    api_reply_string(r, "Hotplug", "None");
    api_reply_end_item(r);
    api_reply_end_section(r);
}

/* Sums of what lanes and sources tell apart. */
struct totals {
    uint64_t errors, found, works, lane_works, failures;
};

static struct totals totals_of(const struct monitor_report *report)
{
    struct totals t = {0};

    for (size_t i = 0; i < report->lane_count; i++) {
        t.errors += report->lane[i].tally.errors;
        t.found += report->lane[i].tally.found;
        t.lane_works += report->lane[i].works;
    }
    for (size_t i = 0; i < report->status.source_count; i++) {
        t.works += report->status.source[i].works;
        t.failures += report->status.source[i].failures;
    }
    return t;
}

static void add_percentages(struct api_reply *r, const struct monitor_report *report,
                            const struct totals *t)
{
    const struct mining_counts *counts = &report->status.counts;
    double answered = counts->accepted_difficulty + counts->rejected_difficulty;

    api_reply_fixed(r, "Device Hardware%",
                    percent((double)t->errors, (double)(t->errors + t->found)), PERCENT);
    api_reply_fixed(r, "Device Rejected%", percent(counts->rejected_difficulty, answered), PERCENT);
    api_reply_fixed(r, "Pool Rejected%",
                    percent(counts->rejected_difficulty, answered + counts->stale_difficulty),
                    PERCENT);
    api_reply_fixed(r, "Pool Stale%",
                    percent(counts->stale_difficulty, answered + counts->stale_difficulty),
                    PERCENT);
}

void api_summary(struct api_call *call)
{
    struct api_reply *r = call->reply;
    const struct monitor_report *report = call->report;
    const struct mining_counts *counts = &report->status.counts;
    struct totals t = totals_of(report);
    double minutes = report->elapsed_s > 0 ? report->elapsed_s / 60 : 1;

    api_status(call, API_SUCCESS, API_CODE_SUMM, "Summary");
    api_reply_section(r, "SUMMARY");
    api_reply_item(r, "SUMMARY");
    api_reply_fixed(r, "Elapsed", report->elapsed_s, 0);
    add_rates(r, &report->rates);
    api_reply_uint(r, "Found Blocks", counts->blocks);
    api_reply_uint(r, "Getworks", t.works);
    api_reply_uint(r, "Accepted", counts->accepted);
    api_reply_uint(r, "Rejected", counts->rejected);
    api_reply_uint(r, "Hardware Errors", t.errors);
    api_reply_fixed(r, "Utility", (double)counts->accepted / minutes, 2);
    api_reply_int(r, "Discarded", 0);
    api_reply_uint(r, "Stale", counts->stale);
    api_reply_uint(r, "Get Failures", t.failures);
    api_reply_uint(r, "Local Work", t.lane_works);
    api_reply_uint(r, "Remote Failures", counts->lost);
    api_reply_uint(r, "Network Blocks", report->blocks);
    api_reply_fixed(r, "Total MH", (double)report->hashes / 1e6, MH_TOTAL);
    api_reply_fixed(r, "Work Utility", diff1(report->hashes) / minutes, 2);
    api_reply_fixed(r, "Difficulty Accepted", counts->accepted_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Difficulty Rejected", counts->rejected_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Difficulty Stale", counts->stale_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Best Share", report->best_difficulty, 0);
    add_percentages(r, report, &t);
    api_reply_int(r, "Last getwork", report->work_s);
    api_reply_end_item(r);
    api_reply_end_section(r);
}

static const char *name_of(enum monitor_kind kind) { return kind == MONITOR_GPU ? "GPU" : "CPU"; }

static void add_device(struct api_call *call, const struct monitor_lane *lane)
{
    struct api_reply *r = call->reply;
    const struct mining_lane_tally *t = &lane->tally;
    double elapsed = call->report->elapsed_s;

    api_reply_item(r, NULL);
    api_reply_uint(r, name_of(lane->device.kind), lane->device.id);
    api_reply_string(r, "Name", name_of(lane->device.kind));
    api_reply_uint(r, "ID", lane->device.id);
    api_reply_string(r, "Enabled", "Y");
    api_reply_string(r, "Status", lane->condition.alive ? "Alive" : "Dead");
    api_reply_fixed(r, "Temperature",
                    lane->condition.has_temperature ? lane->condition.temperature : 0, TEMPERATURE);
    add_rates(r, &lane->rates);
    api_reply_uint(r, "Accepted", t->accepted);
    api_reply_uint(r, "Rejected", t->rejected);
    api_reply_uint(r, "Hardware Errors", t->errors);
    api_reply_fixed(r, "Utility", elapsed > 0 ? (double)t->accepted / elapsed * 60 : 0, 2);
    api_reply_int(r, "Last Share Pool", t->last_accepted_s ? (int64_t)t->last_source : -1);
    api_reply_uint(r, "Last Share Time", t->last_accepted_s);
    api_reply_fixed(r, "Total MH", (double)lane->hashes / 1e6, MH_TOTAL);
    api_reply_int(r, "Diff1 Work", (int64_t)diff1(lane->hashes));
    api_reply_fixed(r, "Difficulty Accepted", t->accepted_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Difficulty Rejected", t->rejected_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Last Share Difficulty", t->last_difficulty, DIFFICULTY);
    api_reply_bool(r, "No Device", !lane->condition.alive);
    api_reply_uint(r, "Last Valid Work", t->last_found_s);
    api_reply_fixed(r, "Device Hardware%",
                    percent((double)t->errors, (double)(t->errors + t->found)), PERCENT);
    api_reply_fixed(
        r, "Device Rejected%",
        percent(t->rejected_difficulty, t->rejected_difficulty + t->accepted_difficulty), PERCENT);
    api_reply_fixed(r, "Device Elapsed", elapsed, 0);
    api_reply_end_item(r);
}

void api_devs(struct api_call *call)
{
    const struct monitor_report *report = call->report;

    if (report->lane_count == 0) {
        api_status(call, API_ERROR, API_CODE_NODEVS, "No CPUs/GPUs");
        return;
    }
    api_status(call, API_SUCCESS, API_CODE_DEVS, "%zu CPU(s) - %zu GPU(s)", report->cpu_count,
               report->gpu_count);
    api_reply_section(call->reply, "DEVS");
    for (size_t i = 0; i < report->lane_count; i++)
        add_device(call, &report->lane[i]);
    api_reply_end_section(call->reply);
}

/* The device of this kind that the parameter names. */
static void one_device(struct api_call *call, enum monitor_kind kind, size_t count)
{
    const struct monitor_report *report = call->report;
    const char *name = name_of(kind), *digits = call->parameter;
    bool gpu = kind == MONITOR_GPU;
    size_t id = 0;

    if (count == 0) {
        api_status(call, API_ERROR, gpu ? API_CODE_GPUNON : API_CODE_CPUNON, "No %ss", name);
        return;
    }
    if (!*digits) {
        api_status(call, API_ERROR, API_CODE_MISID, "Missing device id parameter");
        return;
    }
    for (; *digits >= '0' && *digits <= '9' && id <= count; digits++)
        id = id * 10 + (size_t)(*digits - '0');
    for (size_t i = 0; i < report->lane_count && !*digits; i++)
        if (report->lane[i].device.kind == kind && report->lane[i].device.id == id) {
            api_status(call, API_SUCCESS, gpu ? API_CODE_GPUDEV : API_CODE_CPUDEV, "%s%zu", name,
                       id);
            api_reply_section(call->reply, name);
            add_device(call, &report->lane[i]);
            api_reply_end_section(call->reply);
            return;
        }
    api_status(call, API_ERROR, gpu ? (enum api_code)1 : API_CODE_INVCPU,
               "Invalid %s id %.20s - range is 0 - %zu", name, call->parameter, count - 1);
}

void api_cpu(struct api_call *call) { one_device(call, MONITOR_CPU, call->report->cpu_count); }

void api_gpu(struct api_call *call) { one_device(call, MONITOR_GPU, call->report->gpu_count); }

void api_asc(struct api_call *call) { api_status(call, API_ERROR, API_CODE_ASCNON, "No ASCs"); }

void api_pga(struct api_call *call) { api_status(call, API_ERROR, API_CODE_PGANON, "No PGAs"); }

static void count_of(struct api_call *call, enum api_code code, const char *kind,
                     const char *section, size_t count)
{
    api_status(call, API_SUCCESS, code, "%s count", kind);
    api_reply_section(call->reply, section);
    api_reply_item(call->reply, section);
    api_reply_uint(call->reply, "Count", count);
    api_reply_end_item(call->reply);
    api_reply_end_section(call->reply);
}

void api_cpucount(struct api_call *call)
{
    count_of(call, API_CODE_NUMCPU, "CPU", "CPUS", call->report->cpu_count);
}

void api_gpucount(struct api_call *call)
{
    count_of(call, API_CODE_NUMGPU, "GPU", "GPUS", call->report->gpu_count);
}

void api_asccount(struct api_call *call) { count_of(call, API_CODE_NUMASC, "ASC", "ASCS", 0); }

void api_pgacount(struct api_call *call) { count_of(call, API_CODE_NUMPGA, "PGA", "PGAS", 0); }

/* Its counts, and how to reach it. */
static void add_pool_counts(struct api_call *call, const struct mining_source_status *source)
{
    const struct mining_counts *counts = &source->counts;
    struct api_reply *r = call->reply;

    api_reply_uint(r, "Getworks", source->works);
    api_reply_uint(r, "Accepted", counts->accepted);
    api_reply_uint(r, "Rejected", counts->rejected);
    api_reply_uint(r, "Works", source->works);
    api_reply_int(r, "Discarded", 0);
    api_reply_uint(r, "Stale", counts->stale);
    api_reply_uint(r, "Get Failures", source->failures);
    api_reply_uint(r, "Remote Failures", counts->lost);
    api_reply_string(r, "User", source->user);
    api_reply_uint(r, "Last Share Time", source->last_accepted_s);
    api_reply_int(r, "Diff1 Shares",
                  whole(counts->accepted_difficulty + counts->rejected_difficulty));
    api_reply_string(r, "Proxy Type", "");
    api_reply_string(r, "Proxy", "");
    api_reply_fixed(r, "Difficulty Accepted", counts->accepted_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Difficulty Rejected", counts->rejected_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Difficulty Stale", counts->stale_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Last Share Difficulty", source->last_difficulty, DIFFICULTY);
    api_reply_fixed(r, "Work Difficulty", source->difficulty, DIFFICULTY);
}

/* A spare pool is not connected to until it is wanted: it is dead where that has failed. */
static const char *pool_state(const struct mining_source_status *source)
{
    if (!source->enabled)
        return "Disabled";
    return source->alive || !*source->text ? "Alive" : "Dead";
}

static void add_pool(struct api_call *call, const struct mining_source_status *source, size_t index)
{
    const struct mining_status *status = &call->report->status;
    const struct mining_counts *counts = &source->counts;
    double sent =
        counts->accepted_difficulty + counts->rejected_difficulty + counts->stale_difficulty;
    const char *scheme = strstr(source->url, "://");
    struct api_reply *r = call->reply;

    api_reply_item(r, NULL);
    api_reply_uint(r, "POOL", index);
    api_reply_string(r, "URL", source->url);
    api_reply_string(r, "Status", pool_state(source));
    api_reply_uint(r, "Priority", source->priority);
    api_reply_int(r, "Quota", 1);
    api_reply_string(r, "Long Poll", !source->is_pool && source->has_long_poll ? "Y" : "N");
    add_pool_counts(call, source);
    api_reply_bool(r, "Has Stratum", source->is_pool);
    api_reply_bool(r, "Stratum Active", source->is_pool && source->alive);
    api_reply_string(r, "Stratum URL", !source->is_pool ? "" : scheme ? scheme + 3 : source->url);
    api_reply_fixed(r, "Stratum Difficulty", source->is_pool ? source->difficulty : 0, DIFFICULTY);
    api_reply_bool(r, "Has Vmask", source->active && status->version_mask != 0);
    api_reply_bool(r, "Has GBT", !source->is_pool);
    api_reply_fixed(r, "Best Share", source->best_difficulty, 0);
    api_reply_fixed(r, "Pool Rejected%", percent(counts->rejected_difficulty, sent), PERCENT);
    api_reply_fixed(r, "Pool Stale%", percent(counts->stale_difficulty, sent), PERCENT);
    api_reply_int(r, "Bad Work", 0);
    api_reply_int(r, "Current Block Height", source->active ? status->height : 0);
    api_reply_uint(r, "Current Block Version", source->active ? status->version : 0);
    api_reply_end_item(r);
}

void api_pools(struct api_call *call)
{
    const struct mining_status *status = &call->report->status;

    if (status->source_count == 0) {
        api_status(call, API_ERROR, API_CODE_NOPOOL, "No pools");
        return;
    }
    api_status(call, API_SUCCESS, API_CODE_POOL, "%zu Pool(s)", status->source_count);
    api_reply_section(call->reply, "POOLS");
    for (size_t i = 0; i < status->source_count; i++)
        add_pool(call, &status->source[i], i);
    api_reply_end_section(call->reply);
}

/* What every entry of stats begins with; waits in nanoseconds. */
static void add_stats(struct api_call *call, size_t index, const char *id, uint64_t calls,
                      uint64_t wait, uint64_t max)
{
    struct api_reply *r = call->reply;

    api_reply_uint(r, "STATS", index);
    api_reply_string(r, "ID", id);
    api_reply_fixed(r, "Elapsed", call->report->elapsed_s, 0);
    api_reply_uint(r, "Calls", calls);
    api_reply_fixed(r, "Wait", (double)wait / 1e9, 6);
    api_reply_fixed(r, "Max", (double)max / 1e9, 6);
    api_reply_fixed(r, "Min", 0, 6);
}

static void add_pool_stats(struct api_call *call, const struct mining_source_status *source)
{
    struct api_reply *r = call->reply;
    char reasons[MINING_MAX_REASONS * (MINING_REASON_SIZE + 24)] = "";
    size_t at = 0;

    for (size_t i = 0; i < MINING_MAX_REASONS && *source->reasons[i].text; i++) {
        int size = snprintf(reasons + at, sizeof(reasons) - at, "%s%s: %" PRIu64, i ? "; " : "",
                            source->reasons[i].text, source->reasons[i].count);

        if (size < 0 || (size_t)size >= sizeof(reasons) - at)
            break;
        at += (size_t)size;
    }
    api_reply_uint(r, "Pool Calls", source->works);
    api_reply_uint(r, "Pool Attempts", source->works + source->failures);
    api_reply_fixed(r, "Work Diff", source->difficulty, DIFFICULTY);
    api_reply_string(r, "Reject Reasons", reasons);
    api_reply_string(r, "Trouble", source->text);
}

/* Pools' entries follow the devices'. */
void api_stats(struct api_call *call)
{
    const struct monitor_report *report = call->report;
    size_t index = 0;
    char id[32];

    api_status(call, API_SUCCESS, API_CODE_MINESTATS, "CGMiner stats");
    api_reply_section(call->reply, "STATS");
    for (size_t i = 0; i < report->lane_count; i++) {
        const struct monitor_lane *lane = &report->lane[i];

        snprintf(id, sizeof(id), "%s%u", name_of(lane->device.kind), lane->device.id);
        api_reply_item(call->reply, NULL);
        add_stats(call, index++, id, lane->works, lane->last_switch_ns, lane->max_switch_ns);
        api_reply_end_item(call->reply);
    }
    for (size_t i = 0; i < report->status.source_count; i++) {
        const struct mining_source_status *source = &report->status.source[i];

        snprintf(id, sizeof(id), "POOL%zu", i);
        api_reply_item(call->reply, NULL);
        add_stats(call, index++, id, 0, 0, 0);
        add_pool_stats(call, source);
        api_reply_end_item(call->reply);
    }
    api_reply_end_section(call->reply);
}

void api_coin(struct api_call *call)
{
    struct api_reply *r = call->reply;
    const struct mining_status *status = &call->report->status;
    bool long_poll = false;

    for (size_t i = 0; i < status->source_count; i++)
        long_poll = long_poll || status->source[i].has_long_poll;
    api_status(call, API_SUCCESS, API_CODE_MINECOIN, "CGMiner coin");
    api_reply_section(r, "COIN");
    api_reply_item(r, "COIN");
    api_reply_string(r, "Hash Method", "sha256");
    api_reply_fixed(r, "Current Block Time", (double)call->report->block_s, 6);
    api_reply_string(r, "Current Block Hash", status->previous);
    api_reply_bool(r, "LP", long_poll);
    api_reply_fixed(r, "Network Difficulty", status->network_difficulty, DIFFICULTY);
    api_reply_end_item(r);
    api_reply_end_section(r);
}

void api_notify(struct api_call *call)
{
    static const char *const counters[] = {
        "*Thread Fail Init",   "*Thread Zero Hash", "*Thread Fail Queue", "*Dev Sick Idle 60s",
        "*Dev Dead Idle 600s", "*Dev Nostart",      "*Dev Over Heat",     "*Dev Thermal Cutoff",
        "*Dev Comms Error",    "*Dev Throttle"};
    const struct monitor_report *report = call->report;
    struct api_reply *r = call->reply;

    api_status(call, API_SUCCESS, API_CODE_NOTIFY, "Notify");
    api_reply_section(r, "NOTIFY");
    for (size_t i = 0; i < report->lane_count; i++) {
        const struct monitor_lane *lane = &report->lane[i];
        bool well = lane->condition.alive;

        api_reply_item(r, NULL);
        api_reply_uint(r, "NOTIFY", i);
        api_reply_string(r, "Name", name_of(lane->device.kind));
        api_reply_uint(r, "ID", lane->device.id);
        api_reply_int(r, "Last Well", well ? report->now_s : 0);
        api_reply_int(r, "Last Not Well", well ? 0 : report->now_s);
        api_reply_string(r, "Reason Not Well", well ? "None" : "Device comms error");
        for (size_t c = 0; c < sizeof(counters) / sizeof(*counters); c++)
            api_reply_int(r, counters[c], !well && !strcmp(counters[c], "*Dev Comms Error"));
        api_reply_end_item(r);
    }
    api_reply_end_section(r);
}

void api_devdetails(struct api_call *call)
{
    const struct monitor_report *report = call->report;
    struct api_reply *r = call->reply;
    char path[32];

    api_status(call, API_SUCCESS, API_CODE_DEVDETAILS, "Device Details");
    api_reply_section(r, "DEVDETAILS");
    for (size_t i = 0; i < report->lane_count; i++) {
        const struct monitor_device *d = &report->lane[i].device;

        *path = '\0';
        if (d->kind == MONITOR_CPU)
            snprintf(path, sizeof(path), "cpu%u", d->place);
        api_reply_item(r, NULL);
        api_reply_uint(r, "DEVDETAILS", i);
        api_reply_string(r, "Name", name_of(d->kind));
        api_reply_uint(r, "ID", d->id);
        api_reply_string(r, "Driver", d->driver);
        api_reply_string(r, "Kernel", d->kernel);
        api_reply_string(r, "Model", d->name);
        api_reply_string(r, "Device Path", path);
        api_reply_end_item(r);
    }
    api_reply_end_section(r);
}

void api_lcd(struct api_call *call)
{
    const struct monitor_report *report = call->report;
    const struct mining_source_status *current = NULL;
    struct api_reply *r = call->reply;
    double temperature = 0, last_difficulty = 0;
    uint64_t last_share = 0, last_valid = 0;

    for (size_t i = 0; i < report->status.source_count && !current; i++)
        if (report->status.source[i].active)
            current = &report->status.source[i];
    for (size_t i = 0; i < report->lane_count; i++) {
        const struct monitor_lane *lane = &report->lane[i];

        if (lane->condition.has_temperature && lane->condition.temperature > temperature)
            temperature = lane->condition.temperature;
        if (lane->tally.last_accepted_s > last_share) {
            last_share = lane->tally.last_accepted_s;
            last_difficulty = lane->tally.last_difficulty;
        }
        if (lane->tally.last_found_s > last_valid)
            last_valid = lane->tally.last_found_s;
    }
    api_status(call, API_SUCCESS, API_CODE_LCD, "LCD");
    api_reply_section(r, "LCD");
    api_reply_item(r, "LCD");
    api_reply_fixed(r, "Elapsed", report->elapsed_s, 0);
    api_reply_fixed(r, "GHS av", report->rates.average / 1e9, MHS);
    api_reply_fixed(r, "GHS 5m", report->rates.m5 / 1e9, MHS);
    api_reply_fixed(r, "GHS 5s", report->rates.s5 / 1e9, MHS);
    api_reply_fixed(r, "Temperature", temperature, TEMPERATURE);
    api_reply_fixed(r, "Last Share Difficulty", last_difficulty, DIFFICULTY);
    api_reply_uint(r, "Last Share Time", last_share);
    api_reply_fixed(r, "Best Share", report->best_difficulty, 0);
    api_reply_uint(r, "Last Valid Work", last_valid);
    api_reply_uint(r, "Found Blocks", report->status.counts.blocks);
    api_reply_string(r, "Current Pool", current ? current->url : "");
    api_reply_string(r, "User", current ? current->user : "");
    api_reply_end_item(r);
    api_reply_end_section(r);
}
