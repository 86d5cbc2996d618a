#include "bench/options.h"

#include "base/settings.h"
#include "bench/against.h"
#include "bench/bench_alloc.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct setting table[] = {
    {.name = "What to measure", .type = SETTING_HEADING},
    {.name = "kernel",
     .letter = 'k',
     .type = SETTING_LIST,
     .argument = "NAME",
     .help = "Only this implementation; may be given again (default: all that run here)"},
    {.name = "threads",
     .letter = 't',
     .type = SETTING_STRING,
     .fallback = "1",
     .argument = "LIST",
     .help = "Numbers of threads, such as 1,2,all"},
    {.name = "cpu",
     .type = SETTING_STRING,
     .argument = "LIST",
     .help = "Only these CPUs, such as 0-3,8 (default: all that this process may use)"},
    {.name = "filter",
     .type = SETTING_STRING,
     .argument = "TEXT",
     .help = "Only rows whose bench/name/kernel/threads holds TEXT, or matches it where it has "
             "* or ?"},
    {.name = "How to measure", .type = SETTING_HEADING},
    {.name = "runs",
     .letter = 'r',
     .type = SETTING_INT,
     .min = 1,
     .max = 1000,
     .fallback = "5",
     .argument = "N",
     .help = "Runs of each row, in turns"},
    {.name = "seconds",
     .letter = 's',
     .type = SETTING_DOUBLE,
     .fallback = "0.5",
     .argument = "S",
     .help = "Length of a run"},
    {.name = "warmup",
     .type = SETTING_DOUBLE,
     .fallback = "0.05",
     .argument = "S",
     .help = "Seconds of work before each run"},
    {.name = "repeat",
     .type = SETTING_INT,
     .min = 0,
     .max = 100,
     .fallback = "2",
     .argument = "N",
     .help = "How often a run that others disturbed is done again"},
    {.name = "Real blocks (with validate)", .type = SETTING_HEADING},
    {.name = "vectors",
     .type = SETTING_STRING,
     .argument = "DIR",
     .help = "The folder whose blocks/ has them (default: what EXS_VECTORS names)"},
    {.name = "block",
     .type = SETTING_LIST,
     .argument = "NAME",
     .help = "A block, such as mainnet-866342; may be given again (default: four large ones)"},
    {.name = "Other programs (with search)", .type = SETTING_HEADING},
    {.name = "against",
     .type = SETTING_LIST,
     .argument = "COMMAND",
     .help = "Run this miner's benchmark in turns with ours, on the same CPUs, and add the "
             "ratios; {threads}, {cpus} (0,2) and {mask} (0x5) in it become what ours used; may be "
             "given again"},
    {.name = "against-name",
     .type = SETTING_LIST,
     .argument = "NAME",
     .help = "What the report calls the first, second, ... of them (default: the program)"},
    {.name = "against-seconds",
     .type = SETTING_DOUBLE,
     .fallback = "60",
     .argument = "S",
     .help = "When to stop a benchmark that has not ended by itself"},
    {.name = "Files (compare and report)", .type = SETTING_HEADING},
    {.name = "threshold",
     .type = SETTING_PERCENT,
     .fallback = "2",
     .argument = "P",
     .help = "Changes of medians up to so many percent are noise"},
    {.name = "significance",
     .type = SETTING_DOUBLE,
     .fallback = "0.01",
     .argument = "P",
     .help = "How probable a change of ranks may be by chance"},
    {.name = "Output", .type = SETTING_HEADING},
    {.name = "output",
     .letter = 'o',
     .type = SETTING_STRING,
     .fallback = "report.html",
     .argument = "FILE",
     .help = "Where report writes its page, or tune (by default to standard output) its profile; "
             "- is standard output"},
    {.name = "svg",
     .type = SETTING_STRING,
     .argument = "FILE",
     .help = "Draw what was measured or compared; - is standard output"},
    {.name = "json",
     .type = SETTING_STRING,
     .argument = "FILE",
     .help = "Write JSON to FILE; --json alone writes it to standard output instead of the table"},
    {.name = "quiet", .letter = 'q', .type = SETTING_BOOL, .help = "No table and no progress"},
    {.name = "help", .letter = 'h', .type = SETTING_BOOL, .help = "This text"},
    {.name = "version", .letter = 'V', .type = SETTING_BOOL, .help = "The version"},
};

__attribute__((format(printf, 1, 2))) static enum options_result wrong(const char *format, ...)
{
    va_list args;

    fputs("error: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("\nexs-bench --help says what there is\n", stderr);
    return OPTIONS_WRONG;
}

size_t options_parse_threads(size_t counts[static BENCH_COUNTS], const char *text, size_t most,
                             char error[static BENCH_ERROR_SIZE])
{
    size_t n = 0;

    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ","), value, place = 0;
        char *end;

        value = strtoul(at, &end, 10);
        if (length == 3 && strncmp(at, "all", 3) == 0) {
            value = most;
        } else if (length == 0 || *at < '0' || *at > '9' || end != at + length || value == 0) {
            snprintf(error, BENCH_ERROR_SIZE, "%.*s is no number of threads", (int)length, at);
            return 0;
        } else if (value > most) {
            snprintf(error, BENCH_ERROR_SIZE, "%zu threads, where %zu %s usable", value, most,
                     most == 1 ? "CPU is" : "CPUs are");
            return 0;
        }
        while (place < n && counts[place] < value)
            place++;
        if (place == n || counts[place] != value) {
            if (n == BENCH_COUNTS) {
                snprintf(error, BENCH_ERROR_SIZE, "more than %d numbers of threads", BENCH_COUNTS);
                return 0;
            }
            memmove(counts + place + 1, counts + place, (n++ - place) * sizeof(*counts));
            counts[place] = value;
        }
        at += length;
        if (!*at)
            return n;
    }
}

/* Reads the arguments, with "--json" alone as "--json=-": the table knows no optional values. */
static bool read_arguments(struct settings *s, int argc, char *const *argv)
{
    static char json[] = "--json=-";
    char **copy = bench_alloc((size_t)argc + 1, sizeof(*copy));
    bool good;

    for (int i = 0; i < argc; i++)
        copy[i] = i && strcmp(argv[i], "--json") == 0 ? json : argv[i];
    good = settings_read_arguments(s, argc, copy, SETTINGS_MIXED);
    free(copy);
    return good;
}

static void print_help(const struct settings *s)
{
    char *help = settings_help(s, "--", false);

    printf("usage: exs-bench COMMAND [OPTION...] [FILE...]\n\n"
           "Measures how fast this machine computes what Bitcoin asks for.\n\nCommands:\n");
    for (const struct bench_command *c = bench_commands; c->name; c++)
        printf("  %-10s %s\n", c->name, c->summary);
    printf("  %-10s %s\n  %-10s %s\n", "all", "all of these but tune", "list",
           "the implementations that each chooses from");
    printf("  %-10s %s\n  %-10s %s\n  %-10s %s\n\n", "compare A B",
           "what changed between two files of --json beyond the noise", "report",
           "a page in HTML: of files of --json, or of all, which it measures", "help", "this text");
    fputs(help ? help : "", stdout);
    printf("\nExit status: 0 all was measured, 1 something failed, 2 the command line is wrong,\n"
           "130 interrupted (what was measured until then is reported). Of compare: 0 nothing got\n"
           "worse, 1 something did, 2 the files cannot be compared.\n");
    free(help);
}

/* Whether a name stands at a lower index too: a command may choose for several operations. */
static bool is_listed(const struct bench_command *c, size_t index, const char *name)
{
    unsigned needs;

    for (size_t i = 0; i < index; i++)
        if (strcmp(c->kernel(i, &needs), name) == 0)
            return true;
    return false;
}

static void print_list(void)
{
    unsigned cpu = cpu_features();

    for (const struct bench_command *c = bench_commands; c->name; c++) {
        const char *name;
        unsigned needs;

        printf("%-10s", c->name);
        for (size_t i = 0; c->kernel && (name = c->kernel(i, &needs)); i++)
            if (!is_listed(c, i, name))
                printf(" %s%s", name, needs & ~cpu ? " (not on this processor)" : "");
        putchar('\n');
    }
}

/* Whether any command that is to be run has a kernel of this name, and one that runs here. */
static bool find_kernel(const struct options *o, const char *wanted, bool *runs)
{
    bool found = false;

    *runs = false;
    for (const struct bench_command *c = bench_commands; c->name; c++) {
        const char *name;
        unsigned needs;

        if (!c->kernel || (o->command && o->command != c))
            continue;
        for (size_t i = 0; (name = c->kernel(i, &needs)); i++) {
            if (strcmp(name, wanted) == 0) {
                found = true;
                *runs = *runs || bench_runs(&o->bench, needs);
            }
        }
    }
    return found;
}

static enum options_result read_kernels(struct options *o)
{
    struct bench *b = &o->bench;

    b->kernel_count = settings_list_size(o->settings, "kernel");
    b->kernel_names = bench_alloc(b->kernel_count, sizeof(*b->kernel_names));
    if (b->kernel_count && o->command && !o->command->kernel)
        return wrong("%s chooses between no kernels", o->command->name);
    for (size_t i = 0; i < b->kernel_count; i++) {
        bool runs;

        b->kernel_names[i] = settings_list(o->settings, "kernel", i);
        if (!find_kernel(o, b->kernel_names[i], &runs))
            return wrong("no kernel %s%s%s; exs-bench list says which there are",
                         b->kernel_names[i], o->command ? " of " : "",
                         o->command ? o->command->name : "");
        if (!runs)
            return wrong("this processor can't run the kernel %s", b->kernel_names[i]);
    }
    return OPTIONS_RUN;
}

static enum options_result read_peers(struct options *o)
{
    const struct settings *s = o->settings;
    struct bench *b = &o->bench;
    size_t names = settings_list_size(s, "against-name");

    b->peers = settings_list_size(s, "against");
    b->peer_seconds = settings_double(s, "against-seconds");
    if (b->peers && o->command && o->command->run != bench_search_run)
        return wrong("--against goes with search");
    if (b->peers > BENCH_PEERS)
        return wrong("more than %d times --against", BENCH_PEERS);
    if (names > b->peers)
        return wrong("more --against-name than --against");
    if (!(b->peer_seconds >= 0.1 && b->peer_seconds <= 86400))
        return wrong("--against-seconds is not within 0.1 to 86400");
    for (size_t i = 0; i < b->peers; i++) {
        struct against_words words;
        char error[BENCH_ERROR_SIZE];

        b->peer[i] = (struct bench_peer){settings_list(s, "against", i),
                                         i < names ? settings_list(s, "against-name", i) : ""};
        if (!against_split(&words, b->peer[i].command, error))
            return wrong("--against \"%s\": %s", b->peer[i].command, error);
        against_free(&words);
    }
    return OPTIONS_RUN;
}

static enum options_result read_blocks(struct options *o)
{
    struct bench *b = &o->bench;
    bool given = settings_given(o->settings, "vectors");
    /* all should take as long wherever it is run: there the environment does not count. */
    const char *folder = o->command ? getenv("EXS_VECTORS") : NULL;

    b->blocks = settings_list_size(o->settings, "block");
    b->vectors = given ? settings_string(o->settings, "vectors") : folder ? folder : "";
    b->vectors_wanted = given || b->blocks || o->command;
    if ((given || b->blocks) && o->command && o->command->run != bench_validate_run)
        return wrong("--vectors and --block go with validate");
    if (given && !b->vectors[0])
        return wrong("--vectors= names a folder");
    if (b->blocks > BENCH_BLOCKS)
        return wrong("more than %d times --block", BENCH_BLOCKS);
    for (size_t i = 0; i < b->blocks; i++) {
        b->block_name[i] = settings_list(o->settings, "block", i);
        for (size_t k = 0; k < i; k++)
            if (strcmp(b->block_name[k], b->block_name[i]) == 0)
                return wrong("--block %s is given twice", b->block_name[i]);
    }
    return OPTIONS_RUN;
}

static enum options_result read_measure(struct options *o)
{
    const struct settings *s = o->settings;
    struct measure_options *m = &o->bench.measure;

    *m = (struct measure_options){
        .runs = (size_t)settings_int(s, "runs"),
        .seconds = settings_double(s, "seconds"),
        .warmup = settings_double(s, "warmup"),
        .repeats = (size_t)settings_int(s, "repeat"),
        .progress = !o->quiet,
    };
    o->bench.filter = settings_string(s, "filter");
    if (!(m->seconds >= 0.001 && m->seconds <= 3600))
        return wrong("--seconds is not within 0.001 to 3600");
    if (!(m->warmup >= 0 && m->warmup <= 60))
        return wrong("--warmup is not within 0 to 60");
    return OPTIONS_RUN;
}

/* Takes where something goes; false where the option has an empty value. */
static bool take_path(const char **out, const struct settings *s, const char *name)
{
    if (settings_given(s, name))
        *out = settings_string(s, name);
    return !*out || **out;
}

static enum options_result read_output(struct options *o)
{
    const struct settings *s = o->settings;
    size_t to_stdout = 0;

    o->quiet = settings_bool(s, "quiet");
    if (!take_path(&o->json, s, "json") || !take_path(&o->svg, s, "svg"))
        return wrong("--json= and --svg= name a file");
    if (o->page)
        o->page = settings_string(s, "output");
    else if (o->command && o->command->alone)
        o->bench.profile = settings_given(s, "output") ? settings_string(s, "output") : "-";
    else if (settings_given(s, "output"))
        return wrong("--output goes with report and tune");
    if ((o->page && !o->page[0]) || (o->bench.profile && !o->bench.profile[0]))
        return wrong("--output= names a file");
    if (o->task == OPTIONS_REPORT && o->json)
        return wrong("--json goes with measuring and with compare");
    for (size_t i = 0; i < 4; i++) {
        const char *const paths[] = {o->json, o->svg, o->page, o->bench.profile}, *path = paths[i];

        to_stdout += path && strcmp(path, "-") == 0;
    }
    return to_stdout > 1 ? wrong("only one thing can go to standard output") : OPTIONS_RUN;
}

static enum options_result read_rule(struct options *o)
{
    const struct settings *s = o->settings;

    o->rule =
        (struct compare_rule){settings_double(s, "threshold"), settings_double(s, "significance")};
    if (!(o->rule.threshold >= 0 && o->rule.threshold <= 1000))
        return wrong("--threshold is not within 0 to 1000");
    if (!(o->rule.significance > 0 && o->rule.significance < 1))
        return wrong("--significance is not between 0 and 1");
    if (o->files < 2 && (settings_given(s, "threshold") || settings_given(s, "significance")))
        return wrong("--threshold and --significance go with two files");
    return OPTIONS_RUN;
}

static enum options_result read_machine(struct options *o)
{
    const char *cpus = settings_string(o->settings, "cpu");
    struct topology_source source = {.cpus = cpus[0] ? cpus : NULL};
    struct bench *b = &o->bench;
    char error[TOPOLOGY_ERROR_SIZE];

    _Static_assert((int)TOPOLOGY_ERROR_SIZE >= (int)BENCH_ERROR_SIZE, "both take their error here");

    o->topology = bench_alloc(1, sizeof(*o->topology));
    if (!topology_load(o->topology, &source, error))
        return wrong("%s", error);
    b->topology = o->topology;
    b->cpus = bench_alloc(o->topology->cpu_count, sizeof(*b->cpus));
    for (size_t i = 0; i < o->topology->cpu_count; i++)
        b->cpus[i] = o->topology->cpu[i].os;
    b->threads_given = settings_given(o->settings, "threads");
    if (b->threads_given && o->command && !o->command->many_threads)
        return wrong("%s chooses its numbers of threads itself", o->command->name);
    b->thread_counts = options_parse_threads(b->threads, settings_string(o->settings, "threads"),
                                             o->topology->cpu_count, error);
    return b->thread_counts ? OPTIONS_RUN : wrong("%s", error);
}

/* Options that say what and how to measure, which those that only read files do without. */
static enum options_result refuse_measuring(const struct options *o, const char *command)
{
    static const char *const names[] = {
        "kernel", "threads", "cpu",          "filter",          "runs",    "seconds", "warmup",
        "repeat", "against", "against-name", "against-seconds", "vectors", "block"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (settings_given(o->settings, names[i]))
            return wrong("--%s: %s measures nothing", names[i], command);
    return OPTIONS_RUN;
}

/* The files after the command. */
static enum options_result take_files(struct options *o, size_t most)
{
    const char *file, *command = settings_positional(o->settings, 0);

    while ((file = settings_positional(o->settings, o->files + 1))) {
        if (o->files == most)
            return wrong("%s takes %zu files at most", command, most);
        o->file[o->files++] = file;
    }
    return o->files ? refuse_measuring(o, command) : OPTIONS_RUN;
}

static enum options_result find_reader(struct options *o, const char *name)
{
    enum options_result result;

    if (strcmp(name, "compare") == 0) {
        o->task = OPTIONS_COMPARE;
        result = take_files(o, 2);
        return result == OPTIONS_RUN && o->files != 2 ? wrong("compare takes two files") : result;
    }
    o->page = "";
    result = take_files(o, PAGE_DOCUMENTS);
    o->task = o->files ? OPTIONS_REPORT : OPTIONS_MEASURE;
    return result;
}

static enum options_result find_command(struct options *o)
{
    const char *name = settings_positional(o->settings, 0);

    if (!name)
        return wrong("no command is given");
    if (strcmp(name, "compare") == 0 || strcmp(name, "report") == 0)
        return find_reader(o, name);
    if (settings_positional(o->settings, 1))
        return wrong("%s: one command at a time", settings_positional(o->settings, 1));
    if (strcmp(name, "help") == 0) {
        print_help(o->settings);
        return OPTIONS_SHOWN;
    }
    if (strcmp(name, "list") == 0) {
        print_list();
        return OPTIONS_SHOWN;
    }
    if (strcmp(name, "all") == 0)
        return OPTIONS_RUN;
    for (const struct bench_command *c = bench_commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            o->command = c;
    return o->command ? OPTIONS_RUN : wrong("no command %s", name);
}

enum options_result options_read(struct options *o, int argc, char *const *argv)
{
    static enum options_result (*const steps[])(struct options *) = {find_command, read_output,
                                                                     read_rule};
    static enum options_result (*const measuring[])(struct options *) = {
        read_kernels, read_peers, read_blocks, read_measure, read_machine};
    enum options_result result = OPTIONS_RUN;

    *o = (struct options){.bench.cpu = cpu_features()};
    o->settings = settings_create(table, sizeof(table) / sizeof(*table));
    if (!o->settings)
        return wrong("out of memory");
    if (!read_arguments(o->settings, argc, argv))
        return wrong("%s", settings_error(o->settings));
    if (settings_bool(o->settings, "help")) {
        print_help(o->settings);
        return OPTIONS_SHOWN;
    }
    if (settings_bool(o->settings, "version")) {
        printf("exs-bench %s\n", BENCH_VERSION);
        return OPTIONS_SHOWN;
    }
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && result == OPTIONS_RUN; i++)
        result = steps[i](o);
    for (size_t i = 0; o->task == OPTIONS_MEASURE && i < sizeof(measuring) / sizeof(*measuring) &&
                       result == OPTIONS_RUN;
         i++)
        result = measuring[i](o);
    return result;
}

void options_free(struct options *o)
{
    if (o->settings)
        settings_destroy(o->settings);
    free(o->topology);
    free(o->bench.cpus);
    free(o->bench.kernel_names);
    *o = (struct options){0};
}
