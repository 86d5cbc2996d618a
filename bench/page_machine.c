/* The head of a document: its most telling figures, and what they were measured on. */
#include "bench/markup.h"
#include "bench/page_impl.h"

#include <math.h>
#include <string.h>

enum { TILES = 8 };

/* --- the figures --- */

/* The best of the search on this number of threads, ours or ratios to others; NULL: none. */
static const struct results_row *best_search(const struct results *r, size_t threads, bool ratio)
{
    const struct results_row *best = NULL;

    for (size_t i = 0; i < r->count; i++) {
        const struct results_row *row = &r->row[i];

        if (row->threads == threads && strcmp(row->bench, "search") == 0 && !results_is_peer(row) &&
            !isnan(row->median) && (strcmp(row->unit, "ratio") == 0) == ratio &&
            (!best || row->median > best->median))
            best = row;
    }
    return best;
}

/* The <data> of a row's median, whose element carries the row's names. */
static void put_median(struct page *p, const char *element, const char *class,
                       const struct results_row *row)
{
    char number[NUMBER_SIZE];

    number_format(number, row->median);
    fprintf(p->out, "<%s class=\"%s\"", element, class);
    page_row_names(p, row);
    fprintf(p->out, "><data value=\"%.17g\">%s</data>", row->median, number);
}

static void put_search(struct page *p, const struct results *r, size_t threads)
{
    const struct results_row *rate = best_search(r, threads, false);
    const struct results_row *ratio = best_search(r, threads, true);

    if (!rate)
        return;
    fprintf(p->out, "<div class=\"tile\"><dt>Search, %zu %s</dt>", threads,
            threads == 1 ? "thread" : "threads");
    put_median(p, "dd", "figure", rate);
    fputs(" <span class=\"unit\">", p->out);
    markup_text(p->out, rate->unit);
    fputs("</span></dd><dd class=\"by\"><span class=\"whole\">", p->out);
    markup_text(p->out, rate->kernel);
    fputs(",</span> <span class=\"whole\">", p->out);
    markup_text(p->out, rate->name);
    fputs("</span></dd>", p->out);
    if (ratio) {
        const char *peer = strstr(ratio->name, " / ");

        put_median(p, "dd", "by", ratio);
        fputs(" times <span class=\"whole\">", p->out);
        markup_text(p->out, peer ? peer + 3 : "the other program");
        fputs("</span></dd>", p->out);
    }
    fputs("</div>\n", p->out);
}

/* The smallest number of threads of the search above a given one; 0: none. */
static size_t next_threads(const struct results *r, size_t after)
{
    size_t next = 0;

    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->row[i].bench, "search") == 0 && r->row[i].threads > after &&
            (next == 0 || r->row[i].threads < next))
            next = r->row[i].threads;
    return next;
}

void page_summary(struct page *p, const struct results *r)
{
    size_t shown = 0;

    if (!next_threads(r, 0))
        return;
    fputs("<dl class=\"tiles\">\n", p->out);
    for (size_t threads = 0; (threads = next_threads(r, threads)) && shown < TILES; shown++)
        put_search(p, r, threads);
    fputs("</dl>\n", p->out);
}

/* --- the machine --- */

static const struct fact {
    const char *key, *label, *unit;
    bool wide;
} facts[] = {
    {"features", "Instructions", "", false},
    {"usable_cpus", "CPUs used", "", false},
    {"logical_cpus", "CPUs online", "", false},
    {"cores", "Cores", "", false},
    {"threads_per_core", "Threads a core", "", false},
    {"numa_nodes", "NUMA nodes", "", false},
    {"cgroup_cpus", "Limit of the cgroup", "CPUs", false},
    {"memory_mib", "Memory", "MiB", false},
    {"max_mhz", "Highest clock", "MHz", false},
    {"current_mhz", "Clock at the start", "MHz", false},
    {"reference_mhz", "Time stamp counter", "MHz", false},
    {"governor", "Governor", "", false},
    {"huge_pages", "Huge pages", "", false},
    {"hypervisor", "Hypervisor", "", false},
    {"core_cycles", "Core cycles", "", false},
    {"os", "System", "", false},
    {"kernel", "Its kernel", "", false},
    {"compiler", "Compiler", "", false},
    {"build", "Build", "", false},
    {"version", "exs-bench", "", false},
    {"flags", "Compiler flags", "", true},
};

static void open_fact(struct page *p, const char *label, const char *key, bool wide)
{
    fprintf(p->out, "<div%s><dt>", wide ? " class=\"wide\"" : "");
    markup_text(p->out, label);
    fputs("</dt><dd data-key=\"", p->out);
    markup_text(p->out, key);
    fputs("\">", p->out);
}

static void close_fact(struct page *p) { fputs("</dd></div>\n", p->out); }

static void put_fact(struct page *p, const struct fact *fact, const json_t *value)
{
    bool words = json_is_string(value) || json_is_boolean(value);
    char number[NUMBER_SIZE];

    if (!words && !json_is_number(value))
        return;
    open_fact(p, fact->label, fact->key, fact->wide);
    if (json_is_string(value))
        markup_text(p->out, json_string_value(value));
    else if (words)
        fputs(json_is_true(value) ? "counted" : "not to be had", p->out);
    if (json_is_number(value)) {
        number_format_field(number, round(json_number_value(value) * 100) / 100);
        fprintf(p->out, "<data value=\"%.17g\">%s</data> %s", json_number_value(value), number,
                fact->unit);
    }
    close_fact(p);
}

static void put_caches(struct page *p, const json_t *caches)
{
    json_t *cache;
    size_t i;

    json_array_foreach(caches, i, cache)
    {
        json_int_t shared = json_integer_value(json_object_get(cache, "shared_by"));
        const char *type = json_string_value(json_object_get(cache, "type"));
        char label[64];

        if (i >= 8)
            break;
        snprintf(label, sizeof(label), "Cache, level %lld",
                 (long long)json_integer_value(json_object_get(cache, "level")));
        open_fact(p, label, "caches", false);
        fprintf(p->out, "%lld KiB", (long long)json_integer_value(json_object_get(cache, "kib")));
        if (type && strcmp(type, "Unified") != 0) {
            fputs(", ", p->out);
            markup_text(p->out, type);
        }
        if (shared > 1)
            fprintf(p->out, ", for %lld CPUs", (long long)shared);
        close_fact(p);
    }
}

void page_machine(struct page *p, const struct results *r)
{
    fputs("<dl class=\"facts\">\n", p->out);
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
        if (strcmp(facts[i].key, "memory_mib") == 0)
            put_caches(p, json_object_get(r->machine, "caches"));
        put_fact(p, &facts[i], json_object_get(r->machine, facts[i].key));
    }
    fputs("</dl>\n", p->out);
}
