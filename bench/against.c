#include "bench/against.h"

#include "bench/bench_alloc.h"
#include "bench/child.h"
#include "bench/counters.h"
#include "bench/rate_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The arg of a case: one allocation, as the plan frees it. */
struct against {
    const char *command;
    double seconds; /* that a run may take */
    size_t threads;
    const unsigned *cpus;
    char name[REPORT_NAME_SIZE];
    const char *rule; /* by which the last rate was read */
    bool unpinned;    /* in some run */
};

/* Takes one word from *at to out, which has room for it. False where a quote is not closed. */
static bool take_word(const char **at, char *out)
{
    char quote = 0;

    for (; **at && (quote || !strchr(" \t\n", **at)); (*at)++) {
        char c = **at;

        if (quote ? c == quote : c == '\'' || c == '"')
            quote = quote ? 0 : c;
        else if (c == '\\' && quote != '\'' && (*at)[1])
            *out++ = *++*at;
        else
            *out++ = c;
    }
    *out = 0;
    return quote == 0;
}

bool against_split(struct against_words *words, const char *command,
                   char error[static BENCH_ERROR_SIZE])
{
    const char *at = command + strspn(command, " \t\n");

    *words = (struct against_words){0};
    error[0] = 0;
    while (*at && !error[0]) {
        char *word = bench_alloc(strlen(at) + 1, 1);

        if (!take_word(&at, word))
            snprintf(error, BENCH_ERROR_SIZE, "a quote is not closed");
        else if (words->count == AGAINST_WORDS)
            snprintf(error, BENCH_ERROR_SIZE, "more than %d words", AGAINST_WORDS);
        else
            words->word[words->count++] = word;
        if (error[0])
            free(word);
        at += strspn(at, " \t\n");
    }
    if (!error[0] && words->count == 0)
        snprintf(error, BENCH_ERROR_SIZE, "no command");
    if (error[0])
        against_free(words);
    return !error[0];
}

void against_free(struct against_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->word[i]);
    *words = (struct against_words){0};
}

/* Puts text in the place of each mark. */
static void fill_in(struct against_words *words, const char *mark, const char *text)
{
    for (size_t i = 0; i < words->count; i++) {
        char *found = strstr(words->word[i], mark);

        while (found) {
            size_t before = (size_t)(found - words->word[i]);
            size_t size = strlen(words->word[i]) + strlen(text) + 1;
            char *word = bench_alloc(size, 1);

            snprintf(word, size, "%.*s%s%s", (int)before, words->word[i], text,
                     found + strlen(mark));
            free(words->word[i]);
            words->word[i] = word;
            found = strstr(word + before + strlen(text), mark);
        }
    }
}

/* "0,2" for CPUs 0 and 2; the caller frees it. */
static char *format_list(const unsigned *cpus, size_t n)
{
    enum { NUMBER = 12 };
    char *text = bench_alloc(n + 1, NUMBER);
    size_t used = 0;

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, NUMBER, "%s%u", i ? "," : "", cpus[i]);
    return text;
}

/* "0x5" for CPUs 0 and 2; the caller frees it. */
static char *format_mask(const unsigned *cpus, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    unsigned most = 0;
    size_t length;
    char *text;

    for (size_t i = 0; i < n; i++)
        most = cpus[i] > most ? cpus[i] : most;
    length = 2 + most / 4 + 1;
    text = bench_alloc(length + 1, 1);
    memset(text, '0', length);
    text[1] = 'x';
    for (size_t i = 0; i < n; i++) {
        char *place = &text[length - 1 - cpus[i] / 4];
        size_t digit = (size_t)(strchr(digits, *place) - digits);

        *place = digits[digit | 1u << cpus[i] % 4];
    }
    return text;
}

void against_fill_in(struct against_words *words, const unsigned *cpus, size_t n)
{
    char number[24], *list = format_list(cpus, n), *mask = format_mask(cpus, n);

    snprintf(number, sizeof(number), "%zu", n);
    fill_in(words, "{threads}", number);
    fill_in(words, "{cpus}", list);
    fill_in(words, "{mask}", mask);
    free(list);
    free(mask);
}

static void take_output(void *context, const char *data, size_t size)
{
    rate_text_feed(context, data, size);
}

/* Says in error why a child's run is worth nothing; false where it is worth something. */
static bool is_failure(const struct against *a, const struct child_end *end, double rate,
                       char error[static MEASURE_ERROR_SIZE])
{
    const char *how = end->how == CHILD_TIMEOUT ? "within the time that it had" : "before it ended";

    error[0] = 0;
    if (end->how == CHILD_TOO_MUCH)
        snprintf(error, MEASURE_ERROR_SIZE, "it printed more than %d bytes", AGAINST_OUTPUT);
    else if (end->how == CHILD_EXITED && end->status != 0)
        snprintf(error, MEASURE_ERROR_SIZE, "it ended with status %d", end->status);
    else if (end->how == CHILD_KILLED)
        snprintf(error, MEASURE_ERROR_SIZE, "it was ended by signal %d", end->status);
    else if (isnan(rate) && end->how != CHILD_INTERRUPTED)
        snprintf(error, MEASURE_ERROR_SIZE, "it printed no hash rate %s (%.0f s)", how, a->seconds);
    return error[0] != 0;
}

/* The metrics: the rate alone. */
static bool against_run(void *arg, const struct measure_options *options,
                        struct measure_sample *sample, char error[static MEASURE_ERROR_SIZE])
{
    struct against *a = arg;
    struct rate_text *text = bench_alloc(1, sizeof(*text));
    struct against_words words;
    struct counters_stat before = counters_stat(a->cpus, a->threads);
    struct child_end end;
    double rate, others_ms;
    bool good = false;

    (void)options;
    rate_text_init(text);
    if (!against_split(&words, a->command, error)) {
        free(text);
        return false;
    }
    against_fill_in(&words, a->cpus, a->threads);
    if (child_run(&end, words.word, a->cpus, a->threads, a->seconds, AGAINST_OUTPUT, take_output,
                  text, error)) {
        rate = rate_text_result(text, &a->rule);
        good = !is_failure(a, &end, rate, error);
        a->unpinned = a->unpinned || end.unpinned;
        sample->value[0] = rate / 1e6;
        /* Its own time says little, as it may sleep at its start; what others used says all. */
        others_ms = counters_stat(a->cpus, a->threads).busy_ms - before.busy_ms;
        others_ms -= end.cpu_seconds * 1000;
        sample->cpu_share = 1 - fmax(others_ms, 0) / (end.seconds * 1000 * (double)a->threads);
        sample->value[1] = end.cpu_seconds / end.seconds / (double)a->threads;
    }
    against_free(&words);
    free(text);
    return good;
}

static const struct measure_metric against_metrics[] = {
    {.unit = "MH/s"},
    {.name = "peer_cpu_share"},
};

/* The name that the user gave, or the last part of the command's path. */
static void name_peer(char out[static REPORT_NAME_SIZE], const struct bench *b, size_t peer,
                      const struct against_words *words)
{
    const char *slash = strrchr(words->word[0], '/');
    size_t same = 0;

    if (b->peer[peer].name[0]) {
        snprintf(out, REPORT_NAME_SIZE, "%s", b->peer[peer].name);
        return;
    }
    /* The same program with other options has a number. */
    for (size_t i = 0; i < peer; i++)
        same += !b->peer[i].name[0];
    if (same)
        snprintf(out, REPORT_NAME_SIZE, "%s#%zu", slash ? slash + 1 : words->word[0], peer + 1);
    else
        snprintf(out, REPORT_NAME_SIZE, "%s", slash ? slash + 1 : words->word[0]);
}

static void plan_peer(struct bench_plan *plan, const struct bench *b, size_t peer, size_t threads,
                      const struct against_words *words)
{
    struct against *a = bench_alloc(1, sizeof(*a));
    struct measure_case c = {
        .name = "against",
        .threads = threads,
        .cpus = b->cpus,
        .cpu_count = threads,
        .metric = against_metrics,
        .metrics = sizeof(against_metrics) / sizeof(*against_metrics),
        .run = against_run,
        .arg = a,
    };

    *a = (struct against){
        .command = b->peer[peer].command,
        .seconds = b->peer_seconds,
        .threads = threads,
        .cpus = b->cpus,
        .rule = "",
    };
    name_peer(a->name, b, peer, words);
    c.kernel = a->name;
    bench_plan_add(plan, &c);
}

bool against_plan(struct bench_plan *plan, const struct bench *b, const char *bench)
{
    for (size_t peer = 0; peer < b->peers; peer++) {
        struct against_words words;
        char error[BENCH_ERROR_SIZE];

        if (!against_split(&words, b->peer[peer].command, error)) {
            fprintf(stderr, "error: %s: --against \"%s\": %s\n", bench, b->peer[peer].command,
                    error);
            return false;
        }
        for (size_t i = 0; i < b->thread_counts; i++)
            plan_peer(plan, b, peer, b->threads[i], &words);
        against_free(&words);
    }
    return true;
}

void against_describe(struct report_row *row, const struct measure_case *c)
{
    const struct against *a = c->arg;

    report_text(row, "command", a->command);
    report_text(row, "rates_read", a->rule);
    report_text(row, "pinned", a->unpinned ? "no" : "yes");
    if (a->unpinned)
        fprintf(stderr, "warning: %s chose other CPUs than those it was given\n", a->name);
}
