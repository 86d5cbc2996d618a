#include "programs/display.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LANES_IN_LINE = 16, /* rates that the live line shows, if there are no more */
    LOG_ROWS = 5,       /* of the screen, left to the log where there is room for more */
};

static void toggle(atomic_bool *option) { atomic_store(option, !atomic_load(option)); }

enum display_action display_key(struct display_options *options, char key)
{
    switch (key) {
    case 'q':
    case 'Q':
        return DISPLAY_QUIT;
    case 'p':
    case 'P':
        return DISPLAY_NEXT_SOURCE;
    case 'd':
    case 'D':
        toggle(&options->hide_devices);
        return DISPLAY_REDRAW;
    case 's':
    case 'S':
        toggle(&options->hide_sources);
        return DISPLAY_REDRAW;
    case 'h':
    case 'H':
    case '?':
        toggle(&options->help);
        return DISPLAY_REDRAW;
    default:
        return DISPLAY_NONE;
    }
}

/* Text that grows in a buffer of fixed size; what does not fit is cut. */
struct text {
    char *out;
    size_t size, at;
};

static struct text text_in(char *out, size_t size)
{
    *out = '\0';
    return (struct text){out, size, 0};
}

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
    va_list args;
    int size;

    if (t->at + 1 >= t->size)
        return;
    va_start(args, format);
    size = vsnprintf(t->out + t->at, t->size - t->at, format, args);
    va_end(args);
    if (size > 0)
        t->at += (size_t)size < t->size - t->at ? (size_t)size : t->size - t->at - 1;
}

void display_rate(char *out, size_t size, double rate)
{
    static const char *const unit[] = {"H/s", "kH/s", "MH/s", "GH/s", "TH/s"};
    size_t i = 0;

    for (; rate >= 999.95 && i + 1 < sizeof(unit) / sizeof(*unit); i++)
        rate /= 1000;
    snprintf(out, size, "%.4g %s", rate, unit[i]);
}

void display_duration(char *out, size_t size, double seconds)
{
    uint64_t s = seconds < 1e9 ? (uint64_t)seconds : 0;

    if (!isfinite(seconds))
        snprintf(out, size, "never");
    else if (seconds >= 2 * 31557600.0)
        snprintf(out, size, "%.4g years", seconds / 31557600.0);
    else if (s >= 86400)
        snprintf(out, size, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
    else if (s >= 3600)
        snprintf(out, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, size, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
    else
        snprintf(out, size, "%.3g s", seconds);
}

/* The first source whose work is searched, or NULL. */
static const struct mining_source_status *active_source(const struct monitor_report *report)
{
    for (size_t i = 0; i < report->status.source_count; i++)
        if (report->status.source[i].active)
            return &report->status.source[i];
    return NULL;
}

static void add_counts(struct text *t, const struct mining_counts *counts)
{
    add(t, "accepted %" PRIu64 " rejected %" PRIu64 " stale %" PRIu64, counts->accepted,
        counts->rejected, counts->stale);
}

static double temperature_of(const struct monitor_report *report)
{
    double highest = NAN;

    for (size_t i = 0; i < report->lane_count; i++)
        if (report->lane[i].condition.has_temperature)
            highest = fmax(highest, report->lane[i].condition.temperature);
    return highest;
}

void display_line(char *out, size_t size, const struct monitor_report *report)
{
    const struct mining_source_status *active = active_source(report);
    struct text t = text_in(out, size);
    uint64_t up = (uint64_t)report->elapsed_s;
    char rate[32];

    display_rate(rate, sizeof(rate), report->rates.s5);
    add(&t, "%s", rate);
    for (size_t i = 0; i < report->lane_count && report->lane_count <= LANES_IN_LINE; i++)
        add(&t, "%s%.4g%s", i ? " " : " (", report->lane[i].rates.s5 / 1e6,
            i + 1 == report->lane_count ? ")" : "");
    if (report->status.height > 0)
        add(&t, " | height %" PRId32, report->status.height);
    if (active)
        add(&t, "%s difficulty %.4g", report->status.height > 0 ? "" : " |", active->difficulty);
    add(&t, " | ");
    add_counts(&t, &report->status.counts);
    if (isfinite(temperature_of(report)))
        add(&t, " | %.0f C", temperature_of(report));
    add(&t, " | %" PRIu64 ":%02" PRIu64 ":%02" PRIu64, up / 3600, up / 60 % 60, up % 60);
}

void display_summary(char *out, size_t size, const struct monitor_report *report)
{
    const struct mining_counts *counts = &report->status.counts;
    struct text t = text_in(out, size);
    char rate[32];

    display_rate(rate, sizeof(rate), report->rates.m1);
    add(&t, "%s", rate);
    if (report->status.height > 0)
        add(&t, ", height %" PRId32, report->status.height);
    add(&t, ", accepted %" PRIu64 ", rejected %" PRIu64 ", stale %" PRIu64, counts->accepted,
        counts->rejected, counts->stale);
    if (report->budget.has_credits)
        add(&t, ", CPU credits %.1f", report->budget.credits);
}

static void add_lane_name(struct text *t, const struct monitor_device *device)
{
    add(t, "%s %u", device->kind == MONITOR_GPU ? "GPU" : "CPU", device->id);
}

void display_lanes(char *out, size_t size, const struct monitor_report *report)
{
    struct text t = text_in(out, size);
    char rate[32];

    for (size_t i = 0; i < report->lane_count; i++) {
        add(&t, "%s", i ? ", " : "");
        add_lane_name(&t, &report->lane[i].device);
        display_rate(rate, sizeof(rate), report->lane[i].rates.m1);
        add(&t, ": %s", rate);
    }
}

/* "a share in 5 min 6 s", where both are known. */
static void add_expected(struct text *t, const char *what, double difficulty, double rate)
{
    char duration[48];

    if (difficulty <= 0)
        return;
    display_duration(duration, sizeof(duration), monitor_expected_s(difficulty, rate));
    add(t, "  %s of difficulty %.5g every %s", what, difficulty, duration);
}

static void add_head(struct text *t, const struct monitor_report *report, const char *title)
{
    const struct mining_source_status *active = active_source(report);
    const struct mining_counts *counts = &report->status.counts;
    char now[32], s5[32], m1[32], m15[32], average[32], up[48];

    clock_format_s(now, report->now_s);
    display_duration(up, sizeof(up), floor(report->elapsed_s));
    display_rate(s5, sizeof(s5), report->rates.s5);
    display_rate(m1, sizeof(m1), report->rates.m1);
    display_rate(m15, sizeof(m15), report->rates.m15);
    display_rate(average, sizeof(average), report->rates.average);
    add(t, "%s  |  %s  |  up %s\n", title, now, up);
    add(t, "5 s: %s  1 min: %s  15 min: %s  all: %s\n", s5, m1, m15, average);
    add_counts(t, counts);
    add(t, " lost %" PRIu64 "  blocks %" PRIu64 "  best %.5g\n", counts->lost, counts->blocks,
        report->best_difficulty);
    if (report->status.height > 0)
        add(t, "height %" PRId32, report->status.height);
    else
        add(t, "no work");
    if (active && active->is_pool)
        add_expected(t, "share", active->difficulty, report->rates.m1);
    add_expected(t, "block", report->status.network_difficulty, report->rates.m1);
    add(t, "\n");
}

static void add_budget(struct text *t, const struct monitor_budget *b)
{
    if (!b->present)
        return;
    add(t, "CPU budget %s: %.0f%% allowed, %.0f%% used, %.0f%% stolen", b->mode, b->limit_percent,
        b->used_percent, b->steal_percent);
    if (b->has_credits)
        add(t, "  credits %.1f of %.0f, %+.0f an hour", b->credits, b->credits_max,
            b->earned_per_hour);
    add(t, "\n");
}

static void add_rule(struct text *t, const char *title, int columns)
{
    int rest = columns - (int)strlen(title) - 4;

    add(t, "-- %s ", title);
    for (int i = 0; i < rest; i++)
        add(t, "-");
    add(t, "\n");
}

static const char *state_of(const struct mining_source_status *source)
{
    if (!source->enabled)
        return "disabled";
    if (source->active)
        return "mining";
    /* A spare one is not connected to until it is wanted. */
    return source->alive ? "alive" : *source->text ? "dead" : "spare";
}

static void add_source(struct text *t, const struct mining_source_status *source, size_t i)
{
    add(t, "%2zu %-8s %s%s%s  difficulty %.5g  ", i, state_of(source), source->url,
        *source->user ? "  " : "", source->user, source->difficulty);
    add_counts(t, &source->counts);
    if (!source->alive && *source->text)
        add(t, "  %s", source->text);
    add(t, "\n");
}

static void add_lane(struct text *t, const struct monitor_lane *lane)
{
    char s5[32], average[32];

    add_lane_name(t, &lane->device);
    display_rate(s5, sizeof(s5), lane->rates.s5);
    display_rate(average, sizeof(average), lane->rates.average);
    add(t, "  %11s  %11s", s5, average);
    if (lane->condition.has_temperature)
        add(t, "  %3.0f C", lane->condition.temperature);
    if (lane->condition.has_power)
        add(t, "  %3.0f W", lane->condition.power);
    add(t, "  A:%" PRIu64 " R:%" PRIu64 " HW:%" PRIu64, lane->tally.accepted, lane->tally.rejected,
        lane->tally.errors);
    add(t, "  %s%s\n", lane->device.kernel, lane->condition.alive ? "" : "  DEAD");
}

/* As many lanes as there is room for, and how many more there are. */
static void add_lanes(struct text *t, const struct monitor_report *report, int room)
{
    size_t shown = room > 1 ? (size_t)room : 1;

    if (shown > report->lane_count)
        shown = report->lane_count;
    else if (shown < report->lane_count && shown > 1)
        shown--;
    for (size_t i = 0; i < shown; i++)
        add_lane(t, &report->lane[i]);
    if (shown < report->lane_count)
        add(t, "... and %zu more (the API and the metrics have all)\n", report->lane_count - shown);
}

static int rows_used(const struct text *t)
{
    int rows = 0;

    for (const char *at = t->out; (at = strchr(at, '\n')); at++)
        rows++;
    return rows;
}

void display_screen(char *out, size_t size, const struct monitor_report *report,
                    const struct display_options *options, const char *title, int rows, int columns)
{
    bool devices = !atomic_load(&options->hide_devices);
    bool sources = !atomic_load(&options->hide_sources);
    struct text t = text_in(out, size);

    add_head(&t, report, title);
    add_budget(&t, &report->budget);
    if (atomic_load(&options->help))
        add(&t,
            "q quit  p next pool or node  d devices on/off  s pools on/off  h this help on/off\n");
    if (sources) {
        add_rule(&t, "pools and nodes", columns);
        for (size_t i = 0; i < report->status.source_count; i++)
            add_source(&t, &report->status.source[i], i);
    }
    if (devices) {
        add_rule(&t, "devices: 5 s, all", columns);
        add_lanes(&t, report, rows - rows_used(&t) - LOG_ROWS - 1);
    }
    add_rule(&t, "log (h: help)", columns);
}
