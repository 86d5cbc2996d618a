/* exs-bench: what this machine can do, in numbers that can be compared. */
#include "base/clock.h"
#include "bench/compare_text.h"
#include "bench/interrupt.h"
#include "bench/machine.h"
#include "bench/options.h"
#include "bench/output.h"

#include <string.h>

enum {
    STATUS_GOOD,
    STATUS_FAILED,
    STATUS_WRONG,
    STATUS_INTERRUPTED = 130,
    /* compare's own */
    STATUS_WORSE = 1,
    STATUS_UNUSABLE = 2,
};

/* Everything that was asked for; it is opened before hours of measuring. */
struct outputs {
    struct output json, svg, page;
};

static bool open_outputs(struct outputs *out, const struct options *o)
{
    *out = (struct outputs){0};
    if (output_open(&out->json, o->json) && output_open(&out->svg, o->svg) &&
        output_open(&out->page, o->page))
        return true;
    output_close(&out->json, true);
    output_close(&out->svg, true);
    return false;
}

/* Whether tables may be printed: nobody waits for anything else on standard output. */
static bool is_stdout_free(const struct outputs *out)
{
    return out->json.file != stdout && out->svg.file != stdout && out->page.file != stdout;
}

static void draw_rows(FILE *out, const struct results *r)
{
    struct figures f = {0};

    figures_add(&f, r, NULL);
    plot_draw_document(f.plot, f.count, out, results_machine_text(r, "cpu"),
                       results_machine_text(r, "started"));
    figures_free(&f);
}

/* Writes the page and says where it is. */
static bool write_page(struct output *out, const struct options *o,
                       const struct page_document *document, size_t count)
{
    bool good = page_write(out->file, document, count, o->rule);
    bool told = o->quiet || out->file == stdout;

    good = output_close(out, good);
    if (good && !told)
        printf("%s is written\n", out->path);
    return good;
}

/* --- measuring --- */

/* Runs a command; its rows follow those that are there. */
static bool run_command(struct options *o, const struct bench_command *command, bool print)
{
    size_t first = o->bench.report->count;
    bool good = command->run(&o->bench);

    if (print) {
        report_print(stdout, o->bench.report, first);
        fflush(stdout);
    }
    return good;
}

/* Runs what was asked for. False where something failed, which was said. */
static bool run_commands(struct options *o, const struct machine *machine, bool print)
{
    struct report *report = o->bench.report;
    bool good = true;

    if (print)
        machine_print(stdout, machine);
    for (const struct bench_command *c = bench_commands; c->name; c++)
        if ((o->command ? o->command == c : !c->alone) && !interrupt_came())
            good = run_command(o, c, print) && good;
    report->interrupted = interrupt_came();
    if (report->count == 0 && good && !report->interrupted) {
        fprintf(stderr, "error: no row is left by --filter and --kernel\n");
        good = false;
    }
    if (report->interrupted)
        fprintf(stderr, "interrupted\n");
    return fflush(stdout) == 0 && good;
}

/* Writes all that was asked for, and closes it. */
static bool write_outputs(struct outputs *out, const struct options *o,
                          const struct machine *machine)
{
    const struct report *report = o->bench.report;
    char error[RESULTS_ERROR_SIZE];
    struct results r = {0};
    bool good = true, taken = true;

    if (out->json.file)
        good = output_close(&out->json, report_write_json(out->json.file, report, machine));
    if (out->svg.file || out->page.file)
        taken = results_take(&r, report, machine, error);
    if (!taken)
        fprintf(stderr, "error: what was measured can't be drawn: %s\n", error);
    if (taken && out->svg.file)
        draw_rows(out->svg.file, &r);
    if (taken && out->page.file)
        good = write_page(&out->page, o, &(struct page_document){"", &r}, 1) && good;
    good = output_close(&out->svg, true) && good;
    good = output_close(&out->page, true) && good;
    results_free(&r);
    return good && taken;
}

static int measure(struct options *o)
{
    char error[KERNELS_ERROR_SIZE];
    struct machine machine;
    const char *profile = o->bench.profile;
    struct outputs out;
    struct report report;
    bool good, print;

    /* Also what is timed without being chosen must agree with the generic one: this checks all. */
    if (!kernels_choose(&o->bench.kernels, o->bench.cpu, NULL, clock_monotonic_ns, error)) {
        fprintf(stderr, "error: %s\n", error);
        return STATUS_FAILED;
    }
    if (!open_outputs(&out, o))
        return STATUS_FAILED;
    machine_read(&machine, o->topology);
    report_init(&report);
    o->bench.report = &report;
    print = !o->quiet && is_stdout_free(&out) && !(profile && strcmp(profile, "-") == 0);
    good = run_commands(o, &machine, print);
    good = write_outputs(&out, o, &machine) && good;
    report_free(&report);
    return interrupt_came() ? STATUS_INTERRUPTED : good ? STATUS_GOOD : STATUS_FAILED;
}

/* --- reading files --- */

/* Reads all files, or none: false, said on stderr. */
static bool load_files(struct results *results, const struct options *o)
{
    for (size_t i = 0; i < o->files; i++) {
        char error[RESULTS_ERROR_SIZE];

        if (results_load(&results[i], o->file[i], error))
            continue;
        fprintf(stderr, "error: %s\n", error);
        while (i-- > 0)
            results_free(&results[i]);
        return false;
    }
    return true;
}

static int report_files(const struct options *o)
{
    struct page_document document[PAGE_DOCUMENTS];
    struct results results[PAGE_DOCUMENTS];
    struct outputs out;
    bool good;

    if (!load_files(results, o))
        return STATUS_FAILED;
    good = open_outputs(&out, o);
    for (size_t i = 0; i < o->files; i++)
        document[i] = (struct page_document){o->file[i], &results[i]};
    if (good && out.svg.file) {
        draw_rows(out.svg.file, &results[0]);
        good = output_close(&out.svg, true);
    }
    if (good)
        good = write_page(&out.page, o, document, o->files);
    for (size_t i = 0; i < o->files; i++)
        results_free(&results[i]);
    return good ? STATUS_GOOD : STATUS_FAILED;
}

/* Writes what was asked for; false where that fails. */
static bool write_comparison(const struct options *o, const struct compare_report *c)
{
    struct figures f = {0};
    struct outputs out;
    bool good;

    if (!open_outputs(&out, o))
        return false;
    if (!o->quiet && is_stdout_free(&out))
        compare_print(stdout, c);
    good = fflush(stdout) == 0;
    if (out.svg.file) {
        compare_draw(&f, c->comparison);
        plot_draw_document(f.plot, f.count, out.svg.file, "What changed beyond the noise",
                           f.count ? o->file[1] : "nothing");
        figures_free(&f);
        good = output_close(&out.svg, true) && good;
    }
    if (out.json.file)
        good = output_close(&out.json, compare_write_json(out.json.file, c)) && good;
    return good;
}

static int compare_files(const struct options *o)
{
    struct compare_differences differences;
    struct comparison comparison;
    struct results r[2];
    struct compare_report c = {o->file[0], o->file[1], &r[0], &r[1], &comparison, &differences};
    int status;

    if (!load_files(r, o))
        return STATUS_UNUSABLE;
    compare_documents(&comparison, &r[0], &r[1], o->rule);
    compare_machines(&differences, &r[0], &r[1]);
    status = comparison.verdicts[COMPARE_WORSE] ? STATUS_WORSE : STATUS_GOOD;
    if (!write_comparison(o, &c))
        status = STATUS_UNUSABLE;
    if (compare_decided(&comparison) == 0) {
        fprintf(stderr, "error: no row of both has enough runs to be compared (5 each for a "
                        "significance of 0.01)\n");
        status = STATUS_UNUSABLE;
    }
    compare_differences_free(&differences);
    compare_free(&comparison);
    results_free(&r[0]);
    results_free(&r[1]);
    return status;
}

static int run(struct options *o)
{
    switch (o->task) {
    case OPTIONS_MEASURE:
        interrupt_catch(); /* what only reads files ends at once */
        return measure(o);
    case OPTIONS_COMPARE:
        return compare_files(o);
    case OPTIONS_REPORT:
        return report_files(o);
    }
    return STATUS_FAILED;
}

int main(int argc, char **argv)
{
    struct options options;
    int status = STATUS_GOOD;

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_RUN:
        status = run(&options);
        break;
    case OPTIONS_SHOWN:
        break;
    case OPTIONS_WRONG:
        status = STATUS_WRONG;
        break;
    }
    options_free(&options);
    return status;
}
